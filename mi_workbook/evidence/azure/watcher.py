"""Network Watcher's next hop, where the user allows it: a POST that reads, and that Azure answers for a running VM only.

Source: REST reference of "Network Watchers - Get Next Hop" and "- List All" (2025-05-01); "Next hop overview".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mi_workbook.evidence.azure.arm import Arm, ReadFailed
from mi_workbook.evidence.azure.holding import Holding, key
from mi_workbook.evidence.azure.kinds import version_of
from mi_workbook.evidence.snapshot import field, props

WATCHERS = "Microsoft.Network/networkWatchers"
NEXT_HOP = f"{WATCHERS}/nextHop/action"
OBSERVED = "next-hop"


def ask_next_hop(arm: Arm, holding: Holding, nic_id: str, destination: str) -> None:
    """Ask where Azure takes packets of a network interface for an address, and hold the answer as an observation.

    destination: an IPv4 address. A read that fails is a problem; an interface without a VM is not asked about.
    """
    nic = holding.get(nic_id) or {}
    vm, source = _reference(nic, "virtualMachine"), _address(nic)
    asked = f"{key(nic_id)}/nexthop/{destination}"
    if not vm or not source or asked in holding.done:
        return
    watcher = _watcher(arm, holding, nic_id, str(field(nic, "location", default="")))
    if not watcher:
        return
    body = {"targetResourceId": vm, "sourceIPAddress": source, "destinationIPAddress": destination,
            "targetNicResourceId": nic_id}  # fmt: skip
    path, version = f"{watcher}/nextHop", version_of(WATCHERS)
    try:
        answer = arm.action(path, version, body)
        if not isinstance(answer, dict) or not isinstance(answer.get("nextHopType"), str):
            raise ReadFailed(200, "UnknownShape", "The answer names no next hop.")
    except ReadFailed as failed:
        holding.fail(nic_id, NEXT_HOP, failed, (), f"{path}?api-version={version}")
        return
    holding.mended(nic_id, NEXT_HOP)
    kept = {name: answer[name] for name in ("nextHopType", "nextHopIpAddress", "routeTableId") if name in answer}
    holding.observe(OBSERVED, nic_id, {**kept, "sourceIPAddress": source, "destinationIPAddress": destination})
    holding.done.add(asked)


def _watcher(arm: Arm, holding: Holding, nic_id: str, region: str) -> str:
    """The id of the region's Network Watcher, "" where there is none or it cannot be listed."""
    scope = "/".join(nic_id.split("/")[:3])
    path, version = f"{scope}/providers/{WATCHERS}", version_of(WATCHERS)
    try:
        rows = arm.pages(path, version)
    except ReadFailed as failed:
        holding.fail(scope, f"{WATCHERS}/read", failed, (), f"{path}?api-version={version}")
        return ""
    holding.mended(scope, f"{WATCHERS}/read")
    wanted = _region(region)
    found = next(
        (str(row.get("id", "")) for row in rows if _region(str(field(row, "location", default=""))) == wanted), ""
    )
    if not found:
        none = ReadFailed(404, "NoNetworkWatcher", f"Network Watcher is not enabled in {region or 'this region'}.")
        holding.fail(nic_id, NEXT_HOP, none, ())
    return found


def _region(text: str) -> str:
    return text.replace(" ", "").lower()


def _reference(resource: Mapping[str, Any], member: str) -> str:
    value = field(props(resource), member)
    return str(field(value, "id", default="")) if isinstance(value, Mapping) else ""


def _address(nic: Mapping[str, Any]) -> str:
    """The address of the primary configuration, or of the only one."""
    found = field(props(nic), "ipConfigurations")
    rows = [props(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    best = next((one for one in rows if field(one, "primary") is True), rows[0] if len(rows) == 1 else {})
    return str(field(best, "privateIPAddress", default="") or "")
