"""Names: which server answers, what it sees, and which address that leads to."""

from __future__ import annotations

from typing import Any

import pytest
from arm import Json, nic, nsg, private_endpoint, resource, route_table, rule, subnet, vnet, vnet_id

from mi_workbook.core.verdict import Verdict
from test_rules.topology import FQDN, H, also_peered, asked, hub, named, two, unshared

ZONE = "privatelink.abc123.database.windows.net"
PE = private_endpoint("pe", "A/pe", "10.1.5.4")


def zone(
    name: str = ZONE, records: dict[str, str] | None = None, link: Json | None = None, linked: str = "A"
) -> list[Json]:
    """A private zone linked to a network; records by name."""
    own = resource("privateDnsZones", name)
    kind = "Microsoft.Network/privateDnsZones"
    link_members = {"virtualNetwork": {"id": vnet_id(linked)}, "registrationEnabled": False, **(link or {})}
    found = [
        own,
        {
            "id": f"{own['id']}/virtualNetworkLinks/l",
            "name": "l",
            "type": f"{kind}/virtualNetworkLinks",
            "properties": link_members,
        },
    ]
    for label, address in (records or {}).items():
        found.append({"id": f"{own['id']}/A/{label}", "name": label, "type": f"{kind}/A",
                      "properties": {"ttl": 300, "aRecords": [{"ipv4Address": address}]}})  # fmt: skip
    return found if linked else [one for one in found if "virtualNetworkLinks" not in one["type"]]


def with_endpoint(*more: Json) -> list[Json]:
    """The two networks, and a private endpoint of the instance at 10.1.5.4 beside the client."""
    resources = two(extra=(PE, *more))
    named(resources, "A")["subnets"].append(
        {"id": f"{vnet_id('A')}/subnets/pe", "name": "pe", "properties": subnet("10.1.5.0/24")}
    )
    return resources


def unpeered(resources: list[Json]) -> list[Json]:
    """The same evidence without the peering, so that only the private endpoint is a way."""
    for own in ("A", "B"):
        named(resources, own)["virtualNetworkPeerings"] = []
    return resources


def leads(resources: list[Json], source: str = "vm-a") -> tuple[Verdict, str]:
    """Verdict and endpoint for the instance's name."""
    found = asked(resources, source, FQDN)
    return found.verdict, found.endpoint


def test_without_servers_of_its_own_a_network_asks_azure() -> None:
    """The public record holds the instance's private address."""
    assert leads(two()) == (Verdict.REACHABLE, "vnet-local")


@pytest.mark.parametrize(
    "members", [None, {}, {"dnsServers": None}, {"dnsServers": []}, {"dnsServers": ["168.63.129.16"]}]
)
def test_no_list_of_servers_and_azures_own_address_are_one_thing(members: Any) -> None:
    """Whatever the tool wrote."""
    resources = two()
    named(resources, "A")["dhcpOptions"] = members
    assert leads(resources) == (Verdict.REACHABLE, "vnet-local")


def test_linked_zone_leads_to_the_private_endpoint() -> None:
    """The record of the zone answers for the alias that the public name leads to."""
    assert leads(with_endpoint(*zone(records={"mi": "10.1.5.4"}))) == (Verdict.REACHABLE, "private")


def test_zone_that_is_linked_elsewhere_is_not_seen() -> None:
    """The public answer is given instead, and the finding names the zone."""
    found = asked(unpeered(with_endpoint(*zone(records={"mi": "10.1.5.4"}, linked="B"))), target=FQDN)
    assert found.endpoint == "vnet-local"
    assert "pe-zone-not-linked" in {f.fault for f in found.findings}


def test_zone_without_the_record_says_that_the_name_does_not_exist() -> None:
    """Unless the link falls back to the public answer."""
    found = asked(with_endpoint(*zone(records={"other": "10.1.5.9"})), target=FQDN)
    assert found.verdict is Verdict.BLOCKED
    fallback = with_endpoint(*zone(records={"other": "10.1.5.9"}, link={"resolutionPolicy": "NxDomainRedirect"}))
    assert leads(fallback) == (Verdict.REACHABLE, "vnet-local")


def test_zone_that_holds_names_of_others_does_not_concern_an_instance_without_endpoints() -> None:
    """Only a name with a private endpoint is led through the alias."""
    assert leads(two(extra=zone(records={"other": "10.1.5.9"}))) == (Verdict.REACHABLE, "vnet-local")


def test_longest_zone_that_fits_the_name_answers() -> None:
    """A zone for the instance's own DNS zone hides the alias; labels are compared whole."""
    longer = zone("abc123.database.windows.net", {"mi": "10.2.0.5"})
    assert leads(with_endpoint(*zone(records={"mi": "10.1.5.4"}), *longer)) == (Verdict.REACHABLE, "vnet-local")
    beside = zone("c123.database.windows.net", {"other": "10.9.9.9"})
    assert leads(with_endpoint(*zone(records={"mi": "10.1.5.4"}), *beside)) == (Verdict.REACHABLE, "private")


def test_names_of_zones_and_records_read_in_any_case() -> None:
    """DNS compares without case."""
    assert leads(with_endpoint(*zone(ZONE.upper(), {"MI": "10.1.5.4"}))) == (Verdict.REACHABLE, "private")


def test_wildcard_below_a_label_answers_for_the_name() -> None:
    """*.abc123 in a zone for database.windows.net."""
    resources = two(extra=zone("database.windows.net", {"*.abc123": "10.2.0.5"}))
    assert asked(resources, target=FQDN).verdict is not Verdict.BLOCKED


def test_link_that_is_still_being_made_is_not_taken_as_made() -> None:
    """virtualNetworkLinkState InProgress."""
    found = asked(
        with_endpoint(*zone(records={"mi": "10.1.5.4"}, link={"virtualNetworkLinkState": "InProgress"})), target=FQDN
    )
    assert found.verdict is Verdict.UNKNOWN


def test_record_of_an_address_that_nobody_has_is_named() -> None:
    """A stale record is neither the endpoint nor the instance."""
    found = asked(with_endpoint(*zone(records={"mi": "10.1.5.99"})), target=FQDN)
    assert found.verdict is Verdict.BLOCKED


def test_records_that_were_not_collected_are_a_gap() -> None:
    """A linked zone whose records nobody read may hold the name."""
    resources = with_endpoint(*zone())
    kinds = {one["type"].lower() for one in resources}
    assert asked(resources, target=FQDN, complete=frozenset(kinds)).verdict is Verdict.UNKNOWN


def own_servers(*servers: str, more: tuple[Json, ...] = ()) -> list[Json]:
    """The client's network with DNS servers of its own, in a hub that is peered."""
    resources = with_endpoint(
        *zone(records={"mi": "10.1.5.4"}), *unshared([vnet("H", H, {"dns": subnet("10.0.2.0/24")})]), *more
    )
    also_peered(resources, "A", "H")
    named(resources, "A")["dhcpOptions"] = {"dnsServers": list(servers)}
    return resources


def test_links_of_a_network_with_servers_of_its_own_are_not_consulted() -> None:
    """What the server answers is not in Azure; the gap asks for nslookup on the client."""
    found = asked(own_servers("10.0.2.53"), target=FQDN)
    assert found.verdict is Verdict.UNKNOWN
    assert any("nslookup" in gap.how for gap in found.gaps)


def test_servers_of_a_nic_replace_those_of_the_network() -> None:
    """Also back to Azure's own."""
    resources = own_servers("10.0.2.53")
    named(resources, "vm-a")["dnsSettings"] = {"dnsServers": ["AzureProvidedDNS"], "appliedDnsServers": ["10.0.2.53"]}
    assert leads(resources) == (Verdict.REACHABLE, "private")
    other = with_endpoint(*zone(records={"mi": "10.1.5.4"}))
    named(other, "vm-a")["dnsSettings"] = {"dnsServers": ["10.77.0.53"]}
    assert asked(other, target=FQDN).verdict is Verdict.UNKNOWN


def test_server_that_cannot_be_reached_stops_the_name() -> None:
    """Port 53 is an ordinary path: route and rules."""
    shut = own_servers("10.0.2.53", more=(nsg("n", rule("no-dns", 100, "Deny", destinationPortRange="53")),))
    named(shut, "H")["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": nsg("n")["id"]}
    assert asked(shut, target=FQDN).verdict is Verdict.BLOCKED
    cut = own_servers("10.0.2.53", more=(route_table("rt", ("10.0.2.53/32", "None", "")),))
    named(cut, "A")["subnets"][0]["properties"]["routeTable"] = {"id": route_table("rt")["id"]}
    assert asked(cut, target=FQDN).verdict is Verdict.BLOCKED


def test_one_server_of_two_that_can_be_reached_is_enough_not_to_block() -> None:
    """Clients try them in order."""
    resources = own_servers("10.0.2.53", "10.0.2.54", more=(route_table("rt", ("10.0.2.53/32", "None", "")),))
    named(resources, "A")["subnets"][0]["properties"]["routeTable"] = {"id": route_table("rt")["id"]}
    assert asked(resources, target=FQDN).verdict is Verdict.UNKNOWN


def test_network_of_the_servers_range_that_is_not_peered_is_not_where_it_stands() -> None:
    """Many networks use one range; the client's routes say which is meant."""
    stranger = unshared([vnet("X", H, {"dns": subnet("10.0.2.0/24")})])
    assert asked([*stranger, *own_servers("10.0.2.53")], target=FQDN).verdict is Verdict.UNKNOWN


def resolver(home: str = "H") -> list[Json]:
    """A private resolver with an inbound endpoint at 10.0.2.53."""
    own = resource("dnsResolvers", "r", virtualNetwork={"id": vnet_id(home)})
    where = {"privateIpAddress": "10.0.2.53", "subnet": {"id": f"{vnet_id(home)}/subnets/dns"}}
    return [own, {"id": f"{own['id']}/inboundEndpoints/in", "name": "in", "type": "Microsoft.Network/dnsResolvers/inboundEndpoints",
                  "properties": {"ipConfigurations": [where]}}]  # fmt: skip


def test_private_resolver_answers_with_the_zones_of_its_own_network() -> None:
    """A link of the hub is enough; a link of the spoke is not consulted."""
    seen = own_servers("10.0.2.53", more=tuple(resolver()))
    assert leads(seen)[1] == "vnet-local"
    for one in seen:
        if one["type"].endswith("virtualNetworkLinks"):
            one["properties"]["virtualNetwork"]["id"] = vnet_id("H")
    assert leads(seen) == (Verdict.REACHABLE, "private")


def test_private_resolver_that_cannot_be_reached_stops_the_name() -> None:
    """What it would answer does not matter then."""
    resources = own_servers("10.0.2.53", more=tuple(resolver()))
    named(resources, "H")["virtualNetworkPeerings"] = []
    assert asked(resources, target=FQDN).verdict is Verdict.BLOCKED


def test_clients_and_sites_do_not_see_private_zones() -> None:
    """Azure DNS answers inside of networks only; with private endpoints the answer outside is unknown."""
    resources = hub(hub_side={"allowGatewayTransit": True}, spoke_side={"useRemoteGateways": True},
                    extra=(private_endpoint("pe", "A/pe", "10.1.5.4"), *zone(records={"mi": "10.1.5.4"}, linked="H")))  # fmt: skip
    for source in ("p2s:gw", "onprem:branch=192.168.1.5"):
        found = asked(resources, source, FQDN)
        assert found.verdict is Verdict.UNKNOWN
        assert any("nslookup" in gap.how for gap in found.gaps), source


def test_name_of_the_zone_must_be_the_right_one() -> None:
    """A privatelink zone of another suffix is not asked for this name; the finding names it."""
    found = asked(unpeered(with_endpoint(*zone("privatelink.database.windows.net", {"mi": "10.1.5.4"}))), target=FQDN)
    assert found.endpoint == "vnet-local"
    assert "pe-zone-wrong-name" in {f.fault for f in found.findings}


def test_answer_other_than_the_endpoint_meant_is_said() -> None:
    """An endpoint is there, and the name leads past it."""
    found = asked(unpeered(with_endpoint()), target=FQDN)
    assert (found.verdict, found.endpoint) == (Verdict.BLOCKED, "vnet-local")
    assert {f.fault for f in found.findings} & {"pe-dns-none", "pe-zone-not-linked"}


@pytest.mark.parametrize("spelling", [FQDN.upper(), f"tcp:{FQDN},1433", f"{FQDN}.", f" {FQDN} "])
def test_name_reads_in_every_spelling(spelling: str) -> None:
    """As applications hold it."""
    assert asked(two(), target=spelling).verdict is Verdict.REACHABLE


def test_public_name_asks_for_the_public_endpoint() -> None:
    """With its own port."""
    resources = two()
    named(resources, "mi")["publicDataEndpointEnabled"] = True
    found = asked(resources, target="mi.public.abc123.database.windows.net,3342")
    assert found.endpoint == "public"
    wrong = asked(resources, target="mi.public.abc123.database.windows.net,1433")
    assert wrong.verdict is Verdict.BLOCKED


def test_other_network_with_the_endpoints_address_is_not_taken_for_it() -> None:
    """A machine elsewhere holds 10.1.5.4 as well."""
    stranger = unshared([vnet("X", ["10.1.0.0/16"], {"s": subnet("10.1.5.0/24")}), nic("x", "10.1.5.4", "X/s")])
    assert leads([*stranger, *with_endpoint(*zone(records={"mi": "10.1.5.4"}))]) == (Verdict.REACHABLE, "private")
