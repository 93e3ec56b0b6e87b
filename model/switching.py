"""Switches as they are read: ``design.iss_check``.

Which ones there are says ``switching.pyi`` to type checkers, which is written from :mod:`model.switches`.
"""

from typing import Generic, TypeAlias, TypeVar

from model.logic import Value

V_co = TypeVar("V_co", covariant=True)


class Switches(Generic[V_co]):
    """A value for every switch: decided ones of a design, or those of a party, as some reader has them."""

    __slots__ = ()


#: What somebody has chosen for each switch, decided or not.
Choices: TypeAlias = Switches[Value]
