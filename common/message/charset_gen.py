#!/usr/bin/env python3
"""Writes charset_table.h: what a C library's iconv may lack.

Run by hand:
    python3 charset_gen.py > charset_table.h

GB18030's four-byte forms of the BMP, the vendor rows of JIS X 0208 as Windows
code page 932 has them, and some single-byte charsets.
"""
import sys

SINGLE = ["cp852", "cp855", "cp862", "cp874", "cp1255", "cp1258", "mac_roman", "mac_cyrillic"]


def char(raw, codec):
    try:
        s = raw.decode(codec)
    except UnicodeDecodeError:
        return 0
    return ord(s) if len(s) == 1 and ord(s) < 0x10000 else 0


def gb18030_ranges():
    """(first place, first character) wherever the difference changes."""
    last = None
    for place in range(39420):
        n, d = divmod(place, 10)
        n, c = divmod(n, 126)
        a, b = divmod(n, 10)
        ch = char(bytes([0x81 + a, 0x30 + b, 0x81 + c, 0x30 + d]), "gb18030")
        assert ch
        if ch - place != last:
            last = ch - place
            yield place, ch


def jis_row(row):
    """Cells 1 to 94 of a row, 1 to 94, by way of Shift_JIS."""
    lead = 0x81 + (row - 1) // 2
    if lead > 0x9f:
        lead += 0x40
    for cell in range(94):
        trail = 0x9f + cell if row % 2 == 0 else 0x40 + cell + (cell >= 63)
        yield char(bytes([lead, trail]), "cp932")


def ibm():
    """The rows F0 to FC have 188 cells each; IBM's begin at FA40."""
    for place in range(388):
        row, cell = divmod(place, 188)
        yield char(bytes([0xfa + row, 0x40 + cell + (cell >= 63)]), "cp932")


def table(kind, name, values):
    values = list(values)
    print(f"static const {kind} {name}[{len(values)}] = {{")
    for i in range(0, len(values), 12):
        print("\t" + "".join(f"{v}," for v in values[i:i + 12]))
    print("};")


def main():
    print("/* Made by charset_gen.py. */\n/* clang-format off */")
    ranges = list(gb18030_ranges())
    print("/* Places of four-byte forms, and the character at each; both count up from there. */")
    table("uint16_t", "gb18030_place", (p for p, _ in ranges))
    table("uint16_t", "gb18030_char", (c for _, c in ranges))
    table("uint16_t", "jis_row_13", jis_row(13))
    table("uint16_t", "jis_rows_89_92", (c for row in range(89, 93) for c in jis_row(row)))
    table("uint16_t", "jis_ibm", ibm())
    print("/* 0x80 to 0xff. */")
    for codec in SINGLE:
        table("uint16_t", "high_" + codec, (char(bytes([b]), codec) for b in range(128, 256)))


if __name__ == "__main__":
    sys.exit(main())
