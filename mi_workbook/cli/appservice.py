"""App Service: views of an app and its plan, address blocks, which feature fits, and what an operation would break."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mi_workbook.cli.common import command, console, json_option, read_evidence
from mi_workbook.core.errors import InputError

if TYPE_CHECKING:
    from mi_workbook.diagnosis.operations import Operation
    from mi_workbook.evidence.snapshot import Snapshot
    from mi_workbook.views.table import Table

OPERATIONS = ("disconnect", "connect", "add-route", "sync", "scale")
NEEDS = {"disconnect": ("app",), "connect": ("app", "subnet"), "add-route": ("app", "range"), "sync": ("app",),
         "scale": ("plan", "tier")}  # fmt: skip


def add(commands: Any) -> None:
    """app, addresses, choose, what-if."""
    app = command(commands, "app", show_app, "VNet integration of a web app, and of its plan")
    app.add_argument("evidence", nargs="+")
    app.add_argument("where", metavar="APP", help="name of the app, app/slot, or ARM id")
    blocks = command(commands, "addresses", plan_addresses, "free address blocks for an integration, or check your own")
    blocks.add_argument("evidence", nargs="+")
    blocks.add_argument("--for", dest="feature", required=True, metavar="FEATURE",
                        help="regional, gateway, environment, private-endpoint")  # fmt: skip
    blocks.add_argument("--vnet", default="", help="an existing VNet to place subnets in")
    blocks.add_argument("--instances", type=int, default=0, help="of the plan at its largest")
    blocks.add_argument("--within", default="", metavar="CIDR", help="where new blocks must lie")
    blocks.add_argument("--also", action="append", default=[], metavar="CIDR[=NAME]",
                        help="a range that Azure does not show: on-premises, a home LAN")  # fmt: skip
    blocks.add_argument("--check", action="append", default=[], metavar="PART=CIDR",
                        help="check your own block instead: vnet, subnet, gateway-subnet, client-pool")  # fmt: skip
    choose = command(commands, "choose", choose_feature, "which feature fits: answer the questions, see why")
    choose.add_argument("answers", nargs="*", metavar="QUESTION=ANSWER")
    what = command(commands, "what-if", show_operation, "what an operation on an app or plan would do and break")
    what.add_argument("evidence", nargs="+")
    what.add_argument("operation", choices=OPERATIONS)
    what.add_argument("--to", dest="target", required=True, help="the instance whose paths are asked about")
    for name, words in (("app", "name of the app, app/slot, or ARM id"), ("plan", "name or ARM id of the plan"),
                        ("subnet", "ARM id of the subnet to join"), ("range", "CIDR to route into the VNet"),
                        ("tier", "for instance Shared, Basic, PremiumV3")):  # fmt: skip
        what.add_argument(f"--{name}", default="", help=words)
    for parser in (app, blocks, choose, what):
        json_option(parser)


def show_app(args: argparse.Namespace) -> int:
    """The app's view and the plan's view."""
    from mi_workbook.diagnosis.places import find_source
    from mi_workbook.network.network import Network
    from mi_workbook.views.app_tables import app_table, plan_table

    snapshot, _ = read_evidence(args.evidence)
    network = Network(snapshot)
    place = find_source(network, args.where)
    if place.kind != "app":
        raise InputError(f"{args.where} is not a web app.", remedy="Name an app, app/slot, or its ARM id.")
    app = network.web_app(place.id)
    return _show(args, [app_table(network, app.id), *([plan_table(network, app.plan_id)] if app.plan_id else [])])


def plan_addresses(args: argparse.Namespace) -> int:
    """Free blocks, or what is wrong with the ones given; exit code 1 where something is wrong with them."""
    from mi_workbook.diagnosis.planner import check, propose
    from mi_workbook.views.app_plans import overlaps_table, proposal_table

    snapshot, _ = read_evidence(args.evidence)
    extra = [(cidr, name or "a range you named") for cidr, _, name in (text.partition("=") for text in args.also)]
    if args.check:
        wrong = check(snapshot, args.feature, dict(_pairs(args.check, "--check subnet=10.1.2.0/26")), extra)
        _show(args, [overlaps_table(wrong)])
        return 1 if wrong else 0
    proposal = propose(
        snapshot, args.feature, vnet=args.vnet, instances=args.instances, extra=extra, within=args.within
    )
    return _show(args, [proposal_table(proposal)])


def choose_feature(args: argparse.Namespace) -> int:
    """The features by what was answered, and the questions that are open."""
    from mi_workbook.guide.features import unanswered
    from mi_workbook.views.app_plans import features_table

    answers = dict(_pairs(args.answers, "region=same"))
    code = _show(args, [features_table(answers)])
    if not args.json:
        for question in unanswered(answers):
            print(f"\n{question.text}")
            print("\n".join(f"  {question.id}={option.id:<12} {option.text}" for option in question.options))
    return code


def show_operation(args: argparse.Namespace) -> int:
    """What an operation would do on the model; nothing is changed. Exit code 1 where an app loses its path."""
    from mi_workbook.views.app_plans import operation_table

    missing = [f"--{name}" for name in NEEDS[args.operation] if not getattr(args, name)]
    if missing:
        raise InputError(f"{args.operation} needs {', '.join(missing)}.", remedy="mi-workbook what-if --help")
    snapshot, _ = read_evidence(args.evidence)
    operation = _operation(args, snapshot)
    _show(args, [operation_table(operation)])
    return 1 if any(one.loses for one in operation.effects) else 0


def _operation(args: argparse.Namespace, snapshot: Snapshot) -> Operation:
    from mi_workbook.diagnosis import operations

    if args.operation == "disconnect":
        return operations.disconnect(snapshot, args.app, args.target)
    if args.operation == "connect":
        return operations.connect(snapshot, args.app, args.subnet, args.target)
    if args.operation == "add-route":
        return operations.add_route(snapshot, args.app, args.range, args.target)
    if args.operation == "sync":
        return operations.sync_network(snapshot, args.app, args.target)
    return operations.scale(snapshot, args.plan, args.tier, args.target)


def _pairs(texts: Iterable[str], like: str) -> Iterable[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(f"'{text}' is not of the form NAME=VALUE.", remedy=f"For instance: {like}")
        yield name.strip(), value.strip()


def _show(args: argparse.Namespace, tables: list[Table]) -> int:
    if args.json:
        print(json.dumps([table.to_dict() for table in tables], indent=2))
    else:
        from mi_workbook.views.text import render_table

        for table in tables:
            render_table(table, console())
    return 0
