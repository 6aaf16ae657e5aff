"""The measurements of `make bench`, each a function of (bench, size)."""
import json
import os
import statistics
import subprocess
import time

import idle
import overtls
import servers

SESSIONS = 100  # of each client in one run
SETTLE_S = 2.5  # after this long no server doubts the times of a directory any more
MUTT = ("(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SENDER SUBJECT TO "
        "CC MESSAGE-ID REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO LINES "
        "LIST-POST LIST-SUBSCRIBE LIST-UNSUBSCRIBE X-LABEL X-ORIGINAL-TO)])")
THUNDERBIRD = ("(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date "
               "Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type "
               "Reply-To)])")
APPLE = ("(INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from to cc "
         "message-id in-reply-to references content-type x-priority x-uniform-type-identifier "
         "x-universally-unique-identifier list-id list-unsubscribe x-spam-status x-spam-flag)])")
ENVELOPE = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"
ITEMS = [("ENVELOPE", ENVELOPE), ("BODYSTRUCTURE", "(UID BODYSTRUCTURE)"), ("mutt's headers", MUTT),
         ("Thunderbird's headers", THUNDERBIRD), ("Apple Mail's headers", APPLE)]
SEARCHES = [("FLAGGED", "FLAGGED"), ("SINCE", "SINCE 1-Jan-2023"), ("FROM", "FROM lindqvist"),
            ("SUBJECT", "SUBJECT meeting"), ("HEADER", "HEADER List-Id paper"),
            ("TEXT", 'TEXT "schedule people"')]
APPENDS = 200  # fewer into large mailboxes: Dovecot looks through all of it for each
COPIES = 10000


def ms(us):
    return us / 1000


class Talk:
    """One session: a call is a command that must succeed, and gives its figures."""

    def __init__(self, bench, server, size, select="INBOX"):
        self.p = subprocess.Popen([bench.load, "talk", str(server.port), f"p{size}",
                                   servers.PASSWORD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.select = self("SELECT " + select) if select else None

    def __call__(self, command):
        self.p.stdin.write(command.encode() + b"\n")
        self.p.stdin.flush()
        line = self.p.stdout.readline()
        if not line:
            raise RuntimeError("failed: " + command[:100])
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        self.p.stdin.close()
        code = self.p.wait()
        self.p.stdout.close()
        if code and not kind:
            raise RuntimeError("a session ended badly")


def forget(server, size, uidlist=False):
    """No index any more, as if the server never saw the mailbox (uidlist: really never)."""
    mail = server.mail(size)
    for name in os.listdir(mail):
        if name.startswith(("roost.", "dovecot.index")) or (uidlist and name == "dovecot-uidlist"):
            os.remove(os.path.join(mail, name))


def select(bench, server, size):
    """SELECT of a new session: its figures."""
    with Talk(bench, server, size) as talk:
        return talk.select


def settle(bench, server, size):
    """Nothing changed for long enough, the server has noticed, and no fsync to come has to
    wait for what was written before."""
    server.account.settled()
    os.sync()
    time.sleep(SETTLE_S)
    select(bench, server, size)
    server.account.settled()


# 1: sessions

def session(bench, size):
    """connect, LOGIN, SELECT, LOGOUT: per second and CPU of the server's side."""
    for letter, scheme in (("p", "{PLAIN}"), ("c", "SHA512-crypt")):
        for clients in (1, 4):
            sessions(bench, size, letter + str(size), f"{scheme}, {clients} at a time", clients)


def sessions(bench, size, user, label, clients):
    listener, client = [], []

    def run(server):
        own, before = server.listener_us(), server.account.settled()
        got = bench.generate("session", server.port, user, servers.PASSWORD, clients, SESSIONS)
        cpu, n = server.account.settled() - before, got["sessions"]
        client.append(got["client_cpu_us"] / n)
        if server.name == "roost":
            listener.append((server.listener_us() - own) / n)
        return {label: (n / got["us"] * 1e6, "per s"),
                label + ", CPU": (ms(cpu / n), "ms")}, got["exists"]

    def warm(server):
        bench.generate("session", server.port, user, servers.PASSWORD, 1, 5)

    bench.in_turn("session", size, run, warm)
    bench.note(f"session, {size} messages, {label}: tcpserver's own part of roost's CPU "
               f"{ms(statistics.median(listener)):.2f} ms, the load generator's CPU "
               f"{ms(statistics.median(client)):.2f} ms a session")


def calibrate(bench):
    """What the generator reaches against a server that does nothing."""
    p = subprocess.Popen([bench.load, "dummy"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    port = json.loads(p.stdout.readline())["port"]
    got = bench.generate("session", port, "x", "x", 1, 1000)
    p.stdin.close()
    p.wait()
    bench.note(f"the load generator against a server that does nothing: "
               f"{got['sessions'] / got['us'] * 1e6:.0f} sessions per s, "
               f"{ms(got['client_cpu_us'] / got['sessions']):.2f} ms CPU of its own each")


def floor(bench, size):
    """What the kernel alone takes for the files: no server that keeps a Maildir is faster."""
    scratch = os.path.join(bench.scratch, "floor")
    os.mkdir(scratch)
    got = bench.generate("floor", bench.template(size) + "/cur", scratch)
    os.rmdir(scratch)
    for step in ("list", "link", "read", "rename", "unlink"):
        bench.write_raw("floor", size, step, ms(got[step]), "ms")
    bench.note(f"floor, {size} messages, CPU of the kernel alone: to list them {ms(got['list']):.0f} "
               f"ms, to link each {ms(got['link']):.0f} ms, to open and read each "
               f"{ms(got['read']):.0f} ms, to rename each {ms(got['rename']):.0f} ms, to unlink each "
               f"{ms(got['unlink']):.0f} ms")


# 2: SELECT

def deliver(bench, server, size, number):
    """As a delivery agent does: a file in tmp, renamed to new."""
    mail = server.mail(size)
    name = f"{1700000000 + number}.M{number}P1.bench"
    with open(bench.list_of(size), encoding="ascii") as f:
        source = f.readline().strip()
    bench.copy_file(source, f"{mail}/tmp/{name}")
    os.rename(f"{mail}/tmp/{name}", f"{mail}/new/{name}")


def foreign_flag(server, size):
    """Another program changes a flag of the first message it finds."""
    cur = server.mail(size) + "/cur"
    name = next(entry.name for entry in os.scandir(cur) if ":2," in entry.name)
    base, _, flags = name.rpartition(":2,")
    flags = flags.replace("P", "") if "P" in flags else "".join(sorted(flags + "P"))
    os.rename(f"{cur}/{name}", f"{cur}/{base}:2,{flags}")


def change_flag(bench, server, size, sign):
    with Talk(bench, server, size) as talk:
        talk(f"STORE {talk.select['exists']} {sign}FLAGS (\\Draft)")


def select_states(bench, size):
    """SELECT of a new session in the states a mailbox is found in."""
    def run(server):
        found = {}

        def take(label, times=1):
            got = [select(bench, server, size) for _ in range(times)]
            found[label] = (ms(statistics.median(g["us"] for g in got)), "ms")
            same.append(got[-1]["exists"])

        same = []
        bench.deliveries += 1
        server.account.settled()
        forget(server, size, True)
        take("never seen")
        server.account.settled()
        forget(server, size)
        take("no index")
        settle(bench, server, size)
        take("unchanged", 3)
        change_flag(bench, server, size, "+")
        take("own flag change, at once")
        settle(bench, server, size)
        change_flag(bench, server, size, "-")
        server.account.settled()
        time.sleep(SETTLE_S)
        take("own flag change, later")
        settle(bench, server, size)
        deliver(bench, server, size, bench.deliveries)
        take("one delivery")
        settle(bench, server, size)
        foreign_flag(server, size)
        take("foreign rename")
        same[-2:] = [same[-1] - same[0], same[-2] - same[0]]
        return found, same

    bench.in_turn("select", size, run)


# 3: FETCH

def timed(bench, server, size, command):
    """command in a session of its own: milliseconds, and what must be equal."""
    with Talk(bench, server, size) as talk:
        got = talk(command.replace("LAST", str(max(1, talk.select["exists"] - 49))))
    server.account.settled()
    return ms(got["us"]), got


def first_and_second(bench, what, size, label, command, keys):
    """Without any cache, then again by another session."""
    def run(server):
        settle_index(bench, server, size)
        first, got = timed(bench, server, size, command)
        second, again = timed(bench, server, size, command)
        return ({label + ", first": (first, "ms"), label + ", later": (second, "ms")},
                [got[k] for k in keys] + [again[k] for k in keys])

    bench.in_turn(what, size, run)


def settle_index(bench, server, size):
    """A fresh index and nothing cached."""
    server.account.settled()
    forget(server, size)
    select(bench, server, size)
    server.account.settled()


def fetch(bench, size):
    def flags(server):
        return ({"FLAGS": (timed(bench, server, size, "UID FETCH 1:* (FLAGS)")[0], "ms")},
                timed(bench, server, size, "UID FETCH 1:* (FLAGS)")[1]["fetches"])

    bench.in_turn("fetch", size, flags, lambda server: settle(bench, server, size))
    for label, items in ITEMS:
        keys = ["fetches"] if "(" not in items[1:] else ["fetches", "literals"]
        first_and_second(bench, "fetch", size, label, "FETCH 1:* " + items, keys)
        first_and_second(bench, "last 50", size, label, "FETCH LAST:* " + items, keys)


# 4: SEARCH

def search(bench, size):
    for label, key in SEARCHES:
        first_and_second(bench, "search", size, label, "UID SEARCH " + key, ["hits"])


# 5: everything

def body(bench, size):
    """All messages whole, beside sendfile of the same files."""
    rates = {"roost": [], "sendfile": []}

    def run(server):
        command = "FETCH 1:* (BODY.PEEK[])"
        with Talk(bench, server, size) as talk:
            before = server.account.read()
            got = talk(command)
            cpu = server.account.read() - before
        rate = got["literals"] / got["us"]
        if server.name == "roost":
            cur = server.mail(size) + "/cur"
            listing = os.path.join(bench.scratch, "files")
            with open(listing, "w", encoding="ascii") as f:
                f.writelines(name + "\n" for name in sorted(os.listdir(cur)))
            floor = bench.generate("sendfile", cur, listing)
            rates["roost"].append(rate)
            rates["sendfile"].append(floor["bytes"] / floor["us"])
            bench.write_raw("body", size, "sendfile", rates["sendfile"][-1], "MB/s")
        return ({"BODY.PEEK[]": (rate, "MB/s"),
                 "BODY.PEEK[], CPU per GB": (ms(cpu) / got["literals"] * 1e9, "ms")},
                [got["fetches"], got["literals"]])

    bench.in_turn("body", size, run, lambda server: settle(bench, server, size))
    part = statistics.median(a / b for a, b in zip(rates["roost"], rates["sendfile"]))
    bench.note(f"body, {size} messages: sendfile of the same files "
               f"{statistics.median(rates['sendfile']):.0f} MB/s; roost reaches {part:.0%} of that")


# 6: changes

def append(bench, size):
    """Into a folder that has `size` messages already; taken away again."""
    listing = bench.list_of(size, 100)
    count = max(10, min(APPENDS, 4000000 // size))

    def run(server):
        found = {}
        many = 2 if server.name == "dovecot" else 1  # roost has no MULTIAPPEND
        for label, batch, multi in (("APPEND, one at a time", 1, 1), ("APPEND, pipelined", 100, 1),
                                    ("APPEND, pipelined; Dovecot: MULTIAPPEND", 100, many)):
            got = bench.generate("append", server.port, f"p{size}", servers.PASSWORD, "INBOX",
                                 listing, count, batch, multi)
            found[label] = (count / got["us"] * 1e6, "per s")
        same = select(bench, server, size)["exists"]
        bench.give_mail(server, size)
        return found, same

    bench.in_turn("change", size, run, lambda server: settle(bench, server, size))


def change(bench, size):
    append(bench, size)

    def store(server):
        with Talk(bench, server, size) as talk:
            got = talk("STORE 1:* +FLAGS (\\Draft)")
        return {"STORE all": (ms(got["us"]), "ms")}, got["fetches"]

    def unmark(server):
        """Every message changes: Dovecot says nothing of those that don't."""
        with Talk(bench, server, size) as talk:
            talk("STORE 1:* -FLAGS.SILENT (\\Draft)")
        settle(bench, server, size)

    bench.in_turn("change", size, store, unmark)

    def expunge(server):
        with Talk(bench, server, size, "Half") as talk:
            got = talk("EXPUNGE")
        return {"EXPUNGE every second": (ms(got["us"]), "ms")}, got["expunges"]

    def half(server):
        bench.give_mail(server, size, "/.Half", True)
        with Talk(bench, server, size, "Half"):
            pass
        server.account.settled()
        os.sync()

    bench.in_turn("change", size, expunge, half)
    copies = min(COPIES, size)

    def copy(server):
        with Talk(bench, server, size) as talk:
            talk("CREATE Copy")
            got = talk(f"COPY 1:{copies} Copy")
            count = talk("EXAMINE Copy")["exists"]
            talk("SELECT INBOX")
            talk("DELETE Copy")
        return {f"COPY {copies:,}": (ms(got["us"]), "ms")}, count

    bench.in_turn("change", size, copy, lambda server: settle(bench, server, size))


ALL = {"floor": floor, "session": session, "select": select_states, "fetch": fetch, "body": body,
       "idle": idle.idle, "search": search, "change": change,
       "tls": overtls.tls}
