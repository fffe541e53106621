"""Which security rule decides a flow: exact over whole sets of sources, destinations and ports.

Source: "Network security groups", sections "Security rules" and "Default security rules".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import EVERY_ADDRESS, NOTHING, Ranges, addresses, ports, show_ports, show_some
from mi_workbook.core.trace import Cause, Decision, Flow
from mi_workbook.core.verdict import Verdict
from mi_workbook.network import keys
from mi_workbook.network.network import NETWORK_MANAGERS, NICS, PEERINGS, PRIVATE_ENDPOINTS, SCALE_SET_NICS, Network
from mi_workbook.network.nic import read_nic
from mi_workbook.network.nsg import Nsg, Rule
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, last, vnet_of
from mi_workbook.network.service_tags import HOST_ADDRESS, PRIVATE, TagMeaning, meaning, readable
from mi_workbook.network.vnet import Subnet, Vnet
from mi_workbook.reach.gateways import gateway_view
from mi_workbook.reach.rule_sets import Judged, Layer, judge

# Source: REST reference of security rules, SecurityRuleProtocol. Any other word may stand for the protocol in question.
PROTOCOLS = frozenset({"tcp", "udp", "icmp", "icmpv6", "esp", "ah"})
ANY = frozenset({"*", "all", "any"})
BY_SUBNET = frozenset({"virtualnetwork", "internet"})
SMALL = 256
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Match:
    """A rule with what it surely and perhaps matches of the flow in question."""

    rule: Rule
    sources: TagMeaning
    destinations: TagMeaning
    ports: Ranges
    sure_of_rest: bool


def virtual_network(network: Network, subnet: Subnet) -> TagMeaning:
    """The VirtualNetwork tag as it expands on a subnet.

    The VNet's space, the spaces of Connected peerings that allow VNet access, prefixes of user routes on the subnet, what
    gateways serve (whether or not the subnet's route table takes their routes), and the host's address.
    Source: "Virtual network service tags", row VirtualNetwork; "Create, change, or delete a peering", setting
    "Allow ... to access": deselected, the peer's space leaves the tag.
    """
    kept = network.memo("VirtualNetwork", key(subnet.id))
    found: TagMeaning = kept or network.keep("VirtualNetwork", key(subnet.id), _virtual_network(network, subnet))
    return found


def _virtual_network(network: Network, subnet: Subnet) -> TagMeaning:
    vnet = network.spaced(subnet.vnet_id)
    view = gateway_view(network, vnet)
    table = network.route_table(subnet.route_table_id) if subnet.route_table_id else None
    routed = [route.prefix for route in (table.routes if table else ())]
    prefixes = (*(route.prefix for route in view.routes), *routed)
    states = {"connected", "initiated", "disconnected"}
    peers = [p.remote for p in vnet.peerings if p.state.lower() == "connected" and p.allow_vnet_access]
    odd = [p.remote for p in vnet.peerings if p.state.lower() not in states]
    odd.append(ipv4(tuple(route.prefix for route in view.served)))  # whether they count is not documented
    surely = Ranges.of(span for one in (vnet.addresses, HOST_ADDRESS, ipv4(prefixes), *peers) for span in one)
    perhaps = surely | Ranges.of(span for one in odd for span in one)
    not_listed = not vnet.peerings and not isinstance(vnet.reading.get("virtualNetworkPeerings"), list)
    unread = any(
        p.state.lower() not in {"initiated", "disconnected"} and not p.remote_prefixes and not p.only_ipv6
        for p in vnet.peerings
    )
    more = (
        bool(view.gaps)
        or unread
        or not all(map(readable, routed))
        or (not_listed and network.snapshot.absence(PEERINGS) != "proven")
    )
    managers = network.snapshot.of_type(NETWORK_MANAGERS) or network.snapshot.absence(NETWORK_MANAGERS) == "unproven"
    return TagMeaning(surely, perhaps | PRIVATE if more or managers else perhaps)


def internet(network: Network, subnet: Subnet) -> TagMeaning:
    """The Internet tag on a subnet: public addresses outside of the VNet. Whether a peer's public space counts is unclear.

    Source: "Virtual network service tags", row Internet.
    """
    kept = network.memo("Internet", key(subnet.vnet_id))
    found: TagMeaning = kept or network.keep("Internet", key(subnet.vnet_id), _internet(network.spaced(subnet.vnet_id)))
    return found


def _internet(vnet: Vnet) -> TagMeaning:
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
    judged = judge([_layer(match) for match in matches], flow.source, flow.destination, flow.ports)
    return replace(_decision(nsg, where, direction, [m.rule for m in matches], judged), toward=direction)


@dataclass(frozen=True, slots=True)
class Read:
    """A rule as it reads on a subnet, whatever flow is asked about. ports: None where they cannot be read; by_tag: True where
    it uses a tag that another subnet may read differently.
    """

    rule: Rule
    protocol: str
    ports: Ranges | None
    sources: TagMeaning | None
    destinations: TagMeaning | None
    sure: bool
    by_tag: bool


def _matches(
    network: Network, nsg: Nsg, direction: str, subnet: Subnet, flow: Flow, foreign: Ranges
) -> Iterator[Match]:
    """Rules that surely or perhaps match a part of the flow, in the order of evaluation, up to one that surely takes it all."""
    for one, wanted in _rules_for(network, nsg, direction, subnet, foreign, flow):
        source = one.sources or _members(network, subnet, one.rule.source_groups, flow.source)
        destination = one.destinations or _members(network, subnet, one.rule.destination_groups, flow.destination)
        if source.perhaps.meets(flow.source) and destination.perhaps.meets(flow.destination):
            yield Match(one.rule, source, destination, wanted, one.sure)
            if (
                one.sure
                and wanted == flow.ports
                and _covers(source, flow.source)
                and _covers(destination, flow.destination)
            ):
                return


def _covers(meant: TagMeaning, wanted: Ranges) -> bool:
    return meant.surely.covers(wanted)


def _rules_for(
    network: Network, nsg: Nsg, direction: str, subnet: Subnet, foreign: Ranges, flow: Flow
) -> Sequence[tuple[Read, Ranges]]:
    """Rules that match the protocol and some of the ports, with those ports; kept for the next source that asks for them."""
    at = f"{key(nsg.id)} {direction} {key(subnet.id)} {flow.protocol} {flow.ports.spans}"
    kept: Sequence[tuple[Read, Ranges]] | None = network.memo("rules for ports", at) if not foreign else None
    if kept is None:
        others = PROTOCOLS - {flow.protocol.lower()}
        rules = _rules_on(network, nsg, direction, subnet, foreign)
        cut = ((one, flow.ports if one.ports is None else one.ports & flow.ports) for one in rules)
        kept = tuple((one, wanted) for one, wanted in cut if wanted and one.protocol not in others)
        if not foreign:
            network.keep("rules for ports", at, kept)
    return kept


def _rules_on(network: Network, nsg: Nsg, direction: str, subnet: Subnet, foreign: Ranges) -> tuple[Read, ...]:
    """The rules of one direction as they read on a subnet, kept for the next flow."""
    at = f"{key(nsg.id)} {direction} {key(subnet.id)}"
    kept: tuple[Read, ...] | None = network.memo("rules", at) if not foreign else None
    if kept is None:
        tag = virtual_network(network, subnet)
        tags = {
            "virtualnetwork": TagMeaning(tag.surely, tag.perhaps | foreign),
            "internet": internet(network, subnet),
        }
        kept = tuple(_with_tags(one, tags) if one.by_tag else one for one in _rules_anywhere(network, nsg, direction))
        if not foreign:
            network.keep("rules", at, kept)
    return kept


def _rules_anywhere(network: Network, nsg: Nsg, direction: str) -> tuple[Read, ...]:
    """The rules of one direction as they read on every subnet: tags that depend on the subnet are left open."""
    at = f"{key(nsg.id)} {direction}"
    kept: tuple[Read, ...] | None = network.memo("rules anywhere", at)
    if kept is None:
        rules = nsg.toward(direction)
        shared = {p for p, times in Counter(r.priority for r in rules if not r.is_default).items() if times > 1}
        read = tuple(_read(rule, direction, alone=rule.priority not in shared) for rule in rules)
        kept = network.keep("rules anywhere", at, read)
    return kept


def _with_tags(one: Read, tags: dict[str, TagMeaning]) -> Read:
    """A rule whose tags depend on the subnet, as it reads on one."""
    rule = one.rule
    return replace(
        one,
        sources=None if rule.source_groups else side(rule.sources, tags),
        destinations=None if rule.destination_groups else side(rule.destinations, tags),
    )


def _read(rule: Rule, direction: str, *, alone: bool) -> Read:
    """A rule with a member that cannot be read only perhaps matches; so does one of two with the same priority, which Azure
    does not have: one of them is old.
    """
    readable = readable_ports(rule.ports)
    sure = readable and rule.protocol.lower() in PROTOCOLS | ANY and ports_of(rule.source_ports).size >= 65535
    sure = sure and alone and rule.priority >= 0 and rule.direction.lower() == direction.lower()
    return Read(
        rule=rule,
        protocol=rule.protocol.lower(),
        ports=ports_of(rule.ports) if readable else None,
        sources=None if rule.source_groups else side(rule.sources, {}),
        destinations=None if rule.destination_groups else side(rule.destinations, {}),
        by_tag=any(text.lower() in BY_SUBNET for text in (*rule.sources, *rule.destinations)),
        sure=sure and rule.access.lower() in {"allow", "deny"},
    )


@lru_cache(maxsize=10_000)
def readable_ports(texts: tuple[str, ...]) -> bool:
    """True where port ranges are there and each is one. A rule without is odd, and odd rules only perhaps match."""
    try:
        return bool(texts) and all(ports(text) for text in texts)
    except ValueError:
        return False


@lru_cache(maxsize=10_000)
def ports_of(texts: tuple[str, ...]) -> Ranges:
    """The union of several port ranges; texts that are none are left out."""
    spans: list[tuple[int, int]] = []
    for text in texts:
        try:
            spans += ports(text)
        except ValueError:
            continue
    return Ranges.of(spans)


def side(texts: tuple[str, ...], tags: dict[str, TagMeaning]) -> TagMeaning:
    """One side of a rule: the union of its prefixes and tags. What is not known or absent is perhaps any address."""
    if len(texts) == 1:
        return tags.get(texts[0].lower()) or meaning(texts[0]) or TagMeaning(NOTHING, EVERY_ADDRESS)
    surely, perhaps = NOTHING, NOTHING if texts else EVERY_ADDRESS
    for text in texts:
        found = tags.get(text.lower()) or meaning(text)
        surely = surely | (found.surely if found else NOTHING)
        perhaps = perhaps | (found.perhaps if found else EVERY_ADDRESS)
    return TagMeaning(surely, perhaps)


def _members(network: Network, subnet: Subnet, groups: tuple[str, ...], wanted: Ranges) -> TagMeaning:
    """Addresses of NICs and private endpoints in any of the groups; surely those of the VNet the rule applies in.

    The same address in another VNet is somebody else's, and only perhaps the one in question.
    Source: "Application security groups" (all NICs of a group are in one VNet).
    """
    members = [one for group in {name.lower() for name in groups} for one in _in_group(network, group)]
    here = key(subnet.vnet_id)
    surely = Ranges.of(span for vnet_id, held in members for span in held if key(vnet_id) == here)
    perhaps = Ranges.of(span for _, held in members for span in held)
    if network.snapshot.absence(NICS) == "proven":
        return TagMeaning(surely, perhaps)
    return TagMeaning(surely, perhaps | (wanted - _seen(network, wanted) - _instance_space(network)))


def _in_group(network: Network, group: str) -> Iterator[tuple[str, Ranges]]:
    """Members of a group: the VNet each is in, and its addresses."""
    for kind in (NICS, SCALE_SET_NICS):
        for raw in network.snapshot.having(kind, "application security group", keys.groups_of_nic, group):
            for configuration in read_nic(Reading(str(raw.get("id", "")), "", raw)).configurations:
                if group in configuration.groups:
                    yield vnet_of(configuration.subnet_id), configuration.address
    for raw in network.snapshot.having(PRIVATE_ENDPOINTS, "group", keys.groups_of_endpoint, group):
        endpoint = network.private_endpoint(str(raw.get("id", "")))
        yield vnet_of(endpoint.subnet_id), Ranges.of((n, n) for n in network.endpoint_addresses(endpoint))


def _seen(network: Network, wanted: Ranges) -> Ranges:
    """Addresses of a small set whose NIC was seen, so that its groups are known."""
    if wanted.size > SMALL:
        return NOTHING
    numbers = (address for first, last_address in wanted for address in range(first, last_address + 1))
    return Ranges.of((address, address) for address in numbers if network.holders(address))


def _instance_space(network: Network) -> Ranges:
    """Addresses that no customer NIC can hold: subnets delegated to managed instances."""
    return addresses(
        text
        for instance in network.instances()
        if instance.subnet_id and network.snapshot.get(vnet_of(instance.subnet_id)) is not None
        for text in network.subnet(instance.subnet_id).prefixes
        if ":" not in text
    )


def _layer(match: Match) -> Layer:
    access = match.rule.access.lower()
    return Layer(
        allows=access == "allow",
        perhaps_allows=access not in {"allow", "deny"},
        sources=(match.sources.surely, match.sources.perhaps),
        destinations=(match.destinations.surely, match.destinations.perhaps),
        ports=match.ports,
        sure=match.sure_of_rest,
    )


def _decision(nsg: Nsg, where: str, direction: str, rules: list[Rule], judged: Judged) -> Decision:
    if judged.all_allowed:
        return _allowed(nsg, where, direction, rules, judged)
    if judged.each_pair_denied:
        return _denied(nsg, where, direction, rules, judged)
    return _mixed(nsg, where, rules, judged)


def _allowed(nsg: Nsg, where: str, direction: str, rules: list[Rule], judged: Judged) -> Decision:
    deciding = [(rules[position], part) for position, part in judged.takers(SHOWN)]
    names = ", ".join(f"{r.name} (priority {r.priority}) on {show_ports(part)}" for r, part in deciding)
    return Decision("nsg", nsg.id, Verdict.REACHABLE, f"{nsg.name} on {where} allows {direction.lower()}: {names}.",
                    tuple(_rule_evidence(nsg, r) for r, _ in deciding), rule=deciding[0][0].name if deciding else "")  # fmt: skip


def _denied(nsg: Nsg, where: str, direction: str, rules: list[Rule], judged: Judged) -> Decision:
    deniers = [(rules[position], part) for position, part in judged.deniers(SHOWN)]
    first = deniers[0][0]
    why = (
        f"Rule {first.name} (priority {first.priority}) of {nsg.name} on {where} denies {direction.lower()} "
        f"TCP {show_ports(judged.denied_ports())}."
    )
    if len(deniers) > 1:
        why += " Also: " + ", ".join(f"{r.name} ({r.priority}) on {show_ports(p)}" for r, p in deniers[1:]) + "."
    return Decision("nsg", nsg.id, Verdict.BLOCKED, why, tuple(_rule_evidence(nsg, r) for r, _ in deniers),
                    Cause.NSG_DENY, rule=first.name)  # fmt: skip


def _mixed(nsg: Nsg, where: str, rules: list[Rule], judged: Judged) -> Decision:
    denied = judged.any_denied
    deciding = judged.deniers(SHOWN) or judged.takers(SHOWN, doubtful=True)
    named = [rules[position] for position, _ in deciding]
    first = named[0].name if named else "no rule"
    if denied:
        sources, targets = show_some(judged.denied_sources()), show_some(judged.denied_destinations())
        why = f"{nsg.name} on {where} denies part of it: rule {first}, from {sources} to {targets}."
        gap = Gap(
            "The exact addresses in use", why, "nslookup of the server name from the client; ipconfig on the client."
        )
    else:
        why = f"{nsg.name} on {where}: whether rule {first} matches cannot be told from the evidence."
        gap = Gap(f"What rule {first} of {nsg.name} stands for", why,
                  "az network list-service-tags -l <region> -o json, or az network nic list --output json")  # fmt: skip
    return Decision("nsg", nsg.id, Verdict.UNKNOWN, why, tuple(_rule_evidence(nsg, r) for r in named),
                    Cause.NSG_DENY if denied else None, gap, rule=first)  # fmt: skip


def _rule_evidence(nsg: Nsg, rule: Rule) -> Evidence:
    if rule.reading is nsg.reading:
        return Evidence(nsg.id, "/", f"{rule.name}: {rule.access} (Azure's default rule, priority {rule.priority})")
    value = {"name": rule.name, "priority": rule.priority, "access": rule.access, "destinationPortRanges": list(rule.ports),
             "sourceAddressPrefixes": list(rule.sources)}  # fmt: skip
    return Evidence(rule.reading.document, rule.reading.pointer or "/", value)


def place_name(resource_id: str, kind: str) -> str:
    """Words for a place that holds a network security group."""
    return f"{kind} {last(resource_id)}"
