"""What the fault tests share: messages that say which they are, a session's view of a
mailbox as {uid: (flags and keywords, X-Id)}, comparisons that name what differs, and
imapd with the shim (shim.c)."""
import os
import re
import shutil
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import roosttest as rt  # noqa: E402

LONG = os.environ.get("FAULT") == "long"  # make fault


def message(n):
    return "From: a@b\nSubject: subject %d\nX-Id: %d\n\nbody %d\n" % (n, n, n)


def deliver(place, first, last, flags="S"):
    for n in range(first, last + 1):
        place.deliver(message(n), flags=flags, name="%d.M1P1.test" % (1000000000 + n))


def start(place, command="SELECT INBOX", code=b"READ-WRITE"):
    s = place.start()
    s.line()
    lines = s.ok(command)
    assert b"[" + code + b"]" in lines[-1], lines[-1]
    s.uidvalidity = int(re.search(rb"UIDVALIDITY (\d+)", b"\n".join(lines)).group(1))
    s.uidnext = int(re.search(rb"UIDNEXT (\d+)", b"\n".join(lines)).group(1))
    return s


def end(s):
    s.ok("LOGOUT")
    status = s.close()
    assert status == 0, (status, s.log())


def look(s):
    """{uid: (flags and keywords, X-Id)}, with every envelope and body read."""
    found = {}
    for line in s.ok("UID FETCH 1:* (FLAGS ENVELOPE BODY.PEEK[])"):
        m = re.match(rb"\* \d+ FETCH \((.*)\)$", line, re.S)
        if not m:
            continue
        uid = int(re.search(rb"UID (\d+)", m.group(1)).group(1))
        flags = re.search(rb"FLAGS \(([^)]*)\)", m.group(1)).group(1).decode().split()
        flags = sorted(f for f in flags if f != "\\Recent")
        if b"X-Id: " not in m.group(1):  # news of flags beside the answer
            if uid in found:
                found[uid] = (flags, found[uid][1])
            continue
        ident = int(re.search(rb"X-Id: (\d+)", m.group(1)).group(1))
        assert b"\r\n\r\nbody %d\r\n" % ident in m.group(1), line
        assert b'"subject %d"' % ident in m.group(1), line
        found[uid] = (flags, ident)
    return found


def same(got, wanted, what):
    for uid in sorted(set(got) | set(wanted)):
        if got.get(uid) != wanted.get(uid):
            raise AssertionError("%s: UID %d is %s, should be %s" % (
                what, uid, got.get(uid), wanted.get(uid)))


def append(s, n, folder="INBOX", flags=""):
    body = message(n).replace("\n", "\r\n")
    return s.cmd("APPEND %s %s{%d+}\r\n%s" % (folder, flags, len(body), body))


def appended(s, n, **how):
    last = append(s, n, **how)[-1]
    assert b" OK [APPENDUID" in last, (last, s.log())
    return int(re.search(rb"APPENDUID \d+ (\d+)", last).group(1))


def refused(lines, what, codes=(b"OVERQUOTA",)):
    assert any(b" NO [%s]" % code in lines[-1] for code in codes), (what, lines[-1])


def change(s, model, uid, flags):
    s.ok("UID STORE %d FLAGS (%s)" % (uid, " ".join(flags)))
    model[uid] = (sorted(flags), model[uid][1])


def drop_index(place):
    for name in ("roost.index", "roost.journal", "roost.cache"):
        if os.path.exists(os.path.join(place.mail, name)):
            os.unlink(os.path.join(place.mail, name))


def expunge(s, model, uids):
    s.ok("UID STORE %s +FLAGS.SILENT (\\Deleted)" % ",".join(map(str, uids)))
    gone = [line for line in s.ok("EXPUNGE") if line.endswith(b" EXPUNGE")]
    assert len(gone) == len(uids), gone
    for uid in uids:
        del model[uid]


class Shimmed(rt.Place):
    """A place whose imapd has shim.c in it: SHIM_* in its environment."""

    def __init__(self, env=None):
        super().__init__(env)
        program = os.path.join(rt.B, "fault", "imapd")
        if not os.path.exists(program):
            rt.skip("no " + program)
        shutil.copy(program, self.imapd)
        self.clock = os.path.join(self.dir, "clock")
        with open(self.clock, "wb") as f:
            f.write(bytes(4096))
        self.jumps = []
        self.env.update({"SHIM_CLOCK": self.clock, "CAGE": "no"})  # whose list is musl's

    def set_clock(self, by, since=None):
        """From now on, or from that nanosecond, the clock is wrong by so many seconds."""
        self.jumps.append((since or time.time_ns(), int(by * 1e9)))
        with open(self.clock, "r+b") as f:
            f.seek(16 * (len(self.jumps) - 1) + 8)
            f.write(struct.pack("=q", self.jumps[-1][1]))
            f.flush()
            f.seek(16 * (len(self.jumps) - 1))
            f.write(struct.pack("=q", self.jumps[-1][0]))
