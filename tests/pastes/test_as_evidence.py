"""Console output as evidence of a diagnosis: nothing that was sent is dropped, and every table finds the thing it is of."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from mi_workbook.cases import case
from mi_workbook.diagnosis.attribution import attributed
from mi_workbook.evidence.files import load
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import GATEWAYS, NICS, Network

FOLDER = Path(__file__).parent / "fixtures"
TABLE = (FOLDER / "azure-effective-routes" / "az_json.txt").read_text(encoding="utf-8")
LEARNED = (FOLDER / "azure-learned-routes" / "az_json.txt").read_text(encoding="utf-8")


def _with(name: str, text: str) -> Snapshot:
    return case(name).snapshot().observed(observations_of(text, "sent.txt"))


def _about(snapshot: Snapshot, source: str) -> str:
    return str(attributed(snapshot, source).observations[-1]["about"])


def test_a_table_of_azure_is_of_the_interface_that_its_command_names() -> None:
    """By the name in the command, whatever the source; one that names none is of the source, be it a NIC or its subnet."""
    snapshot = case("peering-missing").snapshot()
    network = Network(snapshot)
    (nic,) = [network.nic(str(one["id"])) for one in snapshot.of_type(NICS)][:1]
    body = TABLE[TABLE.index("{") :]
    named = f"az network nic show-effective-route-table -g rg -n {nic.name} -o json\n{body}"
    for source in (nic.name, "internet", "no such source"):
        assert _about(_with("peering-missing", named), source) == nic.id
    assert nic.primary is not None
    for source in (nic.id, nic.primary.subnet_id):
        assert _about(_with("peering-missing", body), source) == nic.id
    assert _about(_with("peering-missing", body), "internet") == ""


def test_learned_routes_are_of_the_only_gateway() -> None:
    """Without a name in the paste: of the source's own gateway, or of the only one."""
    snapshot = _with("developer-box-sound", LEARNED[LEARNED.index("{") :])
    (gateway,) = snapshot.of_type(GATEWAYS)
    for source in ("internet", f"p2s:{gateway['name']}"):
        assert _about(snapshot, source) == gateway["id"]


def test_a_table_that_is_cut_off_finds_no_owner() -> None:
    """Its missing rows would read as absent."""
    cut = "\n".join(TABLE.splitlines()[:30])
    assert _about(_with("peering-missing", cut), case("peering-missing").source).startswith("/") is False


@pytest.mark.parametrize("packed", [True, False])
def test_texts_in_a_folder_or_an_archive_are_read_too(tmp_path: Path, packed: bool) -> None:
    """What is recognised is evidence; a note that is none stops nothing, and is named."""
    folder = tmp_path / "sent"
    folder.mkdir()
    case("peering-missing").snapshot().save(folder / "azure.json")
    (folder / "vm.txt").write_text(
        "Connection to a.b.example (10.4.0.62) 1433 port [tcp/ms-sql-s] succeeded!\n", encoding="utf-8"
    )
    (folder / "readme.md").write_text("# please help\n", encoding="utf-8")
    if packed:
        with zipfile.ZipFile(tmp_path / "sent.zip", "w") as archive:
            for file in folder.iterdir():
                archive.write(file, file.name)
    snapshot = load(tmp_path / "sent.zip" if packed else folder)
    kinds = {str(one["kind"]): one for one in snapshot.observations}
    assert snapshot.resources and {"nc", "not-understood"} <= set(kinds)
    assert "readme.md" in kinds["not-understood"]["file"] and json.dumps(kinds["not-understood"]["value"]) == "[]"
