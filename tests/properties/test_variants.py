"""Designs that differ in a few switches, asked about together: each has the answer that it has by itself."""

from itertools import product

import pytest

from model.design import parse
from properties.checker import Checker
from properties.security import find
from properties.variants import Family

#: Switches of a client and of an AS, one that `default` does not read, and one of which a design has a third value.
FREE = {
    "iss_check": ("require", "off"),
    "h_iss": ("yes", "no"),
    "delegation_depth": ("one", "any"),
    "md_issuer_check": ("on", "off"),
}


SLOW = [pytest.param(code, marks=pytest.mark.slow) for code in ("CD", "LA", "UI")]


@pytest.mark.parametrize("code", ["CA", "FC", "AV", *SLOW])
def test_each_has_the_answer_of_its_own(checker: Checker, code: str) -> None:
    prop, family = find(code), Family((name, value) for name, values in FREE.items() for value in values)
    every = product(*([f"{name}={value}" for value in values] for name, values in FREE.items()))
    for text in [*map(";".join, every), "md_issuer_check=slash;iss_check=off"]:
        asked = parse(f"cap=mal_as;{text}" if prop.kind == "security" else text)
        result = checker.result(prop, asked)
        assert family.result(prop, asked) == result, text
        assert family.happens(prop, asked) == (result in ("attack", "reached")), text


def test_time_that_runs_out_is_said() -> None:
    family, asked = Family([("iss_check", "require"), ("iss_check", "off")], timeout=0.0), parse("cap=mal_as")
    assert family.happens(find("CD"), asked) is None
    assert family.result(find("CD"), asked) == "unknown"
    assert family.result(find("FC"), parse("cap=none")) == "unknown"
