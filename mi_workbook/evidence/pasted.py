"""Console output that somebody sent, as observations of a snapshot: what was understood, and the lines that were not.

It counts for the client of the question (`from` is "client"), unless it names the resource it speaks of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.evidence import machine
from mi_workbook.evidence.explain import explained
from mi_workbook.evidence.pastes import route_server_routes
from mi_workbook.evidence.pastes.answer_text import MAY_GO_ON, NO_MARK
from mi_workbook.evidence.pastes.as_machine import machine_of, tables_of
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.evidence.pastes.recognise import Pastes, read_pastes
from mi_workbook.evidence.pastes.shapes import FILTERED

FORMAT = "mi-workbook/paste/1"
CLIENT = "client"
# Outputs of Azure's own tools, under the names by which a live collection keeps them.
AZURE = {
    "azure-effective-routes": "effectiveRoutes", "azure-learned-routes": "learnedRoutes",
    route_server_routes.KIND: "routeServerLearnedRoutes",
}  # fmt: skip


def observations_of(text: str, name: str) -> list[dict[str, Any]]:
    """Observations from a file of console output, driver errors and connection strings; empty where nothing is recognised.

    name: the file, for the reader of the evidence.
    """
    try:
        pastes = read_pastes(text)
    except InputError:
        return []
    if not pastes.readings and explained("\n".join(line.text for line in pastes.left)) is None:
        return []
    found = [_observation(one, name) for one in pastes.readings]
    if tables_of(pastes.readings):
        found += [{**one, "about": "", "from": CLIENT, "file": name, "at": ""} for one in _machine(pastes.readings)]
    return [*found, *_not_understood(pastes, name)]


def _observation(reading: Reading, name: str) -> dict[str, Any]:
    rows: Any = list(reading.rows)
    if reading.kind == route_server_routes.KIND:
        rows = {one: [row for row in rows if row["instance"] == one] for one in route_server_routes.INSTANCES}
    elif reading.kind in AZURE:
        rows = {"value": rows}
    return {
        "kind": AZURE.get(reading.kind, reading.kind), "about": reading.about, "from": CLIENT, "at": "", "format": FORMAT,
        "file": name, "value": rows, "whole": reading.whole,
        "complete": _is_complete(reading), "lines": list(reading.span), "notes": list(reading.notes),
        "not_understood": [{"line": line.number, "text": line.text} for line in reading.left],
    }  # fmt: skip


def _is_complete(reading: Reading) -> bool:
    """True where it is shown that nothing was left out: in Azure's own tables a missing row would read as not being there."""
    return reading.whole and not reading.left and not {MAY_GO_ON, NO_MARK, FILTERED} & set(reading.notes)


def _machine(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    return [one for one in machine.observations(machine_of(readings)) if one["kind"] != "machine-hosts"]


def _not_understood(pastes: Pastes, name: str) -> list[dict[str, Any]]:
    """Lines of no format, kept so that nothing that was sent is lost."""
    if not pastes.left:
        return []
    lines = [{"line": line.number, "text": line.text} for line in pastes.left]
    return [{"kind": "not-understood", "about": "", "at": "", "format": FORMAT, "file": name, "value": lines}]
