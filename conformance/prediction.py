"""What the model says of three real parties that meet, from what is known of each by itself.

The client brings its design, the authorization server the switches that its answers stand for, the resource server
those by which it was seen to serve. A token that names no audience is to a resource server that looks at audiences
what one for a default audience is: taken by those that take such tokens (RFC 8707 2.1; RFC 9068 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.attacks import Asking
from conformance.judge import Judgement
from model.design import Configuration, Design

#: What a resource server of the attacker's, which the user is sent to, has at its disposal.
STRANGER = frozenset({"mal_rs"})


@dataclass(frozen=True, slots=True)
class Prediction:
    """Whether honest parties come to an end, and whether a stranger gets what the resource takes, by the model."""

    served: bool
    confined: bool

    def agrees(self, seen: Judgement, honest: bool) -> bool:
        """Whether it is what was seen, where nobody is dishonest or where the stranger is there."""
        if honest:
            return self.served == (seen.outcome == "A")
        return self.confined == ("token_confinement" not in seen.attacks)

    def words(self, honest: bool) -> str:
        """What it says of one of the two meetings."""
        if honest:
            return "the client is served" if self.served else "the client is not served"
        return "a stranger's token is refused" if self.confined else "a stranger's token is served: token_confinement"


def predict(
    client: Design, server: Mapping[str, str], resource_server: Mapping[str, str], ask: Asking
) -> Prediction | None:
    """What the model says of them; nothing where it has no word for one of them."""
    decided = {name: value for name, value in resource_server.items() if value}
    if not server or not decided:
        return None
    takes = decided.get("audience_check") == "off" or decided.get("rs_no_audience") == "accept"
    design = client.but(**server, **decided, default_audience="accept" if takes else "refuse")
    return Prediction(
        ask.can("first_contact", Configuration(design, frozenset())),
        not ask.can("token_confinement", Configuration(design, STRANGER)),
    )
