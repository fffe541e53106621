"""A web app as the source: each kind of integration, and nothing said that the evidence does not show."""

import copy
import json
import shlex
from typing import Any

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, from_document, type_of
from mi_workbook.network.network import Network
from mi_workbook.views.app_tables import app_table, plan_table
from mi_workbook.views.report import to_html
from mi_workbook.views.tables import views

APPS = [one for one in all_cases() if one.id.startswith(("app-", "hybrid-"))]
IDS = [one.id for one in APPS]
KINDS = [
    "microsoft.web/sites",
    "microsoft.web/sites/slots",
    "microsoft.web/sites/config",
    "microsoft.web/sites/virtualnetworkconnections",
    "microsoft.web/sites/slots/virtualnetworkconnections",
    "microsoft.web/sites/hybridconnectionnamespaces/relays",
    "microsoft.web/serverfarms",
    "microsoft.network/virtualnetworkgateways",
]
MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"


def document(case_id: str) -> dict[str, Any]:
    """The snapshot document of a case, to be changed."""
    return copy.deepcopy(case(case_id).snapshot().to_dict())


def of(doc: dict[str, Any], end: str) -> dict[str, Any]:
    """The properties of the resource whose id has this end."""
    return next(one for one in doc["resources"] if one["id"].endswith(end))["properties"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("one", APPS, ids=IDS)
def test_kind_that_was_not_collected_never_flips(one: Case, kind: str) -> None:
    """With a kind of App Service hidden a verdict stays or becomes unknown, and says what is missing."""
    doc = copy.deepcopy(one.snapshot().to_dict())
    kinds = {type_of(r).lower() for r in doc["resources"]} | set(KINDS) | {
        "microsoft.network/privatednszones", "microsoft.network/privatednszones/virtualnetworklinks",
        "microsoft.network/privateendpoints", "microsoft.network/networkmanagers", "microsoft.network/connections",
    }  # fmt: skip
    doc["source"]["complete"] = sorted(kinds - {kind})
    doc["resources"] = [r for r in doc["resources"] if type_of(r).lower() != kind]
    try:
        found = diagnose(from_document(doc), one.source, one.target)
    except InputError:
        return  # the source itself is what was hidden
    assert found.verdict in {Verdict(one.verdict), Verdict.UNKNOWN}
    assert found.verdict is not Verdict.UNKNOWN or found.gaps


@pytest.mark.parametrize(
    ("end", "member", "expected"),
    [
        ("/app-conn", "routes", "Routes of connection"),
        ("/app-conn", "resyncRequired", "resyncRequired"),
        ("/app-conn", "vnetResourceId", "joined to a VNet"),
        ("/vgw-data", "vpnClientConfiguration/vpnClientProtocols", "Client protocols"),
        ("/vnet-data", "subnets", ""),
    ],
)
def test_unread_member_makes_unknown(end: str, member: str, expected: str) -> None:
    """A member that was not read is asked for by name; it is neither open nor shut."""
    doc = document("app-gateway-sound")
    *path, last = member.split("/")
    node = of(doc, end)
    for name in path:
        node = node[name]
    node.pop(last)
    snapshot = Snapshot(doc["resources"])
    found = diagnose(snapshot, "app-orders", MI)
    assert found.verdict is Verdict.UNKNOWN
    assert any(expected in gap.missing for gap in found.gaps)


@pytest.mark.parametrize(
    "value", [None, "yes", 7, {"a": 1}, ["10.0.0.0/8"], [{"properties": {"startAddress": "x" * 10_000}}]]
)
def test_absurd_routes_are_no_routes_that_let_through(value: object) -> None:
    """Routes of a wrong type or with unreadable addresses never make the app reach the instance."""
    doc = document("app-gateway-sound")
    of(doc, "/app-conn")["routes"] = value
    assert diagnose(from_document(doc), "app-orders", MI).verdict is not Verdict.REACHABLE


def test_hybrid_connection_for_the_name_takes_the_packets_of_a_joined_app() -> None:
    """A request for the configured host and port takes the relay although the app is joined to a VNet."""
    doc = document("app-service-healthy")
    doc["resources"].append({
        "id": next(r["id"] for r in doc["resources"] if r["id"].endswith("/sites/app-orders"))
        + "/hybridConnectionNamespaces/ns/relays/sql",
        "name": "sql", "type": "Microsoft.Web/sites/hybridConnectionNamespaces/relays",
        "properties": {"hostname": MI.upper(), "port": 1433, "relayName": "sql"},
    })  # fmt: skip
    found = diagnose(from_document(doc), "app-orders", MI)
    assert (found.scenario, found.verdict) == ("hybrid-connection", Verdict.UNKNOWN)
    assert "hc-redirect" in {one.fault for one in found.findings}
    of(doc, "/relays/sql")["port"] = 1434
    assert diagnose(from_document(doc), "app-orders", MI).scenario == "app-service"


def test_hybrid_connection_without_its_manager_is_unknown_with_a_question() -> None:
    """What Azure cannot show of the manager is asked: connected, way out on 443, name and port from its machine."""
    found = diagnose(case("hybrid-connection-sound").snapshot(), "app-orders", MI)
    assert "Hybrid Connection Manager" in found.gaps[0].missing
    assert "443" in found.gaps[0].how + found.gaps[0].why


def test_unseen_hybrid_connections_keep_an_unjoined_app_unknown() -> None:
    """Without integration only a Hybrid Connection could carry it; where these were not listed nobody says blocked."""
    doc = document("app-service-not-integrated")
    kinds = {type_of(r).lower() for r in doc["resources"]} | {"microsoft.web/sites/virtualnetworkconnections"}
    doc["source"]["complete"] = sorted(kinds)
    found = diagnose(from_document(doc), "app-orders", MI)
    assert found.verdict is Verdict.UNKNOWN
    assert "hybrid-connection list" in found.gaps[0].how


def test_name_servers_of_the_app_replace_those_of_the_vnet() -> None:
    """The VNet's own servers are unknown territory; the app's setting for Azure's server makes the name known again."""
    doc = document("app-service-healthy")
    of(doc, "/vnet-app")["dhcpOptions"] = {"dnsServers": ["10.1.1.9"]}
    assert diagnose(from_document(doc), "app-orders", MI).verdict is Verdict.UNKNOWN
    of(doc, "/sites/app-orders")["dnsConfiguration"] = {"dnsServers": ["168.63.129.16"]}
    assert diagnose(from_document(doc), "app-orders", MI).verdict is Verdict.REACHABLE


def test_synced_name_servers_count_for_the_gateway_kind() -> None:
    """The app asks the servers of the last sync, whatever the VNet lists today."""
    doc = document("app-gateway-sound")
    of(doc, "/vnet-data")["dhcpOptions"] = {"dnsServers": ["10.0.0.9"]}
    found = diagnose(from_document(doc), "app-orders", MI)
    assert found.verdict is Verdict.REACHABLE
    assert "gwi-dns-not-synced" in {one.fault for one in found.findings}


def test_rules_and_routes_of_a_subnet_do_not_touch_an_app_behind_a_gateway() -> None:
    """A deny-all on another subnet and a user route there change nothing for the app."""
    doc = document("app-gateway-peered-sound")
    subnets = of(doc, "/vnet-hub")["subnets"]
    subnets.append({"id": subnets[0]["id"].replace("GatewaySubnet", "snet-x"), "name": "snet-x",
                    "properties": {"addressPrefix": "10.9.1.0/24"}})  # fmt: skip
    assert diagnose(from_document(doc), "app-orders", MI).verdict is Verdict.REACHABLE


def test_gateway_subnet_that_names_an_unseen_gateway_is_a_doubt() -> None:
    """An ExpressRoute gateway would keep the app out; one that is named and not collected leaves it open."""
    doc = document("app-gateway-sound")
    gateway = next(r["id"] for r in doc["resources"] if r["id"].endswith("/vgw-data"))
    for subnet in of(doc, "/vnet-data")["subnets"]:
        if subnet["name"] == "GatewaySubnet":
            subnet["properties"]["ipConfigurations"].append({"id": f"{gateway}-er/ipConfigurations/default"})
    found = diagnose(from_document(doc), "app-orders", MI)
    assert found.verdict is Verdict.UNKNOWN
    assert any("Every gateway" in gap.missing for gap in found.gaps)


def test_environment_is_in_the_vnet_whatever_the_range() -> None:
    """An app of an App Service Environment sends from its subnet; without the environment it is unknown from where."""
    doc = document("app-service-public-range-private-only")
    app, at = (
        of(doc, "/sites/app-orders"),
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/hostingEnvironments/ase",
    )
    subnet = app.pop("virtualNetworkSubnetId")
    app["hostingEnvironmentProfile"] = {"id": at, "name": "ase"}
    assert diagnose(from_document(doc), "app-orders", MI).verdict is Verdict.UNKNOWN
    doc["resources"].append({"id": at, "name": "ase", "type": "Microsoft.Web/hostingEnvironments",
                             "properties": {"virtualNetwork": {"id": subnet}}})  # fmt: skip
    assert diagnose(from_document(doc), "app-orders", MI).verdict is Verdict.REACHABLE


def test_slot_is_named_with_its_app_or_by_id() -> None:
    """app/slot and the slot's id mean the slot; a slot that is not there is bad input with near names."""
    snapshot = case("app-service-slot-sound").snapshot()
    at = next(r["id"] for r in snapshot.resources if r["id"].endswith("/slots/staging"))
    by_name, by_id = diagnose(snapshot, "APP-orders/Staging", MI), diagnose(snapshot, at, MI)
    assert by_name.source.id == by_id.source.id == at
    assert by_name.source.name == "app-orders/staging"
    with pytest.raises(InputError):
        diagnose(snapshot, "app-orders/stagin", MI)


@pytest.mark.parametrize("one", APPS, ids=IDS)
def test_views_of_app_and_plan_are_made_for_every_case(one: Case) -> None:
    """Both tables stand among the views, the app's name in the title, and the kind of integration in it."""
    snapshot = one.snapshot()
    tables = views(snapshot, diagnose(snapshot, one.source, one.target))
    assert one.source in tables["app"].title
    assert tables["app"].rows[0][0].text == "Way out"
    assert "plan-orders" in tables["plan"].title


def test_app_view_of_the_gateway_kind_shows_what_the_document_lists() -> None:
    """Network and link, both locations, certificate and gateway status, the three address spaces, servers, routes."""
    doc = document("app-gateway-far")
    site = {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/localNetworkGateways/office", "name": "office",
            "type": "Microsoft.Network/localNetworkGateways",
            "properties": {"localNetworkAddressSpace": {"addressPrefixes": ["192.168.40.0/24"]}}}  # fmt: skip
    gateway = next(r["id"] for r in doc["resources"] if r["id"].endswith("/vgw-data"))
    tunnel = {"id": site["id"].replace("localNetworkGateways/office", "connections/to-office"), "name": "to-office",
              "type": "Microsoft.Network/connections",
              "properties": {"connectionType": "IPsec", "virtualNetworkGateway1": {"id": gateway},
                             "localNetworkGateway2": {"id": site["id"]}}}  # fmt: skip
    doc["resources"] += [site, tunnel]
    here = Network(from_document(doc))
    app = next(r["id"] for r in doc["resources"] if r["id"].endswith("/sites/app-orders"))
    text = app_table(here, app).to_html()
    for words in ("gateway-required", "vnet-data", "northeurope", "latency", "in sync", "Succeeded", "10.0.0.0/16",
                  "172.16.201.0/24", "192.168.40.0/24", "Name servers", "10.0.0.0/8 (default)"):  # fmt: skip
        assert words in text, words


def test_app_view_of_the_regional_kind_shows_subnet_flags_and_servers() -> None:
    """Subnet, delegation, link, size against instances, flags, and where the name servers come from."""
    here = Network(case("app-service-dns-two").snapshot())
    app = next(str(r["id"]) for r in here.snapshot.resources if str(r["id"]).endswith("/sites/app-orders"))
    text = app_table(here, app).to_markdown()
    for words in ("snet-web", "Microsoft.Web/serverFarms", "plan-orders", "59 usable for 2 instances", "private addresses only",
                  "10.1.1.5", "dnsConfiguration", "WEBSITE\\_PRIVATE\\_IP"):  # fmt: skip
        assert words in text or words.replace("\\", "") in text, words


def test_plan_view_counts_networks_and_lists_their_apps() -> None:
    """Five networks behind gateways, each with its apps and routes."""
    here = Network(case("app-gateway-five-vnets").snapshot())
    plan = next(str(r["id"]) for r in here.snapshot.resources if str(r["id"]).endswith("/plan-orders"))
    table = plan_table(here, plan)
    assert "5 of 5" in table.title
    assert {row[3].text for row in table.rows} == {"app-orders", "app-0", "app-1", "app-2", "app-3"}
    assert all("(default)" in row[6].text for row in table.rows)


def test_hostile_names_are_escaped() -> None:
    """Names from evidence never become markup."""
    doc = document("app-gateway-sound")
    of(doc, "/app-conn")["routes"] = [{"properties": {"startAddress": "<script>alert(1)</script>", "routeType": "<b>"}}]
    of(doc, "/app-conn")["dnsServers"] = '"><img src=x>'
    here = Network(from_document(doc))
    app = next(r["id"] for r in doc["resources"] if r["id"].endswith("/sites/app-orders"))
    page = app_table(here, app).to_html() + plan_table(here, of(doc, "/sites/app-orders")["serverFarmId"]).to_html()
    assert "<script" not in page and "<img" not in page


@pytest.mark.parametrize(
    "vnet",
    [
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ClassicNetwork/virtualNetworks/old",
        "/subscriptions/other/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/far",
    ],
    ids=["classic", "not collected"],
)
def test_gateway_of_a_network_that_is_not_read_is_unknown(vnet: str) -> None:
    """No gateway in the evidence proves nothing about a classic VNet, or one that was not collected."""
    doc = document("app-gateway-sound")
    of(doc, "/app-conn")["vnetResourceId"] = vnet
    found = diagnose(from_document(doc), "app-orders", MI)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_relay_for_the_public_name_is_not_called_redirected() -> None:
    """Redirect concerns the VNet-local endpoint only."""
    doc = document("hybrid-connection-redirect")
    of(doc, "/relays/mi-orders").update(hostname="mi-orders.public.a1b2c3d4e5f6.database.windows.net", port=3342)
    public = "mi-orders.public.a1b2c3d4e5f6.database.windows.net,3342"
    found = diagnose(from_document(doc), "app-orders", public)
    assert (found.verdict, found.scenario, found.findings) == (Verdict.UNKNOWN, "hybrid-connection", ())


def test_shared_carrier_range_counts_as_public_for_an_app() -> None:
    """Only RFC 1918 enters the VNet without route-all; 100.64.0.0/10 is not part of it."""
    doc = document("app-service-public-range-private-only")
    text = json.dumps(doc).replace("52.148.10.", "100.64.10.")
    assert diagnose(from_document(json.loads(text)), "app-orders", MI).root_cause == "app-public-mi-range"


@pytest.mark.parametrize("one", APPS, ids=IDS)
def test_report_of_every_case_is_made(one: Case) -> None:
    """The page with picture, tables and repair holds the scenario's source."""
    snapshot = one.snapshot()
    page = to_html(diagnose(snapshot, one.source, one.target), snapshot)
    assert one.source in page and "VNet integration of web app" in page


def test_command_for_a_slot_names_the_slot() -> None:
    """A repair of the slot never joins the app itself; a hostile name stays one word of the command."""
    doc = document("app-service-slot-not-integrated")
    found = diagnose(from_document(doc), "app-orders/staging", MI)
    lines = [line for one in found.findings for line in one.remedy.az if "vnet-integration" in line]
    assert lines and all("-n app-orders --slot staging" in line for line in lines)
    text = json.dumps(doc).replace("/slots/staging", "/slots/x;rm -rf $(a)")
    hostile = diagnose(from_document(json.loads(text)), "app-orders/x;rm -rf $(a)", MI)
    line = next(line for one in hostile.findings for line in one.remedy.az if "vnet-integration" in line)
    assert shlex.split(line)[shlex.split(line).index("--slot") + 1] == "x;rm-rf$(a)"
