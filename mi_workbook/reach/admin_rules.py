"""Security admin rules of Azure Virtual Network Manager, which are evaluated before network security groups.

Source: "Security admin rules in Azure Virtual Network Manager", sections "The order of evaluation" and "Network intent policies
and security admin rules" (by default they are not applied to virtual networks that hold a managed instance).
"""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import EVERY_ADDRESS, NOTHING, Ranges
from mi_workbook.core.trace import Cause, Decision, Flow
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.network import NETWORK_MANAGERS, Network
from mi_workbook.network.observed import AdminRule, admin_rules_elsewhere, admin_rules_on
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, shell_word
from mi_workbook.network.service_tags import TagMeaning
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.rule_sets import Judged, Layer, judge
from mi_workbook.reach.security import internet, ports_of, readable_ports, side, virtual_network

CONFIGURATIONS = "Microsoft.Network/networkManagers/securityAdminConfigurations"
MANAGERS_READ = "Microsoft.Network/networkManagers/read"
IN_FORCE_READ = "Microsoft.Network/virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules/action"
PROTOCOLS = frozenset({"tcp", "udp", "icmp", "esp", "ah"})
ACCESSES = frozenset({"allow", "alwaysallow", "deny"})
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Ahead:
    """What comes before the security groups. skips: all of the flow is delivered without asking them; part: some of it."""

    decisions: tuple[Decision, ...] = ()
    skips: bool = False
    part: bool = False


NONE = Ahead()


def ahead_of_groups(network: Network, subnet: Subnet, direction: str, flow: Flow) -> Ahead:
    """What the admin rules in force on a subnet's VNet do with a flow; nothing where there surely are none."""
    shown = admin_rules_on(network.snapshot, subnet.vnet_id)
    if shown is None:
        return Ahead((_not_seen(network, subnet),)) if _may_apply(network, subnet) else NONE
    rules = [rule for rule in shown.rules if rule.direction.lower() != _other(direction)]
    if shown.cut or len({rule.manager for rule in rules}) > 1:
        return Ahead((_not_seen(network, subnet),))
    ordered = sorted(rules, key=lambda rule: rule.priority)
    return _judged(network, subnet, direction, flow, ordered) if ordered else NONE


def _other(direction: str) -> str:
    return {"inbound": "outbound", "outbound": "inbound"}[direction.lower()]


def _may_apply(network: Network, subnet: Subnet) -> bool:
    """Whether a manager may rule over a VNet; that its rules or the managers themselves could not be read counts as perhaps."""
    if network.snapshot.refused(MANAGERS_READ) or admin_rules_elsewhere(network.snapshot, subnet.vnet_id):
        return True
    if not network.snapshot.of_type(NETWORK_MANAGERS):
        return network.snapshot.absence(NETWORK_MANAGERS) != "proven" and network.snapshot.refused(IN_FORCE_READ)
    if network.snapshot.refused(IN_FORCE_READ):
        return True
    configured = network.snapshot.of_type(CONFIGURATIONS)
    if network.snapshot.absence(CONFIGURATIONS) != "proven":
        return True
    if not _holds_instance(network, subnet.vnet_id):
        return bool(configured)
    return not all(_spares_instances(one) for one in configured)


def rests_on_absence(network: Network, subnet: Subnet) -> bool:
    """Whether a flow of this subnet is judged as if no admin rule were in force, though nobody asked Azure for those of its VNet.

    A list without network managers does not show this for sure: a manager governs subscriptions and management groups in its
    scope, and may stand in a subscription that whoever made the list cannot read ("What is Azure Virtual Network Manager",
    section "How does Azure Virtual Network Manager work?").
    """
    if admin_rules_on(network.snapshot, subnet.vnet_id) is not None or _may_apply(network, subnet):
        return False
    return not _holds_instance(network, subnet.vnet_id)


def _holds_instance(network: Network, vnet_id: str) -> bool:
    return any(key(one.subnet_id).startswith(key(vnet_id) + "/subnets/") for one in network.instances())


def _spares_instances(raw: dict[str, object]) -> bool:
    """True for a configuration that is not applied where a service has network intent policies, which is the default."""
    applied = Reading("", "", raw).texts("applyOnNetworkIntentPolicyBasedServices")
    return all(text.lower() == "none" for text in applied)


def _not_seen(network: Network, subnet: Subnet) -> Decision:
    vnet = network.vnet(subnet.vnet_id)
    gap = Gap(
        f"Security admin rules in force on VNet {vnet.name}",
        "A network manager may be there; its security admin rules come before security groups and may deny or allow at once.",
        f"az network manager list-effective-security-admin-rule -g <group> --virtual-network-name {shell_word(vnet.name)} -o json",
    )
    return Decision("nsg", vnet.id, Verdict.UNKNOWN, gap.why, gap=gap)


def _judged(network: Network, subnet: Subnet, direction: str, flow: Flow, rules: list[AdminRule]) -> Ahead:
    tags = {"virtualnetwork": virtual_network(network, subnet), "internet": internet(network, subnet)}
    layers = [_layer(rule, flow, tags) for rule in rules]
    dropped = _with({"allow", "alwaysallow"}, rules, layers, flow)
    delivered = _with({"alwaysallow"}, rules, layers, flow, rest=False)
    vnet = network.vnet(subnet.vnet_id)
    names = ", ".join(rules[n].name for n, _ in dropped.takers(SHOWN) if n < len(rules)) or "no rule"
    evidence = tuple(rule.evidence for rule in rules[:SHOWN])
    if dropped.each_pair_denied:
        return Ahead((_denied(vnet.id, direction, rules, dropped),))
    if not dropped.all_allowed:
        why = f"Security admin rules of VNet {vnet.name} ({names}) decide for part of it."
        gap = Gap(
            "The exact addresses in use", why, "nslookup of the server name from the client; ipconfig on the client."
        )
        return Ahead((Decision("nsg", vnet.id, Verdict.UNKNOWN, why, evidence, gap=gap),))
    why = f"Security admin rules of VNet {vnet.name} do not deny it ({names})."
    passed = Decision("nsg", vnet.id, Verdict.REACHABLE, why, evidence, toward=direction)
    return Ahead((passed,), skips=delivered.all_allowed, part=_any_always(rules, delivered))


def _any_always(rules: list[AdminRule], judged: Judged) -> bool:
    return any(n < len(rules) and rules[n].access.lower() == "alwaysallow" for n, _ in judged.takers(len(rules) + 1))


def _denied(at: str, direction: str, rules: list[AdminRule], judged: Judged) -> Decision:
    deniers = [rules[n] for n, _ in judged.deniers(SHOWN) if n < len(rules)]
    first = deniers[0]
    why = f"Security admin rule {first.name} (priority {first.priority}) denies {direction.lower()}, before any security group."
    return Decision("nsg", at, Verdict.BLOCKED, why, tuple(rule.evidence for rule in deniers), Cause.ADMIN_RULE_DENY,
                    rule=first.name, toward=direction)  # fmt: skip


def _with(good: set[str], rules: list[AdminRule], layers: list[Layer], flow: Flow, *, rest: bool = True) -> Judged:
    """Judged with these accesses as allowing; `rest`: whether what no rule takes counts as allowed."""
    seen = [
        Layer(rule.access.lower() in good, rule.access.lower() not in ACCESSES, layer.sources, layer.destinations,
              layer.ports, layer.sure)
        for rule, layer in zip(rules, layers, strict=True)
    ]  # fmt: skip
    everything = (EVERY_ADDRESS, EVERY_ADDRESS)
    last = Layer(rest, False, everything, everything, flow.ports, True)
    return judge([*seen, last], flow.source, flow.destination, flow.ports)


def _layer(rule: AdminRule, flow: Flow, tags: dict[str, TagMeaning]) -> Layer:
    source, target = side(rule.sources, tags), side(rule.destinations, tags)
    protocol = rule.protocol.lower()
    readable = readable_ports(rule.ports) or not rule.ports
    ports = ports_of(rule.ports) if rule.ports and readable else Ranges(((0, 65535),))
    if protocol in PROTOCOLS - {flow.protocol.lower()}:
        ports = NOTHING
    sure = readable and protocol in {flow.protocol.lower(), "any", "*"} and rule.access.lower() in ACCESSES
    return Layer(
        True, True, (source.surely, source.perhaps), (target.surely, target.perhaps), ports, sure and rule.sure
    )
