"""Questions about paths: diagnose, routes, reach, compare."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mi_workbook.cli.common import (
    ENDPOINTS,
    EXIT,
    ask_options,
    command,
    console,
    json_option,
    question,
    read_evidence,
    write,
)
from mi_workbook.core.errors import InputError

if TYPE_CHECKING:
    from mi_workbook.evidence.snapshot import Snapshot

SOURCE = "VM, NIC, web app, vnet/subnet, ARM id, ip:, p2s:, onprem:, er:, internet, this-machine"


def add(commands: Any) -> None:
    """diagnose, routes, reach, compare."""
    asked = command(commands, "diagnose", diagnose_path, "verdict, root cause and repair for one path")
    asked.add_argument("evidence", nargs="+", help="files, folders, archives, or case:ID")
    ask_options(asked, SOURCE, "instance, or the server name as the application has it")
    asked.add_argument("--html", type=Path, metavar="FILE", help="also write a report")
    asked.add_argument("--markdown", type=Path, metavar="FILE", help="also write a report")
    asked.add_argument(
        "--redacted", action="store_true", help="pseudonyms for names and addresses in all that is written"
    )
    routes = command(commands, "routes", show_routes, "effective routes of a NIC or subnet, computed")
    routes.add_argument("evidence", nargs="+")
    routes.add_argument("where")
    matrix = command(commands, "reach", show_reach, "who can reach an instance, who cannot, grouped by cause")
    matrix.add_argument("evidence", nargs="+")
    matrix.add_argument("--to", dest="target", default="")
    matrix.add_argument("--endpoint", choices=ENDPOINTS, default="auto")
    two = command(commands, "compare", show_changes, "what changed between two snapshots that turned the verdict")
    two.add_argument("before")
    two.add_argument("after")
    ask_options(two)
    for parser in (asked, routes, matrix, two):
        json_option(parser)


def diagnose_path(args: argparse.Namespace) -> int:
    """Verdict, root cause and repair; exit code by the verdict."""
    from mi_workbook.diagnosis.diagnose import diagnose
    from mi_workbook.views.diagnosis_json import diagnosis_json

    snapshot, found = read_evidence(args.evidence)
    source, target, endpoint = question(args, found, snapshot)
    if source.strip().lower() == "this-machine":
        snapshot = _with_this_machine(snapshot)
    diagnosis = diagnose(snapshot, source, target, endpoint)
    if args.redacted:
        from mi_workbook.diagnosis.redacted import redacted

        snapshot, diagnosis = redacted(snapshot, diagnosis, endpoint)
    if args.html or args.markdown:
        from mi_workbook.views.report import to_html, to_markdown

        for path, make in ((args.html, to_html), (args.markdown, to_markdown)):
            if path:
                write(path, make(diagnosis, snapshot))
    if args.json:
        print(json.dumps(diagnosis_json(diagnosis), indent=2))
    else:
        from mi_workbook.views.text import render

        render(diagnosis, console())
    return EXIT[diagnosis.verdict]


def _with_this_machine(snapshot: Snapshot) -> Snapshot:
    """The evidence with this machine's routes, unless it holds a machine of that name already."""
    from mi_workbook.evidence.machine import ABOUT, observations, read_machine

    if any(str(one.get("about", "")).lower() == ABOUT for one in snapshot.observations):
        return snapshot
    return snapshot.observed(observations(read_machine()))


def show_routes(args: argparse.Namespace) -> int:
    """The effective routes of a place, beside the captured table where the evidence has one."""
    from mi_workbook.diagnosis.places import find_source
    from mi_workbook.network.network import Network
    from mi_workbook.network.observed import captured_routes
    from mi_workbook.reach.captured import against_captured
    from mi_workbook.reach.effective_routes import effective_routes
    from mi_workbook.views.routes import render_routes, routes_json

    snapshot, _ = read_evidence(args.evidence)
    network = Network(snapshot)
    place = find_source(network, args.where)
    if not place.subnet:
        raise InputError(
            f"{place.name} has no route table in Azure.", remedy="Name a VM, a NIC, a subnet or a gateway."
        )
    table = effective_routes(network, network.subnet(place.subnet))
    captured = captured_routes(snapshot, place.id) if place.kind == "nic" else None
    differences = against_captured(network, table, captured) if captured is not None else None
    given = _client_routes(network, place)
    if args.json:
        print(json.dumps(routes_json(table, differences, given), indent=2))
    else:
        render_routes(table, place.name, differences, given, console())
    return 0


def _client_routes(network: Any, place: Any) -> Any:
    """What a point-to-site gateway gives its clients, None for any other place."""
    from mi_workbook.reach.clients import given_routes

    return given_routes(network, network.gateway(place.id)) if place.kind == "clients" else None


def show_reach(args: argparse.Namespace) -> int:
    """Every source in the evidence, grouped by what stops it."""
    from mi_workbook.diagnosis.reach import reach
    from mi_workbook.views.estate import reach_json, render_reach

    snapshot, found = read_evidence(args.evidence)
    target = args.target or (found.target if found else "")
    if not target:
        raise InputError("--to is needed.", remedy="For instance: --to mi-orders")
    answer = reach(snapshot, target, args.endpoint)
    if args.json:
        print(json.dumps(reach_json(answer), indent=2))
    else:
        render_reach(answer, console())
    return 0


def show_changes(args: argparse.Namespace) -> int:
    """The changes that turned the verdict; exit code by the verdict after them."""
    from mi_workbook.diagnosis.compare import compare
    from mi_workbook.views.estate import compare_json, render_compare

    (before, found), (after, _) = read_evidence([args.before]), read_evidence([args.after])
    source, target, endpoint = question(args, found, before)
    answer = compare(before, after, source, target, endpoint)
    if args.json:
        print(json.dumps(compare_json(answer), indent=2))
    else:
        render_compare(answer, console())
    return EXIT[answer.after.verdict]
