"""Web apps, plans and their connections are read in every shape Azure wrote them, and never guessed."""

import json
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.ranges import show_addresses
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.app_connections import integration
from mi_workbook.network.network import Network

APP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop"
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/web"
VNET = SUBNET.rpartition("/subnets/")[0]


def site(at: str = APP, **members: Any) -> dict[str, Any]:
    """A web app as a GET gives it."""
    kind = "Microsoft.Web/sites/slots" if "/slots/" in at else "Microsoft.Web/sites"
    return {"id": at, "name": at.rsplit("/", 1)[1], "type": kind, "properties": members}


def child(end: str, **members: Any) -> dict[str, Any]:
    """A child of the app, its type left to the id."""
    return {"id": f"{APP}/{end}", "name": end.rsplit("/", 1)[1], "properties": members}


def connection(**members: Any) -> dict[str, Any]:
    """A VNet connection as the bare array of a list holds it."""
    return {**child("virtualNetworkConnections/c", **members), "type": "Microsoft.Web/sites/virtualNetworkConnections"}


def network(*resources: dict[str, Any], complete: bool = False) -> Network:
    """A network of these resources."""
    return Network(Snapshot(resources, complete=None if complete else frozenset()))


@pytest.mark.parametrize("path", ["web.sites", "web.serverfarms", "web.sites.virtualnetworkconnections"])
def test_recorded_bodies_are_read(data: Path, path: str) -> None:
    """Recorded responses of many API ages load; each app and plan is read, and its integration known or missing."""
    found = 0
    for file in sorted((data / "arm" / path).glob("*.json")):
        here = Network(load(file))
        for raw in here.snapshot.of_type("Microsoft.Web/sites"):
            app = here.web_app(raw["id"])
            try:
                assert integration(here, app).kind in {"none", "regional", "gateway", "environment"}
            except MissingEvidence as missing:
                assert missing.gap.how
            found += 1
        for raw in here.snapshot.of_type("Microsoft.Web/serverfarms"):
            plan = here.plan(raw["id"])
            assert plan.integrates and plan.capacity
            found += 1
    assert found or path.endswith("virtualnetworkconnections")


@pytest.mark.parametrize(
    ("resources", "kind"),
    [
        ([site(virtualNetworkSubnetId=SUBNET)], "regional"),
        ([site(), child("networkConfig/virtualNetwork", subnetResourceId=SUBNET)], "regional"),
        ([site(), connection(vnetResourceId=SUBNET, isSwift=True, routes=None, certThumbprint=None)], "regional"),
        ([site(), connection(vnetResourceId=SUBNET, routes=None)], "regional"),
        ([site(virtualNetworkSubnetId=None), connection(vnetResourceId=VNET, isSwift=False)], "gateway"),
        ([site(), connection(vnetResourceId=VNET, certThumbprint="AB")], "gateway"),
    ],
)
def test_kind_of_integration_in_each_shape(resources: list[dict[str, Any]], kind: str) -> None:
    """A subnet means regional, a VNet means the kind that needs a gateway, wherever it is written."""
    here = network(*resources)
    assert integration(here, here.web_app(APP)).kind == kind


def test_missing_list_is_never_none() -> None:
    """Without the list of connections nobody knows; with it, and nothing in it, there is no integration."""
    bare, whole = network(site(virtualNetworkSubnetId=None)), network(site(virtualNetworkSubnetId=None), complete=True)
    with pytest.raises(MissingEvidence, match="joined to a VNet"):
        integration(bare, bare.web_app(APP))
    assert integration(whole, whole.web_app(APP)).kind == "none"


def test_slot_has_an_integration_of_its_own() -> None:
    """The app's subnet says nothing about its slot."""
    here = network(site(virtualNetworkSubnetId=SUBNET), site(f"{APP}/slots/staging"), complete=True)
    slot = here.web_app(f"{APP}/slots/staging")
    assert (slot.shown, integration(here, slot).kind) == ("shop/staging", "none")


def test_app_service_environment_runs_in_its_subnet() -> None:
    """An app of an environment is in the environment's subnet; without the environment nobody knows which."""
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/hostingEnvironments/ase"
    app = site(hostingEnvironmentProfile={"id": at})
    ase = {"id": at, "name": "ase", "type": "Microsoft.Web/hostingEnvironments",
           "properties": {"virtualNetwork": {"id": VNET, "subnet": "web"}}}  # fmt: skip
    here = network(app, ase)
    assert integration(here, here.web_app(APP)).subnet_id == SUBNET
    with pytest.raises(MissingEvidence):
        integration(network(app), network(app).web_app(APP))


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([site()], None),
        ([site(vnetRouteAllEnabled=False)], False),
        ([site(vnetRouteAllEnabled=False), child("config/web", vnetRouteAllEnabled=True)], True),
        ([site(outboundVnetRouting={"allTraffic": False, "applicationTraffic": True})], True),
        ([site(siteConfig={"appSettings": [{"name": "WEBSITE_VNET_ROUTE_ALL", "value": "1"}]})], True),
        ([site(vnetRouteAllEnabled=False), child("config/appsettings", WEBSITE_VNET_ROUTE_ALL="1")], True),
        ([site(outboundVnetRouting="yes")], None),
        ([site(outboundVnetRouting={"allTraffic": False})], None),
        ([site(outboundVnetRouting={"allTraffic": False}, vnetRouteAllEnabled=False)], None),
        ([site(outboundVnetRouting={"allTraffic": True})], True),
        ([site(outboundVnetRouting={"allTraffic": False, "applicationTraffic": False})], False),
    ],
)
def test_route_all_of_every_age(resources: list[dict[str, Any]], expected: bool | None) -> None:
    """Whichever member or setting says it, all of them count; of a wrong type it says nothing."""
    assert network(*resources).web_app(APP).route_all is expected


@pytest.mark.parametrize(
    ("resources", "servers", "flaw"),
    [
        ([site(dnsConfiguration={})], (), ""),
        ([site(dnsConfiguration={"dnsServers": ["10.0.0.4"], "dnsAltServer": "10.0.0.5"}),
          child("config/appsettings", WEBSITE_DNS_SERVER="10.9.9.9")], ("10.0.0.4", "10.0.0.5"), ""),
        ([site(), child("config/appsettings", WEBSITE_DNS_SERVER="10.0.0.4,10.0.0.5")], ("10.0.0.4", "10.0.0.5"), ""),
        ([site(), child("config/appsettings", WEBSITE_DNS_SERVER="10.0.0.4, 10.0.0.5")], ("10.0.0.4", "10.0.0.5"),
         "blanks"),
        ([site(), child("config/appsettings", WEBSITE_DNS_ALT_SERVER="10.0.0.5")], (), "ignored"),
        ([site(dnsConfiguration={"dnsServers": ["10.0.0.4", "10.0.0.5", "10.0.0.6"], "dnsLegacySortOrder": True})],
         ("10.0.0.4", "10.0.0.5", "10.0.0.6"), "two of the servers"),
    ],
)  # fmt: skip
def test_name_servers_of_an_app(resources: list[dict[str, Any]], servers: tuple[str, ...], flaw: str) -> None:
    """The site's property beats the settings; an alternative alone is ignored; blanks and old sorting are told."""
    dns = network(*resources).web_app(APP).dns
    assert dns.servers == servers
    assert flaw in dns.flawed if flaw else dns.flawed == ""


def test_routes_of_a_connection() -> None:
    """Prefixes and first-last pairs are read; what is no address routes nothing and breaks nothing."""
    routes = [{"properties": {"startAddress": "10.0.0.0/8", "routeType": "DEFAULT"}},
              {"properties": {"startAddress": "192.168.0.0", "endAddress": "192.168.0.255", "routeType": "STATIC"}},
              {"properties": {"startAddress": "<script>", "endAddress": 7}}, "noise"]  # fmt: skip
    here = network(
        site(), connection(vnetResourceId=VNET, routes=routes, dnsServers="10.0.0.4,10.0.0.5", resyncRequired=False)
    )
    (found,) = here.vnet_connections(here.web_app(APP))
    assert show_addresses(found.routed) == "10.0.0.0/8, 192.168.0.0/24"
    assert (found.dns_servers, found.resync) == (("10.0.0.4", "10.0.0.5"), False)


def test_unread_members_of_a_connection_stay_unknown() -> None:
    """Null routes and a missing flag are not an empty list and not false."""
    here = network(site(), connection(vnetResourceId=VNET, routes=None))
    (found,) = here.vnet_connections(here.web_app(APP))
    assert (found.routes, found.resync, found.dns_servers) == (None, None, None)


def test_hybrid_connections_belong_to_their_app() -> None:
    """Host and port of the app's own relays, not of an app whose name begins alike."""
    relay = {**child("hybridConnectionNamespaces/ns/relays/r", hostname="MI.Zone.Example.", port="1433", relayName="r"),
             "type": "Microsoft.Web/sites/hybridConnectionNamespaces/relays"}  # fmt: skip
    other = {**relay, "id": relay["id"].replace("/sites/shop/", "/sites/shop2/")}
    here = network(site(), relay, other)
    found = here.hybrid_connections(here.web_app(APP))
    assert [(one.host, one.port) for one in found] == [("mi.zone.example", 1433)]


@pytest.mark.parametrize("text", ['[{"id": "/subscriptions/s', '{"value": 7}', "[1, 2]"])
def test_damaged_answers_name_the_file(tmp_path: Path, text: str) -> None:
    """A cut or foreign answer is bad input that names its file, not a crash and not an empty list."""
    file = tmp_path / "virtualNetworkConnections.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="virtualNetworkConnections"):
        load(file)


@pytest.mark.parametrize("sku", [None, "S1", [], {"tier": 7}, {"tier": "Galactic", "capacity": True}])
def test_plan_with_an_unreadable_tier_is_unknown(sku: object) -> None:
    """A tier that no list names is neither fit nor unfit."""
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/p"
    raw = json.loads(json.dumps({"id": at, "name": "p", "type": "Microsoft.Web/serverfarms", "sku": sku}))
    plan = network(raw).plan(at)
    assert (plan.integrates, plan.capacity) == (None, None)
