"""What gateways and Route Servers learned from others is asked for, session by session, and a refusal is a gap."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Settings, collect_everything, collect_path
from mi_workbook.evidence.redaction import Redactor
from mi_workbook.evidence.snapshot import from_document
from tests.test_azure.arm_server import Estate, FakeCredential, Fault, Handler, refusal
from tests.test_rules.test_route_server import NVA, OTHER, SOURCE, served, session, told

Serve = Callable[..., Settings]
LEARNED = "Microsoft.Network/virtualHubs/bgpConnections/learnedRoutes/action"


def estate_with(*observations: dict[str, Any], **more: Any) -> Estate:
    """The network of a gateway with a Route Server and two appliances."""
    resources = copy.deepcopy(served(sessions=(session(), session("nva2", OTHER))))
    for one in resources:
        one.setdefault("location", "westeurope")
    return Estate(resources, list(observations), **more)


def refused(handler: Handler) -> None:
    """The account may not."""
    handler.say(403, refusal("AuthorizationFailed"))


def stops(got: Any) -> set[str]:
    """Kinds of the decisions that do not let the path on."""
    assert got.diagnosis is not None, got.trouble
    return {d.kind for t in got.diagnosis.traces for d in t.decisions if d.result is not Verdict.REACHABLE}


@pytest.mark.parametrize("page", [1, 1000])
def test_route_server_on_the_path_is_asked(page: int, serve: Serve) -> None:
    """Its sessions are listed, each is asked, and the answer counts as Azure's own."""
    estate = estate_with(told("192.168.1.0/24"), page=page)
    got = collect_path(FakeCredential(), SOURCE, "mi", settings=serve(estate))
    assert not got.gaps and "appliance" in stops(got)
    kinds = sorted((one["kind"], one["about"].rpartition("/")[2]) for one in got.snapshot.observations)
    assert [name for kind, name in kinds if kind == "learned-routes"] == ["nva1", "nva2"]
    assert got.diagnosis and any(NVA in gap.missing for gap in got.diagnosis.gaps)


def test_route_server_that_learned_nothing_leaves_the_path_as_it_was(serve: Serve) -> None:
    """Read whole and empty: only the site's own side is left to test."""
    assert stops(collect_path(FakeCredential(), SOURCE, "mi", settings=serve(estate_with()))) == {"client"}


@pytest.mark.parametrize("which", ["nva1", "nva2", "nva."])
def test_session_that_may_not_be_asked_is_a_gap(which: str, serve: Serve) -> None:
    """One or all refused: the path is unknown for want of it, and the gap says which role has the action."""
    estate = estate_with(faults=[Fault(f"^POST .*{which}/learnedRoutes", refused)])
    got = collect_path(FakeCredential(), SOURCE, "mi", settings=serve(estate))
    assert "route" in stops(got) and got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN
    gap = next(gap for gap in got.gaps if LEARNED in gap.missing)
    assert "Network Contributor" in gap.how
    assert any("learned from nva" in gap.missing for gap in got.diagnosis.gaps)


@pytest.mark.parametrize("what", ["bgpConnections$", "virtualHubs/rs$"])
def test_route_server_that_may_not_be_read_is_no_absence(what: str, serve: Serve) -> None:
    """Whether it has peers is unknown then."""
    estate = estate_with(faults=[Fault(f"^GET .*{what}", refused)], granted=[])
    got = collect_path(FakeCredential(), SOURCE, "mi", settings=serve(estate))
    assert got.gaps and got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN
    if what.startswith("bgp"):
        assert "route" in stops(got)


def test_everything_asks_each_session_and_redaction_keeps_the_answer(serve: Serve) -> None:
    """Without a question as well; the redacted snapshot names the appliance by another address and answers alike."""
    got = collect_everything(FakeCredential(), serve(estate_with(told("192.168.1.0/24"))))
    assert not got.snapshot.problems
    assert {one["kind"] for one in got.snapshot.observations} >= {"learned-routes"}
    from mi_workbook.diagnosis.diagnose import diagnose

    redactor = Redactor()
    redacted = from_document(redactor.snapshot(got.snapshot).snapshot.to_dict())
    before = diagnose(got.snapshot, SOURCE, "mi")
    after = diagnose(redacted, redactor.question(SOURCE), redactor.question("mi"))
    assert (before.verdict, len(before.gaps)) == (after.verdict, len(after.gaps))
    assert NVA not in str(redacted.to_dict())
