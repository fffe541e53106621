"""Secrets in every place a body, a paste or a question may have one, searched in all that comes out: none is left.

Each secret is another one, so that a finding says where it came from. What has neither a name nor a form of a secret (a word
in a description) is no secret that a program can tell; redaction takes such texts away with all others.
"""

import base64
import json
import logging
import os
import traceback
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from mi_workbook.cases import case
from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load
from mi_workbook.evidence.integrity import sealed
from mi_workbook.views.report import to_html, to_markdown
from mi_workbook.workbook.saved import save
from mi_workbook.workbook.state import State

ONE = case("app-gateway-sound")
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-data/providers"


class Planted:
    """Makes secrets and remembers where each was put."""

    def __init__(self) -> None:
        self.where: dict[str, str] = {}

    def word(self, where: str) -> str:
        """A password, unlike any other."""
        secret = f"Zq{len(self.where):03d}xK9vT"
        self.where[secret] = where
        return secret

    def code(self, where: str, size: int) -> str:
        """A key of so many bytes in Base64."""
        secret = base64.b64encode(f"{len(self.where):03d}".encode() * size)[: (size * 4 + 2) // 3].decode()
        secret += "=" * (-len(secret) % 4)
        self.where[secret] = where
        return secret

    def token(self, where: str) -> str:
        """A JSON web token."""
        body = base64.urlsafe_b64encode(f'{{"sub":"{len(self.where):03d}-planted"}}'.encode()).decode().rstrip("=")
        self.where[body] = where
        return f"eyJhbGciOiJSUzI1NiJ9.{body}.c2lnbmF0dXJl"

    def pem(self, where: str) -> str:
        """A private key."""
        return f"-----BEGIN RSA PRIVATE KEY-----\n{self.word(where)}\n-----END RSA PRIVATE KEY-----"


def tags(some: Planted) -> dict[str, str]:
    """What people put into tags, also into their names."""
    return {
        "owner": "anna", "db-password": some.word("tag by name"), "note": f"pwd={some.word('tag, pair')}; soon", "jwt": some.token("tag, token"),
        "link": f"https://x.blob.core.windows.net/c?sv=1&sig={some.word('tag, SAS')}aaa", "key": some.code("tag, key of 64 bytes", 64),
        "bus": some.code("tag, key of 32 bytes", 32), "app": f"abc8Q~{some.word('tag, secret of an application')}{'x' * 24}",
        f"Password={some.word('name of a tag')}": "x", "git": f"ghp_{some.word('tag, GitHub')}aaaaaaaaaaaa",
        "repo": f"https://user:{some.word('tag, URL')}@example.org/x.git", "said": f"the password: {some.word('tag, colon')}",
        "json": json.dumps({"clientSecret": some.word("tag, JSON in a text")}),
    }  # fmt: skip


def resources(some: Planted) -> list[dict[str, Any]]:
    """The case's resources as a customer's export, with secrets wherever ARM, tools and people put them."""
    found = [json.loads(json.dumps(one)) for one in ONE.snapshot().resources]
    for one in found:
        one["tags"] = tags(some)
        inner = one.setdefault("properties", {})
        inner["description"] = f"temporary; Password={some.word('description')}"
        kind = one["type"].lower()
        if kind.endswith("virtualnetworkgateways"):
            inner["vpnClientConfiguration"] |= {
                "radiusServerSecret": some.word("radiusServerSecret"), "vpnPackageUri": some.word("package"),
                "radiusServers": [{"radiusServerAddress": "10.0.9.9", "radiusServerSecret": some.word("radiusServers")}],
            }  # fmt: skip
        if kind.endswith("networksecuritygroups"):
            inner["securityRules"][0]["properties"]["description"] = (
                f"Authorization: Basic {some.word('rule, description')}"
            )
            inner["securityRules"][0]["name"] = f"allow?sig={some.word('name of a rule')}"
        if kind == "microsoft.web/sites":
            inner |= {
                "publishingPassword": some.word("publishing"),
                "machineKey": {"decryptionKey": some.word("machineKey")},
            }
            inner["siteConfig"] |= {
                "appSettings": [{"name": "A", "value": some.word("appSettings")}], "azureStorageAccounts": {"a": {"accessKey": some.word("share")}},
                "connectionStrings": [{"name": "c", "connectionString": some.word("connectionStrings")}],
                "environment": [{"name": "DB_PASSWORD", "value": some.word("variable by name")}],
            }  # fmt: skip
        if kind.endswith("virtualnetworkconnections"):
            inner["certBlob"] = base64.b64encode(some.word("certificate file").encode()).decode()
    return [*found, *more(some)]


def more(some: Planted) -> list[dict[str, Any]]:
    """Resources that hold secrets by their kind."""
    site, net = f"{GROUP}/Microsoft.Web/sites/app-orders", f"{GROUP}/Microsoft.Network"
    bodies: dict[str, dict[str, Any]] = {
        f"{site}/config/appsettings": {"Orders": some.word("own setting"), "WEBSITE_DNS_SERVER": "10.0.9.4"},
        f"{site}/config/connectionstrings": {"Orders": {"value": some.word("own string"), "type": "SQLAzure"}},
        f"{site}/hybridConnectionNamespaces/r/relays/x": {"hostname": "x.example", "port": 1433, "sendKeyValue": some.word("relay")},
        f"{net}/connections/conn-x": {"sharedKey": some.word("sharedKey"), "authorizationKey": some.word("authorizationKey"),
                                      "connectionStatus": f"Connected;AccountKey={some.code('status', 64)}"},
        f"{GROUP}/Microsoft.Compute/virtualMachines/vm-x": {
            "osProfile": {"adminPassword": some.word("adminPassword"), "customData": some.word("customData"), "secrets": [some.word("secrets")]},
            "userData": some.word("userData"), "protectedSettings": {"commandToExecute": some.word("extension")},
            "diagnosticsProfile": {"bootDiagnostics": {"storageUri": f"https://x/?sig={some.word('storageUri')}aaa"}}},
        f"{GROUP}/Microsoft.Authorization/locks/lock-x": {"level": "CanNotDelete", "notes": some.pem("notes of a lock")},
        f"{GROUP}/Contoso.Own/things/thing-x": {"deep": [{"apiKey": some.word("unknown kind")}, some.token("unknown kind, text")]},
    }  # fmt: skip
    return [{"id": at, "name": at.rsplit("/", 1)[-1], "properties": inner} for at, inner in bodies.items()]


def paste(some: Planted) -> str:
    """Console output with what stands around it in a terminal or a mail."""
    return "\n".join([
        "C:\\Users\\anna> nslookup mi-orders.a1b2c3d4e5f6.database.windows.net", "Server:  dc01.corp.example", "Address:  10.1.0.4", "",
        "Name:    mi-orders.a1b2c3d4e5f6.database.windows.net", "Address:  10.0.0.4", "",
        f"sqlcmd -S mi-orders.a1b2c3d4e5f6.database.windows.net -U anna -P {some.word('sqlcmd -P')} -Q x",
        f"Server=tcp:mi-orders.a1b2c3d4e5f6.database.windows.net,1433;User ID=anna;Password={some.word('ADO string')};Encrypt=True;",
        f"Server=x;User ID=anna;Password=with a blank, and {some.word('ADO string with blanks')};Encrypt=True;",
        f"Driver={{ODBC Driver 18}};Server=x;UID=anna;PWD={{{some.word('ODBC string')};x}};",
        f"jdbc:sqlserver://mi-orders.a1b2c3d4e5f6.database.windows.net:1433;user=anna;password={some.word('JDBC string')};",
        f"mssql://anna:{some.word('URL')}@mi-orders.a1b2c3d4e5f6.database.windows.net/db", f"export DB_PASSWORD='{some.word('export')}'",
        f"set SQL_PWD={some.word('set')}", f"az login --service-principal -u x --client-secret {some.word('--client-secret')}",
        f"curl -u anna:{some.word('curl -u')} https://x.example", f"> Authorization: Bearer {some.token('header')}",
        f"> Authorization: Basic {some.word('basic header')}", f"{{\"password\": \"{some.word('JSON line')}\"}}", some.pem("PEM in a paste"),
        f"<serversecret>{some.word('XML element')}</serversecret>", some.code("key alone on a line", 64), f"the key is {some.code('key in a line', 32)} ok",
        f"curl -v telnet://mi-orders.a1b2c3d4e5f6.database.windows.net:1433?sig={some.word('command of a test')}aaa",
        "*   Trying 10.0.0.4:1433...", f"* connect to 10.0.0.4 port 1433 failed: token={some.word('words of a tool')}",
    ])  # fmt: skip


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, Path]:
    """A folder as a customer sends it: an export, output of consoles, a snapshot of another program."""
    some, folder = Planted(), tmp_path_factory.mktemp("sent")
    (folder / "export.json").write_text(json.dumps(resources(some)))
    (folder / "console.txt").write_text(paste(some))
    problem = {"scope": "/subscriptions/x", "operation": "Microsoft.Network/azureFirewalls/read", "status": 403, "code": "AuthorizationFailed",
               "message": f"The request had Bearer {some.token('message of a problem')}", "kinds": []}  # fmt: skip
    other = {"format": "mi-workbook/snapshot", "version": 1, "resources": [], "problems": [problem], "source": {"complete": [], "accessToken": some.word("source")},
             "observations": [{"kind": "route-print", "about": "client", "text": f"pwd: {some.word('raw text')}"},
                              {"kind": "probe-tcp", "about": "client", "value": {"address": "10.0.0.4", "port": 1433, "outcome": "timeout",
                                                                               "detail": f"secret={some.word('words of a probe')}"}}],
             "comment": {"password": some.word("member of a document")}}  # fmt: skip
    (folder / "other.json").write_text(json.dumps(other))
    return some, folder


def executed(folder: Path) -> str:
    """What a notebook shows of the evidence: the session, values as Python prints them, and a traceback."""
    session = folder.parent / "session.ipynb"
    cells = [
        f"from mi_workbook.evidence.files import load\nheld = load({str(folder)!r})\nlen(held.resources)",
        "held.to_dict()",
        f"from mi_workbook.diagnosis.diagnose import diagnose\nfound = diagnose(held, {ONE.source!r}, {ONE.target!r})\nprint(found)\nfound",
        "from mi_workbook.workbook import start\nopened = start()\nopened.state.take(held, 'sent')\nopened.state.question("
        f"{ONE.source!r}, {ONE.target!r}, 'auto')\nopened.show() if hasattr(opened, 'show') else None\nopened",
        "diagnose(held, 'nobody', 'nothing')",
        "held.resources[0]['nothing there']",
    ]  # fmt: skip
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    NotebookClient(book, timeout=120, kernel_name="python3", allow_errors=True, store_widget_state=True).execute()
    nbformat.write(book, session)
    text = session.read_text()
    assert "Traceback" in text and "mi-orders" in text
    return text


def test_no_secret_is_in_anything_that_comes_out(
    planted: tuple[Planted, Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Snapshot as saved, session, redacted snapshot, both reports, printed answers, notebook, log and traceback, together."""
    some, folder = planted
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]))
    )
    caplog.set_level(logging.DEBUG)
    held = load(folder)
    out: dict[str, str] = {}
    sealed(held).save(tmp_path / "saved.json")
    found = diagnose(held, ONE.source, ONE.target)
    out |= {
        "saved": (tmp_path / "saved.json").read_text(),
        "html": to_html(found, held),
        "markdown": to_markdown(found, held),
        "repr": repr(found),
    }
    state = State()
    state.open_files([(path.name, path.read_bytes()) for path in sorted(folder.iterdir())])
    state.question(ONE.source, ONE.target, "auto")
    assert state.diagnosis is not None, state.error
    out["session"] = save(state)
    (tmp_path / "walk.json").write_text(out["session"])
    typed = f"Server={ONE.target};User ID=anna;Password={some.word('typed as target')};"
    written = {
        name: str(tmp_path / name)
        for name in ("r.html", "r.md", "p.html", "p.md", "redacted.json", "walk2.json", "names.json")
    }
    for arguments in (
        ["diagnose", str(folder), "--from", ONE.source, "--to", typed, "--html", written["r.html"], "--markdown", written["r.md"]],
        ["diagnose", str(folder), "--from", ONE.source, "--to", typed, "--json"],
        ["diagnose", str(folder), "--from", ONE.source, "--to", ONE.target, "--redacted", "--html", written["p.html"], "--markdown", written["p.md"]],
        ["reach", str(folder), "--to", typed],
        ["redact", str(folder), "--from", ONE.source, "--to", typed, "--out", written["redacted.json"], "--names", written["names.json"]],
        ["redact", str(tmp_path / "walk.json"), "--out", written["walk2.json"]],
        ["parse", str(folder / "console.txt")], ["parse", str(folder / "console.txt"), "--json"], ["explain", str(folder / "console.txt")],
    ):  # fmt: skip
        assert main(arguments) in (0, 1, 3), arguments
    out |= {name: Path(path).read_text() for name, path in written.items()}
    out |= dict(zip(("stdout", "stderr"), capsys.readouterr(), strict=True)) | {
        "log": caplog.text,
        "notebook": executed(folder),
    }
    for broken in (
        "{",
        f'[{{"id": 7, "x": "Password={some.word("broken file")}"}}]',
        f'{{"value": "secret={some.word("odd value")}"}}',
    ):
        (tmp_path / "broken.json").write_text(broken)
        with pytest.raises(InputError) as caught:
            load(tmp_path / "broken.json")
        out[f"traceback {broken[:9]}"] = "".join(traceback.format_exception(caught.value))
    assert len(some.where) > 200 and all(text for name, text in out.items() if name not in {"stderr", "log"})
    left = [(place, name) for secret, place in some.where.items() for name, text in out.items() if secret in text]
    assert not left, left


def test_what_is_no_secret_stays(planted: tuple[Planted, Path]) -> None:
    """The evidence is still whole: resources, routes, settings of the platform, tags, and the lines that were sent."""
    held = load(planted[1])
    text = json.dumps(held.to_dict())
    assert len(held.resources) == len(ONE.snapshot().resources) + 7
    for word in (
        '"owner": "anna"',
        "WEBSITE_DNS_SERVER",
        "10.0.9.4",
        "radiusServerAddress",
        "nslookup",
        "AuthorizationFailed",
        "User ID=anna",
    ):
        assert word in text, word
