"""The published suite's checks beside ours: those that ask the same are compared, and the others are named."""

import pytest

from conformance.suite import COUNTERPARTS, beside
from model.scenario import names

ISS, OTHER = "sep-2468-client-compare-iss-supported", "sep-837-application-type-present"


def test_every_counterpart_is_a_scenario_and_names_checks() -> None:
    assert {name for name, _ in COUNTERPARTS.values()} <= set(names())
    assert all(checks for _, checks in COUNTERPARTS.values())


@pytest.mark.parametrize(
    ("iss", "conforms", "agrees"), [("SUCCESS", True, True), ("FAILURE", False, True), ("FAILURE", True, False)]
)
def test_a_check_that_asks_something_else_decides_nothing(iss: str, conforms: bool, agrees: bool) -> None:
    """A client that registers without a type fails that check, and passes that of `iss`."""
    said = {"id": ISS, "status": iss, "description": "iss"}
    found = beside("auth/iss-supported", [{"id": OTHER, "status": "FAILURE", "description": "type"}, said], conforms)
    assert (found.agrees, found.alone) == (agrees, (OTHER,))
    assert found.complaint == ("iss" if iss == "FAILURE" else "")


def test_without_a_check_that_asks_the_same_there_is_no_verdict() -> None:
    found = beside("auth/iss-supported", [{"id": OTHER, "status": "SUCCESS"}], True)
    assert (found.passed, found.failed, found.agrees) == (0, 0, False)
