"""Which request of a client loses which property: what honest parties issued goes to whom it must not.

One table, read by whoever judges a recording and by whoever asks a machine that was learned.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from model.part import Kind, Part


@dataclass(frozen=True, slots=True)
class Loss:
    """A property that a request to the attacker loses.

    Attributes:
        request: which request it is.
        gives: all that it gives away.
        used: harm comes of it once the attacker was served with it; who watches the attacker looks for that as well.
    """

    violates: str
    request: Literal["token", "call"]
    gives: tuple[Kind, ...]
    used: bool = False


LOSSES = (
    Loss("code_delivery", "token", ("code",)),
    Loss("authorization", "token", ("code", "code_verifier"), used=True),
    Loss("token_confinement", "call", ("access_token",), used=True),
)


def lost(request: str, parts: Collection[Part], attackers: Collection[str]) -> Iterator[str]:
    """The properties that a request to the attacker loses: it gives away what others than the attacker issued."""
    given = {part.kind for part in parts if part.of and part.of not in attackers}
    return (loss.violates for loss in LOSSES if loss.request == request and given.issuperset(loss.gives))
