"""redact: evidence and session files to hand on, under pseudonyms."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mi_workbook.cli.common import ENDPOINTS, command, read_evidence, save, write
from mi_workbook.core.errors import InputError

if TYPE_CHECKING:
    from mi_workbook.diagnosis.redacted import Compared
    from mi_workbook.evidence.redaction import Redacted, Redactor
    from mi_workbook.evidence.snapshot import Snapshot


def add(commands: Any) -> None:
    """redact."""
    asked = command(commands, "redact", redact, "pseudonyms for names, ids and addresses; the verdict stays")
    asked.add_argument(
        "evidence", nargs="+", metavar="FILE", help="evidence, pasted output, a session file, or case:ID"
    )
    asked.add_argument(
        "--from", dest="source", default="", help="also compare this question, and print it in the new names"
    )
    asked.add_argument("--to", dest="target", default="", help="as for --from")
    asked.add_argument("--endpoint", choices=ENDPOINTS, default="auto")
    asked.add_argument(
        "--names", type=Path, metavar="FILE", help="also write what stands for what; keep that file to yourself"
    )
    asked.add_argument(
        "--seconds", type=float, default=20.0, help="for comparing answers before and after (default 20)"
    )
    asked.add_argument("--out", type=Path, required=True, metavar="FILE", help=".json, .json.gz or .zip")


def redact(args: argparse.Namespace) -> int:
    """Write the evidence under pseudonyms. Raises InputError, and writes nothing, where that would change an answer."""
    from mi_workbook.evidence.redaction import Redactor

    redactor = Redactor()
    session = _session(args.evidence)
    if session is not None:
        name, data = session
        _write_session(args, redactor, name, data)
    else:
        given, found = read_evidence(args.evidence)
        args.source, args.target = (
            args.source or (found.source if found else ""),
            args.target or (found.target if found else ""),
        )
        redacted = redactor.snapshot(given)
        seen = _checked(given, redacted, redactor, args)
        save(redacted.snapshot, args.out)
        _say(args, redacted, seen)
    for option, text in (("--from", args.source), ("--to", args.target)):
        if text:
            print(f"{option} {redactor.question(text)}")
    if args.names:
        write(args.names, json.dumps(redactor.pairs(), indent=1, ensure_ascii=False))
        print(f"What stands for what: {args.names}. It undoes the redaction: keep it to yourself.")
    return 0


def _session(paths: list[str]) -> tuple[str, bytes] | None:
    """Name and content of a session file, None for evidence."""
    from mi_workbook.workbook.saved import HEAD, is_session

    for path in map(Path, paths):
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(HEAD)
            if is_session(head):
                if len(paths) > 1:
                    raise InputError("A session file is redacted alone.", file=str(path), remedy="Name that file only.")
                return str(path), path.read_bytes()
    return None


def _write_session(args: argparse.Namespace, redactor: Redactor, name: str, data: bytes) -> None:
    from mi_workbook.workbook.redacted_session import open_session, redacted_session

    if args.out.suffix != ".json":
        raise InputError("A session file is a .json file.", file=str(args.out), remedy="Name the output so.")
    state = open_session(name, data)
    args.source, args.target, args.endpoint = state.source, state.target, state.endpoint
    text, redacted = redacted_session(state, redactor)
    seen = _checked(state.snapshot, redacted, redactor, args) if state.snapshot is not None else None
    write(args.out, text)
    _say(args, redacted, seen)


def _checked(given: Snapshot, redacted: Redacted, redactor: Redactor, args: argparse.Namespace) -> Compared:
    """Answers before and after. Raises InputError where one changed."""
    from mi_workbook.diagnosis.diagnose import diagnose
    from mi_workbook.diagnosis.redacted import asked_again, compared, refuse_other_answers

    if args.source and args.target:
        found = diagnose(given, args.source, args.target, args.endpoint)
        asked_again(redactor, redacted.snapshot, found, args.endpoint)
    seen = compared(given, redacted.snapshot, redactor, args.seconds)
    refuse_other_answers(seen)
    return seen


def _say(args: argparse.Namespace, redacted: Redacted, seen: Compared | None) -> None:
    """What was done, for the owner."""
    print(
        f"Written to {args.out}. Replaced: "
        + (", ".join(f"{n} {kind}" for kind, n in redacted.replaced.items()) or "nothing")
    )
    print("Removed: " + (", ".join(f"{_plain(name)} ({n})" for name, n in redacted.removed.items()) or "nothing"))
    if seen is not None:
        print(_compared(seen, asked=bool(args.source and args.target)))
    print(
        "Kept: regions, sizes, states, ports, times, and the last octet of addresses. Look at the file before you send it."
    )


def _plain(text: str) -> str:
    """A name without control characters, cut to a line."""
    return "".join(one if one.isprintable() else "?" for one in text)[:80]


def _compared(seen: Compared, *, asked: bool) -> str:
    """Which answers were compared, and what was not."""
    paths = [f"{seen.asked} {'path' if seen.asked == 1 else 'paths'}"] if seen.asked else []
    found = [*paths, *(["the question"] if asked else [])]
    left = f" Not compared, for the time was over: {seen.left} more; give --seconds." if seen.left else ""
    if not found:
        return left.strip() or "Not compared: without an instance and a source the evidence answers no question yet."
    return f"Compared: {' and '.join(found)} read the same before and after.{left}"
