"""Many sessions in IDLE: what each of them holds, what they do at rest, when they hear of mail."""
import json
import os
import subprocess
import time

import servers

MAILBOX = 10000
CROWD = 1000
FEW = (100, 1)  # fewer than a uid's inotify instances on a stock kernel
REST_S = 10
HANDLERS = {"imapd", "imap"}


def memory(pids):
    """(name, private KiB, Pss KiB) of each."""
    found = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
                name = f.read().strip()
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                fields = {line.split(":")[0]: int(line.split()[1]) for line in f if "kB" in line}
        except OSError:
            continue
        found.append((name, fields["Private_Clean"] + fields["Private_Dirty"], fields["Pss"]))
    return found


def switches(pids):
    """How often any of them was woken so far."""
    n = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                n += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
        except OSError:
            pass
    return n


class Crowd:
    def __init__(self, bench, server, count):
        self.p = subprocess.Popen([bench.load, "idle", str(server.port), f"p{MAILBOX}",
                                   servers.PASSWORD, str(count)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answer()

    def answer(self):
        line = self.p.stdout.readline()
        if not line:
            raise RuntimeError("idle sessions failed")
        return json.loads(line)

    def do(self, *words):
        self.p.stdin.write(" ".join(words).encode() + b"\n")
        self.p.stdin.flush()
        return self.answer()

    def close(self):
        self.p.stdin.close()
        self.p.wait()
        self.p.stdout.close()


def news(bench, server, crowd, label, count):
    """One message by APPEND (its own time included), one by another program."""
    bench.deliveries += 1
    with open(bench.list_of(MAILBOX), encoding="ascii") as f:
        source = f.readline().strip()
    mail = server.mail(MAILBOX)
    name = f"{1700000000 + bench.deliveries}.M{bench.deliveries}P2.bench"
    bench.copy_file(source, f"{mail}/tmp/{name}")
    by_append = crowd.do("append", source)
    time.sleep(1)
    foreign = crowd.do("rename", f"{mail}/tmp/{name}", f"{mail}/new/{name}")
    time.sleep(1)
    found = {}
    for how, got in (("APPEND", by_append), ("a foreign delivery", foreign)):
        # Sessions that hear nothing within 5 s count as 5 s.
        last = got["last_us"] if got["told"] == count else 5e6
        found[f"{label}: {how} to the last EXISTS"] = (last / 1000, "ms")
        found[f"{label}: told of {how} within 5 s"] = (got["told"], "")
    return found


def weigh(server, before, count):
    """Memory of `count` connections over what the server holds without any."""
    now = memory(server.account.pids())
    handlers = [m for m in now if m[0] in HANDLERS]
    if len(handlers) != count:
        raise RuntimeError(f"{server.name} has {len(handlers)} handlers for {count} sessions")
    return {"handler, private": (sum(m[1] for m in handlers) / count, "KiB"),
            "handler, Pss": (sum(m[2] for m in handlers) / count, "KiB"),
            "connection, private": ((sum(m[1] for m in now) - sum(m[1] for m in before)) / count, "KiB"),
            "connection, Pss": ((sum(m[2] for m in now) - sum(m[2] for m in before)) / count, "KiB"),
            "connection, processes": ((len(now) - len(before)) / count, "")}


def rest(server):
    pids = server.account.pids()
    cpu, woken = server.account.settled(), switches(pids)
    time.sleep(REST_S)
    return {"at rest: CPU per second": ((server.account.read() - cpu) / 1000 / REST_S, "ms"),
            "at rest: wake-ups per second": ((switches(pids) - woken) / REST_S, "")}


def idle(bench, size):
    """Once, for a mailbox of its own size."""
    if size != bench.sizes[0]:
        return
    count = int(os.environ.get("CROWD") or CROWD)

    def run(server):
        server.account.settled()
        before = memory(server.account.pids())
        crowd = Crowd(bench, server, count)
        server.account.settled()
        found = {f"{count:,} sessions: {k}": v for k, v in
                 {**weigh(server, before, count), **rest(server)}.items()}
        found.update(news(bench, server, crowd, f"{count:,} sessions", count))
        crowd.close()
        wait_gone(server, len(before))
        for few in FEW:
            crowd = Crowd(bench, server, few)
            server.account.settled()
            found.update(news(bench, server, crowd, f"{few} sessions", few))
            crowd.close()
            wait_gone(server, len(before))
        return found, count

    bench.in_turn("idle", MAILBOX, run)


def wait_gone(server, left):
    deadline = time.monotonic() + 30
    while len(server.account.pids()) > left and time.monotonic() < deadline:
        time.sleep(0.1)
    server.account.settled()
