"""Faults of name resolution: records that are missing or stale, and private endpoints that DNS does not lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mi_workbook.checks.check import Found, Subject
from mi_workbook.core.evidence import Evidence
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Decision, Hop, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.instance import PrivateEndpoint
from mi_workbook.network.network import PRIVATE_ZONES, ZONE_LINKS, ZONE_RECORDS
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, last, segment
from mi_workbook.reach.path import traces, verdict

WRONG_ZONE = "privatelink.database.windows.net"


def record(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A zone that is linked and has no record for the instance, or one with an address that is not the endpoint's."""
    zone = Reading(decision.by, "", subject.network.snapshot.get(decision.by) or {})
    instance = subject.question.instance
    address = _address(subject)
    label = instance.fqdn.partition(".")[0]
    fault = "pe-record-missing-nxdomain" if "no record" in decision.why else "pe-record-stale"
    values = {"zone": zone.name, "address": address, "name": zone.name, "record": label,
              "group": segment(zone.id, "resourceGroups")}  # fmt: skip
    changes = (_record_change(subject, zone, label, address),) if address and "privatelink" in zone.name else ()
    return Found(fault, zone.id, decision.evidence, values, changes, decision)


def _address(subject: Subject) -> str:
    for endpoint in _approved(subject):
        found = subject.network.endpoint_addresses(endpoint)
        if found:
            return show_addresses(Ranges(((found[0], found[0]),)))
    return ""


def _approved(subject: Subject) -> list[PrivateEndpoint]:
    found = subject.network.private_endpoints(subject.question.instance.id)
    home = key(subject.question.subnet.vnet_id) + "/"
    near = sorted(found, key=lambda e: not key(e.subnet_id).startswith(home))
    return [e for e in near if e.status.lower() == "approved"]


def _record_change(subject: Subject, zone: Reading, label: str, address: str) -> Change:
    for raw in subject.network.snapshot.children(zone.id, ZONE_RECORDS):
        if last(str(raw.get("id", ""))).lower() == label:
            reading = Reading(str(raw.get("id")), "", raw)
            return Change(reading.id, reading.at("aRecords"), [{"ipv4Address": address}])
    at = f"{zone.id}/A/{label}"
    value = {"id": at, "name": label, "type": ZONE_RECORDS,
             "properties": {"ttl": 3600, "aRecords": [{"ipv4Address": address}]}}  # fmt: skip
    return Change(at, "", value)


def unused_endpoint(subject: Subject, found: Found) -> Found | None:
    """The DNS fault behind a blocked VNet-local path, where a private endpoint would carry the traffic.

    Shown by asking for the private endpoint: that path is open. Source: "Azure Private Link for SQL Managed Instance",
    section "Set up domain name resolution for private endpoint" (never automatic).
    """
    question = subject.question
    if question.endpoint != "vnet-local" or question.origin.kind != "inside" or not _approved(subject):
        return None
    if question.resolution is None or question.resolution.result is not Verdict.REACHABLE:
        return None
    private = replace(question, endpoint="private", resolution=None)
    if verdict(traces(subject.network, private)) is not Verdict.REACHABLE:
        return None
    return next(_dns_fault(subject, found), None)


def _dns_fault(subject: Subject, found: Found) -> Iterator[Found]:
    instance = subject.question.instance
    label, _, rest = instance.fqdn.partition(".")
    zones = [Reading(str(r.get("id", "")), "", r) for r in subject.network.snapshot.of_type(PRIVATE_ZONES)]
    right = next((z for z in zones if z.name.lower() == f"privatelink.{rest}"), None)
    address = _address(subject)
    vnet = subject.network.vnet(subject.question.subnet.vnet_id)
    values = {"zone": f"privatelink.{rest}", "address": address, "record": label, "vnet": vnet.name, "vnet_id": vnet.id}
    if right is not None:
        changes = [_link(right, vnet.id, vnet.name)]
        if not _has_record(subject, right, label):
            changes.append(_record_change(subject, right, label, address))
        values["group"] = segment(right.id, "resourceGroups")
        evidence = (right.whole(), *found.evidence)
        yield Found("pe-zone-not-linked", right.id, evidence, values, tuple(changes), found.decision)
    wrong = next((z for z in zones if z.name.lower() == WRONG_ZONE), None)
    endpoint = _approved(subject)[0]
    group = segment(endpoint.id, "resourceGroups")
    values["group"] = group
    evidence = (wrong.whole() if wrong is not None else Evidence(endpoint.id, "/", endpoint.name), *found.evidence)
    fault = "pe-zone-wrong-name" if wrong is not None else "pe-dns-none"
    yield Found(fault, wrong.id if wrong is not None else endpoint.id, evidence, values,
                _new_zone(subject, endpoint, rest, label, address), found.decision)  # fmt: skip


def _has_record(subject: Subject, zone: Reading, label: str) -> bool:
    return any(
        last(str(r.get("id", ""))).lower() == label for r in subject.network.snapshot.children(zone.id, ZONE_RECORDS)
    )


def _link(zone: Reading, vnet_id: str, name: str) -> Change:
    at = f"{zone.id}/virtualNetworkLinks/to-{name}"
    value = {"id": at, "name": f"to-{name}", "type": ZONE_LINKS, "location": "global",
             "properties": {"registrationEnabled": False, "virtualNetwork": {"id": vnet_id}}}  # fmt: skip
    return Change(at, "", value)


def _new_zone(subject: Subject, endpoint: PrivateEndpoint, rest: str, label: str, address: str) -> tuple[Change, ...]:
    name = f"privatelink.{rest}"
    at = f"{endpoint.id.rsplit('/providers/', 1)[0]}/providers/Microsoft.Network/privateDnsZones/{name}"
    zone = Reading(at, "", {"id": at, "name": name, "type": PRIVATE_ZONES, "location": "global", "properties": {}})
    vnet = subject.network.vnet(subject.question.subnet.vnet_id)
    return (Change(at, "", zone.raw), _link(zone, vnet.id, vnet.name), _record_change(subject, zone, label, address))
