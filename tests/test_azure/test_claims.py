"""When a collection may say that what it does not hold does not exist."""

import json
from collections.abc import Callable
from typing import Any

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Settings, collect_everything, collect_path
from tests.test_azure.arm_server import READER, Estate, FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of

Serve = Callable[..., Settings]


def refused(handler: Handler) -> None:
    """The account may not."""
    handler.say(403, refusal("AuthorizationFailed"))


def test_list_of_what_one_may_read_is_no_proof_of_absence(serve: Serve) -> None:
    """Rights on parts of a subscription: Resource Graph leaves rows out and says nothing, so nothing is claimed."""
    one = case("peering-missing")
    estate = estate_of(one, granted=[])
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate))
    assert got.snapshot.complete == frozenset()
    assert got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN


def test_reader_suffices_for_lists(serve: Serve) -> None:
    """The built-in role Reader covers every list; what Azure computes needs more and becomes a gap, not a verdict."""
    one = case("peering-healthy")
    faults = [Fault("^POST .*/effective", refused)]
    got = collect_path(
        FakeCredential(), one.source, one.target, settings=serve(estate_of(one, granted=READER, faults=faults))
    )
    assert got.diagnosis and got.diagnosis.verdict == one.verdict
    assert any("effectiveRouteTable/action" in gap.how for gap in got.gaps)
    assert got.snapshot.absence("Microsoft.Network/networkInterfaces") == "proven"


def test_peer_in_a_subscription_out_of_sight_leaves_zones_unproven(serve: Serve) -> None:
    """A hub nobody may read can hold the zone that answers for the name."""
    one = case("hub-gateway-sound")
    resources = list(one.snapshot().resources)
    text = "/subscriptions/99999999-9999-9999-9999-999999999999/resourceGroups/rg-hub"
    moved = _replaced(resources, "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-hub", text)
    estate = Estate(moved, hidden=("99999999-9999-9999-9999-999999999999",))
    got = collect_path(FakeCredential(), "vnet-data/snet-app", one.target, settings=serve(estate))
    assert got.snapshot.absence("Microsoft.Network/privateDnsZones") == "unproven"
    assert got.snapshot.absence("Microsoft.Network/virtualNetworks") == "proven"


def _replaced(value: Any, old: str, new: str) -> Any:
    return json.loads(json.dumps(value).replace(old, new))


def test_subscription_left_out_leaves_zones_unproven(serve: Serve) -> None:
    """Only one of the visible subscriptions was read: a zone in another one may answer."""
    one = case("hub-gateway-sound")
    old = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-hub"
    moved = _replaced(
        list(one.snapshot().resources), old, "/subscriptions/99999999-9999-9999-9999-999999999999/resourceGroups/rg-hub"
    )
    chosen = ["/subscriptions/11111111-1111-1111-1111-111111111111"]
    got = collect_everything(FakeCredential(), serve(Estate(moved), subscriptions=chosen))
    assert got.snapshot.absence("Microsoft.Network/privateDnsZones") == "unproven"
    assert got.snapshot.absence("Microsoft.Sql/managedInstances") == "proven"
