# RFC 3501 §8 Sample IMAP4rev1 connection
# Its sizes don't add up (a header of 342 octets and a body of 3028 are no 4286); PREAUTH
# stands for the login; the case of 7BIT doesn't matter (§9).
= env TZ=PST8PDT,M4.1.0,M10.5.0
= message S 10-afternoon.eml x11
= message S 12-minutes.eml
= message S 11-smith.eml x4
= message new 10-afternoon.eml x2
= uids INBOX 3857529045 19 1:18
$ touch -d '1996-07-17 02:44:25 -0700' cur/*.M12P1.test*
S: * PREAUTH ...
C: a002 select inbox
S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
S: * OK [PERMANENTFLAGS ...
S: * 18 EXISTS
S: * 2 RECENT
S: * OK [UNSEEN 17] ...
S: * OK [UIDVALIDITY 3857529045] ...
S: * OK [UIDNEXT 19] ...
S: a002 OK [READ-WRITE] ...
C: a003 fetch 12 full
S: * 12 FETCH (FLAGS (\Seen) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 3370 ENVELOPE ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>") BODY ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7bit" 3028 92))
S: a003 OK ...
C: a004 fetch 12 body[header]
S: * 12 FETCH (BODY[HEADER] {342}
S: Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
S: From: Terry Gray <gray@cac.washington.edu>
S: Subject: IMAP4rev1 WG mtg summary and minutes
S: To: imap@cac.washington.edu
S: cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
S: Message-Id: <B27397-0100000@cac.washington.edu>
S: MIME-Version: 1.0
S: Content-Type: TEXT/PLAIN; CHARSET=US-ASCII
S:
S: )
S: a004 OK ...
C: a005 store 12 +flags \deleted
S: * 12 FETCH (FLAGS (\Deleted \Seen))
S: a005 OK ...
C: a006 logout
S: * BYE ...
S: a006 OK ...
S$
