"""The app's view and the plan's view of VNet integration, as the integration document describes them.

Source: "Integrate your app with an Azure Virtual Network", section "Managing the VNET Integrations" (which items each view
shows); "Configure virtual network integration routing"; "Name resolution in App Service" for what the regional kind adds.
"""

from __future__ import annotations

from collections.abc import Callable

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.ranges import show_some
from mi_workbook.evidence.azure.clouds import portal
from mi_workbook.network.app_connections import (
    Integration,
    VnetConnection,
    apps_on,
    integration,
    network_of,
    unknown_kind,
)
from mi_workbook.network.network import GATEWAYS, Network
from mi_workbook.network.plan import Plan
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.vnet import Subnet, Vnet
from mi_workbook.network.web_app import FLAGS, WebApp
from mi_workbook.views.table import Cell, Table

MOST_VNETS = 5
RESERVED = 5  # addresses of every subnet that Azure keeps
PORTAL_UNKNOWN = "(the portal of this cloud is not known)"
UNSEEN = "(not in the evidence)"
WORDS = {
    "none": "none",
    "regional": "regional (a subnet of a VNet)",
    "gateway": "gateway-required (point-to-site; ends 31 March 2027)",
    "environment": "App Service Environment (the app runs in the subnet)",
}
Rows = list[tuple[object, ...]]


def app_table(network: Network, app_id: str, *, private: bool = True) -> Table:
    """Everything about the way out of one app or slot. Raises MissingEvidence where the app was not collected.

    private: the question is about a private address, so that no integration is an offence.
    """
    app = network.web_app(app_id)
    rows: Rows = [("Way out", _kind(network, app, private=private)), ("Location of the app", app.location or UNSEEN)]
    joined = _try(lambda: integration(network, app))
    if isinstance(joined, Integration):
        rows += _joined(network, joined)
    else:
        rows.append(("How to find out", unknown_kind(app).how))
    relays = [f"{one.host}:{one.port}" for one in network.hybrid_connections(app)]
    rows.append(("Hybrid Connections", ", ".join(relays) or "none seen"))
    rows.append(("Public addresses it may send from", show_some(app.outbound) if app.outbound else UNSEEN))
    for slot in _slots(network, app):
        rows.append((f"Slot {slot.shown}", _kind(network, slot, private=private)))
    return Table.of(f"VNet integration of web app {app.shown}", ("Item", "Value"), rows)


def plan_table(network: Network, plan_id: str) -> Table:
    """Every VNet that apps of a plan are integrated with: kind, location, apps, certificates, name servers, routes."""
    columns = ("VNet", "Kind", "Location", "Apps of the plan", "Certificates", "Name servers", "Routes into the VNet")
    plan = _try(lambda: network.plan(plan_id))
    apps = apps_on(network, plan_id)
    known = [one for one in (_try(lambda app=app: integration(network, app)) for app in apps)  # type: ignore[misc]
             if isinstance(one, Integration)]  # fmt: skip
    rows: Rows = []
    homes = dict.fromkeys((network_of(one), one.kind) for one in known if one.kind != "none")
    for home, kind in homes:
        mine = [one for one in known if (network_of(one), one.kind) == (home, kind)]
        rows.append(_vnet_row(network, home, kind, mine, plan if isinstance(plan, Plan) else None))
    loose = [app.shown for app in apps if app.shown not in {one.app.shown for one in known if one.kind != "none"}]
    if loose:
        rows.append(("-", "none, or not in the evidence", "", ", ".join(loose), "", "", ""))
    return Table.of(
        _title(plan, plan_id, homes), columns, rows or [("(no app of this plan in the evidence)", *("",) * 6)]
    )


def _title(plan: object, plan_id: str, homes: dict[tuple[str, str], None]) -> str:
    count = sum(1 for _, kind in homes if kind == "gateway")
    size = (
        f"{plan.tier or UNSEEN} {plan.size}, {plan.capacity} instances, {plan.location}"
        if isinstance(plan, Plan)
        else UNSEEN
    )
    return f"Networks of plan {last(plan_id)} ({size}); VNets behind a gateway: {count} of {MOST_VNETS}"


def _vnet_row(network: Network, home: str, kind: str, mine: list[Integration], plan: Plan | None) -> tuple[object, ...]:
    vnet = _try(lambda: network.vnet(home))
    where = vnet.location if isinstance(vnet, Vnet) else ""
    place = _place(where, plan.location if plan is not None else mine[0].app.location)
    apps = ", ".join(one.app.shown for one in mine)
    connection = mine[0].connection if kind == "gateway" else None
    if connection is None:
        routes = "all" if any(one.app.route_all for one in mine) else "private addresses"
        return (last(home), kind, place, apps, "not needed", _vnet_dns(vnet), routes)
    return (
        last(home),
        kind,
        place,
        apps,
        _certificates(connection),
        _synced_dns(connection, vnet),
        _routes(connection),
    )


def _kind(network: Network, app: WebApp, *, private: bool) -> Cell:
    found = _try(lambda: integration(network, app))
    if isinstance(found, Integration):
        bad = private and found.kind == "none" and not network.hybrid_connections(app)
        return Cell(WORDS[found.kind], "bad" if bad else "", "private addresses cannot be reached" if bad else "")
    return Cell("unknown", "decides", str(found))


def _slots(network: Network, app: WebApp) -> list[WebApp]:
    if app.is_slot:
        return []
    found = network.snapshot.children(app.id, "Microsoft.Web/sites/slots")
    return [network.web_app(str(raw.get("id", ""))) for raw in found]


def _joined(network: Network, joined: Integration) -> Rows:
    home = network_of(joined)
    if not home:
        return []
    vnet = _try(lambda: network.vnet(home))
    link = vnet.id if isinstance(vnet, Vnet) else joined.connection.network_id if joined.connection else home
    where = vnet.location if isinstance(vnet, Vnet) and vnet.location else joined.app.location
    address = portal(network.snapshot.cloud, where)
    rows: Rows = [("VNet", last(home)), ("Link", f"{address}/#resource{link}" if address else PORTAL_UNKNOWN)]
    if isinstance(vnet, Vnet):
        rows += [("Location of the VNet", _place(vnet.location, joined.app.location)),
                 ("VNet address space", ", ".join(vnet.prefixes) or UNSEEN)]  # fmt: skip
    if joined.connection is not None and joined.kind == "gateway":
        return [*rows, *_behind_gateway(network, joined.connection, vnet)]
    return [*rows, *_in_subnet(network, joined, vnet)]


def _behind_gateway(network: Network, connection: VnetConnection, vnet: object) -> Rows:
    gateways = network.gateways_of(connection.network_id)
    rows: Rows = [("Certificate status", _certificates(connection))]
    for gateway in gateways:
        down = gateway.provisioning_state.lower() not in {"succeeded", "updating", ""}
        state = Cell(gateway.provisioning_state or UNSEEN, "bad" if down else "", "not connected" if down else "")
        rows += [(f"Gateway status ({gateway.name})", state),
                 ("Point-to-site address space", ", ".join(gateway.pool_prefixes) or Cell("none", "bad", "apps need it"))]  # fmt: skip
        sites = [network.local_network(c.site_id) for c in network.connections_of(gateway)
                 if c.site_id and network.snapshot.get(c.site_id) is not None]  # fmt: skip
        rows.append(
            ("Site-to-site address space", ", ".join(p for site in sites for p in site.prefixes) or "none seen")
        )
    rows += [] if gateways else [("Gateway status", _no_gateway(network))]
    return [
        *rows,
        ("Name servers", _synced_dns(connection, vnet)),
        ("Addresses routed into the VNet", _routes(connection)),
    ]


def _no_gateway(network: Network) -> Cell:
    """A gateway that was not seen is wrong only where all gateways were collected."""
    if network.snapshot.absence(GATEWAYS) == "proven":
        return Cell("none", "bad", "the app enters through it")
    return Cell(UNSEEN, "decides", "the app enters through it")


def _certificates(connection: VnetConnection) -> Cell:
    if connection.resync is None:
        return Cell(UNSEEN, "decides", "resyncRequired was not read")
    return Cell("not in sync", "bad", "Sync Network on the plan") if connection.resync else Cell("in sync")


def _routes(connection: VnetConnection) -> str:
    if connection.routes is None:
        return UNSEEN
    return ", ".join(f"{route.text} ({route.kind or 'kind unread'})" for route in connection.routes) or "none"


def _synced_dns(connection: VnetConnection, vnet: object) -> Cell:
    """The list the app got at the last sync, against the VNet's of today."""
    if connection.dns_servers is None:
        return Cell(UNSEEN, "decides")
    shown = ", ".join(connection.dns_servers) or "Azure's"
    if isinstance(vnet, Vnet) and set(connection.dns_servers) != set(vnet.dns_servers):
        return Cell(shown, "bad", f"the VNet has {', '.join(vnet.dns_servers) or 'none of its own'}: Sync Network")
    return Cell(shown)


def _vnet_dns(vnet: object) -> str:
    return (", ".join(vnet.dns_servers) or "Azure's") if isinstance(vnet, Vnet) else UNSEEN


def _in_subnet(network: Network, joined: Integration, vnet: object) -> Rows:
    app = joined.app
    subnet = _try(lambda: network.subnet(joined.subnet_id))
    rows: Rows = [("Subnet", last(joined.subnet_id))]
    if isinstance(subnet, Subnet):
        rows += [("Delegation", _delegation(subnet)), ("Association link", _link(subnet, app)),
                 ("Size against instances", _size(network, subnet, app))]  # fmt: skip
    rows.append(("Private address of each instance", "ask in its console: WEBSITE_PRIVATE_IP"))
    everything = {True: "all traffic", False: "private addresses only", None: UNSEEN}[app.route_all]
    rows.append(("Routed into the VNet", everything))
    routing = app.reading.get("outboundVnetRouting")
    if isinstance(routing, dict):
        flags = Reading(app.id, "", routing)
        names = (*FLAGS, "contentShareTraffic", "imagePullTraffic", "backupRestoreTraffic")
        rows += [(f"outboundVnetRouting.{name}", str(flags.flag(name)).lower()) for name in names]
    if app.dns.servers:
        rows.append(
            (
                "Name servers in effect",
                Cell(", ".join(app.dns.servers), "bad" if app.dns.flawed else "", app.dns.flawed),
            )
        )
        return [*rows, ("They come from", f"the app's {app.dns.by}")]
    return [*rows, ("Name servers in effect", _vnet_dns(vnet)), ("They come from", "the VNet")]


def _delegation(subnet: Subnet) -> Cell:
    good = "microsoft.web/serverfarms" in {name.lower() for name in subnet.delegations}
    return Cell(
        ", ".join(subnet.delegations) or "none",
        "" if good else "bad",
        "" if good else "must be Microsoft.Web/serverFarms",
    )


def _link(subnet: Subnet, app: WebApp) -> Cell:
    """Who holds the subnet: the plan, as the service association link names it."""
    if not isinstance(subnet.reading.get("serviceAssociationLinks"), list):
        return Cell(UNSEEN)
    links = [child.text("link") for child in subnet.reading.children("serviceAssociationLinks")]
    mine = any(key(link) == key(app.plan_id) for link in links)
    return Cell(
        ", ".join(last(link) for link in links) or "none",
        "" if mine else "decides",
        "" if mine else "not the app's plan",
    )


def _size(network: Network, subnet: Subnet, app: WebApp) -> Cell:
    usable = max(subnet.addresses.size - RESERVED, 0)
    plan = _try(lambda: network.plan(app.plan_id))
    if not isinstance(plan, Plan) or plan.capacity is None:
        return Cell(f"{usable} usable, instances {UNSEEN}")
    need = plan.capacity * 2
    return Cell(f"{usable} usable for {plan.capacity} instances ({need} while scaling)", "bad" if usable < need else "",
                "too small" if usable < need else "")  # fmt: skip


def _place(vnet: str, app: str) -> Cell:
    far = bool(vnet and app) and _region(vnet) != _region(app)
    return Cell(vnet or UNSEEN, "decides" if far else "", f"the app is in {app}: expect latency" if far else "")


def _region(text: str) -> str:
    return text.replace(" ", "").lower()


def _try(make: Callable[[], object]) -> object:
    """A value, or in its place what is missing."""
    try:
        return make()
    except MissingEvidence as missing:
        return missing.gap.missing
