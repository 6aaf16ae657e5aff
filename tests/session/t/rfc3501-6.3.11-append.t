# RFC 3501 §6.3.11 APPEND
= folder saved-messages
S: * PREAUTH ...
C: A003 APPEND saved-messages (\Seen) {310}
S: + ...
C: Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
C: From: Fred Foobar <foobar@Blurdybloop.COM>
C: Subject: afternoon meeting
C: To: mooch@owatagu.siam.edu
C: Message-Id: <B27397-0100000@Blurdybloop.COM>
C: MIME-Version: 1.0
C: Content-Type: TEXT/PLAIN; CHARSET=US-ASCII
C:
C: Hello Joe, do you think we can meet at 3:30 tomorrow?
C:
S: A003 OK [APPENDUID %validity% %uid%] ...
C: A004 SELECT saved-messages
S< * 1 EXISTS
S: * 1 RECENT
S: * OK [UIDVALIDITY %validity%] ...
S< A004 OK ...
C: A005 FETCH 1 (FLAGS UID BODY.PEEK[])
S: * 1 FETCH (FLAGS (\Seen \Recent) UID %uid% BODY[] @{10-afternoon.eml})
S: A005 OK ...
