#!/usr/bin/python3
"""What a login costs: connections in a row through imap-login, an authenticator that asks
nobody and a handler that only says it is ready.  tests/bench/login.py [N]

Prints microseconds from connect to the greeting and to the tagged OK, CPU of all processes of
a session, how many there are before and after login, and the private (dirty) memory of each."""
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time

B = os.environ.get("B", "build")
N = int(sys.argv[1]) if sys.argv[1:] else 300
HANDLER = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	char b[600];
	int fd = atoi(getenv("LOGINFD"));
	if (argc > 1) { /* as authenticator */
		if (read(3, b, sizeof b) < 3)
			return 111;
		close(3);
		execv(argv[1], argv + 1);
		return 111;
	}
	if (write(fd, "R", 1) != 1)
		return 111;
	close(fd);
	snprintf(b, sizeof b, "%s OK\r\n", getenv("IMAPTAG"));
	if (write(1, b, strlen(b)) < 0 || read(0, b, sizeof b) < 0)
		return 111;
	return 0;
}
"""


def start(argv):
    ours, theirs = socket.socketpair()
    p = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
                         env={"PATH": "/usr/bin:/bin", "ROOST_CONF": "/dev/null",
                              "LOGIN_USER": "60101", "WAIT_USER": "60103",
                              "RUN_DIR": os.environ.get("RUN_DIR", "/run/roost")})
    theirs.close()
    return p, ours


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(n) for n in f.read().split()]


def private(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return sum(int(ln.split()[1]) for ln in f if ln.startswith("Private_Dirty"))


def main():
    os.sync()  # pages of a program that was just linked would count as dirty
    scratch = tempfile.mkdtemp()
    handler = scratch + "/handler"
    subprocess.run(["musl-gcc", "-O2", "-static", "-x", "c", "-o", handler, "-"],
                   input=HANDLER.encode(), check=True)
    login = [os.path.abspath(B) + "/imap-login", handler, handler]
    greet = ok = 0.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(N):
        began = time.perf_counter()
        p, s = start(login)
        s.recv(4096)
        greet += time.perf_counter() - began
        began = time.perf_counter()
        s.sendall(b"a LOGIN ann pw\r\n")
        s.recv(4096)
        ok += time.perf_counter() - began
        s.close()
        p.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"start to greeting {greet / N * 1e6:.0f} us, LOGIN to OK {ok / N * 1e6:.0f} us, "
          f"CPU of a session {cpu / N * 1e6:.0f} us")
    p, s = start(login)
    s.recv(4096)
    pids = [p.pid] + children(p.pid)
    print("waiting for login:", len(pids), "processes, private dirty KiB", [private(n) for n in pids])
    s.sendall(b"a LOGIN ann pw\r\n")
    s.recv(4096)
    time.sleep(0.1)
    pids = [p.pid] + children(p.pid)
    print("logged in:", len(pids), "processes, private dirty KiB of the gate", private(p.pid))
    s.close()
    p.wait()


main()
