"""Charts for Internet-Drafts, read by the tool that the RFC series uses."""

import html
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from model.chart import ascii_art, chart
from model.design import Configuration, parse
from model.machine import Machine
from model.trace import Trace, from_json
from model.world_file import WORLDS

AASVG = "aasvg@0.5.2"
GOLDEN = Path(__file__).parent / "golden"
Convert = Callable[[str], str]


@pytest.fixture(scope="session")
def aasvg(installed_from_npm: Callable[[str], Path]) -> Convert:
    """Turns ASCII art into SVG with the real tool."""
    tool = installed_from_npm(AASVG) / "main.js"

    def convert(artwork: str) -> str:
        command = ["node", str(tool)]
        ran = subprocess.run(command, input=artwork, capture_output=True, text=True, check=False, timeout=60)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout

    return convert


def faithful(artwork: str, trace: Trace, svg: str, under: Configuration | None = None) -> None:
    """Every arrow became an arrow, every word stayed a word, and no line is there that nobody drew."""
    sent = chart(trace, under=under).sent
    arrows = sum(message.sender != message.receiver for message in sent)
    in_legend = any(not message.honest for message in sent)
    assert svg.count('<polygon class="arrowhead"') == arrows + in_legend
    assert svg.count("<circle") == len(sent) - arrows
    segments = [found for path in re.findall(r' d="([^"]*)"', svg) for found in path.split("M")[1:]]
    assert segments
    for segment in segments:
        assert re.fullmatch(r" ?[\d.]+,[\d.]+ ?L ?[\d.]+,[\d.]+ ?", segment), segment
        (x, y), (to_x, to_y) = re.findall(r"([\d.]+),([\d.]+)", segment)
        assert x == to_x or y == to_y, segment
    drawn = html.unescape("".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)))
    written = re.sub(r"[|]|[-=+]+>|<[-=+]+|(?<= )o(?= )", "", artwork)
    # Where the slashes of two URLs stand diagonally, one below the other, the tool takes one of a pair for a line. That
    # is a fault of the charts that is not mended yet; nothing else may be lost.
    assert sorted("".join(drawn.split()).replace("//", "/")) == sorted("".join(written.split()).replace("//", "/"))


def test_the_mixup_is_read_as_it_is_meant(aasvg: Convert) -> None:
    """The chart of an attack, and the same stopped by a rule."""
    mixup = from_json((GOLDEN / "mixup.json").read_text(encoding="utf-8"))
    faithful(artwork := ascii_art(chart(mixup)), mixup, aasvg(artwork))
    under = parse("cap=mal_as")
    faithful(artwork := ascii_art(chart(mixup, under=under)), mixup, aasvg(artwork), under)


@pytest.mark.parametrize("seeds", [2, pytest.param(16, marks=pytest.mark.slow)])
def test_random_runs_are_read_as_they_are_meant(
    aasvg: Convert, sample: Callable[..., Configuration], seeds: int
) -> None:
    """Runs that nobody chose, under random designs and attackers."""
    for seed in range(seeds):
        rng = random.Random(seed)
        machine = Machine(sample(rng), list(WORLDS.values())[seed % len(WORLDS)])
        state, steps = machine.initial, []
        while len(steps) < 14 and (moves := list(machine.moves(state))):
            step, state = rng.choice(moves)
            steps.append(step)
        trace = Trace(machine.world, machine.configuration, "nothing", tuple(steps))
        faithful(artwork := ascii_art(chart(trace, checks=seed % 3 == 0)), trace, aasvg(artwork))
