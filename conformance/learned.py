"""A learned machine for readers: as lines of text, as a graph in words (DOT), and beside another one."""

from collections.abc import Iterator, Sequence
from typing import Any

from conformance.automaton import Automaton, Pair, Word, differences
from conformance.inspection import Check, Harm
from model.turns import ENDS, Turn, inputs


def words(word: Word) -> str:
    """A word in words."""
    return "; ".join(inputs()[name].about for name in word) or "nothing"


def states(machine: Automaton) -> Iterator[str]:
    """A machine state by state: what may be answered there, what it does then, and the state that it is in."""
    asks = _asks(machine)
    yield f"first: {machine.first}"
    for state, edges in enumerate(machine.states):
        if edges:
            yield f"state {state}, after {' or '.join(asks[state])}"
        for name, edge in edges.items():
            then = "" if edge.turn.ended else f"  (state {edge.target})"
            yield f"    {name:<44} {edge.turn}{then}"


def _asks(machine: Automaton) -> list[list[str]]:
    """What each state may come after."""
    found: list[dict[str, None]] = [{} for _ in machine.states]
    found[0][str(machine.first)] = None
    for _, _, _, edge in machine.walk():
        found[edge.target][str(edge.turn)] = None
    return [list(one) for one in found]


def inspected(found: Sequence[Check], harmed: Sequence[Harm]) -> Iterator[str]:
    """What it makes of answers that should be refused, and what is reached that must not be."""
    for check in found:
        total = sum(map(len, check.made.values()))
        yield f"{check.answer.name}: {check.answer.about}"
        for how, reached in check.made.items():
            shortest = "" if how == "refuses" and len(check.made) == 1 else f", as after: {words(reached[0])}"
            yield f"    {how} in {len(reached)} of {total} states{shortest}"
        yield f"    rule: {check.refusal}"
    if not harmed:
        yield "nothing that must not be reached is reached"
    for harm in harmed:
        yield f"VIOLATES {harm.violates} by {harm.turn}"
        yield f"    after: {words(harm.word)}"


def parted(pairs: Sequence[Pair], one: str, other: str) -> Iterator[str]:
    """Where two machines part."""
    for pair in pairs:
        yield f"after: {words(pair.word)}"
        yield f"    ({' '.join(pair.word)})"
        yield f"    {one}: {pair.one}"
        yield f"    {other}: {pair.other}"


def beside(one: tuple[str, Automaton], other: tuple[str, Automaton]) -> Iterator[str]:
    """Two machines beside each other."""
    pairs = list(differences(one[1], other[1]))
    yield f"{one[0]} and {other[0]} part in {len(pairs)} places" if pairs else f"{one[0]} and {other[0]} do the same"
    yield from parted(pairs, one[0], other[0])


def pair_json(pair: Pair) -> dict[str, Any]:
    """Where two machines part, as data."""
    return {"after": list(pair.word), "one": pair.one.to_json(), "other": pair.other.to_json()}


def check_json(check: Check) -> dict[str, Any]:
    """What a machine makes of an answer that should be refused, as data."""
    refusal = check.refusal
    return {
        "answer": check.answer.name,
        "about": check.answer.about,
        "rule": refusal.rule.name,
        "source": refusal.rule.source,
        "switch": refusal.switch,
        "value": refusal.value,
        "made": {how: [list(word) for word in reached] for how, reached in check.made.items()},
    }


def dot(machine: Automaton, title: str) -> str:
    """A machine as a graph for Graphviz: answers that lead from one state to the same end share an arrow."""
    known, asks = inputs(), _asks(machine)
    lines = [f"digraph {_quoted(title)} {{", "  rankdir=LR; node [shape=box, fontname=Helvetica];"]
    lines += [f"  edge [fontname=Helvetica, fontsize=10]; label={_quoted(title)};"]
    for state, edges in enumerate(machine.states):
        if edges:
            lines.append(f"  {state} [label={_quoted(f'{state}', *asks[state])}];")
    lines += [f"  {_quoted(end)} [shape=plaintext];" for end in ENDS if _reaches(machine, end)]
    for state, edges in enumerate(machine.states):
        together: dict[tuple[Turn, int], list[str]] = {}
        for name, edge in edges.items():
            together.setdefault((edge.turn, edge.target), []).append(known[name].about)
        for (turn, target), about in together.items():
            there = _quoted(turn.request) if turn.ended else str(target)
            lines.append(f"  {state} -> {there} [label={_quoted(*about)}];")
    return "\n".join([*lines, "}", ""])


def _reaches(machine: Automaton, end: str) -> bool:
    return any(edge.turn.request == end for edges in machine.states for edge in edges.values())


def _quoted(*lines: str) -> str:
    return '"' + r"\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines) + '"'
