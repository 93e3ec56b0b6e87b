"""Honest deployments that spell an identifier differently from layer to layer, and who refuses them.

Every party writes a URL down in its own way; each layer compares two of them by a rule of the model. The first rule
that does not hold ends the attempt. Which spellings there are, and how often, is swept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from model import client
from model import resource_server as resource
from model.design import Design
from model.rule import Condition
from model.world import CRM, HONEST_AS
from simulations import draws
from simulations.engine import EngineError, Tally, Unit
from simulations.visits import ACCEPTED, Label, Settings

#: Who writes an identifier down: of the resource, or of the AS.
PARTIES = {
    "requested": CRM, "published": CRM, "expected": CRM,
    "listed": HONEST_AS, "claimed": HONEST_AS, "returned": HONEST_AS,
}  # fmt: skip


def _slash(url: str) -> str:
    return url.removesuffix("/") if url.endswith("/") else url + "/"


def _port(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:443"))


def _case(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.upper()))


def _encoded(url: str) -> str:
    # An unreserved character of the path that need not be escaped, or of the host where there is no path.
    return url[:-1] + f"%{ord(url[-1]):02X}"


def _parent(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rpartition("/")[0]))


#: How else an identifier may be written, with how often by default among those written otherwise.
SPELLINGS: dict[str, tuple[Callable[[str], str], float]] = {
    "slash": (_slash, 0.6), "port": (_port, 0.1), "case": (_case, 0.1), "encoded": (_encoded, 0.1),
    "parent": (_parent, 0.1),
}  # fmt: skip
_SAME = 0
#: The options: what share of deployments has a party that writes otherwise, and the weights of the spellings.
OPTIONS = {"respelled": 0.05, **{name: weight for name, (_, weight) in SPELLINGS.items()}}
CHUNK = 1 << 16


def count(unit: Unit) -> Tally:
    """Draw how every party of every attempt writes its identifier, and count which rule refuses first."""
    told = dict(unit.options)
    if unknown := sorted(told.keys() - OPTIONS.keys()):
        raise EngineError(f"unknown option {unknown[0]!r} of layers; allowed: {', '.join(OPTIONS)}")
    options = OPTIONS | told
    tally = Tally()
    for start in range(unit.first, unit.first + unit.attempts, CHUNK):
        size = min(CHUNK, unit.first + unit.attempts - start)
        codes = (draws.uniforms(unit.seed, "adoption.client", start, size) < unit.adoption).astype(np.int64)
        for party in PARTIES:
            codes = codes * (len(SPELLINGS) + 1) + _spelled(unit.seed, party, start, size, options)
        met, times = np.unique(codes, return_counts=True)
        for code, number in zip(met.tolist(), times.tolist(), strict=True):
            tally.endings[_labels(unit.arms, code)] += number
    return tally


def _spelled(seed: str, party: str, start: int, size: int, options: dict[str, float]) -> np.ndarray:
    """How a party writes in each attempt: 0 as everybody does, else the number of a spelling."""
    weights = np.array([options[name] for name in SPELLINGS])
    kinds = draws.categories(draws.uniforms(seed, f"spelling {party}", start, size), tuple(weights / weights.sum()))
    otherwise = draws.uniforms(seed, f"respelled {party}", start, size) < options["respelled"]
    return np.where(otherwise, kinds + 1, _SAME)


@cache
def _labels(arms: tuple[Settings, ...], code: int) -> tuple[Label, ...]:
    """How one combination of spellings ends under each arm; who does not adopt does as in the first arm."""
    written = {}
    for party, url in reversed(PARTIES.items()):
        code, kind = divmod(code, len(SPELLINGS) + 1)
        written[party] = url if kind == _SAME else list(SPELLINGS.values())[kind - 1][0](url)
    return tuple(judge(Design(dict(arm if code else arms[0])), written) for arm in arms)


def judge(design: Design, written: dict[str, str]) -> Label:
    """The ending of a flow among honest parties that write their identifiers so."""
    refused = next((condition.rule.name for condition in layers(design, written) if not condition.holds), None)
    return Label("success", ACCEPTED, ()) if refused is None else Label("refused", refused, ())


def layers(design: Design, written: dict[str, str]) -> tuple[Condition, ...]:
    """The rules that compare identifiers, in protocol order.

    The AS binds the token to the resource that the client names, which is the one that the metadata published.
    """
    return (
        client.resource_matches_request(design, written["published"], written["requested"]),
        client.metadata_issuer_matches(design, written["claimed"], written["listed"], False),
        client.iss_matches_recorded_issuer(design, written["returned"], written["claimed"], True),
        resource.audience_is_this_resource(
            design, written["expected"], written["requested"], written["published"], False
        ),
    )
