"""The measurements of `make bench`, each a function of (bench, size)."""
import json
import statistics
import subprocess

import servers

SESSIONS = 100  # of each client in one run


def ms(us):
    return us / 1000


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


ALL = {"session": session}
