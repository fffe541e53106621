"""An OpenVPN profile (.ovpn), as the folder OpenVPN of a gateway's client package has it.

Rows: {"what": "route", ... common shape, "tunnel": False where the route leads past the tunnel (net_gateway)}; {"what":
"server", "name", "port", "protocol"}; {"what": "dns-server", "address"}; {"what": "dns-suffix", "suffix"}. Certificates
and keys between <tags> are dropped while reading. Source: openvpn(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import NO_END, bare_address, is_ipv4, prefix, whole_number
from mi_workbook.evidence.pastes.vpn_values import (
    FORCED,
    dns_server,
    dns_suffix,
    forced,
    server,
    target_of,
    tunnel_route,
)

KIND = "openvpn-profile"
TITLE = "OpenVPN profile (.ovpn)"

TAG = re.compile(r"^\s*<(/?)([a-z0-9-]{1,30})>\s*$")
KNOWN = frozenset({
    "client", "dev", "dev-type", "proto", "remote", "remote-random", "remote-random-hostname", "resolv-retry",
    "nobind", "persist-key", "persist-tun", "remote-cert-tls", "verify-x509-name", "verb", "mute", "cipher",
    "data-ciphers", "data-ciphers-fallback", "ncp-ciphers", "auth", "auth-nocache", "auth-user-pass", "auth-retry",
    "tls-client", "tls-timeout", "tls-version-min", "tls-version-max", "tls-cipher", "tls-auth", "tls-crypt", "key-direction",
    "reneg-sec", "route", "route-ipv6", "route-metric", "route-method", "route-delay", "route-gateway",
    "route-nopull", "dhcp-option", "redirect-gateway", "pull", "pull-filter", "ca", "cert", "key", "pkcs12",
    "comp-lzo", "compress", "ping", "ping-restart", "keepalive", "tun-mtu", "mssfix", "fragment", "sndbuf",
    "rcvbuf", "log", "log-append", "setenv", "script-security", "up", "down", "explicit-exit-notify",
    "connect-retry", "connect-retry-max", "connect-timeout", "server-poll-timeout", "float", "local", "lport",
    "rport", "port", "register-dns", "block-outside-dns", "topology", "user", "group", "mtu-disc", "disable-dco",
    "windows-driver", "crl-verify", "extra-certs", "secret", "management", "hand-window",
})  # fmt: skip
MEANS = {
    "route-nopull": "route-nopull: routes that the gateway pushes are not taken over.",
    "pull-filter": "pull-filter: some of what the gateway pushes is not taken over.",
    "redirect-gateway": FORCED,
}
GAP = 3


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of directives that hold `remote` and one of `client`, `dev`, `proto`."""
    at = 0
    while at < len(lines):
        if _word(lines[at].text) not in KNOWN:
            at += 1
            continue
        last, words = _run(lines, at)
        if "remote" in words and words & {"client", "dev", "proto"}:
            yield Claim(at, last)
        at = last + 1


def _word(text: str) -> str:
    return text.split(None, 1)[0] if text.strip() else ""


def _run(lines: Sequence[Line], first: int) -> tuple[int, set[str]]:
    """The last line of the profile that starts here, and its directives. A tag that is never closed takes all."""
    last, words, strange, inside = first, set(), 0, ""
    for at in range(first, len(lines)):
        text = lines[at].text
        tag = TAG.match(text)
        if tag:
            inside = "" if tag[1] else inside or tag[2]
        known = bool(tag) or bool(inside) or _word(text) in KNOWN
        if known:
            last, strange = at, 0
            words |= set() if inside or tag else {_word(text)}
        elif text.strip() and not text.lstrip().startswith(("#", ";")):
            strange += 1
            if strange > GAP:
                break
    return last, words


def read(lines: Sequence[Line]) -> Reading:
    """Read a block."""
    rows: list[dict[str, Any]] = []
    left: list[Line] = []
    notes: list[str] = [NO_END]
    dropped: list[str] = []
    inside = ""
    for line in lines:
        tag = TAG.match(line.text)
        if tag:
            inside = "" if tag[1] else inside or tag[2]
            dropped += [inside] if inside else []
        elif not inside and line.text.strip() and not line.text.lstrip().startswith(("#", ";")):
            _directive(line, rows, left, notes)
    notes += [f"Dropped while reading: {', '.join(dict.fromkeys(dropped))}."] if dropped else []
    notes += [f"<{inside}> is not closed: the profile is cut off."] if inside else []
    notes += [FORCED] if forced(rows) and FORCED not in notes else []
    return Reading(KIND, TITLE, tuple(rows), tuple(left), tuple(notes), not inside)


def _directive(line: Line, rows: list[dict[str, Any]], left: list[Line], notes: list[str]) -> None:
    words = line.text.split()
    if words[0] in MEANS and MEANS[words[0]] not in notes:
        notes.append(MEANS[words[0]])
    if words[0] not in KNOWN:
        left.append(Line(line.number, line.text))
    elif words[0] in ("remote", "route", "route-ipv6", "dhcp-option"):
        row = directive(words)
        rows += [row] if row else []
        left += [] if row else [line]


def directive(words: Sequence[str]) -> dict[str, Any] | None:
    """The row of a directive that is kept, None where its words are not understood."""
    if len(words) < 2:
        return None
    if words[0] == "remote":
        found = server(words[1]) if not bare_address(words[1]) else {"what": "server", "name": words[1]}
        port = whole_number(words[2]) if len(words) > 2 else None
        return found | {"port": port, "protocol": words[3] if len(words) > 3 else ""} if found else None
    if words[0] == "dhcp-option":
        return _option(words)
    return _route(words)


def _option(words: Sequence[str]) -> dict[str, Any] | None:
    kind, value = words[1].upper(), words[2] if len(words) > 2 else ""
    if kind in ("DNS", "DNS6"):
        return dns_server(value)
    if kind in ("DOMAIN", "DOMAIN-SEARCH", "ADAPTER_DOMAIN_SUFFIX"):
        return dns_suffix(value)
    return {"what": "option", "name": kind} if kind.isascii() and kind.replace("-", "").isalnum() else None


def _route(words: Sequence[str]) -> dict[str, Any] | None:
    """route network [mask [gateway [metric]]]; without a mask it is one address."""
    if words[0] == "route-ipv6":
        target = prefix(words[1])
        return tunnel_route(target, tunnel=True) if target else None
    mask = words[2] if len(words) > 2 and words[2] != "default" else "255.255.255.255"
    gateway = words[3] if len(words) > 3 else "vpn_gateway"
    target = target_of(words[1], mask) if is_ipv4(words[1]) else ""
    return tunnel_route(target, tunnel=gateway != "net_gateway") if target else None
