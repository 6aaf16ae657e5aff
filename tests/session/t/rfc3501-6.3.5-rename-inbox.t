# RFC 3501 §6.3.5 RENAME, second example: INBOX's messages move, its children stay
= folder INBOX.bar
= message S 10-afternoon.eml
= message F 11-smith.eml
S: * PREAUTH ...
C: Z432 LIST "" *
S: * LIST (\HasChildren) "." INBOX
S: * LIST (\HasNoChildren) "." INBOX.bar
S: Z432 OK ...
C: Z433 RENAME INBOX old-mail
S: Z433 OK ...
C: Z434 LIST "" *
S: * LIST (\HasChildren) "." INBOX
S: * LIST (\HasNoChildren) "." INBOX.bar
S: * LIST (\HasNoChildren) "." old-mail
S: Z434 OK ...
C: Z435 STATUS INBOX (MESSAGES)
S: * STATUS INBOX (MESSAGES 0)
S: Z435 OK ...
C: Z436 SELECT old-mail
S< * 2 EXISTS
S< Z436 OK ...
C: Z437 FETCH 1:2 (FLAGS INTERNALDATE RFC822.SIZE)
S~ \* 1 FETCH \(FLAGS \(\\Seen( \\Recent)?\) INTERNALDATE "18-Jul-1996 09:44:25 \+0000" RFC822.SIZE 310\)
S~ \* 2 FETCH \(FLAGS \(\\Flagged( \\Recent)?\) INTERNALDATE "19-Jul-1996 09:44:25 \+0000" RFC822.SIZE \d+\)
S: Z437 OK ...
