"""State of tunnels: `az network vnet-gateway vpn-client show-health` and `az network vpn-connection show` (JSON).

Rows: {"what": "client"|"connection", "name", "status", "address", "public_address", "ingress_bytes", "egress_bytes"}; status is a
connection's connectionStatus, "Connected" for a client that is listed with a time; bytes as Azure counts them, seen from
the gateway, None where they are absent. The user's name of a client is left out.
Source: REST API "Virtual Network Gateways: Get Vpnclient Connection Health", "Virtual Network Gateway Connections: Get".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "azure-vpn-state"
TITLE = "State of VPN clients or connections (Azure)"


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """JSON with connection ids of clients, or with a connection's status."""
    return az.json_claims(lines, lambda value: next(_rows(value), None) is not None)


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    many = az.elements(value) or az.get(value, "vpnClientConnectionHealths")
    for one in many if isinstance(many, list) and many else [value]:
        if az.get(one, "vpnConnectionId") is not None:
            time = az.text(az.get(one, "vpnConnectionTime"))
            yield _row(
                "client", az.text(az.get(one, "vpnConnectionId")), "Connected" if time else "", az.text(az.get(one, "privateIpAddress")),
                az.text(az.get(one, "publicIpAddress")), one,
            )  # fmt: skip
        elif az.get(one, "connectionStatus") is not None and az.get(one, "connectionType") is not None:
            yield _row(
                "connection", az.text(az.get(one, "name")), az.text(az.get(one, "connectionStatus")), "", "", one
            )


def _row(what: str, name: str, status: str, address: str, public: str, one: Any) -> dict[str, Any]:
    ingress, egress = az.get(one, "ingressBytesTransferred"), az.get(one, "egressBytesTransferred")
    return {
        "what": what, "name": name, "status": status, "address": address, "public_address": public,
        "ingress_bytes": ingress if isinstance(ingress, int) else None, "egress_bytes": egress if isinstance(egress, int) else None,
    }  # fmt: skip


def read(lines: Sequence[Line]) -> Reading:
    """Clients of one gateway, or connections."""
    found = at.Found(about=az.option(lines, "-n", "--name"))
    document = az.document(at.without_command(lines, *az.COMMANDS))
    if document is not None:
        found.rows += _rows(document.value)
        if not document.whole:
            found.cut()
    if not found.rows:
        found.cut()
    found.about = found.about or next((row["name"] for row in found.rows if row["what"] == "connection"), "")
    return found.reading(KIND, TITLE, lines)
