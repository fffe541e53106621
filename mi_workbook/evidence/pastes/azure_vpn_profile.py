"""azurevpnconfig.xml, the profile of the Azure VPN Client (OpenVPN, Windows and macOS).

Rows: {"what": "route", ... common shape, "include": True for includeroutes and False for excluderoutes}; {"what":
"dns-server", "address"}; {"what": "dns-suffix", "suffix"}; {"what": "server", "name"}. `mask` of a route is a prefix
length. Everything else, the server's secret and certificates above all, is dropped while reading.
Source: "Azure VPN Client - configure optional DNS and routing settings".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import filled
from mi_workbook.evidence.pastes.vpn_values import (
    FORCED,
    dns_server,
    dns_suffix,
    forced,
    server,
    target_of,
    tunnel_route,
)
from mi_workbook.evidence.pastes.xml_blocks import CUT, Element, xml_claims, xml_elements

KIND = "azure-vpn-profile"
TITLE = "Azure VPN Client: azurevpnconfig.xml"

KEPT = {"dnsserver": dns_server, "dnssuffix": dns_suffix, "fqdn": server}
SECRETS = {"serversecret": "the server's secret", "hash": "certificate hashes", "cert": "certificates"}
NO_ROUTES = (
    "The profile has no includeroutes: the client gets only the routes that the gateway pushes when it connects."
)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Blocks whose root is azvpnprofile."""
    return xml_claims(lines, "azvpnprofile")


def read(lines: Sequence[Line]) -> Reading:
    """Read a block. A file with a DTD is refused; of a file that is cut off the whole elements are read."""
    elements, whole, why = xml_elements(lines)
    rows: list[dict[str, Any]] = []
    strange = 0
    for element in elements:
        row = _row(element)
        rows += [row] if row else []
        strange += 1 if row is None and _wanted(element) else 0
    notes = [why] if why else []
    notes += [f"{strange} routes, servers or suffixes of the file are not understood."] if strange else []
    notes += [f"Dropped while reading: {', '.join(dropped)}."] if (dropped := _dropped(elements)) else []
    notes += [FORCED] if forced(rows) else []
    if whole and not any(row["what"] == "route" and row["include"] for row in rows):
        notes.append(NO_ROUTES)
    left = filled(lines) if not elements and why != CUT else ()
    return Reading(KIND, TITLE, tuple(rows), left, tuple(notes), whole and not strange)


def _wanted(element: Element) -> bool:
    name = element.path[-1]
    return (name in KEPT and bool(element.text)) or _is_route(element)


def _is_route(element: Element) -> bool:
    return element.path[-1] == "route" and element.path[-2:-1] in (("includeroutes",), ("excluderoutes",))


def _row(element: Element) -> dict[str, Any] | None:
    if _is_route(element):
        target = target_of(element.children.get("destination", ""), element.children.get("mask", ""))
        return tunnel_route(target, include=element.path[-2] == "includeroutes") if target else None
    make = KEPT.get(element.path[-1])
    return make(element.text) if make and element.text else None


def _dropped(elements: Sequence[Element]) -> list[str]:
    there = {element.path[-1] for element in elements if element.text}
    return [words for name, words in SECRETS.items() if name in there]
