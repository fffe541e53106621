"""Network security groups: rules in evaluation order, default rules included."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.network.reading import Reading

# Source: "Network security groups", section "Default security rules". Used where a collection left
# properties.defaultSecurityRules out: Azure always applies them and they cannot be removed.
DEFAULTS = (
    ("AllowVnetInBound", "Inbound", 65000, "VirtualNetwork", "VirtualNetwork", "Allow"),
    ("AllowAzureLoadBalancerInBound", "Inbound", 65001, "AzureLoadBalancer", "*", "Allow"),
    ("DenyAllInBound", "Inbound", 65500, "*", "*", "Deny"),
    ("AllowVnetOutBound", "Outbound", 65000, "VirtualNetwork", "VirtualNetwork", "Allow"),
    ("AllowInternetOutBound", "Outbound", 65001, "*", "Internet", "Allow"),
    ("DenyAllOutBound", "Outbound", 65500, "*", "*", "Deny"),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A security rule. sources, destinations and ports unite the singular and plural members."""

    reading: Reading
    name: str
    priority: int
    direction: str
    access: str
    protocol: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    source_groups: tuple[str, ...]
    destination_groups: tuple[str, ...]
    ports: tuple[str, ...]
    source_ports: tuple[str, ...]

    @property
    def is_default(self) -> bool:
        """True for the rules that Azure adds itself."""
        return self.priority >= 65000


@dataclass(frozen=True, slots=True)
class Nsg:
    """Microsoft.Network/networkSecurityGroups, rules by ascending priority."""

    reading: Reading
    id: str
    name: str
    rules: tuple[Rule, ...]

    def toward(self, direction: str) -> tuple[Rule, ...]:
        """Rules of one direction, in the order Azure evaluates them; a rule whose direction is unreadable is in both."""
        other = {"inbound": "outbound", "outbound": "inbound"}[direction.lower()]
        return tuple(rule for rule in self.rules if rule.direction.lower() != other)


def read_nsg(reading: Reading, separate: list[Reading]) -> Nsg:
    """A network security group with rules that are inline or separate resources."""
    seen = {rule.id.lower() for rule in reading.children("securityRules") if rule.id}
    readings = [*reading.children("securityRules"), *(r for r in separate if r.id.lower() not in seen)]
    defaults = [read_rule(child) for child in reading.children("defaultSecurityRules")] or _defaults(reading)
    rules = [read_rule(child) for child in readings]
    ordered = sorted([*rules, *defaults], key=lambda rule: rule.priority)
    return Nsg(reading, reading.id, reading.name, tuple(ordered))


def read_rule(reading: Reading) -> Rule:
    """A rule; a member of a type that ARM does not document reads as absent."""
    priority = reading.get("priority")
    return Rule(
        reading=reading,
        name=reading.name,
        priority=priority if isinstance(priority, int) else -1,
        direction=reading.text("direction"),
        access=reading.text("access"),
        protocol=reading.text("protocol"),
        sources=reading.texts("sourceAddressPrefix", "sourceAddressPrefixes"),
        destinations=reading.texts("destinationAddressPrefix", "destinationAddressPrefixes"),
        source_groups=reading.references("sourceApplicationSecurityGroups"),
        destination_groups=reading.references("destinationApplicationSecurityGroups"),
        ports=reading.texts("destinationPortRange", "destinationPortRanges"),
        source_ports=reading.texts("sourcePortRange", "sourcePortRanges"),
    )


def _defaults(nsg: Reading) -> list[Rule]:
    return [
        Rule(nsg, name, priority, direction, access, "*", (src,), (dst,), (), (), ("*",), ("*",))
        for name, direction, priority, src, dst, access in DEFAULTS
    ]
