"""Which endpoint a name leads to from a place: the private zones that its DNS server sees, else the public answer.

Source: "What is the virtual network link for private DNS"; "Azure Private Endpoint private DNS zone values"; "Name
resolution for resources in Azure virtual networks" (custom DNS servers); "Azure DNS Private Resolver", section "Endpoints";
"Fallback to internet for Azure Private DNS zones" (NxDomainRedirect).
"""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import NOTHING, Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network import keys
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import (
    PRIVATE_ENDPOINTS,
    PRIVATE_ZONES,
    RESOLVER_INBOUND,
    RULESET_LINKS,
    RULESET_RULES,
    ZONE_ALIASES,
    ZONE_LINKS,
    ZONE_RECORDS,
    Network,
)
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, last, parent, vnet_of
from mi_workbook.network.tested import Answer
from mi_workbook.network.vnet import Vnet

LINKED = frozenset({"", "completed", "done"})  # REST reference of virtual network links; absent in older answers
AZURE_DNS = {"168.63.129.16", "azureprovideddns"}


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a name leads. others: endpoints it may lead to instead; empty where the decision does not change the path."""

    endpoint: str
    decision: Decision
    others: tuple[str, ...] = ()
    answer: Ranges = NOTHING


def resolve(network: Network, vnet: Vnet, nic_dns: tuple[str, ...], instance: ManagedInstance) -> Resolution:
    """Where the instance's name leads from a VNet.

    nic_dns: DNS servers of the NIC, which replace those of the VNet.
    """
    servers = [s for s in (nic_dns or vnet.dns_servers) if s.lower() not in AZURE_DNS]
    if not servers:
        return _by_azure(network, vnet, instance)
    seen_from = _resolver_vnet(network, servers[0])
    if seen_from is not None:
        return _by_azure(network, seen_from, instance)
    why = f"{vnet.name} uses its own DNS servers ({', '.join(servers)}); what they answer is not in Azure's configuration."
    return _asked_elsewhere(network, vnet, servers, instance, why)


def resolve_outside(network: Network, instance: ManagedInstance, servers: tuple[str, ...], who: str) -> Resolution:
    """Where the name leads from outside of Azure's networks: the public record holds the VNet-local address.

    servers: DNS servers that a gateway hands to its clients; source: "About point-to-site VPN", DNS.
    """
    fallback = f"The public record of the VNet-local name holds its private address; the DNS of {who} was not seen."
    if servers or _has_endpoints(network, instance):
        why = f"{fallback} It may answer otherwise ({', '.join(servers) or 'there are private endpoints'})."
        return Resolution("vnet-local", _unclear("server name", why, instance), _others(network, instance))
    evidence = (instance.reading.evidence("fullyQualifiedDomainName"),)
    decision = Decision("name", "server name", Verdict.REACHABLE, fallback, evidence, notes=(fallback,))
    return Resolution("vnet-local", decision)


def as_seen(network: Network, instance: ManagedInstance, seen: Answer) -> Resolution:
    """The endpoint that the address stands for which the source itself got; unknown where it stands for none of them."""
    answer = ipv4((seen.address,))
    endpoints = network.private_endpoints(instance.id)
    private = Ranges.of((a, a) for e in endpoints for a in network.endpoint_addresses(e))
    home = network.snapshot.get(vnet_of(instance.subnet_id))
    own = network.subnet(instance.subnet_id).addresses if home is not None else NOTHING
    when = f" at {seen.at}" if seen.at else ""
    for kind, addresses, words in (("private", private, "a private endpoint"), ("vnet-local", own, "its own subnet")):
        if answer and addresses.covers(answer):
            why = f"At the source{when} {instance.fqdn} resolved to {seen.address}, an address of {words} of {instance.name}."
            decision = Decision("name", "server name", Verdict.REACHABLE, why, (seen.evidence,))
            return Resolution(kind, decision, answer=answer if kind == "private" else NOTHING)
    why = f"At the source{when} {instance.fqdn} resolved to {seen.address}, which is of no endpoint of {instance.name} that is known."
    gap = Gap(
        f"Whose address {seen.address} is", why,
        "At the source: its hosts file, its DNS servers, and the name asked at 168.63.129.16 or a public server; then compare.",
    )  # fmt: skip
    return Resolution("vnet-local", Decision("name", "server name", Verdict.UNKNOWN, why, (seen.evidence,), gap=gap))


def _resolver_vnet(network: Network, server: str) -> Vnet | None:
    """The VNet whose view a DNS Private Resolver answers with, where the server is one of its inbound endpoints."""
    for raw in network.snapshot.having(RESOLVER_INBOUND, "address", keys.inbound_addresses, server):
        owner_id = parent(str(raw.get("id", "")))
        owner = network.snapshot.get(owner_id)
        home = Reading(owner_id, "", owner).reference("virtualNetwork") if owner is not None else ""
        if home and network.snapshot.get(home) is not None:
            return network.vnet(home)
    return None


def _others(network: Network, instance: ManagedInstance) -> tuple[str, ...]:
    """Endpoints besides the VNet-local one that an unseen DNS server may answer with."""
    if _has_endpoints(network, instance):
        return ("private",)
    listed = instance.private_endpoint_ids is not None or network.snapshot.absence(PRIVATE_ENDPOINTS) == "proven"
    return () if listed else ("private",)


def _has_endpoints(network: Network, instance: ManagedInstance) -> bool:
    return bool(instance.private_endpoint_ids) or bool(network.private_endpoints(instance.id))


def _asked_elsewhere(
    network: Network, vnet: Vnet, servers: list[str], instance: ManagedInstance, why: str
) -> Resolution:
    """Another DNS server answers, whose answer is not in Azure's configuration."""
    evidence = (Evidence(vnet.id, vnet.reading.at("dhcpOptions"), {"dnsServers": servers}),)
    return Resolution("vnet-local", _unclear(vnet.id, why, instance, evidence), _others(network, instance))


def _unclear(at: str, why: str, instance: ManagedInstance, evidence: tuple[Evidence, ...] = ()) -> Decision:
    gap = Gap(
        f"The address that {instance.fqdn or instance.name} resolves to at the client",
        why,
        f"nslookup {instance.asked} on the client; where the answer is known, ask again with --endpoint vnet-local or private.",
    )
    return Decision("name", at, Verdict.UNKNOWN, why, evidence, gap=gap)


def _by_azure(
    network: Network, vnet: Vnet, instance: ManagedInstance, passed: frozenset[str] = frozenset()
) -> Resolution:
    """Azure DNS: for the name, then for its privatelink alias: the linked zone with the longest suffix, then a forwarding rule.

    passed: VNets whose view was asked already, for rules that forward in a circle.
    Source: "What is Azure DNS Private Resolver?", section "DNS resolver" (zones before rulesets before the public answer).
    """
    names = [instance.fqdn]
    if _has_endpoints(network, instance):
        label, _, rest = instance.fqdn.partition(".")
        names.append(f"{label}.privatelink.{rest}")
    for name in names:
        found = _linked_zone(network, vnet, name)
        if found is not None and found[1].text("virtualNetworkLinkState").lower() not in LINKED:
            why = f"The link of zone {found[0].name} to {vnet.name} is {found[1].text('virtualNetworkLinkState')}, not Completed yet."
            return Resolution("vnet-local", _unclear(found[0].id, why, instance), _others(network, instance))
        answered = _from_zone(network, vnet, instance, name, *found) if found is not None else None
        if answered is not None:
            return answered
        rule = forwarding_rule(network, vnet, name)
        if rule is not None:
            return _forwarded(network, vnet, instance, rule, passed | {key(vnet.id)})
        unread = next((one for one in _rulesets(network, vnet) if _rules_unseen(network, one)), "")
        if unread:
            why = f"Forwarding ruleset {last(unread)} is linked to {vnet.name}, and its rules are not in the evidence."
            return _asked_elsewhere(network, vnet, [], instance, why)
    return _public_answer(network, vnet, instance)


def _forwarded(
    network: Network, vnet: Vnet, instance: ManagedInstance, rule: Reading, passed: frozenset[str]
) -> Resolution:
    """Where a rule sends the question: the view of another VNet's resolver, or a server that is not in the evidence."""
    servers = [child.text("ipAddress") for child in rule.children("targetDnsServers")]
    views = [_resolver_vnet(network, server) for server in servers]
    ahead = next((view for view in views if view is not None), None)
    if servers and None not in views and ahead is not None and key(ahead.id) not in passed:
        return _by_azure(network, ahead, instance, passed)
    why = (
        f"Forwarding rule {rule.name} ({rule.text('domainName')}) of a ruleset that is linked to {vnet.name} sends the name to "
        f"{', '.join(servers) or 'servers that are not in the evidence'}; what they answer is not in Azure's configuration."
    )
    return _asked_elsewhere(network, vnet, servers, instance, why)


def _linked_zone(network: Network, vnet: Vnet, name: str) -> tuple[Reading, Reading] | None:
    """The zone with the longest suffix of the name that is linked to the VNet, and its link."""
    found: list[tuple[Reading, Reading]] = []
    for raw in network.snapshot.having(ZONE_LINKS, "vnet", keys.linked_vnet, key(vnet.id)):
        at = parent(str(raw.get("id", "")))
        zone = Reading(at, "", network.snapshot.get(at) or {"id": at})
        if name == zone.name.lower() or name.endswith("." + zone.name.lower()):
            found.append((zone, Reading(at, "", raw)))
    return max(found, key=lambda pair: len(pair[0].name)) if found else None


def forwarding_rule(network: Network, vnet: Vnet, name: str) -> Reading | None:
    """The enabled rule with the longest suffix of the name, of all rulesets that are linked to the VNet.

    Source: "Azure DNS Private Resolver endpoints and rulesets", section "Rules" (longest match; a single dot is any name).
    """
    found: list[tuple[int, Reading]] = []
    for ruleset in _rulesets(network, vnet):
        for inner in network.snapshot.children(ruleset, RULESET_RULES):
            rule = Reading(str(inner.get("id", "")), "", inner)
            domain = rule.text("domainName").lower().strip(".")
            fits = not domain or name.lower() == domain or name.lower().endswith("." + domain)
            if fits and rule.text("forwardingRuleState").lower() != "disabled":
                found.append((len(domain), rule))
    return max(found, key=lambda pair: pair[0])[1] if found else None


RULESETS = "Microsoft.Network/dnsForwardingRulesets"


def _rulesets(network: Network, vnet: Vnet) -> list[str]:
    """Ids of the forwarding rulesets that are linked to a VNet."""
    links = network.snapshot.having(RULESET_LINKS, "vnet", keys.linked_vnet, key(vnet.id))
    return [parent(str(raw.get("id", ""))) for raw in links]


def _rules_unseen(network: Network, ruleset: str) -> bool:
    unproven = network.snapshot.absence(RULESET_RULES, ruleset) != "proven"
    return unproven and not network.snapshot.children(ruleset, RULESET_RULES)


def _from_zone(
    network: Network, vnet: Vnet, instance: ManagedInstance, name: str, zone: Reading, link: Reading
) -> Resolution | None:
    """What a linked zone answers; None where the question falls back to the public answer."""
    label = name.removesuffix(zone.name.lower()).rstrip(".") or "@"
    answer = _record(network, zone, label)
    others = _others(network, instance)
    if answer is None and link.text("resolutionPolicy").lower() == "nxdomainredirect":
        return None
    unseen = network.snapshot.absence(ZONE_RECORDS) != "proven" or _may_have_alias(network, zone, label)
    if answer is None and unseen:
        why = f"Zone {zone.name} is linked to {vnet.name}, and its record for {name} is not in the evidence."
        return Resolution("vnet-local", _unclear(zone.id, why, instance), others)
    if answer is None:
        why = (
            f"Zone {zone.name} is linked to {vnet.name} and holds no record for {name}: the name does not exist there."
        )
        evidence = (zone.whole(), link.whole())
        decision = Decision("name", zone.id, Verdict.BLOCKED, why, evidence, Cause.RECORD_MISSING)
        return Resolution("private" if "privatelink" in zone.name else "vnet-local", decision)
    return _classed(network, vnet, instance, zone, answer)


def _record(network: Network, zone: Reading, label: str) -> Ranges | None:
    """Addresses of the name's own record, else of the nearest wildcard; None where there is neither. Source: RFC 4592."""
    found: dict[str, Ranges] = {}
    for raw in network.snapshot.children(zone.id, ZONE_RECORDS):
        record = Reading(zone.id, "", raw)
        texts = [child.text("ipv4Address") for child in record.children("aRecords")]
        found[record.name.lower()] = ipv4(tuple(t for t in texts if t))
    return next((found[one] for one in _answering(label) if one in found), None)


def _answering(label: str) -> list[str]:
    """Names of records that answer for a name, the nearest first: itself, then wildcards of the levels above it."""
    parts = label.split(".")
    return [label, *(".".join(("*", *parts[level:])) for level in range(1, len(parts) + 1))]


def _may_have_alias(network: Network, zone: Reading, label: str) -> bool:
    """True where an alias record answers for the name, or may: alias records were not collected whole."""
    names = {Reading("", "", raw).name.lower() for raw in network.snapshot.children(zone.id, ZONE_ALIASES)}
    return bool(names & set(_answering(label))) or network.snapshot.absence(ZONE_ALIASES) != "proven"


def _classed(network: Network, vnet: Vnet, instance: ManagedInstance, zone: Reading, answer: Ranges) -> Resolution:
    """The endpoint an answer stands for: a private endpoint, the instance's subnet, or neither."""
    endpoints = network.private_endpoints(instance.id)
    known = Ranges.of((a, a) for e in endpoints for a in network.endpoint_addresses(e))
    if answer and known.covers(answer):
        why = f"Zone {zone.name} is linked to {vnet.name} and answers with the private endpoint."
        return Resolution("private", Decision("name", zone.id, Verdict.REACHABLE, why, (zone.whole(),)), answer=answer)
    home = network.snapshot.get(vnet_of(instance.subnet_id))
    if answer and home is not None and network.subnet(instance.subnet_id).addresses.covers(answer):
        why = f"Zone {zone.name} answers with an address of the instance's subnet."
        note = f"The record in zone {zone.name} pins an address of the instance, which may change without notice."
        return Resolution(
            "vnet-local", Decision("name", zone.id, Verdict.REACHABLE, why, (zone.whole(),), notes=(note,))
        )
    why = f"Zone {zone.name} answers {show_addresses(answer)}, which is neither a private endpoint of {instance.name} nor in its subnet."
    whole = network.snapshot.absence(PRIVATE_ENDPOINTS) == "proven" and all(
        network.endpoint_addresses(e) for e in endpoints
    )
    if whole and home is not None and answer:
        return Resolution(
            "private", Decision("name", zone.id, Verdict.BLOCKED, why, (zone.whole(),), Cause.RECORD_STALE)
        )
    return Resolution("vnet-local", _unclear(zone.id, why, instance, (zone.whole(),)), ("private", "elsewhere"))


def _public_answer(network: Network, vnet: Vnet, instance: ManagedInstance) -> Resolution:
    """The public record of the VNet-local name holds the instance's private address and is visible anywhere."""
    claim = network.snapshot.absence(PRIVATE_ZONES)
    links = network.snapshot.absence(ZONE_LINKS)
    if claim == "unproven" or links == "unproven" or (_has_endpoints(network, instance) and claim != "proven"):
        why = "Private DNS zones were not collected, and one of them may answer for the name."
        return Resolution("vnet-local", _unclear(vnet.id, why, instance), ("private", "elsewhere"))
    if any(network.snapshot.refused(f"{kind}/read") for kind in (RULESETS, RULESET_LINKS, RULESET_RULES)):
        why = "DNS forwarding rulesets could not be read, and one of them may send the name elsewhere."
        return Resolution("vnet-local", _unclear(vnet.id, why, instance), ("private", "elsewhere"))
    notes = (
        ("Private DNS zones were not collected; taken as holding nothing for this name.",)
        if claim == "unstated"
        else ()
    )
    if network.snapshot.absence(RULESET_LINKS) != "proven":
        notes = (*notes, "DNS forwarding rulesets were not collected; taken as sending this name nowhere else.")
    why = f"{vnet.name} is answered by Azure DNS and no linked private zone holds the name: the public record answers."
    evidence = (vnet.reading.evidence("dhcpOptions"),)
    return Resolution("vnet-local", Decision("name", vnet.id, Verdict.REACHABLE, why, evidence, notes=notes))
