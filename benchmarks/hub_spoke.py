"""Round trip with every hop and the deciding rules: each of 499 spokes asks for 1433 and 11000-11999 at an instance in spoke 0,
over direct peerings, with a security group at both ends.

    python benchmarks/hub_spoke.py [--sources N] [--z3 N]

z3 answers for a sample of the sources, both ways and every port, with the model of the tests (tests/oracle/model.py), which shares no
code with the engine; the verdicts are asserted equal before a time is shown.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import ipaddress
import json
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.looking import look
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network

BASE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
RULES = 22


def resource(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    """A Microsoft.Network resource."""
    return {"id": f"{BASE}/{kind}/{name}", "name": name, "type": f"Microsoft.Network/{kind}", "location": "westeurope",
            "properties": properties}  # fmt: skip


def group(name: str, seed: int) -> dict[str, Any]:
    """A network security group of 22 rules, some of which close a Redirect port for some sources."""
    draw = random.Random(seed)
    rules = []
    for number in range(RULES):
        address = f"10.{draw.randrange(1, 250)}.{draw.randrange(256)}.0/{draw.choice([16, 20, 24])}"
        source = str(ipaddress.ip_network(address, strict=False))
        port = draw.choice(["443", "22", "3389", str(draw.randrange(11000, 12000)), "1433"])
        access = "Deny" if draw.random() < 0.3 else "Allow"
        rules.append({"name": f"r{number}", "properties": {
            "priority": 100 + number, "direction": draw.choice(["Inbound", "Outbound"]), "access": access, "protocol": "Tcp",
            "sourcePortRange": "*", "sourceAddressPrefix": source, "destinationAddressPrefix": "*",
            "destinationPortRange": port}})  # fmt: skip
    return resource("networkSecurityGroups", name, securityRules=rules)


def vnet(name: str, space: str, subnet: str, nsg: str, peers: dict[str, str]) -> dict[str, Any]:
    """A VNet with one subnet, peered both ways with others."""
    own = f"{BASE}/virtualNetworks/{name}"
    return resource(
        "virtualNetworks", name, addressSpace={"addressPrefixes": [space]}, dhcpOptions={"dnsServers": []},
        subnets=[{"id": f"{own}/subnets/s", "name": "s", "properties": {
            "addressPrefix": subnet, "networkSecurityGroup": {"id": f"{BASE}/networkSecurityGroups/{nsg}"}}}],
        virtualNetworkPeerings=[{"name": f"to-{peer}", "properties": {
            "peeringState": "Connected", "allowVirtualNetworkAccess": True, "remoteVirtualNetwork": {"id": f"{BASE}/virtualNetworks/{peer}"},
            "remoteAddressSpace": {"addressPrefixes": [prefix]}}} for peer, prefix in peers.items()],
    )  # fmt: skip


def estate(sources: int) -> Snapshot:
    """Spoke 0 with the instance, peered with every other spoke."""
    spaces = {f"v{n}": f"10.{n // 2}.{(n % 2) * 128}.0/17" for n in range(sources + 1)}
    subnets = {name: space.replace("/17", "/24") for name, space in spaces.items()}
    others = {name: space for name, space in spaces.items() if name != "v0"}
    found = [vnet("v0", spaces["v0"], "10.0.0.0/27", "n0", others), group("n0", 0)]
    for number in range(1, sources + 1):
        name = f"v{number}"
        found += [vnet(name, spaces[name], subnets[name], f"n{number % 25 + 1}", {"v0": spaces["v0"]})]
    found += [group(f"n{number}", number) for number in range(1, 26)]
    found.append({
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi", "name": "mi",
        "type": "Microsoft.Sql/managedInstances", "location": "westeurope",
        "properties": {"fullyQualifiedDomainName": "mi.abc.database.windows.net", "dnsZone": "abc", "state": "Ready",
                       "provisioningState": "Succeeded", "proxyOverride": "Redirect", "privateEndpointConnections": [],
                       "subnetId": f"{BASE}/virtualNetworks/v0/subnets/s"}})  # fmt: skip
    return Snapshot(found, complete=None)


def ask(snapshot: Snapshot, sources: int) -> list[Verdict]:
    """Every source's verdict, with all traces, on a network that nothing was read from before."""
    network = Network(snapshot)
    return [look(network, f"v{n}/s", "mi", "vnet-local", checked=False).verdict for n in range(1, sources + 1)]


def by_z3(snapshot: Snapshot, verdicts: list[Verdict], sample: int) -> float:
    """Milliseconds of z3 for each source of a sample, spread over all; its answers are those of the engine."""
    from tests.oracle.model import Model

    resources = [dict(one) for one in snapshot.resources]
    asked = range(0, len(verdicts), max(1, len(verdicts) // sample))
    start = time.perf_counter()
    answers = {n: Model(resources, f"v{n + 1}/s").answer() for n in asked}
    spent = (time.perf_counter() - start) * 1000 / len(answers)
    for n, answer in answers.items():
        expected = Verdict.REACHABLE if answer.all_pass else Verdict.BLOCKED if answer.none_pass else Verdict.UNKNOWN
        assert verdicts[n] is expected, f"v{n + 1}"
    return spent


def main() -> None:
    """Print milliseconds for all sources, and how many times as long z3 takes for one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sources", type=int, default=499)
    parser.add_argument("--z3", type=int, default=10)
    wanted = parser.parse_args()
    snapshot = estate(wanted.sources)
    times = []
    for _ in range(5):
        gc.collect()
        start = time.perf_counter()
        verdicts = ask(snapshot, wanted.sources)
        times.append((time.perf_counter() - start) * 1000)
    counts = {verdict.value: verdicts.count(verdict) for verdict in Verdict}
    own = statistics.median(times)
    found = {"sources": wanted.sources, "ms": round(own, 1), "verdicts": counts}
    if importlib.util.find_spec("z3") and wanted.z3:
        each = by_z3(snapshot, verdicts, wanted.z3)
        found |= {"z3 ms a source": round(each, 1), "ratio": round(each / (own / wanted.sources), 1)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
