# What can't be meant is refused at the start, in one line, not replaced by a default (README: Settings)
= variants MAIL_PREFIX=. MAIL_PREFIX=a..b. MAIL_PREFIX=INBOX MAIL_SEPARATOR=x MAIL=mbox:~/mail MAIL=maildir:~/%q MAIL=maildir:/etc/passwd MAIL=maildir:~/Maildir:CONTROL=/etc/passwd ROOST_CONF=/etc
= log (MAIL(_PREFIX|_SEPARATOR)?|mkdir|/etc)
= exit 111
= env %variant%
S: * BYE [UNAVAILABLE] ...
S$
