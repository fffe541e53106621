"""Pseudonyms under one key: the same input always gets the same one, and what it means to Azure stays."""

from __future__ import annotations

import difflib
import hashlib
import hmac
import re
import secrets

from mi_workbook.evidence.machine import VPN_NAMES
from mi_workbook.evidence.redaction.address_map import AddressMap
from mi_workbook.evidence.redaction.vocabulary import is_common, is_tag, is_word, listed, read, segments

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
HEX_LABEL = re.compile(r"[0-9a-f]{10,16}")
HEX = re.compile(r"[0-9a-f]{8,128}", re.IGNORECASE)
FILTER_PORTS = re.compile(r"\d{1,5}(?:[:-]\d{1,5})?")
COUNT = re.compile(r"\d{6,}")
NUMBERS = re.compile(r"[\d.]+(?:/[\d.]+)?")
# Names of rules and routes that the service keeps in a network: what they begin with says which one it is.
SERVICE = "healthprobe|internal|optional|aad|onedsc|strg|azure|subnet"
RESERVED = re.compile(
    rf"(Microsoft\.Sql-managedInstances_UseOnly_(?:mi-)?(?:(?:{SERVICE})(?:-(?:in|out))?-?)?)(.*)", re.IGNORECASE
)
SCHEME = re.compile(r"(?:tcp|np|lpc|admin|jdbc:sqlserver)\s*:\s*(?://)?", re.IGNORECASE)
SERVER = re.compile(r"(?P<host>[^,\\:]+)(?:\\(?P<instance>[^,:]*))?(?P<port>\s*[,:]\s*\d{1,5}\s*)?")
PLACES = re.compile(r"(?:p2s|onprem|er|ip):", re.IGNORECASE)
OWN_WORDS = frozenset({"", "internet", "this-machine", "client"})
PRIVATE_ASN, LAST_SHORT_ASN, LONG_ASN = 64512, 65535, 4_200_000_000  # RFC 6996: up to 65534, and from 4200000000 on
AZURE_ASNS = (8075, 12076)  # "About BGP with VPN Gateway"; Azure keeps 65515 to 65520 of the private ones
ASNS = 1000
NEAR = 0.75


class Pseudonyms:
    """key: random bytes; with the same key two snapshots stay comparable. It is written nowhere."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self._addresses = AddressMap(self._key)
        self._labels: dict[str, str] = {}
        self._prefixes = {kind.lower(): start for kind, start in read("words")["prefixes"].items()}
        self.replaced: dict[str, dict[str, str]] = {}

    def _digest(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), hashlib.sha256).hex()

    def _note(self, kind: str, text: str, pseudonym: str) -> str:
        """Keeps what stands for what, by kind; returns the pseudonym."""
        self.replaced.setdefault(kind, {})[text] = pseudonym
        return pseudonym

    def guid(self, text: str) -> str:
        """Another GUID; any other text is a name."""
        if not GUID.fullmatch(text):
            return self.name(text)
        digest = self._digest(text.lower())
        named = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
        return self._note("subscriptions and other ids", text.lower(), named)

    def label(self, text: str, kind: str = "") -> str:
        """Another label for one label of a name; kind: type of the resource it was met at, for how it begins."""
        low = text.lower()
        if low in listed("kept_labels") or low in listed("kept_names"):
            return text
        if GUID.fullmatch(low):
            return self.guid(low)
        if low not in self._labels:
            digest = self._digest(low)
            named = f"{self._prefixes.get(kind.lower(), 'n')}-{digest[:8]}"
            self._labels[low] = self._note("names", low, digest[: len(low)] if HEX_LABEL.fullmatch(low) else named)
        return self._labels[low]

    def name(self, text: str, kind: str = "") -> str:
        """Another name: parts between dots and slashes keep their places, so that a name fits its host name and its id."""
        if text.lower() in listed("kept_names"):
            return text
        if found := RESERVED.fullmatch(text):
            return found[1] + self.label(found[2], kind)
        own, zone = _split(text)
        return re.sub(r"[^./]+", lambda part: self.label(part[0], kind), own) + zone

    def host(self, text: str) -> str:
        """Another host name, or an address where it is one."""
        mapped = self.number(text)
        return self.name(text) if mapped is None else mapped

    def operation(self, text: str) -> str:
        """An operation of Azure's; parts that are not known become others, and a provider stays one of Microsoft's or none."""
        return "/".join(self._part(part) for part in text.split("/"))

    def _part(self, part: str) -> str:
        """A provider, a type or a verb."""
        if part == "" or part.lower() in segments():
            return part
        return f"Microsoft.{self.word(part)}" if part.lower().startswith("microsoft.") else self.label(part)

    def id(self, text: str) -> str:
        """An id with its names replaced; known providers and types stay."""
        kept, after = [], "root"
        for part in text.split("/"):
            if after == "namespace":
                kept.append(self._part(part))
                after = "type"
            elif after not in ("root", "type"):
                kept.append(self.guid(part) if after == "subscriptions" else self.name(part, after))
                after = "type"
            else:
                kept.append(self._part(part))
                after = "root" if part == "" else "namespace" if part.lower() == "providers" else part
        return "/".join(kept)

    def number(self, text: str) -> str | None:
        """Another address or prefix, with its port or zone, None for a text that is none."""
        bare, _, zone = text.partition("%")
        address, colon, port = bare.partition(":") if bare.count(":") == 1 else (bare, "", "")
        if colon and not port.isdigit():
            return None
        try:
            mapped = self._addresses.prefix(address) if "/" in address else self._addresses.address(address)
        except ValueError:
            return None
        if mapped != address:
            self._note("addresses", address, mapped)
        return f"{mapped}{colon}{port}{'%' + zone if zone.isdigit() else ''}"

    def ranges(self, text: str) -> list[str] | None:
        """What an address field holds under other numbers: one text, several for a range; None for what is no address.

        Service tags stay; a tag that is not known becomes another unknown one.
        """
        first, dash, last = text.partition("-")
        if dash and NUMBERS.fullmatch(first.strip()):
            try:
                found = list(self._addresses.span(first, last))
            except ValueError:
                return None
            ranges = [f"{one}-{other}" for one, other in found]
            self._note("addresses", text, ", ".join(ranges))
            return ranges
        mapped = self.number(text)
        if mapped is not None:
            return [mapped]
        if text in ("", "*") or is_tag(text):
            return [text]
        tag, _, of = text.partition(".")
        if of and is_tag(tag):  # of a region that is not known, or of a part of the service
            return [f"{tag}.{self.word(of)}"]
        return [f"Tag{self._digest(text.lower())[:8]}"] if re.fullmatch(r"[A-Za-z][A-Za-z.]{2,60}", text) else None

    def word(self, text: str) -> str:
        """A word of Azure's as it is; one that is not known becomes another one that nobody knows, the same each time."""
        return re.sub(r"[^,;]+", lambda part: self._one_word(part[0]), text) if "," in text else self._one_word(text)

    def _one_word(self, text: str) -> str:
        bare = text.strip()
        if not bare or is_word(bare):
            return text
        return self._note("words", bare.lower(), f"Other{self._digest(bare.replace(' ', '').lower())[:8]}")

    def either(self, text: str) -> str:
        """A value that may be a word, an address, an id, a host name or a name."""
        if text.startswith("/"):
            return self.id(text)
        if "," in text:
            return ",".join(self.either(part.strip()) for part in text.split(","))
        mapped = self.number(text)
        if mapped is not None:
            return mapped
        return text if is_common(text) or text.lower() in OWN_WORDS else self.name(text)

    def filter_rule(self, text: str) -> str:
        """A rule of a packet filter: its own words and ports stay, addresses and all other words are replaced."""
        parts = re.split(r"([\s,\"]+)", text)
        return "".join(one if at % 2 or not one else self._of_filter(one) for at, one in enumerate(parts))

    def _of_filter(self, word: str) -> str:
        if word.lower() in listed("filters") or FILTER_PORTS.fullmatch(word):
            return word
        if COUNT.fullmatch(word):
            return "99999"
        mapped = self.number(word)
        if mapped is not None:
            return mapped
        dashes = re.match(r"-{0,2}", word)
        return (dashes[0] if dashes else "") + self.either(word.lstrip("-/") or "x")

    def interface(self, text: str) -> str:
        """A name of an interface, its index or address: what makes it look like a VPN stays, for the engine looks for that."""
        given = self.either(text)
        signs = [found[0] for found in (VPN_NAMES.search(text), re.search(r"\bPPP\b", text)) if found]
        return " ".join([*dict.fromkeys(signs), given]) if given != text else given

    def hexes(self, text: str) -> str | None:
        """Another thumbprint or hardware address of the same length, None for what is none."""
        plain = re.sub(r"[-: ]", "", text)
        if not HEX.fullmatch(plain):
            return "" if text == "" else None
        digest = (self._digest(plain.lower()) * 2)[: len(plain)]
        return self._note("thumbprints and hardware addresses", text, digest.upper() if text.isupper() else digest)

    def asn(self, number: int) -> int:
        """Another private number for the number of a public autonomous system; private ones and Azure's name nobody."""
        kept = number < 1 or PRIVATE_ASN <= number <= LAST_SHORT_ASN or number >= LONG_ASN or number in AZURE_ASNS
        if kept:
            return number
        mapped = PRIVATE_ASN + int(self._digest(str(number))[:8], 16) % ASNS
        self._note("autonomous systems", str(number), str(mapped))
        return mapped

    def path(self, text: str) -> str:
        """A path of autonomous systems."""
        return re.sub(r"\d+", lambda found: str(self.asn(int(found[0]))), re.sub(r"[^\d ,.{}-]", "", text))

    def question(self, text: str) -> str:
        """A source or target as somebody typed it, in these names."""
        text = text.strip()
        if text.startswith("/"):
            return self.id(text)
        place = PLACES.match(text)
        head, tail = (text[: place.end()], text[place.end() :]) if place else ("", text)
        name, equals, address = tail.partition("=")
        if equals:
            named = name if name == "internet" else self._asked(name)
            return f"{head}{named}={self.number(address) or self.label(address)}"
        if (mapped := self.number(tail)) is not None and not re.search(r":\d", tail):
            return head + mapped
        return text if tail in OWN_WORDS else head + self._server(tail)

    def _server(self, text: str) -> str:
        """A name, vnet/subnet, or a server name with what may stand before and behind it."""
        scheme = SCHEME.match(text)
        head, rest = (scheme[0], text[scheme.end() :]) if scheme else ("", text)
        found = SERVER.fullmatch(rest.strip("'\";"))
        if found is None:
            return head + self.label(rest)
        mapped = self.number(found["host"])
        own, zone = _split(found["host"])
        host = mapped if mapped is not None else re.sub(r"[^./]+", lambda part: self._asked(part[0]), own) + zone
        instance = f"\\{self.label(found['instance'])}" if found["instance"] is not None else ""
        return f"{head}{host}{instance}{found['port'] or ''}"

    def _asked(self, label: str) -> str:
        """A label somebody typed: where it is a slip of a known one, the same kind of slip of its pseudonym."""
        low = label.lower()
        if low in self._labels or low in listed("kept_labels") or low in listed("kept_names"):
            return self.label(label)
        near = difflib.get_close_matches(low, list(self._labels), 1, NEAR)
        if not near:
            return self.label(label)
        known = self._labels[near[0]]
        return known[:-2] + known[-1] + known[-2] if known[-1] != known[-2] else known + "x"


def _split(host: str) -> tuple[str, str]:
    """A host name before and from a zone of Azure's on, with its dot."""
    if "." not in host:
        return host, ""
    low = host.lower().rstrip(".")
    zone = max((one for one in listed("zones") if low == one or low.endswith(f".{one}")), key=len, default="")
    at = len(low) - len(zone) - (low != zone) if zone else len(host)
    return host[:at], host[at:]
