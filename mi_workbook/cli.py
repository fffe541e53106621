"""mi-workbook: the same diagnosis without a notebook. Exit 0 reachable, 1 blocked, 3 unknown, 2 bad input or usage."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.verdict import Verdict

if TYPE_CHECKING:
    from mi_workbook.evidence.snapshot import Snapshot

EXIT = {Verdict.REACHABLE: 0, Verdict.BLOCKED: 1, Verdict.UNKNOWN: 3}
BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Bad input ends in one clear sentence, never in a traceback."""
    args = _parser().parse_args(list(sys.argv[1:] if argv is None else argv) or ["open"])
    try:
        return int(args.run(args))
    except InputError as error:
        print(f"mi-workbook: {error}", file=sys.stderr)
        return BAD_INPUT
    except MissingEvidence as missing:
        print(f"mi-workbook: unknown. Missing: {missing}", file=sys.stderr)
        return EXIT[Verdict.UNKNOWN]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mi-workbook", description="Why an application cannot reach its SQL managed instance."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    opening = _add(commands, "open", _open, "start JupyterLab on the workbook")
    opening.add_argument("notebook", nargs="?", default="start")
    opening.add_argument("--app", action="store_true", help="serve it as a Voila app")
    demo = _add(commands, "demo", _demo, "list the built-in cases, or write one")
    demo.add_argument("case", nargs="?")
    demo.add_argument("--out", type=Path)
    asked = _add(commands, "diagnose", _diagnose, "verdict, root cause and repair for one path")
    asked.add_argument("evidence", nargs="+", help="files, folders, archives, or case:ID")
    asked.add_argument(
        "--from",
        dest="source",
        default="",
        help="VM, NIC, web app, vnet/subnet, ARM id, ip:, p2s:, onprem:, er:, internet, this-machine",
    )
    asked.add_argument("--to", dest="target", default="", help="instance, or the server name as the application has it")
    asked.add_argument("--endpoint", choices=("auto", "vnet-local", "private", "public"), default="auto")
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--html", type=Path)
    asked.add_argument("--markdown", type=Path)
    routes = _add(commands, "routes", _routes, "effective routes of a NIC or subnet, computed")
    routes.add_argument("evidence", nargs="+")
    routes.add_argument("where")
    routes.add_argument("--json", action="store_true")
    probed = _add(commands, "probe", _probe, "test name, TCP and TLS from this machine, and say which layer fails")
    probed.add_argument("target", metavar="FQDN[,PORT]")
    probed.add_argument("--dns", action="append", default=[], metavar="SERVER", help="ask this DNS server as well")
    probed.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="for each test (default 10)")
    probed.add_argument("--login", action="store_true", help="consent to a failed login of a random user (Redirect)")
    probed.add_argument("--json", action="store_true")
    matrix = _add(commands, "reach", _reach, "who can reach an instance, who cannot, grouped by cause")
    matrix.add_argument("evidence", nargs="+")
    matrix.add_argument("--to", dest="target", default="")
    matrix.add_argument("--endpoint", choices=("auto", "vnet-local", "private", "public"), default="auto")
    matrix.add_argument("--json", action="store_true")
    two = _add(commands, "compare", _compare, "what changed between two snapshots that turned the verdict")
    two.add_argument("before")
    two.add_argument("after")
    two.add_argument("--from", dest="source", default="")
    two.add_argument("--to", dest="target", default="")
    two.add_argument("--endpoint", choices=("auto", "vnet-local", "private", "public"), default="auto")
    two.add_argument("--json", action="store_true")
    faults = _add(commands, "faults", _faults, "the catalogue of faults")
    faults.add_argument("id", nargs="?")
    faults.add_argument("--json", action="store_true")
    explaining = _add(commands, "explain", _explain, "read a connection string or an error text")
    explaining.add_argument("file", help="a file, or - for standard input")
    explaining.add_argument("--json", action="store_true")
    parsing = _add(commands, "parse", _parse, "which console output is this, its rows, and the lines not understood")
    parsing.add_argument("file", help="a file, or - for standard input")
    parsing.add_argument("--as", dest="kind", default="", metavar="KIND", help="read all of it as this format")
    parsing.add_argument("--json", action="store_true")
    _add_live(commands)
    return parser


def _add_live(commands: Any) -> None:
    live = _add(commands, "collect", _collect, "read what a diagnosis needs from Azure into a file")
    live.add_argument(
        "--subscription", action="append", default=[], metavar="ID", help="all that are visible by default"
    )
    live.add_argument("--to", dest="target", default="", help="instance; with --from, the path is diagnosed at once")
    live.add_argument("--from", dest="source", default="", help="as for diagnose")
    live.add_argument("--endpoint", choices=("auto", "vnet-local", "private", "public"), default="auto")
    live.add_argument(
        "--scope", choices=("path", "everything"), default="", help="path where --from and --to are given"
    )
    live.add_argument("--cloud", default="AzureCloud", help="AzureCloud, AzureUSGovernment, AzureChinaCloud")
    live.add_argument("--credential", default="", help="cli, browser, device-code, managed-identity, environment")
    live.add_argument("--tenant", default="")
    live.add_argument("--seconds", type=float, default=600.0, help="for the whole collection (default 600)")
    live.add_argument("--resume", action="store_true", help="go on with the file of --out")
    live.add_argument("--out", type=Path, required=True, metavar="FILE", help=".json, .json.gz or .zip")
    asked = _add(commands, "permissions", _permissions, "what collect reads, and what is lost without it")
    asked.add_argument("--subscription", action="append", default=[], metavar="ID", help="scopes of the role")
    asked.add_argument("--json", action="store_true", help="a custom role for az role definition create")
    redacting = _add(commands, "redact", _redact, "pseudonyms for names and addresses; the verdict stays")
    redacting.add_argument("file", type=Path)
    redacting.add_argument("--from", dest="source", default="", help="also print this source in the new names")
    redacting.add_argument("--to", dest="target", default="", help="also print this target in the new names")
    redacting.add_argument("--out", type=Path, required=True, metavar="FILE")


def _add(commands: Any, name: str, run: Any, words: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(run=run)
    return parser


def _evidence(paths: Sequence[str]) -> tuple[Snapshot, Any]:
    """The snapshot, and the built-in case where that is what was named."""
    from mi_workbook.cases import case
    from mi_workbook.evidence.files import load

    if len(paths) == 1 and paths[0].startswith("case:"):
        found = case(paths[0].removeprefix("case:"))
        return found.snapshot(), found
    if any(path.startswith("case:") for path in paths):
        raise InputError("A built-in case stands alone.", remedy="Name one case, or files only.")
    return load(*paths), None


def _diagnose(args: argparse.Namespace) -> int:
    from mi_workbook.diagnosis.diagnose import diagnose
    from mi_workbook.views.diagnosis_json import diagnosis_json

    snapshot, found = _evidence(args.evidence)
    source, target = _question(args, found)
    if source.strip().lower() == "this-machine":
        snapshot = _with_this_machine(snapshot)
    diagnosis = diagnose(snapshot, source, target, args.endpoint)
    if args.html or args.markdown:
        from mi_workbook.views.report import to_html, to_markdown

        for path, make in ((args.html, to_html), (args.markdown, to_markdown)):
            if path:
                _write(path, make(diagnosis, snapshot))
    if args.json:
        print(json.dumps(diagnosis_json(diagnosis), indent=2))
    else:
        from mi_workbook.views.text import render

        render(diagnosis, _console())
    return EXIT[diagnosis.verdict]


def _with_this_machine(snapshot: Snapshot) -> Snapshot:
    """The evidence with this machine's routes, unless it holds a machine of that name already."""
    from mi_workbook.evidence.machine import ABOUT, observations, read_machine

    if any(str(one.get("about", "")).lower() == ABOUT for one in snapshot.observations):
        return snapshot
    return snapshot.observed(observations(read_machine()))


def _console(file: Any = None) -> Any:
    from rich.console import Console

    return Console(file=file, highlight=False, markup=False, soft_wrap=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"It cannot be written: {error.strerror}.", file=str(path), remedy="Name another file."
        ) from None


def _demo(args: argparse.Namespace) -> int:
    from mi_workbook.cases import all_cases, case

    if not args.case:
        for one in all_cases():
            print(f"{one.id:<34} {one.verdict:<10} {one.title}")
        print("\nTry: mi-workbook diagnose case:peering-missing")
        return 0
    one = case(args.case)
    text = json.dumps(one.snapshot().to_dict(), indent=1)
    if not args.out:
        print(text)
        return 0
    _write(args.out, text)
    print(f"{one.title}. Ask: mi-workbook diagnose {args.out} --from {one.source} --to {one.target}")
    return 0


def _routes(args: argparse.Namespace) -> int:
    from mi_workbook.diagnosis.places import find_source
    from mi_workbook.network.network import Network
    from mi_workbook.network.observed import captured_routes
    from mi_workbook.reach.effective_routes import against_captured, effective_routes
    from mi_workbook.views.routes import render_routes, routes_json

    snapshot, _ = _evidence(args.evidence)
    network = Network(snapshot)
    place = find_source(network, args.where)
    if not place.subnet:
        raise InputError(
            f"{place.name} has no route table in Azure.", remedy="Name a VM, a NIC, a subnet or a gateway."
        )
    table = effective_routes(network, network.subnet(place.subnet))
    captured = captured_routes(snapshot, place.id) if place.kind == "nic" else None
    differences = against_captured(table, captured) if captured is not None else None
    given = _client_routes(network, place)
    if args.json:
        print(json.dumps(routes_json(table, differences, given), indent=2))
    else:
        render_routes(table, place.name, differences, given, _console())
    return 0


def _client_routes(network: Any, place: Any) -> Any:
    """What a point-to-site gateway gives its clients, None for any other place."""
    from mi_workbook.reach.clients import given_routes

    return given_routes(network, network.gateway(place.id)) if place.kind == "clients" else None


def _probe(args: argparse.Namespace) -> int:
    from mi_workbook.diagnosis.probing import judge, probe
    from mi_workbook.evidence.machine import read_machine
    from mi_workbook.views.probe import probe_json, render_probe

    name, probes = probe(args.target, servers=args.dns, timeout=args.timeout, login=args.login)
    machine = read_machine(also=(probes.host,))
    judged = judge(name, probes, machine)
    if args.json:
        print(json.dumps(probe_json(name, probes, judged, machine), indent=2))
    else:
        render_probe(probes, judged, _console())
    return EXIT[judged.verdict]


def _reach(args: argparse.Namespace) -> int:
    from mi_workbook.diagnosis.reach import reach
    from mi_workbook.views.estate import reach_json, render_reach

    snapshot, found = _evidence(args.evidence)
    target = args.target or (found.target if found else "")
    if not target:
        raise InputError("--to is needed.", remedy="For instance: --to mi-orders")
    answer = reach(snapshot, target, args.endpoint)
    if args.json:
        print(json.dumps(reach_json(answer), indent=2))
    else:
        render_reach(answer, _console())
    return 0


def _compare(args: argparse.Namespace) -> int:
    from mi_workbook.diagnosis.compare import compare
    from mi_workbook.views.estate import compare_json, render_compare

    (before, found), (after, _) = _evidence([args.before]), _evidence([args.after])
    source, target = _question(args, found)
    answer = compare(before, after, source, target, args.endpoint)
    if args.json:
        print(json.dumps(compare_json(answer), indent=2))
    else:
        render_compare(answer, _console())
    return EXIT[answer.after.verdict]


def _question(args: argparse.Namespace, found: Any) -> tuple[str, str]:
    """Source and target as given, else those of the built-in case."""
    source, target = args.source or (found.source if found else ""), args.target or (found.target if found else "")
    if not source or not target:
        raise InputError(
            "--from and --to are needed.",
            remedy="For instance: --from vm-app --to mi-orders.<zone>.database.windows.net",
        )
    return source, target


def _faults(args: argparse.Namespace) -> int:
    import dataclasses

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


def _explain(args: argparse.Namespace) -> int:
    from mi_workbook.evidence.explain import explain, read_paste
    from mi_workbook.views.explain import explain_json, render

    explanation = explain(read_paste(args.file))
    if args.json:
        print(json.dumps(explain_json(explanation), indent=2))
    else:
        render(explanation, _console())
    return EXIT[Verdict.UNKNOWN] if explanation.error and not explanation.error.understood else 0


def _parse(args: argparse.Namespace) -> int:
    """0 where all of it was read, 3 where only a part was, 2 where nothing is recognised."""
    from mi_workbook.evidence.explain import read_paste
    from mi_workbook.evidence.pastes.recognise import read_pastes
    from mi_workbook.views.pastes import pastes_json, render_pastes

    pastes = read_pastes(read_paste(args.file), args.kind)
    if args.json:
        print(json.dumps(pastes_json(pastes), indent=2))
    else:
        render_pastes(pastes, _console())
    if not any(reading.rows or not args.kind for reading in pastes.readings):
        return BAD_INPUT
    return 0 if pastes.whole else EXIT[Verdict.UNKNOWN]


def _collect(args: argparse.Namespace) -> int:
    from mi_workbook.diagnosis.collecting import Settings, collect_everything, collect_path
    from mi_workbook.evidence.azure.clouds import cloud
    from mi_workbook.evidence.azure.sign_in import sign_in, sign_in_here
    from mi_workbook.evidence.files import load
    from mi_workbook.views.collecting import collected_lines, progress_bar

    path = bool(args.source and args.target) if not args.scope else args.scope == "path"
    if path and not (args.source and args.target):
        raise InputError("Scope path needs --from and --to.", remedy="Or --scope everything.")
    if not args.out.parent.is_dir():
        raise InputError("The folder does not exist.", file=str(args.out.parent), remedy="Name another file.")
    started = load(args.out) if args.resume and args.out.exists() else None
    where = cloud(args.cloud)
    show = {
        "tenant": args.tenant,
        "prompt": lambda link, code, _: print(f"Open {link} and enter {code}", file=sys.stderr),
    }
    used = sign_in(args.credential, where, **show) if args.credential else sign_in_here(where, **show)[1]
    with progress_bar(_console(sys.stderr)) as progress:
        settings = Settings(cloud=where, subscriptions=args.subscription, seconds=args.seconds, started=started,
                            progress=progress, save=lambda snapshot: _save(snapshot, args.out))  # fmt: skip
        got = (collect_path(used, args.source, args.target, args.endpoint, settings) if path
               else collect_everything(used, settings))  # fmt: skip
    _save(got.snapshot, args.out)
    print("\n".join(collected_lines(got, str(args.out))))
    return EXIT[got.diagnosis.verdict] if got.diagnosis else BAD_INPUT if got.trouble else 0


def _save(snapshot: Snapshot, path: Path) -> None:
    from mi_workbook.evidence.integrity import sealed

    try:
        sealed(snapshot).save(path)
    except OSError as error:
        raise InputError(
            f"It cannot be written: {error.strerror}.", file=str(path), remedy="Name another file."
        ) from None


def _permissions(args: argparse.Namespace) -> int:
    from mi_workbook.evidence.azure.permissions import role
    from mi_workbook.views.collecting import permission_lines

    scopes = [f"/subscriptions/{one.removeprefix('/subscriptions/')}" for one in args.subscription]
    print(json.dumps(role(scopes), indent=2) if args.json else "\n".join(permission_lines()))
    return 0


def _redact(args: argparse.Namespace) -> int:
    from mi_workbook.evidence.files import load
    from mi_workbook.evidence.integrity import state
    from mi_workbook.evidence.redaction import Redactor, unmapped

    given, redactor = load(args.file), Redactor()
    if state(given) == "changed":
        print(f"mi-workbook: {args.file} is not what was collected: its hash does not fit.", file=sys.stderr)
    lost = unmapped(given)
    if lost:
        raise InputError(
            f"Redacting it could change the verdict: {', '.join(lost)} cannot be given pseudonyms that keep the answer yet.",
            file=str(args.file), remedy="Hand over the report instead, or leave these parts out of the evidence.",
        )  # fmt: skip
    redacted = redactor.snapshot(given)
    _save(redacted.snapshot, args.out)
    print(f"Written to {args.out}. Replaced: " + ", ".join(f"{n} {kind}" for kind, n in redacted.replaced.items()))
    print("Removed: " + (", ".join(f"{name} ({n})" for name, n in redacted.removed.items()) or "nothing"))
    for option, text in (("--from", args.source), ("--to", args.target)):
        if text:
            print(f"{option} {redactor.question(text)}")
    return 0


def _open(args: argparse.Namespace) -> int:
    from mi_workbook.launch import notebook, serve

    return serve(notebook(args.notebook), app=args.app)
