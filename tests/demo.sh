#!/bin/sh
# make demo: a real client reads a real Maildir through imapd.
#
#	make demo                      a Maildir with some messages, made for it
#	MAILDIR=~/Maildir make demo    that one, in place
#
# As root the mail is served as its owner; a made one belongs to a numeric uid
# (60001) and, with the program, lies below a fresh directory of /var/tmp that
# this uid can enter.
set -eu
: "${IMAPD:?}" "${SRC:?}"
uid=$(id -u)

die() {
	echo "demo: $*" >&2
	exit 1
}

# A word for the shell that starts a tunnel; quoted only where it must be.
quote() {
	case $1 in
	*[!A-Za-z0-9/._:=%@+,-]*) printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
	*) printf %s "$1" ;;
	esac
}

make_maildir() {
	MAILDIR=$place/Maildir
	mkdir -p "$MAILDIR/cur" "$MAILDIR/new" "$MAILDIR/tmp" \
		"$MAILDIR/.Sent/cur" "$MAILDIR/.Sent/new" "$MAILDIR/.Sent/tmp"
	t=$(date +%s)
	i=0
	for f in "$SRC"/tests/session/mail/*.eml; do
		i=$((i + 1))
		cp "$f" "$MAILDIR/new/$t.M${i}P$$.demo"
	done
	printf 'From: you@example.org\nTo: alice@example.org\nSubject: sent from here\n\nhello\n' \
		>"$MAILDIR/.Sent/cur/$t.M0P$$.demo:2,S"
	[ "$uid" != 0 ] || chown -R 60001:60001 "$MAILDIR"
}

if [ -n "${MAILDIR:-}" ]; then
	given=$MAILDIR
	MAILDIR=$(realpath -e "$given" 2>/dev/null) || die "$given: no such directory"
	[ -d "$MAILDIR/cur" ] || die "$MAILDIR is no Maildir (no directory 'cur' that can be seen)"
	[ "$uid" != 0 ] || [ "$(stat -c %u "$MAILDIR")" != 0 ] ||
		die "$MAILDIR belongs to root; imapd doesn't serve root's mail"
fi

place=$(mktemp -d /var/tmp/roost-demo.XXXXXX)
trap '[ $? = 0 ] || rm -rf "$place"' EXIT
chmod 755 "$place"
install -m 755 "$IMAPD" "$place/imapd"
[ -n "${MAILDIR:-}" ] || make_maildir

as=
if [ "$uid" = 0 ]; then
	as="setpriv --reuid $(stat -c %u "$MAILDIR") --regid $(stat -c %g "$MAILDIR") --clear-groups -- "
fi
# In MAIL "%" begins a variable and ":" an option.
mail=maildir:$(printf %s "$MAILDIR" | sed 's/%/%%/g; s/:/::/g')
tunnel="env USER=demo HOME=$place MAIL=$(quote "$mail") $as$place/imapd"

/usr/bin/python3 - "$tunnel" <<'EOF'
import imaplib, sys
def tell(result):
    typ, data = result
    if typ != "OK":
        sys.exit("demo: " + data[0].decode(errors="replace"))
    return data
def show(m):
    print("\n== folders")
    for line in tell(m.list()):     # a name that is a literal comes as a pair
        line = b" ".join(line) if isinstance(line, tuple) else line
        if line:
            print("   " + line.decode(errors="replace"))
    count = tell(m.select("INBOX", readonly=True))[0].decode()
    print("\n== INBOX has %s messages" % count)
    if count != "0":
        size, text = tell(m.fetch(count, "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"))[0]
        print("   " + size.decode() + "\n")
        for line in text.decode(errors="replace").splitlines()[:20]:
            print("   | " + line)
    m.logout()
try:
    show(imaplib.IMAP4_stream(sys.argv[1]))
except imaplib.IMAP4.error as error:
    sys.exit("demo: imapd didn't serve: %s" % error)
EOF

cat <<EOF

== served from $MAILDIR
For a mail client's tunnel setting (mutt, neomutt: set tunnel=; mbsync: Tunnel):

   $tunnel

It works until $place is removed.
EOF
