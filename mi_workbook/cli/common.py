"""What the commands share: exit codes, options, evidence, output."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.core.writing import replace_file

if TYPE_CHECKING:
    from mi_workbook.evidence.snapshot import Snapshot

EXIT = {Verdict.REACHABLE: 0, Verdict.BLOCKED: 1, Verdict.UNKNOWN: 3}
BAD_INPUT = 2
ENDPOINTS = ("auto", "vnet-local", "private", "public")


def command(commands: Any, name: str, run: Any, words: str) -> argparse.ArgumentParser:
    """A command of its own parser; `run` gets the parsed arguments and returns the exit code."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(run=run)
    return parser


def ask_options(
    parser: argparse.ArgumentParser, source: str = "as for diagnose", target: str = "as for diagnose"
) -> None:
    """--from, --to and --endpoint: the question."""
    parser.add_argument("--from", dest="source", default="", help=source)
    parser.add_argument("--to", dest="target", default="", help=target)
    parser.add_argument("--endpoint", choices=ENDPOINTS, default="auto")


def json_option(parser: argparse.ArgumentParser, words: str = "machine-readable") -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help=words)


def read_evidence(paths: Sequence[str]) -> tuple[Snapshot, Any]:
    """The snapshot, and the built-in case where that is what was named. A file whose hash does not fit is said on stderr."""
    from mi_workbook.cases import case
    from mi_workbook.evidence.files import load
    from mi_workbook.evidence.integrity import CHANGED, state

    if len(paths) == 1 and paths[0].startswith("case:"):
        found = case(paths[0].removeprefix("case:"))
        return found.snapshot(), found
    if paths[0].startswith("case:"):  # with what somebody sent beside it
        found, sent = case(paths[0].removeprefix("case:")), load(*paths[1:])
        if sent.resources:
            raise InputError("A built-in case takes pasted output beside it, no resources.", remedy="Name files only.")
        return found.snapshot().observed(sent.observations), found
    if any(path.startswith("case:") for path in paths):
        raise InputError("A built-in case comes first.", remedy="Name one case, then files of pasted output.")
    given = load(*paths)
    if len(paths) == 1 and state(given) == "changed":
        print(f"mi-workbook: {paths[0]}: {CHANGED}", file=sys.stderr)
    if len(paths) == 1 and "unfinished" in given.source:
        again = f"mi-workbook collect --resume --out {shlex.quote(paths[0])}"
        print(f"mi-workbook: {paths[0]}: its collection did not read all; go on with: {again}", file=sys.stderr)
    return given, None


def question(args: argparse.Namespace, found: Any, held: Snapshot | None = None) -> tuple[str, str, str]:
    """Source, target and endpoint as given, else those of the built-in case, else those the evidence was collected for.

    Raises InputError where they are not all known.
    """
    from mi_workbook.diagnosis.diagnose import named_server

    kept = held.source.get("question") if held is not None else None
    own = {name: str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}
    case = (found.source, found.target) if found else (own.get("from", ""), own.get("to", ""))
    source, target = args.source or case[0], args.target or case[1]
    if not source or not target:
        raise InputError(
            "--from and --to are needed.",
            remedy="For instance: --from vm-app --to mi-orders.<zone>.database.windows.net",
        )
    endpoint = own.get("endpoint", "auto") if args.endpoint == "auto" and (source, target) == case else args.endpoint
    return source, named_server(target), endpoint if endpoint in ENDPOINTS else "auto"


def console(file: Any = None) -> Any:
    """A console that shows text as it is: no markup is read in it."""
    from rich.console import Console

    return Console(file=file, highlight=False, markup=False, soft_wrap=True)


def write(path: Path, text: str) -> None:
    """Write a file; an older one stays until the new one is whole. Raises InputError where the system refuses."""
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise InputError(
            f"It cannot be written: {error.strerror}.", file=str(path), remedy="Name another file."
        ) from None


def save(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot with its integrity hash, replacing the file at once. Raises InputError where the system refuses."""
    from mi_workbook.evidence.integrity import sealed

    try:
        sealed(snapshot).save(path)
    except OSError as error:
        raise InputError(
            f"It cannot be written: {error.strerror}.", file=str(path), remedy="Name another file."
        ) from None
