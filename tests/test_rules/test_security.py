"""Security groups: which rule decides, what tags and groups stand for, and rules that cannot be read to the end."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from arm import Json, at, instance, nic, nsg, peered, route_table, rule, subnet, vnet, vnet_id
from hypothesis import given, settings
from hypothesis import strategies as st

from mi_workbook.core.ranges import prefix
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.reach.security import virtual_network
from test_rules.topology import A, B, asked, hub, named, shared_hub, through, two, unshared, verdict

CLIENT, TARGET = "10.1.0.4", "10.2.0.5"
GUARDED: dict[str, Any] = {"b": subnet("10.2.0.0/27", "n")}


def guarded(*rules: Json, **more: Any) -> list[Json]:
    """The two networks with a security group on the instance's subnet."""
    return two(**{**GUARDED, **more, "extra": (nsg("n", *rules), *more.get("extra", ()))})


def into(*rules: Json, source: str = CLIENT, protocol: str = "Tcp", **more: Any) -> tuple[Verdict, str]:
    """What those rules decide for a client's address, and the rule."""
    found = through(guarded(*rules, **more), "B/mi", "Inbound", source, TARGET, protocol)
    return found.result, found.rule


def test_both_groups_on_the_way_out_must_allow() -> None:
    """NIC first, then subnet; one that is absent lets everything through."""
    deny = nsg("shut", rule("no", 100, "Deny", "Outbound"))
    assert verdict(two(a=subnet("10.1.0.0/24", "shut"), extra=(deny,))) is Verdict.BLOCKED
    on_nic = two(extra=(deny,))
    named(on_nic, "vm-a")["networkSecurityGroup"] = {"id": at("networkSecurityGroups", "shut")}
    assert verdict(on_nic) is Verdict.BLOCKED
    allow = nsg("open", rule("yes", 100, "Allow", "Outbound"))
    both = two(a=subnet("10.1.0.0/24", "open"), extra=(deny, allow))
    named(both, "vm-a")["networkSecurityGroup"] = {"id": at("networkSecurityGroups", "shut")}
    found = asked(both)
    first = next(d.by for t in found.traces for d in t.decisions if d.kind == "nsg")
    assert found.verdict is Verdict.BLOCKED and first.endswith("/shut")


def test_rules_apply_inside_a_subnet_too() -> None:
    """Two machines of one subnet are held apart by its group; so is a client beside the instance in its network."""
    resources = guarded(rule("no", 100, "Deny", sourceAddressPrefix="10.2.9.0/24"))
    named(resources, "B")["subnets"].append(
        {"id": f"{vnet_id('B')}/subnets/vm", "name": "vm", "properties": subnet("10.2.9.0/24")}
    )
    assert verdict(resources, "B/vm") is Verdict.BLOCKED


def test_lower_number_decides_and_the_first_match_ends_it() -> None:
    """Whatever the order in the list."""
    allow, deny = rule("yes", 200, "Allow"), rule("no", 100, "Deny")
    assert into(allow, deny) == into(deny, allow) == (Verdict.BLOCKED, "no")
    assert into(rule("yes", 100, "Allow"), rule("no", 200, "Deny")) == (Verdict.REACHABLE, "yes")


def test_two_rules_of_one_priority_are_not_decided_by_their_order() -> None:
    """Azure does not allow it; evidence merged from two dates may hold it. Unknown, or at least the same both ways."""
    allow, deny = rule("yes", 100, "Allow"), rule("no", 100, "Deny")
    assert into(allow, deny)[0] is into(deny, allow)[0]


def test_default_rules_let_the_virtual_network_in_and_nothing_else() -> None:
    """Also where the collection left them out, and in whatever spelling they are listed."""
    assert into() == (Verdict.REACHABLE, "AllowVnetInBound")
    assert into(source="8.8.8.8") == (Verdict.BLOCKED, "DenyAllInBound")
    listed = guarded()
    named(listed, "n")["defaultSecurityRules"] = [
        rule(
            "allowvnetinbound",
            65000,
            "Allow",
            sourceAddressPrefix="VirtualNetwork",
            destinationAddressPrefix="VirtualNetwork",
        ),
        rule("denyallinbound", 65500, "Deny"),
    ]
    assert through(listed, "B/mi", "Inbound", CLIENT, TARGET).rule == "allowvnetinbound"
    assert through(listed, "B/mi", "Inbound", "8.8.8.8", TARGET).rule == "denyallinbound"


def test_default_rules_let_everything_out_that_is_the_network_or_the_internet() -> None:
    """A private address that is neither is denied."""
    resources = two(a=subnet("10.1.0.0/24", "n"), extra=(nsg("n"),))
    for target, expected in (
        ("10.2.0.5", Verdict.REACHABLE),
        ("8.8.8.8", Verdict.REACHABLE),
        ("10.77.0.1", Verdict.BLOCKED),
    ):
        assert through(resources, "A/vm", "Outbound", CLIENT, target).result is expected, target


def test_list_of_defaults_that_holds_one_direction_only_decides_nothing_in_the_other() -> None:
    """A trimmed list is not a rule that lets through, nor one that denies."""
    resources = guarded()
    named(resources, "n")["defaultSecurityRules"] = [rule("DenyAllOutBound", 65500, "Deny", "Outbound")]
    assert through(resources, "B/mi", "Inbound", CLIENT, TARGET).result is Verdict.UNKNOWN


def test_replies_need_no_rule() -> None:
    """Neither on the instance's subnet outbound nor on the client's inbound."""
    shut_out, shut_in = rule("no-out", 100, "Deny", "Outbound"), nsg("m", rule("no-in", 100, "Deny"))
    assert verdict(guarded(shut_out, a=subnet("10.1.0.0/24", "m"), extra=(shut_in,))) is Verdict.REACHABLE


def test_members_that_concern_open_flows_change_no_new_connection() -> None:
    """flushConnection of a group, disableTcpStateTracking of a NIC."""
    resources = guarded()
    named(resources, "n")["flushConnection"] = True
    named(resources, "vm-a")["disableTcpStateTracking"] = True
    assert verdict(resources) is Verdict.REACHABLE


@pytest.mark.parametrize("word", ["Tcp", "TCP", "tcp", "*", "Any", "All"])
def test_rules_for_tcp_or_for_all_protocols_decide(word: str) -> None:
    """In any spelling."""
    assert into(rule("no", 100, "Deny", protocol=word))[0] is Verdict.BLOCKED


@pytest.mark.parametrize("word", ["Udp", "UDP", "Icmp", "Esp", "Ah"])
def test_rules_for_other_protocols_do_not(word: str) -> None:
    """A deny for UDP stops no TCP connection."""
    assert into(rule("no", 100, "Deny", protocol=word))[0] is Verdict.REACHABLE


@pytest.mark.parametrize("word", ["6", "17", "", None, "Sctp"])
def test_word_for_a_protocol_that_is_not_known_makes_unknown(word: Any) -> None:
    """It may mean TCP."""
    assert into(rule("no", 100, "Deny", protocol=word))[0] is Verdict.UNKNOWN


def test_rules_see_the_addresses_and_the_port_of_the_end_itself() -> None:
    """The instance's port 1433, not a front end's; a rule for the public address of a client matches nothing here."""
    assert into(rule("no", 100, "Deny", sourceAddressPrefix="20.1.2.3"))[0] is Verdict.REACHABLE
    assert into(rule("no", 100, "Deny", destinationPortRange="443"))[0] is Verdict.REACHABLE


@pytest.mark.parametrize("text", ["1433", "1433-1433", "1000-2000", "*", "0-65535", " 1433 "])
def test_port_ranges_read_in_every_form(text: str) -> None:
    """One port, a range, a range of one, all of them."""
    assert into(rule("no", 100, "Deny", destinationPortRange=text))[0] is Verdict.BLOCKED


@pytest.mark.parametrize("text", ["1434", "1-1432", "1434-65535", "443,80"])
def test_ports_beside_1433_do_not_decide_it(text: str) -> None:
    """A text that is no range never denies for sure."""
    assert into(rule("no", 100, "Deny", destinationPortRange=text))[0] is not Verdict.BLOCKED


def test_singular_and_plural_members_are_one_list() -> None:
    """Tools fill either, or both; null and empty lists count for nothing."""
    plural = rule(
        "no", 100, "Deny", sourceAddressPrefixes=["10.9.0.0/16", "10.1.0.0/24"], destinationPortRanges=["80", "1433"]
    )
    for member in ("sourceAddressPrefix", "destinationPortRange"):
        plural["properties"][member] = None
    assert into(plural)[0] is Verdict.BLOCKED
    both = rule("no", 100, "Deny", sourceAddressPrefix="10.9.0.0/16", sourceAddressPrefixes=["10.1.0.0/24"])
    assert into(both)[0] is Verdict.BLOCKED
    assert into(rule("no", 100, "Deny", sourceAddressPrefixes=[]))[0] is Verdict.BLOCKED


@pytest.mark.parametrize("text", ["*", "0.0.0.0/0", "Any", "any"])
def test_any_address_reads_in_every_form(text: str) -> None:
    """Three words for one thing."""
    assert into(rule("no", 100, "Deny", sourceAddressPrefix=text))[0] is Verdict.BLOCKED


def test_prefix_whose_host_bits_are_set_means_its_network() -> None:
    """Azure stores 10.1.0.4/24 as it was typed."""
    assert into(rule("no", 100, "Deny", sourceAddressPrefix="10.1.0.99/24"))[0] is Verdict.BLOCKED


def test_ipv6_prefixes_match_no_ipv4_packet() -> None:
    """Not even ::/0."""
    for text in ("::/0", "fd00::/8"):
        assert into(rule("no", 100, "Deny", sourceAddressPrefix=text))[0] is Verdict.REACHABLE


def test_rule_for_some_source_ports_only_perhaps_matches() -> None:
    """A client's port is chosen when it connects."""
    assert into(rule("no", 100, "Deny", sourcePortRange="1-1023"))[0] is Verdict.UNKNOWN


# Tags.


def tag_of(resources: list[Json], home: str) -> Any:
    """What VirtualNetwork stands for on a subnet."""
    network = Network(Snapshot(resources, complete=None))
    own, _, part = home.partition("/")
    return virtual_network(network, network.subnet(f"{vnet_id(own)}/subnets/{part}"))


def test_virtual_network_of_a_network_on_its_own_is_its_space_and_the_host() -> None:
    """As Azure itself shows it expanded."""
    alone = unshared([vnet("v", ["10.1.0.0/24"], {"vm": subnet("10.1.0.0/26")})])
    found = tag_of(alone, "v/vm")
    assert found.surely == found.perhaps == prefix("10.1.0.0/24") | prefix("168.63.129.16")


def test_virtual_network_holds_peers_sites_clients_and_prefixes_of_user_routes() -> None:
    """Everything the network is connected with, on the subnet in question."""
    resources = shared_hub(
        a=subnet("10.1.0.0/24", table="rt"), extra=(route_table("rt", ("10.99.0.0/16", "None", "")),)
    )
    found = tag_of(resources, "A/vm").surely
    for text in ("10.1.0.0/16", "10.0.0.0/16", "172.16.201.0/24", "192.168.0.0/16", "10.99.0.0/16", "168.63.129.16"):
        assert found.covers(prefix(text)), text
    assert not found.meets(prefix("10.2.0.0/16"))  # the other spoke is no peer of A


def test_virtual_network_differs_between_subnets_with_other_route_tables() -> None:
    """One group on two subnets expands differently."""
    resources = shared_hub(
        a=subnet("10.1.0.0/24", table="rt"), extra=(route_table("rt", ("0.0.0.0/0", "VirtualAppliance", "10.0.1.4")),)
    )
    assert tag_of(resources, "A/vm").surely.covers(prefix("8.8.8.8"))
    assert not tag_of(resources, "A/pe").surely.covers(prefix("8.8.8.8"))


def test_both_halves_of_the_address_space_as_user_routes_fill_the_tag_too() -> None:
    """0.0.0.0/1 and 128.0.0.0/1 are prefixes of user routes like any other."""
    halves = route_table(
        "rt", ("0.0.0.0/1", "VirtualAppliance", "10.1.0.9"), ("128.0.0.0/1", "VirtualAppliance", "10.1.0.9")
    )
    resources = two(a=subnet("10.1.0.0/24", table="rt"), extra=(halves,))
    assert tag_of(resources, "A/vm").surely.covers(prefix("0.0.0.0/0"))


def test_peer_is_in_the_tag_only_with_access_and_connected() -> None:
    """The flag of the own side decides."""
    assert not tag_of(two(b_side=peered(A, allowVirtualNetworkAccess=False)), "B/mi").perhaps.meets(prefix(CLIENT))
    assert not tag_of(two(b_side=peered(A, "Initiated")), "B/mi").perhaps.meets(prefix(CLIENT))
    assert tag_of(two(a_side=peered(B, allowVirtualNetworkAccess=False)), "B/mi").surely.covers(prefix(CLIENT))


def test_foreign_sources_behind_an_appliance_are_not_in_the_tag() -> None:
    """The other spoke is no peer: with default rules its packets are denied, unless a user route names its prefix."""
    via = route_table("rt-a", ("10.2.0.0/16", "VirtualAppliance", "10.0.1.4"))
    back = route_table("rt-b", ("10.1.0.0/16", "VirtualAppliance", "10.0.1.4"))
    plain = hub(a=subnet("10.1.0.0/24", table="rt-a"), b=subnet("10.2.0.0/27", "n"), extra=(via, back, nsg("n")))
    assert through(plain, "B/mi", "Inbound", CLIENT, TARGET).rule == "DenyAllInBound"
    routed = hub(
        a=subnet("10.1.0.0/24", table="rt-a"), b=subnet("10.2.0.0/27", "n", "rt-b"), extra=(via, back, nsg("n"))
    )
    assert through(routed, "B/mi", "Inbound", CLIENT, TARGET).rule == "AllowVnetInBound"


def test_load_balancer_tag_is_the_probe_and_no_client() -> None:
    """168.63.129.16 alone."""
    assert into(rule("no", 100, "Deny", sourceAddressPrefix="AzureLoadBalancer"))[0] is Verdict.REACHABLE


@pytest.mark.parametrize(
    "tag", ["Internet", "AzureCloud", "AzureCloud.WestEurope", "Sql", "Sql.WestEurope", "SqlManagement", "Storage"]
)
def test_tags_of_public_addresses_hold_no_private_client(tag: str) -> None:
    """An allow for them lets no private client in, a deny keeps none out; regional forms as well."""
    allow = rule("yes", 100, "Allow", sourceAddressPrefix=tag)
    assert into(allow, rule("no", 200, "Deny")) == (Verdict.BLOCKED, "no")
    assert into(rule("no", 100, "Deny", sourceAddressPrefix=tag))[0] is Verdict.REACHABLE


def test_internet_tag_holds_public_addresses_outside_of_the_network() -> None:
    """A network that uses a public range keeps it."""
    resources = unshared([
        vnet("v", ["20.1.0.0/16"], {"mi": subnet("20.1.0.0/27", "n"), "vm": subnet("20.1.1.0/24")}),
        nsg("n", rule("no", 100, "Deny", sourceAddressPrefix="Internet")), instance("v/mi"),
    ])  # fmt: skip
    assert through(resources, "v/mi", "Inbound", "20.1.1.4", "20.1.0.5").result is Verdict.REACHABLE
    assert through(resources, "v/mi", "Inbound", "8.8.8.8", "20.1.0.5").result is Verdict.BLOCKED


@pytest.mark.parametrize("tag", ["BrandNewService", "BrandNewService.WestEurope", "virtual network"])
def test_tag_that_is_not_known_makes_unknown_and_names_the_command(tag: str) -> None:
    """Whether it denies or allows."""
    for access, other in (("Deny", "Allow"), ("Allow", "Deny")):
        found = through(
            guarded(rule("odd", 100, access, sourceAddressPrefix=tag), rule("rest", 200, other)),
            "B/mi",
            "Inbound",
            CLIENT,
            TARGET,
        )
        assert found.result is Verdict.UNKNOWN
        assert found.gap is not None and "list-service-tags" in found.gap.how


def test_dns_of_the_platform_passes_rules_for_everything() -> None:
    """Azure's own DNS, at 168.63.129.16, is not subject to a deny of port 53."""
    deny = nsg("n", rule("no-dns", 100, "Deny", "Outbound", destinationPortRange="53"))
    assert (
        verdict(two(a=subnet("10.1.0.0/24", "n"), extra=(deny,)), target="mi.abc123.database.windows.net")
        is Verdict.REACHABLE
    )


def test_deny_for_the_platforms_dns_stops_names() -> None:
    """The one tag that does reach it: without DNS the name has no address."""
    deny = nsg("n", rule("no-dns", 100, "Deny", "Outbound", destinationAddressPrefix="AzurePlatformDNS"))
    found = asked(two(a=subnet("10.1.0.0/24", "n"), extra=(deny,)), target="mi.abc123.database.windows.net")
    assert found.verdict is not Verdict.REACHABLE


# Application security groups.

WEB = {"id": at("applicationSecurityGroups", "web")}


def for_group(name: str, priority: int, access: str) -> Json:
    """A rule for members of the group."""
    found = rule(name, priority, access, sourceApplicationSecurityGroups=[WEB])
    del found["properties"]["sourceAddressPrefix"]
    return found


def in_group(resources: list[Json], name: str = "vm-a") -> list[Json]:
    """The same evidence with a NIC in the group."""
    named(resources, name)["ipConfigurations"][0]["properties"]["applicationSecurityGroups"] = [copy.deepcopy(WEB)]
    return resources


def beside(*rules: Json, extra: tuple[Json, ...] = ()) -> list[Json]:
    """A client and the instance in one network, as groups need it."""
    return unshared([
        vnet("v", ["10.1.0.0/16"], {"vm": subnet("10.1.0.0/24"), "mi": subnet("10.1.9.0/27", "n")}),
        nic("vm-a", CLIENT, "v/vm"), instance("v/mi"), nsg("n", *rules), *extra,
    ])  # fmt: skip


def test_rule_for_a_group_matches_its_members_and_nobody_else() -> None:
    """An allow before a deny for the rest, and the other way about."""
    assert verdict(in_group(beside(for_group("yes", 100, "Allow"), rule("no", 200, "Deny")))) is Verdict.REACHABLE
    assert verdict(beside(for_group("yes", 100, "Allow"), rule("no", 200, "Deny"))) is Verdict.BLOCKED
    assert verdict(in_group(beside(for_group("no", 100, "Deny")))) is Verdict.BLOCKED
    assert verdict(beside(for_group("no", 100, "Deny"))) is Verdict.REACHABLE


def test_members_of_a_group_are_unknown_where_nics_were_not_collected() -> None:
    """The source may be one."""
    resources = [one for one in beside(for_group("no", 100, "Deny")) if one["name"] != "vm-a"]
    assert asked(resources, "v/vm", complete=frozenset()).verdict is Verdict.UNKNOWN


def test_member_of_a_group_in_another_network_with_the_same_address_is_somebody_else() -> None:
    """Members are NICs, not addresses, and all of one network."""
    stranger = [vnet("x", ["10.1.0.0/16"], {"vm": subnet("10.1.0.0/24")}), nic("other", CLIENT, "x/vm")]
    rules = (for_group("yes", 100, "Allow"), rule("no", 200, "Deny"))
    resources = in_group(beside(*rules, extra=tuple(stranger)), "other")
    assert verdict(resources) is not Verdict.REACHABLE


def scale_set_member(address: str) -> Json:
    """A NIC of a scale set's machine, which is no resource of its own in the list of NICs."""
    found = in_group([nic("n", address, "v/vm")], "n")[0]
    base = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/set"
    found["id"] = f"{base}/virtualMachines/0/networkInterfaces/n"
    found["type"] = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces"
    return found


def test_machine_of_a_scale_set_is_a_member_of_its_group() -> None:
    """A deny for the group holds for it."""
    resources = beside(for_group("no", 100, "Deny"), extra=(scale_set_member("10.1.0.77"),))
    assert verdict(resources, "ip:10.1.0.77") is not Verdict.REACHABLE


def test_machine_of_a_scale_set_is_let_in_by_its_group() -> None:
    """An allow for the group as well."""
    rules = (for_group("yes", 100, "Allow"), rule("no", 200, "Deny"))
    resources = beside(*rules, extra=(scale_set_member("10.1.0.77"),))
    assert verdict(resources, "ip:10.1.0.77") is not Verdict.BLOCKED


# One NIC, several addresses.


def two_addresses(*rules: Json) -> list[Json]:
    """The client's NIC with a second address, 10.1.0.5."""
    resources = guarded(*rules)
    second = {"privateIPAddress": "10.1.0.5", "primary": False, "subnet": {"id": f"{vnet_id('A')}/subnets/vm"}}
    named(resources, "vm-a")["ipConfigurations"].append({"name": "second", "properties": second})
    return resources


def test_second_address_of_a_nic_is_judged_as_itself_where_it_is_denied() -> None:
    """The question names the address."""
    assert (
        verdict(two_addresses(rule("no", 100, "Deny", sourceAddressPrefix="10.1.0.5")), "ip:10.1.0.5")
        is Verdict.BLOCKED
    )


def test_second_address_of_a_nic_is_not_denied_by_a_rule_for_the_first() -> None:
    """As above, the other way about."""
    assert (
        verdict(two_addresses(rule("no", 100, "Deny", sourceAddressPrefix=CLIENT)), "ip:10.1.0.5") is Verdict.REACHABLE
    )


def test_nic_whose_first_configuration_is_ipv6_is_judged_by_its_ipv4_address() -> None:
    """A packet with no source address is no packet."""
    resources = guarded(rule("no", 100, "Deny", sourceAddressPrefix=CLIENT))
    own = named(resources, "vm-a")["ipConfigurations"]
    own[0]["properties"]["primary"] = None
    own.insert(
        0, {"name": "v6", "properties": {"privateIPAddress": "fd00::4", "subnet": own[0]["properties"]["subnet"]}}
    )
    assert verdict(resources) is not Verdict.REACHABLE


# Opening never closes, closing never opens.

SOURCES = st.sampled_from(
    ["*", "10.1.0.0/24", CLIENT, "10.9.0.0/16", "VirtualNetwork", "Internet", "AzureLoadBalancer", "NewTag"]
)
PORTS = st.sampled_from(["*", "1433", "1433-1433", "443", "1000-2000", "11000-11999"])
RULES = st.lists(st.tuples(st.integers(100, 4096), st.sampled_from(["Allow", "Deny"]), SOURCES, PORTS,
                           st.sampled_from(["Tcp", "*", "Udp"])), max_size=6, unique_by=lambda one: one[0])  # fmt: skip
ORDER = {Verdict.BLOCKED: 0, Verdict.UNKNOWN: 1, Verdict.REACHABLE: 2}


def built(drawn: list[tuple[int, str, str, str, str]]) -> list[Json]:
    """Rules of drawn members."""
    return [rule(f"r{p}", p, a, sourceAddressPrefix=s, destinationPortRange=d, protocol=w) for p, a, s, d, w in drawn]


@settings(max_examples=60, deadline=None)
@given(RULES, st.integers(0, 5))
def test_turning_a_deny_into_an_allow_never_makes_it_worse(
    drawn: list[tuple[int, str, str, str, str]], which: int
) -> None:
    """Blocked, unknown, reachable is the order."""
    before = into(*built(drawn))[0]
    opened = [(p, "Allow" if n == which else a, s, d, w) for n, (p, a, s, d, w) in enumerate(drawn)]
    assert ORDER[into(*built(opened))[0]] >= ORDER[before]


@settings(max_examples=60, deadline=None)
@given(RULES, st.integers(0, 5), st.integers(2, 9))
def test_gaps_between_priorities_mean_nothing(drawn: list[tuple[int, str, str, str, str]], which: int, by: int) -> None:
    """Only the order counts, and the order of the list does not."""
    ranked = {p: 100 + by * n for n, p in enumerate(sorted(one[0] for one in drawn))}
    moved = [(ranked[p], *rest) for p, *rest in drawn]
    turned = moved[which % len(moved) :] + moved[: which % len(moved)] if moved else moved
    assert into(*built(turned))[0] is into(*built(drawn))[0]  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(RULES)
def test_rule_behind_a_rule_for_everything_is_never_asked(drawn: list[tuple[int, str, str, str, str]]) -> None:
    """What stands behind it changes nothing."""
    for access, expected in (("Allow", Verdict.REACHABLE), ("Deny", Verdict.BLOCKED)):
        assert into(rule("first", 99, access), *built(drawn))[0] is expected
