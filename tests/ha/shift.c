// SPDX-License-Identifier: GPL-2.0
/*
 * Another time of day for a program that is not ours: to be preloaded, with SHIFT seconds in the environment.
 *
 * Only what asks for the time of day is shifted: intervals, and whatever waits, go by
 * CLOCK_MONOTONIC and stay true.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int (*real_clock_gettime)(clockid_t id, struct timespec *ts);
static long shift;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("SHIFT");

	real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	shift = text ? atol(text) : 0;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int r;

	if (!real_clock_gettime)
		begin();
	r = real_clock_gettime(id, ts);
	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += shift;
	return r;
}

int gettimeofday(struct timeval *tv, void *zone __attribute__((unused)))
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}
