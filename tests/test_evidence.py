"""Evidence of every accepted form is read whole; bad input is named."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_workbook.cases import all_cases
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Change
from mi_workbook.evidence.files import load, load_bytes
from mi_workbook.evidence.snapshot import Snapshot, from_document

VNET = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
    "name": "v",
    "type": "Microsoft.Network/virtualNetworks",
    "futureMember": {"kept": True},
    "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
}


def read(value: object) -> Snapshot:
    """A snapshot of one JSON value."""
    return load_bytes([("x.json", json.dumps(value).encode())])


@pytest.mark.parametrize(
    "value",
    [
        [VNET],
        {"value": [VNET]},
        {"data": [VNET]},
        {"data": {"columns": [{"name": n} for n in VNET], "rows": [list(VNET.values())]}},
        VNET,
        {"format": "mi-workbook/snapshot", "version": 1, "resources": [VNET]},
    ],
)
def test_every_form_gives_the_resource(value: object) -> None:
    """A resource comes out as it went in, whatever form carried it."""
    assert read(value).resources == (VNET,)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_powershell_encodings_are_read(encoding: str) -> None:
    """Byte order marks and UTF-16 of PowerShell's redirection are read right."""
    assert load_bytes([("x.json", json.dumps([VNET]).encode(encoding))]).resources == (VNET,)


def test_archives_are_opened(tmp_path: Path) -> None:
    """Zip and gzip give what they hold."""
    raw = json.dumps([VNET]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../evil.json", raw)
    assert load_bytes([("a.zip", packed.getvalue())]).resources == (VNET,)
    assert load_bytes([("a.json.gz", gzip.compress(raw))]).resources == (VNET,)
    (tmp_path / "one.json").write_bytes(raw)
    assert load(tmp_path).resources == (VNET,)


def test_zip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks beyond the limit is refused, not unpacked."""
    monkeypatch.setattr("mi_workbook.evidence.files.LIMIT", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.json", b" " * 100_000)
    with pytest.raises(InputError, match="unpacks"):
        load_bytes([("a.zip", packed.getvalue())])
    with pytest.raises(InputError, match="unpacks"):
        load_bytes([("a.gz", gzip.compress(b" " * 100_000))])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("[{", "line 1"),
        ("Active Routes:", "not valid JSON"),
        ('{"value": {}}', "must be a list"),
        ("[1]", "/0"),
        ('[{"id": "/a", "properties": "x"}]', "/0/properties"),
        ('{"format": "mi-workbook/snapshot", "version": 9, "resources": []}', "version"),
        ('{"format": "mi-workbook/snapshot", "version": 1, "resources": {}}', "must be a list"),
        ("[" * 100_000, "nested"),
        ('[{"id": "/a", "x": 1}, {"id": "/A", "x": 2}]', "twice"),
    ],
)
def test_bad_input_names_file_place_and_remedy(text: str, words: str) -> None:
    """The message names the file and what is wrong in it."""
    with pytest.raises(InputError, match=words) as caught:
        load_bytes([("customer.json", text.encode())])
    assert "customer.json" in str(caught.value) and caught.value.remedy


@given(st.integers(min_value=1, max_value=200))
def test_truncation_is_never_silent(cut: int) -> None:
    """A file that lost its end is refused; it never reads as fewer resources."""
    raw = json.dumps([VNET]).encode()
    with pytest.raises(InputError):
        load_bytes([("x.json", raw[: max(1, len(raw) - cut)])])


@pytest.mark.parametrize("name", ["s.json", "s.json.gz", "s.zip"])
def test_saving_loses_nothing(tmp_path: Path, name: str) -> None:
    """Unknown members, at the top and inside, survive a save and a load."""
    document = {
        "format": "mi-workbook/snapshot",
        "version": 1,
        "resources": [VNET],
        "novel": [1],
        "source": {"by": "me"},
    }
    from_document(document).save(tmp_path / name)
    back = load(tmp_path / name)
    assert back.resources == (VNET,)
    assert back.extra == {"novel": [1]}
    assert back.absence("Microsoft.Network/anything") == "proven"


def test_recorded_responses_survive(data: Path, tmp_path: Path) -> None:
    """Every recorded body of Azure loads, and comes back unchanged after a save."""
    for file in sorted((data / "arm").rglob("*.json")):
        first = load(file)
        first.save(tmp_path / "again.json")
        again = load(tmp_path / "again.json")
        assert first.resources == again.resources, file.name
        assert first.observations == again.observations, file.name


def test_absence_needs_a_claim() -> None:
    """Nothing found means nothing there only where the source says that it collected the kind."""
    assert read([VNET]).absence("Microsoft.Network/networkManagers") == "unstated"
    partial = from_document({"resources": [], "source": {"complete": ["Microsoft.Network/routeTables"]}})
    assert partial.absence("microsoft.network/ROUTETABLES") == "proven"
    assert partial.absence("Microsoft.Network/networkManagers") == "unproven"
    refused = from_document({"resources": [], "problems": [{"scope": "Microsoft.Network/routeTables", "status": 403}]})
    assert refused.absence("Microsoft.Network/routeTables") == "unproven"
    assert refused.absence("Microsoft.Network/networkManagers") == "proven"


def test_change_touches_only_its_place() -> None:
    """A changed snapshot differs at the address of the change and leaves the old one as it was."""
    snapshot = all_cases()[0].snapshot()
    at = next(r for r in snapshot.resources if r["type"].endswith("managedInstances"))
    after = snapshot.changed([Change(at["id"].upper(), "/properties/state", "Stopped")])
    assert (after.get(at["id"]) or {})["properties"]["state"] == "Stopped"
    assert at["properties"]["state"] == "Ready"
    with pytest.raises(InputError):
        snapshot.changed([Change("/nothing", "/x", 1)])
