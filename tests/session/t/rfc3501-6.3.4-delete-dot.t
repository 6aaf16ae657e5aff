# RFC 3501 §6.3.4 DELETE, second example
# LIST * has the parents without a mailbox as well, as the first example does.
= folder blurdybloop
= folder foo
= folder foo.bar
S: * PREAUTH ...
C: A82 LIST "" *
S: * LIST (\HasNoChildren) "." INBOX
S: * LIST (\HasNoChildren) "." blurdybloop
S: * LIST (\HasChildren) "." foo
S: * LIST (\HasNoChildren) "." foo.bar
S: A82 OK ...
C: A83 DELETE blurdybloop
S: A83 OK ...
C: A84 DELETE foo
S: A84 OK ...
C: A85 LIST "" *
S: * LIST (\HasNoChildren) "." INBOX
S: * LIST (\Noselect \HasChildren) "." foo
S: * LIST (\HasNoChildren) "." foo.bar
S: A85 OK ...
C: A86 LIST "" %
S: * LIST (\HasNoChildren) "." INBOX
S: * LIST (\Noselect \HasChildren) "." foo
S: A86 OK ...
