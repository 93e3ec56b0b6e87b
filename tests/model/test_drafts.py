"""Drafts are what they ask of each role: rows of the catalogue, and what designs and arms make of them."""

import pytest

from model.design import named_switches, obligations, parse
from model.drafts import TEXTS, Obligation, Quote, paths, quotes, requirements
from model.switches import EVERYBODY, SWITCHES, ConfigurationError, check_switch
from model.texts import texts
from openworld.expectations import sentences
from openworld.revised import without
from simulations.arms import settings

ACTORS = {
    "client": {"client", "agent"},
    "authorization_server": {"AS", "PS"},
    "resource_server": {"RS"},
    "proxy": {"RS"},
    EVERYBODY: {"all"},
}
EACH = [
    pytest.param(name, each, id=f"{name}-{each.switch}") for name, text in TEXTS.items() for each in text.obligations
]


@pytest.mark.parametrize(("name", "each"), EACH)
def test_an_obligation_is_a_sentence_about_its_role(name: str, each: Obligation) -> None:
    """The catalogue says so of that role; it can be met and not met, and ``draft=`` meets it.

    What everybody does, a protocol, is what the rest of the text is about.
    """
    assert ACTORS[each.role].intersection(requirements()[each.row]["actor"].split(", "))
    assert each.sentence
    assert (check_switch(each.switch, each.value) == each.without) == (each.role == EVERYBODY)
    check_switch(each.switch, each.without or SWITCHES[each.switch].baseline)
    assert parse(f"draft={name}").design[each.switch] == each.value


def test_who_adopts_a_draft_can_be_said() -> None:
    """Each role alone, or all of them; of a design likewise, its drafts and, of arms, its mechanisms."""
    assert paths("echo") == ("draft=echo;by=client", "draft=echo;by=authorization_server", "draft=echo")
    assert paths("prefix") == ("draft=prefix",)
    assert settings("draft=echo;by=client") == (("echo", "req"),)
    assert dict(settings("draft=echo;by=authorization_server")) == {
        "as_resource": "honor",
        "as_echo": "yes",
        "grant_resource": "bound",
        "rt_resource_bound": "yes",
    }
    assert dict(settings("draft=echo;by=client;as_echo=yes")) == {"echo": "req", "as_echo": "yes"}
    clients, everybody = settings("design=gaps_closed;by=client"), settings("design=gaps_closed")
    assert {SWITCHES[name].owner for name, _ in clients} == {"client"}
    assert set(everybody) > {*clients, ("as_echo", "yes"), ("as_resource", "honor")}
    assert {each.switch for each in obligations("design=gaps_closed")} == {
        "prm",
        "norm",
        "reg",
        "cimd_redirect_check",
        "cimd_fetch",
        "as_fetch_guard",
        "echo",
        "as_resource",
        "as_echo",
        "grant_resource",
        "rt_resource_bound",
    }


def test_whether_a_deployment_does_what_a_draft_asks_is_not_fixed() -> None:
    """It is what is asked about a design; what somebody writes out himself is."""
    fetching = {"reg", "cimd_redirect_check", "cimd_fetch", "as_fetch_guard"}
    assert named_switches("design=gaps_closed") == {"prm", "norm", "echo", "rt_resource_bound", *fetching}
    assert named_switches("draft=echo;as_echo=no") == {"echo", "as_echo", "rt_resource_bound"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("draft=ecco", "unknown draft 'ecco'; did you mean 'echo'"),
        ("draft=echo+", "unknown draft ''"),
        ("draft=echo;by=clients", "unknown role 'clients' in by='clients'; did you mean 'client'"),
        ("echo=req;by=client", "by=client has no place where neither a design nor a draft is named"),
        ("draft=prefix;by=resource_server", "asks nothing of resource_server"),
    ],
)
def test_what_nobody_can_adopt_is_refused(text: str, said: str) -> None:
    """The message names the culprit."""
    with pytest.raises(ConfigurationError, match=said):
        settings(text)


@pytest.mark.parametrize("quote", quotes(), ids=lambda quote: f"{quote.row}-{quote.quote[:20]}")
def test_a_quote_is_a_sentence_of_a_text_that_was_read(quote: Quote) -> None:
    """It is about a row of the catalogue, and what it asks can be asked with it and without it."""
    assert quote.text in texts()
    assert len(sentences(quote.quote)) == 1
    assert requirements()[quote.row]["actor"]
    assert bool(quote.where) == bool(quote.obligations)
    for each in quote.obligations:
        assert ACTORS[each.role].intersection(requirements()[each.row]["actor"].split(", "))
        assert check_switch(each.switch, each.value) != (each.without or SWITCHES[each.switch].baseline)
        parse(f"{without(each, quote)};{each.switch}={each.value}".partition(";")[2])
    for name in (name for name, text in TEXTS.items() if {*text.obligations} & {*quote.obligations}):
        parse(f"draft={name};{quote.where}")  # as its page asks
