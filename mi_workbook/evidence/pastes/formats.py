"""The formats that a paste is searched for, the surest first: a later one sees only what an earlier one left."""

from __future__ import annotations

from mi_workbook.evidence.pastes import (
    azure_vpn_profile,
    get_netroute,
    ip_route,
    ipconfig,
    linux_netstat,
    macos_netstat,
    netsh_routes,
    openvpn_profile,
    proc_net_route,
    route_print,
    routes_txt,
    vpn_settings,
)
from mi_workbook.evidence.pastes.answers import ANSWERS
from mi_workbook.evidence.pastes.asked import ASKED
from mi_workbook.evidence.pastes.paste import Parser

FORMATS: tuple[Parser, ...] = (
    *ASKED, azure_vpn_profile, vpn_settings, openvpn_profile, get_netroute, routes_txt, netsh_routes, macos_netstat, linux_netstat,
    proc_net_route, ip_route, *ANSWERS, route_print, ipconfig,
)  # fmt: skip
