"""What virtual network gateways bring: their routes, gateway transit over a peering, and what lies behind them.

Source: "Virtual network traffic routing", sections "Virtual network gateway" and "Border gateway protocol"; "Configure VPN
gateway transit for virtual network peering"; "About BGP with VPN Gateway"; "About point-to-site VPN routing".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.network.gateway import Connection, Gateway
from mi_workbook.network.network import CONNECTIONS, GATEWAYS, Network
from mi_workbook.network.observed import learned_routes
from mi_workbook.network.resource_id import key, last, shell_word
from mi_workbook.network.vnet import Peering, Vnet
from mi_workbook.reach.route_servers import NOTHING, ServedRoute, ServerView, server_view

HUB_PREFIX = "hv_"  # VNets of Virtual WAN hubs, which stand in a subscription of Microsoft's


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """A prefix that a gateway serves. behind: clients | site | vnet | learned; by: id of pool's gateway or connection."""

    prefix: str
    gateway: Gateway
    behind: str
    by: str
    why: str
    evidence: tuple[Evidence, ...]

    @property
    def addresses(self) -> Ranges:
        """Addresses the prefix covers; none where the evidence holds something that is no prefix, or IPv6."""
        try:
            return prefix(self.prefix)
        except ValueError:
            return Ranges()


@dataclass(frozen=True, slots=True)
class GatewayView:
    """The gateways a VNet uses, own or borrowed over a peering, what they serve, and what could not be known.

    served: what Route Servers, own or borrowed, add; servers: whether there is one.
    """

    gateways: tuple[Gateway, ...]
    routes: tuple[GatewayRoute, ...]
    gaps: tuple[Gap, ...]
    served: tuple[ServedRoute, ...] = ()
    servers: bool = False


def gateway_view(network: Network, vnet: Vnet) -> GatewayView:
    """Gateway routes as they are offered to the subnets of a VNet (a route table may still keep them out)."""
    gaps = list(_own_gaps(network, vnet))
    gateways, servers = list(network.gateways_of(vnet.id)), [server_view(network, vnet)]
    for peering in vnet.peerings:
        if peering.use_remote_gateways and peering.state.lower() == "connected":
            found, server, missing = _borrowed(network, vnet, peering)
            gateways += found
            servers.append(server)
            gaps += missing
    gaps += [gap for server in servers for gap in server.gaps]
    routes: list[GatewayRoute] = []
    for gateway in gateways:
        routes += _served(network, gateway)
        gaps += _unseen(network, gateway)
    served = tuple(route for server in servers for route in server.routes)
    present = any(server.present for server in servers)
    return GatewayView(tuple(gateways), tuple(routes), tuple(dict.fromkeys(gaps)), served, present)


def _own_gaps(network: Network, vnet: Vnet) -> Iterator[Gap]:
    """A gateway subnet in use whose gateway is not in the evidence."""
    yield from (_homeless(one) for one in network.homeless_gateways() if any(s.is_gateway for s in vnet.subnets))
    for subnet in vnet.subnets:
        perhaps = bool(subnet.reading.get("ipConfigurations")) or network.snapshot.absence(GATEWAYS) == "unproven"
        if subnet.is_gateway and perhaps and not network.gateways_of(vnet.id):
            yield _no_gateway(vnet)


def _homeless(gateway: Gateway) -> Gap:
    return Gap(
        f"Subnet of gateway {gateway.name}",
        "In which network it stands is not in the evidence, and it adds routes to every subnet there.",
        f"az network vnet-gateway show --ids {shell_word(gateway.id)} -o json",
    )


def _no_gateway(vnet: Vnet) -> Gap:
    return Gap(
        f"The virtual network gateway of VNet {vnet.name}",
        "There is one (its subnet is in use, or a peering uses it), and it adds routes to every subnet that uses it.",
        f"az network vnet-gateway list -g <group of {vnet.name}> -o json, and az network vpn-connection list -g <group>",
    )


def _borrowed(network: Network, vnet: Vnet, peering: Peering) -> tuple[tuple[Gateway, ...], ServerView, list[Gap]]:
    """Gateways and Route Server of the peer, where its side allows gateway transit: one setting lends both.

    Source: "Create, change, or delete a virtual network peering", setting "Use the remote virtual network's gateway or Route
    Server".
    """
    if last(peering.remote_id).lower().startswith(HUB_PREFIX):
        return (), NOTHING, [_hub(vnet, peering)]
    try:
        remote = network.vnet(peering.remote_id)
    except MissingEvidence as missing:
        return (), NOTHING, [missing.gap]
    there = next((p for p in remote.peerings if key(p.remote_id) == key(vnet.id)), None)
    if there is None or there.state.lower() != "connected" or not there.allow_gateway_transit:
        return (), NOTHING, []
    found, server = network.gateways_of(remote.id), server_view(network, remote)
    doubts = [_basic(gateway, remote) for gateway in found if gateway.sku.lower() == "basic"]
    if not found:  # where a Route Server is what is lent, a gateway beside it is none that has to be there
        doubts += _own_gaps(network, remote) if server.present else [_no_gateway(remote)]
    return found, server, doubts


def _basic(gateway: Gateway, home: Vnet) -> Gap:
    """Source: "About VPN Gateway configuration settings" and "VPN gateway FAQ" (no gateway transit with SKU Basic)."""
    return Gap(
        f"Whether gateway {gateway.name} of SKU Basic serves peers of VNet {home.name}",
        "Gateway transit is documented for every SKU but Basic.",
        f"A gateway of another SKU; or az network nic show-effective-route-table on a VM that uses {gateway.name} over a peering.",
    )


def _hub(vnet: Vnet, peering: Peering) -> Gap:
    return Gap(
        f"Effective routes of the Virtual WAN hub that VNet {vnet.name} is attached to",
        f"Peering {peering.name} leads to a hub whose routing is not part of the VNet's configuration.",
        "az network vhub get-effective-routes -g <group> -n <hub> --resource-type HubVirtualNetworkConnection "
        "--resource-id <connection>; or az network nic show-effective-route-table on a running VM of the VNet.",
    )


def _served(network: Network, gateway: Gateway) -> Iterator[GatewayRoute]:
    for text in gateway.pool_prefixes:
        evidence = (gateway.reading.evidence("vpnClientConfiguration"),)
        yield GatewayRoute(text, gateway, "clients", gateway.id, f"Point-to-site pool of {gateway.name}.", evidence)
    for connection in network.connections_of(gateway):
        yield from _over(network, gateway, connection)
    for route in learned_routes(network.snapshot, gateway.id) or ():
        why = f"Learned by {gateway.name} over BGP ({route.origin})."
        yield GatewayRoute(route.prefix, gateway, "learned", gateway.id, why, (route.evidence,))


def _over(network: Network, gateway: Gateway, connection: Connection) -> Iterator[GatewayRoute]:
    """Static routes of a connection: a site's prefixes, or the space of the VNet at the other end."""
    try:
        if connection.kind == "ipsec" and connection.site_id:
            site = network.local_network(connection.site_id)
            for text in site.prefixes:
                why = f"Site {site.name}, connection {connection.name}."
                evidence = (site.reading.evidence("localNetworkAddressSpace"),)
                yield GatewayRoute(text, gateway, "site", connection.id, why, evidence)
        elif connection.kind == "vnet2vnet":
            far = network.spaced(far_end(network, gateway, connection).vnet_id)
            for text in far.prefixes:
                why = f"VNet {far.name} over VNet-to-VNet connection {connection.name}."
                yield GatewayRoute(text, gateway, "vnet", connection.id, why, (far.reading.evidence("addressSpace"),))
    except MissingEvidence:
        return  # named by _unseen


def far_end(network: Network, gateway: Gateway, connection: Connection) -> Gateway:
    """The gateway at the other end of a VNet-to-VNet connection. Raises MissingEvidence where it was not collected."""
    forward = key(connection.gateway_id) == key(gateway.id)
    return network.gateway(connection.far_gateway_id if forward else connection.gateway_id)


def _unseen(network: Network, gateway: Gateway) -> Iterator[Gap]:
    """What a gateway may serve beyond what was seen."""
    connections = network.connections_of(gateway)
    if network.snapshot.absence(CONNECTIONS) != "proven" and not connections:
        yield Gap(
            f"Connections of gateway {gateway.name}",
            "Each adds routes to every subnet that uses the gateway.",
            "az network vpn-connection list -g <group> -o json, then az network vpn-connection show for each",
        )
    for connection in connections:
        yield from _other_end_gap(network, gateway, connection)
    speaks = gateway.kind == "expressroute" or any(c.bgp for c in connections)
    if speaks and learned_routes(network.snapshot, gateway.id) is None:
        yield Gap(
            f"Routes that gateway {gateway.name} learned over BGP",
            "They are added to every subnet that uses the gateway, and are not part of its configuration.",
            f"az network vnet-gateway list-learned-routes --ids {shell_word(gateway.id)} -o json",
        )


def _other_end_gap(network: Network, gateway: Gateway, connection: Connection) -> Iterator[Gap]:
    try:
        if connection.kind == "ipsec" and connection.site_id:
            network.local_network(connection.site_id)
        elif connection.kind == "vnet2vnet":
            network.spaced(far_end(network, gateway, connection).vnet_id)
        elif not connection.kind:
            raise MissingEvidence(Gap(
                f"Type of connection {connection.name}", "Each type of connection adds routes of its own.",
                f"az network vpn-connection show --ids {shell_word(connection.id)} -o json",
            ))  # fmt: skip
    except MissingEvidence as missing:
        yield missing.gap
