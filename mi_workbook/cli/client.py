"""The client's side: tests from this machine, and texts that somebody pasted."""

from __future__ import annotations

import argparse
import json
from typing import Any

from mi_workbook.cli.common import BAD_INPUT, EXIT, command, console, json_option
from mi_workbook.core.verdict import Verdict


def add(commands: Any) -> None:
    """probe, explain, parse."""
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
    for parser in (probed, explaining, parsing):
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
    """0 where all of it was read, 3 where only a part was, 2 where nothing is recognised."""
    from mi_workbook.evidence.explain import read_paste
    from mi_workbook.evidence.pastes.recognise import read_pastes
    from mi_workbook.views.pastes import pastes_json, render_pastes

    pastes = read_pastes(read_paste(args.file), args.kind)
    if args.json:
        print(json.dumps(pastes_json(pastes), indent=2))
    else:
        render_pastes(pastes, console())
    if not any(reading.rows or not args.kind for reading in pastes.readings):
        return BAD_INPUT
    return 0 if pastes.whole else EXIT[Verdict.UNKNOWN]
