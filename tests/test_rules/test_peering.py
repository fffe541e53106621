"""Peering: both sides, what is peered, what the flags mean, and evidence that shows only a part of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from arm import connection, gateway, nsg, peered, resource, route_table, rule, subnet, vnet_id

from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot
from test_rules.topology import (
    A,
    B,
    also_peered,
    asked,
    hub,
    named,
    routed,
    rows,
    shared_hub,
    two,
    verdict,
    winner,
    without,
)


def test_peering_that_is_connected_on_both_sides_carries_traffic() -> None:
    """Nothing else is needed."""
    assert verdict(two()) is Verdict.REACHABLE


@pytest.mark.parametrize("state", ["Initiated", "Disconnected"])
@pytest.mark.parametrize("side", ["a_side", "b_side"])
def test_side_that_is_not_connected_cuts_both_directions(side: str, state: str) -> None:
    """Whichever of the two sides it is."""
    space = B if side == "a_side" else A
    found = asked(two(**{side: peered(space, state)}))
    assert found.verdict is Verdict.BLOCKED
    assert (found.root_cause or "").startswith("peer-")


@pytest.mark.parametrize("state", ["", "Updating", None])
def test_state_that_nobody_documented_is_unknown(state: Any) -> None:
    """Also one that is not in the evidence."""
    side = peered(B)
    side["peeringState"] = state
    found = asked(two(a_side=side))
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_state_reads_the_same_in_any_spelling() -> None:
    """Tools write Connected and connected."""
    assert verdict(two(a_side=peered(B, "connected"), b_side=peered(A, "CONNECTED"))) is Verdict.REACHABLE


def test_routes_of_a_peer_reach_every_subnet_and_hold_every_peered_prefix() -> None:
    """One row for each prefix of the peered space, with the type of the distance."""
    resources = two(a_side=peered(["10.2.0.0/16", "10.22.0.0/16"]))
    assert {("10.2.0.0/16", "VNetPeering"), ("10.22.0.0/16", "VNetPeering")} <= rows(resources, "A/vm")
    resources[1]["location"] = "northeurope"
    assert ("10.2.0.0/16", "VNetGlobalPeering") in rows(resources, "A/vm")
    assert winner(resources, "A/vm", "10.2.0.4").next_hop_ip == ""


def test_location_reads_the_same_in_any_spelling() -> None:
    """West Europe and westeurope are one region."""
    resources = two()
    resources[1]["location"] = "West Europe"
    assert ("10.2.0.0/16", "VNetPeering") in rows(resources, "A/vm")


def test_two_peerings_in_a_row_do_not_make_a_third() -> None:
    """A and B are both peered with the hub, and not with each other."""
    found = asked(hub())
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "peer-not-transitive")


def test_chain_over_the_gateway_of_the_hub_needs_user_routes_on_both_sides() -> None:
    """With transit and a user route to the gateway in each spoke the hub's gateway joins them."""
    one = route_table("rt-a", ("10.2.0.0/16", "VirtualNetworkGateway", ""))
    other = route_table("rt-b", ("10.1.0.0/16", "VirtualNetworkGateway", ""))
    ends: dict[str, Any] = {"a": subnet("10.1.0.0/24", table="rt-a"), "b": subnet("10.2.0.0/27", table="rt-b")}
    assert verdict(shared_hub(**ends, extra=(one, other))) is not Verdict.BLOCKED
    assert verdict(shared_hub(a=ends["a"], extra=(one,))) is Verdict.BLOCKED


@pytest.mark.parametrize("side", ["a_side", "b_side"])
def test_access_flag_takes_a_peer_out_of_the_tag_only(side: str) -> None:
    """With an explicit allow rule it passes; with default rules it does not; a note tells of the older documentation."""
    closed = {side: peered(B if side == "a_side" else A, allowVirtualNetworkAccess=False)}
    bare = asked(two(**closed))
    assert bare.verdict is Verdict.REACHABLE
    assert any("allowVirtualNetworkAccess" in note for note in bare.confidence_notes)
    guarded: dict[str, Any] = {"a": subnet("10.1.0.0/24", "n"), "b": subnet("10.2.0.0/27", "n"), **closed}
    found = asked(two(**guarded, extra=(nsg("n"),)))
    assert found.verdict is Verdict.BLOCKED
    assert any("allowVirtualNetworkAccess" in note for note in found.confidence_notes)
    open_ = nsg("n", rule("in", 100, "Allow"), rule("out", 100, "Allow", "Outbound"))
    assert verdict(two(**guarded, extra=(open_,))) is Verdict.REACHABLE


@pytest.mark.xfail(strict=True, reason="no note on forwarded traffic through a gateway (path._into_azure)")
def test_clients_behind_a_gateway_carry_the_note_on_forwarded_traffic() -> None:
    """Documentation says that it is not needed there; the troubleshooting page lists it."""
    found = asked(shared_hub(), "p2s:gw")
    assert any("allowForwardedTraffic" in note for note in found.confidence_notes)


def test_transit_counts_across_regions_as_well() -> None:
    """Since 2019 a spoke may use the gateway of a hub in another region."""
    resources = shared_hub()
    resources[0]["location"] = "northeurope"
    assert ("172.16.201.0/24", "VirtualNetworkGateway") in rows(resources, "A/vm")


@pytest.mark.xfail(strict=True, reason="the SKU of a gateway that lends itself is not looked at (gateways._borrowed)")
def test_basic_gateway_does_not_lend_itself_to_a_peer() -> None:
    """Gateway transit is not supported with SKU Basic: a block, or a gap that names the SKU."""
    resources = shared_hub()
    named(resources, "gw")["sku"] = {"name": "Basic", "tier": "Basic"}
    found = asked(resources, "p2s:gw")
    texts = [
        *(f.says for f in found.findings if f.severity == "blocks"),
        *(g.why for g in found.gaps),
        *found.confidence_notes,
    ]
    assert any("Basic" in text for text in texts)


def test_new_prefix_of_a_network_is_not_peered_until_the_sync() -> None:
    """Routes follow remoteAddressSpace, not what the other network has by now."""
    side = peered(["10.2.0.0/16"], peeringSyncLevel="LocalNotInSync")
    side["remoteVirtualNetworkAddressSpace"] = {"addressPrefixes": ["10.2.0.0/16", "10.9.0.0/16"]}
    resources = two(b=subnet("10.9.0.0/27"), a_side=side)
    named(resources, "B")["addressSpace"]["addressPrefixes"].append("10.9.0.0/16")
    found = asked(resources)
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "peer-not-synced")
    assert ("10.9.0.0/16", "VNetPeering") not in rows(resources, "A/vm")


@pytest.mark.parametrize("level", ["RemoteNotInSync", "LocalNotInSync", "LocalAndRemoteNotInSync"])
def test_sync_level_alone_blocks_nothing(level: str) -> None:
    """Prefixes that were peered stay peered."""
    assert verdict(two(a_side=peered(B, peeringSyncLevel=level))) is Verdict.REACHABLE


def test_reply_needs_the_new_prefix_in_the_other_sides_peering_too() -> None:
    """A new prefix of the client's network: there is the way there, and none back."""
    resources = two(a=subnet("10.8.0.0/24"))
    named(resources, "A")["addressSpace"]["addressPrefixes"].append("10.8.0.0/16")
    named(resources, "vm-a")["ipConfigurations"][0]["properties"]["privateIPAddress"] = "10.8.0.4"
    found = asked(resources)
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "peer-not-synced")
    assert {t.direction for t in found.traces if t.verdict is Verdict.BLOCKED} == {"return"}


def subnets_peered(ours: dict[str, Any], theirs: dict[str, Any]) -> list[Any]:
    """The two networks with some subnets peered only."""
    return two(a_side=peered(["10.2.0.0/27"], peerCompleteVnets=False, **ours),
               b_side=peered(["10.1.0.0/24"], peerCompleteVnets=False, **theirs))  # fmt: skip


def test_subnet_peering_joins_the_subnets_it_names_and_no_others() -> None:
    """A route alone is no proof: subnets that do not take part see the routes too."""
    both = (
        {"localSubnetNames": ["vm"], "remoteSubnetNames": ["mi"]},
        {"localSubnetNames": ["MI"], "remoteSubnetNames": ["VM"]},
    )
    assert verdict(subnets_peered(*both)) is Verdict.REACHABLE
    other = {"localSubnetNames": ["other"], "remoteSubnetNames": ["mi"]}
    found = asked(subnets_peered(other, both[1]))
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "peer-subnet-scope")


@pytest.mark.xfail(strict=True, reason="wrong reachable: names that were not collected count as all (peering._scope)")
def test_subnet_peering_whose_names_were_not_collected_is_unknown() -> None:
    """Routes to the peered subnets are seen by subnets that do not take part."""
    found = asked(subnets_peered({}, {}))
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_peering_for_ipv6_alone_carries_no_ipv4() -> None:
    """enableOnlyIPv6Peering."""
    only = {"enableOnlyIPv6Peering": True}
    assert verdict(two(a_side=peered(B, **only), b_side=peered(A, **only))) is Verdict.BLOCKED


@pytest.mark.xfail(strict=True, reason="wrong root cause: called an old sync (no_route.not_peered)")
def test_peering_for_ipv6_alone_is_named_as_the_reason() -> None:
    """And not an old address space, whose remedy would not help."""
    only = {"enableOnlyIPv6Peering": True}
    found = asked(two(a_side=peered(B, **only), b_side=peered(A, **only)))
    assert found.root_cause != "peer-not-synced"


def test_ipv6_prefixes_beside_ipv4_change_nothing() -> None:
    """Dual stack networks are judged by their IPv4 part."""
    resources = two(a_side=peered([*B, "fd00:2::/48"]), b_side=peered([*A, "fd00:1::/48"]))
    for own, more in (("A", "fd00:1::/48"), ("B", "fd00:2::/48")):
        named(resources, own)["addressSpace"]["addressPrefixes"].insert(0, more)
        part = named(resources, own)["subnets"][0]["properties"]
        part["addressPrefixes"] = [more.replace("/48", "/64"), part.pop("addressPrefix")]
    named(resources, "vm-a")["ipConfigurations"].insert(0, {"name": "v6", "properties": {
        "privateIPAddress": "fd00:1::4", "privateIPAddressVersion": "IPv6", "primary": False,
        "subnet": {"id": f"{vnet_id('A')}/subnets/vm"}}})  # fmt: skip
    assert verdict(resources) is Verdict.REACHABLE


def test_two_networks_that_claim_one_range_are_told_apart_by_the_peering() -> None:
    """The route leads to the peer; the destination in another network of the same range is elsewhere."""
    resources = two()
    stranger = copy.deepcopy(resources[1])
    stranger["id"], stranger["name"] = vnet_id("X"), "X"
    stranger["properties"]["virtualNetworkPeerings"] = []
    for part in stranger["properties"]["subnets"]:
        part["id"] = part["id"].replace("/B/", "/X/")
    moved = moved_to(resources, "X")
    found = asked([*moved, stranger])
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-overlap")


def moved_to(resources: list[Any], new: str) -> list[Any]:
    """The instance moved to the subnet of the same name in another network."""
    found = copy.deepcopy(resources)
    named(found, "mi")["subnetId"] = f"{vnet_id(new)}/subnets/mi"
    return found


def test_flag_without_meaning_for_packets_changes_nothing() -> None:
    """doNotVerifyRemoteGateways concerns the deployment."""
    assert verdict(two(a_side=peered(B, doNotVerifyRemoteGateways=True))) is Verdict.REACHABLE


def test_spoke_with_a_gateway_of_its_own_cannot_borrow_one() -> None:
    """The fault names its own gateway, not the missing flag."""
    resources = hub(hub_side={"allowGatewayTransit": True}, extra=(gateway("own", "B"),))
    named(resources, "B")["subnets"].append({"id": f"{vnet_id('B')}/subnets/GatewaySubnet", "name": "GatewaySubnet",
                                             "properties": subnet("10.2.255.0/27")})  # fmt: skip
    found = asked(resources, "onprem:branch=192.168.1.5")
    assert found.verdict is Verdict.BLOCKED
    assert found.root_cause == "gt-mi-has-gateway"


def test_one_flag_of_two_gives_no_gateway_routes() -> None:
    """The hub must allow and the spoke must use."""
    for flags in ({"hub_side": {"allowGatewayTransit": True}}, {"spoke_side": {"useRemoteGateways": True}}):
        assert ("172.16.201.0/24", "VirtualNetworkGateway") not in rows(hub(**flags), "A/vm")
    assert ("172.16.201.0/24", "VirtualNetworkGateway") in rows(shared_hub(), "A/vm")


def test_network_that_is_peered_and_connected_by_vpn_uses_the_peering() -> None:
    """Even where the tunnel is down."""
    resources = two(extra=(gateway("g1", "A"), gateway("g2", "B"),
                           connection("c", "g1", "g2", "Vnet2Vnet")))  # fmt: skip
    for own, part in (("A", "10.1.255.0/27"), ("B", "10.2.255.0/27")):
        named(resources, own)["subnets"].append({"id": f"{vnet_id(own)}/subnets/GatewaySubnet", "name": "GatewaySubnet",
                                                 "properties": subnet(part)})  # fmt: skip
    named(resources, "c")["connectionStatus"] = "NotConnected"
    assert winner(resources, "A/vm", "10.2.0.4").next_hop_type == "VNetPeering"
    assert verdict(resources) is Verdict.REACHABLE


# Evidence that shows only a part.


@pytest.mark.xfail(
    strict=True, reason="wrong blocked: an unread remoteAddressSpace counts as an empty one (no_route.not_peered)"
)
@pytest.mark.parametrize("complete", [None, frozenset()], ids=["whole", "bare"])
def test_connected_peering_whose_space_was_not_collected_is_unknown(complete: frozenset[str] | None) -> None:
    """Connected, and which prefixes it joins is not in the evidence."""
    side = peered(B)
    del side["remoteAddressSpace"]
    found = asked(two(a_side=side), complete=complete)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


UNLISTED = [
    pytest.param(routed(("10.0.0.0/8", "None", "")), id="10/8 to nowhere"),
    pytest.param(routed(("0.0.0.0/0", "None", "")), id="default to nowhere"),
    pytest.param(routed(("0.0.0.0/0", "Internet", "")), id="default to the Internet"),
    pytest.param(routed(("10.0.0.0/8", "VirtualAppliance", "10.2.9.9")), id="appliance in the peer"),
    pytest.param(routed(("10.0.0.0/8", "VirtualNetworkGateway", "")), id="gateway of the peer"),
]


@pytest.mark.xfail(
    strict=True, reason="wrong blocked: a user route decides though peerings were not listed (forwarding._by)"
)
@pytest.mark.parametrize("resources", UNLISTED)
def test_broad_user_route_decides_nothing_where_peerings_were_not_listed(resources: list[Any]) -> None:
    """A peering that was not seen may bring a longer route, or the network of the next hop."""
    found = asked(without(resources, "A", "virtualNetworkPeerings"), complete=frozenset())
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_broad_user_route_on_the_instances_subnet_decides_nothing_either() -> None:
    """The reply may find a longer route over a peering that was not listed."""
    resources = two(b=subnet("10.2.0.0/27", table="rt"), extra=(route_table("rt", ("10.0.0.0/8", "None", "")),))
    found = asked(without(resources, "B", "virtualNetworkPeerings"), complete=frozenset())
    assert found.verdict is Verdict.UNKNOWN and found.gaps


@pytest.mark.xfail(strict=True, reason="wrong blocked: the gateway's side is read as empty (no_route.transit)")
def test_gateways_network_without_its_list_of_peerings_is_not_one_sided() -> None:
    """The spoke uses the gateway; whether the hub allows it was not collected."""
    found = asked(without(shared_hub(), "H", "virtualNetworkPeerings"), "p2s:gw", complete=frozenset())
    assert found.verdict is Verdict.UNKNOWN and found.gaps


@pytest.mark.parametrize("name", ["H", "B"])
def test_site_behind_a_hub_is_unknown_where_a_list_of_peerings_is_missing(name: str) -> None:
    """On either side."""
    found = asked(
        without(shared_hub(), name, "virtualNetworkPeerings"), "onprem:branch=192.168.1.5", complete=frozenset()
    )
    assert found.verdict is Verdict.UNKNOWN and found.gaps


@pytest.mark.xfail(
    strict=True, reason="wrong blocked: user routes are judged before what a manager may add (forwarding._none)"
)
@pytest.mark.parametrize("kind", ["None", "Internet"])
def test_network_manager_may_add_a_longer_route_than_the_users(kind: str) -> None:
    """ConnectedGroup routes have the prefixes of the other networks, and no peering shows them."""
    resources = routed(("10.0.0.0/8", kind, ""), more=(resource("networkManagers", "m"),))
    for own in ("A", "B"):
        named(resources, own)["virtualNetworkPeerings"] = []
    found = asked(resources)
    assert found.verdict is Verdict.UNKNOWN
    assert any("effective-connectivity" in gap.how for gap in found.gaps)


def test_peer_in_a_subscription_that_cannot_be_read_is_unknown() -> None:
    """Its side of the peering is not in the evidence."""
    resources = [one for one in hub() if one["name"] != "H"]
    found = asked(resources, complete=frozenset())
    assert found.verdict is not Verdict.REACHABLE
    also_peered(resources, "A", "B")
    assert verdict(resources) is Verdict.REACHABLE


def test_null_members_in_lists_are_left_out_and_break_nothing() -> None:
    """Tools write null elements where an element could not be expanded."""
    resources = two()
    named(resources, "A")["virtualNetworkPeerings"].insert(0, None)
    named(resources, "A")["subnets"].append(None)
    assert verdict(resources) is Verdict.REACHABLE


@pytest.mark.xfail(strict=True, reason="flags of a wrong type read as their default (reading.flag)")
def test_flag_that_is_no_boolean_is_not_read_as_its_default() -> None:
    """Tables and exports write "true" as a text."""
    flags: dict[str, Any] = {"hub_side": {"allowGatewayTransit": "true"}, "spoke_side": {"useRemoteGateways": "true"}}
    assert asked(hub(**flags), "p2s:gw").verdict is not Verdict.BLOCKED


@pytest.mark.xfail(strict=True, reason="wrong reachable: as above")
def test_access_flag_as_a_text_is_not_read_as_true() -> None:
    """With default rules the verdict hangs on it."""
    side = peered(A, allowVirtualNetworkAccess="false")
    assert verdict(two(b=subnet("10.2.0.0/27", "n"), b_side=side, extra=(nsg("n"),))) is not Verdict.REACHABLE


@pytest.mark.xfail(
    strict=True, reason="wrong blocked: what Azure itself showed is not asked (effective_routes, diagnose)"
)
def test_route_that_azure_showed_and_no_peering_explains_forbids_blocked() -> None:
    """A captured table with a ConnectedGroup row proves a way that the configuration does not show."""
    resources = two()
    for own in ("A", "B"):
        named(resources, own)["virtualNetworkPeerings"] = []
    rows_seen = [("Default", "10.1.0.0/16", "VnetLocal"), ("Default", "10.2.0.0/16", "ConnectedGroup")]
    value = [{"source": s, "state": "Active", "addressPrefix": [p], "nextHopType": t, "nextHopIpAddress": []}
             for s, p, t in rows_seen]  # fmt: skip
    seen = (
        {
            "kind": "effective-routes",
            "about": next(r["id"] for r in resources if r["name"] == "vm-a"),
            "value": {"value": value},
        },
    )
    assert diagnose(Snapshot(resources, observations=seen), "vm-a", "mi").verdict is Verdict.UNKNOWN


@pytest.mark.xfail(strict=True, reason="wrong reachable: as above")
def test_captured_table_without_the_route_in_question_forbids_reachable() -> None:
    """Azure showed that the packet is dropped; the configuration says that it is peered."""
    rows_seen = [("Default", "10.1.0.0/16", "VnetLocal"), ("Default", "10.0.0.0/8", "None")]
    value = [{"source": s, "state": "Active", "addressPrefix": [p], "nextHopType": t, "nextHopIpAddress": []}
             for s, p, t in rows_seen]  # fmt: skip
    resources = two()
    seen = (
        {
            "kind": "effective-routes",
            "about": next(r["id"] for r in resources if r["name"] == "vm-a"),
            "value": {"value": value},
        },
    )
    found = diagnose(Snapshot(resources, observations=seen, complete=None), "vm-a", "mi")
    assert found.verdict is not Verdict.REACHABLE or any("captured" in note for note in found.confidence_notes)
