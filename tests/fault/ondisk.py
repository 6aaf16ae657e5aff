"""What a Maildir++ store says, read without any of roost's code: file names,
dovecot-uidlist, dovecot-keywords, subscriptions."""
import os
import re

LETTERS = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
HIGH_FIRST = 26  # the first keyword without a letter: our K fields in the uidlist


class Wrong(Exception):
    pass


def crlf(data):
    return re.sub(rb"(?<!\r)\n", b"\r\n", data)


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


class Message:
    def __init__(self, uid, flags, data, name):
        self.uid, self.flags, self.data, self.name = uid, flags, data, name
        m = re.search(rb"^Subject: (\S+)\r?$", data, re.M)
        self.id = m.group(1).decode() if m else None


class Folder:
    """validity, uidnext (None without a uidlist), lines {stem: uid}, messages [Message];
    a message without a line has uid None."""

    def __init__(self, path):
        self.path = path
        self.validity = self.uidnext = None
        self.lines, self.high, self.high_names = {}, {}, []
        self.keywords = self.read_keywords()
        text = read(path + "/dovecot-uidlist")
        if text is not None:
            self.parse(text.decode())
        self.messages = [m for sub in ("cur", "new") for m in self.read_messages(sub)]

    def read_keywords(self):
        text = read(self.path + "/dovecot-keywords") or b""
        if text and not text.endswith(b"\n"):
            raise Wrong("%s: torn dovecot-keywords" % self.path)
        return {int(n): name for n, name in (li.split(" ", 1) for li in text.decode().splitlines())}

    def parse(self, text):
        head, _, rest = text.partition("\n")
        fields = head.split(" ")
        if fields[0] != "3":
            raise Wrong("%s: uidlist header %r" % (self.path, head))
        for field in fields[1:]:
            if field[0] == "V":
                self.validity = int(field[1:])
            elif field[0] == "N":
                self.uidnext = int(field[1:])
            elif field[0] == "K":
                self.high_names = field[1:].split("%")
        last = 0
        if rest and not rest.endswith("\n"):  # torn: not there yet, cut by the next writer
            rest = rest[:rest.rfind("\n") + 1]
        for line in rest.splitlines():
            m = re.fullmatch(r"(\d+)((?: [A-Z]\S*)*) :(\S+)", line)
            if not m:
                raise Wrong("%s: uidlist line %r" % (self.path, line))
            uid, stem = int(m.group(1)), m.group(3).split(":2,")[0]
            if uid <= last or stem in self.lines:
                raise Wrong("%s: uidlist line %r behind %d" % (self.path, line, last))
            last = self.lines[stem] = uid
            bits = re.search(r" K([0-9a-f]+)", m.group(2))
            self.high[uid] = int(bits.group(1), 16) if bits else 0
        self.uidnext = max(self.uidnext, last + 1)

    def flags(self, letters, uid):
        found = set()
        for letter in letters:
            if letter in LETTERS:
                found.add(LETTERS[letter])
            else:
                number = ord(letter) - ord("a")
                if number not in self.keywords:
                    raise Wrong("%s: a file has the letter %s without a name" % (self.path, letter))
                found.add(self.keywords[number])
        bits = self.high.get(uid, 0)
        for i, name in enumerate(self.high_names):
            if bits >> i & 1:
                found.add(name)
        return frozenset(found)

    def read_messages(self, sub):
        for name in sorted(os.listdir(self.path + "/" + sub)):
            stem, _, letters = name.partition(":2,")
            uid = self.lines.get(stem)
            yield Message(uid, self.flags(letters, uid), read("%s/%s/%s" % (self.path, sub, name)),
                          sub + "/" + name)


def folders(mail):
    """{name: Folder}; a directory is a folder once it has cur."""
    found = {"INBOX": Folder(mail)}
    for name in sorted(os.listdir(mail)):
        if name[0] == "." and name[1:2] != "." and os.path.isdir("%s/%s/cur" % (mail, name)):
            found[name[1:]] = Folder(mail + "/" + name)
    return found


def subscriptions(mail):
    text = (read(mail + "/subscriptions") or b"").decode()
    if text and not text.endswith("\n"):
        raise Wrong("torn subscriptions")
    return {line.replace("\t", ".") for line in text.removeprefix("V\t2\n\n").splitlines()}


OURS = re.compile(r"roost\.(index|journal|cache|bell)|dovecot-(uidlist|keywords|uidvalidity)|"
                  r"dovecot-uidvalidity\.[0-9a-f]{8}|subscriptions|maildirfolder|cur|new|tmp")


def strays(mail):
    """Paths of files that have no business to be there."""
    found = []
    for name in os.listdir(mail):
        is_folder = name[0] == "." and name[1:2] != "." and os.path.isdir(mail + "/" + name)
        if is_folder and not os.path.isdir("%s/%s/cur" % (mail, name)):
            found.append(name)
        elif is_folder:
            found += [name + "/" + n for n in os.listdir(mail + "/" + name) if not OURS.fullmatch(n)]
            found += [name + "/tmp/" + n for n in os.listdir(mail + "/" + name + "/tmp")]
        elif not OURS.fullmatch(name):
            found.append(name)
    return found + ["tmp/" + n for n in os.listdir(mail + "/tmp")]
