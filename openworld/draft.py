"""What a draft of one's own is written with: ``from openworld.draft import *`` at the top of its file.

A file is given to a command with ``--with FILE``; in Python ``oauth().extended(FILE)`` is the model with it. Terms are
read as :mod:`model.logic` has them, a session and what it knows as :mod:`model.readings` does.
"""

from pathlib import Path

from model.action import Context, Move, possible
from model.extension import capability, design, field, original, rule, state, step, switch, variant
from model.fields import drawn, hashed, mac, signed, verified
from model.logic import all_of, any_of, choose, holds, implies, mapped, no, none_of, one_of, same
from model.messages import Message, Sent
from model.model import DraftError, oauth
from model.receipts import REQUESTING, answering, requesting
from model.state import Variables
from model.world import NONE, World
from properties.extension import reached, violated
from simulations.experiment_files import experiment

#: A draft to begin with: a switch, a field, a rule and a property that work.
SKELETON = Path(__file__).parent / "data" / "draft_of_your_own.py"


def skeleton() -> str:
    """Return what ``openworld new draft`` writes."""
    return SKELETON.read_text(encoding="utf-8")


__all__ = [
    "NONE", "REQUESTING", "SKELETON", "Context", "DraftError", "Message", "Move", "Sent", "Variables", "World",
    "all_of", "answering", "any_of", "capability", "choose", "design", "drawn", "experiment", "field", "hashed",
    "holds", "implies", "mac", "mapped", "no", "none_of", "oauth", "one_of", "original", "possible", "reached",
    "requesting", "rule", "same", "signed", "skeleton", "state", "step", "switch", "variant", "verified",
    "violated",
]  # fmt: skip
