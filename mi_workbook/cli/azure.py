"""Evidence from Azure: read it, look again after a repair, and what that takes."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mi_workbook.cli.common import BAD_INPUT, ENDPOINTS, EXIT, command, console, question, save
from mi_workbook.core.errors import InputError

if TYPE_CHECKING:
    from mi_workbook.evidence.snapshot import Snapshot


def add(commands: Any) -> None:
    """collect, verify, permissions."""
    live = command(commands, "collect", collect, "read what a diagnosis needs from Azure into a file")
    live.add_argument(
        "--subscription", action="append", default=[], metavar="ID", help="all that are visible by default"
    )
    live.add_argument("--to", dest="target", default="", help="instance; with --from, the path is diagnosed at once")
    live.add_argument("--from", dest="source", default="", help="as for diagnose")
    live.add_argument("--endpoint", choices=ENDPOINTS, default="auto")
    live.add_argument(
        "--scope", choices=("path", "everything"), default="", help="path where --from and --to are given"
    )
    _sign_in_options(live)
    live.add_argument("--resume", action="store_true", help="go on with the file of --out, and with its question")
    live.add_argument("--out", type=Path, required=True, metavar="FILE", help=".json, .json.gz or .zip")
    again = command(commands, "verify", verify, "after a repair: read again what it changed, and say whether it helped")
    again.add_argument("file", type=Path, help="what collect wrote before the repair")
    again.add_argument("--from", dest="source", default="", help="as for collect; the file's own question by default")
    again.add_argument("--to", dest="target", default="", help="as for collect; the file's own question by default")
    again.add_argument("--endpoint", choices=ENDPOINTS, default="auto")
    _sign_in_options(again)
    again.add_argument("--out", type=Path, metavar="FILE", help="also write what it is like now")
    asked = command(commands, "permissions", permissions, "what collect reads, and what is lost without it")
    asked.add_argument("--subscription", action="append", default=[], metavar="ID", help="scopes of the role")
    asked.add_argument("--json", action="store_true", help="a custom role for az role definition create")


def _sign_in_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cloud", default="AzureCloud", help="AzureCloud, AzureUSGovernment, AzureChinaCloud")
    parser.add_argument("--credential", default="", help="cli, browser, device-code, managed-identity, environment")
    parser.add_argument("--tenant", default="")
    parser.add_argument(
        "--next-hop",
        action="store_true",
        help="also ask Network Watcher where the packets go (a POST; the VM has to run)",
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="for all that is read (default 600)")


def collect(args: argparse.Namespace) -> int:
    """Read Azure into a file; exit code by the verdict where a path was asked.

    Ctrl+C or a termination ends the reading, and what was read is written all the same.
    """
    from mi_workbook.diagnosis.collecting import Settings, collect_everything, collect_path
    from mi_workbook.evidence.azure.clouds import cloud
    from mi_workbook.views.collecting import collected_lines, progress_bar

    started = _started(args)
    path = bool(args.source and args.target) if not args.scope else args.scope == "path"
    if path and not (args.source and args.target):
        raise InputError("Scope path needs --from and --to.", remedy="Or --scope everything.")
    where = cloud(args.cloud)
    used = _signed_in(args, where)
    with _interrupted() as stop, progress_bar(console(sys.stderr)) as progress:
        settings = Settings(cloud=where, subscriptions=args.subscription, seconds=args.seconds, started=started,
                            progress=progress, cancelled=stop.is_set, next_hop=args.next_hop,
                            save=lambda snapshot: save(snapshot, args.out))  # fmt: skip
        got = (collect_path(used, args.source, args.target, args.endpoint, settings) if path
               else collect_everything(used, settings))  # fmt: skip
    written, trouble = _kept(got.snapshot, args.out)
    print("\n".join(collected_lines(got, written, _same_command(args, written))))
    if trouble is not None:
        raise trouble
    return EXIT[got.diagnosis.verdict] if got.diagnosis else BAD_INPUT if got.trouble else 0


def verify(args: argparse.Namespace) -> int:
    """Before and after a repair; exit code by what holds now."""
    from mi_workbook.diagnosis.collecting import Settings
    from mi_workbook.diagnosis.diagnose import diagnose
    from mi_workbook.diagnosis.verify import verify as look_again
    from mi_workbook.evidence.azure.clouds import cloud
    from mi_workbook.evidence.files import load
    from mi_workbook.views.collecting import progress_bar, verified_lines

    before = load(args.file)
    source, target, endpoint = question(args, None, before)
    repair = diagnose(before, source, target, endpoint).repair
    where = cloud(args.cloud)
    used = _signed_in(args, where)
    with _interrupted() as stop, progress_bar(console(sys.stderr)) as progress:
        settings = Settings(cloud=where, seconds=args.seconds, progress=progress, cancelled=stop.is_set,
                            next_hop=args.next_hop)  # fmt: skip
        found = look_again(used, before, repair.changes if repair else (), source, target, endpoint, settings)
    if args.out is not None:
        save(found.after, args.out)
    print("\n".join(verified_lines(found, str(args.out or ""))))
    return EXIT[found.comparison.after.verdict]


def _started(args: argparse.Namespace) -> Snapshot | None:
    """The collection to go on with; its question becomes this one's where none was given.

    Raises InputError where there is none, and where one would be lost: the file holds one that ended early, and nothing says to
    go on with it.
    """
    from mi_workbook.evidence.files import load

    if not args.out.parent.is_dir():
        raise InputError("The folder does not exist.", file=str(args.out.parent), remedy="Name another file.")
    if not args.resume:
        if args.out.is_file() and _unfinished(args.out):
            raise InputError(
                "It holds a collection that ended early.", file=str(args.out),
                remedy="Add --resume to go on with it, or name another file to begin anew.",
            )  # fmt: skip
        return None
    if not args.out.exists():
        raise InputError(
            "There is nothing to go on with.",
            file=str(args.out),
            remedy="Leave out --resume, and name --from and --to.",
        )
    started = load(args.out)
    if not args.source and not args.target and not args.scope and isinstance(started.source.get("question"), dict):
        args.source, args.target, args.endpoint = question(args, None, started)
    held = f"{len(started.resources)} resources of {started.collected_at}"
    print(f"mi-workbook: going on with {args.out} ({held}).", file=sys.stderr)
    return started


def _unfinished(path: Path) -> bool:
    """True for a file of ours whose collection ended early; any other file may be replaced, as always."""
    from mi_workbook.evidence.files import load

    try:
        return "unfinished" in load(path).source
    except (InputError, OSError, ValueError):
        return False


def _signed_in(args: argparse.Namespace, where: Any) -> Any:
    """A credential that works. Raises InputError."""
    from mi_workbook.evidence.azure.sign_in import sign_in, sign_in_here

    show = {
        "tenant": args.tenant,
        "prompt": lambda link, code, _: print(f"Open {link} and enter {code}", file=sys.stderr),
    }
    return sign_in(args.credential, where, **show) if args.credential else sign_in_here(where, **show)[1]


@contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """An event that Ctrl+C or a termination sets; a second one ends the program at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def asked(number: int, frame: Any) -> None:
        stop.set()
        for one, handler in before.items():
            signal.signal(one, handler)
        print("\nmi-workbook: stopping; what was read is kept.", file=sys.stderr)

    before = {one: signal.signal(one, asked) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _kept(snapshot: Snapshot, path: Path) -> tuple[str, InputError | None]:
    """Write what was read; where the system refuses, in the folder for temporary files. The path, and why it is another."""
    try:
        save(snapshot, path)
        return str(path), None
    except InputError as error:
        try:
            folder = Path(tempfile.mkdtemp(prefix="mi-workbook-"))
            save(snapshot, folder / path.name)
        except (InputError, OSError):
            return "", error
        return str(folder / path.name), error


def _same_command(args: argparse.Namespace, out: str) -> str:
    """The command that goes on with a file."""
    parts = ["mi-workbook", "collect"]
    for name, value in (("--from", args.source), ("--to", args.target), ("--scope", args.scope), ("--tenant", args.tenant),
                        ("--credential", args.credential)):  # fmt: skip
        parts += [name, value] if value else []
    for name, value, usual in (("--endpoint", args.endpoint, "auto"), ("--cloud", args.cloud, "AzureCloud")):
        parts += [name, value] if value != usual else []
    parts += ["--next-hop"] if args.next_hop else []
    parts += [part for one in args.subscription for part in ("--subscription", one)]
    return shlex.join([*parts, "--out", out or str(args.out), "--resume"])


def permissions(args: argparse.Namespace) -> int:
    """The permissions in words, or as a custom role."""
    from mi_workbook.evidence.azure.permissions import role
    from mi_workbook.views.collecting import permission_lines

    scopes = [f"/subscriptions/{one.removeprefix('/subscriptions/')}" for one in args.subscription]
    print(json.dumps(role(scopes), indent=2) if args.json else "\n".join(permission_lines()))
    return 0
