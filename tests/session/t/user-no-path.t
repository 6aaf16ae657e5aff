# A user's name that would lead out of the place of all mail is refused, wherever it came from
= variants USER=../x USER=x/../../y USER=.hidden USER=a@.. USER=a@b/../c USER=/etc
= log user name refused
= exit 111
= env MAIL=maildir:~/all/%d/%n:INDEX=~/all/%u
= env %variant%
S: * BYE [UNAVAILABLE] ...
S$
