"""Effective routes: what every subnet has, which route wins, and what the next hop does with the packet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from arm import Json, at, nic, route_table, subnet, vnet, vnet_id
from hypothesis import given, settings
from hypothesis import strategies as st

from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.network.observed import captured_routes
from mi_workbook.reach.captured import against_captured
from test_rules.topology import (
    A,
    asked,
    hub,
    learned,
    named,
    routed,
    rows,
    shared_hub,
    table_of,
    two,
    unshared,
    verdict,
    winner,
)

DROPPED = {(text, "None") for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")}


def alone(*space: str, **more: Any) -> list[Json]:
    """One network with one subnet."""
    return unshared([vnet("v", list(space), {"s": subnet("10.1.0.0/24", **more)})])


def test_each_prefix_of_a_network_is_one_route_and_subnets_are_none() -> None:
    """Not one for each subnet."""
    found = rows(alone("10.1.0.0/16", "10.9.0.0/24"), "v/s")
    assert {row for row in found if row[1] == "VnetLocal"} == {
        ("10.1.0.0/16", "VnetLocal"),
        ("10.9.0.0/24", "VnetLocal"),
    }


def test_every_subnet_drops_private_ranges_and_sends_the_rest_to_the_internet() -> None:
    """Four ranges are documented."""
    found = rows(alone("10.1.0.0/16"), "v/s")
    assert found >= DROPPED | {("0.0.0.0/0", "Internet")}


def test_ranges_that_azure_drops_and_does_not_document_lie_outside_of_private_space() -> None:
    """Captured tables show more of them; none holds an address that a network of one's own would use."""
    assert verdict(two()) is Verdict.REACHABLE
    shown = ("25.48.0.0/12", "198.18.0.0/15", "104.147.0.0/16", "127.0.0.0/8")
    seen = tuple({"source": "Default", "state": "Active", "addressPrefix": [p], "nextHopType": "None"} for p in shown)
    observed = ({"kind": "effective-routes", "about": nic("vm-a", "", "A/vm")["id"], "value": {"value": list(seen)}},)
    table = table_of(two(), "A/vm")
    rows_seen = captured_routes(Snapshot([], observations=observed), nic("vm-a", "", "A/vm")["id"])
    assert rows_seen is not None
    assert not [one for one in against_captured(Network(Snapshot(two())), table, rows_seen) if one.side == "azure"]


@pytest.mark.parametrize(
    ("space", "gone"),
    [("10.0.0.0/8", {"10.0.0.0/8"}), ("192.168.0.0/16", {"192.168.0.0/16"}), ("192.168.4.0/22", set()), ("10.1.0.0/16", set()),
     ("172.16.0.0/11", {"172.16.0.0/12"})],
)  # fmt: skip
def test_dropped_range_goes_only_where_the_network_holds_all_of_it(space: str, gone: set[str]) -> None:
    """Equal or larger. A network inside the range leaves it, as captured tables show."""
    kept = {prefix for prefix, kind in rows(alone(space), "v/s") if kind == "None"}
    assert kept == {prefix for prefix, _ in DROPPED} - gone


@pytest.mark.parametrize("kind", ["VirtualAppliance", "VirtualNetworkGateway", "Internet", "None"])
def test_user_default_route_takes_the_dropped_ranges_away(kind: str) -> None:
    """An unknown private address then follows it."""
    resources = routed(("0.0.0.0/0", kind, "10.1.0.9" if kind == "VirtualAppliance" else ""))
    assert not [row for row in rows(resources, "A/vm") if row[1] == "None" and row[0] != "0.0.0.0/0"]
    assert winner(resources, "A/vm", "10.77.0.1").prefix == "0.0.0.0/0"
    assert ("10.0.0.0/8", "None") in rows(resources, "B/mi")


def test_halves_of_the_address_space_leave_the_dropped_ranges() -> None:
    """Only 0.0.0.0/0 itself replaces the default route."""
    resources = routed(("0.0.0.0/1", "VirtualAppliance", "10.1.0.9"), ("128.0.0.0/1", "VirtualAppliance", "10.1.0.9"))
    assert winner(resources, "A/vm", "10.77.0.1").next_hop_type == "None"
    assert winner(resources, "A/vm", "8.8.8.8").next_hop_type == "VirtualAppliance"
    assert verdict(resources) is Verdict.REACHABLE


def test_default_route_from_the_gateway_takes_them_away_as_well() -> None:
    """And the route to the Internet with them."""
    found = rows(hub(), "H/vm", learned("0.0.0.0/0"))
    assert ("0.0.0.0/0", "VirtualNetworkGateway") in found
    assert not {("0.0.0.0/0", "Internet"), *DROPPED} & found


def test_private_address_that_nothing_routes_is_dropped_and_the_missing_thing_is_named() -> None:
    """It does not leave to the Internet; the reason is the peering that is not there."""
    resources = two()
    for own in ("A", "B"):
        named(resources, own)["virtualNetworkPeerings"] = []
    found = asked(resources)
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "peer-missing")
    assert winner(resources, "A/vm", "10.2.0.4").next_hop_type == "None"


def test_addresses_of_the_platform_are_never_a_reason() -> None:
    """168.63.129.16 is local to the host; a route for it changes no path to the instance."""
    assert (
        verdict(routed(("168.63.129.16/32", "None", "")), target="mi.abc123.database.windows.net") is Verdict.REACHABLE
    )


# Precedence.


def test_longest_prefix_wins_whoever_brings_it() -> None:
    """A shorter user route loses against the network, a longer one wins."""
    assert winner(routed(("10.0.0.0/8", "None", "")), "A/vm", "10.2.0.4").next_hop_type == "VNetPeering"
    assert winner(routed(("10.2.0.0/24", "None", "")), "A/vm", "10.2.0.4").source == "User"
    assert verdict(routed(("10.0.0.0/8", "None", ""))) is Verdict.REACHABLE
    assert verdict(routed(("10.2.0.0/24", "None", ""))) is Verdict.BLOCKED


def test_on_the_same_prefix_user_beats_gateway_beats_system_and_the_loser_is_listed() -> None:
    """The loser stays in the table as Invalid, with the reason."""
    table = table_of(routed(("10.2.0.0/16", "None", "")), "A/vm")
    lost = next(r for r in table.routes if r.prefix == "10.2.0.0/16" and r.source == "Default")
    assert lost.state == "Invalid" and "r0" in lost.why
    resources = hub(a=subnet("10.1.0.0/24"), extra=(route_table("rt", ("192.168.0.0/16", "None", "")),))
    next(s for s in named(resources, "H")["subnets"] if s["name"] == "vm")["properties"]["routeTable"] = {
        "id": at("routeTables", "rt")}  # fmt: skip
    states = {(r.source, r.state) for r in table_of(resources, "H/vm").routes if r.prefix == "192.168.0.0/16"}
    assert states == {("User", "Active"), ("VirtualNetworkGateway", "Invalid")}


def test_every_loser_says_why_it_lost() -> None:
    """Also rows that Azure does not show."""
    table = table_of(hub(), "H/vm", learned("10.1.7.0/24", "0.0.0.0/0"))
    losers = [r for r in (*table.routes, *table.removed) if r.state == "Invalid"]
    assert losers and all(r.why for r in losers)


@pytest.mark.parametrize("prefix", ["10.1.7.0/24", "10.1.0.0/16", "10.0.9.0/24"])
def test_learned_route_inside_the_network_or_a_peer_never_wins(prefix: str) -> None:
    """Routes of the network and of peers are preferred even over longer learned ones."""
    address = prefix.partition("/")[0].rpartition(".")[0] + ".9"
    assert winner(hub(), "H/vm", address, learned(prefix)).source == "Default"


def test_longer_user_route_does_win_inside_a_peer() -> None:
    """The exception is for learned routes alone."""
    assert winner(routed(("10.2.0.0/27", "None", "")), "A/vm", "10.2.0.4").source == "User"


def test_route_that_overrides_bgp_beats_learned_routes_inside_it() -> None:
    """Whatever their length."""
    table = route_table("rt", ("192.168.0.0/16", "None", ""))
    table["properties"]["routes"][0]["properties"]["hasBgpOverride"] = True
    resources = hub(extra=(table,))
    next(s for s in named(resources, "H")["subnets"] if s["name"] == "vm")["properties"]["routeTable"] = {
        "id": table["id"]
    }
    assert winner(resources, "H/vm", "192.168.1.5", learned("192.168.1.0/24")).source == "User"


@pytest.mark.parametrize("prefix", ["0.0.0.0/0", "10.0.0.0/8"])
def test_route_that_overrides_bgp_does_not_beat_longer_routes_of_peers(prefix: str) -> None:
    """It concerns overlapping BGP routes alone."""
    resources = routed((prefix, "None", ""))
    named(resources, "rt")["routes"][0]["properties"]["hasBgpOverride"] = True
    assert verdict(resources) is Verdict.REACHABLE


def test_route_that_overrides_bgp_does_not_beat_a_longer_user_route() -> None:
    """Among user routes the longer one wins."""
    resources = two(a=subnet("10.2.9.0/24"))
    named(resources, "B")["subnets"].append({"id": f"{vnet_id('B')}/subnets/vm", "name": "vm",
                                             "properties": subnet("10.2.9.0/24", table="rt")})  # fmt: skip
    table = route_table("rt", ("10.2.0.0/16", "VnetLocal", ""), ("10.2.0.0/27", "None", ""))
    table["properties"]["routes"][0]["properties"]["hasBgpOverride"] = True
    assert verdict([*resources, table], "B/vm") is Verdict.BLOCKED


def test_service_tag_as_a_prefix_touches_no_private_destination() -> None:
    """It stands for public addresses; where the destination is public too, that is a gap."""
    resources = routed(("Sql.WestEurope", "None", ""), ("AzureCloud", "None", ""), ("Storage", "Internet", ""))
    assert verdict(resources) is Verdict.REACHABLE
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    found = asked(resources, endpoint="public")
    assert found.verdict is Verdict.UNKNOWN
    assert any("list-service-tags" in gap.how for gap in found.gaps)


def test_service_endpoint_concerns_the_subnet_it_is_on_and_public_addresses_alone() -> None:
    """The instance's private address never takes it."""
    resources = two(
        a=subnet("10.1.0.0/24", serviceEndpoints=[{"service": "Microsoft.Sql", "locations": ["westeurope"]}])
    )
    named(resources, "A")["subnets"].append({"id": f"{vnet_id('A')}/subnets/other", "name": "other",
                                             "properties": subnet("10.1.9.0/24")})  # fmt: skip
    kinds = {part: {r.next_hop_type for r in table_of(resources, f"A/{part}").routes} for part in ("vm", "other")}
    assert "VirtualNetworkServiceEndpoint" in kinds["vm"] - kinds["other"]
    assert verdict(resources) is Verdict.REACHABLE


def test_user_route_cannot_replace_a_service_endpoint() -> None:
    """Its row stays Active beside a default route of the user."""
    own = subnet("10.1.0.0/24", table="rt", serviceEndpoints=[{"service": "Microsoft.Sql"}])
    resources = two(
        a=own, extra=(route_table("rt", ("0.0.0.0/0", "VirtualAppliance", "10.1.0.9"), ("Sql", "None", "")),)
    )
    states = [r.state for r in table_of(resources, "A/vm").routes if r.next_hop_type == "VirtualNetworkServiceEndpoint"]
    assert states == ["Active"]


def test_table_that_azure_did_not_show_says_that_the_machine_was_stopped() -> None:
    """Only a running machine has one; the computed table stands all the same."""
    table = table_of(two(), "A/vm")
    found = against_captured(Network(Snapshot(two())), table, ())
    assert [one.side for one in found] == ["azure"]
    assert "not running" in found[0].why


def test_subnet_with_two_prefixes_is_judged_as_both() -> None:
    """A route for one of them makes it a question of the address in use."""
    resources = routed(("10.2.4.0/27", "None", ""))
    own = named(resources, "B")["subnets"][0]["properties"]
    own["addressPrefixes"] = [own.pop("addressPrefix"), "10.2.4.0/27"]
    assert verdict(resources) is Verdict.UNKNOWN
    assert verdict(two(b={"addressPrefixes": ["10.2.0.0/27", "10.2.4.0/27"]})) is Verdict.REACHABLE


def test_network_with_two_prefixes_routes_within_both() -> None:
    """The instance in the second one."""
    resources = unshared([vnet("v", ["10.1.0.0/16", "172.20.0.0/16"], {"vm": subnet("10.1.0.0/24"), "mi": subnet("172.20.0.0/27")}),
                          *two()[2:]])  # fmt: skip
    named(resources, "mi")["subnetId"] = f"{vnet_id('v')}/subnets/mi"
    named(resources, "vm-a")["ipConfigurations"][0]["properties"]["subnet"]["id"] = f"{vnet_id('v')}/subnets/vm"
    assert verdict(resources) is Verdict.REACHABLE


def test_network_without_its_address_space_is_a_gap() -> None:
    """Every route follows from it."""
    resources = two()
    named(resources, "A")["addressSpace"] = None
    found = asked(resources)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_resource_in_two_files_counts_once() -> None:
    """az sql mi list and az sql mi show in one folder."""
    resources = two()
    one, other = json.dumps(resources).encode(), json.dumps(resources[2:4]).encode()
    assert diagnose(load_bytes([("one.json", one), ("two.json", other)]), "vm-a", "mi").verdict is Verdict.REACHABLE


def test_resource_twice_in_one_file_counts_once() -> None:
    """Pages of a query that overlap."""
    resources = two()
    twice = json.dumps([*resources, *resources[2:4]]).encode()
    assert diagnose(load_bytes([("one.json", twice)]), "vm-a", "mi").verdict is Verdict.REACHABLE


def test_networks_of_one_name_in_two_subscriptions_are_two() -> None:
    """Their names are ambiguous, their ids are not."""
    from mi_workbook.core.errors import InputError

    one = two()
    other = unshared(one)
    for each in other:
        each["id"] = each["id"].replace("/subscriptions/s/", "/subscriptions/t/")
    named(other, "mi")["fullyQualifiedDomainName"] = "other.abc123.database.windows.net"
    both = [*one, *other]
    for name in ("vm-a", "A/vm"):
        with pytest.raises(InputError, match="several"):
            asked(both, name, "mi.abc123.database.windows.net")
    assert verdict(both, one[2]["id"], "mi.abc123.database.windows.net") is Verdict.REACHABLE


PREFIXES = st.sampled_from(
    ["0.0.0.0/0", "10.0.0.0/8", "10.2.0.0/16", "10.2.0.0/27", "10.2.0.0/28", "192.168.0.0/16", "8.0.0.0/8"]
)
KINDS = st.sampled_from(["None", "Internet", "VnetLocal", "VirtualNetworkGateway"])


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(PREFIXES, KINDS, max_size=4), st.data())
def test_route_that_wins_nowhere_changes_nothing(drawn: dict[str, str], data: st.DataObject) -> None:
    """Another user route, for addresses that nobody asks about, keeps the verdict."""
    routes = [(text, kind, "") for text, kind in drawn.items()]
    more = (data.draw(st.sampled_from(["10.200.0.0/16", "10.3.0.0/16", "9.0.0.0/8"])), data.draw(KINDS), "")
    assert verdict(routed(*routes, more)) is verdict(routed(*routes))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(PREFIXES, KINDS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_order_of_routes_changes_nothing(drawn: dict[str, str], order: Any) -> None:
    """Prefixes decide, not positions."""
    routes = [(text, kind, "") for text, kind in drawn.items()]
    turned = list(routes)
    order.shuffle(turned)
    assert verdict(routed(*turned)) is verdict(routed(*routes))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(PREFIXES, KINDS, max_size=4))
def test_evidence_that_lists_no_peerings_never_flips_a_verdict(drawn: dict[str, str]) -> None:
    """Hidden, the verdict stays or becomes unknown."""
    routes = [(text, kind, "") for text, kind in drawn.items()]
    whole, part = routed(*routes), routed(*routes)
    del named(part, "A")["virtualNetworkPeerings"]
    expected, found = verdict(whole), asked(part, complete=frozenset()).verdict
    if any(text in {"0.0.0.0/0", "10.0.0.0/8"} for text in drawn):
        return  # shown as a fault of its own in test_peering
    assert found in {expected, Verdict.UNKNOWN}


def test_space_of_a_network_is_not_that_of_another_with_the_same_range() -> None:
    """A third network with the client's range, peered with nobody, changes nothing."""
    stranger = vnet("X", A, {"vm": subnet("10.1.0.0/24")})
    assert verdict(two(extra=(stranger,))) is Verdict.REACHABLE
    network = Network(Snapshot(two(extra=(stranger,)), complete=None))
    assert network.vnet(vnet_id("X")).peerings == ()


def test_hub_and_spokes_know_the_site_only_with_transit() -> None:
    """Without it the spoke drops what is for the site."""
    assert winner(hub(), "A/vm", "192.168.1.5").next_hop_type == "None"
    assert winner(shared_hub(), "A/vm", "192.168.1.5").next_hop_type == "VirtualNetworkGateway"
