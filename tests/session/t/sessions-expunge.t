# Several sessions: EXPUNGE is told when it may be, never during FETCH, STORE, SEARCH (RFC 3501 §7.4.1)
# What is gone is served as RFC 2180 §4.1.2 has it, EXPUNGEISSUED (RFC 5530).
= message T 11-smith.eml x6
= message - 11-smith.eml
$ cd cur; for f in *.M1P* *.M3P* *.M5P* *.M6P*; do mv "$f" "${f%T}"; done
S: * PREAUTH ...
C: a1 SELECT INBOX
S< * 7 EXISTS
S< a1 OK ...
S2: * PREAUTH ...
C2: b1 SELECT INBOX
S2< b1 OK ...
C2: b3 EXPUNGE
S2: * 2 EXPUNGE
S2: * 3 EXPUNGE
S2: b3 OK ...
# numbers stay as they are
C: a2 FETCH 3,5:7 UID
S: * 3 FETCH (UID 3)
S: * 5 FETCH (UID 5)
S: * 6 FETCH (UID 6)
S: * 7 FETCH (UID 7)
S: a2 OK ...
C: a3 STORE 5 FLAGS (\Seen)
S: * 5 FETCH (FLAGS (\Seen))
S: a3 OK ...
C: a4 SEARCH SEEN
S: * SEARCH 5
S: a4 OK ...
# something of messages that are gone
C: a5 FETCH 2:3 BODY.PEEK[HEADER.FIELDS (X)]
S< * 3 FETCH ...
S~ a5 (NO \[EXPUNGEISSUED\]|OK) .*
C: a6 FETCH 1:4 BODY.PEEK[TEXT]
S: * 1 FETCH (BODY[TEXT] @{11-smith.eml 7-7})
S: * 3 FETCH (BODY[TEXT] @{11-smith.eml 7-7})
S: a6 NO [EXPUNGEISSUED] ...
C: a7 STORE 2:3 +FLAGS (\Flagged)
S< * 3 FETCH (FLAGS (\Flagged))
S~ a7 (NO \[EXPUNGEISSUED\]|OK) .*
C: a8 SEARCH TEXT "Half past"
S< * SEARCH 1 3 5 6 7
S: a8 OK ...
C: a9 COPY 2:3 INBOX
S: * 2 EXPUNGE
S: * 3 EXPUNGE
S: a9 NO [EXPUNGEISSUED] ...
C: a10 FETCH 1:* UID
S: * 1 FETCH (UID 1)
S: * 2 FETCH (UID 3)
S: * 3 FETCH (UID 5)
S: * 4 FETCH (UID 6)
S: * 5 FETCH (UID 7)
S: a10 OK ...
C: a11 FETCH 6 UID
S: a11 BAD ...
# UID commands may tell it (§7.4.1)
C2: c1 NOOP
S2< c1 OK ...
C2: c2 STORE 1 FLAGS.SILENT (\Deleted)
C2: c3 EXPUNGE
S2: c2 OK ...
S2: * 1 EXPUNGE
S2: c3 OK ...
C: d1 UID FETCH 3 UID
S: * 2 FETCH (UID 3)
S: * 1 EXPUNGE
S: d1 OK ...
# pipelined FETCHs don't have it in between
C2: c4 STORE 1 FLAGS.SILENT (\Deleted)
C2: c5 EXPUNGE
S2< c5 OK ...
C: d2 FETCH 1 UID
C: d3 FETCH 2 UID
C: d4 NOOP
S: * 1 FETCH (UID 3)
S: d2 OK ...
S: * 2 FETCH (UID 5)
S: d3 OK ...
S: * 1 EXPUNGE
S: d4 OK ...
C: d5 UID SEARCH ALL
S: * SEARCH 5 6 7
S: d5 OK ...
