"""VpnSettings.xml, the generic profile of a gateway's client package (IKEv2, SSTP); also a VPNProfile of Windows.

Rows: {"what": "route", ... common shape}; {"what": "server", "name"}; {"what": "dns-server", "address"}; {"what":
"setting", "name": "VpnType" | "Auth", "value"}. Certificates and everything else are dropped while reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import filled, prefix
from mi_workbook.evidence.pastes.vpn_values import FORCED, dns_server, forced, server, target_of, tunnel_route
from mi_workbook.evidence.pastes.xml_blocks import CUT, Element, xml_claims, xml_elements

KIND = "vpn-settings"
TITLE = "VPN client package: VpnSettings.xml"

SETTINGS = {"vpntype": "VpnType", "auth": "Auth"}
VALUE = re.compile(r"[\w ,.+-]{1,80}")
NO_ROUTES = "The file holds no routes."


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Blocks whose root is VpnProfile."""
    return xml_claims(lines, "vpnprofile")


def read(lines: Sequence[Line]) -> Reading:
    """Read a block. A file with a DTD is refused; of a file that is cut off the whole elements are read."""
    elements, whole, why = xml_elements(lines)
    read_rows = [row for element in elements for row in _rows(element)]
    rows = [row for row in read_rows if row is not None]
    strange = len(read_rows) - len(rows)
    notes = [why] if why else []
    notes += [f"{strange} values of the file are not understood."] if strange else []
    if any(re.search("cert|secret|key", element.path[-1]) and element.text for element in elements):
        notes.append("Dropped while reading: certificates and keys.")
    notes += [FORCED] if forced(rows) else []
    notes += [NO_ROUTES] if whole and not any(row["what"] == "route" for row in rows) else []
    left = filled(lines) if not elements and why != CUT else ()
    return Reading(KIND, TITLE, tuple(rows), left, tuple(notes), whole and not strange)


def _rows(element: Element) -> Iterator[dict[str, Any] | None]:
    """Rows of one element; None for a value that is not understood."""
    name, values = element.path[-1], [part for part in re.split(r"[,;\s]+", element.text) if part]
    if name == "routes":
        yield from (tunnel_route(target) if (target := prefix(part)) else None for part in values)
    elif name == "route" and "address" in element.children:
        target = target_of(element.children["address"], element.children.get("prefixsize", ""))
        yield tunnel_route(target) if target else None
    elif name in ("vpnserver", "servers"):
        yield from (server(part) for part in values)
    elif "dnsserver" in name:
        yield from (dns_server(part) for part in values)
    elif name in SETTINGS and element.text:
        yield (
            {"what": "setting", "name": SETTINGS[name], "value": element.text}
            if VALUE.fullmatch(element.text)
            else None
        )
