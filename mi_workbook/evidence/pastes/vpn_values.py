"""Rows that the files of VPN clients share: routes of the tunnel, DNS servers and suffixes, the server."""

from __future__ import annotations

import re
from typing import Any

from mi_workbook.evidence.pastes.shapes import MASKS, bare_address, masked, prefix, route_row, whole_number

NAME = re.compile(r"\.?[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")


def tunnel_route(target: str, **more: Any) -> dict[str, Any]:
    """A route into the tunnel, in the common shape (`shapes.route_row`)."""
    return route_row(target, "", "", None, **more)


def target_of(address: str, mask: str) -> str:
    """Address and mask, or address and prefix length, as a prefix; "" where they are none."""
    length = whole_number(mask)
    if mask in MASKS:
        return masked(address, mask)
    return prefix(f"{address}/{length}") if length is not None else ""


def dns_server(text: str) -> dict[str, Any] | None:
    """{"what": "dns-server", "address"}."""
    address = bare_address(text)
    return {"what": "dns-server", "address": address} if address else None


def dns_suffix(text: str) -> dict[str, Any] | None:
    """{"what": "dns-suffix", "suffix"}: with the dot in front where the file has one."""
    return {"what": "dns-suffix", "suffix": text} if NAME.fullmatch(text) else None


def server(text: str) -> dict[str, Any] | None:
    """{"what": "server", "name"}: the gateway that the client dials."""
    return {"what": "server", "name": text} if NAME.fullmatch(text) else None


def forced(rows: list[dict[str, Any]]) -> bool:
    """True where the routes send everything into the tunnel."""
    prefixes = {row["prefix"] for row in rows if row["what"] == "route" and row.get("include", True)}
    return "0.0.0.0/0" in prefixes or {"0.0.0.0/1", "128.0.0.0/1"} <= prefixes


FORCED = "These routes send all traffic into the tunnel (forced tunnelling)."
