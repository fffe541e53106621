"""Networks one or two documented settings away from a given one: what a change window does to a sound estate."""

from __future__ import annotations

import copy
import random
import re
from typing import Any

WORDS = {
    "peeringState": ["Connected", "Initiated", "Disconnected"],
    "nextHopType": ["VnetLocal", "None", "Internet", "VirtualNetworkGateway"],
    "access": ["Allow", "Deny"],
    "direction": ["Inbound", "Outbound"],
    "protocol": ["Tcp", "Udp", "*"],
    "connectionStatus": ["Connected", "NotConnected"],
    "proxyOverride": ["Proxy", "Redirect"],
    "state": ["Ready", "Stopped"],
    "gatewayType": ["Vpn", "ExpressRoute"],
    "vpnType": ["RouteBased", "PolicyBased"],
    "privateEndpointNetworkPolicies": ["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"],
    "sourceAddressPrefix": ["VirtualNetwork", "Internet", "*", "10.1.1.0/24"],
    "destinationAddressPrefix": ["VirtualNetwork", "Internet", "*"],
    "destinationPortRange": ["1433", "11000-11999", "11000-11499", "3342", "*"],
}
FLAGS = ("allowVirtualNetworkAccess", "allowGatewayTransit", "useRemoteGateways", "disableBgpRoutePropagation",
         "enableIPForwarding", "publicDataEndpointEnabled", "usePolicyBasedTrafficSelectors", "hasBgpOverride")  # fmt: skip
LISTS = ("virtualNetworkPeerings", "securityRules", "routes", "privateEndpointConnections")
PREFIXES = ("addressPrefix", "addressPrefixes")
Spot = tuple[Any, Any]


def neighbour(resources: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """A copy with one or two settings changed. A subnet's own prefix stays, and so does a VNet's space."""
    draw = random.Random(seed)
    found = copy.deepcopy(resources)
    for _ in range(draw.choice([1, 1, 2])):
        spots = list(_spots(found))
        holder, step = draw.choice(spots)
        _change(holder, step, draw, re.findall(r'"?(\d+\.\d+\.\d+\.\d+/\d+)', repr(found)))
    return found


def _spots(node: Any) -> Any:
    """Every setting that may change: a flag, a word, a row of a list, a peered or routed prefix, a reference."""
    if isinstance(node, list):
        for inner in node:
            yield from _spots(inner)
        return
    if not isinstance(node, dict):
        return
    for step, inner in node.items():
        if step in FLAGS or step in WORDS or step in {"routeTable", "networkSecurityGroup"}:
            yield node, step
        elif step in LISTS and inner:
            yield inner, None
        elif step in {"remoteAddressSpace", "localNetworkAddressSpace", "vpnClientAddressPool"}:
            yield inner, "addressPrefixes"
        elif step == "addressPrefix" and "nextHopType" in node:
            yield node, step
        if step != "defaultSecurityRules":
            yield from _spots(inner)


def _change(holder: Any, step: Any, draw: random.Random, prefixes: list[str]) -> None:
    if step is None:
        del holder[draw.randrange(len(holder))]
    elif step in FLAGS:
        holder[step] = not holder[step]
    elif step in WORDS:
        holder[step] = draw.choice(WORDS[step])
    elif step in {"routeTable", "networkSecurityGroup"}:
        del holder[step]
    else:
        new = draw.choice(prefixes)
        holder[step] = new if step == "addressPrefix" else [new]
