"""Writes the documentation that is made from data: docs/faults, docs/coverage.md."""

from __future__ import annotations

from pathlib import Path

from mi_workbook.views import coverage, fault_pages

HERE = Path(__file__).parent

if __name__ == "__main__":
    fault_pages.write(HERE / "faults")
    (HERE / "coverage.md").write_text(coverage.page(), encoding="utf-8")
