"""Values of fields that drafts add are made by who can make them."""

import pytest

from model.fields import hashed, makers, signed, verified
from model.model import DraftError
from model.receipts import Values
from model.world import NONE


def test_who_verifies_a_signature_has_what_was_signed():
    """Of the party that it is looked for; nothing where it is of another, inside of something else, or none."""
    assert verified("as", signed("as", "content")) == "content"
    assert verified("crm", signed("as", "content")) == NONE
    assert verified("as", hashed(signed("as", "content"))) == NONE
    assert verified("as", "content") == NONE
    assert makers(str(signed("as", "content"))) == ("as",)


def test_a_value_that_a_message_has_not_is_named_with_those_that_it_has():
    """A rule of a draft that asks for it is wrong, and says where."""
    with pytest.raises(DraftError, match="what a token request says: no 'resorce'; did you mean 'resource'"):
        Values("what a token request says:", {"resource": "x", "code": "y"})["resorce"]
