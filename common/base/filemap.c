/*
 * filemap.c: shared maps and the SIGBUS handler that lets us survive them.
 *
 * A page beyond the end of a file that somebody cut (or one for which a full
 * disk has no block) raises SIGBUS when touched.  The handler replaces that
 * page by private zeros and marks the map.  mmap is a bare system call, so
 * calling it there is safe.  A SIGBUS elsewhere is a real crash and stays one.
 */
#include "filemap.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static struct filemap *maps;
static uintptr_t page_size;

static struct filemap *map_at(uintptr_t at)
{
	for (struct filemap *m = maps; m; m = m->next)
		if (at - (uintptr_t)m->p < ((m->n + page_size - 1) & ~(page_size - 1)))
			return m;
	return NULL;
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	int saved = errno;
	uintptr_t at = (uintptr_t)info->si_addr;
	struct filemap *m = info->si_code > 0 ? map_at(at) : NULL;
	int prot = m && m->writable ? PROT_READ | PROT_WRITE : PROT_READ;

	if (m && mmap((void *)(at & ~(page_size - 1)), page_size, prot,
		      MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) {
		m->faulted = true;
	} else {
		signal(sig, SIG_DFL);
		raise(sig); /* delivered as soon as we return */
	}
	errno = saved;
}

/* At every map: one that lost its handler to somebody would be deadly. */
static int handle_sigbus(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	sigemptyset(&sa.sa_mask);
	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	return sigaction(SIGBUS, &sa, NULL);
}

int filemap_open(struct filemap *m, int fd, size_t n, bool writable)
{
	*m = (struct filemap){ .writable = writable };
	if (handle_sigbus() < 0)
		return -1;
	if (n > SIZE_MAX - page_size) {
		errno = ENOMEM;
		return -1;
	}
	int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *p = mmap(NULL, n, prot, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	m->p = p;
	m->n = n;
	m->next = maps;
	maps = m;
	return 0;
}

void filemap_close(struct filemap *m)
{
	if (!m->p)
		return;
	for (struct filemap **at = &maps; *at; at = &(*at)->next)
		if (*at == m) {
			*at = m->next;
			break;
		}
	munmap(m->p, m->n);
	*m = (struct filemap){ 0 };
}
