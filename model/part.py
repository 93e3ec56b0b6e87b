"""What is notable in a request of a client beside whom it asks for what: values, which are put into words once."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "grant", "scheme", "good_for", "code", "code_verifier", "access_token", "account", "proof", "broken_query", "trial"
]
_WORDS: dict[Kind, str] = {
    "grant": "by {}",
    "scheme": "{}",
    "good_for": "good for {}",
    "code": "code of {}",
    "code_verifier": "verifier of {}",
    "access_token": "token of {}",
    "account": "the attacker's account",
    "proof": "DPoP proof",
    "broken_query": "broken query",
    "trial": "by the client itself",
}


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """Something notable.

    Attributes:
        kind: by the names that fields of messages have in the model, where it is one; an ``account`` of the
            attacker's; a ``broken_query`` of a URL that does not say what it should; a ``trial``, which the client
            makes itself before it sends the user there.
        of: the party that issued it; of what a token is ``good_for`` the URL, with the origin as ``{party}``; of a
            ``grant`` or ``scheme`` its name.
    """

    kind: Kind
    of: str = ""

    def __str__(self) -> str:
        return _WORDS[self.kind].format(self.of)


BROKEN_QUERY, TRIAL, PROOF, ACCOUNT = Part("broken_query"), Part("trial"), Part("proof"), Part("account")
