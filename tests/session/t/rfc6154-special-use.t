# RFC 6154 §5.1 LIST with special uses; no \Marked, and \HasNoChildren is told always
= env MAIL_SEPARATOR=/
= env SPECIAL_SENT=SentMail
= env SPECIAL_DRAFTS=MyDrafts
= folder ToDo
= folder Projects.Foo
= folder Projects
= folder SentMail
= folder MyDrafts
= folder Trash
S: * PREAUTH ...
C: t1 LIST "" "%"
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\Drafts \HasNoChildren) "/" MyDrafts
S: * LIST (\HasChildren) "/" Projects
S: * LIST (\Sent \HasNoChildren) "/" SentMail
S: * LIST (\HasNoChildren) "/" ToDo
S: * LIST (\Trash \HasNoChildren) "/" Trash
S: t1 OK ...
C: t2 LIST "" "%" RETURN (SPECIAL-USE)
S: * LIST (\HasNoChildren) "/" INBOX
S: * LIST (\Drafts \HasNoChildren) "/" MyDrafts
S: * LIST (\HasChildren) "/" Projects
S: * LIST (\Sent \HasNoChildren) "/" SentMail
S: * LIST (\HasNoChildren) "/" ToDo
S: * LIST (\Trash \HasNoChildren) "/" Trash
S: t2 OK ...
C: t3 LIST (SPECIAL-USE) "" "*"
S: * LIST (\Drafts \HasNoChildren) "/" MyDrafts
S: * LIST (\Sent \HasNoChildren) "/" SentMail
S: * LIST (\Trash \HasNoChildren) "/" Trash
S: t3 OK ...
