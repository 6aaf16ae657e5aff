# RFC 3501 §6.4.3 EXPUNGE, §7.4.1: messages 3, 4, 7 and 11 are \Deleted
= message - 11-smith.eml x2
= message T 11-smith.eml x2
= message S 11-smith.eml x2
= message ST 11-smith.eml
= message - 11-smith.eml x3
= message FT 11-smith.eml
= message - 11-smith.eml
S: * PREAUTH ...
C: A201 SELECT INBOX
S< A201 OK ...
C: A202 EXPUNGE
S: * 3 EXPUNGE
S: * 3 EXPUNGE
S: * 5 EXPUNGE
S: * 8 EXPUNGE
S: A202 OK ...
C: A203 UID SEARCH ALL
S: * SEARCH 1 2 5 6 8 9 10 12
S: A203 OK ...
