/*
 * conf.h: settings are environment variables; those not set there are read
 * from roost.conf (a systemd EnvironmentFile: KEY=value, # comments, quotes).
 * The file is SYSCONFDIR "/roost/roost.conf", or $ROOST_CONF when the
 * process was not started with more privilege than its caller (AT_SECURE);
 * /dev/null there means no file.  It is read when a key is first missed in the
 * environment, so a program asks for something before it shuts itself in; a
 * file that is there but can't be read then ends the process with 111.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stdint.h>

/* The value or NULL; lives as long as the process.  A key that the chain
 * hands on as a fact of this login (AUTHORIZED, AUTHMECH, AUTHSTEP,
 * MASTER_USER, CREDENTIALS_LOOKUP, LOGINFD, IMAPTAG, HOME, USER, SHELL) is
 * never taken from the file. */
const char *conf_get(const char *key);
const char *conf_str(const char *key, const char *fallback);
/* A bad value is logged once and the fallback used. */
uint64_t conf_u64(const char *key, uint64_t fallback, uint64_t min, uint64_t max);
bool conf_bool(const char *key, bool fallback); /* yes/no, true/false, 1/0 */
/* Reads the file now.  0, or -1 with errno when it is there but can't be read; its name
 * in *path. */
int conf_ready(const char **path);
/* Reads another file; for tests.  0, or -1 with errno. */
int conf_load(const char *path);
/* Forgets what was read, and reads no file from now on; for tests. */
void conf_forget(void);

#endif
