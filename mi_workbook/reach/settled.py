"""Configuration against tests from the source itself: a test settles what the configuration cannot show, and where both
disagree neither is believed.

Tests belong to the network as it was: on a changed one (a repair that is tried) they are not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges, show_addresses, show_ports
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.reading import ipv4
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.tested import OPEN, Test
from mi_workbook.reach.host_firewall import Packet, Stopped

# What is wrong with the name as it was typed is not settled by a test of another name.
OF_THE_NAME = frozenset(
    {Cause.NAME_WRONG, Cause.NAME_IS_ADDRESS, Cause.NAME_HAS_INSTANCE, Cause.NAME_IS_PRIVATELINK, Cause.NAME_NO_ZONE,
     Cause.PORT_WRONG, Cause.INSTANCE_NOT_READY}
)  # fmt: skip


DISAGREE = "Why the configuration and the test disagree"


def doubted(ways: Iterable[Trace]) -> list[Trace]:
    """The traces of all connections: what a test contradicted on one of them is not believed on another either.

    A rule, route or peering that did not stop port 1433 though it should is no proof that it stops the ports of Redirect.
    """
    ways = list(ways)
    doubts = {_mark(d): d.gap for t in ways for d in t.decisions if d.gap is not None and d.gap.missing == DISAGREE}

    def change(decision: Decision) -> Decision:
        gap = doubts.get(_mark(decision))
        if gap is None or decision.result is not Verdict.BLOCKED:
            return decision
        why = f"{decision.why} A test contradicts it on another port."
        return replace(
            decision,
            result=Verdict.UNKNOWN,
            why=why,
            gap=replace(gap, why=f"{gap.why} So does it here: {decision.why}"),
        )

    return _each(ways, change) if doubts else ways


def _mark(decision: Decision) -> tuple[object, ...]:
    return decision.kind, decision.by, decision.rule, decision.toward, decision.cause


def settle(
    trip: tuple[Trace, ...], tests: Iterable[Test], names: frozenset[str], at: str,
    own_filter: Callable[[Packet], Stopped | None],
) -> list[Trace]:  # fmt: skip
    """The way there and back of one connection, with the tests of exactly that target.

    names: server names of the endpoint in question; at: the source; own_filter: what the source's own packet filter stops.
    """
    flow = trip[0].flow
    fitting = [test for test in tests if same_target(test, flow.destination, names)]
    here = [
        test for test in fitting if not _elsewhere(test, flow.destination) and not by_another(test, flow.source, at)
    ]
    opened = [test for test in here if test.result in OPEN and _covers(test, flow.ports)]
    failed = [test for test in fitting if test.result not in OPEN and (not test.port or flow.ports.meets(_port(test)))]
    if opened and failed and opened[-1].at <= failed[-1].at:
        opened = []
    if opened:
        by_name = opened[-1].host in names
        return _each(trip, lambda decision: _proved(decision, opened[-1], by_name))
    if failed:
        return _contradicted(trip, failed[-1], at, own_filter)
    return _perhaps_filtered(trip, at, own_filter)


def _covers(test: Test, ports: Ranges) -> bool:
    """One open port proves itself alone; a login that was followed to its end proves Redirect as well."""
    return test.whole or _port(test).covers(ports)


def _port(test: Test) -> Ranges:
    return Ranges(((test.port, test.port),))


def same_target(test: Test, destination: Ranges, names: frozenset[str]) -> bool:
    """True for a test of one of these names, or of an address of the destination."""
    if test.host in names:
        return True
    address = ipv4((test.address or test.host,))
    return bool(address) and destination.covers(address)


def _elsewhere(test: Test, destination: Ranges) -> bool:
    """True where the name led to another address than the endpoint's: what answered there need not be the instance.

    Public endpoints are left out: their address is not in the evidence.
    """
    address = ipv4((test.address,))
    return bool(address) and bool(destination) and not destination.covers(address) and ".public." not in test.host


def by_another(test: Test, source: Ranges, at: str) -> bool:
    """True for a test that was sent from an address which is none of the source's: it proves another machine's way.

    Inside an App Service addresses are those of its sandbox, and those of the Internet are translated on the way.
    """
    sent_from = ipv4((test.source,)) if test.source else Ranges()
    in_app = "/microsoft.web/sites/" in at.lower()
    return bool(sent_from) and bool(source) and not in_app and not source.meets(PUBLIC) and not source.covers(sent_from)


def _each(trip: Iterable[Trace], change: Callable[[Decision], Decision]) -> list[Trace]:
    return [
        replace(trace, hops=tuple(Hop(hop.at, tuple(change(d) for d in hop.decisions)) for hop in trace.hops))
        for trace in trip
    ]


def _proved(decision: Decision, test: Test, by_name: bool) -> Decision:
    """A connection was made: what was unknown on its way is settled, and a block is a contradiction."""
    answered = decision.cause is Cause.INSTANCE_NOT_READY and test.whole  # the instance itself answered a login
    if decision.result is Verdict.REACHABLE or (decision.cause in OF_THE_NAME and not answered):
        return decision
    if decision.kind == "name" and not by_name:
        return decision
    told = f"A test from there connected to {test.host or test.address}:{test.port}{_when(test)}."
    if decision.result is Verdict.UNKNOWN:
        why = f"{decision.why} {told}"
        return replace(
            decision,
            result=Verdict.REACHABLE,
            why=why,
            gap=None,
            cause=None,
            evidence=(*decision.evidence, test.evidence),
        )
    gap = Gap(
        DISAGREE,
        f"{decision.why} But: {told}",
        "Collect the configuration again, test again from the same place, and compare the times of both.",
    )
    return replace(decision, result=Verdict.UNKNOWN, why=gap.why, gap=gap, evidence=(*decision.evidence, test.evidence))


def _contradicted(
    trip: tuple[Trace, ...], test: Test, at: str, own_filter: Callable[[Packet], Stopped | None]
) -> list[Trace]:
    """A test failed where nothing in the configuration stops it: the cause lies outside of what Azure shows.

    Where the source's own packet filter surely stops what was tried, both agree, and that is the cause.
    """
    stops = [d for trace in trip for d in trace.decisions if d.result is not Verdict.REACHABLE]
    if any(d.kind != "client" for d in stops):
        return list(trip)
    own_test = bool(test.port) and not by_another(test, trip[0].flow.source, at)
    own = own_filter(Packet(test.address, test.port)) if own_test else None
    if own is not None:
        why = f"{own.says} A test from there {_ended(test)}."
        stop = Decision("client", at, Verdict.BLOCKED, why, (*own.evidence, test.evidence), Cause.GUEST_FIREWALL)
        return [replace(trip[0], hops=(Hop(at, (stop,)), *trip[0].hops)), *trip[1:]]
    host = test.host or test.address
    target = f"{host}:{test.port}" if test.port else host
    why = (
        f"Nothing in Azure's configuration stops it, but a test from there to {target} {_ended(test)}: "
        "the cause lies outside of Azure's configuration, or it changed since."
    )
    gap = Gap(
        f"What stops TCP {show_ports(trip[0].flow.ports)} between the source and Azure, or inside the source",
        why,
        next_test(test),
    )
    decision = Decision("client", at, Verdict.UNKNOWN, why, (test.evidence,), gap=gap)
    last = trip[-1]
    return [*trip[:-1], replace(last, hops=(*last.hops, Hop(at, (decision,))))]


def next_test(test: Test) -> str:
    """What to test next where Azure lets through what failed in this test."""
    if test.result == "name-not-found":
        return "nslookup of the server name at the source, then at 168.63.129.16 or a public server; its hosts file and DNS servers."
    if test.result in {"refused", "reset", "blocked", "forbidden"}:
        return "The source's own firewall and security software; a proxy or appliance on the way; then the same test from another machine."
    return (
        "The source's own firewall; on-premises and appliance firewalls for the port; then the same test from a VM in the "
        "instance's VNet as a control."
    )


def _perhaps_filtered(trip: tuple[Trace, ...], at: str, own_filter: Callable[[Packet], Stopped | None]) -> list[Trace]:
    """Nobody tried, and the source's own rules as they were shown would stop it: they may have changed since, so it is unknown."""
    flow = trip[0].flow
    own = (
        own_filter(Packet(show_addresses(_first(flow.destination)), flow.ports.spans[0][0]))
        if flow.destination
        else None
    )
    if own is None:
        return list(trip)
    why = f"{own.says} No test of the connection from there is in the evidence."
    gap = Gap(
        "Whether the source's own firewall stops it today",
        why,
        "At the source: Test-NetConnection <server name> -Port 1433 (Windows) or nc -vz <server name> 1433; add its output to the evidence.",
    )
    stop = Decision("client", at, Verdict.UNKNOWN, why, own.evidence, gap=gap)
    return [replace(trip[0], hops=(Hop(at, (stop,)), *trip[0].hops)), *trip[1:]]


def _first(addresses: Ranges) -> Ranges:
    return Ranges(((addresses.spans[0][0], addresses.spans[0][0]),))


def _ended(test: Test) -> str:
    """How a test failed, in words that read with a tool that says no more than that it did."""
    return f"{'failed' if test.result == 'failed' else f'ended in {test.result}'}{_when(test)}"


def _when(test: Test) -> str:
    return f" at {test.at}" if test.at else ""
