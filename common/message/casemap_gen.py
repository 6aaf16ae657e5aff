#!/usr/bin/env python3
"""Writes casemap_table.h: what RFC 5051 makes of each character.

Run by hand with a Python whose unicodedata is the Unicode version wanted:
    python3 casemap_gen.py > casemap_table.h

UnicodeData.txt isn't needed: str.title() is the full title case, and is the
simple one (field 14) wherever it is a single character; characters whose
title case is longer (sharp s, ligatures) have no simple one.  Hangul
syllables are left out: casemap.c decomposes them by arithmetic.
"""
import sys
import unicodedata

BLOCK = 64
HANGUL = range(0xAC00, 0xD7A4)


def titlecase(c):
    t = chr(c).title()
    return ord(t) if len(t) == 1 else c


def decompose(c):
    """Full compatibility decomposition, not reordered (RFC 5051 section 2, step 2b)."""
    d = unicodedata.decomposition(chr(c)).split()
    if d and d[0].startswith("<"):
        d = d[1:]
    if not d:
        return [c]
    return [x for hex_ in d for x in decompose(int(hex_, 16))]


def mapping(c):
    if 0xD800 <= c < 0xE000 or c in HANGUL:
        return None
    out = decompose(titlecase(c))
    return None if out == [c] else "".join(map(chr, out)).encode()


def rows(values, per_line):
    for i in range(0, len(values), per_line):
        yield "\t" + "".join(f"{v}," for v in values[i:i + per_line])


def main():
    pool, places, blocks, first = bytearray(b"\0"), {}, [], []
    maps = {c: m for c in range(0x80, 0x110000) if (m := mapping(c))}
    for c in range(0x80):
        assert mapping(c) == (bytes([c - 32]) if chr(c).islower() else None)
    leads = bytearray(256)
    for c, m in maps.items():
        if min(m) < 0x80:
            leads[chr(c).encode()[0]] = 1
    for m in maps.values():  # in order of use: a script's strings lie together
        if m not in places:
            places[m] = len(pool)
            pool += bytes([len(m) | (0x80 if min(m) < 0x80 else 0)]) + m
    pool += bytes(3)  # so that four bytes can be read anywhere
    end = (max(maps) // BLOCK + 1) * BLOCK
    seen = {}
    for start in range(0, end, BLOCK):
        block = tuple(places[maps[c]] if c in maps else 0 for c in range(start, start + BLOCK))
        if block not in seen:
            seen[block] = len(blocks)
            blocks.append(block)
        first.append(seen[block])
    assert len(blocks) <= 256 and len(pool) <= 65536
    assert max(map(len, maps.values())) < 0x80
    print("/* Made by casemap_gen.py from Unicode %s. */" % unicodedata.unidata_version)
    print("/* clang-format off */")
    print(f"#define CASEMAP_END 0x{end:x}")
    print(f"#define CASEMAP_LONGEST {max(map(len, maps.values()))}")
    print(f"static const uint8_t casemap_block[{len(first)}] = {{")
    print("\n".join(rows(first, 24)))
    print("};")
    print("/* Places in casemap_pool; 0: the character is its own mapping. */")
    print(f"static const uint16_t casemap_place[{len(blocks)}][{BLOCK}] = {{")
    for block in blocks:
        print("\t{\n" + "\n".join(rows(block, 16)) + "\n\t},")
    print("};")
    print("/* A length, 0x80 added if there is ASCII among them; then so many bytes of UTF-8. */")
    print(f"static const uint8_t casemap_pool[{len(pool)}] = {{")
    print("\n".join(rows(pool, 24)))
    print("};")
    print("/* 1: a first byte of characters whose mapping has ASCII in it. */")
    print("static const uint8_t casemap_lead[256] = {")
    print("\n".join(rows(leads, 32)))
    print("};")


if __name__ == "__main__":
    sys.exit(main())
