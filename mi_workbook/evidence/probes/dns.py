"""What a name resolves to: as this machine resolves it, and as one named DNS server answers.

The system resolver needs nothing. A named server, every CNAME on the way and the lifetime of an answer need dnspython
(the extra `probe`); without it the result says what is lost.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mi_workbook.evidence.probes.outcome import AddressClass, Budget, Ended, Outcome, address_class, never

if TYPE_CHECKING:
    import dns.message

SYSTEM = "system resolver"
LONGEST_CHAIN = 8
LOST = (
    "dnspython is not installed: a named DNS server cannot be asked, and only the last name of the CNAME chain is "
    "known. Install the extra: pip install 'mi-workbook[probe]'."
)

WORDS: dict[Outcome, tuple[str, str]] = {
    Outcome.RESOLVED: (
        "The name has an address as seen from here.",
        "That the address is the right one, or that it can be reached. The record of a VNet-local endpoint is public: "
        "it resolves everywhere, also where nothing leads to it.",
    ),
    Outcome.NXDOMAIN: (
        "This resolver says that the name does not exist.",
        "That it does not exist elsewhere: a private zone, a hosts file or another server can say otherwise.",
    ),
    Outcome.NO_ADDRESS: (
        "The name exists, but this resolver has no IPv4 address for it.",
        "That it has none elsewhere.",
    ),
    Outcome.SERVER_FAILED: (
        "The DNS server answered and refused or failed: it cannot ask further on our behalf.",
        "Anything about the name.",
    ),
    Outcome.TIMEOUT: (
        "No DNS answer came: the server is down, wrong, or port 53 to it is closed.",
        "Anything about the name.",
    ),
    Outcome.UNREACHABLE: ("This machine has no way to that DNS server.", "Anything about the name."),
    Outcome.REFUSED: ("No DNS server listens at that address.", "Anything about the name."),
    Outcome.GARBAGE: ("What answered there does not speak DNS properly.", "Anything about the name."),
    Outcome.UNAVAILABLE: ("Nothing: it was not asked.", LOST),
    Outcome.CANCELLED: ("Nothing.", "It was stopped before an answer came."),
    Outcome.FAILED: ("Nothing beyond the system's own words.", "Anything about the name."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An address and its class."""

    address: str
    kind: AddressClass


@dataclass(frozen=True, slots=True)
class DnsResult:
    """The answer of one resolver.

    chain: names after the asked one, in CNAME order. ttl: seconds the answer lives, None: not known. authority: zone
    and first server of a negative answer (who says so). lost: what this way of asking cannot see.
    """

    name: str
    server: str
    outcome: Outcome
    ms: float
    answers: tuple[Answer, ...] = ()
    chain: tuple[str, ...] = ()
    ttl: int | None = None
    authoritative: bool | None = None
    authority: str = ""
    detail: str = ""
    lost: str = ""
    proves: str = ""
    does_not_prove: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """IPv4 addresses, or all where there are none: managed instances have IPv4 only."""
        every = tuple(answer.address for answer in self.answers)
        return tuple(address for address in every if ":" not in address) or every


def ask_system(name: str, timeout: float = 10.0, cancelled: Callable[[], bool] = never) -> DnsResult:
    """Resolve as applications on this machine do: hosts file, caches, search suffixes and all.

    The system's resolver cannot be interrupted: after the timeout it is left behind in its thread.
    """
    budget = Budget(timeout, cancelled)
    lost = "" if available() else LOST
    try:
        rows = budget.run(lambda: _getaddrinfo(name), Outcome.TIMEOUT)
    except Ended as ended:
        return _result(name, SYSTEM, ended.outcome, budget, detail=ended.detail, lost=lost)
    except socket.gaierror as error:
        detail = f"{error.strerror} ({error.errno})"
        return _result(name, SYSTEM, _by_gai(error), budget, detail=detail, lost=lost)
    except (OSError, UnicodeError) as error:
        return _result(name, SYSTEM, Outcome.FAILED, budget, detail=str(error), lost=lost)
    addresses = dict.fromkeys(str(row[4][0]) for row in rows)
    canonical = next((row[3] for row in rows if row[3]), "").rstrip(".").lower()
    chain = (canonical,) if canonical and canonical != name.rstrip(".").lower() else ()
    return _result(name, SYSTEM, Outcome.RESOLVED, budget, answers=_answers(addresses), chain=chain, lost=lost)


def _getaddrinfo(name: str) -> list[Any]:
    return socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)


def _by_gai(error: socket.gaierror) -> Outcome:
    """Windows has its own numbers: 11001 not found, 11002 try again, 11003 failed, 11004 no data."""
    no_data = {11004, getattr(socket, "EAI_NODATA", None), getattr(socket, "EAI_ADDRFAMILY", None)}
    if error.errno in no_data - {None, socket.EAI_NONAME}:
        return Outcome.NO_ADDRESS
    if error.errno in {socket.EAI_NONAME, 11001}:
        return Outcome.NXDOMAIN
    if error.errno in {socket.EAI_AGAIN, 11002}:
        return Outcome.TIMEOUT
    return Outcome.SERVER_FAILED if error.errno in {socket.EAI_FAIL, 11003} else Outcome.FAILED


def available() -> bool:
    """True where dnspython is installed."""
    try:
        import dns.message  # noqa: F401
    except ImportError:
        return False
    return True


def system_servers() -> tuple[str, ...]:
    """Addresses of the first two DNS servers that this machine is set to; none where that cannot be read."""
    if not available():
        return ()
    import dns.exception
    import dns.resolver

    try:
        return tuple(str(server) for server in dns.resolver.Resolver().nameservers[:2])
    except (OSError, dns.exception.DNSException):
        return ()


def ask_server(
    name: str, server: str, timeout: float = 10.0, cancelled: Callable[[], bool] = never, *, port: int = 53
) -> DnsResult:
    """Ask one DNS server (an IP literal) for the IPv4 addresses of a name, and follow every CNAME."""
    budget = Budget(timeout, cancelled)
    if not available():
        return _result(name, server, Outcome.UNAVAILABLE, budget, lost=LOST)
    import dns.exception

    try:
        return budget.run(lambda: _follow(name, server, port, budget), Outcome.TIMEOUT)
    except Ended as ended:
        return _result(name, server, ended.outcome, budget, detail=ended.detail)
    except dns.exception.Timeout:
        return _result(name, server, Outcome.TIMEOUT, budget, detail=f"No answer within {timeout:g} s.")
    except dns.exception.DNSException as error:
        return _result(name, server, Outcome.GARBAGE, budget, detail=str(error) or type(error).__name__)
    except (OSError, ValueError) as error:
        return _result(name, server, _by_os(error), budget, detail=str(error))


def _by_os(error: Exception) -> Outcome:
    from mi_workbook.evidence.probes.tcp import ended_by

    return ended_by(error).outcome if isinstance(error, OSError) else Outcome.FAILED


def _follow(name: str, server: str, port: int, budget: Budget) -> DnsResult:
    """Ask until an address or a negative answer comes; a server that does not recurse gives the chain link by link."""
    chain: list[str] = []
    asked, ttl = name, None
    for _ in range(LONGEST_CHAIN):
        response = _exchange(asked, server, port, budget)
        links, addresses, ttl = _read(asked, response)
        chain += links
        if addresses or not links or response.rcode():
            return _judged(name, server, budget, response, chain, addresses, ttl)
        asked = links[-1]
    detail = f"The CNAME chain is longer than {LONGEST_CHAIN}, or a circle."
    return _result(name, server, Outcome.NO_ADDRESS, budget, chain=tuple(chain), detail=detail)


def _exchange(name: str, server: str, port: int, budget: Budget) -> dns.message.Message:
    """One question, sent a second time at half the time that is left: UDP loses packets."""
    import dns.exception
    import dns.message
    import dns.query

    query = dns.message.make_query(name, "A")
    try:
        response, _ = dns.query.udp_with_fallback(query, server, timeout=max(budget.left / 2, 0.1), port=port)
    except dns.exception.Timeout:
        response, _ = dns.query.udp_with_fallback(query, server, timeout=max(budget.left, 0.1), port=port)
    return response


def _read(name: str, response: dns.message.Message) -> tuple[list[str], list[str], int | None]:
    """CNAMEs from a name on, addresses at their end, the shortest lifetime among them."""
    import dns.name
    import dns.rdatatype

    at, links, addresses = dns.name.from_text(name), [], []
    lifetimes: list[int] = []
    for _ in range(len(response.answer)):
        rrset = next((r for r in response.answer if r.name == at and r.rdtype == dns.rdatatype.CNAME), None)
        if rrset is None:
            break
        at = rrset[0].target
        links.append(at.to_text(omit_final_dot=True).lower())
        lifetimes.append(rrset.ttl)
    for rrset in response.answer:
        if rrset.name == at and rrset.rdtype == dns.rdatatype.A:
            addresses += [rdata.address for rdata in rrset]
            lifetimes.append(rrset.ttl)
    return links, addresses, min(lifetimes, default=None)


def _judged(
    name: str, server: str, budget: Budget, response: dns.message.Message, chain: list[str], found: list[str],
    ttl: int | None,
) -> DnsResult:  # fmt: skip
    import dns.flags
    import dns.rcode

    code = response.rcode()
    outcome = Outcome.RESOLVED if found else Outcome.NO_ADDRESS
    if code == dns.rcode.NXDOMAIN:
        outcome = Outcome.NXDOMAIN
    elif code != dns.rcode.NOERROR:
        outcome = Outcome.SERVER_FAILED
    return _result(
        name, server, outcome, budget, answers=_answers(found), chain=tuple(chain), ttl=ttl,
        authoritative=bool(response.flags & dns.flags.AA), authority=_authority(response),
        detail="" if code == dns.rcode.NOERROR else dns.rcode.to_text(code),
    )  # fmt: skip


def _authority(response: dns.message.Message) -> str:
    import dns.rdatatype

    for rrset in response.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            zone, first = rrset.name, rrset[0].mname
            return f"{zone.to_text(omit_final_dot=True)} ({first.to_text(omit_final_dot=True)})"
    return ""


def _answers(addresses: Any) -> tuple[Answer, ...]:
    return tuple(Answer(address, address_class(address)) for address in addresses)


def _result(name: str, server: str, outcome: Outcome, budget: Budget, **facts: Any) -> DnsResult:
    proves, does_not = WORDS[outcome]
    return DnsResult(name, server, outcome, budget.ms, proves=proves, does_not_prove=does_not, **facts)
