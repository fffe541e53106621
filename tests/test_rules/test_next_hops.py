"""Next hops: appliances, load balancers, gateways, nowhere; and which NIC sends."""

from __future__ import annotations

from typing import Any

from arm import Json, at, nic, nsg, resource, route_table, rule, subnet, vnet, vnet_id

from mi_workbook.core.verdict import Verdict
from test_rules.topology import (
    asked,
    hub,
    named,
    routed,
    two,
    unshared,
    verdict,
    winner,
)


def through_appliance(*routes: tuple[str, str, str], forwards: bool | None = True, **more: Any) -> list[Json]:
    """An appliance at 10.0.1.4 in the hub, in the way from A."""
    resources = hub(a=subnet("10.1.0.0/24", table="rt-a"), extra=(route_table("rt-a", *routes),), **more)
    named(resources, "nva")["enableIPForwarding"] = forwards
    return resources


TO_B = ("10.2.0.0/16", "VirtualAppliance", "10.0.1.4")


def test_appliance_must_forward() -> None:
    """Off is a block; not in the evidence is a matter of the appliance, which is unknown anyway."""
    assert asked(through_appliance(TO_B, forwards=False)).root_cause == "rt-nva-not-forwarding"
    assert asked(through_appliance(TO_B, forwards=True)).verdict is Verdict.UNKNOWN
    assert asked(through_appliance(TO_B, forwards=None)).verdict is Verdict.UNKNOWN


def test_policy_of_an_appliance_is_never_taken_for_granted() -> None:
    """Never reachable through one; the gap says where to look."""
    found = asked(through_appliance(TO_B))
    assert found.verdict is Verdict.UNKNOWN
    assert any("10.0.1.4" in gap.missing and "log" in gap.how for gap in found.gaps)


def test_nic_of_another_network_with_the_next_hops_address_is_not_the_appliance() -> None:
    """Many networks use the same range; the next hop is in the own network or in a peer."""
    stranger = (
        vnet("X", ["10.0.0.0/16"], {"s": subnet("10.0.1.0/24")}),
        nic("stranger", "10.0.1.4", "X/s", enableIPForwarding=False),
    )
    resources = [one for one in through_appliance(TO_B) if one["name"] != "nva"]
    assert verdict([*resources, *unshared(list(stranger))]) is Verdict.UNKNOWN


def test_next_hop_behind_a_gateway_or_in_no_network_is_invalid() -> None:
    """It must be in the own network or in a direct peer."""
    for hop in ("192.168.1.9", "10.77.0.1", "10.2.0.9"):
        found = asked(through_appliance(("10.2.0.0/16", "VirtualAppliance", hop)))
        assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-nva-unreachable"), hop


def test_appliance_in_its_clients_subnet_may_loop() -> None:
    """Its own packets take the same user route, back to itself."""
    resources = routed(
        ("10.2.0.0/16", "VirtualAppliance", "10.1.0.9"), more=(nic("nva", "10.1.0.9", "A/vm", enableIPForwarding=True),)
    )
    assert "rt-nva-loop" in {f.fault for f in asked(resources).findings}


def test_group_before_an_appliance_sees_the_packets_own_addresses() -> None:
    """The client as source and the instance as destination; what it denies is a block, the appliance's own rules aside."""
    for source, expected in (("10.1.0.4", Verdict.BLOCKED), ("10.0.1.4", Verdict.UNKNOWN)):
        resources = [*through_appliance(TO_B), nsg("n", rule("no", 100, "Deny", sourceAddressPrefix=source))]
        named(resources, "nva")["networkSecurityGroup"] = {"id": at("networkSecurityGroups", "n")}
        assert verdict(resources) is expected


def test_internal_load_balancer_may_stand_before_appliances() -> None:
    """Its front end is the next hop; the machines behind it forward or do not."""
    front = [
        {"name": "f", "properties": {"privateIPAddress": "10.0.1.100", "subnet": {"id": f"{vnet_id('H')}/subnets/nva"}}}
    ]
    own = nic("nva", "10.0.1.4", "H/nva")["id"]
    pool = [{"name": "p", "properties": {"backendIPConfigurations": [{"id": f"{own}/ipConfigurations/main"}]}}]
    balancer = resource("loadBalancers", "lb", frontendIPConfigurations=front, backendAddressPools=pool)
    way = ("10.2.0.0/16", "VirtualAppliance", "10.0.1.100")
    resources = [*through_appliance(way), balancer]
    assert verdict(resources) is Verdict.UNKNOWN
    named(resources, "nva")["enableIPForwarding"] = False
    assert asked(resources).root_cause == "rt-nva-not-forwarding"


def test_several_next_hops_of_one_route_are_all_looked_at() -> None:
    """VirtualApplianceEcmp."""
    resources = through_appliance(("10.2.0.0/16", "VirtualApplianceEcmp", ""))
    route = named(resources, "rt-a")["routes"][0]["properties"]
    route["nextHop"] = {"nextHopIpAddresses": ["10.0.1.4", "10.0.1.5"]}
    assert winner(resources, "A/vm", "10.2.0.4").next_hop_ip == "10.0.1.4, 10.0.1.5"
    assert verdict(resources) is Verdict.UNKNOWN
    route["nextHop"] = {"nextHopIpAddresses": ["10.77.0.4", "10.77.0.5"]}
    assert verdict(resources) is Verdict.BLOCKED


def test_type_of_next_hop_that_is_not_known_is_unknown() -> None:
    """Azure adds types; the gap asks for a test."""
    found = asked(routed(("10.2.0.0/16", "HyperNetGateway", "")))
    assert found.verdict is Verdict.UNKNOWN
    assert any("HyperNetGateway" in gap.missing for gap in found.gaps)


def test_user_route_to_a_gateway_that_nobody_has_is_named() -> None:
    """Neither own nor borrowed."""
    assert asked(routed(("10.2.0.0/16", "VirtualNetworkGateway", ""))).root_cause == "gt-no-gateway"


def test_virtual_network_as_next_hop_exempts_a_part_from_a_broader_route() -> None:
    """Inside the own network it delivers straight to the machine."""
    resources = two()
    named(resources, "B")["subnets"].append({"id": f"{vnet_id('B')}/subnets/vm", "name": "vm",
                                             "properties": subnet("10.2.9.0/24", table="rt")})  # fmt: skip
    table = route_table("rt", ("10.2.0.0/16", "VirtualAppliance", "10.2.9.9"), ("10.2.0.0/27", "VnetLocal", ""))
    assert verdict([*resources, table], "B/vm") is Verdict.REACHABLE


def test_null_route_drops_and_names_the_route() -> None:
    """On the way there, and on the way back."""
    assert asked(routed(("10.2.0.0/27", "None", ""))).root_cause == "rt-none"
    back = two(b=subnet("10.2.0.0/27", table="rt"), extra=(route_table("rt", ("10.1.0.4/32", "None", "")),))
    found = asked(back)
    assert found.verdict is Verdict.BLOCKED
    assert {t.direction for t in found.traces if t.verdict is Verdict.BLOCKED} == {"return"}


def test_host_route_for_another_client_concerns_nobody_else() -> None:
    """A /32 beside the client's address, on the instance's subnet."""
    resources = two(b=subnet("10.2.0.0/27", table="rt"), extra=(route_table("rt", ("10.1.0.5/32", "None", "")),))
    assert verdict(resources) is Verdict.REACHABLE
    assert verdict(resources, "A/vm") is Verdict.UNKNOWN  # of the whole subnet one client is cut off


def test_user_route_for_the_instances_own_subnet_concerns_its_neighbours_only() -> None:
    """Packets from outside do not take it: they arrive by the fabric."""
    resources = two(b=subnet("10.2.0.0/27", table="rt"), extra=(route_table("rt", ("10.2.0.0/27", "None", "")),))
    assert verdict(resources) is Verdict.REACHABLE


def test_internet_as_next_hop_loses_private_packets() -> None:
    """A private destination is not on the Internet."""
    assert asked(routed(("10.2.0.0/16", "Internet", ""))).root_cause == "rt-internet-private"


def test_default_route_to_an_appliance_takes_replies_to_the_internet_away() -> None:
    """The public endpoint is then not reached from outside."""
    table = route_table("rt", ("0.0.0.0/0", "VirtualAppliance", "10.2.9.9"))
    resources = two(b=subnet("10.2.0.0/27", table="rt"), extra=(table,))
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    found = asked(resources, "internet=8.8.8.8", endpoint="public")
    assert found.verdict is not Verdict.REACHABLE


def test_machine_with_several_nics_sends_by_its_primary_one() -> None:
    """Only that one has a default gateway in the guest."""
    second = nic("second", "10.9.0.4", "C/vm")
    vm = {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/box", "name": "box",
          "type": "Microsoft.Compute/virtualMachines", "properties": {"networkProfile": {"networkInterfaces": [
              {"id": second["id"], "properties": {"primary": False}},
              {"id": nic("vm-a", "", "A/vm")["id"], "properties": {"primary": True}}]}}}  # fmt: skip
    resources = two(extra=(vnet("C", ["10.9.0.0/16"], {"vm": subnet("10.9.0.0/24")}), second, vm))
    found = asked(resources, "box")
    assert found.verdict is Verdict.REACHABLE
    vm["properties"]["networkProfile"]["networkInterfaces"][0]["properties"]["primary"] = True  # type: ignore[index]
    vm["properties"]["networkProfile"]["networkInterfaces"][1]["properties"]["primary"] = False  # type: ignore[index]
    assert verdict([*resources[:-1], unshared([vm])[0]], "box") is Verdict.BLOCKED


def test_private_subnet_without_a_way_out_is_a_gap_for_public_destinations_only() -> None:
    """defaultOutboundAccess off."""
    resources = two(a=subnet("10.1.0.0/24", defaultOutboundAccess=False))
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    assert verdict(resources) is Verdict.REACHABLE
    assert asked(resources, endpoint="public").verdict is Verdict.UNKNOWN


def test_public_address_of_the_nic_is_a_way_out_of_a_private_subnet() -> None:
    """An address of the machine's own is an explicit way out, a NAT gateway is another; the member unseen is said."""
    resources = two(a=subnet("10.1.0.0/24", defaultOutboundAccess=False))
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    named(resources, "vm-a")["ipConfigurations"][0]["properties"]["publicIPAddress"] = {"id": "/subscriptions/s/ip"}
    assert asked(resources, endpoint="public").verdict is Verdict.REACHABLE

    unseen = two(a=subnet("10.1.0.0/24"))
    named(unseen, "mi")["publicDataEndpointEnabled"] = True
    found = asked(unseen, endpoint="public")
    assert any("2025-07-01" in note for note in found.confidence_notes)
    assert not any("2025-07-01" in note for note in asked(unseen).confidence_notes)
