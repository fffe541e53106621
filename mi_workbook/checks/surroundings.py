"""Faults around the instance that do not decide the path: locks, size, zones, tunnels' limits, failover groups.

Sources: "Connectivity architecture of SQL Managed Instance", sections "Network requirements" and "Networking
constraints"; "Determine required subnet size"; "Azure Private Link for SQL Managed Instance", section "Set up domain
name resolution"; "Configure a failover group", section on ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mi_workbook.checks.check import Found, Subject
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Flow
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.instance import REDIRECT_PORTS, ManagedInstance
from mi_workbook.network.keys import linked_vnet
from mi_workbook.network.network import ZONE_LINKS
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, last, parent, segment
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.security import gate

LOCKS = "Microsoft.Authorization/locks"
FAILOVER_GROUPS = "Microsoft.Sql/locations/instanceFailoverGroups"
CIRCUITS = "Microsoft.Network/expressRouteCircuits"
SMALLEST = 32
REPLICATION_PORTS = Ranges(((5022, 5022), REDIRECT_PORTS))
RESERVED_ZONES = (
    "windows.net",
    "database.windows.net",
    "core.windows.net",
    "blob.core.windows.net",
    "table.core.windows.net",
    "queue.core.windows.net",
    "management.core.windows.net",
    "monitoring.core.windows.net",
    "graph.windows.net",
    "login.microsoftonline.com",
    "login.windows.net",
    "servicebus.windows.net",
    "vault.azure.net",
)


def proxy(subject: Subject) -> Iterator[Found]:
    """Every packet passes the gateway, whose maintenance breaks connections. Source: "Connection types"."""
    instance = subject.question.instance
    if subject.question.endpoint == "vnet-local" and instance.connection_type.lower() == "proxy":
        yield Found("mi-proxy-slow", instance.id, (instance.reading.evidence("proxyOverride"),))


def read_only_lock(subject: Subject) -> Iterator[Found]:
    """A read-only lock over the instance's subnet keeps the service from writing its own policies there."""
    subnet = subject.question.instance.subnet_id
    for raw in subject.network.snapshot.of_type(LOCKS):
        lock = Reading(str(raw.get("id", "")), "", raw)
        scope = key(lock.id).partition("/providers/microsoft.authorization/locks/")[0]
        if lock.text("level").lower() == "readonly" and f"{key(subnet)}/".startswith(f"{scope}/"):
            yield Found("mi-lock-policy", lock.id, (lock.evidence("level"),), {"actual": last(scope)})


def small_subnet(subject: Subject) -> Iterator[Found]:
    """The instance's subnet has fewer addresses than an instance needs to be updated and scaled."""
    subnet = subject.network.subnet(subject.question.instance.subnet_id)
    size = subnet.addresses.size
    if 0 < size < SMALLEST:
        member = "addressPrefix" if subnet.reading.get("addressPrefix") else "addressPrefixes"
        yield Found("mi-subnet-ip-exhausted", subnet.id, (subnet.reading.evidence(member),), {"actual": str(size)})


def zones_at_instance(subject: Subject) -> Iterator[Found]:
    """Private zones linked to the instance's VNet that hide names the service itself needs."""
    instance, snapshot = subject.question.instance, subject.network.snapshot
    home = parent(instance.subnet_id)
    for raw in snapshot.having(ZONE_LINKS, "vnet", linked_vnet, key(home)):
        link = Reading(str(raw.get("id", "")), "", raw)
        zone = last(parent(link.id)).lower()
        fault = "dns-reserved-in-mi-vnet" if zone in RESERVED_ZONES else ""
        if instance.zone and zone.startswith(f"privatelink.{instance.zone}."):
            fault = "pe-zone-linked-to-mi-vnet"
        if fault:
            values = {"zone": zone, "vnet": last(home)}
            yield Found(fault, link.id, (link.whole(),), values, (Change(link.id, "", None),))


def endpoint_beside_instance(subject: Subject) -> Iterator[Found]:
    """A private endpoint in the instance's own VNet needs a zone of another name, which the certificate lacks."""
    instance = subject.question.instance
    for endpoint in subject.network.private_endpoints(instance.id):
        if key(parent(endpoint.subnet_id)) == key(parent(instance.subnet_id)):
            values = {"vnet": last(parent(instance.subnet_id))}
            yield Found("pe-same-vnet-tls", endpoint.id, (endpoint.reading.evidence("subnet"),), values)


def client_tunnels(subject: Subject) -> Iterator[Found]:
    """Limits of the gateway that VPN clients of this question meet: SKU, protocols, certificates."""
    if subject.question.origin.kind == "clients":
        for gateway in subject.question.origin.gateways:
            yield from _client_tunnel(gateway)
            if subject.question.origin.integration is None:  # an app needs SSTP, and IKEv2 off beside it
                yield from _few_clients(gateway)


def _few_clients(gateway: Gateway) -> Iterator[Found]:
    """SSTP alone carries 128 connections."""
    if gateway.protocols == ("sstp",):
        at = gateway.reading.at("vpnClientConfiguration")
        change = Change(gateway.id, f"{at}/vpnClientProtocols", ["SSTP", "IkeV2"])
        evidence = (gateway.reading.evidence("vpnClientConfiguration"),)
        yield Found("p2s-128", gateway.id, evidence, {"name": gateway.name, "actual": "SSTP"}, (change,))


def _client_tunnel(gateway: Gateway) -> Iterator[Found]:
    evidence = (gateway.reading.evidence("vpnClientConfiguration"),)
    values = {"name": gateway.name, "actual": ", ".join(gateway.protocols)}
    if gateway.sku.lower() == "basic":
        yield Found("gw-basic-sku", gateway.id, (gateway.reading.evidence("sku"),), values)
    raw = gateway.reading.get("vpnClientConfiguration")
    clients = Reading(gateway.id, "", raw if isinstance(raw, dict) else {})
    by_certificate = {kind.lower() for kind in clients.texts("vpnAuthenticationTypes")} == {"certificate"}
    if by_certificate and clients.get("vpnClientRootCertificates") == []:
        yield Found("p2s-cert-root", gateway.id, evidence, values)


def microsoft_peering(subject: Subject) -> Iterator[Found]:
    """A circuit with Microsoft peering is connected to the instance's VNet."""
    network = subject.network
    home = parent(subject.question.instance.subnet_id)
    for gateway in network.gateways_of(home):
        for connection in network.connections_of(gateway):
            raw = network.snapshot.get(connection.reading.reference("peer"))
            circuit = Reading(str((raw or {}).get("id", "")), "", raw or {})
            for one in circuit.children("peerings"):
                kind, state = one.text("peeringType").lower(), one.text("state").lower()
                if kind == "microsoftpeering" and state == "enabled":
                    yield Found("mi-er-microsoft-peering", circuit.id, (one.evidence("peeringType"),))


def failover_groups(subject: Subject) -> Iterator[Found]:
    """Partners of a failover group with another DNS zone, and rules that keep replication out."""
    instance = subject.question.instance
    for raw in subject.network.snapshot.of_type(FAILOVER_GROUPS):
        group = Reading(str(raw.get("id", "")), "", raw)
        for pair in group.children("managedInstancePairs"):
            ids = [pair.text("primaryManagedInstanceId"), pair.text("partnerManagedInstanceId")]
            others = [one for one in ids if key(one) != key(instance.id)]
            if len(others) == 1 and subject.network.snapshot.get(others[0]) is not None:
                partner = subject.network.instance(others[0])
                yield from _partners(subject, group, instance, partner)


def _partners(subject: Subject, group: Reading, one: ManagedInstance, other: ManagedInstance) -> Iterator[Found]:
    if one.zone and other.zone and one.zone != other.zone:
        evidence = (group.whole(), one.reading.evidence("dnsZone"), other.reading.evidence("dnsZone"))
        values = {"actual": other.zone, "expected": one.zone, "name": group.name}
        yield Found("fog-zone-differs", group.id, evidence, values)
    here, there = subject.network.subnet(one.subnet_id), subject.network.subnet(other.subnet_id)
    yield from _replication(subject, group, here, there)
    yield from _replication(subject, group, there, here)


def _replication(subject: Subject, group: Reading, here: Subnet, there: Subnet) -> Iterator[Found]:
    """Rules of one subnet towards its partner's, both directions."""
    ways = (("Inbound", there, here), ("Outbound", here, there))
    for direction, source, destination in ways:
        flow = Flow(source.addresses, destination.addresses, REPLICATION_PORTS)
        decided = gate(subject.network, here.nsg_id, direction, here, flow, f"subnet {here.name}")
        if decided.result is Verdict.BLOCKED:
            values = {"detail": decided.why, "nsg": last(here.nsg_id), "group": segment(here.nsg_id, "resourceGroups"),
                      "name": group.name, "rule": decided.rule}  # fmt: skip
            yield Found("fog-ports", here.nsg_id, (group.whole(), *decided.evidence), values)


SURROUNDINGS: tuple[Callable[[Subject], Iterator[Found]], ...] = (
    proxy,
    read_only_lock,
    small_subnet,
    zones_at_instance,
    endpoint_beside_instance,
    client_tunnels,
    microsoft_peering,
    failover_groups,
)
