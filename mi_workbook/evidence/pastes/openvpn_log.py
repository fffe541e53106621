"""The log of an OpenVPN client (OpenVPN 2 and 3, also inside Tunnelblick): what the gateway pushed, and what became of it.

Rows: {"what": "route", ... common shape, "tunnel": False where it leads past the tunnel} and {"what": "dns-server", "address"},
{"what": "dns-suffix", "suffix"} of the last PUSH_REPLY; {"what": "assigned", "address"}: the client's own; {"what": "event",
"result": connected | auth-failed | handshake-failed | name-not-found | route-failed | closed, "says"}. That a route was pushed is
no proof that it is in use: the routing table shows that. Source: openvpn(8) (PUSH_REPLY holds options of the client's side);
error texts of OpenVPN's route.c, ssl.c, init.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.openvpn_profile import directive
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import MASKS, bare_address, is_ipv4
from mi_workbook.evidence.pastes.vpn_values import FORCED, forced

KIND = "openvpn-log"
TITLE = "Log of an OpenVPN client"
PUSH = re.compile(r"PUSH: Received control message: '(?P<text>PUSH_REPLY[^']*)(?P<end>'?)")
# OpenVPN 3 prints the options of a PUSH_REPLY one by one, each word in brackets.
OPTION = re.compile(r"^\s*\d{1,3} (?P<words>\[[^\[\]]{1,120}\](?: \[[^\[\]]{0,120}\])*)\s*$")
OPTIONS = re.compile(r"\bOPTIONS:\s*$")
STAMP = re.compile(
    r"^\s*(?:\*?Tunnelblick: |\[?)(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} [ \d]?\d \d\d:\d\d:\d\d"
    r"(?:\.\d+)?(?: \d{4})?|\w{3} \d{1,2}, \d{4}, \d\d:\d\d:\d\d|\w{3} [ \d]\d \d\d:\d\d:\d\d \S{1,80} (?:nm-)?openvpn\S{0,80}:)(?:\s+us=\d+)?\]?\s"
)
# Words of its own lines: other programs write the same time before theirs.
OF_TOOL = re.compile(
    r"OpenVPN|openvpn|OPTIONS IMPORT|Channel|MANAGEMENT|TCP/UDP|(?:UDP|TCP)v\d|\bTLS\b|VERIFY|SENT CONTROL|Peer Connection|TUN/TAP|TAP-|tun\d|utun|"
    r"open_tun|net_(?:route|addr|iface)|route\.exe|/route|SIG(?:USR1|TERM|HUP)|ifconfig|interactive service|Windows version|library versions|"
    r"ROUTE|EVENT:|AF_INET|Timers|DCO|Preserving|Attempting|Socket|\bSession\b|Tunnel Options"
)
EVENTS = (
    ("connected", re.compile(r"Initialization Sequence Completed|EVENT: CONNECTED")),
    ("auth-failed", re.compile(r"AUTH_FAILED|AUTH: Received control message: AUTH_FAILED")),
    (
        "handshake-failed",
        re.compile(r"TLS (?:key negotiation failed|handshake failed)|TLS Error: TLS (?:key|handshake)"),
    ),
    ("name-not-found", re.compile(r"RESOLVE: Cannot resolve host address")),
    (
        "route-failed",
        re.compile(r"route addition failed|route add command failed|Linux route add command failed", re.IGNORECASE),
    ),
    ("closed", re.compile(r"SIGTERM\[|process exiting|EVENT: DISCONNECTED")),
)
EXISTS = re.compile(r"\bstatus=5010\b|File exists|object already exists", re.IGNORECASE)
NO_PUSH = "No PUSH_REPLY is in the log: which routes and name servers the gateway gave is not shown."
AGAIN = "The log holds several connections; the last one counts."
GAP = 6
LEAST = 2


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of lines with a time stamp that hold a PUSH_REPLY or one of the known events; one PUSH_REPLY alone will do."""
    return at.runs(lines, _block)


def _block(lines: Sequence[Line], first: int) -> tuple[int, bool] | None:
    """The last line of the log that begins here, and whether enough of it is known."""
    if not (_known(lines[first].text) or _is_own(lines[first].text)):
        return None
    last, gap, known = first, 0, 0
    for here in range(first, len(lines)):
        text = lines[here].text
        if (word := _known(text)) or _is_own(text):
            last, gap = here, 0
            known += LEAST if word == "push" else bool(word)
        elif not at.blank(text):
            gap += 1
            if gap > GAP or at.is_command(text):
                break
    return last, known >= LEAST


def _is_own(text: str) -> bool:
    """True for a line of the client's log, known or not."""
    return bool(STAMP.match(text)) and bool(OF_TOOL.search(text))


def _known(text: str) -> str:
    """The event of a line, "push" for a PUSH_REPLY, "option" for one of its options, "" for none."""
    if PUSH.search(text) or OPTIONS.search(text):
        return "push"
    if OPTION.match(text):
        return "option"
    return next((result for result, pattern in EVENTS if pattern.search(text)), "")


def read(lines: Sequence[Line]) -> Reading:
    """The last connection of the log."""
    found = at.Found()
    pushed: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    pushes = 0
    for line in lines:
        push, result = PUSH.search(line.text), _known(line.text)
        if result == "push":
            pushes += 1
            options = push["text"].split(",")[1:] if push else []
            cut = push is not None and not push["end"]
            # Of an option that is cut off the rest may say the contrary: `route ... net_gateway` leads past the tunnel.
            pushed, events = _pushed(found, line, options[:-1] if cut else options), []
            if cut:
                found.cut("The PUSH_REPLY is cut off: routes may be missing.")
        elif result == "option":
            pushed += _pushed(found, line, [re.sub(r"\] \[|[\[\]]", " ", line.text.strip().partition(" ")[2])])
        elif result and not (result == "route-failed" and EXISTS.search(line.text)):
            says = STAMP.sub("", line.text).strip()
            events.append({"what": "event", "result": result, "says": says[:300]})
    found.rows = pushed + events
    if not pushes:
        found.say(NO_PUSH)
    if pushes > 1:
        found.say(AGAIN)
    if forced(pushed):
        found.say(FORCED)
    found.say(at.MAY_GO_ON)
    return found.reading(KIND, TITLE, lines)


def _pushed(found: at.Found, line: Line, options: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of options of a PUSH_REPLY."""
    rows: list[dict[str, Any]] = []
    for option in options:
        words = option.split()
        if words[:1] == ["ifconfig"] and len(words) > 2 and is_ipv4(words[1]):
            length = MASKS.get(words[2])
            rows.append(
                {
                    "what": "assigned",
                    "address": f"{words[1]}/{length}" if length is not None else bare_address(words[1]),
                }
            )
        elif words[:1] in (["route"], ["route-ipv6"], ["dhcp-option"]):
            row = directive(words)
            rows += [row] if row else []
            if row is None:
                found.left.append(Line(line.number, option))
        elif words[:1] == ["redirect-gateway"]:
            found.say(FORCED)
    return rows
