"""The parsers of what tools answered, in the order in which they are asked."""

from __future__ import annotations

from mi_workbook.evidence.pastes import (
    connectivity_checker,
    curl,
    dig,
    effective_nsg,
    effective_routes,
    environment,
    host_lookup,
    learned_routes,
    nameresolver,
    netcat,
    next_hop,
    nslookup,
    nslookup_debug,
    port_scan,
    psping,
    resolve_dnsname,
    system_names,
    tcpping,
    telnet,
    test_netconnection,
    traceroute,
    vpn_state,
)
from mi_workbook.evidence.pastes.paste import Parser

ANSWERS: tuple[Parser, ...] = (
    connectivity_checker,
    nameresolver,
    host_lookup,
    nslookup_debug,
    nslookup,
    resolve_dnsname,
    system_names,
    dig,
    test_netconnection,
    psping,
    tcpping,
    netcat,
    curl,
    telnet,
    port_scan,
    traceroute,
    effective_routes,
    effective_nsg,
    next_hop,
    learned_routes,
    vpn_state,
    environment,
)
