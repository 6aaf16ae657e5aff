# RFC 3501 §6.4.5 FETCH
= message - 11-smith.eml
= message - 10-afternoon.eml
= message S 11-smith.eml
= message F 12-minutes.eml
S: * PREAUTH ...
C: A653 SELECT INBOX
S< A653 OK ...
C: A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])
S: * 2 FETCH (FLAGS (\Seen) BODY[HEADER.FIELDS (DATE FROM)] {90}
S: Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
S: From: Fred Foobar <foobar@Blurdybloop.COM>
S:
S: )
S: * 3 FETCH (FLAGS (\Seen) BODY[HEADER.FIELDS (DATE FROM)] {84}
S: Date: Tue, 8 Feb 1994 09:12:00 -0800 (PST)
S: From: Adam Smith <smith@example.com>
S:
S: )
S: * 4 FETCH (FLAGS (\Flagged \Seen) BODY[HEADER.FIELDS (DATE FROM)] {91}
S: Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
S: From: Terry Gray <gray@cac.washington.edu>
S:
S: )
S: A654 OK ...
