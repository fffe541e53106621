"""Faults of web apps that end a path: what mends each, and the words' values."""

from __future__ import annotations

from mi_workbook.checks.check import Explain, Found, Subject
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import show_addresses
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.network.app_connections import Integration, VnetConnection
from mi_workbook.network.plan import Plan
from mi_workbook.network.resource_id import key, last, segment, vnet_of
from mi_workbook.network.vnet import Peering, Subnet
from mi_workbook.network.web_app import WebApp
from mi_workbook.reach.app_membership import DELEGATION, compose_file, valid_until
from mi_workbook.reach.peering import between

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


def of_plan(subject: Subject, plan: Plan) -> dict[str, str]:
    """Values of a fault at the app's plan."""
    return {**names(subject), "actual": plan.tier, "name": plan.name, "group": segment(plan.id, "resourceGroups")}


def of_subnet(subnet: Subnet) -> dict[str, str]:
    """Values of a fault at the integration subnet."""
    return {"subnet": subnet.name, "vnet": last(subnet.vnet_id), "group": segment(subnet.vnet_id, "resourceGroups")}


def of_compose(subject: Subject, app: WebApp) -> dict[str, str]:
    """Values of a fault of an app of several containers."""
    return {**names(subject), "actual": compose_file(app)}


def tier(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The plan's tier has no integration."""
    joined = subject.question.origin.integration
    assert joined is not None
    plan_id, own = joined.app.plan_id, joined.app.reading.text("sku").lower()
    values = {**names(subject), "actual": own, "name": last(plan_id), "group": segment(plan_id, "resourceGroups")}
    if key(decision.by) == key(plan_id):
        values = of_plan(subject, subject.network.plan(plan_id))
    return Found("app-tier", decision.by, decision.evidence, values, (), decision)


def compose(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """Integration does not serve apps from a Docker Compose file."""
    values = of_compose(subject, subject.network.web_app(decision.by))
    return Found("swift-docker-compose", decision.by, decision.evidence, values, (), decision)


def delegation(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """An integration subnet that is not delegated to App Service plans."""
    subnet = subject.network.subnet(decision.by)
    value = [{"name": "web", "properties": {"serviceName": DELEGATION}}]
    change = Change(subnet.reading.document, subnet.reading.at("delegations"), value)
    return Found("swift-delegation", subnet.id, decision.evidence, of_subnet(subnet), (change,), decision)


def not_linked(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """No plan holds the integration subnet."""
    values = {**of_subnet(subject.network.subnet(decision.by)), **names(subject)}
    return Found("swift-sal-missing", decision.by, decision.evidence, values, (), decision)


def other_region(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """App and VNet of a regional integration in different regions."""
    app, vnet = subject.network.web_app(decision.by), subject.network.vnet(decision.evidence[1].document)
    values = {**names(subject), "actual": app.location, "expected": vnet.location, "vnet": vnet.name}
    return Found("swift-region", app.id, decision.evidence, values, (), decision)


def expired(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """The certificate of the integration has ended."""
    _, connection = _connection(subject)
    values = {**names(subject), "actual": valid_until(connection)}
    return Found("gwi-cert-expired", connection.id, decision.evidence, values, (), decision)


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
    Cause.APP_TIER: tier,
    Cause.APP_COMPOSE: compose,
    Cause.APP_NOT_DELEGATED: delegation,
    Cause.APP_NOT_LINKED: not_linked,
    Cause.APP_OTHER_REGION: other_region,
    Cause.APP_CERT_EXPIRED: expired,
    Cause.RELAY_REDIRECT: redirected,
    Cause.RELAY_NAME: relay_name,
}
