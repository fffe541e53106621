"""Tunnels: status, prefixes, selectors, address translation, and ids in any case."""

from __future__ import annotations

from typing import Any

import pytest
from arm import Json, at, connection, site

from mi_workbook.core.verdict import Verdict
from test_rules.sites import CASED, SITE, alone, joined, own_side_only, same_in
from test_rules.topology import asked, learned, named, rows, shared_hub, table_of, verdict, without


@pytest.mark.parametrize("status", ["NotConnected", "Connecting"])
def test_tunnel_that_is_down_blocks(status: str) -> None:
    """Between networks and to a site."""
    assert verdict(joined(connectionStatus=status)) is Verdict.BLOCKED
    resources = alone()
    named(resources, "to-branch")["connectionStatus"] = status
    assert verdict(resources, "onprem:branch") is Verdict.BLOCKED


@pytest.mark.parametrize("status", [None, "", "Unknown"])
@pytest.mark.parametrize("complete", [None, frozenset()], ids=["whole", "bare"])
def test_status_that_a_list_leaves_out_is_not_connected(status: Any, complete: frozenset[str] | None) -> None:
    """A list of connections holds no status; only a GET by name fills it. The gap names that command."""
    found = asked(joined(connectionStatus=status), complete=complete)
    assert found.verdict is Verdict.UNKNOWN
    assert any("vpn-connection show" in gap.how for gap in found.gaps)


def test_two_connections_between_two_gateways_are_not_decided_by_their_order() -> None:
    """One for each direction; Connected here and not there is not reachable, whichever was read first."""
    back = connection("c2", "g2", "g1", "Vnet2Vnet")
    back["properties"]["connectionStatus"] = "NotConnected"
    first, last = [back, *joined()], [*joined(), back]
    assert verdict(first) is verdict(last)
    assert verdict(last) is not Verdict.REACHABLE


@pytest.mark.parametrize("which", ["g1", "g2"])
def test_policy_based_gateway_joins_no_networks(which: str) -> None:
    """Both ends must be route-based, whatever an old status says."""
    resources = joined()
    named(resources, which)["vpnType"] = "PolicyBased"
    assert verdict(resources) is not Verdict.REACHABLE


def test_status_of_a_site_that_a_list_leaves_out_is_a_gap() -> None:
    """It is asked for before the site's own network."""
    found = asked(without(alone(), "to-branch", "connectionStatus"), "onprem:branch")
    assert found.verdict is Verdict.UNKNOWN
    assert any("vpn-connection show" in gap.how for gap in found.gaps)


def test_counters_that_move_in_one_direction_are_a_finding_and_no_verdict() -> None:
    """Connected, and nothing comes back."""
    resources = alone()
    named(resources, "to-branch").update(ingressBytesTransferred=0, egressBytesTransferred=5000)
    found = asked(resources, "onprem:branch")
    assert found.verdict is Verdict.UNKNOWN
    assert [f for f in found.findings if f.resource.endswith("to-branch")]


def test_site_needs_its_prefix_in_the_local_network_gateway() -> None:
    """Without BGP the static prefixes are all there is: the reply finds no route."""
    found = asked(alone(), "onprem:branch=10.55.0.4")
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-lng-missing")


def test_site_over_bgp_needs_the_learned_routes() -> None:
    """Its prefixes are not in the configuration; what the gateway learned settles it."""
    resources = alone()
    named(resources, "to-branch")["enableBgp"] = True
    found = asked(resources, "onprem:branch=10.55.0.4")
    assert found.verdict is Verdict.UNKNOWN
    assert any("list-learned-routes" in gap.how for gap in found.gaps)
    known = asked(resources, "onprem:branch=10.55.0.4", seen=learned("10.55.0.0/16"))
    assert not [f for f in known.findings if f.severity == "blocks"]


def test_own_prefix_in_the_learned_routes_is_not_a_route_to_the_gateway() -> None:
    """A gateway lists the network's own prefix too, and it never wins against it."""
    seen = learned("10.0.0.0/16", "10.0.0.0/24", "10.0.0.0/8")
    table = rows(alone(), "v/vm", seen)
    assert ("10.0.0.0/8", "VirtualNetworkGateway") in table
    assert not {("10.0.0.0/16", "VirtualNetworkGateway"), ("10.0.0.0/24", "VirtualNetworkGateway")} & table


def test_two_connections_to_one_site_give_rows_of_equal_cost() -> None:
    """Both stay Active, and either may carry the packet."""
    resources = alone(site("second", SITE), connection("to-second", "gw", "second"))
    table = [r for r in table_of(resources, "v/mi").routes if r.prefix == SITE and r.source == "VirtualNetworkGateway"]
    assert [r.state for r in table] == ["Active", "Active"]


def selectors(here: str, there: str, **members: Any) -> dict[str, Any]:
    """Members of a connection with one custom traffic selector."""
    return {"usePolicyBasedTrafficSelectors": True, **members,
            "trafficSelectorPolicies": [{"localAddressRanges": [here], "remoteAddressRanges": [there]}]}  # fmt: skip


def test_custom_selectors_that_hold_both_ends_let_the_site_in() -> None:
    """Pairs of a range here and a range there."""
    resources = alone()
    named(resources, "to-branch").update(selectors("10.0.0.0/16", SITE))
    assert own_side_only(resources, "onprem:branch")


@pytest.mark.parametrize("mode", ["Default", "ResponderOnly"])
def test_custom_selectors_do_not_bind_the_device_that_starts_the_tunnel(mode: str) -> None:
    """Azure proposes them only where it starts, and accepts any proposal: what was agreed is in the security associations."""
    resources = alone()
    named(resources, "to-branch").update(selectors("10.9.0.0/16", SITE, connectionMode=mode))
    assert verdict(resources, "onprem:branch") is Verdict.UNKNOWN


def test_policy_based_selectors_end_at_the_gateways_own_network() -> None:
    """Pairs of its own prefixes and the site's: no transit to a spoke."""
    resources = shared_hub()
    named(resources, "to-branch")["usePolicyBasedTrafficSelectors"] = True
    assert verdict(resources, "onprem:branch=192.168.1.5") is not Verdict.REACHABLE
    assert any(f.fault == "s2s-traffic-selectors" for f in asked(resources, "onprem:branch=192.168.1.5").findings)


def test_nat_rules_of_a_connection_make_addresses_unknown() -> None:
    """Routes and rules see other addresses than the device sends."""
    resources = joined(ingressNatRules=[{"id": at("virtualNetworkGateways", "g1") + "/natRules/n"}])
    found = asked(resources)
    assert found.verdict is Verdict.UNKNOWN
    assert any("NAT" in gap.missing for gap in found.gaps)


@pytest.mark.parametrize("state", ["Failed", "Deleting"])
def test_gateway_that_is_not_in_place_carries_nothing(state: str) -> None:
    """Neither clients nor sites."""
    for source in ("p2s:gw", "onprem:branch"):
        resources = alone()
        named(resources, "gw")["provisioningState"] = state
        assert verdict(resources, source) is Verdict.BLOCKED


@pytest.mark.parametrize(("resources", "source"), CASED)
def test_ids_in_lower_case_change_neither_verdict_nor_reason(resources: list[Json], source: str) -> None:
    """ARM compares ids without case, and services write them as they were given."""
    assert same_in(resources, source, str.lower)


@pytest.mark.parametrize(("resources", "source"), CASED)
def test_ids_in_upper_case_change_neither_verdict_nor_reason(resources: list[Json], source: str) -> None:
    """As above; the segments between the names are part of an id too."""
    assert same_in(resources, source, str.upper)
