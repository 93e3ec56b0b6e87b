"""Values of fields that drafts add: which can be made by whom, and what the attacker writes there.

A value is a name, a hash of values (:func:`hashed`), a signature of a party (:func:`signed`), a MAC by a key that
several parties share (:func:`mac`) or a random value that a party draws (:func:`drawn`). Anybody can write names, and
the hash of what it can write. A signature or MAC the attacker makes if it runs who has the key, and nobody guesses what
another draws; whatever it has seen in a message, it can write again.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from model.action import ActionSchema, Context
from model.logic import Condition, Pick, Value, all_of, any_of, choose, mapped, one_of, same
from model.messages import Sent
from model.send import is_attackers
from model.world import ATTACKER, NONE, World, client_ids

#: The kind of term that a value is which only some parties make.
MADE = "made"
#: The attacker's choice to write what an honest sender would.
HONEST = "<as honest senders do>"
_HASH = "hash of "
_MADE = re.compile(rf"(?:{_HASH})*(?:signed|mac|drawn) by (.+?): ")


def hashed(*values: Value) -> Value:
    """Return the hash of values, which anybody makes who has them."""
    return _made(_HASH + "{1}", (), values)


def signed(by: Value, *values: Value) -> Value:
    """Return the signature of a party, by its name or URL, of values."""
    return _made("signed by {0}: {1}", (by,), values)


def mac(sharing: Iterable[Value], *values: Value) -> Value:
    """Return the MAC of values by a key that these parties share, each by its name or URL."""
    return _made("mac by {0}: {1}", tuple(sharing), values)


def drawn(by: Value, which: Value) -> Value:
    """Return the random value that a party draws, by its name or URL; ``which`` tells it from others of its own."""
    return _made("drawn by {0}: {1}", (by,), (which,))


def verified(by: Value, value: Value) -> Value:
    """Return what a party has signed, if a value is a signature of it; else nothing."""

    def content(who: str, one: str) -> str:
        before, mark, after = one.partition(f"signed by {who}: ")
        return after if mark and not before else NONE

    return mapped(content, by, value)


def _made(words: str, keys: tuple[Value, ...], values: tuple[Value, ...]) -> Value:
    """Return what is made of values; of what is missing nothing is."""

    def made(*of: str) -> str:
        return NONE if NONE in of else words.format(" ".join(of[: len(keys)]), " ".join(of[len(keys) :]))

    return mapped(made, *keys, *values)


def makers(value: str) -> tuple[str, ...]:
    """Return who can make a value, each by name or URL; nobody in particular where anybody can."""
    found = _MADE.match(value)
    return tuple(found[1].split(" ")) if found else ()


def hashed_in(value: str) -> tuple[str, ...]:
    """Return a value, and what it is the hash of, innermost last."""
    return (value, *hashed_in(value.removeprefix(_HASH))) if value.startswith(_HASH) else (value,)


def can_write(c: Context, value: Value) -> Condition:
    """Whether the attacker can write a value: anybody makes it, it runs a maker, or has seen it or what it hashes."""

    def runs(maker: str) -> Condition:
        party = c.world.by_name.get(maker) or c.world.by_url.get(maker)
        return maker == ATTACKER if party is None else c.runs(party)

    found = []
    for one, here in cases(value).items():
        by = makers(one)
        seen = (c.state[f"knows.{MADE}.{part}"] for part in hashed_in(one)) if by else ()
        found.append(all_of(here, any_of(not by, *map(runs, by), *seen)))
    return any_of(*found)


def cases(value: Value) -> Mapping[str, Condition]:
    """Return each value that one may be, with when it is."""
    return value.cases if isinstance(value, Pick) else {value: True}


def names(world: World) -> tuple[str, ...]:
    """Return what the attacker writes in a field unless its author says otherwise: issuers, resources and clients."""
    clients = (one for client in world.clients for one in client_ids(world, client))
    return tuple(dict.fromkeys((NONE, *world.issuers, *world.resources, *clients)))


def written(c: Context, schema: ActionSchema, sent: Sent) -> Condition:
    """Whether the attacker writes a message that is sent in a step: in any step what parties of its own send.

    In its steps it also writes what browsers send, and what reaches a client under another's name.
    """
    if schema.honest:
        return is_attackers(c, sent.sender)
    by_itself = one_of(sent.sender, ATTACKER, *c.world.users)
    to_client = one_of(sent.receiver, *(client.name for client in c.world.clients))
    return any_of(by_itself, is_attackers(c, sent.sender), to_client)


def chosen(choice: Value, honest: Value) -> Value:
    """Return what the attacker writes by its choice, where honest senders would write another value."""
    return choose(same(choice, HONEST), honest, choice)


@dataclass(frozen=True, slots=True)
class AddedField:
    """A field that a draft adds to a message, and what that makes of every step.

    Attributes:
        says: what an honest sender writes there; ``listed``: no other values than those of a list may stand there.
    """

    message: str
    name: str
    says: Callable[[Context, Sent], Value]
    listed: bool
    change: Callable[[ActionSchema], ActionSchema]

    def __call__(self, schema: ActionSchema) -> ActionSchema:
        """Return a step that sends it."""
        return self.change(schema)
