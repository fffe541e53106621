"""Resource Manager and Resource Graph on 127.0.0.1, over https, fed from resources; it shares no code with the package.

It behaves as Azure does where that matters to a reader: pages with nextLink and $skipToken, types in lower case and ids in
another case from Resource Graph, no live status there, 202 with Location for what Azure computes, error bodies of ARM.
"""

import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Json = dict[str, Any]
LIST_PAGE = 200
LIVE_ONLY = ("connectionStatus", "ingressBytesTransferred", "egressBytesTransferred")
READER = [{"actions": ["*/read"], "notActions": []}]
ALL = [{"actions": ["*"], "notActions": []}]
ACTIONS = {"getlearnedroutes": "learned-routes", "effectiveroutetable": "effective-routes",
           "listnetworkmanagereffectivesecurityadminrules": "effectiveSecurityAdminRules",
           "learnedroutes": "learned-routes", }  # fmt: skip
NOTHING_LEARNED = {"RouteServiceRole_IN_0": [], "RouteServiceRole_IN_1": [], "value": None}


def refusal(code: str, message: str = "") -> Json:
    """An error body as ARM writes it."""
    return {"error": {"code": code, "message": message or code}}


@dataclass
class Fault:
    """What goes wrong: where `pattern` fits "METHOD path", `do` answers, `times` times, after the first `after` of them."""

    pattern: str
    do: Callable[["Handler"], None]
    times: int = 1 << 30
    after: int = 0


@dataclass
class Estate:
    """What the server knows."""

    resources: list[Json]
    observations: list[Json] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    granted: list[Json] = field(default_factory=lambda: list(ALL))
    next_hop: Json = field(default_factory=lambda: {"nextHopType": "VnetLocal", "routeTableId": "System Route"})
    hidden: tuple[str, ...] = ()  # subscriptions the account does not see
    page: int = 1000
    latency: float = 0.0
    requests: list[str] = field(default_factory=list)
    given: set[str] = field(default_factory=set)  # ids of the resources in whole answers
    asked: list[Json] = field(default_factory=list)  # bodies of actions
    tokens: set[str] = field(default_factory=set)
    polls: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _by_id: dict[str, Json] = field(default_factory=dict)
    _rows: dict[str, list[Json]] = field(default_factory=dict)
    _by_type: dict[str, list[Json]] = field(default_factory=dict)

    def subscriptions(self) -> list[str]:
        """Those the account sees."""
        found = dict.fromkeys(one["id"].split("/")[2].lower() for one in self.resources)
        return [one for one in found if one not in self.hidden]

    def get(self, path: str) -> Json | None:
        """A resource by its id in any case."""
        if len(self._by_id) != len(self.resources):
            self._by_id = {one["id"].lower(): one for one in self.resources}
        return self._by_id.get(path.lower())

    def listed(self, path: str) -> list[Json] | None:
        """What a plain list call of a subscription or a resource group gives; None for any other path."""
        group = re.fullmatch(r"/subscriptions/([^/]+)/resourcegroups", path, re.I)
        found = re.fullmatch(r"(/subscriptions/[^/]+(?:/resourceGroups/[^/]+)?)/providers/([^/]+/[^/]+)", path, re.I)
        if group:
            names = {
                "/".join(one["id"].split("/")[:5]) for one in self.resources if group[1] == one["id"].split("/")[2]
            }
            return [{"id": name, "name": name.rpartition("/")[2]} for name in sorted(names)]
        if not found:
            return None
        if not self._by_type:
            for one in self.resources:
                self._by_type.setdefault(one["type"].lower(), []).append(one)
        start = found[1].lower() + "/"
        return [one for one in self._by_type.get(found[2].lower(), []) if one["id"].lower().startswith(start)]

    def children(self, path: str) -> list[Json]:
        """Direct children of a kind: path is <parent>/<kind>."""
        start = path.lower() + "/"
        return [one for one in self.resources if one["id"].lower().startswith(start)
                and "/" not in one["id"][len(start) :]]  # fmt: skip

    def below(self, path: str) -> list[Json]:
        """Locks of a subscription at any depth, failover groups of a group and location."""
        scope, _, kind = path.lower().rpartition("/providers/")
        kind = "microsoft.sql/locations/instancefailovergroups" if kind.endswith("groups") else kind
        rows = [one for one in self.resources if one["type"].lower() == kind]
        return [one for one in rows if one["id"].lower().startswith((scope, path.lower()))]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: "ArmServer"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """A read."""
        self._serve()

    def do_POST(self) -> None:
        """A query or an action."""
        self._serve()

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        estate = self.server.estate
        parts = urlsplit(self.path)
        self.plain, self.query = unquote(parts.path), parse_qs(parts.query)
        line = f"{self.command} {self.plain}"
        with estate.lock:
            estate.requests.append(line)
            estate.tokens.add(self.headers.get("Authorization", ""))
            fault = self._fault(line)
        time.sleep(estate.latency)
        (fault.do if fault else Handler.answer)(self)

    def _fault(self, line: str) -> Fault | None:
        for one in self.server.estate.faults:
            if re.search(one.pattern, line, re.I):
                if one.after > 0:
                    one.after -= 1
                elif one.times > 0:
                    one.times -= 1
                    return one
        return None

    def answer(self) -> None:
        """As Azure answers where nothing is wrong."""
        estate, path = self.server.estate, self.plain
        if path.lower() == "/providers/microsoft.resourcegraph/resources":
            self._graph(json.loads(self.body))
        elif path == "/subscriptions":
            rows = [{"id": f"/subscriptions/{one}", "subscriptionId": one} for one in estate.subscriptions()]
            self._paged(rows, 2)
        elif path.lower().endswith("/providers/microsoft.authorization/permissions"):
            self.say(200, {"value": estate.granted})
        elif path.startswith("/poll/"):
            self._poll(path)
        elif self.command == "POST":
            estate.asked.append(json.loads(self.body or b"null"))
            where = f"{self.server.url}/poll{path}?api-version=2025-05-01"
            self.say(202, None, {"Location": where, "Retry-After": "0"})
        else:
            self._resource(path)

    def _resource(self, path: str) -> None:
        estate = self.server.estate
        found = estate.get(path)
        if found is not None:
            self.say(200, found)
        elif (rows := estate.listed(path)) is not None:
            self._paged(rows, LIST_PAGE)
        elif path.lower().endswith("/virtualnetworkconnections"):
            self.say(200, estate.children(path))
        elif path.lower().endswith("/hybridconnectionrelays"):
            start = path.lower().removesuffix("relays") + "namespaces/"
            rows = [one for one in estate.resources if one["id"].lower().startswith(start)]
            self.say(200, {"id": path, "value": rows})
        elif path.lower().endswith(("/providers/microsoft.authorization/locks", "/instancefailovergroups")):
            self._paged(estate.below(path), 2)
        elif path.lower().endswith(("/config/web", "/networkconfig/virtualnetwork")):
            self.say(200, {"id": path, "type": "Microsoft.Web/sites/config", "properties": {"vnetName": None}})
        elif estate.get(path.rpartition("/")[0]) is not None:
            self._paged(estate.children(path), 1)
        else:
            self.say(404, refusal("ResourceNotFound", f"The Resource '{path}' was not found."))

    def _poll(self, path: str) -> None:
        estate = self.server.estate
        if path.lower().endswith("/nexthop"):
            self.say(200, estate.next_hop)
            return
        estate.polls[path] = estate.polls.get(path, 0) + 1
        if estate.polls[path] < 2:
            self.say(202, None, {"Location": f"{self.server.url}{self.path}", "Retry-After": "0"})
            return
        about, _, action = path.removeprefix("/poll").rpartition("/")
        kind = ACTIONS.get(action.lower(), "")
        for one in estate.observations:
            if one["kind"] == kind and one["about"].lower() == about.lower():
                self.say(200, one["value"])
                return
        self.say(200, NOTHING_LEARNED if "/bgpconnections/" in path.lower() else {"value": []})

    def _paged(self, rows: list[Json], size: int) -> None:
        start = int(self.query.get("$skiptoken", ["0"])[0])
        more = {"nextLink": f"{self.server.url}{self.plain}?api-version=2025-05-01&$skiptoken={start + size}"}
        self.say(200, {"value": rows[start : start + size], **(more if start + size < len(rows) else {})})

    def _graph(self, asked: Json) -> None:
        estate, options = self.server.estate, asked["options"]
        kinds = set(re.findall(r"'([^']+)'", asked["query"]))
        wanted = {one.lower() for one in asked["subscriptions"]}
        name = asked["query"].split()[0]
        if name not in estate._rows:
            rows = [_row(one) for one in estate.resources if one["type"].lower() in kinds]
            estate._rows[name] = sorted(rows, key=lambda row: row["id"].lower())
        rows = [one for one in estate._rows[name] if one["id"].split("/")[2].lower() in wanted - set(estate.hidden)]
        size = min(options.get("$top", 100), estate.page)
        start = int(options.get("$skipToken") or 0)
        found = rows[start : start + size]
        more = {"$skipToken": str(start + size)} if start + size < len(rows) else {}
        body = {"totalRecords": len(rows), "count": len(found), "resultTruncated": "false", "data": found, "facets": []}
        self.say(200, body | more, {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"})

    def say(self, status: int, body: Any, headers: dict[str, str] | None = None, cut: int = 0) -> None:
        """Send an answer; `cut`: bytes at its end that never come."""
        if status == 200 and not cut and "/poll/" not in self.path:
            self._note(body)
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) - cut])
        if cut:
            self.close_connection = True

    def _note(self, body: Any) -> None:
        """Remember which resources an answer gave away."""
        rows = body.get("data") or body.get("value") or [body] if isinstance(body, dict) else body
        found = {str(row.get("id", "")).lower() for row in rows if isinstance(row, dict)}
        with self.server.estate.lock:
            self.server.estate.given |= {at for at in found if self.server.estate.get(at) is not None}


def _row(resource: Json) -> Json:
    """A resource as Resource Graph has it."""
    inner = {name: None if name in LIVE_ONLY else value for name, value in resource.get("properties", {}).items()}
    return {
        "id": resource["id"].replace("/resourceGroups/", "/resourcegroups/"), "name": resource["name"],
        "type": resource["type"].lower(), "location": resource.get("location", ""), "kind": resource.get("kind", ""),
        "sku": resource.get("sku"), "properties": inner,
    }  # fmt: skip


class ArmServer(ThreadingHTTPServer):
    """The server; use as a context."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, estate: Estate, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.estate, self.url = estate, f"https://127.0.0.1:{self.server_port}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __exit__(self, *args: Any) -> None:
        self.shutdown()
        super().__exit__(*args)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event."""


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one PEM file; it is its own authority."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.now(UTC) - timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "arm.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


class FakeCredential:
    """A credential as azure-core expects one; its token is a planted secret."""

    def __init__(self, token: str = "eyJhbGciOiJSUzI1NiJ9.cGxhbnRlZC10b2tlbg.c2lnbmF0dXJl") -> None:
        self.token = token

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """The token, good for an hour."""
        from azure.core.credentials import AccessToken

        return AccessToken(self.token, int(time.time()) + 3600)
