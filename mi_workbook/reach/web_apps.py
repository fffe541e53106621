"""How the packets of a web app get out of App Service: what its integration lets through, and what is not sure.

Source: "Integrate your app with an Azure Virtual Network" (the older, gateway-required kind), "Configure gateway-required
virtual network integration" (January 2026), "Configure virtual network integration routing", "Azure App Service Hybrid
Connections", and "Connect your application to SQL Managed Instance", section "Connect Azure App Service".
"""

from __future__ import annotations

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, addresses, show_addresses
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.app_connections import HybridConnection, Integration, VnetConnection
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.instance import NORMAL_PORT, REDIRECT_PORTS, ManagedInstance
from mi_workbook.network.network import GATEWAYS, Network
from mi_workbook.network.resource_id import key, last, shell_word, vnet_of
from mi_workbook.network.vnet import Vnet
from mi_workbook.reach.clients import client_routes
from mi_workbook.reach.peering import between

RFC_1918 = addresses(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])  # RFC 1918, as the documents list them
CONSOLE = "From the app's console: nameresolver <server name>, then tcpping <server name>:1433."


def entry_gateway(network: Network, connection: VnetConnection) -> Gateway | None:
    """The VPN gateway of the VNet that an app is joined to; another kind where there is no VPN gateway, None for none.

    Raises MissingEvidence where a gateway may be there and was not collected.
    """
    if "/microsoft.network/" not in connection.network_id.lower():
        raise MissingEvidence(Gap(
            f"The gateway of classic VNet {last(connection.network_id)}",
            "An app with gateway-required integration enters through it, and classic networks are not read here.",
            f"In the portal: the classic VNet, VPN connections. {CONSOLE}",
        ))  # fmt: skip
    found = network.gateways_of(connection.network_id)
    vpn = [gateway for gateway in found if gateway.kind == "vpn"]
    if vpn or found:
        return (vpn or list(found))[0]
    if network.snapshot.absence(GATEWAYS) == "proven" and network.vnet(connection.network_id):
        return None
    raise MissingEvidence(Gap(
        f"The gateway of VNet {last(connection.network_id)}",
        "An app with gateway-required integration enters through it.",
        "az network vnet-gateway list -g <group> -o json",
    ))  # fmt: skip


def no_gateway(network: Network, joined: Integration) -> Decision:
    """An app is joined to a VNet that has no gateway."""
    vnet_id = joined.connection.network_id if joined.connection else ""
    why = f"{joined.app.shown} is joined to VNet {last(vnet_id)} in the way that needs a gateway, and there is none."
    return _blocked(vnet_id, why, joined.evidence, Cause.APP_NO_GATEWAY)


def over_gateway(
    joined: Integration, network: Network, gateway: Gateway, subnet_id: str, wanted: Ranges
) -> list[Decision]:
    """What stops an app with gateway-required integration before or at the gateway; all of it, or one that says it goes in.

    subnet_id, wanted: where the packets are to go.
    """
    app, connection = joined.app, joined.connection
    assert connection is not None
    stops = [*_windows_only(joined), *_routed(joined, connection, wanted), *_express(network, app.shown, gateway)]
    stops += _clients(gateway)
    stops += [d for d in client_routes(network, gateway, subnet_id, wanted) if d.result is not Verdict.REACHABLE]
    if stops:
        return stops
    why = f"{app.shown} sends {show_addresses(wanted)} into VNet {last(connection.network_id)}, from an address of the pool."
    return [_open(app.id, why, (*joined.evidence, connection.routes_in.evidence("routes")))]


def doubts(network: Network, joined: Integration, gateway: Gateway, subnet_id: str) -> list[Decision]:
    """What is not sure about a gateway-required integration: each may stop the packets, none surely does."""
    connection = joined.connection
    assert connection is not None
    found = [*_in_sync(joined, connection), *_only_sstp(gateway), *_express_unseen(network, gateway)]
    found += _routes_in_doubt(joined, connection, network.subnet(subnet_id).addresses)
    return [*found, *_forwarded(network, network.vnet(gateway.vnet_id), subnet_id)]


def _windows_only(joined: Integration) -> list[Decision]:
    """Gateway-required integration exists for Windows code apps only."""
    app = joined.app
    if not app.linux and not app.container:
        return []
    kind, member = ("a Linux app", "reserved") if app.linux else ("a Windows container", "isXenon")
    why = f"{app.shown} is {kind}, for which there is no gateway-required integration."
    return [_blocked(app.id, why, (app.reading.evidence(member),), Cause.APP_NOT_WINDOWS)]


def _express(network: Network, app: str, gateway: Gateway) -> list[Decision]:
    """A VNet with an ExpressRoute gateway takes no app in, not even beside a VPN gateway."""
    express = [one for one in network.gateways_of(gateway.vnet_id) if one.kind == "expressroute"]
    if not express or gateway.kind == "expressroute":
        return []
    why = f"VNet {last(gateway.vnet_id)} has ExpressRoute gateway {express[0].name}, also beside a VPN gateway {app} cannot enter."
    return [_blocked(express[0].id, why, (express[0].reading.evidence("gatewayType"),), Cause.APP_EXPRESSROUTE)]


def _clients(gateway: Gateway) -> list[Decision]:
    """Point-to-site as apps need it: SSTP, and a pool in RFC 1918."""
    found = []
    evidence = (gateway.reading.evidence("vpnClientConfiguration"),)
    if gateway.protocols and "sstp" not in gateway.protocols:
        why = f"Gateway {gateway.name} offers {', '.join(gateway.protocols)}; apps come over SSTP."
        found.append(_blocked(gateway.id, why, evidence, Cause.APP_NOT_SSTP))
    if gateway.pool and not RFC_1918.covers(gateway.pool):
        why = f"The pool of {gateway.name}, {show_addresses(gateway.pool)}, is not in 10/8, 172.16/12 or 192.168/16."
        found.append(_blocked(gateway.id, why, evidence, Cause.APP_POOL_PUBLIC))
    return found


def _routed(joined: Integration, connection: VnetConnection, wanted: Ranges) -> list[Decision]:
    """Only what the routes of the integration list goes into the VNet; the rest goes to the Internet."""
    if connection.routed.covers(wanted) or not _explicit(connection, wanted):
        return []
    why = _outside_routes(joined, connection, wanted - connection.routed)
    return [_blocked(connection.id, why, (connection.routes_in.evidence("routes"),), Cause.APP_ROUTE_MISSING)]


def _explicit(connection: VnetConnection, wanted: Ranges) -> bool:
    """True where the list of routes says all: it was read, each entry can be read, and it shows the private defaults.

    Every app has routes to the private ranges by default (REST reference of VnetRoute, routeType DEFAULT). Whether a list
    without any of them means that they are gone is not documented; for public addresses the list is all there is.
    """
    routes = connection.routes
    if routes is None or any(not route.addresses and ":" not in route.text for route in routes):
        return False
    return any(route.kind == "default" for route in routes) or not RFC_1918.covers(wanted)


def _outside_routes(joined: Integration, connection: VnetConnection, left: Ranges) -> str:
    listed = ", ".join(route.text for route in connection.routes or ()) or "nothing"
    return f"{joined.app.shown} sends {listed} into the VNet; {show_addresses(left)} is not in it."


def _in_sync(joined: Integration, connection: VnetConnection) -> list[Decision]:
    evidence = (connection.reading.evidence("resyncRequired"),)
    if connection.resync is False:
        return []
    if connection.resync:
        why = f"The certificates or network data of {joined.app.shown} are not in sync with VNet {last(connection.network_id)}."
        gap = Gap("Whether the app still gets through without a Sync Network", why, CONSOLE)
        return [_unsure(connection.id, why, evidence, gap, Cause.APP_OUT_OF_SYNC)]
    why = f"Whether the certificates of {joined.app.shown} are in sync is not in the evidence."
    gap = Gap(f"resyncRequired of connection {connection.name}", why, _connections(joined))
    return [_unsure(connection.id, why, evidence, gap)]


def _routes_in_doubt(joined: Integration, connection: VnetConnection, wanted: Ranges) -> list[Decision]:
    """Routes that were not read, or that do not show whether the private defaults still hold."""
    if connection.routed.covers(wanted) or _explicit(connection, wanted):
        return []
    evidence = (connection.routes_in.evidence("routes"),)
    what, how = f"Routes of connection {connection.name}", _connections(joined)
    if connection.routes is None:
        why = (
            f"Which addresses {joined.app.shown} sends into VNet {last(connection.network_id)} is not in the evidence."
        )
        return [_unsure(connection.id, why, evidence, Gap(what, why, how + _of_the_plan(joined)))]
    why = _outside_routes(joined, connection, wanted - connection.routed)
    why += " Whether the private defaults hold although the list does not show them is not documented."
    return [_unsure(connection.id, why, evidence, Gap(what, why, f"{how}; {CONSOLE}"), Cause.APP_ROUTE_MISSING)]


def _of_the_plan(joined: Integration) -> str:
    """The plan keeps the routes for its apps."""
    at = joined.app.plan_id
    return (
        f"; az rest --method get --url https://management.azure.com{at}/virtualNetworkConnections?api-version=2023-12-01"
        if at
        else ""
    )


def _connections(joined: Integration) -> str:
    url = f"{joined.app.id}/virtualNetworkConnections?api-version=2023-12-01"
    return f"az rest --method get --url {shell_word(url)}"


def _only_sstp(gateway: Gateway) -> list[Decision]:
    """IKEv2 is to be off beside SSTP (Basic SKU excepted); what happens where it is on is not documented."""
    evidence = (gateway.reading.evidence("vpnClientConfiguration"),)
    how = f"az network vnet-gateway show --ids {shell_word(gateway.id)} --query vpnClientConfiguration.vpnClientProtocols; {CONSOLE}"
    if gateway.pool and not gateway.protocols:
        why = f"Which protocols {gateway.name} offers its clients is not in the evidence; apps come over SSTP."
        return [_unsure(gateway.id, why, evidence, Gap(f"Client protocols of {gateway.name}", why, how))]
    if {"sstp", "ikev2"} <= set(gateway.protocols) and gateway.sku.lower() != "basic":
        why = f"{gateway.name} offers IKEv2 beside SSTP; for apps IKEv2 must be disabled."
        gap = Gap("Whether the app connects although IKEv2 is on", why, how)
        return [_unsure(gateway.id, why, evidence, gap, Cause.APP_NOT_SSTP)]
    return []


def _express_unseen(network: Network, gateway: Gateway) -> list[Decision]:
    """An ExpressRoute gateway that was not collected would keep the app out; the gateway subnet names all of them."""
    subnet = network.subnet(gateway.subnet_id)
    named = {key(one).partition("/ipconfigurations/")[0] for one in subnet.reading.references("ipConfigurations")}
    seen = {key(one.id) for one in network.gateways_of(gateway.vnet_id)}
    if (named and named <= seen) or (not named - seen and network.snapshot.absence(GATEWAYS) == "proven"):
        return []
    why = f"VNet {last(gateway.vnet_id)} may have an ExpressRoute gateway besides {gateway.name}; no app enters such a VNet."
    gap = Gap(f"Every gateway of VNet {last(gateway.vnet_id)}", why, "az network vnet-gateway list -g <group> -o json")
    return [_unsure(subnet.id, why, (subnet.reading.evidence("ipConfigurations"),), gap)]


def _forwarded(network: Network, entered: Vnet, subnet_id: str) -> list[Decision]:
    """Beyond a peering, both sides are to allow the VNet's access and forwarded traffic."""
    target = network.vnet(vnet_of(subnet_id))
    sides = [between(entered, target.id), between(target, entered.id)] if key(target.id) != key(entered.id) else []
    for side in sides:
        if side is not None and not side.allow_forwarded:
            why = f"Peering {side.name} of {last(side.vnet_id)} does not allow forwarded traffic, which an app's packets need there."
            gap = Gap("Whether the app's packets pass the peering without it", why, CONSOLE)
            evidence = (side.reading.evidence("allowForwardedTraffic"),)
            return [_unsure(side.id, why, evidence, gap, Cause.APP_PEERING_FLAGS)]
    return []


def stays_outside(network: Network, joined: Integration, instance: ManagedInstance) -> Decision:
    """Why an app's packets for a private endpoint of the instance leave to the Internet, which does not carry them.

    A Hybrid Connection for another name does not help.
    """
    app, host = joined.app, instance.fqdn or instance.name
    if joined.kind in {"regional", "environment"}:
        return _gone(joined) if subnet_gone(network, joined.subnet_id) else _public_range(network, joined, instance)
    meant = next((one for one in network.hybrid_connections(app) if _meant(one, instance)), None)
    if meant is not None:
        why = f"Hybrid Connection {meant.name} is for {meant.host}:{meant.port}; the app asks for {host}:{NORMAL_PORT}."
        evidence = (meant.reading.evidence("hostname"), meant.reading.evidence("port"))
        return _blocked(meant.id, why, evidence, Cause.RELAY_NAME)
    why = f"{app.shown} is joined to no VNet, so its packets leave to the Internet, which does not carry {host}'s private address."
    return _blocked(app.id, why, joined.evidence, Cause.APP_NOT_INTEGRATED)


def subnet_gone(network: Network, subnet_id: str) -> bool:
    """True where the evidence proves that an integration subnet does not exist: its VNet lists its subnets without it."""
    at = key(vnet_of(subnet_id))
    if at == key(subnet_id):
        return True
    if network.snapshot.get(at) is None or network.snapshot.get(subnet_id) is not None:
        return False
    vnet = network.vnet(at)
    return isinstance(vnet.reading.get("subnets"), list) and all(key(one.id) != key(subnet_id) for one in vnet.subnets)


def _gone(joined: Integration) -> Decision:
    whole = "/subnets/" in joined.subnet_id.lower()
    why = f"{joined.app.shown} is joined to {last(joined.subnet_id)}, " + (
        "a subnet that its VNet does not have." if whole else "which is not the id of a subnet."
    )
    return _blocked(joined.app.id, why, joined.evidence, Cause.APP_SUBNET_GONE)


def _public_range(network: Network, joined: Integration, instance: ManagedInstance) -> Decision:
    """Without route-all only private addresses enter the VNet, and the instance's range is public."""
    home = network.subnet(instance.subnet_id)
    why = (
        f"{joined.app.shown} sends only private addresses into the VNet, and the instance's range "
        f"{', '.join(home.prefixes)} is public: its packets go to the Internet."
    )
    evidence = (joined.app.reading.evidence("outboundVnetRouting"), home.reading.evidence("addressPrefix"))
    return _blocked(joined.app.id, why, evidence, Cause.APP_RANGE_PUBLIC)


def _meant(relay: HybridConnection, instance: ManagedInstance) -> bool:
    """True for a relay that was probably made for this instance: its name in part, or a database port at an address."""
    label = instance.fqdn.partition(".")[0] or instance.name
    return label in relay.host or relay.port == NORMAL_PORT


def over_relay(
    relay: HybridConnection, joined: Integration | None, instance: ManagedInstance, ports: Ranges
) -> list[Decision]:
    """What a Hybrid Connection carries: one host and port. Redirect asks for others, which leave as the app is joined.

    joined: None where the evidence does not say how the app is joined.
    Source: "Azure App Service Hybrid Connections" (each matches one host and port); "Connection types", section "Redirect".
    """
    if not ports.meets(Ranges((REDIRECT_PORTS,))):
        why = f"Hybrid Connection {relay.name} carries {relay.host}:{relay.port}."
        return [_open(relay.id, why, (relay.reading.evidence("hostname"), relay.reading.evidence("port")))]
    why = f"{instance.name} uses Redirect: the second connection asks for another host and port, which {relay.name} does not carry."
    evidence = (instance.reading.evidence("proxyOverride"),)
    if joined is not None and joined.kind == "none":
        return [_blocked(instance.id, why, evidence, Cause.RELAY_REDIRECT)]
    gap = Gap("Whether the app reaches the instance's nodes beside the relay", why,
              f"Proxy as connection type needs no second connection; or test with the driver from the app. {CONSOLE}")  # fmt: skip
    return [_unsure(instance.id, why, evidence, gap, Cause.RELAY_REDIRECT)]


def manager(relay: HybridConnection) -> Decision:
    """What Azure's configuration cannot show of a Hybrid Connection: the manager that dials out from the far network."""
    gap = Gap(
        f"The Hybrid Connection Manager of {relay.name}",
        "It must run in a network that reaches the instance, be connected, resolve the name, and get out on port 443.",
        "In the portal: app, Networking, Hybrid connections: is it Connected? On the manager's machine: Test-NetConnection "
        f"{relay.host} -Port {relay.port}; and to the relay's namespace on port 443.",
    )
    why = f"Whether a manager serves {relay.name} and reaches {relay.host} is not in Azure's configuration."
    return Decision("client", relay.id, Verdict.UNKNOWN, why, (relay.reading.whole(),), gap=gap)


def _open(by: str, why: str, evidence: tuple[Evidence, ...]) -> Decision:
    return Decision("integration", by, Verdict.REACHABLE, why, evidence)


def _blocked(by: str, why: str, evidence: tuple[Evidence, ...], cause: Cause) -> Decision:
    return Decision("integration", by, Verdict.BLOCKED, why, evidence, cause)


def _unsure(by: str, why: str, evidence: tuple[Evidence, ...], gap: Gap, cause: Cause | None = None) -> Decision:
    return Decision("integration", by, Verdict.UNKNOWN, why, evidence, cause, gap)
