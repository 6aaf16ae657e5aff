# RFC 3501 §6.1.2 NOOP
# A second session expunges message 22 and flags 14; another message is delivered.
= message - 10-afternoon.eml x20
= message new 11-smith.eml x3
S: * PREAUTH ...
C: a001 SELECT INBOX
S< * 23 EXISTS
S: * 3 RECENT
S< a001 OK [READ-WRITE] ...
C: a002 NOOP
S: a002 OK ...
S2: * PREAUTH ...
C2: b1 SELECT INBOX
C2: b2 STORE 14 FLAGS.SILENT (\Seen \Deleted)
C2: b3 UID STORE 22 +FLAGS.SILENT (\Deleted)
C2: b4 UID EXPUNGE 22
S2< b4 OK ...
= message new 11-smith.eml
C: a047 NOOP
S: * 22 EXPUNGE
S: * 14 FETCH (FLAGS (\Deleted \Seen))
S: * 23 EXISTS
S: * 3 RECENT
S: a047 OK ...
C2: b5 LOGOUT
S2< b5 OK ...
