"""The table of `make bench`."""
import math
import os
import platform
import statistics
import time

# How many times better than Dovecot roost means to be, at 100,000 messages.
TARGET_SIZE = 100000
TARGETS = {
    "session": {"{PLAIN}, 1 at a time, CPU": 8, "{PLAIN}, 4 at a time, CPU": 8},
    "select": {"no index": 3, "unchanged": 5, "own flag change, at once": 100,
               "own flag change, later": 100, "one delivery": 100, "foreign rename": 3},
    "fetch": {"FLAGS": 3, "ENVELOPE, first": 3, "ENVELOPE, later": 10, "BODYSTRUCTURE, later": 3,
              **{f"{who}'s headers, {when}": times for when, times in (("first", 2), ("later", 4))
                 for who in ("mutt", "Thunderbird", "Apple Mail")}},
    "search": {"FROM, first": 3, "FROM, later": 4, "SUBJECT, first": 3, "SUBJECT, later": 4,
               "TEXT, first": 5, "TEXT, later": 5},
    "body": {"BODY.PEEK[]": 2.5},
    "tls": {"listening: session, full handshake, CPU": 3, "listening: BODY.PEEK[]": 0.8,
            "per connection: session, full handshake, CPU": 1, "per connection: BODY.PEEK[]": 0.8},
    "change": {"STORE all": 3, "EXPUNGE every second": 1.5, "COPY 10,000": 1.5,
               "APPEND, one at a time": 2, "APPEND, pipelined": 2},
    "idle": {"1,000 sessions: handler, private": 6.5, "1,000 sessions: connection, private": 4.6,
             "1 sessions: APPEND to the last EXISTS": 26},
}
GROWTH = ("select", "fetch", "last 50")


class Row:
    """One figure: the values of both servers, pair by pair."""

    def __init__(self, what, size, label, unit, values):
        self.what, self.size, self.label, self.unit = what, size, label, unit
        self.values = values

    def median(self, server):
        return statistics.median(self.values[server])

    def ratio(self):
        """How many times better roost is: the median of the pairs' ratios; None: no meaning."""
        if not self.unit or not all(self.values["roost"]) or not all(self.values["dovecot"]):
            return None
        pairs = zip(self.values["roost"], self.values["dovecot"])
        if self.unit in ("per s", "MB/s"):
            return statistics.median(ours / theirs for ours, theirs in pairs)
        return statistics.median(theirs / ours for ours, theirs in pairs)

    def better(self):
        return "" if self.ratio() is None else figure(self.ratio())

    def target(self):
        if self.what == "idle" or self.size == TARGET_SIZE:
            times = TARGETS.get(self.what, {}).get(self.label)
            if times:
                return f"{times:g}" + ("" if (self.ratio() or math.inf) >= times else " **missed**")
        return ""

    def line(self):
        return (f"{self.what:8} {self.size:8} {self.label:50} {figure(self.median('roost')):>9} "
                f"{figure(self.median('dovecot')):>9} {self.unit:6} {self.better():>7}x"
                f"  {self.target()}")


def figure(value):
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def exponent(points):
    """b of y = a x^b through (x, y): the slope of the logarithms."""
    x, y = ([math.log(p[i]) for p in points] for i in (0, 1))
    mean_x, mean_y = statistics.mean(x), statistics.mean(y)
    return (sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) /
            sum((a - mean_x) ** 2 for a in x))


def growth(rows, sizes):
    """Lines of the table of growth."""
    if len(sizes) < 2:
        return []
    found = ["\n## Growth with the mailbox: roost's milliseconds, and the exponents\n\n",
             "| measurement |" + "".join(f" {n:,} |" for n in sizes) + " roost | Dovecot |\n",
             "|---" * (len(sizes) + 3) + "|\n"]
    kinds = {}
    for row in rows:
        if row.what in GROWTH:
            kinds.setdefault((row.what, row.label), []).append(row)
    for (what, label), same in kinds.items():
        line = "".join(f" {figure(row.median('roost'))} |" for row in same)
        for server in ("roost", "dovecot"):
            line += f" {exponent([(row.size, row.median(server)) for row in same]):.2f} |"
        found.append(f"| {what}: {label} |{line}\n")
    return found if kinds else []


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} x {model}, {memory} GiB, Linux {platform.release()}"


def write(path, bench, seconds):
    sizes = bench.sizes
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"# roost beside Dovecot\n\n{time.strftime('%Y-%m-%d')}, {machine()}; "
                f"{bench.pairs} pairs in turn, medians; mailboxes of "
                f"{', '.join(f'{n:,}' for n in sizes)}; {seconds / 60:.0f} minutes.\n\n"
                "| measurement | messages | roost | Dovecot | | times better | target |\n"
                "|---|---|---|---|---|---|---|\n")
        for row in bench.rows:
            f.write(f"| {row.what}: {row.label} | {row.size:,} | {figure(row.median('roost'))} | "
                    f"{figure(row.median('dovecot'))} | {row.unit} | {row.better()} | "
                    f"{row.target()} |\n")
        f.writelines(growth(bench.rows, sizes))
        f.write("\n" + "".join(f"- {note}\n" for note in bench.notes))
