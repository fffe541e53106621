"""Questions about paths: diagnose, routes, reach, compare."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
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
    asked.add_argument(
        "--ran-at", nargs=2, action="append", default=[], metavar=("PLACE", "FILE"),
        help="console output that was run at another place than the source, for instance on a VM inside the instance's VNet",
    )  # fmt: skip
    asked.add_argument(
        "--table-of", default="", metavar="NAME=ROWS",
        help="the interface or gateway that a pasted table without a name is of, and how many rows Azure showed",
    )  # fmt: skip
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
    snapshot = _with_others(snapshot, args.ran_at)
    snapshot = _with_owner(snapshot, source, args.table_of)
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


def _with_others(snapshot: Snapshot, ran_at: Sequence[Sequence[str]]) -> Snapshot:
    """The evidence with outputs of other places, each bound to its place. Raises InputError for one in which nothing is known."""
    from mi_workbook.diagnosis.attribution import bound
    from mi_workbook.diagnosis.places import find_source
    from mi_workbook.evidence.explain import read_paste
    from mi_workbook.evidence.sent import read_sent
    from mi_workbook.network.network import Network

    for place, file in ran_at:
        sent = read_sent(read_paste(file), file)
        if not sent.found:
            raise InputError(
                "Nothing in it is recognised.", file=file, remedy="Send the whole output, command included."
            )
        snapshot = bound(snapshot, sent, find_source(Network(snapshot), place))
    return snapshot


def _with_owner(snapshot: Snapshot, source: str, stated: str) -> Snapshot:
    """The evidence with the one table without an owner as that of NAME. Raises InputError where there are none or several."""
    from mi_workbook.diagnosis.attribution import loose_tables, owned

    if not stated:
        return snapshot
    name, _, rows = stated.rpartition("=")
    if not name or not rows.isdigit():
        raise InputError(f"'{stated[:80]}' is no NAME=ROWS.", remedy="For instance: --table-of nic-app=14")
    tables = loose_tables(snapshot, source)
    if len(tables) != 1:
        raise InputError(
            f"{len(tables)} pasted tables have no owner.",
            remedy="Give one at a time, or with the command that names it.",
        )
    return owned(snapshot, tables[0].position, name, int(rows))


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
