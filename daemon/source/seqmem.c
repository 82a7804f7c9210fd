// SPDX-License-Identifier: GPL-2.0
/*
 * The file of the sequence memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <linux/amshan.h>

#include "folder.h"
#include "log.h"
#include "source/seqmem.h"
#include "util.h"

#define SEQMEM_FILE	"sequence"
#define SEQMEM_MAGIC	0x71657368736d61ull	/* "amshseq", lowest octet first */
#define SEQMEM_VERSION	1
#define BOOT_ID		"/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LEN	36

/**
 * struct slot - one index
 * @attach_ns: which attachment, 0: none
 * @next: see seqmem_next()
 *
 * 16 octets at a multiple of 16: never across two pages.
 */
struct slot {
	u64 attach_ns;
	u64 next;
};

/* struct image - the file; in the byte order of the machine, which it does not leave */
struct image {
	u64 magic;
	u32 version;
	u32 slots;
	char boot[48];
	struct slot slot[AMSHAN_PORTS_MAX];
};

_Static_assert(offsetof(struct image, slot) % sizeof(struct slot) == 0, "slots are aligned");

/**
 * struct seqmem - the memory
 * @path: of the file, for sentences
 * @fd: the file, locked; -1: none, this process remembers alone
 * @image: what is in it
 */
struct seqmem {
	char *path;
	int fd;
	struct image image;
};

static int boot_id(char *buf)
{
	_cleanup_close_ int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;

	return read(fd, buf, BOOT_ID_LEN) == BOOT_ID_LEN ? 0 : -EIO;
}

/* Returns 0, or a negative errno. */
static int image_write(struct seqmem *m)
{
	ssize_t n = pwrite(m->fd, &m->image, sizeof(m->image), 0);

	if (n < 0)
		return -errno;
	if (n != sizeof(m->image))
		return -ENOSPC;

	return ftruncate(m->fd, sizeof(m->image)) < 0 ? -errno : 0;
}

/* What is wrong with a file, NULL: nothing, or that it is of before the machine started. */
static const char *image_mistake(const struct image *f, ssize_t n)
{
	if (n != sizeof(*f))
		return "is of another length than ours";
	if (f->magic != SEQMEM_MAGIC)
		return "is no file of sequence numbers";
	if (f->version != SEQMEM_VERSION || f->slots != AMSHAN_PORTS_MAX)
		return "was written by another version";

	return NULL;
}

/*
 * What it remembers of this boot.  An attachment of the future is none of ours, and would be in the
 * way of those that come.
 */
static void slots_take(struct seqmem *m, const struct image *f)
{
	u64 now = mono_us() * NSEC_PER_USEC;

	for (unsigned int i = 0; i < AMSHAN_PORTS_MAX; i++) {
		if (f->slot[i].attach_ns <= now) {
			m->image.slot[i] = f->slot[i];
			continue;
		}
		log_warning("%s: it names an attachment of /dev/amshan%u that is still to come: "
			    "what that one holds is taken as new", m->path, i);
	}
}

/* Take what the file has, or begin anew; 0, or a negative errno if it cannot be written. */
static int image_load(struct seqmem *m)
{
	struct image f = { 0 };
	u8 more[sizeof(f) + 1];	/* than there should be, to see whether there is */
	const char *mistake;
	ssize_t n;

	n = pread(m->fd, more, sizeof(more), 0);
	if (n < 0)
		return -errno;
	if (n) {
		memcpy(&f, more, sizeof(f) < (size_t)n ? sizeof(f) : (size_t)n);
		mistake = image_mistake(&f, n);
		if (!mistake && !memcmp(f.boot, m->image.boot, sizeof(f.boot))) {
			slots_take(m, &f);
			return 0;
		}
		if (mistake)
			log_warning("%s: %s: what the ports still hold is taken as new", m->path,
				    mistake);
	}

	return image_write(m);
}

static int file_open(struct seqmem *m, const char *dir)
{
	int r = folder_make(dir);

	if (r < 0)
		return r;
	m->fd = open(m->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (m->fd < 0)
		return -errno;
	/* Two that write the same slots would each pass over what the other one read. */
	if (flock(m->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;

	return image_load(m);
}

static void say_why(const struct seqmem *m, int error)
{
	if (error == -EBUSY)
		log_warning("%s: another amshand uses it: after a restart, what the ports still "
			    "hold will be taken once more", m->path);
	else
		log_warning("%s: %s: after a restart, what the ports still hold will be taken once "
			    "more", m->path, strerror(-error));
}

int seqmem_open(const char *dir, struct seqmem **ret)
{
	struct seqmem *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->fd = -1;
	m->image.magic = SEQMEM_MAGIC;
	m->image.version = SEQMEM_VERSION;
	m->image.slots = AMSHAN_PORTS_MAX;
	if (asprintf(&m->path, "%s/" SEQMEM_FILE, dir) < 0) {
		free(m);
		return -ENOMEM;
	}

	r = boot_id(m->image.boot);
	if (r == 0)
		r = file_open(m, dir);
	if (r < 0) {
		say_why(m, r);
		if (m->fd >= 0)
			close(m->fd);
		m->fd = -1;
	}
	*ret = m;

	return 0;
}

void seqmem_free(struct seqmem *m)
{
	if (!m)
		return;
	if (m->fd >= 0)
		close(m->fd);
	free(m->path);
	free(m);
}

u64 seqmem_next(const struct seqmem *m, unsigned int index, u64 attach_ns)
{
	if (index >= AMSHAN_PORTS_MAX || m->image.slot[index].attach_ns != attach_ns)
		return 0;

	return m->image.slot[index].next;
}

void seqmem_set(struct seqmem *m, unsigned int index, u64 attach_ns, u64 next)
{
	struct slot *s;
	ssize_t n;

	if (index >= AMSHAN_PORTS_MAX || attach_ns < m->image.slot[index].attach_ns)
		return;
	s = &m->image.slot[index];
	s->attach_ns = attach_ns;
	s->next = next;
	if (m->fd < 0)
		return;

	n = pwrite(m->fd, s, sizeof(*s), offsetof(struct image, slot) + index * sizeof(*s));
	if (n == sizeof(*s))
		return;
	say_why(m, n < 0 ? -errno : -ENOSPC);
	close(m->fd);
	m->fd = -1;
}
