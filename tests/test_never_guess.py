"""Evidence that is partly there never becomes a verdict."""

import copy
import json
from typing import Any

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, type_of

SOUND = case("peering-healthy")
OVERLAYS = {
    "microsoft.network/privatednszones",
    "microsoft.network/privatednszones/virtualnetworklinks",
    "microsoft.network/networkmanagers",
    "microsoft.network/privateendpoints",
    "microsoft.network/connections",
}


def partial(kind: str, *members: str) -> Snapshot:
    """The sound peered case as a bare list, with members of one kind's properties taken away."""
    resources: list[dict[str, Any]] = copy.deepcopy(SOUND.snapshot().to_dict()["resources"])
    for one in resources:
        if one["type"].endswith(kind):
            for member in members:
                one["properties"].pop(member, None)
    return Snapshot(resources)


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("virtualNetworks", "addressSpace"),
        ("virtualNetworks", "virtualNetworkPeerings"),
        ("virtualNetworks", "subnets"),
        ("managedInstances", "fullyQualifiedDomainName"),
        ("networkInterfaces", "ipConfigurations"),
        ("virtualMachines", "networkProfile"),
    ],
)
def test_missing_member_makes_unknown(kind: str, member: str) -> None:
    """A member that was not collected is a gap with a way to get it."""
    found = diagnose(partial(kind, member), "vm-app", SOUND.target)
    assert found.verdict is Verdict.UNKNOWN
    assert found.gaps and all(gap.how for gap in found.gaps)


def test_missing_connection_type_does_not_hide_closed_redirect_ports() -> None:
    """With the connection type unknown and the Redirect ports closed, nobody can say reachable."""
    half = case("same-vnet-redirect-half-open")
    resources = copy.deepcopy(half.snapshot().to_dict()["resources"])
    for one in resources:
        if one["type"].endswith("managedInstances"):
            del one["properties"]["proxyOverride"]
    assert diagnose(Snapshot(resources), half.source, half.target).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "change",
    [
        {"access": "Maybe"},
        {"destinationPortRange": "many"},
        {"direction": 5},
        {"sourceAddressPrefix": "NewServiceTag"},
        {"sourceAddressPrefix": None},
        {"priority": "first"},
    ],
)
def test_odd_rule_never_counts_as_absent(change: dict[str, Any]) -> None:
    """A deny rule with an unreadable member may apply: the verdict is not reachable."""
    resources = json.loads(json.dumps(SOUND.snapshot().to_dict()["resources"]))
    rule = {
        "name": "odd", "priority": 100, "direction": "Inbound", "access": "Deny", "protocol": "*", "sourcePortRange": "*",
        "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*",
    } | change  # fmt: skip
    for one in resources:
        if one["name"] == "nsg-mi":
            one["properties"]["securityRules"].append({"name": "odd", "properties": rule})
    assert diagnose(Snapshot(resources), "vm-app", SOUND.target).verdict is not Verdict.REACHABLE


def test_old_subnet_across_regions_is_not_reachable() -> None:
    """Across regions, an instance of before September 2020 is blocked, one without a date is unknown."""
    far = case("peering-global-healthy")
    for created, expected in (
        ("2019-05-01T00:00:00Z", Verdict.BLOCKED),
        (None, Verdict.UNKNOWN),
        ("2020-09-15", Verdict.UNKNOWN),
    ):
        document = copy.deepcopy(far.snapshot().to_dict()["resources"])
        for one in document:
            if one["type"].endswith("managedInstances"):
                one["properties"]["createTime"] = created
        assert expected == diagnose(Snapshot(document), "vm-app", far.target).verdict


def test_network_manager_makes_a_missing_peering_unknown() -> None:
    """Azure Virtual Network Manager can connect VNets without a peering, so its presence forbids saying blocked."""
    missing = case("peering-missing")
    resources = copy.deepcopy(missing.snapshot().to_dict()["resources"])
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkManagers/m"
    resources.append({"id": at, "name": "m", "type": "Microsoft.Network/networkManagers", "properties": {}})
    assert diagnose(Snapshot(resources), missing.source, missing.target).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
@pytest.mark.parametrize("bare", [True, False], ids=["bare list", "kind not claimed"])
def test_any_one_resource_taken_away_never_flips(one: Case, bare: bool) -> None:
    """Whatever single resource is missing, reachable does not become blocked, nor blocked reachable."""
    whole = one.snapshot()
    expected = diagnose(whole, one.source, one.target, one.endpoint).verdict
    for gone in whole.resources:
        rest = [resource for resource in whole.resources if resource is not gone]
        kinds = {type_of(resource).lower() for resource in whole.resources} | OVERLAYS
        claimed = frozenset() if bare else frozenset(kinds - {type_of(gone).lower()})
        snapshot = Snapshot(rest, observations=whole.observations, complete=claimed)
        try:
            found = diagnose(snapshot, one.source, one.target, one.endpoint).verdict
        except InputError:
            continue  # the question itself no longer fits the evidence
        assert found in {expected, Verdict.UNKNOWN}, gone["id"]


def test_security_admin_rules_of_a_network_manager_are_not_ignored() -> None:
    """A network manager with security admin rules may deny what security groups allow."""
    resources = copy.deepcopy(SOUND.snapshot().to_dict()["resources"])
    manager = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkManagers/m"
    resources.append({"id": manager, "name": "m", "type": "Microsoft.Network/networkManagers", "properties": {}})
    assert diagnose(Snapshot(resources, complete=None), "vm-app", SOUND.target).verdict is Verdict.REACHABLE
    rules = f"{manager}/securityAdminConfigurations/base"
    resources.append({"id": rules, "name": "base", "type": "Microsoft.Network/networkManagers/securityAdminConfigurations",
                      "properties": {}})  # fmt: skip
    found = diagnose(Snapshot(resources, complete=None), "vm-app", SOUND.target)
    assert found.verdict is Verdict.UNKNOWN
    assert "list-effective-security-admin-rule" in found.gaps[0].how
