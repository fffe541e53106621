"""Tables and texts as the plain values that the browser draws."""

from __future__ import annotations

from typing import Any

from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.views.html import plain
from mi_workbook.views.table import SIGNS, Table


def clean(value: Any) -> Any:
    """The same value with every text made safe to show."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(name): clean(inner) for name, inner in value.items()}
    return [clean(inner) for inner in value] if isinstance(value, list | tuple) else value


def table_values(name: str, table: Table) -> dict[str, Any]:
    """A table as values: a cell is a text, or [text, mark, reason] where it is marked."""
    rows = [[[c.text, c.mark, c.reason] if c.mark or c.reason else c.text for c in row] for row in table.rows]
    return {
        "kind": "table",
        "id": name,
        "title": table.title,
        "columns": list(table.columns),
        "rows": rows,
        "signs": SIGNS,
    }


def completeness(held: Snapshot) -> str:
    """What the absence of something in the evidence means, in words."""
    if held.problems:
        return "partial: some of it could not be read"
    if held.complete is None:
        return "complete, by its own statement"
    if held.complete:
        return f"complete for {len(held.complete)} kinds; what else is absent counts as not collected"
    return "what is absent counts as not collected"
