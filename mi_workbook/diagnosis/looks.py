"""Where configuration and source disagree: each look at the evidence that the guide's steps take, as a verdict. Pure.

What a verdict of a look means stands at the step of the guide (guide/disagreements/*.toml). A look never guesses: what no
output shows is unknown, and the step names the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Beside, Judged
from mi_workbook.core.ranges import show_addresses, show_some
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.looks_at_path import appliance, control, effective, guest, site
from mi_workbook.diagnosis.pasted_system import ROUTES
from mi_workbook.diagnosis.scene import AZURE_DNS, Scene
from mi_workbook.evidence.explain import explained
from mi_workbook.evidence.pasted import FORMAT
from mi_workbook.network.instance import REDIRECT_PORTS
from mi_workbook.network.reading import ipv4
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.tested import (
    LOGGED_IN,
    NO_NAME,
    OPEN,
    UNENCRYPTED,
    Test,
    connection_tests,
    is_from,
    machine_at,
)
from mi_workbook.reach.endpoint import ready

Look = tuple[Verdict, str]
OK, NO, OPEN_QUESTION = Verdict.REACHABLE, Verdict.BLOCKED, Verdict.UNKNOWN
SAME_TIME = timedelta(minutes=15)
ANSWERED = frozenset({"refused", "reset"})
SILENT = frozenset({"timeout"})


def disagreement(beside: tuple[Beside, ...]) -> str:
    """test-connected where a test went through what the configuration stops, test-failed where one failed or a name leads
    elsewhere, else "".
    """
    apart = [one for one in beside if one.matter == "connection" and one.agree is False]
    if any(one.configuration.startswith(Verdict.BLOCKED.value) for one in apart):
        return "test-connected"
    failed = any(one.matter == "connection" and one.agree is None and one.next_test for one in beside)
    named = any(one.matter == "name" and one.agree is False for one in beside)
    return "test-failed" if apart or failed or named else ""


def looks(scene: Scene) -> tuple[Judged, ...]:
    """Every look, in the order of LOOKS; one whose evidence is not there is unknown and says what is missing."""
    return tuple(Judged(name, *_taken(look, scene)) for name, look in LOOKS.items())


def _taken(look: Callable[[Scene], Look], scene: Scene) -> Look:
    """Outputs that somebody sent may hold anything: a look that they break is unknown."""
    try:
        return look(scene)
    except MissingEvidence as missing:
        return OPEN_QUESTION, f"Not in the evidence: {missing.gap.missing}."
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        return OPEN_QUESTION, "An output in this evidence has a shape that is not known; send it again."


def machine(scene: Scene) -> Look:
    """Reachable: the outputs come from the source's own address. Blocked: from another machine's."""
    own = scene.question.addresses | scene.of_nic
    if scene.in_app:
        held = [str(row["value"]) for row in scene.rows("environment") if row["name"] == "WEBSITE_PRIVATE_IP"]
        inside = [one for one in held if ipv4((one,)) and own.covers(ipv4((one,)))]
        found = f"The console says WEBSITE_PRIVATE_IP={inside[0]}, of the app's subnet." if inside else ""
        return (OK, found) if found else (OPEN_QUESTION, "The console's WEBSITE_PRIVATE_IP is not among the outputs.")
    if own.meets(PUBLIC):
        return OK, "The source is the Internet: any place of it will do."
    seen = [one for one in dict.fromkeys(_own_addresses(scene)) if ipv4((one,))]
    if any(own.covers(ipv4((one,))) for one in seen):
        return OK, f"The outputs come from an address of the source ({show_some(own)})."
    if seen:
        return NO, f"The outputs come from a machine with {', '.join(seen[:6])}; the source has {show_some(own)}."
    return OPEN_QUESTION, "No output shows the address of the machine that tested."


def joined(scene: Scene) -> Look:
    """Reachable: this instance of the app has an address in the VNet, or the source is no app. Blocked: it has none.

    Source: "Troubleshoot virtual network integration with Azure App Service", section "Check whether the app is integrated".
    """
    if not scene.in_app:
        return OK, "The source is no web app."
    integration = scene.question.origin.integration
    if integration is not None and integration.kind == "gateway":
        return OK, "An app behind a gateway has no address of its own in the VNet: it takes one of the client pool."
    held = [str(row["value"]) for row in scene.rows("environment") if row["name"] == "WEBSITE_PRIVATE_IP"]
    if not held:
        return OPEN_QUESTION, "The console's WEBSITE_PRIVATE_IP is not among the outputs."
    return (
        (OK, f"The console says WEBSITE_PRIVATE_IP={held[-1]}.")
        if held[-1]
        else (NO, "The console says that WEBSITE_PRIVATE_IP is not set.")
    )


def _own_addresses(scene: Scene) -> Iterator[str]:
    yield from (test.source for test in scene.tests if test.source)
    for row in scene.rows("ipconfig"):
        yield from (str(one).partition("/")[0] for one in row.get("addresses") or ())
    yield from (str(row.get("source") or "") for row in scene.rows("ip-route", *ROUTES))
    seen = machine_at(scene.network.snapshot, scene.question.places)
    for one in seen.machine.interfaces if seen is not None else ():
        yield from (text.partition("/")[0] for text in one.addresses if not text.startswith("127."))


def target(scene: Scene) -> Look:
    """Reachable: the test went to the endpoint's own address and port. Blocked: to another, or the name had none."""
    test = scene.test
    if test is None:
        other = _at_other_port(scene)
        if other is not None:
            return NO, f"Only port {other.port} was tested; the endpoint answers at {scene.port}."
    if test is not None and test.result == NO_NAME:
        return NO, f"{test.host} had no address there."
    address = test.address if test is not None and test.address else ""
    address = address or (scene.answer.address if scene.answer is not None else "")
    if not address:
        return OPEN_QUESTION, "No output shows which address was tried."
    if not scene.destination:
        private = not PUBLIC.covers(ipv4((address,)))
        if private:
            return NO, f"{address} is private; the public endpoint has a public address."
        return OPEN_QUESTION, f"{address} was tried; which address the public endpoint has is not in the evidence."
    if scene.is_endpoint(address):
        return OK, f"{address} is an address of the endpoint."
    return NO, f"{address} is no address of the endpoint ({show_addresses(scene.destination)})."


def _at_other_port(scene: Scene) -> Test | None:
    found = connection_tests(scene.network.snapshot, scene.question.places)
    redirect = range(REDIRECT_PORTS[0], REDIRECT_PORTS[1] + 1)
    wrong = [t for t in found if t.host == scene.host and t.port not in {scene.port, 0, *redirect}]
    return wrong[-1] if wrong else None


def own_names(scene: Scene) -> Look:
    """Reachable: the machine itself gets an address of the endpoint. Blocked: a DNS server gives it, the machine another."""
    entries = [
        str(entry.get("address"))
        for value in scene.observed("hosts-file", "machine-hosts")
        for entry in (value.get("hosts") or value).get("entries") or ()
        if isinstance(entry, dict) and entry.get("name") == scene.host
    ]
    entries += [str(row["address"]) for row in scene.rows("hosts-lines") if row["name"] == scene.host]
    strange = [one for one in entries if not scene.is_endpoint(one)]
    if strange:
        return NO, f"The machine's hosts file says {strange[0]} for {scene.host}."
    system = {one for found in scene.answers(by_server=False).values() for one in found}
    served = {one for found in scene.answers(by_server=True).values() for one in found}
    if system and all(scene.is_endpoint(one) for one in system):
        return OK, f"The machine itself gets {', '.join(sorted(system))}, of the endpoint."
    if system and served and all(scene.is_endpoint(one) for one in served):
        return NO, f"A DNS server says {', '.join(sorted(served))}, and the machine uses {', '.join(sorted(system))}."
    return (
        OPEN_QUESTION,
        "What the machine itself and its DNS server say was not both seen, or both say the same other address.",
    )


def azure_dns(scene: Scene) -> Look:
    """Reachable: Azure's own DNS gives an address of the endpoint. Blocked: it gives another one."""
    told = scene.answers(by_server=True).get(AZURE_DNS, set())
    if not told:
        return OPEN_QUESTION, f"{AZURE_DNS} was not asked from a VM of the VNet."
    shown = ", ".join(sorted(told))
    if all(scene.is_endpoint(one) for one in told):
        return OK, f"{AZURE_DNS} says {shown}, an address of the endpoint."
    return NO, f"{AZURE_DNS} says {shown} as well, which is no address of the endpoint in this evidence."


def instance(scene: Scene) -> Look:
    """Reachable: Ready. Blocked: stopped, or on its way there."""
    decision = ready(scene.question.instance)
    return (OPEN_QUESTION if decision.notes else decision.result), decision.why


def age(scene: Scene) -> Look:
    """Reachable: nothing changed between collection and test. Blocked: something did. Source: activity log, or the times."""
    since = _time(scene.network.snapshot.collected_at)
    changes = [row for row in scene.rows("azure-activity") if _is_change(row, since)]
    if changes:
        shown = "; ".join(
            f"{row['at'][:19]} {row['operation']} {row['resource'].rpartition('/')[2]}" for row in changes[:3]
        )
        return NO, f"Changed after the configuration was collected: {shown}."
    asked = [one for one in scene.readings if one.kind == "azure-activity" and one.whole]
    if since and any((begin := _time(one.about)) and begin <= since for one in asked):
        return OK, "The activity log holds no change of networks or of the instance since the collection."
    tested = _time(scene.test.at if scene.test is not None else "")
    if since and tested and abs(tested - since) <= SAME_TIME:
        return OK, "Configuration and test are of the same quarter of an hour."
    when = f"The configuration is of {since.isoformat()[:19] if since else 'an unknown time'}"
    return OPEN_QUESTION, f"{when}, the test of {tested.isoformat()[:19] if tested else 'an unknown time'}."


def _is_change(row: dict[str, str], since: datetime | None) -> bool:
    """A write or deletion of a network part or of the instance, after the collection; failed ones changed nothing."""
    at, what = _time(row["at"]), row["operation"].lower()
    of_path = what.startswith(("microsoft.network/", "microsoft.sql/managedinstances", "microsoft.web/"))
    done = row["status"].lower() in {"succeeded", "started", "accepted", ""}
    return bool(since and at and at > since and of_path and done and what.endswith(("/write", "/delete", "/action")))


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text[:26].rstrip("Z") if text.endswith("Z") else text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def connected(scene: Scene) -> Look:
    """Reachable: TCP connects, and what follows fails. Blocked: no connection came about."""
    first = [test for test in scene.tests if test.port == scene.port]
    opened = [test for test in first if test.result in OPEN or test.stage == "tls"]
    latest = scene.test
    if opened and (latest is None or latest.result in OPEN or latest.stage == "tls" or opened[-1].at >= latest.at):
        return OK, f"TCP {scene.port} was opened from there."
    if latest is not None and latest.port and latest.result not in OPEN:
        return NO, f"TCP {latest.port} ended in {latest.result}."
    return OPEN_QUESTION, "No test of the port is among the outputs."


def encryption(scene: Scene) -> Look:
    """Reachable: a SQL server answered with TLS, for this name. Blocked: something else answered, or TLS broke."""
    for value in scene.observed("probe-tds"):
        if value.get("protocol") == "8.0" or value.get("stage") == "tcp":
            continue
        if value.get("outcome") == "answered" and value.get("name_matches") is False:
            return NO, f"It was answered by {value.get('answered_by') or 'a server with another certificate'}."
        if value.get("outcome") == "answered":
            return OK, "A SQL server answered, and TLS with it works."
        return NO, f"TCP opened, and the answer to SQL's first packet was: {value.get('outcome')}."
    steps = {str(row.get("step")): row for row in scene.rows("sql-connectivity-checker")}
    if steps.get("login", {}).get("result") == "reached":
        return OK, "The connectivity checker's login was answered."
    if "pre-login-timeout" in steps:
        return NO, "The connectivity checker met no answer to SQL's first packet."
    layers = {error for error in _error_layers(scene)}
    if "TLS" in layers:
        return NO, "The error text that was sent is about encryption."
    if any(test.whole for test in scene.tests):
        return OK, "A login was answered."
    return OPEN_QUESTION, "Whether SQL and TLS answer behind the open port was not tested."


def _error_layers(scene: Scene) -> Iterator[str]:
    for one in scene.network.snapshot.observations:
        if one.get("kind") == "not-understood" and one.get("format") == FORMAT and is_from(one, scene.question.places):
            lines = one.get("value") if isinstance(one.get("value"), list) else []
            found = explained("\n".join(str(line.get("text", "")) for line in lines or () if isinstance(line, dict)))
            if found is not None and found.error is not None and found.error.understood:
                yield found.error.layer


def redirect(scene: Scene) -> Look:
    """Reachable: nothing is sent on, or what is sent on connects. Blocked: the second connection of Redirect fails."""
    kind = scene.question.instance.connection_type.lower()
    if scene.question.endpoint != "vnet-local":
        return OK, "Public and private endpoints never redirect."
    if kind == "proxy":
        return OK, "The connection type is Proxy: nothing is sent on."
    later = [test for test in scene.tests if REDIRECT_PORTS[0] <= test.port <= REDIRECT_PORTS[1]]
    if any(test.whole for test in scene.tests) or (later and later[-1].result in OPEN):
        return OK, "The second connection was made from there."
    outcomes = [str(value.get("outcome")) for value in scene.observed("probe-login")]
    failed = [row for row in scene.rows("sql-connectivity-checker") if row.get("step") == "redirect-port"]
    if (
        "redirect-failed" in outcomes
        or any(row.get("result") == "failed" for row in failed)
        or _checker_redirect(scene)
    ):
        return NO, "The login was sent on, and the second connection failed."
    if later and later[-1].result in SILENT | UNENCRYPTED:
        return OPEN_QUESTION, f"Port {later[-1].port} did not answer; a port taken at random need not listen."
    return OPEN_QUESTION, f"The connection type is {kind or 'not in the evidence'}, and no login was followed."


def _checker_redirect(scene: Scene) -> bool:
    rows = list(scene.rows("sql-connectivity-checker"))
    routed = {row.get("host") for row in rows if row.get("step") == "routing" and row.get("host")}
    return any(row.get("step") == "network-error" and row.get("host") in routed for row in rows)


def answered(scene: Scene) -> Look:
    """Reachable: something answered at once and refused. Blocked: silence until the time was up, about 21 s on Windows."""
    test = scene.test
    result = test.result if test is not None else ""
    exact = next(
        (t.result for t in reversed(scene.tests) if t.result in ANSWERED | SILENT and t.port == scene.port), ""
    )
    if result in ANSWERED or (result == "failed" and exact in ANSWERED):
        return OK, f"Something answered for this address: {result if result in ANSWERED else exact}."
    if result in SILENT or (result == "failed" and exact in SILENT):
        return NO, "Nothing answered until the time was up: the request, or its reply, was dropped on the way."
    if result in LOGGED_IN | OPEN:
        return OPEN_QUESTION, "The test connected."
    return OPEN_QUESTION, "The tool does not say how it failed." if result else "No test is among the outputs."


LOOKS: dict[str, Callable[[Scene], Look]] = {
    "machine": machine, "joined": joined, "target": target, "own-names": own_names, "azure-dns": azure_dns, "instance": instance, "age": age,
    "connected": connected, "encryption": encryption, "redirect": redirect, "answered": answered, "guest": guest,
    "appliance": appliance, "site": site, "control": control, "effective": effective,
}  # fmt: skip
