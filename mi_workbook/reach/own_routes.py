"""The routes of a point-to-site client as its own machine showed them: whether packets for the instance enter the tunnel.

One judgement for a machine that was read and for a table that was pasted. Source: "Connect your application to SQL Managed
Instance", section "Troubleshoot connectivity issues" (route print, routes.txt); "Troubleshoot point-to-site connection
problems" (class-based routes).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.machine import ENDS, Choice, Machine, Route, chosen_route
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.reading import ipv4
from mi_workbook.network.tested import Seen


@dataclass(frozen=True, slots=True)
class Piece:
    """Addresses that take the same way. way: tunnel | wrong-interface | local-capture | missing | equal-routes.

    beaten: the tunnel's own route, where another one wins.
    """

    span: Ranges
    way: str
    choice: Choice
    beaten: Route | None = None


def tunnels_of(machine: Machine, pool: Ranges) -> frozenset[str]:
    """Interfaces, as the routes name them, with an address of the pool: their own, the source of a route, or on its link."""
    held = {
        name
        for one in machine.interfaces
        for name in (one.name, *_bare(one.addresses))
        if ipv4(tuple(_bare(one.addresses))) & pool
    }
    return frozenset(
        route.interface
        for route in machine.routes
        if route.interface and (route.interface in held or _in_pool(route, pool))
    )


def _bare(addresses: Sequence[str]) -> list[str]:
    return [text.partition("/")[0] for text in addresses]


def _in_pool(route: Route, pool: Ranges) -> bool:
    if route.kind != "unicast" or ":" in route.prefix:
        return False
    if route.source and ":" not in route.source:
        return pool.covers(ipv4((route.source,)))
    return not route.gateway and pool.covers(ipv4((route.prefix,)))


def looks_local(machine: Machine, tunnels: frozenset[str]) -> bool:
    """True where the default route leaves over such an interface through a gateway, as in a local network.

    A tunnel of Azure has its default route on the link, or as two halves.
    """
    return any(route.interface in tunnels and route.length == 0 and route.gateway for route in machine.routes)


def pieces(machine: Machine, wanted: Ranges, tunnel: str, given: Sequence[str]) -> Iterator[Piece]:
    """The wanted addresses, cut wherever a route begins or ends; within a piece every address takes the same way.

    given: the prefixes that the gateway gives its clients.
    """
    edges = sorted(
        {edge for route in machine.routes for first, last in ipv4((route.prefix,)) for edge in (first, last + 1)}
    )
    for first, last in wanted:
        starts = [first, *(edge for edge in edges if first < edge <= last)]
        for start, end in zip(starts, [*(edge - 1 for edge in starts[1:]), last], strict=True):
            choice, span = chosen_route(machine, str(ipaddress.IPv4Address(start))), Ranges(((start, end),))
            longest = max((int(one.rpartition("/")[2]) for one in given if ipv4((one,)).covers(span)), default=0)
            beaten = next((route for route, _ in choice.losers if route.interface == tunnel), None)
            yield Piece(span, _way(choice, tunnel, longest, beaten), choice, beaten)


def _way(choice: Choice, tunnel: str, longest: int, beaten: Route | None) -> str:
    """longest: the length of the route that the gateway gives its clients for these addresses."""
    best = choice.route
    if best is None:
        return "missing"
    rivals = [route for route, _ in choice.losers if route.length == best.length]
    if any(_tied(best, rival) and rival.interface != best.interface for rival in rivals):
        return "equal-routes"
    if best.interface == tunnel and best.kind not in ENDS:
        return "tunnel"
    if beaten is not None:
        return "wrong-interface"
    return "missing" if best.length < max(longest, 2) else "local-capture"


def _tied(one: Route, other: Route) -> bool:
    return one.metric is None or other.metric is None or one.metric == other.metric


def into_the_tunnel(seen: Seen, gateway: Gateway, wanted: Ranges, given: Sequence[str]) -> Decision:
    """Whether the machine sends packets for the destination into the tunnel of this gateway, by its own routes.

    A table that may lack rows decides nothing: a row that is missing could win, or be the one that is looked for.
    """
    machine = seen.machine
    tunnels = tunnels_of(machine, gateway.pool)
    doubt = _doubt(machine, tunnels)
    if doubt:
        return _unknown(seen, gateway, doubt)
    if not tunnels:
        return _not_connected(seen, gateway)
    found = list(pieces(machine, wanted, next(iter(tunnels)), given))
    ways = {piece.way for piece in found}
    if ways == {"tunnel"}:
        route = found[0].choice.route
        why = f"The client's own routes{_when(seen)} send {show_addresses(wanted)} into the tunnel: {_words(route)}."
        return Decision("client", gateway.id, Verdict.REACHABLE, why, _evidence(seen, route))
    if "equal-routes" in ways:
        return _unknown(seen, gateway, "Several routes with the same prefix hold the instance's subnet, and none wins.")
    if "tunnel" in ways:
        return _unknown(seen, gateway, "Its routes send only a part of the instance's subnet into the tunnel.")
    return _elsewhere(seen, gateway, wanted, found[0])


def _doubt(machine: Machine, tunnels: frozenset[str]) -> str:
    """Why the table decides nothing, "" where it does."""
    lost = next((one for one in machine.problems if "table" in one.lower() or "route" in one.lower()), "")
    if lost or not machine.rules:
        several = len(tunnels) > 1 or looks_local(machine, tunnels)
        names = ", ".join(sorted(tunnels))
        return lost or (f"Which interface is the tunnel cannot be told: {names} hold the pool." if several else "")
    return f"Policy rules decide there: {'; '.join(machine.rules)}."


def _not_connected(seen: Seen, gateway: Gateway) -> Decision:
    why = (
        f"No interface of the client{_when(seen)} has an address of the pool of {gateway.name}, {show_addresses(gateway.pool)}: "
        "it is not connected."
    )
    return Decision("client", gateway.id, Verdict.BLOCKED, why, _evidence(seen, None), Cause.CLIENT_NOT_CONNECTED)


def _elsewhere(seen: Seen, gateway: Gateway, wanted: Ranges, piece: Piece) -> Decision:
    """The tunnel is up and another route wins: a longer one, a lower metric, or there is none over the tunnel at all."""
    best, over = piece.choice.route, piece.beaten
    if over is not None and best is not None:
        why = (
            f"The client sends {show_addresses(wanted)} to {_words(best)} and not into the tunnel, where it has "
            f"{_words(over)}: {_reason(piece.choice, over)}."
        )
        return Decision("client", gateway.id, Verdict.BLOCKED, why, _evidence(seen, best), Cause.CLIENT_OTHER_INTERFACE)
    if piece.way == "local-capture":
        why = (
            f"The client sends {show_addresses(wanted)} to {_words(best)}, a route that is more than the default one; the "
            "tunnel has none for it."
        )
        return Decision("client", gateway.id, Verdict.BLOCKED, why, _evidence(seen, best), Cause.CLIENT_OTHER_INTERFACE)
    instead = f"it takes {_words(best)}" if best is not None else "it has no route for it at all"
    why = f"The client is connected, and none of its routes{_when(seen)} sends {show_addresses(wanted)} into the tunnel: {instead}."
    return Decision("client", gateway.id, Verdict.BLOCKED, why, _evidence(seen, best), Cause.CLIENT_PACKAGE_STALE)


def _reason(choice: Choice, loser: Route) -> str:
    return next((why for route, why in choice.losers if route is loser), "it loses")


def _words(route: Route | None) -> str:
    if route is None:
        return "no route"
    return f"{route.prefix} over {route.interface or 'an interface that is not named'}"


def _when(seen: Seen) -> str:
    return f" of {seen.at}" if seen.at else ""


def _evidence(seen: Seen, route: Route | None) -> tuple[Evidence, ...]:
    return (Evidence(seen.evidence.document, seen.evidence.pointer, _words(route)),)


def _unknown(seen: Seen, gateway: Gateway, why: str) -> Decision:
    gap = Gap(f"Which route the client of {gateway.name} takes to the instance", why,
              "On the client: Find-NetRoute -RemoteIPAddress <address> (Windows), ip route get <address>, route -n get <address> (macOS).")  # fmt: skip
    return Decision("client", gateway.id, Verdict.UNKNOWN, why, _evidence(seen, None), gap=gap)
