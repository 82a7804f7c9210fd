// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: their files.  A file is written beside its place and moved there; what is left of an
 * attempt that was cut off has another name than udev and rule_list() look for, and is taken away
 * by the next one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/rule.h"
#include "util.h"

#define PREFIX	"77-amshan-"
#define SUFFIX	".rules"

char *rule_path(const char *folder, const char *name, char *buf)
{
	snprintf(buf, RULE_PATH_MAX, "%s/" PREFIX "%s" SUFFIX, folder, name);
	return buf;
}

/* ---- reading ---- */

static int is_rule(const struct dirent *d)
{
	size_t n = strlen(d->d_name), around = strlen(PREFIX) + strlen(SUFFIX);

	return n > around && n - around < RULE_NAME_MAX &&
	       !strncmp(d->d_name, PREFIX, strlen(PREFIX)) &&
	       !strcmp(d->d_name + n - strlen(SUFFIX), SUFFIX);
}

/* @buf: RULE_TEXT_MAX octets */
static int file_read(const char *path, char *buf)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	while (n < RULE_TEXT_MAX) {
		ssize_t got = read(fd, buf + n, RULE_TEXT_MAX - n);

		if (got < 0)
			return -errno;
		if (got == 0) {
			buf[n] = '\0';
			return 0;
		}
		n += (size_t)got;
	}
	return -EFBIG;
}

static void read_rule(const char *folder, const char *file, struct rule *ret)
{
	char text[RULE_TEXT_MAX], path[RULE_PATH_MAX], name[RULE_NAME_MAX];
	int r;

	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(PREFIX) - strlen(SUFFIX)),
		 file + strlen(PREFIX));
	r = file_read(rule_path(folder, name, path), text);
	if (r == 0) {
		rule_parse(text, name, ret);
		return;
	}
	*ret = (struct rule){ .is_foreign = true };
	serial_settings_init(&ret->settings);
	memcpy(ret->name, name, sizeof(name));
	snprintf(ret->why, sizeof(ret->why), "it cannot be read: %s",
		 r == -EINVAL ? "it is no file" : strerror(-r));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int rule_list(const char *folder, struct rule **ret, size_t *n)
{
	struct dirent **found = NULL;
	struct rule *list = NULL;
	int count;

	count = scandir(folder, &found, is_rule, by_name);
	if (count < 0 && errno != ENOENT)
		return -errno;
	if (count > 0)
		list = calloc((size_t)count, sizeof(*list));
	for (int i = 0; i < count; i++) {
		if (list)
			read_rule(folder, found[i]->d_name, &list[i]);
		free(found[i]);
	}
	free(found);
	if (count > 0 && !list)
		return -ENOMEM;
	*ret = list;
	*n = count > 0 ? (size_t)count : 0;
	return 0;
}

/* ---- writing ---- */

/* As udev's own: for all to read, whatever our umask is. */
static int make_folder(const char *folder)
{
	_cleanup_free_ char *path = strdup(folder);

	if (!path)
		return -ENOMEM;
	for (char *p = path + 1;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) == 0)
			chmod(path, 0755);
		else if (errno != EEXIST)
			return -errno;
		*p = c;
		if (!c)
			return 0;
	}
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			left -= (size_t)n;
		}
	}
	return 0;
}

static int write_temporary(int dir, const char *file, const char *text)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (unlinkat(dir, file, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (r == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		r = -errno;
	return r;
}

static int write_file(const char *folder, const char *name, const char *text, char *why,
		      size_t size)
{
	char path[RULE_PATH_MAX], temporary[RULE_NAME_MAX + 64];
	char file[RULE_NAME_MAX + 32];
	_cleanup_close_ int dir = -1;
	int e;

	rule_path(folder, name, path);
	snprintf(file, sizeof(file), PREFIX "%s" SUFFIX, name);
	snprintf(temporary, sizeof(temporary), ".%s.new", file);
	e = make_folder(folder);
	if (e == 0) {
		dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		e = dir < 0 ? -errno : write_temporary(dir, temporary, text);
		if (e == 0 && renameat(dir, temporary, dir, file) < 0)
			e = -errno;
		if (e < 0 && dir >= 0)
			unlinkat(dir, temporary, 0);
		/* Some file systems cannot do that to a folder. */
		if (e == 0 && fsync(dir) < 0 && errno != EINVAL)
			e = -errno;
	}
	if (e < 0)
		snprintf(why, size, "cannot write %s: %s", path, strerror(-e));
	return e;
}

int rule_write(const char *folder, const struct rule *r, char *why, size_t size)
{
	char text[RULE_TEXT_MAX];

	return write_file(folder, r->name, rule_print(r, text), why, size);
}

int rule_put_back(const char *folder, const struct rule *r, char *why, size_t size)
{
	return write_file(folder, r->name, r->text, why, size);
}

int rule_remove(const char *folder, const char *name, char *why, size_t size)
{
	char path[RULE_PATH_MAX];
	int e;

	if (unlink(rule_path(folder, name, path)) == 0)
		return 0;
	e = -errno;
	snprintf(why, size, "cannot remove %s: %s", path, strerror(-e));
	return e;
}
