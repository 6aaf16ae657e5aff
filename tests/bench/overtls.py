"""The same over TLS: imaps of tls-server that listens, and of one started for each connection,
each beside Dovecot's, all with one ECDSA certificate.

The client is Python's: what it takes itself is not counted, but it bounds how fast a bulk FETCH can
be, for both alike.
"""
import os
import re
import shutil
import socket
import ssl
import subprocess
import time

import idle
import servers

SESSIONS = 40
WAITING = 20  # connections whose relays are weighed
GIVEN_BACK_S = 2.5  # a relay that waits keeps its buffers for a second


def certificate(directory):
    path = directory + "/cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", path + ".key", "-out", path + ".crt"], check=True,
                   stderr=subprocess.DEVNULL)
    with open(path, "w", encoding="ascii") as out:
        for part in (".key", ".crt"):
            with open(path + part, encoding="ascii") as f:
                out.write(f.read())
    os.chmod(path, 0o600)
    return path


def context():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


class Talk:
    """A session over TLS; commands one after the other."""

    def __init__(self, port, session=None, ctx=None):
        raw = socket.create_connection(("127.0.0.1", port), 60)
        self.sock = (ctx or context()).wrap_socket(raw, session=session)
        self.reused = self.sock.session_reused
        self.buffer = bytearray(1 << 18)
        self.greeting = self.sock.recv(4096)

    def __call__(self, command):
        """(bytes, the last of them) of the answer."""
        self.sock.sendall(b"a " + command.encode() + b"\r\n")
        n, last = 0, b""
        while not re.search(rb"(^|\r\n)a (OK|NO|BAD) [^\r]*\r\n$", last):
            got = self.sock.recv_into(self.buffer)
            if not got:
                raise RuntimeError("the server closed: " + command)
            n += got
            last = (last + bytes(self.buffer[max(0, got - 4096):got]))[-4096:]
        if b"\r\na OK" not in b"\r\n" + last:
            raise RuntimeError(command + ": " + repr(last[-200:]))
        return n, last

    def login(self, size):
        self(f"LOGIN p{size} {servers.PASSWORD}")
        return int(re.search(rb"\* (\d+) EXISTS", self("SELECT INBOX")[1])[1])

    def logout(self):
        self("LOGOUT")
        self.sock.close()


class Over:
    """What makes of a server one that speaks TLS on its port."""
    kind = ""
    certificate = ""

    def answers(self):
        try:
            Talk(self.port).sock.close()
            return True
        except (OSError, ssl.SSLError):
            return False


class Listening(Over, servers.Roost):
    kind = "listening"

    def __init__(self, scratch, build):
        super().__init__(scratch, build)
        self.account = servers.Account("roost-" + self.kind)

    def command(self, programs, chain):
        return [programs + "/tls-server", "-l", f"127.0.0.1:{self.port}", *chain]

    def spawn(self, argv, env):
        programs = os.path.dirname(argv[-1])
        super().spawn(self.command(programs, argv[-3:]), {**env, "TLS_CERT": self.certificate})


class Each(Listening):
    kind = "per connection"

    def command(self, programs, chain):
        return ["tcpserver", "-H", "-R", "-l0", "-c4000", "-b1024", "127.0.0.1", str(self.port),
                programs + "/tls-server", *chain]


class Dovecot(Over, servers.Dovecot):
    def __init__(self, scratch, build):
        super().__init__(scratch, build)
        self.account = servers.Account("dovecot-tls")

    def configure(self, root):
        super().configure(root)
        path = self.dir + "/etc/local.conf"
        with open(path, encoding="utf-8") as f:
            text = f.read()
        text = text.replace("ssl = no", f"ssl = yes\nssl_cert = <{self.certificate}\n"
                                        f"ssl_key = <{self.certificate}")
        text = text.replace("inet_listener imaps", "inet_listener clear").replace(
            "inet_listener imap {", "inet_listener imaps {").replace(
            "inet_listener clear", "inet_listener imap")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def sessions(server, size, resume):
    """CPU of a session's server side: connect, handshake, LOGIN, SELECT, LOGOUT.  A stock Dovecot
    has a login process per connection, each with ticket keys of its own: it resumes nothing."""
    ctx = context()
    first = Talk(server.port, ctx=ctx)
    exists, ticket = first.login(size), first.sock.session
    first.logout()
    before = server.account.settled()
    for _ in range(SESSIONS):
        talk = Talk(server.port, ticket if resume else None, ctx)
        if talk.reused != resume and server.name == "roost":
            raise RuntimeError("a session was not resumed" if resume else "a session was resumed")
        talk.login(size)
        ticket = talk.sock.session
        talk.logout()
    return (server.account.settled() - before) / SESSIONS / 1000, exists


def bulk(server, size):
    """MB/s of FETCH 1:* BODY.PEEK[], and the bytes."""
    talk = Talk(server.port)
    talk.login(size)
    began = time.monotonic()
    n = talk("FETCH 1:* BODY.PEEK[]")[0]
    took = time.monotonic() - began
    talk.logout()
    return n / took / 1e6, n


def relays(server, size):
    """Private memory of what does TLS, per connection that waits."""
    program = "tls-server" if server.name == "roost" else "imap-login"

    def weigh():
        return sum(private for name, private, _ in idle.memory(server.account.pids())
                   if name == program)
    before = weigh()
    talks = [Talk(server.port) for _ in range(WAITING)]
    for talk in talks:
        talk.login(size)
    time.sleep(GIVEN_BACK_S)
    after = weigh()
    for talk in talks:
        talk.logout()
    return (after - before) / WAITING


def beside(bench, size, ours, theirs):
    """One of our forms and Dovecot in turn."""
    def run(server):
        found = {}
        for label, resume in (("full handshake", False), ("resumed", True)):
            cpu, exists = sessions(server, size, resume)
            found[f"{ours.kind}: session, {label}, CPU"] = (cpu, "ms")
        speed, n = bulk(server, size)
        found[f"{ours.kind}: BODY.PEEK[]"] = (speed, "MB/s")
        found[f"{ours.kind}: relay, private"] = (relays(server, size), "KiB")
        # Each server ends a FETCH in its own words: a few bytes are no difference.
        return found, (exists, n // 1000)

    kept, bench.servers = bench.servers, [ours, theirs]
    try:
        bench.in_turn("tls", size, run)
    finally:
        bench.servers = kept


def tls(bench, size):
    scratch = f"{bench.scratch}/tls.{size}"
    os.mkdir(scratch)
    os.chmod(scratch, 0o755)
    Over.certificate = certificate(scratch)
    started = []
    try:
        for kind in (Dovecot, Listening, Each):
            server = kind(f"{scratch}/{kind.__name__}", bench.build)
            started.append(server)
            bench.give_mail(server, size)
            server.start([size])
        for ours in started[1:]:
            beside(bench, size, ours, started[0])
    finally:
        for server in started:
            server.stop()
        shutil.rmtree(scratch, ignore_errors=True)
