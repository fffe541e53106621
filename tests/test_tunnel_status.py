"""A list of connections holds no status, and a tunnel whose status was not read is not up."""

import copy

import pytest

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot


@pytest.mark.parametrize("name", ["vnet-to-vnet-healthy", "vnet-to-vnet-tunnel-down"])
@pytest.mark.parametrize("status", [None, "", "Unknown"])
def test_tunnel_between_vnets_without_status_is_unknown(name: str, status: str | None) -> None:
    """Neither reachable nor blocked, and the gap says which request fills it."""
    one = case(name)
    resources = copy.deepcopy(list(one.snapshot().resources))
    for raw in resources:
        if raw["type"].endswith("/connections"):
            raw["properties"] = {
                k: v for k, v in raw["properties"].items() if not k.endswith(("Status", "Transferred"))
            }
            raw["properties"] |= {} if status is None else {"connectionStatus": status}
    found = diagnose(Snapshot(resources, complete=None), one.source, one.target)
    assert found.verdict is Verdict.UNKNOWN
    assert any("vpn-connection show" in gap.how for gap in found.gaps)
