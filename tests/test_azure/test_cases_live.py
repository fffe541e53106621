"""Every built-in case, collected through the real SDK from a server on loopback, gives the case's answer or unknown."""

import pytest

from mi_workbook.cases import Case, all_cases
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import collect_path
from tests.test_azure.arm_server import FakeCredential
from tests.test_azure.conftest import estate_of

# What the client itself has to show (its routes, its interfaces, its tunnel) no collection of Azure can read.
OF_THE_CLIENT = {"developer-box-not-connected", "developer-box-old-package", "developer-box-second-vpn"}
# A test at the source disagrees with what Azure shows: a collection gives the answer of the configuration alone.
ALONE = {"same-vnet-block-outdated": Verdict.BLOCKED, "same-vnet-guest-firewall": Verdict.REACHABLE}


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_case_collected_live_gives_its_verdict(one: Case, serve) -> None:
    """Discovery, live reads and the growing loop find what the answer needs, in few requests."""
    estate = estate_of(one)
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(estate))
    assert got.diagnosis is not None, got.trouble
    expected = Verdict.UNKNOWN if one.id in OF_THE_CLIENT else ALONE.get(one.id, one.verdict)
    assert got.diagnosis.verdict == expected
    assert got.diagnosis.root_cause == (one.root_cause or None) or one.id in {*OF_THE_CLIENT, *ALONE}
    assert got.first <= 15
    assert not got.gaps
    assert {line.split()[0] for line in estate.requests} <= {"GET", "POST"}
