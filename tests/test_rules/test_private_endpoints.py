"""Private endpoints: who gets to them, over which routes and rules, and what overrides them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from arm import Json, at, instance, nic, nsg, peered, private_endpoint, route_table, rule, subnet, vnet_id

from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from test_rules.topology import A, B, asked, named, rows, shared_hub, two, verdict, winner, without

PE = private_endpoint("pe", "B/pe", "10.2.5.4")
POLICY_ON = subnet("10.2.5.0/24", privateEndpointNetworkPolicies="Enabled")


def endpoint(*routes: tuple[str, str, str], **more: Any) -> list[Json]:
    """The two networks with a private endpoint at 10.2.5.4 in B, and user routes on the client's subnet."""
    table = (route_table("rt", *routes),) if routes else ()
    own = subnet("10.1.0.0/24", table="rt") if routes else subnet("10.1.0.0/24")
    return two(**{"a": own, **more, "extra": (PE, *table, *more.get("extra", ()))})


def test_endpoint_is_reached_from_its_own_and_from_a_directly_peered_network() -> None:
    """Each endpoint adds a /32 to the route table of both."""
    assert verdict(endpoint(), endpoint="private") is Verdict.REACHABLE
    assert ("10.2.5.4/32", "InterfaceEndpoint") in rows(endpoint(), "A/vm")
    assert ("10.2.5.4/32", "InterfaceEndpoint") in rows(endpoint(), "B/mi")


def test_host_route_of_an_endpoint_does_not_go_beyond_direct_peers() -> None:
    """A spoke behind the hub gets no /32 of an endpoint in another spoke, and so no way to it."""
    resources = shared_hub(extra=(private_endpoint("pe", "B/mi", "10.2.0.40"),))
    named(resources, "B")["subnets"].append(
        {"id": f"{vnet_id('B')}/subnets/pe", "name": "pe", "properties": subnet("10.2.0.32/27")}
    )
    assert ("10.2.0.40/32", "InterfaceEndpoint") not in rows(resources, "A/vm")
    assert ("10.2.0.40/32", "InterfaceEndpoint") in rows(resources, "H/vm")
    assert verdict(resources, endpoint="private") is Verdict.BLOCKED


def test_every_address_of_an_endpoint_gets_its_host_route() -> None:
    """An endpoint may own several addresses, one for each member."""
    resources = endpoint()
    named(resources, "pe")["customDnsConfigs"][0]["ipAddresses"] = ["10.2.5.4", "10.2.5.5"]
    assert {("10.2.5.4/32", "InterfaceEndpoint"), ("10.2.5.5/32", "InterfaceEndpoint")} <= rows(resources, "A/vm")


def test_default_route_to_an_appliance_does_not_see_endpoint_traffic() -> None:
    """The /32 is longer than 0.0.0.0/0, whatever the policy of the endpoint's subnet."""
    for own in (None, POLICY_ON):
        resources = endpoint(("0.0.0.0/0", "VirtualAppliance", "10.1.0.99"), **({"pe": own} if own else {}))
        assert winner(resources, "A/vm", "10.2.5.4").next_hop_type == "InterfaceEndpoint"
        assert verdict(resources, endpoint="private") is Verdict.REACHABLE


def test_halves_of_the_address_space_do_not_see_endpoint_traffic_either() -> None:
    """0.0.0.0/1 and 128.0.0.0/1 are shorter than the endpoint's network."""
    halves = (("0.0.0.0/1", "VirtualAppliance", "10.1.0.99"), ("128.0.0.0/1", "VirtualAppliance", "10.1.0.99"))
    assert winner(endpoint(*halves, pe=POLICY_ON), "A/vm", "10.2.5.4").next_hop_type == "InterfaceEndpoint"


def test_second_address_prefix_of_the_endpoints_network_decides_what_overrides_it() -> None:
    """The user route is measured against the prefix that holds the endpoint, not against another one of the network."""
    resources = endpoint(("10.2.4.0/22", "VirtualAppliance", "10.1.0.99"), pe=POLICY_ON)
    named(resources, "B")["addressSpace"]["addressPrefixes"] = ["10.2.0.0/24", "10.2.5.0/24"]
    assert winner(resources, "A/vm", "10.2.5.4").next_hop_type == "InterfaceEndpoint"
    named(resources, "B")["addressSpace"]["addressPrefixes"] = ["10.2.0.0/24", "10.2.4.0/22"]
    assert winner(resources, "A/vm", "10.2.5.4").next_hop_type == "VirtualAppliance"


def test_host_route_of_the_user_to_nowhere_cuts_the_endpoint_off() -> None:
    """A /32 of the user wins over the system's, policy or not."""
    found = asked(endpoint(("10.2.5.4/32", "None", "")), endpoint="private")
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-none")


@pytest.mark.parametrize("status", ["Pending", "Rejected", "Disconnected", "Removed"])
def test_only_an_approved_connection_carries_traffic(status: str) -> None:
    """Whatever the routes and rules say."""
    resources = two(extra=(private_endpoint("pe", "B/pe", "10.2.5.4", status),))
    assert verdict(resources, endpoint="private") is Verdict.BLOCKED


@pytest.mark.parametrize("status", ["", "Waiting"])
def test_status_that_nobody_documented_is_unknown(status: str) -> None:
    """Nor one that is not in the evidence; the gap names the command."""
    found = asked(two(extra=(private_endpoint("pe", "B/pe", "10.2.5.4", status),)), endpoint="private")
    assert found.verdict is Verdict.UNKNOWN
    assert any("private-endpoint show" in gap.how for gap in found.gaps)


def test_connection_made_by_hand_counts_once_it_is_approved() -> None:
    """It stands in the list of manual connections and stays there."""
    resources = endpoint()
    own = named(resources, "pe")
    own["manualPrivateLinkServiceConnections"] = own.pop("privateLinkServiceConnections")
    assert verdict(resources, endpoint="private") is Verdict.REACHABLE
    link = own["manualPrivateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]
    link["status"] = "Pending"
    assert verdict(resources, endpoint="private") is Verdict.BLOCKED


def test_connection_that_the_instance_rejected_is_not_reachable() -> None:
    """Both ends record the state; where they disagree nobody can say reachable."""
    resources = endpoint()
    named(resources, "mi")["privateEndpointConnections"] = [{"properties": {
        "privateEndpoint": {"id": PE["id"]}, "privateLinkServiceConnectionState": {"status": "Rejected"}}}]  # fmt: skip
    assert verdict(resources, endpoint="private") is not Verdict.REACHABLE


def test_endpoint_answers_and_never_asks() -> None:
    """Replies come back without a route; a security group needs no rule for them; the endpoint is no source."""
    found = asked(endpoint(), endpoint="private")
    back = [d for t in found.traces if t.direction == "return" for d in t.decisions]
    assert [d.result for d in back] == [Verdict.REACHABLE]
    resources = endpoint(extra=(nic("pe-nic", "10.2.5.4", "B/pe", privateEndpoint={"id": PE["id"]}),))
    assert asked(resources, "vm-a", endpoint="private").verdict is Verdict.REACHABLE


def test_private_endpoint_as_a_source_cannot_reach_anything() -> None:
    """Connections start at the consumer only."""
    resources = endpoint(extra=(nic("pe-nic", "10.2.5.4", "B/pe", privateEndpoint={"id": PE["id"]}),))
    with pytest.raises(InputError, match="private endpoint"):
        asked(resources, "pe-nic", endpoint="vnet-local")


DENY = nsg("shut", rule("no", 100, "Deny"))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Disabled", Verdict.REACHABLE),
        ("RouteTableEnabled", Verdict.REACHABLE),
        ("NetworkSecurityGroupEnabled", Verdict.BLOCKED),
        ("Enabled", Verdict.BLOCKED),
        ("enabled", Verdict.BLOCKED),
    ],
)
def test_security_group_counts_only_under_a_policy_for_security_groups(policy: str, expected: Verdict) -> None:
    """The network policy of the endpoint's subnet says whether its security group applies to endpoints."""
    own = subnet("10.2.5.0/24", "shut", privateEndpointNetworkPolicies=policy)
    assert verdict(endpoint(pe=own, extra=(DENY,)), endpoint="private") is expected


def test_rule_with_several_port_ranges_before_an_endpoint_is_marked_as_uncertain() -> None:
    """Documented at preview: only the first range of such a rule counted. Whether that was lifted is not documented."""
    ports = rule("a", 100, "Allow", destinationPortRanges=["443", "1433"])
    del ports["properties"]["destinationPortRange"]
    own = subnet("10.2.5.0/24", "n", privateEndpointNetworkPolicies="Enabled")
    found = asked(endpoint(pe=own, extra=(nsg("n", ports, rule("d", 200, "Deny")),)), endpoint="private")
    assert found.verdict is Verdict.UNKNOWN or any("port ranges" in note for note in found.confidence_notes)


def test_application_security_group_of_an_endpoint_counts_as_a_destination() -> None:
    """A deny rule for the group that holds the endpoint applies to it."""
    group = {"id": at("applicationSecurityGroups", "data")}
    deny = rule("deny-group", 100, "Deny", destinationApplicationSecurityGroups=[group])
    del deny["properties"]["destinationAddressPrefix"]
    own = subnet("10.2.5.0/24", "n", privateEndpointNetworkPolicies="Enabled")
    resources = endpoint(pe=own, extra=(nsg("n", deny),))
    named(resources, "pe")["applicationSecurityGroups"] = [group]
    assert verdict(resources, endpoint="private") is not Verdict.REACHABLE


@pytest.mark.parametrize("other_side", ["Disconnected", "Initiated", "missing"])
def test_endpoint_behind_a_peering_that_is_connected_on_one_side_only_is_cut_off(other_side: str) -> None:
    """Data flows only if both sides are Connected, to an endpoint as to anything else."""
    resources = endpoint(b_side=peered(A, other_side if other_side != "missing" else "Connected"))
    if other_side == "missing":
        named(resources, "B")["virtualNetworkPeerings"] = []
    assert verdict(resources, endpoint="private") is Verdict.BLOCKED


def test_endpoint_in_a_subnet_that_is_not_peered_is_cut_off() -> None:
    """Subnet peering: both subnets must take part."""
    ours = peered(["10.2.0.0/27"], peerCompleteVnets=False, localSubnetNames=["vm"], remoteSubnetNames=["mi"])
    theirs = peered(["10.1.0.0/24"], peerCompleteVnets=False, localSubnetNames=["mi"], remoteSubnetNames=["vm"])
    assert verdict(endpoint(a_side=ours, b_side=theirs), endpoint="private") is not Verdict.REACHABLE


def test_endpoint_behind_a_peering_for_ipv6_alone_is_cut_off() -> None:
    """The endpoint's address is an IPv4 one."""
    only = {"enableOnlyIPv6Peering": True}
    assert (
        verdict(endpoint(a_side=peered(B, **only), b_side=peered(A, **only)), endpoint="private")
        is not Verdict.REACHABLE
    )


def test_whether_disabled_peering_routes_hide_a_peers_endpoint_is_said_to_be_open() -> None:
    """Not documented: unknown, or a note that says so."""
    resources = two(a=subnet("10.1.0.0/24", table="rt"), extra=(PE, route_table("rt", disablePeeringRoute="All")))
    found = asked(resources, endpoint="private")
    assert found.verdict is Verdict.UNKNOWN or any("disablePeeringRoute" in note for note in found.confidence_notes)


def test_user_route_of_type_virtual_network_does_not_cut_an_endpoint_off() -> None:
    """Measured: under the policy only appliances take an endpoint's traffic over."""
    found = asked(endpoint(("10.2.0.0/16", "VnetLocal", ""), pe=POLICY_ON), endpoint="private")
    assert found.verdict is not Verdict.BLOCKED


def test_endpoint_whose_address_was_not_collected_is_not_blocked_by_a_broader_route() -> None:
    """Its /32 would win, if its address were in the evidence."""
    resources = without(endpoint(("10.2.0.0/16", "None", "")), "pe", "customDnsConfigs")
    found = asked(resources, endpoint="private", complete=frozenset())
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_symmetry_of_replies_behind_an_appliance_is_marked_as_uncertain() -> None:
    """Documentation recommends translating addresses; measured, some services reply through the appliance without."""
    resources = endpoint(("10.2.5.4/32", "VirtualAppliance", "10.1.0.99"),
                         extra=(nic("nva", "10.1.0.99", "A/vm", enableIPForwarding=True),))  # fmt: skip
    found = asked(resources, endpoint="private")
    assert found.verdict is Verdict.UNKNOWN
    assert any("SNAT" in text or "symmetr" in text for text in (*found.confidence_notes, *(g.why for g in found.gaps)))


def test_peering_without_access_before_an_endpoint_carries_the_note() -> None:
    """Old documentation says that all traffic stops, newer that only the tag changes."""
    found = asked(endpoint(b_side=peered(A, allowVirtualNetworkAccess=False)), endpoint="private")
    assert any("allowVirtualNetworkAccess" in note for note in found.confidence_notes)


def test_endpoint_can_be_reached_through_a_gateway() -> None:
    """Clients enter at the GatewaySubnet, which has the /32; what the client itself does stays unknown."""
    resources = shared_hub(extra=(private_endpoint("pe", "H/vm", "10.0.2.40"),))
    assert ("10.0.2.40/32", "InterfaceEndpoint") in rows(resources, "H/GatewaySubnet")
    found = asked(resources, "p2s:gw", endpoint="private")
    assert found.verdict is Verdict.UNKNOWN
    assert not [f for f in found.findings if f.severity == "blocks"]


def test_user_route_on_the_gateway_subnet_leads_endpoint_traffic_through_the_appliance() -> None:
    """The very /32 does, whatever the policy."""
    resources = shared_hub(extra=(private_endpoint("pe", "H/vm", "10.0.2.40"),
                                  route_table("rt", ("10.0.2.40/32", "VirtualAppliance", "10.0.1.4"))))  # fmt: skip
    own = next(s for s in named(resources, "H")["subnets"] if s["name"] == "GatewaySubnet")
    own["properties"]["routeTable"] = {"id": at("routeTables", "rt")}
    found = asked(resources, "p2s:gw", endpoint="private")
    assert found.verdict is Verdict.UNKNOWN
    assert any("10.0.1.4" in gap.missing for gap in found.gaps)


def test_endpoint_of_another_instance_is_not_taken_for_the_one_asked_about() -> None:
    """Two instances, one endpoint: the other one has none, which is a gap with the command."""
    other = copy.deepcopy(instance("B/mi", "other"))
    resources = two(extra=(private_endpoint("pe", "B/pe", "10.2.5.4", target="other"), other))
    found = asked(resources, target="mi", endpoint="private")
    assert found.verdict is Verdict.UNKNOWN
    assert "private-endpoint list" in found.gaps[0].how


def test_member_that_azure_added_later_to_a_network_changes_no_verdict() -> None:
    """privateEndpointVNetPolicies has no documented meaning for paths."""
    for policy in ("Disabled", "Basic"):
        resources = endpoint()
        named(resources, "B")["privateEndpointVNetPolicies"] = policy
        assert verdict(resources, endpoint="private") is Verdict.REACHABLE
