"""`openworld diff`: what flips between two designs, in every form."""

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from refused import refused

from model.named_designs import DEPLOYMENTS
from openworld import diff as asked_for
from openworld.cli import main
from openworld.diff import Compared, Flip, acts, cells, lines, markdown
from openworld.diff_page import page, picture
from properties.security import PROPERTIES

EXACT, PREFIX = "design=prm_cimd", "design=prm_cimd_prefix"
WHERE = ("--environment", "multi_path_api")


def run(*arguments: str):
    return CliRunner().invoke(main, ["diff", *arguments, "--workers", "1"])


@pytest.fixture(scope="module")
def flips():
    """What flips from exact to prefix matching, against a tenant, as data."""
    ran = run(EXACT, PREFIX, "--against", "mal_tenant", *WHERE, "--format", "json")
    assert ran.exit_code == 0
    return json.loads(ran.stdout)


def test_prefix_matching_flips_what_it_flips(flips) -> None:
    """A tenant speaks for its host, and one document covers many paths."""
    told = {
        (each["environment"], each["property"]): (each["before"], each["after"], each["steps"])
        for each in flips["flips"]
    }
    broken = ("safe", "attack", 4)
    assert told == {
        ("multi_path_api", "discovery_integrity"): broken,
        ("multi_path_api", "accountability"): broken,
        ("multi_path_api", "first_contact"): ("not_reached", "reached", 9),
        ("multi_path_api", "task_completed"): ("not_reached", "reached", 18),
        ("multi_path_api", "identity_crosses"): ("not_reached", "reached", 16),
    }


def test_what_flips_is_told_before_it_is_known_why() -> None:
    """In a line each, with the answers of its question; what does not flip is counted only."""
    attackers, environments = {"mal_tenant": "mal_tenant"}, {"plain": DEPLOYMENTS["plain"]}
    some = ("discovery_integrity", "code_delivery", "flow_binding", "deputy_integrity", "first_contact")
    asked = [each for each in cells(EXACT, PREFIX, attackers, environments) if each.property in some]
    answered = [each for each in asked_for.flips(asked, 1) if isinstance(each, list)]
    told = [line for batch in answered for line in batch]
    assert len(told) == len(asked)
    assert "discovery_integrity: safe -> attack, against mal_tenant in plain" in told
    assert told.count("") > len(asked) / 2


def test_every_flip_says_why(flips) -> None:
    """The change that makes it, the rule that stands in the way, and what draws the run."""
    for each in flips["flips"]:
        assert each["changes"] == [{"prm": ["exact", "prefix"]}]
        assert each["refused_by"].startswith("client.resource_matches_request at step 2 [RFC 9728 3.3")
        assert each["better"] == (each["before"] == "not_reached")
    shown = next(each for each in flips["flips"] if each["property"] == "discovery_integrity")["command"]
    assert shown == "openworld trace discovery_integrity 'cap=mal_tenant;prm=prefix;api=multi_path'"


FOUND = [
    Flip("plain", "discovery_integrity", ("mal_tenant", "mal_rs"), "safe", "attack", 4,
         ({"prm": ("exact", "prefix")}, {"norm": ("strict", "decode_all"), "prm_url": ("any", "same_origin")}),
         "client.resource_matches_request at step 2 [RFC 9728 3.3]", "a chart", "openworld trace DI 'prm=prefix'"),
    Flip("products", "first_contact", ("nobody",), "not_reached", "reached", 9, ({"prm": ("exact", "prefix")},),
         "", "", "", utility=True),
]  # fmt: skip
ASKED = [Compared(where, "mal_tenant", "discovery_integrity", EXACT, PREFIX) for where in ("plain", "products")]


def test_text_tells_what_flips_where_and_all_that_makes_it() -> None:
    """Worse and better, every minimal set of changes, and the number of flips."""
    assert list(lines(FOUND, ASKED)) == [
        "- discovery_integrity: safe -> attack in 4 steps",
        "    where       plain",
        "    against     mal_tenant, mal_rs",
        "    because of  prm: exact -> prefix, or norm: strict -> decode_all; prm_url: any -> same_origin",
        "    refused by  client.resource_matches_request at step 2 [RFC 9728 3.3]",
        "    shown by    openworld trace DI 'prm=prefix'",
        "+ first_contact: not_reached -> reached in 9 steps",
        "    where       products",
        "    against     nobody",
        "    because of  prm: exact -> prefix",
        "2 flips (1 for the better) in 2 questions to each design",
    ]


def test_where_says_which_environments_were_asked() -> None:
    """Every environment is a word for all that there are, and not for those that somebody chose."""

    def where(*names: str) -> str:
        asked = [ASKED[0]._replace(environment=name) for name in names]
        return list(lines([replace(FOUND[0], environment=name) for name in names], asked))[1].split(maxsplit=1)[1]

    assert where("plain") == "plain (the only one asked)"
    assert where("plain", "products") == "plain, products (all that were asked)"
    assert where(*DEPLOYMENTS) == "in every environment"


def test_what_is_not_known_is_neither_better_nor_worse() -> None:
    """An answer that ran out of time flips nothing; that there may be something is said."""
    (said, *_, last) = lines([replace(FOUND[0], after="unknown", changes=())], ASKED)
    assert said == "? discovery_integrity: safe -> unknown in 4 steps"
    assert last == "0 flips (0 for the better) in 2 questions to each design; 2 undecided"


def test_a_change_that_acts_is_told_from_one_that_never_does() -> None:
    """Of runs that the first design has, some that the second refuses, or none."""
    attacked = "cap=mal_as;iss_check=off"
    asked = [
        Compared("plain", "mal_as", "code_delivery", attacked, f"{attacked};echo=req"),
        Compared("plain", "mal_as", "code_delivery", attacked, "cap=mal_as"),
        Compared("plain", "mal_as", "code_delivery", "cap=none", attacked),
    ]
    assert acts(asked[:1], 1).startswith("the second design refuses none of 1 runs of the first")
    assert acts(asked[1:2], 1).startswith("the second design refuses 1 of 1 runs of the first (client.")
    assert acts(asked[2:], 1) == "the first design has no run that the second could refuse"


def test_a_table_a_page_and_a_figure_tell_the_same() -> None:
    """Each names what flips; a page and a figure need nothing else."""
    table = markdown(FOUND, EXACT, PREFIX)
    assert table.count("\n| ") == 3
    assert "| plain | discovery_integrity | safe | attack in 4 steps | mal_tenant, mal_rs |" in table
    shown = page(FOUND, EXACT, PREFIX, 2)
    assert shown.count("<article") == 2
    assert "discovery_integrity: safe → <b>attack</b> in 4 steps (worse)" in shown
    assert not re.search(r"(?:src|href)=\"(?!data:)", shown)
    assert picture(FOUND, EXACT, PREFIX).startswith("<?xml")


def test_where_nothing_flips_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is the same is not told, and is no figure."""

    def nothing(asked, *_):
        yield [""] * len(asked)

    monkeypatch.setattr("openworld.diff.flips", nothing)
    monkeypatch.setattr("openworld.diff.acts", lambda *_: "the second design refuses none of 3 runs of the first")
    same = (EXACT, EXACT, "--against", "mal_tenant", "--environment", "plain")
    assert run(*same).stdout.splitlines() == [
        f"0 flips (0 for the better) in {len(PROPERTIES)} questions to each design",
        "the second design refuses none of 3 runs of the first",
    ]
    ran = run(*same, "--format", "svg")
    assert (ran.exit_code, ran.stderr.splitlines()[-1]) == (
        2,
        "openworld: nothing flips, so that there is nothing to draw",
    )
    assert markdown([], EXACT, EXACT) == f"Nothing flips from `{EXACT}` to `{EXACT}`.\n"
    assert "Nothing flips." in page([], EXACT, EXACT, 19)


def test_a_configuration_keeps_what_it_names() -> None:
    """An environment changes what is left open, and nothing that a design says; honest parties are asked once."""
    attackers, deaf = {"one": "mal_rs", "two": "mal_as"}, {"deaf": {"as_resource": "ignore"}}
    asked = cells(f"{EXACT};as_resource=honor", PREFIX, attackers, deaf)
    confinement = next(cell for cell in asked if cell.property == "token_confinement")
    assert "as_resource" not in confinement.first
    assert confinement.second.endswith("as_resource=ignore")
    assert [cell.attacker for cell in asked if cell.property == "first_contact"] == ["nobody"]
    assert [cell.attacker for cell in asked if cell.property == "authorization"] == ["one", "two"]


def test_exact_and_prefix_matching_flip_what_was_found_by_hand() -> None:
    """In every environment: discovery, which no log shows; where a host is an audience or an API: thefts."""
    ran = run(EXACT, PREFIX, "--against", "mal_tenant", "--format", "json", "--workers", "2")
    told: dict[str, set[str]] = {}
    for each in json.loads(ran.stdout)["flips"]:
        told.setdefault(each["property"], set()).add(each["environment"])
    hosts = {"host_audiences", "host_wide_api"}
    assert told == {
        "discovery_integrity": set(DEPLOYMENTS),
        "accountability": set(DEPLOYMENTS),
        "deputy_integrity": hosts,
        "authorization": hosts,
        "token_confinement": hosts,
        "first_contact": {"multi_path_api"},
        "task_completed": {"multi_path_api"},
        "identity_crosses": {"multi_path_api"},
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("design=mpc", PREFIX), "unknown design 'mpc'"),
        ((EXACT, PREFIX, "--against", "nobody_known"), "nobody_known"),
        ((EXACT, PREFIX, "--environment", "sunny"), "sunny"),
        ((f"{EXACT};prm_retry=yes", PREFIX), "switch 'prm_retry' is read by conversations with clients"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    """Who is wrong is told what is wrong, before anything is asked."""
    assert said in refused(run(*arguments))
