"""A small DNS server for the tests, over UDP and TCP, in its own process: `python dns_server.py` prints its port.

It serves until its standard input ends. It answers as a forwarder does, with whole chains, except below `.steps`, where it gives one link at a time.
"""

import socket
import struct
import sys
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

SOA = "database.windows.net. 60 IN SOA ns1.internal.example. admin.internal.example. 1 2 3 4 5"
ANSWERS = {
    "mi-orders.a1b2c3d4e5f6.database.windows.net.": [
        "mi-orders.a1b2c3d4e5f6.database.windows.net. 300 IN CNAME tr12.westeurope1-a.worker.vnet.database.windows.net.",
        "tr12.westeurope1-a.worker.vnet.database.windows.net. 20 IN A 10.4.0.254",
    ],
    "mi-private.a1b2c3d4e5f6.database.windows.net.": [
        "mi-private.a1b2c3d4e5f6.database.windows.net. 300 IN CNAME "
        "mi-private.privatelink.a1b2c3d4e5f6.database.windows.net.",
        "mi-private.privatelink.a1b2c3d4e5f6.database.windows.net. 10 IN A 10.9.0.4",
    ],
    "mi-elsewhere.a1b2c3d4e5f6.database.windows.net.": [
        "mi-elsewhere.a1b2c3d4e5f6.database.windows.net. 300 IN CNAME "
        "mi-elsewhere.privatelink.a1b2c3d4e5f6.database.windows.net.",
        "mi-elsewhere.privatelink.a1b2c3d4e5f6.database.windows.net. 300 IN CNAME "
        "tr12.westeurope1-a.worker.vnet.database.windows.net.",
        "tr12.westeurope1-a.worker.vnet.database.windows.net. 20 IN A 10.4.0.254",
    ],
    "mi-orders.public.a1b2c3d4e5f6.database.windows.net.": [
        "mi-orders.public.a1b2c3d4e5f6.database.windows.net. 300 IN A 20.10.20.30"
    ],
    "mixed.a1b2c3d4e5f6.database.windows.net.": [
        "mixed.a1b2c3d4e5f6.database.windows.net. 300 IN A 20.10.20.30",
        "mixed.a1b2c3d4e5f6.database.windows.net. 300 IN A 10.4.0.254",
    ],
    "one.steps.": ["one.steps. 60 IN CNAME two.steps."],
    "two.steps.": ["two.steps. 60 IN CNAME three.steps."],
    "three.steps.": ["three.steps. 5 IN A 192.168.7.7"],
    "round.steps.": ["round.steps. 60 IN CNAME circle.steps."],
    "circle.steps.": ["circle.steps. 60 IN CNAME round.steps."],
    "large.example.": [f"large.example. 60 IN A 10.77.{n // 250}.{n % 250 + 1}" for n in range(100)],
}
CODES = {"refused.example.": dns.rcode.REFUSED, "broken.example.": dns.rcode.SERVFAIL}
lost_once: set[str] = set()


def answer(wire: bytes, *, udp: bool) -> bytes:
    """The reply to a question; nothing where the name says so."""
    query = dns.message.from_wire(wire)
    name = query.question[0].name.to_text().lower()
    if name == "silent.example." or (name == "lost.example." and name not in lost_once):
        lost_once.add(name)
        return b""
    if name == "garbage.example.":
        return wire[:2] + b"\xff" * 9
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    if name in ANSWERS:
        groups: dict[tuple[str, str], dns.rrset.RRset] = {}
        for line in ANSWERS[name]:
            owner, ttl, _, kind, value = line.split(" ", 4)
            groups.setdefault((owner, kind), dns.rrset.from_text(owner, int(ttl), "IN", kind)).update(
                dns.rrset.from_text(owner, int(ttl), "IN", kind, value)
            )
        reply.answer = list(groups.values())
    elif name == "lost.example.":
        reply.answer = [dns.rrset.from_text(name, 60, "IN", "A", "10.1.1.1")]
    elif name in CODES:
        reply.set_rcode(CODES[name])
    else:
        owner, ttl, _, kind, value = SOA.split(" ", 4)
        reply.authority = [dns.rrset.from_text(owner, int(ttl), "IN", kind, value)]
        reply.flags |= dns.flags.AA
        if name != "empty.a1b2c3d4e5f6.database.windows.net.":
            reply.set_rcode(dns.rcode.NXDOMAIN)
    if udp and len(reply.to_wire(max_size=65535)) > 512:
        reply.answer = []
        reply.flags |= dns.flags.TC
    return reply.to_wire(max_size=65535)


def over_tcp(server: socket.socket) -> None:
    """Questions and answers with their length before them."""
    while True:
        sock, _ = server.accept()
        with sock:
            (length,) = struct.unpack("!H", sock.recv(2))
            data = answer(sock.recv(length), udp=False)
            sock.sendall(struct.pack("!H", len(data)) + data)


if __name__ == "__main__":
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(tcp.getsockname())
    threading.Thread(target=over_tcp, args=(tcp,), daemon=True).start()

    def serve() -> None:
        """Answer over UDP."""
        while True:
            question, client = udp.recvfrom(4096)
            data = answer(question, udp=True)
            if data:
                udp.sendto(data, client)

    threading.Thread(target=serve, daemon=True).start()
    print(tcp.getsockname()[1], flush=True)
    sys.stdin.read()
