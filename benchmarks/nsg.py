"""The NSG contract: 10.0.0.0/8 to a /27, TCP 1433 and 11000-11999, through 10 to 4,000 rules; adversarial rules are small in
every dimension, so that subtracting boxes from boxes explodes. And longest-prefix match on 20 to 4,000 prefixes.

The number of denied packets is asserted equal between the engine and a BDD (dd, CUDD), whether any packet is denied between
the engine and z3, the winning prefix between all look-ups, before a time is taken. What is not installed is left out.

    python benchmarks/nsg.py
"""

from __future__ import annotations

import gc
import importlib
import ipaddress
import random
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.reach.routes import Route, RouteIndex
from mi_workbook.reach.rule_sets import Layer, judge

SOURCES, TARGET = prefix("10.0.0.0/8"), prefix("10.0.0.0/27")
PORTS = Ranges(((1433, 1433), (11000, 11999)))
BITS = (("s", 32), ("d", 32), ("p", 16))


def rules(count: int, *, adversarial: bool) -> list[Layer]:
    """Allow and deny in turn of chance; the last one allows everything."""
    draw = random.Random(count)
    found = []
    for _ in range(count):
        length = draw.choice((28, 29, 30, 31, 32)) if adversarial else draw.choice((8, 16, 24))
        source = prefix(f"10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(256)}/{length}")
        target = prefix(f"10.0.0.{draw.randrange(32)}/{draw.choice((28, 30, 32))}") if adversarial else TARGET
        low = draw.randrange(11000, 12000)
        ports = Ranges(((low, draw.randrange(low, 12000)),)) if draw.random() < 0.7 else Ranges(((1433, 1433),))
        found.append(layer(draw.random() < 0.5, source, target, ports))
    return [*found, layer(True, SOURCES, TARGET, PORTS)]


def layer(allows: bool, source: Ranges, target: Ranges, ports: Ranges) -> Layer:
    """A rule without doubt."""
    return Layer(allows, False, (source, source), (target, target), ports, True)


def engine(found: list[Layer]) -> int:
    """Denied packets."""
    judged = judge(found, SOURCES, TARGET, PORTS)
    total = 0
    widths = [last - first + 1 for first, last in judged.axis.cells]
    across = [last - first + 1 for first, last in judged.grid.across.cells]
    down = [last - first + 1 for first, last in judged.grid.down.cells]
    for part in judged.parts:
        if part.denied:
            sources = sum(widths[cell] for cell in part.cells)
            rows = ((part.denied >> (row * judged.grid.width)) & judged.grid.row for row in range(len(down)))
            total += sources * sum(
                tall * sum(wide for bit, wide in enumerate(across) if row >> bit & 1)
                for tall, row in zip(down, rows, strict=True)
            )
    return total


def judged_only(found: list[Layer]) -> bool:
    """What the engine does for a decision."""
    return judge(found, SOURCES, TARGET, PORTS).any_denied


def by_bdd(found: list[Layer]) -> int:
    """Denied packets, by a binary decision diagram."""
    manager = importlib.import_module("dd.cudd").BDD()
    manager.declare(*(f"{name}{bit}" for name, width in BITS for bit in range(width)))
    denied, left = manager.false, _box(manager, SOURCES, TARGET, PORTS)
    for one in found:
        hit = left & _box(manager, one.sources[0], one.destinations[0], one.ports)
        denied = denied if one.allows else denied | hit
        left = left & ~hit
    return int(manager.count(denied, nvars=80))


def _box(manager: Any, source: Ranges, target: Ranges, ports: Ranges) -> Any:
    return _axis(manager, "s", 32, source) & _axis(manager, "d", 32, target) & _axis(manager, "p", 16, ports)


def _axis(manager: Any, name: str, width: int, wanted: Ranges) -> Any:
    found = manager.false
    for first, last in wanted:
        for block in _blocks(first, last, width):
            cube = manager.true
            value, fixed = block
            for bit in range(fixed):
                variable = manager.var(f"{name}{bit}")
                cube &= variable if value >> (width - 1 - bit) & 1 else ~variable
            found |= cube
    return found


def _blocks(first: int, last: int, width: int) -> Iterable[tuple[int, int]]:
    """Aligned blocks of a range: value and number of fixed bits."""
    while first <= last:
        size = first & -first or 1 << width
        while size > last - first + 1:
            size >>= 1
        yield first, width - size.bit_length() + 1
        first += size


def by_z3(found: list[Layer]) -> bool:
    """Whether a packet is denied, by z3: one witness, no count."""
    z3 = importlib.import_module("z3")
    names = {"s": z3.BitVec("s", 32), "d": z3.BitVec("d", 32), "p": z3.BitVec("p", 16)}

    def inside(name: str, wanted: Ranges) -> Any:
        var = names[name]
        return z3.Or([z3.And(z3.UGE(var, first), z3.ULE(var, last)) for first, last in wanted])

    denied = z3.BoolVal(False)
    for one in reversed(found):
        hit = z3.And(inside("s", one.sources[0]), inside("d", one.destinations[0]), inside("p", one.ports))
        denied = z3.If(hit, z3.BoolVal(not one.allows), denied)
    solver = z3.SolverFor("QF_BV")
    solver.add(inside("s", SOURCES), inside("d", TARGET), inside("p", PORTS), denied)
    return bool(solver.check() == z3.sat)


def installed(name: str) -> bool:
    """True if a library to compare with is there."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def timed(action: Callable[[], object], rounds: int) -> float:
    """Milliseconds, the median of several rounds."""
    times = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def contract() -> None:
    """Print the table of the NSG contract."""
    print(f"{'rules':>18} {'engine ms':>10} {'CUDD ms':>10} {'ratio':>7} {'z3 ms':>10} {'ratio':>7}")
    for count, adversarial in ((10, False), (200, False), (1000, False), (1000, True), (4000, True)):
        found = rules(count, adversarial=adversarial)
        answer = engine(found)
        assert judged_only(found) == bool(answer)
        own = timed(lambda found=found: judged_only(found), 7)
        cells = [f"{own:10.1f}"]
        for name, other, expected in (("dd.cudd", by_bdd, answer), ("z3", by_z3, bool(answer))):
            if not installed(name):
                cells.append(f"{'-':>10} {'-':>7}")
                continue
            assert other(found) == expected
            spent = timed(lambda found=found, other=other: other(found), 1)
            cells.append(f"{spent:10.1f} {spent / own:6.1f}x")
        print(f"{count:>6} {'adversarial' if adversarial else '':>11} {' '.join(cells)}")


def longest_prefix() -> None:
    """Print the table of longest-prefix match."""
    print(f"\n{'prefixes':>9} {'engine /s':>12} {'ipaddress /s':>13} {'pytricia /s':>12} {'py-radix /s':>12}")
    for count in (20, 400, 4000):
        draw = random.Random(count)
        texts = list(dict.fromkeys(
            str(ipaddress.ip_network((draw.randrange(2**32), draw.choice((8, 16, 24, 28, 32))), strict=False))
            for _ in range(count)))  # fmt: skip
        asked = [draw.randrange(2**32) for _ in range(2000)] + [prefix(t).spans[0][0] for t in texts]
        index = RouteIndex(Route("User", "Active", text, "VirtualAppliance") for text in texts)
        look_ups: dict[str, Callable[[int], str | None]] = {"engine": lambda a, i=index: _prefix(i.winner(a))}
        look_ups["ipaddress"] = _scan([ipaddress.ip_network(text) for text in texts])
        if installed("pytricia"):
            tree = importlib.import_module("pytricia").PyTricia(32)
            for text in texts:
                tree[text] = text
            look_ups["pytricia"] = lambda a, t=tree: t.get(str(ipaddress.IPv4Address(a)))
        if installed("radix"):
            radix = importlib.import_module("radix").Radix()
            for text in texts:
                radix.add(text)
            look_ups["radix"] = lambda a, r=radix: _node(r.search_best(str(ipaddress.IPv4Address(a))))
        answers = {name: [look(a) for a in asked[-200:]] for name, look in look_ups.items()}
        assert len({tuple(found) for found in answers.values()}) == 1
        shown = []
        for name in ("engine", "ipaddress", "pytricia", "radix"):
            look = look_ups.get(name)
            some = asked if name != "ipaddress" else asked[-100:]
            speed = len(some) / timed(lambda look=look, some=some: [look(a) for a in some], 3) * 1000 if look else 0
            shown.append(f"{speed:12,.0f}")
        print(f"{count:>9} {' '.join(shown)}")


def _prefix(route: Route | None) -> str | None:
    return route.prefix if route is not None else None


def _node(node: Any) -> str | None:
    return node.prefix if node is not None else None


def _scan(networks: list[ipaddress.IPv4Network]) -> Callable[[int], str | None]:
    def look(address: int) -> str | None:
        here = ipaddress.IPv4Address(address)
        best = max((n for n in networks if here in n), key=lambda n: n.prefixlen, default=None)
        return str(best) if best is not None else None

    return look


if __name__ == "__main__":
    contract()
    longest_prefix()
