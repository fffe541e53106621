"""A redacted snapshot gives away nothing and keeps the answer."""

import ipaddress
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.cli import main
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.address_map import BLOCKS, FIXED, AddressMap
from mi_workbook.evidence.files import load
from mi_workbook.evidence.integrity import sealed, state
from mi_workbook.evidence.redaction import Redactor, unmapped
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.workbook.state import State

KEY = b"k" * 32
MAP = AddressMap(KEY)
NUMBERS = st.integers(0, 2**32 - 1)


def shared(one: int, other: int) -> int:
    """Leading bits that two addresses share."""
    return 32 - (one ^ other).bit_length()


@given(NUMBERS, NUMBERS, st.integers(0, 32))
def test_prefixes_stay_prefixes(one: int, other: int, keep: int) -> None:
    """Two addresses that share n leading bits share n after the map, so containment and longest match stay."""
    other = (one >> (32 - keep) << (32 - keep)) | (other & ((1 << (32 - keep)) - 1))
    first, second = (int(ipaddress.IPv4Address(MAP.address(str(ipaddress.IPv4Address(n))))) for n in (one, other))
    assert shared(one, other) == shared(first, second)


@given(NUMBERS)
def test_private_stays_private_and_special_stays(number: int) -> None:
    """No address enters or leaves a private block; special ones stay themselves."""
    before, after = (
        ipaddress.IPv4Address(number),
        ipaddress.IPv4Address(MAP.address(str(ipaddress.IPv4Address(number)))),
    )
    for text in BLOCKS:
        assert (before in ipaddress.IPv4Network(text)) == (after in ipaddress.IPv4Network(text))
    if any(before in ipaddress.IPv4Network(text) for text in FIXED):
        assert before == after


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "168.63.129.16/32", "::/0"]
)
def test_well_known_prefixes_stay(text: str) -> None:
    """Prefixes that rules of Azure name stay themselves."""
    assert MAP.prefix(text) == text


MAPPED = [one for one in all_cases() if not unmapped(one.snapshot())]


def test_most_cases_can_be_redacted() -> None:
    """What cannot keep its answer is named and refused, and that is the smaller part."""
    assert len(MAPPED) > 80
    assert unmapped(case("hub-firewall-sound").snapshot()) and unmapped(case("app-gateway-sound").snapshot())
    assert unmapped(case("admin-rule-denies").snapshot()) and not unmapped(case("peering-missing").snapshot())


def test_redact_refuses_what_could_change_the_verdict(tmp_path: Path) -> None:
    """Nothing is written, and the parts are named."""
    case("hub-firewall-sound").snapshot().save(tmp_path / "in.json")
    assert main(["redact", str(tmp_path / "in.json"), "--out", str(tmp_path / "out.json")]) == 2
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("one", MAPPED, ids=lambda c: c.id)
def test_every_case_keeps_its_answer(one: Case, tmp_path: Path) -> None:
    """Redacted, saved, loaded and asked in the new names: same verdict, same root cause, same faults."""
    redactor = Redactor()
    redacted = redactor.snapshot(one.snapshot())
    redacted.snapshot.save(tmp_path / "out.json")
    before = diagnose(one.snapshot(), one.source, one.target, one.endpoint)
    source, target = redactor.question(one.source), redactor.question(one.target)
    after = diagnose(load(tmp_path / "out.json"), source, target, one.endpoint)
    assert (after.verdict, after.root_cause) == (before.verdict, before.root_cause)
    had, has = (sorted(f.fault for f in found.findings) for found in (before, after))
    if one.id.startswith("app-"):  # settings of the app beside the path are removed with their members
        assert set(has) <= set(had)
    else:
        assert has == had
    text = (tmp_path / "out.json").read_text()
    for word in (
        "orders",
        "rg-data",
        "rg-app",
        "rg-hub",
        "vnet-app",
        "vnet-data",
        "a1b2c3d4e5f6",
        "11111111-1111",
        "contoso",
    ):
        assert word not in text


def test_what_nobody_knows_to_be_harmless_goes() -> None:
    """Tags, descriptions, texts, unknown members and secrets are removed and listed."""
    document = case("peering-healthy").snapshot().to_dict()
    document["resources"][0] |= {"tags": {"owner": "PLANTED"}, "newMember": {"deep": ["PLANTED"]}}
    document["resources"][0]["properties"] |= {"description": "PLANTED", "sharedKey": "PLANTED", "comment": "PLANTED"}
    document["observations"] = [{"kind": "route-print", "about": "", "text": "PLANTED"}]
    document["problems"] = [{"scope": "/subscriptions/PLANTED/x", "operation": "Microsoft.Sql/managedInstances/read",
                             "status": 403, "code": "AuthorizationFailed", "message": "PLANTED", "kinds": []}]  # fmt: skip
    document["PLANTED"] = 1
    redacted = Redactor().snapshot(from_document(document))
    assert "PLANTED" not in json.dumps({**redacted.snapshot.to_dict(), "source": {}})
    assert {"newMember", "description", "comment", "message", "observation with a text"} <= set(redacted.removed)
    assert redacted.replaced["names"] and redacted.replaced["addresses"]


def test_one_key_keeps_two_snapshots_comparable() -> None:
    """Before and after get the same pseudonyms under one key, others under another."""
    before, after = (case(name).snapshot() for name in ("peering-healthy", "peering-missing"))
    first, second, other = (
        {r["id"] for r in Redactor(key).snapshot(one).snapshot.resources}
        for key, one in ((KEY, before), (KEY, after), (b"o" * 32, before))
    )
    assert first == second and not first & other


@pytest.mark.parametrize("value", ["999.1.1.1/8", "<script>", "10.0.0.0/99", "a" * 5000, "1.2.3.4-1.2.3.9", "\x00"])
def test_odd_addresses_are_removed_not_kept(value: str) -> None:
    """A text that is no address and no tag does not pass as one."""
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t"
    given = Snapshot([{"id": at, "properties": {"routes": [{"properties": {"addressPrefix": value}}]}}])
    assert value not in json.dumps(Redactor().snapshot(given).snapshot.to_dict())


def test_hash_shows_a_change(tmp_path: Path) -> None:
    """A sealed snapshot is intact after saving and loading, and says so when a value was touched."""
    whole = case("peering-healthy").snapshot()
    assert state(whole) == "unsealed"
    sealed(whole).save(tmp_path / "one.json.gz")
    loaded = load(tmp_path / "one.json.gz")
    assert state(loaded) == "intact"
    document = loaded.to_dict()
    document["resources"][0]["location"] = "elsewhere"
    assert state(from_document(document)) == "changed"


def test_file_that_was_edited_after_its_collection_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the command line and on the screen; the answer is given all the same. A whole file and one without a hash are not."""
    whole, edited = tmp_path / "whole.json", tmp_path / "edited.json"
    sealed(case("peering-healthy").snapshot()).save(whole)
    edited.write_text(whole.read_text().replace("10.1.1.4", "10.1.1.5"))
    for path, said in ((whole, False), (edited, True)):
        assert main(["diagnose", str(path), "--from", "vm-app", "--to", "mi-orders"]) == 0
        assert ("is not what was collected" in capsys.readouterr().err) is said
        shown = State()
        shown.open_files([(path.name, path.read_bytes())])
        assert ("is not what was collected" in shown.notice) is said
