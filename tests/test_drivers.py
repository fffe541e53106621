"""Versions of drivers in pasted output are read and set beside the recommended minimum."""

import pytest

from mi_workbook.checks.catalogue import load
from mi_workbook.core.errors import InputError
from mi_workbook.evidence.drivers import read_versions, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[ODBC Driver 17 for SQL Server]\n[FreeTDS]\n", [("drv-odbc", "17", False)]),
        ("Name : ODBC Driver 13 for SQL Server\nPlatform : 64-bit", [("drv-odbc", "13", True)]),
        ("app@1.0.0 /srv/app\n└─┬ mssql@9.1.1\n  └── tedious@1.14.0",
         [("", "9.1.1", None), ("drv-node", "1.14.0", True)]),
        ("lib/mssql-jdbc-12.4.2.jre11.jar", [("drv-jdbc", "12.4.2", False)]),
        ("mssql-jdbc-6.2.2.jre8.jar\r\n", [("drv-jdbc", "6.2.2", True)]),
        ("> Microsoft.SqlServer.SqlManagementObjects   140.17279.0   140.17279.0", [("drv-smo", "140.17279.0", True)]),
        ("sqlsrv\nExtensionVer => 5.1.0", [("drv-php", "5.1.0", True)]),
        ("SQL Server Management Studio\t17.9.1", [("drv-ssms", "17.9.1", True)]),
        (".NET Framework 4.5.2", [("drv-netfx", "4.5.2", True)]),
        ("SQL Server Native Client 11.0", [("drv-oledb", "11.0", True)]),
        ("Microsoft.NETCore.App 8.0.6 [/usr/share/dotnet/shared]", [("", "8.0.6", None)]),
        ("   > Microsoft.Data.SqlClient      5.1.*   5.1.5", [("", "5.1.5", None)]),
        ("pyodbc    4.0.30\npymssql==2.2.11", [("", "4.0.30", None), ("", "2.2.11", None)]),
        ("Microsoft OLE DB Driver for SQL Server 18.0.2.0", [("drv-oledb", "18.0.2.0", False)]),
        ("ODBC Driver 17 for SQL Server\nODBC Driver 18 for SQL Server\nODBC Driver 17 for SQL Server",
         [("drv-odbc", "17", False), ("drv-odbc", "18", False)]),
    ],
)  # fmt: skip
def test_version_is_read_and_judged(text: str, expected: list[tuple[str, str, bool | None]]) -> None:
    """Each line that names a driver gives its version, and whether it is below the minimum."""
    assert [(v.driver.fault, v.version, v.too_old) for v in read_versions(text)] == expected


@pytest.mark.parametrize("text", ["", "ODBC Driver for SQL Server", "tedious@", "mssql-jdbc-", "\x00" * 5000, "<b>1.2"])
def test_what_names_no_version_is_not_judged(text: str) -> None:
    """Nothing is concluded from a driver without a version, from noise or from nothing."""
    assert read_versions(text) == ()


def test_absurd_input_is_refused_or_bounded() -> None:
    """A huge paste is bad input; a huge number is no reason to fail."""
    with pytest.raises(InputError):
        read_versions("x" * 2_000_000)
    assert len(read_versions("tedious@" + "9" * 1500 + ".1")) == 1


def test_every_driver_of_the_table_is_a_fault_with_the_same_minimum() -> None:
    """The table and the catalogue name the same drivers and minimum versions."""
    faults = load()
    judged = [driver for driver in table() if driver.fault]
    assert len(judged) == 8 and all(driver.minimum == "" for driver in table() if driver not in judged)
    for driver in judged:
        assert driver.minimum in f"{faults[driver.fault].says} {faults[driver.fault].title}"
