// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz the configuration: whatever is in the file, config_load() gives a configuration or an error,
 * and every URI in it is understood or refused with a sentence.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "source/source.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static void take(void *ctx, struct source *s, const struct message *msg, u64 real_us)
{
}

static void ignore(void *ctx, struct source *s)
{
}

static const struct source_owner owner = { .message = take, .changed = ignore, .checked = ignore };

static void look(const struct config *c)
{
	static sd_event *event;

	if (!event && sd_event_new(&event) < 0)
		abort();
	if (!c->state_dir || (c->mqtt_enabled && (!c->mqtt.host || !c->mqtt_topic)))
		abort();
	for (size_t i = 0; i < c->n_sources; i++) {
		struct source *s = NULL;
		char *error = NULL;
		int r;

		if (!c->sources[i].name || !c->sources[i].uri || !c->sources[i].where)
			abort();
		r = source_new(event, c->sources[i].name, c->sources[i].uri, NULL, &owner, NULL, &s,
			       &error);
		if (r == 0)
			source_free(s);
		else if (!error || !*error)
			abort();
		free(error);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	static char path[32];
	static int fd = -1;
	struct config *c = NULL;

	if (fd < 0) {
		log_set_level(LOG_EMERG);
		fd = memfd_create("config", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	if (config_load(path, &c) == 0)
		look(c);
	config_free(c);

	return 0;
}
