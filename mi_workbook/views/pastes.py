"""What was read from a paste, as text for a terminal, as tables, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mi_workbook.evidence.pastes.formats import FORMATS
from mi_workbook.evidence.pastes.paste import Line, Reading
from mi_workbook.evidence.pastes.recognise import Pastes
from mi_workbook.views.html import plain
from mi_workbook.views.table import Table

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = "mi-workbook/parse/1"
WIDEST = 60


def pastes_json(pastes: Pastes) -> dict[str, Any]:
    """The document that `parse --json` prints: readings in the paste's order, and every line that nobody understood."""
    return {
        "schema": SCHEMA,
        "whole": pastes.whole,
        "readings": [_reading_json(reading) for reading in pastes.readings],
        "commands": _lines_json(pastes.commands),
        "not_understood": _lines_json(pastes.left),
    }


def _reading_json(reading: Reading) -> dict[str, Any]:
    return {
        "kind": reading.kind, "title": reading.title, "about": reading.about, "rows": list(reading.rows),
        "not_understood": _lines_json(reading.left), "notes": list(reading.notes), "whole": reading.whole,
        "lines": list(reading.span),
    }  # fmt: skip


def _lines_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [{"line": line.number, "text": line.text} for line in lines]


def tables(reading: Reading) -> tuple[Table, ...]:
    """The rows as tables, one for each kind of row (`what`), columns in the order in which they first appear."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in reading.rows:
        kinds.setdefault(str(row.get("what", "")), []).append(row)
    return tuple(_table(kind, rows) for kind, rows in kinds.items())


def _table(kind: str, rows: Sequence[dict[str, Any]]) -> Table:
    columns = tuple(dict.fromkeys(name for row in rows for name in row if name != "what"))
    cells: list[tuple[object, ...]] = [tuple(_cell(row.get(name)) for name in columns) for row in rows]
    return Table.of(f"{kind or 'row'} ({len(rows)})", columns, cells)


def _cell(value: Any) -> str:
    if value is None or value is False or value == []:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(_cell(one) for one in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else "yes" if value is True else str(value)


def render_pastes(pastes: Pastes, console: Console) -> None:
    """Each reading with its rows, then what was not understood."""
    from rich.text import Text

    for text, style in lines(pastes):
        console.print(Text("\n".join(plain(part) for part in text.split("\n")), style=style))


def lines(pastes: Pastes) -> Iterator[tuple[str, str]]:
    """Lines with their style."""
    for reading in pastes.readings:
        yield from _reading(reading)
    if not pastes.readings:
        known = "\n".join(f"  {parser.KIND:<20} {parser.TITLE}" for parser in FORMATS)
        yield f"Nothing in it is recognised. Known (name one with --as):\n{known}", "bold red"
    if pastes.left:
        yield f"\nIn no reading, {len(pastes.left)} lines:", "bold yellow"
        yield from _left(pastes.left)


def _reading(reading: Reading) -> Iterator[tuple[str, str]]:
    about = f" about {reading.about}" if reading.about else ""
    first, last = reading.span
    yield f"\n{reading.title}{about}: {len(reading.rows)} rows (lines {first} to {last})", "bold"
    for table in tables(reading):
        yield from _columns(table)
    for note in reading.notes:
        yield f"  {'i' if reading.whole else '!'} {note}", "" if reading.whole else "yellow"
    if not reading.whole:
        yield "  ! Read in part only.", "bold yellow"
    if reading.left:
        yield f"  ? Not understood, {len(reading.left)} lines:", "yellow"
        yield from _left(reading.left)


def _columns(table: Table) -> Iterator[tuple[str, str]]:
    shown = [table.columns, *(tuple(cell.text for cell in row) for row in table.rows)]
    widths = [min(max(len(row[at]) for row in shown), WIDEST) for at in range(len(table.columns))]
    for number, row in enumerate(shown):
        text = "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True))
        yield f"  {text.rstrip()}", "dim" if number == 0 else ""


def _left(left: Sequence[Line]) -> Iterator[tuple[str, str]]:
    yield from ((f"    {line.number:>5}: {line.text}", "yellow") for line in left)
