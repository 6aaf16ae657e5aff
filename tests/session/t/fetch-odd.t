# FETCH of messages that are cut short, empty, 8-bit, with NUL or bare CR, in parts without newlines
# RFC 3501 §6.4.5, §4.3.1: NUL can't be in a literal, 0x80 stands for it; "" is what an empty text is.
# The blank line is part of a header but for messages that have none (§6.4.5).
= variants .eml .eml:crlf
= message S odd/header-only%variant%
= message S odd/header-blank%variant%
= message S odd/empty%variant%
= message S odd/body-only%variant%
= message S odd/no-newline%variant%
= message S odd/header-cut%variant%
= message S odd/nul%variant%
= message S odd/8bit%variant%
= message S odd/bare-cr%variant%
= message S odd/mixed-ends%variant%
= message S odd/base64%variant%
S: * PREAUTH ...
C: s SELECT INBOX
S< s OK [READ-WRITE] ...
C: a1 FETCH 1 (RFC822.SIZE BODY.PEEK[])
S: * 1 FETCH (RFC822.SIZE @{#odd/header-only.eml} BODY[] @{odd/header-only.eml})
S: a1 OK ...
C: b1 FETCH 1 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 1 FETCH (BODY[HEADER] @{odd/header-only.eml 1-2} BODY[TEXT] "" BODY[1] "")
S: b1 OK ...
C: a2 FETCH 2 (RFC822.SIZE BODY.PEEK[])
S: * 2 FETCH (RFC822.SIZE @{#odd/header-blank.eml} BODY[] @{odd/header-blank.eml})
S: a2 OK ...
C: b2 FETCH 2 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 2 FETCH (BODY[HEADER] @{odd/header-blank.eml 1-3} BODY[TEXT] "" BODY[1] "")
S: b2 OK ...
C: a3 FETCH 3 (RFC822.SIZE BODY.PEEK[])
S: * 3 FETCH (RFC822.SIZE @{#odd/empty.eml} BODY[] @{odd/empty.eml})
S: a3 OK ...
C: b3 FETCH 3 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 3 FETCH (BODY[HEADER] "" BODY[TEXT] "" BODY[1] "")
S: b3 OK ...
C: a4 FETCH 4 (RFC822.SIZE BODY.PEEK[])
S: * 4 FETCH (RFC822.SIZE @{#odd/body-only.eml} BODY[] @{odd/body-only.eml})
S: a4 OK ...
C: b4 FETCH 4 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 4 FETCH (BODY[HEADER] @{odd/body-only.eml 1-1} BODY[TEXT] @{odd/body-only.eml 2-2} BODY[1] @{odd/body-only.eml 2-2})
S: b4 OK ...
C: a5 FETCH 5 (RFC822.SIZE BODY.PEEK[])
S: * 5 FETCH (RFC822.SIZE @{#odd/no-newline.eml} BODY[] @{odd/no-newline.eml})
S: a5 OK ...
C: b5 FETCH 5 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 5 FETCH (BODY[HEADER] @{odd/no-newline.eml 1-2} BODY[TEXT] @{odd/no-newline.eml 3-3} BODY[1] @{odd/no-newline.eml 3-3})
S: b5 OK ...
C: a6 FETCH 6 (RFC822.SIZE BODY.PEEK[])
S: * 6 FETCH (RFC822.SIZE @{#odd/header-cut.eml} BODY[] @{odd/header-cut.eml})
S: a6 OK ...
C: b6 FETCH 6 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 6 FETCH (BODY[HEADER] @{odd/header-cut.eml 1-1} BODY[TEXT] "" BODY[1] "")
S: b6 OK ...
C: a7 FETCH 7 (RFC822.SIZE BODY.PEEK[])
S: * 7 FETCH (RFC822.SIZE @{#odd/nul.eml} BODY[] @{odd/nul.eml})
S: a7 OK ...
C: b7 FETCH 7 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 7 FETCH (BODY[HEADER] @{odd/nul.eml 1-3} BODY[TEXT] @{odd/nul.eml 4-5} BODY[1] @{odd/nul.eml 4-5})
S: b7 OK ...
C: a8 FETCH 8 (RFC822.SIZE BODY.PEEK[])
S: * 8 FETCH (RFC822.SIZE @{#odd/8bit.eml} BODY[] @{odd/8bit.eml})
S: a8 OK ...
C: b8 FETCH 8 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 8 FETCH (BODY[HEADER] @{odd/8bit.eml 1-5} BODY[TEXT] @{odd/8bit.eml 6-6} BODY[1] @{odd/8bit.eml 6-6})
S: b8 OK ...
C: a9 FETCH 9 (RFC822.SIZE BODY.PEEK[])
S: * 9 FETCH (RFC822.SIZE @{#odd/bare-cr.eml} BODY[] @{odd/bare-cr.eml})
S: a9 OK ...
C: b9 FETCH 9 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 9 FETCH (BODY[HEADER] @{odd/bare-cr.eml 1-2} BODY[TEXT] @{odd/bare-cr.eml 3-3} BODY[1] @{odd/bare-cr.eml 3-3})
S: b9 OK ...
C: a10 FETCH 10 (RFC822.SIZE BODY.PEEK[])
S: * 10 FETCH (RFC822.SIZE @{#odd/mixed-ends.eml} BODY[] @{odd/mixed-ends.eml})
S: a10 OK ...
C: b10 FETCH 10 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 10 FETCH (BODY[HEADER] @{odd/mixed-ends.eml 1-3} BODY[TEXT] @{odd/mixed-ends.eml 4-6} BODY[1] @{odd/mixed-ends.eml 4-6})
S: b10 OK ...
C: a11 FETCH 11 (RFC822.SIZE BODY.PEEK[])
S: * 11 FETCH (RFC822.SIZE @{#odd/base64.eml} BODY[] @{odd/base64.eml})
S: a11 OK ...
C: b11 FETCH 11 (BODY[HEADER] BODY[TEXT] BODY[1])
S: * 11 FETCH (BODY[HEADER] @{odd/base64.eml 1-6} BODY[TEXT] @{odd/base64.eml 7-8} BODY[1] @{odd/base64.eml 7-8})
S: b11 OK ...
C: c1 FETCH 1:2 BODY[HEADER.FIELDS (From)]
S: * 1 FETCH (BODY[HEADER.FIELDS (From)] @{odd/header-only.eml 2-2})
S: * 2 FETCH (BODY[HEADER.FIELDS (From)] @{odd/header-blank.eml 2-3})
S: c1 OK ...
C: c2 FETCH 1:2 BODY[HEADER.FIELDS (From X-Y)]
S: * 1 FETCH (BODY[HEADER.FIELDS (From X-Y)] @{odd/header-only.eml 2-2})
S: * 2 FETCH (BODY[HEADER.FIELDS (From X-Y)] @{odd/header-blank.eml 2-3})
S: c2 OK ...
C: c3 FETCH 7 BODY[HEADER.FIELDS (X-Nul)]
S: * 7 FETCH (BODY[HEADER.FIELDS (X-Nul)] @{odd/nul.eml 2-3})
S: c3 OK ...
C: c4 FETCH 8 BODY[HEADER.FIELDS (Subject From)]
S: * 8 FETCH (BODY[HEADER.FIELDS (Subject From)] @{odd/8bit.eml 1-2 5-5})
S: c4 OK ...
C: c5 FETCH 3 (ENVELOPE BODY RFC822.SIZE)
S: * 3 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) RFC822.SIZE 0)
S: c5 OK ...
C: c6 FETCH 7 BODY
S: * 7 FETCH (BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" @{#odd/nul.eml 4-5} 2))
S: c6 OK ...
C: c7 FETCH 8 ENVELOPE
S: * 8 FETCH (ENVELOPE (NIL {10}
S: caf\xe9 na\xefve (({5}
S: Andr\xe9 NIL "andre" "example.com")) (({5}
S: Andr\xe9 NIL "andre" "example.com")) (({5}
S: Andr\xe9 NIL "andre" "example.com")) NIL NIL NIL NIL NIL))
S: c7 OK ...
C: c8 FETCH 11 BODYSTRUCTURE
S: * 11 FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "utf-8") NIL NIL "base64" @{#odd/base64.eml 7-8} 2 NIL NIL NIL NIL))
S: c8 OK ...
