"""Network security groups as nftables text, from "Network security groups" and "Virtual network service tags"."""

from __future__ import annotations

import ipaddress

from lab.estate import Estate, Json, Subnet, Unbuildable, low
from lab.spaces import RESERVED, outside_prefixes

HOST = "168.63.129.16/32"
ANY = {"*", "any", "0.0.0.0/0"}
PLATFORM_TAGS = {"azureplatformdns", "azureplatformimds", "azureplatformlkm"}
PUBLIC_TAGS = {"sql", "storage", "azurecloud", "sqlmanagement", "azureactivedirectory"}


def ruleset(estate: Estate, subnet: Subnet, own: Json | None, applies: bool, admin: dict[str, str]) -> str:
    """nftables of one host: what its NIC's and its subnet's security groups let in and out, stateful per host.

    own: properties of the NIC's group, or None. admin: chains of security admin rules, which come first. applies: False where no group is looked at (gateways, most endpoints).
    """
    chains, calls = [], {"Inbound": "", "Outbound": ""}
    gates = [("subnet", subnet.guard), ("nic", own)] if applies else []
    for name, group in gates:
        if group is None:
            continue
        for toward in ("Inbound", "Outbound"):
            chain = f"{name}_{toward.lower()}"
            chains.append(f"chain {chain} {{\n{_rules(estate, subnet, group, toward)}\ndrop;\n}}")
            calls[toward] += f"jump {chain};\n"
    for toward, lines in admin.items():
        chains.append(f"chain admin_{toward} {{\n{lines}\n}}")
        calls[toward.capitalize()] = f"jump admin_{toward};\n" + calls[toward.capitalize()]
    known = "ct state established,related accept;\n"
    hooks = [
        ("input", calls["Inbound"]),
        ("output", calls["Outbound"]),
        ("forward", calls["Inbound"] + calls["Outbound"]),
    ]
    for hook, jumps in hooks:
        chains.append(f'chain at_{hook} {{ type filter hook {hook} priority 0; policy accept;\niifname "lo" accept;\n'
                      f"{known}{jumps}}}")  # fmt: skip
    return "table ip guard {\n" + "\n".join(chains) + "\n}\n" if any(calls.values()) else ""


def _rules(estate: Estate, subnet: Subnet, group: Json, toward: str) -> str:
    custom = sorted((raw["properties"] for raw in group["securityRules"]), key=lambda rule: rule["priority"])
    lines = [_line(estate, subnet, rule) for rule in (*custom, *_defaults(toward)) if rule["direction"] == toward]
    return "\n".join(line for line in lines if line)


def _defaults(toward: str) -> list[Json]:
    """Section "Default security rules"; the last one, deny all, is the chain's end."""
    every = {
        "direction": toward,
        "access": "Allow",
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
    }
    vnet = {**every, "sourceAddressPrefix": "VirtualNetwork", "destinationAddressPrefix": "VirtualNetwork"}
    if toward == "Inbound":
        return [vnet, {**every, "sourceAddressPrefix": "AzureLoadBalancer", "destinationAddressPrefix": "*"}]
    return [vnet, {**every, "sourceAddressPrefix": "*", "destinationAddressPrefix": "Internet"}]


def _line(estate: Estate, subnet: Subnet, rule: Json) -> str:
    """One rule; "" where it holds for no TCP packet. Allow goes on to the next gate, deny drops."""
    if rule["protocol"].lower() not in {"tcp", "*"}:
        if rule["protocol"].lower() not in {"udp", "icmp", "esp", "ah"}:
            raise Unbuildable(f"protocol {rule['protocol']}")
        return ""
    parts = []
    for side, word in (("source", "saddr"), ("destination", "daddr")):
        match = _side(estate, subnet, rule, side, word)
        if match is None:
            return ""
        parts.append(match)
    parts += [_ports(rule, "source", "sport"), _ports(rule, "destination", "dport")]
    return " ".join([*filter(None, parts), "return;" if rule["access"].lower() == "allow" else "drop;"])


def _side(estate: Estate, subnet: Subnet, rule: Json, side: str, word: str) -> str | None:
    """An nftables match, "" for any address, None where no address fits."""
    texts = [*([rule[f"{side}AddressPrefix"]] if rule.get(f"{side}AddressPrefix") else []),
             *rule.get(f"{side}AddressPrefixes", [])]  # fmt: skip
    groups = {low(one) for one in rule.get(f"{side}ApplicationSecurityGroups", [])}
    prefixes = [f"{nic.address}/32" for nic in estate.nics if groups & set(nic.groups)]
    for text in texts:
        if text.lower() in ANY:
            return ""
        prefixes += _meaning(estate, subnet, text)
    if "0.0.0.0/0" in prefixes:
        return ""
    nets = ipaddress.collapse_addresses(ipaddress.ip_network(one, strict=False) for one in prefixes)
    held = ", ".join(str(one) for one in nets)
    return f"ip {word} {{ {held} }}" if held else None


def _meaning(estate: Estate, subnet: Subnet, text: str) -> list[str]:
    name = text.lower()
    if name == "virtualnetwork":
        return virtual_network(estate, subnet)
    if name == "internet":
        taken = [*RESERVED, *estate.space(subnet.vnet), HOST]
        return _complement(taken)
    if name == "azureloadbalancer":
        return [HOST]
    if name in PLATFORM_TAGS:
        return [HOST, "169.254.169.254/32"]
    if name.partition(".")[0] in PUBLIC_TAGS:
        return []  # lists of public addresses; the lab's public ends are in none of them
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Unbuildable(f"service tag {text}") from None
    return [] if ":" in text else [text]


def virtual_network(estate: Estate, subnet: Subnet) -> list[str]:
    """The VirtualNetwork tag for a subnet: the VNet, peers, what is behind gateways, the host, prefixes of user routes."""
    peers = [p for side in estate.peerings(subnet.vnet) if side.connected and side.access for p in side.space]
    behind = [p for gateway in estate.serving(subnet.vnet)
              for prefixes in outside_prefixes(estate, gateway).values() for p in prefixes]  # fmt: skip
    routes = [raw["properties"]["addressPrefix"] for raw in (subnet.table or {}).get("routes", [])]
    return [
        *estate.space(subnet.vnet),
        *peers,
        *behind,
        HOST,
        *(one for one in routes if "/" in one and ":" not in one),
    ]


def _complement(taken: list[str]) -> list[str]:
    left = [ipaddress.ip_network("0.0.0.0/0")]
    for one in ipaddress.collapse_addresses(ipaddress.ip_network(text) for text in taken):
        left = [part for net in left for part in (net.address_exclude(one) if one.subnet_of(net) else
                                                  [] if net.subnet_of(one) else [net])]  # fmt: skip
    return [str(one) for one in left]


def _ports(rule: Json, side: str, word: str) -> str:
    texts = [*([rule[f"{side}PortRange"]] if rule.get(f"{side}PortRange") else []), *rule.get(f"{side}PortRanges", [])]
    if not texts or "*" in texts:
        return ""
    merged: list[list[int]] = []
    for first, last in sorted(port_range(text) for text in texts):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return f"tcp {word} {{ {', '.join(f'{a}-{b}' if a != b else str(a) for a, b in merged)} }}"


def port_range(text: str) -> tuple[int, int]:
    """Both ends of a port range."""
    first, _, last = ("0-65535" if text == "*" else text).partition("-")
    return int(first), int(last or first)
