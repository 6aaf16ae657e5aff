"""The table of `make bench`."""
import os
import platform
import statistics
import time


class Row:
    """One figure: the values of both servers, pair by pair."""

    def __init__(self, what, size, label, unit, values):
        self.what, self.size, self.label, self.unit = what, size, label, unit
        self.values = values

    def median(self, server):
        return statistics.median(self.values[server])

    def ratio(self):
        """How many times better roost is: the median of the pairs' ratios."""
        pairs = zip(self.values["roost"], self.values["dovecot"])
        if self.unit.endswith("/s") or self.unit == "per s":
            return statistics.median(ours / max(theirs, 1e-9) for ours, theirs in pairs)
        return statistics.median(theirs / max(ours, 1e-9) for ours, theirs in pairs)

    def line(self):
        return (f"{self.what:8} {self.size:8} {self.label:42} {figure(self.median('roost')):>9} "
                f"{figure(self.median('dovecot')):>9} {self.unit:6} {figure(self.ratio())}x")


def figure(value):
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} x {model}, {memory} GiB, Linux {platform.release()}"


def write(path, bench, sizes, seconds):
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"# roost beside Dovecot\n\n{time.strftime('%Y-%m-%d')}, {machine()}; "
                f"{bench.pairs} pairs in turn, medians; mailboxes of "
                f"{', '.join(f'{n:,}' for n in sizes)}; {seconds / 60:.0f} minutes.\n\n"
                "| measurement | messages | roost | Dovecot | | times better |\n"
                "|---|---|---|---|---|---|\n")
        for row in bench.rows:
            f.write(f"| {row.what}: {row.label} | {row.size:,} | {figure(row.median('roost'))} | "
                    f"{figure(row.median('dovecot'))} | {row.unit} | {figure(row.ratio())} |\n")
        f.write("\n" + "".join(f"- {note}\n" for note in bench.notes))
