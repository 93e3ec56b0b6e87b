"""The catalogue of rules: what it says carries a rule is there, and what rules cite is in it."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from model import identifiers
from model.action import SCHEMAS
from model.protocols import every_rule
from model.switches import SWITCHES
from model.texts import texts, versions

RULES = every_rule()  # which registers all actions too

CATALOGUE = Path(identifiers.__file__).parent / "data" / "catalogue.csv"
COLUMNS = ["id", "actor", "step", "requirement", "level", "source", "carried_by", "note"]

#: Ids that rules cite and the catalogue lacks, with the reason why the project added them.
EXTRA = {
    "BCP-4.12": "status of a redirect after a login form: a browser's behaviour, RFC 9700 4.12",
    "MCP-handle": "session handles are no authentication: advice of the MCP security best practices",
    "MCP-urlscheme": "authorization endpoints that are no web URLs: advice of the MCP security best practices",
    "O21-grant": "codes exist only under the authorization code grant, RFC 6749 4.1",
    "O21-cc": "tokens of a client's own exist only under the client credentials grant, RFC 6749 4.4",
    "IDJ-grant": "assertions are grants only where that grant is in use, RFC 7523 2.1",
    "JAT-fmt": "who introspects opaque tokens takes no others, RFC 9068 2 and RFC 7662 2",
    "O21-type": "what a client does with a token_type that is missing or unknown, RFC 6749 5.1 and 7.1",
    "O21-redirects": "credentials in redirected requests: RFC 9110 15.4 and how deployed HTTP clients treat it",
}

with CATALOGUE.open(encoding="utf-8", newline="") as _file:
    _reader = csv.DictReader(_file)
    ROWS = list(_reader)
    HEADER = _reader.fieldnames

BY_ID = {row["id"]: row for row in ROWS}
#: Each rule with each id that it cites.
CITED = [(name, id_) for name, described in RULES.items() for id_ in described.ids]
COMPARATORS = {
    name
    for name, value in vars(identifiers).items()
    if callable(value) and value.__module__ == identifiers.__name__ and not name.startswith("_")
}
KINDS = {"rule": RULES, "action": SCHEMAS, "switch": SWITCHES, "comparator": COMPARATORS}


def carriers(row: dict[str, str]) -> list[str]:
    """The references in `carried_by`."""
    return row["carried_by"].split("; ") if row["carried_by"] else []


def exists(reference: str) -> bool:
    """Whether the model has what is referred to."""
    kind, _, name = reference.partition(":")
    return name in KINDS.get(kind, ())


def test_rows_are_whole():
    """Every row has every column, with no space around a value; the README explains each column."""
    assert HEADER == COLUMNS
    readme = (CATALOGUE.parent / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", readme, re.M) == COLUMNS
    for row in ROWS:
        assert set(row) == set(COLUMNS), row["id"]
        assert all(value is not None and value == value.strip() for value in row.values()), row["id"]


def test_ids_are_unique():
    """A rule has one row."""
    assert len(BY_ID) == len(ROWS) > 0


def test_rows_are_accounted_for():
    """A rule says something, comes from somewhere, and is carried or left out for a reason."""
    whole = [row for row in ROWS if row["id"] and row["requirement"] and row["source"]]
    assert [row for row in ROWS if row not in whole or not (row["carried_by"] or row["note"])] == []


def test_carriers_exist():
    """What is said to carry a rule is in the model, and is named once."""
    named = [(row["id"], reference) for row in ROWS for reference in carriers(row)]
    assert [(name, reference) for name, reference in named if not exists(reference)] == []
    assert [each for each, times in Counter(named).items() if times > 1] == []


@pytest.mark.parametrize(
    "reference", ["", "rule:", "rule:client.no_such_rule", "client.state_matches", "switch:state_matches", "x:state"]
)
def test_dangling_references_are_noticed(reference):
    """A reference needs its kind, and a name of that kind."""
    assert not exists(reference)


def test_rules_cite_the_catalogue():
    """Every rule cites an id, and only ids of the catalogue or the project's own."""
    assert [name for name, rule in RULES.items() if not rule.ids] == []
    assert [(name, id_) for name, id_ in CITED if id_ not in BY_ID and id_ not in EXTRA] == []


def test_citations_are_answered():
    """An id that a rule cites names the rule as a carrier, or says in its note what the rule does instead."""
    named = {row["id"]: {*carriers(row), *re.findall(r"rule:[a-z_]+\.[a-z_0-9]+", row["note"])} for row in ROWS}
    assert [(name, id_) for name, id_ in CITED if id_ in named and f"rule:{name}" not in named[id_]] == []


def test_every_rule_says_from_which_version_it_was_read():
    """A rule names a text, or several; from which version each was read is on file, and no other text is."""
    sources = [row["source"] for row in ROWS] + [switch.source for switch in SWITCHES.values()]
    assert all(versions(described.source) for described in RULES.values())
    known = [versions(source) for source in (*sources, *(described.source for described in RULES.values()))]
    assert {text for read in known for text in read} == texts().keys()
    assert all(version.strip() for version in texts().values())


def test_a_version_in_a_source_is_the_one_that_was_read():
    """Where a source says the number of a draft, it is the number on file."""
    sources = [row["source"] for row in ROWS] + [described.source for described in RULES.values()]
    for part in (part for source in sources for part in source.split(";")):
        for number in re.findall(r"draft-[a-z0-9-]+?(-[0-9]{2})(?= |$)", part):
            read = " ".join(versions(part).values())
            assert number in read.partition(";")[0], part


def test_notes_name_rules_that_exist():
    """A rule that a note speaks of is in the model, and cites the id."""
    for row in ROWS:
        for name in re.findall(r"rule:([a-z_]+\.[a-z_0-9]+)", row["note"]):
            assert row["id"] in RULES[name].ids


def test_extra_ids_are_the_projects_own():
    """An id that the project added has a reason, is cited, and is not in the catalogue."""
    cited = {id_ for described in RULES.values() for id_ in described.ids}
    assert all(EXTRA.values())
    assert set(EXTRA) <= cited
    assert not set(EXTRA) & set(BY_ID)
