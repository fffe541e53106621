"""What a packet meets: Flow, Decision, Hop, Trace, and the closed list of Causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.verdict import Verdict, along


class Cause(StrEnum):
    """Every reason for which a trace can end before its destination. Each has a fault that explains it."""

    NAME_WRONG = "NAME_WRONG"
    NAME_IS_ADDRESS = "NAME_IS_ADDRESS"
    NAME_HAS_INSTANCE = "NAME_HAS_INSTANCE"
    NAME_IS_PRIVATELINK = "NAME_IS_PRIVATELINK"
    NAME_NO_ZONE = "NAME_NO_ZONE"
    PORT_WRONG = "PORT_WRONG"
    NSG_DENY = "NSG_DENY"
    ADMIN_RULE_DENY = "ADMIN_RULE_DENY"
    ROUTE_NONE = "ROUTE_NONE"
    ROUTE_INTERNET_PRIVATE_DST = "ROUTE_INTERNET_PRIVATE_DST"
    PEERING_MISSING = "PEERING_MISSING"
    PEERING_NOT_CONNECTED = "PEERING_NOT_CONNECTED"
    PEERING_NOT_SYNCED = "PEERING_NOT_SYNCED"
    PEERING_SUBNET_SCOPE = "PEERING_SUBNET_SCOPE"
    PEERING_ROUTES_DISABLED = "PEERING_ROUTES_DISABLED"
    PEERING_GLOBAL_OLD_SUBNET = "PEERING_GLOBAL_OLD_SUBNET"
    ADDRESS_OVERLAP = "ADDRESS_OVERLAP"
    NVA_NOT_FORWARDING = "NVA_NOT_FORWARDING"
    NVA_UNREACHABLE = "NVA_UNREACHABLE"
    PE_NOT_APPROVED = "PE_NOT_APPROVED"
    PUBLIC_ENDPOINT_OFF = "PUBLIC_ENDPOINT_OFF"
    INSTANCE_NOT_READY = "INSTANCE_NOT_READY"
    SOURCE_IN_INSTANCE_SUBNET = "SOURCE_IN_INSTANCE_SUBNET"
    NVA_LOOP = "NVA_LOOP"
    FIREWALL_DENY = "FIREWALL_DENY"
    ASYMMETRIC = "ASYMMETRIC"
    UDR_TO_EXPRESSROUTE = "UDR_TO_EXPRESSROUTE"
    NO_GATEWAY = "NO_GATEWAY"
    NO_GATEWAY_ROUTE = "NO_GATEWAY_ROUTE"
    GATEWAY_ROUTE_HIJACK = "GATEWAY_ROUTE_HIJACK"
    GATEWAY_NOT_READY = "GATEWAY_NOT_READY"
    OWN_GATEWAY = "OWN_GATEWAY"
    TRANSIT_NOT_USED = "TRANSIT_NOT_USED"
    TRANSIT_NOT_ALLOWED = "TRANSIT_NOT_ALLOWED"
    SITE_PREFIX_MISSING = "SITE_PREFIX_MISSING"
    TUNNEL_DOWN = "TUNNEL_DOWN"
    TRAFFIC_SELECTOR_MISS = "TRAFFIC_SELECTOR_MISS"
    CLIENTS_OFF = "CLIENTS_OFF"
    CLIENT_ROUTE_MISSING = "CLIENT_ROUTE_MISSING"
    CLIENT_NEEDS_BGP = "CLIENT_NEEDS_BGP"
    CLIENT_NOT_CONNECTED = "CLIENT_NOT_CONNECTED"
    CLIENT_OTHER_INTERFACE = "CLIENT_OTHER_INTERFACE"
    GUEST_FIREWALL = "GUEST_FIREWALL"
    CLIENT_PACKAGE_STALE = "CLIENT_PACKAGE_STALE"
    OUTSIDE_PRIVATE_NAME = "OUTSIDE_PRIVATE_NAME"
    REPLY_NOT_TO_INTERNET = "REPLY_NOT_TO_INTERNET"
    RECORD_MISSING = "RECORD_MISSING"
    RECORD_STALE = "RECORD_STALE"
    DNS_UNREACHABLE = "DNS_UNREACHABLE"
    APP_NOT_INTEGRATED = "APP_NOT_INTEGRATED"
    APP_SUBNET_GONE = "APP_SUBNET_GONE"
    APP_RANGE_PUBLIC = "APP_RANGE_PUBLIC"
    APP_NOT_WINDOWS = "APP_NOT_WINDOWS"
    APP_NO_GATEWAY = "APP_NO_GATEWAY"
    APP_EXPRESSROUTE = "APP_EXPRESSROUTE"
    APP_NOT_SSTP = "APP_NOT_SSTP"
    APP_POOL_PUBLIC = "APP_POOL_PUBLIC"
    APP_ROUTE_MISSING = "APP_ROUTE_MISSING"
    APP_OUT_OF_SYNC = "APP_OUT_OF_SYNC"
    APP_PEERING_FLAGS = "APP_PEERING_FLAGS"
    APP_TIER = "APP_TIER"
    APP_COMPOSE = "APP_COMPOSE"
    APP_NOT_DELEGATED = "APP_NOT_DELEGATED"
    APP_NOT_LINKED = "APP_NOT_LINKED"
    APP_OTHER_REGION = "APP_OTHER_REGION"
    APP_CERT_EXPIRED = "APP_CERT_EXPIRED"
    RELAY_REDIRECT = "RELAY_REDIRECT"
    RELAY_NAME = "RELAY_NAME"


@dataclass(frozen=True, slots=True)
class Flow:
    """Packets of one kind: source and destination addresses, protocol, destination ports (sets)."""

    source: Ranges
    destination: Ranges
    ports: Ranges
    protocol: str = "Tcp"


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rule, route or state decided.

    kind: name | nsg | route | peering | gateway | appliance | client | instance | endpoint | integration | setting (of a resource).
    by: ARM id (or name) of what decided. result: the verdict of this step alone. toward: Inbound or Outbound, for nsg.
    """

    kind: str
    by: str
    result: Verdict
    why: str
    evidence: tuple[Evidence, ...] = ()
    cause: Cause | None = None
    gap: Gap | None = None
    notes: tuple[str, ...] = ()
    rule: str = ""
    toward: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """A place on the path (ARM id or plain words) and the decisions taken there."""

    at: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One flow, one direction, hop by hop."""

    flow: Flow
    direction: str
    hops: tuple[Hop, ...] = field(default=())

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions, in the packet's order."""
        return tuple(d for hop in self.hops for d in hop.decisions)

    @property
    def verdict(self) -> Verdict:
        """The first decision that does not let the packet on."""
        return along(d.result for d in self.decisions)

    @property
    def stop(self) -> Decision | None:
        """The decision that made the verdict, None where the packet arrives."""
        return next((d for d in self.decisions if d.result is not Verdict.REACHABLE), None)
