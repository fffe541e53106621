"""Start the workbook."""

from __future__ import annotations

import argparse
from typing import Any

from mi_workbook.cli.common import command


def add(commands: Any) -> None:
    """open."""
    opening = command(commands, "open", open_notebook, "start JupyterLab on the workbook")
    opening.add_argument("notebook", nargs="?", default="start")
    opening.add_argument("--app", action="store_true", help="serve it as a Voila app")


def open_notebook(args: argparse.Namespace) -> int:
    """Serve the notebooks until the user stops it."""
    from mi_workbook.launch import notebook, serve

    return serve(notebook(args.notebook), app=args.app)
