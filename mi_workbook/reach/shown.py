"""Azure's own table of a NIC: gateway routes that the configuration does not hold, and the row that Azure took.

Source: "Diagnose a virtual machine routing problem".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mi_workbook.core.ranges import Ranges
from mi_workbook.network.network import Network
from mi_workbook.network.nic import Nic
from mi_workbook.network.observed import CapturedRoute, captured_routes, watched_nics
from mi_workbook.network.reading import ipv4
from mi_workbook.network.resource_id import key
from mi_workbook.network.vnet import Subnet, Vnet
from mi_workbook.reach.gateways import GatewayRoute, GatewayView
from mi_workbook.reach.route_servers import ServedRoute


def with_captured(network: Network, subnet: Subnet, view: GatewayView) -> GatewayView:
    """Gateway routes that Azure itself showed on a NIC of the subnet take the place of those that could not be known.

    Where a Route Server serves too, a row belongs to the appliance that it names; one that may be either's proves nothing.
    """
    if not view.gaps or not (view.gateways or view.servers):
        return view
    known = {route.prefix for route in view.routes} | {route.prefix for route in view.served}
    for nic in watched_in(network, subnet, "effectiveroute"):
        rows = captured_routes(network.snapshot, nic.id) or ()
        if not rows:
            continue
        new = [row for row in rows if row.source.lower() == "virtualnetworkgateway" and row.prefix not in known]
        return _taken_over(network, network.vnet(subnet.vnet_id), view, nic, new)
    return view


def _taken_over(network: Network, vnet: Vnet, view: GatewayView, nic: Nic, rows: list[CapturedRoute]) -> GatewayView:
    whose = [_by_appliance(network, vnet, row) if view.servers else False for row in rows]
    if None in whose or (False in whose and not view.gateways):
        return view
    why, evidence = f"Shown by Azure on NIC {nic.name}.", (nic.reading.whole(),)
    routes, served = list(view.routes), list(view.served)
    for row, appliance in zip(rows, whose, strict=True):
        if appliance:
            served.append(ServedRoute(row.prefix, row.next_hop_ip, "", why, None, evidence))
        else:
            first = view.gateways[0]
            routes.append(GatewayRoute(row.prefix, first, "learned", first.id, why, evidence))
    return replace(view, routes=tuple(routes), served=tuple(served), gaps=())


def _by_appliance(network: Network, vnet: Vnet, row: CapturedRoute) -> bool | None:
    """True where a row's next hop is an address in the VNet or a peered one, False where it is a gateway's, None where
    that cannot be told.
    """
    hop = ipv4((row.next_hop_ip,))
    near = [vnet, *(network.vnet(p.remote_id) for p in vnet.peerings if network.snapshot.get(p.remote_id) is not None)]
    if any(subnet.is_gateway and subnet.addresses & hop for one in near for subnet in one.subnets):
        return False
    if any(one.addresses & hop for one in near):
        return True
    return None


def watched_in(network: Network, subnet: Subnet, kind: str) -> Iterator[Nic]:
    """NICs in the subnet of which Azure showed something."""
    for nic_id in watched_nics(network.snapshot, kind):
        nic = network.nic(nic_id) if network.snapshot.get(nic_id) is not None else None
        if nic is not None and nic.primary is not None and key(nic.primary.subnet_id) == key(subnet.id):
            yield nic


def shown_winner(network: Network, subnet: Subnet, part: Ranges) -> CapturedRoute | None:
    """The route that Azure's own table of a NIC in the subnet has for addresses; None where none was captured, or on a
    network that was changed since.
    """
    if network.snapshot.touched():
        return None
    for nic in watched_in(network, subnet, "effectiveroute"):
        rows = [row for row in captured_routes(network.snapshot, nic.id) or () if row.state.lower() == "active"]
        over = [(found.size, row) for row in rows if (found := ipv4((row.prefix,))) and found.covers(part)]
        if over:
            return min(over, key=lambda pair: pair[0])[1]
    return None
