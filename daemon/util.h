/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small things that every room of the daemon needs.
 */
#ifndef AMSHAN_UTIL_H
#define AMSHAN_UTIL_H

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <amshan/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

#define _cleanup_(fn)	__attribute__((cleanup(fn)))
#define _cleanup_free_	_cleanup_(freep)
#define _cleanup_close_	_cleanup_(closep)

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define USEC_PER_SEC	1000000ull
#define USEC_PER_MSEC	1000ull
#define NSEC_PER_USEC	1000ull

/* text_hash() - FNV-1a: for tables of our own, not against somebody who looks for collisions */
static inline u32 text_hash(const char *p)
{
	u32 h = 2166136261u;

	while (*p)
		h = (h ^ (u8)*p++) * 16777619u;

	return h;
}

static inline u64 clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (u64)ts.tv_sec * USEC_PER_SEC + (u64)ts.tv_nsec / NSEC_PER_USEC;
}

/* mono_us() - microseconds on CLOCK_MONOTONIC, as sd-event counts them */
static inline u64 mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* real_us() - microseconds since the epoch */
static inline u64 real_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

#endif /* AMSHAN_UTIL_H */
