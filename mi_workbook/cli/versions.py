"""Versions of drivers and tools: on this machine, in an application's folder, or in what somebody pasted."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mi_workbook.cli.common import EXIT, command, console, json_option
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict


def add(commands: Any) -> None:
    """versions."""
    asked = command(commands, "versions", show_versions, "drivers and tools beside the recommended minimum versions")
    asked.add_argument("file", nargs="?", help="printed versions in a file, or - for standard input; else this machine")
    asked.add_argument(
        "--folder", action="append", default=[], type=Path, metavar="DIR", help="also search an application's folder"
    )
    json_option(asked)


def show_versions(args: argparse.Namespace) -> int:
    """0 where a driver was recognised, 3 where none was: an old driver is a warning, not a verdict."""
    from mi_workbook.evidence.drivers import read_versions
    from mi_workbook.evidence.explain import read_paste
    from mi_workbook.evidence.installed import Installed, installed
    from mi_workbook.views.versions import render_versions, versions_json

    if args.file and args.folder:
        raise InputError("A pasted output and a folder are two questions.", remedy="Name one of them.")
    found = Installed(read_versions(read_paste(args.file)), (), ()) if args.file else installed(args.folder)
    if args.json:
        print(json.dumps(versions_json(found.versions, found.looked, found.problems), indent=2))
    else:
        render_versions(found.versions, found.looked, found.problems, console())
    return 0 if found.versions else EXIT[Verdict.UNKNOWN]
