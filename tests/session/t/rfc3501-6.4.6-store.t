# RFC 3501 §6.4.6 STORE
= message - 11-smith.eml
= message S 11-smith.eml
= message - 11-smith.eml
= message FS 11-smith.eml
S: * PREAUTH ...
C: A002 SELECT INBOX
S< A002 OK ...
C: A003 STORE 2:4 +FLAGS (\Deleted)
S: * 2 FETCH (FLAGS (\Deleted \Seen))
S: * 3 FETCH (FLAGS (\Deleted))
S: * 4 FETCH (FLAGS (\Flagged \Deleted \Seen))
S: A003 OK ...
