"""Faults of web apps that end a path: what mends each, and the words' values."""

from __future__ import annotations

from collections.abc import Callable

from mi_workbook.checks.check import Found, Subject
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import show_addresses
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.network.app_connections import Integration, VnetConnection
from mi_workbook.network.resource_id import key, last, segment, vnet_of
from mi_workbook.network.vnet import Peering
from mi_workbook.reach.peering import between

Explain = Callable[[Subject, Trace, Hop, Decision], Found]
API = "2023-12-01"


def names(subject: Subject) -> dict[str, str]:
    """App, slot and plan, for commands."""
    joined = subject.question.origin.integration
    if joined is None:
        return {}
    app = joined.app
    site = "".join(segment(app.id, "sites").split())
    slot = "".join(segment(app.id, "slots").split())
    return {
        "app": segment(app.id, "sites"),
        "at": f"{site} --slot {slot}" if slot else site,
        "slot": segment(app.id, "slots"),
        "plan": last(app.plan_id),
        "group": segment(app.id, "resourceGroups"),
    }


def at_app(fault: str) -> Explain:
    """A fault at the app that asks the user for where to join it."""
    return lambda subject, trace, hop, decision: Found(
        fault, decision.by, decision.evidence, names(subject), (), decision
    )


def subnet_gone(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The integration subnet does not exist, or its id is not one of a subnet."""
    whole = "/subnets/" in str(decision.evidence[0].value).lower()
    return at_app("swift-subnet-gone" if whole else "swift-id-format")(subject, trace, hop, decision)


def public_range(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """Only private addresses enter the VNet, and the instance's range is public."""
    evidence = decision.evidence[0]
    change = Change(evidence.document, f"{evidence.pointer}/applicationTraffic", True)
    return Found("app-public-mi-range", decision.by, decision.evidence, names(subject), (change,), decision)


def at_gateway(fault: str) -> Explain:
    """A fault of the gateway's that its owner must mend."""
    return lambda subject, trace, hop, decision: Found(
        fault, decision.by, decision.evidence, {"name": last(decision.by)}, (), decision
    )


def only_sstp(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The gateway does not offer SSTP alone."""
    gateway = subject.network.gateway(decision.by)
    change = Change(gateway.id, f"{gateway.reading.at('vpnClientConfiguration')}/vpnClientProtocols", ["SSTP"])
    values = {"name": gateway.name, "actual": ", ".join(gateway.protocols)}
    return Found("gwi-not-sstp", gateway.id, decision.evidence, values, (change,), decision)


def route_missing(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The integration's routes leave the instance's range out."""
    joined, connection = _connection(subject)
    wanted = show_addresses(trace.flow.destination if trace.direction == "forward" else trace.flow.source)
    whole = "," not in wanted and "-" not in wanted
    route = {"name": "sqlmi", "properties": {"startAddress": wanted, "routeType": "STATIC"}}
    changes = (Change(connection.id, f"{connection.reading.at('routes')}/-", route),) if whole else ()
    values = {**names(subject), "address": wanted, "name": connection.name, "resource": joined.app.plan_id}
    return Found("gwi-route-missing", connection.id, decision.evidence, values, changes, decision)


def out_of_sync(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """Certificates or network data have changed since the last sync."""
    _, connection = _connection(subject)
    change = Change(connection.id, connection.reading.at("resyncRequired"), False)
    values = {**names(subject), "name": connection.name, "vnet": last(connection.network_id)}
    return Found("gwi-cert-out-of-sync", connection.id, decision.evidence, values, (change,), decision)


def peering_flags(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """Both sides of the peering behind the app's gateway must allow forwarded traffic; all that lack it are mended."""
    network, home = subject.network, vnet_of(subject.question.instance.subnet_id)
    entered, target = network.vnet(subject.question.origin.gateways[0].vnet_id), network.vnet(home)
    sides = [side for side in (between(entered, target.id), between(target, entered.id)) if side is not None]
    changes = tuple(Change(one.reading.document, one.reading.at("allowForwardedTraffic"), True)
                    for one in sides if not one.allow_forwarded)  # fmt: skip
    return Found("gwi-peer-flags", decision.by, decision.evidence, _both_sides(sides), changes, decision)


def _both_sides(sides: list[Peering]) -> dict[str, str]:
    here, there = sides[0], sides[-1]
    return {"peering": here.name, "vnet": last(here.vnet_id), "group": segment(here.vnet_id, "resourceGroups"),
            "remote_peering": there.name, "remote_vnet": last(there.vnet_id),
            "remote_group": segment(there.vnet_id, "resourceGroups")}  # fmt: skip


def redirected(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """Redirect leaves the one host and port that a Hybrid Connection carries."""
    instance = subject.question.instance
    change = Change(instance.id, instance.reading.at("proxyOverride"), "Proxy")
    return Found("hc-redirect", instance.id, decision.evidence, {"name": instance.name}, (change,), decision)


def relay_name(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The Hybrid Connection is for another name or port than the app asks for."""
    values = {**names(subject), "name": last(decision.by), "expected": f"{subject.question.instance.fqdn}:1433"}
    return Found("hc-name", decision.by, decision.evidence, values, (), decision)


def _connection(subject: Subject) -> tuple[Integration, VnetConnection]:
    joined = subject.question.origin.integration
    assert joined is not None and joined.connection is not None
    return joined, joined.connection


def of_express(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """An ExpressRoute gateway in the VNet keeps every app with gateway-required integration out."""
    gateway = subject.network.gateway(decision.by)
    values = {**names(subject), "name": gateway.name, "vnet": last(key(gateway.vnet_id))}
    return Found("er-coexist-app", gateway.id, decision.evidence, values, (), decision)


APP_CAUSES: dict[Cause, Explain] = {
    Cause.APP_NOT_INTEGRATED: at_app("app-none"),
    Cause.APP_SUBNET_GONE: subnet_gone,
    Cause.APP_RANGE_PUBLIC: public_range,
    Cause.APP_NOT_WINDOWS: at_app("gwi-linux"),
    Cause.APP_NO_GATEWAY: at_app("gwi-no-gateway"),
    Cause.APP_EXPRESSROUTE: of_express,
    Cause.APP_NOT_SSTP: only_sstp,
    Cause.APP_POOL_PUBLIC: at_gateway("gwi-pool-not-rfc1918"),
    Cause.APP_ROUTE_MISSING: route_missing,
    Cause.APP_OUT_OF_SYNC: out_of_sync,
    Cause.APP_PEERING_FLAGS: peering_flags,
    Cause.RELAY_REDIRECT: redirected,
    Cause.RELAY_NAME: relay_name,
}
