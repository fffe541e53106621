"""Peering: both sides, what is peered, what the flags mean, and evidence that shows only a part of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from arm import connection, gateway, nsg, peered, route_table, rule, subnet, vnet_id

from mi_workbook.core.verdict import Verdict
from test_rules.topology import (
    A,
    B,
    asked,
    hub,
    named,
    rows,
    shared_hub,
    two,
    verdict,
    winner,
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


def test_repair_of_a_disconnected_peering_makes_it_anew() -> None:
    """It cannot be mended in place: both sides are deleted and made again."""
    found = asked(two(a_side=peered(B, "Disconnected"), b_side=peered(A, "Disconnected")))
    root = next(f for f in found.findings if f.explains_verdict)
    commands = " ".join(root.remedy.az)
    assert "peering delete" in commands and "peering create" in commands


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


def test_clients_behind_a_gateway_carry_the_note_on_forwarded_traffic() -> None:
    """Documentation says that it is not needed there; the troubleshooting page lists it."""
    found = asked(shared_hub(), "p2s:gw")
    assert any("allowForwardedTraffic" in note for note in found.confidence_notes)


def test_transit_counts_across_regions_as_well() -> None:
    """Since 2019 a spoke may use the gateway of a hub in another region."""
    resources = shared_hub()
    resources[0]["location"] = "northeurope"
    assert ("172.16.201.0/24", "VirtualNetworkGateway") in rows(resources, "A/vm")


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


def test_subnet_peering_whose_names_were_not_collected_is_unknown() -> None:
    """Routes to the peered subnets are seen by subnets that do not take part."""
    found = asked(subnets_peered({}, {}))
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_peering_for_ipv6_alone_carries_no_ipv4() -> None:
    """enableOnlyIPv6Peering."""
    only = {"enableOnlyIPv6Peering": True}
    assert verdict(two(a_side=peered(B, **only), b_side=peered(A, **only))) is Verdict.BLOCKED


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
