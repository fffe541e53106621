"""What the evidence shows and this engine does not work out: members (unmodelled.toml) and DNS security policies.

Judged last, as what lies outside of Azure is: a block that is certain stays a block.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.evidence import Gap
from mi_workbook.core.trace import Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import field, type_of
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import Network
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, last, parent, shell_word

POLICY_LINKS = "Microsoft.Network/dnsResolverPolicies/virtualNetworkLinks"
POLICY_RULES = "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules"


@cache
def _table() -> tuple[dict[str, Any], ...]:
    text = (Path(__file__).parent / "unmodelled.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["member"])


def odd_members(network: Network, ids: tuple[str, ...]) -> list[Decision]:
    """Unknown for each member of these resources whose effect is not worked out."""
    found = [network.snapshot.get(one) for one in dict.fromkeys(key(one) for one in ids if one)]
    return [decision for raw in found if raw is not None for decision in _of_resource(raw)]


def _of_resource(raw: dict[str, Any]) -> Iterator[Decision]:
    kind, reading = type_of(raw).lower(), Reading(str(raw.get("id", "")), "", raw)
    for member in _table():
        value = _value(reading, member["at"])
        on = "when" not in member or _value(reading, member["when"]) == "true"
        if member["kind"].lower() != kind or not value or value in member["fine"] or not on:
            continue
        shown = {"name": reading.name, "id": reading.id, "value": value}
        why = member["says"].format(**shown)
        gap = Gap(f"What {'.'.join(member['at'])} of {reading.name} does", why, member["how"].format(**shown))
        evidence = (reading.evidence(member["at"][0]),)
        yield Decision("setting", reading.id, Verdict.UNKNOWN, why, evidence, gap=gap)


def _value(reading: Reading, path: list[str]) -> str:
    """A scalar member at a path in lower case, "" where absent."""
    value: Any = reading.members
    for step in path:
        value = field(value, step) if isinstance(value, dict) else None
    return "" if value is None or isinstance(value, dict | list) else str(value).lower()


def name_policies(network: Network, vnet_id: str, instance: ManagedInstance) -> list[Decision]:
    """Unknown where a DNS security policy of the client's VNet may keep the instance's name from being answered.

    Source: "DNS security policy": rules allow, alert or block queries for the domains of their lists.
    """
    found = []
    for raw in network.snapshot.of_type(POLICY_LINKS):
        link = Reading(str(raw.get("id", "")), "", raw)
        if key(link.reference("virtualNetwork")) != key(vnet_id):
            continue
        policy = parent(link.id)
        why = _may_block(network, policy, instance)
        if why:
            gap = Gap(f"What DNS security policy {last(policy)} answers for {instance.asked}", why, f"az rest --method get --url {shell_word(policy + '/dnsSecurityRules?api-version=2025-05-01')}, and nslookup {instance.asked} on the client")  # fmt: skip
            found.append(Decision("name", policy, Verdict.UNKNOWN, why, (link.whole(),), gap=gap))
    return found


def _may_block(network: Network, policy: str, instance: ManagedInstance) -> str:
    """Why the policy may keep the name from being answered, "" where it cannot."""
    rules = [Reading(str(raw.get("id", "")), "", raw) for raw in network.snapshot.children(policy, POLICY_RULES)]
    if not rules and network.snapshot.absence(POLICY_RULES, policy) != "proven":
        return f"The rules of DNS security policy {last(policy)}, which is linked to the client's network, are not in the evidence."
    for rule in rules:
        action = rule.get("action")
        blocks = not isinstance(action, dict) or str(field(action, "actionType") or "").lower() not in {
            "allow",
            "alert",
        }
        if rule.text("dnsSecurityRuleState").lower() == "disabled" or not blocks:
            continue
        for list_id in rule.references("dnsResolverDomainLists"):
            if _may_hold(network, list_id, instance):
                return f"Rule {rule.name} of DNS security policy {last(policy)} blocks the names of list {last(list_id)}, and the instance's name may be one of them."
    return ""


def _may_hold(network: Network, list_id: str, instance: ManagedInstance) -> bool:
    raw = network.snapshot.get(list_id)
    domains = Reading(list_id, "", raw).texts("domains") if raw is not None else ()
    if not domains:
        return True
    plain = [domain.lower().strip(".") for domain in domains]
    names = [one for one in (instance.fqdn, instance.public_fqdn) if one]
    chain = "database.windows.net"  # the names behind the instance's own end with it, too
    return not names or any(
        not domain or domain.endswith(chain) or any(name == domain or name.endswith(f".{domain}") for name in names)
        for domain in plain
    )
