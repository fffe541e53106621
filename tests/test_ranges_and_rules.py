"""What verdicts are made of, at their edges. Each was asked for by a mutant that no other test noticed."""

from __future__ import annotations

from mi_workbook.core.verdict import Verdict, along, together


def test_path_without_any_decision_is_unknown() -> None:
    """Nothing was looked at, so nothing is proved."""
    assert along([]) is Verdict.UNKNOWN
    assert along(iter([])) is Verdict.UNKNOWN
    assert together([]) is Verdict.UNKNOWN
