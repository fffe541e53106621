"""Point-to-site clients and sites: which routes they are given, and what only they can show.

Source: "About point-to-site VPN routing" (which client gets which prefixes); "Advertise custom routes for point-to-site VPN
clients"; "About point-to-site VPN" (client address pool).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.asked_routes import asked_routes, own_addresses
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import Network
from mi_workbook.network.observed import ConnectedClients, connected_clients
from mi_workbook.network.reading import ipv4
from mi_workbook.network.resource_id import key, last, shell_word, vnet_of
from mi_workbook.network.tested import answer_at, machine_at
from mi_workbook.network.vnet import Peering, Vnet
from mi_workbook.reach.asked_routes import Client, own_of, with_answers
from mi_workbook.reach.effective_routes import effective_routes
from mi_workbook.reach.gateways import far_end
from mi_workbook.reach.no_route import not_peered, transit
from mi_workbook.reach.own_routes import into_the_tunnel
from mi_workbook.reach.peering import between, unlisted
from mi_workbook.reach.tunnels import status_gap

if TYPE_CHECKING:
    from mi_workbook.reach.origin import Origin


POOL_NOTE = (
    "That the client pool is a gateway route in every subnet that uses the gateway, and part of the VirtualNetwork tag there, follows "
    "from the documentation of gateway transit and of the tag; it is not said in so many words."
)


def client_routes(network: Network, gateway: Gateway, subnet_id: str, wanted: Ranges) -> list[Decision]:
    """Whether the package of a point-to-site client holds routes for a destination; one decision.

    subnet_id: the destination's subnet, whose VNet must be the gateway's or a peer that uses the gateway.
    """
    if not gateway.pool_prefixes:
        return [_off(gateway)]
    own = network.spaced(gateway.vnet_id)
    given = own.addresses | ipv4(gateway.custom_prefixes) | _transit_peers(network, own) | _over_bgp(network, gateway)
    evidence = (gateway.reading.evidence("vpnClientConfiguration"), own.reading.evidence("addressSpace"))
    if given.covers(wanted):
        why = f"{gateway.name} gives its clients a route for {show_addresses(wanted)}."
        return [Decision("client", gateway.id, Verdict.REACHABLE, why, evidence, notes=(POOL_NOTE,))]
    return [_missing(network, gateway, own, subnet_id, wanted)]


@dataclass(frozen=True, slots=True)
class GivenRoute:
    """A prefix that a gateway gives its point-to-site clients, and on which systems."""

    prefix: str
    why: str
    windows: bool
    others: bool


def given_routes(network: Network, gateway: Gateway) -> tuple[GivenRoute, ...]:
    """Routes of a client, as its package (Windows) or its connection (other systems) brings them.

    Source: "About point-to-site VPN routing": Windows clients keep the routes of the package they were installed with;
    prefixes behind VNet-to-VNet connections with BGP reach other clients, on Windows they are added by hand.
    """
    own = network.spaced(gateway.vnet_id)
    found = [GivenRoute(text, "Client address pool.", True, True) for text in gateway.pool_prefixes]
    found += [
        GivenRoute(text, f"VNet {own.name} of the gateway.", True, True) for text in own.prefixes if ":" not in text
    ]
    for here in own.peerings:
        if _served(network, own, here):
            why = f"Peered VNet {last(here.remote_id)}, with gateway transit. Windows: packages made after the peering."
            found += [GivenRoute(text, why, True, True) for text in here.remote_prefixes]
    for text in show_addresses(_over_bgp(network, gateway)).split(", ") if _over_bgp(network, gateway) else ():
        found.append(
            GivenRoute(text, "Behind a VNet-to-VNet connection with BGP. Windows: add it by hand.", False, True)
        )
    found += [GivenRoute(text, "Custom route of the gateway.", True, True) for text in gateway.custom_prefixes]
    return tuple(found)


def _off(gateway: Gateway) -> Decision:
    given = gateway.reading.get("vpnClientConfiguration")
    pool = given.get("vpnClientAddressPool") if isinstance(given, dict) else None
    if isinstance(given, dict) and not (isinstance(pool, dict) and isinstance(pool.get("addressPrefixes"), list)):
        why = f"Gateway {gateway.name} has a point-to-site configuration, and its address pool was not read."
        gap = Gap(
            f"Client address pool of gateway {gateway.name}",
            why,
            f"az network vnet-gateway show --ids {shell_word(gateway.id)} -o json",
        )
        return Decision(
            "client", gateway.id, Verdict.UNKNOWN, why, (gateway.reading.evidence("vpnClientConfiguration"),), gap=gap
        )
    reason = {
        "expressroute": "it is an ExpressRoute gateway, which has no point-to-site clients",
        "policybased": "it is policy-based (static), which cannot serve point-to-site clients",
    }.get(
        "expressroute" if gateway.kind == "expressroute" else gateway.vpn_type, "no client address pool is configured"
    )
    why = f"Gateway {gateway.name} serves no point-to-site clients: {reason}."
    evidence = tuple(gateway.reading.evidence(m) for m in ("gatewayType", "vpnType", "vpnClientConfiguration"))
    return Decision("client", gateway.id, Verdict.BLOCKED, why, evidence, Cause.CLIENTS_OFF)


def _transit_peers(network: Network, own: Vnet) -> Ranges:
    """Spaces of directly peered VNets that use the gateway over gateway transit."""
    found = Ranges()
    for here in own.peerings:
        if _served(network, own, here):
            found = found | here.remote
    return found


def _served(network: Network, own: Vnet, here: Peering) -> bool:
    """True for a peer that uses the gateway over gateway transit, both sides Connected."""
    if (
        here.state.lower() != "connected"
        or not here.allow_gateway_transit
        or network.snapshot.get(here.remote_id) is None
    ):
        return False
    there = between(network.vnet(here.remote_id), own.id)
    return there is not None and there.state.lower() == "connected" and there.use_remote_gateways


def _over_bgp(network: Network, gateway: Gateway) -> Ranges:
    """Spaces of VNets behind VNet-to-VNet connections with BGP, which clients learn as well."""
    found = Ranges()
    for connection in network.connections_of(gateway):
        if connection.kind == "vnet2vnet" and connection.bgp:
            far = key(
                connection.far_gateway_id if key(connection.gateway_id) == key(gateway.id) else connection.gateway_id
            )
            if network.snapshot.get(far) is not None:
                found = found | network.vnet(network.gateway(far).vnet_id).addresses
    return found


def _missing(network: Network, gateway: Gateway, own: Vnet, subnet_id: str, wanted: Ranges) -> Decision:
    """Why the client has no route: transit, a tunnel without BGP, no peering at all, or a partial space."""
    target = network.vnet(vnet_of(subnet_id))
    found = f"Clients of {gateway.name} get no route for {show_addresses(wanted)}."
    there = between(target, own.id)
    here = between(own, target.id)
    if there is not None and not _reply_by_appliance(network, subnet_id, gateway):
        stop = transit(network, there, found)
        if stop is not None:
            return stop
        if here is not None and not here.remote.covers(wanted):
            return not_peered(here, wanted, found)
    for side in (own, target):
        not_listed = unlisted(network, side)
        if not_listed is not None:
            return not_listed
    without_bgp = _without_bgp(network, gateway, target)
    if without_bgp is not None:
        return without_bgp
    evidence = (gateway.reading.evidence("customRoutes"), own.reading.evidence("virtualNetworkPeerings"))
    if there is None or here is None:
        why = f"{found} {target.name} is not peered with {own.name}, where the gateway is."
        return Decision("peering", own.id, Verdict.BLOCKED, why, evidence, Cause.PEERING_MISSING)
    why = f"{found} Neither the peered prefixes nor customRoutes of the gateway cover it."
    return Decision("client", gateway.id, Verdict.BLOCKED, why, evidence, Cause.CLIENT_ROUTE_MISSING)


def _reply_by_appliance(network: Network, subnet_id: str, gateway: Gateway) -> bool:
    """True where the destination sends replies to the pool through an appliance, so that it needs no gateway transit."""
    table = effective_routes(network, network.subnet(subnet_id))
    return all(
        bool(routes) and routes[0].next_hop_type.lower() == "virtualappliance"
        for _, routes in table.split(gateway.pool)
    )


def _without_bgp(network: Network, gateway: Gateway, target: Vnet) -> Decision | None:
    for connection in network.connections_of(gateway):
        if connection.kind == "vnet2vnet" and not connection.bgp:
            far = connection.far_gateway_id if key(connection.gateway_id) == key(gateway.id) else connection.gateway_id
            if network.snapshot.get(far) is None or key(far_end(network, gateway, connection).vnet_id) != key(
                target.id
            ):
                continue
            why = (
                f"{target.name} is behind connection {connection.name}, which does not use BGP: clients of {gateway.name} "
                "reach only the first network."
            )
            note = (
                "Documentation: point-to-site clients reach what lies behind a second tunnel only with BGP. One published measurement "
                "reports that it worked without BGP."
            )
            return Decision("client", connection.id, Verdict.BLOCKED, why, (connection.reading.evidence("enableBgp"),),
                            Cause.CLIENT_NEEDS_BGP, notes=(note,))  # fmt: skip
    return None


def own_side(
    network: Network, origin: Origin, addresses: Ranges, wanted: Ranges, places: frozenset[str], host: str = ""
) -> list[Decision]:
    """What Azure's configuration cannot show of the source's own side: one decision for each thing to look at.

    wanted: the destination; places: words that observations from the source bear; host: the server name that is asked there.
    """
    if origin.kind == "clients":
        routed = None if network.snapshot.touched() else _routed(network, origin.gateways[0], wanted, places, host)
        if routed is None:
            return [_client_machine(network, origin.gateways[0], addresses)]
        return [routed] if routed.result is not Verdict.REACHABLE else [routed, _client_firewall(origin.gateways[0])]
    decisions = []
    gap = status_gap(origin.connection) if origin.connection is not None else None
    if gap is not None:
        decisions.append(Decision("client", origin.by, Verdict.UNKNOWN, gap.why, gap=gap))
    return [*decisions, _site(origin)]


def _routed(network: Network, gateway: Gateway, wanted: Ranges, places: frozenset[str], host: str) -> Decision | None:
    """By the client's table of routes and its answers for single addresses, None where there is neither."""
    seen, asked = machine_at(network.snapshot, places), asked_routes(network.snapshot, places)
    if seen is None and not asked:
        return None
    windows = seen.machine.system == "windows" if seen is not None else any(one.windows for one in asked)
    given = [one.prefix for one in given_routes(network, gateway) if (one.windows if windows else one.others)]
    table = into_the_tunnel(seen, gateway, wanted, given) if seen is not None else None
    told = answer_at(network.snapshot, places, host) if host else None
    named = ipv4((told.address,)) if told is not None else Ranges()
    own = own_of(seen, own_addresses(network.snapshot, places))
    return with_answers(table, asked, Client(gateway, tuple(given), named, own, seen), wanted)


def _client_firewall(gateway: Gateway) -> Decision:
    gap = Gap(
        f"The client's own firewall, behind {gateway.name}",
        "Its routes lead into the tunnel; what its firewall and name server do was not tested.",
        "On the client, connected: Test-NetConnection <server name> -Port 1433; under Redirect, whose ports that does not test: "
        "mi-workbook probe <server name> --login. Add the output to the evidence.",
    )
    return Decision("client", gateway.id, Verdict.UNKNOWN, gap.why, (gateway.reading.whole(),), gap=gap)


def _client_machine(network: Network, gateway: Gateway, addresses: Ranges) -> Decision:
    gap = Gap(
        f"The routes of the client that {gateway.name} serves",
        "They are made when the client connects, from a package that may be older than today's networks; the client's own "
        "firewall and name server are not in Azure either.",
        "On the client, connected: route print -4 (Windows) or netstat -rn; and Test-NetConnection <server name> -Port 1433. "
        "Add the output to the evidence.",
    )
    why = f"Whether the client at {show_addresses(addresses)} has today's routes is not in Azure's configuration."
    seen = connected_clients(network.snapshot, gateway.id)
    if seen is not None:
        why = f"{_connected(gateway, addresses, seen)} {why}"
    evidence = (gateway.reading.whole(), *(seen.evidence if seen is not None else ()))
    return Decision("client", gateway.id, Verdict.UNKNOWN, why, evidence, gap=replace(gap, why=f"{why} {gap.why}"))


def _connected(gateway: Gateway, addresses: Ranges, seen: ConnectedClients) -> str:
    """What the gateway's own list says of the client. It settles nothing: clients come and go, with a new address each time."""
    given = ipv4(seen.addresses)
    when = f" at {seen.at}" if seen.at else ""
    if addresses.size == 1:
        if given.covers(addresses):
            return f"Gateway {gateway.name} listed a client at this address{when}: its tunnel stood then."
        return (
            f"Gateway {gateway.name} listed {_clients(seen)}{when}, none at this address: the client was not connected then, or has "
            "another address now (ipconfig on the client shows it)."
        )
    return f"Gateway {gateway.name} listed {_clients(seen)}{when}."


def _clients(seen: ConnectedClients) -> str:
    return f"{len(seen.addresses) or 'no'} connected client{'' if len(seen.addresses) == 1 else 's'}"


def _site(origin: Origin) -> Decision:
    gap = Gap(
        f"Routes and firewall of {origin.name}",
        "The device there must route the instance's range into the tunnel and let TCP 1433 and 11000-11999 out.",
        "From a machine there: Test-NetConnection <server name> -Port 1433; and the same from a VM in the instance's VNet "
        "as a control.",
    )
    why = f"What the network of {origin.name or last(origin.by)} does with the traffic is not in Azure's configuration."
    return Decision("client", origin.by, Verdict.UNKNOWN, why, gap=gap)
