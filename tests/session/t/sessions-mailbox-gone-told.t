# The selected mailbox was deleted by another session: whichever command meets it says so, then BYE (RFC 2180 §3.3)
= log event=(fetch|search|store|copy|sync|size|uidlist)
= message box2 - 11-smith.eml
= message box3 - 11-smith.eml
= message box4 - 11-smith.eml
= message box5 - 11-smith.eml
= message box6 - 11-smith.eml
= message box7 - 11-smith.eml
S: * PREAUTH ...
S2: * PREAUTH ...
C2: a SELECT box2
S2< a OK ...
C: d DELETE box2
S: d OK ...
C2: b FETCH 1 BODY[]
S2: b NO [NONEXISTENT] The selected mailbox was deleted
S2: * BYE [NONEXISTENT] The selected mailbox was deleted
S2$
S3: * PREAUTH ...
C3: a SELECT box3
S3< a OK ...
C: d DELETE box3
S: d OK ...
C3: b FETCH 1 (FLAGS RFC822.SIZE)
S3: * 1 FETCH (FLAGS ())
S3: b NO [NONEXISTENT] The selected mailbox was deleted
S3: * BYE [NONEXISTENT] The selected mailbox was deleted
S3$
S4: * PREAUTH ...
C4: a SELECT box4
S4< a OK ...
C: d DELETE box4
S: d OK ...
C4: b SEARCH BODY dog
S4: * SEARCH
S4: b NO [NONEXISTENT] The selected mailbox was deleted
S4: * BYE [NONEXISTENT] The selected mailbox was deleted
S4$
S5: * PREAUTH ...
C5: a SELECT box5
S5< a OK ...
C: d DELETE box5
S: d OK ...
C5: b STORE 1 +FLAGS (\\Seen)
S5: b NO [NONEXISTENT] The selected mailbox was deleted
S5: * BYE [NONEXISTENT] The selected mailbox was deleted
S5$
S6: * PREAUTH ...
C6: a SELECT box6
S6< a OK ...
C: d DELETE box6
S: d OK ...
C6: b COPY 1 INBOX
S6: b NO [NONEXISTENT] The selected mailbox was deleted
S6: * BYE [NONEXISTENT] The selected mailbox was deleted
S6$
S7: * PREAUTH ...
C7: a SELECT box7
S7< a OK ...
C: d DELETE box7
S: d OK ...
C7: b UID MOVE 1 INBOX
S7: b NO [NONEXISTENT] The selected mailbox was deleted
S7: * BYE [NONEXISTENT] The selected mailbox was deleted
S7$
