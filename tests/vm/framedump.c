// SPDX-License-Identifier: GPL-2.0
/*
 * framedump - what the framer of user space makes of octets: the module has to say the same.
 *
 *	cc -O2 -Iinclude -o framedump tests/vm/framedump.c kmod/framer.c kmod/crc16.c
 *
 * framedump [FILE...]: for each file (without one: standard input) its frames as lines of hex
 * digits, then a line of JSON with the counters under the names of sysfs and "amshanctl ports".
 * Time is not known here: no pause ends a frame, and what is pending at the end stays so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <amshan/framer.h>

static void frame_print(void *ctx, const u8 *frame, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", frame[i]);
	putchar('\n');
}

static void counters_print(const struct framer *f)
{
	const struct framer_stats *s = &f->stats;
	const struct {
		const char *name;
		u64 value;
	} rows[] = {
		{ "rx_octets", s->octets },
		{ "frames", s->frames },
		{ "frame_octets", s->frame_octets },
		{ "segmented", s->segmented },
		{ "flags", s->flags },
		{ "skipped", s->skipped },
		{ "pending", framer_pending(f) },
		{ "fcs_errors", s->fcs_errors },
		{ "hcs_errors", s->hcs_errors },
		{ "format_errors", s->format_errors },
		{ "length_errors", s->length_errors },
		{ "timeouts", s->timeouts },
		{ "parity_errors", s->parity_errors },
		{ "framing_errors", s->framing_errors },
		{ "breaks", s->breaks },
		{ "overruns", s->overruns },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%c\"%s\":%" PRIu64, i ? ',' : '{', rows[i].name, (uint64_t)rows[i].value);
	puts("}");
}

static int stream_dump(FILE *in)
{
	static struct framer f;
	u8 data[997];	/* no power of two: pieces end anywhere in the frames */
	size_t n;

	framer_init(&f);
	while ((n = fread(data, 1, sizeof(data), in)) > 0)
		framer_push(&f, data, NULL, n, 0, frame_print, NULL);
	if (ferror(in))
		return -EIO;
	counters_print(&f);

	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2 && stream_dump(stdin) < 0) {
		fprintf(stderr, "framedump: standard input cannot be read\n");
		return 1;
	}

	for (int i = 1; i < argc; i++) {
		FILE *in = fopen(argv[i], "rb");
		int r = in ? stream_dump(in) : -errno;

		if (in)
			fclose(in);
		if (r < 0) {
			fprintf(stderr, "framedump: %s: %s\n", argv[i], strerror(-r));
			return 1;
		}
	}

	/* A full disk shows here at the latest. */
	return fflush(stdout) ? 1 : 0;
}
