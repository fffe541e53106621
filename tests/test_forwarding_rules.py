"""DNS forwarding rulesets: which server answers for the name from a VNet, and with whose private zones."""

from __future__ import annotations

import pytest
from arm import BASE, Json, instance, joined, nic, peered, private_endpoint, resource, subnet, vnet, vnet_id

from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot

RULESET = f"{BASE}/dnsForwardingRulesets/rules"
ZONE = "privatelink.abc123.database.windows.net"


def link(owner: str, kind: str, to: str) -> Json:
    """A link of a zone or ruleset to a VNet."""
    return {"id": f"{owner}/virtualNetworkLinks/{to}", "name": to, "type": f"Microsoft.Network/{kind}/virtualNetworkLinks",
            "properties": {"virtualNetwork": {"id": vnet_id(to)}}}  # fmt: skip


def forward(name: str, domain: str, server: str, state: str = "Enabled") -> Json:
    """A forwarding rule."""
    return {"id": f"{RULESET}/forwardingRules/{name}", "name": name, "type": "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
            "properties": {"domainName": domain, "targetDnsServers": [{"ipAddress": server, "port": 53}], "forwardingRuleState": state}}  # fmt: skip


def estate(*rules: Json, linked: bool = True) -> list[Json]:
    """An app and a private endpoint in a; the hub's resolver at 10.9.0.4 sees the zone, a does not."""
    zone = resource("privateDnsZones", ZONE)
    resolver = resource("dnsResolvers", "res", virtualNetwork={"id": vnet_id("hub")})
    inbound = {"id": f"{resolver['id']}/inboundEndpoints/in", "name": "in", "type": "Microsoft.Network/dnsResolvers/inboundEndpoints",
               "properties": {"ipConfigurations": [{"privateIpAddress": "10.9.0.4"}]}}  # fmt: skip
    record = {"id": f"{zone['id']}/A/mi", "name": "mi", "type": "Microsoft.Network/privateDnsZones/A",
              "properties": {"aRecords": [{"ipv4Address": "10.1.5.4"}]}}  # fmt: skip
    return joined([
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.0.0/24"), "pe": subnet("10.1.5.0/24")}, {"hub": peered(["10.9.0.0/16"])}),
        vnet("hub", ["10.9.0.0/16"], {"dns": subnet("10.9.0.0/24")}, {"a": peered(["10.1.0.0/16"])}),
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27")}),
        nic("vm", "10.1.0.4", "a/app"), instance("b/mi"), private_endpoint("pe", "a/pe", "10.1.5.4"), zone, record,
        link(zone["id"], "privateDnsZones", "hub"), resolver, inbound, *rules,
        *([link(RULESET, "dnsForwardingRulesets", "a")] if linked else []),
    ])  # fmt: skip


def ask(resources: list[Json], complete: frozenset[str] | None = None) -> Diagnosis:
    """From the app to the instance by its name."""
    return diagnose(Snapshot(resources, complete=complete), "vm", "mi.abc123.database.windows.net")


def test_rule_to_the_hubs_resolver_answers_with_the_hubs_zones() -> None:
    """A spoke needs no link to the zone then."""
    found = ask(estate(forward("r", f"{ZONE}.", "10.9.0.4")))
    assert (found.verdict, found.endpoint) == (Verdict.REACHABLE, "private")


def test_without_a_link_the_rule_is_not_used() -> None:
    """The public record answers, and no way leads to the instance's own address."""
    found = ask(estate(forward("r", f"{ZONE}.", "10.9.0.4"), linked=False))
    assert (found.verdict, found.endpoint) == (Verdict.BLOCKED, "vnet-local")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([forward("r", f"{ZONE}.", "10.9.0.4", "Disabled")], Verdict.BLOCKED),
        (
            [forward("wide", ".", "10.77.0.4"), forward("r", "abc123.database.windows.net.", "10.9.0.4")],
            Verdict.REACHABLE,
        ),
        ([forward("other", "contoso.com.", "10.77.0.4")], Verdict.BLOCKED),
    ],
)
def test_enabled_rule_with_the_longest_suffix_is_used(rules: list[Json], expected: Verdict) -> None:
    """Disabled rules are passed over; a dot alone is any name; other domains do not matter."""
    assert ask(estate(*rules)).verdict is expected


@pytest.mark.parametrize("rules", [[forward("wide", ".", "10.77.0.4")], [forward("r", f"{ZONE}.", "10.77.0.4")]])
def test_rule_to_a_server_that_is_not_in_the_evidence_is_unknown(rules: list[Json]) -> None:
    """What a server of one's own answers is not in Azure."""
    found = ask(estate(*rules))
    assert found.verdict is Verdict.UNKNOWN and "10.77.0.4" in found.gaps[0].why


def test_linked_ruleset_whose_rules_were_not_collected_is_unknown() -> None:
    """A rule of it may take the name elsewhere."""
    kinds = {str(one["type"]).lower() for one in estate(forward("r", ".", "10.77.0.4"))}
    claimed = frozenset(kinds - {"microsoft.network/dnsforwardingrulesets/forwardingrules"})
    assert ask(estate(), claimed).verdict is Verdict.UNKNOWN


def test_rules_that_forward_in_a_circle_come_to_an_end() -> None:
    """The hub's view is linked to the same ruleset."""
    resources = estate(forward("r", ".", "10.9.0.4"))
    resources = [one for one in resources if "virtualNetworkLinks/hub" not in one["id"]]
    circle = [*resources, link(RULESET, "dnsForwardingRulesets", "hub")]
    assert ask(circle).verdict is Verdict.UNKNOWN
