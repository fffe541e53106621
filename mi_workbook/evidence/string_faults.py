"""Faults that a connection string shows by itself, by their ids in the catalogue; texts in connection_string.toml.

What a string cannot show, whether the name is the right instance's, is left to the diagnosis.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from mi_workbook.evidence.string_values import NORMAL_PORT, PUBLIC_PORT, ConnectionString, instance_name, labels_of

OTHER_SERVICES = (
    "sql.azuresynapse.net",
    "datawarehouse.fabric.microsoft.com",
    "datawarehouse.pbidedicated.windows.net",
    "database.fabric.microsoft.com",
)
LOCAL = ("localhost", ".", "(local)", "(localdb)")
LONG_ENOUGH = 30
OLD_ODBC = ("SQL Server Native Client", "SQL Server (part", "ODBC Driver 11", "ODBC Driver 13")
OLD_OLEDB = ("SQLOLEDB", "SQL Server Native Client")
CHECKS_BY_DEFAULT = ("ODBC Driver 18", "MSOLEDBSQL19")
CHECKS_ONLY_IF_ASKED = ("ODBC Driver 1", "MSOLEDBSQL", "SQL", "FreeTDS", "jTDS")
FIFTEEN_SECONDS = frozenset({"ado.net", "odbc", "oledb", "node", "pyodbc"})
FAMILIES = {
    "ado.net": "an ADO.NET driver",
    "odbc": "an ODBC driver",
    "oledb": "an OLE DB driver",
    "node": "the Node.js driver",
    "pyodbc": "the ODBC driver below pyodbc",
}
ORDER = ("blocks", "degrades", "risk", "info")


@dataclass(frozen=True, slots=True)
class StringFinding:
    """A fault that a string shows. key and value as written; no secret. severity: blocks | degrades | risk | info."""

    fault: str
    severity: str
    key: str
    value: str
    says: str
    change: str
    source: str


def judge(string: ConnectionString) -> tuple[StringFinding, ...]:
    """Faults that the string shows, the worst first. An empty tuple means that it shows none."""
    found = (*_name(string), *_port(string), *_certificate(string), *_login(string), *_driver_faults(string))
    return tuple(sorted(found, key=lambda finding: ORDER.index(finding.severity)))


@cache
def words() -> dict[str, dict[str, str]]:
    """The texts of judge(), by entry."""
    return tomllib.loads((Path(__file__).parent / "connection_string.toml").read_text(encoding="utf-8"))


def _finding(entry: str, string: ConnectionString, key: str, value: str, **more: str) -> StringFinding:
    text = words()[entry]
    values = {
        "key": key,
        "value": value,
        "host": string.host,
        "expected": _expected(string),
        "port": str(string.port),
        **more,
    }

    def filled(part: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda m: values[m[1]], text[part])

    return StringFinding(text["fault"], text["severity"], key, value, filled("says"), filled("change"), text["source"])


def _expected(string: ConnectionString) -> str:
    """The server as it should be written: without instance and prefix, with the port its endpoint has."""
    host = string.host.replace(".privatelink.", ".")
    if not instance_name(host):
        return "<instance>.<zone>.database.windows.net"
    port = PUBLIC_PORT if ".public." in host else NORMAL_PORT
    return f"{host}{':' if string.form in ('jdbc', 'url') else ','}{port}"


def is_address(host: str) -> bool:
    """True for an IP literal."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _name(string: ConnectionString) -> Iterator[StringFinding]:
    key, value = string.as_written("server")
    if not string.host:
        return
    yield from (_finding(entry, string, key, value) for entry in _prefix(string))
    if string.instance and not string.host.startswith("("):
        name, shown = (key, value) if "\\" in value else string.as_written("instance")
        yield _finding("name-instance-and-port" if string.port is not None else "name-instance", string, name, shown)
    entry = _wrong_name(string.host)
    if entry:
        yield _finding(entry, string, key, value)


def _prefix(string: ConnectionString) -> Iterator[str]:
    if string.protocol in ("np", "lpc"):
        yield "name-pipes"
    if string.protocol == "admin":
        yield "name-admin"


def _wrong_name(host: str) -> str:
    """The entry that says what is wrong with the form of a name; "" for a sound one."""
    labels = labels_of(host)
    zone = [label for label in labels[1:] if label not in ("public", "privatelink", "secondary")]
    rules = (
        (host in LOCAL, "names-this-machine"),
        (is_address(host), "ip-used"),
        (host.endswith(OTHER_SERVICES), "other-service"),
        ("privatelink" in labels, "privatelink-name-in-string"),
        ("worker" in labels, "node-name"),
        (bool(labels) and not zone, "fqdn-no-zone"),
        ("." not in host, "name-bare"),
        (not labels, "alias-label-changed"),
    )
    return next((entry for holds, entry in rules if holds), "")


def _port(string: ConnectionString) -> Iterator[StringFinding]:
    key, value = string.as_written("port") if string.as_written("port")[1] else string.as_written("server")
    if string.endpoint == "public" and string.port != PUBLIC_PORT:
        yield _finding("port-wrong-1433-public", string, *string.as_written("server"))
    if string.endpoint == "vnet-local" and string.port not in (None, NORMAL_PORT):
        yield _finding("port-wrong-3342-private", string, key, value)


def _certificate(string: ConnectionString) -> Iterator[StringFinding]:
    """Names that the certificate does not hold, and settings that decide whether anybody looks."""
    if not string.host or string.host in LOCAL:
        return
    named = instance_name(string.host) and ".privatelink." not in string.host
    if not named and _checks(string) and not string.host_name_in_certificate:
        yield from _unnamed(string)
    if named and string.trust:
        yield _finding("trust-not-needed", string, *string.as_written("trust"))
    certificate = string.host_name_in_certificate.lower()
    if certificate and named and certificate != string.host:
        entry = "certname-pinned" if _fits(certificate, string.host) else "certname-other"
        yield _finding(entry, string, *string.as_written("certname"))


def _checks(string: ConnectionString) -> bool:
    """True where the driver may check the certificate: asked to, or by a default of new drivers."""
    if string.encrypt or string.trust is not None:
        return string.trust is not True and string.encrypt not in ("optional", "off")
    by_default = string.driver.startswith(CHECKS_BY_DEFAULT)
    return by_default or not (string.driver.startswith(CHECKS_ONLY_IF_ASKED) or string.form == "pymssql")


def _unnamed(string: ConnectionString) -> Iterator[StringFinding]:
    if not is_address(string.host) and not labels_of(string.host):
        yield _finding("alias-cert", string, *string.as_written("server"))
    if string.driver.startswith(CHECKS_BY_DEFAULT) and not string.encrypt:
        yield _finding("drv-encrypt-default", string, "driver", string.driver)


def _fits(pattern: str, host: str) -> bool:
    """True where a certificate's name can be one of this host's: `*` stands for one label, or for the old suffix."""
    zone = host.partition(".")[2]
    return pattern in (
        f"*.{zone}",
        f"*.{zone.removeprefix('public.').partition('.')[2]}",
        f"*.{zone.removeprefix('public.')}",
    )


def _login(string: ConnectionString) -> Iterator[StringFinding]:
    if "@" in string.user and string.authentication in ("", "SQL"):
        yield _finding("auth-at-sign", string, "user name", "contains @")
    if string.integrated:
        yield _finding("auth-integrated", string, *string.as_written("integrated"))


def _driver_faults(string: ConnectionString) -> Iterator[StringFinding]:
    yield from _timeout(string)
    if string.encrypt == "off":
        yield _finding("tls-off", string, *string.as_written("encrypt"))
    if re.fullmatch(r"(?i)TLSv?(?:1|1\.0|1\.1)|SSL.*", string.tls_version):
        yield _finding("tls-version", string, *string.as_written("tlsversion"))
    if re.fullmatch(r"[0-6]\D\d|7\D[0-3]", string.tds_version):
        yield _finding("drv-tds", string, *string.as_written("tdsversion"))
    if string.form == "oledb" and string.driver.startswith(OLD_OLEDB):
        yield _finding("drv-oledb", string, "provider", string.driver)
    elif string.driver.startswith(OLD_ODBC):
        yield _finding("drv-odbc", string, "driver", string.driver)


def _timeout(string: ConnectionString) -> Iterator[StringFinding]:
    if string.timeout is None:
        if string.form in FIFTEEN_SECONDS and string.host:
            yield _finding("timeout-default", string, "connect timeout", _family(string))
        return
    if string.timeout < LONG_ENOUGH:
        yield _finding("timeout-short" if string.timeout else "timeout-endless", string, *string.as_written("timeout"))


def _family(string: ConnectionString) -> str:
    known = string.driver not in ("", "another driver")
    return string.driver if known else FAMILIES.get(string.form, "the driver")
