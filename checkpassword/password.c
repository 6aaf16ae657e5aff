/*
 * password.c: see password.h.
 *
 * Whatever ends us while a terminal shows nothing of what is typed, the terminal is
 * set right before.
 */
#include "password.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

#define ENDS (sizeof(ends) / sizeof(ends[0]))

static void set_right(int sig)
{
	tcsetattr(0, TCSAFLUSH, &saved);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void hide(void)
{
	struct termios quiet = saved;

	for (size_t i = 0; i < ENDS; i++)
		signal(ends[i], set_right);
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(0, TCSAFLUSH, &quiet);
}

static void show(void)
{
	tcsetattr(0, TCSAFLUSH, &saved);
	for (size_t i = 0; i < ENDS; i++)
		signal(ends[i], SIG_DFL);
	fputc('\n', stderr);
}

/* A line without its LF; its length, or PASSWORD_MAX + 1 if it is longer. */
static size_t read_line(char out[PASSWORD_MAX + 1])
{
	size_t n = 0;
	char c;

	while (n <= PASSWORD_MAX && read(0, &c, 1) == 1 && c != '\n' && c != '\0') {
		if (n < PASSWORD_MAX)
			out[n] = c;
		n++;
	}
	out[n < PASSWORD_MAX ? n : PASSWORD_MAX] = '\0';
	return n;
}

static const char *read_one(const char *prompt, char out[PASSWORD_MAX + 1])
{
	bool terminal = tcgetattr(0, &saved) == 0;
	size_t n;

	if (terminal) {
		fputs(prompt, stderr);
		hide();
	}
	n = read_line(out);
	if (terminal)
		show();
	if (n == 0)
		return "the password is empty";
	return n > PASSWORD_MAX ? "the password is too long" : NULL;
}

const char *password_ask(char out[PASSWORD_MAX + 1])
{
	char again[PASSWORD_MAX + 1];
	const char *why = read_one("New password: ", out);

	if (!why && isatty(0)) {
		why = read_one("Again: ", again);
		if (!why && strcmp(out, again) != 0)
			why = "the passwords differ";
		explicit_bzero(again, sizeof(again));
	}
	if (why)
		explicit_bzero(out, PASSWORD_MAX + 1);
	return why;
}
