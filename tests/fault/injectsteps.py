"""What inject.test does with a mailbox, command by command, and how it prepares one.

A step knows what an OK means for the model of the mail, and what may have become of a
command that was not OK.
"""
import os
import re
import struct
import time

import ondisk
from ondisk import Wrong

WAIT = 20  # seconds for any reply
ITEMS = "(UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE BODY.PEEK[])"


def text_of(ident, size):
    return ("From: %s <a@b.example>\r\nTo: c@d.example\r\nSubject: %s\r\n"
            "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\n" % (ident, ident)).encode() + \
        b"".join(b"%s line %d\r\n" % (ident.encode(), i) for i in range(size // 16 + 1))


# --- what is done; model: {folder: {uid: (id, flags)}} ---

HIGH = frozenset("k%02d" % i for i in range(26, 32))  # of the scenario "keywords": no letter


class Step:
    """A command.  text(run): what to send, None if there is nothing (left) to do;
    expect(run, lines): changes the model as an OK means it; may(folder, uid, id, old, new):
    old and new are flags or None; what may be if it was not OK."""
    resolves = True
    killed = False  # the session was

    def text(self, run):
        raise NotImplementedError

    def expect(self, run, lines):
        pass

    def may(self, folder, uid, ident, old, new):
        return False

    def may_folder(self, name, old, new):
        return False

    def whole(self, before, after):
        """Beyond single messages: a complaint or None."""


class Plain(Step):
    def __init__(self, text):
        self.words = text

    def text(self, run):
        return self.words


class Select(Plain):
    def __init__(self, folder):
        super().__init__("SELECT " + folder)
        self.folder = folder

    def expect(self, run, lines):
        run.selected = self.folder
        got = int(re.search(rb"UIDVALIDITY (\d+)", b" ".join(lines)).group(1))
        run.same_validity(self.folder, got)


class Close(Plain):
    """CLOSE of a folder without \\Deleted, or with ids of those that are."""

    def __init__(self, ids=()):
        super().__init__("CLOSE")
        self.ids = ids

    def text(self, run):
        return self.words if run.selected else None

    def expect(self, run, lines):
        there = {m.id for m in ondisk.folders(run.mail)[run.selected].messages}
        for uid in run.uids(run.selected, self.ids):
            if run.hit() and run.model[run.selected][uid][0] in there:
                continue  # RFC 3501 §6.4.2 has no NO: what could not be removed stays
            del run.model[run.selected][uid]
        run.selected = None

    def may(self, folder, uid, ident, old, new):
        return ident in self.ids and new is None


class Look(Step):
    """Shows what the worker itself says."""

    def __init__(self, items="(UID FLAGS ENVELOPE)"):
        self.items = items

    def text(self, run):
        return "UID FETCH 1:* " + self.items

    def expect(self, run, lines):
        told = fetched(lines)
        wanted = run.model[run.selected]
        if "FLAGS" in self.items and told != wanted:
            raise Wrong("the worker says %s" % difference(told, wanted))


def look(items="(UID FLAGS ENVELOPE)"):
    """NOOP first: what a session that lost its index learns is news of others to it."""
    return [Plain("NOOP"), Look(items)]


class Append(Step):
    def __init__(self, folder, ident, flags=(), size=400):
        self.folder, self.ident, self.flags, self.size = folder, ident, frozenset(flags), size

    def text(self, run):
        if run.uids(self.folder, [self.ident]):
            return None
        data = run.bytes[self.ident] = text_of(self.ident, self.size)
        return b"APPEND %s (%s) {%d+}\r\n%s" % (
            self.folder.encode(), " ".join(sorted(self.flags)).encode(), len(data), data)

    def expect(self, run, lines):
        m = re.search(rb"APPENDUID (\d+) (\d+)", lines[-1])
        run.same_validity(self.folder, int(m.group(1)))
        run.model[self.folder][int(m.group(2))] = self.ident, self.flags

    def may(self, folder, uid, ident, old, new):
        return folder == self.folder and ident == self.ident and old is None and new == self.flags

    def whole(self, before, after):
        return "twice" if len([1 for i, _ in after[self.folder].values() if i == self.ident]) > 1 else None


class Flags(Step):
    def __init__(self, ids, how, flags):
        self.ids, self.how, self.flags = ids, how, frozenset(flags)

    def target(self, flags):
        return {"+": flags | self.flags, "-": flags - self.flags, "": self.flags}[self.how]

    def text(self, run):
        self.folder = run.selected
        uids = run.uids(run.selected, self.ids)
        return "UID STORE %s %sFLAGS (%s)" % (",".join(map(str, uids)), self.how,
                                              " ".join(sorted(self.flags)))

    def expect(self, run, lines):
        for uid in run.uids(run.selected, self.ids):
            ident, flags = run.model[run.selected][uid]
            run.model[run.selected][uid] = ident, self.target(flags)

    def may(self, folder, uid, ident, old, new):
        if folder != self.folder or ident not in self.ids or old is None or new is None:
            return False
        # Keywords without a letter stand in another file than the others.
        part = old ^ new <= old ^ self.target(old) and self.flags & HIGH
        return new == self.target(old) or part


class Copy(Step):
    verb = "COPY"

    def __init__(self, ids, to):
        self.ids, self.to = ids, to

    def text(self, run):
        self.source = run.selected
        self.flags = {i: f for i, f in run.model[self.source].values() if i in self.ids}
        there = run.uids(self.to, self.ids)
        left = [i for i in self.ids if not any(run.model[self.to][u][0] == i for u in there)]
        uids = run.uids(self.source, left)
        return "UID %s %s %s" % (self.verb, ",".join(map(str, uids)), self.to) if uids else None

    def expect(self, run, lines):
        text = b" ".join(lines)
        m = re.search(rb"COPYUID (\d+) (\S+) (\S+)\]", text)
        run.same_validity(self.to, int(m.group(1)))
        for old, new in zip(numbers(m.group(2)), numbers(m.group(3))):
            if new in run.model[self.to]:
                raise Wrong("COPYUID gives %d again" % new)
            run.model[self.to][new] = run.model[self.source][old]

    def may(self, folder, uid, ident, old, new):
        return self.killed and folder == self.to and ident in self.ids and old is None and \
            new == self.flags[ident]

    def whole(self, before, after):
        ids = [i for i, _ in after[self.to].values()]
        return "doubled" if len(ids) != len(set(ids)) else None


class Move(Copy):
    """Each message is in one of the two."""
    verb = "MOVE"

    def expect(self, run, lines):
        super().expect(run, lines)
        gone = numbers(re.search(rb"COPYUID \d+ (\S+)", b" ".join(lines)).group(1))
        for uid in gone:
            del run.model[self.source][uid]

    def may(self, folder, uid, ident, old, new):
        return ident in self.ids and (folder == self.source and new is None or
                                      folder == self.to and old is None and new == self.flags[ident])

    def whole(self, before, after):
        for ident in self.ids:
            n = sum(i == ident for f in (self.source, self.to) for i, _ in after[f].values())
            if n != 1:
                return "%s is there %d times" % (ident, n)
        return None


class Expunge(Step):
    def __init__(self, ids, uid=False):
        self.ids, self.uid = ids, uid

    def text(self, run):
        uids = run.uids(run.selected, self.ids)
        if not uids:
            return None
        return "UID EXPUNGE " + ",".join(map(str, uids)) if self.uid else "EXPUNGE"

    def expect(self, run, lines):
        for uid in run.uids(run.selected, self.ids):
            del run.model[run.selected][uid]

    def may(self, folder, uid, ident, old, new):
        return ident in self.ids and new is None


class Create(Step):
    def __init__(self, name):
        self.name = name

    def text(self, run):
        return None if self.name in run.model else "CREATE " + self.name

    def expect(self, run, lines):
        run.model[self.name] = {}

    def may_folder(self, name, old, new):
        return name == self.name and not old


class Delete(Step):
    def __init__(self, name):
        self.name = name

    def text(self, run):
        return "DELETE " + self.name if self.name in run.model else None

    def expect(self, run, lines):
        del run.model[self.name]
        run.validity.pop(self.name, None)

    def may_folder(self, name, old, new):
        return name == self.name and not new


class Rename(Step):
    """With the folders below it."""

    def __init__(self, old, new):
        self.old, self.new = old, new

    def pairs(self, model):
        return {name: self.new + name[len(self.old):] for name in model
                if name == self.old or name.startswith(self.old + ".")}

    def text(self, run):
        self.moves = self.pairs(run.model)
        return "RENAME %s %s" % (self.old, self.new) if self.old in run.model else None

    def expect(self, run, lines):
        for old, new in self.moves.items():
            run.model[new] = run.model.pop(old)
            run.validity[new] = run.validity.pop(old, None)

    def may_folder(self, name, old, new):
        return name in self.moves and not new or name in self.moves.values() and new

    def whole(self, before, after):
        done = [old for old, new in self.moves.items() if new in after]
        for old, new in self.moves.items():
            if (old in after) == (new in after):
                return "%s and %s" % (old, new)
            if new in after and after[new] != before[old]:
                return "%s is another one" % new
        if done and len(done) < len(self.moves) and not self.killed:
            return "NO, and only %s renamed" % done
        return None


class Finish(Rename):
    """The rest of a rename that was cut off: each folder left goes by itself."""

    def text(self, run):
        left = sorted(self.pairs(run.model))
        self.moves = {left[0]: self.pairs(run.model)[left[0]]} if left else {}
        return "RENAME %s %s" % next(iter(self.moves.items())) if left else None


class Subscribe(Step):
    def __init__(self, name, on=True):
        self.name, self.on = name, on

    def text(self, run):
        return "%sSUBSCRIBE %s" % ("" if self.on else "UN", self.name)

    def expect(self, run, lines):
        (run.subscribed.add if self.on else run.subscribed.discard)(self.name)


class Deliver(Step):
    """Another program drops a message; the watcher and the worker see it by NOOP."""

    def __init__(self, ident, folder="INBOX"):
        self.ident, self.folder = ident, folder

    def text(self, run):
        if self.ident not in run.bytes:
            run.deliver(self.ident, self.folder)
        return "NOOP"

    def expect(self, run, lines):
        """UIDs may wait (MAILDIR_RETRY_NS) where they could not be written down."""
        until = time.monotonic() + WAIT
        while not any(i == self.ident for i, _ in run.told().values()):
            if time.monotonic() > until:
                raise Wrong("%s gets no UID" % self.ident)
            time.sleep(0.1)
            run.worker.ok("NOOP", WAIT)
        run.learn(self.folder)
        if run.told() != run.model[self.folder]:
            raise Wrong("the worker says %s" % difference(run.told(), run.model[self.folder]))

    def may(self, folder, uid, ident, old, new):
        return ident == self.ident and old is None and new == frozenset()


def numbers(text):
    found = []
    for part in text.decode().split(","):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    return found


def fetched(lines):
    found = {}
    for line in lines:
        m = re.match(rb"\* \d+ FETCH \((.*)\)$", line, re.S)
        subject = m and re.search(rb'ENVELOPE \("[^"]*" "([^"]*)"', m.group(1))
        if not subject:
            continue
        uid = int(re.search(rb"UID (\d+)", m.group(1)).group(1))
        flags = re.search(rb"FLAGS \(([^)]*)\)", m.group(1)).group(1).decode().split()
        if uid in found:
            raise Wrong("UID %d told twice" % uid)
        found[uid] = subject.group(1).decode(), frozenset(flags) - {"\\Recent"}
    return found


def difference(got, wanted):
    return {uid: (got.get(uid), wanted.get(uid)) for uid in sorted(set(got) | set(wanted))
            if got.get(uid) != wanted.get(uid)}


# --- scenarios ---

class Scenario:
    """before: what a clean session does first (None: there is no index); knob: changes
    files before the worker comes; template: changes the mail that all runs begin with."""

    def __init__(self, name, steps, messages=8, before=("SELECT INBOX", "CLOSE"), knob=None,
                 template=None):
        self.name, self.steps, self.messages, self.before = name, steps, messages, before
        self.knob, self.template = knob, template


def crc32c(crc, data):
    crc ^= 0xffffffff
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def crc_table():
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
        yield n


CRC_TABLE = list(crc_table())
# Offsets in struct index_header (common/index/index_format.h).
ID, APPLIED, CHECK, COUNT, HIGHEST, MARK_BEFORE, HEAD_END = 16, 184, 224, 232, 272, 344, 608


def patch_header(path, change):
    with open(path + "/roost.index", "r+b") as f:
        head = bytearray(f.read(HEAD_END))
        ident, = struct.unpack_from("<Q", head, ID)
        seed = (ident ^ ident >> 32) & 0xffffffff
        if struct.unpack_from("<Q", head, CHECK)[0] != crc32c(seed, head[COUNT:]):
            raise Wrong("the index header isn't as index_format.h said")
        change(head)
        struct.pack_into("<Q", head, CHECK, crc32c(seed, head[COUNT:]))
        f.seek(0)
        f.write(head)


def old_tombstones(path):
    """Those there are were made long ago."""
    patch_header(path, lambda head: head.__setitem__(
        slice(MARK_BEFORE, MARK_BEFORE + 8), head[HIGHEST:HIGHEST + 8]))


def long_journal(path):
    """As if 5 MiB had been journalled and applied since it began."""
    more = 5 << 20
    size = os.path.getsize(path + "/roost.journal")
    os.truncate(path + "/roost.journal", size + more)

    def change(head):
        for at in (APPLIED, APPLIED + 8):
            struct.pack_into("<Q", head, at, struct.unpack_from("<Q", head, at)[0] + more)
    patch_header(path, change)


def long_cache(path):
    """2 MiB of what nobody asks for."""
    os.truncate(path + "/roost.cache", os.path.getsize(path + "/roost.cache") + (2 << 20))


def dead_lines(mail):
    """A uidlist that remembers 200 messages of before."""
    path = mail.mail + "/dovecot-uidlist"
    text = ondisk.read(path).decode()
    head, _, rest = text.partition("\n")
    lines = rest.splitlines()
    head = re.sub(r" N\d+", " N%d" % (len(lines) + 201), head)
    lines += ["%d :17%08d.M1P1.gone" % (len(lines) + 1 + i, i) for i in range(200)]
    with open(path, "w") as f:
        f.write("\n".join([head] + lines) + "\n")


def no_list(mail):
    for name in os.listdir(mail.mail):
        if name in ("dovecot-uidlist", "dovecot-keywords"):
            os.unlink(mail.mail + "/" + name)


def ids(first, last, letter="m"):
    return ["%s%d" % (letter, n) for n in range(first, last + 1)]


SCENARIOS = [
    Scenario("append", [
        Append("INBOX", "a1", ["\\Seen"]), Select("INBOX"), Append("INBOX", "a2", ["fresh"]),
        Append("Other", "a3", ["\\Flagged", "other"], 200000), *look(), Close()]),
    Scenario("flags", [
        Select("INBOX"), Flags(ids(1, 4), "+", ["\\Flagged"]), Flags(ids(3, 6), "+", ["work", "later"]),
        Flags(ids(1, 3), "-", ["\\Flagged"]), Flags(ids(2, 5), "", ["\\Seen", "home"]), *look(), Close()]),
    Scenario("copy", [
        Select("INBOX"), Flags(["m2"], "+", ["tocopy"]), Copy(ids(1, 4), "Other"), *look(),
        Copy(ids(5, 6), "Empty"), Close()]),
    Scenario("move", [
        Select("INBOX"), Flags(["m3"], "+", ["tomove"]), Move(ids(2, 5), "Other"), *look(),
        Select("Other"), Move(["m3", "o1"], "INBOX"), *look(), Close()]),
    Scenario("expunge", [
        Select("INBOX"), Flags(ids(1, 5), "+", ["\\Deleted"]), Expunge(ids(2, 3), uid=True),
        Expunge(["m1", "m4", "m5"]), *look(), Flags(["m6"], "+", ["\\Deleted"]), Close(["m6"])]),
    Scenario("folders", [
        Select("INBOX"), Create("A"), Create("A.B"), Append("A.B", "b1", ["kept"]), Subscribe("A.B"),
        Rename("A", "X"), Finish("A", "X"), Append("X.B", "b2"), Subscribe("A.B", False),
        Subscribe("X.B"), Delete("X.B"), Delete("X"), Create("X.B"), Append("X.B", "b3"), Close()]),
    Scenario("arrive", [
        Select("INBOX"), Deliver("n1"), *look(), Deliver("n2"), Flags(["n1"], "+", ["\\Seen"]),
        *look(), Close()]),
    Scenario("first", [
        Select("INBOX"), *look(ITEMS), Flags(["m1"], "+", ["first"]), Append("INBOX", "a1"), *look(),
        Close()], before=None, template=no_list),
    Scenario("rebuild", [
        Select("INBOX"), *look(ITEMS), Flags(["m1"], "+", ["again"]), *look(), Close()], before=None),
    Scenario("compact", [
        Select("INBOX"), Flags(["m50"], "+", ["compacted"]), Close(), Select("INBOX"),
        Append("INBOX", "a1"), *look(), Close()],
        messages=60, before=("SELECT INBOX", "STORE 1:40 +FLAGS.SILENT (\\Deleted)", "CLOSE"),
        knob=old_tombstones),
    Scenario("grow", [
        Select("INBOX"), Append("INBOX", "g1", ["grown"]), Append("INBOX", "g2"),
        Flags(["g2"], "+", ["\\Seen"]), Close()], messages=1023),
    Scenario("journal", [
        Select("INBOX"), Flags(["m1"], "+", ["\\Seen"]), Flags(["m2"], "+", ["\\Seen"]),
        Append("INBOX", "j1"), *look(), Close()],
        before=("SELECT INBOX", "STORE 1 +FLAGS (\\Flagged)", "STORE 1 -FLAGS (\\Flagged)", "CLOSE"),
        knob=long_journal),
    Scenario("cache", [
        Select("INBOX"), Append("INBOX", "c1"), *look(ITEMS), Close(), Select("INBOX"), *look(ITEMS),
        Close()], before=("SELECT INBOX", "FETCH 1:6 (ENVELOPE BODYSTRUCTURE)", "CLOSE"),
        knob=long_cache),
    Scenario("list", [
        Select("INBOX"), Flags(["m1"], "+", ["\\Seen"]), Close(), Append("INBOX", "l1"),
        Select("INBOX"), *look(), Close()], template=dead_lines),
    Scenario("keywords", [
        Select("INBOX"), Flags(["m1"], "+", ["k%02d" % i for i in range(24)]),
        Flags(["m2", "m3"], "+", ["k%02d" % i for i in range(24, 29)]),
        Flags(["m2"], "-", ["k27"]), Append("INBOX", "a1", ["k28", "k29"]), Copy(["m3"], "Other"),
        *look(), Close()]),
]
