"""The routes of a point-to-site client as its own machine showed them: whether packets for the instance enter the tunnel.

Source: "Connect your application to SQL Managed Instance", section "Troubleshoot connectivity issues" (route print, routes.txt);
"Troubleshoot point-to-site connection problems" (class-based routes).
"""

from __future__ import annotations

import ipaddress

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.machine import Choice, Interface, Machine, Route, chosen_route
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.reading import ipv4
from mi_workbook.network.tested import Seen


def into_the_tunnel(seen: Seen, gateway: Gateway, wanted: Ranges) -> Decision:
    """Whether the machine sends packets for the destination into the tunnel of this gateway, by its own routes."""
    machine = seen.machine
    doubt = _not_whole(machine)
    tunnels = [one for one in machine.interfaces if _in_pool(one, gateway)]
    sources = {route.source for route in machine.routes if route.source and gateway.pool.covers(ipv4((route.source,)))}
    if not tunnels and not sources:
        return _unknown(seen, gateway, doubt) if doubt else _not_connected(seen, gateway)
    choices = [chosen_route(machine, str(ipaddress.IPv4Address(address))) for address in _corners(machine, wanted)]
    if any(choice.route is None and machine.rules for choice in choices):
        return _unknown(seen, gateway, choices[0].why)
    inside = [_enters(choice, tunnels, gateway) for choice in choices]
    if all(inside):
        route = choices[0].route
        why = f"The client's own routes{_when(seen)} send {show_addresses(wanted)} into the tunnel: {_words(route)}."
        return Decision("client", gateway.id, Verdict.REACHABLE, why, _evidence(seen, route))
    if doubt:
        return _unknown(seen, gateway, doubt)
    if any(inside):
        return _unknown(seen, gateway, "Its routes send only a part of the instance's subnet into the tunnel.")
    return _elsewhere(seen, gateway, wanted, choices[inside.index(False)], tunnels)


def _not_whole(machine: Machine) -> str:
    """Why a row's absence proves nothing, "" where the table was read whole."""
    return next((one for one in machine.problems if "table" in one.lower() or "route" in one.lower()), "")


def _in_pool(interface: Interface, gateway: Gateway) -> bool:
    held = ipv4(tuple(text.partition("/")[0] for text in interface.addresses))
    return bool(held & gateway.pool)


def _corners(machine: Machine, wanted: Ranges) -> list[int]:
    """One address of every part of the destination that the same routes cover."""
    cuts = {first for first, _ in wanted}
    for route in machine.routes:
        for first, last in ipv4((route.prefix,)):
            cuts |= {edge for edge in (first, last + 1) if wanted.covers(Ranges(((edge, edge),)))}
    return sorted(cuts)


def _enters(choice: Choice, tunnels: list[Interface], gateway: Gateway) -> bool:
    """True for a route over the tunnel's interface, by its name, its own address (Windows) or its source address."""
    route = choice.route
    if route is None:
        return False
    names = {one.name for one in tunnels} | {text.partition("/")[0] for one in tunnels for text in one.addresses}
    held = ipv4(tuple(text for text in (route.interface, route.source) if text))
    return route.interface in names or bool(held & gateway.pool)


def _not_connected(seen: Seen, gateway: Gateway) -> Decision:
    why = (
        f"No interface of the client{_when(seen)} has an address of the pool of {gateway.name}, {show_addresses(gateway.pool)}: "
        "it is not connected."
    )
    return Decision("client", gateway.id, Verdict.BLOCKED, why, _evidence(seen, None), Cause.CLIENT_NOT_CONNECTED)


def _elsewhere(seen: Seen, gateway: Gateway, wanted: Ranges, choice: Choice, tunnels: list[Interface]) -> Decision:
    """The tunnel is up and another route wins: a longer one, a lower metric, or there is none over the tunnel at all."""
    over = [route for route, _ in choice.losers if _enters(Choice(route, ""), tunnels, gateway)]
    if over and choice.route is not None:
        why = (
            f"The client sends {show_addresses(wanted)} to {_words(choice.route)} and not into the tunnel, where it has "
            f"{_words(over[0])}: {_reason(choice, over[0])}."
        )
        return Decision(
            "client", gateway.id, Verdict.BLOCKED, why, _evidence(seen, choice.route), Cause.CLIENT_OTHER_INTERFACE
        )
    instead = f"it takes {_words(choice.route)}" if choice.route is not None else "it has no route for it at all"
    why = f"The client is connected, and none of its routes{_when(seen)} sends {show_addresses(wanted)} into the tunnel: {instead}."
    return Decision(
        "client", gateway.id, Verdict.BLOCKED, why, _evidence(seen, choice.route), Cause.CLIENT_PACKAGE_STALE
    )


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
