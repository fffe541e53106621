"""Next hops of packets whose end is not in the own network: public addresses, sites, equal routes, networks claimed twice."""

from __future__ import annotations

import pytest
from arm import Json, connection, private_endpoint, resource, route_table, site, subnet
from test_routing_rules import passes, to_branch

from mi_workbook.core.verdict import Verdict
from test_rules.topology import asked, hub, named, routed, shared_hub, two, unshared, verdict


def public(resources: list[Json]) -> list[Json]:
    """The same with the public endpoint on."""
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    return resources


def replying(*routes: tuple[str, str, str], space: tuple[str, ...] = ()) -> list[Json]:
    """User routes on the instance's subnet; space: what its network has besides."""
    resources = two(b=subnet("10.2.0.0/27", table="rt"), extra=(route_table("rt", *routes),))
    named(resources, "B")["addressSpace"]["addressPrefixes"] += space
    return public(resources)


@pytest.mark.parametrize("prefix", ["0.0.0.0/0", "20.0.0.0/8", "20.20.20.20/32"])
def test_replies_to_the_internet_that_a_user_route_keeps_in_the_network_are_in_doubt(prefix: str) -> None:
    """Next hop "Virtual network" is for packets between ranges of the network's own space; for others nothing is documented."""
    found = asked(replying((prefix, "VnetLocal", "")), "internet=20.20.20.20", endpoint="public")
    assert found.verdict is Verdict.UNKNOWN and "rt-none" in {one.fault for one in found.findings}
    assert any("user route" in gap.missing for gap in found.gaps)
    assert (
        asked(replying(("10.2.0.0/16", "VnetLocal", "")), "internet=20.20.20.20", endpoint="public").verdict
        is Verdict.REACHABLE
    )


def test_packets_to_the_public_endpoint_that_a_user_route_keeps_in_the_network_are_in_doubt() -> None:
    """The same on the client's side; where the route takes some public addresses only, which is in use is not known either."""
    assert asked(public(routed(("0.0.0.0/0", "VnetLocal", ""))), endpoint="public").verdict is Verdict.UNKNOWN
    assert asked(public(routed(("20.0.0.0/8", "VnetLocal", ""))), endpoint="public").verdict is Verdict.UNKNOWN


def test_reply_to_a_client_outside_whose_address_the_network_has_itself_stays_inside() -> None:
    """A public range as the network's own: the client's address is then somebody else's there."""
    taken = asked(replying(space=("20.20.0.0/16",)), "internet=20.20.20.20", endpoint="public")
    assert (taken.verdict, taken.root_cause) == (Verdict.BLOCKED, "rt-overlap")
    assert (
        asked(replying(space=("20.30.0.0/16",)), "internet=20.20.20.20", endpoint="public").verdict is Verdict.REACHABLE
    )


def test_own_public_range_hides_no_public_endpoint() -> None:
    """The endpoint's address is not in the evidence, and it is none of the customer's own."""
    resources = public(two())
    named(resources, "A")["addressSpace"]["addressPrefixes"].append("20.20.0.0/16")
    assert asked(resources, endpoint="public").verdict is Verdict.REACHABLE


def test_user_route_that_keeps_packets_for_a_peer_at_home_is_suspected() -> None:
    """Nobody's addresses overlap; whether the route finds the peer is not documented, and deleting it is what is proposed."""
    found = asked(routed(("10.2.0.0/16", "VnetLocal", "")))
    assert found.verdict is Verdict.UNKNOWN and "rt-none" in {one.fault for one in found.findings}


@pytest.mark.parametrize("off", [True, False])
def test_doubt_about_disabled_peering_routes_is_told_only_where_they_are_disabled(off: bool) -> None:
    """A note about a setting that nobody made would send people after it."""
    table = route_table("rt", **({"disablePeeringRoute": "All"} if off else {}))
    there = private_endpoint("pe", "B/pe", "10.2.5.4")
    found = asked(two(a=subnet("10.1.0.0/24", table="rt"), extra=(table, there)), endpoint="private")
    assert any("disablePeeringRoute" in note for note in found.confidence_notes) is off


def test_network_manager_beats_no_user_route_over_the_destinations_network() -> None:
    """What it connects is at most as long as a network's space: such a user route stays, a shorter one may lose."""
    manager = resource("networkManagers", "m")
    assert asked(routed(("10.2.0.0/16", "None", ""), more=(manager,))).root_cause == "rt-none"
    assert verdict(routed(("10.2.0.0/27", "Internet", ""), more=(manager,))) is Verdict.BLOCKED
    apart = [one for one in routed(("10.0.0.0/8", "None", ""), more=(manager,))]
    for name in ("A", "B"):
        named(apart, name)["virtualNetworkPeerings"] = []
    assert verdict(apart) is Verdict.UNKNOWN


@pytest.mark.parametrize("first", ["branch", "other"])
def test_of_two_tunnels_with_one_prefix_the_one_to_the_site_in_question_counts(first: str) -> None:
    """Two sites, or two devices of one, may name the same prefix; whichever is listed first."""
    resources = shared_hub(extra=(site("other", "192.168.0.0/16"), connection("to-other", "gw", "other")))
    joined = {one["name"]: one for one in resources if one["type"].endswith("connections")}
    rest = [one for one in resources if one["name"] not in joined]
    order = sorted(joined.values(), key=lambda one: one["name"] != f"to-{first}")
    assert passes(to_branch(unshared([*rest, *order])))


def test_forwarded_traffic_is_spoken_of_only_where_something_forwards() -> None:
    """allowForwardedTraffic is off by default on many sound peerings; replies that come directly are not forwarded either."""
    plain = two()
    for name in ("A", "B"):
        named(plain, name)["virtualNetworkPeerings"][0]["properties"]["allowForwardedTraffic"] = False
    assert not {one.fault for one in asked(plain).findings} & {"peer-forwarded"}
    via = route_table("rt-b", ("10.1.0.0/16", "VirtualAppliance", "10.0.1.4"))
    back = hub(b=subnet("10.2.0.0/27", table="rt-b"), extra=(via,))
    found = asked(back, "vm-a")
    replies = [one for trace in found.traces if trace.direction == "return" for one in trace.decisions]
    assert any(one.kind == "appliance" for one in replies)
    assert not any("forwarded traffic" in one.why for one in replies)
