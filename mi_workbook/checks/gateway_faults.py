"""Faults of gateways, tunnels and transit: what mends each, and the words' values."""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.checks.check import Found, Subject
from mi_workbook.checks.mending import without_route
from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.network.gateway import Connection
from mi_workbook.network.resource_id import key, last, parent, segment
from mi_workbook.network.vnet import Peering, Subnet
from mi_workbook.reach.tunnels import DOWN


def _peering(subject: Subject, peering_id: str) -> Peering:
    vnet = subject.network.vnet(parent(peering_id))
    return next(p for p in vnet.peerings if key(p.id) == key(peering_id))


def _names(peering: Peering) -> dict[str, str]:
    return {
        "peering": peering.name,
        "vnet": last(peering.vnet_id),
        "group": segment(peering.vnet_id, "resourceGroups"),
        "remote_vnet": last(peering.remote_id),
        "remote_group": segment(peering.remote_id, "resourceGroups"),
        "remote_id": peering.remote_id,
    }


def transit_flag(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """One side of the peering lacks its flag for gateway transit."""
    allowed = decision.cause is Cause.TRANSIT_NOT_ALLOWED
    peering = _peering(subject, decision.by)
    member = "allowGatewayTransit" if allowed else "useRemoteGateways"
    change = Change(peering.reading.document, peering.reading.at(member), True)
    fault = "gt-no-transit" if allowed else "gt-no-remote"
    return Found(fault, peering.id, decision.evidence, _names(peering), (change,), decision)


def own_gateway(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The instance's VNet has a gateway of its own and cannot use the peer's."""
    peering = _peering(subject, decision.by)
    return Found("gt-mi-has-gateway", peering.id, decision.evidence, _names(peering), (), decision)


def propagation(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A route table keeps gateway routes out."""
    table = subject.network.route_table(decision.by)
    change = Change(table.id, table.reading.at("disableBgpRoutePropagation"), False)
    values = {"rt": table.name, "group": segment(table.id, "resourceGroups")}
    return Found("rt-propagation-off-mi", table.id, decision.evidence, values, (change,), decision)


def tunnel_down(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A tunnel that is down. Two VNets have a connection for each direction, and a shared key that differs takes both down."""
    network = subject.network
    connection = network.connection(decision.by)
    ends = connection.ends
    pair = [one for one in network.connections_at(connection.gateway_id) if one.ends == ends] if len(ends) == 2 else []
    changes = tuple(
        Change(one.reading.document, one.reading.at("connectionStatus"), "Connected")
        for one in {key(one.id): one for one in (connection, *pair)}.values()
        if one.status.lower() in DOWN
    )
    return Found("conn-notconnected", decision.by, decision.evidence, {}, changes, decision)


def site_prefix(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The local network gateway does not name the client's addresses."""
    site = subject.network.local_network(decision.by)
    missing = subject.question.addresses - site.addresses
    wanted = [*site.prefixes, *show_addresses(missing).split(", ")] if _whole(missing) else []
    space = {"addressPrefixes": wanted}
    changes = (Change(site.id, site.reading.at("localNetworkAddressSpace"), space),) if wanted else ()
    values = {"prefix": ", ".join(wanted), "name": site.name, "group": segment(site.id, "resourceGroups")}
    return Found("rt-lng-missing", site.id, decision.evidence, values, changes, decision)


def _whole(addresses: Ranges) -> bool:
    return bool(addresses) and "-" not in show_addresses(addresses)


def clients_off(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The gateway serves no point-to-site clients, for one of three reasons."""
    gateway = subject.network.gateway(decision.by)
    policy = gateway.vpn_type == "policybased"
    fault = "gw-type-er-only" if gateway.kind == "expressroute" else "gw-policybased" if policy else "gwi-no-p2s"
    values = {"name": gateway.name, "group": segment(gateway.id, "resourceGroups")}
    return Found(fault, gateway.id, decision.evidence, values, (), decision)


def client_route(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The gateway does not announce the instance's range to its clients."""
    gateway = subject.network.gateway(decision.by)
    wanted = [*gateway.custom_prefixes, *show_addresses(trace.flow.destination).split(", ")]
    change = Change(gateway.id, gateway.reading.at("customRoutes"), {"addressPrefixes": wanted})
    values = {"prefix": ", ".join(wanted), "name": gateway.name, "group": segment(gateway.id, "resourceGroups")}
    return Found("p2s-custom-route-missing", gateway.id, decision.evidence, values, (change,), decision)


def selectors(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """Traffic selectors leave the pair of networks out."""
    connection = subject.network.connection(decision.by)
    values = {"name": connection.name, "group": segment(connection.id, "resourceGroups")}
    return Found("s2s-traffic-selectors", connection.id, decision.evidence, values,
                 _selected(subject, trace, connection), decision)  # fmt: skip


def _selected(subject: Subject, trace: Trace, connection: Connection) -> tuple[Change, ...]:
    """A pair of ranges added where there is a list; else selectors switched off."""
    reading = connection.reading
    if not connection.selectors:
        return (Change(connection.id, reading.at("usePolicyBasedTrafficSelectors"), False),)
    azure, site = show_addresses(trace.flow.destination), show_addresses(trace.flow.source)
    if "-" in azure + site:
        return ()
    pair = {"localAddressRanges": azure.split(", "), "remoteAddressRanges": site.split(", ")}
    return (Change(connection.id, f"{reading.at('trafficSelectorPolicies')}/-", pair),)


def gateway_route(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A user route to a gateway that it cannot lead to: none is there, or only one for ExpressRoute."""
    subnet = _deciding_subnet(subject, decision)
    fault = "rt-er-udr-gateway" if decision.cause is Cause.UDR_TO_EXPRESSROUTE else "gt-no-gateway"
    table = subject.network.route_table(subnet.route_table_id)
    changes = without_route(table, decision.rule) if fault == "rt-er-udr-gateway" else ()
    values = {"rt": table.name, "route": decision.rule, "group": segment(table.id, "resourceGroups")}
    return Found(fault, table.id, decision.evidence, values, changes, decision)


def _deciding_subnet(subject: Subject, decision: Decision) -> Subnet:
    return subject.network.subnet(decision.by)


def hijack(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A gateway route that covers a destination which is not behind the gateway."""
    try:
        table = _deciding_subnet(subject, decision).route_table_id
    except MissingEvidence:
        table = ""
    found = Found("rt-propagation-on-hijack", table or decision.by, decision.evidence, {}, (), decision)
    return replace(found, values={"name": last(found.resource)})


def reply_elsewhere(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """Replies of the public endpoint leave by another way than the request came."""
    subnet = subject.network.subnet(subject.question.instance.subnet_id)
    if not subnet.route_table_id or not decision.rule:
        return Found("rt-mi-default-public", subnet.id, decision.evidence, {}, (), decision)
    table = subject.network.route_table(subnet.route_table_id)
    values = {"rt": table.name, "route": decision.rule, "group": segment(table.id, "resourceGroups")}
    changes = without_route(table, decision.rule)
    return Found("rt-mi-default-public", table.id, decision.evidence, values, changes, decision)


def outside_name(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A private name used from the Internet."""
    instance = subject.question.instance
    expected = f"{instance.public_fqdn},3342"
    values = {"expected": expected, "actual": subject.question.name.typed if subject.question.name else instance.fqdn}
    change = Change("question", "/server", expected)
    return Found("private-name-outside", instance.id, decision.evidence, values, (change,), decision)
