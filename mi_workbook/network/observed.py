"""Observations of a snapshot that say what Azure itself had computed or learned at the time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mi_workbook.core.evidence import Evidence
from mi_workbook.evidence.snapshot import Snapshot, field, props
from mi_workbook.network.resource_id import key, last


@dataclass(frozen=True, slots=True)
class LearnedRoute:
    """A row of `az network vnet-gateway list-learned-routes`. origin: Network | EBgp | IBgp."""

    prefix: str
    next_hop: str
    origin: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class CapturedRoute:
    """A row of an effective route table that Azure itself showed."""

    source: str
    state: str
    prefix: str
    next_hop_type: str
    next_hop_ip: str


@dataclass(frozen=True, slots=True)
class AdminRule:
    """A security admin rule in force. sure: False where an end is a network group, whose members are not listed."""

    name: str
    manager: str
    priority: int
    access: str
    direction: str
    protocol: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[str, ...]
    sure: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class AdminRules:
    """Security admin rules that Azure named for a VNet. cut: there were more than the answer holds."""

    rules: tuple[AdminRule, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class NextHop:
    """What Network Watcher named for one address. table: id of the route table, or "System Route"."""

    destination: str
    kind: str
    address: str
    table: str
    evidence: Evidence


def next_hops(snapshot: Snapshot, nic_id: str) -> tuple[NextHop, ...]:
    """Next hops that Network Watcher named for packets of a NIC."""
    found: list[NextHop] = []
    for position, observation in about(snapshot, "nexthop", nic_id):
        value = observation.get("value")
        if isinstance(value, dict) and isinstance(field(value, "nextHopType"), str):
            words = [str(field(value, name, default="") or "") for name in HOP_MEMBERS]
            found.append(
                NextHop(words[0], words[1], words[2], words[3], Evidence(f"observations/{position}", "/value", value))
            )
    return tuple(found)


HOP_MEMBERS = ("destinationIPAddress", "nextHopType", "nextHopIpAddress", "routeTableId")


def learned_routes(snapshot: Snapshot, gateway_id: str) -> tuple[LearnedRoute, ...] | None:
    """Routes a gateway had learned, None where nobody looked. Its own network's prefixes are not learned ones."""
    found: list[LearnedRoute] = []
    seen = False
    for position, observation in about(snapshot, "learnedroutes", gateway_id):
        seen = True
        for row in _rows(observation):
            prefix, origin = str(field(row, "network", default="")), str(field(row, "origin", default=""))
            if prefix and origin.lower() != "network":
                at = Evidence(f"observations/{position}", "/value", row)
                found.append(LearnedRoute(prefix, str(field(row, "nextHop", default="") or ""), origin, at))
    return tuple(found) if seen else None


@dataclass(frozen=True, slots=True)
class BgpPeer:
    """A BGP session of a gateway. state: Unknown | Stopped | Idle | Connecting | Connected."""

    address: str
    state: str
    evidence: Evidence


def bgp_peers(snapshot: Snapshot, gateway_id: str) -> tuple[BgpPeer, ...]:
    """BGP sessions of a gateway as they were seen. Source: "Virtual Network Gateways - Get Bgp Peer Status" (BgpPeerState)."""
    found: list[BgpPeer] = []
    for position, observation in about(snapshot, "bgppeers", gateway_id):
        for row in _rows(observation):
            address, state = (str(field(row, name, default="") or "") for name in ("neighbor", "state"))
            found.append(BgpPeer(address, state, Evidence(f"observations/{position}", "/value", row)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ConnectedClients:
    """Point-to-site clients that a gateway listed. addresses: those it gave them; at: when it was asked."""

    addresses: tuple[str, ...]
    at: str
    evidence: tuple[Evidence, ...]


def connected_clients(snapshot: Snapshot, gateway_id: str) -> ConnectedClients | None:
    """Clients connected to a gateway at the last time it was asked, None where nobody looked.

    Source: "Virtual Network Gateways - Get Vpnclient Connection Health" (VpnClientConnectionHealthDetail: privateIpAddress).
    """
    latest = max(
        about(snapshot, "p2shealth", gateway_id), key=lambda one: str(one[1].get("at") or ""), default=(0, None)
    )
    position, observation = latest
    value = observation.get("value") if observation is not None else None
    rows = field(value, "vpnClientConnections") if isinstance(value, dict) else value
    if observation is None or not isinstance(rows, list):
        return None
    given = tuple(address for row in _objects(rows) for address in texts(field(row, "privateIpAddress")))
    return ConnectedClients(
        given, str(observation.get("at") or ""), (Evidence(f"observations/{position}", "/value", value),)
    )


def captured_routes(snapshot: Snapshot, nic_id: str) -> tuple[CapturedRoute, ...] | None:
    """The effective routes of a NIC as Azure showed them, None where nobody looked."""
    found: list[CapturedRoute] = []
    seen = False
    for _, observation in about(snapshot, "effectiveroute", nic_id):
        seen = True
        for row in _rows(observation):
            hops = ", ".join(texts(field(row, "nextHopIpAddress", "nextHopIp")))
            for prefix in texts(field(row, "addressPrefix")):
                words = [str(field(row, name, default="") or "") for name in ("source", "state", "nextHopType")]
                found.append(CapturedRoute(words[0], words[1], prefix, words[2], hops))
    return tuple(found) if seen else None


def admin_rules_on(snapshot: Snapshot, vnet_id: str) -> AdminRules | None:
    """Security admin rules in force on a VNet (listNetworkManagerEffectiveSecurityAdminRules), None where nobody looked."""
    found: list[AdminRule] = []
    seen = cut = False
    for position, observation in about(snapshot, "securityadminrule", vnet_id):
        seen = True
        value = observation.get("value")
        cut = cut or (isinstance(value, dict) and bool(field(value, "skipToken", "$skipToken", default="")))
        found += [_admin_rule(row, Evidence(f"observations/{position}", "/value", row)) for row in _rows(observation)]
    return AdminRules(tuple(found), cut) if seen else None


def admin_rules_elsewhere(snapshot: Snapshot, vnet_id: str) -> bool:
    """True where rules were shown for a VNet of this name that is not in the evidence: perhaps this one under another id,
    as where its body comes from an exported template.
    """
    shown = (str(one.get("about", "")) for one in snapshot.observations if "securityadminrule" in _kind(one))
    return any(
        key(at) != key(vnet_id) and last(key(at)) == last(key(vnet_id)) and snapshot.get(at) is None for at in shown
    )


def _admin_rule(row: dict[str, Any], evidence: Evidence) -> AdminRule:
    inner = props(row)
    priority, at = field(inner, "priority"), str(field(row, "id", default=""))
    ends = {name: _objects(field(inner, name)) for name in ("sources", "destinations")}
    kinds = {
        str(field(end, "addressPrefixType", default="")).lower() for end in (*ends["sources"], *ends["destinations"])
    }
    whole = isinstance(priority, int) and bool(ends["sources"]) and bool(ends["destinations"])
    limited = [text for text in texts(field(inner, "sourcePortRanges")) if text not in {"*", "0-65535"}]
    return AdminRule(
        name=str(field(row, "name", "displayName", default="") or at.rsplit("/", 1)[-1]),
        manager=at.lower().partition("/securityadminconfigurations/")[0],
        priority=priority if isinstance(priority, int) else -1,
        access=str(field(inner, "access", default="")),
        direction=str(field(inner, "direction", default="")),
        protocol=str(field(inner, "protocol", default="")),
        sources=tuple(str(field(end, "addressPrefix", default="")) for end in ends["sources"]),
        destinations=tuple(str(field(end, "addressPrefix", default="")) for end in ends["destinations"]),
        ports=tuple(texts(field(inner, "destinationPortRanges"))),
        sure=whole and not limited and kinds <= {"ipprefix", "servicetag"},
        evidence=evidence,
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def watched_nics(snapshot: Snapshot, kind: str = "effectiveroute") -> tuple[str, ...]:
    """Ids of the NICs whose effective routes (or next hops: "nexthop") Azure showed."""
    found = (str(one.get("about", "")) for one in snapshot.observations if kind in _kind(one))
    return tuple(dict.fromkeys(about for about in found if about))


def _kind(observation: dict[str, Any]) -> str:
    return "".join(c for c in str(observation.get("kind", "")).lower() if c.isalnum())


def about(snapshot: Snapshot, kind: str, resource_id: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Position and observation of each one about a resource whose kind holds some letters."""
    for position, observation in enumerate(snapshot.observations):
        if kind in _kind(observation) and key(str(observation.get("about", ""))) == key(resource_id):
            yield position, observation


def _rows(observation: dict[str, Any]) -> list[dict[str, Any]]:
    value = observation.get("value")
    rows = field(value, "value") if isinstance(value, dict) else value
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list; a single text counts as a list of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str) and item]
