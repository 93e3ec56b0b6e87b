"""What a run of a client comes to, in lines of text and as files to read: what it falls for comes first."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten

from conformance import results
from conformance.judge import Judgement
from conformance.play import Play
from conformance.suite import Beside
from deployed.explanation import Explanation
from model import chart


def lines(
    judgements: Sequence[Judgement],
    explained: Explanation,
    stops: Mapping[str, Sequence[str]],
    host: Sequence[str],
    beside: Sequence[Beside],
) -> Iterator[str]:
    """Every scenario, then what it all comes to."""
    remarks = {name: explained.remark(name) for name in explained.comparisons}
    yield from results.lines(judgements, remarks, host, explained.played)
    yield from _explained(explained, stops, host)
    yield from _suite(beside)


def _explained(explained: Explanation, stops: Mapping[str, Sequence[str]], host: Sequence[str]) -> Iterator[str]:
    """The design of the client, how much of the run it accounts for, and what would stop the attacks."""
    how = {
        "stored": "predicted by the stored design",
        "fitted": "explained by a design fitted here",
        "relative": f"predicted by the design of {explained.relative or 'the baseline'}",
    }[explained.source]
    for source, (total, ends, messages, requests) in explained.shares().items():
        yield f"{source}: {ends} of {total} ends {how}; {messages} with every message, {requests} with every request"
    if explained.unexplained and explained.source != "relative":
        none = "no design explains this" if explained.source == "fitted" else "the stored design does not explain this"
        yield f"{none}: {len(explained.unexplained)} scenarios have other requests, or end elsewhere"
        yield from (f"  {line}" for one in explained.proposals() for line in one.lines())
    if explained.source == "fitted" and explained.relative:
        told, total = len(explained.by_relative), len(explained.comparisons)
        yield f"{told} of {total} ends predicted by the stored design of its nearest relative, {explained.relative}"
    if len(explained.neighbours) > 1:
        agreed = [name for name in explained.comparisons if name not in explained.disputed]
        right = len(set(agreed) & set(explained.by_relative))
        yield f"{right} of the {len(agreed)} ends on which {' and '.join(explained.neighbours)} agree"
    if not explained.whole:
        yield "the search for a design that explains more was cut short"
    for name, value in explained.design.changes().items():
        decided = shorten(" ".join(explained.decided_by.get(name, ())), 90, placeholder=" ...")
        whose = "(the host's choice)  " if name in host else ""
        yield f"  {name}={value}  {whose}{decided}".rstrip()
    for name, changes in stops.items():
        yield f"{name} would be stopped by {_stopping(changes)}"


def _stopping(changes: Sequence[str]) -> str:
    """The changes that stop an attack, or a run of it."""
    return " or ".join(changes) or "nothing that the model knows of"


def _suite(beside: Sequence[Beside]) -> Iterator[str]:
    if beside:
        agreeing = sum(one.agrees for one in beside)
        yield f"published suite: {agreeing} of {len(beside)} verdicts agree, by the checks that ask the same"
    for one in beside:
        ours = "conforms" if one.conforms else "does not conform"
        theirs = f"{one.passed} checks passed, {one.failed} failed"
        differs = "" if one.agrees else f"  DIFFERS {one.complaint}"
        yield f"  {one.scenario:<30} {theirs:<32} {one.counterpart}: {ours}{differs}"
        yield from (f"    failed, and not asked here: {check}" for check in one.alone)


def page(
    client: str,
    plays: Sequence[Play],
    judgements: Sequence[Judgement],
    stops: Mapping[str, Sequence[str]],
    text: Sequence[str],
    host: Sequence[str],
) -> dict[str, str]:
    """The run as files by name: a page with a line for each fall, its charts beside it, and everything as text."""
    by_name, falls = {play.name: play for play in plays}, [one for one in judgements if one.attacks]
    measured = sum(one.measured for one in judgements)
    parts = [
        f"# {client}",
        "",
        f"{len(judgements)} scenarios were played, {measured} measured; the client falls for "
        f"an attack in {len(falls)}. [Every scenario](all.txt)",
        "",
    ]
    files = {"all.txt": "\n".join([*text, ""])}
    if falls:
        parts += ["| falls in | loses | would be stopped by | see |", "|---|---|---|---|"]
    for one in falls:
        play, seen = by_name[one.scenario], f"[recording]({one.scenario}.har)"
        if play.trace is not None:
            files[f"{one.scenario}.chart.txt"] = f"{play.about}\n\n{chart.text(chart.chart(play.trace))}"
            seen += f", [chart]({one.scenario}.chart.txt)"
        stopped = _stopping(stops.get(one.scenario, ()))
        parts.append(f"| {one.scenario} | {', '.join(one.attacks)} | {stopped} | {seen} |")
    parts += ["", "```", *results.summary(judgements, host), "```", ""]
    return {**files, "index.md": "\n".join(parts)}
