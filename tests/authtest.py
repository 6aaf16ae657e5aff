"""What the tests of checkpassword share: a caller like qmail-popup, with programs and users of
its own, and what the next program finds."""
import json
import os
import shutil
import socket
import subprocess
import warnings

from roosttest import B, GID, ROOT, UID, Place

SHA512 = "$6$0123456789abcdef$"
SHOW = """#!/usr/bin/python3
import json, os
print(json.dumps({"env": dict(os.environ), "cwd": os.getcwd(), "ids": os.getresuid() +
    os.getresgid(), "groups": os.getgroups(), "fds": sorted(
    int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd))}))
"""


class Checks:
    """Counts, and tells what was not as wanted."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, what, got, want):
        if got == want:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{what}: got {got!r:.700}, want {want!r:.700}", flush=True)

    def end(self):
        """The exit status, after the line that tests/run reads."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


class Caller(Place):
    """Runs checkpassword; cpu has the seconds that the last one took, with all it waited for."""

    def __init__(self):
        super().__init__()
        self.bin = os.path.join(self.dir, "bin")
        os.mkdir(self.bin)
        for name in ("checkpassword", "checkpassword-crypt", "checkpassword-pam",
                     "checkpassword-session", "checkpassword-shadow", "roost-users"):
            shutil.copy(os.path.join(B, name), self.bin)
        self.show = os.path.join(self.bin, "show")
        self.script("show", SHOW)
        self.rundir = os.path.join(self.dir, "run")
        os.mkdir(self.rundir, 0o755)
        self.users = os.path.join(self.dir, "users")
        self.log = os.path.join(self.dir, "log")
        self.settings = {"USERS_CDB": self.users + ".cdb", "AUTH": "users", "RUN_DIR": self.rundir,
                         "FIRST_UID": "1000" if ROOT else str(min(UID, 1000) or 1)}

    def script(self, name, text):
        """A program in bin; its path."""
        path = os.path.join(self.bin, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)
        return path

    def tool(self, *argv, stdin=""):
        return subprocess.run([os.path.join(self.bin, "roost-users"), "-f", self.users, *argv],
                              input=stdin, capture_output=True, text=True,
                              env={"ROOST_CONF": "/dev/null", **self.conf})

    conf = {"MAIL_UID": str(UID)}  # of roost-users

    def compile(self, lines):
        self.write_users("\n".join(lines) + "\n")
        return self.tool("compile")

    def write_users(self, text):
        with open(self.users, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write(text)

    def run(self, record, env=None, argv=None, loginfd=True, unset=()):
        """(exit, what LOGINFD was told, what the next program printed)"""
        if isinstance(record, tuple):
            record = "\0".join(record + ("<1.2@host>",)) + "\0"
        record = record if isinstance(record, bytes) else record.encode()
        environ = {"PATH": "/usr/bin:/bin", "ROOST_CONF": "/dev/null", "TCPREMOTEIP": "192.0.2.7",
                   **self.settings, **(env or {})}
        for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if key in os.environ:
                environ[key] = os.environ[key]
        for key in unset:
            del environ[key]
        command = [os.path.join(self.bin, "checkpassword")] + ([self.show] if argv is None else argv)
        out, told = self.fork(record, environ, command, loginfd)
        return (*told, json.loads(out) if out.strip() else None)

    def fork(self, record, environ, command, loginfd, late=False):
        """As run; late: descriptor 3 is closed only when all is over."""
        r3, w3 = os.pipe()
        ours, theirs = socket.socketpair()
        r1, w1 = os.pipe()
        if loginfd:
            environ["LOGINFD"] = "7"
        pid = os.fork()
        if pid == 0:
            try:
                log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
                high = [os.dup(fd) for fd in (r3, theirs.fileno(), w1, log)]
                high = [fd if fd > 20 else os.dup2(fd, 40 + i) for i, fd in enumerate(high)]
                os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
                os.dup2(high[2], 1)
                os.dup2(high[3], 2)
                os.dup2(high[0], 3)
                if loginfd:
                    os.dup2(high[1], 7)
                os.closerange(4, 7)
                os.closerange(8 if loginfd else 4, 4096)
                os.execve(command[0], command, environ)
            finally:
                os._exit(99)
        os.close(r3)
        os.close(w1)
        theirs.close()
        try:
            os.write(w3, record)
        except BrokenPipeError:
            pass
        if not late:
            os.close(w3)
        out = b""
        while piece := os.read(r1, 65536):
            out += piece
        os.close(r1)
        _, status, usage = os.wait4(pid, 0)
        self.cpu = usage.ru_utime + usage.ru_stime
        if late:
            os.close(w3)
        told = ours.recv(4096).decode()
        ours.close()
        return out, (os.waitstatus_to_exitcode(status), told)

    def code(self, *args, **kw):
        return self.run(*args, **kw)[0]

    def costs(self, logins, env=None, within=1.4):
        """[seconds of CPU for each (name, password)]: the least of several tries, taken in turn.
        Other load on the machine can double what a hash costs, so it goes on trying while they
        are not within that factor of each other; an inequality of ours would stay."""
        least = [9e9] * len(logins)
        for _ in range(8):
            for _ in range(4):
                for i, login in enumerate(logins):
                    self.run(login, env)
                    least[i] = min(self.cpu, least[i])
            if max(least) < within * min(least):
                break
        return least


def ids(n=0):
    return f"{UID + n}:{GID + n}" if ROOT else f"{UID}:{GID}"


def crypt(password, salt):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import crypt as module
        return module.crypt(password, salt)


def hashed(password):
    """{scheme: hash} by each that crypt(3) has."""
    return {scheme: crypt(password, salt) for scheme, salt in (
        ("SHA512-CRYPT", SHA512), ("SHA256-CRYPT", "$5$abcdefgh$"),
        ("BLF-CRYPT", "$2b$05$abcdefghijklmnopqrstuu"), ("YESCRYPT", "$y$j75$abcdefghijkl$"),
        ("MD5-CRYPT", "$1$abcdefgh$"))}
