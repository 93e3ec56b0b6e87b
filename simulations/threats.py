"""What stands between the numbers of an experiment and the world that they are about: its threats to validity.

Read off the population, the experiment and the reader, so that none is left out because nobody thought of it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from model.design import own_switches
from simulations.attempts import of_servers
from simulations.experiment import Adoption, Experiment, Mix, Number
from simulations.harms import strategy
from simulations.knobs import numbers_read
from simulations.population import Population
from simulations.population_statements import CHANGED
from simulations.reader import READERS
from simulations.together import groups
from simulations.visits import ONE_VISIT


class Threat(NamedTuple):
    """One of them: what kind it is, in a word or two, and what it is here."""

    kind: str
    here: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.here}"


def _told(factor: str) -> str:
    """A factor in words: its name, or which switch changes its value with the years."""
    switch = factor.removesuffix(CHANGED)
    return factor if switch == factor else f"who changes {switch} with the years"


def threats(asked: Experiment, met: Population) -> Iterator[Threat]:
    """The threats to the validity of an experiment with this population, those about its inputs first."""
    reader = READERS[asked.reader]
    met, turned = asked.first_met(met), asked.sweep.factor if isinstance(asked.sweep, Mix) else ""
    drawn = [met.sent, *met.factors] if reader.sent and met.sent is not None else list(met.factors)
    stated = [(_told(each.name), each.provenance) for each in drawn if each.name != turned and len(each.categories) > 1]
    counted = asked.sweep.name if isinstance(asked.sweep, Number) else ""
    stated += [(name, met.numbers[name].provenance) for name in numbers_read(asked.reader, met) if name != counted]
    together = dict.fromkeys(row for group in groups(met) for row in group.rows)
    stated += [(f"what {row.name} is met with", row.provenance) for row in together]
    if swept := [name for name, provenance in stated if provenance.swept]:
        yield Threat("measured by nobody", ", ".join(swept))
    if unsure := [name for name, provenance in stated if provenance.confidence == "low"]:
        yield Threat("low confidence", ", ".join(unsure))
    if granted := reader.options.keys() - {counted}:
        yield Threat("taken for granted", ", ".join(sorted(granted)))
    if imposed := sorted(
        {
            name
            for text in (*asked.arms, *asked.factors.values())
            for name in own_switches(text, asked.model)
            if of_servers(asked.model, name)
        }
    ):
        whose = "those who adopt" if isinstance(asked.sweep, Adoption) else "all of them"
        yield Threat("what arms say of servers holds for " + whose, ", ".join(imposed))
    if len(met.factors) > 1:
        told = ", ".join(_told(factor.name) for factor in met.factors)
        known = ", ".join(row.name for row in together)
        told += f"; but for what is met together: {known}" if known else ""
        yield Threat("drawn independently of each other", told)
    if reader.visits:
        yield Threat("attackers", f"{strategy(asked.attacker).meaning}, and let no occasion pass")
    servers = sum(server.honest for server in ONE_VISIT.servers)
    if reader.sent:
        yield Threat("bounded", f"a visit has {servers} honest authorization server{'s' * (servers != 1)} and one user")
    if any(("protocol", "aauth") in arm for arm in asked.treatments.values()):
        yield Threat("AAuth", "whoever takes it up does all that its draft asks, and fetches keys in no time")
    yield Threat("left out", reader.left_out)
