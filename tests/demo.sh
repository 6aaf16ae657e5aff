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
place=$(mktemp -d /var/tmp/roost-demo.XXXXXX)
chmod 755 "$place"
install -m 755 "$IMAPD" "$place/imapd"

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

[ -n "${MAILDIR:-}" ] || make_maildir
MAILDIR=$(realpath "$MAILDIR")
if [ ! -d "$MAILDIR/cur" ]; then
	echo "demo: $MAILDIR is no Maildir (no directory 'cur')" >&2
	rm -rf "$place"
	exit 1
fi
owner=$(stat -c %u "$MAILDIR") group=$(stat -c %g "$MAILDIR")
as=
if [ "$uid" = 0 ]; then
	if [ "$owner" = 0 ]; then
		echo "demo: $MAILDIR belongs to root; imapd doesn't serve root's mail" >&2
		rm -rf "$place"
		exit 1
	fi
	as="setpriv --reuid $owner --regid $group --clear-groups -- "
fi
tunnel="env USER=demo HOME=$place MAIL=maildir:$MAILDIR $as$place/imapd"

/usr/bin/python3 - "$tunnel" <<'EOF'
import imaplib, sys
def tell(m, what):
    typ, data = what
    if typ != "OK":
        sys.exit("demo: %s" % data)
    return data
m = imaplib.IMAP4_stream(sys.argv[1])
print("\n== folders")
for line in tell(m, m.list()):
    print("   " + line.decode())
count = tell(m, m.select("INBOX", readonly=True))[0].decode()
print("\n== INBOX has %s messages" % count)
if count != "0":
    size, text = tell(m, m.fetch(count, "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"))[0]
    print("   " + size.decode() + "\n")
    for line in text.decode(errors="replace").splitlines()[:20]:
        print("   | " + line)
m.logout()
EOF

cat <<EOF

== served from $MAILDIR
For a mail client's tunnel setting (mutt, neomutt: set tunnel=; mbsync: Tunnel):

   $tunnel

EOF
