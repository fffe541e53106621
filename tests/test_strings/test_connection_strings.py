"""Connection strings of every driver are read, judged, and give no secret away."""

import json

import pytest

from mi_workbook.cli import main
from mi_workbook.evidence.connection_string import judge, read
from mi_workbook.evidence.explain import explain
from mi_workbook.views.explain import explain_json

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
SECRET = "Sup3rS3cretXYZ"
FORMS = {
    "ADO.NET": f"Server=tcp:{MI},1433;Database=d;User ID=u@x;Password={SECRET};Encrypt=True;",
    "ADO.NET, quoted": f"Data Source={MI},1433;PWD=\"{SECRET};more\";UID=u",
    "ODBC, braces": f"Driver={{ODBC Driver 18 for SQL Server}};Server={MI},1433;PWD={{{SECRET}}}}}abc}};UID=u",
    "JDBC": f"jdbc:sqlserver://{MI}:1433;databaseName=d;user=u;password={{{SECRET}}};encrypt=true",
    "URL of Node": f"mssql://u:{SECRET}@{MI}:1433/d?encrypt=true",
    "URL of Go": f"sqlserver://u:{SECRET}@{MI}:1433?database=d&access token={SECRET}",
    "SQLAlchemy": f"mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC+Driver+18%7D%3BSERVER%3D{MI}%2C1433%3BPWD%3D{SECRET}",
    "tedious": f'const c = {{server: "{MI}", authentication: {{options: {{userName: "u", password: "{SECRET}"}}}},'
               " options: {port: 1433}};",
    "appsettings": f'{{"ConnectionStrings": {{"Main": "Server={MI},1433;User Id=u;Password={SECRET}"}}}}',
    "environment": f'export SQLCONNSTR_MAIN="Server={MI},1433;Password={SECRET}"',
    "PHP": f"$c = sqlsrv_connect('tcp:{MI},1433', array('UID' => 'u', 'PWD' => '{SECRET}'));",
    "OLE DB": f"Provider=MSOLEDBSQL;Data Source={MI},1433;Password={SECRET};Initial Catalog=d",
    "pymssql": f'pymssql.connect(server="{MI}", port=1433, user="u", password="{SECRET}")',
}  # fmt: skip
BROKEN = (
    f'Server={MI};Password="{SECRET}', f"Server={MI};Passwrd={SECRET};User=u", f"Password={SECRET} Server={MI}",
    f"Server={MI};Authentication=Active Directory Service Principal;User ID=app;Client Secret={SECRET};AccessToken={SECRET}",
    f"Login failed for user u. Password={SECRET}; Server={MI} error 18456", f"DefaultEndpointsProtocol=https;AccountKey={SECRET}",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_server_and_port_are_read(text: str) -> None:
    """Every driver's form names the same server, in a form that `diagnose --to` takes."""
    found = read(text)
    assert (found.host.lower(), found.port) == (MI, 1433)
    assert found.target.startswith(MI)


@pytest.mark.parametrize("text", [*FORMS.values(), *BROKEN])
def test_no_secret_comes_out(text: str, capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    """Neither a result, its printed form, JSON, the command's output nor an error holds the password, also where it is broken."""
    try:
        found = explain(text)
        shown = repr(found) + json.dumps(explain_json(found), default=str)
    except Exception as error:
        shown = f"{error!r}{error}"
    file = tmp_path / "paste.txt"  # type: ignore[operator]
    file.write_text(text, encoding="utf-8")
    for arguments in (["explain", str(file)], ["explain", str(file), "--json"]):
        main(arguments)
        shown += str(capsys.readouterr())
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Server=10.0.0.5;User ID=u;Password=p", "ip-used"),
        (f"Server={MI}\\SQL2019;User ID=u;Password=p", "name-instance"),
        (
            "Server=mi-orders.privatelink.a1b2c3d4e5f6.database.windows.net;User ID=u;Password=p",
            "privatelink-name-in-string",
        ),
        ("Server=mi-orders.database.windows.net;User ID=u;Password=p", "fqdn-no-zone"),
        ("Server=mi-orders.public.a1b2c3d4e5f6.database.windows.net;User ID=u;Password=p", "port-wrong-1433-public"),
        (f"Server={MI},3342;User ID=u;Password=p", "port-wrong-3342-private"),
        (f"Server={MI},1433;User ID=u;Password=p;Connect Timeout=5", "timeout-short"),
    ],
)
def test_faults_that_a_string_shows(text: str, fault: str) -> None:
    """The fault is named, with the key it stands in; a sound string has none of them."""
    assert fault in {found.fault for found in judge(read(text))}
    sound = f"Server=tcp:{MI},1433;Database=d;User ID=u;Password=p;Encrypt=True;Connect Timeout=30"
    assert fault not in {found.fault for found in judge(read(sound))}
