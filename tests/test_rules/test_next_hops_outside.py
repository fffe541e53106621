"""Next hops of packets whose end is not in the own network: public addresses, sites, equal routes, networks claimed twice."""

from __future__ import annotations

import pytest
from arm import Json, route_table, subnet

from mi_workbook.core.verdict import Verdict
from test_rules.topology import asked, named, routed, two


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
def test_replies_to_the_internet_that_a_user_route_keeps_in_the_network_are_lost(prefix: str) -> None:
    """Next hop "Virtual network" carries packets between ranges of the network's own address space, and no further."""
    found = asked(replying((prefix, "VnetLocal", "")), "internet=20.20.20.20", endpoint="public")
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-none")
    assert (
        asked(replying(("10.2.0.0/16", "VnetLocal", "")), "internet=20.20.20.20", endpoint="public").verdict
        is Verdict.REACHABLE
    )


def test_packets_to_the_public_endpoint_that_a_user_route_keeps_in_the_network_are_lost() -> None:
    """The same on the client's side; where the route takes some public addresses only, which is in use is not known."""
    assert asked(public(routed(("0.0.0.0/0", "VnetLocal", ""))), endpoint="public").root_cause == "rt-none"
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


def test_user_route_that_keeps_packets_for_a_peer_at_home_is_what_is_wrong() -> None:
    """Nobody's addresses overlap; the route is to be deleted."""
    assert asked(routed(("10.2.0.0/16", "VnetLocal", ""))).root_cause == "rt-none"
