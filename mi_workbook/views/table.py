"""Table: rows and columns first; HTML, Markdown, CSV and DataFrame from the same cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mi_workbook.views.html import csv_cell, escape, md, plain

if TYPE_CHECKING:
    import pandas

SIGNS = {"": "", "bad": "✗ ", "decides": "► "}
STYLE = """<style>
.miw table{border-collapse:collapse;font:13px/1.45 system-ui,sans-serif;margin:.3em 0 1em}
.miw caption{text-align:left;font-weight:600;padding:.3em 0}
.miw th,.miw td{border:1px solid #8886;padding:.2em .55em;text-align:left;vertical-align:top}
.miw td.bad{background:#fde7e9;color:#8c0000;font-weight:600}
.miw td.decides{background:#fff4ce;color:#4a3b00;font-weight:600}
.miw td.lost{opacity:.7}
</style>"""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with its mark ("", bad, decides) and the reason for it in words."""

    text: str
    mark: str = ""
    reason: str = ""

    @property
    def shown(self) -> str:
        """The text as every form shows it: sign, value, reason."""
        return SIGNS[self.mark] + self.text + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of cells. Marks are words and signs as well as colours."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @classmethod
    def of(cls, title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> Table:
        """A table from plain values and cells."""
        made = tuple(tuple(c if isinstance(c, Cell) else Cell(str(c)) for c in row) for row in rows)
        return cls(title, columns, made)

    def to_html(self) -> str:
        """An HTML table, everything escaped."""
        head = "".join(f'<th scope="col">{escape(c)}</th>' for c in self.columns)
        body = "".join("<tr>" + "".join(self._td(c) for c in row) + "</tr>" for row in self.rows)
        return (
            f'<div class="miw"><table><caption>{escape(self.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def _td(self, cell: Cell) -> str:
        return f'<td class="{cell.mark}" title="{escape(cell.reason)}">{escape(cell.shown)}</td>'

    def to_markdown(self) -> str:
        """A Markdown table."""
        lines = [f"**{md(self.title)}**", "", "| " + " | ".join(md(c) for c in self.columns) + " |"]
        lines.append("|" + " --- |" * len(self.columns))
        return "\n".join([*lines, *("| " + " | ".join(md(c.shown) for c in row) + " |" for row in self.rows)])

    def to_csv(self) -> str:
        """CSV that no spreadsheet takes for formulas."""
        lines = [",".join(csv_cell(c) for c in self.columns)]
        return "\r\n".join([*lines, *(",".join(csv_cell(c.shown) for c in row) for row in self.rows)]) + "\r\n"

    def to_dict(self) -> dict[str, object]:
        """For programs: title, columns, and rows as values by column; `marks` says which cells are marked, and why."""
        rows = [
            {"values": dict(zip(self.columns, (c.text for c in row), strict=True)),
             "marks": {name: {"mark": c.mark, "reason": c.reason} for name, c in zip(self.columns, row, strict=True) if c.mark}}
            for row in self.rows
        ]  # fmt: skip
        return {"title": self.title, "columns": list(self.columns), "rows": rows}

    def to_frame(self) -> pandas.DataFrame:
        """A pandas DataFrame of the shown texts."""
        import pandas

        return pandas.DataFrame([[plain(c.shown) for c in row] for row in self.rows], columns=list(self.columns))
