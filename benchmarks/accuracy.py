"""Prints how often the answer is right on the built-in cases; `--write` keeps the table in docs/accuracy.md."""

from __future__ import annotations

import sys
from pathlib import Path

from mi_workbook.views.accuracy import measure, to_markdown

KEPT = Path(__file__).parent.parent / "docs" / "accuracy.md"

if __name__ == "__main__":
    table = to_markdown(measure())
    print(table)
    if "--write" in sys.argv:
        KEPT.write_text(table, encoding="utf-8")
