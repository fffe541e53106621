"""Azure Firewall and security admin rules as nftables text.

"Azure Firewall rule processing logic": network rules by the priority of their group and collection, the first that
matches decides, nothing matching is denied. "Security admin rules in Azure Virtual Network Manager": looked at before any
security group; Deny ends it, Allow goes on to the groups, AlwaysAllow leaves them out.
"""

from __future__ import annotations

from typing import Any

from lab.estate import Estate, Json, Unbuildable, low
from lab.guard import port_range

TCP = {"tcp", "any", "*"}


def admin_chains(estate: Estate, vnet: str) -> dict[str, str]:
    """For each direction with rules in force on a VNet: the lines of a chain."""
    found: dict[str, list[tuple[int, str]]] = {}
    for seen in estate.observations:
        if seen["kind"] != "effectiveSecurityAdminRules" or low(seen["about"]) != vnet:
            continue
        for raw in seen["value"]["value"]:
            inner = raw["properties"]
            does = {"deny": "drop;", "allow": "return;", "alwaysallow": "accept;"}[inner["access"].lower()]
            if inner["protocol"].lower() in TCP:
                line = _match(
                    _prefixes(inner["sources"]), _prefixes(inner["destinations"]), inner["destinationPortRanges"]
                )
                found.setdefault(inner["direction"].lower(), []).append((inner["priority"], f"{line} {does}"))
    return {toward: "\n".join(line for _, line in sorted(lines)) for toward, lines in found.items()}


def _prefixes(ends: list[Json]) -> list[str]:
    if any(one["addressPrefixType"].lower() != "ipprefix" for one in ends):
        raise Unbuildable("a service tag in a security admin rule")
    return [one["addressPrefix"] for one in ends]


def firewall_at(estate: Estate, address: str) -> str:
    """nftables of the firewall that has this address, "" where none has."""
    for one in estate.of("azurefirewalls"):
        inner = one["properties"]
        if address in [c["properties"].get("privateIPAddress") for c in inner.get("ipConfigurations", [])]:
            lines = "\n".join(_classic(inner) if not inner.get("firewallPolicy") else _policy(estate, inner))
            return ("table ip firewall {\nchain at_forward { type filter hook forward priority 5; policy accept;\n"
                    f"ct state established,related accept;\n{lines}\ndrop;\n}}\n}}\n")  # fmt: skip
    return ""


def _classic(firewall: Json) -> list[str]:
    held = sorted((one["properties"] for one in firewall.get("networkRuleCollections") or []), key=_priority)
    return [line for one in held for line in _rules(one, one.get("rules", []), "protocols")]


def _priority(one: Json) -> int:
    return int(one["priority"])


def _policy(estate: Estate, firewall: Json) -> list[str]:
    at = low(firewall["firewallPolicy"])
    policy = estate.by_id.get(at)
    if policy is None or policy["properties"].get("basePolicy"):
        raise Unbuildable("a firewall policy that was not collected, or that has a parent")
    named = {low(one) for one in policy["properties"].get("ruleCollectionGroups", [])}
    if not all(one in estate.by_id for one in named):
        raise Unbuildable("a group of firewall rules that was not collected")
    groups = sorted((estate.by_id[one]["properties"] for one in named), key=_priority)
    lines = []
    for group in groups:
        for one in sorted(group.get("ruleCollections", []), key=_priority):
            network = [rule for rule in one.get("rules", []) if rule.get("ruleType") == "NetworkRule"]
            lines += _rules(one, network, "ipProtocols")
    return lines


def _rules(collection: Json, rules: list[Json], member: str) -> list[str]:
    does = {"allow": "accept;", "deny": "drop;"}[collection["action"]["type"].lower()]
    lines = []
    for rule in rules:
        for odd in ("sourceIpGroups", "destinationIpGroups", "destinationFqdns"):
            if rule.get(odd):
                raise Unbuildable(f"{odd} in a firewall rule")
        if {one.lower() for one in rule[member]} & TCP:
            match = _match(rule["sourceAddresses"], rule["destinationAddresses"], rule["destinationPorts"])
            lines.append(f"{match} {does}")
    return lines


def _match(sources: list[str], destinations: list[str], ports: list[Any]) -> str:
    parts = []
    for word, held in (("saddr", sources), ("daddr", destinations)):
        if "*" not in held:
            parts.append(f"ip {word} {{ {', '.join(held)} }}")
    ranges = sorted({port_range(one) for one in ports})
    if (0, 65535) not in ranges:
        parts.append(f"tcp dport {{ {', '.join(f'{a}-{b}' for a, b in ranges)} }}")
    return " ".join(parts)
