"""Error texts of every driver: the layer, what it proves, the innermost error of a trace, and nothing secret kept."""

import json
import re
import tomllib
from pathlib import Path

import pytest

import mi_workbook.evidence.error_text as error_text
from mi_workbook.evidence.error_text import LAYERS, ErrorReading, classify, entries, scrub, table

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
PUBLIC = "mi-orders.public.a1b2c3d4e5f6.database.windows.net"
NODE = "b35a36c6735e.tr32.westus1-a.worker.database.windows.net"
NETWORK = (
    "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was "
    "not found or was not accessible. Verify that the instance name is correct and that SQL Server is configured to allow "
    "remote connections. "
)
ODBC = "[Microsoft][ODBC Driver 18 for SQL Server]"
NOT_ODBC = (
    f"{ODBC}A network-related or instance-specific error has occurred while establishing a connection to {MI}. Server is "
    "not found or not accessible. Check if instance name is correct and if SQL Server is configured to allow remote "
    "connections."
)

# (what it is, text, layer, deciding entry, first suspect)
SPECIMENS = [
    ("SqlClient, name", f"Microsoft.Data.SqlClient.SqlException (0x80131904): {NETWORK}(provider: TCP Provider, error: 0 - No such host is known.)\n ---> System.ComponentModel.Win32Exception (11001): No such host is known.", "name", "dns-unknown", "name-typo"),
    ("SqlClient on Linux, name", f"Microsoft.Data.SqlClient.SqlException (0x80131904): {NETWORK}(provider: TCP Provider, error: 35 - An internal exception was caught)\n ---> System.Net.Internals.SocketExceptionFactory+ExtendedSocketException (00000001, 11): Name or service not known", "name", "dns-unknown", "name-typo"),
    ("SqlClient on Linux, DNS server away", f"{NETWORK}(provider: TCP Provider, error: 35 - An internal exception was caught)\n ---> (00000001, 11): Resource temporarily unavailable", "name", "dns-no-server", "dns-client-down"),
    ("SqlClient, timeout", f"System.Data.SqlClient.SqlException (0x80131904): {NETWORK}(provider: TCP Provider, error: 0 - A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.)", "TCP", "tcp-timeout", "port-wrong-1433-public"),
    ("SqlClient on Linux, timeout", f"{NETWORK}(provider: TCP Provider, error: 35 - An internal exception was caught)\n ---> System.TimeoutException: The socket couldn't connect during the expected 14965 remaining time.", "TCP", "tcp-timeout", "port-wrong-1433-public"),
    ("SqlClient, wait", f"{NETWORK}(provider: TCP Provider, error: 0 - The wait operation timed out.)\n ---> System.ComponentModel.Win32Exception (258): Unknown error 258", "TCP", "tcp-wait", "port-wrong-1433-public"),
    ("SqlClient, named pipes fallback", f"{NETWORK}(provider: Named Pipes Provider, error: 40 - Could not open a connection to SQL Server)\n ---> System.ComponentModel.Win32Exception (53): The network path was not found", "name or TCP", "named-pipes", "name-typo"),
    ("SqlClient, instance", f"{NETWORK}(provider: SQL Network Interfaces, error: 26 - Error Locating Server/Instance Specified)", "name", "instance-lookup", "name-instance"),
    ("SqlClient, refused", f"{NETWORK}(provider: TCP Provider, error: 0 - No connection could be made because the target machine actively refused it.)", "TCP", "tcp-refused", "port-wrong-1433-public"),
    ("SqlClient, reset in the handshake", "System.Data.SqlClient.SqlException: A connection was successfully established with the server, but then an error occurred during the pre-login handshake. (provider: TCP Provider, error: 0 - An existing connection was forcibly closed by the remote host.) ---> System.ComponentModel.Win32Exception (10054)", "TLS", "prelogin-reset", "tls-client-old"),
    ("SqlClient, handshake lost", "Connection Timeout Expired.  The timeout period elapsed while attempting to consume the pre-login handshake acknowledgement.  This could be because the pre-login handshake failed or the server was unable to respond back in time.  The duration spent while attempting to connect to this server was - [Pre-Login] initialization=3; handshake=29995; ", "TLS", "prelogin-wait", "mi-redirect-ports"),
    ("SqlClient, TCP took the time", "Connection Timeout Expired.  The timeout period elapsed while attempting to consume the pre-login handshake acknowledgement.  The duration spent while attempting to connect to this server was - [Pre-Login] initialization=29021; handshake=0; ", "TCP", "tcp-timeout", "port-wrong-1433-public"),
    ("SqlClient, authentication took the time", "Connection Timeout Expired.  The timeout period elapsed during the post-login phase. The duration spent while attempting to connect to this server was - [Pre-Login] initialization=12; handshake=45; [Login] initialization=0; authentication=1; [Post-Login] complete=14021;", "login", "login-phase", "auth-entra-reach"),
    ("SqlClient, routing destination", "Connection Timeout Expired.  The timeout period elapsed while attempting to consume the pre-login handshake acknowledgement. This failure occurred while attempting to connect to the routing destination. The duration spent while attempting to connect to the original server was - [Pre-Login] initialization=21; handshake=170; [Login] initialization=0; authentication=0; ", "redirect", "redirect-failed", "mi-redirect-ports"),
    ("SqlClient, certificate", "A connection was successfully established with the server, but then an error occurred during the login process. (provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is not trusted.) ---> System.ComponentModel.Win32Exception (0x80090325)", "TLS", "certificate-untrusted", "alias-cert"),
    ("SqlClient, principal", "(provider: SSL Provider, error: 0 - The target principal name is incorrect.)", "TLS", "certificate-name", "alias-cert"),
    ("SqlClient on Linux, certificate", "(provider: TCP Provider, error: 35 - An internal exception was caught) ---> System.Security.Authentication.AuthenticationException: The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch", "TLS", "certificate-name", "alias-cert"),
    ("gateway, 40532", "Cannot open server \"10.0.0.254\" requested by the login.  The login failed. (Microsoft SQL Server, Error: 40532)", "login", "gateway-cannot-route", "ip-used"),
    ("Azure SQL Database, 40615", "Cannot open server 'mi-orders' requested by the login. Client with IP address '203.0.113.9' is not allowed to access the server.  To enable access, use the Windows Azure Management Portal or run sp_set_firewall_rule on the master database. (Microsoft SQL Server, Error: 40615)", "login", "logical-server", "fqdn-logical-server"),
    ("Azure SQL Database, 47073", "An instance-specific error occurred. Connection was denied since Deny Public Network Access is set to Yes. Error: 47073", "login", "logical-server", "fqdn-logical-server"),
    ("TLS minimum", "Error 47072\nLogin failed with invalid TLS version", "TLS", "tls-minimum", "tls-min"),
    ("SSMS, login", f"Cannot connect to {MI}.\n===================================\nLogin failed for user 'app'. (Microsoft SQL Server, Error: 18456)\nServer Name: {MI}\nError Number: 18456\nSeverity: 14\nState: 1", "login", "login-failed", "auth-login"),
    ("sqlcmd, database", "Msg 4060, Level 11, State 1, Server mi-orders, Line 1\nCannot open database \"x\" requested by the login. The login failed.", "login", "database-refused", "auth-db"),
    ("transient", "Database 'orders' on server 'mi-orders' is not currently available.  Please retry the connection later. Error: 40613", "transient", "transient", "mi-transient"),
    ("semaphore", "A connection was successfully established with the server, but then an error occurred during the login process. (provider: TCP Provider, error: 0 - The semaphore timeout period has expired.) (Microsoft SQL Server, Error: 121)", "client", "semaphore", "client-net-121"),
    ("sockets", "An attempt was made to access a socket in a way forbidden by its access permissions 10.0.0.4:1433", "client", "socket-forbidden", "app-socket-limit"),
    ("pool", "System.InvalidOperationException: Timeout expired.  The timeout period elapsed prior to obtaining a connection from the pool.  This may have occurred because all pooled connections were in use and max pool size was reached.", "client", "pool-empty", "app-socket-limit"),
    ("query", "Microsoft.Data.SqlClient.SqlException (0x80131904): Execution Timeout Expired.  The timeout period elapsed prior to completion of the operation or the server is not responding.\n ---> System.ComponentModel.Win32Exception (258): Unknown error 258", "client", "query-timeout", ""),
    ("broken session", "A transport-level error has occurred when receiving results from the server. (provider: TCP Provider, error: 0 - An existing connection was forcibly closed by the remote host.)", "transient", "session-broken", "mi-transient"),
    ("JDBC, port of a node", "com.microsoft.sqlserver.jdbc.SQLServerException: The TCP/IP connection to the host 10.0.0.7, port 11004 has failed. Error: \"connect timed out. Verify the connection properties.\"", "redirect", "redirect-failed", "mi-redirect-ports"),
    ("tedious, port of a node", "ConnectionError: Failed to connect to 10.0.0.7:11004 in 15000ms code: 'ETIMEOUT'", "redirect", "redirect-failed", "mi-redirect-ports"),
    ("Node.js, port of a node", "Failed to connect - connect ECONNREFUSED 10.0.0.7:11004", "redirect", "redirect-failed", "mi-redirect-ports"),
    ("SqlClient 5.2.0 on Linux, instance", f"{NETWORK}(provider: TCP Provider, error: 26 - Error Locating Server/Instance Specified)\n ---> System.Net.Sockets.SocketException (0x80004005): Success", "name", "instance-lookup", "name-instance"),
    ("Windows VPN, no answer", "The network connection between your computer and the VPN server could not be established because the remote server is not responding. (Error 809)", "client", "vpn-no-answer", "p2s-proto-blocked"),
    ("OpenVPN, no answer", "TCP: connect to [AF_INET]203.0.113.7:443 failed: Connection timed out", "client", "vpn-no-answer", "p2s-proto-blocked"),
    ("Azure VPN Client, no answer", "Server did not respond properly to VPN Control Packets. Session State: Key Material sent", "client", "vpn-no-answer", "p2s-proto-blocked"),
    ("RasClient, number", "CoId={E0A2}: The user CORP\\anna dialed a connection named hub which has failed. The error code returned on failure is 809.", "client", "vpn-no-answer", "p2s-proto-blocked"),
    ("Windows VPN, certificate", "A certificate could not be found that can be used with this Extensible Authentication Protocol. (Error 798)", "client", "vpn-credentials", "p2s-cert-client"),
    ("Azure VPN Client, sign-in", "Failure in acquiring Microsoft Entra Token: AADSTS50105: the application is not assigned to a role", "client", "vpn-credentials", "p2s-cert-client"),
    ("Azure VPN Client, dialing", "Dialing VPN connection hub-vnet, Status = VPN Platform did not trigger connection", "client", "vpn-failed", "p2s-package-stale"),
    ("ODBC on Linux, name", f"Sqlcmd: Error: Microsoft ODBC Driver 18 for SQL Server : Login timeout expired.\nSqlcmd: Error: Microsoft ODBC Driver 18 for SQL Server : TCP Provider: Error code 0x2AF9.\n{NOT_ODBC}", "name", "dns-unknown", "name-typo"),
    ("ODBC on Linux, timeout", f"SQLSTATE[HYT00]: {ODBC}Login timeout expired {ODBC}TCP Provider: Error code 0x274C {NOT_ODBC}", "TCP", "tcp-timeout", "port-wrong-1433-public"),
    ("ODBC on Linux, refused", f"('08001', '[08001] {ODBC}TCP Provider: Error code 0x274D (10061) (SQLDriverConnect)')", "TCP", "tcp-refused", "port-wrong-1433-public"),
    ("ODBC, alone", "pyodbc.OperationalError: ('HYT00', '[HYT00] [Microsoft][ODBC Driver 17 for SQL Server]Login timeout expired (0) (SQLDriverConnect)')", "TCP", "login-timeout", "port-wrong-1433-public"),
    ("pyodbc, reset", "pyodbc.OperationalError: ('08001', '[08001] [Microsoft][ODBC Driver 17 for SQL Server]TCP Provider: Error code 0x2746 (10054) (SQLDriverConnect); [08001] [Microsoft][ODBC Driver 17 for SQL Server]Client unable to establish connection (10054)')", "TLS", "prelogin-reset", "tls-client-old"),
    ("ODBC on macOS, certificate", "('08001', '[08001] [Microsoft][ODBC Driver 18 for SQL Server]SSL Provider: [error:0A000086:SSL routines::certificate verify failed:self-signed certificate] (-1) (SQLDriverConnect)')", "TLS", "certificate-untrusted", "alias-cert"),
    ("ODBC on Linux, protocol", "[Microsoft][ODBC Driver 17 for SQL Server]SSL Provider: [error:1425F102:SSL routines:ssl_choose_client_version:unsupported protocol]", "TLS", "tls-no-common-ground", "tls-client-old"),
    ("ODBC, no driver", "pyodbc.Error: ('01000', \"[01000] [unixODBC][Driver Manager]Can't open lib 'ODBC Driver 18 for SQL Server' : file not found (0) (SQLDriverConnect)\")", "client", "driver-missing", "drv-odbc"),
    ("ODBC, 258", "('08001', '[08001] [Microsoft][ODBC Driver 18 for SQL Server]TCP Provider: The wait operation timed out.\\r\\n (258) (SQLDriverConnect); [08001] Login timeout expired (0)')", "TCP", "tcp-wait", "port-wrong-1433-public"),
    ("OLE DB", "[DBNETLIB][ConnectionOpen (Connect()).]SQL Server does not exist or access denied. 80004005", "name or TCP", "named-pipes", "name-typo"),
    ("OLE DB, no provider", "Provider cannot be found. It may not be properly installed.", "client", "driver-missing", "drv-odbc"),
    ("JDBC, timeout", f"com.microsoft.sqlserver.jdbc.SQLServerException: The TCP/IP connection to the host {MI}, port 1433 has failed. Error: \"Connection timed out: no further information. Verify the connection properties. Make sure that an instance of SQL Server is running on the host and accepting TCP/IP connections at the port. Make sure that TCP connections to the port are not blocked by a firewall.\".", "TCP", "tcp-timeout", "port-wrong-1433-public"),
    ("JDBC, redirected", f"The TCP/IP connection to the host {NODE} (redirected from {MI}), port 11143 has failed. Error: \"Connect timed out. Verify the connection properties.\"", "redirect", "redirect-failed", "mi-redirect-ports"),
    ("JDBC, name", f"com.microsoft.sqlserver.jdbc.SQLServerException: The TCP/IP connection to the host {MI}, port 1433 has failed. Error: \"{MI}. ...\"\nCaused by: java.net.UnknownHostException: {MI}", "name", "dns-unknown", "name-typo"),
    ("JDBC, certificate name", "The driver could not establish a secure connection to SQL Server by using Secure Sockets Layer (SSL) encryption. Error: \"java.security.cert.CertificateException: Failed to validate the server name in a certificate during Secure Sockets Layer (SSL) initialization.\"", "TLS", "certificate-name", "alias-cert"),
    ("JDBC, chain", "The driver could not establish a secure connection to SQL Server by using Secure Sockets Layer (SSL) encryption. Error: \"PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target\".\nCaused by: javax.net.ssl.SSLHandshakeException: PKIX path building failed", "TLS", "certificate-untrusted", "alias-cert"),
    ("tedious, name", f"ConnectionError: Failed to connect to {MI}:1433 - getaddrinfo ENOTFOUND {MI}\n  code: 'ESOCKET'", "name", "dns-unknown", "name-typo"),
    ("tedious, timeout", f"ConnectionError: Failed to connect to {MI}:1433 in 15000ms\n    at Connection.connectTimeout (/app/node_modules/tedious/lib/connection.js:1171:19) {{\n  code: 'ETIMEOUT'\n}}", "TCP", "driver-gave-up", "mi-redirect-ports"),
    ("tedious, redirected", f"ConnectionError: Failed to connect to {NODE}:11007 (redirected from {MI}:1433) in 15000ms", "redirect", "redirect-failed", "mi-redirect-ports"),
    ("tedious, sequence", f"Failed to connect to {MI}:1433 - Could not connect (sequence)", "TCP", "all-addresses", "port-wrong-1433-public"),
    ("tedious, certificate", f"Failed to connect to {MI}:1433 - Hostname/IP does not match certificate's altnames: Host: mi.contoso.com. is not in the cert's altnames: DNS:*.x", "TLS", "certificate-name", "alias-cert"),
    ("tedious, login", "ConnectionError: Login failed for user 'app'.\n  code: 'ELOGIN', originalError: { number: 18456, state: 1 }", "login", "login-failed", "auth-login"),
    ("tedious, instance", "ConnectionError: Failed to connect to mi-orders\\SQL in 15000ms", "name", "instance-lookup", "name-instance"),
    ("Go, timeout", f"unable to open tcp connection with host '{MI}:1433': dial tcp 10.0.0.254:1433: i/o timeout", "TCP", "tcp-timeout", "port-wrong-1433-public"),
    ("Go, name", f"unable to open tcp connection with host '{MI}:1433': dial tcp: lookup {MI} on 10.0.0.4:53: no such host", "name", "dns-unknown", "name-typo"),
    ("Go, DNS server away", f"dial tcp: lookup {MI} on 10.0.0.4:53: read udp 10.1.0.4:4711->10.0.0.4:53: i/o timeout", "name", "dns-no-server", "dns-client-down"),
    ("Go, redirect certificate", "TLS Handshake failed: tls: failed to verify certificate: x509: certificate is valid for tr66307.westeurope1-a.worker.database.windows.net, *.tr66307.westeurope1-a.worker.database.windows.net, *.database.windows.net, not *.0bec7b324353.database.windows.net", "redirect", "redirect-certificate", "drv-redirect-bug"),
    ("Go, browser", f"unable to get instances from Sql Server Browser on host {MI}: read udp 10.1.0.4:50533->10.0.0.4:1434: i/o timeout", "name", "instance-lookup", "name-instance"),
    ("pymssql", f"(20009, b'DB-Lib error message 20009, severity 9:\\nUnable to connect: Adaptive Server is unavailable or does not exist ({MI})\\nNet-Lib error during Connection timed out (110)\\n')", "TCP", "tcp-timeout", "port-wrong-1433-public"),
    ("pymssql, login", "pymssql._pymssql.OperationalError: (18456, b\"Login failed for user 'x'.DB-Lib error message 20018, severity 14:\\nGeneral SQL Server error: Check messages from the SQL Server\\nDB-Lib error message 20002, severity 9:\\nAdaptive Server connection failed (x)\\n\")", "login", "login-failed", "auth-login"),
    ("mssql-python", "Driver Error: Client unable to establish connection; DDBC Error: [Microsoft]TCP Provider: Error code 0x102", "TCP", "tcp-wait", "port-wrong-1433-public"),
    ("PHP, no driver", "PDOException: could not find driver", "client", "driver-missing", "drv-odbc"),
    ("tcpping", "Connection attempt failed: A non-recoverable error occurred during a database lookup", "name", "dns-unknown", "name-typo"),
    ("checker", "ROOT CAUSE:\nThe issue is lack of direct network connectivity to the node hosting the database under REDIRECT connection type.", "redirect", "redirect-failed", "mi-redirect-ports"),
    ("Entra", "AADSTS50126: Error validating credentials due to invalid username or password.", "login", "entra-answered", "auth-login"),
    ("Entra, way", "Failed to authenticate: connect ETIMEDOUT login.microsoftonline.com:443", "login", "entra-unreachable", "auth-entra-reach"),
    ("identity endpoint", "Azure.Identity.CredentialUnavailableException: ManagedIdentityCredential authentication unavailable. No managed identity endpoint found.", "login", "entra-unreachable", "auth-entra-reach"),
    ("German Windows", "Netzwerkbezogener oder instanzspezifischer Fehler beim Herstellen einer Verbindung mit SQL Server. (provider: TCP Provider, error: 0 - Der angegebene Host ist unbekannt.)", "name", "dns-unknown", "name-typo"),
    ("App Service log", "2026-01-12T09:14:03.112 [Error] SqlException: (provider: TCP Provider, error: 0 - A connection attempt failed because the connected party did not properly respond after a period of time) Number: 10060 took 21.05 seconds", "TCP", "tcp-timeout", "port-wrong-1433-public"),
    ("string", "System.ArgumentException: Keyword not supported: 'servr'.", "client", "string-invalid", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "layer", "deciding", "suspect"), [s[1:] for s in SPECIMENS], ids=[s[0] for s in SPECIMENS]
)
def test_each_drivers_words_are_read(text: str, layer: str, deciding: str, suspect: str) -> None:
    """The innermost error that decides is named, with its layer and where to look first."""
    reading = classify(text)
    assert (deciding, layer) == (reading.deciding, reading.layer)
    assert suspect == (reading.suspects[0].fault if reading.suspects else "")
    assert reading.proves and reading.tests and reading.sources


@pytest.mark.parametrize("text", [s[1] for s in SPECIMENS], ids=[s[0] for s in SPECIMENS])
def test_wrapped_lines_and_letter_case_do_not_matter(text: str) -> None:
    """Terminals wrap, tickets change the case."""
    assert classify(text).deciding == classify(re.sub(r"(?<=\w) (?=\w)", "\n   ", text)).deciding
    assert classify(text).deciding == classify(text.upper().replace("MS\n", "ms\n")).deciding


def test_a_login_error_proves_the_network() -> None:
    """18456 ends the search for network faults."""
    reading = classify("Login failed for user 'x'. Error: 18456")
    assert "18456 proves that the network is fine" in reading.proves
    assert {"auth-login"} == {suspect.fault for suspect in reading.suspects}


def test_all_errors_of_a_trace_are_named() -> None:
    """Wrappers are read too; the inner one decides."""
    reading = classify(SPECIMENS[1][1])
    assert [met.id for met in reading.met] == ["network-wrapper", "internal-exception", "dns-unknown"]


def test_python_prints_the_cause_first() -> None:
    """In a Python chain the first of two equal errors is the root; elsewhere the last."""
    refused, unknown = "ConnectionRefusedError: [Errno 111] Connection refused", "OSError: Name or service not known"
    chain = f"{unknown}\n\nThe above exception was the direct cause of the following exception:\n\n{refused}"
    assert classify(chain).deciding == "dns-unknown"
    assert classify(f"{unknown}\n ---> {refused}").deciding == "tcp-refused"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (f"The TCP/IP connection to the host {MI}, port 1433 has failed. Connection timed out", MI, 1433),
        (f"Failed to connect to {PUBLIC}:3342 in 15000ms", PUBLIC, 3342),
        (f"unable to open tcp connection with host '{MI}:1433': i/o timeout", MI, 1433),
        (f"Cannot connect to {MI},1433. Login failed for user 'x'", MI, 1433),
        (f"getaddrinfo ENOTFOUND {MI}", MI, None),
        ("connect ECONNREFUSED 10.0.0.254:1433", "10.0.0.254", 1433),
    ],
)
def test_the_server_in_the_text_can_be_diagnosed(text: str, host: str, port: int | None) -> None:
    """The name goes straight into `diagnose --to`."""
    reading = classify(text)
    assert host + (f",{port}" if port else "") == reading.target
    assert any(host in command for test in reading.tests for _, command in test.commands)


def test_the_redirect_target_is_what_is_tested_next() -> None:
    """Port 1433 of the gateway is proved open already; the node's port is in question."""
    reading = classify(f"Failed to connect to {NODE}:11007 (redirected from {MI}:1433) in 15000ms")
    assert {(NODE, "redirect target"), (MI, "target")} == {(s.host, s.role) for s in reading.servers}
    assert reading.target.startswith(MI)
    commands = [command for test in reading.tests if test.id == "redirect-port" for _, command in test.commands]
    assert all(NODE in command and "11007" in command for command in commands)


def test_a_public_name_is_tested_on_3342() -> None:
    """Without a port in the text the commands take the endpoint's own."""
    reading = classify(f"getaddrinfo ENOTFOUND {PUBLIC}", "", None)
    assert any(f"{PUBLIC},3342" in c or PUBLIC in c for t in reading.tests for _, c in t.commands)
    assert "3342" in dict(classify(f"Connection timed out {PUBLIC}").tests[1].commands)["windows"]


@pytest.mark.parametrize(
    ("text", "seconds", "says"),
    [
        ("10060: did not properly respond after a period of time, after 21.04 s", 21.04, "drops the packets"),
        ("did not properly respond after a period of time, took 21043 ms", 21.043, "drops the packets"),
        ("Failed to connect to x.y:1433 in 15000ms", 15.0, "default connect timeout"),
        ("No such host is known, after 9 seconds", 9.0, "multiple of 3 s"),
        ("connection refused after 0.2 s", 0.2, "something answered"),
        (
            "[Pre-Login] initialization=3; handshake=29995; consume the pre-login handshake acknowledgement",
            29.995,
            "portal set",
        ),
    ],
)
def test_the_time_it_took_is_evidence(text: str, seconds: float, says: str) -> None:
    """21 s without an answer is a drop; multiples of 3 s are DNS servers; 15 and 30 s are the driver's patience."""
    durations = classify(text).durations
    assert seconds in [d.seconds for d in durations]
    assert says in next(d.says for d in durations if d.seconds == seconds)


@pytest.mark.parametrize(
    "text", ["Dialing VPN connection hub-vnet, Status = Success", "VPN connection hub-vnet, Status = Connected"]
)
def test_a_vpn_that_came_up_is_no_error(text: str) -> None:
    """Words of a good connection are not read as one that failed."""
    assert not classify(text).understood


@pytest.mark.parametrize(
    "text", ["It does not work.", "Error: 42", "port 11001 is open", "HTTP 500", "40613 rows, 10060 ms", "x" * 5000]
)
def test_unknown_text_says_so_and_asks(text: str) -> None:
    """No guess: what would help is asked for."""
    reading = classify(text)
    assert not reading.understood and reading.layer == "unknown" and reading.asks
    assert not reading.suspects and not reading.met


def test_numbers_count_only_as_error_numbers() -> None:
    """A port, a time or a line number is not an error number."""
    assert classify("Number: 10060, line 18456").numbers == ("10060",)
    assert "dns-unknown" not in [met.id for met in classify("connection refused on port 11001, x:11001").met]


SECRETS = [
    "Server=h;Password=Zeb7ra!;connection refused",
    "mssql://sa:Zeb7ra!@h.example.com:1433 failed: Login failed for user 'sa'",
    "mssql://sa:Ze/b7ra@Zeb7ra@h:1/ Connection timed out",
    "Failed to connect to Zeb7ra@h:1433 in 15000ms",
    "ENOTFOUND Zeb7ra@host",
    "{\"password\": \"Zeb7ra!\", \"error\": \"ECONNREFUSED\"}",
    "password: 'Zeb7ra;x' accessToken=Zeb7ra client_secret=\"Zeb7ra x\" 18456 Login failed for user 'Zeb7ra'",
    "PWD={Zeb7ra;Zeb7ra};TCP Provider: Error code 0x2746",
    "Cannot open server \"Zeb7ra\" requested by the login. Error: 40532 Authorization: Bearer Zeb7ra",
    "AADSTS7000215: Invalid client secret provided: Zeb7ra",
    "it broke: Pwd = Zeb7ra",
]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_enters_a_reading(text: str) -> None:
    """Neither a field, nor repr, nor a command holds what was planted."""
    assert "Zeb7ra" not in repr(classify(text))


def test_credentials_are_cut_before_the_text_is_read() -> None:
    """The working copy itself holds none."""
    assert "Zeb7ra" not in scrub(
        "x Password=Zeb7ra!;y PWD={Zeb7ra;Zeb7ra};mssql://u:Zeb7ra@h 'client-secret': 'Zeb7ra'"
    )


def test_the_table_is_whole() -> None:
    """Every entry has words, sources, suspects and tests that exist, and a specimen that it decides."""
    data = table()
    ids = [entry.id for entry in entries()]
    assert len(ids) == len(set(ids))
    for entry in entries():
        assert entry.title and entry.proves and entry.sources and entry.layer in LAYERS, entry.id
        assert set(entry.suspects) <= set(data["suspects"]), entry.id
        assert set(entry.tests) <= set(data["tests"]), entry.id
    for family in data["families"].values():
        assert set(family) <= set(data["suspects"])
    assert set(ids) - {s[3] for s in SPECIMENS} <= {
        "tcp-unreachable", "network-wrapper", "internal-exception", "redirect-unsupported", "encryption-required",
        "tls-general", "connection-reset",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "deciding"),
    [
        ("connect EHOSTUNREACH 10.0.0.254:1433", "tcp-unreachable"),
        (NETWORK, "network-wrapper"),
        ("(provider: TCP Provider, error: 35 - An internal exception was caught)", "internal-exception"),
        ("Error: No event 'routingChange' in state 'SentLogin7Withfedauth'", "redirect-unsupported"),
        ("Server requires encryption, set 'encrypt' config option to true.", "encryption-required"),
        ("SSL Provider: something new", "tls-general"),
        ("read ECONNRESET", "connection-reset"),
    ],
)
def test_rare_and_general_words(text: str, deciding: str) -> None:
    """Where nothing more telling stands in the text, the general words are read."""
    assert deciding == classify(text).deciding


def test_the_data_are_readable_without_the_code() -> None:
    """The file is plain TOML, and no pattern is empty or matches everything."""
    file = Path(error_text.__file__).parent / "error_texts.toml"
    for raw in tomllib.loads(file.read_text(encoding="utf-8"))["entry"]:
        assert all(pattern and not re.compile(pattern).match("") for pattern in raw["match"])


def test_a_long_log_is_read_in_bounded_work() -> None:
    """A hostile or huge paste ends, and is read."""
    for text in ("a=" * 100_000, "://" * 60_000 + "@", "pre-login handshake " * 9_000, "(" * 100_000):
        assert isinstance(classify(text), ErrorReading)
    assert classify("x\n" * 50_000 + "Login failed for user 'x'").deciding == "login-failed"


def test_a_reading_is_plain_data() -> None:
    """It can be written as JSON."""
    from dataclasses import asdict

    assert json.dumps(asdict(classify(SPECIMENS[0][1])))
