"""The hand-over from Cloud Shell: the printed commands ask for what the collector asks for, and their files are read."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.azure.graph import questions
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot
from tests.test_azure.arm_server import _row
from tests.test_azure.conftest import estate_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cloud-shell.md").read_text(encoding="utf-8")
CONNECTIONS = "microsoft.network/connections"


def test_both_shells_ask_what_the_collector_asks() -> None:
    """The queries in the page are those of the package; connections are read one by one instead."""
    for question in questions():
        assert PAGE.count(question.text.replace(f"'{CONNECTIONS}', ", "")) == 2
    assert PAGE.count(f"Resources | where type =~ '{CONNECTIONS}'") == 2


def test_bash_block_is_bash(tmp_path: Path) -> None:
    """The block parses."""
    if not shutil.which("bash"):
        pytest.skip("No bash was found.")
    block = re.search(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    assert block
    (tmp_path / "block.sh").write_text(block[1])
    assert subprocess.run(["bash", "-n", str(tmp_path / "block.sh")], capture_output=True).returncode == 0


def test_bash_block_runs_against_a_stand_in_for_az(tmp_path: Path) -> None:
    """With an az that pages, every page and every connection becomes a file that loads."""
    if not all(shutil.which(tool) for tool in ("bash", "jq", "zip")):
        pytest.skip("bash, jq and zip are needed.")
    block = re.search(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    assert block
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "az").write_text("#!/bin/bash\ncase \"$*\" in *skip-token*) echo '{\"data\": [], \"skip_token\": null}';; "
                              "*-o\\ tsv*) ;; *) echo '{\"data\": [], \"skip_token\": \"abc\"}';; esac\n")  # fmt: skip
    (tools / "download").write_text("#!/bin/bash\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    env = {"PATH": f"{tools}:/usr/bin:/bin"}
    subprocess.run(["bash", "-c", block[1]], cwd=tmp_path, env=env, check=True, capture_output=True)
    assert {path.name for path in (tmp_path / "mi-evidence").iterdir()} == {
        "resources-0.json", "resources-1.json", "records-0.json", "records-1.json"}  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "powershell"])
@pytest.mark.parametrize(
    "name", ["peering-missing", "vnet-to-vnet-tunnel-down", "private-endpoint-stale-record", "peering-healthy"]
)
def test_files_of_those_commands_load_and_answer(shell: str, name: str, tmp_path: Path) -> None:
    """Pages as az graph query and Search-AzGraph write them, connections one by one: never the opposite verdict."""
    one = case(name)
    rows = [_row(r) for r in estate_of(one).resources if r["type"].lower() != CONNECTIONS]
    pages = [rows[:3], rows[3:]]
    with zipfile.ZipFile(tmp_path / "mi-evidence.zip", "w") as archive:
        for number, page in enumerate(pages):
            token = "abc" if number == 0 else None
            body = {"count": len(page), "data": page, "skip_token": token, "total_records": len(rows)}
            text = json.dumps(body if shell == "bash" else page)
            data = text.encode("utf-8" if shell == "bash" else "utf-8-sig")
            archive.writestr(f"mi-evidence/resources-{number}.json", data)
        for number, raw in enumerate(one.snapshot().of_type(CONNECTIONS)):
            archive.writestr(f"mi-evidence/connection-{number}.json", json.dumps(raw))
    loaded = load(tmp_path / "mi-evidence.zip")
    assert isinstance(loaded, Snapshot) and len(loaded.resources) == len(one.snapshot().resources)
    found = diagnose(loaded, one.source, one.target, one.endpoint)
    assert found.verdict in {one.verdict, Verdict.UNKNOWN}
