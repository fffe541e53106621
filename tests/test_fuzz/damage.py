"""Evidence damaged in ways that files are: values of other types, absurd sizes, hostile text, members gone or doubled."""

from __future__ import annotations

import copy
import random
from typing import Any

Json = Any
HOSTILE = (
    "", " ", "\x00", "\x1b[31mred\x1b[0m", "\u202egpj.exe", "\ud800", "<script>alert(1)</script>", "=cmd|' /C calc'!A0",
    "../../../etc/passwd", "$(touch canary)", "`id`", "'; rm -rf / #", "a\nb", "\\\\server\\share", "%n%s", "/", "//", "/subscriptions",
    "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.1/8", "999.1.1.1", "1-", "-1", "65536", "5-1", "0-99999999999", "*", "VirtualNetwork",
    "x" * 3000, "1.2.3.4/0.0.0.255", "\uff11\uff10.0.0.0/8", "Zürich", "٣",
)  # fmt: skip
ODD = (
    None,
    True,
    False,
    0,
    -1,
    1,
    10**30,
    -(10**30),
    1.5,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    [None],
    {"": None},
    [{}],
)
NESTED: Json = [[[[[[[[{"a": [[[]]]}]]]]]]]]


def places(node: Json, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every address inside a JSON value."""
    found = [at] if at else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, inner in items:
        found += places(inner, (*at, step))
    return found


def damaged(document: Json, draw: random.Random, times: int) -> Json:
    """A copy of a document with some places damaged."""
    found = copy.deepcopy(document)
    for _ in range(times):
        addresses = places(found)
        if not addresses:
            break
        at = draw.choice(addresses)
        holder = found
        for step in at[:-1]:
            holder = holder[step]
        _hurt(holder, at[-1], draw)
    return found


def _hurt(holder: Json, step: Any, draw: random.Random) -> None:
    way = draw.randrange(6)
    if way == 0:
        del holder[step]
    elif way == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[step]))
    elif way == 2:
        holder[step] = [holder[step]]
    elif way == 3 and isinstance(holder, dict):
        holder[str(step).upper()] = holder.pop(step)
    else:
        holder[step] = draw.choice([*HOSTILE, *ODD, NESTED])
