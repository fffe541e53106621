"""A web app as the source of a question: which way its packets leave, and from which addresses.

Source: "Configure virtual network integration routing", section "Configure application routing"; "Configure
gateway-required virtual network integration", section "Gateway-required virtual network integration routing"; "Azure App
Service Hybrid Connections" (a request for a configured host and port takes the relay, whatever else the app is joined to).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Place
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.network.app_connections import HybridConnection, Integration, integration
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT, ManagedInstance
from mi_workbook.network.network import APP_RELAYS, SLOT_RELAYS, Network
from mi_workbook.network.resource_id import shell_word
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.web_app import WebApp
from mi_workbook.reach.names import ServerName, endpoint_of
from mi_workbook.reach.origin import Origin
from mi_workbook.reach.web_apps import RFC_1918, entry_gateway, subnet_gone

NO_POOL = prefix("192.0.2.1")  # a documentation address: without a pool the path is cut before the address matters


@dataclass(frozen=True, slots=True)
class Leaving:
    """How an app leaves for an instance: its place in Azure's networks, its origin, and the addresses it may send from."""

    place: Place
    origin: Origin
    addresses: Ranges
    dns: tuple[str, ...] = ()


def leaving(
    network: Network, place: Place, instance: ManagedInstance, endpoint: str, name: ServerName | None
) -> Leaving:
    """The way an app takes. Raises MissingEvidence where the evidence does not say which."""
    app = network.web_app(place.id)
    public = endpoint == "public" or (endpoint == "auto" and name is not None and endpoint_of(name) == "public")
    relay = _carrying(network, app, instance, public, name)
    if relay is not None:
        return Leaving(
            place, Origin("relay", by=app.id, name=app.shown, integration=_if_known(network, app), relay=relay), PUBLIC
        )
    joined = integration(network, app)
    if joined.kind == "none":
        return _unjoined(network, place, joined, public)
    if joined.kind == "gateway":
        return _by_gateway(network, place, joined, public)
    return _by_subnet(network, place, joined, instance, public)


def _if_known(network: Network, app: WebApp) -> Integration | None:
    try:
        return integration(network, app)
    except MissingEvidence:
        return None


def _carrying(
    network: Network, app: WebApp, instance: ManagedInstance, public: bool, name: ServerName | None
) -> HybridConnection | None:
    """The Hybrid Connection for the host and port that the app asks for."""
    host = name.host if name is not None else instance.public_fqdn if public else instance.fqdn
    port = name.port if name is not None and name.port is not None else PUBLIC_PORT if public else NORMAL_PORT
    found = network.hybrid_connections(app)
    return next((one for one in found if one.host and one.host == host.lower() and one.port == port), None)


def _outside(place: Place, joined: Integration) -> Leaving:
    """Over the Internet, from the public addresses of the app's stamp."""
    app = joined.app
    origin = Origin("internet", by=app.id, name=app.shown, integration=joined)
    return Leaving(place, origin, app.outbound or PUBLIC, app.dns.servers)


def _unjoined(network: Network, place: Place, joined: Integration, public: bool) -> Leaving:
    kind = SLOT_RELAYS if joined.app.is_slot else APP_RELAYS
    if (
        not public
        and network.snapshot.absence(kind, joined.app.id) != "proven"
        and not network.hybrid_connections(joined.app)
    ):
        raise MissingEvidence(Gap(
            f"Hybrid Connections of web app {joined.app.shown}",
            "It is joined to no VNet; a Hybrid Connection for the instance's name would carry it all the same.",
            f"az webapp hybrid-connection list --ids {shell_word(joined.app.id)} -o json",
        ))  # fmt: skip
    return _outside(place, joined)


def _by_gateway(network: Network, place: Place, joined: Integration, public: bool) -> Leaving:
    """Through the point-to-site pool of the gateway; public addresses only where a route of the integration lists them."""
    app, connection = joined.app, joined.connection
    assert connection is not None
    if public and not connection.routed & PUBLIC and connection.routes is not None:
        return _outside(place, joined)
    if public:
        raise MissingEvidence(Gap(
            f"Which public addresses web app {app.shown} sends into VNet {connection.name}",
            "The public endpoint is reached from the Internet, or through the VNet where a route lists its address.",
            "Ask from where the packets come: --from internet=ADDRESS or p2s:GATEWAY.",
        ))  # fmt: skip
    gateway = entry_gateway(network, connection)
    if gateway is None:
        origin = Origin("internet", by=app.id, name=app.shown, integration=joined)
        return Leaving(place, origin, NO_POOL)
    where = replace(place, subnet=gateway.subnet_id, vnet=gateway.vnet_id)
    origin = Origin("clients", (gateway,), None, gateway.id, app.shown, joined)
    servers = connection.dns_servers
    if servers is None:
        servers = network.vnet(gateway.vnet_id).dns_servers
    return Leaving(where, origin, gateway.pool or NO_POOL, servers)


def _by_subnet(network: Network, place: Place, joined: Integration, instance: ManagedInstance, public: bool) -> Leaving:
    """Private addresses enter the VNet, others only where all traffic is routed there; an environment lies in it whole."""
    app = joined.app
    if subnet_gone(network, joined.subnet_id):
        return _outside(place, joined)
    subnet = network.subnet(joined.subnet_id)
    where = replace(place, subnet=subnet.id, vnet=subnet.vnet_id)
    inside = Leaving(where, Origin(by=app.id, name=app.shown, integration=joined), subnet.addresses, app.dns.servers)
    if app.route_all or joined.kind == "environment":
        return inside
    if public:
        return _outside(place, joined)
    if RFC_1918.covers(network.subnet(instance.subnet_id).addresses):
        return inside
    if app.route_all is False:
        return _outside(place, joined)
    raise MissingEvidence(Gap(
        f"Whether web app {app.name} routes all of its traffic into the VNet",
        "The instance's range is public, and such addresses enter the VNet only where all traffic is routed there.",
        f"az resource show --ids {shell_word(app.id)} --query properties.outboundVnetRouting",
    ))  # fmt: skip
