"""Each probe against real servers on loopback: every outcome, with its words, within its time."""

import threading
import time
from pathlib import Path

import pytest

from mi_workbook.evidence.hosts import read_hosts
from mi_workbook.evidence.probes import dns as dns_probe
from mi_workbook.evidence.probes.dns import ask_server, ask_system
from mi_workbook.evidence.probes.login import probe_login
from mi_workbook.evidence.probes.outcome import AddressClass, Budget, Outcome, address_class
from mi_workbook.evidence.probes.tcp import WORDS as TCP_WORDS
from mi_workbook.evidence.probes.tcp import ended_by, probe_tcp
from mi_workbook.evidence.probes.tds import probe_tds
from mi_workbook.evidence.probes.tds8 import probe_tds8
from test_probes.conftest import HOST

LOOPBACK = "127.0.0.1"
SHORT = 0.8


# --- TCP ---------------------------------------------------------------------------------------------------------


def test_an_open_port_says_from_where_and_that_redirect_is_not_proved(tds: dict[str, int]) -> None:
    """Open is not "reachable": the words say what is left to prove."""
    result = probe_tcp(LOOPBACK, tds["silent"])
    assert (result.outcome, result.local) == (Outcome.OPEN, LOOPBACK)
    assert "Redirect" in result.does_not_prove and result.ms > 0


def test_a_closed_port_is_refused_at_once(closed_port: int) -> None:
    """A refusal is told from silence."""
    assert probe_tcp(LOOPBACK, closed_port).outcome is Outcome.REFUSED


def test_a_full_backlog_is_silence_until_the_time_is_over() -> None:
    """A listener that accepts nobody drops requests, as a firewall does."""
    import socket

    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen(0)
        port = server.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex((LOOPBACK, port))
            result = probe_tcp(LOOPBACK, port, timeout=SHORT)
        finally:
            for filler in fillers:
                filler.close()
    assert result.outcome is Outcome.TIMEOUT and "drops" in result.proves


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (111, Outcome.REFUSED), (10061, Outcome.REFUSED), (113, Outcome.UNREACHABLE), (10065, Outcome.UNREACHABLE),
        (13, Outcome.FORBIDDEN), (10013, Outcome.FORBIDDEN), (104, Outcome.RESET), (10054, Outcome.RESET),
        (110, Outcome.TIMEOUT), (10060, Outcome.TIMEOUT), (9999, Outcome.FAILED),
    ],
)  # fmt: skip
def test_numbers_of_linux_and_windows_mean_the_same(code: int, outcome: Outcome) -> None:
    """Every kind of failure has words, whichever system named it."""
    assert ended_by(OSError(code, "words of the system")).outcome is outcome
    assert all(TCP_WORDS[outcome])


def test_a_cancelled_probe_stops_long_before_its_time() -> None:
    """The user need not wait for the timeout."""
    import socket

    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with socket.create_server((LOOPBACK, 0)) as server:
        result = probe_tds(LOOPBACK, server.getsockname()[1], HOST, timeout=60, cancelled=stop.is_set)
    assert result.outcome is Outcome.CANCELLED and result.ms < 30_000


# --- TDS and TLS -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("behaviour", "version"), [("denies", "TLSv1.2"), ("small-pieces", "TLSv1.2")])
def test_tls_inside_tds_packets_shows_version_and_certificate(
    tds: dict[str, int], behaviour: str, version: str
) -> None:
    """The handshake of TDS 7.x works, in one packet or in many small ones."""
    result = probe_tds(LOOPBACK, tds[behaviour], HOST)
    assert (result.outcome, result.stage, result.tls_version) == (Outcome.ANSWERED, "done", version)
    assert (result.trusted, result.name_matches, result.version) == (True, True, "12.0.2000")
    assert result.certificate and "localhost" in result.certificate.names
    assert "trusted certificate for this name" in result.answered_by and "Prüf & Söhne" in result.answered_by
    assert [name for name, _ in result.steps] == ["tcp", "pre-login", "tls"]


@pytest.mark.usefixtures("trusted")
def test_strict_encryption_does_tls_first(tds: dict[str, int]) -> None:
    """TDS 8.0: TLS 1.3, the protocol agreed in it, then pre-login."""
    result = probe_tds8(LOOPBACK, tds["denies"], HOST)
    assert (result.outcome, result.protocol, result.tls_version) == (Outcome.ANSWERED, "8.0", "TLSv1.3")
    assert [name for name, _ in result.steps] == ["tcp", "tls", "pre-login"]


def test_an_untrusted_certificate_is_looked_at_all_the_same(tds: dict[str, int]) -> None:
    """TLS inspection shows itself by its issuer: names and issuer are read without trusting them."""
    result = probe_tds(LOOPBACK, tds["denies"], HOST)
    assert (result.outcome, result.trusted, result.name_matches) == (Outcome.ANSWERED, False, True)
    assert "issue" in result.trust_problem and "not trusted here" in result.answered_by


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_says_whose_it_is(tds: dict[str, int]) -> None:
    """An alias shows in the names."""
    result = probe_tds(LOOPBACK, tds["denies"], "mi-orders.contoso.example")
    assert (result.outcome, result.name_matches) == (Outcome.ANSWERED, False)
    assert "not for this name" in result.answered_by and "localhost" in result.answered_by


@pytest.mark.parametrize(
    ("behaviour", "outcome", "stage"),
    [
        ("silent", Outcome.SILENT, "pre-login"),
        ("drips", Outcome.SILENT, "pre-login"),
        ("closes", Outcome.CLOSED, "pre-login"),
        ("resets", Outcome.RESET, "pre-login"),
        ("half-header", Outcome.CLOSED, "pre-login"),
        ("garbage", Outcome.GARBAGE, "pre-login"),
        ("wrong-length", Outcome.GARBAGE, "pre-login"),
        ("broken-prelogin", Outcome.GARBAGE, "pre-login"),
        ("no-encryption", Outcome.NO_ENCRYPTION, "pre-login"),
        ("resets-in-tls", Outcome.RESET, "tls"),
        ("closes-in-tls", Outcome.CLOSED, "tls"),
        ("silent-in-tls", Outcome.SILENT, "tls"),
        ("garbage-in-tls", Outcome.TLS_FAILED, "tls"),
        ("newer-tls-only", Outcome.TLS_FAILED, "tls"),
        ("tls-1-0-only", Outcome.TLS_FAILED, "tls"),
    ],
)
def test_every_way_a_handshake_ends(tds: dict[str, int], behaviour: str, outcome: Outcome, stage: str) -> None:
    """The kind and the step are told apart, with words for both, and no probe outlasts its time by much."""
    result = probe_tds(LOOPBACK, tds[behaviour], HOST, timeout=SHORT if outcome is Outcome.SILENT else 20)
    assert (result.outcome, result.stage) == (outcome, stage)
    assert result.proves and result.does_not_prove


def test_another_speaker_is_shown(tds: dict[str, int]) -> None:
    """A proxy that answers in HTTP is named."""
    result = probe_tds(LOOPBACK, tds["garbage"], HOST)
    assert "HTTP server or proxy" in result.detail and "400" in result.detail


def test_a_refused_port_does_not_speak_of_tls(closed_port: int) -> None:
    """Nothing is claimed of a layer that was not reached."""
    result = probe_tds(LOOPBACK, closed_port, HOST)
    assert (result.outcome, result.stage) == (Outcome.REFUSED, "tcp")
    assert "did not open" in result.proves


# --- login -------------------------------------------------------------------------------------------------------


def test_no_login_without_consent(tds: dict[str, int]) -> None:
    """Nothing is sent unless the user agreed."""
    with pytest.raises(ValueError, match="consent"):
        probe_login(LOOPBACK, tds["denies"], HOST, consent=False)


@pytest.mark.parametrize("behaviour", ["denies", "small-pieces"])
def test_18456_proves_the_path(tds: dict[str, int], behaviour: str) -> None:
    """The instance itself refuses a user that does not exist."""
    result = probe_login(LOOPBACK, tds[behaviour], HOST, consent=True)
    assert (result.outcome, result.error_number, result.redirected_to) == (Outcome.DENIED, 18456, ())
    assert "all work" in " ".join(result.proves.split())


def test_redirect_is_followed_to_its_end(tds: dict[str, int]) -> None:
    """The target is learned from the routing token, resolved, and asked to log in."""
    result = probe_login(LOOPBACK, tds["route=denies"], HOST, consent=True)
    assert result.outcome is Outcome.DENIED
    assert result.redirected_to == (f"localhost,{tds['denies']}",)
    assert [(hop.port, hop.stage) for hop in result.hops] == [(tds["route=denies"], "done"), (tds["denies"], "done")]


@pytest.mark.parametrize(
    ("behaviour", "outcome", "stage"),
    [
        ("route=nobody", Outcome.REDIRECT_FAILED, "tcp"),
        ("route=nowhere", Outcome.REDIRECT_FAILED, "name"),
        ("route=resets-in-tls", Outcome.REDIRECT_FAILED, "tls"),
        ("route=silent-at-login", Outcome.REDIRECT_FAILED, "login"),
        ("route=self", Outcome.REDIRECT_FAILED, "done"),
        ("accepts", Outcome.ACCEPTED, "done"),
        ("error=40532", Outcome.SQL_ERROR, "done"),
        ("silent-at-login", Outcome.SILENT, "login"),
        ("resets-at-login", Outcome.RESET, "login"),
        ("garbage-at-login", Outcome.GARBAGE, "login"),
        ("cut-route", Outcome.GARBAGE, "login"),
        ("silent", Outcome.SILENT, "pre-login"),
    ],
)
def test_every_way_a_login_ends(tds: dict[str, int], behaviour: str, outcome: Outcome, stage: str) -> None:
    """Where it stopped is known, and a circle of redirects ends."""
    result = probe_login(LOOPBACK, tds[behaviour], HOST, timeout=3 if "silent" in behaviour else 20, consent=True)
    assert (result.outcome, result.stopped_at.stage) == (outcome, stage)
    assert result.proves and result.does_not_prove and len(result.hops) <= 5


# --- names -------------------------------------------------------------------------------------------------------


def test_a_named_server_gives_the_whole_chain(dns_port: int) -> None:
    """Every CNAME, the address with its class, and how long it lives."""
    result = ask_server(HOST, LOOPBACK, port=dns_port)
    assert (result.outcome, result.ttl) == (Outcome.RESOLVED, 20)
    assert result.chain == ("tr12.westeurope1-a.worker.vnet.database.windows.net",)
    assert [(a.address, a.kind) for a in result.answers] == [("10.4.0.254", AddressClass.PRIVATE)]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("nobody.database.windows.net", Outcome.NXDOMAIN),
        ("empty.a1b2c3d4e5f6.database.windows.net", Outcome.NO_ADDRESS),
        ("refused.example", Outcome.SERVER_FAILED),
        ("broken.example", Outcome.SERVER_FAILED),
        ("garbage.example", Outcome.GARBAGE),
        ("round.steps", Outcome.NO_ADDRESS),
        ("silent.example", Outcome.TIMEOUT),
    ],
)
def test_every_way_a_question_ends(dns_port: int, name: str, outcome: Outcome) -> None:
    """A negative answer, a failing server and silence are three things."""
    result = ask_server(name, LOOPBACK, timeout=SHORT if outcome is Outcome.TIMEOUT else 10, port=dns_port)
    assert result.outcome is outcome
    assert result.proves and result.does_not_prove


def test_a_negative_answer_says_who_gives_it(dns_port: int) -> None:
    """An internal zone that hides the public one shows by its first server."""
    result = ask_server("nobody.database.windows.net", LOOPBACK, port=dns_port)
    assert result.authority == "database.windows.net (ns1.internal.example)" and result.authoritative


def test_links_lost_packets_and_large_answers(dns_port: int) -> None:
    """A chain given link by link, a lost packet, and an answer too large for UDP are all read whole."""
    steps = ask_server("one.steps", LOOPBACK, port=dns_port)
    assert (steps.addresses, steps.chain) == (("192.168.7.7",), ("two.steps", "three.steps"))
    assert ask_server("lost.example", LOOPBACK, timeout=2, port=dns_port).addresses == ("10.1.1.1",)
    assert len(ask_server("large.example", LOOPBACK, port=dns_port).addresses) == 100


def test_the_system_resolver_answers_without_any_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dnspython names still resolve, and what is lost is said."""
    monkeypatch.setattr(dns_probe, "available", lambda: False)
    result = ask_system("localhost")
    assert result.outcome is Outcome.RESOLVED and LOOPBACK in result.addresses
    assert "dnspython is not installed" in result.lost
    asked = ask_server(HOST, LOOPBACK)
    assert asked.outcome is Outcome.UNAVAILABLE and "dnspython" in asked.does_not_prove
    assert dns_probe.system_servers() == ()


def test_a_name_that_no_resolver_may_know() -> None:
    """`.invalid` never exists; offline machines may answer with silence."""
    assert ask_system("mi.invalid").outcome in (Outcome.NXDOMAIN, Outcome.TIMEOUT)


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (11001, Outcome.NXDOMAIN), (11002, Outcome.TIMEOUT), (11003, Outcome.SERVER_FAILED),
        (11004, Outcome.NO_ADDRESS), (-2, Outcome.NXDOMAIN), (-3, Outcome.TIMEOUT), (-4, Outcome.SERVER_FAILED),
        (-5, Outcome.NO_ADDRESS), (4711, Outcome.FAILED),
    ],
)  # fmt: skip
def test_resolver_errors_of_windows_and_linux(monkeypatch: pytest.MonkeyPatch, number: int, outcome: Outcome) -> None:
    """11001 is "does not exist", 11002 "nobody answered": the difference decides what to look at."""
    import socket

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "words of the system")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    if number < 0 and socket.EAI_NONAME != -2:
        pytest.skip("These are the numbers of Linux.")
    assert ask_system("mi.example").outcome is outcome


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver cannot be interrupted; the probe ends all the same."""
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(5))
    result = ask_system("mi.example", timeout=0.3)
    assert result.outcome is Outcome.TIMEOUT and result.ms < 4000


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.4.0.254", "private"), ("172.31.255.1", "private"), ("172.32.0.1", "public"), ("192.168.1.1", "private"),
        ("100.64.0.9", "shared"), ("127.0.0.53", "loopback"), ("169.254.169.254", "link-local"), ("fd00::1", "private"),
        ("fe80::1%eth0", "link-local"), ("20.10.20.30", "public"), ("240.0.0.1", "other"), ("nonsense", "other"),
    ],
)  # fmt: skip
def test_address_classes(address: str, kind: str) -> None:
    """The class decides which paths can lead to an address."""
    assert address_class(address).value == kind


def test_hosts_file_keeps_only_names_of_sql_instances(tmp_path: Path) -> None:
    """Lines of other names are counted and never kept: they may be private."""
    file = tmp_path / "hosts"
    file.write_bytes(
        f"\ufeff127.0.0.1 localhost secret-host # x\r\n10.4.0.9\t{HOST.upper()}. # pinned\r\nbad line\r\n"
        "10.9.9.9 my.alias\r\n".encode()
    )
    hosts = read_hosts(file, also=("my.alias",))
    assert [(e.address, e.line) for e in hosts.of(HOST)] == [("10.4.0.9", 2)]
    assert [e.address for e in hosts.of("MY.alias")] == ["10.9.9.9"]
    assert hosts.others == 2 and "secret" not in repr(hosts)
    assert read_hosts(tmp_path / "none").problem


def test_a_call_that_fails_in_its_thread_fails_for_the_caller() -> None:
    """Errors of a bounded call are not lost."""
    with pytest.raises(ZeroDivisionError):
        Budget(5).run(lambda: 1 // 0, Outcome.TIMEOUT)
