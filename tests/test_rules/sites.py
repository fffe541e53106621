"""Networks with gateways: clients and a site behind one, and two joined by theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from arm import Json, connection, gateway, instance, nic, site, subnet, vnet

from mi_workbook.core.verdict import Verdict
from test_rules.topology import A, B, asked, shared_hub, unshared

POOL, SITE = "172.16.201.0/24", "192.168.0.0/16"
GW = subnet("10.0.255.0/27")


def alone(*more: Json, **members: Any) -> list[Json]:
    """An instance in the network of a gateway, which serves clients and a site."""
    return unshared([
        vnet("v", ["10.0.0.0/16"], {"mi": subnet("10.0.0.0/27"), "GatewaySubnet": GW, "vm": subnet("10.0.2.0/24")}),
        gateway("gw", "v", POOL, **members), site("branch", SITE), connection("to-branch", "gw", "branch"),
        nic("vm", "10.0.2.4", "v/vm"), instance("v/mi"), *more,
    ])  # fmt: skip


def joined(**connection_members: Any) -> list[Json]:
    """A (client) and B (instance), not peered, their gateways connected."""
    link = connection("c", "g1", "g2", "Vnet2Vnet")
    link["properties"] |= connection_members
    return unshared([
        vnet("A", A, {"vm": subnet("10.1.0.0/24"), "GatewaySubnet": subnet("10.1.255.0/27")}),
        vnet("B", B, {"mi": subnet("10.2.0.0/27"), "GatewaySubnet": subnet("10.2.255.0/27")}),
        gateway("g1", "A", POOL), gateway("g2", "B"), link, nic("vm-a", "10.1.0.4", "A/vm"), instance("B/mi"),
    ])  # fmt: skip


def own_side_only(resources: list[Json], source: str) -> bool:
    """True where nothing in Azure stops it, and only the source's own side is left to test."""
    found = asked(resources, source)
    stops = [d for t in found.traces for d in t.decisions if d.result is not Verdict.REACHABLE]
    return found.verdict is Verdict.UNKNOWN and {d.kind for d in stops} == {"client"}


def recased(resources: list[Json], how: Callable[[str], str]) -> list[Json]:
    """The same evidence with every id in another case."""
    text = json.dumps(resources)
    for one in {part for part in text.split('"') if part.startswith("/subscriptions/")}:
        text = text.replace(f'"{one}"', f'"{how(one)}"')
    found: list[Json] = json.loads(text)
    return found


CASED = [
    pytest.param(joined(), "vm-a", id="networks"),
    pytest.param(joined(connectionStatus="NotConnected"), "vm-a", id="tunnel down"),
    pytest.param(alone(), "p2s:gw", id="clients"),
    pytest.param(shared_hub(), "p2s:gw", id="clients of a hub"),
]


def same_in(resources: list[Json], source: str, how: Callable[[str], str]) -> bool:
    """True where verdict, reason and number of gaps do not hang on the case of ids."""
    before, after = asked(resources, source), asked(recased(resources, how), source)
    return (before.verdict, before.root_cause, len(before.gaps)) == (after.verdict, after.root_cause, len(after.gaps))
