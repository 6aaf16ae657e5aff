#!/usr/bin/python3
"""The processes of a plaintext session in IDLE, as ps and smaps_rollup show them, for README.

	B=$PWD/build tests/bench/rest.py

As root; the mailbox has 10,000 messages, some of them fetched.  A few other sessions of the same
mailbox are there: what a program's file and the index have in memory is there once for all,
and would count as private if only one process had it.
"""
import contextlib
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import idle  # noqa: E402
import roosttest as rt  # noqa: E402

MAILBOX = 10000
OTHERS = 4
NAMES = {"60101": "roost-login", "60102": "roost-tls", "60103": "roost-wait", str(rt.UID): "the user"}


def fill(mail):
    for n in range(MAILBOX):
        with open(f"{mail.mail}/cur/{1700000000 + n}.M{n}.x:2,S", "w", encoding="ascii") as f:
            f.write(f"From: a@example.org\nSubject: {n}\n\n{n}\n")
    mail.own()


def uid(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        number = next(line for line in f if line.startswith("Uid:")).split()[1]
    return NAMES.get(number, "root" if number == "0" else number)


def rows(pids):
    """(program, user, private KiB) of each."""
    found = []
    for pid in sorted(pids):
        ((name, private, _),) = idle.memory([pid])
        found.append((name, uid(pid), private))
    return found


def rest(c, *commands):
    """What a client does, then it waits for news."""
    for command in commands:
        c.ok(command)
    c.send("x IDLE\r\n")
    c.line()
    time.sleep(1)


def measure():
    """{when: rows}"""
    found = {}
    with rt.Chain({"alice": "secret"}) as chain:
        fill(chain.mail["alice"])
        with contextlib.ExitStack() as others:
            for _ in range(OTHERS):
                other = others.enter_context(chain.login())
                others.enter_context(chain.connect())
                rest(other, "SELECT INBOX", "FETCH 1:* (FLAGS ENVELOPE)")
            before = set(chain.processes())
            with chain.connect() as c:
                time.sleep(0.5)
                found["before login"] = rows(set(chain.processes()) - before)
                c.ok("LOGIN alice secret")
                rest(c, "SELECT INBOX", "FETCH 9901:* (FLAGS ENVELOPE)")
                found["in IDLE"] = rows(set(chain.processes()) - before)
    return found


def main():
    if not rt.ROOT:
        rt.skip("other users' processes take root")
    for when, found in measure().items():
        for name, user, private in found:
            print(f"| {when} | {name} | {user} | {private} |")
        print(f"| {when} | together | | {sum(r[2] for r in found)} |")


if __name__ == "__main__":
    main()
