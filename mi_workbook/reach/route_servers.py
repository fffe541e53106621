"""What a Route Server adds to the routes of its VNet and of the peers that use it: prefixes that appliances announce.

Source: "Azure Route Server FAQ" (peering, same route from several appliances, no data traffic, subnets of one VNet); "Next Hop
IP support"; "Routing preference"; "Create, change, or delete a virtual network peering" (gateway or Route Server).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.network.network import Network
from mi_workbook.network.reading import ipv4
from mi_workbook.network.resource_id import key, last, segment, shell_word
from mi_workbook.network.route_server import (
    BGP_CONNECTIONS,
    INSTANCES,
    ROUTE_SERVER_SUBNET,
    AnnouncedRoute,
    BgpConnection,
    RouteServer,
    announced,
)
from mi_workbook.network.vnet import Subnet, Vnet


@dataclass(frozen=True, slots=True)
class ServedRoute:
    """A prefix that an appliance announced. next_hop: address of the appliance, or of what it named instead; doubt: why it
    may not be in force, None where it is.
    """

    prefix: str
    next_hop: str
    server: str
    why: str
    doubt: Gap | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class ServerView:
    """What the Route Servers of a VNet serve. present: there is one; gaps: what they may serve beyond what was seen."""

    present: bool
    routes: tuple[ServedRoute, ...]
    gaps: tuple[Gap, ...]


NOTHING = ServerView(False, (), ())


def server_view(network: Network, vnet: Vnet) -> ServerView:
    """Routes that a Route Server in a VNet gives to it, and to the peers that use it."""
    subnet = next((one for one in vnet.subnets if one.name.lower() == ROUTE_SERVER_SUBNET), None)
    if subnet is None:
        return NOTHING
    ids = network.route_servers_in(subnet)
    if not ids:
        used = bool(subnet.reading.get("ipConfigurations")) or network.route_servers_near(subnet)
        return ServerView(used, (), (_unnamed(vnet),) if used else ())
    routes: list[ServedRoute] = []
    gaps: list[Gap] = []
    for server_id in ids:
        try:
            served, missing = _served(network, network.route_server(server_id), vnet)
            routes += served
            gaps += missing
        except MissingEvidence:
            gaps.append(_uncollected(server_id, vnet))
    return ServerView(True, tuple(routes), tuple(gaps))


def _served(network: Network, server: RouteServer, vnet: Vnet) -> tuple[list[ServedRoute], list[Gap]]:
    gaps = list(_unlisted(network, server, vnet))
    rows: list[AnnouncedRoute] = []
    for connection in network.bgp_connections(server):
        found = announced(network.snapshot, connection.id)
        if found is None or found.unread or server.maps_routes or connection.maps_routes:
            gaps.append(_unlearned(connection, server, vnet, mapped=found is not None and not found.unread))
        rows += found.routes if found is not None else ()
    unreadable = [row for row in rows if not ipv4((row.prefix,))]
    if unreadable:
        gaps.append(_unread(unreadable[0], server))
    return [*_chosen(server, (row for row in rows if row not in unreadable), vnet)], gaps


def _chosen(server: RouteServer, rows: Iterable[AnnouncedRoute], vnet: Vnet) -> Iterator[ServedRoute]:
    """For each prefix the rows with the shortest AS path; several next hops share the traffic.

    Source: "Azure Route Server FAQ", same route from more than one appliance.
    """
    by_prefix: dict[str, list[AnnouncedRoute]] = {}
    for row in rows:
        by_prefix.setdefault(row.prefix, []).append(row)
    for prefix, same in by_prefix.items():
        best = [row for row in same if row.path == min(one.path for one in same)]
        seen = {hop: {row.instance for row in best if row.next_hop == hop} for hop in {row.next_hop for row in best}}
        alone = any(instances != set(INSTANCES) for instances in seen.values())
        for hop in sorted(seen):
            evidence = tuple(row.evidence for row in best if row.next_hop == hop)
            doubt = _shared(prefix, sorted(seen), server, vnet) if len(seen) > 1 else None
            doubt = doubt or (_one_instance(prefix, server, vnet) if alone else None)
            why = f"Announced by {hop} to Route Server {server.name}."
            yield ServedRoute(prefix, hop, server.id, why, doubt, evidence)


def _unlisted(network: Network, server: RouteServer, vnet: Vnet) -> Iterator[Gap]:
    """BGP connections that may exist beyond those that were seen: the Route Server names its own, or their list was read."""
    seen = {key(one.id) for one in network.bgp_connections(server)}
    more = [one for one in server.connection_ids if key(one) not in seen]
    named = isinstance(server.reading.get("bgpConnections"), list)
    if more or not (named or network.snapshot.absence(BGP_CONNECTIONS, server.id) == "proven"):
        group, name = _place(server.id)
        yield Gap(
            f"BGP peers of Route Server {server.name} in VNet {vnet.name}: {server.id}",
            "Each may announce routes, which go to every subnet of the VNet.",
            f"az network routeserver peering list -g {group} --routeserver {name} -o json",
        )


def _unlearned(connection: BgpConnection, server: RouteServer, vnet: Vnet, *, mapped: bool) -> Gap:
    group, name = _place(server.id)
    why = (
        "A Route Server adds the routes that appliances announce to every subnet of its VNet, and of peers that use it."
    )
    if mapped:
        why += " A route map may change or drop them on the way."
        return Gap(
            f"What is left of the routes that Route Server {server.name} learned from {connection.name}",
            why,
            _table(vnet),
        )
    return Gap(
        f"Routes that Route Server {server.name} in VNet {vnet.name} learned from {connection.name}: {connection.id}",
        why,
        f"az network routeserver peering list-learned-routes -g {group} --routeserver {name} -n {shell_word(connection.name)} -o json; "
        f"or {_table(vnet)}",
    )


def _unread(row: AnnouncedRoute, server: RouteServer) -> Gap:
    return Gap(
        f"A route that Route Server {server.name} learned",
        f"Its prefix reads '{row.prefix[:60]}', so it may cover the destination.",
        "az network routeserver peering list-learned-routes, once more.",
    )


def _shared(prefix: str, hops: list[str], server: RouteServer, vnet: Vnet) -> Gap:
    return Gap(
        f"Which of {', '.join(hops)} takes packets for {prefix} in VNet {vnet.name}",
        f"Route Server {server.name} learned the prefix from each of them over paths of one length: they share the traffic.",
        f"{_table(vnet)}; the log of each of them.",
    )


def _one_instance(prefix: str, server: RouteServer, vnet: Vnet) -> Gap:
    return Gap(
        f"Whether the route to {prefix} is in force in VNet {vnet.name}",
        f"Only one of the two instances of Route Server {server.name} learned it from its best next hop; an appliance should "
        "keep a BGP session with both.",
        _table(vnet),
    )


def beside_gateway(prefix: str, server_id: str, preference: str) -> Gap:
    """The same prefix from a gateway. Source: "Routing preference" (ExpressRoute, VPN/NVA, or AS path)."""
    group, name = _place(server_id)
    return Gap(
        f"Whether a gateway or an appliance takes packets for {prefix}",
        f"Both announce it, and Route Server {name} chooses by its routing preference ({preference}) and the AS paths.",
        f"az network nic show-effective-route-table of a running VM; az network routeserver show -g {group} -n {name}",
    )


def on_gateway_subnet(subnet: Subnet) -> Gap:
    """Whether a Route Server's routes act on gateways is not documented."""
    return Gap(
        f"Whether routes of the Route Server act on {subnet.name}",
        "What appliances announce is documented to go to virtual machines; whether gateways take it is not.",
        "az network vnet-gateway list-learned-routes -g <group> -n <gateway> -o table",
    )


def _unnamed(vnet: Vnet) -> Gap:
    return Gap(
        f"Routes that the Route Server in VNet {vnet.name} learned",
        "A Route Server adds routes that network virtual appliances announce.",
        "az network routeserver peering list-learned-routes -g <group> --routeserver <name> -n <peering>; "
        + _table(vnet),
    )


def _uncollected(server_id: str, vnet: Vnet) -> Gap:
    return Gap(
        f"Route Server {server_id} of VNet {vnet.name}",
        "A Route Server adds routes that network virtual appliances announce.",
        f"az resource show --ids {shell_word(server_id)} -o json; or {_table(vnet)}",
    )


def _table(vnet: Vnet) -> str:
    return f"az network nic show-effective-route-table of a running VM in {vnet.name}"


def _place(server_id: str) -> tuple[str, str]:
    """Resource group and name, each as a word of a command."""
    return shell_word(segment(server_id, "resourceGroups") or "<group>"), shell_word(last(server_id))
