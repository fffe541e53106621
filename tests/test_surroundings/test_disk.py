"""A disk that is full while a file is replaced: the old file stays, nothing half is left, the user is told."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mi_workbook.cases import case
from mi_workbook.core.writing import replace_file
from mi_workbook.evidence.files import load
from mi_workbook.workbook.saved import save
from mi_workbook.workbook.state import State

resource = pytest.importorskip("resource", reason="file size limits are a thing of Unix")
FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
from mi_workbook.cli import main
sys.exit(main(sys.argv[1:]))
"""
ANSWER = ["diagnose", "case:same-vnet-healthy", "--from", "vm-app", "--to", "mi-orders"]


@pytest.mark.parametrize("arguments", [
    ["demo", "same-vnet-healthy", "--out"], [*ANSWER, "--html"], [*ANSWER, "--markdown"],
], ids=["demo", "html", "markdown"])  # fmt: skip
def test_old_file_stays_where_the_new_one_does_not_fit(arguments: list[str], tmp_path: Path) -> None:
    """Every command that writes: exit 2, one sentence, the old content, and no other file."""
    file = tmp_path / "kept.json"
    file.write_text("the old one", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", FULL, *arguments, str(file)], capture_output=True, text=True, check=False
    )
    assert file.read_text(encoding="utf-8") == "the old one"
    assert list(tmp_path.iterdir()) == [file]
    assert done.returncode == 2 and "cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_two_writers_of_one_session_file_leave_one_whole_file(tmp_path: Path) -> None:
    """Both write at once: the file is what one of them wrote, never a mixture, and can be opened at any moment."""
    file = tmp_path / "session.json"
    sessions = []
    for name in ("same-vnet-healthy", "peering-missing"):
        state, one = State(), case(name)
        state.take(one.snapshot(), f"case:{name}")
        state.question(one.source, one.target, one.endpoint)
        sessions.append(save(state).encode())
    replace_file(file, sessions[0])
    writers = [threading.Thread(target=lambda t=text: [replace_file(file, t) for _ in range(10)]) for text in sessions]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert file.read_text(encoding="utf-8").rstrip().endswith("}")
    assert list(tmp_path.iterdir()) == [file]


def test_replaced_snapshot_is_whole(tmp_path: Path) -> None:
    """A snapshot written over another one is the new one, without leftovers."""
    file = tmp_path / "estate.json.gz"
    case("peering-missing").snapshot().save(file)
    case("same-vnet-healthy").snapshot().save(file)
    assert len(load(file).resources) == len(case("same-vnet-healthy").snapshot().resources)
    assert list(tmp_path.iterdir()) == [file]


def test_link_is_followed_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    """What a user set up stays: a link leads where it led, and a pipe is not replaced by a file."""
    real, link, pipe = tmp_path / "real.json", tmp_path / "link.json", tmp_path / "pipe"
    real.write_text("{}", encoding="utf-8")
    link.symlink_to(real)
    case("peering-missing").snapshot().save(link)
    assert link.is_symlink() and load(real).resources
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    case("peering-missing").snapshot().save(pipe)
    reader.join(timeout=20)
    assert pipe.is_fifo() and read[0].startswith(b"{")


def test_snapshot_is_for_its_owner_only(tmp_path: Path) -> None:
    """Evidence of a network is nobody else's to read."""
    case("peering-missing").snapshot().save(tmp_path / "s.zip")
    assert (tmp_path / "s.zip").stat().st_mode & 0o077 == 0
    assert load(tmp_path / "s.zip").resources
