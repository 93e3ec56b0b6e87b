"""One question, answered in plain data. This is what runs in the browser, and it knows nothing of one.

What a page shows at once is made by it too (:mod:`openworld.site.precomputed`), so that there is one form of answer.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.chart import Chart, chart, origin, text
from model.design import named_switches
from model.errors import InputError
from model.model import Model, oauth
from model.protocols import rules
from model.trace import Trace
from openworld.holdings import holdings
from openworld.sequence import ends, svg
from openworld.show import ending, outcome
from openworld.weakest import read
from properties.assume import Assumptions, Values
from properties.attackers import configured
from properties.checker import kept
from properties.monotone import NoAnswerError
from properties.narrowings import narrowings
from properties.reads import askable, asked_for
from properties.security import Property, find
from properties.verdict import Verdict, check

#: Seconds that the solver may work on one of the many questions that assumptions take; what needs more is not known.
#: Without any rule it can take more than five minutes to show that no run is longer.
WORK = 4.0


def model_with(drafts: str) -> Model:
    """The model with what is in a folder of drafts, if there is one."""
    return oauth().extended(*sorted(Path(drafts).rglob("*.py")))


def answered(kind: str, name: str, configuration: str, model: Model = oauth()) -> str:
    """The answer to one question as JSON, or in ``error`` what is wrong with the question."""
    try:
        return json.dumps(_KINDS[kind](name, configuration, model))
    except (InputError, NoAnswerError) as error:
        return json.dumps({"error": str(error)})


def verdict(name: str, configuration: str, model: Model = oauth()) -> dict[str, Any]:
    """A verdict with all that there is to see of it.

    Raises:
        InputError: a property, a switch, a party or a world that does not exist.
    """
    found = check(*asked_for(name, configuration, model))
    return told(found) | {"live": True} | ({} if found.trace is None else _seen(found, found.trace))


def told(found: Verdict) -> dict[str, Any]:
    """A verdict in plain data, without its run; but for ``reach`` it is the same whatever else is asked."""
    return {
        "result": found.result,
        "outcome": outcome(found),
        "reason": found.reason,
        "not_read": list(found.not_read),
        "reach": "; ".join((found.reach, *(f"rests on this: {each}" for each in narrowings(found)))),
        "steps": found.steps,
        "blocked_by": list(found.blocked_by),
        "minimal": found.blocked_by_minimal,
    }


def assumptions(name: str, configuration: str, model: Model = oauth()) -> dict[str, Any]:
    """The weakest assumptions about others (raises InputError, and NoAnswerError where nobody knows)."""
    prop, about = asked_for(name, configuration, model)
    if prop.kind == "utility":
        about = replace(about, capabilities=frozenset())
    return assumed(Assumptions([prop], about, named_switches(configuration, model), work=WORK), prop)


def assumed(asked: Assumptions, prop: Property) -> dict[str, Any]:
    """What has to be assumed of others for one property (raises NoAnswerError)."""
    kind, sets, otherwise = read(prop, asked.weakest(prop), asked.configuration.model)
    attacks = otherwise if prop.kind == "security" and kind in ("if", "never") else ()
    return {"holds": kind, "sets": _plain(sets if kind == "if" else ()), "not_where": _plain(attacks)}


def _plain(sets: tuple[Values, ...]) -> list[dict[str, list[str]]]:
    return [{name: list(values) for name, values in each.items()} for each in sets]


def _seen(found: Verdict, run: Trace) -> dict[str, Any]:
    """A run as text, as a picture with the places where its steps end, and as a list; and who holds what after each."""
    shown = chart(run, ending(found.property))
    held = [{who: [list(each) for each in has] for who, has in after.items()} for after in holdings(run)]
    drawn = {"chart": text(shown), "svg": svg(shown), "ends": ends(shown), "messages": _messages(shown)}
    return drawn | {"holdings": held}


def _messages(shown: Chart) -> list[dict[str, Any]]:
    names = {one.key: one.name for one in shown.cast}
    return [
        {
            "step": sent.step,
            "from": names[sent.sender],
            "to": names[sent.receiver],
            "label": sent.label,
            "session": sent.session,
            "honest": sent.honest,
            "decisive": sent.decisive,
            "note": sent.note,
            "values": [[value.name, value.text, origin(sent, value)] for value in sent.values],
        }
        for sent in shown.sent
    ]


def result(name: str, configuration: str, model: Model = oauth()) -> dict[str, Any]:
    """The result of a verdict alone, as where two designs are compared: what nothing reads there makes no difference.

    Raises:
        InputError: a property, a switch, a party or a world that does not exist.
    """
    prop = find(name, model)
    return {"result": kept().result(prop, askable(prop, configured(prop, configuration, model)))}


def served(url: str, documents: str, _model: Model = oauth()) -> dict[str, Any]:
    """Which deployed clients get along with metadata (:func:`openworld.site.pasted.served`)."""
    from openworld.site import pasted

    return pasted.served(url, documents)


def rule_texts(model: Model) -> dict[str, list[str]]:
    """What each rule asks for, and the text that says so."""
    return {name: [rule.requirement, rule.source] for name, rule in rules(model).items()}


_KINDS: dict[str, Callable[[str, str, Model], dict[str, Any]]] = {
    "verdict": verdict, "assumptions": assumptions, "result": result, "serves": served,
}  # fmt: skip
