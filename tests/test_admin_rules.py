"""Security admin rules of a network manager, as Azure named them for a VNet: they come before security groups."""

from __future__ import annotations

from typing import Any

import pytest
from arm import Json, instance, nic, nsg, peered, resource, rule, subnet, vnet, vnet_id

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import Diagnosis, diagnose
from mi_workbook.evidence.snapshot import Snapshot, from_document

MANAGER = resource("networkManagers", "nm")


def admin(access: str, priority: int = 10, direction: str = "Outbound", manager: str = "nm", **more: Any) -> Json:
    """A rule in force on TCP 1433 from and to anywhere."""
    where = f"/x/networkManagers/{manager}/securityAdminConfigurations/c/ruleCollections/k/rules/{access}{priority}"
    every = [{"addressPrefix": "*", "addressPrefixType": "IPPrefix"}]
    return {"id": where, "kind": "Custom", "properties": {
        "access": access, "priority": priority, "direction": direction, "protocol": "Tcp", "sources": every, "destinations": every,
        "sourcePortRanges": ["0-65535"], "destinationPortRanges": ["1433"], **more}}  # fmt: skip


def verdict(
    *rules: Json,
    group: tuple[Json, ...] = (),
    vnet_name: str = "a",
    value: Any = None,
    extra: tuple[Json, ...] = (MANAGER,),
) -> Verdict:
    """The verdict from an app in a to an instance in the peered b, with these rules shown for a VNet."""
    resources = [
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.1.0/24", "n")}, {"b": peered(["10.2.0.0/16"])}),
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27")}, {"a": peered(["10.1.0.0/16"])}),
        nsg("n", *group), nic("vm", "10.1.1.4", "a/app"), instance("b/mi"), *extra,
    ]  # fmt: skip
    shown = [{"kind": "effectiveSecurityAdminRules", "about": vnet_id(name), "at": "", "format": "json",
              "value": (value if value is not None else {"value": list(rules)}) if name == vnet_name else {"value": []}}
             for name in ("a", "b")]  # fmt: skip
    return diagnose(Snapshot(resources, observations=shown, complete=None), "vm", "mi").verdict


DENIES = (rule("no", 100, "Deny", "Outbound"),)


@pytest.mark.parametrize(
    ("rules", "group", "expected"),
    [
        pytest.param([], (), Verdict.REACHABLE, id="none in force"),
        pytest.param([admin("Deny")], (), Verdict.BLOCKED, id="deny is final"),
        pytest.param([admin("Allow")], DENIES, Verdict.BLOCKED, id="allow leaves the groups to decide"),
        pytest.param([admin("AlwaysAllow")], DENIES, Verdict.REACHABLE, id="always allow skips the groups"),
        pytest.param([admin("Deny", 20), admin("AlwaysAllow", 10)], DENIES, Verdict.REACHABLE, id="lower number first"),
        pytest.param([admin("Deny", 10), admin("AlwaysAllow", 20)], (), Verdict.BLOCKED, id="deny with the lower number"),
        pytest.param([admin("Deny", direction="Inbound")], (), Verdict.REACHABLE, id="other direction"),
        pytest.param([admin("Deny", protocol="Udp")], (), Verdict.REACHABLE, id="other protocol"),
        pytest.param([admin("Deny", protocol="Any")], (), Verdict.BLOCKED, id="any protocol"),
        pytest.param([admin("Deny", destinationPortRanges=["22"])], (), Verdict.REACHABLE, id="other port"),
        pytest.param([admin("Deny", destinationPortRanges=["sql"])], (), Verdict.UNKNOWN, id="port that is none"),
        pytest.param([admin("Maybe")], (), Verdict.UNKNOWN, id="access that is none"),
        pytest.param([admin("Deny", sources=[{"addressPrefix": "g", "addressPrefixType": "NetworkGroup"}])], (), Verdict.UNKNOWN, id="group"),
        pytest.param([admin("Deny", destinations=[{"addressPrefix": "10.2.0.0/28", "addressPrefixType": "IPPrefix"}])], (),
                     Verdict.UNKNOWN, id="half of the instance's subnet"),
        pytest.param([admin("AlwaysAllow", destinations=[{"addressPrefix": "10.2.0.0/28", "addressPrefixType": "IPPrefix"}])], DENIES,
                     Verdict.UNKNOWN, id="delivers half, the group denies the rest"),
        pytest.param([admin("Deny"), admin("AlwaysAllow", manager="other")], (), Verdict.UNKNOWN, id="two managers"),
    ],
)  # fmt: skip
def test_rules_in_force_decide_before_security_groups(
    rules: list[Json], group: tuple[Json, ...], expected: Verdict
) -> None:
    """Allow, AlwaysAllow and Deny, in the order of their priorities."""
    assert verdict(*rules, group=group) is expected


@pytest.mark.parametrize("value", [{"value": [], "skipToken": "more"}, {"value": [{"id": "/x"}]}])
def test_answer_that_is_cut_or_damaged_is_unknown(value: Json) -> None:
    """Half a list is no list."""
    assert verdict(value=value) is Verdict.UNKNOWN


def configuration(*applied: str) -> Json:
    """A security admin configuration; by default it spares VNets with network intent policies."""
    policies = {"applyOnNetworkIntentPolicyBasedServices": list(applied)} if applied else {}
    return {"id": f"{MANAGER['id']}/securityAdminConfigurations/c", "name": "c",
            "type": "Microsoft.Network/networkManagers/securityAdminConfigurations", "properties": policies}  # fmt: skip


@pytest.mark.parametrize(("applied", "expected"), [((), Verdict.REACHABLE), (("None",), Verdict.REACHABLE), (("All",), Verdict.UNKNOWN),
                                                  (("AllowRulesOnly",), Verdict.UNKNOWN)])  # fmt: skip
def test_vnet_of_an_instance_is_spared_by_default(applied: tuple[str, ...], expected: Verdict) -> None:
    """Not applied where a service has network intent policies, unless the configuration says so."""
    home = vnet("v", ["10.0.0.0/16"], {"mi": subnet("10.0.0.0/27"), "app": subnet("10.0.1.0/24")})
    resources = [home, nic("vm", "10.0.1.4", "v/app"), instance("v/mi"), MANAGER, configuration(*applied)]
    assert diagnose(Snapshot(resources, complete=None), "vm", "mi").verdict is expected


def test_rules_shown_for_this_vnet_under_another_id_are_unknown() -> None:
    """A VNet out of an exported template has no real id: what was shown for one of its name may be its own."""
    resources = [
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.1.0/24"), "mi": subnet("10.1.2.0/27")}),
        nic("vm", "10.1.1.4", "a/app"), instance("a/mi"),
    ]  # fmt: skip
    other = "/subscriptions/real/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/"

    def asked(name: str) -> Verdict:
        shown = [{"kind": "effectiveSecurityAdminRules", "about": other + name, "value": {"value": [admin("Deny")]}}]
        return diagnose(Snapshot(resources, observations=shown, complete=None), "vm", "mi").verdict

    assert asked("a") is Verdict.UNKNOWN
    assert asked("elsewhere") is Verdict.REACHABLE


def _without_the_rules_in_force(case_id: str) -> Diagnosis:
    one = case(case_id)
    document = one.snapshot().to_dict()
    document["observations"] = [o for o in document["observations"] if o["kind"] != "effectiveSecurityAdminRules"]
    return diagnose(from_document(document), one.source, one.target, one.endpoint)


@pytest.mark.parametrize("case_id", ["admin-rule-denies", "peering-healthy", "peering-reply-through-appliance"])
def test_an_answer_that_takes_admin_rules_to_be_none_says_so(case_id: str) -> None:
    """A list without network managers does not show those of a central team's subscription, so both answers bear a note."""
    assert any("security admin rules" in note for note in _without_the_rules_in_force(case_id).confidence_notes)
    one = case(case_id)
    asked = diagnose(one.snapshot(), one.source, one.target, one.endpoint)
    assert not any("Nobody asked Azure which security admin rules" in note for note in asked.confidence_notes)


def test_a_vnet_that_holds_an_instance_needs_no_such_note() -> None:
    """By default admin rules are not applied there."""
    found = _without_the_rules_in_force("same-vnet-healthy")
    assert found.verdict is Verdict.REACHABLE
    assert not any("security admin rules" in note for note in found.confidence_notes)
