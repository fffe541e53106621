"""After a repair: what it changed is read again, and the answer says whether the verdict turned."""

import pytest

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import collect_path
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.verify import verify
from mi_workbook.evidence.snapshot import Snapshot, from_document
from tests.test_azure.arm_server import Estate, FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of

REPAIRED = [
    "peering-missing",
    "same-vnet-mi-nsg",
    "same-vnet-route-none",
    "hub-gateway-transit-not-allowed",
    "peering-no-access",
]


def mend(estate: Estate, name: str) -> tuple:
    """The estate as it is after the repair that the diagnosis proposes; the repair's changes."""
    one = case(name)
    before = Snapshot(estate.resources, complete=None)
    repair = diagnose(before, one.source, one.target).repair
    assert repair is not None and repair.proved
    estate.resources = list(before.changed(repair.changes).resources)
    estate._rows.clear()
    estate._by_id.clear()
    return repair.changes


@pytest.mark.parametrize("name", REPAIRED)
def test_applied_repair_turns_the_verdict(name: str, serve) -> None:
    """Only documents of the changes and of the path are read again, never the whole estate."""
    one, estate = case(name), estate_of(case(name))
    settings = serve(estate)
    first = collect_path(FakeCredential(), one.source, one.target, settings=settings)
    assert first.diagnosis and first.diagnosis.verdict is Verdict.BLOCKED
    changes = mend(estate, name)
    asked = len(estate.requests)
    found = verify(FakeCredential(), first.snapshot, changes, one.source, one.target, settings=settings)
    assert found.turned or found.comparison.after.verdict is Verdict.UNKNOWN
    assert (
        found.comparison.after.verdict
        == diagnose(Snapshot(estate.resources, complete=None), one.source, one.target).verdict
    )
    assert "now" in found.says and not found.gaps
    assert not [line for line in estate.requests[asked:] if "ResourceGraph" in line]


def test_repair_not_applied_is_said(serve) -> None:
    """Nothing changed: the verdict stays, and the user is asked whether it was applied."""
    one, estate = case("same-vnet-mi-nsg"), estate_of(case("same-vnet-mi-nsg"))
    settings = serve(estate)
    first = collect_path(FakeCredential(), one.source, one.target, settings=settings)
    assert first.diagnosis and first.diagnosis.repair
    found = verify(
        FakeCredential(), first.snapshot, first.diagnosis.repair.changes, one.source, one.target, settings=settings
    )
    assert not found.turned and "nothing on the path has changed" in found.says


@pytest.mark.parametrize("status", [403, 404, 429])
def test_what_cannot_be_read_again_never_turns_a_verdict(status: int, serve) -> None:
    """A refused second look leaves blocked or unknown, never reachable, and is a gap."""
    one, estate = case("same-vnet-mi-nsg"), estate_of(case("same-vnet-mi-nsg"))
    settings = serve(estate, seconds=3.0)
    first = collect_path(FakeCredential(), one.source, one.target, settings=settings)
    changes = mend(estate, "same-vnet-mi-nsg")
    headers = {"Retry-After": "60"}

    def refuses(handler: Handler) -> None:
        handler.say(status, refusal("Refused"), headers)

    estate.faults = [Fault("networkSecurityGroups", refuses)]
    found = verify(FakeCredential(), first.snapshot, changes, one.source, one.target, settings=settings)
    assert found.comparison.after.verdict is not Verdict.REACHABLE and not found.turned
    assert any("networkSecurityGroups" in gap.missing for gap in found.gaps)


@pytest.mark.parametrize("refuses", [False, True])
def test_what_azure_computed_before_the_repair_counts_no_more(refuses: bool, serve) -> None:
    """Routes in force are read again after a repair; where they may not be, the old ones are dropped and that is said."""
    one, estate = case("same-vnet-route-none"), estate_of(case("same-vnet-route-none"))
    settings = serve(estate)
    first = collect_path(FakeCredential(), one.source, one.target, settings=settings)
    assert [seen for seen in first.snapshot.observations if seen["format"] == "az"] and first.diagnosis
    stale = first.snapshot.to_dict()
    stale["observations"] = [{**seen, "at": "2001-01-01T00:00:00Z"} for seen in stale["observations"]]
    changes = mend(estate, "same-vnet-route-none")
    if refuses:
        estate.faults = [Fault("^POST .*/effective", lambda handler: handler.say(403, refusal("AuthorizationFailed")))]
    found = verify(FakeCredential(), from_document(stale), changes, one.source, one.target, settings=settings)
    assert not [seen for seen in found.after.observations if seen["at"].startswith("2001")]
    assert bool(found.gaps) is refuses
