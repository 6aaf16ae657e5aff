# RFC 3501 §6.3.5 RENAME, first example
= env MAIL_SEPARATOR=/
= folder blurdybloop
= folder foo.bar
S: * PREAUTH ...
C: A682 LIST "" *
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\HasNoChildren) "/" blurdybloop
S: * LIST (\Noselect \HasChildren) "/" foo
S: * LIST (\HasNoChildren) "/" foo/bar
S: A682 OK ...
C: A683 RENAME blurdybloop sarasoop
S: A683 OK ...
C: A684 RENAME foo zowie
S: A684 OK ...
C: A685 LIST "" *
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\HasNoChildren) "/" sarasoop
S: * LIST (\Noselect \HasChildren) "/" zowie
S: * LIST (\HasNoChildren) "/" zowie/bar
S: A685 OK ...
