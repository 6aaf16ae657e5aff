# Several sessions: \Recent is for the first that is told (RFC 3501 §2.3.2), EXISTS and RECENT (§7.3)
= message - 11-smith.eml
= message new 11-smith.eml x2
S: * PREAUTH ...
C: a0 STATUS INBOX (RECENT)
S: * STATUS INBOX (RECENT 2)
S: a0 OK ...
# EXAMINE takes nothing away
C: a1 EXAMINE INBOX
S< * 3 EXISTS
S: * 2 RECENT
S< a1 OK ...
S2: * PREAUTH ...
C2: b1 SELECT INBOX
S2< * 3 EXISTS
S2: * 2 RECENT
S2< b1 OK ...
S3: * PREAUTH ...
C3: c1 SELECT INBOX
S3< * 3 EXISTS
S3: * 0 RECENT
S3< c1 OK ...
C2: b2 SEARCH RECENT
S2: * SEARCH 2 3
S2: b2 OK ...
C3: c2 SEARCH RECENT
S3: * SEARCH
S3: c2 OK ...
C3: c3 FETCH 3 FLAGS
S3: * 3 FETCH (FLAGS ())
S3: c3 OK ...
C2: b3 FETCH 3 FLAGS
S2: * 3 FETCH (FLAGS (\Recent))
S2: b3 OK ...
C2: b4 STORE 3 FLAGS (\Seen)
S2: * 3 FETCH (FLAGS (\Seen \Recent))
S2: b4 OK ...
# a delivery: whoever is told first
= message new 11-smith.eml
C3: c4 NOOP
S3< * 4 EXISTS
S3: * 1 RECENT
S3< c4 OK ...
C2: b5 NOOP
S2< * 4 EXISTS
S2: * 2 RECENT
S2< b5 OK ...
# an APPEND of the other
C2: b6 APPEND INBOX {6+}
C2: A: b
C2:
S2: * 5 EXISTS
S2: * 3 RECENT
S2: b6 OK ...
C3: c5 NOOP
S3: * 5 EXISTS
S3: * 1 RECENT
S3: c5 OK ...
# the next session has none
C: d1 SELECT INBOX
S< * 5 EXISTS
S: * 0 RECENT
S< d1 OK ...
