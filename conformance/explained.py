"""What was just seen of a real client, in the terms of measurements, and the design that explains it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from conformance.judge import Judgement
from conformance.play import Play
from conformance.software import Release
from conformance.telling import PARTIES
from deployed import explanation
from deployed.behaviour import Observed
from deployed.explanation import Explanation, Tried
from deployed.fitting import Fit, Note
from model.conversation import STAGES
from model.part import BROKEN_QUERY, PROOF, TRIAL
from model.scenario import ORIGINS
from model.turns import Turn, of


def explain(
    release: Release,
    plays: Sequence[Play],
    judgements: Sequence[Judgement],
    note: Note = lambda explained, of: None,
    fitted: Fit | None = None,
) -> Explanation:
    """The design of a client, and how well it predicts what was seen.

    ``note`` hears how far a fit is; ``fitted``: what came of it before.

    The model is asked about every play that consists of messages alone: not about how messages travel, and not about
    what the attacker does in the browser.
    """
    seen = {one.scenario: observed(one) for one in judgements if one.outcome in STAGES}
    alone = [play for play in plays if play.name in seen and not (play.twist or play.bounce or play.acts)]
    tried = {play.name: Tried(play.scenario(_origins()), play.source, seen[play.name]) for play in alone}
    return explanation.explain(str(release), tried, note, fitted)


def _origins() -> dict[str, str]:
    """The origins that the model uses, and more of their kind for the parties that only attack traces have."""
    return {**ORIGINS, **{name: f"http://127.0.0.1:{8100 + number}" for number, name in enumerate(PARTIES)}}


def observed(judgement: Judgement) -> Observed:
    """A judgement in the terms in which measurements are compared with the model."""
    asked = of(judgement.sent, "authorize")
    query = (len(asked[0].resources), BROKEN_QUERY not in asked[0].what) if asked else None
    stage: Any = judgement.outcome
    sent = tuple(_told(one) for one in judgement.sent if TRIAL not in one.what)
    fetched = judgement.fetched and tuple(map(_placed, judgement.fetched))
    return Observed(stage, sent, query, fetched=fetched)


def _told(sent: Turn) -> Turn:
    """A request with as much of it as measurements have: the `resource` that counts, proofs and schemes."""
    what = tuple(part for part in sent.what if part == PROOF or part.kind == "scheme")
    return replace(sent, resources=tuple(map(_placed, sent.resources[-1:])), what=what)


def _placed(text: str) -> str:
    """A URL at the origins that the model uses."""
    for name, origin in _origins().items():
        text = text.replace(f"{{{name}}}", origin)
    port = ORIGINS["rs"].rpartition(":")[2]
    return text.replace("https://", "http://").replace("{rs_port}", port) if "{rs_port}" in text else text
