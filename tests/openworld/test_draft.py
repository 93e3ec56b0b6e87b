"""A draft of one's own: whatever it adds, solver, explicit search, machine, simulation and charts see it and agree."""

import copy
import json
import pickle
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner
from explicit import explore
from one_by_one import met

from model import inputs
from model.chart import chart, text
from model.conversation import converse
from model.design import parse
from model.errors import InputError
from model.fields import makers
from model.machine import Machine
from model.messages import ResourceMetadata
from model.model import UnsharedError, oauth
from model.scenario import load
from model.words import of_configuration, worded
from model.world_file import find_world
from openworld import draft
from openworld.cache import Cache
from openworld.cli import main
from openworld.jobs import Question, answers
from properties.checker import Checker
from properties.security import find
from properties.verdict import check
from simulations.provenance import code

DRAFT = str(files("openworld").joinpath("data", "draft_of_your_own.py"))
#: What the draft's rule stops, with the rule and without.
STRAY = "cap=delivery_tamper;as_trust=any;rs_issuers=signed"


def run(*arguments):
    ran = CliRunner().invoke(main, list(arguments))
    return ran.exit_code, ran.stdout, ran.stderr


def agreed(name, config, model):
    """Whether an event happens: as the solver, explicit search and a replay of the solver's run have it."""
    prop, configuration = find(name, model), parse(config, model)
    world = prop.world_of(configuration)
    found = check(prop, configuration)
    happens = found.trace is not None
    assert (name in explore(configuration, world, (prop,)).first) == happens
    if happens:
        machine = Machine(configuration, world)
        assert prop.event(machine.context(machine.view(machine.replay(found.trace.steps)[-1])))
    return happens


def test_the_skeleton_is_a_draft_that_flips_a_verdict(tmp_path, monkeypatch):
    """Written, asked with --with, shown on a chart by its field; and its file is not written over."""
    monkeypatch.chdir(tmp_path)
    assert run("new", "draft", "mine") == (0, "mine.py: give it to any command with --with mine.py\n", "")
    assert run("new", "draft", "mine")[0] == 2
    code, out, _ = run("verdict", "stray_token", STRAY, "--require", "attack", "--with", "mine.py")
    assert code == 0
    assert "(stray_token)" in out
    code, out, _ = run("verdict", "ST", f"{STRAY};issuer_signed=on", "--require", "safe", "--with", "mine.py")
    assert code == 0
    assert "client.issuer_is_signed  [draft-me 3]" in out
    drawn = run("trace", "FC", "rs_issuers=signed", "--with", "mine.py")[1]
    assert "signed_issuer=signed by" in drawn
    assert run("verdict", "stray_token", STRAY)[0] == 2


def test_two_models_answer_side_by_side():
    """Two drafts and what ships, asked in turn in one process: each answers as if the others were not there."""

    def trusting():
        before = draft.original("client.metadata_issuer_matches")

        @draft.variant("client.metadata_issuer_matches")
        def anything(design, claimed, server, configured, claims_listed=False):
            return draft.any_of(before(design, claimed, server, configured, claims_listed), True)

    ours, theirs, checker = oauth().extended(DRAFT), oauth().extended(trusting), Checker()
    asked = [("DI", "cap=mal_as"), ("CD", "cap=mal_as;md_issuer_check=on;splice=no;iss_check=off")]
    asked += [("FC", "cap=none")]

    def answered(model):
        return [checker.result(prop, parse(text, model)) for prop, text in asked]

    alone = {model: [check(prop, parse(text, model)).result for prop, text in asked] for model in (ours, theirs)}
    first = answered(oauth())
    assert answered(ours) == alone[ours] == first
    assert answered(theirs) == alone[theirs] != first
    assert answered(oauth()) == first
    assert checker.result("ST", parse(STRAY, ours)) == "attack"
    assert checker.result("ST", parse(f"{STRAY};issuer_signed=on", ours)) == "safe"
    for model in (oauth(), theirs):
        with pytest.raises(InputError, match="unknown switch 'rs_issuers'"):
            parse(STRAY, model)
        with pytest.raises(InputError, match="unknown property 'ST'"):
            find("ST", model)
    both = ours.extended(trusting)
    assert both.files == (Path(DRAFT),)
    assert check("ST", parse(STRAY, both)).result == "attack"
    assert "issuer_signed" in both.switches
    assert "issuer_signed" not in theirs.switches
    assert both.variants.keys() == theirs.variants.keys() != ours.variants.keys()


def test_a_question_mixes_no_models():
    """A world of one model is asked about no design of another."""
    ours = oauth().extended(DRAFT)
    with pytest.raises(ValueError, match="of another model"):
        Machine(parse("cap=none", ours), find_world("mixup"))
    assert Machine(parse("cap=none", ours), find_world("mixup").within(ours)).initial


def test_the_same_text_is_the_same_model(tmp_path):
    """In this process, and in others, which are told its files; what functions add nobody else can make."""
    path = tmp_path / "mine.py"
    path.write_text('from openworld.draft import capability\ncapability("backups", "x")\n', encoding="utf-8")
    mine = oauth().extended(path)
    assert mine is oauth().extended(str(path)) is pickle.loads(pickle.dumps(mine)) is copy.deepcopy(mine)
    assert pickle.loads(pickle.dumps(oauth())) is oauth()
    assert pickle.loads(pickle.dumps(parse("cap=backups", mine))) == parse("cap=backups", mine) != parse("cap=none")
    path.write_text('from openworld.draft import capability\ncapability("backup", "x")\n', encoding="utf-8")
    assert "backup" in oauth().extended(path).capabilities
    assert "backup" not in mine.capabilities
    with pytest.raises(UnsharedError):
        pickle.dumps(mine.extended(lambda: draft.capability("more", "x")))


def test_a_variant_takes_the_place_of_a_rule_for_every_reader():
    """A client that takes no metadata gets nowhere: in the solver, in explicit search and in a population."""
    rule = "client.metadata_issuer_matches"
    assert met("honest_api", parse("cap=none").design).ending.kind == "success"
    assert agreed("first_contact", "world=mixup;cap=none", oauth())

    def added():
        before = draft.original(rule)

        @draft.variant(rule)
        def nobody(design, claimed, server, configured, claims_listed=False):
            return draft.all_of(before(design, claimed, server, configured, claims_listed), False)

    mine = oauth().extended(added)
    assert met("honest_api", parse("cap=none", mine).design).ending.name == rule
    assert not agreed("first_contact", "world=mixup;cap=none", mine)
    assert check("FC", parse("world=mixup;cap=none", mine)).blocked_by == (rule,)
    assert met("honest_api", parse("cap=none").design).ending.kind == "success"


def test_a_rule_in_a_guard_is_asked_wherever_the_guard_is():
    """With a switch of its own: verdict, search and population differ by it alone."""

    def added():
        draft.switch("patient", "yes no", "whether the client waits for metadata", "a draft", of="client")

        @draft.rule(guard="server_metadata", source="a draft")
        def client_is_patient(design):
            """The client waits."""
            return draft.same(design.patient, "yes")

    mine = oauth().extended(added)
    assert agreed("first_contact", "world=mixup;cap=none", mine)
    assert not agreed("first_contact", "world=mixup;cap=none;patient=no", mine)
    impatient = parse("patient=no", mine)
    assert met("honest_api", impatient.design).ending.name == "client.client_is_patient"
    assert check("FC", impatient).blocked_by == ("client.client_is_patient",)
    assert check("FC", parse("client:patient=no", mine)).result == "not_reached"
    told = converse(impatient.design, load("R01_exact"))
    assert told.refused_by.name == "client.client_is_patient"


def test_what_a_capability_reaches_needs_no_step():
    """One line: a kind of message that it reads, a party that it runs, a client's domain, or what a resource says."""

    def added():
        draft.capability("storage_leak", "the attacker reads what clients keep", reads=["TokenResponse"])
        draft.capability("bought_as", "the attacker has bought an AS and its API", runs=["evil_as", "tools"])
        draft.capability("lost_name", "the client's domain has lapsed", controls=["client"])
        draft.capability("proxied", "a cache before the CRM is the attacker's", channel="document")

    mine = oauth().extended(added)
    for prop, new, old in (
        ("TK", "storage_leak", ""),
        ("CD", "bought_as;iss_check=off", "mal_as+mal_rs;iss_check=off"),
        ("CD", "bought_as", "mal_as+mal_rs"),
        ("CD", "lost_name+lure;reg=static", "domain_takeover+lure;reg=static"),
        ("SC", "proxied;prm=off", "delivery_tamper;prm=off"),
        ("SC", "proxied+mal_as;as_trust=any", "delivery_tamper+mal_as;as_trust=any"),
    ):
        expected = check(prop, parse(f"cap={old}")).result if old else "attack"
        assert check(prop, parse(f"cap={new}", mine)).result == expected, new
    with pytest.raises(draft.DraftError, match="unknown message 'TokenRespons'; did you mean 'TokenResponse'"):
        oauth().extended(lambda: draft.capability("leak", "x", reads=["TokenRespons"]))
    with pytest.raises(draft.DraftError, match="unknown dishonest party 'as'"):
        oauth().extended(lambda: draft.capability("more", "x", runs=["as"]))
    with pytest.raises(draft.DraftError, match="unknown channel 'header'"):
        oauth().extended(lambda: draft.capability("header", "x", channel="header"))


def test_a_step_of_the_attackers_leads_to_attacks():
    """With a capability, state and a property of its own; drawn in charts by what it says it does."""

    def added():
        draft.capability("backups", "the attacker reads a backup of the client's")

        @draft.state
        def backup(made, world):
            made.fact("backup.read", "the attacker has read the backup")

        @draft.step("S18")
        def read_backup(c):
            """The attacker reads the tokens of sessions in a backup."""
            held = {f"knows.token.{grant.name}": same_token(c, grant.name) for grant in c.world.grants}
            return draft.Move(c.capabilities["backups"], (), {**held, "backup.read": True})

        def same_token(c, grant):
            return draft.any_of(*(draft.same(c.state.session(who).token, grant) for who in c.world.session))

        @draft.violated("BR")
        def backup_read(c):
            """The backup is read."""
            return c.state["backup.read"]

    mine = oauth().extended(added)
    assert agreed("backup_read", "world=mixup;cap=backups", mine)
    assert not agreed("backup_read", "world=mixup;cap=none", mine)
    assert agreed("authorization", "world=mixup;cap=backups", mine)
    assert not agreed("authorization", "world=mixup;cap=backups;dpop=token;r_requires_dpop=yes", mine)
    drawn = text(chart(check("AZ", parse("cap=backups", mine)).trace)).replace("|", " ")
    assert "The attacker reads the tokens of sessions in a backup" in " ".join(drawn.split())


def test_a_named_design_is_one_of_all():
    """It can be started from, and compared."""
    mine = oauth().extended(lambda: draft.design("mine", "design=mcp;echo=req", "mcp with the echo", "a draft"))
    assert parse("design=mine", mine).design == parse("design=mcp;echo=req", mine).design


def test_a_field_stands_in_every_message_that_is_sent():
    """Beside another one that a draft adds."""

    def added():
        @draft.field("ResourceMetadata", "colour")
        def colour(c, sent):
            return "blue"

        @draft.field("ResourceMetadata", "shade")
        def shade(c, sent):
            return f"dark-{sent.message.colour}"

    asked = parse("cap=none", oauth().extended(added))
    machine, trace = Machine(asked), check("FC", asked).trace
    assert "shade=dark-blue" in text(chart(trace))
    assert [type(each.message) for each in sends(machine, trace) if isinstance(each.message, ResourceMetadata)]


def hinted():
    """A second field with what the metadata lists, which clients compare."""

    @draft.field("ResourceMetadata", "issuer_hint")
    def hint(c, sent):
        known = [party.url for party in c.world.servers if party.honest]
        return draft.choose(draft.one_of(sent.message.authorization_servers, *known), known[0], "none")

    @draft.rule(message="ResourceMetadata", actor="client", source="draft-me 4")
    def hint_is_followed(c, says, held):
        """The AS that is listed is the one of the hint."""
        return draft.same(says["issuer_hint"], says["authorization_servers"])


def test_the_attacker_writes_what_it_can_make_in_a_field():
    """A name it writes as it likes, whatever an honest sender would say there; a signature only of what it runs."""
    altered, checked = "cap=mal_as+delivery_tamper;as_trust=any", "rs_issuers=signed;issuer_signed=on"
    ours, theirs = oauth().extended(DRAFT), oauth().extended(hinted)
    assert check("DI", parse(altered, theirs)).result == "attack"
    assert check("DI", parse(f"{altered};rs_issuers=signed", ours)).result == "attack"
    assert check("DI", parse(f"{altered};{checked}", ours)).result == "safe"
    assert check("CD", parse(f"cap=mal_as+mal_rs;iss_check=off;{checked}", ours)).result == "attack"


def test_what_the_attackers_own_server_says_it_chooses_in_steps_of_honest_parties_too():
    """A challenge is a part of the client's call, and the server that is called writes it."""

    def added():
        @draft.field("Challenge", "hint")
        def hint(c, sent):
            return "none"

        @draft.rule(message="Challenge", actor="client", source="draft-me 6")
        def hint_is_the_server(c, says, held):
            """The challenge names the AS."""
            return draft.same(says["hint"], "https://as.example")

    mine = oauth().extended(added)
    assert check("FC", parse("cap=none", mine)).result == "not_reached"
    assert check("DI", parse("cap=none", mine)).result == check("DI", parse("cap=none")).result
    assert check("CD", parse("cap=mal_as+mal_rs;iss_check=off", mine)).result == "attack"


def test_the_attacker_writes_again_what_it_has_seen():
    """A signature of somebody else's, once it was sent one."""

    def added():
        @draft.field("AuthorizationResponse", "proof", lambda world: [draft.signed(one.url) for one in world.servers])
        def proof(c, sent):
            issuers = {grant.name: c.world.by_name[grant.server].url for grant in c.world.grants}
            return draft.mapped(lambda code: draft.signed(issuers.get(code, "none")), sent.message.code)

        @draft.rule(message="AuthorizationResponse", actor="client", source="draft-me 5")
        def proof_is_by_the_server(c, says, held):
            """The response has the proof of the AS that the session is at."""
            return draft.same(says["proof"], draft.signed(held["issuer"]))

    mine = oauth().extended(added)
    assert agreed("first_contact", "world=mixup;cap=none", mine)
    # What it got for itself proves nothing of the session that it is put into.
    assert check("SI", parse("cap=lure;state=off;pkce=off;pkce_as=lax", mine)).result == "attack"
    assert check("CD", parse("world=mixup;cap=mal_as;iss_check=off", mine)).result == "safe"


@pytest.mark.parametrize(
    ("value", "who"),
    [
        (draft.hashed("a", "b"), ()),
        (draft.signed("https://as.example", "a"), ("https://as.example",)),
        (draft.mac(("as", "client"), "a"), ("as", "client")),
        ("https://as.example", ()),
        (draft.signed("none", "a"), ()),
    ],
)
def test_values_say_who_can_make_them(value, who):
    """Anybody makes a name or a hash; nothing is made of what is missing."""
    assert makers(value) == who


def test_what_a_message_does_not_say_is_named():
    """And what it says; a signature has to be listed, so that what was seen is remembered."""

    def asks():
        @draft.rule(message="ResourceMetadata", actor="client", source="draft-me 4")
        def hint_is_followed(c, says, held):
            """The AS that is listed is the one of the hint."""
            return draft.same(says["issuer_hint"], says["authorization_servers"])

    def unlisted():
        @draft.field("ResourceMetadata", "proof")
        def proof(c, sent):
            return draft.signed("https://as.example", "x")

    with pytest.raises(InputError, match="ResourceMetadata says no 'issuer_hint'; allowed: authorization_servers"):
        check("FC", parse("cap=none", oauth().extended(asks)))
    with pytest.raises(InputError, match=r"proof: 'signed by https://as.example: x' is not among values= of"):
        check("FC", parse("cap=none", oauth().extended(unlisted)))


def sends(machine, trace):
    states = machine.replay(trace.steps)
    for step, state in zip(trace.steps, states, strict=False):
        move = machine.by_name[step.action](machine.context(machine.view(state)), **dict(step.choices))
        yield from move.sends


def test_other_processes_have_the_same_draft(tmp_path):
    """What they are asked they answer with it; what came from no file they cannot know, and none of them is asked."""
    ours = oauth().extended(DRAFT)
    question = Question("stray_token", STRAY, None, ours)
    assert [reply.data["verdict"] for reply in answers([question], 1)] == ["attack"]
    backups = ours.extended(lambda: draft.capability("backups", "x"))
    asked = Question("stray_token", STRAY.replace("cap=", "cap=backups+"), None, backups)
    assert [reply.data["verdict"] for reply in answers([asked], 2)] == ["attack"]


def test_answers_are_kept_for_the_draft_that_they_were_given_with(tmp_path):
    """Another text of the draft, or something beside it, is asked anew; nothing added is as if there were no draft."""
    question, found = Question("CD", "cap=mal_as", None), []
    (tmp_path / "other.py").write_text("# nothing\n", encoding="utf-8")
    for given in ((), (DRAFT,), (str(tmp_path / "other.py"),)):
        model = oauth().extended(*given)
        more = model.extended(lambda: draft.capability("backups", "x"))
        found += [Cache(tmp_path).path(question._replace(model=each)) for each in (model, more)]
    assert len(set(found)) == 6
    assert found[0] == Cache(tmp_path).path(question)


WRONG = {
    "switch('prm', 'a b', 'm', 's')": "draft.py:2: there is a switch 'prm' already",
    "switch('x', 'a', 'm', 's')": "draft.py:2: switch 'x' needs two values or more",
    "switch('x', 'a b', 'm', 's', of='clent')": "unknown role 'clent'; did you mean 'client'?",
    "switch('x', 'a b', 'm', 's', words='one')": "draft.py:2: switch 'x' has 2 values and words for 1",
    "nothing()": "draft.py:2: NameError: name 'nothing' is not defined",
    "def (": "draft.py:2: invalid syntax",
    "rule(source='s')(lambda c: True)": "is asked nowhere: say at which step",
    "rule(source='s', at='client.send')(lambda c: True)": "has no docstring",
    "rule(source='s', at='client.send')(named)": "unknown step 'client.send'; did you mean 'client.send_token'?",
    "rule(source='s', at='attacker.present_token')(named)": "who asks rule 'named'?",
    "rule(source='s', message='Response', actor='client')(named)": "unknown message 'Response'",
    "rule(source='s', message='TokenResponse')(named)": "unknown role ''",
    "rule(source='s', guard='token')(named)": "unknown guard 'token'",
    "rule(source='s', guard='token_response')(named)": "unknown value of guard token_response 'c'",
    "check = lambda design: design.prmm": "draft.py:2: unknown switch 'prmm'",
    "check = lambda design: one_of(design.prm, 'exakt')": "draft.py:2: switch 'prm' has no value 'exakt'; did",
    "variant('client.state_matches')(named)": "a variant of client.state_matches takes (",
    "field('ResourceMetadata', 'resource')": "ResourceMetadata has a field 'resource' already",
    "field('Metadata', 'resource')": "unknown message 'Metadata'",
    "switch('mine', 'off on', '', 's')": "switch 'mine' has no meaning or no source",
    "violated('AZ')(named)": "there is a property 'AZ' already",
    "violated('NW', worth=3)(named)": "property 'named': worth is at least 0, and of what hurts somebody, found 3",
    "experiment('mine', 'arms = []')": "draft.py:2: mine: arms: must not be empty",
    "design('mcp', 'prm=off', 'm', 's')": "there is a design 'mcp' already",
    "design('mine', 'pram=off', 'm', 's')": "unknown switch 'pram'",
    "open('/none/at/all')": "draft.py:2: FileNotFoundError: ",
    "raise SystemExit(0)": "draft.py:2: SystemExit: 0",
    "raise BaseException('\\x1b[31mred')": "draft.py:2: BaseException: \\x1b[31mred",
    "f = lambda: f(); f()": "draft.py:2: RecursionError: maximum recursion depth exceeded",
    "while True: pass": "draft.py:2: no end after 0.3 seconds",
    "'\\0'": "draft.py: source code string cannot contain null bytes",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_with_a_draft_is_one_line_that_names_it(tmp_path, monkeypatch, line):
    """File, line, what is wrong, and what is allowed; however it ends, and whether it does."""
    monkeypatch.setattr(inputs, "LIMIT", 0.3 if "while" in line else 60)
    path = tmp_path / "draft.py"
    names = "design, experiment, field, rule, switch, variant, violated"
    more = 'def named(c):\n    """x"""\n' if "named)" in line else ""
    line_of_file = line.replace("\\0", "\0")
    path.write_text(f"{more}from openworld.draft import {names}\n{line_of_file}\n", encoding="utf-8")
    code, out, err = run("verdict", "CD", "cap=mal_as", "--with", str(path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert WRONG[line].replace("draft.py:2", "draft.py:4" if more else "draft.py:2") in err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("None", "draft.py:2: token_is_mine gives None, which is no condition"),
        ("'yes'", "draft.py:2: token_is_mine gives 'yes', which is no condition"),
        ("c.nothing", "draft.py:5: AttributeError: "),
        (
            "c.state.session(who).url == 'x'",
            "draft.py:5: TypeError: what is compared with 'x' is not decided here: write same(), not ==",
        ),
        ("exit(0)", "draft.py:5: SystemExit: 0"),
        ("token_is_mine(c, who)", "draft.py:5: RecursionError: maximum recursion depth exceeded"),
        ("[0 for _ in iter(int, 1)]", "draft.py:5: no end after"),
        ("open(__file__)", "draft.py:2: token_is_mine reads file"),
    ],
)
def test_what_a_rule_fails_to_give_is_one_line_of_its_file(tmp_path, monkeypatch, given, said):
    """When it is asked, not when the draft is read."""
    monkeypatch.setattr(inputs, "LIMIT", 0.3 if "iter(" in given else 60)
    path = tmp_path / "draft.py"
    path.write_text(
        "from openworld.draft import rule\n@rule(at='client.send_token', source='s')\n"
        f'def token_is_mine(c, who):\n    """x"""\n    return {given}\n',
        encoding="utf-8",
    )
    mine = oauth().extended(path)
    with pytest.raises(draft.DraftError, match=re.escape(said)):
        check("TC", parse("cap=mal_as", mine))


def test_what_a_draft_prints_is_no_answer(tmp_path):
    """Whoever reads the answer as JSON reads nothing else."""
    path = tmp_path / "draft.py"
    path.write_text("print('hello')\n", encoding="utf-8")
    code, out, err = run("verdict", "FC", "design=mcp", "--format", "json", "--with", str(path))
    assert (code, json.loads(out)["verdict"], "hello" in err) == (0, "reached", True)


def test_the_original_of_a_rule_is_what_it_was_wherever_it_is_called(tmp_path):
    """Also inside of the variant, and of a variant of that."""
    path = tmp_path / "draft.py"
    path.write_text(
        "from openworld.draft import original, variant\n"
        "for _ in range(2):\n"
        "    @variant('client.state_matches')\n"
        "    def same_state(design, returned, session):\n"
        "        return original('client.state_matches')(design, returned, session)\n",
        encoding="utf-8",
    )
    ours = check("FC", parse("design=mcp", oauth().extended(path)))
    assert (ours.result, ours.steps) == ("reached", check("FC", parse("design=mcp")).steps)


def test_a_misspelt_value_is_an_error_in_a_notebook_too():
    """Where a rule is made in a cell, before anybody asks it."""

    def added():
        @draft.rule(guard="server_metadata", source="a draft")
        def client_is_sure(design):
            """The client is sure."""
            return draft.same(design.prm, "exakt")

    with pytest.raises(draft.DraftError, match="client_is_sure, line 4: switch 'prm' has no value 'exakt'"):
        oauth().extended(added)


def test_a_switch_that_nothing_reads_is_an_error_when_it_is_asked_about(tmp_path):
    """What a draft leaves incomplete is said, and no tick."""
    path = tmp_path / "idle.py"
    path.write_text('from openworld.draft import switch\nswitch("idle", "a b", "nothing", "s")\n', encoding="utf-8")
    code, _, err = run("verdict", "CD", "cap=mal_as;idle=b", "--with", str(path))
    assert (code, err) == (2, "openworld: switch 'idle' is read by nothing in world 'default'\n")


def test_additions_are_made_to_a_model():
    """Nothing is added to the one that ships."""
    with pytest.raises(draft.DraftError, match="given to --with"):
        draft.capability("backups", "x")


def test_worlds_and_other_files_know_the_words_of_a_draft(tmp_path):
    """Even where files of their kind were read before."""
    world, known = tmp_path / "w.toml", files("model").joinpath("worlds", "mixup.toml").read_text(encoding="utf-8")
    policy = 'role = "client"\npolicy = { patient = "no" }'
    world.write_text(known.replace('role = "client"', policy), encoding="utf-8")
    with pytest.raises(InputError, match="unknown switch 'patient'"):
        find_world(str(world))
    mine = oauth().extended(lambda: draft.switch("patient", "yes no", "whether it waits", "a draft", of="client"))
    assert find_world(str(world), mine).clients[0].settings == {"patient": "no"}


def test_populations_read_what_a_draft_adds():
    """In a process of its own: where nobody signs, a client that insists on it gets nowhere, and the rule is named."""
    arms = (
        "--arms",
        "issuer_signed=off",
        "issuer_signed=on",
        "--population",
        "swept",
        "--inputs",
        "0",
        "--with",
        DRAFT,
    )
    asked = [sys.executable, "-m", "openworld.cli", "simulate", *arms]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    said = " ".join(ran.stdout.split())
    assert (
        "issuer_signed=on: flows are lost and none is won; the same thefts; refused by client.issuer_is_signed" in said
    )


STRAYS = '''
from openworld.draft import experiment

experiment("strays", """
question = "How many tokens go astray?"
population = "swept"
arms = ["issuer_signed=off", "issuer_signed=on"]
mixes = { place = { forged_metadata = 1 }, rs_issuers = { signed = 1 }, api = { single_path = 1 } }
attacker = "money"
""")
'''


def test_a_draft_names_whom_its_property_hurts_and_brings_its_experiment(tmp_path):
    """It is counted as any harm is, by arms and a factor that the draft adds; and counts with it are no others'."""
    path, without = tmp_path / "mine.py", code()
    path.write_text(Path(DRAFT).read_text(encoding="utf-8") + STRAYS, encoding="utf-8")
    told = ("--attempts", "100", "--replications", "1", "--workers", "1", "--format", "json")
    exit_code, out, _ = run("simulate", "strays", *told, "--with", str(path))
    rates = {(row["arm"], row["kind"]): row for row in json.loads(out)["rates"] if row["outcome"] == "stray_token"}
    assert exit_code == 0
    assert {row["hurt"] for row in rates.values()} == {"user"}
    assert rates["issuer_signed=off", "harm"]["count"] == rates["issuer_signed=off", "attainable"]["count"] == 100
    assert rates["issuer_signed=on", "harm"]["count"] == rates["issuer_signed=on", "attainable"]["count"] == 0
    assert run("simulate", "strays", *told)[0] == 2
    mine = oauth().extended(path)
    assert worded("harm", "stray_token", mine) == "tokens go astray"
    assert code(mine) != without == code()


def test_figures_call_what_a_draft_adds_by_its_words():
    """Of the model that has it."""
    ours = oauth().extended(DRAFT)
    assert of_configuration("rs_issuers=signed", ours) == "RS signs its issuer"
    assert worded("property", "stray_token", ours) == "tokens go where they are taken"
    assert worded("property", "stray_token") == "stray_token"
