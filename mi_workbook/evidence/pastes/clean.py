"""What mail, Word and consoles do to text, undone: one line per line of the file, with the number it has there."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mi_workbook.evidence.error_text import scrub
from mi_workbook.evidence.pastes.paste import Line
from mi_workbook.evidence.secrets import scrub_text

# Marks that carry no text: byte order mark, zero width and soft hyphens, reading directions, NUL of UTF-16.
GONE = re.compile("[\ufeff\u200b-\u200f\u2060-\u2064\u00ad\u202a-\u202e\u2066-\u2069\x00]")
COLOUR = re.compile(r"\x1b(?:\[[0-9;?]{0,30}[A-Za-z]|\][^\x07\x1b\n]{0,200}(?:\x07|\x1b\\))")
ENDS = re.compile("\r+\n|\r|\u2028|\u2029|\x0b|\x0c")
SIGNS = str.maketrans({
    **dict.fromkeys("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    **dict.fromkeys("\u2018\u2019\u201a\u2032", "'"), **dict.fromkeys("\u201c\u201d\u201e\u2033", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2015\u2212", "-"),
    "\u2014": "--", "\u2026": "...", "\uff1a": ":", "\t": "    ",
})  # fmt: skip
LEAST_DOUBLED = 6
WIDTHS = frozenset({80, 100, 120, 132})  # of consoles and terminals
ESCAPED = re.compile(r"&(?:gt|lt|quot|nbsp|amp|apos|#39|#x27|#34|#160);")
MARKUP = re.compile(r"<[/?!]?[A-Za-z][\w:.-]{0,60}(?:\s[^<>\n]{0,400})?/?>")
QUOTED = re.compile(r"^ {0,3}>(?: ?>)* ?")
# cmd, PowerShell (remote, in an environment, on a share), bash and zsh of the usual systems, busybox, SUSE, macOS, oh-my-zsh.
PROMPT = re.compile(
    r"^\s*(?:"
    r"(?:\[[\w.:-]{1,255}\]: ?|\([\w.-]{1,40}\) )?(?:PS )?[A-Za-z]:[\\/][^<>|\"*?\n]{0,260}>+"
    r"|PS (?:/|\\\\|[\w.]{1,60}\\[\w.]{1,60}::)[^<>|\n]{0,260}>|PS>"
    r"|(?:\([\w.-]{1,40}\) )?[\w.-]{1,64}@[\w.-]{1,255}:[~/][^$#%\n]{0,260}[$#](?=\s|$)"
    r"|[\w.-]{1,64}@[\w.-]{1,255}:[~/][^$#%>\s]{0,260}>(?=\s|$)"
    r"|\[[\w.-]{1,64}@[\w.-]{1,255} [^\]\n]{1,260}\][$#%](?=\s|$)"
    r"|[\w.-]{1,64}@[\w.-]{1,255} [^\s%$#]{1,260} [%$#](?=\s|$)"
    r"|[\w.-]{1,64}:[~/][\w./~-]{0,260} #(?=\s|$)|[\w.-]{1,64}:[~/\w][\w./~-]{0,260} [\w.-]{1,64}[$#](?=\s|$)"
    r"|[\w.-]{1,64} \[ [^\]\n]{1,260} \]\$(?=\s|$)"
    r"|(?:ba|z|da|k)?sh-[\d.]{1,9}[$#](?=\s|$)"
    r"|[~/][\w./~-]{0,260} [#$](?=\s|$)"
    r"|\u279c {1,2}\S{1,80}(?: git:\([^)\n]{1,80}\))?(?: \u2717)?(?=\s|$)"
    r"|\$(?=\s|$)"
    r")[ ]?"
)
COMMAND = re.compile(
    r"^\s*(?:sudo\s+)?(?:route(?:\.exe)?\s+(?:/?print\b|-\w)|netstat(?:\.exe)?\s+-\w+|ip(?:\s+-\w+)*\s+r(?:o|ou|out|oute)?\b(?!\S)|"
    r"ipconfig(?:\.exe)?(?:\s+/\w+)?\s*$|get-netroute\b|netsh\s+int\w*\s+ipv[46]\s+show\s+route|"
    r"(?:type|cat|gc|get-content|more)\s+\S+)",
    re.IGNORECASE,
)
FENCE = re.compile(r"^\s*(?:```+|~~~+)\s*[\w.+-]{0,20}\s*$")
PEM = re.compile(r"-----(BEGIN|END) [A-Za-z0-9 ]{1,60}-----")
ELEMENT = re.compile(r"(?i)(<\w{0,20}(?:secret|password|key|cert|hash)\w{0,20}(?: [^<>]{0,200})?>)[^<]{1,9000}")
CODE = re.compile(r"^\s*[A-Za-z0-9+/=]{32,}\s*$")
LONGEST_SHOWN = 2000
HIDDEN = "(a certificate or a key: dropped while reading)"


def clean_lines(text: str) -> tuple[Line, ...]:
    """The lines of a paste without what the way here added: marks, colours, quoting, prompts, Markdown fences.

    Tabs become four blanks, so that columns stay apart. Numbers are those of the text as given, from 1; those of blank lines
    that a mail or a ticket put between all others are missing.
    """
    bare = _bare(text)
    return tuple(Line(number, _inside(bare[number - 1])) for number in _own_lines(bare))


def unwrapped_lines(text: str) -> tuple[Line, ...]:
    """The same with lines put together that a window broke at its width; none where no line is just as long as a window is wide.

    Each keeps the number of its first part. Whether it was broken there no text says: the reader compares both.
    """
    bare = _bare(text)
    width = max(map(len, bare), default=0)
    if width not in WIDTHS:
        return ()
    found: list[tuple[int, str]] = []
    open_end = False
    for number in _own_lines(bare):
        line = bare[number - 1]
        if open_end and line.strip() and not PROMPT.match(line):
            found[-1] = (found[-1][0], found[-1][1] + line)
        else:
            found.append((number, line))
        open_end = len(line) == width
    return tuple(Line(number, _inside(line)) for number, line in found)


def _own_lines(lines: Sequence[str]) -> list[int]:
    """Numbers of the lines without those that double spacing added: an odd number of blank ones between any two with text.

    No output is printed so: rows of a table and members of a list follow each other.
    """
    filled = [number for number, line in enumerate(lines, 1) if line.strip()]
    gaps = [after - before - 1 for before, after in pairwise(filled)]
    if len(filled) < LEAST_DOUBLED or not all(gap % 2 for gap in gaps):
        return list(range(1, len(lines) + 1))
    kept = [
        number for before, gap in zip(filled, gaps, strict=False) for number in range(before, before + gap // 2 + 1)
    ]
    return [*kept, *range(filled[-1], len(lines) + 1)]


def prompted(text: str) -> frozenset[int]:
    """The numbers of the lines that begin with a prompt, where a command was typed and the one before it had ended."""
    return frozenset(number for number, line in enumerate(_bare(text), 1) if PROMPT.match(line))


def _bare(text: str) -> list[str]:
    """The end of the last line is no blank line after it: that would look like the end of an output."""
    plain = COLOUR.sub("", GONE.sub("", ENDS.sub("\n", _decoded(text)))).translate(SIGNS)
    return _unquoted(plain.removesuffix("\n").split("\n"))


def _decoded(text: str) -> str:
    """Letters put together that came as letter and accent, as from a Mac; and signs that a web page or a ticket wrote as &gt; or &nbsp;.

    A text with a tag of its own is left as it is: there &amp; is part of the format.
    """
    whole = text if text.isascii() else unicodedata.normalize("NFC", text)
    return html.unescape(whole) if ESCAPED.search(whole) and not MARKUP.search(whole) else whole


def _inside(line: str) -> str:
    return "" if FENCE.match(line) else PROMPT.sub("", line, count=1).rstrip()


def _unquoted(lines: list[str]) -> list[str]:
    """Without the marks of a quoted mail. Among others, one line alone that begins with > may be a prompt: it is left."""
    marked = [bool(QUOTED.match(line)) for line in lines]
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if all(marked[at] for at in filled):
        return [QUOTED.sub("", line) for line in lines]
    runs = {at for one, two in pairwise(filled) if marked[one] and marked[two] for at in (one, two)}
    return [QUOTED.sub("", line) if at in runs else line for at, line in enumerate(lines)]


def without_secrets(lines: Iterator[Line]) -> Iterator[Line]:
    """Lines to show, without secrets.

    Hidden are what stands between BEGIN and END of a key, a long code alone on its line, and values of secret names.
    """
    inside = False
    for line in lines:
        mark = PEM.search(line.text)
        if mark:
            inside = mark[1] == "BEGIN"
        if (mark and inside) or (not inside and CODE.match(line.text)):
            yield Line(line.number, HIDDEN)
        elif not inside and not mark:
            yield Line(line.number, _shown(line.text))


def _shown(text: str) -> str:
    more = len(text) - LONGEST_SHOWN
    cut = f"{text[:LONGEST_SHOWN]}... ({more} more characters)" if more > 0 else text
    return scrub(ELEMENT.sub(r"\1***", scrub_text(cut)))
