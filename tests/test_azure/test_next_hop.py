"""Network Watcher's next hop: asked only where it is allowed, set beside the computed route, and neither believed alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mi_workbook.cases import Case, case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Collected, Settings, collect_path
from mi_workbook.diagnosis.verify import verify
from tests.test_azure.arm_server import Estate, FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of

Serve = Callable[..., Settings]
ACTION = "Microsoft.Network/networkWatchers/nextHop/action"
SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
WATCHER = f"{SUBSCRIPTION}/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_westeurope"


def watched(one: Case, kind: str, address: str = "", *, region: str = "West Europe", **more: Any) -> Estate:
    """A case in a region with a Network Watcher that names a next hop."""
    estate = estate_of(one, **more)
    estate.resources.append({"id": WATCHER, "name": "NetworkWatcher_westeurope", "location": region,
                             "type": "Microsoft.Network/networkWatchers", "properties": {}})  # fmt: skip
    estate.next_hop = {"nextHopType": kind, "nextHopIpAddress": address, "routeTableId": "System Route"}
    return estate


def collected(one: Case, settings: Settings) -> Collected:
    """The path of a case, with leave to ask Network Watcher."""
    return collect_path(FakeCredential(), one.source, one.target, one.endpoint, replace(settings, next_hop=True))


def routes(got: Collected) -> list[Any]:
    """What was decided about routes of the source."""
    assert got.diagnosis is not None, got.trouble
    return [d for t in got.diagnosis.traces if t.direction == "forward" for d in t.decisions if d.kind == "route"]


def test_it_is_not_asked_without_leave(serve: Serve) -> None:
    """By default no request goes to Network Watcher."""
    one = case("peering-healthy")
    estate = watched(one, "Internet")
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.REACHABLE
    assert not [line for line in estate.requests if "networkWatchers" in line]


@pytest.mark.parametrize("word", ["VirtualNetworkPeering", "VNetPeering", "VnetGlobalPeering"])
def test_same_next_hop_is_said_and_changes_nothing(word: str, serve: Serve) -> None:
    """In each spelling of it; the request names the VM, its interface, and an address that an instance can have."""
    one = case("peering-healthy")
    estate = watched(one, word)
    got = collected(one, serve(estate))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.REACHABLE and not got.gaps
    asked = next(body for body in estate.asked if body and "destinationIPAddress" in body)
    assert asked["sourceIPAddress"] == "10.1.1.4" and not asked["destinationIPAddress"].endswith(".0")
    assert (
        asked["targetResourceId"].endswith("/virtualMachines/vm-app")
        and "/networkInterfaces/" in asked["targetNicResourceId"]
    )
    found = [d for d in routes(got) if "Network Watcher names the same next hop" in d.why]
    assert found and all(d.evidence[-1].value["nextHopType"] == word for d in found)


@pytest.mark.parametrize("name", ["peering-healthy", "same-vnet-route-none"])
@pytest.mark.parametrize(("word", "address"), [("Internet", ""), ("VirtualAppliance", "10.9.9.9")])
def test_another_next_hop_makes_the_path_unknown(name: str, word: str, address: str, serve: Serve) -> None:
    """Whatever the computed route says, reachable or blocked, it is not believed against Azure's own word."""
    one = case(name)
    got = collected(one, serve(watched(one, word, address)))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN
    gap = next(gap for gap in got.diagnosis.gaps if "Which route of subnet" in gap.missing)
    assert f"Network Watcher named {word} {address}".strip() in gap.why


def test_word_that_is_not_known_is_no_contradiction(serve: Serve) -> None:
    """A kind of next hop that nobody documented is kept, and decides nothing."""
    one = case("peering-healthy")
    got = collected(one, serve(watched(one, "HyperNetGateway")))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.REACHABLE
    assert any(seen["kind"] == "next-hop" for seen in got.snapshot.observations)
    assert not any("Network Watcher" in d.why for d in routes(got))


def refuses(handler: Handler) -> None:
    """The account may not."""
    handler.say(403, refusal("AuthorizationFailed"))


def stopped(handler: Handler) -> None:
    """The VM does not run."""
    handler.say(400, refusal("NetworkInterfaceNotRunning", "The VM must be running."))


def odd(handler: Handler) -> None:
    """An answer of another shape."""
    handler.say(200, {"value": []})


@pytest.mark.parametrize(
    ("fault", "region", "code"),
    [
        (Fault("^POST .*nextHop", refuses), "westeurope", "AuthorizationFailed"),
        (Fault("^POST .*nextHop", stopped), "westeurope", "NetworkInterfaceNotRunning"),
        (Fault("/poll/.*nextHop", odd), "westeurope", "UnknownShape"),
        (Fault("^GET .*networkWatchers$", refuses), "westeurope", "AuthorizationFailed"),
        (Fault("never", odd), "northeurope", "NoNetworkWatcher"),
    ],
)
def test_what_it_does_not_say_changes_no_verdict(fault: Fault, region: str, code: str, serve: Serve) -> None:
    """Refused, not running, another shape, none in the region: a gap beside the answer of the configuration."""
    one = case("peering-healthy")
    got = collected(one, serve(watched(one, "Internet", region=region, faults=[fault])))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.REACHABLE
    assert [problem["code"] for problem in got.snapshot.problems] == [code]
    assert len(got.gaps) == 1 and "networkWatchers/" in got.gaps[0].missing


def test_repair_is_verified_against_a_new_answer(serve: Serve) -> None:
    """The old answer counts no more after a repair; where it is allowed, Network Watcher is asked again."""
    one = case("same-vnet-route-none")
    estate = watched(one, "None")
    settings = replace(serve(estate), next_hop=True)
    first = collect_path(FakeCredential(), one.source, one.target, settings=settings)
    assert first.diagnosis and first.diagnosis.verdict is Verdict.BLOCKED
    assert any("Network Watcher names the same" in d.why for d in routes(first))
    estate.next_hop = {"nextHopType": "VnetLocal", "routeTableId": "System Route"}
    repair = first.diagnosis.repair
    assert repair is not None
    estate.resources = [*first.snapshot.changed(repair.changes).resources, estate.resources[-1]]
    estate._by_id.clear()
    found = verify(FakeCredential(), first.snapshot, repair.changes, one.source, one.target, settings=settings)
    assert found.turned, found.says
    assert [seen["value"]["nextHopType"] for seen in found.after.observations if seen["kind"] == "next-hop"] == [
        "VnetLocal"
    ]
