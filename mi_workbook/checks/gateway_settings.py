"""Faults of gateways on the path that do not decide it by themselves.

Source: "Virtual network traffic routing" (GatewaySubnet); "Connect your application to SQL Managed Instance", section
"Troubleshoot connectivity issues" (ingress and egress); "About point-to-site VPN" (client address pool).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mi_workbook.checks.check import Found, Subject
from mi_workbook.checks.mending import without_route
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import show_addresses
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.resource_id import last, segment, vnet_of
from mi_workbook.reach.gateways import gateway_view
from mi_workbook.reach.tunnels import counters


def _on_path(subject: Subject) -> tuple[Gateway, ...]:
    """The gateways that the source comes through, else those the instance's VNet uses."""
    if subject.question.origin.gateways:
        return subject.question.origin.gateways
    home = vnet_of(subject.question.instance.subnet_id)
    return gateway_view(subject.network, subject.network.vnet(home)).gateways


def one_way(subject: Subject) -> Iterator[Found]:
    """A connected tunnel whose counters moved in one direction only."""
    for gateway in _on_path(subject):
        for connection in subject.network.connections_of(gateway):
            still = counters(connection)
            if still:
                member = f"{still}BytesTransferred"
                side = "Azure sends nothing into the tunnel" if still == "egress" else "the other end sends nothing"
                values = {"detail": f"Connection {connection.name} is Connected and {member} is 0: {side}.",
                          "name": connection.name}  # fmt: skip
                yield Found("conn-one-way", connection.id, (connection.reading.evidence(member),), values)


def pool_overlap(subject: Subject) -> Iterator[Found]:
    """The client pool shares addresses with a VNet that the gateway serves."""
    network = subject.network
    for gateway in _on_path(subject):
        own = network.vnet(gateway.vnet_id)
        near = [
            own,
            *(network.vnet(p.remote_id) for p in own.peerings if network.snapshot.get(p.remote_id) is not None),
        ]
        for vnet in near:
            if gateway.pool & vnet.addresses:
                values = {"name": gateway.name, "actual": show_addresses(gateway.pool),
                          "detail": f"VNet {vnet.name} ({', '.join(vnet.prefixes)})"}  # fmt: skip
                evidence = (gateway.reading.evidence("vpnClientConfiguration"), vnet.reading.evidence("addressSpace"))
                yield Found("p2s-pool-overlap", gateway.id, evidence, values)


def gateway_subnet_table(subject: Subject) -> Iterator[Found]:
    """A route table on GatewaySubnet that disables propagation or replaces the default route."""
    for gateway in _on_path(subject):
        subnet = subject.network.subnet(gateway.subnet_id)
        if not subnet.route_table_id:
            continue
        table = subject.network.route_table(subnet.route_table_id)
        values = {"rt": table.name, "group": segment(table.id, "resourceGroups"), "vnet": last(subnet.vnet_id)}
        if table.propagation_off:
            evidence = table.reading.evidence("disableBgpRoutePropagation")
            change = Change(table.id, table.reading.at("disableBgpRoutePropagation"), False)
            yield Found("rt-propagation-off-gwsubnet", table.id, (evidence,), values, (change,))
        for route in table.routes:
            if route.prefix == "0.0.0.0/0":
                yield Found("rt-gwsubnet-default", table.id, (route.reading.whole(),), {**values, "route": route.name},
                            without_route(table, route.name))  # fmt: skip


GATEWAY_SETTINGS: tuple[Callable[[Subject], Iterator[Found]], ...] = (one_way, pool_overlap, gateway_subnet_table)
