"""Collecting estates of 10 to 5,000 networks from a Resource Manager on loopback that answers each request after 150 ms,
beside a sequential collector over plain list calls; both in one run.

    python benchmarks/collect.py [--networks 10,100,500,5000] [--latency 0.15] [--plain 100]

Every network is a spoke in a resource group of its own, with a security group, a route table and a VM, peered with the
network of the instance; they spread over five subscriptions. `--plain` bounds the estate that the sequential collector
really walks; beyond it its time is its number of requests times the latency, and marked ~. The verdicts must be equal.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mi_workbook.cases import case  # noqa: E402
from mi_workbook.core.verdict import Verdict  # noqa: E402
from mi_workbook.diagnosis.collecting import Settings, collect_path  # noqa: E402
from mi_workbook.diagnosis.diagnose import diagnose  # noqa: E402
from mi_workbook.evidence.azure.arm import Arm, Pace  # noqa: E402
from mi_workbook.evidence.azure.clouds import Cloud, custom  # noqa: E402
from mi_workbook.evidence.azure.kinds import version_of  # noqa: E402
from mi_workbook.evidence.snapshot import Snapshot  # noqa: E402
from tests.test_azure.arm_server import ArmServer, Estate, FakeCredential, make_certificate  # noqa: E402

HOME = "11111111-1111-1111-1111-111111111111"
OTHERS = [f"22222222-2222-2222-2222-22222222222{n}" for n in range(4)]
SOURCE, TARGET = "vm-app", "mi-orders.a1b2c3d4e5f6.database.windows.net"
WIDE = ("virtualNetworks", "networkSecurityGroups", "routeTables", "networkInterfaces", "privateEndpoints",
        "privateDnsZones", "loadBalancers", "azureFirewalls", "networkManagers", "publicIPAddresses")  # fmt: skip
BY_GROUP = ("virtualNetworkGateways", "localNetworkGateways", "connections")


def estate(networks: int, latency: float) -> Estate:
    """The sound peered case, with more spokes like its own."""
    resources = json.loads(json.dumps(list(case("peering-healthy").snapshot().resources)))
    spoke = [one for one in resources if "/rg-app/" in one["id"]]
    hub = next(one for one in resources if one["name"] == "vnet-data")
    link = hub["properties"]["virtualNetworkPeerings"][0]
    for number in range(networks - 2):

        def renamed(value: Any, number: int = number) -> Any:
            text = json.dumps(value)
            for old in ("rg-app", "vnet-app", "vm-app", "nic-app", "nsg-app", "rt-app", "app-to-data", "data-to-app"):
                text = text.replace(old, f"{old}-{number}")
            space = f"10.{number // 250 + 20}.{number % 250}"
            for old, new in (
                ("10.1.0.0/16", f"{space}.0/24"),
                ("10.1.1.0/24", f"{space}.0/25"),
                ("10.1.1.4", f"{space}.4"),
            ):
                text = text.replace(old, new)
            home = f"/subscriptions/{HOME}/resourceGroups/rg-app-{number}/"
            return json.loads(text.replace(home, home.replace(HOME, OTHERS[number % 4])))

        resources += renamed(spoke)
        hub["properties"]["virtualNetworkPeerings"].append(renamed(link))
    return Estate(resources, latency=latency)


def plain(cloud: Cloud, certificate: str) -> tuple[Snapshot, int]:
    """One list call after the other, as a script over the SDK's list operations does it."""
    arm = Arm(FakeCredential(), cloud, Pace(36000), verify=certificate)
    found: list[dict[str, Any]] = []
    for one in arm.pages("/subscriptions", version_of("subscriptions")):
        scope = f"/subscriptions/{one['subscriptionId']}"
        kinds = [f"Microsoft.Network/{kind}" for kind in WIDE]
        for kind in (
            *kinds,
            "Microsoft.Compute/virtualMachines",
            "Microsoft.Sql/managedInstances",
            "Microsoft.Web/sites",
        ):
            found += arm.pages(f"{scope}/providers/{kind}", version_of(kind))
        for group in arm.pages(f"{scope}/resourcegroups", version_of("subscriptions")):
            for name in BY_GROUP:
                found += arm.pages(f"{group['id']}/providers/Microsoft.Network/{name}", version_of("microsoft.network"))
    for zone in [one for one in found if one["type"].lower() == "microsoft.network/privatednszones"]:
        for child in ("virtualNetworkLinks", "A", "CNAME"):
            found += arm.pages(f"{zone['id']}/{child}", version_of("microsoft.network/privatednszones"))
    return Snapshot(found, complete=None), arm.pace.requests


def expected_requests(one: Estate) -> int:
    """How many requests the sequential collector needs, counted without waiting."""
    groups = {"/".join(r["id"].lower().split("/")[:5]) for r in one.resources}
    pages = 0
    for subscription in one.subscriptions():
        mine = [r for r in one.resources if r["id"].lower().split("/")[2] == subscription]
        for kind in {*(f"microsoft.network/{k}".lower() for k in WIDE), "microsoft.compute/virtualmachines",
                     "microsoft.sql/managedinstances", "microsoft.web/sites"}:  # fmt: skip
            pages += max(1, -(-sum(r["type"].lower() == kind for r in mine) // 200))
        pages += max(1, -(-len({g for g in groups if g.split("/")[2] == subscription}) // 200))
    return 3 + pages + 3 * len(groups)


def run(networks: int, latency: float, certificate: Path, bound: int) -> str:
    """One line of the table."""
    here = estate(networks, latency)
    with ArmServer(here, certificate) as server:
        cloud = custom(server.url, server.url)
        seen: list[float] = []
        settings = Settings(cloud=cloud, verify=str(certificate), found=lambda _: seen.append(time.monotonic()))
        begun = time.monotonic()
        got = collect_path(FakeCredential(), SOURCE, TARGET, settings=settings)
        whole = time.monotonic() - begun
        assert got.diagnosis is not None and got.diagnosis.verdict is Verdict.REACHABLE, got.gaps
        assert got.first <= 15 or networks > 500, got.first
        if networks > bound:
            count = expected_requests(here)
            other, mark = count * latency, "~"
        else:
            start = time.monotonic()
            snapshot, count = plain(cloud, str(certificate))
            answer = diagnose(snapshot, SOURCE, TARGET)
            other, mark = time.monotonic() - start, ""
            assert answer.verdict is got.diagnosis.verdict
            assert count == expected_requests(here), (count, expected_requests(here))
    first = seen[0] - begun
    return f"{networks:>8} {len(here.resources):>9} {got.first:>9} {first:>9.2f} {got.requests:>9} {whole:>9.2f} {count:>11} {mark}{other:>9.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default="10,100,500")
    parser.add_argument("--latency", type=float, default=0.15)
    parser.add_argument("--plain", type=int, default=100)
    args = parser.parse_args()
    certificate = make_certificate(Path(tempfile.mkdtemp()))
    print("networks resources  requests   seconds  requests   seconds    requests    seconds")
    print("                    to first verdict          in all      plain lists, one by one")
    for networks in map(int, args.networks.split(",")):
        print(run(networks, args.latency, certificate, args.plain), flush=True)


if __name__ == "__main__":
    main()
