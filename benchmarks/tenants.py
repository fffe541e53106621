"""One explained diagnosis in tenants of 100, 1,000 and 10,000 networks: the cost must not grow with the tenant.

Each tenant holds the networks of the built-in case `peering-missing`, and besides them many others of the same kind (VNet
with two subnets and a peering, security group, route table, NIC, VM). Answers are asserted equal before a time is taken.

    python benchmarks/tenants.py [--json]
"""

from __future__ import annotations

import copy
import gc
import json
import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

from mi_workbook.cases import case
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot, from_document

SIZES = (100, 1_000, 10_000)
CASE = "peering-missing"
ROUNDS = 15


def tenant(networks: int) -> dict[str, Any]:
    """A snapshot document with the case and so many networks besides it."""
    document = case(CASE).snapshot().to_dict()
    pattern = [one for one in case("peering-healthy").snapshot().resources if "managedInstances" not in one["type"]]
    text = json.dumps(pattern)
    for number in range(networks // 2):
        renamed = text.replace("rg-app", f"rg-app-{number}").replace("rg-data", f"rg-data-{number}")
        for name in ("vm-app", "nic-app", "vnet-app", "vnet-data", "nsg-app", "nsg-mi", "rt-app", "rt-mi"):
            renamed = renamed.replace(f'"{name}"', f'"{name}-{number}"').replace(f"/{name}", f"/{name}-{number}")
        document["resources"] += json.loads(renamed)
    return document


def median(action: Any, rounds: int = ROUNDS) -> float:
    """Milliseconds, the median of several rounds."""
    times = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def measure(networks: int) -> dict[str, Any]:
    """Opening, first and next diagnosis, memory, for one size."""
    document = tenant(networks)
    one = case(CASE)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tenant.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        megabytes = file.stat().st_size / 1e6
        opening = median(lambda: load(file), 3)
    tracemalloc.start()
    held = from_document(copy.deepcopy(document))
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    first = time.perf_counter()
    answer = diagnose(held, one.source, one.target)
    first = (time.perf_counter() - first) * 1000
    assert (answer.verdict, answer.root_cause) == (one.verdict, one.root_cause)
    assert answer.repair is not None and answer.repair.proved
    snapshot: Snapshot = held
    return {
        "networks": networks,
        "resources": len(document["resources"]),
        "megabytes": round(megabytes, 1),
        "open_ms": round(opening, 1),
        "open_s_per_100_mb": round(opening / 1000 / megabytes * 100, 2),
        "first_diagnosis_ms": round(first, 1),
        "diagnosis_ms": round(median(lambda: diagnose(snapshot, one.source, one.target)), 2),
        "memory_mb_per_1000_resources": round(memory / 1e6 / len(document["resources"]) * 1000, 2),
    }


def main() -> None:
    """Print the table, or JSON."""
    rows = [measure(size) for size in SIZES]
    for row in rows:
        row["diagnosis_ratio"] = round(row["diagnosis_ms"] / rows[0]["diagnosis_ms"], 2)
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=1))
        return
    names = list(rows[0])
    print(" | ".join(names))
    for row in rows:
        print(" | ".join(str(row[name]) for name in names))


if __name__ == "__main__":
    main()
