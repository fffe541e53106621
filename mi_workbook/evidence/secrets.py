"""Secrets never enter a snapshot: members that hold them are dropped, and texts that look like one are blanked."""

from __future__ import annotations

import base64
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from mi_workbook.core.progress import each
from mi_workbook.evidence.probes.certificate import read_certificate, whole_length

# No shape below without one of these.
HINT = re.compile(r"[=@~]|eyJ|-----BEGIN|ghp_|[Bb][Ee][Aa][Rr][Ee][Rr]|[A-Za-z][\"']?\s*:\s*\S|--[a-z]|\s-[Ppu]\s")
# Texts without which a file of somebody else holds nothing that `clean` would take away; in lower case. Those that share a part
# are looked for only where it is there: a file of 100 MB is read once for each text that is looked for.
SIGNS = {
    "key": ("sharedkey", "accesskey", "privatekey", "private key", "apikey", "accountkey", "primarykey", "secondarykey",
            "sendkeyvalue", "authorizationkey", "storagekey", "masterkey", "hostkey", "functionkey", "signingkey",
            "encryptionkey", "decryptionkey", "validationkey", "instrumentationkey", "api_key", "api-key"),
    "pass": ("password", "passphrase", "passwd"),
    "setting": ("slotsetting", "appsettings"),
    **dict.fromkeys(("secret", "connectionstring", "credential", "eyj", "bearer", "pwd", "token", "customdata", "certblob",
                     "userdata", "psk", "ghp_", "authorization:", "sqlcmd"), ("",)),
    "=": ("sig=",), "~": ("7q~", "8q~"), "@": ("://",),
}  # fmt: skip
KEY_IN_CODE = re.compile(r"=(?<=[A-Za-z0-9+/]{43}=)")
KEPT_OF_FILES = frozenset({"tags", "metadata"})
MANY = 1000  # elements of a list that take long enough to report
REMOVED = "[removed]"
LIST = Path(__file__).with_name("secret_names.toml")


def _listed(role: str) -> tuple[str, ...]:
    """The names of a role in the one list of them, as they stand there."""
    groups = tomllib.loads(LIST.read_text(encoding="utf-8"))["names"]
    return tuple(name for group in groups if role in group["are"] for name in group["list"])


def _plain(name: str) -> str:
    """A name in lower case without signs, as names are compared."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


NAMES, KEYS = frozenset(map(_plain, _listed("member"))), frozenset(map(_plain, _listed("key")))
ENDINGS, WORDS = tuple(map(_plain, _listed("ending"))), tuple(map(_plain, _listed("text")))
SECRET_WORD = rf"[\w-]{{0,40}}(?:{'|'.join(name.replace('-', '[_-]?') for name in _listed('text'))})"
# So common in any text that only a connection string makes them the name of a secret.
COMMON = frozenset({"key"})
# Texts: a JSON web token, a password or key behind its name, a signature of a shared access URL, a private key, credentials of
# a URL and of command lines, and keys by their own form: secrets of an Entra application, tokens of GitHub, and 32 or 64
# bytes in Base64, as storage accounts, Service Bus and Cosmos DB make them.
SHAPES = (
    re.compile(r"eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?"),
    re.compile(r"(?i)\bbearer\s+[\w.~+/=-]{8,}"),
    re.compile(r"(?i)(\bauthorization\s*:\s*\w+\s+)\S+"),
    re.compile(
        rf"(?i)(\b{SECRET_WORD}\\?[\"']?\s*[:=]\s*)(?!\[removed\](?:[;\s}}]|$))(?:\{{[^}}]{{1,500}}\}}|\\?\"[^\"]{{1,500}}\"|'[^']{{1,500}}'|[^;\n]{{1,300}}(?=;)|[^;\s]+)"
    ),
    re.compile(rf"(?i)(--{SECRET_WORD}[ =]+)\S+"),
    re.compile(r"(?i)(\b(?:sqlcmd|bcp|osql|mysql|psql)\b[^\n]{0,300}?\s-p\s*)\S+"),
    re.compile(r"(?i)(\bcurl\b[^\n]{0,300}?\s-u\s+)\S+"),
    re.compile(r"(?i)\bsig=[\w%+/=-]{8,}"),
    re.compile(r"(?<=://)[^\s/@:\"']{1,200}:[^\s/@\"']{1,200}(?=@)"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"[\w~.-]{3}[78]Q~[\w~.-]{31,34}"),
    re.compile(r"\bghp_[A-Za-z0-9]{20,}"),
    re.compile(r"(?<![A-Za-z0-9+/=])(?:[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)(?![A-Za-z0-9+/=])"),
)


def scrub(value: Any) -> Any:
    """A copy of a JSON value without secrets; a member that may hold one is left out, not blanked."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, dict):
        return {
            scrub_text(str(name)): scrub(inner)
            for name, inner in value.items()
            if not (is_secret(str(name)) or _sealed(name, inner) or (name == "value" and _names_a_secret(value)))
        }
    if isinstance(value, list):
        return [scrub(inner) for inner in value]
    return value


def clean(value: Any, text: str) -> Any:
    """A JSON value of a file somebody sent, without secrets; text: of the file, so that a file without any costs little.

    Settings of web apps keep their values only where the platform defines the name (WEBSITE_...).
    """
    return _cleaned(value) if may_hold(text) else value


def may_hold(text: str) -> bool:
    """False for a text that surely holds no secret of a known kind; a file of 100 MB is looked through fast."""
    low = text.lower()
    signs = any(part in low and any(sign in low for sign in signs) for part, signs in SIGNS.items())
    return signs or KEY_IN_CODE.search(text) is not None


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, list):
        items = value if len(value) < MANY else each(value, "Taking secrets out")
        return [_cleaned(inner) for inner in items]
    if not isinstance(value, dict):
        return value
    found = {scrub_text(str(name)): _cleaned(inner) for name, inner in value.items() if _may_stay(str(name), inner)}
    if _is_setting(value) or _names_a_secret(value):
        found.pop("value", None)
    if str(value.get("id", "")).lower().endswith(("/config/appsettings", "/config/connectionstrings")):
        found["properties"] = {name: v for name, v in _members(found) if name.upper().startswith("WEBSITE_")}
    return found


def _may_stay(name: str, value: Any) -> bool:
    return name.lower() in KEPT_OF_FILES or not (is_secret(name) or _sealed(name, value))


def _members(found: dict[str, Any]) -> list[tuple[str, Any]]:
    inner = found.get("properties")
    return [(str(name), value) for name, value in inner.items()] if isinstance(inner, dict) else []


def _is_setting(value: dict[str, Any]) -> bool:
    """One row of `az webapp config appsettings list` whose name is the application's own."""
    return "slotSetting" in value and not str(value.get("name", "")).upper().startswith("WEBSITE_")


def _names_a_secret(value: dict[str, Any]) -> bool:
    """A pair of name and value, such as a variable of an environment, whose name is one of a secret."""
    return isinstance(value.get("value"), str) and is_secret(str(value.get("name", "")))


def _sealed(name: object, value: Any) -> bool:
    """True for a certificate member that holds more than a public certificate, such as a file with its private key.

    Source: REST reference of App Service, VnetInfo (certBlob is the public part, which says when the integration expires).
    """
    if str(name).lower() != "certblob" or value is None:
        return False
    try:
        der = base64.b64decode(str(value), validate=True)
        read_certificate(der)
    except ValueError:
        return True
    return len(der) != whole_length(der)


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """True for the name of a member whose value is never kept."""
    plain = _plain(name)
    return plain in NAMES or plain.endswith(ENDINGS)


def is_assigned_secret(name: str) -> bool:
    """True for a name before = or : in a text whose value is never shown."""
    plain = _plain(name)
    return plain not in COMMON and (plain in KEYS or plain.endswith(WORDS))


def scrub_text(text: str) -> str:
    """A text with everything that has the shape of a secret replaced; the name before it stays."""
    if not HINT.search(text):
        return text
    for shape in SHAPES:
        text = shape.sub(rf"\1{REMOVED}" if shape.groups else REMOVED, text)
    return text
