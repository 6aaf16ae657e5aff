# APPEND: MESSAGE_SIZE_LIMIT (TOOBIG: RFC 4469 §4.2), a client that goes away, large messages
= env MESSAGE_SIZE_LIMIT=100000
= folder box
S: * PREAUTH ...
C: a1 APPEND box {100001}
S: a1 NO [TOOBIG] ...
C: a2 APPEND box {100001+}
C: \{100001}x
S: a2 NO [TOOBIG] ...
C: a3 APPEND box {99999999999999}
S: a3 NO [TOOBIG] ...
C: a4 APPEND box {99999999999999999999999}
S: a4 BAD ...
C: a5 APPEND box {100000}
S: + ...
C: A: b\r\n\r\n\{99992}x
S: a5 OK [APPENDUID ...
C: a6 STATUS box (MESSAGES)
S: * STATUS box (MESSAGES 1)
S: a6 OK ...
C: a7 SELECT box
S< a7 OK ...
C: a8 FETCH 1 (RFC822.SIZE BODY.PEEK[]<99990.100>)
S: * 1 FETCH (RFC822.SIZE 100000 BODY[]<99990> {10}
S: xxxxxxxxxx)
S: a8 OK ...
# half a message, then the client is gone
S2: * PREAUTH ...
C2: b1 APPEND box {50000+}
C2: \{20000}y
wait 0.2
close 2
C: a9 NOOP
S: a9 OK ...
$ test -z "$(ls .box/tmp)"
# all of it, but not the end of the line
S3: * PREAUTH ...
C3: c1 APPEND box {6+}
C3- A: c\r\n
wait 0.2
close 3
C: a10 NOOP
S: a10 OK ...
# NUL must not be sent (§9); whether it's taken or not, it never comes back
C: f1 APPEND box {10+}
C: A: b\r\n\r\n\x00x
S~ (f1 (NO|BAD) .*|\* 2 EXISTS)
C: f2 UID FETCH 2:* BODY.PEEK[]
S~ [^\x00]*
S< f2 ...
