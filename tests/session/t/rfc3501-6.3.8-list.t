# RFC 3501 §6.3.8 LIST, §7.2.2
# There are no breakout characters: a reference is not rooted, whatever it begins with.
= env MAIL_SEPARATOR=/
= folder ~.Mail.foo.below
= folder ~.Mail.meetings
S: * PREAUTH ...
C: A101 LIST "" ""
S: * LIST (\Noselect) "/" ""
S: A101 OK ...
C: A102 LIST #news.comp.mail.misc ""
S: * LIST (\Noselect) "/" ""
S: A102 OK ...
C: A103 LIST /usr/staff/jones ""
S: * LIST (\Noselect) "/" ""
S: A103 OK ...
C: A202 LIST ~/Mail/ %
S: * LIST (\Noselect \HasChildren) "/" ~/Mail/foo
S: * LIST (\HasNoChildren) "/" ~/Mail/meetings
S: A202 OK ...
