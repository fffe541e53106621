"""Which rows a route that was not seen may replace, and which stay whatever a gateway learned."""

from __future__ import annotations

import pytest
from arm import Json, at, resource, route_table, subnet

from mi_workbook.core.ranges import prefix
from test_rules.topology import named, shared_hub, table_of, winner

SITE, CLIENT, OUTSIDE, OWN, HUB = "192.168.1.5", "172.16.201.5", "20.20.20.20", "10.1.0.9", "10.0.2.4"


def doubted(resources: list[Json], address: str, home: str = "A/vm") -> bool:
    """Whether the row that wins for an address may not be the one in force."""
    table, wanted = table_of(resources, home), prefix(address)
    _, routes = next(table.split(wanted))
    return table.doubt(routes[0], wanted) is not None


def unseen(*routes: tuple[str, str, str], sku: str = "VpnGw1", seen: bool = False, **more: bool) -> list[Json]:
    """A spoke that uses the hub's gateway, whose connection speaks BGP; what it learned is not in the evidence.

    routes: user routes of the spoke. seen: the connection has no BGP. more: members of the user routes.
    """
    resources = shared_hub(a=subnet("10.1.0.0/24", table="rt"), extra=(route_table("rt", *routes),))
    named(resources, "to-branch")["enableBgp"] = not seen
    named(resources, "gw")["sku"] = {"name": sku, "tier": sku}
    for one in named(resources, "rt")["routes"]:
        one["properties"] |= more
    return resources


@pytest.mark.parametrize("address", [SITE, OUTSIDE])
def test_what_a_gateway_learned_may_replace_its_static_routes_and_the_defaults(address: str) -> None:
    """A longer prefix may have been announced; with everything seen nothing is in doubt."""
    assert doubted(unseen(), address)
    assert not doubted(unseen(seen=True), address)


@pytest.mark.parametrize("address", [OWN, HUB, CLIENT])
def test_routes_of_networks_peers_and_the_gateways_own_clients_stay(address: str) -> None:
    """System routes are preferred even to longer BGP routes, and the pool leads to its gateway either way."""
    assert not doubted(unseen(), address)


@pytest.mark.parametrize("length", [0, 16, 24, 31])
def test_user_route_loses_to_a_longer_learned_one_unless_it_is_a_host_route(length: int) -> None:
    """No prefix is longer than 32; of the others none is safe."""
    shorter = {0: "0.0.0.0/0", 16: "192.168.0.0/16", 24: "192.168.1.0/24", 31: "192.168.1.4/31"}[length]
    assert doubted(unseen((shorter, "VirtualAppliance", "10.0.1.4")), SITE)
    assert not doubted(unseen((f"{SITE}/32", "VirtualAppliance", "10.0.1.4")), SITE)


@pytest.mark.parametrize("override", [True, False])
def test_user_route_that_overrides_bgp_is_in_force_whatever_was_learned(override: bool) -> None:
    """hasBgpOverride: over overlapping BGP routes regardless of their length."""
    resources = unseen(("192.168.0.0/16", "VirtualAppliance", "10.0.1.4"), hasBgpOverride=override)
    assert doubted(resources, SITE) is not override


def test_pool_of_a_basic_gateway_is_in_doubt_for_peers_alone() -> None:
    """Gateway transit is documented for every SKU but Basic; in its own network the gateway serves."""
    assert doubted(unseen(sku="Basic"), CLIENT)
    assert not doubted(unseen(sku="Basic"), CLIENT, "H/vm")
    assert not doubted(unseen(sku="Standard"), CLIENT)


def test_gateway_rows_show_the_gateways_public_address_as_azure_does() -> None:
    """Compared with a captured table, the next hop has to be the same; where the address was not collected none is shown."""
    resources = shared_hub()
    where = named(resources, "gw")["ipConfigurations"][0]["properties"]
    where["publicIPAddress"] = {"id": at("publicIPAddresses", "pip")}
    assert winner(resources, "A/vm", SITE).next_hop_ip == ""
    shown = [*resources, resource("publicIPAddresses", "pip", ipAddress="20.1.2.3")]
    assert winner(shown, "A/vm", SITE).next_hop_ip == "20.1.2.3"
