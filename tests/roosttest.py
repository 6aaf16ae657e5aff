"""What the tests share: a place for mail, imapd as its owner, transcripts, and the
whole chain behind a port.

As root the mail belongs to a numeric uid (imapd refuses uid 0) and the program is
copied to where that uid can reach it; as an ordinary user all is one's own.
"""
import concurrent.futures
import contextlib
import os
import pwd
import re
import select
import shutil
import signal
import socket
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


def need_name(client):
    """Some clients refuse to run as a uid that /etc/passwd doesn't know."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        skip("%s wants a uid that has a name" % client)


def become(argv):
    """argv as the owner of the mail."""
    if not ROOT:
        return argv
    return ["setpriv", "--reuid", str(UID), "--regid", str(GID), "--clear-groups", "--"] + argv


def make_place():
    """A new directory that other uids can enter."""
    path = tempfile.mkdtemp(prefix="roost-test.", dir="/var/tmp")
    os.chmod(path, 0o755)
    return path


def remove(directory):
    """All of it; a session that is just ending may make a file there meanwhile."""
    for _ in range(100):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            return
        time.sleep(0.05)
    raise AssertionError("%s can't be removed" % directory)


def wait_for(condition, what, timeout=TIMEOUT):
    """What condition() returns as soon as that is true."""
    end = time.monotonic() + timeout
    while not (result := condition()):
        if time.monotonic() > end:
            raise TimeoutError("not within %s s: %s" % (timeout, what))
        time.sleep(0.02)
    return result


def at_once(function, items):
    """function(item) for all of them at the same time; the results."""
    items = list(items)
    with concurrent.futures.ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(function, items))


def run(argv, env=None, status=0, **kw):
    """What a client prints, both streams as one; its exit status must be that one."""
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=4 * TIMEOUT, check=False,
                       env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(env or {})}, **kw)
    if p.returncode != status:
        raise AssertionError("%s: exit %d, not %d:\n%s" % (
            argv, p.returncode, status, p.stdout.decode(errors="replace")[-3000:]))
    return p.stdout


class Mail:
    """A home directory with a Maildir, all of it its owner's."""

    count = 0

    def __init__(self, home, uid=UID, gid=GID):
        self.home, self.uid, self.gid = home, uid, gid
        self.mail = os.path.join(home, "Maildir")
        for sub in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.mail, sub))
        self.own()

    def own(self, path=None):
        if ROOT and path and os.path.isfile(path):
            os.chown(path, self.uid, self.gid)
        elif ROOT:
            subprocess.run(["chown", "-R", "%d:%d" % (self.uid, self.gid), path or self.home],
                           check=True)

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
        Mail.count += 1
        name = name or "%d.M%06dP%d.test" % (time.time(), Mail.count, os.getpid())
        tmp = os.path.join(path, "tmp", name)
        with open(tmp, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        if when is not None:
            os.utime(tmp, (when, when))
        self.own(tmp)
        to = ("new/" + name) if flags is None else ("cur/%s:2,%s" % (name, flags))
        os.rename(tmp, os.path.join(path, to))
        return os.path.join(path, to)

    def tree(self):
        """Every file and directory and when it was changed: equal if nothing was touched."""
        found = {}
        for path, _, names in os.walk(self.home):
            for name in ["."] + names:
                st = os.lstat(os.path.join(path, name))
                found[os.path.join(path, name)] = st.st_ino, st.st_size, st.st_mtime_ns
        return found

    def messages(self, folder=""):
        """{name: bytes} of what is in a folder now; the name with its flags."""
        found = {}
        path = self.folder(folder)
        for sub in ("cur", "new"):
            for name in os.listdir(os.path.join(path, sub)):
                with open(os.path.join(path, sub, name), "rb") as f:
                    found[name] = f.read()
        return found


class Place(Mail):
    """A directory of its own: home/Maildir, the program, a tunnel command."""

    def __init__(self, env=None):
        self.dir = make_place()
        super().__init__(os.path.join(self.dir, "home"))
        self.imapd = os.path.join(self.dir, "imapd")
        shutil.copy(IMAPD, self.imapd)
        self.env = dict(env or {})
        self.env.setdefault("ROOST_CONF", "/nonexistent")
        self.env.setdefault("TZ", "UTC")
        for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "CAGE", "SHIM_GRAIN"):
            if key in os.environ:
                self.env.setdefault(key, os.environ[key])
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

    def start(self, env=None):
        return Session(self, env)

    def close(self):
        remove(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


class Closed(Exception):
    pass


class Conversation:
    """Bytes to a server, lines from it; who inherits this knows how to send and read
    (writer and reader: descriptors) and what the server logged."""

    def __init__(self, writer, reader):
        self.writer, self.reader = writer, reader
        self.buf = b""
        self.tag = 0

    def send(self, data):
        data = data if isinstance(data, bytes) else data.encode()
        try:
            while data:
                data = data[os.write(self.writer, data):]
        except (BrokenPipeError, ConnectionResetError):
            raise Closed("the program went away: " + self.log())

    def fill(self, timeout=TIMEOUT):
        if not select.select([self.reader], [], [], timeout)[0]:
            raise TimeoutError("nothing within %s s; so far %r" % (timeout, self.buf[-200:]))
        try:
            data = os.read(self.reader, 1 << 20)
        except ConnectionResetError:
            data = b""
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


class Session(Conversation):
    """One imapd on a pair of pipes."""

    def __init__(self, place, env=None, argv=None, pass_fds=()):
        self.err = tempfile.TemporaryFile()
        self.p = subprocess.Popen(
            argv or become([place.imapd]), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.err, bufsize=0, pass_fds=pass_fds,
            env={k: v for k, v in {**place.environ(), **(env or {})}.items() if v is not None})
        super().__init__(self.p.stdin.fileno(), self.p.stdout.fileno())

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


class Connection(Conversation):
    """A TCP connection to a Chain, from an address of 127/8; the greeting is read."""

    def __init__(self, chain, source="127.0.0.1"):
        self.chain = chain
        self.sock = socket.create_connection(("127.0.0.1", chain.port), TIMEOUT, (source, 0))
        super().__init__(self.sock.fileno(), self.sock.fileno())
        self.greeting = self.line()

    def log(self):
        return self.chain.log()[-2000:]

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


class Terminal:
    """A program in a terminal that a person looks at (tmux)."""

    def __init__(self, directory, command):
        self.socket = os.path.join(directory, "tmux")
        env = {"HOME": directory, "TERM": "screen", "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh",
               "PATH": os.environ["PATH"]}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "24", command, env=env)

    def tmux(self, *words, check=True, **kw):
        return subprocess.run(["tmux", "-S", self.socket, *words], check=check, text=True,
                              capture_output=True, **kw)

    def there(self):
        return self.tmux("has-session", check=False).returncode == 0

    def screen(self):
        return self.tmux("capture-pane", "-p", check=False).stdout

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def see(self, pattern, what, timeout=2 * TIMEOUT):
        try:
            wait_for(lambda: re.search(pattern, self.screen()), what, timeout)
        except TimeoutError:
            raise SystemExit("%s: no %r on the screen:\n%s" % (what, pattern, self.screen()))

    def quit(self):
        self.keys("q")
        try:
            wait_for(lambda: not self.there(), "the end", 2 * TIMEOUT)
        except TimeoutError:
            raise SystemExit("does not end:\n" + self.screen())

    def kill(self):
        """The program too gets a SIGKILL."""
        pid = self.tmux("display-message", "-p", "#{pane_pid}", check=False).stdout.strip()
        if pid:
            os.kill(int(pid), signal.SIGKILL)
        self.tmux("kill-server", check=False)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.kill()


# Uids of ours that no Debian package has.
CHAIN_USERS = {"LOGIN_USER": "60101", "TLS_USER": "60102", "WAIT_USER": "60103"}
# Users for client tests, and how else they may write their names: (typed, canonical).
PEOPLE = {"alice": "secret", "bob": ("SHA512-CRYPT", 'a "quoted" pass\\word: 100%'),
          "zoe": ("SHA512-CRYPT", "žluťoučký kůň"), "carl@example.org": "p w"}
TYPED = [("alice", "alice"), ("ALICE", "alice"), ("alice+detail", "alice"), ("bob", "bob"),
         ("Bob+a.b", "bob"), ("zoe", "zoe"), ("Carl@Example.ORG", "carl@example.org"),
         ("carl+x@example.org", "carl@example.org")]
LOG_SHOWN = 20000  # bytes of a log that say why a test failed
LISTENERS = {"tcpserver": "tcpserver", "systemd": "systemd-socket-activate"}


def listeners():
    """Those that this machine has."""
    return [name for name, program in LISTENERS.items() if shutil.which(program)]


class Chain:
    """imap-login, checkpassword and imapd behind a free port of 127.0.0.1.

    users       {name: password}, or (scheme, password) instead of the password: the scheme is
                PLAIN or one that roost-users makes (SHA512-CRYPT, ...); afterwards {name:
                password}.  Default: PEOPLE
    settings    for roost.conf; here a failed login is told at once
    line        the command line; names of our programs are found
    listener    tcpserver, systemd (its systemd-socket-activate) or tls-server (ours, listening)

    has         dir, port, conf, logfile; mail[name], a Mail
    `with` checks at its end that no process of a session is left, once all clients
    have gone; whatever comes, the listener and all sessions end with it.
    """

    def __init__(self, users=None, settings=None, line=("imap-login", "checkpassword", "imapd"),
                 listener=None):
        there = listeners()
        if listener != "tls-server" and (not there or listener and listener not in there):
            skip("no %s" % (listener or "tcpserver, nor systemd-socket-activate"))
        self.dir = make_place()
        self.listener = None
        try:
            self.bin = self.copy_programs()
            self.logfile = os.path.join(self.dir, "log")
            self.conf = os.path.join(self.dir, "roost.conf")
            self.users = dict(users or PEOPLE)
            self.mail = {}
            self.configure(settings or {})
            self.make_users()
            argv = [self.program(word) for word in line]
            self.start(listener or there[0], argv)
        except BaseException:
            self.close()
            raise

    def copy_programs(self):
        directory = os.path.join(self.dir, "bin")
        os.mkdir(directory)
        for name in os.listdir(B):
            path = os.path.join(B, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                shutil.copy(path, directory)
        shutil.copy(IMAPD, os.path.join(directory, "imapd"))
        return directory

    def program(self, name):
        path = os.path.join(self.bin, name)
        return path if os.path.exists(path) else name

    def configure(self, settings):
        run = os.path.join(self.dir, "run")
        for sub, mode in (("", 0o755), ("sessions", 0o700), ("tls", 0o700)):
            os.mkdir(os.path.join(run, sub), mode)
        with open(self.conf, "w", encoding="utf-8") as f:
            for item in {"USERS_CDB": self.dir + "/users.cdb", "AUTH": "users", "TZ": "UTC",
                         "FIRST_UID": "1000" if ROOT else str(min(1000, UID)),
                         "LOGIN_FAILURE_DELAY": "0", "RUN_DIR": run,
                         **CHAIN_USERS, **settings}.items():
                f.write("%s=%s\n" % item)
        os.chmod(self.conf, 0o644)

    def environ(self):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ROOST_CONF": self.conf}
        for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if key in os.environ:
                env[key] = os.environ[key]
        # LeakSanitizer wants to trace; the jail is there to prevent that.
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        return env

    def roost_users(self, *argv, stdin="", scheme="SHA512-CRYPT"):
        subprocess.run([self.program("roost-users"), "-f", self.dir + "/users", *argv], check=True,
                       input=stdin, text=True, stdout=subprocess.DEVNULL,
                       env={**self.environ(), "PASSWORD_SCHEME": scheme})

    def make_users(self):
        """As root each has a uid of its own."""
        hashed = {}
        with open(self.dir + "/users", "w", encoding="utf-8") as f:
            os.fchmod(f.fileno(), 0o600)
            for n, (name, password) in enumerate(self.users.items()):
                scheme, password = password if isinstance(password, tuple) else ("PLAIN", password)
                if scheme != "PLAIN":
                    hashed[name] = scheme, password
                uid, gid = (UID + n, GID + n) if ROOT else (UID, GID)
                self.mail[name] = Mail(os.path.join(self.dir, "home", name), uid, gid)
                f.write("%s:%s:%d:%d::%s\n" % (name, "*" if name in hashed else "{PLAIN}" + password,
                                               uid, gid, self.mail[name].home))
                self.users[name] = password
        os.chmod(self.dir + "/users", 0o600)
        self.roost_users("compile")
        for name, (scheme, password) in hashed.items():
            self.roost_users("passwd", name, stdin=password + "\n", scheme=scheme)

    def start(self, listener, argv):
        if listener == "tcpserver":
            # -b: what connects while 20 others (the default) wait is late by many seconds
            self.spawn(["tcpserver", "-1HR", "-l0", "-c500", "-b500", "127.0.0.1", "0"] + argv)
            self.port = int(self.listener.stdout.readline())
            return
        if listener == "tls-server":
            self.spawn([self.program(listener), "-l", "127.0.0.1:0"] + argv)
            wait_for(lambda: self.events("listen") or self.listener.poll() is not None,
                     "listening")
            if self.listener.poll() is not None:
                raise AssertionError("no listener: " + self.log())
            self.port = int(re.search(r" port=(\d+)", self.events("listen")[0])[1])
            return
        known = [word for key in self.environ() for word in ("-E", key)]
        for _ in range(5):  # it takes no port 0, and a port just found free may be gone
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
            address = "127.0.0.1:%d" % self.port
            self.spawn(["systemd-socket-activate", "-a", "--inetd", "-l", address, *known] + argv)
            wait_for(lambda: "Listening on " + address in self.log() or
                     self.listener.poll() is not None, "listening")
            if self.listener.poll() is None:
                return
        raise AssertionError("no listener: " + self.log())

    def spawn(self, argv):
        with open(self.logfile, "ab") as log:
            self.listener = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=log,
                                             stdout=subprocess.PIPE, env=self.environ())

    def connect(self, source="127.0.0.1"):
        return Connection(self, source)

    def login(self, name="alice", source="127.0.0.1"):
        c = self.connect(source)
        c.ok('LOGIN "%s" "%s"' % (name, re.sub(r'(["\\])', r"\\\1", self.users[name])))
        return c

    def log(self):
        with open(self.logfile, encoding="utf-8", errors="replace") as f:
            return f.read()

    def events(self, event, *words):
        """Lines of the log about an event that have all these words: a program, key=value."""
        every = [re.compile(r'(?<![^\s"])%s(?![^\s"\[])' % re.escape(w))
                 for w in ("event=" + event, *words)]
        return [ln for ln in self.log().splitlines() if all(w.search(ln) for w in every)]

    def see(self, event, *words, count=1):
        """The last of at least count such lines, as soon as they are there."""
        wait_for(lambda: len(self.events(event, *words)) >= count,
                 "%d times %s %s in the log" % (count, event, words))
        return self.events(event, *words)[-1]

    @contextlib.contextmanager
    def refuses(self, name):
        """What happens inside `with` is one login of that user's at least that fails: the log
        says so, nobody gets in, and the mail stays untouched.  Waits for earlier sessions to end."""
        self.idle()
        words = ["imap-login", "user=" + name]
        failures, logins = len(self.events("failure", *words)), len(self.events("login"))
        tree = self.mail[name].tree() if name in self.mail else None
        yield
        self.see("failure", *words, count=failures + 1)
        if len(self.events("login")) != logins:
            raise AssertionError("somebody got in: " + self.log()[-2000:])
        if tree is not None and self.mail[name].tree() != tree:
            raise AssertionError("the mail of %s was touched" % name)

    def vanish(self, argv, env=None, ready=None):
        """A client that is killed in the middle, as soon as ready() (default: somebody has
        logged in) is true: no process of its session stays."""
        self.idle()
        logins = len(self.events("login"))
        with open(os.path.join(self.dir, "vanished"), "ab") as out:
            p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 start_new_session=True,
                                 env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(env or {})})
        try:
            wait_for(ready or (lambda: len(self.events("login")) > logins), argv)
            if p.poll() is not None:
                raise AssertionError("%s ended too early" % argv)
        finally:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
        self.idle()

    def processes(self):
        """{pid: command line} of the sessions: whatever runs programs of ours."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    words = f.read().decode(errors="replace").split("\0")
            except OSError:
                continue
            if any(w.startswith(self.bin + "/") for w in words) and int(pid) != self.listener.pid:
                found[int(pid)] = " ".join(words).strip()
        return found

    def idle(self, timeout=TIMEOUT):
        """Returns when no session is left."""
        try:
            wait_for(lambda: not self.processes(), "sessions end", timeout)
        except TimeoutError:
            raise AssertionError("left behind: %s; log: %s" % (self.processes(), self.log()[-2000:]))

    def close(self):
        if self.listener:
            self.listener.kill()
            self.listener.wait()
            self.listener.stdout.close()
            for sig in (signal.SIGTERM, signal.SIGKILL):
                for pid in self.processes():
                    try:
                        os.kill(pid, sig)
                    except ProcessLookupError:
                        pass
                try:
                    wait_for(lambda: not self.processes(), "sessions end", 5)
                    break
                except TimeoutError:
                    pass
        remove(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, kind, *exc):
        try:
            if kind is None:
                self.idle()
            elif issubclass(kind, Exception):
                print("the end of the log:\n" + self.log()[-LOG_SHOWN:], file=sys.stderr)
        finally:
            self.close()
