"""mi-workbook: the same diagnosis without a notebook. Exit 0 reachable, 1 blocked, 3 unknown, 2 bad input or usage."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from mi_workbook.cli import appservice, asking, azure, client, lookup, opening, redacting, versions
from mi_workbook.cli.common import BAD_INPUT, EXIT
from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.verdict import Verdict

GROUPS = (opening, lookup, asking, client, versions, azure, redacting, appservice)


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
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mi-workbook", description="Why an application cannot reach its SQL managed instance."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for group in GROUPS:
        group.add(commands)
    return parser
