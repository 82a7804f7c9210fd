// SPDX-License-Identifier: GPL-2.0
/*
 * Name look-up: numeric addresses, names, look-ups that are cancelled or hang.
 *
 * getaddrinfo() is replaced here: names under ".test" are answered by the test, so that nothing
 * depends on a name server, and a look-up can hang for as long as it is wanted to.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "resolve.h"
#include "util.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned int hanging;
static bool released;
static atomic_uint blocking_calls;

typedef int (*getaddrinfo_fn)(const char *, const char *, const struct addrinfo *,
			      struct addrinfo **);

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **list)
{
	getaddrinfo_fn next = (getaddrinfo_fn)dlsym(RTLD_NEXT, "getaddrinfo");

	if (hints->ai_flags & AI_NUMERICHOST)
		return next(host, port, hints, list);
	atomic_fetch_add(&blocking_calls, 1);
	if (!strcmp(host, "nowhere.test"))
		return EAI_NONAME;
	if (!strcmp(host, "hangs.test")) {
		pthread_mutex_lock(&lock);
		hanging++;
		pthread_cond_broadcast(&changed);
		while (!released)
			pthread_cond_wait(&changed, &lock);
		hanging--;
		pthread_mutex_unlock(&lock);
	}
	return next("192.0.2.7", port, hints, list);
}

static void release(void)
{
	pthread_mutex_lock(&lock);
	released = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_hanging(unsigned int n)
{
	pthread_mutex_lock(&lock);
	while (hanging < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static unsigned int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* They are detached: that they are gone is seen from outside only. */
static void wait_no_threads(unsigned int before)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	for (unsigned int i = 0; threads() > before; i++) {
		assert_true(i < 10000);
		nanosleep(&ms, NULL);
	}
}

struct answer {
	unsigned int calls;
	int error;
	char text[INET6_ADDRSTRLEN];
	u16 port;
};

static void on_answer(void *ctx, int error, struct addrinfo *list)
{
	struct answer *a = ctx;

	a->calls++;
	a->error = error;
	if (error) {
		assert_null(list);
		return;
	}
	assert_int_equal(list->ai_socktype, SOCK_STREAM);
	if (list->ai_family == AF_INET) {
		struct sockaddr_in sin;

		memcpy(&sin, list->ai_addr, sizeof(sin));
		inet_ntop(AF_INET, &sin.sin_addr, a->text, sizeof(a->text));
		a->port = ntohs(sin.sin_port);
	} else {
		struct sockaddr_in6 sin6;

		memcpy(&sin6, list->ai_addr, sizeof(sin6));
		inet_ntop(AF_INET6, &sin6.sin6_addr, a->text, sizeof(a->text));
		a->port = ntohs(sin6.sin6_port);
	}
	freeaddrinfo(list);
}

static int look_up_setup(void **state)
{
	sd_event *event = NULL;

	if (sd_event_new(&event) < 0)
		return -1;
	*state = event;
	released = false;
	atomic_store(&blocking_calls, 0);
	return 0;
}

static int look_up_teardown(void **state)
{
	release();
	sd_event_unref(*state);
	return 0;
}

static void run_until_answer(sd_event *event, const struct answer *a)
{
	while (!a->calls)
		assert_true(sd_event_run(event, 10 * USEC_PER_SEC) > 0);
}

static void test_numeric_needs_no_thread(void **state)
{
	static const char *const hosts[] = { "192.0.2.1", "2001:db8::1", "::1" };
	sd_event *event = *state;

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct resolve *r = NULL;
		struct answer a = { 0 };

		assert_int_equal(resolve_start(event, hosts[i], "4001", on_answer, &a, &r), 0);
		assert_int_equal(a.calls, 0); /* not from within the call */
		run_until_answer(event, &a);
		assert_int_equal(a.error, 0);
		assert_string_equal(a.text, hosts[i]);
		assert_int_equal(a.port, 4001);
	}
	assert_int_equal(blocking_calls, 0);
	assert_int_equal(sd_event_run(event, 0), 0);
}

static void test_name(void **state)
{
	unsigned int before = threads();
	sd_event *event = *state;
	struct resolve *r = NULL;
	struct answer a = { 0 };

	assert_int_equal(resolve_start(event, "meter.test", "4001", on_answer, &a, &r), 0);
	run_until_answer(event, &a);
	assert_int_equal(a.error, 0);
	assert_string_equal(a.text, "192.0.2.7");
	assert_int_equal(a.port, 4001);
	wait_no_threads(before);
}

static void test_unknown_name(void **state)
{
	sd_event *event = *state;
	struct resolve *r = NULL;
	struct answer a = { 0 };

	assert_int_equal(resolve_start(event, "nowhere.test", "4001", on_answer, &a, &r), 0);
	run_until_answer(event, &a);
	assert_int_equal(a.error, EAI_NONAME);
	assert_int_equal(a.calls, 1);
}

static void test_cancelled_is_not_told(void **state)
{
	static const char *const hosts[] = { "192.0.2.1", "meter.test", "nowhere.test" };
	unsigned int before = threads();
	sd_event *event = *state;
	struct answer a = { 0 };

	resolve_cancel(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct resolve *r = NULL;

		assert_int_equal(resolve_start(event, hosts[i], "4001", on_answer, &a, &r), 0);
		resolve_cancel(r);
	}
	wait_no_threads(before);
	while (sd_event_run(event, 0) > 0)
		;
	assert_int_equal(a.calls, 0);
}

/* The result is there, and the loop has not come to it. */
static void test_cancelled_when_done(void **state)
{
	unsigned int before = threads();
	sd_event *event = *state;
	struct resolve *r = NULL;
	struct answer a = { 0 };

	assert_int_equal(resolve_start(event, "meter.test", "4001", on_answer, &a, &r), 0);
	wait_no_threads(before);
	resolve_cancel(r);
	assert_int_equal(sd_event_run(event, 0), 0);
	assert_int_equal(a.calls, 0);
}

static void test_hanging_look_ups_are_bounded(void **state)
{
	unsigned int before = threads(), started = 0;
	sd_event *event = *state;
	struct resolve *r[256];
	struct answer a = { 0 };
	int e;

	while ((e = resolve_start(event, "hangs.test", "4001", on_answer, &a, &r[started])) == 0)
		assert_true(++started < ARRAY_SIZE(r));
	assert_int_equal(e, -EAGAIN);
	assert_int_equal(started, 64);
	wait_hanging(started);

	/* Cancelled ones still hang, so there is no room yet; a numeric address needs none. */
	for (unsigned int i = 1; i < started; i++)
		resolve_cancel(r[i]);
	assert_int_equal(resolve_start(event, "meter.test", "1", on_answer, &a, &r[1]), -EAGAIN);
	assert_int_equal(resolve_start(event, "::1", "4001", on_answer, &a, &r[1]), 0);
	run_until_answer(event, &a);
	assert_string_equal(a.text, "::1");

	release();
	wait_no_threads(before);
	a = (struct answer){ 0 };
	run_until_answer(event, &a);
	assert_string_equal(a.text, "192.0.2.7");
	while (sd_event_run(event, 0) > 0)
		;
	assert_int_equal(a.calls, 1);

	a = (struct answer){ 0 };
	assert_int_equal(resolve_start(event, "meter.test", "4001", on_answer, &a, &r[1]), 0);
	run_until_answer(event, &a);
	wait_no_threads(before);
}

#define LOOK_UP(f) cmocka_unit_test_setup_teardown(f, look_up_setup, look_up_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LOOK_UP(test_numeric_needs_no_thread),
		LOOK_UP(test_name),
		LOOK_UP(test_unknown_name),
		LOOK_UP(test_cancelled_is_not_told),
		LOOK_UP(test_cancelled_when_done),
		LOOK_UP(test_hanging_look_ups_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
