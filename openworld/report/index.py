"""The page that shows a study together: index.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openworld.blame import NOBODY, blamed, by_itself
from openworld.headlines import headlines
from openworld.plan import Findings, StudyPlan
from openworld.report.environments import table
from openworld.show import command
from properties.results import Count, today
from properties.security import every_property
from simulations import catalogue


def index(plan: StudyPlan, found: Findings) -> str:
    """The page for what is finished."""
    parts = [
        ["# Open-world OAuth: the study"],
        _state(plan, found),
        _summary(plan, found),
        _environments(plan, found),
        _matrix(plan, found),
        _clients(found),
        _simulations(plan, found),
        _mishaps(found),
        _attacks(plan, found),
        _how(plan, found),
    ]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _state(plan: StudyPlan, found: Findings) -> Iterator[str]:
    yield "The same for reading in a browser, in one file: [report.html](report.html)."
    yield ""
    if not found.finished:
        yield "> **Not finished.** The run was cut short; what is here is complete in itself and the rest is missing."
        yield ""
    yield f"{len(found.verdicts)} verdicts over {len(plan.designs)} designs and {len(plan.attackers)} attackers, "
    yield (
        f"{len(found.results)} experiments. Tables: [verdicts.csv](verdicts.csv), [verdicts.json](verdicts.json)"
        + (", [simulations/](simulations/)" if found.results else "")
        + ". How it ran: [run.json](run.json)."
    )


def _counted(rows: list[dict[str, Any]]) -> tuple[Count, int]:
    return Count.of(blamed(rows)), sum(row["kind"] == "security" for row in rows)


def _withstood(rows: list[dict[str, Any]]) -> bool:
    """Whether an attacker who could break something breaks nothing."""
    return _counted(rows)[0].most == 0 and any(row["verdict"] != "not_in_this_world" for row in rows)


def _summary(plan: StudyPlan, found: Findings) -> Iterator[str]:
    if not found.verdicts:
        return
    if "drafts" in found.figures:
        yield from _figure("drafts", "what each draft buys in each environment, attacks before and after")
    utilities = [prop for prop in every_property(plan.model).values() if prop.kind == "utility"]
    yield from ("## Designs", "")
    yield "A design holds against an attacker who could break something, and breaks nothing but what breaks by itself."
    yield ""
    names = " | ".join(f"`{prop.name}`" for prop in utilities)
    yield f"| design | stands for | violated | holds against | {names} |"
    yield "|---|---|---:|---|" + "---|" * len(utilities)
    for design in plan.designs:
        rows = [row for row in found.verdicts if row["design"] == design]
        if not rows:
            continue
        violated, judged = _counted(rows)
        alone = {prop for _, prop in by_itself(rows)}
        others = [row for row in rows if row["property"] not in alone]
        firm = [
            name
            for name in plan.attackers
            if name != NOBODY and _withstood([row for row in others if row["attacker"] == name])
        ]
        nobody = "undecided" if violated.undecided else "nobody"
        reached = " | ".join(_reached(rows, prop.name) for prop in utilities)
        meaning = plan.model.notes.get(design, ("", ""))[0]
        yield f"| `{design}` | {meaning} | {violated} of {judged} | {', '.join(firm) or nobody} | {reached} |"


def _reached(rows: list[dict[str, Any]], name: str) -> str:
    row = next((row for row in rows if row["property"] == name), None)
    if row is None:
        return ""
    said = {"reached": "yes", "not_reached": "no", "not_in_this_world": "–", "unknown": "undecided"}
    words = said[today(row["verdict"], row["kind"])]
    return f"[{words}]({row['chart']})" if row["chart"] else words


def _environments(plan: StudyPlan, found: Findings) -> Iterator[str]:
    if not found.environments:
        return
    yield from ("## What each design needs of others", "")
    yield "Against an attacker who runs an AS, a resource server and a tenant of a shared host. ✓ holds whatever honest"
    yield "others do; *if* under assumptions, all weakest sets of which are in [environments.csv](environments.csv);"
    yield "✗ n broken in n steps even where others are as kind as can be; – nothing here could violate it. In brackets"
    yield "what it comes to with others as products have them, where that is not the same."
    yield ""
    codes = list(dict.fromkeys(str(row["code"]) for row in found.environments))
    yield f"| design | {' | '.join(codes)} |"
    yield "|---|" + "---|" * len(codes)
    for line in table(found.environments, plan.model):
        cells = {cell["code"]: cell for cell in line["cells"].values()}
        said = [_need(cells[code]) if code in cells else "" for code in codes]
        yield f"| `{line['design']}` | {' | '.join(said)} |"


def _need(cell: dict[str, Any]) -> str:
    sign = "*if*" if cell["sign"] == "if" else str(cell["sign"])
    return f"{sign} ({cell['products']})" if cell["products"] else sign


def _matrix(plan: StudyPlan, found: Findings) -> Iterator[str]:
    if not found.verdicts:
        return
    yield from ("## Verdicts", "")
    if "attackers" in found.figures:
        yield from _figure("attackers", "security properties violated, by attacker and design")
    yield "Codes of the violated security properties; - means none, (-) that nothing here could violate any of them,"
    yield "? that some are undecided."
    yield ""
    yield "| attacker | " + " | ".join(f"`{name}`" for name in plan.designs) + " |"
    yield "|---|" + "---|" * len(plan.designs)
    for attacker, who in plan.attackers.items():
        rows = [row for row in found.verdicts if row["attacker"] == attacker]
        cells = [_codes([row for row in rows if row["design"] == name]) for name in plan.designs]
        yield f"| **{attacker}** `{who.capabilities}` | " + " | ".join(cells) + " |"
    yield ""
    for prop in every_property(plan.model).values():
        yield f"- **{prop.code}** `{prop.name}` ({prop.kind}): {prop.meaning}"
    yield ""
    for attacker, who in plan.attackers.items():
        if f"verdicts-{attacker}" in found.figures:
            yield from (f"### {attacker}: {who.meaning}", "")
            yield from _figure(f"verdicts-{attacker}", f"verdicts against {attacker}")


def _codes(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "(not judged)"
    security = [row for row in rows if row["kind"] == "security"]
    codes = [f"[{row['code']}]({row['chart']})" for row in security if row["verdict"] == "attack"]
    undecided = any(row["verdict"] == "unknown" for row in security)
    vacuous = all(row["verdict"] == "not_in_this_world" for row in security)
    return " ".join(codes or ([] if undecided else ["(-)" if vacuous else "-"])) + (" ?" if undecided else "")


def _simulations(plan: StudyPlan, found: Findings) -> Iterator[str]:
    if not found.results:
        return
    yield from ("## What it does to a population", "")
    yield "How many attempts were counted in every arm at every point stands below each figure; all in "
    yield f"{plan.replications} replications, seed {plan.seed}; bands are 95 % intervals, differences are paired with "
    yield "the first arm. Two intervals stand beside what an arm changes: over attempts, and over what nobody knows of"
    yield "the population for sure; where one of them leaves its sign open it is withheld."
    yield ""
    for name in found.results:
        yield from (f"### {name}: {catalogue.every_experiment(plan.model)[name].question}", "")
        yield from (f"{each.words}.\n" for each in found.results[name].alike)
        if f"{name}-trade" in found.figures:
            yield from _figure(f"{name}-trade", f"what works in {name} against what is stolen")
        for told in headlines(found.results[name].quantities):
            yield f"- **{told.arms}** against {told.against}, where {told.point}: {'; '.join(told.sentences)}"
        yield ""
        tables = {"quantities": True, "rates": True, "differences": True}
        tables["effects"] = len(found.results[name].effects) > 0
        for kind in (kind for kind, there in tables.items() if there):
            yield f"[{kind} as CSV](simulations/{name}_{kind}.csv), [as Parquet](simulations/{name}_{kind}.parquet)"
            yield ""
            if f"{name}-{kind}" in found.figures:
                yield from _figure(f"{name}-{kind}", f"{kind} of {name}")


def _clients(found: Findings) -> Iterator[str]:
    if not found.clients:
        return
    yield from ("## Deployed clients", "")
    yield "Each client in its last version, as the design that was fitted to what it was seen to do."
    yield "Table: [clients.csv](clients.csv)."
    yield ""
    for name in ("clients-verdicts", "clients-scenarios"):
        if name in found.figures:
            yield from _figure(name, name.replace("-", ": "))


def _mishaps(found: Findings) -> Iterator[str]:
    if not found.mishaps:
        return
    yield from ("## How far one mishap reaches", "")
    for kind, each in found.mishaps.items():
        stem = f"simulations/blast-radius-{kind}"
        yield from (f"### {kind}", "")
        yield f"[Summary]({stem}.csv), [targets]({stem}-targets.csv), [rules]({stem}-rules.csv); made by"
        yield f"`{each.summary['command'].iloc[0]}`."
        yield ""
        if f"blast_radius-{kind}" in found.figures:
            yield from _figure(f"blast_radius-{kind}", f"blast radius of {kind}")


def _figure(name: str, caption: str) -> Iterator[str]:
    yield from (f"![{caption}](figures/{name}.svg)", "")
    yield from (f"[PDF](figures/{name}.pdf), [PNG](figures/{name}.png)", "")


def _attacks(plan: StudyPlan, found: Findings) -> Iterator[str]:
    attacks = [row for row in found.verdicts if row["chart"] and row["kind"] == "security"]
    if not attacks:
        return
    yield from ("## Attacks", "")
    yield "Each is shortest and was replayed on the executable machine. Chart and trace are linked; any one is drawn "
    yield "anew by `openworld trace PROPERTY CONFIG` with the property and configuration shown."
    for prop in every_property(plan.model).values():
        rows = [row for row in attacks if row["property"] == prop.name]
        if not rows:
            continue
        yield ""
        yield from (f"### {prop.code} {prop.name}", "")
        yield "| design | attacker | steps | chart | trace | configuration |"
        yield "|---|---|---:|---|---|---|"
        for row in rows:
            trace = row["chart"].removesuffix(".txt") + ".json"
            yield (
                f"| `{row['design']}` | {row['attacker']} | {row['steps']} | [chart]({row['chart']}) "
                f"| [trace]({trace}) | `{row['configuration']}` |"
            )


def _how(plan: StudyPlan, found: Findings) -> Iterator[str]:
    yield from ("## Reproduce", "")
    yield "```"
    yield command("study", "-o", "out", "--seed", plan.seed, *["--quick"] * plan.quick, model=plan.model)
    example = next((row for row in found.verdicts if row["chart"]), None)
    if example:
        yield command("verdict", example["property"], example["configuration"], model=plan.model)
        yield command("replay", f"out/{example['chart'].removesuffix('.txt')}.json", model=plan.model)
    yield from (str(each.summary["command"].iloc[0]) for each in found.mishaps.values())
    yield from (str(each.rates["command"].iloc[0]) for each in found.results.values())
    yield "```"
