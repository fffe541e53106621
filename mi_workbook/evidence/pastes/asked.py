"""The parsers of what a system says of itself when asked: its route to one address, its name servers, its VPN client's log.

They come first: a route for one address is no table, and each is known by words that no other format has.
"""

from __future__ import annotations

from mi_workbook.evidence.pastes import (
    dns_client_servers,
    find_netroute,
    ip_route_get,
    nrpt,
    openvpn_log,
    resolv_conf,
    resolvectl_query,
    resolvectl_status,
    route_get,
    scutil_dns,
)
from mi_workbook.evidence.pastes.paste import Parser

ASKED: tuple[Parser, ...] = (
    openvpn_log, ip_route_get, route_get, find_netroute, resolvectl_query, resolvectl_status, scutil_dns, dns_client_servers, nrpt,
    resolv_conf,
)  # fmt: skip
