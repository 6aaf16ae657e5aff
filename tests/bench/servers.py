"""roost's chain and Debian's Dovecot on loopback, and what their processes cost.

Both run from a scratch directory below /var/tmp, each in a cgroup of its own; neither touches
anything of the machine's: Dovecot's files lie over /usr in a mount namespace, where its two
users stand in an /etc/passwd that only this namespace sees.
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

UID = 60001
PASSWORD = "bench"
# The same password under both schemes: users pN and cN have the mailbox of size N.
SCHEMES = {"p": "{PLAIN}" + PASSWORD,
           "c": "{SHA512-CRYPT}$6$roostbench$NvNXhIig8Hp.1LaeZdrR4bQ2"
                "z4aUg4e5sM55ZWkUc5sd00Qq0dMlnjGoDHIPHLvr5O8.KJFL24Ut8dlXeHtFv1"}
TICKS = os.sysconf("SC_CLK_TCK")


def cgroup_root():
    """(directory, file, microseconds per unit) of where CPU is counted, or None."""
    own = {}
    with open("/proc/self/cgroup", encoding="ascii") as f:
        for line in f:
            _, controllers, path = line.strip().split(":", 2)
            for name in controllers.split(","):
                own[name] = path
    with open("/proc/self/mounts", encoding="ascii") as f:
        mounts = [line.split() for line in f]
    for _, where, kind, options, *_ in mounts:
        if kind == "cgroup2" and "" in own:
            return where + own[""], "cpu.stat"
        if kind == "cgroup" and "cpuacct" in options.split(",") and "cpuacct" in own:
            return where + own["cpuacct"], "cpuacct.usage"
    return None


class Account:
    """The CPU time of all processes of a server, those that are gone included."""

    def __init__(self, name):
        self.main = None
        self.dir = None
        found = cgroup_root()
        if found:
            self.dir, self.file = os.path.join(found[0], f"roost-bench-{os.getpid()}-{name}"), found[1]
            try:
                os.mkdir(self.dir)
                with open(os.path.join(self.dir, self.file), encoding="ascii"):
                    pass
            except OSError:
                self.dir = None

    def enter(self):
        """In the child: all that it starts is counted."""
        if self.dir:
            with open(self.dir + "/cgroup.procs", "w", encoding="ascii") as f:
                f.write("0")

    def pids(self):
        if self.dir:
            with open(self.dir + "/cgroup.procs", encoding="ascii") as f:
                return [int(line) for line in f]
        found, todo = [], [self.main]
        while todo:
            pid = todo.pop()
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                    todo += [int(n) for n in f.read().split()]
                found.append(pid)
            except OSError:
                pass
        return found

    def read(self):
        """Microseconds so far.  Without a cgroup to a tick per living process."""
        if self.dir:
            with open(os.path.join(self.dir, self.file), encoding="ascii") as f:
                text = f.read().split()
            return int(text[0]) // 1000 if len(text) == 1 else int(text[text.index("usage_usec") + 1])
        ticks = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                    ticks += sum(map(int, f.read().rpartition(")")[2].split()[11:15]))
            except OSError:
                pass
        return ticks * 1000000 // TICKS

    def settled(self):
        """The same, once nothing of the work before is still going on."""
        before = self.read()
        for _ in range(200):
            time.sleep(0.03)
            now = self.read()
            if now - before < 100:
                break
            before = now
        return now

    def remove(self):
        for _ in range(100):
            try:
                if self.dir:
                    os.rmdir(self.dir)
                return
            except OSError:
                time.sleep(0.05)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """Started by start(); the mail of user xN is in home(N)/Maildir."""
    name = ""

    def __init__(self, scratch, build):
        self.dir = os.path.join(scratch, self.name)
        self.build = build
        self.port = free_port()
        self.account = Account(self.name)
        self.p = None
        os.makedirs(self.dir)
        os.chmod(self.dir, 0o755)

    def home(self, size):
        return f"{self.dir}/home/{size}"

    def mail(self, size):
        return self.home(size) + "/Maildir"

    def users(self, sizes):
        """Lines of a passwd file; roost reads Dovecot's format."""
        return "".join(f"{letter}{size}:{secret}:{UID}:{UID}::{self.home(size)}::\n"
                       for size in sizes for letter, secret in SCHEMES.items())

    def spawn(self, argv, env):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                      preexec_fn=self.account.enter, start_new_session=True)
        self.account.main = self.p.pid
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.answers():
                return
            if self.p.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} doesn't answer: " + self.log()[-2000:])

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                s.settimeout(5)
                return s.recv(100).startswith(b"* OK")
        except OSError:
            return False

    def log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        """Ends every process of ours, and only those."""
        if not self.p:
            return
        self.p.terminate()
        try:
            self.p.wait(10)
        except subprocess.TimeoutExpired:
            pass
        for _ in range(100):
            left = [pid for pid in self.account.pids() if pid]
            if not left:
                break
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        self.p.wait()
        self.account.remove()
        self.p = None


class Roost(Server):
    """tcpserver imap-login checkpassword imapd, with users.cdb and RUN_DIR."""
    name = "roost"
    run = None

    def start(self, sizes):
        programs = os.path.join(self.dir, "bin")
        os.mkdir(programs)
        for name in os.listdir(self.build):
            path = os.path.join(self.build, name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                shutil.copy(path, programs)
        with open(self.dir + "/users", "w", encoding="ascii") as f:
            f.write(self.users(sizes))
        subprocess.run([programs + "/roost-users", "-f", self.dir + "/users",
                        "-o", self.dir + "/users.cdb", "compile"], check=True)
        self.spawn(["tcpserver", "-H", "-R", "-l0", "-c4000", "-b1024", "127.0.0.1",
                    str(self.port)] + [f"{programs}/{word}" for word in
                                       ("imap-login", "checkpassword", "imapd")],
                   {"PATH": "/usr/bin:/bin", "ROOST_CONF": "/dev/null", "AUTH": "users", "TZ": "UTC",
                    "USERS_CDB": self.dir + "/users.cdb", "RUN_DIR": self.run_dir(),
                    "LOGIN_USER": "60101", "TLS_USER": "60102", "WAIT_USER": "60103",
                    "SESSIONS_MAX": "4096"})

    def run_dir(self):
        """On a tmpfs, as /run is."""
        self.run = tempfile.mkdtemp(prefix="roost-bench.", dir="/dev/shm")
        os.chmod(self.run, 0o755)
        os.mkdir(self.run + "/sessions", 0o700)
        return self.run

    def stop(self):
        super().stop()
        if self.run:
            shutil.rmtree(self.run, ignore_errors=True)

    def listener_us(self):
        """What the listener itself took, its children not counted."""
        with open(f"/proc/{self.p.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) // 1000


# Debian's files but for: where things are, no TLS, a passwd-file in place of PAM, and limits
# that would stop a measurement.
DOVECOT_LOCAL = """
protocols = imap
base_dir = {dir}/run
state_dir = {dir}/run
log_path = {dir}/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_max_userip_connections = 5000
default_vsz_limit = 4G
passdb {{
  driver = passwd-file
  args = {dir}/users
}}
userdb {{
  driver = passwd-file
  args = {dir}/users
}}
service imap-login {{
  process_limit = 4000
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_limit = 4000
}}
service auth {{
  client_limit = 20000
}}
service anvil {{
  client_limit = 20000
}}
"""
NAMESPACE = """
set -eu
mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr
if [ -d "$1/lib" ] && [ ! -L /lib ]; then
	mount -t overlay overlay -o "lowerdir=$1/lib:/lib" /lib
fi
mount --bind "$2/passwd" /etc/passwd
mount --bind "$2/group" /etc/group
exec /usr/sbin/dovecot -F -c "$2/etc/dovecot.conf"
"""


class Dovecot(Server):
    """The whole of it: master, anvil, log, config, stats, auth, imap-login, imap."""
    name = "dovecot"

    def configure(self, root):
        etc = self.dir + "/etc"
        shutil.copytree(root + "/usr/share/dovecot", etc)
        with open(etc + "/conf.d/10-auth.conf", encoding="utf-8") as f:
            auth = f.read().replace("!include auth-system.conf.ext", "")
        with open(etc + "/conf.d/10-auth.conf", "w", encoding="utf-8") as f:
            f.write(auth)
        os.remove(etc + "/conf.d/10-ssl.conf")
        with open(etc + "/local.conf", "w", encoding="utf-8") as f:
            f.write(DOVECOT_LOCAL.format(dir=self.dir, port=self.port))
        for name, lines in (("passwd", "dovecot:x:{0}:{0}::/:/bin/false\ndovenull:x:{1}:{1}::/:/bin/false\n"),
                            ("group", "dovecot:x:{0}:\ndovenull:x:{1}:\n")):
            with open("/etc/" + name, encoding="utf-8") as f:
                text = f.read()
            with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
                f.write(text + lines.format(60201, 60202))

    def start(self, sizes):
        root = self.build + "/peers/dovecot/root"
        self.configure(root)
        with open(self.dir + "/users", "w", encoding="ascii") as f:
            f.write(self.users(sizes))
        os.chmod(self.dir + "/users", 0o600)
        os.chown(self.dir + "/users", 60201, 60201)
        self.spawn(["unshare", "-m", "sh", "-c", NAMESPACE, "sh", root, self.dir],
                   {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def listener_us(self):
        return 0
