"""Azure Firewall: its place and its network rules, in the order it evaluates them, from a policy or of its own.

Source: "Azure Firewall rule processing logic"; "Azure Firewall Policy rule sets" (a parent policy's rules come first).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.evidence.snapshot import Snapshot, field
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import shell_word

POLICIES = "Microsoft.Network/firewallPolicies"
RULE_GROUPS = "Microsoft.Network/firewallPolicies/ruleCollectionGroups"
IP_GROUPS = "Microsoft.Network/ipGroups"
CLASSIC = ("natRuleCollections", "networkRuleCollections", "applicationRuleCollections")
DEEPEST = 4  # policies above one another; Azure allows two
ANYWHERE = ("*",)


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """A network rule. allows: None where its action or its type is not known. fqdns: destinations by name, which the firewall
    resolves.
    """

    reading: Reading
    name: str
    collection: str
    allows: bool | None
    protocols: tuple[str, ...]
    sources: tuple[str, ...]
    source_groups: tuple[str, ...]
    destinations: tuple[str, ...]
    destination_groups: tuple[str, ...]
    fqdns: tuple[str, ...]
    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FirewallRules:
    """Network rules in order, and what else may decide: translated destinations, application rules for SQL.

    held_in: the rule collection groups they were read from, or the firewall itself.
    """

    network: tuple[FirewallRule, ...]
    translated: tuple[str, ...]
    sql_rules: tuple[str, ...]
    not_translated: tuple[str, ...]
    held_in: tuple[Reading, ...]


def firewall_rules(snapshot: Snapshot, firewall: Reading) -> FirewallRules:
    """The rules of a firewall. Raises MissingEvidence where its policy or a rule collection group was not collected."""
    policy_id = firewall.reference("firewallPolicy")
    if firewall.get("firewallPolicy") is not None and not policy_id:
        raise MissingEvidence(_gap(firewall.document, "network firewall show"))
    if policy_id:
        policies = _policies(snapshot, policy_id)
        groups = [group for policy in policies for group in _groups(snapshot, policy)]
        collections = [one for group in groups for one in _by_priority(_listed(group, "ruleCollections"))]
    else:
        policies, groups = [], [firewall]
        collections = [one for member in CLASSIC for one in _by_priority(_listed(firewall, member))]
    rules = [(collection, rule) for collection in collections for rule in _listed(collection, "rules")]
    return FirewallRules(
        network=tuple(_network_rule(c, r) for c, r in rules if _kind(c, r) not in {"nat", "application"}),
        translated=tuple(t for c, r in rules if _kind(c, r) == "nat" for t in _translated(r)),
        sql_rules=tuple(r.name for c, r in rules if _kind(c, r) == "application" and _for_sql(r)),
        not_translated=_not_translated(policies[-1] if policies else firewall),
        held_in=tuple(groups),
    )


def _listed(holder: Reading, member: str) -> list[Reading]:
    """Elements of a list that decides by what is not in it: raises MissingEvidence where the list itself was not read."""
    if not isinstance(holder.get(member), list):
        raise MissingEvidence(_gap(holder.document, "network firewall show", holder.at(member)))
    return list(holder.children(member))


def _translated(rule: Reading) -> tuple[str, ...]:
    """Destinations of a DNAT rule; any, where the rule does not say."""
    return rule.texts("destinationAddresses") or ANYWHERE


def _policies(snapshot: Snapshot, policy_id: str) -> list[Reading]:
    """The parents first, for their rules are evaluated first; the firewall's own policy is the last."""
    found: list[Reading] = []
    while policy_id and len(found) < DEEPEST:
        raw = snapshot.get(policy_id)
        if raw is None:
            raise MissingEvidence(_gap(policy_id, "network firewall policy show"))
        found.append(Reading(policy_id, "", raw))
        policy_id = found[-1].reference("basePolicy")
    return found[::-1]


def _groups(snapshot: Snapshot, policy: Reading) -> list[Reading]:
    there = [Reading(str(raw.get("id", "")), "", raw) for raw in snapshot.children(policy.document, RULE_GROUPS)]
    seen = {group.document.lower() for group in there}
    listed = [one for one in policy.references("ruleCollectionGroups") if one]
    missing = [one for one in listed if one.lower() not in seen]
    unlisted = not isinstance(policy.get("ruleCollectionGroups"), list)
    if missing or (unlisted and snapshot.absence(RULE_GROUPS, policy.document) != "proven"):
        where = missing[0] if missing else policy.document
        raise MissingEvidence(_gap(where, "network firewall policy rule-collection-group list"))
    return _by_priority(there)


def _gap(resource_id: str, command: str, member: str = "") -> Gap:
    return Gap(
        f"Rules of firewall policy {resource_id}" if not member else f"Member {member} of {resource_id}",
        "The traffic passes an Azure Firewall, which drops what no rule allows.",
        f"az {command} (needs {POLICIES}/read and {RULE_GROUPS}/read), or az resource show --ids {shell_word(resource_id)}",
    )


def _by_priority(readings: Iterable[Reading]) -> list[Reading]:
    """In the order of evaluation. Raises MissingEvidence where one of several has no priority, so that any may come first."""
    found = list(readings)
    unread = next((one for one in found if not isinstance(one.get("priority"), int)), None)
    if unread is not None and len(found) > 1:
        raise MissingEvidence(_gap(unread.document, "network firewall show", unread.at("priority")))
    return sorted(found, key=lambda one: int(one.get("priority") or 0))


def _kind(collection: Reading, rule: Reading) -> str:
    """network | nat | application; a rule of a policy says itself, one of a classic firewall lies in a list for its kind."""
    given = rule.text("ruleType").lower().removesuffix("rule")
    if given:
        return given
    return next(
        (kind for kind in ("nat", "network", "application") if f"/{kind}RuleCollections" in collection.pointer), ""
    )


def _network_rule(collection: Reading, rule: Reading) -> FirewallRule:
    action = collection.get("action")
    word = Reading("", "", action).text("type").lower() if isinstance(action, dict) else ""
    return FirewallRule(
        reading=rule,
        name=rule.name,
        collection=collection.name,
        allows={"allow": True, "deny": False}.get(word) if _kind(collection, rule) == "network" else None,
        protocols=tuple(text.lower() for text in rule.texts("ipProtocols", "protocols")),
        sources=rule.texts("sourceAddresses"),
        source_groups=rule.texts("sourceIpGroups"),
        destinations=rule.texts("destinationAddresses"),
        destination_groups=rule.texts("destinationIpGroups"),
        fqdns=rule.texts("destinationFqdns"),
        ports=rule.texts("destinationPorts"),
    )


def _for_sql(rule: Reading) -> bool:
    """True for an application rule that carries SQL traffic, which the firewall then answers as a proxy."""
    return any(one.text("protocolType").lower() == "mssql" for one in rule.children("protocols"))


def _not_translated(holder: Reading) -> tuple[str, ...]:
    """Destinations for which the source address stays: of a policy in `snat`, of a classic firewall in additionalProperties.

    Source: "Azure Firewall SNAT private IP address ranges".
    """
    snat, classic = holder.get("snat"), holder.get("additionalProperties")
    given = Reading("", "", snat).texts("privateRanges") if isinstance(snat, dict) else ()
    if not given and isinstance(classic, dict):
        text = str(field(classic, "Network.SNAT.PrivateRanges", default="") or "")
        given = tuple(part.strip() for part in text.split(",") if part.strip())
    return given or ("IANAPrivateRanges",)


def group_members(snapshot: Snapshot, group_ids: Iterable[str]) -> Iterator[str]:
    """Address texts of IP groups. Raises MissingEvidence where one was not collected."""
    for group_id in group_ids:
        raw = snapshot.get(group_id)
        if raw is None:
            raise MissingEvidence(Gap(
                f"Addresses of IP group {group_id}",
                "A rule of the firewall on the path uses it.",
                f"az network ip-group show --ids {shell_word(group_id)} -o json (needs {IP_GROUPS}/read)",
            ))  # fmt: skip
        yield from Reading(group_id, "", raw).texts("ipAddresses") or ("",)  # not listed: perhaps any address
