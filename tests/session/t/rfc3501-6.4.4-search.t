# RFC 3501 §6.4.4 SEARCH, §7.2.5
# 882 messages; those of Adam Smith are not asked for.  Six octets of UTF-8 are in message 43.
= message F 11-smith.eml
= message F 10-afternoon.eml
= message - 10-afternoon.eml x40
= message - 03-greetings.eml
= message F 11-smith.eml x40
= message F 10-afternoon.eml
= message - 10-afternoon.eml x797
= message F 12-minutes.eml
S: * PREAUTH ...
C: A281 SELECT INBOX
S< * 882 EXISTS
S< A281 OK ...
C: A282 SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
S: * SEARCH 2 84 882
S: A282 OK ...
C: A283 SEARCH TEXT "string not in mailbox"
S: * SEARCH
S: A283 OK ...
C: A284 SEARCH CHARSET UTF-8 TEXT {6}
S: + ...
C: 日本
S: * SEARCH 43
S: A284 OK ...
