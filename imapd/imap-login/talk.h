/* talk.h: the dialogue with a client that hasn't logged in. */
#ifndef TALK_H
#define TALK_H

#include "gate.h"

/* From the greeting to a login that the gate accepted (it ends this process
 * then) or to the end of the connection. */
enum talk_end imap_talk(const struct talk *t);

#endif
