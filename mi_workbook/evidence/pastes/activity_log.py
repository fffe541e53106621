"""Azure's activity log: `az monitor activity-log list -o json`, whole entries or the members that the guide asks for.

Rows: {"at": ISO 8601, "operation", "resource": id, "status"}. `about` is the time from which on was asked (--start-time), ""
where the command is not in the paste. An answer of no entry is understood only with its command before it.
Source: Activity Logs REST API, "List".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "azure-activity"
TITLE = "Activity log (Azure)"
ASKED = "activity-log"


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """JSON entries with the time of an event and an operation; an empty list after the command."""
    for claim in az.json_claims(lines, lambda value: isinstance(value, list)):
        document = az.document(lines[claim.first : claim.last + 1])
        entries = az.elements(document.value) if document is not None else []
        if any(_fits(one) for one in entries) or (
            not entries and ASKED in _command(lines[claim.first : claim.last + 1])
        ):
            yield claim


def _fits(value: Any) -> bool:
    return isinstance(az.get(value, "eventTimestamp"), str) and az.get(value, "operationName") is not None


def _command(lines: Sequence[Line]) -> list[str]:
    return at.typed(lines, "az")


def read(lines: Sequence[Line]) -> Reading:
    """The entries, in the log's order."""
    found = at.Found(about=az.option(lines, "--start-time"))
    document = az.document(at.without_command(lines, *az.COMMANDS))
    for one in az.elements(document.value) if document is not None else ():
        if not _fits(one):
            found.cut("An entry of the list is none of the log.")
            continue
        found.rows.append(
            {
                "at": az.text(az.get(one, "eventTimestamp")), "operation": _word(az.get(one, "operationName")),
                "resource": az.text(az.get(one, "resourceId")), "status": _word(az.get(one, "status")),
            }
        )  # fmt: skip
    if document is None or not document.whole:
        found.cut()
    return found.reading(KIND, TITLE, lines)


def _word(value: Any) -> str:
    """A text, or the value of a {"value", "localizedValue"}."""
    return az.text(az.get(value, "value")) if isinstance(value, dict) else az.text(value)
