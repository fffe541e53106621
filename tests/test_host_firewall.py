"""A machine's own packet filter: blocked only where a rule surely meets the packet, reachable only where all was seen."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import Diagnosis, diagnose
from mi_workbook.evidence.snapshot import from_document
from mi_workbook.reach.host_firewall import Packet, by_linux, by_windows

R, B, U = Verdict.REACHABLE, Verdict.BLOCKED, Verdict.UNKNOWN
SQL = Packet("10.0.0.4", 1433)
OUT = {"what": "policy", "chain": "OUTPUT", "action": "ACCEPT"}


def rule(text: str, chain: str = "OUTPUT") -> dict[str, str]:
    """A rule as `iptables -S` prints it."""
    return {"what": "rule", "chain": chain, "text": text}


def chain(*rules: str, policy: str = "accept", hook: str = "output", kind: str = "filter") -> dict[str, Any]:
    """A base chain as `nft list ruleset` prints it."""
    return {
        "what": "nft-chain",
        "family": "inet",
        "table": "f",
        "chain": "o",
        "type": kind,
        "hook": hook,
        "policy": policy,
        "rules": list(rules),
    }


@pytest.mark.parametrize(("rows", "verdict"), [
    ([OUT], R), ([], U), ([{**OUT, "action": "DROP"}], B),
    ([OUT, rule("-p tcp -m tcp --dport 1433 -j DROP")], B), ([OUT, rule("-p tcp -m tcp --dport 1400:1500 -j REJECT --reject-with tcp-reset")], B),
    ([OUT, rule("-p tcp -m multiport --dports 80,443 -j DROP")], R), ([OUT, rule("-p udp --dport 1433 -j DROP")], R),
    ([OUT, rule("-d 10.0.0.0/8 -p tcp -j DROP")], B), ([OUT, rule("-d 192.168.0.0/16 -p tcp -j DROP")], R),
    ([OUT, rule("! -d 10.0.0.0/8 -p tcp -j DROP")], U), ([OUT, rule("-p tcp --dport 1433 -m owner --uid-owner 1000 -j DROP")], U),
    ([OUT, rule("-o lo -j DROP")], R), ([OUT, rule("-m conntrack --ctstate INVALID -j DROP")], R), ([OUT, rule("-p tcp --syn -j DROP")], B),
    ([OUT, rule("-m conntrack --ctstate NEW -j DROP")], B), ([OUT, rule("-p tcp --dport 1433 -j LOG --log-prefix sql")], R),
    ([{**OUT, "action": "DROP"}, rule("-p tcp --dport 1433 -j ACCEPT")], R), ([{**OUT, "action": "DROP"}, rule("-m set --match-set ok dst -j ACCEPT")], U),
    ([OUT, rule("-j SQL"), rule("-p tcp --dport 1433 -j DROP", "SQL")], B), ([OUT, rule("-j SQL"), rule("-p tcp --dport 1433 -j RETURN", "SQL"), rule("-j DROP", "SQL")], R),
    ([OUT, rule("-j NOWHERE")], U), ([OUT, rule("-j A"), rule("-j B", "A"), rule("-j A", "B")], U), ([OUT, rule('-p tcp --comment "unclosed -j DROP')], U),
    ([OUT, chain()], R), ([chain(policy="drop")], B), ([chain("tcp dport 1433 drop")], B), ([chain("tcp dport { 80, 1433 } counter packets 1 bytes 2 reject")], B),
    ([chain("tcp dport { 80, 443 } accept", policy="drop")], B), ([chain("ip daddr 10.0.0.0/8 tcp dport 1433 accept", policy="drop")], R),
    ([chain("ct state established,related accept", 'oifname "lo" accept', policy="drop")], B), ([chain("ct state vmap { established : accept }")], U),
    ([chain("meta skuid 1000 tcp dport 1433 drop")], U), ([chain("jump more")], U), ([chain("tcp dport 1433 drop", hook="input"), OUT], R),
    ([chain("tcp dport 1433 drop", kind="nat"), OUT], R), ([OUT, chain("tcp dport 1433 drop")], B), ([chain(), chain(policy="drop")], B),
])  # fmt: skip
def test_linux(rows: list[dict[str, Any]], verdict: Verdict) -> None:
    """First terminating rule, then the policy; every base chain is passed; what is not understood is unknown."""
    found, says = by_linux(rows, True, SQL)
    assert found is verdict and says
    assert by_linux(rows, False, SQL)[0] is (U if verdict is R else verdict)


def block(**more: Any) -> dict[str, Any]:
    """An enabled outbound block rule of Windows."""
    return {
        "what": "block-rule",
        "name": "no",
        "profile": "Any",
        "protocol": "TCP",
        "ports": ["1433"],
        "addresses": ["Any"],
        "program": "Any",
        **more,
    }


PROFILE = {"what": "profile", "name": "Domain", "enabled": True, "outbound": "Allow"}


@pytest.mark.parametrize(("rows", "verdict"), [
    ([PROFILE], R), ([], U), ([{**PROFILE, "outbound": "NotConfigured"}], R), ([{**PROFILE, "outbound": "Block"}], U), ([{**PROFILE, "enabled": False, "outbound": "Block"}], R),
    ([PROFILE, block()], B), ([PROFILE, block(ports=["80", "443"])], R), ([PROFILE, block(ports=["1400-1500"])], B), ([PROFILE, block(ports=["Any"], protocol="Any")], B),
    ([PROFILE, block(protocol="UDP")], R), ([PROFILE, block(program="C:\\\\app.exe")], U), ([PROFILE, block(profile="Domain, Private")], U),
    ([PROFILE, block(addresses=["10.0.0.0/255.0.0.0"])], B), ([PROFILE, block(addresses=["192.168.0.0/16"])], R), ([PROFILE, block(addresses=["LocalSubnet"])], U),
    ([PROFILE, {**PROFILE, "name": "Public", "enabled": False}, block()], U), ([{**PROFILE, "enabled": False}, block()], U), ([{**PROFILE, "enabled": None}, block()], U),
    ([PROFILE, block(addresses=[])], B), ([PROFILE, block(ports=None)], B), ([PROFILE, block(ports=["RPC"])], R),
])  # fmt: skip
def test_windows(rows: list[dict[str, Any]], verdict: Verdict) -> None:
    """A block rule wins; by program, profile or a word for an address it meets perhaps; a default of Block is not decided here."""
    assert by_windows(rows, True, SQL)[0] is verdict
    assert by_windows(rows, False, SQL)[0] is (U if verdict is R else verdict)


def test_without_an_address_a_rule_for_one_is_not_sure() -> None:
    """The output did not show what was tried."""
    somewhere = Packet("", 1433)
    assert by_windows([PROFILE, block(addresses=["10.0.0.0/8"])], True, somewhere)[0] is U
    assert by_linux([OUT, rule("-d 10.0.0.0/8 -j DROP")], True, somewhere)[0] is U
    assert by_linux([chain("ip daddr 10.0.0.0/8 drop")], True, somewhere)[0] is U


def test_chains_that_call_each_other_are_followed_once() -> None:
    """A thousand jumps from each of ten chains into the next: answered at once."""
    rows = [OUT, rule("-j C0")]
    rows += [rule(f"-j C{level + 1}", f"C{level}") for level in range(10) for _ in range(1000)] + [
        rule("-p tcp --dport 1433 -j DROP", "C10")
    ]
    began = time.monotonic()
    assert by_linux(rows, True, SQL)[0] is B
    assert by_linux([chain("x " * 40_000 + "drop")], True, SQL)[0] is U
    assert time.monotonic() - began < 5


WORDS = st.sampled_from(
    [
        "-p",
        "tcp",
        "udp",
        "--dport",
        "1433",
        "80",
        "-d",
        "10.0.0.0/8",
        "!",
        "-j",
        "DROP",
        "ACCEPT",
        "RETURN",
        "A",
        "-m",
        "set",
        "--ctstate",
        "NEW",
        '"',
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["OUTPUT", "A", "B"]), st.lists(WORDS, max_size=8)), max_size=8), st.booleans()
)
def test_whatever_the_rules_one_that_is_not_understood_never_proves(
    rules: list[tuple[str, list[str]]], whole: bool
) -> None:
    """No crash, and a rule with an unknown condition before everything else takes certainty away from any other end."""
    rows = [OUT, *(rule(" ".join(words), name) for name, words in rules)]
    found, _ = by_linux(rows, whole, SQL)
    assert found in {R, B, U} and (whole or found is not R)
    doubted, _ = by_linux(
        [OUT, rule("-m strange --thing 1 -j ACCEPT"), rule("-m strange --thing 1 -j DROP"), *rows[1:]], whole, SQL
    )
    assert doubted is U


def test_a_test_that_another_machine_sent_proves_no_firewall_of_this_one() -> None:
    """Its address is none of the source's."""
    one = case("same-vnet-guest-firewall")
    document = copy.deepcopy(one.snapshot().to_dict())
    tried = next(o for o in document["observations"] if o["kind"] == "test-netconnection")
    tried["value"][0]["source"] = "10.0.1.99"
    found = diagnose(from_document(document), one.source, one.target, one.endpoint)
    assert (found.verdict, found.root_cause) == (Verdict.UNKNOWN, None)


def _guest(*left_out: str, **changed: Any) -> Diagnosis:
    """The case of a VM whose own firewall blocks, without some of its outputs (by place), or with changed members in all."""
    one = case("same-vnet-guest-firewall")
    document = one.snapshot().to_dict()
    own = [o for o in document["observations"] if o["kind"] != "effectiveSecurityAdminRules"]
    names = dict(zip(("test", "profiles", "rules"), own, strict=True))
    document["observations"] = [{**o, **changed} for name, o in names.items() if name not in left_out]
    return diagnose(from_document(document), one.source, one.target, one.endpoint)


def test_a_failed_test_and_a_rule_that_surely_blocks_are_one_cause() -> None:
    """Azure lets it through, the test on the VM failed, and its own rule says why."""
    found = _guest()
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "fw-own-rule")
    assert "Deny SQL to servers" in next(f.says for f in found.findings if f.fault == "fw-own-rule")


@pytest.mark.parametrize(
    ("left_out", "changed", "verdict"),
    [
        (("test",), {}, Verdict.UNKNOWN),
        (("profiles",), {}, Verdict.UNKNOWN),
        (("rules",), {}, Verdict.UNKNOWN),
        ((), {"whole": False}, Verdict.UNKNOWN),
        ((), {"not_understood": [{"line": 3, "text": "?"}]}, Verdict.UNKNOWN),
        ((), {"from": "vm-other"}, Verdict.REACHABLE),
    ],
)
def test_less_than_that_is_no_proof(left_out: tuple[str, ...], changed: dict[str, Any], verdict: Verdict) -> None:
    """Rules without a test may be old, a test without all rules has no cause, and another machine's outputs say nothing."""
    found = _guest(*left_out, **changed)
    assert found.verdict is verdict
    assert found.root_cause is None
