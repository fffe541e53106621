"""Looks at what lies on the way: the machine itself, an appliance, the site, and the same test from elsewhere. Pure."""

from __future__ import annotations

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.places import find_source
from mi_workbook.diagnosis.scene import Scene, names
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.network.observed import captured_routes
from mi_workbook.network.resource_id import key, vnet_of
from mi_workbook.network.tested import NO_NAME, OPEN, Test, connection_tests
from mi_workbook.reach.captured import against_captured
from mi_workbook.reach.effective_routes import effective_routes
from mi_workbook.reach.host_firewall import Packet, both_lists, by_linux, by_windows
from mi_workbook.reach.settled import same_target

Look = tuple[Verdict, str]
OK, NO, OPEN_QUESTION = Verdict.REACHABLE, Verdict.BLOCKED, Verdict.UNKNOWN
FORBIDDEN = frozenset({"blocked", "forbidden"})
PROHIBITED = frozenset({"!X", "!A", "!C", "!10", "!13", "!9"})


def guest(scene: Scene) -> Look:
    """Reachable: the machine's own firewall lets it out. Blocked: it does not, or the system forbade it."""
    test = scene.test
    if test is not None and test.result in FORBIDDEN:
        return NO, f"The system itself forbade the connection ({test.result}): no packet left the machine."
    if scene.in_app:
        return OK, "A web app has no firewall of its own that could be set."
    issue = _issue_at(scene, source=True)
    if issue == "GuestFirewall":
        return NO, "Connection troubleshoot found the firewall inside the source VM (GuestFirewall)."
    packet = Packet(_address(scene), scene.port)
    windows = [one for one in scene.readings if one.kind == "windows-firewall"]
    linux = [one for one in scene.readings if one.kind == "linux-firewall"]
    if windows:
        return by_windows([row for one in windows for row in one.rows], _both_lists(windows), packet)
    if linux:
        whole = all(one.whole and not one.left and not one.notes for one in linux)
        return by_linux([row for one in linux for row in one.rows], whole, packet)
    return OPEN_QUESTION, "The rules of the machine's own firewall are not among the outputs."


def _both_lists(readings: list[Reading]) -> bool:
    """True where the profiles and the block rules were shown to their end."""
    whole = all(one.whole and not one.left for one in readings)
    return whole and both_lists(row for one in readings for row in one.rows)


def _address(scene: Scene) -> str:
    """The address that was tried, "" where that was not shown."""
    if scene.test is not None and scene.test.address:
        return scene.test.address
    return scene.answer.address if scene.answer is not None else ""


def _issue_at(scene: Scene, *, source: bool) -> str:
    """The kind of the first issue that connection troubleshoot found at the source, or at an appliance behind it."""
    for row in scene.rows("azure-connectivity"):
        at_source = str(row["type"]).lower() == "source"
        fits = at_source if source else str(row["type"]).lower() == "virtualappliance"
        if fits and row["issues"]:
            return str(row["issues"][0]["type"])
    return ""


def appliance(scene: Scene) -> Look:
    """Reachable: no appliance on the way, or its rules are known and let it on. Blocked: it was shown to stop it.

    Each appliance is named with its direction, and what the same test showed from the appliance itself.
    """
    met = scene.decisions("appliance")
    issue = _issue_at(scene, source=False)
    if issue:
        return NO, f"Connection troubleshoot found {issue} at the appliance."
    if not met:
        return OK, "By the routes of the configuration no appliance is on the way."
    doubtful = [one.by for one in met if one.result is not Verdict.REACHABLE]
    if not doubtful:
        return OK, f"The rules of {names([one.by for one in met])} are known and let it on."
    hops = [
        f"{way}: {names(found)}"
        for way, direction in (("there", "forward"), ("back", "return"))
        if (found := [by for by in doubtful if by in _met_on(scene, direction)])
    ]
    says = f"On the way {'; '.join(hops)}; the policy is not part of Azure's configuration."
    return OPEN_QUESTION, " ".join([says, *_from_appliances(scene, doubtful)])


def _met_on(scene: Scene, direction: str) -> set[str]:
    ways = [trace for trace in scene.ways if trace.direction == direction]
    return {decision.by for trace in ways for decision in trace.decisions if decision.kind == "appliance"}


def _from_appliances(scene: Scene, appliances: list[str]) -> list[str]:
    """What the same test showed from the appliances themselves: it tells on which side of one to look."""
    found = []
    for place in _others(scene):
        tests = _tests_of(scene, place)
        if tests and _place_id(scene, place) in {key(one) for one in appliances}:
            opened = tests[-1].result in OPEN
            side = "its policy, or the way to it" if opened else "what lies behind it"
            found.append(f"From {place} itself: {tests[-1].result}; look at {side}.")
    return found


def _place_id(scene: Scene, place: str) -> str:
    try:
        return key(find_source(scene.network, place).id)
    except (InputError, MissingEvidence):
        return ""


def site(scene: Scene) -> Look:
    """Reachable: the packets start inside Azure, or get through the site. Blocked: a router of the site said no."""
    kind = scene.question.origin.kind
    if kind == "inside":
        return OK, "The source stands inside Azure: no site's firewall is on the way."
    hops = [row for one in scene.readings if one.kind == "traceroute" for row in one.rows if row["addresses"]]
    said = next((row for row in hops if str(row.get("says")) in PROHIBITED), None)
    if said is not None:
        return NO, f"The router {said['addresses'][0]} says that it is prohibited ({said['says']})."
    if any(scene.is_endpoint(str(one)) for row in hops for one in row["addresses"]):
        return OK, "A trace from there arrives at the endpoint."
    if hops:
        last_one = hops[-1]["addresses"][0]
        return OPEN_QUESTION, f"The last router that answered is {last_one}; routers that keep silent prove nothing."
    return OPEN_QUESTION, "No trace from the source is among the outputs."


def control(scene: Scene) -> Look:
    """Reachable: a machine inside the instance's VNet connects. Blocked: it fails as well. Others prove less and are named."""
    found = [(place, test) for place in _others(scene) for test in _tests_of(scene, place)]
    inside = [(place, test) for place, test in found if _is_inside(scene, place) and test.result != NO_NAME]
    if inside:
        place, test = inside[-1]
        opened = test.result in OPEN
        return (OK if opened else NO), f"From {place}, inside the instance's VNet: {test.result}."
    if found:
        place, test = found[-1]
        return OPEN_QUESTION, f"From {place}: {test.result}; a machine inside the instance's VNet would decide."
    return OPEN_QUESTION, "The same test from a machine inside the instance's VNet is not among the outputs."


def _others(scene: Scene) -> list[str]:
    """Places other than the source that observations name."""
    named = (str(one.get("from") or "") for one in scene.network.snapshot.observations)
    return [one for one in dict.fromkeys(named) if one and one.lower() not in scene.question.places]


def _tests_of(scene: Scene, place: str) -> list[Test]:
    found = connection_tests(scene.network.snapshot, frozenset({place.lower()}))
    ours = [
        t for t in found if same_target(t, scene.destination, frozenset({scene.host})) and t.port in {scene.port, 0}
    ]
    return sorted(ours, key=lambda test: test.at)


def _is_inside(scene: Scene, place: str) -> bool:
    try:
        there = find_source(scene.network, place)
    except (InputError, MissingEvidence):
        return False
    return bool(there.vnet) and key(there.vnet) == key(vnet_of(scene.question.instance.subnet_id))


def effective(scene: Scene) -> Look:
    """Reachable: Azure's own effective routes of the NIC are those that were computed. Blocked: they differ."""
    at = scene.question.at
    captured = captured_routes(scene.network.snapshot, at)
    if captured is None:
        why = "were not captured" if "/networkinterfaces/" in at.lower() else "exist for the NIC of a running VM only"
        return OPEN_QUESTION, f"Azure's effective routes of the source {why}."
    rows = against_captured(scene.network, effective_routes(scene.network, scene.question.subnet), captured)
    if not rows:
        return OK, "Azure's effective routes of the source are those that the configuration gives."
    first = rows[0]
    return (
        NO,
        f"Azure's effective routes differ from the configuration: {first.prefix} {first.next_hop_type}. {first.why}",
    )
