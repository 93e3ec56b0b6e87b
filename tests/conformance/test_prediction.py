"""Three real parties: what the model says of them, and meetings that are kept and not had again."""

import asyncio
from pathlib import Path

import pytest

from conformance.install import Installed
from conformance.judge import Judgement
from conformance.pair import Meeting, Remark
from conformance.software import CLIENTS, Release, SoftwareError
from conformance.triple import HONEST, Prediction, called, meetings, predict
from deployed.servers import authorization_servers, resource_servers
from model.clients import find
from model.part import Part
from model.turns import Turn
from openworld.cache import Asker
from openworld.driving.asked import DrivingOptions
from openworld.driving.meetings import _Store

AUTHLIB, DJANGO = "Authlib 1.9.10 AuthorizationServer", "django-oauth-toolkit 3.4.1"
DEFAULT, VALIDATED = "mcp 2.3.0 server, default", "mcp 2.3.0 server, validate_token_resource=True"


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("server", "resource_server", "served", "confined"),
    [(AUTHLIB, DEFAULT, True, False), (AUTHLIB, VALIDATED, False, True), (DJANGO, VALIDATED, True, True)],
)
def test_what_three_parties_come_to_follows_from_what_each_does(
    server: str, resource_server: str, served: bool, confined: bool
) -> None:
    """Who ignores `resource` serves nobody whose resource looks at audiences, and everybody at one that does not."""
    settings = authorization_servers()[server].settings, resource_servers()[resource_server].settings
    assert predict(find("mcp-python==2.3.0").design, *settings, Asker()) == Prediction(served, confined)


def test_parties_that_the_model_has_no_word_for_are_not_told_of() -> None:
    assert predict(find("mcp-python==2.3.0").design, {}, {"audience_check": "off"}, Asker()) is None


def test_meeting_that_was_measured_does_not_happen_again(tmp_path: Path) -> None:
    """One that was not is had again, and so is one whose file is damaged."""
    party = Installed(Release(CLIENTS["mcp-python"], "0"), ("/nonexistent",), {})
    sent = (Turn("call", "rs", "", (), (Part("scheme", "Bearer"),)),)

    def met(variant: str, outcome: str) -> Meeting:
        judgement = Judgement(variant, "triple", outcome, "finished", sent, ("token_confinement",))
        return Meeting("c", "s", variant, judgement, (Remark("client.state_matches", True, "state"),), {"log": {}})

    asked = DrivingOptions(output=tmp_path)
    first, second = called(HONEST, "default", "default"), called(HONEST, "default", "other")
    for one in (met(first, "A"), met(second, "?")):
        _Store(asked, "folder", (party,)).save(one)
    known = _Store(asked, "folder", (party,)).known
    assert known == {first: met(first, "A")}
    assert _Store(asked, "folder", (party, party)).known == {}
    (tmp_path / "folder" / f"{first}.meeting.json").write_text("{}")
    assert _Store(asked, "folder", (party,)).known == {}

    several = {called(play, "default", "default"): met("x", "A") for play in (HONEST,)}
    with pytest.raises(SoftwareError, match="does not start"):  # the one that is not known is had
        asyncio.run(meetings(party, party, party, 1, several))
