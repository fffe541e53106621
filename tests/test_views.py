"""What comes from evidence is shown, never obeyed."""

import csv
import io
import json
import re
import subprocess

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.checks.catalogue import fill_command
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.views.drawing import Box, Line, Mark, Text, Tube
from mi_workbook.views.report import summary, to_html, to_markdown
from mi_workbook.views.table import Table
from mi_workbook.views.tables import views
from mi_workbook.views.topology import as_table, details, figure, picture, to_svg

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m[bold]`|"


def hostile() -> Snapshot:
    """A case in which every name of a person's choice is hostile."""
    text = json.dumps(case("peering-one-sided").snapshot().to_dict())
    names = ("vm-app", "vnet-app", "snet-app", "nsg-app", "app-to-data", "mi-orders")
    document = json.loads(text)
    evil = json.dumps(HOSTILE)[1:-1]
    for name in names:
        text = text.replace(f'"name": "{name}"', f'"name": "{evil}{name}"')
    document = json.loads(text)
    document["source"] = {}
    return from_document(document)


def test_hostile_names_reach_no_view_raw(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither report, picture, widget nor terminal carries the markup or the escape sequence of a name."""
    from rich.console import Console

    from mi_workbook.views.text import render

    snapshot = hostile()
    source = next(r for r in snapshot.resources if r["type"].endswith("networkInterfaces"))["id"]
    target = next(r for r in snapshot.resources if r["type"].endswith("managedInstances"))["id"]
    found = diagnose(snapshot, source, target)
    drawn = picture(snapshot, found)
    assert drawn is not None
    render(found, Console())
    prose = re.sub(r"(```|~~~)\n.*?\1", "", to_markdown(found, snapshot), flags=re.DOTALL)
    shown = [to_html(found, snapshot), to_svg(drawn), prose]
    assert all("<img" not in text and "\x1b" not in text for text in shown)
    assert "\x1b[31m" not in capsys.readouterr().out


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: c.id)
def test_report_forms_have_the_same_sections(case: object) -> None:
    """HTML and Markdown tell the same story, and the HTML loads nothing."""
    snapshot = case.snapshot()  # type: ignore[attr-defined]
    found = diagnose(snapshot, case.source, case.target)  # type: ignore[attr-defined]
    html, markdown = to_html(found, snapshot), to_markdown(found, snapshot)
    assert re.findall(r"<h2>(.*?)</h2>", html) == re.findall(r"^## (.*)$", markdown, re.MULTILINE)
    assert not re.search(r"<script|src=|url\(|@import", html)


def test_csv_holds_no_formula() -> None:
    """A cell that a spreadsheet would take for a formula is marked as text."""
    evil = ["=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "\t=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
    table = Table.of("t", ("a",), [(text,) for text in evil])
    read = list(csv.reader(io.StringIO(table.to_csv(), newline="")))
    assert [row[0][:1] for row in read[1:]] == ["'"] * len(evil)
    assert len(table.to_frame()) == len(evil)


@pytest.mark.parametrize(
    ("case_id", "view", "marked"),
    [
        ("same-vnet-route-none", "source-routes", {"10.0.0.0": "bad"}),
        ("peering-routes-into-nowhere", "source-routes", {"10.0.0.0": "bad"}),
        ("hub-firewall-sound", "instance-routes", {"10.1.0.0": "decides"}),
        ("same-vnet-healthy", "source-routes", {"10.0.0.0": "decides"}),
    ],
)
def test_the_route_that_decides_is_marked_with_its_reason(case_id: str, view: str, marked: dict[str, str]) -> None:
    """Of all routes of a subnet only the ones that the path took are marked, and the mark says in words what follows."""
    table = views(*_asked(case_id))[view]
    assert {row[0].text: row[0].mark for row in table.rows if row[0].mark} == marked
    assert all(row[0].reason in row[0].shown and row[0].reason for row in table.rows if row[0].mark)


def test_order_of_the_evidence_does_not_change_the_picture_and_a_rule_moves_nothing() -> None:
    """Resources the other way round give the same drawing; a mended rule changes words and lines, no card."""
    snapshot, found = _asked("same-vnet-mi-nsg")
    document = snapshot.to_dict()
    document["resources"].reverse()
    turned = from_document(document)
    asked = case("same-vnet-mi-nsg")
    again = picture(turned, diagnose(turned, asked.source, asked.target, asked.endpoint))
    first = picture(snapshot, found)
    healthy = picture(*_asked("same-vnet-healthy"))
    assert first is not None and again is not None and healthy is not None
    assert to_svg(first) == to_svg(again)
    places = [[s for s in one.shapes if isinstance(s, Box)] for one in (first, healthy)]
    assert places[0] == places[1]


@pytest.mark.parametrize("value", ["a b", "x; rm -rf /", "$(id)", "`id`", "it's", '"', "a\nb", "-n"])
def test_values_in_commands_stay_one_word(value: str) -> None:
    """bash sees one argument, whatever a name holds; line breaks do not survive."""
    command = fill_command("printf '%s|' {name}", {"name": value}, "az")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert f"{value.replace(chr(10), '?')}|" == done.stdout


def test_one_rule_mends_all_denied_ports() -> None:
    """1433 and the Redirect ports, denied by one group, are opened by one command; no two commands collide."""
    one = case("same-vnet-client-nsg")
    found = diagnose(one.snapshot(), one.source, one.target)
    commands = {command for finding in found.findings for command in finding.remedy.az}
    assert len(commands) == 1
    assert commands.pop().endswith("--destination-port-ranges 1433 11000-11999")
    assert found.repair is not None and len(found.repair.changes) == 1


def _asked(case_id: str) -> tuple[Snapshot, Diagnosis]:
    one = case(case_id)
    snapshot = one.snapshot()
    return snapshot, diagnose(snapshot, one.source, one.target, one.endpoint)


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: c.id)
def test_picture_shows_source_instance_and_break(case: Case) -> None:
    """Both ends are drawn wherever they are known; the break is a mark and words, and there is none where all arrives."""
    snapshot, found = _asked(case.id)
    drawn = picture(snapshot, found)
    assert drawn is not None
    words = as_table(drawn).to_markdown()
    svg = to_svg(drawn)
    assert "Managed instance" in words
    assert ("BLOCKED HERE" in svg) == (found.verdict is Verdict.BLOCKED)
    assert ("BLOCKED HERE" in words) == (found.verdict is Verdict.BLOCKED)
    assert sum(isinstance(shape, Mark) for shape in drawn.shapes) == (
        0 if found.verdict is Verdict.REACHABLE or not found.traces else 1
    )
    told = {shape.about for shape in drawn.shapes if isinstance(shape, Box | Text) and shape.about}
    assert told == set(details(drawn))


@pytest.mark.parametrize(
    ("case_id", "kinds"),
    [
        ("vnet-to-vnet-healthy", ["MACHINE", "GATEWAY", "GATEWAY", "MANAGED INSTANCE"]),
        ("on-premises-tunnel-down", ["ON-PREMISES SITE", "GATEWAY", "MANAGED INSTANCE"]),
        ("developer-box-sound", ["VPN CLIENT", "GATEWAY", "MANAGED INSTANCE"]),
        ("private-endpoint-healthy", ["MACHINE", "PRIVATE ENDPOINT", "MANAGED INSTANCE"]),
        ("peering-reply-through-appliance", ["MACHINE", "APPLIANCE", "MANAGED INSTANCE"]),
        ("internet-private-name", ["INTERNET", "MANAGED INSTANCE"]),
        ("app-service-healthy", ["WEB APP", "MANAGED INSTANCE"]),
        ("app-service-not-integrated", ["WEB APP", "MANAGED INSTANCE"]),
        ("app-gateway-sound", ["WEB APP", "GATEWAY", "MANAGED INSTANCE"]),
        ("hub-firewall-sound", ["MACHINE", "FIREWALL", "MANAGED INSTANCE"]),
        ("hybrid-connection-sound", ["WEB APP", "HYBRID CONNECTION", "MANAGED INSTANCE"]),
        ("hub-balancer-sound", ["MACHINE", "LOAD BALANCER", "APPLIANCES", "MANAGED INSTANCE"]),
    ],
)
def test_every_kind_of_place_is_drawn_in_the_order_of_the_packet(case_id: str, kinds: list[str]) -> None:
    """Gateways, appliances, endpoints, clients and sites stand between source and instance, each named."""
    drawn = picture(*_asked(case_id))
    assert drawn is not None
    placed = [shape for shape in drawn.shapes if isinstance(shape, Text) and shape.look == "kind"]
    assert [shape.text for shape in sorted(placed, key=lambda shape: shape.x)] == kinds


def test_load_balancer_is_drawn_with_its_front_end_and_what_stands_behind_it() -> None:
    """The front end's address, the names of the backends as a stack, and the break behind them: they are what decides."""
    drawn = picture(*_asked("hub-balancer-not-forwarding"))
    assert drawn is not None
    words = [shape.text for shape in drawn.shapes if isinstance(shape, Text)]
    assert "front end 10.9.1.100" in words and "2 in its backend pool" in words
    stack = [s for s in drawn.shapes if isinstance(s, Box) and s.about.startswith("appliances nic-hubfw, nic-hubfw2")]
    target = next(s for s in drawn.shapes if isinstance(s, Box) and s.about == "managed instance mi-orders")
    mark = next(s for s in drawn.shapes if isinstance(s, Mark))
    assert len(stack) == 2 and max(box.right for box in stack) < mark.x < target.left
    assert any("IP forwarding off" in text for _, text in drawn.facts["load balancer lb-fw"])


def test_load_balancer_whose_backends_were_not_collected_says_so() -> None:
    """A pool of addresses, or of network interfaces that are not in the evidence, is drawn as what it is."""
    one = case("hub-balancer-sound")
    document = one.snapshot().to_dict()
    document["resources"] = [r for r in document["resources"] if not r["name"].startswith("nic-hubfw")]
    document["source"] = {"complete": []}
    snapshot = from_document(document)
    drawn = picture(snapshot, diagnose(snapshot, one.source, one.target))
    assert drawn is not None
    assert ("Appliances", "nic-hubfw, nic-hubfw2", "not in the evidence") in drawn.rows


def test_place_of_the_reply_alone_is_left_out_where_the_request_does_not_arrive() -> None:
    """No card stands in the picture that no line touches."""
    drawn = picture(*_asked("hub-gateway-custom-route"))
    assert drawn is not None
    assert "appliance 10.9.1.4" not in drawn.facts


def test_link_out_of_azure_is_that_of_the_request() -> None:
    """The request of an app behind a gateway takes the tunnel, whatever its reply would pass."""
    drawn = picture(*_asked("app-gateway-reply-through-appliance"))
    assert drawn is not None
    assert any(isinstance(shape, Tube) for shape in drawn.shapes)
    assert "point-to-site tunnel" in [shape.text for shape in drawn.shapes if isinstance(shape, Text)]


def test_a_reply_of_its_own_way_is_drawn_lower() -> None:
    """What only the reply passes does not stand on the line of the request."""
    drawn = picture(*_asked("peering-reply-through-appliance"))
    assert drawn is not None
    cards = {s.about: s.top for s in drawn.shapes if isinstance(s, Box) and s.look == "card"}
    assert cards["appliance 10.0.9.4"] > cards["machine vm-app"] == cards["managed instance mi-orders"]
    assert {"there", "back"} <= {s.look for s in drawn.shapes if isinstance(s, Line) and len(s.points) == 2}


def test_large_estates_show_the_path_and_near_misses_first() -> None:
    """Of 300 networks the path and a few neighbours are drawn, the others on request; one more changes one chip."""
    document = case("peering-not-transitive").snapshot().to_dict()
    lone = [_network(f"spoke-{number}", f"10.{100 + number // 200}.{number % 200}.0/24") for number in range(300)]
    document["resources"] += [*lone, _network("twin", "10.0.0.0/16")]
    snapshot = from_document(document)
    found = diagnose(snapshot, "vm-app", "mi-orders")
    few, whole = picture(snapshot, found), picture(snapshot, found, all_networks=True)
    assert few is not None and whole is not None
    assert few.hidden == 300 and whole.hidden == 0
    assert "twin" in to_svg(few) and "same addresses as vnet-data" in to_svg(few)
    assert "spoke-299" in to_svg(whole)
    assert to_svg(few) == to_svg(picture(snapshot, found) or few)
    document["resources"].append(_network("spoke-300", "10.102.0.0/24"))
    more = from_document(document)
    grown = picture(more, diagnose(more, "vm-app", "mi-orders"), all_networks=True)
    assert grown is not None
    gone = [shape for shape in whole.shapes if shape not in grown.shapes]
    assert len(gone) == 1  # the title that counts them


def _network(name: str, space: str) -> dict[str, object]:
    at = f"/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/{name}"
    inner = {"addressSpace": {"addressPrefixes": [space]}, "subnets": [], "virtualNetworkPeerings": []}
    return {
        "id": at,
        "name": name,
        "type": "Microsoft.Network/virtualNetworks",
        "location": "westeurope",
        "properties": inner,
    }


def test_plotly_draws_the_same_picture() -> None:
    """The figure has the same texts, and the mark of the break."""
    drawn = picture(*_asked("peering-one-sided"))
    assert drawn is not None
    made = figure(drawn)
    shown = " ".join(str(one.text) for one in made.layout.annotations)
    assert all(shape.text in shown for shape in drawn.shapes if isinstance(shape, Text) and shape.text)
    assert any(one.mode == "markers" and one.hovertext == "blocked here" for one in made.data)


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: c.id)
def test_summary_for_a_ticket_is_one_paragraph_without_ids(case: Case) -> None:
    """The verdict stands in it; resource ids and codes do not."""
    _, found = _asked(case.id)
    text = summary(found)
    assert found.verdict.value.upper() in text
    assert "\n" not in text and "/subscriptions/" not in text and not re.search(r"MIW\d", text)


@pytest.mark.parametrize("case", [one for one in all_cases() if one.verdict == "reachable"], ids=lambda c: c.id)
def test_a_sound_path_has_no_offending_cell_without_a_finding(case: Case) -> None:
    """What the path does not need is not called bad: a missing peering beside a tunnel, an app on the public endpoint."""
    snapshot, found = _asked(case.id)
    marked = [cell.shown for table in views(snapshot, found).values() for row in table.rows for cell in row
              if cell.mark == "bad"]  # fmt: skip
    assert not marked or found.findings


@pytest.mark.parametrize("case_id", ["peering-one-sided", "peering-no-access", "peering-missing", "peering-not-synced"])
def test_faults_of_a_peering_are_marked_where_they_are(case_id: str) -> None:
    """The offending setting of the side that has it is marked, with the reason in words."""
    table = views(*_asked(case_id))["peerings"]
    marked = [cell for row in table.rows for cell in row if cell.mark == "bad"]
    assert marked and all(cell.reason and cell.reason in cell.shown for cell in marked)
