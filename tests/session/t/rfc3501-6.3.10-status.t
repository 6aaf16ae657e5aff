# RFC 3501 §6.3.10 STATUS, §7.2.4
= message blurdybloop S 11-smith.eml x231
= uids blurdybloop 1 44292 1:231
S: * PREAUTH ...
C: A042 STATUS blurdybloop (UIDNEXT MESSAGES)
S: * STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)
S: A042 OK ...
