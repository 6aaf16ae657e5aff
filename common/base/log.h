/*
 * log.h: one line per event, key=value, escaped, to fd 2.
 *
 * Never a password, never content.  Every line carries the program, the pid
 * and what log_context was told (user, peer); a value with a space, a quote
 * or a control byte is quoted and escaped, so that nobody can forge a line.
 */
#ifndef LOG_H
#define LOG_H

#include "bytes.h"

/* Lines carry ip= from the start if TCPREMOTEIP says it.
 * fd 2 is used unless it is closed or the same file as 0 or 1 (inetd, a bare
 * systemd unit): then /dev/log is connected and takes its place. */
void log_open(const char *program);
/* For tools, whose descriptor 2 is where a person looks whatever it is. */
void log_stderr(const char *program);
/* Adds or replaces a pair that every later line carries (user=, ip=). */
void log_context(const char *key, struct bytes value);

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* `event` is a fixed word ("append", "rebuild"); the rest is free text that is
 * logged as msg="...", escaped. */
void log_write(enum log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__) /* only with DEBUG=yes */
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)

/* The same with pairs of our own in place of msg=: "ms=%d reason=silence", numbers and
 * fixed words.  Text that isn't safe that way becomes a msg= like any other. */
void log_fields(enum log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Logs and exits 111 (temporary trouble, in the qmail sense). */
void log_die(const char *event, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* Into out (size >= 1, always NUL-ended): b escaped as a log value. */
size_t log_escape(char *out, size_t size, struct bytes b);

#endif
