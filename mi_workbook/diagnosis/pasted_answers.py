"""What pasted answers of tools let us conclude: what each proves, what it does not, the next test, the suspects. Pure.

The words, and their sources, are in pasted_answers.toml. A conclusion is about the place that the output comes from; it
is never a path's verdict by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.ranges import NOTHING
from mi_workbook.diagnosis.pasted_facts import WEIGHTS, Conclusion, Facts, conclusion
from mi_workbook.diagnosis.pasted_names import answer_conclusions, disagreements, is_in, name_conclusions, other_name
from mi_workbook.diagnosis.pasted_system import ROUTES, log_conclusions, route_conclusions, server_conclusions
from mi_workbook.diagnosis.probe_layers import suffix_of
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT, REDIRECT_PORTS

PLACES = ("", "client", "azure-vm", "app-service-windows", "app-service-linux", "on-premises")
NAMES = frozenset(
    {"system-names", "host", "nslookup", "nslookup-debug", "resolve-dnsname", "dig", "nameresolver", "resolvectl-query"}
)
TESTS = frozenset({"test-netconnection", "psping", "tcpping", "nc", "curl", "telnet", "port-scan"})
APP_TOOLS = frozenset({"nameresolver", "tcpping"})
UNFIT_IN_APP = {
    "nslookup": "nslookup",
    "traceroute": "tracert",
    "psping": "psping",
    "test-netconnection": "Test-NetConnection",
}
APP_SECONDS = (20.0, 22.5)
DNS_PORT = 53
FAILED = {
    "refused": "tcp-refused", "unreachable": "tcp-unreachable", "blocked": "tcp-blocked", "name-not-found": "tcp-name", "unclear": "tcp-unclear", "failed": "tcp-unclear",
}  # fmt: skip


def conclude(readings: Sequence[Reading], facts: Facts | None = None, place: str = "") -> tuple[Conclusion, ...]:
    """Everything the readings of one place show, the weightiest first, each thing once.

    place: one of PLACES, "" for not known. Raises InputError for any other.
    """
    if place not in PLACES:
        raise InputError(f"'{place[:40]}' is no place.", remedy="Known: " + ", ".join(PLACES[1:]))
    found: dict[tuple[str, str], Conclusion] = {}
    for one in _all(readings, facts, place):
        key = (one.id, one.says)
        lines = found[key].lines + one.lines if key in found else one.lines
        found[key] = replace(one, lines=tuple(dict.fromkeys(lines)))
    return tuple(sorted(found.values(), key=lambda one: WEIGHTS.index(one.weight)))


def _all(readings: Sequence[Reading], facts: Facts | None, place: str) -> Iterator[Conclusion]:
    fit = []
    for reading in readings:
        unfit = _unfit(reading, readings, place)
        if unfit:
            yield conclusion(unfit, [reading.span], says=UNFIT_IN_APP[reading.kind])
        else:
            fit.append(reading)
    yield from disagreements(fit)
    yield from server_conclusions(fit, facts)
    for reading in fit:
        if reading.kind in NAMES:
            yield from name_conclusions(reading, facts)
        elif reading.kind in TESTS:
            yield from _tests(reading, facts, place)
        elif reading.kind in ROUTES:
            yield from route_conclusions(reading, facts, place)
        elif reading.kind in OTHERS:
            yield from OTHERS[reading.kind](reading, facts)


def _unfit(reading: Reading, readings: Sequence[Reading], place: str) -> str:
    """The word for a tool that proves nothing where it was run, else "".

    Source: "Troubleshoot virtual network integration with Azure App Service", section "Tools".
    """
    if reading.kind not in UNFIT_IN_APP:
        return ""
    if place == "app-service-windows":
        return "app-console-tool"
    together = place == "" and any(one.kind in APP_TOOLS for one in readings)
    return "app-console-tool-perhaps" if together and reading.kind in {"nslookup", "traceroute"} else ""


def _tests(reading: Reading, facts: Facts | None, place: str) -> Iterator[Conclusion]:
    """TCP tests of one run: rows of the same host and port belong together."""
    runs: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
    for row in reading.rows:
        runs.setdefault((row["host"] or row["address"], row["port"]), []).append(row)
    for (host, port), rows in runs.items():
        addresses = [row["address"] for row in rows if row["address"] and row["address"] != host]
        if addresses:
            yield from answer_conclusions(host, list(dict.fromkeys(addresses)), (), facts, reading.span)
        elif host:
            yield from other_name(host, facts, reading.span)
        found = rows[0]["result"] != "name-not-found"
        if found and (port is None or any(row.get("ping") is False for row in rows)):
            yield conclusion("ping-proves-nothing", [reading.span], host=host)
        if port == DNS_PORT and all(row["result"] != "open" for row in rows):
            yield conclusion("dns-port-closed", [reading.span], host=host, says=rows[-1]["says"] or rows[-1]["result"])
        elif (port is not None or not found) and _is_sql(host, port, rows, facts):
            yield _run(host, port, rows, reading, facts, place)
        yield from _source(rows, reading, facts, place)


def _is_sql(host: str, port: int | None, rows: list[dict[str, Any]], facts: Facts | None) -> bool:
    """True for a test that can be about the instance: by its port, its name, or its address."""
    if port in {NORMAL_PORT, PUBLIC_PORT} or suffix_of(host.lower()):
        return True
    ours = facts is not None and any(is_in(row["address"], facts.subnet or NOTHING) for row in rows)
    return ours or (facts is not None and any(is_in(row["address"], facts.endpoints) for row in rows))


def _run(
    host: str, port: int | None, rows: list[dict[str, Any]], reading: Reading, facts: Facts | None, place: str
) -> Conclusion:
    values = {
        "host": host, "port": str(port or "?"), "says": rows[-1]["says"] or rows[-1]["result"],
        "address": ", ".join(dict.fromkeys(f"({row['address']})" for row in rows if row["address"] not in {"", host})),
        "source": next((row["source"] for row in rows if row["source"]), ""),
    }  # fmt: skip
    results = {row["result"] for row in rows}
    if port is None:
        word = "tcp-name"
    elif "open" in results:
        word = _open(port, rows, facts) if results == {"open"} else "tcp-unsteady"
    else:
        word = _wrong_port(host, port) or _failed(port, rows, reading, place)
    return conclusion(word, [reading.span], **values)


def _open(port: int, rows: list[dict[str, Any]], facts: Facts | None) -> str:
    if REDIRECT_PORTS[0] <= port <= REDIRECT_PORTS[1]:
        return "tcp-open-redirect"
    proxy = facts is not None and facts.connection_type.lower() == "proxy"
    at_endpoint = facts is not None and all(is_in(row["address"], facts.endpoints) for row in rows)
    return "tcp-open-proxy" if port == PUBLIC_PORT or proxy or at_endpoint else "tcp-open-1433"


def _wrong_port(host: str, port: int) -> str:
    """Source: "Configure public endpoint" (3342) and "Connectivity architecture", section "Communication overview"."""
    if not suffix_of(host.lower()):
        return ""
    public = ".public." in host.lower()
    if public and port == NORMAL_PORT:
        return "port-wrong-1433-public"
    return "port-wrong-3342-private" if not public and port == PUBLIC_PORT else ""


def _failed(port: int, rows: list[dict[str, Any]], reading: Reading, place: str) -> str:
    last = next((row for row in reversed(rows) if row["result"] not in {"unclear", "failed"}), rows[-1])
    result = last["result"]
    if REDIRECT_PORTS[0] <= port <= REDIRECT_PORTS[1] and result in {"timeout", "refused", "unclear", "failed"}:
        return "tcp-redirect-port-unsure"
    if result != "timeout":
        return FAILED.get(result, "tcp-unclear")
    seconds = (last["milliseconds"] or 0) / 1000
    from_app = reading.kind == "tcpping" or place.startswith("app-service")
    return "tcp-21s" if APP_SECONDS[0] <= seconds <= APP_SECONDS[1] and from_app else "tcp-timeout"


def _source(rows: list[dict[str, Any]], reading: Reading, facts: Facts | None, place: str) -> Iterator[Conclusion]:
    """Whether the tunnel was used; only where the pool is known, and the place can be a client of it."""
    source = next((row["source"] for row in rows if row["source"]), "")
    if not source or facts is None or not facts.pools:
        return
    address = next((row["address"] for row in rows if row["address"]), "")
    if is_in(source, facts.pools):
        yield conclusion("source-tunnel", [reading.span], source=source)
        return
    failed = all(row["result"] != "open" for row in rows)
    if failed and place == "client" and facts.subnet is not None and is_in(address, facts.subnet):
        yield conclusion("source-not-tunnel", [reading.span], source=source, address=address)


def _trace(reading: Reading, facts: Facts | None) -> Iterator[Conclusion]:
    answered = [row for row in reading.rows if row["addresses"]]
    if not answered or not reading.whole:
        return
    last = answered[-1]
    target = facts.subnet if facts and facts.subnet is not None else None
    reached = last is reading.rows[-1] and (
        last["says"] == "open" or any(target and is_in(address, target) for address in last["addresses"])
    )
    word = "trace-reached" if reached else "trace-ends"
    yield conclusion(word, [reading.span], host=reading.about, address=", ".join(last["addresses"]))


def _environment(reading: Reading, facts: Facts | None) -> Iterator[Conclusion]:
    for row in reading.rows:
        if row["name"] == "WEBSITE_PRIVATE_IP":
            word = "app-private-ip" if row["value"] else "app-no-private-ip"
            yield conclusion(word, [reading.span], address=row["value"])


def _vpn(reading: Reading, facts: Facts | None) -> Iterator[Conclusion]:
    for row in reading.rows:
        name = row["name"] or row["address"]
        counts = {"ingress": row["ingress_bytes"], "egress": row["egress_bytes"]}
        silent = [direction for direction, count in counts.items() if count == 0]
        if row["what"] == "connection" and row["status"].lower() not in {"connected", ""}:
            yield conclusion("vpn-not-connected", [reading.span], name=name, says=row["status"])
        elif len(silent) == 1 and None not in counts.values():
            yield conclusion("vpn-one-way", [reading.span], name=name, says=f"{silent[0]} counts 0 bytes")


def _next_hop(reading: Reading, facts: Facts | None) -> Iterator[Conclusion]:
    for row in reading.rows:
        word = {"none": "next-hop-none", "virtualappliance": "next-hop-appliance"}.get(row["next_hop_type"].lower(), "")
        if word:
            to = row["destination"] or "the address asked about"
            yield conclusion(word, [reading.span], source=row["source"], address=to, says=row["next_hop_ip"])


def _checker(reading: Reading, facts: Facts | None) -> Iterator[Conclusion]:
    rows = reading.rows
    steps = {step: [row for row in rows if row["step"] == step] for step in {row["step"] for row in rows}}
    names, span = steps.get("dns", []), [reading.span]
    found = list(dict.fromkeys(row["address"] for row in names if row["result"] == "found" and row["address"]))
    if found:
        yield from answer_conclusions(reading.about, found, (), facts, reading.span)
    elif names and reading.whole:
        yield conclusion("checker-dns", span, host=reading.about)
    failed = [row for row in steps.get("gateway", []) if row["result"] == "failed"]
    if failed:
        row = next((row for row in failed if row["host"]), failed[0])
        yield conclusion("checker-gateway", span, host=row["host"] or reading.about, port=str(row["port"] or "?"))
    yield from _checker_redirect(steps, span)
    yield from _checker_login(steps, reading, span)


def _checker_redirect(steps: dict[str, list[dict[str, Any]]], span: list[tuple[int, int]]) -> Iterator[Conclusion]:
    routed = (steps.get("routing") or [{"host": "", "port": None}])[-1]
    errors = [row for row in steps.get("network-error", []) if row["host"] == routed["host"] and routed["host"]]
    causes = [row for row in steps.get("cause", []) if "redirect" in row["says"].lower()]
    says = f"error {errors[-1]['result']}" if errors else "as the checker says"
    if errors and errors[-1]["result"] in {"11001", "11002", "11004"}:
        yield conclusion("checker-redirect-name", span, host=routed["host"])
    elif errors or causes:
        yield conclusion("checker-redirect", span, host=routed["host"], port=str(routed["port"] or "?"), says=says)
    if any(row["result"] == "proxy" for row in steps.get("policy", [])):
        yield conclusion("checker-proxy", span)


def _checker_login(
    steps: dict[str, list[dict[str, Any]]], reading: Reading, span: list[tuple[int, int]]
) -> Iterator[Conclusion]:
    results = {row["result"] for row in steps.get("login", [])}
    if "reached" in results:
        yield conclusion("checker-login", span)
    if "40532" in results:
        yield conclusion("checker-40532", span)
    for number in sorted(results - {"reached", "failed", "40532", "10060", ""}):
        yield conclusion("checker-login-failed", span, says=number)
    for row in steps.get("pre-login-timeout", []):
        yield conclusion("checker-prelogin", span, says=row["result"])


Judge = Callable[[Reading, Facts | None], Iterable[Conclusion]]
OTHERS: dict[str, Judge] = {
    "traceroute": _trace, "environment": _environment, "azure-vpn-state": _vpn, "azure-next-hop": _next_hop,
    "sql-connectivity-checker": _checker, "openvpn-log": log_conclusions,
}  # fmt: skip


def conclude_time(seconds: float, place: str = "") -> Conclusion | None:
    """What the time until a failure shows in an App Service: about 21 s, or a multiple of 3 s; None for anything else.

    Source: "Troubleshoot virtual network integration with Azure App Service", section "Debug access to virtual
    network-hosted resources" (21 s); the seed's section on debugging (3 s for each DNS server).
    """
    if APP_SECONDS[0] <= seconds <= APP_SECONDS[1] and place != "app-service-linux":
        return conclusion("time-21s", (), says=f"{seconds:g}")
    servers = round(seconds / 3)
    if place.startswith("app-service") and 1 <= servers <= 5 and abs(seconds - 3 * servers) <= 0.5:
        return conclusion("time-dns", (), says=f"{seconds:g}")
    return None
