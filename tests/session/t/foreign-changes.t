# Other programs change the Maildir: flags, removals, deliveries, copies (README: mutt, procmail, rsync)
= message - 11-smith.eml x3
S: * PREAUTH ...
C: a1 SELECT INBOX
S< * 3 EXISTS
S< a1 OK ...
# flags are in the name
$ mv cur/*.M2P1.test:2, cur/$(basename $(ls cur/*.M2P1.test:2,))FS
C: a2 NOOP
S: * 2 FETCH (FLAGS (\Flagged \Seen))
S: a2 OK ...
# a message removed
$ rm cur/*.M1P1.test:2,
C: a3 NOOP
S: * 1 EXPUNGE
S: a3 OK ...
# a delivery, and what another program moved to cur itself
= message new 10-afternoon.eml
= message RS 12-minutes.eml
C: a4 NOOP
S: * 4 EXISTS
S~ \* [12] RECENT
S: a4 OK ...
C: a5 FETCH 3:4 (UID RFC822.SIZE)
S: * 3 FETCH (UID 4 RFC822.SIZE 310)
S: * 4 FETCH (UID 5 RFC822.SIZE 3370)
S: a5 OK ...
# a copy under another name is another message
$ cp cur/*.M3P1.test:2, tmp/1000000000.M9P9.copy; mv tmp/1000000000.M9P9.copy new/
C: a6 NOOP
S: * 5 EXISTS
S~ \* \d RECENT
S: a6 OK ...
C: a7 UID FETCH 6 BODY.PEEK[]
S: * 5 FETCH (UID 6 BODY[] @{11-smith.eml})
S: a7 OK ...
# moved from new to cur by another reader: the same message
= message new 11-smith.eml
C: a8 NOOP
S: * 6 EXISTS
S~ \* \d RECENT
S: a8 OK ...
$ f=$(find new cur -name '*.M6P1.test*'); mv $f cur/$(basename ${f%:2,*}):2,S
C: a9 NOOP
S~ \* 6 FETCH \(FLAGS \(\\Seen( \\Recent)?\)\)
S: a9 OK ...
# all at once, while nobody looks
$ rm cur/*M2P1* ; for f in $(find new cur -type f); do mv $f cur/$(basename ${f%:2,*}):2,T; done
C: b1 CHECK
S: * 1 EXPUNGE
S< * 1 FETCH ...
S< b1 OK ...
C: b2 UID SEARCH DELETED
S: * SEARCH 3 4 5 6 7
S: b2 OK ...
C: b3 EXPUNGE
S: * 1 EXPUNGE
S: * 1 EXPUNGE
S: * 1 EXPUNGE
S: * 1 EXPUNGE
S: * 1 EXPUNGE
S: b3 OK ...
$ test -z "$(find new cur -type f)"
