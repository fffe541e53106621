"""collect and verify as a person at a terminal meets them: what is said, what is kept, what to type next."""

import errno
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import case
from mi_workbook.cli import azure as commands
from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.collecting import Settings
from mi_workbook.evidence.azure import sign_in
from mi_workbook.evidence.files import load
from mi_workbook.evidence.integrity import state
from tests.test_azure.arm_server import Estate, FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of
from tests.test_azure.test_verify import mend

Serve = Callable[..., Settings]
NAME = "same-vnet-mi-nsg"
ONE = case(NAME)
PATH = ["--from", ONE.source, "--to", ONE.target]


@pytest.fixture
def signed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Callable[[Estate], Settings]:
    """Makes an estate the Azure that the commands sign in to."""

    def into(estate: Estate) -> Settings:
        settings = serve(estate)
        monkeypatch.setattr("mi_workbook.evidence.azure.clouds.cloud", lambda name: settings.cloud)
        monkeypatch.setattr(sign_in, "sign_in_here", lambda *a, **k: ("cli", FakeCredential()))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(settings.verify))
        return settings

    return into


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code and both outputs of a command."""
    code = main(list(arguments))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_from_collecting_to_a_verified_repair(signed: Any, tmp_path: Path, capsys: Any) -> None:
    """Each output names the next command; a file knows its own question; the exit code is the verdict."""
    estate, out, after = estate_of(ONE), str(tmp_path / "estate.json.gz"), str(tmp_path / "after.json.gz")
    signed(estate)
    code, shown, _ = said(capsys, "collect", *PATH, "--out", out)
    assert code == 1 and f"mi-workbook diagnose {out}" in shown and f"mi-workbook verify {out}" in shown
    assert said(capsys, "diagnose", out)[0] == 1
    code, shown, _ = said(capsys, "verify", out)
    assert code == 1 and "nothing on the path has changed" in shown and "--out FILE" in shown
    mend(estate, NAME)
    code, shown, _ = said(capsys, "verify", out, "--out", after)
    assert code == 0 and "It was blocked, and is reachable now." in shown and "turned the verdict: nsg-mi" in shown
    assert "observations/" not in shown
    assert said(capsys, "diagnose", after)[0] == 0 and state(load(after)) == "intact"
    assert said(capsys, "compare", out, after)[0] == 0


def test_part_that_failed_is_gone_on_with(signed: Any, tmp_path: Path, capsys: Any) -> None:
    """The printed command is the one that completes it; without --resume what was read is not thrown away."""
    out = str(tmp_path / "my estate.json")
    estate = estate_of(ONE, faults=[Fault("/networkSecurityGroups/nsg-mi", lambda h: h.say(401, refusal("Expired")))])
    signed(estate)
    code, shown, _ = said(capsys, "collect", *PATH, "--endpoint", "vnet-local", "--out", out)
    again = next(line for line in shown.splitlines() if line.startswith("What failed may succeed"))
    assert "Sign in again" in shown and again.endswith("--resume")
    code, _, told = said(capsys, "collect", *PATH, "--out", out)
    assert code == 2 and "ended early" in told and "--resume" in told and "unfinished" in load(out).source
    code, _, told = said(capsys, "diagnose", out)
    assert "did not read all" in told and "--resume" in told
    estate.faults.clear()
    code, shown, told = said(capsys, *shlex.split(again.partition("mi-workbook ")[2]))
    assert code == 1 and "going on with" in told and "unfinished" not in load(out).source
    assert load(out).source["question"] == {"from": ONE.source, "to": ONE.target, "endpoint": "vnet-local"}
    assert said(capsys, "collect", "--resume", "--out", out)[0] == 1


def test_nothing_to_go_on_with_is_said(tmp_path: Path, capsys: Any) -> None:
    """Never a collection of everything instead."""
    code, _, told = said(capsys, "collect", "--resume", "--out", str(tmp_path / "none.json"))
    assert code == 2 and "nothing to go on with" in told


def test_disk_that_is_full_at_the_end(
    signed: Any, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is told all the same, and what was read is in another place that the output names."""
    signed(estate_of(ONE))
    out, elsewhere, write = tmp_path / "full" / "estate.json", tmp_path / "spare", commands.save
    out.parent.mkdir()
    elsewhere.mkdir()

    def full(snapshot: Any, path: Path) -> None:
        if path == out:
            raise InputError(f"It cannot be written: {os.strerror(errno.ENOSPC)}.", file=str(path))
        write(snapshot, path)

    monkeypatch.setattr(commands, "save", full)
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", None)
    code, shown, told = said(capsys, "collect", *PATH, "--out", str(out))
    assert code == 2 and "No space left" in told and "blocked:" in shown and not out.exists()
    (kept,) = elsewhere.glob("mi-workbook-*/estate.json")
    assert f"written to {kept}" in shown and load(kept).resources


RUN = """
import sys
from mi_workbook.evidence.azure import clouds, sign_in
from tests.test_azure.arm_server import FakeCredential
url = sys.argv.pop(1)
clouds.cloud = lambda name: clouds.custom(url, url)
sign_in.sign_in_here = lambda *a, **k: ("cli", FakeCredential())
from mi_workbook.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_keeps_what_was_read(number: int, serve: Serve, tmp_path: Path) -> None:
    """Ctrl+C, or a system that ends the program: the file is written, and the output says how to go on."""
    out, reached = tmp_path / "estate.json", tmp_path / "reached"

    def waits(handler: Handler) -> None:
        reached.touch()
        time.sleep(3.0)
        handler.answer()

    estate = estate_of(ONE, faults=[Fault("^GET .*/managedInstances/", waits)])
    settings = serve(estate, slow=30.0)
    running = subprocess.Popen(
        [sys.executable, "-c", RUN, settings.cloud.endpoint, "collect", *PATH, "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "REQUESTS_CA_BUNDLE": str(settings.verify)},
    )  # fmt: skip
    for _ in range(400):
        if reached.exists():
            break
        time.sleep(0.1)
    running.send_signal(number)
    shown, told = running.communicate(timeout=60)
    assert reached.exists() and "what was read is kept" in told and "Traceback" not in told
    assert "It ended early: it was cancelled. Go on with: mi-workbook collect --from vm-app" in shown
    assert load(out).resources and "unfinished" in load(out).source and running.returncode in (1, 3)
    assert sum("Not read:" in line for line in shown.splitlines()) == 1
