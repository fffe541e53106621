"""Words and members that this engine does not know or does not work out make a path unknown, and are named.

The shapes are those of the REST reference (Network, api-version 2025-01-01 and DNS Resolver 2025-05-01).
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import Diagnosis, diagnose
from mi_workbook.evidence.snapshot import from_document, type_of

NEW = "SomethingNew"
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-app/providers/Microsoft.Network"
POLICY = f"{GROUP}/dnsResolverPolicies/no-bad-names"


def edited(case_id: str, kind: str, name: str, path: tuple[Any, ...], value: Any) -> Diagnosis:
    """The case with a member of one resource set."""
    one, document = case(case_id), copy.deepcopy(case(case_id).snapshot().to_dict())
    (node,) = [
        raw for raw in document["resources"] if type_of(raw) == f"Microsoft.Network/{kind}" and raw["name"] == name
    ]
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return diagnose(from_document(document), one.source, one.target, one.endpoint)


def added(case_id: str, *resources: dict[str, Any]) -> Diagnosis:
    """The case with more resources."""
    one, document = case(case_id), copy.deepcopy(case(case_id).snapshot().to_dict())
    document["resources"] += resources
    return diagnose(from_document(document), one.source, one.target, one.endpoint)


@pytest.mark.parametrize(
    ("case_id", "kind", "name", "path"),
    [
        ("app-gateway-sound", "virtualNetworkGateways", "vgw-data", ("properties", "gatewayType")),
        ("app-gateway-failed", "virtualNetworkGateways", "vgw-data", ("properties", "provisioningState")),
        ("developer-box-sound", "virtualNetworkGateways", "vgw-data", ("properties", "provisioningState")),
        ("vnet-to-vnet-healthy", "connections", "data-to-app-vpn", ("properties", "connectionType")),
        ("peering-routes-disabled", "routeTables", "rt-app", ("properties", "disablePeeringRoute")),
        ("private-endpoint-nsg", "virtualNetworks", "vnet-app", ("properties", "subnets", 1, "properties", "privateEndpointNetworkPolicies")),
        ("hub-firewall-sound", "virtualNetworks", "vnet-data", ("properties", "virtualNetworkPeerings", 0, "properties", "peeringState")),
        ("peering-healthy", "virtualNetworks", "vnet-data", ("properties", "virtualNetworkPeerings", 0, "properties", "peeringState")),
    ],
)  # fmt: skip
def test_a_word_that_nobody_documented_is_unknown(case_id: str, kind: str, name: str, path: tuple[Any, ...]) -> None:
    """It is not taken for one of the words that are known, whichever of them would suit the verdict."""
    found = edited(case_id, kind, name, path, NEW)
    assert found.verdict is Verdict.UNKNOWN
    told = " ".join(f"{gap.missing} {gap.why}" for gap in found.gaps)
    assert str(path[-1]) in told or NEW in told


ENCRYPTION = ("properties", "encryption")


@pytest.mark.parametrize(
    ("case_id", "kind", "name", "path", "value", "names"),
    [
        ("peering-healthy", "virtualNetworks", "vnet-data", ENCRYPTION, {"enabled": True, "enforcement": "DropUnencrypted"}, "encryption.enforcement"),
        ("peering-healthy", "virtualNetworks", "vnet-app", ENCRYPTION, {"enabled": "true", "enforcement": "DropUnencrypted"}, "encryption.enforcement"),
        ("expressroute-sound", "virtualNetworkGateways", "ergw-data", ("properties", "adminState"), "Disabled", "adminState"),
    ],
)  # fmt: skip
def test_a_member_whose_effect_is_not_worked_out_is_named(
    case_id: str, kind: str, name: str, path: tuple[Any, ...], value: Any, names: str
) -> None:
    """A sound network with it is unknown."""
    found = edited(case_id, kind, name, path, value)
    assert found.verdict is Verdict.UNKNOWN
    assert any(names in gap.missing and gap.how for gap in found.gaps)


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        ("virtualNetworks", "vnet-data", ENCRYPTION, {"enabled": True, "enforcement": "AllowUnencrypted"}),
        ("virtualNetworks", "vnet-data", ENCRYPTION, {"enabled": False, "enforcement": "DropUnencrypted"}),
        ("virtualNetworks", "vnet-data", ENCRYPTION, None),
        ("networkInterfaces", "nic-app", ("properties", "disableTcpStateTracking"), False),
        ("virtualNetworks", "vnet-data", ("properties", "privateEndpointVNetPolicies"), "Disabled"),
        ("virtualNetworks", "vnet-data", ("properties", "subnets", 0, "properties", "defaultOutboundAccess"), False),
    ],
)
def test_the_usual_values_change_nothing(kind: str, name: str, path: tuple[Any, ...], value: Any) -> None:
    """What Azure returns for a network that uses none of it."""
    assert edited("peering-healthy", kind, name, path, value).verdict is Verdict.REACHABLE


def test_a_certain_block_stays_one() -> None:
    """Beside a rule that denies, an unknown member decides nothing."""
    value = {"enabled": True, "enforcement": "DropUnencrypted"}
    found = edited("same-vnet-mi-nsg", "virtualNetworks", "vnet-data", ENCRYPTION, value)
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "mi-nsg-1433")


def policy(action: str, *domains: str, state: str = "Enabled", linked: str = "vnet-app") -> list[dict[str, Any]]:
    """A DNS security policy with one rule, linked to a VNet; without domains its list was not collected."""
    lists = [{"id": f"{GROUP}/dnsResolverDomainLists/names", "type": "Microsoft.Network/dnsResolverDomainLists",
              "name": "names", "properties": {"domains": list(domains)}}]  # fmt: skip
    rule = {"priority": 100, "action": {"actionType": action}, "dnsSecurityRuleState": state,
            "dnsResolverDomainLists": [{"id": lists[0]["id"]}]}  # fmt: skip
    return [
        {"id": POLICY, "type": "Microsoft.Network/dnsResolverPolicies", "name": "no-bad-names", "properties": {}},
        {"id": f"{POLICY}/dnsSecurityRules/one", "type": "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules",
         "name": "one", "properties": rule},
        {"id": f"{POLICY}/virtualNetworkLinks/link", "type": "Microsoft.Network/dnsResolverPolicies/virtualNetworkLinks",
         "name": "link", "properties": {"virtualNetwork": {"id": f"{GROUP}/virtualNetworks/{linked}"}}},
        *(lists if domains else []),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resources", "verdict"),
    [
        (policy("Block", "database.windows.net."), "unknown"),
        (policy("Block", "."), "unknown"),
        (policy("Block"), "unknown"),
        ([one for one in policy("Block", ".") if not one["type"].endswith("Rules")], "reachable"),
        (policy("Block", "bad.example."), "reachable"),
        (policy("Alert", "."), "reachable"),
        (policy("Allow", "."), "reachable"),
        (policy("Block", ".", state="Disabled"), "reachable"),
        (policy("Block", ".", linked="vnet-elsewhere"), "reachable"),
    ],
)
def test_a_dns_security_policy_may_hide_the_name(resources: list[dict[str, Any]], verdict: str) -> None:
    """Only a rule that blocks, is on, and may hold the name counts, and only in the networks it is linked to."""
    found = added("peering-healthy", *resources)
    assert found.verdict == verdict
    assert verdict == "reachable" or any("no-bad-names" in gap.missing for gap in found.gaps)


def test_rules_of_a_policy_that_were_not_collected_are_unknown() -> None:
    """Evidence that is not claimed complete: the link alone does not say what the policy does."""
    one = case("peering-healthy")
    document = copy.deepcopy(one.snapshot().to_dict())
    document["source"]["complete"] = sorted({type_of(raw) for raw in document["resources"]})
    document["resources"] += [raw for raw in policy("Block", ".") if not raw["type"].endswith("Rules")]
    found = diagnose(from_document(document), one.source, one.target)
    assert found.verdict is Verdict.UNKNOWN and any("no-bad-names" in gap.missing for gap in found.gaps)


def changed(case_id: str, name: str, change: Callable[[dict[str, Any]], None]) -> Diagnosis:
    """The case with the properties of one resource changed."""
    one, document = case(case_id), copy.deepcopy(case(case_id).snapshot().to_dict())
    change(next(raw for raw in document["resources"] if raw["name"] == name)["properties"])
    return diagnose(from_document(document), one.source, one.target, one.endpoint)


def test_prefixes_that_an_address_manager_allocated_are_prefixes() -> None:
    """A network and its subnets whose prefixes come from a pool."""

    def from_pool(holder: dict[str, Any], *names: str) -> None:
        taken = [holder.pop(name) for name in names if name in holder]
        texts = [text for one in taken for text in (one if isinstance(one, list) else [one])]
        holder["ipamPoolPrefixAllocations"] = [
            {"pool": {"id": f"{GROUP}/networkManagers/m/ipamPools/p"}, "allocatedAddressPrefixes": texts}
        ]

    def pooled(properties: dict[str, Any]) -> None:
        from_pool(properties["addressSpace"], "addressPrefixes")
        for subnet in properties["subnets"]:
            from_pool(subnet["properties"], "addressPrefix", "addressPrefixes")

    assert changed("peering-healthy", "vnet-data", pooled).verdict is Verdict.REACHABLE


def test_an_interface_with_two_families_sends_from_its_ipv4_address() -> None:
    """No configuration is marked, and the IPv6 one comes first."""

    def both(properties: dict[str, Any]) -> None:
        (four,) = properties["ipConfigurations"]
        four["properties"].pop("primary", None)
        six = {"privateIPAddress": "fd00::4", "privateIPAddressVersion": "IPv6", "subnet": four["properties"]["subnet"]}
        properties["ipConfigurations"] = [{"name": "six", "properties": six}, four]

    assert changed("peering-healthy", "nic-app", both).verdict is Verdict.REACHABLE


def test_a_security_group_without_its_id_is_one_that_was_not_read() -> None:
    """An empty object is not the same as none."""

    def nameless(properties: dict[str, Any]) -> None:
        properties["networkSecurityGroup"] = {"resourceGroup": "rg-app"}

    assert changed("peering-healthy", "nic-app", nameless).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("kind", ["VirtualAppliance", "VirtualApplianceEcmp"])
def test_several_next_hops_are_appliances(kind: str) -> None:
    """The form of the newer route (`nextHop`) leads through each of them, whatever its type is called."""

    def several(properties: dict[str, Any]) -> None:
        properties["routes"][0]["properties"] |= {
            "nextHopType": kind,
            "nextHopIpAddress": None,
            "nextHop": {"nextHopIpAddresses": ["10.9.1.4", "10.9.1.5"]},
        }

    one = case("hub-appliance-sound")
    tables = [raw["name"] for raw in one.snapshot().resources if type_of(raw).endswith("routeTables")]
    found = changed("hub-appliance-sound", tables[0], several)
    assert found.verdict is Verdict.UNKNOWN and any("10.9.1.4" in gap.missing for gap in found.gaps)
