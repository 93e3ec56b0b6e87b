# Written by `make renew` from the variables of worlds (model/protocols.py).
from collections.abc import Callable
from typing import Any

from model.logic import Condition, Value

class Reading:
    who: str
    def __init__(self, who: str, look: Callable[[str], Any]) -> None: ...

class SessionState(Reading):
    phase: Value
    url: Value
    resource: Value
    listed: Value
    metadata: Value
    issuer: Value
    authorization_at: Value
    token_at: Value
    par_at: Value
    unnamed: Condition
    promises_iss: Condition
    offers_pkce: Condition
    offers_dpop: Condition
    demands_dpop: Condition
    connector: Condition
    request_uri: Value
    went_to: Value
    code: Value
    token: Value
    told: Condition
    reused: Condition
    diverted: Condition
    logged: Condition
    accepted: Condition
    iss: Value
    aud: Value
    agent_jkt: Value
    task: Value
    vouched: Condition
    scope: Value
    passes_on: Value

class GrantState(Reading):
    code: Value
    of: Value
    client: Value
    redirect: Value
    challenge: Value
    state: Value
    key: Value
    resource: Value
    shown: Condition
    relayed: Condition
    exchanged: Value
    named: Value
    word: Value
    to: Value
    bound_key: Value
    certificate: Value
    target: Value
    issued: Condition
    aud: Value
    scope: Value
    through: Value
    source: Value
    crafted: Condition
    opened_by: Value
    approved: Condition
    user: Value
    taken: Condition
    renewed: Condition

class Moved(SessionState):
    def __init__(self, session: SessionState, **values: Any) -> None: ...
