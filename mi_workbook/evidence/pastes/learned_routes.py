"""`az network vnet-gateway list-learned-routes` (JSON, table) and `Get-AzVirtualNetworkGatewayLearnedRoute` (list, table).

Rows have ARM's shape: {"network", "nextHop", "origin": "Network"|"EBgp"|"IBgp", "sourcePeer", "asPath", "weight",
"localAddress"}, so that `{"kind": "learnedRoutes", "about": gateway id, "value": {"value": rows}}` is an observation.
Source: Virtual Network Gateways REST API, "Get Learned Routes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "azure-learned-routes"
TITLE = "Routes a gateway learned (Azure)"
MEMBERS = ("network", "nextHop", "origin", "sourcePeer", "asPath", "weight", "localAddress")
ORIGINS = ("network", "ebgp", "ibgp")
KEYS = {member.lower() for member in MEMBERS} | {"name"}


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """JSON, tables and lists with network and origin."""
    yield from az.json_claims(lines, lambda value: any(_row(one) for one in az.elements(value)))
    yield from az.table_claims(lines, {"network", "origin"})
    yield from az.list_claims(lines, {"localaddress", "network", "name", "aspath"}, "origin", KEYS)


def _row(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, Mapping) or az.text(az.get(value, "origin")).lower() not in ORIGINS:
        return None
    row = {member: az.text(az.get(value, member)) for member in MEMBERS}
    weight = row["weight"]
    return row | {"weight": int(weight) if weight.isdigit() and len(weight) < 10 else None} if row["network"] else None


def _list(found: at.Found, lines: Sequence[Line]) -> None:
    for entry in az.entries(lines, found.left):
        row = _row(entry)
        if row:
            found.rows.append(row)
        else:
            found.cut()
    found.say(at.NO_MARK)


def read(lines: Sequence[Line]) -> Reading:
    """One gateway's routes."""
    found = at.Found(about=az.option(lines, "-n", "--name", "-virtualnetworkgatewayname"))
    body = at.without_command(lines, *az.COMMANDS)
    document = az.document(body)
    if document is not None:
        found.rows += [row for one in az.elements(document.value) if (row := _row(one))]
        if not document.whole or len(found.rows) < len(az.elements(document.value)):
            found.cut()
    elif any(at.is_dashes(line.text) for line in body):
        for line, cells in az.table(body).rows:
            row = _row(cells)
            if row:
                found.rows.append(row)
            else:
                found.left.append(line)
    else:
        _list(found, lines)
    if not found.rows:
        found.cut()
    elif document is None and at.ends_open(lines):
        found.say(at.MAY_GO_ON)
    if not found.about:
        found.say("Which gateway learned these routes is not in the paste.")
    return found.reading(KIND, TITLE, lines)
