"""Evidence from Azure: read it, and what that takes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mi_workbook.cli.common import BAD_INPUT, ENDPOINTS, EXIT, command, console, save
from mi_workbook.core.errors import InputError


def add(commands: Any) -> None:
    """collect, permissions."""
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
    live.add_argument("--cloud", default="AzureCloud", help="AzureCloud, AzureUSGovernment, AzureChinaCloud")
    live.add_argument("--credential", default="", help="cli, browser, device-code, managed-identity, environment")
    live.add_argument("--tenant", default="")
    live.add_argument("--seconds", type=float, default=600.0, help="for the whole collection (default 600)")
    live.add_argument("--resume", action="store_true", help="go on with the file of --out")
    live.add_argument("--out", type=Path, required=True, metavar="FILE", help=".json, .json.gz or .zip")
    asked = command(commands, "permissions", permissions, "what collect reads, and what is lost without it")
    asked.add_argument("--subscription", action="append", default=[], metavar="ID", help="scopes of the role")
    asked.add_argument("--json", action="store_true", help="a custom role for az role definition create")


def collect(args: argparse.Namespace) -> int:
    """Read Azure into a file; exit code by the verdict where a path was asked."""
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
    with progress_bar(console(sys.stderr)) as progress:
        settings = Settings(cloud=where, subscriptions=args.subscription, seconds=args.seconds, started=started,
                            progress=progress, save=lambda snapshot: save(snapshot, args.out))  # fmt: skip
        got = (collect_path(used, args.source, args.target, args.endpoint, settings) if path
               else collect_everything(used, settings))  # fmt: skip
    save(got.snapshot, args.out)
    print("\n".join(collected_lines(got, str(args.out))))
    return EXIT[got.diagnosis.verdict] if got.diagnosis else BAD_INPUT if got.trouble else 0


def permissions(args: argparse.Namespace) -> int:
    """The permissions in words, or as a custom role."""
    from mi_workbook.evidence.azure.permissions import role
    from mi_workbook.views.collecting import permission_lines

    scopes = [f"/subscriptions/{one.removeprefix('/subscriptions/')}" for one in args.subscription]
    print(json.dumps(role(scopes), indent=2) if args.json else "\n".join(permission_lines()))
    return 0
