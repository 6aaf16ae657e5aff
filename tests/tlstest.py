"""What the tests of TLS share: certificates made for them, tls-server in two of its forms,
a client that insists on a proper end."""
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading

import roosttest

TLS_SERVER = os.path.join(roosttest.B, "tls-server")
TIMEOUT = roosttest.TIMEOUT

# Says what it knows of the connection, then what it reads comes back.
ECHO = """#!/bin/sh
printf '* OK hello\\r\\n'
env | grep -E '^(SSL|TCP|PROTO|UCSPI|LISTEN)' | sed 's/$/\\r/'
printf '.\\r\\n'
exec cat
"""


def openssl(*argv, **kwargs):
    done = subprocess.run(["openssl", *argv], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, **kwargs)
    if done.returncode:
        raise AssertionError("openssl %s: %s" % (" ".join(argv), done.stderr))
    return done.stdout


class Certs:
    """Authorities and what they sign, files in one directory: NAME.pem has certificate and key,
    NAME.crt and NAME.key have one of them."""

    def __init__(self, directory):
        self.dir = directory
        if not shutil.which("openssl"):
            roosttest.skip("no openssl")

    def path(self, name):
        return os.path.join(self.dir, name)

    def make(self, name, subject, san=None, kind="ec", ca=None, days="30", extra=()):
        """A certificate for san ("DNS:a.example,DNS:b.example"), signed by ca, or by itself and
        then an authority."""
        new = (["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["rsa:2048"])
        argv = ["req", "-x509", "-newkey", *new, "-nodes", "-days", days, "-subj", subject,
                "-keyout", self.path(name + ".key"), "-out", self.path(name + ".crt")]
        if san:
            argv += ["-addext", "subjectAltName=" + san]
        if ca:
            argv += ["-CA", self.path(ca + ".crt"), "-CAkey", self.path(ca + ".key"),
                     "-addext", "basicConstraints=critical,CA:FALSE"]
        openssl(*argv, *extra)
        with open(self.path(name + ".pem"), "w", encoding="ascii") as out:
            for part in (".crt", ".key"):
                with open(self.path(name + part), encoding="ascii") as f:
                    out.write(f.read())
        os.chmod(self.path(name + ".pem"), 0o600)
        return self.path(name + ".pem")


def place():
    """A directory below /var/tmp that every uid can enter, with run/ in it."""
    directory = tempfile.mkdtemp(prefix="roost-test.", dir="/var/tmp")
    os.chmod(directory, 0o755)
    os.mkdir(os.path.join(directory, "run"), 0o755)
    return directory


def script(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o755)
    return path


def environ(directory, settings=None):
    """What tls-server finds in its environment; a setting that is None isn't there."""
    env = {"PATH": "/usr/bin:/bin", "ROOST_CONF": "/dev/null", "TLS_USER": "60102",
           "RUN_DIR": os.path.join(directory, "run"), **(settings or {})}
    for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if key in os.environ:
            env[key] = os.environ[key]
    # LeakSanitizer wants to trace; the jail is there to prevent that.
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return {key: value for key, value in env.items() if value is not None}


class Server:
    """tls-server with a chain of our own.

    form    "listen": it listens itself; "each": one is started for each connection
    argv    its options and the chain
    env     settings; RUN_DIR, TLS_USER have values that do for a test
    """

    def __init__(self, directory, argv, env=None, form="listen", check=True):
        self.form, self.dir = form, directory
        self.argv = argv
        self.env = environ(directory, env)
        self.logfile = tempfile.NamedTemporaryFile(dir=directory, prefix="log.")
        self.started = []
        self.master = None
        if form == "listen":
            self.master = self.spawn(["-l", "127.0.0.1:0"], subprocess.DEVNULL)
            roosttest.wait_for(lambda: "event=listen" in self.log() or
                               self.master.poll() is not None, "listening")
            port = re.search(r" port=(\d+)", self.log())
            self.port = int(port[1]) if port else None
            if check and not port:
                raise AssertionError("not listening: " + self.log())
            return
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def spawn(self, options, peer):
        return subprocess.Popen([TLS_SERVER, *options, *self.argv], stdin=peer, stdout=peer,
                                stderr=self.logfile, env=self.env)

    def accept(self):
        while True:
            try:
                peer = self.listener.accept()[0]
            except OSError:
                return
            self.started.append(self.spawn([], peer))
            peer.close()

    def log(self):
        with open(self.logfile.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def see(self, text, count=1):
        roosttest.wait_for(lambda: self.log().count(text) >= count,
                           "%r in the log, which is %s" % (text, self.log()[-1000:]))

    def children(self):
        """Pids of the relays."""
        if not self.master:
            return [p.pid for p in self.started if p.poll() is None]
        return children(self.master.pid)

    def idle(self):
        roosttest.wait_for(lambda: not self.children(), "relays end")

    def close(self):
        """Ends it; the exit status of what listened."""
        if self.master:
            self.master.terminate()
            return self.master.wait(TIMEOUT)
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(TIMEOUT)
        for p in self.started:
            try:
                p.wait(TIMEOUT / 2)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                p.wait()
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return [int(n) for n in f.read().split()]
    except FileNotFoundError:
        return []


def context(ca=None, **attributes):
    """A client's context that trusts one authority, or anybody."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca:
        c.load_verify_locations(ca)
    else:
        c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
    for name, value in attributes.items():
        setattr(c, name, value)
    return c


class Client:
    """A TLS connection whose end without close_notify is an error."""

    def __init__(self, port, ctx=None, name="mail.example.org", session=None, raw=None):
        raw = raw or socket.create_connection(("127.0.0.1", port), TIMEOUT)
        raw.settimeout(TIMEOUT)
        try:
            self.sock = (ctx or context()).wrap_socket(raw, server_hostname=name, session=session,
                                                       suppress_ragged_eofs=False)
        except BaseException:
            raw.close()
            raise
        self.buf = b""

    def send(self, data):
        self.sock.sendall(data)

    def line(self):
        while b"\r\n" not in self.buf:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("end in %r" % self.buf)
            self.buf += data
        line, self.buf = self.buf.split(b"\r\n", 1)
        return line

    def facts(self):
        """What ECHO says, as a dictionary."""
        found = {}
        while (line := self.line()) != b".":
            key, _, value = line.decode().partition("=")
            found[key] = value
        return found

    def rest(self):
        """Everything up to close_notify."""
        parts = [self.buf]
        self.buf = b""
        while data := self.sock.recv(65536):
            parts.append(data)
        return b"".join(parts)

    def echo(self, data):
        self.send(data + b"\r\n")
        return self.line()

    def leaf(self):
        """The common name in the server's certificate."""
        der = self.sock.getpeercert(True)
        pem = ssl.DER_cert_to_PEM_cert(der)
        out = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253"],
                             input=pem, capture_output=True, text=True, check=True).stdout
        return out.strip().replace("subject=", "")

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def aborted(port, how):
    """A connection that is no TLS session, left the way `how` says."""
    s = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if how in ("half", "reset"):
        s.sendall(hello)
    elif how == "garbage":
        s.sendall(os.urandom(300))
    elif how == "plain":
        s.sendall(b"a LOGIN alice secret\r\n")
    elif how == "http":
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    s.close()

