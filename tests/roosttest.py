"""What the tests share: a place for mail, imapd as its owner, transcripts.

As root the mail belongs to a numeric uid (imapd refuses uid 0) and the program is
copied to where that uid can reach it; as an ordinary user all is one's own.
"""
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.geteuid() == 0
UID = 60001 if ROOT else os.geteuid()
GID = 60001 if ROOT else os.getegid()
SRC = os.environ.get("SRC", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
B = os.environ.get("B", os.path.join(SRC, "build"))
IMAPD = os.environ.get("IMAPD", os.path.join(B, "imapd"))
TIMEOUT = 20


def skip(reason):
    print("SKIP " + reason)
    sys.exit(77)


def become(argv):
    """argv as the owner of the mail."""
    if not ROOT:
        return argv
    return ["setpriv", "--reuid", str(UID), "--regid", str(GID), "--clear-groups", "--"] + argv


class Place:
    """A directory of its own: home/Maildir, the program, a tunnel command."""

    def __init__(self, env=None):
        self.dir = tempfile.mkdtemp(prefix="roost-test.", dir="/var/tmp")
        os.chmod(self.dir, 0o755)
        self.home = os.path.join(self.dir, "home")
        self.mail = os.path.join(self.home, "Maildir")
        os.makedirs(self.mail)
        for sub in ("cur", "new", "tmp"):
            os.mkdir(os.path.join(self.mail, sub))
        self.imapd = os.path.join(self.dir, "imapd")
        shutil.copy(IMAPD, self.imapd)
        self.env = dict(env or {})
        self.env.setdefault("ROOST_CONF", "/nonexistent")
        self.env.setdefault("TZ", "UTC")
        for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if key in os.environ:
                self.env.setdefault(key, os.environ[key])
        self.own()
        self.tunnel = os.path.join(self.dir, "tunnel")
        self.write_tunnel()

    def write_tunnel(self):
        lines = ["#!/bin/sh", "exec env -i " + " ".join(
            "'%s=%s'" % kv for kv in self.environ().items()) + " " +
            " ".join(become([self.imapd]))]
        with open(self.tunnel, "w") as f:
            f.write("\n".join(lines) + "\n")
        os.chmod(self.tunnel, 0o755)

    def environ(self):
        return {"PATH": "/usr/bin:/bin", "HOME": self.home, "USER": "alice",
                "MAIL": "maildir:" + self.mail, **self.env}

    def own(self, path=None):
        if ROOT and path and os.path.isfile(path):
            os.chown(path, UID, GID)
        elif ROOT:
            subprocess.run(["chown", "-R", "%d:%d" % (UID, GID), path or self.home], check=True)

    def folder(self, name=""):
        """The directory of a folder ("A.B", modified UTF-7), made if need be."""
        path = os.path.join(self.mail, "." + name) if name and name != "INBOX" else self.mail
        if not os.path.isdir(os.path.join(path, "cur")):
            for sub in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(path, sub), exist_ok=True)
            self.own(path)
        return path

    def deliver(self, content, folder="", flags=None, when=None, name=None):
        """A message as a delivery agent drops it: in new, or with flags in cur."""
        path = self.folder(folder)
        Place.count = getattr(Place, "count", 0) + 1
        name = name or "%d.M%06dP%d.test" % (time.time(), Place.count, os.getpid())
        tmp = os.path.join(path, "tmp", name)
        with open(tmp, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        if when is not None:
            os.utime(tmp, (when, when))
        self.own(tmp)
        to = ("new/" + name) if flags is None else ("cur/%s:2,%s" % (name, flags))
        os.rename(tmp, os.path.join(path, to))
        return os.path.join(path, to)

    def start(self, env=None):
        return Session(self, env)

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


class Closed(Exception):
    pass


class Session:
    """One imapd on a pair of pipes; bytes in, lines out."""

    def __init__(self, place, env=None, argv=None):
        self.err = tempfile.TemporaryFile()
        self.p = subprocess.Popen(
            argv or become([place.imapd]), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.err, bufsize=0, env={**place.environ(), **(env or {})})
        self.buf = b""
        self.tag = 0

    def send(self, data):
        try:
            self.p.stdin.write(data if isinstance(data, bytes) else data.encode())
        except BrokenPipeError:
            raise Closed("the program went away: " + self.log())

    def fill(self, timeout=TIMEOUT):
        if not select.select([self.p.stdout], [], [], timeout)[0]:
            raise TimeoutError("nothing within %s s; so far %r" % (timeout, self.buf[-200:]))
        data = os.read(self.p.stdout.fileno(), 1 << 20)
        if not data:
            raise Closed("end of file; log: " + self.log())
        self.buf += data

    def line(self, timeout=TIMEOUT):
        """The next line without CRLF; literals {n} are part of it."""
        at = 0
        while True:
            end = self.buf.find(b"\r\n", at)
            while end < 0:
                self.fill(timeout)
                end = self.buf.find(b"\r\n", at)
            m = re.search(rb"\{(\d+)\}$", self.buf[at:end])
            if not m:
                line, self.buf = self.buf[:end], self.buf[end + 2:]
                return line
            at = end + 2 + int(m.group(1))
            while len(self.buf) < at:
                self.fill(timeout)

    def cmd(self, text, timeout=TIMEOUT):
        """Sends a command; all lines up to and with its tagged one."""
        self.tag += 1
        tag = b"t%d" % self.tag
        self.send(tag + b" " + (text if isinstance(text, bytes) else text.encode()) + b"\r\n")
        return self.until(tag, timeout)

    def until(self, tag, timeout=TIMEOUT):
        lines = []
        while True:
            line = self.line(timeout)
            lines.append(line)
            if line.startswith(tag + b" "):
                return lines

    def ok(self, text, timeout=TIMEOUT):
        lines = self.cmd(text, timeout)
        word = lines[-1].split(b" ")[1]
        if word != b"OK":
            raise AssertionError("%r: %r; log: %s" % (text, lines[-1], self.log()[-1000:]))
        return lines

    def kill(self, sig=signal.SIGKILL):
        self.p.send_signal(sig)
        self.p.wait()

    def close(self):
        """Ends the input; the exit status."""
        if not self.p.stdin.closed:
            self.p.stdin.close()
        try:
            while os.read(self.p.stdout.fileno(), 1 << 16):
                pass
        except OSError:
            pass
        self.p.stdout.close()
        return self.p.wait(TIMEOUT)

    def log(self):
        self.err.seek(0)
        return self.err.read().decode(errors="replace")
