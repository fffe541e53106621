"""Why a subnet has no route to somewhere: the peering, gateway or setting that should have given one.

Source: "Virtual network peering"; "Configure VPN gateway transit for virtual network peering"; "Virtual network traffic
routing", section "Border gateway protocol" (propagation).
"""

from __future__ import annotations

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import LOCAL_NETWORKS, Network
from mi_workbook.network.observed import bgp_peers
from mi_workbook.network.resource_id import key, last, shell_word
from mi_workbook.network.vnet import Peering, Subnet
from mi_workbook.reach.gateways import gateway_view
from mi_workbook.reach.peering import between, not_connected, unlisted


def propagation_off(network: Network, start: Subnet, part: Ranges, found: str) -> Decision | None:
    """The route table keeps a gateway route out that would have led there.

    Source: "Virtual network traffic routing": with propagation disabled, neither static nor BGP gateway routes are added.
    """
    if not start.route_table_id or not network.route_table(start.route_table_id).propagation_off:
        return None
    table = network.route_table(start.route_table_id)
    view = gateway_view(network, network.vnet(start.vnet_id))
    kept_out = next((r for r in view.routes if r.addresses.covers(part)), None)
    evidence = (table.reading.evidence("disableBgpRoutePropagation"),)
    if kept_out is not None:
        why = f"{found} Route table {table.name} keeps gateway routes out, among them {kept_out.prefix}: {kept_out.why}"
        return Decision("route", table.id, Verdict.BLOCKED, why, (*evidence, *kept_out.evidence),
                        Cause.NO_GATEWAY_ROUTE)  # fmt: skip
    if view.gaps and any(g.kind == "expressroute" or g.bgp for g in view.gateways):
        why = f"{found} Route table {table.name} keeps gateway routes out, and what the gateway learned was not seen."
        return Decision("route", table.id, Verdict.BLOCKED, why, evidence, Cause.NO_GATEWAY_ROUTE)
    return None


def missing_gateway_route(
    network: Network, start: Subnet, gateways: tuple[Gateway, ...], by: str, part: Ranges, found: str
) -> Decision:
    """Why a subnet has no route to what lies behind some gateways: transit, another gateway, or a site's prefixes."""
    vnet = network.vnet(start.vnet_id)
    homes = {key(g.vnet_id): g for g in gateways}
    if key(vnet.id) in homes:
        return _not_served(network, start, homes[key(vnet.id)], by, part, found)
    not_listed = unlisted(network, vnet)
    if not_listed is not None:
        return not_listed
    sides = [(p, homes[key(p.remote_id)]) for p in vnet.peerings if key(p.remote_id) in homes]
    if not sides:
        return _not_peered_with_gateway(network, start, gateways, found)
    here, gateway = sides[0]
    return transit(network, here, found) or _not_served(network, start, gateway, by, part, found)


def transit(network: Network, here: Peering, found: str) -> Decision | None:
    """Why a VNet does not get the gateway of a peer; None where both sides allow it.

    here: the side of the VNet without the gateway. Source: "Configure VPN gateway transit for virtual network peering".
    """
    if here.state.lower() != "connected":
        return not_connected(here)
    own = network.gateways_of(here.vnet_id)
    if not here.use_remote_gateways and own:
        why = f"{found} {last(here.vnet_id)} has a gateway of its own ({own[0].name}), so it cannot use that of {last(here.remote_id)}."
        return Decision("peering", here.id, Verdict.BLOCKED, why,
                        (own[0].reading.whole(), here.reading.evidence("useRemoteGateways")), Cause.OWN_GATEWAY)  # fmt: skip
    if not here.use_remote_gateways:
        why = f"{found} Peering {here.name} of {last(here.vnet_id)} does not use the gateway of {last(here.remote_id)}."
        return Decision("peering", here.id, Verdict.BLOCKED, why, (here.reading.evidence("useRemoteGateways"),),
                        Cause.TRANSIT_NOT_USED)  # fmt: skip
    hub = network.vnet(here.remote_id)
    there = between(hub, here.vnet_id)
    not_listed = unlisted(network, hub) if there is None else None
    if not_listed is not None:
        return not_listed
    if there is None or there.state.lower() != "connected":
        return not_connected(there) if there is not None else _one_sided(network, here)
    if not there.allow_gateway_transit:
        why = f"{found} Peering {there.name} of {last(there.vnet_id)} does not allow gateway transit."
        return Decision("peering", there.id, Verdict.BLOCKED, why, (there.reading.evidence("allowGatewayTransit"),),
                        Cause.TRANSIT_NOT_ALLOWED)  # fmt: skip
    return None


def _one_sided(network: Network, here: Peering) -> Decision:
    remote = network.vnet(here.remote_id)
    why = f"{remote.name} has no peering back to {last(here.vnet_id)}."
    evidence = (Evidence(remote.id, remote.reading.at("virtualNetworkPeerings"), None),)
    return Decision("peering", here.id, Verdict.BLOCKED, why, evidence, Cause.PEERING_MISSING)


def _not_peered_with_gateway(network: Network, start: Subnet, gateways: tuple[Gateway, ...], found: str) -> Decision:
    vnet = network.vnet(start.vnet_id)
    own = network.gateways_of(vnet.id)
    where = ", ".join(last(g.vnet_id) for g in gateways) or "the gateway"
    evidence = (Evidence(vnet.id, vnet.reading.at("virtualNetworkPeerings"), [p.name for p in vnet.peerings]),)
    why = f"{found} {vnet.name} has no peering with {where}, where the gateway is."
    if own:
        gap = Gap(f"Whether gateway {own[0].name} and that of {where} exchange routes", why,
                  f"az network vnet-gateway list-learned-routes --ids {shell_word(own[0].id)} -o json")  # fmt: skip
        return Decision("route", vnet.id, Verdict.UNKNOWN, why, evidence, gap=gap)
    return Decision("peering", vnet.id, Verdict.BLOCKED, why, evidence, Cause.PEERING_MISSING)


def _not_served(network: Network, start: Subnet, gateway: Gateway, by: str, part: Ranges, found: str) -> Decision:
    """The right gateway is in use and does not offer these addresses: they are not in the site's prefixes."""
    raw = network.snapshot.get(by)
    down = [one for one in bgp_peers(network.snapshot, gateway.id) if one.state and one.state.lower() != "connected"]
    told = "".join(
        f" Its BGP session with {one.address} is {one.state}, so it learns nothing from there." for one in down
    )
    why = f"{found} {gateway.name} has no route to {show_addresses(part)}.{told}"
    if raw is not None and "/localnetworkgateways/" in by.lower():
        site = network.local_network(by)
        why = f"{why} The prefixes of site {site.name} are {', '.join(site.prefixes) or 'none'}."
        evidence = (site.reading.evidence("localNetworkAddressSpace"), *(one.evidence for one in down))
        return Decision("gateway", site.id, Verdict.BLOCKED, why, evidence, Cause.SITE_PREFIX_MISSING)
    gap = Gap(f"Routes that gateway {gateway.name} knows", why + f" ({LOCAL_NETWORKS} or BGP should name them.)",
              f"az network vnet-gateway list-learned-routes --ids {shell_word(gateway.id)} -o json")  # fmt: skip
    seen = (gateway.reading.whole(), *(one.evidence for one in down))
    return Decision("gateway", gateway.id, Verdict.UNKNOWN, why, seen, gap=gap)


def missing_route(network: Network, start: Subnet, end: Subnet | None, part: Ranges, found: str) -> Decision:
    """Why no peering gives a route from one subnet to another VNet's subnet."""
    vnet = network.vnet(start.vnet_id)
    if end is None or key(end.vnet_id) == key(vnet.id):
        return Decision("route", start.id, Verdict.BLOCKED, found, (), Cause.ROUTE_NONE)
    here = between(vnet, end.vnet_id)
    not_listed = unlisted(network, vnet)
    if not_listed is not None:
        return not_listed
    if here is None:
        why = f"{found} {vnet.name} has no peering with {last(end.vnet_id)}."
        evidence = (Evidence(vnet.id, vnet.reading.at("virtualNetworkPeerings"), [p.name for p in vnet.peerings]),)
        return Decision("peering", vnet.id, Verdict.BLOCKED, why, evidence, Cause.PEERING_MISSING)
    if here.state.lower() != "connected":
        return not_connected(here)
    if start.route_table_id and network.route_table(start.route_table_id).peering_routes_off:
        table = network.route_table(start.route_table_id)
        why = f"{found} Route table {table.name} takes peering routes away (disablePeeringRoute is All)."
        return Decision("route", table.id, Verdict.BLOCKED, why, (table.reading.evidence("disablePeeringRoute"),),
                        Cause.PEERING_ROUTES_DISABLED)  # fmt: skip
    return not_peered(here, part, found)


def not_peered(here: Peering, part: Ranges, found: str) -> Decision:
    """A Connected peering that does not hold the addresses: other subnets only, or an old address space."""
    evidence = (here.reading.evidence("remoteAddressSpace"), here.reading.evidence("peeringSyncLevel"))
    if here.only_ipv6:
        why = f"{found} Peering {here.name} joins the IPv6 spaces alone, and the endpoint's address is an IPv4 one."
        only = (here.reading.evidence("enableOnlyIPv6Peering"),)
        return Decision("peering", here.id, Verdict.BLOCKED, why, only, Cause.PEERING_MISSING)
    if not here.remote_prefixes:
        why = f"{found} Peering {here.name} is Connected, and which prefixes it joins is not in the evidence."
        gap = Gap(
            f"remoteAddressSpace of peering {here.name}", why, f"az resource show --ids {shell_word(here.id)} -o json"
        )
        return Decision("peering", here.id, Verdict.UNKNOWN, why, evidence, gap=gap)
    if not here.complete_vnets:
        why = f"{found} Peering {here.name} joins only some subnets, and {show_addresses(part)} is not among them."
        return Decision("peering", here.id, Verdict.BLOCKED, why, evidence, Cause.PEERING_SUBNET_SCOPE)
    why = (
        f"{found} Peering {here.name} is Connected but was last synced when {last(here.remote_id)} had the space "
        f"{', '.join(here.remote_prefixes) or 'unknown'}; {show_addresses(part)} is not in it."
    )
    return Decision("peering", here.id, Verdict.BLOCKED, why, evidence, Cause.PEERING_NOT_SYNCED)
