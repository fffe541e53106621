"""Connection strings of every driver: what is read, what is judged, and that no secret gets out."""

import json
from dataclasses import asdict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.connection_string import ConnectionString, judge, read, read_all
from mi_workbook.evidence.explain import explain
from mi_workbook.evidence.string_faults import words
from mi_workbook.evidence.string_forms import keys
from mi_workbook.views.explain import explain_json, lines

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
PUBLIC = "mi-orders.public.a1b2c3d4e5f6.database.windows.net"
MARK = "Zq9xK7"

# (what it is, text, form, target)
FORMS = [
    ("ADO.NET of the portal", f"Server=tcp:{MI},1433;Initial Catalog=db;Persist Security Info=False;User ID=u;Password={MARK};MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;", "ado.net", f"{MI},1433"),
    ("ADO.NET, quoted password", f"Data Source={MI};Password=\"{MARK};\"\"{MARK}\";User ID='u';Encrypt=Strict", "ado.net", MI),
    ("ADO.NET, synonym Addr", f"addr={MI};pwd={MARK};uid=u;database=d", "ado.net", MI),
    ("ADO.NET, synonym Network Address", f"Network Address = {MI} ; Password={MARK};User Id=u", "ado.net", MI),
    ("ADO.NET over several lines", f"Server={MI},1433;\n  User Id=u;\n  Password={MARK};\n  Connect Timeout=45;", "ado.net", f"{MI},1433"),
    ("OLE DB", f"Provider=MSOLEDBSQL19;Data Source={MI},1433;Initial Catalog=d;User ID=u;Password={MARK};Use Encryption for Data=Mandatory;", "oledb", f"{MI},1433"),
    ("ODBC", f"Driver={{ODBC Driver 18 for SQL Server}};Server=tcp:{MI},1433;Uid=u;Pwd={{{MARK};}}}}{MARK}}};Encrypt=yes;", "odbc", f"{MI},1433"),
    ("ODBC of Go", f"odbc:server={MI};user id=u;password={{{MARK}}};database=d", "odbc", MI),
    ("JDBC", f"jdbc:sqlserver://{MI}:1433;database=d;user=u;password={{{MARK};x}}}}y}};encrypt=true;loginTimeout=30;", "jdbc", f"{MI},1433"),
    ("JDBC by properties", f"jdbc:sqlserver://;serverName={MI};portNumber=1433;user=u;password={MARK}", "jdbc", f"{MI},1433"),
    ("JDBC of Spring", f"spring:\n  datasource:\n    url: jdbc:sqlserver://{MI}:1433;databaseName=d\n    password: {MARK}\n", "jdbc", f"{MI},1433"),
    ("jTDS", f"jdbc:jtds:sqlserver://{MI}:1433/db;user=u;password={MARK}", "jdbc", f"{MI},1433"),
    ("Go URL", f"sqlserver://u:{MARK}%40x@{MI}:1433?database=d&encrypt=true", "url", f"{MI},1433"),
    ("Go ADO form", f"server={MI};user id=u;password={MARK};port=1433;fedauth=ActiveDirectoryMSI", "ado.net", f"{MI},1433"),
    ("Prisma URL", f"sqlserver://{MI}:1433;database=d;user=u;password={{{MARK};x}};encrypt=true", "url", f"{MI},1433"),
    ("node URL", f"mssql://u:{MARK}@{MI}/db?encrypt=true", "url", MI),
    ("node, raw secret in URL", f"mssql://u:{MARK}@{MARK}/{MARK}?{MARK}#{MARK}@{MI}:1433/db", "url", f"{MI},1433"),
    ("tedious", f"const config = {{ server: '{MI}', authentication: {{ type: 'default', options: {{ userName: 'u', password: '{MARK}' }} }}, options: {{ port: 1433, encrypt: true, connectTimeout: 30000 }} }};", "node", f"{MI},1433"),
    ("node JSON", json.dumps({"server": MI, "user": "u", "password": MARK, "options": {"encrypt": True, "port": 1433}}), "node", f"{MI},1433"),
    ("SQLAlchemy, odbc_connect", f"mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC+Driver+18+for+SQL+Server%7D%3BSERVER%3D{MI}%2C1433%3BUID%3Du%3BPWD%3D{MARK}%2540", "pyodbc", f"{MI},1433"),
    ("SQLAlchemy, odbc_connect unquoted", f"mssql+pyodbc:///?odbc_connect=DRIVER={{ODBC Driver 18 for SQL Server}};PWD=a@{MARK};SERVER={MI};UID=u", "pyodbc", MI),
    ("SQLAlchemy, pyodbc", f"mssql+pyodbc://u:{MARK}@{MI}:1433/db?driver=ODBC+Driver+18+for+SQL+Server", "pyodbc", f"{MI},1433"),
    ("SQLAlchemy, pymssql", f"engine = create_engine('mssql+pymssql://u:{MARK}@{MI}:1433/db')", "pymssql", f"{MI},1433"),
    ("pyodbc, parts", f"server = '{MI}'\ncnxn = pyodbc.connect('DRIVER={{ODBC Driver 17 for SQL Server}};SERVER=' + server + ';DATABASE=d;UID=u;PWD=' + '{MARK}')", "odbc", MI),
    ("pyodbc, arguments", f"conn = pyodbc.connect(driver='{{ODBC Driver 17 for SQL Server}}', server='{MI},1433', uid='u', pwd='{MARK}', encrypt='yes')", "pyodbc", f"{MI},1433"),
    ("pymssql, arguments", f"conn = pymssql.connect(server='{MI}', user='u', password='{MARK}', database='d')", "pymssql", MI),
    ("pymssql, by position", f"conn = pymssql.connect('{MI}', 'u', '{MARK}', 'd')", "pymssql", MI),
    ("mssql-python", f"conn = mssql_python.connect(\"Server={MI};Database=d;Authentication=ActiveDirectoryDefault;Encrypt=yes;\")", "ado.net", MI),
    ("PHP sqlsrv", f"$serverName = \"tcp:{MI},1433\"; $connectionInfo = array(\"UID\" => \"u\", \"PWD\" => \"{MARK}\", \"LoginTimeout\" => 30, \"Encrypt\" => 1); $conn = sqlsrv_connect($serverName, $connectionInfo);", "php", f"{MI},1433"),
    ("PHP PDO", f"$conn = new PDO(\"sqlsrv:server = tcp:{MI},1433; Database = db\", \"u\", \"{MARK}\");", "php", f"{MI},1433"),
    ("PHP dblib", f"dblib:host={MI}:1433;dbname=x;charset=UTF-8", "php", f"{MI},1433"),
    ("appsettings fragment", f'"ConnectionStrings": {{ "Default": "Server={MI};Database=d;User Id=u;Password=\\"{MARK};{MARK}\\"", /* c */ }},', "ado.net", MI),
    ("App Service settings", json.dumps([{"name": "Main", "value": f"Server={MI};Password={MARK};UID=x", "type": "SQLAzure"}]), "ado.net", MI),
    ("web.config", f'<add name="Db" connectionString="Server={MI};Database=d;User Id=u;Password=&quot;{MARK};{MARK}&quot;" providerName="System.Data.SqlClient" />', "ado.net", MI),
    ("environment of App Service", f"SQLAZURECONNSTR_Main=Server={MI};Database=x;Uid=x;Pwd={MARK}", "ado.net", MI),
    ("export", f"export DB_URL=\"jdbc:sqlserver://{MI};user=x;password={MARK}\"", "jdbc", MI),
    ("PowerShell variable", f"$env:DATABASE_URL = \"sqlserver://u:{MARK}@{MI}:1433\"", "url", f"{MI},1433"),
    ("one variable for each part", f"DB_HOST={PUBLIC}\nDB_PORT=3342\nDB_USER=x\nDB_PASSWORD={MARK}\nOTHER={MARK}", "variables", f"{PUBLIC},3342"),
    ("C# verbatim", f"var c = new SqlConnection(@\"Server={MI};User Id=x;Password={MARK};\");", "ado.net", MI),
    ("az command", f"az webapp config connection-string set -t SQLAzure --settings main='Server={MI};Database=x;User Id=u;Password={MARK}'", "ado.net", MI),
]  # fmt: skip


def everything(text: str) -> str:
    """All that can come out of a paste, in every form."""
    explanation = explain(text)
    shown = "\n".join(line for line, _ in lines(explanation))
    return "\n".join((repr(explanation), shown, json.dumps(explain_json(explanation)), explanation.target))


@pytest.mark.parametrize(("text", "form", "target"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS])
def test_every_form_is_read_and_its_secret_is_not(text: str, form: str, target: str) -> None:
    """Form and server come out; the planted secret does not, nor do user and database names as values."""
    string = read(text)
    assert (form, target) == (string.form, string.target)
    assert MARK not in everything(text)
    assert not [finding for finding in judge(string) if finding.severity == "blocks"]


@pytest.mark.parametrize(
    ("written", "protocol", "host", "port", "instance"),
    [
        (MI, "", MI, None, ""),
        (f"tcp:{MI},1433", "tcp", MI, 1433, ""),
        (f"TCP: {MI.upper()} , 1433", "tcp", MI, 1433, ""),
        (f"{MI}:1433", "", MI, 1433, ""),
        (f"{MI}.", "", MI, None, ""),
        (f"{MI}\\SQL", "", MI, None, "SQL"),
        (f"{MI}\\\\SQL,1433", "", MI, 1433, "SQL"),
        (f"np:{MI}", "np", MI, None, ""),
        (f"np:\\\\{MI}\\pipe\\sql\\query", "np", MI, None, ""),
        (f"lpc:{MI}", "lpc", MI, None, ""),
        (f"admin:{MI}", "admin", MI, None, ""),
        ("(local)", "", "(local)", None, ""),
        (".", "", ".", None, ""),
        (".\\SQLEXPRESS", "", ".", None, "SQLEXPRESS"),
        ("(localdb)\\MSSQLLocalDB", "", "(localdb)", None, "MSSQLLocalDB"),
        ("10.0.0.4,1433", "", "10.0.0.4", 1433, ""),
        ("[2001:db8::1],1433", "", "2001:db8::1", 1433, ""),
    ],
)
def test_the_server_is_taken_apart(written: str, protocol: str, host: str, port: int | None, instance: str) -> None:
    """Prefixes, ports with comma and colon, instances and local names."""
    string = read(f"Server={written};User Id=u;Password={MARK}")
    assert (protocol, host, port, instance) == (string.protocol, string.host, string.port, string.instance)


@pytest.mark.parametrize("port", ["99999", "", "14x33"])
def test_a_port_that_cannot_be_is_not_guessed(port: str) -> None:
    """What does not fit is said, and the server is not taken."""
    string = read(f"Server={MI},{port};User Id=u;Password={MARK}")
    assert string.target == "" and any("could not be read" in note for note in string.notes)


JUDGED = [
    ("Server=10.0.0.4,1433;UID=u;PWD=p", "ip-used", "blocks"),
    ("Server=[2001:db8::1];UID=u;PWD=p", "ip-used", "blocks"),
    (f"Server={MI}\\SQL;UID=u;PWD=p", "name-instance", "blocks"),
    (f"Server={MI}\\SQL,1433;UID=u;PWD=p", "name-instance", "risk"),
    (f"jdbc:sqlserver://{MI};instanceName=SQL;user=u", "name-instance", "blocks"),
    (f"sqlserver://u:p@{MI}/orders", "name-instance", "blocks"),
    (f"Server=np:{MI};UID=u;PWD=p", "name-instance", "blocks"),
    (f"Server={MI};Network Library=dbnmpntw;UID=u;PWD=p", "name-instance", "blocks"),
    (
        "Server=mi-orders.privatelink.a1b2c3d4e5f6.database.windows.net;UID=u;PWD=p",
        "privatelink-name-in-string",
        "blocks",
    ),
    ("Server=mi-orders.database.windows.net;UID=u;PWD=p", "fqdn-no-zone", "blocks"),
    ("Server=mi-orders.public.database.windows.net,3342;UID=u;PWD=p", "fqdn-no-zone", "blocks"),
    ("Server=mi-orders.database.chinacloudapi.cn;UID=u;PWD=p", "fqdn-no-zone", "blocks"),
    ("Server=mi-orders;UID=u;PWD=p", "fqdn-no-zone", "risk"),
    ("Server=x.sql.azuresynapse.net;UID=u;PWD=p", "fqdn-logical-server", "blocks"),
    ("Server=tr12.westeurope1-a.worker.vnet.database.windows.net;UID=u;PWD=p", "alias-label-changed", "blocks"),
    ("Server=localhost,1433;UID=u;PWD=p", "alias-label-changed", "blocks"),
    (f"Server={PUBLIC};UID=u;PWD=p", "port-wrong-1433-public", "blocks"),
    (f"Server={PUBLIC},1433;UID=u;PWD=p", "port-wrong-1433-public", "blocks"),
    (f"Server={MI},3342;UID=u;PWD=p", "port-wrong-3342-private", "blocks"),
    (f"jdbc:sqlserver://{MI};portNumber=3342;user=u", "port-wrong-3342-private", "blocks"),
    (f"Server={MI};UID=u;PWD=p;Connect Timeout=5", "timeout-short", "risk"),
    (f"const c = {{ server: '{MI}', user: 'u', options: {{ connectTimeout: 5000 }} }}", "timeout-short", "risk"),
    (f"Server={MI};UID=u;PWD=p", "timeout-short", "info"),
    ("Driver={ODBC Driver 18 for SQL Server};Server=sql.contoso.com;UID=u;PWD=p", "drv-encrypt-default", "risk"),
    ("Server=sql.contoso.com;Encrypt=True;UID=u;PWD=p", "alias-cert", "risk"),
    ("Server=sql.contoso.com;Encrypt=False;UID=u;PWD=p", "alias-label-changed", "risk"),
    (f"Server={MI};HostNameInCertificate=*.a1b2c3d4e5f6.database.windows.net;UID=u;PWD=p", "alias-cert", "risk"),
    (f"Server={MI};HostNameInCertificate=sql.contoso.com;UID=u;PWD=p", "alias-cert", "risk"),
    (f"Server={MI};UID=u@mi-orders;PWD=p", "auth-at-sign", "risk"),
    (f"Server={MI};Trusted_Connection=yes;Database=d", "auth-login", "info"),
    (f"sqlserver://u:p@{MI}?encrypt=disable", "tls-client-old", "risk"),
    (f"jdbc:sqlserver://{MI};sslProtocol=TLSv1.1;user=u", "tls-client-old", "risk"),
    (f"pymssql.connect(server='{MI}', user='u', password='p', tds_version='7.1')", "drv-tds", "risk"),
    (f"Driver={{SQL Server}};Server={MI};UID=u;PWD=p", "drv-odbc", "risk"),
    (f"Driver={{ODBC Driver 13 for SQL Server}};Server={MI};UID=u;PWD=p", "drv-odbc", "risk"),
    (f"Provider=SQLNCLI11;Data Source={MI};User ID=u;Password=p", "drv-oledb", "risk"),
]


@pytest.mark.parametrize(("text", "fault", "severity"), JUDGED, ids=[f"{j[1]}-{n}" for n, j in enumerate(JUDGED)])
def test_a_fault_of_the_string_is_named_with_its_evidence(text: str, fault: str, severity: str) -> None:
    """The catalogue's id, the setting as written, what to change."""
    found = [finding for finding in judge(read(text)) if (fault, severity) == (finding.fault, finding.severity)]
    assert found and found[0].key and found[0].value and found[0].change and found[0].source
    assert "{" not in found[0].says + found[0].change


@pytest.mark.parametrize(
    "text",
    [
        f"Server={MI};UID=u@contoso.com;Authentication=Active Directory Interactive;Connect Timeout=30",
        f"Server={MI},1433;UID=u;PWD=p;Encrypt=True;Connect Timeout=30",
        f"Server={PUBLIC},3342;UID=u;PWD=p;Encrypt=Strict;Connect Timeout=60",
        "Server=mi-fog.secondary.a1b2c3d4e5f6.database.windows.net;ApplicationIntent=ReadOnly;UID=u;Connect Timeout=30",
        f"Driver={{ODBC Driver 18 for SQL Server}};Server={MI};UID=u;PWD=p;LoginTimeout=30",
        f"Server={MI};HostNameInCertificate={MI};Encrypt=True;UID=u;Connect Timeout=30",
        "Server=mi-orders.a1b2c3d4e5f6.database.usgovcloudapi.net;UID=u;Connect Timeout=30",
        f"jdbc:sqlserver://{MI}:1433;user=u;sslProtocol=TLSv1.2",
    ],
)
def test_a_sound_string_shows_no_fault(text: str) -> None:
    """What looks like a fault and is none."""
    assert judge(read(text)) == ()


def test_the_worst_comes_first() -> None:
    """Findings are sorted by severity."""
    severities = [finding.severity for finding in judge(read(f"Server={PUBLIC}\\X;UID=a@b;PWD=p;Connect Timeout=3"))]
    assert severities == sorted(severities, key=("blocks", "degrades", "risk", "info").index) and len(severities) >= 4


def test_duplicated_keys_follow_the_drivers_rule() -> None:
    """ADO.NET takes the last of two synonyms, ODBC the first; both say so."""
    ado = read("Server=first.contoso.com;Data Source=second.contoso.com;UID=u;PWD=p")
    odbc = read("Driver={ODBC Driver 18 for SQL Server};Server=first.contoso.com;Server=second.contoso.com;UID=u")
    assert (ado.host, odbc.host) == ("second.contoso.com", "first.contoso.com")
    assert ("server",) == ado.duplicated == odbc.duplicated


@pytest.mark.parametrize("value", ["${DB_HOST}", "<server>", "your_server.database.windows.net", "%SQLSERVER%", "{0}"])
def test_a_placeholder_is_not_taken_for_a_server(value: str) -> None:
    """The user is asked for the resolved string, or told that the name is not one."""
    string = read(f"Server={value};User Id=u;Password={MARK}")
    assert string.target == "" or any(f.severity == "blocks" for f in judge(string))


def test_several_strings_are_read_in_order() -> None:
    """A settings file holds more than one, and says where each stood."""
    text = json.dumps({"ConnectionStrings": {"A": f"Server={MI};UID=u", "B": f"Server={PUBLIC},3342;UID=u"}})
    assert [string.found_in for string in read_all(text)] == ["ConnectionStrings:A", "ConnectionStrings:B"]
    assert [string.endpoint for string in read_all(text)] == ["vnet-local", "public"]


@pytest.mark.parametrize("text", ["", "hello", "a = b", "SELECT 1;", "{}", "[1, 2]", "port=1433", "x" * 10_000, MARK])
def test_other_text_is_refused_without_showing_it(text: str) -> None:
    """The error says what is accepted, and holds nothing of the paste."""
    with pytest.raises(InputError) as error:
        read(text)
    assert MARK not in str(error.value) and "No connection string" in str(error.value)


MALFORMED = [
    f"Server={MI};Password='{MARK};Server={MARK};UID=u",
    f"Server={MI};Password=\"{MARK};UID=u;x={MARK}",
    f"Driver={{ODBC Driver 18 for SQL Server}};Server={MI};PWD={{{MARK};Encrypt={MARK};UID=u",
    f"Driver={{ODBC Driver 18 for SQL Server;Server={MI};PWD={MARK};UID=u",
    f"Server={MI} Password={MARK};UID=u;Database=x",
    f"Server={MI};UID=u;Password={MARK};{MARK};{MARK}={MARK}",
    f"Server={MI};UID=u;Passwort={MARK};Pasword={MARK}",
    f"Server={MI};UID={MARK}@{MARK};PWD=x;Database={MARK};Application Name={MARK}",
    f"Server={MI};UID=u;Encrypt={MARK};Connect Timeout={MARK};Driver={MARK};HostNameInCertificate={MARK} x;Authentication={MARK}",
    f"mssql://{MARK}:{MARK}",
    f"mssql://u:{MARK}/{MARK}",
    f"mssql://u:{MARK} {MARK}@{MI}/db",
    f"jdbc:sqlserver://u:{MARK}@{MI}:1433;encrypt=true",
    f"jdbc:sqlserver://{MI};password={{{MARK};user=x;{MARK}",
    f'{{"server": "{MI}", "password": "{MARK}", "x": "{MARK}"',
    f"const c = {{ server: '{MI}', password: \"{MARK}'; user: '{MARK}' }}",
    f"Server={MI};Access Token={MARK};ClientSecret={MARK};AccountKey={MARK}==;sig={MARK}",
    f"{MARK}=Server={MI};UID=u;PWD={MARK}".replace(f"{MARK}=Server", "CONN=Server"),
    f"Server=tcp:u:{MARK}@{MI},1433;UID=u;PWD=x",
    f"pwd={MARK};pwd={MARK};uid=u;server={MI}",
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_strings_leak_nothing(text: str) -> None:
    """Wherever the secret stands, it is in no field, note, line, JSON or repr."""
    assert MARK not in everything(text)


TEMPLATES = (
    f"Server={MI};User Id=u;Password={{}};Encrypt=true",
    f'Server={MI};Password="{{}}";User Id=u',
    f"Driver={{{{ODBC Driver 18 for SQL Server}}}};Server={MI};PWD={{{{{{}}}}}};UID=u",
    f"jdbc:sqlserver://{MI}:1433;user=u;password={{}};encrypt=true",
    f"mssql://u:{{}}@{MI}:1433/db?encrypt=true",
    f"sqlserver://u:{{}}@{MI}?database=d",
    f"mssql+pyodbc://u:{{}}@{MI}/db?driver=ODBC+Driver+18+for+SQL+Server",
    f"mssql+pyodbc:///?odbc_connect=Driver={{{{ODBC Driver 18 for SQL Server}}}};Server={MI};PWD={{}};UID=u",
    f"pymssql.connect(server='{MI}', user='u', password='{{}}')",
    f'{{{{"server": "{MI}", "password": "{{}}", "user": "u"}}}}',
    f"Connection timed out for Server={MI};Password={{}};UID=u",
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(TEMPLATES),
    st.text("aZ1 ;={}\"'@/:?&#%\\,.|$<>\n", max_size=12),
    st.text(";={}\"'@/:?&#%\\,. $", max_size=8),
)
@example(TEMPLATES[4], "x@", "/z@y?")
@example(TEMPLATES[0], "a;", ";b=")
def test_no_secret_of_any_shape_gets_out(template: str, before: str, after: str) -> None:
    """Quotes, separators and signs of every form inside a secret, escaped or not, reveal nothing of it."""
    assert MARK not in everything(template.format(f"{before}{MARK}{after}{MARK}"))


def test_the_result_is_plain_data_without_names() -> None:
    """It can be written as JSON, and holds neither user nor database."""
    document = json.dumps(asdict(read(f"Server={MI};UID=someone@x;Database=secretdb;PWD=p")))
    assert "someone" not in document and "secretdb" not in document and "given, contains @" in document


def test_a_port_of_its_own_key_has_bounds() -> None:
    """65535 is a port, 65536 is not and is said."""
    good, bad = (read(f"Server={MI};Port={port};UID=u;PWD=p") for port in (65535, 65536))
    assert good.port == 65535 and bad.port is None and any("Port was not understood" in note for note in bad.notes)


def test_every_key_stands_once_and_every_text_is_whole() -> None:
    """The tables have no spelling twice, and each judgement has all its words."""
    assert keys()["datasource"] == "server" and all(spelling == spelling.lower() for spelling in keys())
    for entry in words().values():
        assert {"fault", "severity", "says", "change", "source"} == set(entry)


def test_a_string_without_a_server_says_so() -> None:
    """A DSN is named as the place to look."""
    string = read("DSN=orders;UID=u;PWD=p")
    assert isinstance(string, ConnectionString) and "DSN" in " ".join(string.notes) and judge(string) == ()
