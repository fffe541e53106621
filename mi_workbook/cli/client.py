"""The client's side: tests from this machine, and texts that somebody pasted."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from mi_workbook.cli.common import BAD_INPUT, EXIT, command, console, json_option
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict


def add(commands: Any) -> None:
    """probe, explain, parse, request."""
    probed = command(
        commands, "probe", run_probe, "test name, TCP and TLS from this machine, and say which layer fails"
    )
    probed.add_argument("target", metavar="FQDN[,PORT]")
    probed.add_argument("--dns", action="append", default=[], metavar="SERVER", help="ask this DNS server as well")
    probed.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="for each test (default 10)")
    probed.add_argument("--login", action="store_true", help="consent to a failed login of a random user (Redirect)")
    explaining = command(commands, "explain", explain_text, "read a connection string or an error text")
    explaining.add_argument("file", help="a file, or - for standard input")
    parsing = command(
        commands, "parse", parse_text, "which console output is this, its rows, and the lines not understood"
    )
    parsing.add_argument("file", help="a file, or - for standard input")
    parsing.add_argument("--as", dest="kind", default="", metavar="KIND", help="read all of it as this format")
    parsing.add_argument(
        "--place", default="", metavar="PLACE", help="where it was run: client, azure-vm, on-premises ..."
    )
    asking = command(
        commands, "request", show_request, "what to send to the person who sits where evidence must come from"
    )
    asking.add_argument("place", nargs="?", default="", help="left out: the places are listed")
    asking.add_argument("server", nargs="?", default="", help="server name, as the application has it")
    asking.add_argument(
        "--port", type=int, action="append", default=[], help="test this port (default: that of the name)"
    )
    for parser in (probed, explaining, parsing, asking):
        json_option(parser)


def run_probe(args: argparse.Namespace) -> int:
    """The tests and what they show; exit code by the verdict."""
    from mi_workbook.diagnosis.probing import judge, probe
    from mi_workbook.evidence.machine import read_machine
    from mi_workbook.views.probe import probe_json, render_probe

    name, probes = probe(args.target, servers=args.dns, timeout=args.timeout, login=args.login)
    machine = read_machine(also=(probes.host,))
    judged = judge(name, probes, machine)
    if args.json:
        print(json.dumps(probe_json(name, probes, judged, machine), indent=2))
    else:
        render_probe(probes, judged, console())
    return EXIT[judged.verdict]


def explain_text(args: argparse.Namespace) -> int:
    """What the text shows; 3 where an error text was not understood."""
    from mi_workbook.evidence.explain import explain, read_paste
    from mi_workbook.views.explain import explain_json, render

    explanation = explain(read_paste(args.file))
    if args.json:
        print(json.dumps(explain_json(explanation), indent=2))
    else:
        render(explanation, console())
    return EXIT[Verdict.UNKNOWN] if explanation.error and not explanation.error.understood else 0


def parse_text(args: argparse.Namespace) -> int:
    """Rows, and what they prove; 0 where all of it was read, 3 where only a part was, 2 where nothing is recognised.

    Lines that are no console output are read as a connection string, an error text or versions of drivers; such lines
    are not accounted for one by one, so 3 is the code where there are any.
    """
    from mi_workbook.diagnosis.at_source import told_of
    from mi_workbook.evidence.explain import explained, read_paste
    from mi_workbook.evidence.pastes.recognise import read_pastes
    from mi_workbook.views.explain import explain_json, render
    from mi_workbook.views.pastes import pastes_json, render_pastes
    from mi_workbook.views.text import told

    text = read_paste(args.file)
    pastes = read_pastes(text, args.kind)
    shown = told_of(pastes, args.place)
    rest = None if args.kind else explained("\n".join(line.text for line in pastes.left))
    if args.json:
        told_rows = [dataclasses.asdict(one) for one in shown]
        print(
            json.dumps(
                {**pastes_json(pastes), "told": told_rows, "explained": explain_json(rest) if rest else None}, indent=2
            )
        )
    else:
        if pastes.readings or not rest:
            render_pastes(pastes, console())
        told(shown, console())
        if rest:
            render(rest, console())
    if not rest and not any(reading.rows or not args.kind for reading in pastes.readings):
        _name_evidence(args.file, text)
        return BAD_INPUT
    return 0 if pastes.whole else EXIT[Verdict.UNKNOWN]


def _name_evidence(file: str, text: str) -> None:
    """Resources of Azure are no console output: says which command reads them."""
    from mi_workbook.evidence.files import load_bytes

    try:
        count = len(load_bytes([(file, text.encode())]).resources)
    except InputError:
        return
    if count:
        raise InputError(
            f"It holds {count} resources of Azure, which are evidence and no console output.", file=file,
            remedy="mi-workbook diagnose FILE --from CLIENT --to SERVER reads them.",
        )  # fmt: skip


def show_request(args: argparse.Namespace) -> int:
    """The commands as one block with its reasons, ready for a mail; without a place, the places."""
    from mi_workbook.guide.requests import places, request

    if not args.place:
        known = places()
        listed = [{"place": name, "title": title} for name, title in known]
        print(json.dumps(listed, indent=2) if args.json else "\n".join(f"{name:<22} {title}" for name, title in known))
        return 0
    if not args.server:
        raise InputError(
            "The server name is needed.", remedy="mi-workbook request PLACE SERVER, as the application has it."
        )
    asked = request(args.place, args.server, args.port)
    print(json.dumps({**dataclasses.asdict(asked), "block": asked.block}, indent=2) if args.json else asked.message)
    return 0
