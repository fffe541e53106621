"""Evidence that shows only a part, or that does not agree with what Azure showed: never a verdict."""

from __future__ import annotations

from typing import Any

import pytest
from arm import nsg, peered, resource, route_table, subnet, vnet_id
from test_admin_rules import admin

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot
from test_rules.topology import (
    FQDN,
    A,
    B,
    also_peered,
    asked,
    hub,
    named,
    routed,
    shared_hub,
    two,
    unshared,
    verdict,
    without,
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


def test_flag_that_is_no_boolean_is_not_read_as_its_default() -> None:
    """Tables and exports write "true" as a text."""
    flags: dict[str, Any] = {"hub_side": {"allowGatewayTransit": "true"}, "spoke_side": {"useRemoteGateways": "true"}}
    assert asked(hub(**flags), "p2s:gw").verdict is not Verdict.BLOCKED


def test_access_flag_as_a_text_is_not_read_as_true() -> None:
    """With default rules the verdict hangs on it."""
    side = peered(A, allowVirtualNetworkAccess="false")
    assert verdict(two(b=subnet("10.2.0.0/27", "n"), b_side=side, extra=(nsg("n"),))) is not Verdict.REACHABLE


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


@pytest.mark.parametrize("text", ["", None, "10.2.0.0/33", "10.2.0/24", "BrandNewTag"])
def test_user_route_whose_prefix_cannot_be_read_may_cover_the_destination(text: Any) -> None:
    """Only tags that are known hold public addresses alone."""
    resources = routed(("10.2.0.0/16", "None", ""))
    named(resources, "rt")["routes"][0]["properties"]["addressPrefix"] = text
    found = asked(resources)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_peering_whose_other_network_was_not_collected_is_unknown() -> None:
    """Connected, with the right prefixes, and with whom is not in the evidence."""
    resources = two()
    del named(resources, "A")["virtualNetworkPeerings"][0]["properties"]["remoteVirtualNetwork"]
    found = asked(resources)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_todays_space_of_the_other_network_is_not_what_is_peered() -> None:
    """Known is what it has now, and that the peering is not in sync; what is peered was not collected."""
    side = peered(B, peeringSyncLevel="LocalNotInSync")
    del side["remoteAddressSpace"]
    side["remoteVirtualNetworkAddressSpace"] = {"addressPrefixes": B}
    found = asked(two(a_side=side))
    assert found.verdict is Verdict.UNKNOWN and found.gaps


CRASH = "crash: an instance's subnet without a prefix leaves no destination (endpoint.destination)"


def test_instances_subnet_without_a_prefix_is_a_gap_under_security_admin_rules() -> None:
    """Rules are judged for the destination's addresses, of which none is known."""
    resources = two(extra=(resource("networkManagers", "nm"),))
    del named(resources, "B")["subnets"][0]["properties"]["addressPrefix"]
    seen = tuple(
        {"kind": "effectiveSecurityAdminRules", "about": vnet_id(one), "value": {"value": [admin("Deny")]}}
        for one in "AB"
    )
    found = asked(resources, seen=seen)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_instances_subnet_without_a_prefix_is_a_gap_beside_a_clients_own_routes() -> None:
    """As above, where the client's route print is in the evidence."""
    whole = case("developer-box-routes-sound")
    resources = unshared(list(whole.snapshot().resources))
    for one in resources:
        for part in one["properties"].get("subnets", []):
            if part["name"] == "snet-mi":
                del part["properties"]["addressPrefix"]
    rest = Snapshot(resources, observations=whole.snapshot().observations)
    found = diagnose(rest, whole.source, whole.target)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def refused(resources: list[Any], *operations: str) -> Snapshot:
    """A collection that holds these resources and was refused some reads in the subscription."""
    problems = [
        {"scope": "/subscriptions/s", "operation": one, "status": 403, "code": "AuthorizationFailed"}
        for one in operations
    ]
    return Snapshot(resources, problems=problems, complete=None)


def test_refused_read_of_what_a_block_rests_on_makes_it_unknown() -> None:
    """No peering and no manager are in the evidence, and managers could not be read."""
    resources = two()
    for own in ("A", "B"):
        named(resources, own)["virtualNetworkPeerings"] = []
    assert diagnose(refused(resources), "vm-a", "mi").verdict is Verdict.BLOCKED
    rest = refused(resources, "Microsoft.Network/networkManagers/read")
    assert diagnose(rest, "vm-a", "mi").verdict is Verdict.UNKNOWN


def test_refused_read_of_a_kind_concerns_what_lies_inside_it() -> None:
    """Where rulesets could not be listed, neither could their links to a network."""
    rest = refused(two(), "Microsoft.Network/dnsForwardingRulesets/read")
    assert diagnose(rest, "vm-a", FQDN).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("source", ["ip:10.1.0.4", "A/vm"])
def test_group_of_a_nic_that_was_not_collected_is_not_taken_for_absent(source: str) -> None:
    """Unknown, or a note that rules on NICs were not looked at."""
    resources = [one for one in two() if one["name"] != "vm-a"]
    found = diagnose(refused(resources, "Microsoft.Network/networkInterfaces/read"), source, "mi")
    assert found.verdict is Verdict.UNKNOWN or any("NIC" in note for note in found.confidence_notes)


@pytest.mark.parametrize(
    ("extra", "operation"),
    [
        pytest.param((), "Microsoft.Network/networkManagers/read", id="managers"),
        pytest.param((resource("networkManagers", "m"),),
                     "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action", id="rules in force"),
    ],
)  # fmt: skip
def test_refused_security_admin_rules_are_not_taken_for_none(extra: tuple[Any, ...], operation: str) -> None:
    """They come before the groups: unknown, or a note."""
    found = diagnose(refused(two(extra=extra), operation), "vm-a", "mi")
    assert found.verdict is Verdict.UNKNOWN or any("admin" in note for note in found.confidence_notes)


@pytest.mark.parametrize("lost", ["", "10.2.0.0/33", "SomeTag"])
def test_user_route_without_a_readable_prefix_may_widen_the_virtual_network_tag(lost: str) -> None:
    """Prefixes of user routes are in the tag, so a group that lets the tag through may let these packets through."""
    table = route_table("rt", ("10.2.0.0/16", "VirtualAppliance", "10.0.1.4"))
    resources = hub(a=subnet("10.1.0.0/24", nsg="n", table="rt"), extra=(nsg("n"), table))
    assert asked(resources).verdict is Verdict.UNKNOWN  # the appliance
    named(resources, "rt")["routes"][0]["properties"]["addressPrefix"] = lost
    assert asked(resources).verdict is Verdict.UNKNOWN
    named(resources, "rt")["routes"] = []
    assert asked(resources).verdict is Verdict.BLOCKED
