"""A client's answers for single addresses, held against the table of its routes: each settles its own address and no other.

Source: ip-route(8), "ip route get" (the kernel's own decision, policy rules included); documentation of Find-NetRoute; "Connect
your application to SQL Managed Instance", section "Troubleshoot connectivity issues" (which routes a client needs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.machine import VPN_NAMES
from mi_workbook.network.asked_routes import NO_WAY, AskedRoute
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.reading import ipv4
from mi_workbook.network.tested import Seen
from mi_workbook.reach.own_routes import tunnels_of

TABLE = "On the client, connected: route print -4 and ipconfig (Windows), ip route (Linux) or netstat -rn (macOS). Add the output."
IN, OUT = "in", "out"


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of the client beside its answers.

    given: prefixes that the gateway gives it. named: the address that the instance's name has there, none where nobody looked.
    own: its own addresses, as outputs show them. seen: its table of routes.
    """

    gateway: Gateway
    given: tuple[str, ...]
    named: Ranges
    own: Ranges
    seen: Seen | None


def with_answers(
    table: Decision | None, asked: Sequence[AskedRoute], client: Client, wanted: Ranges
) -> Decision | None:
    """The decision on the client's routes: of its table, of its answers, or unknown where both disagree.

    table: the decision by the table, None where there is none. None comes back where neither says anything.
    """
    fitting = [one for one in asked if wanted.covers(one.address)]
    inside, outside = (_addresses(fitting, client, way) for way in (IN, OUT))
    if not inside and not outside:
        return table
    if inside.meets(outside):
        return _unknown(client, fitting, f"{_told(fitting)} The answers for one address differ.")
    if table is not None and table.result is not Verdict.UNKNOWN:
        apart = outside if table.result is Verdict.REACHABLE else inside
        return _unknown(client, fitting, f"{table.why} But: {_told(fitting)}") if apart else table
    return _by_answers(fitting, inside, outside, client, wanted, table)


def _by_answers(
    fitting: Sequence[AskedRoute],
    inside: Ranges,
    outside: Ranges,
    client: Client,
    wanted: Ranges,
    table: Decision | None,
) -> Decision:
    """Without a table that decides: all addresses in the tunnel, or the one that is connected to outside of it."""
    evidence = tuple(one.evidence for one in fitting)
    if inside.covers(wanted):
        why = f"The client sends {show_addresses(wanted)} into the tunnel: {_told(fitting)}"
        return Decision("client", client.gateway.id, Verdict.REACHABLE, why, evidence)
    met = bool(client.named) and outside.covers(client.named)
    if outside and (met or outside.covers(wanted)):
        spot = next(one for one in fitting if _way(one, client) == OUT and (not met or one.address == client.named))
        cause = _cause(spot, client)
        if cause is not None:
            return Decision("client", client.gateway.id, Verdict.BLOCKED, _told([spot]), evidence, cause)
        return _unknown(
            client, fitting, f"{_told(fitting)} Whether the VPN is connected and holds a route is not shown."
        )
    earlier = f"{table.why} " if table is not None else ""
    rest = "Only that address is shown; the endpoint may have any other of its subnet."
    return _unknown(client, fitting, f"{earlier}{_told(fitting)} {rest}")


def _addresses(fitting: Sequence[AskedRoute], client: Client, way: str) -> Ranges:
    return Ranges.of(span for one in fitting if _way(one, client) == way for span in one.address)


def _way(one: AskedRoute, client: Client) -> str:
    """in: sent from an address of the pool through the tunnel; out: sent from another one, or nowhere; "" where it cannot be told.

    A local network may use addresses of the pool: then the packet goes to a gateway, over an interface that is no VPN's.
    """
    pool = client.gateway.pool
    if one.result in NO_WAY or one.result == "local":
        return OUT
    source, hop = (ipv4((text,)) if text and ":" not in text else Ranges() for text in (one.source, one.gateway))
    known = client.seen is not None and one.interface in tunnels_of(client.seen.machine, pool)
    like_vpn = known or bool(VPN_NAMES.search(one.interface))
    if source:
        through = like_vpn or not hop
        return OUT if not pool.covers(source) else IN if through else ""
    if known or (like_vpn and bool(hop) and pool.covers(hop)):
        return IN
    return OUT if hop and not pool.meets(hop) and not like_vpn else ""


def _cause(one: AskedRoute, client: Client) -> Cause | None:
    """Why it does not enter the tunnel, None where the answer leaves that open.

    A route longer than every one that the gateway gives wins, tunnel or not. With the tunnel up, one that is shorter wins only
    where the tunnel has none.
    """
    if one.result in NO_WAY - {"unreachable"} or one.result == "local":
        return None
    longest = max((_length(text) for text in client.given if ipv4((text,)).covers(one.address)), default=0)
    if longest and one.prefix and _length(one.prefix) > max(longest, 1):
        return Cause.CLIENT_OTHER_INTERFACE
    if not longest or not client.own.meets(client.gateway.pool):
        return None
    if one.result == "unreachable" or (one.prefix and _length(one.prefix) < longest):
        return Cause.CLIENT_PACKAGE_STALE
    return Cause.CLIENT_OTHER_INTERFACE if one.prefix else None


def _length(prefix: str) -> int:
    return int(prefix.rpartition("/")[2])


def _told(fitting: Sequence[AskedRoute]) -> str:
    """What the answers say, in words."""
    return " ".join(dict.fromkeys(_words(one) for one in fitting))


def _words(one: AskedRoute) -> str:
    if one.result in NO_WAY:
        return f"The client has no way to {one.destination} ({one.result})."
    if one.result == "local":
        return f"The client has {one.destination} itself."
    source = f" from {one.source}" if one.source else ""
    route = f", by its route {one.prefix}" if one.prefix else ""
    return (
        f"The client sends {one.destination}{source} over {one.interface or 'an interface that is not named'}{route}."
    )


def _unknown(client: Client, fitting: Sequence[AskedRoute], why: str) -> Decision:
    gap = Gap(f"Which routes the client of {client.gateway.name} has for the instance", why, TABLE)
    evidence = tuple(one.evidence for one in fitting)
    return Decision("client", client.gateway.id, Verdict.UNKNOWN, why, evidence, gap=gap)


def own_of(seen: Seen | None, own: Ranges) -> Ranges:
    """The machine's own addresses, those of its interfaces among them."""
    if seen is None:
        return own
    texts = [text.partition("/")[0] for one in seen.machine.interfaces for text in one.addresses]
    texts += [route.source for route in seen.machine.routes if route.source]
    return own | Ranges.of(span for text in texts if ":" not in text for span in ipv4((text,)))
