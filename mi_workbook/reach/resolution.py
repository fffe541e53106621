"""Which endpoint a name leads to from a VNet: private zones linked to it, else the public answer.

Source: "What is the virtual network link for private DNS"; "Azure Private Endpoint private DNS zone values";
"Name resolution for resources in Azure virtual networks" (custom DNS servers).
"""

from __future__ import annotations

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import PRIVATE_ZONES, ZONE_LINKS, ZONE_RECORDS, Network
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key
from mi_workbook.network.vnet import Vnet

AZURE_DNS = {"168.63.129.16", "azureprovideddns"}


def resolve(network: Network, vnet: Vnet, nic_dns: tuple[str, ...], instance: ManagedInstance) -> tuple[str, Decision]:
    """The endpoint (vnet-local | private) that the instance's name leads to from a VNet, and the decision about it."""
    servers = [s for s in (nic_dns or vnet.dns_servers) if s.lower() not in AZURE_DNS]
    if servers:
        return "vnet-local", _custom(vnet, servers, instance)
    zones = _linked_zones(network, vnet, instance)
    for zone in zones:
        answer = _record(network, zone, instance)
        if answer is None:
            return "vnet-local", _no_record(zone, instance)
        endpoints = {a for e in network.private_endpoints(instance.id) for a in network.endpoint_addresses(e)}
        if {first for first, _ in answer} <= endpoints and answer:
            why = f"Zone {zone.name} is linked to {vnet.name} and answers with the private endpoint."
            return "private", Decision("name", zone.id, Verdict.REACHABLE, why, (zone.whole(),))
        return "vnet-local", _unclear(zone.id, f"Zone {zone.name} answers with an address that is no known private endpoint.",
                                      instance)  # fmt: skip
    return "vnet-local", _public_answer(network, vnet, instance)


def _custom(vnet: Vnet, servers: list[str], instance: ManagedInstance) -> Decision:
    why = f"{vnet.name} uses its own DNS servers ({', '.join(servers)}); what they answer is not in Azure's configuration."
    return _unclear(
        vnet.id, why, instance, (Evidence(vnet.id, vnet.reading.at("dhcpOptions"), {"dnsServers": servers}),)
    )


def _unclear(at: str, why: str, instance: ManagedInstance, evidence: tuple[Evidence, ...] = ()) -> Decision:
    gap = Gap(
        f"The address that {instance.fqdn or instance.name} resolves to at the client",
        why,
        f"nslookup {instance.fqdn} on the client; where the answer is known, ask again with --endpoint vnet-local or private.",
    )
    return Decision("name", at, Verdict.UNKNOWN, why, evidence, gap=gap)


def _linked_zones(network: Network, vnet: Vnet, instance: ManagedInstance) -> list[Reading]:
    """Private zones linked to the VNet that hold the instance's name, longest suffix first."""
    label, _, rest = instance.fqdn.partition(".")
    wanted = {f"privatelink.{rest}", rest, instance.fqdn, rest.partition(".")[2]}
    found = []
    for raw in network.snapshot.of_type(PRIVATE_ZONES):
        zone = Reading(str(raw.get("id", "")), "", raw)
        links = network.snapshot.children(zone.id, ZONE_LINKS)
        linked = any(key(Reading("", "", link).reference("virtualNetwork")) == key(vnet.id) for link in links)
        if zone.name.lower() in wanted and linked and label:
            found.append(zone)
    return sorted(found, key=lambda zone: -len(zone.name))


def _record(network: Network, zone: Reading, instance: ManagedInstance) -> Ranges | None:
    label = instance.fqdn.partition(".")[0]
    for raw in network.snapshot.children(zone.id, ZONE_RECORDS):
        record = Reading(zone.id, "", raw)
        if record.name.lower() == label:
            texts = [child.text("ipv4Address") for child in record.children("aRecords")]
            return ipv4(tuple(t for t in texts if t))
    return None


def _no_record(zone: Reading, instance: ManagedInstance) -> Decision:
    why = f"Zone {zone.name} is linked to the client's VNet and its record for {instance.name} is not in the evidence."
    return _unclear(zone.id, why, instance)


def _public_answer(network: Network, vnet: Vnet, instance: ManagedInstance) -> Decision:
    """The public record of the VNet-local name holds the instance's private address and is visible anywhere."""
    claim = network.snapshot.absence(PRIVATE_ZONES)
    has_endpoints = bool(instance.private_endpoint_ids) or bool(network.private_endpoints(instance.id))
    links = network.snapshot.absence(ZONE_LINKS)
    if claim == "unproven" or links == "unproven" or (has_endpoints and claim != "proven"):
        return _unclear(
            vnet.id, "Private DNS zones were not collected, and one of them may answer for the name.", instance
        )
    notes = (
        ("Private DNS zones were not collected; taken as holding nothing for this name.",)
        if claim == "unstated"
        else ()
    )
    why = f"{vnet.name} uses Azure DNS and no linked private zone holds the name: the public record answers."
    return Decision("name", vnet.id, Verdict.REACHABLE, why, (vnet.reading.evidence("dhcpOptions"),), notes=notes)
