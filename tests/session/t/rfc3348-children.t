# RFC 3348 §4 CHILDREN; a child of ITEM_2 is there to be seen
= env MAIL_SEPARATOR=/
= folder ITEM_1
= folder ITEM_1.ITEM_1A
= folder ITEM_2
= folder ITEM_2.TOP
S: * PREAUTH ...
C: A001 LIST "" *
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\HasChildren) "/" ITEM_1
S: * LIST (\HasNoChildren) "/" ITEM_1/ITEM_1A
S: * LIST (\HasChildren) "/" ITEM_2
S: * LIST (\HasNoChildren) "/" ITEM_2/TOP
S: A001 OK ...
