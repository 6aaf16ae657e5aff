/*
 * map_file.c: the file under a map: opening and checking it, making a new
 * one, giving it room.
 *
 * Nothing in the file is believed before it is compared with what fstat says
 * and with what the layout must be, so a hostile header means "no index" and
 * never a wild access or a huge allocation.  Room is allocated before the
 * header says that it is there (index-design §10).
 */
#include "index_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "file.h"

#define PAGE 4096
#define CAPACITY_MIN 1024
#define FILE_MAX ((uint64_t)1 << 40)
#define STEP_MIN 8192    /* bytes first allocated for records, and for names: */
#define STEP_MAX 1048576 /* a small mailbox stays small */
#define SLACK 1048576    /* of address space */
#define ZEROS 65536

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static uint64_t records_place(uint64_t capacity)
{
	return round_up(map_block_at(capacity / INDEX_BLOCK), PAGE);
}

static uint64_t names_place(uint64_t capacity)
{
	return records_place(capacity) + capacity * sizeof(struct index_record);
}

void map_close(struct index_map *m)
{
	filemap_close(&m->map);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

static struct index_map *map_new(int fd, bool writable)
{
	struct index_map *m = mem_alloc(sizeof *m);
	*m = (struct index_map){ .fd = fd, .refs = 1, .writable = writable };
	return m;
}

/* --- opening --- */

/* Notes the size of the open file, 0 if that can't be an index. */
static uint64_t size_of(struct index_map *m)
{
	struct stat st;
	m->size = 0;
	if (fstat(m->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		m->device = st.st_dev;
		m->inode = st.st_ino;
		m->size = (uint64_t)st.st_size;
	}
	return m->size;
}

/* Maps more than there is: when the file grows the pages are there, and those
 * already touched needn't be touched again. */
static int map_with_slack(struct index_map *m)
{
	if (m->size == 0 || m->size > FILE_MAX) {
		errno = EFBIG;
		return -1;
	}
	return filemap_open(&m->map, m->fd, m->size + m->size / 2 + SLACK, m->writable);
}

bool map_cover(struct index_map *m, uint64_t end)
{
	if (end <= m->size)
		return true;
	uint64_t size = map_load(m, HEAD_AT(file_size));
	if (m->fd < 0 || end > size || size > size_of(m))
		return false;
	if (m->size <= m->map.n)
		return true;
	filemap_close(&m->map);
	return map_with_slack(m) == 0;
}

static bool layout_ok(struct index_map *m)
{
	uint64_t c = map_load(m, HEAD_AT(capacity));
	if (c < INDEX_BLOCK || c > INDEX_RECORDS_MAX || c % INDEX_BLOCK)
		return false;
	m->capacity = c;
	m->records_at = map_load(m, HEAD_AT(records_at));
	m->names_at = map_load(m, HEAD_AT(names_at));
	return m->records_at == records_place(c) && m->names_at == names_place(c);
}

/* The file may have grown since it was mapped, never below what it says. */
static bool size_ok(struct index_map *m)
{
	uint64_t size = map_load(m, HEAD_AT(file_size));
	return size >= m->names_at && (size <= m->size || size <= size_of(m)) &&
	       m->names_at <= m->map.n;
}

static bool structure_ok(struct index_map *m)
{
	if (map_load(m, HEAD_AT(magic)) != INDEX_MAGIC ||
	    map_load32(m, HEAD_AT(version)) != INDEX_VERSION ||
	    map_load32(m, HEAD_AT(header_size)) != sizeof(struct index_header))
		return false;
	m->id = map_load(m, HEAD_AT(id));
	m->generation = map_load(m, HEAD_AT(generation));
	return m->id != 0 && m->generation != 0 && layout_ok(m) && size_ok(m) &&
	       map_load(m, HEAD_AT(ready)) <= m->capacity && !filemap_faulted(&m->map);
}

static int open_file(int dirfd, const char *name, bool readonly, bool *writable)
{
	int fd = -1;
	if (!readonly)
		fd = file_open(dirfd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
	*writable = fd >= 0;
	if (fd < 0 && (readonly || errno == EACCES || errno == EPERM || errno == EROFS))
		fd = file_open(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	return fd;
}

struct index_map *map_open(int dirfd, const char *name, bool readonly)
{
	bool writable;
	int fd = open_file(dirfd, name, readonly, &writable);
	if (fd < 0)
		return NULL;
	struct index_map *m = map_new(fd, writable);
	if (size_of(m) < INDEX_BLOCKS_AT || map_with_slack(m) < 0 || !structure_ok(m)) {
		map_close(m);
		errno = 0;
		return NULL;
	}
	return m;
}

static bool same_id(struct index_map *m, uint64_t at, const char *id)
{
	char have[40];
	map_get(m, at, have, sizeof have);
	return strncmp(have, id, sizeof have) == 0;
}

/* Closed clean, the file is whole whatever happened since, if it is still on
 * its machine.  Otherwise it is what processes of this boot left in memory,
 * and another boot has lost (index-design §6).  Device and inode notice a
 * restored or copied file. */
const char *map_distrust(struct index_map *m)
{
	if (map_load(m, HEAD_AT(stale)))
		return "marked stale: a write failed, or damage was found";
	if (map_load(m, HEAD_AT(device)) != m->device || map_load(m, HEAD_AT(inode)) != m->inode)
		return "a copy of another file, or restored";
	if (map_load(m, HEAD_AT(clean)))
		return same_id(m, HEAD_AT(machine_id), file_machine_id()) ? NULL
									  : "of another machine";
	if (file_boot_id()[0] && same_id(m, HEAD_AT(boot_id), file_boot_id()))
		return NULL;
	return "not closed clean before the machine was started again";
}

bool map_trusted(struct index_map *m)
{
	return !map_distrust(m);
}

/* Through the descriptor: the file may be cut, and a map would fault.  One
 * that is clean on disk must not be taken for that after a power failure. */
int map_mark_stale(struct index_map *m)
{
	static const uint64_t one = 1;
	if (m->fd < 0) {
		map_store(m, HEAD_AT(stale), one);
		return 0;
	}
	if (!m->writable) {
		errno = EROFS;
		return -1;
	}
	if (file_pwrite_all(m->fd, &one, sizeof one, HEAD_AT(stale)) < 0)
		return -1;
	return map_load(m, HEAD_AT(clean)) ? file_datasync(m->fd) : 0;
}

bool map_same_file(const struct index_map *m, int dirfd)
{
	struct stat st;
	return fstatat(dirfd, INDEX_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == m->device && st.st_ino == m->inode;
}

bool map_is_current(struct index_map *m, int dirfd)
{
	return map_ok(m) && map_same_file(m, dirfd) && !map_superseded(m) &&
	       !map_load(m, HEAD_AT(stale)) && map_load(m, HEAD_AT(id)) == m->id &&
	       map_load(m, HEAD_AT(generation)) == m->generation;
}

/* --- making --- */

static int write_zeros(int fd, uint64_t from, uint64_t to)
{
	static const char zeros[ZEROS];
	while (from < to) {
		uint64_t n = to - from < ZEROS ? to - from : ZEROS;
		if (file_pwrite_all(fd, zeros, n, (off_t)from) < 0)
			return -1;
		from += n;
	}
	return 0;
}

/* Blocks on disk for a part of the file that nobody uses yet. */
static int allocate(int fd, uint64_t from, uint64_t to)
{
	if (from >= to)
		return 0;
	int r;
	do
		r = posix_fallocate(fd, (off_t)from, (off_t)(to - from));
	while (r == EINTR);
	if (r == EOPNOTSUPP || r == EINVAL || r == ENOSYS)
		return write_zeros(fd, from, to);
	errno = r;
	return r ? -1 : 0;
}

static void put_header(struct index_map *m, uint64_t file_size, uint64_t ready)
{
	struct index_header h = {
		.magic = INDEX_MAGIC,
		.version = INDEX_VERSION,
		.header_size = sizeof h,
		.id = m->id,
		.generation = m->generation,
		.capacity = m->capacity,
		.records_at = m->records_at,
		.names_at = m->names_at,
		.device = m->device,
		.inode = m->inode,
		.file_size = file_size,
		.ready = ready,
		.uidnext = 1,
	};
	memcpy(h.machine_id, file_machine_id(), strlen(file_machine_id()));
	memcpy(h.boot_id, file_boot_id(), strlen(file_boot_id()));
	map_put(m, 0, &h, sizeof h);
}

static int create_file(int dirfd, uint64_t names_at, uint64_t records_at)
{
	if (unlinkat(dirfd, INDEX_FILE_NEW, 0) < 0 && errno != ENOENT)
		return -1;
	int fd = file_open(dirfd, INDEX_FILE_NEW, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	if (allocate(fd, 0, records_at) < 0 || ftruncate(fd, (off_t)names_at) < 0) {
		int saved = errno;
		unlinkat(dirfd, INDEX_FILE_NEW, 0);
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

struct index_map *map_create(int dirfd, uint64_t id, uint64_t generation, uint64_t records,
			     uint64_t names)
{
	if (records > INDEX_RECORDS_MAX) {
		errno = EFBIG;
		return NULL;
	}
	uint64_t capacity = round_up(records < CAPACITY_MIN ? CAPACITY_MIN : records, INDEX_BLOCK);
	uint64_t size = names_place(capacity);
	int fd = -1;
	if (dirfd >= 0 && (fd = create_file(dirfd, size, records_place(capacity))) < 0)
		return NULL;
	if (fd < 0)
		size = round_up(size + names, PAGE);

	struct index_map *m = map_new(fd, true);
	m->id = id;
	m->generation = generation;
	m->capacity = capacity;
	m->records_at = records_place(capacity);
	m->names_at = names_place(capacity);
	m->size = size;
	if (fd >= 0 ? size_of(m) != size || map_with_slack(m) < 0
		    : filemap_open(&m->map, -1, size, true) < 0) {
		int saved = errno;
		if (fd >= 0)
			unlinkat(dirfd, INDEX_FILE_NEW, 0);
		map_close(m);
		errno = saved;
		return NULL;
	}
	put_header(m, size, fd < 0 ? capacity : 0);
	return m;
}

/* --- room --- */

/* How much more to allocate when `have` bytes are not enough for `need`. */
static uint64_t step(uint64_t have, uint64_t need)
{
	uint64_t more = have < STEP_MIN ? STEP_MIN : have > STEP_MAX ? STEP_MAX : have;
	return round_up(have + more > need ? have + more : need, PAGE);
}

static int reserve_records(struct index_map *m, uint64_t want)
{
	uint64_t ready = map_load(m, HEAD_AT(ready));
	if (want <= ready)
		return 1;
	uint64_t to = step(ready * sizeof(struct index_record), want * sizeof(struct index_record));
	uint64_t all = m->names_at - m->records_at;
	if (to > all)
		to = all;
	if (allocate(m->fd, map_record_at(m, ready), m->records_at + to) < 0)
		return -1;
	map_store(m, HEAD_AT(ready), to / sizeof(struct index_record));
	return 1;
}

static int reserve_names(struct index_map *m, uint64_t want)
{
	uint64_t size = map_load(m, HEAD_AT(file_size));
	if (want <= size - m->names_at)
		return 1;
	uint64_t to = m->names_at + step(size - m->names_at, want);
	if (to > FILE_MAX)
		return 0;
	if (allocate(m->fd, size, to) < 0)
		return -1;
	map_store(m, HEAD_AT(file_size), to);
	if (!map_cover(m, to)) {
		errno = EIO;
		return -1;
	}
	return 1;
}

int map_reserve(struct index_map *m, uint64_t n, uint64_t names)
{
	uint64_t records = map_count(m) + n;
	uint64_t used = map_load(m, HEAD_AT(names_used));
	uint64_t size = map_load(m, HEAD_AT(file_size));
	if (size < m->names_at || used > size - m->names_at) {
		errno = EIO;
		return -1;
	}
	if (records > m->capacity || (m->fd < 0 && used + names > size - m->names_at))
		return 0;
	if (m->fd < 0)
		return 1;
	int r = reserve_records(m, records);
	return r == 1 ? reserve_names(m, used + names) : r;
}
