"""Documents are held against schemas without paying for what nobody asks of them."""

import sys

import pytest

from model.documents import DocumentError, Schema, _put_off


def test_a_module_is_imported_when_its_function_is_called(monkeypatch):
    """And not by those who take the function; other importers get the module itself."""
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with _put_off("colorsys", "rgb_to_hls"):
        from colorsys import rgb_to_hls
    assert "colorsys" not in sys.modules
    assert rgb_to_hls(1, 1, 1) == (0, 1, 0)
    assert sys.modules["colorsys"].rgb_to_hls is not rgb_to_hls
    with _put_off("colorsys", "rgb_to_hls"):
        from colorsys import rgb_to_hls as itself
    assert itself is sys.modules["colorsys"].rgb_to_hls


def test_a_module_that_is_not_there_is_missed_when_it_is_needed():
    """Whatever the import of something else makes of that."""
    with _put_off("colours_of_nowhere", "mix"):
        from colours_of_nowhere import mix
    with pytest.raises(ModuleNotFoundError):
        mix()


@pytest.mark.parametrize("document", [{"name": "\x1b[2J"}, {"\u202e": "name"}, {"list": ["fine", "\x07"]}])
def test_a_text_that_does_something_to_a_terminal_is_an_error_whatever_the_schema(document):
    """And what does nothing is none."""
    schema = Schema(lambda: {"type": "object"})
    schema.check({"name": "fine", "list": ["Grüße\n"]})
    with pytest.raises(DocumentError):
        schema.check(document)
