"""Asking the person at the source: a request to copy, and what their pasted output shows. No widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.diagnosis.pasted_answers import conclude
from mi_workbook.diagnosis.pasted_facts import Conclusion, Facts, facts_of
from mi_workbook.evidence.pastes.recognise import Pastes, read_pastes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.guide.requests import Request, places, request
from mi_workbook.network.network import Network
from mi_workbook.views.pastes import tables
from mi_workbook.views.table import Table
from mi_workbook.views.words import WEIGHT_WORDS


@dataclass(slots=True)
class Asking:
    """The request that was chosen and the paste that was read; only the readings are kept, not the pasted text."""

    request: Request | None = None
    pastes: Pastes | None = None
    conclusions: tuple[Conclusion, ...] = ()

    def choose(self, place: str, server: str) -> None:
        """Make the request for a place ("" for none). Raises InputError for an unknown place or an unusable name."""
        self.request = request(place, server) if place else None

    def read(self, text: str, snapshot: Snapshot | None, instance_id: str) -> None:
        """Read pasted output and conclude from it what the evidence allows. Raises InputError for an empty paste."""
        found = read_pastes(text)
        if not found.readings:
            raise InputError("Nothing in that paste is recognised.", remedy="Paste the whole output, command included.")
        place = self.request.place if self.request is not None else ""
        self.conclusions = conclude(found.readings, _facts(snapshot, instance_id), place)
        self.pastes = found

    def shown(self) -> dict[str, Any]:
        """The panel's values: places, request, conclusions, and the lines that nobody understood."""
        asked, read = self.request, self.pastes
        left = [*read.left, *(line for one in read.readings for line in one.left)] if read is not None else []
        return {
            "places": [["Choose where the commands will run ...", ""], *([title, one] for one, title in places())],
            "place": asked.id if asked is not None else "",
            "request": _request(asked) if asked is not None else None,
            "answers": [_answer(one) for one in self.conclusions],
            "read": [reading.title for reading in read.readings] if read is not None else [],
            "left": [f"Line {line.number}: {line.text}" for line in left[:50]],
        }

    def tables(self) -> dict[str, Table]:
        """The rows that were read, by a name for each table."""
        readings = self.pastes.readings if self.pastes is not None else ()
        return {
            f"paste-{number}-{part}": Table(f"Pasted: {reading.title}, {table.title}", table.columns, table.rows)
            for number, reading in enumerate(readings)
            for part, table in enumerate(tables(reading))
        }


def _facts(snapshot: Snapshot | None, instance_id: str) -> Facts | None:
    if snapshot is None or not instance_id:
        return None
    try:
        return facts_of(Network(snapshot), instance_id)
    except MissingEvidence:
        return None


def _request(asked: Request) -> dict[str, Any]:
    return {
        "opens": asked.opens, "takes": asked.takes, "lines": [command.run for command in asked.commands],
        "message": asked.message,
    }  # fmt: skip


def _answer(one: Conclusion) -> dict[str, Any]:
    sign, word = WEIGHT_WORDS[one.weight]
    return {
        "sign": sign, "word": word, "says": one.says, "proves": one.proves, "not": one.does_not_prove,
        "next": one.next_test,
    }  # fmt: skip
