"""The parsers of what tools answered, in the order in which they are asked."""

from __future__ import annotations

from mi_workbook.evidence.pastes import (
    connectivity_checker,
    curl,
    dig,
    effective_nsg,
    effective_routes,
    environment,
    learned_routes,
    nameresolver,
    netcat,
    next_hop,
    nslookup,
    psping,
    resolve_dnsname,
    route_server_routes,
    system_names,
    tcpping,
    test_netconnection,
    traceroute,
    vpn_state,
)
from mi_workbook.evidence.pastes.paste import Parser

ANSWERS: tuple[Parser, ...] = (
    connectivity_checker,
    nameresolver,
    nslookup,
    resolve_dnsname,
    system_names,
    dig,
    test_netconnection,
    psping,
    tcpping,
    netcat,
    curl,
    traceroute,
    effective_routes,
    effective_nsg,
    next_hop,
    route_server_routes,
    learned_routes,
    vpn_state,
    environment,
)
