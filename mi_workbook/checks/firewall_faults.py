"""Faults at an Azure Firewall: no rule lets the traffic through, or it sees half of a connection."""

from __future__ import annotations

from collections.abc import Mapping

from mi_workbook.checks.check import Found, Subject
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import Ranges, show_addresses, show_ports
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.network.firewall import RULE_GROUPS
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import last, segment

NAME = "allow-sqlmi"
PRIORITIES = range(100, 65_001)


def denied(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """No network rule allows it: the rule that would, in the firewall's own policy or in the firewall itself."""
    firewall = Reading(decision.by, "", subject.network.snapshot.get(decision.by) or {})
    policy_id = firewall.reference("firewallPolicy")
    closed = _closed(subject, decision)
    values = {
        "firewall": firewall.name,
        "group": segment(policy_id or decision.by, "resourceGroups"),
        "ports": show_ports(closed),
        "source_prefix": show_addresses(trace.flow.source),
        "prefix": show_addresses(trace.flow.destination),
    }
    rule = {
        "name": NAME,
        "sourceAddresses": values["source_prefix"].split(", "),
        "destinationAddresses": values["prefix"].split(", "),
        "destinationPorts": values["ports"].split(", "),
    }
    if policy_id:
        return _in_policy(subject, decision, policy_id, rule, values)
    return _in_firewall(firewall, decision, rule, values)


def _closed(subject: Subject, decision: Decision) -> Ranges:
    """All required ports that this firewall denies, so that one rule mends them together."""
    closed = Ranges()
    for trace in subject.traces:
        if any(d.by == decision.by and d.cause is Cause.FIREWALL_DENY for d in trace.decisions):
            closed = closed | trace.flow.ports
    return closed


def _in_policy(
    subject: Subject, decision: Decision, policy_id: str, rule: Mapping[str, object], values: dict[str, str]
) -> Found:
    groups = [
        Reading(str(raw.get("id", "")), "", raw) for raw in subject.network.snapshot.children(policy_id, RULE_GROUPS)
    ]
    first = min(groups, key=_priority, default=None)
    values |= {"policy": last(policy_id), "collection_group": first.name if first else "", "priority": ""}
    free = _free(list(first.children("ruleCollections"))) if first else None
    changes: tuple[Change, ...] = ()
    if first is not None and free is not None:
        values["priority"] = str(free)
        value = {
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": NAME, "priority": free,
            "action": {"type": "Allow"}, "rules": [{"ruleType": "NetworkRule", "ipProtocols": ["TCP"], **rule}],
        }  # fmt: skip
        changes = (Change(first.id, f"{first.at('ruleCollections')}/-", value),)
    return Found("rt-firewall-denies", policy_id, decision.evidence, values, changes, decision)


def _in_firewall(firewall: Reading, decision: Decision, rule: Mapping[str, object], values: dict[str, str]) -> Found:
    free = _free(list(firewall.children("networkRuleCollections")))
    changes: tuple[Change, ...] = ()
    values["priority"] = ""
    if free is not None:
        values["priority"] = str(free)
        inner = {"priority": free, "action": {"type": "Allow"}, "rules": [{"protocols": ["TCP"], **rule}]}
        changes = (
            Change(firewall.id, f"{firewall.at('networkRuleCollections')}/-", {"name": NAME, "properties": inner}),
        )
    return Found("rt-firewall-denies-classic", firewall.id, decision.evidence, values, changes, decision)


def _priority(reading: Reading) -> int:
    value = reading.get("priority")
    return value if isinstance(value, int) else PRIORITIES.stop


def _free(collections: list[Reading]) -> int | None:
    """A priority before all the others; None where there is none."""
    taken = [_priority(one) for one in collections]
    before = min(taken, default=201) - 1
    return before if before in PRIORITIES else None
