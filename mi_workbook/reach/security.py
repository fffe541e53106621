"""Which security rule decides a flow: exact over whole sets of sources, destinations and ports.

Source: "Network security groups", sections "Security rules" and "Default security rules".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import EVERY_ADDRESS, NOTHING, Ranges, addresses, ports, show_addresses, show_ports
from mi_workbook.core.trace import Cause, Decision, Flow
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.network import NETWORK_MANAGERS, NICS, PEERINGS, Network
from mi_workbook.network.nsg import Nsg, Rule
from mi_workbook.network.reading import ipv4
from mi_workbook.network.resource_id import last
from mi_workbook.network.service_tags import HOST_ADDRESS, PRIVATE, TagMeaning, exactly, meaning
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.gateways import gateway_view


@dataclass(frozen=True, slots=True)
class Match:
    """A rule with what it surely and perhaps matches of the flow in question."""

    rule: Rule
    sources: TagMeaning
    destinations: TagMeaning
    ports: Ranges
    sure_of_rest: bool


@dataclass(slots=True)
class Verdicts:
    """Ports of one (source, destination) class by outcome, and the rules that decided them."""

    allowed: Ranges = field(default_factory=Ranges)
    denied: Ranges = field(default_factory=Ranges)
    unknown: Ranges = field(default_factory=Ranges)
    by: list[tuple[Rule, Ranges]] = field(default_factory=list)


def virtual_network(network: Network, subnet: Subnet) -> TagMeaning:
    """The VirtualNetwork tag as it expands on a subnet.

    The VNet's space, the spaces of Connected peerings that allow VNet access, prefixes of user routes on the subnet, what
    gateways serve (whether or not the subnet's route table takes their routes), and the host's address.
    Source: "Virtual network service tags", row VirtualNetwork; "Create, change, or delete a peering", setting
    "Allow ... to access": deselected, the peer's space leaves the tag.
    """
    vnet = network.spaced(subnet.vnet_id)
    surely, odd = vnet.addresses | HOST_ADDRESS, Ranges()
    for peering in vnet.peerings:
        if peering.state.lower() == "connected" and peering.allow_vnet_access:
            surely = surely | peering.remote
        elif peering.state.lower() not in {"connected", "initiated", "disconnected"}:
            odd = odd | peering.remote
    if subnet.route_table_id:
        surely = surely | ipv4(tuple(r.prefix for r in network.route_table(subnet.route_table_id).routes))
    view = gateway_view(network, vnet)
    surely = surely | ipv4(tuple(route.prefix for route in view.routes))
    not_listed = not vnet.peerings and not isinstance(vnet.reading.get("virtualNetworkPeerings"), list)
    more = bool(view.gaps) or (not_listed and network.snapshot.absence(PEERINGS) != "proven")
    managers = network.snapshot.of_type(NETWORK_MANAGERS) or network.snapshot.absence(NETWORK_MANAGERS) == "unproven"
    return TagMeaning(surely, surely | odd | PRIVATE if more or managers else surely | odd)


def internet(network: Network, subnet: Subnet) -> TagMeaning:
    """The Internet tag on a subnet: public addresses outside of the VNet. Whether a peer's public space counts is unclear.

    Source: "Virtual network service tags", row Internet.
    """
    vnet = network.spaced(subnet.vnet_id)
    public = EVERY_ADDRESS - PRIVATE - HOST_ADDRESS - vnet.addresses
    peers = Ranges.of(span for peering in vnet.peerings for span in peering.remote)
    return TagMeaning(public - peers, public)


def gate(
    network: Network, nsg_id: str, direction: str, subnet: Subnet, flow: Flow, where: str, foreign: Ranges = NOTHING
) -> Decision:
    """What a network security group decides for a flow. An absent NSG lets everything through.

    Args:
        nsg_id: "" where none is associated.
        direction: Inbound | Outbound.
        subnet: the subnet on whose routes and space the tags expand.
        where: words for the place ("subnet app", "NIC vm-nic").
        foreign: addresses whose packets an appliance forwarded, which perhaps count as VirtualNetwork here.
    """
    if not nsg_id:
        return Decision("nsg", where, Verdict.REACHABLE, f"No network security group on {where}.",
                        (subnet.reading.evidence("networkSecurityGroup"),))  # fmt: skip
    try:
        nsg = network.nsg(nsg_id)
        matches = list(_matches(network, nsg, direction, subnet, flow, foreign))
    except MissingEvidence as missing:
        return Decision("nsg", nsg_id, Verdict.UNKNOWN, str(missing.gap.missing), gap=missing.gap)
    return replace(_decision(nsg, where, direction, flow, _judge(matches, flow)), toward=direction)


def _matches(
    network: Network, nsg: Nsg, direction: str, subnet: Subnet, flow: Flow, foreign: Ranges
) -> Iterator[Match]:
    tag = virtual_network(network, subnet)
    tags = {
        "virtualnetwork": TagMeaning(tag.surely, tag.perhaps | foreign),
        "internet": internet(network, subnet),
    }
    for rule in nsg.toward(direction):
        protocol = rule.protocol.lower()
        if protocol not in {flow.protocol.lower(), "*", "all", "any", ""}:
            continue
        wanted = (_ports(rule.ports) if _readable(rule.ports) else flow.ports) & flow.ports
        if not wanted:
            continue
        source = _side(network, rule.sources, rule.source_groups, flow.source, tags)
        destination = _side(network, rule.destinations, rule.destination_groups, flow.destination, tags)
        sure = _ports(rule.source_ports).size >= 65535 and _readable(rule.ports) and protocol != ""
        sure = sure and rule.priority >= 0 and rule.direction.lower() == direction.lower()
        if source.perhaps & flow.source and destination.perhaps & flow.destination:
            yield Match(rule, source, destination, wanted, sure and rule.access.lower() in {"allow", "deny"})


def _readable(texts: tuple[str, ...]) -> bool:
    """True where port ranges are there and each is one. A rule without is odd, and odd rules only perhaps match."""
    try:
        return bool(texts) and all(ports(text) for text in texts)
    except ValueError:
        return False


def _ports(texts: Iterable[str]) -> Ranges:
    spans: list[tuple[int, int]] = []
    for text in texts:
        try:
            spans += ports(text)
        except ValueError:
            continue
    return Ranges.of(spans)


def _side(
    network: Network, texts: tuple[str, ...], groups: tuple[str, ...], wanted: Ranges, tags: dict[str, TagMeaning]
) -> TagMeaning:
    """One side of a rule: the union of its prefixes and tags, or the members of its application security groups."""
    if groups:
        return _members(network, groups, wanted)
    surely, perhaps = Ranges(), Ranges() if texts else wanted
    for text in texts:
        found = tags.get(text.lower()) or meaning(text)
        surely = surely | (found.surely if found else Ranges())
        perhaps = perhaps | (found.perhaps if found else wanted)
    return TagMeaning(surely, perhaps)


def _members(network: Network, groups: tuple[str, ...], wanted: Ranges) -> TagMeaning:
    """Addresses of NICs in any of the groups. Source: "Application security groups"."""
    surely, seen = Ranges(), Ranges()
    for first, last_address in wanted:
        for address in range(first, min(last_address, first + 4096) + 1):
            for nic in network.holders(address):
                for configuration in nic.configurations:
                    seen = seen | configuration.address
                    if {g.lower() for g in groups} & set(configuration.groups):
                        surely = surely | configuration.address
    if network.snapshot.absence(NICS) == "proven":
        return exactly(surely)
    return TagMeaning(surely, surely | (wanted - seen - _instance_space(network)))


def _instance_space(network: Network) -> Ranges:
    """Addresses that no customer NIC can hold: subnets delegated to managed instances."""
    return addresses(
        text
        for instance in network.instances()
        if instance.subnet_id and network.snapshot.get(instance.subnet_id.rsplit("/subnets/", 1)[0]) is not None
        for text in network.subnet(instance.subnet_id).prefixes
        if ":" not in text
    )


def _judge(matches: list[Match], flow: Flow) -> list[tuple[Ranges, Ranges, Verdicts]]:
    """Outcome for each class of sources and destinations that the rules do not tell apart."""
    judged = []
    for source in _classes(flow.source, [r for m in matches for r in (m.sources.surely, m.sources.perhaps)]):
        near = [m for m in matches if m.sources.perhaps & source]
        cuts = [r for m in near for r in (m.destinations.surely, m.destinations.perhaps)]
        for destination in _classes(flow.destination, cuts):
            judged.append((source, destination, _paint(near, source, destination, flow.ports)))
    return judged


def _classes(whole: Ranges, cuts: list[Ranges]) -> list[Ranges]:
    """Parts of a set such that each cut either holds a part or misses it."""
    parts = [whole] if whole else []
    for cut in dict.fromkeys(cuts):
        parts = [piece for part in parts for piece in (part & cut, part - cut) if piece]
    return parts


def _paint(matches: list[Match], source: Ranges, destination: Ranges, wanted: Ranges) -> Verdicts:
    """First match by priority, port by port, as sets. A rule that only perhaps matches leaves doubt behind."""
    left, maybe = wanted, {"allow": Ranges(), "deny": Ranges()}
    sure = {"allow": Ranges(), "deny": Ranges()}
    found = Verdicts()
    for match in matches:
        part = left & match.ports
        if not part or not (match.destinations.perhaps & destination):
            continue
        access = "allow" if match.rule.access.lower() == "allow" else "deny"
        if match.rule.access.lower() not in {"allow", "deny"}:
            maybe["allow"] = maybe["allow"] | part
        if match.sure_of_rest and match.sources.surely.covers(source) and match.destinations.surely.covers(destination):
            sure[access] = sure[access] | part
            left = left - part
        else:
            maybe[access] = maybe[access] | part
        found.by.append((match.rule, part))
    found.allowed = sure["allow"] - maybe["deny"]
    found.denied = sure["deny"] - maybe["allow"]
    found.unknown = wanted - found.allowed - found.denied
    return found


def _decision(
    nsg: Nsg, where: str, direction: str, flow: Flow, judged: list[tuple[Ranges, Ranges, Verdicts]]
) -> Decision:
    denied = [j for j in judged if j[2].denied]
    if judged and all(not j[2].denied and not j[2].unknown for j in judged):
        return _allowed(nsg, where, direction, flow, judged)
    if judged and len(denied) == len(judged):
        return _denied(nsg, where, direction, denied)
    return _mixed(nsg, where, direction, flow, judged, denied)


def _allowed(
    nsg: Nsg, where: str, direction: str, flow: Flow, judged: list[tuple[Ranges, Ranges, Verdicts]]
) -> Decision:
    rules = list({id(rule): (rule, part) for _, _, v in judged for rule, part in v.by}.values())
    names = ", ".join(f"{r.name} (priority {r.priority}) on {show_ports(part)}" for r, part in rules[:4])
    return Decision("nsg", nsg.id, Verdict.REACHABLE, f"{nsg.name} on {where} allows {direction.lower()}: {names}.",
                    tuple(_rule_evidence(nsg, r) for r, _ in rules[:4]), rule=rules[0][0].name if rules else "")  # fmt: skip


def _denied(nsg: Nsg, where: str, direction: str, denied: list[tuple[Ranges, Ranges, Verdicts]]) -> Decision:
    closed = Ranges.of(span for _, _, v in denied for span in v.denied)
    rules = _deniers(denied)
    first = rules[0][0]
    why = (
        f"Rule {first.name} (priority {first.priority}) of {nsg.name} on {where} denies {direction.lower()} "
        f"TCP {show_ports(closed)}."
    )
    if len(rules) > 1:
        why += " Also: " + ", ".join(f"{r.name} ({r.priority}) on {show_ports(p)}" for r, p in rules[1:4]) + "."
    return Decision("nsg", nsg.id, Verdict.BLOCKED, why, tuple(_rule_evidence(nsg, r) for r, _ in rules[:4]),
                    Cause.NSG_DENY, rule=first.name)  # fmt: skip


def _mixed(
    nsg: Nsg, where: str, direction: str, flow: Flow,
    judged: list[tuple[Ranges, Ranges, Verdicts]], denied: list[tuple[Ranges, Ranges, Verdicts]],
) -> Decision:  # fmt: skip
    doubtful = [rule for _, _, v in judged if v.unknown for rule, _ in v.by]
    rules = [rule for rule, _ in _deniers(denied)] or doubtful
    named = rules[0].name if rules else "no rule"
    if denied:
        sources = show_addresses(Ranges.of(s for a, _, _ in denied for s in a))
        targets = show_addresses(Ranges.of(s for _, b, _ in denied for s in b))
        why = f"{nsg.name} on {where} denies part of it: rule {named}, from {sources} to {targets}."
        gap = Gap(
            "The exact addresses in use", why, "nslookup of the server name from the client; ipconfig on the client."
        )
    else:
        why = f"{nsg.name} on {where}: whether rule {named} matches cannot be told from the evidence."
        gap = Gap(f"What rule {named} of {nsg.name} stands for", why,
                  "az network list-service-tags -l <region> -o json, or az network nic list --output json")  # fmt: skip
    return Decision("nsg", nsg.id, Verdict.UNKNOWN, why, tuple(_rule_evidence(nsg, r) for r in rules[:4]),
                    Cause.NSG_DENY if denied else None, gap, rule=named)  # fmt: skip


def _deniers(denied: list[tuple[Ranges, Ranges, Verdicts]]) -> list[tuple[Rule, Ranges]]:
    """Denying rules with the ports they close, by priority."""
    found: dict[int, tuple[Rule, Ranges]] = {}
    for _, _, verdicts in denied:
        for rule, part in verdicts.by:
            closed = part & verdicts.denied
            if rule.access.lower() == "deny" and closed:
                found[id(rule)] = (rule, found[id(rule)][1] | closed if id(rule) in found else closed)
    return sorted(found.values(), key=lambda pair: pair[0].priority)


def _rule_evidence(nsg: Nsg, rule: Rule) -> Evidence:
    if rule.reading is nsg.reading:
        return Evidence(nsg.id, "/", f"{rule.name}: {rule.access} (Azure's default rule, priority {rule.priority})")
    value = {"name": rule.name, "priority": rule.priority, "access": rule.access, "destinationPortRanges": list(rule.ports),
             "sourceAddressPrefixes": list(rule.sources)}  # fmt: skip
    return Evidence(rule.reading.document, rule.reading.pointer or "/", value)


def place_name(resource_id: str, kind: str) -> str:
    """Words for a place that holds a network security group."""
    return f"{kind} {last(resource_id)}"
