"""Console output as evidence of a diagnosis: nothing that was sent is dropped, and every table finds the thing it is of."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from mi_workbook.cases import case
from mi_workbook.diagnosis.attribution import attributed
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.explain import explained
from mi_workbook.evidence.files import load
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.pastes.recognise import read_pastes
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
    """By the name in the command, whatever the source; one that names none only where it can be no other's."""
    snapshot = case("peering-missing").snapshot()
    network = Network(snapshot)
    (nic,) = [network.nic(str(one["id"])) for one in snapshot.of_type(NICS)][:1]
    body = TABLE[TABLE.index("{") :]
    named = f"az network nic show-effective-route-table -g rg -n {nic.name} -o json\n{body}"
    for source in (nic.name, "internet", "no such source"):
        assert _about(_with("peering-missing", named), source) == nic.id
    assert nic.primary is not None
    assert _about(_with("peering-missing", body), nic.id) == ""  # another VNet's ranges: it is not the source's
    fitting = body.replace("10.9.0.0/16", "10.1.0.0/16")
    for source in (nic.id, nic.primary.subnet_id):
        assert _about(_with("peering-missing", fitting), source) == nic.id


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


ERROR = (
    "Microsoft.Data.SqlClient.SqlException (0x80131904): A network-related or instance-specific error occurred while establishing a "
    "connection to SQL Server. The server was not found or was not accessible. (provider: TCP Provider, error: 0 - A connection "
    "attempt failed because the connected party did not properly respond after a period of time, or established connection failed "
    "because connected host has failed to respond.)"
)
STRING = "Server=tcp:mi-orders.a1b2c3d4e5f6.database.windows.net,1433;Database=orders;User ID=app;Password=Secr3t!;Encrypt=True"


@pytest.mark.parametrize("gap", ["\n\n", "\n\nops@jump:~$ \n"])
def test_everything_of_azure_and_of_a_client_in_one_paste_is_told_apart(gap: str) -> None:
    """Profiles, settings, the checker, tables of Azure, a driver's error, a connection string: none takes lines of another."""
    names = (
        "azure-vpn-profile/custom", "vpn-settings", "openvpn-profile", "sql-connectivity-checker", "azure-effective-routes/az_table",
        "azure-effective-routes/az_json", "azure-effective-routes/portal_csv", "azure-effective-nsg", "azure-next-hop",
        "azure-learned-routes/az_json", "routes-txt/mask",
    )  # fmt: skip
    files = [FOLDER / f"{name}.txt" if "/" in name else sorted((FOLDER / name).glob("*.txt"))[0] for name in names]
    text = gap.join([*(file.read_text(encoding="utf-8") for file in files), ERROR, STRING])
    pastes = read_pastes(text)
    assert [one.kind for one in pastes.readings] == [file.parent.name for file in files]
    assert not any(one.left for one in pastes.readings)
    assert len(pastes.left) == 2 and "Secr3t" not in repr(pastes)
    rest = explained("\n".join(line.text for line in pastes.left))
    assert rest is not None and rest.error is not None and rest.error.understood
    assert "mi-orders.a1b2c3d4e5f6" in rest.strings[0][0].host and "Secr3t" not in repr(rest)


@pytest.mark.parametrize("text", [ERROR, STRING, f"{ERROR}\n\n{STRING}\n"])
def test_an_error_or_a_string_alone_is_evidence_and_shows_no_password(tmp_path: Path, text: str) -> None:
    """A file with nothing but what the application wrote is no bad input; the verdict does not rest on it."""
    one = case("same-vnet-proxy-healthy")
    one.snapshot().save(tmp_path / "azure.json")
    (tmp_path / "app.log").write_text(text, encoding="utf-8")
    snapshot = load(tmp_path / "azure.json", tmp_path / "app.log")
    assert "Secr3t" not in json.dumps(snapshot.to_dict())
    found = diagnose(snapshot, one.source, one.target)
    assert found.verdict is diagnose(one.snapshot(), one.source, one.target).verdict
    assert any("error text" in told.says or "connection string" in told.says for told in found.at_source.told)
