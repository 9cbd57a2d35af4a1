"""Make the course's data, to the byte: `python data/make_data.py` writes it, `--check` compares it.

Everything here is invented, by `lesson_lib.invented_trades`, so that every platform and every Python from
3.11 on writes the same bytes.
"""

import argparse
import struct
import sys
import unicodedata
import zlib
from dataclasses import replace
from datetime import date
from pathlib import Path

from lesson_lib.invented_trades import HEADER, Trade, format_csv, generate_trading_days, make_table, walk

HERE = Path(__file__).resolve().parent
# Escapes, so that no editor can turn the NFC letters of this name into their NFD twins.
CAFE_LUMIERE = "caf\u00e9-lumi\u00e8re"


def reprice(trades: list[Trade], position: int, cents: int) -> list[Trade]:
    """Raise one price, and the two shifts that follow from it."""
    changed = list(trades)
    one, after = trades[position], trades[position + 1]
    changed[position] = replace(one, price=one.price + cents, shift=one.shift + cents)
    changed[position + 1] = replace(after, shift=after.shift - cents)
    return changed


def edited(cells: list[list[str]], line: int, column: str, cell: str) -> list[list[str]]:
    """Return a copy with one cell changed; lines are counted as an editor does, the header being 1."""
    copy = [list(row) for row in cells]
    copy[line - 1][HEADER.index(column)] = cell
    return copy


def reordered(cells: list[list[str]], columns: list[str]) -> list[list[str]]:
    """Return the named columns of a table, in that order."""
    return [[row[HEADER.index(column)] for column in columns] for row in cells]


def gzip_stored(content: bytes) -> bytes:
    """Wrap bytes as a gzip file that stores instead of compresses.

    Written by hand because what zlib compresses to differs from one build of it to the next.
    """
    head = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"  # deflate, no name, no time, any system
    block = b"\x01" + struct.pack("<HH", len(content), len(content) ^ 0xFFFF) + content
    return head + block + struct.pack("<II", zlib.crc32(content), len(content))


def exchange() -> dict[str, bytes]:
    """Return the daily files: each is named after a day in January and holds a trading week of the autumn."""
    days = generate_trading_days(date(2018, 1, 22))
    week = walk("exchange", 25, price=26477, amount=61_000)
    return {f"{next(days)}.csv": format_csv(make_table(week[start : start + 5])) for start in range(0, 25, 5)}


def acme() -> list[Trade]:
    """Return acme's true trades. Its first spend, 33597290.00, is one that a 32-bit float cannot hold."""
    return walk("acme", 8, price=1000, amount=3_359_729)


def acme_as_delivered() -> list[list[str]]:
    """Return acme's first file, in which the fifth price is a dollar too high."""
    return make_table(reprice(acme(), 4, 100))


def source() -> dict[str, bytes]:
    """Return the files that are there from the start."""
    october = date(2017, 10, 2)
    customers = {
        "acme": acme_as_delivered(),
        "bluebird": make_table(walk("bluebird", 11, price=6730, amount=9_400, first=october)),
        "o'hare": make_table(walk("o'hare", 6, price=2415, amount=52_000)),
        CAFE_LUMIERE: make_table(walk(CAFE_LUMIERE, 9, price=14860, amount=1_250, first=october)),
        "globex.eu": make_table(walk("globex.eu", 5, price=31205, amount=18_700)),
        "zenith": make_table(walk("zenith", 12, price=548, amount=230_000)),
    }
    return exchange() | {f"{customer}.csv": format_csv(cells) for customer, cells in customers.items()}


def quickstart() -> list[list[str]]:
    """Return the new customer's file."""
    return make_table(walk("quickstart", 4, price=4120, amount=7_300))


def arrivals() -> dict[str, bytes]:
    """Return the sound files that are delivered later."""
    return {
        "quickstart.csv": format_csv(quickstart()),
        # The price is put right, and the eighth trade, which never took place, is gone.
        "acme.csv": format_csv(make_table(acme()[:7])),
        "swapped-columns.csv": format_csv(
            reordered(quickstart(), ["date", "spread", "amount", "spend", "shift", "share_price"])
        ),
    }


def broken() -> dict[str, bytes]:
    """Return the broken files: quickstart's, or acme's first one, each with one fault."""
    sound = quickstart()
    _, price, amount, *_ = sound[2]
    year, month, day = sound[3][0].split("/")
    return {
        "acme.csv": format_csv(edited(acme_as_delivered(), 6, "amount", "n/a")),
        "bad-date.csv": format_csv(edited(sound, 4, "date", f"{day}.{month}.{year}")),
        "bad-number.csv": format_csv(edited(sound, 3, "amount", "n/a")),
        "empty.csv": b"",
        "extra-column.csv": format_csv([[*row, "broker" if row is sound[0] else "north"] for row in sound]),
        "gzipped.csv": gzip_stored(format_csv(sound)),
        "header-only.csv": format_csv(sound[:1]),
        # A no-break space before a price, as spreadsheets export it: one byte, and no UTF-8.
        "latin-1.csv": format_csv(sound).replace(f",{price},".encode(), f",\u00a0{price},".encode("latin-1")),
        "missing-column.csv": format_csv(
            reordered(sound, [column for column in HEADER if column != "spread"])
        ),
        "negative-price.csv": format_csv(edited(sound, 3, "share_price", f"-{price}")),
        "ragged-row.csv": format_csv([*sound[:2], sound[2][:-1], *sound[3:]]),
        "renamed-column.csv": format_csv(edited(sound, 1, "share_price", "price")),
        "semicolons.csv": format_csv(sound, delimiter=";"),
        "thousands-separator.csv": format_csv(edited(sound, 3, "amount", f'"{int(amount):,}"')),
    }


def everything() -> dict[str, bytes]:
    """Return every file's content by its path below this folder."""
    folders = {"source": source(), "arrivals": arrivals(), "arrivals/broken": broken()}
    return {
        f"{folder}/{name}": content for folder, files in folders.items() for name, content in files.items()
    }


def write() -> None:
    """Write every file beside this script."""
    for path, content in everything().items():
        target = HERE / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def differences() -> list[str]:
    """Return one line for each file that is not what this script would make."""
    wanted = everything()
    # Some file systems hand a name back in NFD: the same name to the person who wrote it.
    there = {
        unicodedata.normalize("NFC", path.relative_to(HERE).as_posix()): path
        for folder in ("source", "arrivals")
        for path in (HERE / folder).rglob("*")
        if path.is_file()
    }
    missing = [f"{path}: missing" for path in wanted.keys() - there.keys()]
    extra = [f"{path}: not made by this script" for path in there.keys() - wanted.keys()]
    changed = [
        f"{path}: other content"
        for path in wanted.keys() & there.keys()
        if there[path].read_bytes() != wanted[path]
    ]
    return sorted(missing + extra + changed)


def main() -> int:
    """Write the data or, with --check, compare it. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Make the course's data beside this script.")
    parser.add_argument("--check", action="store_true", help="write nothing; say what differs, exit 1 if any")
    if not parser.parse_args().check:
        write()
        print(f"Wrote {len(everything())} files.")
        return 0
    found = differences()
    print(*found, sep="\n", end="\n" if found else "")
    if found:
        print("Run `python data/make_data.py`, and remove files that it does not make.")
        return 1
    print(f"All {len(everything())} files are what this script makes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
