// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl decode: the messages of a capture as text or as JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ctl/capture.h"
#include "ctl/ctl.h"
#include "ctl/element.h"
#include "ctl/table.h"
#include "ctl/tree.h"
#include "output/json.h"
#include "tables.h"
#include "util.h"

/* ---- one message as JSON ---- */

/* One more value of a code: a line of P1 may have several, and they become an array.  Takes @value. */
static int add_value(json_t *object, const char *key, json_t *value)
{
	json_t *there = json_object_get(object, key);

	if (!there)
		return json_object_set_new(object, key, value) ? -ENOMEM : 0;
	if (!json_is_array(there)) {
		json_t *array = json_pack("[O]", there);

		if (!array || json_object_set_new(object, key, array)) {
			json_decref(value);
			return -ENOMEM;
		}
		there = array;
	}
	return json_array_append_new(there, value) ? -ENOMEM : 0;
}

/* Identity, clock and numbers, then what has no name; members keep this order. */
static int message_object(json_t *object, const struct message *msg)
{
	const struct readings *r = &msg->readings;
	char key[ELEMENT_KEY_MAX], iso[COSEM_TIME_ISO_MAX];

	for (unsigned int i = 0; i < ID_COUNT; i++)
		/* A text that was sent and is empty is not missing. */
		if (r->identity[i].p &&
		    json_object_set_new(object, identity_names[i],
					json_text(r->identity[i].p, r->identity[i].len)))
			return -ENOMEM;
	if (r->has_time) {
		cosem_time_iso(&r->time, iso);
		if (json_object_set_new(object, METER_TIME_NAME, json_string(iso)))
			return -ENOMEM;
	}
	if (json_add_readings(object, r, JSON_GROUPS_ALL) < 0)
		return -ENOMEM;
	for (unsigned int i = 0; i < msg->list.n; i++)
		if (element_unnamed(msg, i, key) && add_value(object, key, element_json(&msg->list.reg[i])) < 0)
			return -ENOMEM;
	return 0;
}

static int print_json(void *ctx, const struct message *msg, const u8 *body, const u8 *end)
{
	_cleanup_(json_decrefp) json_t *object = json_object();
	_cleanup_free_ char *line = NULL;

	if (!object || message_object(object, msg) < 0)
		return -ENOMEM;
	line = json_dumps(object, JSON_LINE);
	if (!line)
		return -ENOMEM;
	return puts(line) < 0 ? -EIO : 0;
}

/* ---- one message as text ---- */

/* @first: nothing was printed yet; @tree: of every message */
struct printing {
	bool first;
	bool tree;
};

/* A text of a message may be anything. */
static void print_identity(const struct text *t)
{
	for (unsigned int i = 0; i < t->len; i++)
		putchar(t->p[i] < ' ' || t->p[i] > '~' ? '?' : t->p[i]);
}

static void print_header(const struct message *msg)
{
	const struct text *maker = &msg->readings.identity[ID_MANUFACTURER];
	const struct text *version = &msg->readings.identity[ID_LIST_VERSION];
	char iso[COSEM_TIME_ISO_MAX];

	if (maker->len)
		print_identity(maker);
	else
		printf("Unknown maker");
	if (version->len)
		putchar(' ');
	print_identity(version);
	printf(", %u element%s", msg->list.elements, msg->list.elements == 1 ? "" : "s");
	if (msg->readings.has_time) {
		cosem_time_iso(&msg->readings.time, iso);
		printf(", meter's clock %s", iso);
	}
	if (msg->kind == MESSAGE_READINGS && msg->readings.unverified)
		printf(", unverified");
	putchar('\n');
}

static int add_row(struct libscols_table *t, const char *name, const char *value, const char *unit)
{
	return table_add(t, (const char *const[]){ name, value, unit }, 3);
}

static int add_identity(struct libscols_table *t, const struct readings *r)
{
	for (unsigned int i = 0; i < ID_COUNT; i++) {
		const struct axdr e = {
			.tag = AXDR_VISIBLE_STRING,
			.len = r->identity[i].len,
			.data = (const u8 *)r->identity[i].p,
		};
		char text[TEXT_MAX];

		if (e.len && add_row(t, identity_names[i], element_text(&e, text, sizeof(text)), NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_unnamed(struct libscols_table *t, const struct message *msg)
{
	char key[ELEMENT_KEY_MAX], text[TEXT_MAX];

	for (unsigned int i = 0; i < msg->list.n; i++) {
		const struct cosem_register *reg = &msg->list.reg[i];
		const char *unit = NULL;
		struct decimal d;

		if (!element_unnamed(msg, i, key))
			continue;
		element_text(&reg->value, text, sizeof(text));
		if (reg->scaled && axdr_integer(&reg->value, &d.mantissa) == 0) {
			d.exponent = reg->scaler;
			decimal_text(d, text);
			for (unsigned int k = 0; k < KIND_COUNT && !unit; k++)
				if (kind_table[k].cosem_unit == reg->unit)
					unit = kind_table[k].unit;
		}
		if (add_row(t, key, text, unit) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int print_text(void *ctx, const struct message *msg, const u8 *body, const u8 *end)
{
	static const struct table_column columns[] = {
		{ "NAME" }, { "VALUE", .right = true }, { "UNIT" },
	};
	_cleanup_(table_unrefp) struct libscols_table *t = table_new(columns, ARRAY_SIZE(columns));
	const struct readings *r = &msg->readings;
	struct printing *how = ctx;
	/* A tree has all elements, also those with a name. */
	bool tree = how->tree || msg->kind == MESSAGE_UNKNOWN_LIST || msg->list.shape == LIST_OTHER;
	char text[DECIMAL_TEXT_MAX];

	if (!t || add_identity(t, r) < 0)
		return -ENOMEM;
	for_each_reading(q, r) {
		decimal_text(r->value[q], text);
		if (add_row(t, quantity_table[q].name, text,
			    kind_table[quantity_table[q].kind].unit) < 0)
			return -ENOMEM;
	}
	if (!tree && add_unnamed(t, msg) < 0)
		return -ENOMEM;

	if (!how->first)
		putchar('\n');
	how->first = false;
	print_header(msg);
	if (scols_table_get_nlines(t) && table_print(t) < 0)
		return -EIO;
	if (how->tree)
		tree_marks(stdout, msg);
	if (tree)
		tree_print(stdout, msg, body, end);
	return 0;
}

/* ---- what could not be decoded, in a sentence ---- */

struct sentence {
	char text[1024];
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) sentence_add(struct sentence *s, const char *fmt, ...)
{
	size_t room = sizeof(s->text) - s->n;
	va_list ap;
	int n;

	if (s->n)
		n = snprintf(s->text + s->n, room, "; ");
	else
		n = 0;
	if ((size_t)n >= room)
		return;
	va_start(ap, fmt);
	n += vsnprintf(s->text + s->n + n, room - n, fmt, ap);
	va_end(ap);
	s->n += (size_t)n < room ? (size_t)n : room - 1;
}

/* "1 frame with bad FCS", "3 frames with bad FCS": nothing for 0 */
static void sentence_count(struct sentence *s, u64 n, const char *noun, const char *rest)
{
	if (n)
		sentence_add(s, "%" PRIu64 " %s%s%s", n, noun, n == 1 ? "" : "s", rest);
}

static void sentence_closed(struct sentence *s, const struct capture_stats *stats)
{
	char text[CIPHER_SAY_MAX];

	if (!stats->closed)
		return;
	cipher_say(stats->trouble, &stats->ciphered, 0, text);
	if (stats->closed > 1)
		sentence_add(s, "%" PRIu64 " messages: %s", stats->closed, text);
	else
		sentence_add(s, "%s", text);
}

/* Messages that came whole and were not read, and pieces that did not become one. */
static void sentence_messages(struct sentence *s, const struct capture_stats *stats)
{
	sentence_closed(s, stats);
	sentence_count(s, stats->unsupported, "APDU", " of an unknown kind");
	if (stats->malformed)
		sentence_add(s, "%" PRIu64 " malformed message%s (%s)", stats->malformed,
			     stats->malformed == 1 ? "" : "s", message_error(stats->malformed_error));
	sentence_count(s, stats->broken, "piece", " of messages that are not whole");
	sentence_count(s, stats->pieces, "piece", " of a message whose end is missing");
}

/* Why there is nothing at all. */
static void sentence_nothing(struct sentence *s, const struct capture *c)
{
	const struct capture_stats *stats = &c->stats;
	const struct framer_stats *f = &c->deframer.hdlc.stats;

	if (c->form == CAPTURE_BINARY && c->printable && !f->flags)
		sentence_add(s, "text, but no hex digits");
	else if (!stats->octets && !stats->bad_lines)
		sentence_add(s, "empty");
	else if (stats->octets && !f->flags)
		sentence_add(s, "no HDLC flag (7Eh) in %" PRIu64 " octet%s", stats->octets,
			     stats->octets == 1 ? "" : "s");
	else if (stats->octets)
		sentence_add(s, "no frame behind the HDLC flags (7Eh) in %" PRIu64 " octets",
			     stats->octets);
}

/*
 * What the framings found wrong.  Telegrams and M-Bus frames are not begun by chance; HDLC's flag is
 * in many octets of others.
 */
static void sentence_framing(struct sentence *s, const struct capture *c)
{
	bool hdlc = !c->stats.framings || c->stats.framings >> LINK_HDLC & 1;
	const struct deframer *d = &c->deframer;

	static const struct {
		enum link_framing framing;
		size_t counter;
		const char *noun, *rest;
	} rows[] = {
#define ROW(framing, member, noun, rest)	{ framing, offsetof(struct deframer, member), noun, rest }
		ROW(LINK_P1, p1.stats.crc_errors, "telegram", " with a wrong checksum"),
		ROW(LINK_P1, p1.stats.too_long, "telegram", " without an end"),
		ROW(LINK_P1, p1.stats.timeouts, "telegram", " cut off"),
		ROW(LINK_MBUS, mbus.stats.sum_errors, "M-Bus frame", " with a wrong sum"),
		ROW(LINK_MBUS, mbus.stats.timeouts, "M-Bus frame", " cut off by the end"),
		ROW(LINK_MBUS, mbus.stats.broken, "M-Bus message", " that is not whole"),
		ROW(LINK_MBUS, mbus.stats.foreign, "M-Bus frame", " that carries no DLMS"),
		ROW(LINK_HDLC, hdlc.stats.fcs_errors, "frame", " with bad FCS"),
		ROW(LINK_HDLC, hdlc.stats.hcs_errors, "header", " with bad HCS"),
		ROW(LINK_HDLC, hdlc.stats.timeouts, "frame", " cut off by the end"),
#undef ROW
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		if (hdlc || rows[i].framing != LINK_HDLC)
			sentence_count(s, *(const u64 *)((const char *)d + rows[i].counter), rows[i].noun,
				       rows[i].rest);
}

static void say_summary(const char *file, const struct capture *c)
{
	const struct capture_stats *stats = &c->stats;
	struct sentence s = { .n = 0 };

	sentence_messages(&s, stats);
	sentence_framing(&s, c);
	if (stats->bad_lines)
		sentence_add(&s, "%" PRIu64 " line%s not hex text (line %u%s)", stats->bad_lines,
			     stats->bad_lines == 1 ? "" : "s", stats->first_bad_line,
			     stats->bad_lines == 1 ? "" : " is the first");
	if (!stats->messages) {
		sentence_count(&s, stats->empty, "frame", " without an information field");
		if (!s.n)
			sentence_nothing(&s, c);
		ctl_say("%s: %s", file, s.text);
	} else if (s.n) {
		ctl_say("%s: %" PRIu64 " message%s decoded; %s", file, stats->messages,
			stats->messages == 1 ? "" : "s", s.text);
	}
}

/* ---- the whole ---- */

/* Read to the end; 0 or a negative errno of reading or writing. */
static int capture_read(struct capture *c, int fd)
{
	static u8 buf[65536];
	int r = 0;

	while (r == 0) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return capture_end(c);
		r = capture_push(c, buf, n);
		/* Someone may be watching a line. */
		if (fflush(stdout) == EOF && !c->error)
			r = c->error = -errno;
	}
	return r;
}

static void tables_freep(struct tables **t)
{
	tables_free(*t);
}

/* The tables that were given, or those of the system, if there are any and they are right. */
static int user_tables(const char *path, struct tables **ret)
{
	char name[TEXT_MAX];
	int r = tables_load(path ?: TABLES_PATH, ret);

	if (r == -ENOMEM)
		ctl_say("out of memory");
	else if (r < 0 && path)
		ctl_say("--tables: cannot use %s: %s", text_escape(path, name, sizeof(name)),
			r == -EINVAL ? "see above" : strerror(-r));
	else if (r < 0)
		return 0;
	return r;
}

int ctl_decode(const struct ctl_options *o)
{
	static struct capture capture;
	const char *file = o->argc && strcmp(o->argv[0], "-") ? o->argv[0] : NULL;
	_cleanup_close_ int opened = -1;
	char name[TEXT_MAX] = "standard input";
	struct printing how = { .first = true, .tree = o->tree };
	_cleanup_(tables_freep) struct tables *tables = NULL;
	int r;

	r = user_tables(o->tables, &tables);
	if (r < 0)
		return r == -ENOMEM ? CTL_FAILED : CTL_USAGE;

	if (file) {
		text_escape(file, name, sizeof(name));
		opened = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0) {
			ctl_say("cannot read %s: %s", name, strerror(errno));
			return CTL_USAGE;
		}
	}
	capture_init(&capture, o->json ? print_json : print_text, &how);
	capture.reader.keys = o->keys;
	capture.reader.cipher = cipher_new();
	if (!capture.reader.cipher) {
		ctl_say("out of memory");
		return CTL_FAILED;
	}
	decoder_use(&capture.reader.decoder, tables_makers(tables));
	r = capture_read(&capture, file ? opened : STDIN_FILENO);
	cipher_free(capture.reader.cipher);
	if (capture.error == -ENOMEM) {
		ctl_say("out of memory");
		return CTL_FAILED;
	}
	/* What cannot be written is said at the end of the program. */
	if (capture.error < 0)
		return CTL_FAILED;
	if (r < 0) {
		ctl_say("cannot read %s: %s", name, strerror(-r));
		return CTL_USAGE;
	}
	say_summary(name, &capture);
	return capture.stats.messages ? CTL_OK : CTL_FAILED;
}
