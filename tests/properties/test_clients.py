"""What is proved of a deployed client's design is what the client was seen to do."""

import pytest

from deployed.behaviour import measured
from model.clients import clients
from model.conversation import converse
from model.design import parse
from model.scenario import load

#: Clients that discover their AS at run time, and of which the mix-up scenarios were measured.
DISCOVERING = [
    name for name, known in clients().items() if known.design.prm != "off" and "M08_mixup_iss" in measured()[name]
]
#: The scenarios in which a malicious AS borrows the honest authorization endpoint, by whether the honest AS sends iss.
MIXUPS = {"yes": ("M08_mixup_iss", "M10_mixup_evil_claims_as1_issuer"), "no": ("M09_mixup_no_iss", "E02_mixup_cimd")}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("iss", MIXUPS)
@pytest.mark.parametrize("name", DISCOVERING)
def test_codes_are_stolen_in_proofs_where_they_were_in_the_wild(name, iss, checker):
    """The solver finds a mix-up against a client just where the client gave a code away, measured and predicted."""
    tried = [scenario for scenario in MIXUPS[iss] if scenario in measured()[name]]
    seen = any(measured()[name][scenario].misdelivered for scenario in tried)
    predicted = any(converse(clients()[name].design, load(scenario)).misdelivered for scenario in tried)
    verdict = checker.verdict("code_delivery", parse(f"design={name};cap=mal_as;splice=yes;h_iss={iss}"))
    assert (verdict.result == "attack") == seen == predicted
