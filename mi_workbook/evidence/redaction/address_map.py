"""Addresses under other numbers: prefixes stay prefixes, and an address stays of the kind it is (private, public, special)."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterator

BITS = 32
HOST_BITS = 8  # the last octet stays, so that the addresses Azure reserves in a subnet stay what they are
# Blocks that addresses neither leave nor enter. Sources: IANA IPv4 special-purpose address registry; RFC 1918; RFC 6598.
BLOCKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
# Blocks whose addresses mean something by themselves and stay; the last ones are Azure's own addresses in every network
# ("What is IP address 168.63.129.16?"; "Virtual network service tags", AzurePlatformIMDS and AzurePlatformLKM).
FIXED = ("0.0.0.0/8", "127.0.0.0/8", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "224.0.0.0/3",
         "168.63.129.16/32", "169.254.169.254/32", "23.102.135.246/32")  # fmt: skip
LOCAL_SIX = b"\xfe\x80"


class AddressMap:
    """A one-to-one map of IPv4 addresses under a key, after Xu, Fan, Ammar and Moon, "Prefix-preserving IP address
    anonymization" (2002): each bit is turned or not by what stands before it, so two addresses that shared n bits share n
    bits. Bits on the way to a special block are never turned, so nothing enters or leaves one."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._turned: dict[tuple[int, int], int] = {}
        blocks = [ipaddress.IPv4Network(text) for text in (*BLOCKS, *FIXED)]
        self._kept = {(bit, int(one.network_address) >> (BITS - bit)) for one in blocks for bit in range(one.prefixlen)}
        self._fixed = [ipaddress.IPv4Network(text) for text in FIXED]

    def address(self, text: str) -> str:
        """Another address for an address. Raises ValueError for any other text."""
        found = ipaddress.ip_address(text)
        if isinstance(found, ipaddress.IPv6Address):
            return self._six(found)
        return str(ipaddress.IPv4Address(self._map(int(found))))

    def prefix(self, text: str) -> str:
        """Another prefix of the same length for a prefix. Raises ValueError for any other text."""
        at, _, length = text.partition("/")
        network = ipaddress.ip_network(text, strict=False)
        if isinstance(network, ipaddress.IPv6Network):
            return text if network.prefixlen == 0 else f"{self._six(ipaddress.IPv6Address(at))}/{network.prefixlen}"
        mapped = self._map(int(ipaddress.IPv4Address(at)))
        if str(network.network_address) == at:
            mapped &= int(network.netmask)
        return f"{ipaddress.IPv4Address(mapped)}/{length}"

    def span(self, first: str, last: str) -> Iterator[tuple[str, str]]:
        """First and last address of each range that a range of addresses becomes: neighbours stay neighbours only within
        a prefix. Raises ValueError where they are no IPv4 addresses in this order."""
        ends = ipaddress.IPv4Address(first.strip()), ipaddress.IPv4Address(last.strip())
        if int(ends[0]) >> HOST_BITS == int(ends[1]) >> HOST_BITS:
            yield self.address(str(ends[0])), self.address(str(ends[1]))
            return
        for network in ipaddress.summarize_address_range(*ends):
            mapped = ipaddress.IPv4Network(self.prefix(str(network)))
            yield str(mapped[0]), str(mapped[-1])

    def _map(self, number: int) -> int:
        if any(ipaddress.IPv4Address(number) in one for one in self._fixed):
            return number
        mapped = 0
        for bit in range(BITS):
            here = number >> (BITS - 1 - bit) & 1
            mapped = mapped << 1 | here ^ self._turn(bit, number >> (BITS - bit))
        return mapped

    def _turn(self, bit: int, before: int) -> int:
        if bit >= BITS - HOST_BITS or (bit, before) in self._kept:
            return 0
        if (bit, before) not in self._turned:
            digest = hmac.digest(self._key, f"{bit}:{before}".encode(), hashlib.sha256)
            self._turned[bit, before] = digest[0] & 1
        return self._turned[bit, before]

    def _six(self, address: ipaddress.IPv6Address) -> str:
        """An address of the private block, or of the link for one of the link: no rule here looks further at them."""
        if address.is_unspecified or address.is_loopback or address.is_multicast:
            return str(address)
        digest = hmac.digest(self._key, address.packed, hashlib.sha256)
        head = LOCAL_SIX + bytes(6) if address.is_link_local else b"\xfd"
        return str(ipaddress.IPv6Address((head + digest)[:16]))
