#!/bin/bash
# make demo: the whole chain behind a port of this machine, and what clients get there.
#
#	make demo                      users alice and bob, with some messages
#	MAILDIR=~/Maildir make demo    that one, in place, for a user "demo"
#	make demo PORT=1143            not just any free port (for imaps it is always one)
#	make demo ONCE=1               ends when it has shown everything
#
# Without ONCE it serves until SIGINT or SIGTERM, with or without a terminal; then no
# process of it is left, and nothing on disk but what clients did to MAILDIR.  LISTENER
# is tcpserver or systemd-socket-activate, else the first of them that is there.
#
# As root, programs and mail lie below a fresh directory of /var/tmp that the users can
# enter, uids from 60000; a MAILDIR is served as its owner.  Otherwise all is of one uid.
# Passwords are new each time: others on this machine can connect, too.
# shellcheck disable=SC2317 # functions that only a trap or until_true calls
set -eu
: "${B:?}" "${SRC:?}"
me=$(id -u)
place='' server='' tls='' tail='' ended=1

die() {
	echo "demo: $*" >&2
	[ ! -s "$place/log" ] || { echo "demo: the log says:"; tail -n 5 "$place/log"; } >&2
	exit 1
}

# Each listener leads a session; all that it started is in there.
running() {
	ps -o stat= -p "$1" -s "$1" | grep -q '^[^Z]'
}

# until_true SECONDS COMMAND...
until_true() {
	tries=$(($1 * 10))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# All of the session, handlers included: they say BYE.
stop() {
	trap '' INT TERM HUP
	for leader in $server $tls; do
		pkill -TERM -s "$leader" || true
	done
	for leader in $server $tls; do
		until_true 5 gone "$leader" || pkill -KILL -s "$leader" || true
	done
	[ -z "$tail" ] || kill "$tail" 2>/dev/null || true
	[ -z "$place" ] || rm -rf "$place"
}

gone() {
	! running "$1"
}

check_maildir() {
	given=$MAILDIR
	case $MAILDIR in \~/*) MAILDIR=$HOME/${MAILDIR#??} ;; esac # make MAILDIR=~/x
	MAILDIR=$(realpath -e "$MAILDIR" 2>/dev/null) || die "$given: no such directory"
	[ -d "$MAILDIR/cur" ] || die "$MAILDIR is no Maildir (no directory 'cur' that can be seen)"
	owner=$(stat -c %u "$MAILDIR")
	[ "$owner" != 0 ] || die "$MAILDIR belongs to root, and root's mail is not served"
	[ "$me" = 0 ] || [ "$me" = "$owner" ] ||
		die "$MAILDIR belongs to uid $owner, and only root can serve it as its owner"
}

# add_user NAME UID GID: a home, a new password, a line of the users file.
add_user() {
	gid=$3
	[ "$gid" != 0 ] || gid=$2 # gid 0 never logs in
	mkdir -p "$place/home/$1"
	echo "$1::$2:$gid::$place/home/$1" >>"$place/users"
	password=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
	echo "$password" | roost_users passwd "$1"
	echo "user = \"$1:$password\"" >"$place/$1.curl"
	echo "   user $1, password $password" >>"$place/logins"
	[ "$2" -ge 1000 ] || echo "FIRST_UID=$2" >>"$place/roost.conf"
	[ "$me" != 0 ] || chown -R "$2:$gid" "$place/home/$1"
}

roost_users() {
	env -i PATH="$PATH" ROOST_CONF="$place/roost.conf" \
		"$place/roost-users" -f "$place/users" "$@" >/dev/null
}

make_maildir() {
	mkdir -p "$1" "$1/cur" "$1/new" "$1/tmp" "$1/.Sent"
	mkdir "$1/.Sent/cur" "$1/.Sent/new" "$1/.Sent/tmp"
	t=$(date +%s) i=0
	for f in "$SRC"/tests/session/mail/*.eml; do
		i=$((i + 1))
		cat "$f" >"$1/new/$t.M${i}P$$.demo"
	done
	printf 'From: you@example.org\nTo: alice@example.org\nSubject: sent from here\n\nhello\n' \
		>"$1/.Sent/cur/$t.M0P$$.demo:2,S"
}

make_users() {
	touch "$place/users"
	chmod 600 "$place/users"
	if [ -n "${MAILDIR:-}" ]; then
		user=demo
		gid=$(id -g "$owner" 2>/dev/null) || gid=$(stat -c %g "$MAILDIR")
		# In MAIL "%" begins a variable and ":" an option; the rest is for the quotes.
		printf 'MAIL="maildir:%s"\n' "$(printf %s "$MAILDIR" |
			sed 's/%/%%/g; s/:/::/g; s/["\\`$]/\\&/g')" >>"$place/roost.conf"
		add_user demo "$owner" "$gid"
		return
	fi
	user=alice
	make_maildir "$place/home/alice/Maildir"
	make_maildir "$place/home/bob/Maildir"
	if [ "$me" = 0 ]; then
		add_user bob 60001 60001
		add_user alice 60000 60000
	else
		add_user bob "$me" "$(id -g)"
		add_user alice "$me" "$(id -g)"
	fi
}

set_up() {
	place=$(mktemp -d /var/tmp/roost-demo.XXXXXX)
	umask 077
	for program in imapd imap-login checkpassword checkpassword-crypt roost-users tls-server \
		roost-cert; do
		install -m 755 "$B/$program" "$place"
	done
	mkdir "$place/home" "$place/run"
	cat >"$place/roost.conf" <<-END
		AUTH=users
		USERS_CDB=$place/users.cdb
		RUN_DIR=$place/run
		TLS_CERT=$place/tls.pem
		LOGIN_USER=60101
		TLS_USER=60102
		WAIT_USER=60103
	END
	"$place/roost-cert" -f "$place/tls.pem" localhost 127.0.0.1 >"$place/out"
	fingerprint=$(sed -n 's/.*Fingerprint=//p' "$place/out")
	openssl x509 -in "$place/tls.pem" -out "$place/tls.crt"
	make_users
	chmod 755 "$place" "$place/home" "$place/run"
	chmod 644 "$place/roost.conf" "$place/tls.crt"
}

# start PORT: true as soon as it listens.  The chain is the one of imap-login(8).
start() {
	port=$1
	case $LISTENER in
	tcpserver) listener=(tcpserver -1 -HR -l 0 127.0.0.1 "$port") ;;
	*) listener=(systemd-socket-activate -a --inetd -l "127.0.0.1:$port" -E ROOST_CONF
		${ASAN_OPTIONS:+-E ASAN_OPTIONS}) ;;
	esac
	: >"$place/log"
	serve "${listener[@]}"
	server=$!
	until_true 10 started && [ -n "$port" ]
}

# serve LISTENER...: it and the chain, in a session of their own.
serve() {
	env -i PATH="$PATH" ROOST_CONF="$place/roost.conf" \
		${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} \
		setsid setpriv --pdeathsig TERM "$@" \
		"$place/imap-login" "$place/checkpassword" "$place/imapd" \
		</dev/null >"$place/port" 2>>"$place/log" &
}

# imaps: tls-server listens by itself.
start_tls() {
	serve "$place/tls-server" -l 127.0.0.1:0
	tls=$!
	until_true 10 tls_started && [ -n "$tls_port" ] || die "tls-server doesn't listen"
}

tls_started() {
	tls_port=$(sed -n 's/.*event=listen .*port=\([0-9]*\).*/\1/p' "$place/log")
	[ -n "$tls_port" ] || ! running "$tls"
}

# Listens, or never will.
started() {
	running "$server" || { port=; return 0; }
	case $LISTENER in
	tcpserver) read -r port <"$place/port" ;;
	*) grep -q '^Listening on' "$place/log" ;;
	esac
}

# tcpserver finds a free port by itself.
listen() {
	if [ -z "${LISTENER:-}" ]; then
		LISTENER=systemd-socket-activate
		! command -v tcpserver >/dev/null || LISTENER=tcpserver
	fi
	command -v "$LISTENER" >/dev/null || die "there is no $LISTENER here"
	if [ -n "${PORT:-}" ] || [ "$LISTENER" = tcpserver ]; then
		start "${PORT:-0}" || die "can't listen on port ${PORT:-0} of 127.0.0.1"
		return
	fi
	for try in 1 2 3 4 5 6 7 8 9; do
		start $((20000 + ($(od -An -N2 -tu2 /dev/urandom) + try) % 12000)) && return
	done
	die "can't listen on 127.0.0.1"
}

# imap PATH [OPTION...]: curl, logged in as $user.
imap() {
	path=$1
	shift
	case "$*" in *--url*) ;; *) set -- "$@" --url "imap://127.0.0.1:$port/$path" ;; esac
	curl -q -sS --noproxy '*' --max-time 60 -K "$place/$user.curl" "$@"
}

# What goes to the terminal is a stranger's text.
show() {
	tr -d '\000-\010\013-\037\177' <"$place/out" | sed "s/^/   /; ${1:-\$}q"
}

show_curl() {
	printf '\n== the folders of %s\n' "$user"
	imap "" >"$place/out" || die "curl can't list the folders"
	show
	if [ "$user" = alice ]; then
		printf '\n== her first message\n'
		imap "INBOX;MAILINDEX=1" >"$place/out" || die "curl can't fetch a message"
		show 20
	fi
	printf '\n== over TLS, the certificate checked: imaps, then STARTTLS\n'
	imap "" --cacert "$place/tls.crt" --url "imaps://localhost:$tls_port/" >"$place/out" ||
		die "curl can't list the folders over imaps"
	imap "" --cacert "$place/tls.crt" --ssl-reqd >>"$place/out" ||
		die "curl can't list the folders after STARTTLS"
	show
	printf '\n== with a wrong password\n'
	code=0
	imap "" -u "$user:wrong" >"$place/out" 2>&1 || code=$?
	[ $code = 67 ] || die "not refused: exit $code of curl"
	show
}

idles() {
	grep -q '^+ ' "$place/said"
}

# A session by hand, which leaves mail as it is; in a MAILDIR curl's FETCH would set \Seen.
show_idle() {
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	: >"$place/said"
	cat <&9 >>"$place/said" &
	reader=$!
	printf 'a LOGIN %s "%s"\r\nb EXAMINE INBOX\r\n' "$user" "$password" >&9
	printf 'c UID FETCH * (FLAGS BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)])\r\nd IDLE\r\n' >&9
	until_true 20 idles || die "no session: $(cat "$place/said")"
	if [ "$user" = demo ]; then
		printf '\n== the newest message, left unread\n'
		sed -n '/^\* .* FETCH /,/^)/p' "$place/said" >"$place/out"
		show
	fi
	printf '\n== a session that waits for new mail, in kilobytes\n'
	ps -s "$server" -o pid,ppid,user,rss,comm | sed 's/^/   /'
	printf 'DONE\r\ne LOGOUT\r\n' >&9
	wait "$reader"
	exec 9>&-
}

show_clients() {
	cat <<-END

	== served by $LISTENER from ${MAILDIR:-$place/home}
	   programs, settings, log: $place (removed at the end)
	   server 127.0.0.1, port $port, IMAP, connection security: none, or STARTTLS
	   server 127.0.0.1, port $tls_port, IMAP, connection security: SSL/TLS
	$(sort "$place/logins")
	   certificate, signed by itself: $place/tls.crt, SHA-256
	   $fingerprint

	curl:
	   curl -u $user:$password 'imap://127.0.0.1:$port/INBOX;MAILINDEX=1'
	   curl -u $user:$password --cacert $place/tls.crt 'imaps://localhost:$tls_port/'
	neomutt, mutt:
	   neomutt -n -F /dev/null -f =INBOX -e 'set ssl_force_tls=no ssl_starttls=no \\
	      imap_user=$user imap_pass=$password folder=imap://127.0.0.1:$port'
	mbsync, in its configuration:
	   IMAPStore demo
	   Host 127.0.0.1
	   Port $port
	   User $user
	   Pass $password
	   SSLType None
	Thunderbird, Account Settings, Server Settings:
	   Server Name 127.0.0.1, Port $port, User Name $user,
	   Connection security: None, Authentication method: Password, transmitted insecurely;
	   or Port $tls_port, SSL/TLS, Normal password, and confirm the certificate above
	END
}

PATH=/usr/bin:/bin
trap stop EXIT
trap 'exit $ended' INT TERM HUP PIPE
[ -z "${MAILDIR:-}" ] || check_maildir
set_up
listen
start_tls
show_curl
show_idle
show_clients
printf '\n== the log\n'
if [ -n "${ONCE:-}" ]; then
	cat "$place/log"
	exit 0
fi
ended=0
tail -n +1 -f "$place/log" &
tail=$!
echo "(it goes on until Ctrl-C)"
wait "$server" || true
ended=1
die "$LISTENER ended by itself"
