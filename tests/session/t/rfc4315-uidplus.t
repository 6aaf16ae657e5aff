# RFC 4315 §2.1 UID EXPUNGE, §3 APPENDUID and COPYUID
# UIDs are sticky, so the copy to "funny" is told as well.
= folder funny
= message - 10-afternoon.eml
= message S 10-afternoon.eml
= message ST 11-smith.eml x3
= message T 11-smith.eml
= uids INBOX 5 4000 303 304 319 320 3000 3003
= uids saved-messages 38505 3955
= uids meeting 38505 3956
S: * PREAUTH ...
C: A003 APPEND saved-messages (\Seen) {297}
S: + ...
C: Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
C: From: Fred Foobar <foobar@example.com>
C: Subject: afternoon meeting
C: To: mooch@example.com
C: Message-Id: <B27397-0100000@example.com>
C: MIME-Version: 1.0
C: Content-Type: TEXT/PLAIN; CHARSET=US-ASCII
C:
C: Hello Joe, do you think we can meet at 3:30 tomorrow?
C:
S: A003 OK [APPENDUID 38505 3955] ...
C: A001 SELECT INBOX
S< A001 OK ...
C: A004 COPY 2:4 meeting
S: A004 OK [COPYUID 38505 304,319:320 3956:3958] ...
C: A005 UID COPY 305:310 meeting
S~ A005 OK [^\[].*
C: A006 COPY 2 funny
S: A006 OK [COPYUID %funny% 304 1] ...
C: A008 UID EXPUNGE 3000:3002
S: * 5 EXPUNGE
S: A008 OK ...
C: A009 UID EXPUNGE 1:4000
S: * 3 EXPUNGE
S: * 3 EXPUNGE
S: * 3 EXPUNGE
S: A009 OK ...
C: A007 SELECT funny
S: * OK [CLOSED] ...
S< * 1 EXISTS
S: * 1 RECENT
S: * OK [UIDVALIDITY %funny%] ...
S: * OK [UIDNEXT 2] ...
S: A007 OK [READ-WRITE] ...
