"""Clients learned as machines: played ones here, real ones among the slow tests."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance import inspection
from conformance.automaton import Automaton, Edge, Word, differences, side_by_side
from conformance.inspection import checks, harms, refused_by, violated_by
from conformance.install import Installed
from conformance.learned import dot
from conformance.learner import Answered, UnstableError, by_model, learn, surprises
from conformance.lock import Lock
from conformance.run import Settings
from conformance.software import CLIENTS, Release, release
from conformance.words import Kept, RealClient
from deployed.explanation import design_of
from model.clients import clients, find
from model.conversation import converse
from model.design import Design
from model.errors import InputError
from model.part import Part
from model.played import play
from model.scenario import ORIGINS, in_the_end, load, names
from model.switches import SWITCHES
from model.turns import GIVES_UP, SERVED, SILENT, Input, Turn, alphabet, inputs, parts_of
from openworld.cli import main
from openworld.work.learn import _data, _kept, _Learned

#: Enough for a machine that goes all the way, and small enough to be walked through whole.
FEW = (
    "call.challenge", "call.served", "resource_metadata.honest", "resource_metadata.R08_cross_origin_port",
    "resource_metadata.attackers_server", "server_metadata.honest", "server_metadata.A01_issuer_other",
    "server_metadata.borrowed_endpoint", "register.honest", "authorize.honest", "authorize.M02_iss_wrong_adv",
    "token.honest",
)  # fmt: skip
#: A client that checks nothing which it is not made to check, and one that checks.
LAX = {"prm": "unchecked", "md_issuer_check": "off", "iss_check": "off"}


def played(design: Design, few: tuple[str, ...] = FEW) -> Answered:
    return Answered(alphabet(few), by_model(design))


def whole(known: Answered, machine: Automaton) -> Iterator[Word]:
    """Every word that leads on, with what the client does at its end held against the machine."""
    waiting: list[Word] = [()]
    while waiting:
        word = waiting.pop()
        turns = known.turns(word)
        turn = turns[-1] if turns else known.first
        assert machine.after(word)[0] == turn, word
        waiting += [(*word, name) for name in known.offered(turn)]
        yield word


@pytest.mark.parametrize("changes", [{}, LAX, {"prm_unchallenged": "path+root", "prm_retry": "yes"}])
def test_a_learned_machine_does_what_its_client_does(changes: dict[str, str]) -> None:
    known = played(Design(changes))
    assert len(list(whole(known, learn(known)))) > 20


def test_it_is_the_same_machine_every_time() -> None:
    assert len({learn(played(Design(LAX)), seed=seed).digest for seed in range(5)}) == 1


@pytest.mark.parametrize(
    "name",
    ["oauth4webapi==3.8.8", "ts-sdk-v1==1.11.0", *(pytest.param(name, marks=pytest.mark.slow) for name in clients())],
)
def test_what_the_model_says_of_a_client_is_learned_without_walks(name: str) -> None:
    """Two thousand of them find nothing more. What leads there is asked of it only late: an ``iss`` that is missing."""
    known = Answered(alphabet(), by_model(design_of(name)))
    machine = learn(known, walks=0)
    assert learn(known, walks=2000).digest == machine.digest


def test_a_prediction_that_is_right_takes_no_walks() -> None:
    """Its differences to what was learned so far lead to all that the client does."""
    design = Design(LAX)
    predicted = learn(played(design), walks=0)
    known = played(design)
    assert learn(known, predicted, walks=0).digest == predicted.digest


def test_a_prediction_that_is_wrong_is_told_where() -> None:
    strict, lax = learn(played(Design())), learn(played(Design(LAX)))
    found = learn(played(Design(LAX)), strict)
    assert found.digest == lax.digest
    words = [pair.word for pair in surprises(found, strict)]
    assert ("call.challenge", "resource_metadata.R08_cross_origin_port") in words
    assert words == [pair.word for pair in differences(found, strict)]


def test_two_machines_are_met_in_the_states_of_the_first() -> None:
    """Where the second tells two states apart that are one for the first."""
    turn, ended = Turn("call", "rs"), Turn(GIVES_UP)
    one = Automaton(turn, ({"again": Edge(turn, 0)},))
    two = Automaton(turn, ({"again": Edge(turn, 1)}, {"again": Edge(ended, 1)}))
    assert [(pair.word, pair.state, pair.other) for pair in side_by_side(one, two)] == [
        (("again",), 0, turn),
        (("again", "again"), 0, ended),
    ]
    assert [pair.state for pair in side_by_side(two, one)] == [0, 1]


def test_a_client_that_does_another_thing_each_time_is_said_to() -> None:
    turns = (Turn("call", f"rs{number}") for number in range(100))
    with pytest.raises(UnstableError, match="after "):
        learn(Answered(alphabet(FEW), lambda word: (next(turns), [(word[0], Turn(GIVES_UP))] if word else [])))


def test_what_happens_once_and_never_again_is_asked_again() -> None:
    ask = by_model(Design())
    asked = 0

    def now_and_then(word: Word) -> tuple[Turn, list[tuple[str, Turn]]]:
        nonlocal asked
        asked += 1
        first, steps = ask(word)
        return (Turn("call", "as1") if asked == 5 else first), list(steps)

    assert learn(Answered(alphabet(FEW), now_and_then)).digest == learn(played(Design())).digest


def test_what_was_not_measured_is_part_of_the_machine() -> None:
    ask = by_model(Design())

    def silent(word: Word) -> tuple[Turn, list[tuple[str, Turn]]]:
        first, steps = ask(word)
        place = next((place for place, (_, turn) in enumerate(steps) if turn.request == "token"), len(steps))
        return first, [*steps[:place], *((name, Turn(SILENT)) for name, _ in steps[place : place + 1])]

    machine = learn(Answered(alphabet(FEW), silent))
    assert any(word[-1] == "authorize.honest" for word in machine.unmeasured)


@pytest.mark.parametrize(
    ("turn", "violated"),
    [
        (Turn("token", "evil", "", (), (Part("code", "as1"),)), ["code_delivery"]),
        (
            Turn("token", "evil", "", (), (Part("code", "as1"), Part("code_verifier", "as1"))),
            ["code_delivery", "authorization"],
        ),
        (Turn("token", "evil", "", (), (Part("code", "evil"), Part("code_verifier", "evil"))), []),
        (Turn("token", "as1", "", (), (Part("code", "as1"), Part("code_verifier", "as1"))), []),
        (
            Turn("call", "rs", "", (), (Part("access_token", "as1"), Part("good_for", "{as2}/mcp"))),
            ["token_confinement"],
        ),
        (Turn("call", "rs", "", (), (Part("access_token", "as1"), Part("good_for", "{rs}/mcp"))), []),
    ],
    ids=str,
)
def test_request_violates_by_what_it_gives_away_and_to_whom(turn: Turn, violated: list[str]) -> None:
    assert list(violated_by(turn)) == violated


def test_what_must_not_be_reached_is_found_by_a_shortest_word() -> None:
    """A machine whose token requests say whose code they carry, as those of real clients do."""
    few = (*FEW, "server_metadata.M11_token_endpoint_elsewhere")
    ask = by_model(Design(LAX))

    def real(word: Word) -> tuple[Turn, list[tuple[str, Turn]]]:
        first, steps = ask(word)
        asked = [turn.to for _, turn in steps if turn.request == "authorize"]
        return first, [
            (name, replace(turn, what=(Part("code", asked[-1]), Part("code_verifier", asked[-1]))))
            if turn.request == "token"
            else (name, turn)
            for name, turn in steps
        ]

    found = {harm.violates: harm for harm in harms(learn(Answered(alphabet(few), real)))}
    assert {*found} == {"code_delivery", "authorization"}
    word = found["code_delivery"].word
    # That an honest server names the attacker's endpoint is no attack, though it is as short.
    assert word[1:3] == ("resource_metadata.attackers_server", "server_metadata.borrowed_endpoint")
    assert str(found["code_delivery"].turn).startswith("token@evil")


def test_a_machine_is_asked_what_it_makes_of_what_should_be_refused() -> None:
    def made(design: Design) -> dict[str, set[str]]:
        known = played(design)
        return {check.answer.name: {*check.made} for check in checks(learn(known), known.alphabet)}

    strict, lax = made(Design()), made(Design(LAX))
    assert strict["resource_metadata.R08_cross_origin_port"] == {"refuses"}
    assert strict["authorize.M02_iss_wrong_adv"] == strict["server_metadata.A01_issuer_other"] == {"refuses"}
    assert "refuses" not in lax["resource_metadata.R08_cross_origin_port"]
    assert "refuses" not in lax["authorize.M02_iss_wrong_adv"] | lax["server_metadata.A01_issuer_other"]


def test_a_rule_that_refuses_is_looked_for_in_designs_of_clients() -> None:
    """The baseline comes first; each other one differs from it in what a client does, and in nothing else."""
    first, *others = inspection._designs()
    assert first == ("", "", Design())
    for name, value, design in others:
        assert SWITCHES[name].kind in ("mechanism", "conduct")
        assert design == Design({name: value}) != Design()


def test_every_answer_that_is_no_honest_one_is_refused_by_some_rule_or_none() -> None:
    refused = {one.name: refused_by(one, alphabet(FEW)) for one in alphabet(FEW)}
    assert refused["token.honest"] is refused["call.served"] is None
    found = refused["authorize.M02_iss_wrong_adv"]
    assert found is not None
    assert (found.rule.name, found.switch) == ("client.iss_matches_recorded_issuer", "")


def test_machines_survive_being_written() -> None:
    machine = learn(played(Design(LAX)))
    again = Automaton.from_json(machine.to_json())
    assert again == machine
    assert again.digest == machine.digest
    assert not list(differences(machine, again))


def test_the_graph_says_it_in_words() -> None:
    machine = learn(played(Design()))
    text = dot(machine, 'a "client"')
    assert text.startswith('digraph "a \\"client\\"" {')
    assert text.count("->") <= sum(map(len, machine.states))
    assert inputs()["register.honest"].about in text


# --- the model's client, turn by turn --------------------------------------------------------------------------


def _plays(design: Design, name: str) -> str:
    """How a client ends whose every request is answered as a scenario has it."""
    scenario, own, word = load(name), {one.to: one for one in parts_of(name)}, list[Input]()
    servers = in_the_end(name).get("servers", {})
    while True:
        first, steps = play(design, word)
        turn = steps[-1][1] if steps else first
        if turn.ended:
            return turn.request
        answers = any(at.startswith(ORIGINS[turn.to]) for at in scenario.endpoints)
        if turn.request in ("register", "authorize", "token") and not answers:
            return GIVES_UP
        if turn.request == "call":
            word.append(own.get("call", inputs()["call.challenge"]) if not steps else inputs()["call.served"])
            continue
        honest = inputs()[f"{turn.request}.honest"]
        concerned = turn.request not in ("server_metadata", "authorize") or not servers or turn.to in servers
        found = scenario.fetch(ORIGINS[turn.to] + turn.at)
        if turn.at and (found is None or found.status != 200):
            word.append(inputs()[f"{turn.request}.not_found"])
        else:
            word.append(own.get(turn.request, honest) if concerned else honest)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", [name for name in names() if name[0] in "MTPA" and name[:2] not in ("AT", "T07")])
def test_turn_by_turn_it_ends_as_in_the_scenario(name: str) -> None:
    for design in dict.fromkeys(known.design for known in clients().values()):
        assert (_plays(design, name) == SERVED) == (converse(design, load(name)).stage == "A"), design.changes()


def test_answers_it_does_not_ask_for_are_left_out() -> None:
    known = inputs()
    first, steps = play(Design(), [known["token.honest"], known["call.challenge"], known["register.honest"]])
    assert str(first) == "call@rs"
    assert [one.name for one, _ in steps] == ["call.challenge"]


def test_a_second_call_is_played_as_well() -> None:
    honest = [
        inputs()[name]
        for name in (
            "call.challenge",
            "resource_metadata.honest",
            "server_metadata.honest",
            "register.honest",
            "authorize.honest",
            "token.honest",
            "call.served",
            "call.insufficient_scope",
        )
    ]
    design = find("mcp-python==2.3.0").design
    assert play(design, honest)[1][-1][1].request == SERVED
    assert str(play(design, honest, calls=2)[1][-1][1]).startswith("authorize@as1")


def test_names_that_are_none_are_told_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"no answer 'tokn'; known: .*token\.honest"):
        alphabet(["tokn"])
    assert {one.to for one in alphabet(["token."])} == {"token"}


# --- what is kept of real ones ---------------------------------------------------------------------------------


def _client(version: str = "1.0") -> RealClient:
    return RealClient(
        Installed(Release(CLIENTS["mcp-python"], version), (), {}, lock=Lock()), Settings(), authority=None
    )


def test_what_was_asked_is_kept_line_by_line(tmp_path: Path) -> None:
    few, path = alphabet(FEW), tmp_path / "answers.jsonl"
    kept = Kept(path, _client(), few)
    said = [by_model(Design())(word) for word in ((), ("call.challenge",))]
    for first, steps in said:
        kept.add(first, list(steps))
    kept.add(Turn("call", "rs"), [("call.challenge", Turn(SILENT))])  # not measured: asked again next time
    assert Kept(path, _client(), few).load() == said
    with path.open("ab") as file:
        file.write(b'{"first": {"request": "ca')  # cut short
    assert Kept(path, _client(), few).load() == said
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b"call.challenge", b"call.served"))  # by somebody else
    assert Kept(path, _client(), few).load() == said[:1]
    assert Kept(path, _client("2.0"), few).load() == []
    assert path.read_bytes() == b""


# --- the command -----------------------------------------------------------------------------------------------


def _written(tmp_path: Path, name: str, machine: Automaton) -> str:
    path = tmp_path / f"{name}.json"
    path.write_text(
        json.dumps(
            {
                "client": name,
                "answers": list(FEW),
                "about": {"asked": 1, "known_before": 0, "seed": 1, "protection": "none"},
                "machine": machine.to_json(),
            }
        )
    )
    return str(path)


def test_machines_that_were_kept_are_compared_in_words(tmp_path: Path) -> None:
    one, other = (
        _written(tmp_path, name, learn(played(Design(changes))))
        for name, changes in (("strict", {}), ("lax", {"iss_check": "off"}))
    )
    ran = CliRunner().invoke(main, ["learn", one, other])
    assert ran.exit_code == 0, ran.output
    assert "strict and lax part in " in ran.output
    assert f"a client_id; {inputs()['authorize.M02_iss_wrong_adv'].about}" in ran.output
    assert "    strict: gives up\n    lax: token@as1" in ran.output
    told = json.loads(CliRunner().invoke(main, ["learn", one, other, "--format", "json"]).output)
    assert {one["other"]["request"] for one in told["differences"]} == {"token"}
    assert "do the same" in CliRunner().invoke(main, ["learn", one, one]).output


def test_a_kept_machine_is_inspected_and_drawn(tmp_path: Path) -> None:
    path = _written(tmp_path, "lax", learn(played(Design(LAX))))
    ran = CliRunner().invoke(main, ["learn", path, "--dot", str(tmp_path / "lax.dot")])
    assert ran.exit_code == 0, ran.output
    assert "rule: client.iss_matches_recorded_issuer [RFC 9207 2.4" in ran.output
    assert (tmp_path / "lax.dot").read_text().startswith("digraph")
    told = json.loads(CliRunner().invoke(main, ["learn", path, "--format", "json"]).output)
    assert told["violates"] == []
    assert told["machine"] == json.loads(Path(path).read_bytes())["machine"]


def test_what_was_not_measured_is_exit_code_3(tmp_path: Path) -> None:
    machine = Automaton(Turn("call", "rs"), ({"call.challenge": Edge(Turn(SILENT), 1)}, {}))
    ran = CliRunner().invoke(main, ["learn", _written(tmp_path, "hangs", machine)])
    assert ran.exit_code == 3
    assert "hangs: not measured after 1 rows of answers" in ran.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody==1.0"], "unknown client 'nobody'"),
        (["mcp-python==2.3.0", "--answers", "tokn"], "no answer 'tokn'"),
        (["a", "b", "c"], "name one client to learn it, or two to compare them"),
        (["a.json", "b.json", "--dot", "x.dot"], "--dot draws one machine"),
        (["missing.json"], "missing.json: No such file"),
    ],
)
def test_what_cannot_be_learned_is_one_line(arguments: list[str], said: str) -> None:
    ran = CliRunner().invoke(main, ["learn", *arguments])
    assert ran.exit_code == 2
    assert said in ran.output
    assert ran.output.count("\n") == 1


def test_a_client_that_does_another_thing_each_time_is_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def unstable(name: str) -> None:
        raise UnstableError("it does not do the same each time, after nothing: call@rs | call@as1")

    monkeypatch.setattr("openworld.work.learn._kept", unstable)
    ran = CliRunner().invoke(main, ["learn", "one.json"])
    assert ran.exit_code == 3
    assert ran.output == "openworld: it does not do the same each time, after nothing: call@rs | call@as1\n"


# --- real ones -------------------------------------------------------------------------------------------------


def _learned(name: str, folder: Path, *options: str) -> Automaton:
    ran = CliRunner().invoke(main, ["learn", name, "-o", str(folder), *options])
    assert ran.exit_code == 0, ran.output
    path = folder / release(name, CLIENTS, "client").slug / "machine.json"
    return Automaton.from_json(json.loads(path.read_text())["machine"])


@pytest.mark.slow
def test_a_real_client_is_the_same_machine_every_time(tmp_path: Path) -> None:
    found = {_learned("mcp-python==2.3.0", tmp_path / str(seed), "--seed", str(seed)).digest for seed in range(5)}
    assert len(found) == 1


@pytest.mark.slow
def test_what_no_scenario_sees_is_a_difference_of_two_releases(tmp_path: Path) -> None:
    """What they do with a 403 insufficient_scope to the very first request."""
    one, other = (_learned(f"mcp-python=={version}", tmp_path) for version in ("2.0.1", "2.3.0"))
    assert ("call.insufficient_scope",) in [pair.word for pair in differences(one, other)]


def test_a_learned_machine_is_kept_under_the_names_by_which_it_is_read(tmp_path: Path) -> None:
    """Written and read again it is the same."""
    known = played(Design(LAX))
    one = _Learned("a client", learn(known, walks=0), tuple(known.alphabet), {"seed": 1})
    file = tmp_path / "learned.json"
    file.write_text(json.dumps(_data(one)), encoding="utf-8")
    assert _kept(str(file)) == one
