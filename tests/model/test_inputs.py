"""What users hand in is read anew each time, and leaves nothing behind."""

import importlib
import sys

from model.inputs import fresh_modules


def test_a_helper_of_a_draft_is_read_from_its_file_and_whoever_had_it_has_it_still(tmp_path, monkeypatch):
    """Within the block it is another module; after it the one that was there before."""
    helper = tmp_path / "helper_of_a_draft.py"
    helper.write_text("VALUE = 1")
    monkeypatch.syspath_prepend(tmp_path)
    first = importlib.import_module("helper_of_a_draft")
    helper.write_text("VALUE = 22")
    with fresh_modules():
        importlib.invalidate_caches()
        assert importlib.import_module("helper_of_a_draft").VALUE == 22
    assert sys.modules.pop("helper_of_a_draft") is first
    assert first.VALUE == 1
