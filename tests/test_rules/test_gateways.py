"""Gateways: what they serve, which routes their clients get, and what steers them."""

from __future__ import annotations

import pytest
from arm import Json, at, gateway, nsg, resource, route_table, rule, subnet, vnet_id

from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import Diagnosis
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.reach.clients import given_routes
from mi_workbook.reach.gateways import gateway_view
from test_rules.sites import POOL, SITE, alone, joined, own_side_only
from test_rules.topology import asked, hub, learned, named, rows, shared_hub, table_of, verdict, winner, without


def test_gateway_routes_reach_every_subnet_of_its_network() -> None:
    """The pool of the clients and the prefixes of each connected site."""
    for part in ("mi", "vm", "GatewaySubnet"):
        expected = {(POOL, "VirtualNetworkGateway"), (SITE, "VirtualNetworkGateway")}
        assert expected <= rows(alone(), f"v/{part}"), part


def test_site_without_a_connection_brings_no_route() -> None:
    """A local network gateway alone is words on paper."""
    resources = [one for one in alone() if one["name"] != "to-branch"]
    assert (SITE, "VirtualNetworkGateway") not in rows(resources, "v/mi")


def test_networks_joined_by_gateways_see_each_others_space() -> None:
    """VNet-to-VNet: the whole space of the far network, on both sides."""
    assert ("10.2.0.0/16", "VirtualNetworkGateway") in rows(joined(), "A/vm")
    assert ("10.1.0.0/16", "VirtualNetworkGateway") in rows(joined(), "B/mi")
    assert verdict(joined()) is Verdict.REACHABLE


def test_pool_is_part_of_the_virtual_network_tag() -> None:
    """With default rules clients get in."""
    resources = alone(nsg("n"))
    named(resources, "v")["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": at("networkSecurityGroups", "n")}
    assert own_side_only(resources, "p2s:gw")


def test_verdict_that_needs_the_pool_in_the_tag_says_so() -> None:
    """The documentation implies it and does not say it."""
    resources = alone(nsg("n"))
    named(resources, "v")["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": at("networkSecurityGroups", "n")}
    assert any("pool" in note.lower() for note in asked(resources, "p2s:gw").confidence_notes)


def test_rule_for_the_pool_decides_about_clients() -> None:
    """The gateway does not translate: rules see the client's own address."""
    deny = nsg("n", rule("no-clients", 100, "Deny", sourceAddressPrefix=POOL))
    resources = alone(deny)
    named(resources, "v")["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": at("networkSecurityGroups", "n")}
    assert verdict(resources, "p2s:gw") is Verdict.BLOCKED
    assert own_side_only(resources, "onprem:branch=192.168.1.5")


def test_propagation_off_keeps_every_gateway_route_out_and_nothing_else() -> None:
    """Static ones, learned ones and the pool go; routes of the network and of peers stay."""
    resources = shared_hub(b=subnet("10.2.0.0/27", table="rt"), extra=(route_table("rt", propagation_off=True),))
    kept = rows(resources, "B/mi", learned("10.77.0.0/16"))
    assert not [row for row in kept if row[1] == "VirtualNetworkGateway"]
    assert {("10.2.0.0/16", "VnetLocal"), ("10.0.0.0/16", "VNetPeering")} <= kept
    assert ("10.77.0.0/16", "VirtualNetworkGateway") in rows(resources, "A/vm", learned("10.77.0.0/16"))


def test_propagation_off_on_the_gateway_subnet_is_never_sound() -> None:
    """The gateway does not work then."""
    resources = alone(route_table("rt", propagation_off=True))
    named(resources, "v")["subnets"][1]["properties"]["routeTable"] = {"id": at("routeTables", "rt")}
    found = asked(resources, "p2s:gw")
    assert found.verdict is not Verdict.REACHABLE
    assert any("rt" in (f.resource or "") or "propagat" in f.says.lower() for f in found.findings)


def test_default_route_on_the_gateway_subnet_is_named() -> None:
    """Azure does not support it there."""
    resources = alone(route_table("rt", ("0.0.0.0/0", "VirtualAppliance", "10.0.2.9")))
    named(resources, "v")["subnets"][1]["properties"]["routeTable"] = {"id": at("routeTables", "rt")}
    assert any(f.fault.startswith(("p2s-gw", "rt-gw", "gw-")) or "GatewaySubnet" in f.says
               for f in asked(resources, "p2s:gw").findings)  # fmt: skip


def test_gateway_subnet_steers_what_leaves_the_gateway() -> None:
    """A user route there for the instance's network leads clients through the appliance."""
    resources = shared_hub(extra=(route_table("rt", ("10.2.0.0/16", "VirtualAppliance", "10.0.1.4")),))
    own = next(s for s in named(resources, "H")["subnets"] if s["name"] == "GatewaySubnet")
    own["properties"]["routeTable"] = {"id": at("routeTables", "rt")}
    assert winner(resources, "H/GatewaySubnet", "10.2.0.4").next_hop_type == "VirtualAppliance"
    found = asked(resources, "p2s:gw")
    assert any("10.0.1.4" in gap.missing for gap in found.gaps)
    own["properties"]["routeTable"] = None
    wider = shared_hub(extra=(route_table("rt", ("10.0.0.0/8", "VirtualAppliance", "10.0.1.4")),))
    next(s for s in named(wider, "H")["subnets"] if s["name"] == "GatewaySubnet")["properties"]["routeTable"] = {
        "id": at("routeTables", "rt")}  # fmt: skip
    assert winner(wider, "H/GatewaySubnet", "10.2.0.4").next_hop_type == "VNetPeering"


def test_appliance_that_sees_one_direction_only_is_never_reachable() -> None:
    """Replies of the instance go through it, requests of the clients do not."""
    resources = shared_hub(
        b=subnet("10.2.0.0/27", table="rt"), extra=(route_table("rt", (POOL, "VirtualAppliance", "10.0.1.4")),)
    )
    found = asked(resources, "p2s:gw")
    assert found.verdict is Verdict.UNKNOWN
    assert any("return" in gap.why or "both directions" in gap.how for gap in found.gaps)


def test_policy_based_and_expressroute_gateways_have_no_clients() -> None:
    """Whatever their configuration says."""
    for members in ({"vpnType": "PolicyBased"}, {"gatewayType": "ExpressRoute"}):
        resources = alone()
        named(resources, "gw").update(members)
        named(resources, "gw")["vpnClientConfiguration"] = None
        assert verdict(resources, "p2s:gw") is Verdict.BLOCKED


def test_pools_of_user_groups_are_pools_too() -> None:
    """vngClientConnectionConfigurations hold a pool for each group."""
    resources = alone()
    named(resources, "gw")["vpnClientConfiguration"] = {"vpnClientAddressPool": None, "vngClientConnectionConfigurations": [
        {"name": "g", "properties": {"vpnClientAddressPool": {"addressPrefixes": ["172.16.9.0/24"]}}}]}  # fmt: skip
    assert ("172.16.9.0/24", "VirtualNetworkGateway") in rows(resources, "v/mi")
    assert own_side_only(resources, "p2s:gw=172.16.9.7")


def given(resources: list[Json], name: str = "gw") -> dict[str, tuple[bool, bool]]:
    """Prefixes a client of a gateway is given, on Windows and on other systems."""
    network = Network(Snapshot(resources, complete=None))
    own = network.gateway(at("virtualNetworkGateways", name))
    return {one.prefix: (one.windows, one.others) for one in given_routes(network, own)}


def test_client_is_given_the_gateways_network_and_peers_that_use_it() -> None:
    """Peers without transit are left out, and what lies behind them as well."""
    assert set(given(hub())) == {POOL, "10.0.0.0/16"}
    assert set(given(shared_hub())) == {POOL, "10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"}


def test_network_behind_a_tunnel_with_bgp_is_given_to_clients_other_than_windows() -> None:
    """On Windows it is added by hand; without BGP nobody gets it."""
    assert given(joined(enableBgp=True), "g1")["10.2.0.0/16"] == (False, True)
    assert "10.2.0.0/16" not in given(joined(), "g1")
    found = asked(joined(), "p2s:g1")
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "p2s-v2v-needs-bgp")


def test_block_for_lack_of_bgp_tells_of_the_measurement_that_contradicts_it() -> None:
    """Documentation: only with BGP. One lab: it worked without."""
    assert any("BGP" in note for note in asked(joined(), "p2s:g1").confidence_notes)


def test_custom_routes_add_the_clients_side_alone() -> None:
    """They are given to every client, and Azure still has to route both ways."""
    resources = hub()
    named(resources, "gw")["customRoutes"] = {"addressPrefixes": ["10.2.0.0/16"]}
    assert given(resources)["10.2.0.0/16"] == (True, True)
    found = asked(resources, "p2s:gw")
    assert found.verdict is Verdict.BLOCKED
    assert {t.direction for t in found.traces if t.verdict is Verdict.BLOCKED} == {"return"}


def test_halves_as_custom_routes_give_the_client_a_route_to_everything() -> None:
    """0.0.0.0/1 and 128.0.0.0/1 are forced tunnelling."""
    resources = hub(spoke_side={"useRemoteGateways": True}, hub_side={"allowGatewayTransit": True})
    named(resources, "gw")["customRoutes"] = {"addressPrefixes": ["0.0.0.0/1", "128.0.0.0/1"]}
    assert own_side_only(resources, "p2s:gw")


def test_stale_package_is_always_left_to_test_on_the_client() -> None:
    """When it was downloaded is not in Azure; the gap names the command that shows its routes."""
    found = asked(shared_hub(), "p2s:gw")
    assert found.verdict is Verdict.UNKNOWN
    assert any("package" in gap.why and "route print" in gap.how for gap in found.gaps)


def test_public_endpoint_from_a_client_is_not_taken_through_the_gateway_for_granted() -> None:
    """The gateway does not pass Internet traffic on: never reachable by that way."""
    resources = alone()
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    assert asked(resources, "p2s:gw", endpoint="public").verdict is not Verdict.REACHABLE


def test_clients_dns_is_that_of_the_gateways_network_and_was_not_seen() -> None:
    """With servers of one's own there, the answer is unknown."""
    resources = alone()
    named(resources, "v")["dhcpOptions"] = {"dnsServers": ["10.0.2.53"]}
    found = asked(resources, "p2s:gw", target="mi.abc123.database.windows.net")
    assert found.verdict is Verdict.UNKNOWN
    assert any("nslookup" in gap.how for gap in found.gaps)


def test_user_route_cannot_lead_to_an_expressroute_gateway() -> None:
    """Only to a VPN gateway; where both coexist it is not allowed, so what becomes of it is unknown."""
    table = route_table("rt", (SITE, "VirtualNetworkGateway", ""), propagation_off=True)
    resources = alone(table)
    named(resources, "v")["subnets"][0]["properties"]["routeTable"] = {"id": at("routeTables", "rt")}
    assert own_side_only(resources, "onprem:branch")
    both = [*resources, gateway("er", "v", kind="ExpressRoute")]
    assert asked(both, "onprem:branch", seen=learned(gateway="er")).verdict is Verdict.UNKNOWN


def test_sites_behind_vpn_and_expressroute_of_one_network_are_no_detour() -> None:
    """No transit between them without a Route Server: a site's packet does not leave through the circuit."""
    resources = [*alone(), gateway("er", "v", kind="ExpressRoute")]
    assert winner(resources, "v/mi", "192.168.1.5", learned("10.60.0.0/16", gateway="er")).behind == "site"


def test_longer_prefix_of_the_vpn_wins_against_a_shorter_one_of_expressroute() -> None:
    """ExpressRoute is preferred for the same prefix only."""
    resources = [*alone(), gateway("er", "v", kind="ExpressRoute")]
    route = winner(resources, "v/mi", "192.168.1.5", learned("192.0.0.0/8", gateway="er"))
    assert (route.prefix, route.gateway.name if route.gateway else "") == (SITE, "gw")


def test_circuit_without_learned_routes_is_unknown_with_the_command() -> None:
    """Everything behind ExpressRoute is learned."""
    resources = [*alone(), gateway("er", "v", kind="ExpressRoute")]
    found = asked(resources, "er:er=10.60.0.4")
    assert found.verdict is Verdict.UNKNOWN
    assert any("list-learned-routes" in gap.how for gap in found.gaps)


@pytest.mark.parametrize(("state", "told"), [("Connecting", True), ("Idle", True), ("Connected", False)])
def test_bgp_session_that_does_not_stand_is_named(state: str, told: bool) -> None:
    """Where the gateway has no route to the place, the session from which it should have learned one is in the reason."""
    resources = [*alone(), gateway("er", "v", kind="ExpressRoute")]
    peers = {"kind": "bgp-peers", "about": at("virtualNetworkGateways", "er"),
             "value": {"value": [{"neighbor": "10.60.0.1", "asn": 12076, "state": state}]}}  # fmt: skip
    found = asked(resources, "er:er=10.60.0.4", seen=(*learned("10.77.0.0/16", gateway="er"), peers))
    assert found.verdict is not Verdict.REACHABLE
    said = [d for t in found.traces for d in t.decisions if f"BGP session with 10.60.0.1 is {state}" in d.why]
    assert bool(said) is told


def test_virtual_wan_attachment_of_the_instances_network_is_unknown_with_the_command() -> None:
    """The hub's routes are not part of the network's configuration."""
    resources = alone()
    named(resources, "v")["virtualNetworkPeerings"] = [{"name": "RemoteVnetToHubPeering_1", "properties": {
        "peeringState": "Connected", "useRemoteGateways": True, "allowForwardedTraffic": False,
        "remoteVirtualNetwork": {"id": vnet_id("HV_hub_1")}, "remoteAddressSpace": {"addressPrefixes": ["10.200.0.0/23"]}}}]  # fmt: skip
    network = Network(Snapshot(resources, complete=None))
    view = gateway_view(network, network.vnet(vnet_id("v")))
    assert any("vhub get-effective-routes" in gap.how for gap in view.gaps)


def test_borrowed_gateway_whose_network_lists_no_peerings_is_a_gap() -> None:
    """Whether the hub lends its gateway was not collected."""
    found = asked(
        without(shared_hub(), "H", "virtualNetworkPeerings"), "onprem:branch=192.168.1.5", complete=frozenset()
    )
    assert found.verdict is Verdict.UNKNOWN


def test_gateway_subnet_in_use_without_its_gateway_in_the_evidence_is_a_gap() -> None:
    """Its routes were not seen; a reply over a system route may be replaced by them."""
    resources = [
        one for one in alone() if one["type"].rpartition("/")[2] not in {"virtualNetworkGateways", "connections"}
    ]
    named(resources, "v")["subnets"][1]["properties"]["ipConfigurations"] = [{"id": "x"}]
    network = Network(Snapshot(resources))
    assert gateway_view(network, network.vnet(vnet_id("v"))).gaps


def test_address_of_a_client_must_be_one_of_the_pool() -> None:
    """Bad input, not a verdict."""

    with pytest.raises(InputError, match="pool"):
        asked(alone(), "p2s:gw=10.9.9.9")
    assert own_side_only(alone(), "p2s:gw=172.16.201.7")


def test_appliance_routes_announced_by_a_route_server_are_a_gap() -> None:
    """Until they were looked at."""
    resources = alone(resource("virtualHubs", "rs", sku="Standard"))
    named(resources, "v")["subnets"].append({"id": f"{vnet_id('v')}/subnets/RouteServerSubnet", "name": "RouteServerSubnet",
        "properties": {**subnet("10.0.254.0/27"), "ipConfigurations": [{"id": "x"}]}})  # fmt: skip
    assert any("Route Server" in gap.missing for gap in table_of(resources, "v/mi").gaps)


def test_group_on_the_gateway_subnet_blocks_nothing() -> None:
    """Azure refuses one there; evidence that shows one (a template) changes no verdict."""
    resources = alone(nsg("n", rule("no", 100, "Deny")))
    part = named(resources, "v")["subnets"][1]["properties"]
    part["networkSecurityGroup"] = {"id": at("networkSecurityGroups", "n")}
    assert own_side_only(resources, "p2s:gw")


def test_device_of_a_site_is_always_left_to_test() -> None:
    """Whether it lists the instance's range, and lets replies of either tunnel in, is not in Azure."""
    found = asked(alone(), "onprem:branch")
    assert found.verdict is Verdict.UNKNOWN
    assert any("device" in gap.why and "Test-NetConnection" in gap.how for gap in found.gaps)


def test_default_site_of_a_gateway_is_not_overlooked() -> None:
    """Forced tunnelling may take replies to the Internet away: not surely reachable, or a note."""
    resources = alone()
    named(resources, "gw")["gatewayDefaultSite"] = {"id": at("localNetworkGateways", "branch")}
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    found = asked(resources, "internet=8.8.8.8", endpoint="public")
    assert found.verdict is not Verdict.REACHABLE or any("default site" in note for note in found.confidence_notes)


def test_flags_of_a_circuits_gateway_make_nothing_reachable() -> None:
    """allowRemoteVnetTraffic lets networks meet at the circuit's edge; only learned routes show whether they do."""
    flags = {"kind": "ExpressRoute", "allowRemoteVnetTraffic": True, "allowVirtualWanTraffic": True}
    both = [gateway("e1", "A", **flags), gateway("e2", "B", **flags)]
    resources = [one for one in joined() if one["name"] not in {"g1", "g2", "c"}] + both
    found = asked(resources)
    assert found.verdict is Verdict.UNKNOWN
    assert any("list-learned-routes" in gap.how for gap in found.gaps)


def test_clients_of_a_virtual_wan_hub_are_unknown_with_the_command() -> None:
    """p2svpnGateways stand in a hub, whose routes are read from the hub."""
    found = asked([*alone(), resource("p2svpnGateways", "hub-clients")], "p2s:hub-clients")
    assert found.verdict is Verdict.UNKNOWN
    assert any("vhub" in gap.how for gap in found.gaps)


def _clients_seen(*given: str) -> Diagnosis:
    """The answer for a client at 172.16.201.9, the gateway having listed these."""
    listed = {"kind": "p2s-health", "about": at("virtualNetworkGateways", "gw"), "at": "2026-11-20T09:00:00Z", "format": "json",
              "value": {"vpnClientConnections": [{"privateIpAddress": one, "vpnUserName": "anna"} for one in given]}}  # fmt: skip
    return asked(alone(), "p2s:gw=172.16.201.9", seen=(listed,))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("172.16.201.9", "172.16.201.10"), "listed a client at this address at 2026-11-20T09:00:00Z"),
        (("172.16.201.10",), "listed 1 connected client at 2026-11-20T09:00:00Z, none at this address"),
        ((), "listed no connected clients"),
    ],
)
def test_what_the_gateway_lists_of_its_clients_is_said_and_settles_nothing(given: tuple[str, ...], says: str) -> None:
    """A client gets a new address with each connection, and its routes are its own: the answer stays unknown."""
    found = _clients_seen(*given)
    assert found.verdict is Verdict.UNKNOWN
    assert any(says in gap.why for gap in found.gaps)


@pytest.mark.parametrize(
    "value", [None, [], {"vpnClientConnections": "none"}, {"vpnClientConnections": [7, {"privateIpAddress": 9}]}]
)
def test_list_of_clients_that_is_damaged_does_no_harm(value: object) -> None:
    """It is said to hold none, or not mentioned."""
    listed = {
        "kind": "p2s-health",
        "about": at("virtualNetworkGateways", "gw"),
        "at": "",
        "format": "json",
        "value": value,
    }
    assert asked(alone(), "p2s:gw=172.16.201.9", seen=(listed,)).verdict is Verdict.UNKNOWN
