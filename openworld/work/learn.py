"""Clients learned as machines, inspected and compared."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from conformance import learned as readable
from conformance import learner
from conformance.automaton import Automaton, differences
from conformance.confinement import confine
from conformance.inspection import checks, harms
from conformance.install import Installed, install
from conformance.learner import surprises
from conformance.origins import Authority
from conformance.run import Settings
from conformance.software import CLIENTS, Release, release
from conformance.words import Kept, RealClient, asking
from deployed.explanation import design_of, neighbours
from model.clients import clients
from model.documents import DocumentError, from_json
from model.errors import InputError
from model.turns import Input, alphabet, inputs
from openworld.commands.common import DONE, INCONCLUSIVE, complain, print_json, print_lines
from openworld.files import as_json as written
from openworld.files import write
from openworld.folders import claimed
from openworld.progress import Progress

#: The file in the output folder that a machine is kept in, beside what the client was asked.
MACHINE, ASKED = "machine.json", "answers.jsonl"


def learn(clients: tuple[str, ...], **options: Any) -> int:
    """What `openworld learn` does."""
    asked = _Asked(**options)
    if len(clients) > 2:
        raise click.UsageError("name one client to learn it, or two to compare them")
    if len(clients) > 1 and asked.dot:
        raise click.UsageError("--dot draws one machine")
    click.get_current_context().with_resource(claimed(asked.output))
    real = [name for name in clients if not name.endswith(".json")]
    ready = _ready(real, asked) if real else {}
    return _tell([_learned(*ready[name], asked) if name in ready else _kept(name) for name in clients], asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says."""

    answers: str | None
    calls: int
    walks: int
    seed: int
    limit: float
    jobs: int
    plain: bool
    required: bool
    dot: Path | None
    output: Path | None
    as_json: bool

    def alphabet(self) -> tuple[Input, ...]:
        """What clients may be answered."""
        return alphabet([] if self.answers is None else list(filter(None, map(str.strip, self.answers.split(",")))))


@dataclass(frozen=True, slots=True)
class _Learned:
    """A client as a machine; ``predicted`` is the machine of the design that the model has of it, or of another."""

    name: str
    machine: Automaton
    alphabet: tuple[Input, ...]
    about: dict[str, Any]
    predicted: Automaton | None = None


def _kept(name: str) -> _Learned:
    """A machine that was learned before."""
    try:
        data = from_json(Path(name).read_bytes())
        machine = Automaton.from_json(data["machine"])
        return _Learned(data["client"], machine, tuple(inputs()[one] for one in data["answers"]), data["about"])
    except (DocumentError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{name}: not a machine that `openworld learn` wrote: {error}") from None


def _ready(names: list[str], asked: _Asked) -> dict[str, tuple[Installed, str]]:
    """Clients that can be started, each with what keeps it in; from here on nobody reaches the network."""
    wanted = {name: release(name, CLIENTS, "client") for name in names}
    asked.alphabet()  # what is wrong with it is said before anything is installed
    installed = {name: install(one) for name, one in wanted.items()}
    protection = confine(asked.required)
    return {name: (one, protection) for name, one in installed.items()}


def _learned(installed: Installed, protection: str, asked: _Asked) -> _Learned:
    """A client, learned."""
    wanted, alphabet = installed.release, asked.alphabet()
    predicted, by = _predicted(wanted, alphabet, asked)
    settings = Settings(asked.limit, asked.jobs, not asked.plain)
    client = RealClient(installed, settings, asked.calls, None if asked.plain else Authority())
    folder = None if asked.output is None else asked.output / wanted.slug
    kept = Kept(None if folder is None else folder / ASKED, client, alphabet)
    with asking(client, kept) as ask, Progress(f"{wanted}: states, words asked", 0) as progress:
        known = learner.Answered(alphabet, ask)
        for said in kept.load():
            known.add(*said)
        before = len(list(known.words()))
        machine = learner.learn(
            known, predicted, asked.walks, asked.seed, lambda found: progress.at(len(found.states), known.asked)
        )
    about = {
        "asked": known.asked,
        "known_before": before,
        "walks": asked.walks,
        "seed": asked.seed,
        "calls": asked.calls,
        "predicted_by": by,
        "protection": protection,
        "installed": installed.lock.to_json(),
    }
    learned = _Learned(str(wanted), machine, alphabet, about, predicted)
    if folder is not None:
        write(folder / MACHINE, written(_data(learned)))
    return learned


def _predicted(wanted: Release, alphabet: tuple[Input, ...], asked: _Asked) -> tuple[Automaton, str]:
    """The machine that the model says a client is, and whose design that is: its own, or its nearest relative's."""
    design = design_of(str(wanted))
    beside = [one.name for one in neighbours(str(wanted))]
    by = next((name for name in (str(wanted), *beside) if name in clients()), "the baseline")
    known = learner.Answered(alphabet, learner.by_model(design, asked.calls))
    return learner.learn(known, walks=0), by


def _data(learned: _Learned) -> dict[str, Any]:
    """A learned machine as it is kept."""
    return {
        "client": learned.name,
        "answers": [one.name for one in learned.alphabet],
        "about": learned.about,
        "machine": learned.machine.to_json(),
    }


def _tell(machines: list[_Learned], asked: _Asked) -> int:
    """Print what was learned, or where two machines part."""
    one = machines[0]
    if len(machines) == 2:
        other = machines[1]
        if asked.as_json:
            parted = [readable.pair_json(pair) for pair in differences(one.machine, other.machine)]
            print_json({"one": _data(one), "other": _data(other), "differences": parted})
        else:
            print_lines(readable.beside((one.name, one.machine), (other.name, other.machine)))
    else:
        _inspect(one, asked)
    missing = {each.name: len(each.machine.unmeasured) for each in machines if each.machine.unmeasured}
    for name, number in missing.items():
        complain(f"{name}: not measured after {number} rows of answers", INCONCLUSIVE)
    return INCONCLUSIVE if missing else DONE


def _inspect(one: _Learned, asked: _Asked) -> None:

    machine = one.machine
    found, harmed = list(checks(machine, one.alphabet)), harms(machine)
    parted = [] if one.predicted is None else list(surprises(machine, one.predicted))
    if asked.dot is not None:
        write(asked.dot, readable.dot(machine, one.name))
    if asked.as_json:
        print_json(
            {
                **_data(one),
                "checks": [readable.check_json(check) for check in found],
                "violates": [{"property": h.violates, "after": list(h.word), "by": h.turn.to_json()} for h in harmed],
                "not_as_predicted": [readable.pair_json(pair) for pair in parted],
                "not_measured": [list(word) for word in machine.unmeasured],
            }
        )
        return
    edges = sum(map(len, machine.states))
    about = one.about
    lines = [*readable.states(machine), "", *readable.inspected(found, harmed), ""]
    if one.predicted is not None:
        lines.append(f"not as the design of {about['predicted_by']} predicts: in {len(parted)} places")
        lines += readable.parted(parted, "it", "predicted")
    lines.append(f"{one.name}: {len(machine.states)} states, {edges} answers, machine {machine.digest}")
    lines.append(f"asked {about['asked']} rows of answers ({about['known_before']} known before), seed {about['seed']}")
    lines.append(f"protection: {about['protection']}")
    print_lines(lines)
