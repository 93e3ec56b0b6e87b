"""Files that somebody has damaged: bytes that flipped, cells that moved, values that nobody thought of."""

import csv
import io
import json
import random
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

Damage = Callable[[bytes, random.Random], bytes]

#: Values as JSON writes them; most are none that any reader asks for.
JSON = (
    "null", "true", "0", "-1", "1", "1.5", "7.0", "1e308", "1e999", "-0.0", "NaN", "Infinity", "9" * 30, "9" * 5000,
    '""', '" "', '"x"', '"1"', '"\\ud800"', '"\\u0000"', '"a\\nb"', '"\\u001b[31m"', '"\\u202e"', '"$\\\\frac{$"',
    '"$x$"', '"<script>"', '"../../etc/passwd"', '"attacks/../../../etc/passwd.txt"', '"/dev/zero"',
    f'"{"x" * 5000}"', "[]", "{}", "[[]]", '[1, "a", null]', '{"a": 1}', "[" * 3000 + "]" * 3000,
    '{"a":' * 200 + "1" + "}" * 200,
)  # fmt: skip
CELLS = (
    "", " ", "x", "0", "-1", "1", "1.5", "7.0", "1e308", "-1e308", "1e999", "nan", "inf", "None", "True", "1_0",
    "9" * 30, "9" * 5000, "\x00", "a\nb", "\x1b[31m", "\u202e", "$\\frac{$", "$x$", '"', ",", "'", "../../etc/passwd",
    "x" * 5000, "x" * 200_000, "é", "\ufeff",
)  # fmt: skip
TOML = (
    "0", "-1", "1.5", "1e308", "1e999", "nan", "inf", "-inf", "9" * 30, "0x" + "f" * 5000, "true", '""', '" "', '"x"',
    '"\\u0000"', '"a\\nb"', '"\\u001b[31m"', '"../x.toml"', '"/dev/zero"', '"."', f'"{"x" * 5000}"', "[]", "{}",
    "[[]]", '[1, "a"]', '{ a = 1 }', "1979-05-27T07:32:00Z", "07:32:00", "[" * 3000 + "]" * 3000, "'''\n'''",
    '"""a\n[[party]]\n"""',
)  # fmt: skip
_BYTES = (
    b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b'"', b"'", b",", b"[", b"{", b"=", b";",
    b"+", b":",
)  # fmt: skip


def damaged(name: str, content: bytes, chance: random.Random, words: Sequence[bytes] = _BYTES) -> bytes:
    """A file with something wrong with it, as its kind may have it; ``words`` are what may get into it anywhere."""
    kinds: list[Damage] = [_flipped, _spliced, _cut, _encoded, partial(_mixed, words=words)]
    form = name.rpartition(".")[2]
    kinds += {"json": [_json] * 15, "csv": [_csv] * 15, "toml": [_toml] * 15, "txt": [kinds[-1]] * 15}.get(form, [])
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        content = chance.choice(kinds)(content, chance)
    return content


def _flipped(content: bytes, chance: random.Random) -> bytes:
    made = bytearray(content)
    for _ in range(min(len(made), chance.choice((1, 1, 2, 30)))):
        made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
    return bytes(made)


def _spliced(content: bytes, chance: random.Random) -> bytes:
    """A part left out, written twice, or with something else in it."""
    start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    end = min(end, start + chance.choice((0, 1, 10, 1000)))
    part = content[start:end]
    return content[:start] + chance.choice((b"", part * 2, chance.choice(_BYTES))) + content[end:]


def _mixed(content: bytes, chance: random.Random, words: Sequence[bytes]) -> bytes:
    """Words in places where others stood."""
    parts = re.split(rb"(\W+)", content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        parts[chance.randrange(len(parts))] = chance.choice(words)
    return b"".join(parts)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.choice((0, chance.randrange(len(content) + 1)))]


def _encoded(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(chance.choice(("utf-16", "utf-8-sig", "utf-32", "latin-1", "cp037")), "replace")


def _json(content: bytes, chance: random.Random) -> bytes:
    """A document with another value somewhere, or without a key."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return _spliced(content, chance)
    places = list(_places([found]))
    holder, key = chance.choice(places[1:] or places)
    mark = "\ue000"
    if chance.random() < 0.25 and key != 0:
        del holder[key]
    elif isinstance(holder, list) and chance.random() < 0.3:
        holder.insert(key, chance.choice((holder[key], mark)))
    elif isinstance(holder, dict) and chance.random() < 0.1:
        holder[mark] = holder.pop(key)
    else:
        holder[key] = mark
    value = chance.choice(JSON)
    return json.dumps(found, ensure_ascii=False).replace(f'"{mark}"', value).encode("utf-8", "replace")


def _places(value: Any) -> Any:
    """Everything in lists and objects, each as what holds it and the key that it has there."""
    if isinstance(value, list | dict):
        for key, inner in list(enumerate(value) if isinstance(value, list) else value.items()):
            yield value, key
            yield from _places(inner)


def _csv(content: bytes, chance: random.Random) -> bytes:
    """A table with another cell, row or column somewhere."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    except (csv.Error, UnicodeDecodeError):
        return _spliced(content, chance)
    if not rows or not rows[0]:
        return chance.choice(CELLS).encode()
    row, column = chance.choice(rows), chance.randrange(len(rows[0]))
    match chance.randrange(8):
        case 0 | 1 | 2 if row:
            row[column % len(row)] = chance.choice(CELLS)
        case 3:
            row.insert(column, chance.choice(CELLS))
        case 4:
            rows.insert(chance.randrange(len(rows) + 1), list(chance.choice((row, [], ["x"] * len(row)))))
        case 5 if row:
            del row[column % len(row)]
        case 6:
            other = chance.randrange(len(rows[0]))
            for each in rows[chance.randrange(2) :]:
                if max(column, other) < len(each):
                    each[column], each[other] = each[other], each[column]
        case _:
            del rows[chance.randrange(len(rows)) :: chance.choice((1, 2, 10_000))]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _toml(content: bytes, chance: random.Random) -> bytes:
    """A document with another value, or with a line that is left out, written twice or in another place."""
    lines = content.decode("utf-8", "replace").split("\n")
    place = chance.randrange(len(lines))
    match chance.randrange(6):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, chance.choice(lines))
        case 2:
            lines[place] = re.sub(r"[\w-]+", chance.choice(("x", "party", "a.b", '""', "[")), lines[place], count=1)
        case 3:
            said = re.findall(r'"[^"\n]*"', content.decode("utf-8", "replace"))
            lines[place] = _another(lines[place], chance.choice(said or ['"x"']), chance)
        case _:
            lines[place] = _another(lines[place], chance.choice(TOML), chance)
    return "\n".join(lines).encode()


def _another(line: str, value: str, chance: random.Random) -> str:
    """A line with another value after one of its equals signs, or in place of one of its strings."""
    said = [*re.finditer(r'(?<=[=,\[])\s*("[^"]*"|[\w.+-]+)', line)]
    if not said:
        return f"{line} = {value}" if chance.random() < 0.3 else line
    found: Sequence[int] = chance.choice(said).span()
    return f"{line[: found[0]]} {value}{line[found[1] :]}"
