"""Words: what each means, what an unknown one is near to, and what a shell completes."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from model.errors import MOST, hint
from model.model import oauth
from model.protocols import every_rule
from model.switches import CAPABILITIES, SWITCHES
from openworld.cli import main
from openworld.glossary import entries, hooks
from openworld.site.vocabulary import vocabulary
from properties.results import RESULTS
from properties.security import PROPERTIES


def run(*arguments):
    ran = CliRunner().invoke(main, list(arguments))
    return ran.exit_code, ran.stdout, ran.stderr


def test_every_name_of_a_question_is_in_the_glossary():
    """Found by its name; a property by its code as well, a switch with what each value means."""
    named = {entry.name: entry for entry in entries()}
    assert named.keys() >= {*PROPERTIES, *SWITCHES, *CAPABILITIES, *RESULTS}
    for prop in PROPERTIES.values():
        assert run("list", "words", prop.code) == run("list", "words", prop.name)
    for switch in SWITCHES.values():
        assert [value for value, _ in named[switch.name].values] == list(switch.values)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("prm=origin", "resource in its metadata has to be the origin"),
        ("prefix_sdk_ts", "as the TypeScript SDK"),
        ("safe", "where none is named, there was no time to find out"),
        ("not_in_this_world", "even if no rule were obeyed"),
        ("baseline", "the value that a switch has where nothing is said"),
        ("code_delivery", "code reaches its client only"),
        ("RFC 9207", "client.iss_matches_recorded_issuer  (rule)"),
        ("mix-up", "A01  (attack): AS mix-up (redirect variant)"),
        ("mixup", "openworld verdict code_delivery 'cap=mal_as;iss_check=off'"),
        ("code injection", "B02  (attack)"),
        ("confused deputy", "E11  (attack)"),
        ("ID-JAG", "identity assertion grant (ID-JAG)"),
        ("token exchange", "exchange  (switch, mechanism)"),
        ("ResourceMetadata", "authorization_servers"),
        ("iss", "iss_check  (switch, mechanism)"),
        ("draft=iss", "an authorization response names its issuer"),
    ],
)
def test_a_word_is_found_by_name_or_by_what_is_said_of_it(word, said):
    """And one that is nowhere is an error that says what is near."""
    code, out, _ = run("list", "words", word)
    assert code == 0
    assert said in out
    code, out, err = run("list", "words", "prefixx")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_what_is_listed_as_a_hook_is_one(tmp_path: Path) -> None:
    """Every message takes a field, every step and every guard a rule of all the values that are listed."""
    listed, lines = list(hooks()), ["from openworld.draft import *"]
    for number, each in enumerate(listed):
        taken = ", ".join(value for value, _ in each.values)
        lines += {
            "message": [f"field('{each.name}', 'hooked_{number}')(lambda c, sent: NONE)"],
            "step": [
                f"@rule(source='draft-me', at='{each.name}', actor='client')",
                f"def hooked_{number}(c, {taken}):",
            ],
            "guard": [f"@rule(source='draft-me', guard='{each.name}')", f"def hooked_{number}(design, {taken}):"],
        }[each.kind]
        lines += ["    'It holds.'", "    return True"] * (each.kind != "message")
    (tmp_path / "everywhere.py").write_text("\n".join(lines), encoding="utf-8")
    mine = oauth().extended(tmp_path / "everywhere.py")
    assert len(every_rule(mine)) - len(every_rule(oauth())) == sum(each.kind != "message" for each in listed) > 100
    code, out, _ = run("new", "draft", "--hooks")
    assert code == 0
    assert all(f"{each.name}  ({each.kind})" in out for each in listed)
    assert run("new", "draft")[0] == 2


def test_an_unknown_name_is_told_what_is_near_and_not_all_there_is():
    """Where there are few, all of them."""
    few, many = [f"name{number}" for number in range(MOST)], list(SWITCHES)
    assert hint("name1", few).endswith(", ".join(few))
    told = hint("iss_chek", many)
    assert told.startswith("; did you mean 'iss_check'?; allowed: iss_check, ")
    assert len(told) < 200
    assert hint("xyzzy", many) == f"; allowed: {len(many)} names, of which none is like it"


@pytest.mark.parametrize(
    ("words", "begun", "offered"),
    [
        (["verdict"], "code_d", ["code_delivery"]),
        (["assume"], "AZ,first_c", ["AZ,first_contact"]),
        (["verdict", "CD"], "cap=mal_as;prm=same_", ["cap=mal_as;prm=same_path", "cap=mal_as;prm=same_href"]),
        (["trace", "CD"], "cap=mal_as+req", ["cap=mal_as+req_leak", "cap=mal_as+request_reader"]),
        (["diff"], "as2:h_is", ["as2:h_iss="]),
        (["verdict", "CD"], "design=gaps_closed_", ["design=gaps_closed_dpop"]),
        (["verdict", "CD"], "world=several", ["world=several_as"]),
        (["list", "words"], "iss_ch", ["iss_check"]),
        (["diff", "", "", "--against"], "mal_t", ["mal_tenant", "mal_toolkit"]),
        (["diff", "", "", "--environment"], "prod", ["products"]),
        (["simulate", "echo", "--population"], "enter", ["enterprise"]),
        (["clients"], "ai-sdk-mcp==2", ["ai-sdk-mcp==2.0.99"]),
        (["figures"], "draf", ["drafts"]),
        (["list", "experiments"], "./mine", ["./mine"]),
    ],
)
def test_shells_complete_properties_switches_and_values(words, begun, offered):
    """Behind what is there already."""
    found = ShellComplete(main, {}, "openworld", "_OPENWORLD_COMPLETE").get_completions(words, begun)
    assert [item.value for item in found] == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_a_shell_needs_for_it_is_printed(shell):
    """It names the variable that the command looks for."""
    code, out, _ = run("new", "completion", shell)
    assert code == 0
    assert "_OPENWORLD_COMPLETE=" + shell in out


def test_an_attacker_of_one_capability_is_named_once():
    """By the capability, and not by its number in RFC 9700 as well."""
    said = [each["name"] for each in vocabulary(oauth())["attackers"]]
    assert "web_attacker" in said
    assert "response_reader" not in said
