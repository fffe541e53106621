"""Nothing leaves the machine that the user did not ask for: no connection at import, none for a diagnosis, no telemetry."""

from __future__ import annotations

import re
import subprocess
import sys

from conftest import ROOT

NO_NETWORK = """
import pkgutil, socket, sys
def refuse(*_, **__):
    raise AssertionError("a connection")
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse
socket.getaddrinfo = socket.gethostbyname = socket.create_connection = refuse
"""
IMPORT_ALL = (
    NO_NETWORK
    + """
import mi_workbook
for found in pkgutil.walk_packages(mi_workbook.__path__, "mi_workbook."):
    if not found.name.endswith("__main__"):
        __import__(found.name)
"""
)
DIAGNOSE = (
    NO_NETWORK
    + """
from mi_workbook.cli import main
sys.exit(main(["diagnose", "case:peering-missing", "--from", "vm-app", "--to", "mi-orders", "--json"]))
"""
)


def run(code: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter in which sockets refuse."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_importing_every_module_opens_no_connection() -> None:
    """Neither names are looked up nor anything is sent."""
    done = run(IMPORT_ALL)
    assert done.returncode == 0, done.stderr[-2000:]


def test_diagnosis_of_a_file_opens_no_connection() -> None:
    """Evidence that is on the disk is judged there."""
    done = run(DIAGNOSE)
    assert done.returncode == 1, done.stderr[-2000:]
    assert '"root_cause"' in done.stdout


def test_nothing_counts_users() -> None:
    """No library that reports home is a dependency, and no module names one."""
    words = re.compile(r"^\s*(?:import|from) (?:sentry_sdk|posthog|opencensus|applicationinsights|analytics)\b", re.M)
    for file in (ROOT / "mi_workbook").rglob("*.py"):
        assert not words.search(file.read_text(encoding="utf-8")), file
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert not re.search(r'"(?:sentry|posthog|opencensus|applicationinsights)', project)
