"""The same network in every shape in which people have it gives the same verdict; what a shape lost is unknown and named."""

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapes

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load, load_bytes
from mi_workbook.evidence.snapshot import Snapshot, type_of
from mi_workbook.evidence.template import Given, Unresolved, evaluate
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import shell_word

Files = list[tuple[str, bytes]]
Rows = list[dict[str, Any]]


def as_json(value: object) -> bytes:
    """A value as a file holds it."""
    return json.dumps(value).encode()


def one(make: Callable[[Rows], object], name: str = "x.json") -> Callable[[Rows], Files]:
    """A shape that is one file."""
    return lambda rows: [(name, as_json(make(rows)))]


def console(rows: Rows) -> Files:
    """Several outputs in one text file, as somebody copies them from the console."""
    warning = "WARNING: This command is in preview and under development.\n"
    texts = [
        f"PS C:\\Users\\anna> az resource show --ids {row['id']} -o json\n{json.dumps(shapes.flat(row), indent=2)}\n"
        for row in rows
    ]
    return [("all.txt", (warning + "\n".join(texts) + "PS C:\\Users\\anna>").encode())]


def stubs_first(rows: Rows) -> Files:
    """`az resource list`, which leaves `properties` out, and the full resources."""
    return [("list.json", as_json([{**row, "properties": None} for row in rows])), ("full.json", as_json(rows))]


def with_parameters(rows: Rows) -> Files:
    """The archive of the portal: template and parameters apart."""
    template = shapes.exported(rows, named=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        values = shapes.parameters_apart(template)
        archive.writestr("parameters.json", json.dumps(values))
        archive.writestr("template.json", json.dumps(template))
    return [("export.zip", packed.getvalue())]


SHAPES: dict[str, Callable[[Rows], Files]] = {
    "az": one(shapes.flat),
    "az rest": one(lambda rows: {"value": rows, "nextLink": None}),
    "Search-AzGraph": one(lambda rows: {"SkipToken": None, "Data": rows, "Count": len(rows)}),
    "Az PowerShell": one(shapes.powershell),
    "Windows PowerShell": one(lambda rows: {"value": shapes.powershell(rows), "Count": len(rows)}),
    "no Type": one(lambda rows: [{n: v for n, v in row.items() if n != "Type"} for row in shapes.powershell(rows)]),
    "depth 2, with Text": one(lambda rows: [shapes.to_depth(shapes.with_text(shapes.powershell(row))) for row in rows]),
    "Get-AzResource": one(lambda rows: [shapes.get_resource(row) for row in rows]),
    "one after another": lambda rows: [("x.json", "\n".join(json.dumps(row, indent=1) for row in rows).encode())],
    "a line each": lambda rows: [("x.json", "".join(json.dumps(row) + "\n" for row in rows).encode())],
    "console": console,
    "list and show": stubs_first,
    "az and ARM": lambda rows: [("az.json", as_json(shapes.flat(rows))), ("arm.json", as_json(rows))],
    "template": one(lambda rows: shapes.exported(rows, named=True)),
    "template, all parameters skipped": one(lambda rows: shapes.exported(rows, named=False)),
    "template with parameters": with_parameters,
}  # fmt: skip
LOSSY: dict[str, Callable[[Rows], Files]] = {
    "depth 2": one(lambda rows: [shapes.to_depth(shapes.powershell(row)) for row in rows]),
    "Get-AzResource, depth 2": one(lambda rows: [shapes.to_depth(shapes.get_resource(row)) for row in rows]),
    "az resource list": one(lambda rows: [{**row, "properties": None} for row in rows]),
}
# Observations name resources by the ids of the case, which a template does not hold.
CASES = [one for one in all_cases() if not one.snapshot().observations][::11]


def verdict(files: Files, asked: Case) -> Verdict:
    """What a question gets from these files."""
    return diagnose(load_bytes(files), asked.source, asked.target, asked.endpoint).verdict


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("asked", CASES, ids=lambda one: one.id)
def test_every_shape_gives_the_verdict_of_arms_own(asked: Case, shape: str) -> None:
    """Nothing is lost on the way through a tool that loses nothing."""
    rows = [dict(row) for row in asked.snapshot().resources]
    assert verdict(SHAPES[shape](rows), asked) is verdict([("arm.json", as_json(rows))], asked)


@pytest.mark.parametrize("shape", LOSSY)
@pytest.mark.parametrize("asked", CASES, ids=lambda one: one.id)
def test_what_a_shape_lost_is_unknown(asked: Case, shape: str) -> None:
    """A value that the tool cut off never reads as one that is not there."""
    rows = [dict(row) for row in asked.snapshot().resources]
    assert verdict(LOSSY[shape](rows), asked) in {Verdict(asked.verdict), Verdict.UNKNOWN}


def read(value: object, name: str = "x.json") -> Snapshot:
    """A snapshot of one file."""
    return load_bytes([(name, value if isinstance(value, bytes) else as_json(value))])


NET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
VNET = {"id": f"{NET}/virtualNetworks/v", "name": "v", "type": "Microsoft.Network/virtualNetworks",
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": []}}  # fmt: skip


def test_a_cut_off_object_names_the_command() -> None:
    """The problem says which file, where, and how to ask again."""
    row = {
        "Name": "v",
        "Id": VNET["id"],
        "Subnets": [{"Name": "a", "RouteTable": "Microsoft.Azure.Commands.Network.Models.PSRouteTable"}],
    }
    found = read(row)
    assert found.resources == () and found.absence("Microsoft.Network/virtualNetworks") == "unproven"
    assert "-Depth 20" in found.problems[0]["message"] and "/subnets/0/routeTable" in found.problems[0]["message"]


def test_names_that_look_like_types_are_none() -> None:
    """Services and delegations are called so, and cut nothing off."""
    row = {"Name": "v", "Id": VNET["id"], "Subnets": [
        {"Name": "a", "AddressPrefix": ["10.0.0.0/24"], "Delegations": [{"Name": "Microsoft.Sql.managedInstances", "ServiceName": "Microsoft.Sql/managedInstances"}],
         "ServiceEndpoints": [{"Service": "Microsoft.AzureCosmosDB"}, {"Service": "Microsoft.Sql"}]}]}  # fmt: skip
    assert read(row).resources[0]["subnets"][0]["delegations"][0]["serviceName"] == "Microsoft.Sql/managedInstances"


def test_a_list_that_powershell_wrote_as_one_text_is_a_list() -> None:
    """Two prefixes with a blank between them are two prefixes, not one that is none."""
    rule = {
        "Name": "a",
        "Direction": "Inbound",
        "Access": "Allow",
        "SourceAddressPrefix": "10.0.0.0/8 192.168.0.0/16",
        "Description": "two nets",
    }
    found = read({"Id": f"{NET}/networkSecurityGroups/n", "SecurityRules": [rule]}).resources[0]["securityRules"][0]
    assert found["sourceAddressPrefix"] == ["10.0.0.0/8", "192.168.0.0/16"] and found["description"] == "two nets"


def test_private_dns_of_powershell_has_its_link_and_its_records() -> None:
    """Az.PrivateDns writes ResourceId, VirtualNetworkId and Records."""
    zone = f"{NET}/privateDnsZones/z.example"
    link = {
        "ResourceId": f"{zone}/virtualNetworkLinks/l",
        "Name": "l",
        "ZoneName": "z.example",
        "VirtualNetworkId": VNET["id"],
        "RegistrationEnabled": False,
    }
    record = {"Id": f"{zone}/A/mi", "Name": "mi", "RecordType": "A", "Records": [{"Ipv4Address": "10.0.0.4"}]}
    first, second = read([link, record]).resources
    assert (first["id"], first["virtualNetwork"]) == (link["ResourceId"], {"id": VNET["id"]})
    assert second["aRecords"] == [{"ipv4Address": "10.0.0.4"}]


@pytest.mark.parametrize(
    "gap", ["\n", "\n\n--\n", "\n$ az network nsg list -o json\n", "\n\x1b[0m\n", "\r\n```\r\n\r\n```json\r\n"]
)
def test_documents_stand_apart_by_anything(gap: str) -> None:
    """Two values, whatever stands between them."""
    other = {**VNET, "id": f"{NET}/virtualNetworks/w"}
    found = load_bytes([("x.txt", f"{json.dumps(VNET)}{gap}{json.dumps([other], indent=1)}\n".encode())])
    assert [row["id"] for row in found.resources] == [VNET["id"], other["id"]]


def test_a_document_that_is_cut_off_is_bad_input_and_not_its_parts() -> None:
    """A subnet inside a VNet whose end is missing is not read as a resource of its own."""
    whole = json.dumps(
        {
            **VNET,
            "properties": {
                "subnets": [{"id": f"{VNET['id']}/subnets/a", "type": "Microsoft.Network/virtualNetworks/subnets"}]
            },
        },
        indent=1,
    )
    for before in (
        "",
        f"{json.dumps(VNET)}\n",
        f"$ az network vnet show\n{json.dumps(VNET)}\n$ az network vnet show\n",
    ):
        with pytest.raises(InputError, match="not valid JSON") as caught:
            load_bytes([("x.txt", (before + whole[:-20]).encode())])
        assert "line" in str(caught.value)


def test_console_output_beside_documents_is_kept() -> None:
    """A test of the client between two outputs of az becomes an observation."""
    text = f"{json.dumps(VNET)}\n$ nc -zv 10.0.0.4 1433\nConnection to 10.0.0.4 1433 port [tcp/ms-sql-s] succeeded!\n"
    found = load_bytes([("x.txt", text.encode())])
    assert found.resources == (VNET,) and [one["kind"] for one in found.observations] == ["nc"]


def test_quotes_of_a_word_processor_are_undone() -> None:
    """Only where the text as it stands holds no JSON."""
    curled = json.dumps(VNET, indent=1).replace('"', "\u201c").replace(" ", "\u00a0")
    assert load_bytes([("x.json", curled.encode())]).resources == (VNET,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "- addressSpace:\n    addressPrefixes:\n    - 10.0.0.0/16\n  id: /subscriptions/s/resourceGroups/g\n  name: v\n",
            "-o json",
        ),
        (
            "Name              : v\nResourceGroupName : g\nId                : /subscriptions/s/resourceGroups/g\n",
            "-Depth 20",
        ),
        (
            "Name    ResourceGroup    Location\n------  ---------------  ----------\nv       g                westeurope\n",
            "-o json",
        ),
    ],
)
def test_other_outputs_are_named_with_the_command(text: str, words: str) -> None:
    """YAML, lists of PowerShell and tables are refused with what to type instead."""
    with pytest.raises(InputError, match="It looks like") as caught:
        load_bytes([("x.txt", text.encode())])
    assert words in str(caught.value).split("It looks like")[1].split("Accepted")[0]


def test_two_reads_of_a_resource_are_one_where_they_agree() -> None:
    """The list leaves the status out, the show has it; etag and letter case of ids do not count."""
    listed = {
        "id": f"{NET}/connections/c",
        "name": "c",
        "connectionType": "IPsec",
        "connectionStatus": None,
        "etag": "1",
    }
    shown = {"id": f"{NET}/connections/C", "name": "c", "type": "Microsoft.Network/connections", "etag": "2",
             "properties": {"connectionType": "IPsec", "connectionStatus": "Connected"}}  # fmt: skip
    for pair in ([listed, shown], [shown, listed]):
        (row,) = read(pair).resources
        assert row["properties"] == {"connectionType": "IPsec", "connectionStatus": "Connected"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}, "/addressSpace/addressPrefixes/0"),
        ({"subnets": [{"name": "a"}]}, "/subnets"),
    ],
)
def test_two_reads_that_differ_are_refused_with_the_member(change: dict[str, Any], where: str) -> None:
    """Which of two states holds now is not ours to say."""
    other = {**VNET, "properties": {**VNET["properties"], **change}}  # type: ignore[dict-item]
    with pytest.raises(InputError, match=f"different content.*{where}") as caught:
        load_bytes([("old.json", as_json(VNET)), ("new.json", as_json(other))])
    assert "old.json" in str(caught.value) and "new.json" in str(caught.value)


@pytest.mark.parametrize("more", [{"nextLink": "https://more"}, {"skip_token": "abc"}, {"$skipToken": "abc"}])
def test_a_list_with_more_pages_is_not_complete(more: dict[str, str]) -> None:
    """What is not in it may be on the next page."""
    found = read({"value": [VNET], **more})
    assert (
        found.absence("Microsoft.Network/virtualNetworks") == "unproven"
        and "more pages" in found.problems[0]["message"]
    )


GIVEN = Given(
    "/subscriptions/0/resourceGroups/t",
    {"name": "v", "rule": {"ports": ["1433", "3342"]}},
    {"long": "[concat(parameters('name'), '-x')]"},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("[[not an expression]", "[not an expression]"),
        ("[parameters('Name')]", "v"),
        ("[variables('long')]", "v-x"),
        ("[concat(parameters('name'), '/', 'it''s')]", "v/it's"),
        ("[format('{0}-{1}', parameters('name'), 4)]", "v-4"),
        ("[parameters('rule').ports[1]]", "3342"),
        ("[toLower(concat('A', 'B'))]", "ab"),
        ("[resourceId('Microsoft.Network/virtualNetworks/subnets', parameters('name'), 's')]",
         "/subscriptions/0/resourceGroups/t/providers/Microsoft.Network/virtualNetworks/v/subnets/s"),
        ("[concat(createArray('a'), createArray('b'))]", ["a", "b"]),
    ],
)  # fmt: skip
def test_expressions_have_the_value_that_resource_manager_gives(text: str, value: object) -> None:
    """Source: Resource Manager, "Template functions"."""
    assert evaluate(text, GIVEN) == value


@pytest.mark.parametrize(
    "text",
    [
        "[parameters('other')]", "[reference('x').ip]", "[uniqueString('a')]", "[resourceId('g', 'Microsoft.Network/virtualNetworks', 'v')]",
        "[parameters('rule').nothing]", "[concat('a']", "[concat('a') 'b']", "[]", "[-]", "[parameters('name')[0][1][2]]",
        "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v')]", "[int('x')]", "[replace('a')]", "[first('')]",
    ],
)  # fmt: skip
def test_an_expression_without_a_value_is_not_guessed(text: str) -> None:
    """Neither is one of another resource group, whose subscription the template does not say."""
    with pytest.raises(Unresolved):
        evaluate(text, GIVEN)


def test_variables_in_a_circle_end() -> None:
    """A template that refers to itself is no endless loop."""
    with pytest.raises(Unresolved):
        evaluate("[variables('a')]", Given("", {}, {"a": "[variables('b')]", "b": "[variables('a')]"}))


def test_a_resource_with_a_value_that_the_template_lacks_counts_as_not_seen() -> None:
    """A secret that is not there is the exception; nobody needs it."""
    table = {
        "type": "Microsoft.Network/routeTables",
        "name": "rt",
        "properties": {"disableBgpRoutePropagation": "[parameters('off')]"},
    }
    tunnel = {
        "type": "Microsoft.Network/connections",
        "name": "c",
        "properties": {"sharedKey": "[parameters('key')]", "connectionType": "IPsec"},
    }
    found = read({"$schema": shapes.TEMPLATE, "parameters": {"off": {"type": "bool"}}, "resources": [table, tunnel]})
    assert [row["name"] for row in found.resources] == ["c"]
    assert (
        found.absence("Microsoft.Network/routeTables") == "unproven"
        and "disableBgpRoutePropagation" in found.problems[0]["message"]
    )


def test_two_exports_do_not_share_their_placeholder() -> None:
    """A table of the same name in two groups is two tables."""
    tables = [
        {
            "$schema": shapes.TEMPLATE,
            "resources": [
                {
                    "type": "Microsoft.Network/routeTables",
                    "name": "rt",
                    "properties": {"routes": [], "disableBgpRoutePropagation": off},
                }
            ],
        }
        for off in (True, False)
    ]
    found = load_bytes([("hub/template.json", as_json(tables[0])), ("spoke/template.json", as_json(tables[1]))])
    assert len({row["id"] for row in found.resources}) == 2


def test_an_export_of_the_portal_has_its_real_ids_where_the_evidence_shows_them() -> None:
    """The file's name says the group; the other evidence must name one subscription with it, and no second one."""
    template = {
        "$schema": shapes.TEMPLATE,
        "resources": [{"type": "Microsoft.Network/routeTables", "name": "rt", "properties": {"routes": []}}],
    }
    user = {
        "id": f"{NET}/virtualNetworks/v/subnets/a",
        "properties": {
            "routeTable": {"id": "/subscriptions/real/resourceGroups/RG-hub/providers/Microsoft.Network/routeTables/rt"}
        },
    }
    second = {
        "id": "/subscriptions/second/resourceGroups/rg-hub/providers/Microsoft.Network/virtualNetworks/x",
        "properties": {},
    }
    name = "ExportedTemplate-rg-hub.zip:'template.json'"
    ids = [row["id"] for row in load_bytes([(name, as_json(template)), ("az.json", as_json(user))]).resources]
    assert ids[0] == user["properties"]["routeTable"]["id"]  # type: ignore[index]
    ids = [row["id"] for row in load_bytes([(name, as_json(template)), ("az.json", as_json([user, second]))]).resources]
    assert ids[0].startswith("/subscriptions/00000000")


def test_copies_and_names_without_a_value_are_bad_input() -> None:
    """How many and which resources they stand for is not in the file."""
    for extra in ({"name": "[parameters('n')]"}, {"name": "a", "copy": {"name": "c", "count": 2}}):
        row = {"type": "Microsoft.Network/routeTables", "properties": {}, **extra}
        with pytest.raises(InputError, match="resources/0"):
            read({"$schema": shapes.TEMPLATE, "resources": [row]})


def test_a_redacted_key_of_powershell_is_not_kept() -> None:
    """Secrets go, whatever the spelling of their names."""
    row = {"Name": "c", "Id": f"{NET}/connections/c", "ConnectionType": "IPsec", "SharedKey": "p4ssw0rd-of-the-tunnel"}
    assert "p4ssw0rd" not in json.dumps(read(row).to_dict())


def test_the_case_of_the_parameters_is_read_through_the_command_line(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole archive as the portal gives it, through the door that a user takes."""
    from mi_workbook.cli import main

    asked = case("same-vnet-healthy")
    archive = tmp_path / "ExportedTemplate-rg-data.zip"
    archive.write_bytes(with_parameters([dict(row) for row in asked.snapshot().resources])[0][1])
    code = main(["diagnose", str(archive), "--from", asked.source, "--to", asked.target])
    assert (
        code
        == {"reachable": 0, "blocked": 1, "unknown": 3}[
            verdict([("a.json", as_json(list(asked.snapshot().resources)))], asked).value
        ]
    )
    assert "mi-orders" in capsys.readouterr().out


def test_answers_of_a_batch_and_of_a_rest_example_are_their_resources() -> None:
    """The portal asks for several things at once; the reference shows an answer inside its request."""
    other = {**VNET, "id": f"{NET}/virtualNetworks/w"}
    batch = {"responses": [{"httpStatusCode": 200, "content": {"value": [VNET]}}, {"httpStatusCode": 200, "content": other},
                           {"httpStatusCode": 403, "content": {"error": {"code": "AuthorizationFailed"}}}]}  # fmt: skip
    assert [row["id"] for row in read(batch).resources] == [VNET["id"], other["id"]]
    assert read({"parameters": {}, "responses": {"200": {"body": VNET}, "202": {}}}).resources == (VNET,)


def test_a_refusal_of_azure_is_a_problem_and_a_missing_resource_is_none() -> None:
    """What the account may not read may be there; what Azure did not find is not."""
    message = "The client 'x' does not have authorization to perform action 'Microsoft.Network/virtualNetworks/read' over scope '/subscriptions/s'"
    found = read({"error": {"code": "AuthorizationFailed", "message": message}})
    assert (
        found.absence("Microsoft.Network/virtualNetworks") == "unproven"
        and found.absence("Microsoft.Sql/managedInstances") == "unstated"
    )
    gone = read({"error": {"code": "ResourceNotFound", "message": "The Resource 'v' was not found."}})
    assert gone.absence("Microsoft.Network/virtualNetworks") == "unstated" and gone.problems


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"version": 4, "terraform_version": "1.9.0", "resources": []}, "Terraform"),
        ({"log": {"entries": []}}, "do not pass it on"),
        ([{"name": "DB", "slotSetting": False, "value": "Password=hush-hush"}], "application settings"),
        ({"connectionStatus": "Unreachable", "hops": []}, "Network Watcher"),
        ({"id": "3a", "createdDateTime": "2026-10-01", "resources": []}, "topology"),
        ({"something": "of no form"}, "with the members something"),
    ],
)
def test_json_that_is_no_evidence_is_said_and_its_values_are_not(value: Any, words: str) -> None:
    """A file that was sent never vanishes without a word."""
    (note,) = read(value).observations
    assert note["kind"] == "not-understood" and words in note["value"][0]["text"]
    assert "hush" not in json.dumps(note)


def test_an_unwrapped_effective_route_is_one_and_a_table_s_route_is_none() -> None:
    """PowerShell unwraps lists of one; a route of a table has neither source nor state."""
    row = {
        "Name": None,
        "State": "Active",
        "Source": "Default",
        "AddressPrefix": "10.20.0.0/16",
        "NextHopType": "VnetLocal",
        "NextHopIpAddress": "",
    }
    (found,) = read({"value": [row], "Count": 1}).observations
    assert found["kind"] == "effectiveRoutes" and found["value"]["value"][0]["addressPrefix"] == ["10.20.0.0/16"]
    table = {"Name": "r", "AddressPrefix": "10.20.0.0/16", "NextHopType": "None", "NextHopIpAddress": ""}
    assert [one["kind"] for one in read([table]).observations] == ["not-understood"]


def test_the_gap_of_a_resource_that_a_tool_cut_off_says_so() -> None:
    """The user sent it, and reads why it does not count and what to type."""
    asked = case("peering-healthy")
    rows = [dict(row) for row in asked.snapshot().resources]
    network = next(row for row in rows if row["name"] == "vnet-data")
    kept = [row for row in rows if row["name"] != "vnet-data"]
    files = [("kept.json", as_json(kept)), ("vnet.json", as_json(shapes.to_depth(shapes.powershell(network))))]
    found = diagnose(load_bytes(files), asked.source, asked.target)
    assert found.verdict is Verdict.UNKNOWN
    assert any("vnet.json: ConvertTo-Json cut it off" in gap.why and "-Depth 20" in gap.why for gap in found.gaps)


READERS = {
    "virtualnetworks": Network.vnet, "networksecuritygroups": Network.nsg, "routetables": Network.route_table, "networkinterfaces": Network.nic,
    "managedinstances": Network.instance, "privateendpoints": Network.private_endpoint, "virtualnetworkgateways": Network.gateway,
    "connections": Network.connection, "localnetworkgateways": Network.local_network, "sites": Network.web_app, "serverfarms": Network.plan,
}  # fmt: skip


def plain(value: Any) -> Any:
    """A view as plain values in lower case, without the place it was read from."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = [field.name for field in dataclasses.fields(value) if field.name not in {"reading", "sides"}]
        return {name: plain(getattr(value, name)) for name in shown}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return repr(value).lower()


def views(rows: list[Any]) -> list[Any]:
    """What the network's readers make of resources."""
    network = Network(read(rows))
    found = []
    for row in network.snapshot.resources:
        reader = READERS.get(type_of(row).lower().rpartition("/")[2])
        try:
            found.append(plain(reader(network, row["id"])) if reader else None)
        except MissingEvidence as missing:
            found.append(missing.gap.missing.lower())
    return found


def recorded(data: Path) -> list[list[dict[str, Any]]]:
    """The resources of each recorded answer."""
    values = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((data / "arm").rglob("*.json"))]
    lists = [
        value["value"] if isinstance(value, dict) and isinstance(value.get("value"), list) else [value]
        for value in values
    ]
    return [rows for rows in lists if rows and all(isinstance(row, dict) and row.get("id") for row in rows)]


def test_recorded_answers_read_the_same_in_every_shape(data: Path) -> None:
    """Answers of Azure, of many versions of its API, as az and PowerShell would have shown them."""
    answers = recorded(data)
    assert len(answers) > 90
    for rows in answers:
        expected = views(rows)
        for other in (
            shapes.flat(rows),
            shapes.powershell(rows),
            [shapes.to_depth(shapes.with_text(shapes.powershell(row))) for row in rows],
        ):
            assert views(other) == expected, rows[0]["id"]


def test_a_folder_of_all_that_a_customer_has(tmp_path: Path) -> None:
    """Objects of PowerShell in UTF-16, outputs of az in a text file, a test of the client, and a file of something else."""
    asked = case("peering-healthy")
    rows = [dict(row) for row in asked.snapshot().resources]
    networks = [row for row in rows if type_of(row).endswith("virtualNetworks")]
    cut = [shapes.to_depth(shapes.with_text(shapes.powershell(row))) for row in networks]
    (tmp_path / "vnets.json").write_bytes(json.dumps(cut, indent=2).encode("utf-16"))
    (name, text), *_ = console([row for row in rows if row not in networks])
    (tmp_path / name).write_bytes(text.replace(b"\n", b"\r\n"))
    (tmp_path / "client.txt").write_text(
        "$ nc -zv 10.0.0.4 1433\nnc: connect to 10.0.0.4 port 1433 (tcp) failed: Connection refused\n"
    )
    (tmp_path / "notes.md").write_text("Called Anna, she is on leave.")
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(tmp_path.iterdir()):
            if file != packed:
                archive.write(file, file.name)
    found = load(packed)
    assert {row["id"].lower() for row in found.resources} == {row["id"].lower() for row in rows}
    assert {"nc", "not-understood"} <= {one["kind"] for one in found.observations}
    packed.unlink()
    assert len(load(tmp_path).resources) == len(rows)


def test_parse_names_the_command_for_resources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody who takes the wrong door is shown the right one."""
    from mi_workbook.cli import main

    file = tmp_path / "vnet.json"
    file.write_text(json.dumps([VNET], indent=1), encoding="utf-8")
    assert main(["parse", str(file)]) == 2
    assert (
        "1 resources of Azure" in (shown := capsys.readouterr()).err + shown.out and "diagnose" in shown.err + shown.out
    )


READ_ONLY = {
    "fullyQualifiedDomainName",
    "dnsZone",
    "state",
    "provisioningState",
    "connectionStatus",
    "peeringSyncLevel",
    "defaultSecurityRules",
}


def without_states(value: Any) -> Any:
    """What an export leaves out: everything that only Azure itself says."""
    if isinstance(value, dict):
        return {name: without_states(one) for name, one in value.items() if name not in READ_ONLY}
    return [without_states(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "case_id",
    ["same-vnet-mi-nsg", "same-vnet-client-nsg", "peering-healthy", "private-endpoint-healthy", "same-vnet-stopped"],
)
def test_an_export_without_states_is_no_guess(case_id: str) -> None:
    """Its rules and routes are judged; what it leaves out makes the path unknown; the user reads what a template is."""
    asked = case(case_id)
    rows = [without_states(dict(row)) for row in asked.snapshot().resources]
    snapshot = load_bytes([("t.json", as_json(shapes.exported(rows, named=True)))])
    for target in (asked.target, "mi-orders"):
        found = diagnose(snapshot, asked.source, target)
        assert found.verdict in {Verdict(asked.verdict), Verdict.UNKNOWN}
        assert any("exported template" in note for note in found.confidence_notes)
        assert all("nslookup  " not in gap.how for gap in found.gaps)


@pytest.mark.parametrize("encoding", ["cp850", "cp1252", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_table_that_cmd_wrote_to_a_file_is_read(encoding: str, tmp_path: Path) -> None:
    """A German table, redirected: alone, and in a folder beside the configuration, where it must not become a mere note."""
    table = Path(__file__).parent / "pastes" / "fixtures" / "route-print" / "de-both.txt"
    data = table.read_text(encoding="utf-8").encode(encoding)
    assert "route-print" in {one["kind"] for one in load_bytes([("route.txt", data)]).observations}
    (tmp_path / "route.txt").write_bytes(data)
    (tmp_path / "vnet.json").write_bytes(
        as_json({**VNET, "tags": {"owner": "M\u00fcller"}}).decode("unicode_escape").encode("cp1252")
    )
    found = load(tmp_path)
    assert "route-print" in {one["kind"] for one in found.observations} and found.resources[0]["tags"] == {
        "owner": "M\u00fcller"
    }


def test_bytes_that_are_no_text_are_bad_input() -> None:
    """A picture or an archive of another kind is named, not read as letters."""
    with pytest.raises(InputError, match="not utf-8 text"):
        load_bytes([("x.json", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff")])


@pytest.mark.parametrize("file", ["export.json", "ExportedTemplate-rg-data.zip:'template.json'"])
def test_commands_about_a_template_show_what_it_does_not_say(file: str) -> None:
    """No made-up subscription or group is printed as if it were one: each is a placeholder that no shell runs."""
    one = case("same-vnet-client-nsg")
    snapshot = load_bytes([(file, as_json(shapes.exported(list(one.snapshot().resources), named=True)))])
    found = diagnose(snapshot, one.source.rsplit("/", 1)[-1], one.target, one.endpoint)
    printed = [
        command for row in found.findings for command in (*row.remedy.az, *row.remedy.powershell, row.remedy.undo)
    ]
    printed += [gap.how for gap in found.gaps]
    assert printed and not any("00000000-0000" in command or "~" in command for command in printed), printed
    assert any(
        "<subscription>" in command or "<group of export" in command or "-g rg-data" in command for command in printed
    )
    assert "<subscription>" in " ".join(found.confidence_notes)


@pytest.mark.parametrize(("value", "shown"), [
    ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/~hub-template/providers/x/y/z",
     "'/subscriptions/<subscription>/resourceGroups/<group of hub-template>/providers/x/y/z'"),
    ("~hub-template", "'<group of hub-template>'"), ("rg-data", "rg-data"), ("a~b", "'a~b'"),
])  # fmt: skip
def test_a_stand_in_is_a_placeholder_in_any_command(value: str, shown: str) -> None:
    """In an id and alone."""
    assert shell_word(value) == shown
