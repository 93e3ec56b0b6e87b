"""Values of fields that drafts add are made by who can make them."""

from __future__ import annotations

from model.fields import hashed, makers, signed, verified
from model.world import NONE


def test_who_verifies_a_signature_has_what_was_signed():
    """Of the party that it is looked for; nothing where it is of another, inside of something else, or none."""
    assert verified("as", signed("as", "content")) == "content"
    assert verified("crm", signed("as", "content")) == NONE
    assert verified("as", hashed(signed("as", "content"))) == NONE
    assert verified("as", "content") == NONE
    assert makers(str(signed("as", "content"))) == ("as",)
