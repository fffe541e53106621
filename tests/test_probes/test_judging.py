"""Real probe results, set side by side: the failing layer, its suspects, the next test; and the command that shows it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mi_workbook import cli
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis import probing
from mi_workbook.diagnosis.probe_layers import symptoms
from mi_workbook.diagnosis.probing import Judgement, judge
from mi_workbook.evidence.hosts import HostsEntry, HostsFile
from mi_workbook.evidence.machine import Machine, Route, interface
from mi_workbook.evidence.probes.dns import DnsResult, ask_server
from mi_workbook.evidence.probes.login import probe_login
from mi_workbook.evidence.probes.outcome import Outcome
from mi_workbook.evidence.probes.run import Probes, Wishes, observations, run
from mi_workbook.evidence.probes.tcp import TcpResult, probe_tcp
from mi_workbook.evidence.probes.tds import probe_tds
from mi_workbook.evidence.snapshot import from_document
from mi_workbook.reach.names import read_name
from test_probes.conftest import HOST

LOOPBACK = "127.0.0.1"
ZONE = HOST.partition(".")[2]
NO_HOSTS = HostsFile("/etc/hosts")


def answer(name: str, dns_port: int, server: str = "system resolver") -> DnsResult:
    """What the test's DNS server says, as if this machine's resolver had asked it."""
    return replace(ask_server(name, LOOPBACK, 10, port=dns_port), server=server)


def made(host: str, port: int, **parts: object) -> Probes:
    """Probes of some layers."""
    return Probes(host, port, "2026-01-01T00:00:00+00:00", NO_HOSTS, **parts)  # type: ignore[arg-type]


def through(host: str, dns_port: int, tds_port: int, *, login: bool = False, port: int = 1433) -> Judgement:
    """All layers for a name whose address, for the test, is a server on loopback."""
    tds = probe_tds(LOOPBACK, tds_port, host)
    tried = probe_login(LOOPBACK, tds_port, host, 3, consent=True) if login else None
    probes = made(host, port, dns=(answer(host, dns_port),), tcp=(probe_tcp(LOOPBACK, tds_port),), tds=tds, login=tried)
    return judge(read_name(f"{host},{port}"), probes)


def faults(judged: Judgement) -> list[str]:
    """Ids of the suspects."""
    return [suspect.fault for suspect in judged.suspects]


def notes(judged: Judgement) -> list[str]:
    """Ids of the cautions."""
    return [caution.fault for caution in judged.cautions]


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "symptom", "suspect"),
    [
        (f"mi-ordres.{ZONE}", "name-nxdomain", "name-typo"),
        (f"mi-ordres.public.{ZONE},3342", "name-nxdomain-public", "pub-disabled"),
        ("mi-orders.database.windows.net", "name-no-zone", "fqdn-no-zone"),
        (f"empty.{ZONE}", "name-no-address", "pe-record-missing-nxdomain"),
        ("broken.example", "name-failed", "dns-custom-no-forward"),
        (rf"mi-orders.{ZONE}\SQL1", "name-instance", "name-instance"),
    ],
)
def test_a_name_that_does_not_resolve_is_blocked_there(dns_port: int, typed: str, symptom: str, suspect: str) -> None:
    """The first layer that fails is the answer, and its first suspect fits the form of the name."""
    name = read_name(typed)
    judged = judge(name, made(name.host, name.port or 1433, dns=(answer(name.host, dns_port),)))
    assert (judged.verdict, judged.layer, judged.symptom) == (Verdict.BLOCKED, "name", symptom)
    assert faults(judged)[0] == suspect and judged.next_test


def test_silence_of_dns_is_not_a_wrong_name() -> None:
    """A dead DNS server is named, not the name."""
    silent = DnsResult(HOST, "system resolver", Outcome.TIMEOUT, 9000)
    judged = judge(read_name(HOST), made(HOST, 1433, dns=(silent,)))
    assert judged.symptom == "name-silent" and faults(judged)[0] == "dns-client-down"
    assert "name-typo" not in faults(judged)


def test_one_server_knows_what_this_machine_does_not(dns_port: int) -> None:
    """Resolvers that disagree point to forwarding and zones."""
    here = DnsResult(HOST, "system resolver", Outcome.NXDOMAIN, 3)
    judged = judge(read_name(HOST), made(HOST, 1433, dns=(here, answer(HOST, dns_port, "10.0.0.4"))))
    assert judged.symptom == "name-nxdomain-here" and "dns-custom-no-forward" in faults(judged)


def test_a_pinned_old_address_is_noted(dns_port: int) -> None:
    """The hosts file wins over DNS: where they differ, the line is the suspect."""
    pinned = replace(answer(HOST, dns_port), answers=())
    system = DnsResult(HOST, "system resolver", Outcome.RESOLVED, 1, answers=pinned.answers)
    hosts = HostsFile("/etc/hosts", (HostsEntry(HOST, "10.4.0.9", 7),))
    probes = replace(made(HOST, 1433, dns=(system, answer(HOST, dns_port, "10.0.0.4"))), hosts=hosts)
    told = [caution.why for caution in judge(read_name(HOST), probes).cautions if caution.fault == "ip-stale-hosts"]
    assert told and "10.4.0.9" in told[0]


def test_answers_of_two_kinds_are_noted(dns_port: int) -> None:
    """A public and a private address for one name: connections go astray."""
    host = f"mixed.{ZONE}"
    judged = judge(read_name(host), made(host, 1433, dns=(answer(host, dns_port),)))
    assert "dns-mixed-answers" in notes(judged)


# --- TCP ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "address", "outcome", "symptom", "suspect"),
    [
        (HOST, "10.4.0.254", Outcome.TIMEOUT, "tcp-timeout-private", "private-name-outside"),
        (f"mi-orders.public.{ZONE},3342", "20.10.20.30", Outcome.TIMEOUT, "tcp-timeout-public", "mi-nsg-3342"),
        (f"mi-orders.public.{ZONE}", "20.10.20.30", Outcome.TIMEOUT, "tcp-wrong-port-public", "port-wrong-1433-public"),
        (f"{HOST},3342", "10.4.0.254", Outcome.REFUSED, "tcp-wrong-port-private", "port-wrong-3342-private"),
        (HOST, "10.4.0.254", Outcome.REFUSED, "tcp-refused", "mi-stopped"),
        (HOST, "10.4.0.254", Outcome.UNREACHABLE, "tcp-unreachable", "p2s-route-missing"),
        (HOST, "10.4.0.254", Outcome.FORBIDDEN, "tcp-forbidden", "fw-local-host"),
        (HOST, "10.4.0.254", Outcome.RESET, "tcp-reset", "fw-client-out"),
    ],
)
def test_a_connection_that_does_not_open(
    typed: str, address: str, outcome: Outcome, symptom: str, suspect: str
) -> None:
    """Port, class of the address and kind of failure choose the suspects."""
    name = read_name(typed)
    tried = TcpResult(address, name.port or 1433, outcome, 10_000, 10)
    judged = judge(name, made(name.host, name.port or 1433, tcp=(tried,)))
    assert (judged.verdict, judged.layer, judged.symptom) == (Verdict.BLOCKED, "tcp", symptom)
    assert faults(judged)[0] == suspect and "{" not in judged.headline + judged.next_test


def test_a_port_that_opens_only_once_is_unknown(closed_port: int) -> None:
    """The second connection decides nothing by itself."""
    opened = TcpResult(LOOPBACK, closed_port, Outcome.OPEN, 1, 10)
    probes = made(HOST, closed_port, tcp=(opened,), tds=probe_tds(LOOPBACK, closed_port, HOST))
    judged = judge(read_name(HOST), probes)
    assert (judged.verdict, judged.symptom) == (Verdict.UNKNOWN, "tcp-unsteady")


def test_a_wait_that_was_too_short_says_nothing() -> None:
    """Without time for a second packet, silence is no proof."""
    tried = TcpResult("10.4.0.254", 1433, Outcome.TIMEOUT, 1000, 1.0)
    judged = judge(read_name(HOST), made(HOST, 1433, tcp=(tried,)))
    assert (judged.verdict, judged.symptom) == (Verdict.UNKNOWN, "tcp-too-short")


def test_one_of_two_addresses_answers(tds: dict[str, int], closed_port: int) -> None:
    """Some connections work: the verdict is neither, and the record is suspected."""
    tried = (probe_tcp(LOOPBACK, closed_port), probe_tcp(LOOPBACK, tds["silent"]))
    judged = judge(read_name(HOST), made(HOST, 1433, tcp=tried))
    assert (judged.verdict, judged.symptom) == (Verdict.UNKNOWN, "tcp-mixed")
    assert "dns-mixed-answers" in faults(judged)


def test_without_a_vpn_no_vpn_route_is_suspected() -> None:
    """This machine's own interfaces clear suspects, and the route to the address is shown."""
    tried = TcpResult("10.4.0.254", 1433, Outcome.TIMEOUT, 10_000, 10)
    probes = made(HOST, 1433, tcp=(tried,))
    lan = interface("eth0", up=True, addresses=["192.168.1.5/24"])
    tunnel = interface("tun0", up=True, addresses=["172.16.201.2/24"])
    bare = Machine("linux", (Route("0.0.0.0/0", "192.168.1.1", "eth0"),), (lan,))
    judged = judge(read_name(HOST), probes, bare)
    assert "p2s-route-missing" not in faults(judged) and "private-name-outside" in faults(judged)
    assert any(one.layer == "route" and "eth0" in one.says and "none" in one.says for one in judged.layers)
    assert "p2s-route-missing" in faults(judge(read_name(HOST), probes, replace(bare, interfaces=(lan, tunnel))))


# --- TDS, Redirect, login ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "symptom", "suspect"),
    [
        ("resets", "tls-cut", "fw-dpi"), ("closes-in-tls", "tls-cut", "fw-dpi"),
        ("garbage", "tls-not-sql", "fw-dpi"), ("no-encryption", "tls-not-sql", "fw-dpi"),
        ("newer-tls-only", "tls-failed", "fw-dpi"),
        ("tls-1-0-only", "tls-failed", "fw-dpi"),
    ],
)  # fmt: skip
def test_an_open_port_behind_which_tds_fails_is_blocked(
    dns_port: int, tds: dict[str, int], behaviour: str, symptom: str, suspect: str
) -> None:
    """TCP alone proves nothing."""
    judged = through(HOST, dns_port, tds[behaviour])
    assert (judged.verdict, judged.layer, judged.symptom) == (Verdict.BLOCKED, "tls", symptom)
    assert suspect in faults(judged)


@pytest.mark.usefixtures("trusted")
def test_a_vnet_local_gateway_that_answers_leaves_redirect_unknown(dns_port: int, tds: dict[str, int]) -> None:
    """1433 open, and TLS with it, prove nothing about Redirect: the verdict is unknown and names the test."""
    judged = through(HOST, dns_port, tds["denies"])
    assert (judged.verdict, judged.layer, judged.symptom) == (Verdict.UNKNOWN, "redirect", "redirect-untested")
    assert "--login" in judged.next_test and faults(judged)[0] == "mi-redirect-ports"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("host", "port"), [(f"mi-orders.public.{ZONE}", 3342), (f"mi-private.{ZONE}", 1433)])
def test_public_and_private_endpoints_are_always_proxy(
    monkeypatch: pytest.MonkeyPatch, dns_port: int, tds: dict[str, int], host: str, port: int
) -> None:
    """There TLS with a trusted certificate for the name is enough."""
    from mi_workbook.evidence.probes.certificate import Certificate

    monkeypatch.setattr(Certificate, "covers", lambda *_: True)  # the public name has one label more than the zone
    assert through(host, dns_port, tds["denies"], port=port).verdict is Verdict.REACHABLE


@pytest.mark.usefixtures("trusted")
def test_a_private_endpoint_of_others_does_not_make_the_path_proxy(dns_port: int, tds: dict[str, int]) -> None:
    """The public answer passes a privatelink name too and ends at the VNet-local address: Redirect stays open."""
    judged = through(f"mi-elsewhere.{ZONE}", dns_port, tds["denies"])
    assert (judged.verdict, judged.symptom) == (Verdict.UNKNOWN, "redirect-untested")


def test_a_certificate_that_is_not_trusted_is_not_the_instance(dns_port: int, tds: dict[str, int]) -> None:
    """TLS inspection shows as another issuer; nothing is called reachable."""
    judged = through(HOST, dns_port, tds["denies"])
    assert (judged.verdict, judged.symptom) == (Verdict.UNKNOWN, "tls-other-certificate")
    assert faults(judged)[0] == "fw-dpi" and "alias-cert" in notes(judged)


@pytest.mark.parametrize("behaviour", ["denies", "route=denies", "error=4060"])
def test_an_answered_login_proves_the_path(dns_port: int, tds: dict[str, int], behaviour: str) -> None:
    """18456, with and without Redirect, and a missing database: the network is fine."""
    judged = through(HOST, dns_port, tds[behaviour], login=True)
    assert (judged.verdict, judged.layer, judged.suspects) == (Verdict.REACHABLE, "", ())
    assert ("Redirect to localhost" in judged.headline) == behaviour.startswith("route")


@pytest.mark.parametrize(
    ("behaviour", "verdict", "layer", "symptom", "suspect"),
    [
        ("route=nobody", "blocked", "redirect", "redirect-tcp", "mi-redirect-ports"),
        ("route=nowhere", "blocked", "redirect", "redirect-name", "dns-redirect-host"),
        ("route=resets-in-tls", "blocked", "redirect", "redirect-cut", "fw-dpi"),
        ("route=silent-at-login", "unknown", "redirect", "redirect-cut", "fw-dpi"),
        ("route=self", "unknown", "redirect", "redirect-circle", "mi-transient"),
        ("error=40532", "blocked", "login", "login-not-routed", "ip-used"),
        ("error=40615", "blocked", "login", "login-logical-server", "fqdn-logical-server"),
        ("error=47072", "blocked", "login", "login-tls-minimum", "tls-min"),
        ("error=40613", "unknown", "login", "login-transient", "mi-transient"),
        ("error=5", "unknown", "login", "login-other-error", None),
        ("accepts", "unknown", "login", "login-accepted", "ip-stale-hosts"),
        ("resets-at-login", "blocked", "login", "login-cut", "fw-dpi"),
    ],
)
def test_a_login_that_does_not_get_through(
    dns_port: int, tds: dict[str, int], behaviour: str, verdict: str, layer: str, symptom: str, suspect: str | None
) -> None:
    """The error's number, or the redirect's failing step, chooses the suspects."""
    judged = through(HOST, dns_port, tds[behaviour], login=True)
    assert (judged.verdict.value, judged.layer, judged.symptom) == (verdict, layer, symptom)
    assert next(iter(faults(judged)), None) == suspect
    assert "{" not in judged.headline


@pytest.mark.parametrize("layer", ["dns", "tcp", "tds"])
def test_what_was_stopped_is_unknown(layer: str) -> None:
    """A cancelled probe never blocks."""
    tcp = TcpResult("10.4.0.254", 1433, Outcome.OPEN, 5, 10)
    parts = {
        "dns": {"dns": (DnsResult(HOST, "system resolver", Outcome.CANCELLED, 5),)},
        "tcp": {"tcp": (replace(tcp, outcome=Outcome.CANCELLED),)},
        "tds": {"tcp": (tcp,), "tds": probe_tds(LOOPBACK, 1, HOST, cancelled=lambda: True)},
    }[layer]
    assert judge(read_name(HOST), made(HOST, 1433, **parts)).verdict in (Verdict.UNKNOWN,)


def test_the_symptoms_are_whole() -> None:
    """Every symptom has a layer, words, a next test; every placeholder is one that is filled."""
    for name, entry in symptoms().items():
        if name == "cautions":
            assert all(one["fault"] and one["says"] for one in entry.values())
            continue
        assert entry["layer"] in ("name", "tcp", "tls", "redirect", "login"), name
        assert Verdict(entry["verdict"]) and entry["says"] and entry["next"], name
        assert set(re.findall(r"\{(\w+)\}", repr(entry["says"] + entry["next"]))) <= {
            "host", "port", "address", "target",
        }  # fmt: skip


# --- all together ------------------------------------------------------------------------------------------------


def test_layers_behind_a_failing_one_are_not_asked(closed_port: int) -> None:
    """No TLS where nothing opens, no login without TLS."""
    probes = run("localhost", closed_port, Wishes(login=True, timeout=5))
    assert [result.outcome for result in probes.tcp] == [Outcome.REFUSED]
    assert probes.tds is None and probes.login is None


def test_results_are_observations_that_a_snapshot_keeps(tds: dict[str, int], tmp_path: Path) -> None:
    """They are plain JSON with kind, subject, time and format, and survive saving."""
    found = observations(run("localhost", tds["denies"], Wishes(login=True, timeout=5)))
    assert [one["kind"] for one in found] == [
        "hosts-file", "probe-dns", "probe-tcp", "probe-tds", "probe-tds", "probe-login",
    ]  # fmt: skip
    assert all(set(one) == {"kind", "about", "at", "format", "value"} for one in found)
    kept = from_document({"observations": json.loads(json.dumps(found))})
    assert list(kept.observations) == found


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("behaviour", "words", "code"),
    [
        ("denies", [], 0), ("denies", ["--login"], 0), ("route=denies", ["--login"], 0),
        ("route=nobody", ["--login"], 1), ("error=40613", ["--login"], 3), ("resets", [], 1), ("garbage", [], 1),
    ],
)  # fmt: skip
def test_the_command_ends_with_the_verdicts_code(
    tds: dict[str, int], capsys: pytest.CaptureFixture[str], behaviour: str, words: list[str], code: int
) -> None:
    """`mi-workbook probe`: 0 reachable, 1 blocked, 3 unknown, in text and in JSON."""
    target = f"localhost,{tds[behaviour]}"
    assert cli.main(["probe", target, "--timeout", "20", *words]) == code
    told = capsys.readouterr().out
    assert "Proved:" in told and "\x1b[31m" not in told
    assert cli.main(["probe", f"tcp:{target}", "--timeout", "20", "--json", *words]) == code
    document = json.loads(capsys.readouterr().out)
    assert {"reachable": 0, "blocked": 1, "unknown": 3}[document["verdict"]] == code
    assert document["schema"] == "mi-workbook/probe/1"
    assert {"machine-routes", "machine-dns"} <= {one["kind"] for one in document["observations"]}


@pytest.mark.parametrize(
    "words",
    [
        ["not a name!"], [""], ["a..b"], ["x" * 300], ["localhost,99999"], ["localhost,0"],
        ["localhost", "--timeout", "0"], ["localhost", "--timeout", "nan"], ["localhost", "--dns", "dns.example"],
        ["localhost", "--dns", "10.0.0.4#0"],
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_probed_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, what is wrong and what to write instead; nothing is sent."""
    assert cli.main(["probe", *words]) == 2
    told = capsys.readouterr().err
    assert told.startswith("mi-workbook: ") and "Traceback" not in told


def test_results_can_be_judged_where_there_is_no_tls() -> None:
    """A browser's Python has neither ssl nor dnspython nor psutil; the import of the judge must not need them."""
    import subprocess
    import sys

    code = (
        "import sys; sys.modules.update(dict.fromkeys(('ssl', '_ssl', 'dns', 'psutil'))); "
        "import threading; import mi_workbook.views.probe; print(threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "1", done.stderr


def test_ctrl_c_is_no_crash(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A stopped probe is unknown."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(probing, "run", stopped)
    assert cli.main(["probe", "localhost"]) == 3
    assert "stopped" in capsys.readouterr().err
