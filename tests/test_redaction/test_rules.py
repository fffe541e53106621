"""The lists of redaction are closed, and they hold all that the engine reads: what it reads must not go, the rest must."""

import ast
import base64
import ipaddress
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mi_workbook
from mi_workbook.cases import case
from mi_workbook.evidence.azure.kinds import known
from mi_workbook.evidence.probes.certificate import read_certificate
from mi_workbook.evidence.redaction import Redactor
from mi_workbook.evidence.redaction.address_map import BLOCKS, FIXED, AddressMap
from mi_workbook.evidence.redaction.pseudonyms import Pseudonyms
from mi_workbook.evidence.redaction.stand_in import stand_in
from mi_workbook.evidence.redaction.vocabulary import is_kind, is_tag, is_word, read
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.network.network import Network
from mi_workbook.network.service_tags import PUBLIC_TAGS

KEY = b"k" * 32
MAP = AddressMap(KEY)
NUMBERS = st.integers(0, 2**32 - 1)
PACKAGE = Path(mi_workbook.__file__).parent
ROOMS = ("network", "reach", "checks")
# How the engine reads members: methods of Reading, and functions that take names.
METHODS = {"get", "text", "texts", "flag", "reference", "references", "prefixes", "items", "children", "evidence", "at"}
FUNCTIONS = {"field", "_part", "_listed"}
# Names in such calls that are no members of evidence: of our own catalogue and its texts, or of dictionaries in code.
NO_MEMBERS = {"evidence", "says", "severity", "code", "title", "remedy", "az", "powershell", "portal", "safety", "undo", "does",
              "causes", "needs", "sources", "aliases", "shown_by", "owner_says", "safe"}  # fmt: skip
# Members the engine reads and redaction takes away on purpose, and why no answer rests on them.
TAKEN = {
    "appSettings": "never kept in a snapshot: secrets.py takes it out of every file and of what Azure returns",
    "at": "the head of an observation, kept by name in redactor.py", "about": "as at", "from": "as at", "kind": "as at", "whole": "as at",
    "scope": "the head of a problem, kept by name in redactor.py", "tcp": "no member: what a missing stage means",
    "notes": "as at",
    "message": "of a problem; it is shown, and no answer rests on its words",
}  # fmt: skip


def read_by_the_engine() -> Iterator[tuple[str, str]]:
    """Names of members in calls of the readers, and the module."""
    for room in ROOMS:
        for path in sorted((PACKAGE / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                method = isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
                function = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
                if method or function:
                    words = (
                        one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                    )
                    yield from ((word, path.name) for word in words if re.fullmatch(r"[A-Za-z][\w.]*", word))


def ruled() -> set[str]:
    """Every member with a rule."""
    found: set[str] = set()
    for table in ("members", "seen"):
        data = read(table)
        found |= {name.lower() for names in (data["structure"], *data["texts"].values()) for name in names}
    return found


def test_every_member_the_engine_reads_has_a_rule() -> None:
    """A new member in a reader fails here until it says what becomes of it under redaction."""
    read_names = dict(read_by_the_engine())
    assert len(read_names) > 120 and "virtualNetworkSubnetId" in read_names
    missing = {name: where for name, where in read_names.items() if name.lower() not in ruled()}
    assert set(missing) - NO_MEMBERS <= set(TAKEN), missing


def test_every_kind_the_engine_knows_stays() -> None:
    """Kinds named in the engine and those that are collected."""
    named = {kind for room in (*ROOMS, "diagnosis") for path in (PACKAGE / room).glob("*.py")
             for kind in re.findall(r'^[A-Z_]+(?:, [A-Z_]+)* = .*?"(Microsoft\.\w+/[\w/]+)"', path.read_text(), re.MULTILINE)}  # fmt: skip
    assert len(named) > 20
    assert not {kind for kind in named if not kind.endswith(("/read", "/action")) and not is_kind(kind)}
    collected = {kind for table in known()["graph"].values() for kind in table["kinds"]} | set(
        known()["overlays"]["kinds"]
    )
    assert not {kind for kind in collected | set(known()["reads"]) if not is_kind(kind)}


def test_each_member_has_one_rule() -> None:
    """No name stands twice among the texts of a table."""
    for table in ("members", "seen"):
        names = [name.lower() for listed in read(table)["texts"].values() for name in listed]
        assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_service_tags_the_engine_knows_stay() -> None:
    """With a region or without; an unknown one becomes another unknown one, and an address none."""
    assert not {tag for tag in PUBLIC_TAGS if not is_tag(tag)}
    given = Pseudonyms(KEY)
    assert given.ranges("Sql.WestEurope") == ["Sql.WestEurope"]
    assert given.ranges("Virtual Network") == ["Virtual Network"] and re.fullmatch(
        r"Sql\.Other\w+", (given.ranges("Sql.anna") or [""])[0]
    )
    (other,) = given.ranges("ContosoTag") or [""]
    assert other.startswith("Tag") and given.ranges("ContosoTag") == [other] and given.ranges("contoso tag") is None


@pytest.mark.parametrize(
    "word",
    [
        "contoso",
        "mi-orders",
        "anna",
        "db01",
        "10.1.2.3",
        "Password1",
        "sql01.corp",
        "eastus-prod",
        "Microsoft.Contoso/orders",
    ],
)
def test_names_are_no_words(word: str) -> None:
    """The lists hold nothing that somebody would call a server."""
    assert not is_word(word)
    assert Pseudonyms(KEY).word(word) != word


def shared(one: int, other: int) -> int:
    """Leading bits that two addresses share."""
    return 32 - (one ^ other).bit_length()


@given(NUMBERS, NUMBERS, st.integers(0, 32))
def test_prefixes_stay_prefixes(one: int, other: int, keep: int) -> None:
    """Two addresses that share n leading bits share n after the map, so containment and longest match stay."""
    other = (one >> (32 - keep) << (32 - keep)) | (other & ((1 << (32 - keep)) - 1))
    first, second = (int(ipaddress.IPv4Address(MAP.address(str(ipaddress.IPv4Address(n))))) for n in (one, other))
    assert shared(one, other) == shared(first, second)


@given(NUMBERS)
def test_private_stays_private_and_special_stays(number: int) -> None:
    """No address enters or leaves a private block; special ones stay themselves."""
    before, after = (
        ipaddress.IPv4Address(number),
        ipaddress.IPv4Address(MAP.address(str(ipaddress.IPv4Address(number)))),
    )
    for text in BLOCKS:
        assert (before in ipaddress.IPv4Network(text)) == (after in ipaddress.IPv4Network(text))
    if any(before in ipaddress.IPv4Network(text) for text in FIXED):
        assert before == after


@given(NUMBERS, st.integers(0, 5000))
def test_ranges_hold_what_they_held(first: int, more: int) -> None:
    """Every address of a range is in one of the ranges it becomes, and they hold no more of them."""
    last = min(first + more, 2**32 - 1)
    spans = [tuple(int(ipaddress.IPv4Address(end)) for end in span)
             for span in MAP.span(str(ipaddress.IPv4Address(first)), str(ipaddress.IPv4Address(last)))]  # fmt: skip
    assert sum(high - low + 1 for low, high in spans) == last - first + 1
    for number in {first, last, (first + last) // 2}:
        mapped = int(ipaddress.IPv4Address(MAP.address(str(ipaddress.IPv4Address(number)))))
        assert any(low <= mapped <= high for low, high in spans)


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "168.63.129.16/32", "169.254.169.254/32", "::/0"],
)
def test_well_known_prefixes_stay(text: str) -> None:
    """Prefixes that rules of Azure name stay themselves."""
    assert MAP.prefix(text) == text


@pytest.mark.parametrize(
    "value", ["999.1.1.1/8", "<script>", "10.0.0.0/99", "a" * 5000, "1.2.3.4-1.2.3", "\x00", "10.0.0.4 (anna)"]
)
def test_odd_addresses_are_removed_not_kept(value: str) -> None:
    """A text that is no address and no tag does not pass as one."""
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/t"
    given = Snapshot([{"id": at, "properties": {"routes": [{"properties": {"addressPrefix": value}}]}}])
    assert value not in json.dumps(Redactor().snapshot(given).snapshot.to_dict())


def test_a_list_of_which_nothing_may_stay_is_not_empty_but_gone() -> None:
    """An empty list says that there is nothing, which is another answer."""
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
    given = Snapshot(
        [{"id": at, "properties": {"addressSpace": {"addressPrefixes": ["?"]}, "dhcpOptions": {"dnsServers": []}}}]
    )
    inner = Redactor(KEY).snapshot(given).snapshot.resources[0]["properties"]
    assert inner["addressSpace"] == {} and inner["dhcpOptions"] == {"dnsServers": []}


def test_certificate_keeps_its_dates_alone() -> None:
    """No name, key or signature; what is no certificate goes."""
    network = Network(case("app-gateway-cert-expired").snapshot())
    blob = next(
        one["properties"]["certBlob"] for one in network.snapshot.resources if "certBlob" in one.get("properties", {})
    )
    before, after = (read_certificate(base64.b64decode(one)) for one in (blob, stand_in(blob) or ""))
    assert (after.not_before, after.not_after) == (before.not_before, before.not_after)
    assert (
        before.subject
        and (after.subject, after.issuer, after.names) == ("", "", ())
        and len(base64.b64decode(stand_in(blob) or "")) < 60
    )
    assert (
        stand_in("AAAA") is None and stand_in("no base64") is None and stand_in(stand_in(blob) or "") == stand_in(blob)
    )


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.sampled_from(["10.0.0.0/8", "/subscriptions/a", "a,b", "1-2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(ruled())) | st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(sorted(ruled())), TREES, max_size=4),
    st.sampled_from(["route-print", "machine-routes", "dig", "effectiveRoutes"]),
)
def test_any_document_is_redacted_or_removed(tree: dict[str, object], kind: str) -> None:
    """Whatever its shape: no crash, no member without a rule, and what was redacted can be redacted and loaded again."""
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
    document = {"resources": [{"id": at, "properties": tree}], "observations": [{"kind": kind, "value": tree}, {"kind": kind, "value": [tree]}],
                "problems": [tree], "source": tree}  # fmt: skip
    once = Redactor(KEY).snapshot(from_document(document)).snapshot
    twice = Redactor(KEY).snapshot(from_document(json.loads(json.dumps(once.to_dict())))).snapshot
    for one in (once, twice):
        assert members(one.to_dict()["resources"]) | members(one.to_dict()["observations"]) <= ruled() | HEADS


HEADS = {"kind", "about", "from", "at", "format", "whole", "complete", "file", "notes"}


def members(value: object) -> set[str]:
    """Names of every member, however deep."""
    if isinstance(value, dict):
        return {str(name).lower() for name in value} | {one for inner in value.values() for one in members(inner)}
    return {one for inner in value for one in members(inner)} if isinstance(value, list) else set()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("tcp:mi-orders.a1b2c3d4e5f6.database.windows.net,1433", r"tcp:[\w-]+\.[0-9a-f]{12}\.database\.windows\.net,1433"),
        ("mi-orders.public.a1b2c3d4e5f6.database.windows.net,3342", r"[\w-]+\.public\.[0-9a-f]{12}\.database\.windows\.net,3342"),
        ("mi-orders\\SQLEXPRESS", r"mi-[\w]+\\n-\w+"), ("p2s:vgw-data=172.16.201.5", r"p2s:[\w-]+=172\.\d+\.\d+\.5"),
        ("ip:10.0.1.4", r"ip:10\.\d+\.\d+\.4"), ("10.0.1.4,1433", r"10\.\d+\.\d+\.4,1433"), ("internet=203.0.113.9", r"internet=\d+\.\d+\.\d+\.9"),
        ("internet", "internet"), ("this-machine", "this-machine"), ("vnet-app/snet-app", r"[\w-]+/[\w-]+"),
        ("er:gw=10.9.1.4", r"er:n-\w+=10\.\d+\.\d+\.4"), ("what is this; anna", r"n-\w+"), ("mi-orders,secret", r"n-\w+"),
    ],
)  # fmt: skip
def test_questions_keep_their_shape(typed: str, kept: str) -> None:
    """What says how it is meant stays; names and addresses do not, and what is not understood is one name."""
    redactor = Redactor(KEY)
    redactor.snapshot(case("same-vnet-healthy").snapshot())
    asked = redactor.question(typed)
    assert re.fullmatch(kept, asked), asked
    assert not [
        word
        for word in ("orders", "vgw-data", "SQLEXPRESS", "10.0.1.4", "anna", "secret", "203.0.113")
        if word in asked
    ]
