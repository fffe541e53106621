"""Azure's routing rules on a hub with a gateway, two spokes, a site and an appliance.

H 10.0.0.0/16 with a route-based VPN gateway (client pool 172.16.201.0/24) and an appliance at 10.0.1.4; spokes A 10.1.0.0/16 and
B 10.2.0.0/16; a site 192.168.0.0/16. A managed instance stands in B unless a test says otherwise.
"""

from __future__ import annotations

import copy
import random
from ipaddress import IPv4Address, ip_network
from typing import Any

import pytest
from arm import (
    Json,
    connection,
    gateway,
    instance,
    joined,
    nic,
    nsg,
    peered,
    private_endpoint,
    route_table,
    rule,
    site,
    subnet,
    vnet,
    vnet_id,
)

from mi_workbook.core.ranges import prefix
from mi_workbook.core.trace import Cause, Decision, Flow, Hop
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.reach.effective_routes import effective_routes
from mi_workbook.reach.forwarding import follow
from mi_workbook.reach.leg import Beyond, Leg
from mi_workbook.reach.routes import Route, RouteIndex

H, A, B = ["10.0.0.0/16"], ["10.1.0.0/16"], ["10.2.0.0/16"]
TRANSIT, REMOTE = {"allowGatewayTransit": True}, {"useRemoteGateways": True}


def estate(
    a: Json | None = None, b: Json | None = None, hub_side: Json | None = None, spoke_side: Json | None = None,
    extra: tuple[Json, ...] = (),
) -> list[Json]:  # fmt: skip
    """The topology; a and b are the spokes' workload subnets, the sides are flags of the peerings between hub and spokes."""
    hub_side, spoke_side = hub_side or {}, spoke_side or {}
    return joined([
        vnet("H", H, {"GatewaySubnet": subnet("10.0.255.0/27"), "nva": subnet("10.0.1.0/24"), "vm": subnet("10.0.2.0/24")},
             {"A": peered(A, **hub_side), "B": peered(B, **hub_side)}),
        vnet("A", A, {"vm": a or subnet("10.1.0.0/24"), "pe": subnet("10.1.5.0/24")}, {"H": peered(H, **spoke_side)}),
        vnet("B", B, {"mi": b or subnet("10.2.0.0/27")}, {"H": peered(H, **spoke_side)}),
        gateway("gw", "H", "172.16.201.0/24"), site("branch", "192.168.0.0/16"), connection("to-branch", "gw", "branch"),
        nic("nva", "10.0.1.4", "H/nva", enableIPForwarding=True), nic("vm-a", "10.1.0.4", "A/vm"),
        nic("vm-h", "10.0.2.4", "H/vm"), instance("B/mi"), *extra,
    ])  # fmt: skip


def whole(resources: list[Json], observations: tuple[Json, ...] = ()) -> Snapshot:
    """Evidence that holds everything there is."""
    return Snapshot(resources, observations=observations, complete=None)


def to_branch(resources: list[Json]) -> list[Hop]:
    """The hops from A's workload to 192.168.1.5 behind the hub's gateway."""
    network = Network(whole(resources))
    gw = network.gateway(f"{vnet_id('x').rsplit('/', 2)[0]}/virtualNetworkGateways/gw")
    flow = Flow(prefix("10.1.0.4"), prefix("192.168.1.5"), prefix("0.0.5.153"))
    branch = Beyond("site", (gw,), f"{vnet_id('x').rsplit('/', 2)[0]}/localNetworkGateways/branch", "branch")
    start = network.subnet(f"{vnet_id('A')}/subnets/vm")
    return follow(network, Leg(start, flow.destination, None, "forward", flow, branch))


def to_instance(start: str, resources: list[Json]) -> list[Hop]:
    """The hops from a subnet ("A/vm") to the instance's subnet in B."""
    network = Network(whole(resources))
    home, _, part = start.partition("/")
    end = network.subnet(f"{vnet_id('B')}/subnets/mi")
    flow = Flow(prefix("10.1.0.4"), end.addresses, prefix("0.0.5.153"))
    return follow(network, Leg(network.subnet(f"{vnet_id(home)}/subnets/{part}"), end.addresses, end, "forward", flow))


def causes(hops: list[Hop]) -> list[Cause]:
    """Causes of the blocked decisions, in the packet's order."""
    return [d.cause for hop in hops for d in hop.decisions if d.result is Verdict.BLOCKED and d.cause]


def passes(hops: list[Hop]) -> bool:
    """True if nothing stops the packet and nothing is unknown."""
    return all(d.result is Verdict.REACHABLE for hop in hops for d in hop.decisions)


def winner(
    resources: list[Json], start: str, address: str, observations: tuple[Json, ...] = ()
) -> tuple[str, str, str]:
    """Source, prefix and next hop type of the effective route that wins for an address."""
    network = Network(whole(resources, observations))
    home, _, part = start.partition("/")
    table = effective_routes(network, network.subnet(f"{vnet_id(home)}/subnets/{part}"))
    _, routes = next(table.split(prefix(address)))
    return routes[0].source, routes[0].prefix, routes[0].next_hop_type


def test_without_transit_a_spoke_drops_packets_for_the_site() -> None:
    """The private range is dropped by the system route, and the missing flag is named."""
    assert causes(to_branch(estate())) == [Cause.TRANSIT_NOT_USED]
    assert winner(estate(), "A/vm", "192.168.1.5") == ("Default", "192.168.0.0/16", "None")


def test_with_transit_on_both_sides_the_gateway_takes_them() -> None:
    """Gateway transit gives the spoke the gateway's routes."""
    assert passes(to_branch(estate(hub_side=TRANSIT, spoke_side=REMOTE)))


def test_propagation_off_keeps_static_gateway_routes_out() -> None:
    """Despite the name disableBgpRoutePropagation, static routes go as well."""
    shut = estate(subnet("10.1.0.0/24", table="rt"), hub_side=TRANSIT, spoke_side=REMOTE,
                  extra=(route_table("rt", propagation_off=True),))  # fmt: skip
    assert causes(to_branch(shut)) == [Cause.NO_GATEWAY_ROUTE]


def test_user_route_to_the_gateway_replaces_what_propagation_would_give() -> None:
    """In a spoke it means the remote gateway."""
    table = route_table("rt", ("192.168.0.0/16", "VirtualNetworkGateway", ""), propagation_off=True)
    assert passes(
        to_branch(estate(subnet("10.1.0.0/24", table="rt"), hub_side=TRANSIT, spoke_side=REMOTE, extra=(table,)))
    )


def test_default_route_to_an_appliance_removes_the_dropped_ranges() -> None:
    """With 0.0.0.0/0 replaced, unknown private addresses follow it; the appliance's own subnet then has the gateway route."""
    table = route_table("rt", ("0.0.0.0/0", "VirtualAppliance", "10.0.1.4"), propagation_off=True)
    hops = to_branch(estate(subnet("10.1.0.0/24", table="rt"), hub_side=TRANSIT, spoke_side=REMOTE, extra=(table,)))
    assert [d.kind for hop in hops for d in hop.decisions if d.result is Verdict.UNKNOWN] == ["appliance"]
    assert not causes(hops)
    assert hops[-1].at.endswith("virtualNetworkGateways/gw")


def test_peering_is_not_transitive() -> None:
    """A and B are peered with H, and not with each other."""
    assert causes(to_instance("A/vm", estate())) == [Cause.PEERING_MISSING]


BOTH_UDR = (route_table("rt-a", ("10.2.0.0/16", "VirtualAppliance", "10.0.1.4")),
            route_table("rt-b", ("10.1.0.0/16", "VirtualAppliance", "10.0.1.4")))  # fmt: skip
VIA = {"a": subnet("10.1.0.0/24", table="rt-a"), "b": subnet("10.2.0.0/27", table="rt-b")}


def test_appliance_without_ip_forwarding_drops() -> None:
    """IP forwarding is off on its only NIC."""
    resources = estate(**VIA, extra=BOTH_UDR)
    next(r for r in resources if r["name"] == "nva")["properties"]["enableIPForwarding"] = False
    assert causes(to_instance("A/vm", resources)) == [Cause.NVA_NOT_FORWARDING]


def test_reply_without_a_route_is_seen_behind_the_appliance() -> None:
    """There the appliance forwards; back there is no route. Whether it translates addresses is unknown, so is the verdict."""
    found = diagnose(whole(estate(a=VIA["a"], extra=BOTH_UDR[:1])), "vm-a", "mi")
    back = [d for t in found.traces if t.direction == "return" for d in t.decisions]
    assert [d.cause for d in back if d.result is Verdict.BLOCKED] == [Cause.PEERING_MISSING]
    assert found.verdict is Verdict.UNKNOWN


def test_forwarded_traffic_flag_alone_does_not_block() -> None:
    """Off on both spokes, packets still pass the appliance; the note says what it means for the rules."""
    found = diagnose(whole(estate(**VIA, extra=BOTH_UDR)), "vm-a", "mi")
    assert found.verdict is Verdict.UNKNOWN
    assert "peer-forwarded" in {f.fault for f in found.findings}
    assert any("allowForwardedTraffic" in note for note in found.confidence_notes)


def test_peering_without_transit_gives_clients_no_route() -> None:
    """A package holds the spokes that use the gateway, and no others."""
    found = diagnose(whole(estate()), "p2s:gw", "mi")
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "gt-no-remote")


def test_clients_reply_needs_the_route_table_to_take_gateway_routes() -> None:
    """There the client has a route; the reply finds none for the pool."""
    resources = estate(b=subnet("10.2.0.0/27", table="rt"), hub_side=TRANSIT, spoke_side=REMOTE,
                       extra=(route_table("rt", propagation_off=True),))  # fmt: skip
    found = diagnose(whole(resources), "p2s:gw", "mi")
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-propagation-off-mi")
    assert {t.direction for t in found.traces if t.verdict is Verdict.BLOCKED} == {"return"}


def test_new_prefix_is_unreachable_until_the_peering_is_synced() -> None:
    """The peering knows the space of its last sync."""
    resources = estate(b=subnet("10.9.0.0/27"))
    space = next(r for r in resources if r["name"] == "B")["properties"]
    space["addressSpace"] = {"addressPrefixes": ["10.2.0.0/16", "10.9.0.0/16"]}
    assert causes(to_instance("H/vm", resources)) == [Cause.PEERING_NOT_SYNCED]


def test_one_sided_peering_carries_nothing() -> None:
    """Data flows only if both sides are Connected."""
    resources = estate()
    next(r for r in resources if r["name"] == "B")["properties"]["virtualNetworkPeerings"] = []
    assert causes(to_instance("H/vm", resources)) == [Cause.PEERING_MISSING]


def endpoint_in_a(policy: str, *routes: tuple[str, str, str]) -> list[Json]:
    """A private endpoint at 10.1.5.4 in A, and user routes on the hub's workload subnet."""
    resources = estate(extra=(private_endpoint("pe", "A/pe", "10.1.5.4"), route_table("rt-h", *routes)))
    hub, spoke = (next(r for r in resources if r["name"] == n)["properties"]["subnets"] for n in ("H", "A"))
    next(s for s in hub if s["name"] == "vm")["properties"]["routeTable"] = route_table("rt-h")
    next(s for s in spoke if s["name"] == "pe")["properties"]["privateEndpointNetworkPolicies"] = policy
    return resources


@pytest.mark.parametrize(
    ("policy", "prefix_", "expected"),
    [
        ("Disabled", "0.0.0.0/0", "InterfaceEndpoint"),
        ("RouteTableEnabled", "0.0.0.0/0", "InterfaceEndpoint"),
        ("RouteTableEnabled", "10.1.0.0/16", "VirtualAppliance"),
        ("Enabled", "10.1.5.0/24", "VirtualAppliance"),
        ("RouteTableEnabled", "10.0.0.0/8", "InterfaceEndpoint"),
        ("Disabled", "10.1.0.0/16", "InterfaceEndpoint"),
        ("Disabled", "10.1.5.4/32", "VirtualAppliance"),
    ],
)
def test_user_route_replaces_a_private_endpoint_only_under_its_policy(policy: str, prefix_: str, expected: str) -> None:
    """Policy on and at least as long as the VNet's prefix, or the very same /32."""
    assert winner(endpoint_in_a(policy, (prefix_, "VirtualAppliance", "10.0.1.4")), "H/vm", "10.1.5.4")[2] == expected


def test_pending_endpoint_carries_nothing() -> None:
    """Only Approved does."""
    resources = estate(extra=(private_endpoint("pe", "A/pe", "10.1.5.4", "Pending"),))
    assert diagnose(whole(resources), "vm-a", "mi", "private").root_cause == "pe-pending"


def test_security_group_of_the_endpoints_subnet_is_ignored_without_policy() -> None:
    """Network policies are off by default."""
    resources = estate(extra=(private_endpoint("pe", "A/pe", "10.1.5.4"), nsg("shut", rule("no", 100, "Deny"))))
    spoke = next(r for r in resources if r["name"] == "A")["properties"]["subnets"]
    next(s for s in spoke if s["name"] == "pe")["properties"] = subnet("10.1.5.0/24", "shut")
    assert diagnose(whole(resources), "vm-a", "mi", "private").verdict is Verdict.REACHABLE


def test_default_route_puts_everything_into_the_virtual_network_tag() -> None:
    """Prefixes of user routes belong to the tag, so the default rules then allow any source."""
    from mi_workbook.reach.security import gate

    network = Network(whole(estate(b=subnet("10.2.0.0/27", "plain", "rt"), extra=(
        nsg("plain"), route_table("rt", ("0.0.0.0/0", "VirtualAppliance", "10.0.1.4"))))))  # fmt: skip
    end = network.subnet(f"{vnet_id('B')}/subnets/mi")
    flow = Flow(prefix("8.8.8.8"), end.addresses, prefix("0.0.5.153"))
    assert gate(network, end.nsg_id, "Inbound", end, flow, "subnet").result is Verdict.REACHABLE


def test_without_it_the_internet_is_denied_by_the_last_default_rule() -> None:
    """DenyAllInBound decides."""
    from mi_workbook.reach.security import gate

    network = Network(whole(estate(b=subnet("10.2.0.0/27", "plain"), extra=(nsg("plain"),))))
    end = network.subnet(f"{vnet_id('B')}/subnets/mi")
    flow = Flow(prefix("8.8.8.8"), end.addresses, prefix("0.0.5.153"))
    decision: Decision = gate(network, end.nsg_id, "Inbound", end, flow, "subnet")
    assert (decision.result, decision.rule) == (Verdict.BLOCKED, "DenyAllInBound")


def learned(*prefixes: str) -> tuple[Json, ...]:
    """What the hub's gateway learned."""
    rows: list[dict[str, Any]] = [{"network": p, "nextHop": "10.0.255.4", "origin": "EBgp"} for p in prefixes]
    about = f"{vnet_id('x').rsplit('/', 2)[0]}/virtualNetworkGateways/gw"
    return ({"kind": "learned-routes", "about": about, "value": {"value": rows}},)


def test_more_specific_bgp_route_inside_a_peered_vnet_loses() -> None:
    """Peering routes are preferred even over more specific BGP routes."""
    assert winner(estate(), "H/vm", "10.1.7.9", learned("10.1.7.0/24"))[2] == "VNetPeering"


def test_learned_default_route_removes_the_dropped_ranges() -> None:
    """0.0.0.0/0 from the gateway replaces the Internet route, and private ranges follow it."""
    assert winner(estate(), "H/vm", "10.77.0.1", learned("0.0.0.0/0")) == (
        "VirtualNetworkGateway", "0.0.0.0/0", "VirtualNetworkGateway")  # fmt: skip


def test_user_route_that_overrides_bgp_beats_a_longer_learned_route() -> None:
    """hasBgpOverride sets longest prefix match aside."""
    resources = estate()
    hub = next(r for r in resources if r["name"] == "H")["properties"]["subnets"]
    table = route_table("rt-h", ("192.168.0.0/16", "VirtualAppliance", "10.0.1.4"))
    next(s for s in hub if s["name"] == "vm")["properties"]["routeTable"] = table
    assert winner([*resources, table], "H/vm", "192.168.1.5", learned("192.168.1.0/24"))[0] == "VirtualNetworkGateway"
    table["properties"]["routes"][0]["properties"]["hasBgpOverride"] = True
    assert winner([*resources, table], "H/vm", "192.168.1.5", learned("192.168.1.0/24"))[0] == "User"


def test_next_hop_in_a_vnet_that_is_not_peered_is_invalid() -> None:
    """The next hop must be in the own VNet or in a directly peered one."""
    table = route_table("rt", ("10.2.0.0/16", "VirtualAppliance", "10.2.0.9"))
    assert causes(to_instance("A/vm", estate(subnet("10.1.0.0/24", table="rt"), extra=(table,)))) == [
        Cause.NVA_UNREACHABLE
    ]


def test_custom_dns_hides_where_the_name_leads() -> None:
    """Zones linked to the VNet are not consulted then; with a private endpoint the answer decides the path."""
    resources = estate(extra=(private_endpoint("pe", "A/pe", "10.1.5.4"),))
    own = next(r for r in resources if r["name"] == "A")["properties"]
    own["dhcpOptions"] = {"dnsServers": ["10.0.2.53"]}
    found = diagnose(whole(resources), "vm-a", "mi.abc123.database.windows.net")
    assert found.verdict is Verdict.UNKNOWN
    assert "nslookup" in found.gaps[0].how


def test_custom_dns_does_not_hide_a_block_that_every_answer_meets() -> None:
    """Without private endpoints the name can only lead to the instance's subnet, and no route leads there."""
    resources = copy.deepcopy(estate())
    own = next(r for r in resources if r["name"] == "A")["properties"]
    own["dhcpOptions"] = {"dnsServers": ["10.0.2.53"]}
    found = diagnose(whole(resources), "vm-a", "mi.abc123.database.windows.net")
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "peer-not-transitive")


def test_peering_off_in_the_route_table_hides_the_peer() -> None:
    """disablePeeringRoute takes the peer's routes away from the subnet."""
    table = route_table("rt", disablePeeringRoute="All")
    resources = estate(extra=(table,))
    hub = next(r for r in resources if r["name"] == "H")["properties"]["subnets"]
    next(s for s in hub if s["name"] == "vm")["properties"]["routeTable"] = table
    assert causes(to_instance("H/vm", resources)) == [Cause.PEERING_ROUTES_DISABLED]


def test_expressroute_wins_over_vpn_for_the_same_prefix() -> None:
    """Both announce the site's range."""
    resources = [*estate(), gateway("er", "H", kind="ExpressRoute")]
    seen = (
        {
            "kind": "learned-routes",
            "about": resources[-1]["id"],
            "value": [{"network": "192.168.0.0/16", "origin": "EBgp"}],
        },
    )
    network = Network(whole(resources, seen))
    rows = effective_routes(network, network.subnet(f"{vnet_id('H')}/subnets/vm")).routes
    found = {(r.gateway.name if r.gateway else "", r.state) for r in rows if r.prefix == "192.168.0.0/16" and r.gateway}
    assert found == {("er", "Active"), ("gw", "Invalid")}


def test_virtual_wan_attachment_is_recognised_and_unknown() -> None:
    """A hub's routing is not part of the VNet's configuration."""
    hub = {"remoteVirtualNetwork": {"id": vnet_id("HV_hub_1234")}, **peered(["10.0.0.0/23"], useRemoteGateways=True)}
    resources = [
        vnet("A", A, {"vm": subnet("10.1.0.0/24")}, {"HV_hub_1234": hub}), nic("vm-a", "10.1.0.4", "A/vm"),
        vnet("B", B, {"mi": subnet("10.2.0.0/27")}, {"HV_hub_1234": hub}), instance("B/mi"),
    ]  # fmt: skip
    found = diagnose(whole(resources), "vm-a", "mi")
    assert found.verdict is Verdict.UNKNOWN
    assert any("Virtual WAN" in gap.missing and "get-effective-routes" in gap.how for gap in found.gaps)


def test_route_over_part_of_the_instances_subnet_is_not_a_block() -> None:
    """Which address of its subnet the instance answers on is not in the evidence; half of them is neither open nor shut."""
    table = route_table("rt", ("10.2.0.0/28", "None", ""))
    resources = estate(b=subnet("10.2.0.0/27"), extra=(table,))
    for name in ("A", "B"):
        other = {"A": ("B", B), "B": ("A", A)}[name]
        own = next(r for r in resources if r["name"] == name)["properties"]
        own["virtualNetworkPeerings"].append({"name": "direct", "properties": {
            "remoteVirtualNetwork": {"id": vnet_id(other[0])}, **peered(other[1])}})  # fmt: skip
    assert diagnose(whole(resources), "vm-a", "mi").verdict is Verdict.REACHABLE
    spoke = next(r for r in resources if r["name"] == "A")["properties"]["subnets"]
    next(s for s in spoke if s["name"] == "vm")["properties"] = subnet("10.1.0.0/24", table="rt")
    found = diagnose(whole(resources), "vm-a", "mi")
    assert found.verdict is Verdict.UNKNOWN
    assert [f.fault for f in found.findings if f.severity == "degrades"] == ["rt-none"]
    assert found.repair is not None and found.repair.proved


def test_client_routes_hold_peers_that_use_the_gateway_and_custom_routes() -> None:
    """Without transit a client gets the gateway's VNet and its own pool; with it the peers as well; custom routes always."""
    from mi_workbook.reach.clients import given_routes

    def given(resources: list[Json]) -> set[str]:
        network = Network(whole(resources))
        at = next(r["id"] for r in resources if r["type"].endswith("virtualNetworkGateways"))
        return {route.prefix for route in given_routes(network, network.gateway(at))}

    assert given(estate()) == {"172.16.201.0/24", "10.0.0.0/16"}
    assert given(estate(hub_side=TRANSIT, spoke_side=REMOTE)) == {
        "172.16.201.0/24",
        "10.0.0.0/16",
        "10.1.0.0/16",
        "10.2.0.0/16",
    }
    assert given(estate(hub_side=TRANSIT)) == given(estate())
    custom = estate()
    next(r for r in custom if r["name"] == "gw")["properties"]["customRoutes"] = {"addressPrefixes": ["10.9.0.0/24"]}
    assert "10.9.0.0/24" in given(custom)


def shown(*rows: tuple[str, str, str]) -> tuple[Json, ...]:
    """An effective route table of the VM in the hub, as Azure showed it."""
    value = [
        {"source": s, "state": "Active", "addressPrefix": [p], "nextHopType": t, "nextHopIpAddress": []}
        for s, p, t in rows
    ]
    return ({"kind": "effective-routes", "about": nic("vm-h", "", "H/vm")["id"], "value": {"value": value}},)


def test_captured_table_is_compared_and_differences_are_explained() -> None:
    """A stopped VM shows nothing; a learned route and a route that came later are told apart."""
    from mi_workbook.network.observed import captured_routes
    from mi_workbook.reach.captured import against_captured

    def differences(observations: tuple[Json, ...]) -> list[tuple[str, str]]:
        network = Network(whole(estate(), observations))
        table = effective_routes(network, network.subnet(f"{vnet_id('H')}/subnets/vm"))
        captured = captured_routes(network.snapshot, nic("vm-h", "", "H/vm")["id"])
        assert captured is not None
        found = against_captured(network, table, captured)
        assert all(one.why for one in found)
        return [(one.side, one.prefix) for one in found]

    same = (("Default", "10.0.0.0/16", "VnetLocal"), ("Default", "10.1.0.0/16", "VNetPeering"),
            ("Default", "10.2.0.0/16", "VNetPeering"), ("Default", "0.0.0.0/0", "Internet"),
            ("VirtualNetworkGateway", "172.16.201.0/24", "VirtualNetworkGateway"),
            ("VirtualNetworkGateway", "192.168.0.0/16", "VirtualNetworkGateway"))  # fmt: skip
    assert differences(shown(*same)) == []
    assert differences(shown()) == [("azure", "")]
    assert differences(shown(*same, ("VirtualNetworkGateway", "10.77.0.0/16", "VirtualNetworkGateway"))) == [
        ("azure", "10.77.0.0/16")
    ]
    assert differences(shown(*same[:1], *same[2:])) == [("computed", "10.1.0.0/16")]


def test_captured_table_settles_what_a_gateway_learned() -> None:
    """Routes learned over BGP are not in the configuration; Azure's own table of a NIC in the subnet shows them."""
    bgp = [
        {**r, "properties": {**r["properties"], "enableBgp": True}} if r["type"].endswith("connections") else r
        for r in estate()
    ]

    def gaps(observations: tuple[Json, ...]) -> int:
        network = Network(whole(bgp, observations))
        return len(effective_routes(network, network.subnet(f"{vnet_id('H')}/subnets/vm")).gaps)

    assert gaps(()) == 1
    assert gaps(shown(("VirtualNetworkGateway", "10.77.0.0/16", "VirtualNetworkGateway"))) == 0
    assert (
        winner(bgp, "H/vm", "10.77.1.1", shown(("VirtualNetworkGateway", "10.77.0.0/16", "VirtualNetworkGateway")))[1]
        == "10.77.0.0/16"
    )


def test_longest_prefix_over_one_address_is_that_of_a_plain_scan() -> None:
    """The index gives the row that looking at every row gives; inactive rows and service tags are none."""
    draw = random.Random(7)
    texts = {
        str(ip_network((draw.randrange(2**32), draw.choice((8, 16, 24, 28, 32))), strict=False)) for _ in range(300)
    }
    lost = Route("User", "Invalid", "0.0.0.0/0", "Internet")
    index = RouteIndex([*(Route("User", "Active", text, "Internet") for text in sorted(texts)), lost,
                        Route("Default", "Active", "Sql.WestEurope", "VirtualNetworkServiceEndpoint")])  # fmt: skip
    asked = [draw.randrange(2**32) for _ in range(300)] + [int(ip_network(text).network_address) for text in texts]
    for address in asked:
        over = [ip_network(text) for text in texts if IPv4Address(address) in ip_network(text)]
        won = index.winner(address)
        assert (won.prefix if won else None) == (str(max(over, key=lambda one: one.prefixlen)) if over else None)
