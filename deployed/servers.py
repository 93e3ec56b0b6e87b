"""Deployed authorization and resource servers as settings of the model's switches.

An authorization server is a value for each switch in :data:`AUTHORIZATION_SERVER`, a resource server for each in
:data:`RESOURCE_SERVER`. The tables are ``data/as_classes.csv`` and ``data/rs_classes.csv``; each row says what it
rests on, and why it is where it is or why the model has no words for it.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from model.switches import check_switch

#: What tells authorization servers apart: the treatment of `resource`, echo, iss, DPoP, and resources asked for late.
AUTHORIZATION_SERVER = ("as_resource", "as_echo", "h_iss", "as_dpop", "grant_resource")
#: What tells resource servers apart: what they compare of a token, where and by which scheme they take it, and what
#: they do with one that is bound to a key.
RESOURCE_SERVER = (
    "audience_check", "rs_no_audience", "rs_aud_slash", "rs_trust", "issuer_match", "typ_check", "scope_check",
    "rs_in_query", "rs_in_form", "rs_schemes", "rs_cnf", "rs_htu", "rs_htu_query", "rs_htu_slash", "rs_htm", "rs_ath",
    "dpop_replay", "rs_x5t",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """A product in one configuration.

    Attributes:
        name: product, version and configuration.
        product: the product alone; a product may stand in several rows.
        settings: its switches, or nothing where the model cannot express it.
        evidence: measured, read, doc, issue and so on, best first.
        reason: why these settings, or why none.
    """

    name: str
    product: str
    settings: Mapping[str, str]
    evidence: str
    reason: str


@cache
def authorization_servers() -> Mapping[str, Server]:
    """The authorization servers by name."""
    return _read("as_classes.csv", "as_name", AUTHORIZATION_SERVER)


@cache
def resource_servers() -> Mapping[str, Server]:
    """The resource servers by name."""
    return _read("rs_classes.csv", "rs_name", RESOURCE_SERVER)


def _read(table: str, key: str, switches: tuple[str, ...]) -> Mapping[str, Server]:
    lines = files("deployed").joinpath("data", table).read_text(encoding="utf-8").splitlines()
    found = {}
    for row in csv.DictReader(lines):
        expressible = row["expressible"] == "yes"
        settings = {name: check_switch(name, row[name]) for name in switches if row.get(name)} if expressible else {}
        found[row[key]] = Server(row[key], row["product"], settings, row["evidence"], row["reason"])
    return found
