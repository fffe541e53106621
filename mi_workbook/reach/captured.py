"""A computed route table held against the one that Azure showed for a NIC, each difference explained in words.

Source: "Diagnose a virtual machine routing problem" (only the NIC of a running VM has an effective route table).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mi_workbook.core.ranges import Ranges
from mi_workbook.network.network import Network
from mi_workbook.network.observed import CapturedRoute
from mi_workbook.network.reading import ipv4
from mi_workbook.network.resource_id import last
from mi_workbook.network.vnet import Peering, Vnet
from mi_workbook.reach.gateways import HUB_PREFIX, gateway_view
from mi_workbook.reach.routes import EffectiveRoutes, Route

PEERED = frozenset({"vnetpeering", "vnetglobalpeering"})
# Of the system's own rows: Azure's list of dropped prefixes changed over the years, and a service endpoint's prefixes are known by their tag alone.
NOT_COMPARED = frozenset({"none", "virtualnetworkserviceendpoint"})
LATER = "It was made after Azure's table was captured, or was not in force yet."


@dataclass(frozen=True, slots=True)
class Difference:
    """A row in which two tables differ. side: azure | computed | both (same prefix, another next hop); why: what may explain it."""

    side: str
    prefix: str
    next_hop_type: str
    why: str


def against_captured(
    network: Network, table: EffectiveRoutes, captured: Iterable[CapturedRoute]
) -> tuple[Difference, ...]:
    """How a computed table differs from one that Azure showed, in the order of Azure's rows; empty where it does not."""
    rows = tuple(captured)
    if not rows:
        return (Difference("azure", "", "", _NOTHING_SHOWN),)
    shown = [row for row in rows if row.state.lower() == "active" and _compared(row)]
    ours = [r for r in table.routes if r.state == "Active" and r.addresses and _compared(r)]
    theirs, computed = {_row(row) for row in shown}, {_row(route) for route in ours}
    only_shown = [row for row in shown if _row(row) not in computed]
    only_ours = [route for route in ours if _row(route) not in theirs]
    return (*_of_azure(network, table, only_shown, only_ours), *_of_ours(network, rows, only_shown, only_ours))


_NOTHING_SHOWN = (
    "Azure showed no route at all: the VM was not running, or the NIC belongs to none. Only the NIC of a running VM has a table; "
    "the computed one stands all the same."
)


def _compared(one: CapturedRoute | Route) -> bool:
    return one.source.lower() == "user" or one.next_hop_type.lower() not in NOT_COMPARED


def _row(one: CapturedRoute | Route) -> tuple[str, str]:
    return one.prefix, one.next_hop_type.lower()


def _of_azure(
    network: Network, table: EffectiveRoutes, rows: list[CapturedRoute], ours: list[Route]
) -> Iterator[Difference]:
    """Rows of Azure's table that were not computed. The same prefix with another next hop is one difference, not two."""
    for row in rows:
        other = next((route for route in ours if route.prefix == row.prefix), None)
        if other is not None:
            why = f"Computed was {other.next_hop_type}: {other.why} {_other_hop(row, other)}"
            yield Difference("both", row.prefix, row.next_hop_type, why)
        else:
            yield Difference("azure", row.prefix, row.next_hop_type, _why_only_azure(network, table, row))


def _of_ours(
    network: Network, rows: tuple[CapturedRoute, ...], shown: list[CapturedRoute], ours: list[Route]
) -> Iterator[Difference]:
    """Computed rows that Azure's table does not hold as Active."""
    paired = {row.prefix for row in shown}
    for route in ours:
        if route.prefix not in paired:
            invalid = any(_row(row) == _row(route) and row.state.lower() != "active" for row in rows)
            why = f"{route.why} {INVALID if invalid else _why_only_ours(network, route)}"
            yield Difference("computed", route.prefix, route.next_hop_type, why)


INVALID = "Azure showed it as Invalid: another route, which is not in the evidence, had taken its place."


def _other_hop(row: CapturedRoute, other: Route) -> str:
    kinds = {row.next_hop_type.lower(), other.next_hop_type.lower()}
    if kinds == PEERED:
        return "The two differ in the region of the peer, which one of them did not know."
    if row.source.lower() == "user":
        return "The user route is not in the route table of the evidence: it was removed since, or another table was associated."
    if other.source == "User":
        return f"User route {other.name} was made after Azure's table was captured."
    return "The configuration changed since, or part of it is not in the evidence."


def _why_only_azure(network: Network, table: EffectiveRoutes, row: CapturedRoute) -> str:
    kind = row.next_hop_type.lower()
    vnet = network.vnet(table.subnet.vnet_id)
    if kind == "virtualnetworkgateway":
        return _of_a_gateway(network, table, vnet)
    if kind in PEERED:
        return _of_a_peering(vnet, ipv4((row.prefix,)))
    if row.source.lower() == "user":
        name = last(table.subnet.route_table_id) or "none"
        return f"A user route that is not in the evidence (route table {name}): it was removed since, or another table was associated."
    return REASONS.get(kind, "The configuration changed since, or part of it is not in the evidence.")


REASONS = {
    "connectedgroup": "Azure Virtual Network Manager connects the VNets; its connectivity is not part of their configuration "
    "(az network manager list-effective-connectivity-config).",
    "interfaceendpoint": "A private endpoint in this VNet or a peered one that is not in the evidence (az network private-endpoint list).",
    "virtualappliance": "A Route Server announces what an appliance sends, or the route table changed since.",
    "vnetlocal": "An address range that the VNet had when the table was captured.",
    "internet": "The default route to the Internet was in force then: the route that replaces it came later.",
}


def _of_a_gateway(network: Network, table: EffectiveRoutes, vnet: Vnet) -> str:
    """A gateway row that the configuration does not hold: a Virtual WAN hub, propagation, BGP, a Route Server, a gateway unseen."""
    hub = next((p for p in vnet.peerings if last(p.remote_id).lower().startswith(HUB_PREFIX)), None)
    if hub is not None:
        return (
            f"{vnet.name} is attached to a Virtual WAN hub (peering {hub.name}), whose routes are not part of the VNet's configuration: "
            "az network vhub get-effective-routes."
        )
    if table.subnet.route_table_id and network.route_table(table.subnet.route_table_id).propagation_off:
        return (
            f"Route table {last(table.subnet.route_table_id)} keeps gateway routes out now (disableBgpRoutePropagation); it did not "
            "when Azure's table was captured."
        )
    view = gateway_view(network, vnet)
    gap = next((one for one in view.gaps if "BGP" in one.missing or "Route Server" in one.missing), None)
    if gap is not None:
        return f"Not in the evidence: {gap.missing}. {gap.how}"
    if view.gateways:
        names = ", ".join(gateway.name for gateway in view.gateways)
        return f"Gateway {names} had it then: a connection, a site's prefix or a learned route that is gone or not in the evidence."
    return "A gateway that this VNet uses is not in the evidence (az network vnet-gateway list), or its peering no longer lends it."


def _of_a_peering(vnet: Vnet, space: Ranges) -> str:
    """A peered prefix that no peering of the evidence joins."""
    side = next((p for p in vnet.peerings if _holds(p, space)), None)
    if side is not None and side.state.lower() != "connected":
        return f"Peering {side.name} to {last(side.remote_id)} is {side.state or 'without a state'} in the evidence; it was Connected then."
    if side is not None:
        return f"{last(side.remote_id)} has this range, and peering {side.name} does not join it in the evidence: it was synced in between."
    return "A peering that is not in the evidence, or a range that the peer had when the table was captured."


def _holds(peering: Peering, space: Ranges) -> bool:
    return any(
        ipv4(texts).covers(space) for texts in (peering.remote_prefixes, peering.remote_current_prefixes) if texts
    )


def _why_only_ours(network: Network, route: Route) -> str:
    if route.gateway is not None and route.behind in {"site", "vnet"}:
        connection = network.connection(route.by)
        return f"Connection {connection.name} is {connection.status or 'of unread state'}. {LATER}"
    if route.next_hop_type == "InterfaceEndpoint":
        return f"Only a private endpoint whose connection is approved adds a route. {LATER}"
    if route.peering is not None and not route.peering.complete_vnets:
        return f"The peering joins some subnets only. {LATER}"
    return LATER
