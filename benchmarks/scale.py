"""A large estate in one process: opening it, asking, drawing, and the memory that takes.

The estate has the built-in case `peering-missing` in it; beside it N networks, ten network interfaces in each, a security
group of 4,000 rules on the client's subnet and 200 peerings at the client's network. Each row runs in a process of its own.

    python benchmarks/scale.py [--networks 1000 10000] [--nics 10] [--padding MB]

--padding adds tags to resources until the file has so many megabytes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mi_workbook.cases import case
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load
from mi_workbook.views.report import to_html

CASE = "peering-missing"
BASE = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-many/providers/Microsoft.Network"
RULES, PEERINGS = 4_000, 200


def estate(networks: int, nics: int) -> dict[str, Any]:
    """The snapshot document."""
    document = case(CASE).snapshot().to_dict()
    for one in document["resources"]:
        if one["name"] == "nsg-app":
            one["properties"]["securityRules"][:0] = [_rule(number) for number in range(RULES)]
        if one["name"] == "vnet-app":
            one["properties"]["virtualNetworkPeerings"] += [_peering(number) for number in range(PEERINGS)]
    for number in range(networks):
        document["resources"].append(_network(number))
        document["resources"] += [_nic(number, position) for position in range(nics)]
    return document


def _rule(number: int) -> dict[str, Any]:
    return {"name": f"r{number}", "properties": {
        "priority": 100 + number if 100 + number < 1000 else 4096 + number, "direction": "Outbound", "access": "Allow",
        "protocol": "Udp", "sourcePortRange": "*", "sourceAddressPrefix": f"10.200.{number % 250}.0/24",
        "destinationAddressPrefix": f"172.30.{number % 250}.{number // 250}/32", "destinationPortRange": str(number + 1)}}  # fmt: skip


def _space(number: int) -> str:
    return f"10.{100 + number // 256 % 100}.{number % 256}.0/24"


def _peering(number: int) -> dict[str, Any]:
    return {"name": f"p{number}", "properties": {
        "peeringState": "Connected", "allowVirtualNetworkAccess": True, "remoteAddressSpace": {"addressPrefixes": [_space(number)]},
        "remoteVirtualNetwork": {"id": f"{BASE}/virtualNetworks/vnet-{number}"}}}  # fmt: skip


def _network(number: int) -> dict[str, Any]:
    at = f"{BASE}/virtualNetworks/vnet-{number}"
    return {"id": at, "name": f"vnet-{number}", "type": "Microsoft.Network/virtualNetworks", "location": "westeurope",
            "properties": {"addressSpace": {"addressPrefixes": [_space(number)]}, "virtualNetworkPeerings": [],
                           "subnets": [{"id": f"{at}/subnets/a", "name": "a", "properties": {"addressPrefix": _space(number)}}]}}  # fmt: skip


def _nic(number: int, position: int) -> dict[str, Any]:
    where = {"privateIPAddress": _space(number).replace(".0/24", f".{position + 4}"),
             "subnet": {"id": f"{BASE}/virtualNetworks/vnet-{number}/subnets/a"}}  # fmt: skip
    return {"id": f"{BASE}/networkInterfaces/nic-{number}-{position}", "name": f"nic-{number}-{position}",
            "type": "Microsoft.Network/networkInterfaces", "location": "westeurope",
            "properties": {"enableIPForwarding": False, "ipConfigurations": [{"name": "c", "properties": where}]}}  # fmt: skip


def measure(file: str) -> dict[str, Any]:
    """Seconds and peak memory (MB) of one file, in this process."""
    one, began = case(CASE), time.perf_counter()
    held = load(file)
    opened = time.perf_counter()
    answer = diagnose(held, one.source, one.target)
    first = time.perf_counter()
    assert (answer.verdict, answer.root_cause) == (one.verdict, one.root_cause)
    for _ in range(3):
        began_next = time.perf_counter()
        assert diagnose(held, one.source, one.target).verdict == one.verdict
        following = time.perf_counter() - began_next
    before = time.perf_counter()
    page = len(to_html(answer, held))
    drawn = time.perf_counter()
    return {"mb": round(Path(file).stat().st_size / 1e6), "resources": len(held.resources), "open_s": round(opened - began, 2),
            "first_s": round(first - opened, 3), "next_s": round(following, 3), "draw_s": round(drawn - before, 2),
            "page_kb": page // 1000, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}  # fmt: skip


def main(arguments: list[str]) -> int:
    """One row for each size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", type=int, nargs="*", default=[100, 1_000, 10_000])
    parser.add_argument("--nics", type=int, default=10)
    parser.add_argument("--padding", type=int, default=0, metavar="MB")
    parser.add_argument("--file", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.file:
        print(json.dumps(measure(given.file)))
        return 0
    for networks in given.networks:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "estate.json"
            document = estate(networks, given.nics)
            if given.padding:
                text = "x" * (given.padding * 1_000_000 // len(document["resources"]))
                for one in document["resources"]:
                    one["tags"] = {"note": text}
            file.write_text(json.dumps(document), encoding="utf-8")
            del document
            done = subprocess.run(
                [sys.executable, __file__, "--file", str(file)], capture_output=True, text=True, check=True
            )
            print(networks, done.stdout.strip(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
