"""What was seen at the source, as tables: beside Azure's configuration, and what each output that was sent tells."""

from __future__ import annotations

from collections.abc import Sequence

from mi_workbook.core.finding import Beside, Diagnosis, Told
from mi_workbook.views.disagreement import walk_table
from mi_workbook.views.table import Cell, Table
from mi_workbook.views.words import AGREE_WORDS, WEIGHT_WORDS


def source_tables(diagnosis: Diagnosis) -> dict[str, Table]:
    """`beside`, `told` and `disagreement` by their ids, without the empty ones."""
    seen = diagnosis.at_source
    tables = {}
    if seen.beside:
        tables["beside"] = _beside(seen.beside)
    if seen.told:
        tables["told"] = _told(seen.told)
    walked = walk_table(diagnosis)
    return tables if walked is None else {**tables, "disagreement": walked}


def _beside(seen: Sequence[Beside]) -> Table:
    columns = ("Matter", "Azure's configuration", "Seen at the source", "Together", "Next test")
    rows: list[tuple[object, ...]] = [
        (one.matter, one.configuration, one.seen, _agreed(one.agree), one.next_test) for one in seen
    ]
    return Table.of("Configuration and source side by side", columns, rows)


def _agreed(agree: bool | None) -> Cell:
    return Cell(AGREE_WORDS[agree], "bad" if agree is False else "")


def _told(seen: Sequence[Told]) -> Table:
    columns = ("Weight", "What it shows", "Proves", "Does not prove", "Next test", "Where")
    rows: list[tuple[object, ...]] = [
        (" ".join(WEIGHT_WORDS[one.weight]), one.says, one.proves, one.does_not_prove, one.next_test, one.where)
        for one in seen
    ]
    return Table.of("What the outputs that were sent show", columns, rows)
