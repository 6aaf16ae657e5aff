# Maildirs that no mail program made: names without room for flags, what is not what it should be (README: serves the Maildirs you have)
= log Permission denied|Not a directory|Symbolic link loop|Too many levels
= message - 11-smith.eml
$ l=$(printf '%0250d' 0); cp cur/* "tmp/$l"; mv "tmp/$l" new/
$ mkdir -p .Shut/cur .Flat/cur .Flat/new; echo x >.Flat/tmp; chmod 0 .Shut
$ mkfifo cur/5.M1P1.fifo:2,; mkdir cur/6.M1P1.dir:2,; ln -s 7.M1P1.loop:2, cur/7.M1P1.loop:2,; ln -s /nonexistent cur/8.M1P1.link:2,; ln -s /dev/zero cur/9.M1P1.dev:2,; : >cur/1.M1P1.empty:2,
$ ln -s /nonexistent .Nowhere; ln -s .Loop .Loop; mkfifo .Pipe; echo x >.dovecot.sieve
S: * PREAUTH ...
# a folder that may not be entered is not a folder that was deleted
C: a1 LIST "" *
S: * LIST (\HasNoChildren) "." INBOX
S: * LIST (\HasNoChildren) "." Flat
S: * LIST (\HasNoChildren) "." Shut
S: a1 OK ...
C: a2 STATUS Shut (MESSAGES)
S: a2 NO [NOPERM] ...
C: a3 STATUS Loop (MESSAGES)
S: a3 NO ...
C: a4 STATUS Pipe (MESSAGES)
S: a4 NO ...
C: a5 APPEND Flat {1+}
C: x
S: a5 NO [UNAVAILABLE] ...
# messages are files; all of them take every flag
C: a6 SELECT INBOX
S< * 3 EXISTS
S< a6 OK ...
C: a7 FETCH 1:3 RFC822.SIZE
S~ \* [123] FETCH \(RFC822.SIZE (0|310|\d+)\)
S~ \* [123] FETCH \(RFC822.SIZE (0|310|\d+)\)
S~ \* [123] FETCH \(RFC822.SIZE (0|310|\d+)\)
S: a7 OK ...
C: a8 STORE 1:3 FLAGS.SILENT (\Seen \Deleted \Flagged a b c d)
S< a8 OK ...
C: a9 EXPUNGE
S: * 1 EXPUNGE
S: * 1 EXPUNGE
S: * 1 EXPUNGE
S: a9 OK ...
$ chmod 700 .Shut
