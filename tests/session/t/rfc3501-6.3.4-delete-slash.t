# RFC 3501 §6.3.4 DELETE, first example
# INBOX is in every list.  A Maildir++ folder that is only the parent of others goes with the
# last of them, so A686 shows it no more and A687 has nothing to delete.
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
C: A683 DELETE blurdybloop
S: A683 OK ...
C: A684 DELETE foo
S: A684 NO ...
C: A685 DELETE foo/bar
S: A685 OK ...
C: A686 LIST "" *
S: * LIST (\HasNoChildren) "/" INBOX
S: A686 OK ...
C: A687 DELETE foo
S: A687 NO [NONEXISTENT] ...
