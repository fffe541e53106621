"""`az network routeserver peering list-learned-routes` (JSON): what the two instances of a Route Server learned from an appliance.

Rows have ARM's shape (PeerRoute) with the instance that learned them: {"instance", "network", "nextHop", "origin", "sourcePeer",
"asPath", "weight", "localAddress"}. An instance that learned nothing has no row; a paste without one of the two is not whole.
Source: Virtual WAN REST API, "Virtual Hub Bgp Connections - List Learned Routes"; a Route Server is a virtual hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "azure-route-server-routes"
TITLE = "Routes a Route Server learned (Azure)"
INSTANCES = ("RouteServiceRole_IN_0", "RouteServiceRole_IN_1")
MEMBERS = ("network", "nextHop", "origin", "sourcePeer", "asPath", "localAddress")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """A JSON object with a member for an instance."""
    yield from az.json_claims(lines, lambda value: any(_of(value, one) is not None for one in INSTANCES))


def _of(value: Any, instance: str) -> list[Any] | None:
    found = az.get(value, instance) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else None


def _row(instance: str, value: Any) -> dict[str, Any] | None:
    row = {member: az.text(az.get(value, member)) for member in MEMBERS} if isinstance(value, Mapping) else {}
    return {"instance": instance, **row} if row.get("network") and row.get("nextHop") else None


def read(lines: Sequence[Line]) -> Reading:
    """One appliance's routes; `about` is the name of its BGP connection."""
    found = at.Found(about=az.option(lines, "-n", "--name"))
    document = az.document(at.without_command(lines, *az.COMMANDS))
    listed = [(one, _of(document.value, one) if document is not None else None) for one in INSTANCES]
    for instance, values in listed:
        rows = [_row(instance, value) for value in values or ()]
        found.rows += [row for row in rows if row]
        if values is None or None in rows:
            found.cut()
    if document is None or not document.whole:
        found.cut()
    if not found.about:
        found.say("Of which BGP peer these routes are is not in the paste.")
    return found.reading(KIND, TITLE, lines)
