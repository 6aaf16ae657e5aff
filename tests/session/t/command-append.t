# APPEND: flags, dates, errors (RFC 3501 §6.3.11; TRYCREATE §7.1; APPENDUID: RFC 4315)
= env TZ=UTC
= folder box
S: * PREAUTH ...
# a literal is asked for only if the message can be taken
C: a1 APPEND
C: a2 APPEND box
C: a3 APPEND box (\Seen)
C: a4 APPEND box "text"
C: a5 APPEND box (\Seen {10}
C: a6 APPEND box (\Recent) {10}
C: a7 APPEND box "17-Jul-1996" {10}
C: a8 APPEND box "32-Jul-1996 02:44:25 -0700" {10}
S: a1 BAD ...
S: a2 BAD ...
S: a3 BAD ...
S: a4 BAD ...
S: a5 BAD ...
S: a6 BAD ...
S: a7 BAD ...
S: a8 BAD ...
C: b1 APPEND nothing {10}
S: b1 NO [TRYCREATE] ...
C: b2 APPEND a..b {10}
S: b2 NO ...
C: b3 APPEND box {0}
S~ (b3 NO|\+ ).*
S.
C: b4 NOOP
S: b4 OK ...
C: b5 APPEND nothing {10+}
C: 0123456789
S: b5 NO [TRYCREATE] ...
C: b6 APPEND box () {4}x
S: b6 BAD ...
C: b7 APPEND box {3} {4}
S: b7 BAD ...
C: b8 STATUS box (MESSAGES UIDNEXT)
S: * STATUS box (MESSAGES 0 UIDNEXT 1)
S: b8 OK ...
C: c1 APPEND box (\Seen \ANSWERED $Forwarded word) "17-Jul-1996 02:44:25 -0700" {310}
S: + ...
C: Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
C: From: Fred Foobar <foobar@Blurdybloop.COM>
C: Subject: afternoon meeting
C: To: mooch@owatagu.siam.edu
C: Message-Id: <B27397-0100000@Blurdybloop.COM>
C: MIME-Version: 1.0
C: Content-Type: TEXT/PLAIN; CHARSET=US-ASCII
C:
C: Hello Joe, do you think we can meet at 3:30 tomorrow?
C:
S: c1 OK [APPENDUID %validity% 1] ...
C: c2 APPEND "box" () " 7-Feb-1994 23:59:59 +0000" {6+}
C: A: b
C:
S: c2 OK [APPENDUID %validity% 2] ...
C: c3 APPEND {3}
S: + ...
C: box {6}
S: + ...
C: A: c
C:
S: c3 OK [APPENDUID %validity% 3] ...
# something behind the message: nothing is kept
C: c4 APPEND box {6}
S: + ...
C: A: d
C: garbage
S: c4 BAD ...
C: c5 SELECT box
S~ \* FLAGS \(\\Answered \\Flagged \\Deleted \\Seen \\Draft \S+ \S+\)
S< * 3 EXISTS
S: * 3 RECENT
S: * OK [UNSEEN 2] ...
S: * OK [UIDVALIDITY %validity%] ...
S: * OK [UIDNEXT 4] ...
S: c5 OK ...
C: c6 FETCH 1:3 (FLAGS INTERNALDATE RFC822.SIZE)
S: * 1 FETCH (FLAGS (\Answered \Seen \Recent $Forwarded word) INTERNALDATE "17-Jul-1996 09:44:25 +0000" RFC822.SIZE 310)
S~ \* 2 FETCH \(FLAGS \(\\Recent\) INTERNALDATE "[ 0]7-Feb-1994 23:59:59 \+0000" RFC822.SIZE 6\)
S~ \* 3 FETCH \(FLAGS \(\\Recent\) INTERNALDATE "[ \d]\d-\w\w\w-20\d\d [\d:]{8} \+0000" RFC822.SIZE 6\)
S: c6 OK ...
# into the selected mailbox: told at once (§6.3.11)
C: d1 APPEND box (\Draft) {6+}
C: A: e
C:
S: * 4 EXISTS
S: * 4 RECENT
S: d1 OK [APPENDUID %validity% 4] ...
# pipelined
C: e1 APPEND box {6+}
C: A: 1
C:
C: e2 APPEND box {6+}
C: A: 2
C:
C: e3 FETCH 5:6 (UID BODY.PEEK[])
S: * 5 EXISTS
S: * 5 RECENT
S: e1 OK [APPENDUID %validity% 5] ...
S: * 6 EXISTS
S: * 6 RECENT
S: e2 OK [APPENDUID %validity% 6] ...
S: * 5 FETCH (UID 5 BODY[] {6}
S: A: 1
S: )
S: * 6 FETCH (UID 6 BODY[] {6}
S: A: 2
S: )
S: e3 OK ...
