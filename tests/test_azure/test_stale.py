"""Resource Graph is behind: what was read by name, or in the list of a parent, wins over its rows."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mi_workbook.cases import case
from mi_workbook.diagnosis.collecting import Settings, collect_path
from mi_workbook.evidence.snapshot import from_document
from tests.test_azure.arm_server import Estate, FakeCredential, _row
from tests.test_azure.conftest import estate_of

Serve = Callable[..., Settings]
LINK = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"


def stale(estate: Estate, kind: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Resource Graph goes on to serve the resources of a kind as `change` leaves them."""
    rows = copy.deepcopy(estate.resources)
    for one in rows:
        if one["type"].lower() == kind.lower():
            change(one["properties"])
    estate._rows["Resources"] = sorted((_row(one) for one in rows), key=lambda row: row["id"].lower())


def unlinked(inner: dict[str, Any]) -> None:
    """As the link was, to another network."""
    inner["virtualNetwork"] = {"id": inner["virtualNetwork"]["id"] + "-old"}


def renamed(inner: dict[str, Any]) -> None:
    """As the instance was, before its connection type and port were changed."""
    inner["proxyOverride"] = "Stale"


@pytest.mark.parametrize(
    ("kind", "change", "member"),
    [("Microsoft.Sql/managedInstances", renamed, "proxyOverride"), (LINK, unlinked, "virtualNetwork")],
    ids=["read by name", "read in the list of its parent"],
)
@pytest.mark.parametrize("resumed", [False, True])
def test_reading_by_name_wins_over_the_staler_row(
    kind: str, change: Callable[[dict[str, Any]], None], member: str, resumed: bool, serve: Serve
) -> None:
    """Whether Resource Graph is asked before it or, going on with a collection, after it."""
    one = case("private-endpoint-healthy")
    estate = estate_of(one)
    fresh = {r["id"].lower(): r["properties"][member] for r in estate.resources if r["type"].lower() == kind.lower()}
    stale(estate, kind, change)
    settings = serve(estate)
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, settings)
    if resumed:
        asked = len(estate.requests)
        settings = replace(settings, started=from_document(got.snapshot.to_dict()))
        got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, settings)
        assert any("ResourceGraph" in line for line in estate.requests[asked:])
    held = {r["id"].lower(): r["properties"][member] for r in got.snapshot.of_type(kind)}
    assert fresh and held == fresh
    assert got.diagnosis is not None and got.diagnosis.verdict == one.verdict


def test_child_that_its_parents_list_no_longer_holds_is_not_brought_back(serve: Serve) -> None:
    """A link deleted a minute ago is still in Resource Graph when the collection is gone on with."""
    one = case("private-endpoint-healthy")
    estate = estate_of(one)
    stale(estate, LINK, lambda inner: None)
    gone = [r for r in estate.resources if r["type"].lower() == LINK.lower()]
    estate.resources = [r for r in estate.resources if r not in gone]
    settings = serve(estate)
    first = collect_path(FakeCredential(), one.source, one.target, one.endpoint, settings)
    again = replace(settings, started=from_document(first.snapshot.to_dict()))
    got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, again)
    assert gone and not got.snapshot.of_type(LINK)
