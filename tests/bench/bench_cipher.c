// SPDX-License-Identifier: GPL-2.0
/*
 * Ciphered octets to readings, as a source does it: framer, both checksums, key, frame counter,
 * decipher, decode, scale.  The list is that of a Kamstrup; the messages are made by libcrypto.
 *
 *   bench_cipher time            messages per second
 *   bench_cipher run KIND N      N messages of one kind, for callgrind
 *
 * Kinds: hdlc (with tag), hdlc-no-tag, bare (the APDU alone, with tag), open (deciphering alone),
 * keys (likewise, two keys in turn: what a source with two meters costs).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <amshan/framer.h>

#include "../sim/encode.h"
#include "../sim/meters.h"
#include "../unit/cipher_make.h"
#include "dlms/counters.h"
#include "dlms/keyring.h"
#include "meter/meter.h"
#include "util.h"

#define CHUNK		4096	/* octets handed over at once */
#define MESSAGES	1000	/* different ones */
#define OCTETS_MAX	512

static const u8 title[2][8] = { "KAM\1\2\3\4", "KAM\1\2\3\5" };
static const u8 key[2][16] = { "encryption key  ", "of another meter" };
static const u8 auth[16] = "authentication k";

enum kind {
	KIND_HDLC,
	KIND_HDLC_NO_TAG,
	KIND_BARE,
	KIND_OPEN,
	KIND_KEYS,
	KINDS,
};

static const char *const kinds[KINDS] = { "hdlc", "hdlc-no-tag", "bare", "open", "keys" };

struct bench {
	enum kind kind;
	struct framer framer;
	struct decoder decoder;
	struct meter_settings settings;
	struct message msg;
	struct readings readings;
	struct cipher *cipher;
	struct keyring *keys;
	struct counters counters;
	u64 messages;
	u64 values;
	u8 plain[CIPHER_TEXT_MAX];
	u8 apdu[MESSAGES][OCTETS_MAX];
	size_t apdu_n[MESSAGES];
	u8 line[MESSAGES * OCTETS_MAX];
	size_t line_n;
};

static void decode(struct bench *b, size_t n)
{
	const u8 *p = b->plain, *end = b->plain + n;
	struct meter_clock clock;

	while (message_next(&b->decoder, &p, end, &b->msg) == 0) {
		meter_interpret(&b->msg, &b->settings, &b->readings, &clock, 1);
		b->values += readings_any(&b->readings);
	}
}

static void take_apdu(struct bench *b, const u8 *p, const u8 *end)
{
	const struct cipher_key *k;
	struct ciphered m;
	size_t n;

	if (ciphered_parse(&p, end, &m) < 0)
		abort();
	k = keyring_find(b->keys, m.title, m.title_len);
	if (!k || counters_is_replay(&b->counters, m.title, m.title_len, m.counter, NULL) ||
	    cipher_open(b->cipher, k, &m, b->plain, &n) < 0)
		abort();
	if (b->kind < KIND_OPEN)
		decode(b, n);
	else
		b->values++;
	counters_note(&b->counters, m.title, m.title_len, m.counter, cipher_verifies(k, &m));
	b->messages++;
}

static void take_frame(void *ctx, const u8 *frame, size_t n)
{
	struct bench *b = ctx;
	struct hdlc_frame h;

	if (hdlc_frame_parse(frame, n, &h) < 0 || h.info_len < 3)
		abort();
	take_apdu(b, h.info + 3, h.info + h.info_len);
}

/* One message, as APDU and as frame. */
static void make(struct bench *b, unsigned int i)
{
	static const u8 head[] = { 0x2b, 0x21, 0x13 };
	bool second = b->kind == KIND_KEYS && i % 2;
	struct made made = { 0xdb, title[second], b->kind == KIND_HDLC_NO_TAG ? 0x20 : 0x30, i + 1,
			     key[second], auth, 1 };
	struct sim_values v;
	u8 plain[OCTETS_MAX];
	struct enc e;
	size_t mark;
	int n;

	enc_init(&e, b->line + b->line_n, sizeof(b->line) - b->line_n);
	sim_values_example(SIM_KAMSTRUP, &v);
	v.q[SIM_P_IMPORT] += i;
	n = sim_build(SIM_KAMSTRUP, 2, SIM_APDU, &v, plain, sizeof(plain), NULL);
	if (n < 0 || n + 40 > OCTETS_MAX)
		abort();
	b->apdu_n[i] = cipher_make(&made, plain, (size_t)n, b->apdu[i]);

	mark = enc_hdlc_begin(&e, head, sizeof(head), false);
	enc_llc(&e);
	enc_octets(&e, b->apdu[i], b->apdu_n[i]);
	enc_hdlc_end(&e, mark);
	if (e.overflow)
		abort();
	b->line_n += e.n;
}

static struct bench *bench_new(enum kind kind)
{
	static const char file[] = "4B414D0102030400 656E6372797074696F6E206B65792020 "
				   "61757468656E7469636174696F6E206B\n"
				   "4B414D0102030500 6F6620616E6F74686572206D65746572 "
				   "61757468656E7469636174696F6E206B\n";
	struct bench *b = calloc(1, sizeof(*b));
	char *error = NULL;

	if (!b || keyring_parse(file, strlen(file), &b->keys, &error) < 0)
		abort();
	b->kind = kind;
	b->cipher = cipher_new();
	if (!b->cipher)
		abort();
	framer_init(&b->framer);
	scale_init(&b->settings.scale);
	b->settings.scale.factor[KIND_ACTIVE_POWER] = (struct decimal){ 50, 0 };
	b->settings.scale.active = true;
	for (unsigned int i = 0; i < MESSAGES; i++)
		make(b, i);
	return b;
}

static void bench_free(struct bench *b)
{
	cipher_free(b->cipher);
	keyring_free(b->keys);
	free(b);
}

/* All messages once more; the counters begin anew, as the messages do. */
static void round_run(struct bench *b)
{
	b->counters.n = 0;
	if (b->kind >= KIND_BARE)
		for (unsigned int i = 0; i < MESSAGES; i++)
			take_apdu(b, b->apdu[i], b->apdu[i] + b->apdu_n[i]);
	else
		for (size_t i = 0; i < b->line_n; i += CHUNK)
			framer_push(&b->framer, b->line + i, NULL,
				    b->line_n - i < CHUNK ? b->line_n - i : CHUNK, 0, take_frame, b);
}

static int bench_time(void)
{
	printf("%-12s %7s %12s\n", "kind", "octets", "messages/s");
	for (enum kind kind = 0; kind < KINDS; kind++) {
		struct bench *b = bench_new(kind);
		double best = 0;

		/* The best of some rounds: what disturbs only makes slower. */
		for (unsigned int round = 0; round < 9; round++) {
			u64 before = b->messages, us = mono_us();

			for (unsigned int i = 0; i < 50; i++)
				round_run(b);
			us = mono_us() - us;
			if (b->messages - before != 50 * MESSAGES || b->values != b->messages)
				return 1;
			if ((b->messages - before) * 1e6 / us > best)
				best = (b->messages - before) * 1e6 / us;
		}
		printf("%-12s %7zu %12.0f\n", kinds[kind],
		       kind >= KIND_BARE ? b->apdu_n[0] : b->line_n / MESSAGES, best);
		fflush(stdout);
		bench_free(b);
	}
	return 0;
}

static int bench_run(const char *name, unsigned int n)
{
	for (enum kind kind = 0; kind < KINDS; kind++) {
		struct bench *b;

		if (strcmp(kinds[kind], name))
			continue;
		b = bench_new(kind);
		for (unsigned int i = 0; i < n / MESSAGES; i++)
			round_run(b);
		printf("%llu messages\n", (unsigned long long)b->messages);
		bench_free(b);
		return 0;
	}
	return 2;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "time"))
		return bench_time();
	if (argc == 4 && !strcmp(argv[1], "run"))
		return bench_run(argv[2], (unsigned int)atoi(argv[3]));

	fprintf(stderr, "Usage: bench_cipher time | run hdlc|hdlc-no-tag|bare|open|keys N\n");
	return 2;
}
