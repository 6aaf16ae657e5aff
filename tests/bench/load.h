/* load.h: what the modes of the load generator share. */
#ifndef LOAD_H
#define LOAD_H

#include <stdint.h>

struct client;

/* A number above 0 on the command line; anything else is fatal. */
unsigned load_number(const char *text);
/* User and system time of RUSAGE_SELF or RUSAGE_CHILDREN. */
uint64_t load_cpu_us(int who);
/* A listening socket on a free port of 127.0.0.1. */
int load_listen(unsigned *port);
/* Connects and logs in. */
void load_login(struct client *c, unsigned port, const char *user, const char *password);
/* Appends the message in a file to INBOX. */
void load_append_file(struct client *c, const char *path);

/* The modes; argv begins behind the mode's name. */
int load_talk(char **argv);
int load_append(char **argv);
int load_sendfile(char **argv);
int load_idle(char **argv);
int load_floor(char **argv);

#endif
