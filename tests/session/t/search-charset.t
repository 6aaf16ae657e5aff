# SEARCH CHARSET: UTF-8, ISO-8859-2, KOI8-R, ISO-2022-JP against headers and bodies; BADCHARSET (RFC 3501 §6.4.4, §7.1)
= message - 11-smith.eml
= message S 10-afternoon.eml
= message F 12-minutes.eml
= message R 01-invitation.eml
= message D 02-report.eml
= message T 03-greetings.eml
= message new 04-tree.eml
= message new odd/base64.eml
= message - odd/charset-latin2.eml
= message - odd/charset-koi8.eml
= message - odd/charset-jis.eml
= uids INBOX 1 100 1:11
S: * PREAUTH ...
C: s SELECT INBOX
S< s OK ...
# UTF-8, in headers and bodies of any charset
C: a2 SEARCH CHARSET UTF-8 SUBJECT {12+}\r\nПривет
S: * SEARCH 6
S: a2 OK ...
C: a3 SEARCH CHARSET utf-8 SUBJECT "привет and příliš žluťoučký and 日本"
S: * SEARCH 6
S: a3 OK ...
C: a4 SEARCH CHARSET UTF-8 FROM {8+}\r\nИван
S: * SEARCH 6
S: a4 OK ...
C: a5 SEARCH CHARSET UTF-8 TO {6+}\r\n山田
S: * SEARCH 6
S: a5 OK ...
C: a6 SEARCH CHARSET UTF-8 TO {7+}\r\nDvořá
S: * SEARCH 6
S: a6 OK ...
C: a7 SEARCH CHARSET "UTF-8" BODY {6+}\r\nKüste
S: * SEARCH 8
S: a7 OK ...
C: a8 SEARCH CHARSET UTF-8 BODY {13+}\r\nžluťoučký
S: * SEARCH 6
S: a8 OK ...
C: a9 SEARCH CHARSET UTF-8 BODY "ŽLUŤOUČKÝ KŮŇ"
S: * SEARCH 6
S: a9 OK ...
C: a10 SEARCH CHARSET UTF-8 BODY {6+}\r\nBjörn
S: * SEARCH 4
S: a10 OK ...
C: a11 SEARCH CHARSET UTF-8 BODY {6+}\r\nIrène
S: * SEARCH 4
S: a11 OK ...
C: a12 SEARCH CHARSET UTF-8 TEXT {6+}\r\nživot
S: * SEARCH 9
S: a12 OK ...
C: a13 SEARCH CHARSET UTF-8 SUBJECT {6+}\r\nŽivot
S: * SEARCH 9
S: a13 OK ...
C: a14 SEARCH CHARSET UTF-8 BODY {22+}\r\nфранцузских
S: * SEARCH 10
S: a14 OK ...
C: a15 SEARCH CHARSET UTF-8 BODY {11+}\r\nŘeka teče
S: * SEARCH 9
S: a15 OK ...
C: a16 SEARCH CHARSET UTF-8 SUBJECT {18+}\r\nпанграмма
S: * SEARCH 10
S: a16 OK ...
C: a17 SEARCH CHARSET UTF-8 BODY {6+}\r\n東京
S: * SEARCH 11
S: a17 OK ...
C: a18 SEARCH CHARSET UTF-8 TEXT {6+}\r\n会議
S: * SEARCH 11
S: a18 OK ...
# ISO-8859-2, KOI8-R, ISO-2022-JP in the search
C: a20 SEARCH CHARSET ISO-8859-2 SUBJECT {6+}\r\nP\xf8\xedli\xb9
S: * SEARCH 6
S: a20 OK ...
C: a21 SEARCH CHARSET iso-8859-2 BODY {4+}\r\n\xf8eka
S: * SEARCH 9
S: a21 OK ...
C: a22 SEARCH CHARSET ISO-8859-2 TEXT {5+}\r\n\xaeIVOT
S: * SEARCH 9
S: a22 OK ...
C: a23 SEARCH CHARSET KOI8-R FROM {4+}\r\n\xc9\xd7\xc1\xce
S: * SEARCH 6
S: a23 OK ...
C: a24 SEARCH CHARSET KOI8-R BODY {11+}\r\n\xe6\xf2\xe1\xee\xe3\xf5\xfa\xf3\xeb\xe9\xe8
S: * SEARCH 10
S: a24 OK ...
C: a25 SEARCH CHARSET ISO-2022-JP TO {10+}\r\n\x1b$B;3ED\x1b(B
S: * SEARCH 6
S: a25 OK ...
C: a26 SEARCH CHARSET ISO-2022-JP SUBJECT {10+}\r\n\x1b$BF|K\\\x1b(B
S: * SEARCH 6
S: a26 OK ...
C: a27 SEARCH CHARSET ISO-2022-JP TEXT {10+}\r\n\x1b$BEl5~\x1b(B
S: * SEARCH 11
S: a27 OK ...
C: a28 SEARCH CHARSET iso-2022-jp BODY {10+}\r\n\x1b$B2q5D\x1b(B
S: * SEARCH 11
S: a28 OK ...
# US-ASCII, and none
C: a30 SEARCH CHARSET US-ASCII FROM smith
S: * SEARCH 1
S: a30 OK ...
C: a31 SEARCH CHARSET us-ascii 1:2 SEEN
S: * SEARCH 2
S: a31 OK ...
# several keys share it
C: a33 SEARCH CHARSET ISO-8859-2 OR BODY {5+}\r\n\xbeivot SUBJECT {6+}\r\nP\xf8\xedli\xb9
S: * SEARCH 6 9
S: a33 OK ...
# charsets that are none
C: n1 SEARCH CHARSET X-UNKNOWN TEXT a
S: n1 NO [BADCHARSET ...
C: n2 SEARCH CHARSET "no such" ALL
S: n2 NO [BADCHARSET ...
C: n3 UID SEARCH CHARSET X-UNKNOWN TEXT {3+}
C: abc
S: n3 NO [BADCHARSET ...
# bytes that aren't of the charset
C: n4 SEARCH CHARSET UTF-8 TEXT {2+}
C: \xff\xfe
S~ n4 (BAD|NO) .*
