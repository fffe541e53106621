"""Sets up everything and runs it, with nothing but Python >= 3.11: `python3 run.py open | test | lint | check`."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
ALL = ("-n", "auto", "--dist", "loadfile")  # the whole suite, one process for each core
USAGE = "Usage: python3 run.py open [NOTEBOOK] [--app] | test [pytest arguments] | lint | check"


def main() -> int:
    """Run the command that was asked for; returns its exit code."""
    command, rest = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if command not in {"open", "test", "lint", "check"}:
        print(USAGE)
        return 2
    if sys.version_info < (3, 11):
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
        return 2
    set_up(extra="" if command == "open" else "[dev]")
    if command == "open":
        return run("-m", "mi_workbook", "open", *rest)
    results = lint() if command in {"lint", "check"} else []
    results += [run("-m", "pytest", *(rest or ALL))] if command in {"test", "check"} else []
    return max(results)


def lint() -> list[int]:
    """Every static check, all of them even where one fails."""
    return [
        run("-m", "ruff", "format", "--check", "."),
        run("-m", "ruff", "check", "."),
        run("-m", "mypy"),
        run("-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"),
    ]


def set_up(extra: str) -> None:
    """A virtual environment with the package in it; nothing is done again while pyproject.toml is the same."""
    digest = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / f"installed{'-dev' if extra else ''}"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    print("Setting up .venv (a few minutes the first time) ...", flush=True)
    if not PYTHON.exists() and subprocess.call([sys.executable, "-m", "venv", str(VENV)]) != 0:
        sys.exit("The virtual environment could not be made. On Debian and Ubuntu: apt install python3-venv")
    if run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", f".{extra}") != 0:
        sys.exit("The installation failed; the message above says why.")
    run("-m", "compileall", "-q", str(HERE / "mi_workbook"))
    stamp.write_text(digest)


def run(*arguments: str) -> int:
    """Run the environment's Python in the checkout."""
    return subprocess.call([str(PYTHON), *arguments], cwd=HERE)


if __name__ == "__main__":
    sys.exit(main())
