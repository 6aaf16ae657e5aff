#!/usr/bin/env python3
"""Generates mail as people have it, the same for the same seed.

    genmail.py COUNT MAILDIR [SEED]

A Maildir of COUNT messages: sizes log-normal around 4 KB, threads, lists,
names in encoded words, HTML alternatives, attachments, forwarded messages,
eight years of dates, flags in the names, ,S= and ,W= as Dovecot writes them.
Lines end in LF, as an MTA delivers them; with CRLF=1 in the environment they
are stored with CRLF.
"""

import base64
import os
import random
import sys
import time

WORDS = """about after again against agreed already also always amount answer attached
because before between budget build call change check client close come complete contract
could customer date deliver design detail different document draft during early end enough
error every example expect few figure file first follow found full general give good group
happen hardware help however idea important include information interest invoice issue item
keep know large last later least letter level list long look machine mail make many matter
meet meeting message might minute month morning move must need network never new next nothing
notice number offer office often old open order other package part paper patch pay people
perhaps phone place plan please point possible present price problem process product program
project proposal question quick read ready really reason release reply report request result
return review right room run same schedule school second see send server service several short
should side simple since small software something soon start state still stop such sure system
table take team test thank thing think time today together tomorrow travel try turn under until
update upgrade use user version very wait want week well when where which while without word
work world would write year yesterday""".split()
NAMES = """Anna Bob Carla David Eva Frank Grit Hans Ines Jörg Klara Lutz Marie Niels Olga Péter
Quinn Rosa Søren Tina Ulf Vera Walter Xenia Yves Zoë Łukasz Дмитрий 太郎 Müller-Lüdenscheidt""".split()
FAMILIES = """Smith Meyer Nováková Schröder Jensen García Rossi O'Brien Kowalski Иванов 山田
Johnson Dubois van_Dijk Lindqvist Brown Fischer Weber""".split()
HOSTS = [f"{a}.example.{b}" for a in ("mail", "corp", "lists", "home", "uni", "shop")
         for b in ("org", "com", "net")]
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
ZONES = [(0, "+0000"), (60, "+0100"), (120, "+0200"), (-300, "-0500"), (330, "+0530"),
         (540, "+0900")]
FIRST, SPAN = 1483228800, 8 * 365 * 86400
SEP = "=_part_"


def encoded(text):
    if text.isascii():
        return text
    if len(text) % 2:
        return "=?UTF-8?B?" + base64.b64encode(text.encode()).decode() + "?="
    hexed = "".join(c if c.isascii() and c.isalnum() else
                    "_" if c == " " else "".join(f"={b:02X}" for b in c.encode()) for c in text)
    return "=?utf-8?Q?" + hexed + "?="


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.people = [self.person() for _ in range(400)]
        # Sentences are made once: text is chosen, not spelled, for speed.
        self.lines = [self.line() for _ in range(3000)]
        self.blob = base64.encodebytes(self.r.randbytes(600000)).decode()
        self.threads = []
        self.n = 0

    def person(self):
        r = self.r
        first, family = r.choice(NAMES), r.choice(FAMILIES).replace("_", " ")
        box = f"user{r.randrange(5000)}@{r.choice(HOSTS)}"
        kind = r.random()
        if kind < 0.1:
            return box
        if kind < 0.2 and (first + family).isascii():
            return f'"{family}, {first}" <{box}>'
        return f"{encoded(first + ' ' + family)} <{box}>"

    def line(self):
        words = self.r.choices(WORDS, k=self.r.randrange(3, 14))
        if self.r.random() < 0.2:
            words[0] = words[0].capitalize()
        return " ".join(words)

    def text(self, size):
        lines, n = [], 0
        while n < size:
            start = self.r.randrange(len(self.lines) - 40)
            piece = self.lines[start:start + self.r.randrange(1, 12)]
            lines += piece
            lines.append("")
            n += sum(map(len, piece)) + len(piece) + 1
        return "\n".join(lines) + "\n"

    def date(self, when):
        minutes, zone = self.r.choice(ZONES)
        t = time.gmtime(when + minutes * 60)
        return (f"{DAYS[t.tm_wday]}, {t.tm_mday} {MONTHS[t.tm_mon - 1]} {t.tm_year} "
                f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} {zone}")

    def thread(self, when):
        """Subject and references: of an older message for half of them."""
        r = self.r
        ident = f"<{self.n}.{r.getrandbits(48):x}@{r.choice(HOSTS)}>"
        if self.threads and r.random() < 0.5:
            self.threads = self.threads[-300:] if len(self.threads) > 3000 else self.threads
            at = r.randrange(max(0, len(self.threads) - 300), len(self.threads))
            subject, refs = self.threads[at]
            refs = (refs + [ident])[-12:]
            if not subject.startswith("Re: "):
                subject = "Re: " + subject
            self.threads.append((subject, refs))
            return ident, subject, refs[:-1]
        subject = " ".join(r.choices(WORDS, k=r.randrange(2, 8)))
        if r.random() < 0.1:
            subject += " für " + r.choice(NAMES)
        self.threads.append((encoded(subject), [ident]))
        return ident, encoded(subject), []

    def header(self, when, ident, subject, refs):
        r = self.r
        to = ",\n\t".join(r.sample(self.people, k=min(1 + int(r.expovariate(1.2)), 20)))
        h = [f"Return-Path: <bounce-{self.n}@{r.choice(HOSTS)}>"]
        for hop in range(r.randrange(1, 4)):
            h.append(f"Received: from relay{hop}.{r.choice(HOSTS)} (relay{hop} [192.0.2.{hop}])\n"
                     f"\tby mx.example.org with ESMTPS id {r.getrandbits(60):x}\n"
                     f"\tfor <me@example.org>; {self.date(when)}")
        if r.random() < 0.6:
            h.append("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org;\n"
                     "\ts=mail; h=From:To:Subject:Date:Message-ID; bh=" + self.blob[:44].strip() +
                     ";\n\tb=" + self.blob[60:60 + 280].replace("\n", "\n\t "))
        h += [f"Date: {self.date(when)}", f"From: {r.choice(self.people)}", f"To: {to}"]
        if r.random() < 0.25:
            h.append("Cc: " + ",\n\t".join(r.sample(self.people, k=r.randrange(1, 5))))
        h += [f"Subject: {subject}", f"Message-ID: {ident}"]
        if refs:
            h += ["In-Reply-To: " + refs[-1], "References: " + "\n\t".join(refs)]
        if r.random() < 0.3:
            name = r.choice(WORDS)
            h += [f"List-Id: <{name}.lists.example.org>",
                  f"List-Unsubscribe: <mailto:{name}-leave@lists.example.org>",
                  "Precedence: list"]
        if r.random() < 0.5:
            h.append("User-Agent: " + r.choice(["Mutt/2.2", "Thunderbird/102", "Roundcube/1.6"]))
        if r.random() < 0.4:
            h.append("X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00,\n"
                     "\tDKIM_SIGNED,SPF_PASS autolearn=ham version=3.4.6")
        h.append("MIME-Version: 1.0")
        return h

    def multipart(self, subtype, parts):
        mark = f"{SEP}{self.n}_{self.r.getrandbits(32):x}"
        body = "".join(f"--{mark}\n{part}\n" for part in parts) + f"--{mark}--\n"
        return (f'Content-Type: multipart/{subtype};\n\tboundary="{mark}"\n\n'
                "This is a message in MIME format.\n" + body)

    def plain(self, size):
        text = self.text(size)
        if self.r.random() < 0.15:
            text = text.replace("about", "über", 3)
            return ("Content-Type: text/plain; charset=UTF-8\n"
                    "Content-Transfer-Encoding: 8bit\n\n" + text)
        return "Content-Type: text/plain; charset=us-ascii\n\n" + text

    def html(self, size):
        text = self.text(size).replace("\n\n", "</p>=\n<p class=3D\"x\">")
        return ("Content-Type: text/html; charset=\"utf-8\"\n"
                "Content-Transfer-Encoding: quoted-printable\n\n<html><body><p>" + text +
                "</body></html>\n")

    def attachment(self, size):
        name = self.r.choice(WORDS) + self.r.choice([".pdf", ".jpg", ".zip", ".docx"])
        at = self.r.randrange(100) * 77
        blob = self.blob[at:at + size * 4 // 3]
        return (f'Content-Type: application/octet-stream; name="{name}"\n'
                "Content-Transfer-Encoding: base64\n"
                f'Content-Disposition: attachment; filename="{name}"\n\n' + blob + "\n")

    def body(self, size):
        kind = self.r.random()
        if kind < 0.45:
            return self.plain(size)
        if kind < 0.80:
            return self.multipart("alternative", [self.plain(size // 3), self.html(size // 2)])
        if kind < 0.97:
            return self.multipart("mixed", [self.plain(size // 5),
                                            self.attachment(size * 3 // 5)])
        inner = "\n".join(self.header(FIRST, "<inner@example.org>", "forwarded", []))
        return self.multipart("mixed", [self.plain(400), "Content-Type: message/rfc822\n\n" +
                                        inner + "\n" + self.plain(size // 2)])

    def message(self):
        r = self.r
        self.n += 1
        when = FIRST + self.n * SPAN // max(TOTAL, 1) + r.randrange(-3600, 3600)
        size = max(200, min(int(r.lognormvariate(7.9, 1.0)), 900000))
        head = "\n".join(self.header(when, *self.thread(when)))
        return when, (head + "\n" + self.body(size)).encode()

    def flags(self):
        return "".join(f for f, p in (("D", 0.01), ("F", 0.04), ("R", 0.2), ("S", 0.9),
                                      ("T", 0.02), ("a", 0.03)) if self.r.random() < p)


def main():
    global TOTAL
    TOTAL, path = int(sys.argv[1]), sys.argv[2]
    g = Generator(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    crlf = os.environ.get("CRLF") == "1"
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(path, sub), exist_ok=True)
    with open(os.path.join(path, "dovecot-keywords"), "w", encoding="ascii") as f:
        f.write("0 $Junk\n")
    cur = os.open(os.path.join(path, "cur"), os.O_RDONLY)
    for i in range(TOTAL):
        when, raw = g.message()
        lines = raw.count(b"\n")
        wire = len(raw) + lines
        if crlf:
            raw = raw.replace(b"\n", b"\r\n")
        name = f"{when}.M{i:06}P{4711}.example,S={len(raw)},W={wire}:2,{g.flags()}"
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=cur)
        os.write(fd, raw)
        os.close(fd)
        os.utime(name, (when, when), dir_fd=cur)


if __name__ == "__main__":
    main()
