"""Faults of a web app's integration that do not decide the path by themselves.

Source: "Integrate your app with an Azure Virtual Network" (the older document); "Configure gateway-required virtual network
integration"; "Integrate your app with an Azure virtual network", sections "Limitations" and "Subnet requirements"; "Name
resolution in App Service".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mi_workbook.checks.app_faults import names, of_compose, of_plan, of_subnet
from mi_workbook.checks.check import Found, Subject
from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Change
from mi_workbook.network.app_connections import Integration, VnetConnection, apps_on, integration
from mi_workbook.network.resource_id import key, last, parent, segment
from mi_workbook.reach.app_membership import app_plan, app_subnet, app_vnet, compose_file, elsewhere

MOST_VNETS = 5
RESERVED = 5  # addresses of every subnet that Azure keeps
MOST_SUBNETS = {True: 1, False: 2}  # of a Linux plan, of a Windows plan

Look = Callable[[Subject, Integration], Iterator[Found]]


def tier(subject: Subject, joined: Integration) -> Iterator[Found]:
    """An app without integration on a plan whose tier has none; where it is joined, the path itself is cut."""
    plan = app_plan(subject.network, joined.app) if joined.kind == "none" else None
    if plan is not None and plan.integrates is False:
        yield Found("app-tier", plan.id, (plan.reading.evidence("sku"),), of_plan(subject, plan), severity="degrades")


def slot(subject: Subject, joined: Integration) -> Iterator[Found]:
    """A slot without integration whose app has one."""
    if joined.kind != "none" or not joined.app.is_slot:
        return
    at = parent(joined.app.id)
    if subject.network.snapshot.get(at) is None:
        return
    whole = subject.network.web_app(at)
    if integration(subject.network, whole).kind != "none":
        yield Found("app-slot", joined.app.id, (whole.reading.evidence("virtualNetworkSubnetId"),), names(subject))


def stopped(subject: Subject, joined: Integration) -> Iterator[Found]:
    """An app that does not run asks for nothing, whatever its network allows."""
    if joined.app.reading.text("state").lower() == "stopped":
        change = Change(joined.app.id, joined.app.reading.at("state"), "Running")
        values = {**names(subject), "actual": "Stopped", "expected": "Running"}
        yield Found("app-stopped", joined.app.id, (joined.app.reading.evidence("state"),), values, (change,))


def name_servers(subject: Subject, joined: Integration) -> Iterator[Found]:
    """Settings of name servers that do not do what they seem to."""
    dns = joined.app.dns
    if not dns.flawed:
        return
    values = {**names(subject), "detail": dns.flawed, "actual": ", ".join(dns.servers) or "none"}
    if dns.by == "dnsConfiguration":
        change = Change(joined.app.id, f"{joined.app.reading.at('dnsConfiguration')}/dnsLegacySortOrder", False)
        yield Found("app-dns-two", joined.app.id, dns.evidence, values, (change,))
    else:
        yield Found("app-dns-order", joined.app.id, dns.evidence, values)


def unsupported(subject: Subject, joined: Integration) -> Iterator[Found]:
    """An app on a stamp that cannot have regional integration."""
    config = subject.network.app_network_config(joined.app)
    if joined.kind == "none" and config is not None and config.flag("swiftSupported") is False:
        yield Found("swift-unsupported", joined.app.id, (config.evidence("swiftSupported"),), names(subject))


def compose(subject: Subject, joined: Integration) -> Iterator[Found]:
    """An app of several containers that has no integration: it could not use one."""
    if joined.kind == "none" and compose_file(joined.app):
        evidence = (joined.app.reading.evidence("siteConfig"),)
        yield Found("swift-docker-compose", joined.app.id, evidence, of_compose(subject, joined.app))


def association(subject: Subject, joined: Integration) -> Iterator[Found]:
    """The subnet's association link is another plan's. A body without the list says nothing."""
    subnet = app_subnet(subject.network, joined)
    if subnet is None or not subnet.reading.get("serviceAssociationLinks"):
        return
    links = [child.text("link") for child in subnet.reading.children("serviceAssociationLinks")]
    if joined.app.plan_id and key(joined.app.plan_id) not in {key(link) for link in links}:
        values = {**of_subnet(subnet), **names(subject), "actual": ", ".join(last(link) for link in links)}
        yield Found("swift-sal-other-plan", subnet.id, (subnet.reading.evidence("serviceAssociationLinks"),), values)


def region(subject: Subject, joined: Integration) -> Iterator[Found]:
    """App and VNet in different regions, which is slow for the kind behind a gateway."""
    vnet = app_vnet(subject.network, joined) if joined.kind == "gateway" else None
    if vnet is not None and elsewhere(joined.app, vnet):
        values = {**names(subject), "actual": joined.app.location, "expected": vnet.location, "vnet": vnet.name}
        yield Found("gwi-region-latency", joined.app.id, (joined.app.reading.whole(), vnet.reading.whole()), values)


def size(subject: Subject, joined: Integration) -> Iterator[Found]:
    """Each instance takes an address, and twice as many while the plan scales."""
    subnet = app_subnet(subject.network, joined)
    plan = app_plan(subject.network, joined.app)
    if subnet is None or plan is None or plan.capacity is None:
        return
    usable = max(subnet.addresses.size - RESERVED, 0)
    if usable < plan.capacity * 2:
        evidence = (subnet.reading.evidence("addressPrefix"), plan.reading.evidence("sku"))
        values = {**of_subnet(subnet), "actual": str(usable), "expected": str(plan.capacity * 2)}
        severity = "degrades" if usable < plan.capacity else ""
        yield Found("swift-subnet-small", subnet.id, evidence, values, severity=severity)


def public_senders(subject: Subject, joined: Integration) -> Iterator[Found]:
    """The public endpoint asked for by an app that keeps public traffic out of its VNet: its senders change."""
    if joined.kind == "regional" and subject.question.endpoint == "public" and not joined.app.route_all:
        yield Found(
            "swift-routeall-off", joined.app.id, (joined.app.reading.evidence("vnetRouteAllEnabled"),), names(subject)
        )


def subnet_limit(subject: Subject, joined: Integration) -> Iterator[Found]:
    """A plan whose apps use as many subnets as it can have."""
    if joined.kind != "regional" or not joined.app.plan_id:
        return
    apps = [app for app in apps_on(subject.network, joined.app.plan_id) if app.subnet_id]
    used = {key(app.subnet_id) for app in apps}
    most = MOST_SUBNETS[joined.app.linux is True]
    if len(used) >= most and len(used) > 1:
        evidence = tuple(app.reading.evidence("virtualNetworkSubnetId") for app in apps)
        values = {**names(subject), "actual": str(len(used)), "expected": str(most)}
        yield Found("swift-subnet-limit", joined.app.id, evidence, values)


def five_vnets(subject: Subject, joined: Integration) -> Iterator[Found]:
    """A plan that is joined to as many VNets behind gateways as it can be."""
    if joined.kind != "gateway" or not joined.app.plan_id:
        return
    found: dict[str, VnetConnection] = {}
    for app in apps_on(subject.network, joined.app.plan_id):
        for one in subject.network.vnet_connections(app):
            if not one.regional and one.network_id:
                found.setdefault(key(one.network_id), one)
    if len(found) >= MOST_VNETS:
        evidence = tuple(one.reading.evidence("vnetResourceId") for one in found.values())
        yield Found("gwi-five-vnets", joined.app.id, evidence, {**names(subject), "actual": str(len(found))})


def other_subscription(subject: Subject, joined: Integration) -> Iterator[Found]:
    """An app and a VNet of different subscriptions: Sync Network does not work."""
    connection = joined.connection
    if joined.kind != "gateway" or connection is None:
        return
    theirs, mine = (segment(at, "subscriptions").lower() for at in (connection.network_id, joined.app.id))
    if theirs != mine:
        evidence = (connection.reading.evidence("vnetResourceId"),)
        yield Found(
            "gwi-other-subscription", connection.id, evidence, {**names(subject), "vnet": last(connection.network_id)}
        )


def dns_not_synced(subject: Subject, joined: Integration) -> Iterator[Found]:
    """The name servers of the last sync are not those of the VNet today."""
    connection, vnet = joined.connection, app_vnet(subject.network, joined)
    if joined.kind != "gateway" or connection is None or vnet is None or connection.dns_servers is None:
        return
    if set(connection.dns_servers) != set(vnet.dns_servers):
        evidence = (connection.reading.evidence("dnsServers"), vnet.reading.evidence("dhcpOptions"))
        values = {**names(subject), "actual": ", ".join(connection.dns_servers) or "none",
                  "expected": ", ".join(vnet.dns_servers) or "none", "vnet": vnet.name}  # fmt: skip
        change = Change(connection.id, connection.reading.at("dnsServers"), ",".join(vnet.dns_servers))
        yield Found("gwi-dns-not-synced", connection.id, evidence, values, (change,))


def retirement(subject: Subject, joined: Integration) -> Iterator[Found]:
    """Gateway-required integration ends on 31 March 2027."""
    if joined.kind == "gateway" and joined.connection is not None:
        yield Found(
            "gwi-retirement", joined.app.id, (joined.connection.reading.evidence("vnetResourceId"),), names(subject)
        )


LOOKS: tuple[Look, ...] = (
    tier, slot, stopped, name_servers, unsupported, compose, association, size, region, public_senders, subnet_limit, five_vnets,
    other_subscription, dns_not_synced, retirement,
)  # fmt: skip


def app_settings(subject: Subject) -> Iterator[Found]:
    """What is found at the integration of a web app; nothing for other sources, and nothing from what was not collected."""
    joined = subject.question.origin.integration
    if joined is None:
        return
    for look_at in LOOKS:
        try:
            yield from look_at(subject, joined)
        except MissingEvidence:
            continue  # the path itself names what is missing; these are remarks beside it
