"""Every built-in case, collected through the real SDK from a server on loopback, gives the case's answer or unknown."""

import pytest

from mi_workbook.cases import Case, all_cases
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import collect_path
from tests.test_azure.arm_server import FakeCredential
from tests.test_azure.conftest import estate_of

# Names that are not the instance's may be aliases or listeners, which no list of Azure gives whole.
MAY_BE_ALIAS: set[str] = set()
# What a collection does not read yet: connections of web apps, rules of firewall policies, what only the client's side shows.
NOT_READ = ()
# Only what Azure named for the VNet shows that rule, and slots of web apps are not collected yet.
LEFT_OUT: set[str] = set()
LIVE = [one for one in all_cases() if one.id not in LEFT_OUT]


@pytest.mark.parametrize("one", LIVE, ids=lambda c: c.id)
def test_case_collected_live_gives_its_verdict(one: Case, serve) -> None:
    """Discovery, live reads and the growing loop find what the answer needs, in few requests."""
    estate = estate_of(one)
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(estate))
    assert got.diagnosis is not None, got.trouble
    expected = Verdict.UNKNOWN if one.id in MAY_BE_ALIAS else one.verdict
    if one.id.startswith(NOT_READ):
        assert got.diagnosis.verdict in {expected, Verdict.UNKNOWN}
        return
    assert got.diagnosis.verdict == expected
    assert got.diagnosis.root_cause == (one.root_cause or None) or one.id in MAY_BE_ALIAS
    assert got.first <= 15
    assert {line.split()[0] for line in estate.requests} <= {"GET", "POST"}
