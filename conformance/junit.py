"""JUnit's XML, which test reporters read: suites of cases, each with what has become of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

#: The elements that say that a case did not go as it should, and how they are counted.
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


class Case(NamedTuple):
    """A case: its attributes; whether it is a ``failure``, an ``error``, ``skipped`` or fine; and what to tell of that.

    ``why``: the attributes of that, such as its message.
    """

    about: Mapping[str, str]
    result: str = ""
    why: Mapping[str, str] = {}
    text: str = ""
    seconds: float | None = None


def document(name: str, suites: Iterable[tuple[str, Sequence[Case]]]) -> str:
    """The XML document of suites by name."""
    listed = list(suites)
    whole = Element("testsuites", {"name": name, **_counts([case for _, cases in listed for case in cases])})
    for suite, cases in listed:
        element = SubElement(whole, "testsuite", {"name": suite, **_counts(cases)})
        for case in cases:
            time = {} if case.seconds is None else {"time": f"{case.seconds:.3f}"}
            told = SubElement(element, "testcase", {**case.about, **time})
            if case.result or case.text:
                SubElement(told, case.result or "system-out", dict(case.why)).text = case.text
    indent(whole)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{tostring(whole, encoding='unicode')}\n"


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    met = Counter(case.result for case in cases)
    timed = [case.seconds for case in cases if case.seconds is not None]
    counted = {"tests": str(len(cases)), **{name: str(met[result]) for result, name in _COUNTED.items()}}
    return {**counted, **({"time": f"{sum(timed):.3f}"} if timed else {})}
