"""The values of a connection string that are kept: each passes a grammar of its own, and no secret fits one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mi_workbook.evidence.string_forms import HOST, SECRET, UNKNOWN, Pair, Parts
from mi_workbook.evidence.string_search import EXPRESSION, Found

SUFFIXES = ("database.windows.net", "database.chinacloudapi.cn", "database.usgovcloudapi.net")
NORMAL_PORT, PUBLIC_PORT = 1433, 3342
SERVER = re.compile(
    rf"^(?:(?P<protocol>tcp|np|lpc|admin)\s*:\s*)?(?P<host>\(local\)|\(localdb\)|\.|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+|{HOST}\.?)"
    r"\s*(?:\\+(?P<instance>[\w$#-]+))?\s*(?:[,:]\s*(?P<port>\d{1,5}))?$",
    re.IGNORECASE,
)
PIPE = re.compile(rf"^(?:np:)?\\\\+(?P<host>{HOST}|\.)\\", re.IGNORECASE)
PLACEHOLDER = re.compile(r"[<>{}%$#\[\]]|\byour[_-]?\w*", re.IGNORECASE)
DRIVERS = (
    (re.compile(r"odbc driver (\d\d)(?:\.\d+)? for sql server|libmsodbcsql[-.](\d\d)|msodbcsql(\d\d)", re.IGNORECASE), "ODBC Driver {} for SQL Server"),
    (re.compile(r"sql server native client (\d\d)(?:\.\d)?|sqlncli(\d\d)?(?:\.1)?", re.IGNORECASE), "SQL Server Native Client {}"),
    (re.compile(r"msoledbsql(\d\d)?", re.IGNORECASE), "MSOLEDBSQL{}"),
    (re.compile(r"freetds|libtdsodbc", re.IGNORECASE), "FreeTDS"),
    (re.compile(r"sqloledb", re.IGNORECASE), "SQLOLEDB"),
    (re.compile(r"jtds", re.IGNORECASE), "jTDS"),
    (re.compile(r"dblib", re.IGNORECASE), "FreeTDS (dblib)"),
    (re.compile(r"^\{?sql server\}?$|sqlsrv32", re.IGNORECASE), "SQL Server (part of Windows)"),
)  # fmt: skip
TRUE, FALSE = ("true", "yes", "1", "y", "on"), ("false", "no", "0", "n", "off")
ENCRYPT = {**dict.fromkeys((*TRUE, "mandatory", "require", "required", "authenticate"), "on"),
           **dict.fromkeys((*FALSE, "optional", "request"), "optional"),
           "strict": "strict", "disable": "off"}  # fmt: skip
ENTRA = re.compile(r"active ?directory ?(\w[\w ]*)?|azure-active-directory-([\w-]+)|ActiveDirectory\w*", re.IGNORECASE)
ENTRA_KINDS = frozenset({
    "", "password", "integrated", "interactive", "msi", "managedidentity", "serviceprincipal", "default", "devicecodeflow",
    "workloadidentity", "application", "azcli", "environment", "clientassertion", "servicesprincipalcertificate",
    "serviceprincipalcertificate", "serviceprincipalsecret", "serviceprincipalaccesstoken", "msivm", "msiappservice",
    "accesstoken", "azuredevelopercli", "azurepipelines", "onbehalfof", "userassignedmanagedidentity",
    "systemassignedmanagedidentity",
})  # fmt: skip
NETWORKS = r"dbmssocn|dbnmpntw|dbmslpcn|tcp"
PROTOCOLS = {"dbnmpntw": "np", "dbmslpcn": "lpc"}
LAST_PORT = 65535
PORT = r"[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]"


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """What a connection string asks for. Never holds a secret, a user name or a database name.

    form: ado.net | odbc | oledb | jdbc | url | php | pyodbc | pymssql | mssql-python | node | code.
    server: as written, where it could be read; host in lower case without brackets and final dot.
    encrypt: on | optional | off | strict | "" (not given); trust: None where not given; timeout in seconds.
    user: "not given" | "given" | "given, contains @". authentication: "" | SQL | an Entra kind | not understood.
    dropped: keys whose secret was dropped. notes: what could not be read, and why.
    """

    form: str
    found_in: str = ""
    driver: str = ""
    protocol: str = ""
    server: str = ""
    host: str = ""
    port: int | None = None
    instance: str = ""
    database_given: bool = False
    encrypt: str = ""
    trust: bool | None = None
    host_name_in_certificate: str = ""
    timeout: float | None = None
    multi_subnet_failover: bool | None = None
    application_intent: str = ""
    authentication: str = ""
    integrated: bool | None = None
    user: str = "not given"
    tls_version: str = ""
    tds_version: str = ""
    dropped: tuple[str, ...] = ()
    duplicated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    written: tuple[tuple[str, str, str], ...] = ()

    @property
    def endpoint(self) -> str:
        """The endpoint the name asks for: public | vnet-local | "" where the name is not one of an instance."""
        if not instance_name(self.host):
            return ""
        return "public" if ".public." in self.host else "vnet-local"

    @property
    def target(self) -> str:
        """The server for `diagnose --to`, with instance and port as the string has them; "" where unknown."""
        if not self.host:
            return ""
        named = f"\\{self.instance}" if self.instance else ""
        return f"{self.host}{named}" + (f",{self.port}" if self.port is not None else "")

    def as_written(self, key: str) -> tuple[str, str]:
        """Key and value of a setting as they stand in the string."""
        return next(((written, value) for known, written, value in self.written if known == key), (key, ""))


def instance_name(host: str) -> bool:
    """True for <instance>[.public|.secondary|.privatelink].<zone>.<suffix>, the form of every name of an instance."""
    labels = labels_of(host)
    kind = {"public", "secondary", "privatelink"} & set(labels[1:])
    return len(labels) == (3 if kind else 2) and "worker" not in labels


def labels_of(host: str) -> list[str]:
    """What stands before the suffix of Azure SQL, split at the dots; empty without that suffix."""
    suffix = next((s for s in SUFFIXES if host.endswith(f".{s}")), "")
    return host[: -len(suffix) - 1].split(".") if suffix else []


def made(found: Found) -> ConnectionString:
    """The string as values. Where a key stands twice, ODBC and PHP take the first, all others the last."""
    parts = found.parts
    first_wins = parts.form in ("odbc", "php")
    reader = _Reader(_chosen(parts, first_wins), list(parts.notes))
    duplicated = _duplicated(parts)
    if duplicated:
        which = "first" if first_wins else "last"
        reader.notes.append(f"Given more than once: {', '.join(duplicated)}. The {which} one counts.")
    form = _form(parts.form, reader.value("scheme"))
    server = reader.server()
    return ConnectionString(
        form=form,
        found_in=found.found_in,
        driver=reader.driver(),
        protocol=server.protocol,
        server=server.shown,
        host=server.host,
        port=server.port,
        instance=server.instance,
        database_given="database" in reader.chosen,
        encrypt=reader.encrypt(),
        trust=reader.flag("trust"),
        host_name_in_certificate=reader.word("certname", rf"(?:\*\.)?{HOST}"),
        timeout=reader.seconds(form),
        multi_subnet_failover=reader.flag("multisubnet"),
        application_intent=reader.intent(),
        authentication=reader.authentication(),
        integrated=reader.flag("integrated"),
        user={"@": "given, contains @", "-": "given"}.get(reader.value("user"), "not given"),
        tls_version=reader.word("tlsversion", r"TLS(?:v?[0-9.]{0,4})|SSLv?[0-9.]{0,3}"),
        tds_version=reader.word("tdsversion", r"[0-9]{1,2}[._][0-9]|auto"),
        dropped=tuple(dict.fromkeys(one.written for one in parts.pairs if one.key == SECRET)),
        duplicated=duplicated,
        notes=tuple(reader.notes),
        written=tuple(reader.written),
    )


def _chosen(parts: Parts, first_wins: bool) -> dict[str, Pair]:
    chosen: dict[str, Pair] = {}
    for one in parts.pairs:
        if one.key and not (first_wins and one.key in chosen):
            chosen[one.key] = one
    return chosen


def _form(form: str, scheme: str) -> str:
    for sign, name in (("pyodbc", "pyodbc"), ("pymssql", "pymssql"), ("mssqlpython", "mssql-python")):
        if sign in scheme:
            return name
    return form


def _duplicated(parts: Parts) -> tuple[str, ...]:
    seen = [one.key for one in parts.pairs if one.key not in (UNKNOWN, "other", "scheme")]
    names = {key: "a secret" if key == SECRET else key for key in seen}
    return tuple(names[key] for key in dict.fromkeys(seen) if seen.count(key) > 1)


@dataclass(frozen=True, slots=True)
class _Server:
    protocol: str = ""
    shown: str = ""
    host: str = ""
    port: int | None = None
    instance: str = ""


@dataclass(slots=True)
class _Reader:
    """Takes values by their grammar; what does not fit is noted by its key, never by its value."""

    chosen: dict[str, Pair] = field(repr=False)
    notes: list[str]
    written: list[tuple[str, str, str]] = field(default_factory=list)

    def value(self, key: str) -> str:
        return self.chosen[key].value.strip().strip("'\"{}") if key in self.chosen else ""

    def word(self, key: str, grammar: str) -> str:
        value = self.value(key)
        return value if self._keep(key, bool(re.fullmatch(grammar, value, re.IGNORECASE))) else ""

    def flag(self, key: str) -> bool | None:
        word = self.value(key).lower()
        return word in (*TRUE, "sspi") if self._keep(key, word in (*TRUE, *FALSE, "sspi")) else None

    def encrypt(self) -> str:
        kind = ENCRYPT.get(self.value("encrypt").lower(), "")
        return kind if self._keep("encrypt", bool(kind)) else ""

    def intent(self) -> str:
        word = self.value("intent").lower()
        kind = {"readonly": "ReadOnly", "true": "ReadOnly", "readwrite": "ReadWrite", "false": "ReadWrite"}.get(
            word, ""
        )
        return kind if self._keep("intent", bool(kind)) else ""

    def authentication(self) -> str:
        kind = _authentication(self.value("authentication"))
        if self._keep("authentication", bool(kind)):
            return kind
        return "not understood" if self.value("authentication") else ""

    def seconds(self, form: str) -> float | None:
        """The connect timeout; node counts in milliseconds."""
        digits = self.word("timeout", r"\d{1,9}")
        if not digits:
            return None
        return int(digits) / 1000 if form == "node" else float(digits)

    def driver(self) -> str:
        """The driver's common name, where it is one of the list; never the value itself."""
        for key in ("driver", "provider"):
            for pattern, name in DRIVERS if key in self.chosen else ():
                matched = pattern.search(self.value(key))
                if matched:
                    return name.format(next((g for g in matched.groups() if g), "")).strip()
        return "another driver" if self.value("driver") or self.value("provider") else ""

    def server(self) -> _Server:
        """The server taken apart; what does not fit the grammar is not kept."""
        given = self.chosen.get("server")
        if given is None or not given.value:
            self.notes.append("A DSN holds the server's name." if "dsn" in self.chosen else "No server name is given.")
            return _Server()
        pipe = PIPE.match(given.value)
        if pipe:
            return self._pipe(given, pipe["host"])
        matched = SERVER.match(given.value)
        if not matched or matched["host"].isdigit() or int(matched["port"] or 0) > LAST_PORT:
            self.notes.append(_unreadable(given.value))
            return _Server()
        self.written.append(("server", given.written, given.value))
        port = matched["port"] or self.word("port", PORT)
        instance = matched["instance"] or self.word("instance", r"[\w$#-]+")
        host = matched["host"].strip("[]").lower()
        host = host if host == "." else host.rstrip(".")
        protocol = (matched["protocol"] or PROTOCOLS.get(self.word("network", NETWORKS).lower(), "")).lower()
        return _Server(protocol, given.value, host, int(port) if port else None, instance)

    def _pipe(self, given: Pair, host: str) -> _Server:
        shown = f"\\\\{host}\\pipe"
        self.written.append(("server", given.written, shown))
        return _Server("np", shown, host.lower())

    def _keep(self, key: str, fits: bool) -> bool:
        if not self.value(key):
            return False
        if fits:
            self.written.append((key, self.chosen[key].written, self.chosen[key].value))
        else:
            self.notes.append(f"The value of {self.chosen[key].written} was not understood.")
        return fits


def _unreadable(value: str) -> str:
    if EXPRESSION in value or value.isdigit() or PLACEHOLDER.search(value):
        return "The server name is a placeholder or comes from a variable; paste the string with its value."
    return (
        "The server name could not be read, so it is not shown: it does not have the form host, host,port or "
        "host\\instance."
    )


def _authentication(text: str) -> str:
    word = text.strip().lower()
    if word in ("sqlpassword", "sql password", "sql", "default", "sqlpasswordauthentication"):
        return "SQL"
    if word in ("ntlm", "javakerberos", "nativeauthentication"):
        return "Windows"
    matched = ENTRA.fullmatch(text.strip())
    kind = re.sub(r"(?i)active ?directory|azure-active-directory-?|\s", "", matched[0]) if matched else ""
    return f"Entra {kind}".strip() if matched and kind.lower().replace("-", "") in ENTRA_KINDS else ""
