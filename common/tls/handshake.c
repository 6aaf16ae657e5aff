/* handshake.c: see handshake.h. */
#include "handshake.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "signals.h"

static const char *reason_of(int error)
{
	const char *reason;

	if (error == SSL_ERROR_SYSCALL && ERR_peek_error() == 0)
		return errno && errno != ECONNRESET ? strerror(errno) : "closed by the client";
	reason = ERR_reason_error_string(ERR_peek_error());
	return reason ? reason : "closed by the client";
}

/* An event that OpenSSL waits for; false: time is over, or we are to stop. */
static bool wait_for(SSL *ssl, int error, int64_t deadline, const char **why)
{
	struct pollfd p = { .fd = SSL_get_fd(ssl),
			    .events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN };

	signals_wait(&p, 1, deadline);
	if (signals_stop)
		*why = "shutting down";
	else if (clock_ms() >= deadline)
		*why = "took too long";
	else
		return true;
	return false;
}

static bool accept_client(SSL *ssl, int64_t deadline, const char **why)
{
	for (;;) {
		int result, error;

		ERR_clear_error();
		errno = 0;
		result = SSL_accept(ssl);
		if (result == 1)
			return true;
		error = SSL_get_error(ssl, result);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
			*why = reason_of(error);
			return false;
		}
		if (!wait_for(ssl, error, deadline, why))
			return false;
	}
}

SSL *handshake(struct context *c, int fd, int64_t deadline, const char **why)
{
	SSL *ssl = SSL_new(c->ssl);

	*why = "no memory";
	if (ssl && SSL_set_fd(ssl, fd) == 1 && accept_client(ssl, deadline, why))
		return ssl;
	SSL_free(ssl);
	return NULL;
}
