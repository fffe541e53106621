"""No name, id, address, host or user of the evidence is in what was redacted: file, session, report, printed answer."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.explain import read_paste
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.redaction import Redactor
from mi_workbook.evidence.redaction.vocabulary import read
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.views.diagnosis_json import diagnosis_json
from mi_workbook.views.report import summary, to_html, to_markdown

# Under this key no pseudonym of an address happens to be another address of the same case.
KEY = b"k" * 32
FIXTURES = sorted(
    path
    for path in (Path(__file__).parent.parent / "pastes" / "fixtures").rglob("*")
    if path.suffix in {".txt", ".xml", ".ovpn", ".csv"}
)
ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
SIX = re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}[0-9a-f:]{1,}", re.IGNORECASE)
GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
HARDWARE = re.compile(r"(?:[0-9a-f]{2}[-: ]){5}[0-9a-f]{2}", re.IGNORECASE)
HOST = re.compile(r"(?:[a-z0-9_](?:[\w-]*)\.)+[a-z][a-z0-9-]+", re.IGNORECASE)
# Addresses that mean the same in every network: Azure's own, "everything", the private blocks, and those of RFC 5735.
WELL_KNOWN = {"168.63.129.16", "169.254.169.254", "23.102.135.246", "0.0.0.0", "10.0.0.0", "172.16.0.0", "192.168.0.0",
              "100.64.0.0", "255.255.255.255"}  # fmt: skip
OF_EVERY_MACHINE = re.compile(r"127\.|224\.|239\.|192\.0\.2\.|198\.51\.100\.|255\.")
# Names that Azure gives, or that say nothing of anybody.
OF_AZURE = {
    "gatewaysubnet",
    "routeserversubnet",
    "azurefirewallsubnet",
    "default",
    "virtualnetwork",
    "web",
    "appsettings",
    "azureprivatepeering",
    "microsoftpeering",
    "defaultnetworkrulecollectiongroup",
    "allowvnetinbound",
    "allowazureloadbalancerinbound",
    "denyallinbound",
    "allowvnetoutbound",
    "allowinternetoutbound",
    "denyalloutbound",
    "sql_default",
    "@",
    "*",
    "windows",
    "net",
    "database",
    "privatelink",
    "public",
    "com",
    "servicebus",
    "azure",
    "vault",
    "vpn",
    "worker",
    "vnet",
    "microsoft",
    "",
    "westeurope",
    "northeurope",
    "domain",  # Windows' names of its firewall's profiles
    "private",
}
ZONES_OF_AZURE = {"vault.azure.net"}  # fmt: skip
# Names in the cases that are words of our sentences as well.
OF_SENTENCES = {"clients", "nic", "sql", "all", "allow-geodr"}
SIZE = re.compile(
    r"(?i)(standard|basic|vpngw\d.*|p\dv\d|[gb][pc]_gen5|azfw_vnet|s\d|highperformance|premium.*|shared|ep\d|d1)"
)


def texts(value: Any, inside: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a document, with the name of its member."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, inside)
    elif isinstance(value, str):
        yield inside, value


def names(document: dict[str, Any]) -> set[str]:
    """Names of the owner's in a document, found without the rules of redaction: in ids, `name` members and host names."""
    found: set[str] = set()
    for member, text in texts({part: document[part] for part in ("resources", "observations", "problems")}):
        if text.lower().startswith("/subscriptions/"):
            parts = text.split("/")
            found |= set(parts[2::2]) - {"providers"} if "providers" not in text else set(_id_names(parts))
        elif member == "name" and not SIZE.fullmatch(text):
            found.add(text)
            found |= set(re.split(r"[./]", text))
        elif HOST.fullmatch(text) and not text.startswith("Microsoft."):
            found |= set(text.split("."))
    return {
        name.lower()
        for name in found
        if len(name) > 2
        and not name.isdigit()
        and name.lower() not in ZONES_OF_AZURE
        and not set(re.split(r"[./]", name.lower())) <= OF_AZURE
    }


def _id_names(parts: list[str]) -> Iterator[str]:
    """The names of an id: what stands behind a type, and never a provider or a type."""
    at = 1
    while at + 1 < len(parts):
        if parts[at] != "providers":
            yield parts[at + 1]
        at += 2


def numbers(text: str) -> set[str]:
    """Addresses, hardware addresses and GUIDs in a text, but for those everybody has."""
    found = {one for one in ADDRESS.findall(text) if one not in WELL_KNOWN and not OF_EVERY_MACHINE.match(one)}
    return found | {one.lower() for shape in (GUID, HARDWARE) for one in shape.findall(text)}


def held(names_: set[str], text: str) -> list[str]:
    """Names that stand in a text as words of their own."""
    low = text.lower()
    return sorted(one for one in names_ if one in low and re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", low))


def plain(document: dict[str, Any]) -> str:
    """What a document holds as text: names of members are ARM's own and do not count."""
    return "\n".join(text for _, text in texts(document))


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_no_case_can_be_told_from_its_redacted_evidence(one: Case) -> None:
    """File, reports, summary and JSON answer hold no name, GUID or address of the evidence or of the question."""
    snapshot, redactor = one.snapshot(), Redactor(KEY)
    given = redactor.snapshot(snapshot).snapshot
    found = diagnose(given, redactor.question(one.source), redactor.question(one.target), one.endpoint)
    before = snapshot.to_dict()
    own = names(before) | {word for word in re.split(r"[:=/.,\\]", one.source + "," + one.target) if "-" in word}
    assert len(own) > 10 and numbers(json.dumps(before))
    file = plain(given.to_dict()).replace("Microsoft.Sql", "")
    shown = [file, to_html(found, given), to_markdown(found, given), summary(found), plain(diagnosis_json(found))]
    for text in shown:
        assert not held(own if text is file else own - OF_SENTENCES, text)
        assert not numbers(json.dumps(before) + one.source + one.target) & numbers(text)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_no_machine_can_be_told_from_redacted_output(path: Path) -> None:
    """Addresses, hardware addresses, hosts, suffixes, file names and lines that were not understood."""
    text = read_paste(str(path))
    given = Snapshot(observations=observations_of(text, f"anna-{path.name}"))
    out = json.dumps(Redactor(KEY).snapshot(given).snapshot.to_dict(), ensure_ascii=False)
    assert not numbers(text) & numbers(out)
    assert not {one for one in SIX.findall(text) if not one.startswith(("::", "ff"))} & set(SIX.findall(out))
    hosts = {host.lower() for host in HOST.findall(text) if len(host) > 6}
    parts = {part for host in hosts for part in host.split(".") if len(part) > 5 and part not in OF_AZURE}
    assert not held(parts & names(given.to_dict()), out)
    for word in (
        "mi-orders",
        "a1b2c3d4e5f6",
        "contoso",
        "corp.example",
        "anna",
        "vnet-mi",
        "vnet-hub",
        "Example Wi-Fi",
        "Realtek",
        "IKE2_7C3A",
    ):
        assert word not in out.replace("mi-workbook", "")


VALUES = (
    "Anna's laptop",
    "anna.corp.example",
    "ANNAPC",
    "PlantedSecret",
    "10.7.8.9 anna",
    "anna" * 1500,
    "anna\x00",
    "KIND|anna",
    "anna,anna",
)
OF_RESOURCES, OF_ROWS = (
    sorted(
        {
            name
            for table in tables
            for names_ in (read(table)["structure"], *read(table)["texts"].values())
            for name in names_
        }
    )
    for tables in (("members",), ("seen", "members"))
)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_no_member_lets_a_text_through(value: str) -> None:
    """Whatever stands where Azure or a tool writes a word, a number or an address, alone, in a list or deeper: it goes, or another
    text stands in its place."""
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t"
    forms = (
        value,
        [value],
        {"name": value, "id": value, "properties": {"addressPrefix": value, "name": [value]}},
        [[value]],
        {value: value},
        {value: []},
    )
    body = [
        {"id": at, "type": "Microsoft.Network/routeTables", "properties": {name: form}}
        for name in OF_RESOURCES
        for form in forms
    ]
    rows = [{"kind": kind, "about": value, "from": value, "at": value, "format": form, "file": value, "notes": [value], "lines": [value],
             "not_understood": [{"line": 1, "text": value, value: value}], "value": [{name: inner} for name in OF_ROWS for inner in forms]}
            for kind in ("route-print", "ipconfig", "dig", "machine-routes", "probe-tds", "effectiveRoutes") for form in ("mi-workbook/paste/1", value)]  # fmt: skip
    problems = [{"scope": value, "operation": value, "code": value, "message": value, "kinds": [value], value: value}]
    given = Snapshot(
        body,
        observations=rows,
        problems=problems,
        source={"kind": value, "done": [value], "subscriptions": [value], value: value},
    )
    out = json.dumps(Redactor(KEY).snapshot(given).snapshot.to_dict())
    assert len(body) > 700 and '"dns-server"' not in out and out.count("route-print") == 2
    assert "anna" not in out.lower() and "planted" not in out.lower() and "10.7.8.9" not in out


def test_what_nobody_knows_to_be_harmless_goes() -> None:
    """Tags, texts, unknown members, kinds and observations, also as names of members and with nothing in them; they are listed."""
    document = case("peering-healthy").snapshot().to_dict()
    document["resources"][0] |= {
        "tags": {"owner": "PLANTED"},
        "newMember": {"deep": ["PLANTED"]},
        "PLANTED": [],
        "etag": {},
    }
    document["resources"][0]["properties"] |= {"description": "PLANTED", "sharedKey": "PLANTED", "comment": "PLANTED"}
    document["resources"].append(
        {"id": "/subscriptions/s/resourceGroups/g/providers/PLANTED.Own/things/x", "properties": {"name": "PLANTED"}}
    )
    document["observations"] = [{"kind": "route-print", "about": "", "text": "PLANTED"}, {"kind": "PLANTED", "value": [{"name": "PLANTED"}]},
                                {"kind": "not-understood", "format": "mi-workbook/paste/1", "value": [{"line": 3, "text": "PLANTED"}]}]  # fmt: skip
    document["problems"] = [{"scope": "/subscriptions/PLANTED/x", "operation": "Microsoft.Sql/managedInstances/read",
                             "status": 403, "code": "PLANTED", "message": "PLANTED", "kinds": ["PLANTED"]}]  # fmt: skip
    document["source"] |= {"kind": "PLANTED", "complete": ["PLANTED"], "scope": "PLANTED", "account": "PLANTED"}
    document |= {"PLANTED": 1, "collected_at": "PLANTED", "cloud": "PLANTED"}
    redacted = Redactor(KEY).snapshot(from_document(document))
    assert "planted" not in json.dumps(redacted.snapshot.to_dict()).lower()
    listed = {"tags", "sharedKey", "etag", "source: account", "newMember", "description", "comment", "message", "observation with a text", "observation PLANTED", "PLANTED", "free text",
              "resource of kind PLANTED.Own/things"}  # fmt: skip
    assert listed <= set(redacted.removed)
    assert redacted.snapshot.source["redaction"]["removed"] == sum(redacted.removed.values())
    assert redacted.replaced["names"] and redacted.replaced["addresses"]
