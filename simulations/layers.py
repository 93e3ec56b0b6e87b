"""Honest deployments that spell an identifier differently from layer to layer, and who refuses them.

Every party writes a URL down in its own way; each layer compares two of them by a rule of the model. The first rule
that does not hold ends the attempt. What parties decide is drawn from the population, as are the spellings of a
published `resource` where the population has such traits. Which other spellings there are, and how often, is swept.
"""

from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from model import authorization_server as server
from model import client
from model import resource_server as resource
from model.design import Design
from model.logic import decided
from model.readings import published
from model.rule import Named
from model.world import NONE
from simulations import draws
from simulations.attempts import ADOPTIONS, Situations, Whole, draw_codes, situations
from simulations.population import Population
from simulations.reader import told
from simulations.units import Tally, Unit
from simulations.visits import ACCEPTED, HONEST_AS, PLACES, Label, among_honest

_API = PLACES["honest_api"].url
#: Who writes an identifier down: of the resource, or of the AS.
PARTIES = {
    "requested": _API, "published": _API, "expected": _API,
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


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=""))


#: How else an identifier may be written; how often is an option of the same name.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "slash": _slash,
    "port": _port,
    "case": _case,
    "encoded": _encoded,
    "parent": _parent,
}
_SAME = 0
#: The traits of a population that say how `resource` is published: what each value does to it, one after the other.
TRAITS: dict[str, dict[str, Callable[[str], str]]] = {
    "identifier": {"origin": _origin},
    "slash": {"added": _slash},
    "port": {"explicit": _port},
}
CHUNK = 1 << 16


def count(unit: Unit) -> Tally:
    """Draw what every attempt meets and how every party writes its identifier; count which rule refuses first."""
    judged = JudgedAttempts(unit)
    tally = Tally()
    for start in range(unit.first, unit.first + unit.attempts, CHUNK):
        size = min(CHUNK, unit.first + unit.attempts - start)
        met, times = np.unique(judged.drawn(start, size), axis=0, return_counts=True)
        for row, number in zip(met.tolist(), times.tolist(), strict=True):
            tally.endings[judged.labels(tuple(row))] += number
    return tally


def stated(population: Population) -> tuple[str, ...]:
    """The traits by which a population says how `resource` is published."""
    return tuple(trait.name for trait in population.traits if trait.name in TRAITS)


class JudgedAttempts:
    """The attempts of a unit: what each meets, as a row of numbers, and how that ends."""

    def __init__(self, unit: Unit) -> None:
        self.unit, self.options = unit, told(unit)
        self.situations: Situations = situations(unit.population)
        self.traits = [unit.population.trait(name) for name in TRAITS if name in stated(unit.population)]
        # Where the population says how `resource` is published, nothing else does.
        self.parties = [party for party in PARTIES if party != "published" or not self.traits]
        #: How what a row stands for ends under each arm.
        self.labels = cache(lambda row: tuple(self._labels(row)))
        self.design = cache(lambda place, code: self.situations.design(unit.arms[place], code))

    def drawn(self, start: int, size: int) -> Whole:
        """One row an attempt: its situation, then the traits, then how each party writes."""
        seed = self.unit.seed
        codes = draw_codes(self.unit.population, seed, start, size, self.unit.adoption)
        # All are honest here, wherever the population sends agents.
        places = ADOPTIONS * len(self.situations.places)
        columns = [codes // places * places + codes % ADOPTIONS]
        for trait in self.traits:
            numbers = draws.uniforms(seed, f"trait {trait.name}", start, size)
            columns.append(draws.categories(numbers, trait.shares))
        columns += [_spelled(seed, party, start, size, self.options) for party in self.parties]
        return np.stack(columns, axis=1)

    def _labels(self, row: tuple[int, ...]) -> Iterator[Label]:
        code, *rest = row
        traits = [trait.categories[kind].name for trait, kind in zip(self.traits, rest, strict=False)]
        kinds = dict(zip(self.parties, rest[len(traits) :], strict=True))
        for place in range(len(self.unit.arms)):
            design = self.design(place, code)
            own = decided(published(among_honest(design), _API))
            plain = dict(PARTIES, published=own, expected=own)
            for trait, value in zip(self.traits, traits, strict=True):
                if trait.name == "identifier" and design.api != "multi_path":
                    continue  # a document for one path names it
                write = TRAITS[trait.name].get(value, str)
                plain |= {"published": write(plain["published"]), "expected": write(plain["expected"])}
                if value == "removed":  # from the resource, that is: agents call a URL that has a slash
                    plain["requested"] = _slash(plain["requested"])
            yield judge(design, {party: _written(url, kinds.get(party, _SAME)) for party, url in plain.items()})


def _written(url: str, kind: int) -> str:
    return url if kind == _SAME else list(SPELLINGS.values())[kind - 1](url)


def _spelled(seed: str, party: str, start: int, size: int, options: dict[str, float]) -> Whole:
    """How a party writes in each attempt: 0 as everybody does, else the number of a spelling."""
    weights = np.array([options[name] for name in SPELLINGS])
    kinds = draws.categories(draws.uniforms(seed, f"spelling {party}", start, size), tuple(weights / weights.sum()))
    otherwise = draws.uniforms(seed, f"respelled {party}", start, size) < options["respelled"]
    return np.where(otherwise, kinds + 1, _SAME)


def judge(design: Design, written: dict[str, str]) -> Label:
    """The ending of a flow among honest parties that write their identifiers so."""
    refused = next((condition.rule.name for condition in layers(design, written) if not condition.holds), None)
    return Label("success", ACCEPTED, ()) if refused is None else Label("refused", refused, ())


def layers(design: Design, written: dict[str, str]) -> tuple[Named, ...]:
    """The rules that compare identifiers, in protocol order.

    The client names the resource that the metadata published, where it names one.
    """
    asked = written["published"] if design.resource_indicator != "off" else NONE
    sends_iss = design.h_iss == "yes"
    return (
        client.resource_matches_request(design, written["published"], written["requested"]),
        client.metadata_issuer_matches(design, written["claimed"], written["listed"], False),
        client.iss_matches_recorded_issuer(
            design, written["returned"] if sends_iss else NONE, written["claimed"], sends_iss
        ),
        resource.audience_is_this_resource(
            design,
            written["expected"],
            written["requested"],
            server.bound_resource(design, asked),
            bool(server.has_default_audience(design, asked)),
            of_domain=False,
        ),
    )
