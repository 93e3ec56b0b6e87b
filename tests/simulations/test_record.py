"""Every attempt on disk, in order, and the same counts."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from simulations import agents, engine, readers, vectorised
from simulations.population import load
from simulations.units import Unit

ARMS = ((), (("echo", "req"),))


@pytest.mark.parametrize("reader", ["arrays", "agents"])
def test_what_is_recorded_is_what_is_counted(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row for each attempt and arm, in as many groups as it takes; counting is not changed by it."""
    monkeypatch.setattr(readers, "GROUP", 50)
    monkeypatch.setattr(agents, "CHUNK", 32)
    monkeypatch.setattr(vectorised, "CHUNK", 32)
    unit = Unit(load("swept"), ARMS, "1", 150, reader=reader, first=4)
    tally = engine.count(Unit(unit.population, ARMS, "1", 150, reader=reader, first=4, record=str(tmp_path)))
    assert tally == engine.count(unit)
    (file,) = tmp_path.iterdir()
    assert file.name == f"{unit.digest}.parquet"
    assert pq.ParquetFile(file).num_row_groups >= 3
    rows = pq.read_table(file).to_pandas()
    for arm in (0, 1):
        here = rows[rows.arm == arm]
        assert here.attempt.tolist() == list(range(4, 154))
        written = Counter(zip(here.kind, here.outcome, here.harms, strict=True))
        counted: Counter[tuple[str, str, str]] = Counter()
        for joint, times in tally.endings.items():
            counted[joint[arm].kind, joint[arm].name, "+".join(joint[arm].harms)] += times
        assert written == counted


def test_a_file_that_is_missing_is_counted_again(tmp_path: Path) -> None:
    """What was counted before is taken from the store only if its attempts are written down as well."""
    unit = Unit(load("swept"), ARMS, "1", 400, record=str(tmp_path / "attempts"))
    engine.run([unit], store=tmp_path / "counted")
    (file,) = (tmp_path / "attempts").iterdir()
    file.unlink()
    engine.run([unit], store=tmp_path / "counted")
    assert file.exists()


def test_a_run_that_breaks_off_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of a unit leaves nothing that could be taken for its attempts."""

    def broken(*_: object, **__: object) -> object:
        yield [[], []]
        raise KeyboardInterrupt

    monkeypatch.setattr(vectorised, "attempts", broken)
    with pytest.raises(KeyboardInterrupt):
        engine.count(Unit(load("swept"), ARMS, "1", 400, record=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []
