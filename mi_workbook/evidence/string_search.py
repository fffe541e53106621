"""Finding connection strings in what people paste: settings files, environment lines, source code, or the string alone."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mi_workbook.evidence.string_forms import (
    BRACE,
    OTHER,
    QUOTES,
    SECRET,
    Pair,
    Parts,
    flattened,
    jdbc,
    keys,
    normal,
    semicolons,
    url,
)

SCHEMES = (
    r"(?:jdbc:(?:sqlserver|jtds:sqlserver)"
    r"|(?:mssql|sqlserver|azuresql)(?:\+[a-z_]+)?|tedious)://"
)
URLS = re.compile(rf"(?<![A-Za-z0-9:+]){SCHEMES}", re.IGNORECASE)
DSN = re.compile(r"(?<![\w:])(?P<scheme>sqlsrv|odbc|dblib):(?!//)(?=\s*[\w ]+=)", re.IGNORECASE)
LITERAL = re.compile(
    r"(?P<before>[$@rRfFbBuU]{0,3})(?P<mark>\"\"\"|'''|\"|'|`)(?P<body>(?:\\.|(?!(?P=mark)).)*)(?P=mark)", re.DOTALL
)
BETWEEN = re.compile(
    r"^[\s\\]*(?:(?:\+|\.(?=\s)|&|\|\|)\s*(?:(?P<word>[A-Za-z_$][^\"'+;\n]{0,120}?)\s*(?:\+|\.(?=\s)|&|\|\|)\s*)?)?[\s\\]*$"
)
ENVIRONMENT = re.compile(
    r"^\s*(?:export\s+|setx?\s+|ENV\s+|-\s+|\$env:)*[\"']?(?P<name>[A-Za-z_][A-Za-z0-9_.:-]{0,80})[\"']?\s*[:=]\s*(?P<value>.+)$",
    re.DOTALL,
)
XML = re.compile(
    r"<add\b[^>]*?\bconnectionString\s*=\s*(?P<q>[\"'])(?P<value>.*?)(?P=q)[^>]*>", re.IGNORECASE | re.DOTALL
)
XML_NAME = re.compile(r"\bname\s*=\s*[\"']([\w.:-]{1,80})[\"']", re.IGNORECASE)
ASSIGNED = re.compile(
    r"(?<![\w-])(?P<k>[\"']?)(?P<key>[A-Za-z_][\w-]{0,60})(?P=k)\s*(?:=>|:|=)\s*"
    r"(?:[rRfFuU@$]?(?P<literal>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|(?P<bare>-?\d+|[Tt]rue|[Ff]alse)\b)"
)
FIRST_ARGUMENT = re.compile(r"\b(?:sqlsrv_connect|pymssql\.connect)\s*\(\s*[\"'](?P<server>[^\"']*)[\"']")
CODE = (
    ("php", re.compile(r"sqlsrv_connect|new\s+PDO|\$\w+\s*=|=>", re.IGNORECASE)),
    ("pymssql", re.compile(r"\bpymssql\b")),
    ("pyodbc", re.compile(r"\bpyodbc\b")),
    ("mssql-python", re.compile(r"\bmssql_python\b")),
    ("node", re.compile(r"\btedious\b|\bmssql\b|\b(?:const|let|var)\s|options|authentication|userName", re.IGNORECASE)),
)
KEY_BEFORE = re.compile(r"([A-Za-z_][\w -]*?)[\"']?\s*(?:=>|=|:)\s*$")
EXPRESSION = "<expression>"


@dataclass(frozen=True, slots=True)
class Found:
    """A string taken apart, and the setting or variable it stood in."""

    parts: Parts = field(repr=False)
    found_in: str = ""


def search(text: str) -> tuple[Found, ...]:
    """Every connection string of a text, in order. An empty tuple where there is none."""
    clean = text.replace("\ufeff", "").replace("\u00a0", " ")
    for way in (_settings, _xml, _embedded):
        found = tuple(way(clean))
        if found:
            return found
    code = _code(clean)
    return (code,) if code else ()


def _settings(text: str) -> Iterator[Found]:
    """Strings and configuration objects of a JSON document or of a fragment of one."""
    document = _json(text)
    if document is not None:
        yield from _walk(document, "")


def _json(text: str) -> object:
    body = text.strip()
    if not re.match(r'[{\["]', body):
        return None
    bare = re.sub(r'("(?:\\.|[^"\\])*")|/\*.*?\*/|//[^\n]*', lambda m: m[1] or "", body, flags=re.DOTALL)
    bare = re.sub(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', lambda m: m[1] or "", bare, flags=re.DOTALL)
    for attempt in (bare, "{" + bare.strip().rstrip(",") + "}"):
        try:
            return json.loads(attempt)
        except (ValueError, RecursionError):
            continue
    return None


def _walk(value: object, path: str) -> Iterator[Found]:
    if isinstance(value, dict):
        if _is_configuration(value):
            yield Found(flattened(value.items(), "node"), path)
            return
        for key, child in value.items():
            yield from _walk(child, f"{path}:{_shown(key)}".strip(":"))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _walk(child, _of_list(value, number, path))
    elif isinstance(value, str):
        yield from (replace(found, found_in=path) for found in _one(value))


def _of_list(items: list[object], number: int, path: str) -> str:
    """App Service lists settings as {"name": ..., "value": ...}; other lists are counted."""
    item = items[number]
    name = item.get("name") if isinstance(item, dict) else None
    return f"{path}:{_shown(name) if isinstance(name, str) else number}".strip(":")


def _shown(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:-]{0,80}", key) else "?"


def _is_configuration(value: dict[str, object]) -> bool:
    met = {keys().get(normal(key), "") for key in value}
    server = next((v for k, v in value.items() if keys().get(normal(k)) == "server"), None)
    others = {"user", SECRET, "database", "port", "encrypt", "timeout", "authentication"}
    return isinstance(server, str) and (bool(met & others) or any(normal(k) == "options" for k in value))


def _xml(text: str) -> Iterator[Found]:
    for matched in XML.finditer(text):
        name = XML_NAME.search(matched[0])
        for found in _one(html.unescape(matched["value"])):
            yield replace(found, found_in=name[1] if name else "")


def _embedded(text: str) -> Iterator[Found]:
    """Strings in quotes; else assignments of code; else lines that hold one; else one variable for each part."""
    found = [one for body in _literals(text) for one in _one(body)]
    named = [one for one in found if any(p.key in ("server", "dsn") for p in one.parts.pairs)]
    if named:
        assigned = _assigned(text)
        yield from (_completed(one, assigned) for one in named)
        return
    code = None if _first_key(text.strip()) == 0 else _code(text)
    if code:
        yield code
        return
    lines = [replace(one, found_in=name) for body, name in _paragraphs(text) for one in _one(body)]
    variables = None if lines else _variables(text)
    yield from [variables] if variables else lines


def _is_expression(parts: Parts) -> bool:
    return any(p.key == "server" and EXPRESSION in p.value for p in parts.pairs)


def _completed(found: Found, assigned: Parts) -> Found:
    """The server of a variable in the same text, where the string takes it from an expression."""
    given = {
        p.key: p
        for p in reversed(assigned.pairs)
        if p.key in ("server", "port") and re.fullmatch(r"[\w.,:\\-]+", p.value)
    }
    known = tuple(given.values())
    if not _is_expression(found.parts) or not known:
        return found
    kept = tuple(p for p in found.parts.pairs if not (p.key == "server" and EXPRESSION in p.value))
    note = "The server name was taken from an assignment in the same text."
    return Found(replace(found.parts, pairs=(*known, *kept), notes=(*found.parts.notes, note)), found.found_in)


def _literals(text: str) -> Iterator[str]:
    """Bodies of string literals; neighbours and those joined by + are one, expressions between them are marked."""
    joined, last = "", -1
    for matched in LITERAL.finditer(text):
        key = KEY_BEFORE.search(text[max(0, matched.start() - 60) : matched.start()])
        if key and keys().get(normal(key[1])) == SECRET:
            continue
        body = _unescaped(matched["body"], matched["before"], matched["mark"])
        between = BETWEEN.match(text[last : matched.start()]) if last >= 0 else None
        if between and joined:
            joined += (EXPRESSION if between["word"] else "") + body
        else:
            if joined:
                yield joined
            joined = body
        last = matched.end()
    if joined:
        yield joined


def _unescaped(body: str, before: str, mark: str) -> str:
    """The text of a literal: expressions marked, doubled braces of an interpolated one single, escapes resolved."""
    if mark == "`":
        body = re.sub(r"\$\{[^{}]*\}", EXPRESSION, body)
    elif "f" in before.lower() or "$" in before:
        body = re.sub(r"\{\{|\}\}|\{[^{}]*\}", lambda m: m[0][0] if m[0] in ("{{", "}}") else EXPRESSION, body)
    if "r" in before.lower() or "@" in before:
        return body
    return re.sub(r"\\([\\\"'/])", r"\1", body)


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """Runs of lines that belong to one string, with the name of the variable before it."""
    for run in _runs(text.splitlines()):
        body, name = run, ""
        matched = None if URLS.match(run.strip()) or DSN.match(run.strip()) else ENVIRONMENT.match(run)
        if matched and normal(matched["name"]) not in keys() and _holds(matched["value"]):
            body, name = matched["value"], matched["name"]
        yield body.strip().strip("\"'`,").strip(), name


def _runs(lines: list[str]) -> Iterator[str]:
    """Lines joined while the one before ends in a semicolon, or the next starts with one."""
    run = ""
    for line in (*lines, ""):
        if run and line.strip() and (run.rstrip().endswith((";", "\\", "&")) or line.lstrip().startswith(";")):
            run = run.rstrip().rstrip("\\") + line.strip()
            continue
        if run:
            yield run
        run = line
    if run:
        yield run


def _holds(text: str) -> bool:
    return any(True for _ in _one(text.strip().strip("\"'`").strip()))


def _one(body: str) -> Iterator[Found]:
    """The strings of one literal or line, recognised by how they start."""
    address = URLS.search(body)
    if address:
        rest = _until_end(body[address.start() :], body[: address.start()][-1:])
        yield Found(jdbc(rest) if rest.lower().startswith("jdbc:") else url(rest))
        return
    dsn = DSN.search(body)
    if dsn:
        yield Found(_php(dsn["scheme"].lower(), body[dsn.end() :]))
        return
    start = _first_key(body)
    if start >= 0:
        yield Found(_pairs(body[start:]))


def _until_end(text: str, before: str) -> str:
    """A URL in running text ends at the quote it stands in, else at a blank; a secret that holds a blank is not cut."""
    if before and before in "\"'`<":
        return text.partition(">" if before == "<" else before)[0].strip()
    word, _, rest = text.partition(" ")
    whole = not before or text.lower().startswith("jdbc:") or ("@" in rest and "@" not in word)
    return text.strip() if whole else word.strip()


def _php(scheme: str, rest: str) -> Parts:
    parts = semicolons(rest.strip().strip("\"'"), "odbc" if scheme == "odbc" else "php", BRACE)
    if scheme == "dblib":
        return replace(parts, pairs=(Pair("driver", "driver", "dblib"), *parts.pairs))
    return parts


def _first_key(body: str) -> int:
    """Where key=value pairs with a semicolon between them start, or -1."""
    telling = 0
    start = -1
    for matched in re.finditer(r"(?:^|;|(?<=[\s:(]))\s*(?P<key>[A-Za-z][A-Za-z _]{1,34}?)\s*=(?!=|>)", body):
        key = keys().get(normal(matched["key"]))
        if key in (None, OTHER):
            continue
        start = matched.start("key") if start < 0 else start
        telling += 2 if key in ("server", "dsn", "driver", "provider") else 1
    return start if telling >= 3 or (telling >= 2 and ";" in body) else -1


def _pairs(body: str) -> Parts:
    """Form and quoting of key=value strings: Driver means ODBC, Provider OLE DB, anything else ADO.NET."""
    if re.search(r"(?:^|;)\s*(?:driver|dsn|filedsn)\s*=", body, re.IGNORECASE):
        return semicolons(body, "odbc", BRACE)
    if re.search(r"(?:^|;)\s*provider\s*=", body, re.IGNORECASE):
        return semicolons(body, "oledb", QUOTES)
    braced = re.search(r"=\s*\{[^}]*\}\s*(?:;|$)", body)
    return semicolons(body, "ado.net", QUOTES + BRACE if braced else QUOTES)


def _code(text: str) -> Found | None:
    """A configuration made of assignments: an object of node, arguments of Python, an array of PHP."""
    parts = _assigned(text)
    met = {one.key for one in parts.pairs}
    enough = bool(met & {"user", SECRET, "database", "encrypt", "driver"}) or FIRST_ARGUMENT.search(text)
    return Found(parts) if "server" in met and enough else None


def _assigned(text: str) -> Parts:
    """Every key of the table that code gives a literal."""
    items: list[tuple[str, object]] = []
    for matched in ASSIGNED.finditer(text):
        value = matched["literal"]
        items.append((matched["key"], _unescaped(value[1:-1], "", value[0]) if value else matched["bare"]))
    argument = FIRST_ARGUMENT.search(text)
    if argument:
        items.insert(0, ("server", argument["server"]))
    known = [(key, value) for key, value in items if normal(key) in keys()]
    return flattened(_typed(known, text), _language(text))


def _variables(text: str) -> Found | None:
    """One variable for each part: DB_HOST=..., DB_PORT=..., DB_PASSWORD=...; other variables are not looked at."""
    items: list[tuple[str, object]] = []
    for line in text.splitlines():
        matched = ENVIRONMENT.match(line)
        key = _variable_key(matched["name"]) if matched else ""
        if matched and key:
            items.append((key, matched["value"].strip().strip("\"'")))
    parts = flattened(items, "variables")
    met = {one.key for one in parts.pairs}
    return Found(parts) if "server" in met and met & {"user", SECRET, "database", "port"} else None


def _variable_key(name: str) -> str:
    """The key that a variable's name ends in: DB_HOST -> HOST."""
    words = [word for word in re.split(r"[_.:-]+", name) if word]
    ends = ("".join(words[start:]) for start in range(len(words)))
    return next((end for end in ends if normal(end) in keys()), "")


def _typed(items: list[tuple[str, object]], text: str) -> list[tuple[str, object]]:
    """`type` is an authentication kind only inside an authentication object."""
    inside = re.search(r"authentication[\"']?\s*:\s*\{[^{}]*?\btype[\"']?\s*:\s*[\"']([\w-]+)[\"']", text)
    return [*items, ("authentication", inside[1])] if inside else items


def _language(text: str) -> str:
    return next((name for name, sign in CODE if sign.search(text)), "code")
