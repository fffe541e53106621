"""Root cause right on all cases and pairs, nothing blocks on a sound one; the kept table says the same."""

from pathlib import Path

import pytest

from mi_workbook.cases import pairs
from mi_workbook.core.errors import InputError
from mi_workbook.views.accuracy import measure, to_markdown

KEPT = Path(__file__).parent.parent / "docs" / "accuracy.md"


def test_every_answer_is_right_and_the_kept_table_is_fresh() -> None:
    """100 % of cases and pairs, no alarm on sound cases; docs/accuracy.md shows these figures."""
    found = measure()
    assert (found.wrong, found.missed, found.alarms) == ((), (), ())
    assert found.pairs >= 30
    assert KEPT.read_text(encoding="utf-8") == to_markdown(found), "run python benchmarks/accuracy.py --write"


def test_pairs_are_of_one_base_and_have_two_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cases of different networks are no pair."""
    assert len({pair.id for pair in pairs.all_pairs()}) == len(pairs.all_pairs())
    bad = tmp_path / "pairs.toml"
    bad.write_text('[[pair]]\nfirst = "same-vnet-stopped"\nsecond = "peering-missing"\n', encoding="utf-8")
    monkeypatch.setattr(pairs, "FILE", bad)
    with pytest.raises(InputError, match="peering-missing"):
        pairs.all_pairs.__wrapped__()
