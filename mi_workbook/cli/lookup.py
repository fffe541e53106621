"""What is built in: demo cases and the catalogue of faults."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from mi_workbook.cli.common import command, json_option, write


def add(commands: Any) -> None:
    """demo, faults."""
    demo = command(commands, "demo", show_cases, "list the built-in cases, or write one")
    demo.add_argument("case", nargs="?")
    demo.add_argument("--out", type=Path, metavar="FILE")
    faults = command(commands, "faults", show_faults, "the catalogue of faults")
    faults.add_argument("id", nargs="?")
    json_option(faults)


def show_cases(args: argparse.Namespace) -> int:
    """The list of cases, or the evidence of one."""
    from mi_workbook.cases import all_cases, case

    if not args.case:
        for one in all_cases():
            print(f"{one.id:<34} {one.verdict:<10} {one.title}")
        print("\nTry: mi-workbook diagnose case:peering-missing")
        return 0
    one = case(args.case.removeprefix("case:"))
    text = json.dumps(one.snapshot().to_dict(), indent=1)
    if not args.out:
        print(text)
        return 0
    write(args.out, text)
    print(f"{one.title}. Ask: mi-workbook diagnose {args.out} --from {one.source} --to {one.target}")
    return 0


def show_faults(args: argparse.Namespace) -> int:
    """All faults in short, or one in full."""
    from mi_workbook.checks.catalogue import fault, load

    chosen = [fault(args.id)] if args.id else list(load().values())
    if args.json:
        print(json.dumps([dataclasses.asdict(one) for one in chosen], indent=2))
        return 0
    for one in chosen:
        aliases = f" (also: {', '.join(one.aliases)})" if one.aliases else ""
        print(f"{one.code}  {one.id:<28} {one.severity:<9} {one.title}{aliases}")
        if args.id:
            print(f"\n{one.says}\n\nRepair: {one.remedy.does}\n" + "\n".join(f"  {c}" for c in one.remedy.az))
            print("\n".join(f"Source: {source}" for source in one.sources))
    return 0
