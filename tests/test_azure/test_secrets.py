"""Planted secrets are searched in everything that comes out of a collection."""

import json
import logging
import tomllib
import traceback
from pathlib import Path

import pytest

from mi_workbook.cases import case
from mi_workbook.cli import main
from mi_workbook.diagnosis.collecting import collect_everything
from mi_workbook.evidence import error_text
from mi_workbook.evidence.azure import arm, sign_in
from mi_workbook.evidence.files import load
from mi_workbook.evidence.secrets import KEYS, LIST, WORDS, is_assigned_secret, is_secret, scrub, scrub_text
from tests.test_azure.arm_server import Estate, FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of

PLANTED = "PLANTEDSECRET0123456789"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.UExBTlRFRFNFQ1JFVDAxMjM0NTY3ODk.UExBTlRFRFNFQ1JFVDAxMjM0NTY3ODk"
MEMBERS = {
    "sharedKey": PLANTED, "authorizationKey": PLANTED, "adminPassword": PLANTED, "administratorLoginPassword": PLANTED,
    "radiusServerSecret": PLANTED, "appSettings": [{"name": "A", "value": PLANTED}], "note": f"Password={PLANTED};x",
    "connectionStrings": [{"connectionString": PLANTED}], "customData": PLANTED, "url": f"https://x/?se=1&sig={PLANTED}",
    "machineKey": {"decryptionKey": PLANTED}, "auth": f"Bearer {PLANTED}", "deep": [{"osProfile": {"adminPassword": PLANTED}}],
    "key": f"-----BEGIN RSA PRIVATE KEY-----\n{PLANTED}\n-----END RSA PRIVATE KEY-----", "vpnPackageUri": PLANTED,
    "storage": f"DefaultEndpointsProtocol=https;AccountKey={PLANTED}==;EndpointSuffix=x", "jwt": TOKEN,
}  # fmt: skip


def planted() -> Estate:
    """An estate whose every resource holds every secret, and whose refusals quote the token."""
    estate = estate_of(case("app-service-healthy"))
    for one in estate.resources:
        one["properties"] = {**one["properties"], **MEMBERS}
        one["tags"] = {"password": PLANTED}

    def tells(handler: Handler) -> None:
        body = refusal("AuthorizationFailed", f"The client '{PLANTED}' with token {TOKEN} may not; Password={PLANTED}")
        handler.say(403, body, {"X-Secret": PLANTED})

    def breaks(handler: Handler) -> None:
        body = refusal("BadRequest", f"Request had Authorization: {handler.headers['Authorization']} sig={PLANTED}")
        handler.say(400, body)

    estate.faults = [Fault("permissions$", tells), Fault("effectiveRouteTable", breaks), Fault("routeTables", tells)]
    return estate


def test_no_secret_in_snapshot_log_or_output(serve, caplog: pytest.LogCaptureFixture, capsys, tmp_path: Path) -> None:
    """Snapshot, log at its loudest, progress and gaps hold neither the token nor any planted value."""
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    estate = planted()
    settings = serve(estate, progress=lambda what, n, m: told.append(what))
    got = collect_everything(FakeCredential(TOKEN), settings)
    assert f"Bearer {TOKEN}" in estate.tokens
    assert got.snapshot.resources and got.snapshot.problems
    got.snapshot.save(tmp_path / "out.json")
    everything = [(tmp_path / "out.json").read_text(), caplog.text, str(told), repr(got.gaps), *capsys.readouterr()]
    for text in everything:
        assert PLANTED not in text and TOKEN not in text and TOKEN.split(".")[1] not in text


def test_no_secret_in_a_traceback(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the SDK is told in our words, and the chain of causes is cut."""
    settings = serve(planted())
    reader = arm.Arm(FakeCredential(TOKEN), settings.cloud, arm.Pace(5), verify=settings.verify)
    for path in ("/subscriptions/x/providers/Microsoft.Authorization/permissions", "/nobody", "/x/effectiveRouteTable"):
        with pytest.raises(arm.ReadFailed) as caught:
            reader.get(path, "2025-05-01")
        text = "".join(traceback.format_exception(caught.value))
        assert PLANTED not in text and TOKEN not in text


@pytest.mark.parametrize("name", MEMBERS)
def test_each_planted_member_is_scrubbed(name: str) -> None:
    """Whatever the member, its secret does not stay."""
    assert PLANTED not in json.dumps(scrub({"a": [{name: MEMBERS[name]}]})) or name == "jwt"
    assert TOKEN not in json.dumps(scrub({name: MEMBERS[name]}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Server=x;Password=a b, c&d;Encrypt=True", "Server=x;Password=[removed];Encrypt=True"), ("PWD={a;b};x", "PWD=[removed];x"),
        ('{"clientSecret": "a b"}', '{"clientSecret": [removed]}'), ("db-password: hunter2", "db-password: [removed]"),
        ("sqlcmd -S h -U u -P pw -Q x", "sqlcmd -S h -U u -P [removed] -Q x"), ("curl -u anna:pw https://x", "curl -u [removed] https://x"),
        ("az login --client-secret pw -t x", "az login --client-secret [removed] -t x"), ("https://u:pw@x/y", "https://[removed]@x/y"),
        ("Authorization: Basic dTpw", "Authorization: Basic [removed]"), ("abc8Q~" + "x" * 34, "[removed]"),
        ("key " + "A" * 43 + "= ok", "key [removed] ok"), ("A" * 86 + "==", "[removed]"), ("ghp_" + "a" * 36, "[removed]"),
    ],
)  # fmt: skip
def test_each_form_is_replaced_and_its_name_stays(text: str, shown: str) -> None:
    """What it was can be read; what it says cannot. Twice is as once."""
    assert scrub_text(text) == shown and scrub_text(shown) == shown


@pytest.mark.parametrize(
    "name", ["db_password", "API-KEY", "storageAccountKey", "vpnPsk", "sasToken", "clientSecret", "Credentials"]
)
def test_a_pair_whose_name_is_a_secrets_loses_its_value(name: str, tmp_path: Path) -> None:
    """As a variable of an environment has it, live and from a file."""
    pair = {"name": name, "value": PLANTED, "slot": 1}
    assert scrub({"environment": [pair]}) == {"environment": [{"name": name, "slot": 1}]}
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a"
    (tmp_path / "one.json").write_text(json.dumps([{"id": at, "properties": {"environment": [pair], name: PLANTED}}]))
    assert PLANTED not in json.dumps(load(tmp_path / "one.json").to_dict())


@pytest.mark.parametrize(
    "text",
    ["eyJ", "passwordless", "sig", "a password is needed", "secretary=", "10.0.0.0/8", "", "TLS: 1.2", "https://login.microsoftonline.com/x",
     "a@b.example", "the token expired", "Basic", "key=value", "$skip=3", "A" * 44, "0E1F2A3B4C5D6E7F8091A2B3C4D5E6F708192A3B", "ping -p 3",
     "curl -v telnet://mi-orders.a1b2c3d4e5f6.database.windows.net:1433", "2026-10-01T08:00:00Z", "fe80::1%12"],
)  # fmt: skip
def test_harmless_texts_stay(text: str) -> None:
    """Words alone are no secret."""
    assert scrub_text(text) == text


def test_what_a_diagnosis_needs_is_never_scrubbed() -> None:
    """Every built-in resource passes unchanged."""
    for name in ("peering-healthy", "app-service-healthy", "developer-box-sound", "private-endpoint-healthy"):
        resources = list(case(name).snapshot().resources)
        assert scrub(resources) == resources


def test_command_line_collects_diagnoses_and_redacts(serve, tmp_path: Path, monkeypatch, capsys) -> None:
    """collect writes the file and the verdict, redact a file without names; no output holds the token."""
    settings = serve(planted())
    monkeypatch.setattr("mi_workbook.evidence.azure.clouds.cloud", lambda name: settings.cloud)
    monkeypatch.setattr(sign_in, "sign_in_here", lambda *a, **k: ("cli", FakeCredential(TOKEN)))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(settings.verify))  # as behind a proxy that inspects TLS
    out, clean = tmp_path / "estate.json.gz", tmp_path / "clean.json"
    one = case("app-service-healthy")
    code = main(["collect", "--from", one.source, "--to", one.target, "--out", str(out)])
    shown = capsys.readouterr()
    assert code in (0, 3) and "resources of" in shown.out and out.exists()
    assert main(["redact", str(out), "--out", str(clean), "--to", one.target]) == 0
    shown_too = capsys.readouterr()
    assert "--to mi-" in shown_too.out
    for text in (shown.out, shown.err, shown_too.out, shown_too.err, clean.read_text()):
        assert PLANTED not in text and TOKEN not in text
    assert "orders" not in clean.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["collect", "--scope", "path", "--out", "x.json"], "--from"),
        (["collect", "--out", "/nowhere/x.json"], "folder"),
        (["collect", "--cloud", "Moon", "--out", "x.json"], "Moon"),
        (["redact", "/nowhere.json", "--out", "x.json"], "nowhere"),
    ],
)
def test_bad_usage_is_one_sentence(arguments: list[str], says: str, capsys, monkeypatch, tmp_path) -> None:
    """Bad input ends with 2 and names what to do."""
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


def test_permissions_are_written_as_a_role(capsys) -> None:
    """The role holds reads only, every action the collector can fail with, and the scopes given."""
    assert main(["permissions", "--json", "--subscription", "abc"]) == 0
    role = json.loads(capsys.readouterr().out)
    assert role["AssignableScopes"] == ["/subscriptions/abc"]
    computed = ("/get", "/effective", "/listNetworkManagerEffective", "/nextHop")
    assert all(one.endswith("/read") or any(word in one for word in computed) for one in role["Actions"])
    assert main(["permissions"]) == 0
    assert "without it" in capsys.readouterr().out


@pytest.mark.parametrize(
    "planted",
    [
        {"sharedKey": "PLANTED"}, {"properties": {"vpnClientConfiguration": {"radiusServerSecret": "PLANTED"}}},
        {"properties": {"siteConfig": {"connectionStrings": [{"value": "PLANTED"}]}}}, {"osProfile": {"adminPassword": "PLANTED"}},
        {"properties": {"url": "https://a.blob.core.windows.net/c?sv=1&sig=PLANTEDPLANTED"}},
        {"properties": {"note": "Server=x;Password=PLANTED;"}}, {"properties": {"sendKeyValue": "PLANTED"}},
        {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a/config/appsettings",
         "properties": {"MyOwn": "PLANTED", "WEBSITE_DNS_SERVER": "10.0.0.4"}},
        {"name": "MyOwn", "slotSetting": False, "value": "PLANTED"},
        {"properties": {"certBlob": "PLANTED"}},
    ],
)  # fmt: skip
def test_file_of_somebody_else_loses_its_secrets_on_load(planted: dict, tmp_path: Path) -> None:
    """What others collected was not scrubbed by this program: nothing of it gets into a snapshot, a report or a session."""
    whole = {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v", "name": "v",
             "type": "Microsoft.Compute/virtualMachines", "tags": {"kept": "yes"}, **planted}  # fmt: skip
    (tmp_path / "foreign.json").write_text(json.dumps([whole]))
    loaded = load(tmp_path / "foreign.json")
    text = json.dumps(loaded.to_dict())
    assert "PLANTED" not in text and loaded.resources
    assert ("WEBSITE_DNS_SERVER" in text) is ("WEBSITE_DNS_SERVER" in json.dumps(planted))
    assert '"kept"' in text


@pytest.mark.parametrize("word", sorted(WORDS))
def test_one_list_of_secrets_serves_every_reader(word: str) -> None:
    """What is hidden in a text is hidden in an error text, in a connection string and as a member."""
    for name in (word, f"my-{word}"):
        for hide in (scrub_text, error_text.scrub):
            assert "Zeb7ra" not in hide(f"x; {name}=Zeb7ra; y")
    assert is_assigned_secret(f"db_{word}") and (is_secret(word) or word in KEYS)


def test_each_name_of_the_list_stands_once() -> None:
    """A name in two groups would have two meanings."""
    groups = tomllib.loads(LIST.read_text(encoding="utf-8"))["names"]
    names = [name for group in groups for name in group["list"]]
    assert len(names) == len(set(names)) and {role for group in groups for role in group["are"]} == {
        "text",
        "ending",
        "member",
        "key",
    }
