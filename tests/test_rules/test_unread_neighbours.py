"""What stands beside the path and was not read, or stands in another network: it decides nothing."""

from __future__ import annotations

from typing import Any

import pytest
from arm import Json, at, nic, nsg, private_endpoint, resource, route_table, rule, subnet, vnet, vnet_id
from test_admin_rules import admin

from mi_workbook.core.verdict import Verdict
from test_rules.sites import alone, joined
from test_rules.topology import asked, hub, named, routed, table_of, two, unshared, verdict


def test_next_hop_may_be_in_a_peer_that_the_evidence_does_not_list() -> None:
    """Without the list of peerings, or the prefixes of one, nobody can say that the next hop is out of reach."""
    resources = routed(("10.2.0.0/16", "VirtualAppliance", "10.77.0.9"))
    assert asked(resources).root_cause == "rt-nva-unreachable"
    for member in ("remoteAddressSpace", "peeringState"):
        rest = unshared(resources)
        del named(rest, "A")["virtualNetworkPeerings"][0]["properties"][member]
        del named(rest, "A")["virtualNetworkPeerings"][0]["properties"][
            "remoteAddressSpace" if member != "remoteAddressSpace" else "peeringState"
        ]
        assert asked(rest).verdict is Verdict.UNKNOWN, member
    del named(resources, "A")["virtualNetworkPeerings"]
    found = asked(resources, complete=frozenset())
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def front(kind: str, home: str, member: str, **more: Any) -> Json:
    """Something in a network whose private address is 10.0.1.4."""
    own = {"privateIPAddress": "10.0.1.4", "subnet": {"id": f"{vnet_id(home)}/subnets/{'nva' if home == 'H' else 's'}"}}
    return resource(kind, "front", **{member: [{"name": "f", "properties": own}]}, **more)


def hub_with(*more: Json) -> list[Json]:
    """The way from A to B leads to 10.0.1.4 in the hub, where the evidence holds no NIC."""
    resources = hub(
        a=subnet("10.1.0.0/24", table="rt-a"),
        extra=(route_table("rt-a", ("10.2.0.0/16", "VirtualAppliance", "10.0.1.4")),),
    )
    return [*(one for one in resources if one["name"] != "nva"), *unshared(list(more))]


NO_RULES: Json = {"networkRuleCollections": [], "natRuleCollections": [], "applicationRuleCollections": []}


@pytest.mark.parametrize(("home", "expected"), [("H", Verdict.BLOCKED), ("X", Verdict.UNKNOWN)])
def test_firewall_of_another_network_with_the_next_hops_address_decides_nothing(home: str, expected: Verdict) -> None:
    """Many networks use the same range; a firewall without rules denies, where it is the one that is meant."""
    stranger = vnet("X", ["10.0.0.0/16"], {"s": subnet("10.0.1.0/24")})
    assert verdict(hub_with(front("azureFirewalls", home, "ipConfigurations", **NO_RULES), stranger)) is expected


POOL = [{"name": "p", "properties": {"backendIPConfigurations": [
    {"id": f"{at('networkInterfaces', name)}/ipConfigurations/main"} for name in ("n1", "n2")]}}]  # fmt: skip


def balanced(home: str, *seen: str) -> list[Json]:
    """A load balancer before two appliances that do not forward, of which some are in the evidence."""
    own = front("loadBalancers", home, "frontendIPConfigurations", backendAddressPools=POOL)
    return hub_with(
        own, *(nic(name, f"10.0.1.{5 + n}", "H/nva", enableIPForwarding=False) for n, name in enumerate(seen))
    )


def test_appliance_behind_a_load_balancer_that_was_not_seen_may_forward() -> None:
    """One that does not forward proves nothing of the other."""
    assert verdict(balanced("H", "n1", "n2")) is Verdict.BLOCKED
    assert verdict(balanced("H", "n1")) is Verdict.UNKNOWN


def test_load_balancer_of_another_network_is_not_the_next_hop() -> None:
    """The appliances behind it are somebody else's."""
    assert (
        verdict([*balanced("X", "n1", "n2"), vnet("X", ["10.0.0.0/16"], {"s": subnet("10.0.1.0/24")})])
        is Verdict.UNKNOWN
    )


def test_member_of_a_pool_that_is_given_by_its_address_may_forward() -> None:
    """A pool of addresses names no NIC."""
    resources = balanced("H", "n1", "n2")
    pool = named(resources, "front")["backendAddressPools"][0]["properties"]
    pool["loadBalancerBackendAddresses"] = [{"name": str(n), "properties": {}} for n in range(3)]
    assert verdict(resources) is Verdict.UNKNOWN


def test_route_server_beside_the_peers_gateway_is_not_overlooked() -> None:
    """A spoke that uses remote gateways takes its routes as well, and they may be longer than those of the gateway."""
    resources = hub(hub_side={"allowGatewayTransit": True}, spoke_side={"useRemoteGateways": True})
    assert not table_of(resources, "A/vm").gaps
    named(resources, "H")["subnets"].append({"id": f"{vnet_id('H')}/subnets/RouteServerSubnet", "name": "RouteServerSubnet",
        "properties": {**subnet("10.0.254.0/27"), "ipConfigurations": [{"id": "x"}]}})  # fmt: skip
    assert any("Route Server" in gap.missing for gap in table_of(resources, "A/vm").gaps)


def with_default_site(**table: Any) -> list[Json]:
    """The instance's network has a gateway with a default site; its subnet has a route table."""
    resources = alone(route_table("rt", **table), gatewayDefaultSite={"id": at("localNetworkGateways", "branch")})
    named(resources, "v")["subnets"][0]["properties"]["routeTable"] = {"id": at("routeTables", "rt")}
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    return resources


def test_default_site_takes_only_what_no_other_route_covers() -> None:
    """Replies to the Internet and to ranges that nothing routes; not where the route table keeps gateway routes out."""
    public = {"source": "internet=8.8.8.8", "endpoint": "public"}
    assert asked(with_default_site(), **public).verdict is Verdict.UNKNOWN
    assert asked(with_default_site(propagation_off=True), **public).verdict is Verdict.REACHABLE
    assert verdict(with_default_site(), "vm") is Verdict.REACHABLE
    elsewhere = asked(with_default_site(), "onprem:branch=10.99.0.4")
    assert elsewhere.verdict is Verdict.UNKNOWN
    assert any("default site" in gap.missing for gap in elsewhere.gaps)
    assert asked(alone(), "onprem:branch=10.99.0.4").root_cause == "rt-lng-missing"


def test_route_table_that_does_not_say_whether_it_propagates_is_a_gap() -> None:
    """Only where a gateway route would win; the routes of peerings and of the network stay."""
    resources = joined()
    resources.append(route_table("rt"))
    named(resources, "A")["subnets"][0]["properties"]["routeTable"] = {"id": at("routeTables", "rt")}
    assert verdict(resources) is Verdict.REACHABLE
    del named(resources, "rt")["disableBgpRoutePropagation"]
    found = asked(resources)
    assert found.verdict is Verdict.UNKNOWN
    assert any("disableBgpRoutePropagation" in gap.missing for gap in found.gaps)
    peers = routed()
    del named(peers, "rt")["disableBgpRoutePropagation"]
    assert verdict(peers) is Verdict.REACHABLE


@pytest.mark.parametrize("policy", ["Disabled", "Enabled"])
def test_security_admin_rules_spare_private_endpoints(policy: str) -> None:
    """A rule in force on the endpoint's network does not stop what arrives at the endpoint; it does stop a machine's packets."""
    own = subnet("10.2.5.0/24", privateEndpointNetworkPolicies=policy)
    resources = two(pe=own, extra=(private_endpoint("pe", "B/pe", "10.2.5.4"), resource("networkManagers", "nm")))
    seen = tuple({"kind": "effectiveSecurityAdminRules", "about": vnet_id(one), "value": {"value": rules}}
                 for one, rules in (("A", []), ("B", [admin("Deny", direction="Inbound")])))  # fmt: skip
    assert asked(resources, endpoint="private", seen=seen).verdict is Verdict.REACHABLE
    assert asked(resources, endpoint="vnet-local", seen=seen).root_cause == "admin-rule-denies"


def test_peering_without_prefixes_leaves_the_virtual_network_tag_open() -> None:
    """The default rules let the peer in or not, by prefixes that were not read."""
    resources = two(
        b=subnet("10.2.0.0/27", "n"), extra=(nsg("n", rule("other", 100, "Deny", destinationPortRange="443")),)
    )
    assert verdict(resources) is Verdict.REACHABLE
    del named(resources, "B")["virtualNetworkPeerings"][0]["properties"]["remoteAddressSpace"]
    found = asked(resources)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_public_endpoint_in_a_subnet_without_a_prefix_is_unknown() -> None:
    """Its security group cannot be asked without an address."""
    resources = two(b=subnet("10.2.0.0/27", "n"), extra=(nsg("n", rule("no", 100, "Deny")),))
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    assert verdict(resources, "internet=8.8.8.8", endpoint="public") is Verdict.BLOCKED
    del named(resources, "B")["subnets"][0]["properties"]["addressPrefix"]
    assert verdict(resources, "internet=8.8.8.8", endpoint="public") is Verdict.UNKNOWN
