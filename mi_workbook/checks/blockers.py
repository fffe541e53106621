"""Faults that end a path: each Cause of a trace is given its fault, its words' values and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mi_workbook.checks import firewall_faults, gateway_faults, name_faults, peering_faults, rule_faults
from mi_workbook.checks.app_faults import APP_CAUSES
from mi_workbook.checks.check import Explain, Found, Subject, plain
from mi_workbook.checks.mending import without_route
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import show_ports
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.instance import PrivateEndpoint
from mi_workbook.network.resource_id import last, segment
from mi_workbook.reach.names import endpoint_of
from mi_workbook.reach.peering import FORWARDED

QUESTION = "question"


def blockers(subject: Subject) -> Iterator[Found]:
    """A finding for each decision that stops or may stop the packet, in its order, forward before return."""
    for trace in subject.traces:
        for hop in trace.hops:
            for decision in hop.decisions:
                if decision.result is Verdict.BLOCKED and decision.cause is not None:
                    found = EXPLAIN[decision.cause](subject, trace, hop, decision)
                    yield (decision.kind != "name" and name_faults.unused_endpoint(subject, found)) or found
                elif decision.rule == FORWARDED:
                    yield peering_faults.not_forwarded(decision)
                elif decision.result is Verdict.UNKNOWN and decision.cause is Cause.NSG_DENY:
                    yield from rule_faults.narrow(subject, trace, hop, decision)
                elif decision.result is Verdict.UNKNOWN and decision.cause is not None:
                    yield replace(EXPLAIN[decision.cause](subject, trace, hop, decision), severity="degrades")
                elif decision.result is Verdict.UNKNOWN and decision.kind == "appliance":
                    yield _through_appliance(subject, trace, decision)


def _through_appliance(subject: Subject, trace: Trace, decision: Decision) -> Found:
    """An appliance on the way, by the route that leads to it: of a route table, or one that it announced itself."""
    announced = next((e for e in decision.evidence if isinstance(e.value, dict) and "network" in e.value), None)
    if announced is not None:
        observation = subject.network.snapshot.observations[int(announced.document.removeprefix("observations/"))]
        peer = str(observation.get("about") or "")
        values = {"prefix": str(announced.value["network"]), "group": segment(peer, "resourceGroups"),
                  "server": segment(peer, "virtualHubs"), "peer": last(peer)}  # fmt: skip
        return replace(plain("rt-announced-nva", decision, **values), severity="risk")
    fault = "rt-client-nva" if trace.direction == "forward" else "rt-mi-return-nva"
    found = plain(fault, decision, **_table_of(decision))
    return replace(found, severity="risk", changes=_drop_route(subject, trace, decision))


def _table_of(decision: Decision) -> dict[str, str]:
    """The route table that leads to an appliance, for the command: the finding itself is at the appliance."""
    at = next((e.document for e in decision.evidence if segment(e.document, "routeTables")), "")
    return {"rt": last(at), "group": segment(at, "resourceGroups"), "route": decision.rule} if at else {}


def _name(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    name, instance = subject.question.name, subject.question.instance
    public = name is not None and endpoint_of(name) == "public"
    expected = f"{instance.public_fqdn},3342" if public else instance.fqdn
    fault = {
        Cause.NAME_WRONG: "name-typo",
        Cause.NAME_IS_ADDRESS: "ip-used",
        Cause.NAME_HAS_INSTANCE: "name-instance",
        Cause.NAME_IS_PRIVATELINK: "privatelink-name-in-string",
        Cause.NAME_NO_ZONE: "fqdn-no-zone",
        Cause.PORT_WRONG: "port-wrong-1433-public" if public else "port-wrong-3342-private",
    }[decision.cause or Cause.NAME_WRONG]
    found = plain(
        fault, decision, expected=expected, actual=name.typed if name else "", ports="3342" if public else "1433"
    )
    changes = (Change(QUESTION, "/server", expected),)
    return replace(found, resource=instance.id, changes=changes)


def _drop_route(subject: Subject, trace: Trace, decision: Decision) -> tuple[Change, ...]:
    subnet = subject.question.subnet
    if trace.direction == "return":
        subnet = subject.network.subnet(subject.question.instance.subnet_id)
    if not subnet.route_table_id or not decision.rule:
        return ()
    return without_route(subject.network.route_table(subnet.route_table_id), decision.rule)


def _route(fault: str) -> Explain:
    def explain(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
        subnet_id = subject.question.subnet.id if trace.direction == "forward" else subject.question.instance.subnet_id
        table = subject.network.subnet(subnet_id).route_table_id or subnet_id
        changes = _drop_route(subject, trace, decision)
        return replace(plain(fault, decision, route=decision.rule), resource=table, changes=changes)

    return explain


def _switch(fault: str, member: str, value: object) -> Explain:
    """A fault that one member of the deciding resource mends."""

    def explain(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
        pointer = decision.evidence[0].pointer if decision.evidence else f"/properties/{member}"
        document = decision.evidence[0].document if decision.evidence else decision.by
        return replace(plain(fault, decision), changes=(Change(document, pointer, value),))

    return explain


def _instance(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    state = subject.question.instance.state
    fault = "mi-stopped" if state.lower() in {"stopped", "stopping", "starting"} else "mi-not-ready"
    reading = subject.question.instance.reading
    changes = (Change(reading.document, reading.at("state"), "Ready"),) if fault == "mi-stopped" else ()
    return replace(plain(fault, decision, actual=state, expected="Ready"), changes=changes)


def _approval(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    endpoint = subject.network.private_endpoint(decision.by)
    pending = endpoint.status.lower() == "pending"
    found = plain("pe-pending" if pending else "pe-rejected", decision, actual=endpoint.status, expected="Approved")
    return replace(found, changes=_approved(endpoint)) if pending else found


def _approved(endpoint: PrivateEndpoint) -> tuple[Change, ...]:
    links = (*endpoint.reading.children("privateLinkServiceConnections"),
             *endpoint.reading.children("manualPrivateLinkServiceConnections"))  # fmt: skip
    pointers = [f"{link.at('privateLinkServiceConnectionState')}/status" for link in links]
    return tuple(Change(endpoint.id, pointer, "Approved") for pointer in pointers)


def _only(fault: str) -> Explain:
    return lambda subject, trace, hop, decision: plain(fault, decision)


EXPLAIN: dict[Cause, Explain] = {
    Cause.NAME_WRONG: _name,
    Cause.NAME_IS_ADDRESS: _name,
    Cause.NAME_HAS_INSTANCE: _name,
    Cause.NAME_IS_PRIVATELINK: _name,
    Cause.NAME_NO_ZONE: _name,
    Cause.PORT_WRONG: _name,
    Cause.NSG_DENY: rule_faults.denied,
    Cause.ADMIN_RULE_DENY: _only("admin-rule-denies"),
    Cause.ROUTE_NONE: _route("rt-none"),
    Cause.ROUTE_INTERNET_PRIVATE_DST: _route("rt-internet-private"),
    Cause.PEERING_MISSING: peering_faults.peering,
    Cause.PEERING_NOT_CONNECTED: peering_faults.peering,
    Cause.PEERING_NOT_SYNCED: peering_faults.peering,
    Cause.PEERING_SUBNET_SCOPE: peering_faults.scope,
    Cause.PEERING_ROUTES_DISABLED: _switch("rt-disable-peering", "disablePeeringRoute", "None"),
    Cause.PEERING_GLOBAL_OLD_SUBNET: peering_faults.old_subnet,
    Cause.ADDRESS_OVERLAP: _only("rt-overlap"),
    Cause.NVA_NOT_FORWARDING: _switch("rt-nva-not-forwarding", "enableIPForwarding", True),
    Cause.NVA_UNREACHABLE: _route("rt-nva-unreachable"),
    Cause.PE_NOT_APPROVED: _approval,
    Cause.PUBLIC_ENDPOINT_OFF: _switch("pub-disabled", "publicDataEndpointEnabled", True),
    Cause.INSTANCE_NOT_READY: _instance,
    Cause.SOURCE_IN_INSTANCE_SUBNET: _only("client-in-mi-subnet"),
    Cause.NVA_LOOP: _only("rt-nva-loop"),
    Cause.FIREWALL_DENY: firewall_faults.denied,
    Cause.ASYMMETRIC: _route("rt-mi-return-nva"),
    Cause.UDR_TO_EXPRESSROUTE: gateway_faults.gateway_route,
    Cause.NO_GATEWAY: gateway_faults.gateway_route,
    Cause.NO_GATEWAY_ROUTE: gateway_faults.propagation,
    Cause.GATEWAY_ROUTE_HIJACK: gateway_faults.hijack,
    Cause.GATEWAY_NOT_READY: _switch("gw-down", "provisioningState", "Succeeded"),
    Cause.OWN_GATEWAY: gateway_faults.own_gateway,
    Cause.TRANSIT_NOT_USED: gateway_faults.transit_flag,
    Cause.TRANSIT_NOT_ALLOWED: gateway_faults.transit_flag,
    Cause.SITE_PREFIX_MISSING: gateway_faults.site_prefix,
    Cause.TUNNEL_DOWN: gateway_faults.tunnel_down,
    Cause.TRAFFIC_SELECTOR_MISS: gateway_faults.selectors,
    Cause.CLIENTS_OFF: gateway_faults.clients_off,
    Cause.CLIENT_ROUTE_MISSING: gateway_faults.client_route,
    Cause.CLIENT_NEEDS_BGP: _only("p2s-v2v-needs-bgp"),
    Cause.CLIENT_NOT_CONNECTED: _only("p2s-not-connected"),
    Cause.CLIENT_OTHER_INTERFACE: _only("p2s-wrong-interface"),
    Cause.GUEST_FIREWALL: lambda subject, trace, hop, decision: plain(
        "fw-own-rule", decision, ports=show_ports(trace.flow.ports)
    ),
    Cause.CLIENT_PACKAGE_STALE: _only("p2s-package-stale"),
    Cause.OUTSIDE_PRIVATE_NAME: gateway_faults.outside_name,
    Cause.REPLY_NOT_TO_INTERNET: gateway_faults.reply_elsewhere,
    Cause.RECORD_MISSING: name_faults.record,
    Cause.RECORD_STALE: name_faults.record,
    Cause.DNS_UNREACHABLE: _only("dns-client-down"),
    **APP_CAUSES,
}
