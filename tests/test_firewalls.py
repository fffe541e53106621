"""Azure Firewall on the path: its rules decide where they were collected, and it knows only connections it saw begin."""

from __future__ import annotations

from typing import Any

import pytest
from arm import Json, at, instance, nic, peered, resource, route_table, subnet, vnet

from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot

POLICY = at("firewallPolicies", "pol")


def rule(
    ports: list[str],
    sources: tuple[str, ...] = ("10.1.0.0/16",),
    targets: tuple[str, ...] = ("10.2.0.0/27",),
    **more: Any,
) -> Json:
    """A network rule of a policy."""
    return {"ruleType": "NetworkRule", "name": "r", "ipProtocols": ["TCP"], "sourceAddresses": list(sources),
            "destinationAddresses": list(targets), "destinationPorts": ports, **more}  # fmt: skip


def collection(priority: int, action: str, *rules: Json) -> Json:
    """A filter rule collection."""
    return {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": f"c{priority}", "priority": priority,
            "action": {"type": action}, "rules": list(rules)}  # fmt: skip


def group(name: str, priority: int, *collections: Json, policy: str = "pol") -> Json:
    """A rule collection group of a policy."""
    home = at("firewallPolicies", policy)
    return {"id": f"{home}/ruleCollectionGroups/{name}", "name": name, "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
            "properties": {"priority": priority, "ruleCollections": list(collections)}}  # fmt: skip


def policy(name: str = "pol", **more: Any) -> Json:
    """A firewall policy."""
    return resource("firewallPolicies", name, **more)


def estate(*rules: Json, back: bool = True, there: bool = True, direct: bool = False, **firewall: Any) -> list[Json]:
    """An app and an instance in spokes of a hub with a firewall at 10.9.1.4; both directions pass it unless told otherwise."""
    spokes = {"b": peered(["10.2.0.0/16"])} if direct else {}
    spokes_back = {"a": peered(["10.1.0.0/16"])} if direct else {}
    where = [
        {
            "properties": {
                "privateIPAddress": "10.9.1.4",
                "subnet": {"id": at("virtualNetworks", "hub") + "/subnets/AzureFirewallSubnet"},
            }
        }
    ]
    return [
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.1.0/24", table="ra" if there else "")},
             {"hub": peered(["10.9.0.0/16"], allowForwardedTraffic=True), **spokes}),
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27", table="rb" if back else "")},
             {"hub": peered(["10.9.0.0/16"], allowForwardedTraffic=True), **spokes_back}),
        vnet("hub", ["10.9.0.0/16"], {"AzureFirewallSubnet": subnet("10.9.1.0/26")},
             {"a": peered(["10.1.0.0/16"]), "b": peered(["10.2.0.0/16"])}),
        route_table("ra", ("10.2.0.0/16", "VirtualAppliance", "10.9.1.4")),
        route_table("rb", ("10.1.0.0/16", "VirtualAppliance", "10.9.1.4")),
        resource("azureFirewalls", "fw", ipConfigurations=where, **({"firewallPolicy": {"id": POLICY}} | firewall)),
        nic("vm", "10.1.1.4", "a/app"), instance("b/mi"), *rules,
    ]  # fmt: skip


def ask(resources: list[Json], **more: Any) -> Diagnosis:
    """Whether vm reaches the instance."""
    return diagnose(Snapshot(resources, complete=None, **more), "vm", "mi")


def test_rule_that_covers_source_instance_and_port_lets_it_pass() -> None:
    """Both directions through the same firewall: the reply belongs to a connection it knows."""
    assert ask(estate(policy(), group("g", 200, collection(200, "Allow", rule(["1433"]))))).verdict is Verdict.REACHABLE


def test_what_no_rule_matches_is_denied() -> None:
    """The default of the firewall, named as the root cause, with a repair that was tried."""
    found = ask(estate(policy(), group("g", 200, collection(200, "Allow", rule(["443"])))))
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-firewall-denies")
    assert found.repair is not None and found.repair.proved


@pytest.mark.parametrize(("first", "expected"), [("Allow", Verdict.REACHABLE), ("Deny", Verdict.BLOCKED)])
def test_collection_with_the_lower_number_decides(first: str, expected: Verdict) -> None:
    """Rules are terminating: the first match in order of priority."""
    second = {"Allow": "Deny", "Deny": "Allow"}[first]
    rules = group("g", 200, collection(300, second, rule(["*"])), collection(250, first, rule(["1433"])))
    assert ask(estate(policy(), rules)).verdict is expected


def test_groups_come_before_collections() -> None:
    """A group with the lower number decides, whatever priorities its collections have."""
    late = group("late", 300, collection(100, "Deny", rule(["1433"])))
    early = group("early", 200, collection(4000, "Allow", rule(["1433"])))
    assert ask(estate(policy(), late, early)).verdict is Verdict.REACHABLE


def test_rules_of_the_parent_policy_come_first() -> None:
    """A child policy cannot allow what its parent denies."""
    parent = group("top", 60000, collection(60000, "Deny", rule(["1433"])), policy="parent")
    child = group("g", 100, collection(100, "Allow", rule(["1433"])))
    base = {"id": at("firewallPolicies", "parent")}
    found = ask(estate(policy(basePolicy=base), policy("parent"), parent, child))
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-firewall-denies")
    assert found.repair is None or not found.repair.proved


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([], id="policy not collected"),
        pytest.param([policy(ruleCollectionGroups=[{"id": f"{POLICY}/ruleCollectionGroups/lost"}])], id="group not collected"),
        pytest.param([policy(basePolicy={"id": at("firewallPolicies", "gone")})], id="parent not collected"),
        pytest.param([policy(), group("g", 1, collection(1, "Allow", rule(["1433"], sourceIpGroups=["/x/ipGroups/gone"])))], id="IP group"),
        pytest.param([policy(), group("g", 1, collection(1, "Allow", rule(["1433"], targets=(), destinationFqdns=["a.b"])))], id="by name"),
        pytest.param([policy(), group("g", 1, collection(1, "Allow", rule(["sql"])))], id="odd port"),
        pytest.param([policy(), group("g", 1, collection(1, "Perhaps", rule(["1433"])))], id="odd action"),
        pytest.param([policy(), group("g", 1, collection(1, "Allow", rule(["1433"], sources=("NewTag",))))], id="tag nobody knows"),
    ],
)  # fmt: skip
def test_rules_that_were_not_seen_are_unknown(rules: list[Json]) -> None:
    """Neither let through nor dropped, and the gap says how to get them."""
    found = ask(estate(*rules))
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_application_rule_for_sql_is_asked_before_the_default() -> None:
    """The firewall is a proxy for it then, and names decide, which the evidence does not show."""
    sql = {"ruleType": "ApplicationRule", "name": "sql", "protocols": [{"protocolType": "Mssql", "port": 1433}],
           "targetFqdns": ["*.database.windows.net"], "sourceAddresses": ["*"]}  # fmt: skip
    assert ask(estate(policy(), group("g", 1, collection(1, "Allow", sql)))).verdict is Verdict.UNKNOWN


def test_address_translation_toward_the_instance_is_unknown() -> None:
    """With other private ranges the firewall sends with its own address, and replies come back to it."""
    rules = group("g", 1, collection(1, "Allow", rule(["1433"])))
    assert ask(estate(policy(snat={"privateRanges": ["192.168.0.0/16"]}), rules)).verdict is Verdict.UNKNOWN


def test_reply_that_passes_a_firewall_the_request_did_not_is_dropped() -> None:
    """Asymmetric: the request goes over the direct peering, the reply to the firewall."""
    rules = group("g", 1, collection(1, "Allow", rule(["*"], sources=("*",), targets=("*",))))
    found = ask(estate(policy(), rules, there=False, direct=True))
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "rt-mi-return-nva")
    assert found.repair is not None and found.repair.proved


def test_request_through_the_firewall_and_reply_past_it_is_unknown() -> None:
    """The firewall sees half of the connection; what it does then is not documented."""
    rules = group("g", 1, collection(1, "Allow", rule(["1433"])))
    assert ask(estate(policy(), rules, back=False, direct=True)).verdict is Verdict.UNKNOWN


def test_classic_rules_of_the_firewall_itself() -> None:
    """Without a policy, networkRuleCollections decide."""
    own = [{"name": "c", "properties": {"priority": 200, "action": {"type": "Allow"}, "rules": [
        {"name": "r", "protocols": ["Any"], "sourceAddresses": ["*"], "destinationAddresses": ["10.2.0.0/27"], "destinationPorts": ["1433"]}
    ]}}]  # fmt: skip
    others: Json = {"natRuleCollections": [], "applicationRuleCollections": []}
    assert ask(estate(firewallPolicy=None, networkRuleCollections=own, **others)).verdict is Verdict.REACHABLE
    none = ask(estate(firewallPolicy=None, networkRuleCollections=[], **others))
    assert none.root_cause == "rt-firewall-denies-classic"


@pytest.mark.parametrize("member", ["natRuleCollections", "networkRuleCollections", "applicationRuleCollections"])
def test_classic_firewall_without_a_list_of_rules_is_unknown(member: str) -> None:
    """A list that was not read is no empty list, from which everything would be denied."""
    lists: Json = {"natRuleCollections": [], "networkRuleCollections": [], "applicationRuleCollections": []}
    del lists[member]
    found = ask(estate(firewallPolicy=None, **lists))
    assert found.verdict is Verdict.UNKNOWN
    assert any(member in gap.missing and "az network firewall show" in gap.how for gap in found.gaps)


def test_firewall_whose_policy_has_no_id_is_unknown() -> None:
    """It has a policy, and which one was not read: it is no classic firewall without rules."""
    lists: Json = {"natRuleCollections": [], "networkRuleCollections": [], "applicationRuleCollections": []}
    assert ask(estate(firewallPolicy={}, **lists)).verdict is Verdict.UNKNOWN


MEMBERS = ("ruleType", "ipProtocols", "sourceAddresses", "destinationAddresses", "destinationPorts")


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("action", ["Allow", "Deny"])
def test_rule_with_an_unread_member_never_counts_as_absent(member: str, action: str) -> None:
    """Before another that decides the opposite: it may match, so neither verdict is certain."""
    odd = {name: value for name, value in rule(["1433"]).items() if name != member}
    rest = [collection(300, "Allow", rule(["1433"]))] if action == "Deny" else []
    found = ask(estate(policy(), group("g", 1, collection(1, action, odd), *rest)))
    assert found.verdict is Verdict.UNKNOWN and found.gaps


@pytest.mark.parametrize(
    "path", [("ruleCollections",), ("ruleCollections", 0, "rules"), ("ruleCollections", 0, "action")]
)
def test_unread_part_of_a_group_is_unknown(path: tuple[Any, ...]) -> None:
    """Collections without their rules, groups without their collections."""
    rules = group("g", 1, collection(1, "Allow", rule(["1433"])))
    node: Any = rules["properties"]
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
    found = ask(estate(policy(), rules))
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_order_of_collections_without_a_priority_is_unknown() -> None:
    """Either may come first, and they decide the opposite."""
    late = collection(300, "Allow", rule(["1433"]))
    early = {name: value for name, value in collection(1, "Deny", rule(["1433"])).items() if name != "priority"}
    assert ask(estate(policy(), group("g", 1, late, early))).verdict is Verdict.UNKNOWN


def test_dnat_rule_without_destinations_may_turn_any() -> None:
    """It may be the instance's address that it translates."""
    nat = {
        "ruleType": "NatRule",
        "name": "n",
        "ipProtocols": ["TCP"],
        "destinationPorts": ["1433"],
        "translatedAddress": "10.2.9.9",
    }
    rules = group("g", 1, collection(1, "Dnat", nat), collection(2, "Allow", rule(["1433"])))
    assert ask(estate(policy(), rules)).verdict is Verdict.UNKNOWN


def test_ip_group_whose_addresses_were_not_read_is_unknown() -> None:
    """An IP group without its list is no empty group."""
    groups = {"id": at("ipGroups", "ig"), "name": "ig", "type": "Microsoft.Network/ipGroups", "properties": {}}
    used = rule(["1433"], sources=(), sourceIpGroups=[groups["id"]])
    assert ask(estate(policy(), group("g", 1, collection(1, "Allow", used)), groups)).verdict is Verdict.UNKNOWN


def test_classic_firewall_that_translates_every_source_is_unknown() -> None:
    """Its private ranges stand in additionalProperties; without the instance's among them it sends with its own address."""
    own = [{"name": "c", "properties": {"priority": 200, "action": {"type": "Allow"}, "rules": [
        {"name": "r", "protocols": ["Any"], "sourceAddresses": ["*"], "destinationAddresses": ["*"], "destinationPorts": ["*"]}]}}]  # fmt: skip
    ranges = {"Network.SNAT.PrivateRanges": "255.255.255.255/32"}
    found = ask(estate(firewallPolicy=None, networkRuleCollections=own, natRuleCollections=[],
                       applicationRuleCollections=[], additionalProperties=ranges))  # fmt: skip
    assert found.verdict is Verdict.UNKNOWN
