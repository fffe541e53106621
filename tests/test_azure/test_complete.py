"""What lies on a path is read whole: rules of firewall policies, DNS rulesets, admin rules, certificates of web apps."""

import copy
import json
from typing import Any

import pytest

from benchmarks.collect import SOURCE, TARGET, estate
from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import collect_path
from mi_workbook.evidence.secrets import scrub
from mi_workbook.network.network import PLAN_CONNECTIONS
from tests.test_azure.arm_server import FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-app/providers"
RULESET = f"{GROUP}/Microsoft.Network/dnsForwardingRulesets/corp"


def refused(handler: Handler) -> None:
    """The account may not."""
    handler.say(403, refusal("AuthorizationFailed"))


def ruleset(vnet: str, domain: str) -> list[dict[str, Any]]:
    """A forwarding ruleset with one rule, linked to a VNet."""
    return [
        {"id": RULESET, "name": "corp", "type": "Microsoft.Network/dnsForwardingRulesets", "properties": {}},
        {"id": f"{RULESET}/virtualNetworkLinks/l", "name": "l",
         "type": "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",
         "properties": {"virtualNetwork": {"id": vnet}}},
        {"id": f"{RULESET}/forwardingRules/r", "name": "r",
         "type": "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
         "properties": {"domainName": domain, "forwardingRuleState": "Enabled",
                        "targetDnsServers": [{"ipAddress": "10.9.9.9", "port": 53}]}},
    ]  # fmt: skip


def test_first_verdict_in_an_estate_of_500_networks(serve) -> None:
    """At most 15 requests until the first verdict, with five subscriptions."""
    got = collect_path(FakeCredential(), SOURCE, TARGET, settings=serve(estate(500, 0.0), seconds=120.0, slow=30.0))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.REACHABLE
    assert got.first <= 15


@pytest.mark.parametrize("what", ["virtualNetworkLinks", "forwardingRules"])
def test_ruleset_that_cannot_be_read_is_no_absence(what: str, serve) -> None:
    """A ruleset may send the name elsewhere: refused is unknown, with the action to ask for."""
    one = case("peering-healthy")
    found = estate_of(one)
    vnet = next(r["id"] for r in found.resources if r["name"] == "vnet-app")
    found.resources += ruleset(vnet, "database.windows.net.")
    found.faults = [Fault(f"{what}", refused)]
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(found))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN
    assert any(f"dnsForwardingRulesets/{what}/read" in gap.how for gap in got.gaps)


def test_ruleset_for_another_domain_changes_nothing(serve) -> None:
    """Its links and rules were read, and none of them takes the instance's name."""
    one = case("peering-healthy")
    found = estate_of(one)
    vnet = next(r["id"] for r in found.resources if r["name"] == "vnet-app")
    found.resources += ruleset(vnet, "corp.example.")
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(found))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.REACHABLE
    assert got.snapshot.absence("Microsoft.Network/dnsForwardingRulesets/forwardingRules") == "proven"


MANAGER = {
    "id": "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-gov/providers/Microsoft.Network/networkManagers/nm-corp",
    "name": "nm-corp", "type": "Microsoft.Network/networkManagers", "location": "westeurope",
    "properties": {"networkManagerScopeAccesses": ["SecurityAdmin"]},
}  # fmt: skip


def test_admin_rules_of_a_manager_that_nobody_may_see_are_asked_for(serve) -> None:
    """A central team's manager stands in a subscription that the account cannot read; what is in force on the VNet shows it."""
    one = case("admin-rule-denies")
    found = estate_of(one)
    assert not any(r["type"].endswith("networkManagers") for r in found.resources)
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(found))
    assert got.diagnosis and got.diagnosis.root_cause == "admin-rule-denies"
    found.faults = [Fault("listNetworkManagerEffective", refused)]
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(found))
    assert got.diagnosis and any("security admin rules" in note for note in got.diagnosis.confidence_notes)
    assert any("listNetworkManagerEffectiveSecurityAdminRules/action" in gap.how for gap in got.gaps)


def test_admin_rules_that_may_not_be_asked_for_leave_the_path_unknown(serve) -> None:
    """A network manager is there, and its rules come before security groups."""
    one = case("peering-healthy")
    found = estate_of(one)
    found.resources.append(copy.deepcopy(MANAGER))
    found.faults = [Fault("listNetworkManagerEffective", refused), Fault("securityAdminConfigurations", refused)]
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(found))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN
    assert any("listNetworkManagerEffectiveSecurityAdminRules/action" in gap.how for gap in got.gaps)


def test_rules_of_a_policy_that_cannot_be_read_leave_the_firewall_unknown(serve) -> None:
    """An Azure Firewall drops what no rule allows, and the rules are not known."""
    one = case("hub-firewall-sound")
    found = estate_of(one, faults=[Fault("ruleCollectionGroups", refused)])
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(found))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN
    assert any("ruleCollectionGroups/read" in gap.how for gap in got.gaps)


@pytest.mark.parametrize("name", ["app-service-not-integrated", "app-gateway-sound"])
def test_connections_of_an_app_that_cannot_be_read_are_no_absence(name: str, serve) -> None:
    """Whether the app is joined to a VNet is unknown then."""
    one = case(name)
    found = estate_of(one, faults=[Fault("virtualNetworkConnections|networkConfig", refused)])
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(found))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN


def test_certificate_is_kept_and_anything_more_is_not() -> None:
    """certBlob is public; a file that holds a private key beside it is dropped."""
    raw = next(
        r for r in case("app-gateway-cert-expired").snapshot().resources if "certBlob" in r.get("properties", {})
    )
    blob = raw["properties"]["certBlob"]
    assert scrub(raw)["properties"]["certBlob"] == blob
    for other in ("AAAA", blob[:40], f"{blob}{blob}", "-----BEGIN PRIVATE KEY-----", {"a": 1}, 7):
        assert "certBlob" not in json.dumps(scrub({"certBlob": other}))


CONNECTIONS = "Microsoft.Web/sites/virtualNetworkConnections"


@pytest.mark.parametrize("name", ["app-gateway-sound", "app-gateway-routes-static-only"])
@pytest.mark.parametrize("refuse", [False, True])
def test_routes_that_the_app_does_not_tell_are_those_of_its_plan(name: str, refuse: bool, serve) -> None:
    """The plan keeps them: the same answer as where the app tells them; refused, they stay unknown with the action."""
    one = case(name)
    found = estate_of(one)
    for connection in [r for r in found.resources if r["type"] == CONNECTIONS]:
        plan = next(r for r in found.resources if r["type"].lower() == "microsoft.web/serverfarms")["id"]
        copied = copy.deepcopy(connection)
        copied |= {"id": f"{plan}/virtualNetworkConnections/{connection['name']}", "type": PLAN_CONNECTIONS}
        found.resources.append(copied)
        connection["properties"]["routes"] = None
    found.faults = [Fault("^GET .*serverfarms/.*virtualNetworkConnections", refused)] if refuse else []
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(found))
    assert got.diagnosis is not None and got.first <= 15
    if refuse:
        assert got.diagnosis.verdict is Verdict.UNKNOWN
        assert any("serverfarms/virtualNetworkConnections/read" in gap.how for gap in got.gaps)
    else:
        assert (got.diagnosis.verdict, got.diagnosis.root_cause) == (one.verdict, one.root_cause or None)
