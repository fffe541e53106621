"""Drivers of this machine and of an application's folder are found; what cannot be read is told, and nothing fails."""

import json
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.evidence import driver_files, installed
from mi_workbook.evidence.explain import explain

ODBCINST = """[ODBC]
Trace=No

[ODBC Driver 17 for SQL Server]
Description=Microsoft ODBC Driver 17 for SQL Server
Driver=/opt/microsoft/msodbcsql17/lib64/libmsodbcsql-17.10.so.5.1
UsageCount=1

[ODBC Driver 13 for SQL Server]
Driver=/opt/microsoft/msodbcsql/lib64/libmsodbcsql-13.1.so.9.2
"""
ODBC_KEY = r"""
HKEY_LOCAL_MACHINE\SOFTWARE\ODBC\ODBCINST.INI\ODBC Drivers
    SQL Server    REG_SZ    Installed
    ODBC Driver 18 for SQL Server    REG_SZ    Installed
    SQL Server Native Client 11.0    REG_SZ    Installed
"""
OLEDB_KEY = r"""
HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\MSOLEDBSQL
    InstalledVersion    REG_SZ    18.7.4.0
"""
NET_KEY = r"""
HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full
    Version    REG_SZ    4.5.51209
"""


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without drivers; each test gives it some."""
    monkeypatch.setattr(installed, "ODBC_FILES", ())
    monkeypatch.setattr(installed, "COMMANDS", ())
    monkeypatch.setattr(installed, "PYTHON", ())
    monkeypatch.delenv("ODBCSYSINI", raising=False)


def found(*folders: Path) -> list[tuple[str, str, bool | None]]:
    """Name, version and judgement of what is installed."""
    return [(one.driver.name, one.version, one.too_old) for one in installed.installed(folders).versions]


def test_odbc_drivers_of_unixodbc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sections and the libraries of odbcinst.ini tell the drivers; the place is told with each."""
    (tmp_path / "odbcinst.ini").write_text(ODBCINST)
    monkeypatch.setenv("ODBCSYSINI", str(tmp_path))
    assert set(found()) == {
        ("ODBC driver", "17", False), ("ODBC driver", "17.10", False), ("ODBC driver", "13", True),
        ("ODBC driver", "13.1", True),
    }  # fmt: skip
    assert {one.where for one in installed.installed().versions} == {str(tmp_path / "odbcinst.ini")}


def test_a_file_that_is_refused_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in place of the file cannot be read: that is told, and no driver is denied."""
    (tmp_path / "odbcinst.ini").mkdir()
    monkeypatch.setenv("ODBCSYSINI", str(tmp_path))
    answer = installed.installed()
    assert answer.versions == () and "odbcinst.ini could not be read" in answer.problems[0]


def test_windows_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """reg query lists ODBC drivers, and the versions of OLE DB and of .NET Framework."""
    keys = {"ODBC Drivers": ODBC_KEY, "MSOLEDBSQL": OLEDB_KEY, "Full": NET_KEY}
    monkeypatch.setattr(installed.os, "name", "nt")
    monkeypatch.setattr(
        installed,
        "_output",
        lambda problems, *words: keys.get(words[2].rpartition("\\")[2], "") if "/reg:64" in words else "",
    )
    rows = list(installed._registry([]))
    monkeypatch.undo()
    assert [
        (one.driver.fault, one.version, one.too_old)
        for where, text in rows
        for one in installed.read_versions(text, where)
    ] == [
        ("drv-odbc", "18", False), ("drv-oledb", "11.0", True), ("drv-oledb", "18.7.4.0", False),
        ("drv-netfx", "4.5.51209", True),
    ]  # fmt: skip


def test_packages_of_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver of Python is shown without a judgement: no minimum is named for it. Damaged metadata is a problem."""

    def version(name: str) -> str:
        if name == "pymssql":
            raise ValueError
        if name == "mssql-python":
            raise metadata.PackageNotFoundError
        return "5.1.0"

    monkeypatch.setattr(installed, "PYTHON", ("pyodbc", "pymssql", "mssql-python"))
    monkeypatch.setattr(installed.metadata, "version", version)
    answer = installed.installed()
    assert [(one.driver.name, one.version, one.too_old) for one in answer.versions] == [("pyodbc", "5.1.0", None)]
    assert "pymssql" in answer.problems[0]


def test_a_command_that_complains_is_read_and_one_that_hangs_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """npm ends in 1 with remarks and still lists; a command that does not end is stopped."""
    lists = (sys.executable, "-c", "import sys; print('├── tedious@1.14.0'); sys.exit(1)")
    hangs = (sys.executable, "-c", "import time; time.sleep(600)")
    monkeypatch.setattr(installed, "COMMANDS", (lists, ("no-such-program",), hangs))
    monkeypatch.setattr(installed, "PATIENCE", 5.0)
    answer = installed.installed()
    assert [(one.driver.fault, one.version) for one in answer.versions] == [("drv-node", "1.14.0")]
    assert len(answer.problems) == 1 and "TimeoutExpired" in answer.problems[0]


def application(folder: Path) -> None:
    """An application's folder with a driver of each kind."""
    module = folder / "node_modules" / "tedious"
    module.mkdir(parents=True)
    (module / "package.json").write_text(json.dumps({"name": "tedious", "version": "18.6.1"}))
    (folder / "mssql-jdbc-6.2.2.jre8.jar").write_bytes(b"")
    with zipfile.ZipFile(folder / "mssql-jdbc.jar", "w") as jar:
        jar.writestr(driver_files.PROPERTIES, "#Generated\nversion=12.4.2.jre11\ngroupId=com.microsoft.sqlserver\n")
    (folder / "app.deps.json").write_text('{"libraries": {\n "Microsoft.Data.SqlClient/5.1.5": {\n')
    (folder / "app.csproj").write_text('<PackageReference Include="System.Data.SqlClient" Version="4.8.3" />')
    (folder / "requirements.txt").write_text("flask==3.0\npyodbc==4.0.30\n")
    (folder / "go.mod").write_text("require (\n\tgithub.com/microsoft/go-mssqldb v1.7.2\n)\n")
    (folder / "pom.xml").write_text(
        "<artifactId>mssql-jdbc</artifactId>\n   <version>6.1.0.jre8</version>\n<password>Zq9xK7</password>"
    )


def test_files_of_an_application(tmp_path: Path) -> None:
    """Jars, node_modules and lists of packages each name their driver and version."""
    application(tmp_path)
    assert sorted(found(tmp_path), key=str) == [
        ("JDBC driver", "12.4.2", False), ("JDBC driver", "6.1.0", True), ("JDBC driver", "6.2.2", True),
        ("Microsoft.Data.SqlClient", "5.1.5", None), ("Node.js driver (tedious)", "18.6.1", False),
        ("System.Data.SqlClient", "4.8.3", None), ("go-mssqldb", "1.7.2", None), ("pyodbc", "4.0.30", None),
    ]  # fmt: skip
    assert installed.installed([tmp_path]).problems == ()


def test_damaged_and_silent_files_are_problems(tmp_path: Path) -> None:
    """A jar that is none, one without a version, and broken JSON are told; the rest is read."""
    application(tmp_path)
    (tmp_path / "sqljdbc42.jar").write_bytes(b"PK\x03\x04 not a jar")
    with zipfile.ZipFile(tmp_path / "sqljdbc4.jar", "w") as jar:
        jar.writestr(driver_files.MANIFEST, "Manifest-Version: 1.0\n")
    (tmp_path / "node_modules" / "tedious" / "package.json").write_text("{")
    answer = installed.installed([tmp_path])
    assert len(answer.versions) == 7
    assert len(answer.problems) == 3 and "sqljdbc4.jar does not say its version" in " ".join(answer.problems)


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A huge folder and a huge file are read to their bound, which is told; links are not followed."""
    application(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert len(found(tmp_path)) == 8
    monkeypatch.setattr(driver_files, "BYTES", 20)
    assert any("only its start was read" in problem for problem in installed.installed([tmp_path]).problems)
    monkeypatch.setattr(driver_files, "ENTRIES", 3)
    answer = installed.installed([tmp_path])
    assert answer.versions == () and "more than 3 entries" in answer.problems[0]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """It is bad input, with the name."""
    with pytest.raises(InputError, match="moon"):
        installed.installed([tmp_path / "moon"])


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 with versions, 3 with none, 2 for a file and a folder at once; no secret of a file is shown."""
    assert main(["versions"]) == 3
    assert "nothing is known" in capsys.readouterr().out
    application(tmp_path)
    assert main(["versions", "--folder", str(tmp_path), "--json"]) == 0
    out = capsys.readouterr().out
    document = json.loads(out)
    assert document["schema"] == "mi-workbook/versions/1" and len(document["versions"]) == 8
    assert {row["fault"] for row in document["versions"]} == {"drv-jdbc", None} and "Zq9xK7" not in out
    assert main(["versions", "x", "--folder", str(tmp_path)]) == 2
    paste = tmp_path / "paste.txt"
    paste.write_text("sqlsrv\nExtensionVer => 5.1.0")
    assert main(["versions", str(paste)]) == 0
    assert "5.1.0 is below 5.2.0 (drv-php)" in capsys.readouterr().out


def test_versions_stand_beside_the_error_of_the_same_paste() -> None:
    """A version below the minimum confirms a suspect of the error; versions alone are no unknown error."""
    text = "Failed to validate the server name in a certificate during Secure Sockets Layer (SSL) initialization.\nlib/mssql-jdbc-6.2.2.jre8.jar"
    explanation = explain(text)
    assert explanation.error and "drv-jdbc" in explanation.confirmed
    alone = explain("├── tedious@1.14.0")
    assert alone.error is None and [one.version for one in alone.versions] == ["1.14.0"]


def test_one_paste_with_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """parse reads the tables, and the rest of the paste as string, error and versions; the secret is nowhere."""
    server = "mi-orders.a1b2c3d4e5f6.database.windows.net"
    paste = tmp_path / "mail.txt"
    paste.write_text(
        f"Connected to {server}:1433, time taken: 109ms\n"
        "Complete: 1/1 successful attempts (100%). Average success time: 109ms\n\n"
        f"Server=tcp:{server},1433;User Id=u;Password=Zq9xK7;Encrypt=True\n"
        "Login failed for user 'u'. Error: 18456\n└── tedious@1.14.0\n"
    )
    assert main(["parse", str(paste), "--json"]) == 3
    out = capsys.readouterr().out
    document = json.loads(out)
    assert [reading["kind"] for reading in document["readings"]] == ["tcpping"]
    explained = document["explained"]
    assert explained["target"] == f"{server},1433" and explained["error"]["layer"] == "login"
    assert [row["fault"] for row in explained["versions"]] == ["drv-node"] and "Zq9xK7" not in out
    assert main(["parse", str(paste)]) == 3
    text = capsys.readouterr().out
    assert "tedious) 1.14.0 is below" in text and "Layer: login" in text and "Zq9xK7" not in text


def test_a_string_alone_is_recognised_by_parse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no console output, and still no bad input; noise is."""
    paste = tmp_path / "string.txt"
    paste.write_text("jdbc:sqlserver://mi-orders.a1b2c3d4e5f6.database.windows.net:1433;user=u;password={Zq9xK7;x}")
    assert main(["parse", str(paste)]) == 3
    out = capsys.readouterr().out
    assert "Connection string" in out and "Nothing in it is recognised" not in out and "Zq9xK7" not in out
    paste.write_text("it does not work")
    assert main(["parse", str(paste)]) == 2
    assert "Nothing in it is recognised" in capsys.readouterr().out
