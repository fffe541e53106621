"""How a web app is joined to networks: VNet connections, Hybrid Connections, and which kind of integration they make."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, same, shell_word
from mi_workbook.network.web_app import WebApp

if TYPE_CHECKING:
    from mi_workbook.network.network import Network


@dataclass(frozen=True, slots=True)
class AppRoute:
    """A route of a gateway-required connection. kind: default | inherited | static; addresses: empty where unreadable."""

    text: str
    kind: str
    addresses: Ranges


@dataclass(frozen=True, slots=True)
class VnetConnection:
    """sites/virtualNetworkConnections. regional: it names a subnet (isSwift); else the VNet behind a gateway.

    routes, dns_servers: None where the evidence leaves them out. resync: resyncRequired, None where unread. routes_in: what
    holds the routes, the app's connection or that of its plan.
    """

    reading: Reading
    id: str
    name: str
    regional: bool
    network_id: str
    routes: tuple[AppRoute, ...] | None
    dns_servers: tuple[str, ...] | None
    resync: bool | None
    thumbprint: str
    routes_in: Reading

    @property
    def routed(self) -> Ranges:
        """Every address that the routes send into the VNet."""
        return Ranges.of(span for route in self.routes or () for span in route.addresses)


@dataclass(frozen=True, slots=True)
class HybridConnection:
    """One host and port that an app reaches through a relay. port: None where unread."""

    reading: Reading
    id: str
    name: str
    host: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Integration:
    """How an app leaves. kind: none | regional | gateway | environment; subnet_id of regional and environment."""

    kind: str
    app: WebApp
    subnet_id: str = ""
    connection: VnetConnection | None = None
    evidence: tuple[Evidence, ...] = ()


def read_vnet_connection(reading: Reading, of_plan: Reading | None = None) -> VnetConnection:
    """A connection, from a list (a bare array) or a GET. Regional ones hold the subnet's id and isSwift.

    of_plan: the plan's connection of the same name, whose routes count where the app's does not tell them: they are kept for
    the plan. Source: recorded responses of api 2019-08-01 and 2023-01-01; REST reference of VnetInfo and VnetRoute; "App
    Service Plans - List Vnets" and "- List Routes For Vnet".
    """
    untold = not isinstance(reading.get("routes"), list)
    routes_in = of_plan if untold and of_plan is not None and isinstance(of_plan.get("routes"), list) else reading
    network_id = reading.text("vnetResourceId")
    swift = reading.flag("isSwift")
    servers = reading.get("dnsServers")
    return VnetConnection(
        reading,
        reading.id,
        reading.name,
        swift if swift is not None else "/subnets/" in network_id.lower(),
        network_id,
        _routes(routes_in),
        tuple(s.strip() for s in servers.split(",") if s.strip()) if isinstance(servers, str) else None,
        reading.flag("resyncRequired"),
        reading.text("certThumbprint"),
        routes_in,
    )


def _routes(reading: Reading) -> tuple[AppRoute, ...] | None:
    if not isinstance(reading.get("routes"), list):
        return None
    return tuple(_route(child) for child in reading.children("routes"))


def _route(reading: Reading) -> AppRoute:
    """startAddress is a prefix, or the first address with endAddress as the last."""
    start, end = reading.text("startAddress").strip(), reading.text("endAddress").strip()
    text = f"{start}-{end}" if end and "/" not in start else start
    try:
        addresses = prefix(text)
    except (ValueError, ipaddress.AddressValueError):
        addresses = Ranges()
    return AppRoute(text, reading.text("routeType").lower(), addresses)


def read_hybrid_connection(reading: Reading) -> HybridConnection:
    """A Hybrid Connection of an app. The port may be written as a number or as a text."""
    value = reading.get("port")
    number = int(value) if isinstance(value, str) and value.isdigit() else value
    port = number if isinstance(number, int) and not isinstance(number, bool) else None
    host = reading.text("hostname").strip().rstrip(".").lower()
    return HybridConnection(reading, reading.id, reading.text("relayName") or reading.name, host, port)


def integration(network: Network, app: WebApp) -> Integration:
    """Which integration an app or slot has. Raises MissingEvidence where the evidence does not say.

    Source: "Integrate your app with an Azure virtual network" and "Configure gateway-required virtual network integration":
    an app has one integration; a slot has its own.
    """
    if app.environment_id:
        return _in_environment(network, app)
    subnet_id, evidence = _regional_subnet(network, app)
    if subnet_id:
        return Integration("regional", app, subnet_id, None, evidence)
    found = [one for one in network.vnet_connections(app) if not one.regional and one.network_id]
    if found:
        return Integration("gateway", app, "", found[0], (found[0].reading.evidence("vnetResourceId"),))
    if network.connections_absent(app):
        return Integration("none", app, evidence=(app.reading.evidence("virtualNetworkSubnetId"),))
    raise MissingEvidence(unknown_kind(app))


def apps_on(network: Network, plan_id: str) -> tuple[WebApp, ...]:
    """Apps and slots of a plan that were seen, by name."""
    kinds = ("Microsoft.Web/sites", "Microsoft.Web/sites/slots")
    ids = [str(raw.get("id", "")) for kind in kinds for raw in network.snapshot.of_type(kind)]
    found = [app for app in (network.web_app(at) for at in ids if at) if app.plan_id and same(app.plan_id, plan_id)]
    return tuple(sorted(found, key=lambda app: app.shown.lower()))


def network_of(joined: Integration) -> str:
    """The id of the VNet that an integration leads into, in lower case, "" for none."""
    if joined.connection is not None and joined.kind == "gateway":
        return key(joined.connection.network_id)
    return key(joined.subnet_id).rpartition("/subnets/")[0]


def unknown_kind(app: WebApp) -> Gap:
    """What is missing where nothing says how an app is joined to a network."""
    return Gap(
        f"How web app {app.shown} is joined to a VNet",
        "Its evidence names no integration subnet: it may have none, or the kind that needs a gateway.",
        f"az webapp show --ids {shell_word(app.id)} -o json; az rest --method get --url "
        + shell_word(f"{app.id}/virtualNetworkConnections?api-version=2023-12-01"),
    )


def _regional_subnet(network: Network, app: WebApp) -> tuple[str, tuple[Evidence, ...]]:
    """The subnet, as the site, its networkConfig or its connection names it."""
    if app.subnet_id:
        return app.subnet_id, (app.reading.evidence("virtualNetworkSubnetId"),)
    config = network.app_network_config(app)
    if config is not None and config.text("subnetResourceId"):
        return config.text("subnetResourceId"), (config.evidence("subnetResourceId"),)
    swift = next((one for one in network.vnet_connections(app) if one.regional and one.network_id), None)
    return (swift.network_id, (swift.reading.evidence("vnetResourceId"),)) if swift is not None else ("", ())


def _in_environment(network: Network, app: WebApp) -> Integration:
    environment = network.environment(app.environment_id)
    if not environment.subnet_id:
        raise MissingEvidence(Gap(f"Subnet of App Service Environment {environment.name}", "Its apps run there.",
                                  f"az resource show --ids {shell_word(environment.id)} -o json"))  # fmt: skip
    return Integration(
        "environment", app, environment.subnet_id, None, (environment.reading.evidence("virtualNetwork"),)
    )
