// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of the user's: libconfuse knows the grammar and counts the lines, what a key means is in the
 * table below.  Relies on config.c for the text of files, and on the table of kinds.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config_text.h"
#include "log.h"
#include "tables.h"
#include "util.h"

#define TABLES_MAX	64	/* lists of all files */
#define ELEMENTS_MAX	255	/* of a positional list */
#define NAME_MAX_LEN	63	/* letters of a manufacturer */

/*
 * struct table - one list, with all that its maker points to
 * @maker: what it comes to
 * @shape_said: maker.shape is set
 * @n_order: codes in @order
 * @n_scalers: rows in @scalers
 * @n_identities: rows in @identities
 */
struct table {
	struct maker maker;
	bool shape_said;
	unsigned int n_order, n_scalers, n_identities;
	u64 order[ELEMENTS_MAX];
	struct maker_positions positions[2];
	struct maker_scaler scalers[KIND_COUNT + 1];
	struct maker_identity identities[ID_COUNT + 1];
	char *name, *list_id, *types;
};

struct tables {
	size_t n;
	struct table *table[TABLES_MAX];
	const struct maker *makers[TABLES_MAX + 1];
};

/*
 * struct reading - one tables_load()
 * @l: where we are, and the mistakes so far
 * @tables: as read so far
 * @now: the list that is being read, NULL: none, or one that is not kept
 * @seen: bit per key: set in this list
 * @in_section: a key of this list was seen
 */
struct reading {
	struct loader l;
	struct tables *tables;
	struct table *now;
	u64 seen;
	bool in_section;
};

/* libconfuse gives its callbacks no context. */
static struct reading *reading;

#define mistake(r, key, ...)	config_say(&(r)->l, LOG_ERR, (r)->l.place, key, __VA_ARGS__)

/* ---- values ---- */

struct key {
	const char *name;
	void (*set)(struct reading *r, const struct key *k, const char *value);
	unsigned int arg;
};

static void set_name(struct reading *r, const struct key *k, const char *value)
{
	if (strlen(value) > NAME_MAX_LEN) {
		mistake(r, k->name, "is longer than %d characters", NAME_MAX_LEN);
		return;
	}
	free(r->now->name);
	r->now->name = strdup(value);
	r->l.no_memory |= !r->now->name;
	r->now->maker.name = r->now->name;
}

static void set_list_id(struct reading *r, const struct key *k, const char *value)
{
	free(r->now->list_id);
	r->now->list_id = strdup(value);
	r->l.no_memory |= !r->now->list_id;
	r->now->maker.list_id = r->now->list_id;
}

static void set_types(struct reading *r, const struct key *k, const char *value)
{
	if (value[strspn(value, "sdb24.")])
		mistake(r, k->name, "\"%.40s\" has other letters than s, d, b, 2, 4 and .", value);
	free(r->now->types);
	r->now->types = strdup(value);
	r->l.no_memory |= !r->now->types;
}

/* Returns its place in @words, or -1 after a sentence. */
static int word_of(struct reading *r, const char *key, const char *value, const char *const *words,
		   const char *rest)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], value))
			return i;
	mistake(r, key, "\"%.40s\" %s", value, rest);
	return -1;
}

static void set_shape(struct reading *r, const struct key *k, const char *value)
{
	static const char *const words[] = { "rows", "pairs", "positional", "objects", NULL };
	static const enum list_shape shapes[] = {
		LIST_ROWS, LIST_PAIRS, LIST_POSITIONAL, LIST_OBJECTS,
	};
	int i = word_of(r, k->name, value, words,
			"is no shape; rows, pairs, positional or objects is");

	/* Also a wrong one: it is not missing. */
	r->now->shape_said = true;
	if (i >= 0)
		r->now->maker.shape = shapes[i];
}

static void set_clock(struct reading *r, const struct key *k, const char *value)
{
	static const char *const words[] = { "message", "utc", "utc+1", "utc+2", "cet", NULL };
	static const enum clock_kind clocks[] = {
		CLOCK_WIRE, CLOCK_UTC, CLOCK_UTC1, CLOCK_UTC2, CLOCK_CET,
	};
	int i = word_of(r, k->name, value, words, "is no clock; message, utc, utc+1, utc+2 or cet is");

	if (i >= 0)
		r->now->maker.clock = clocks[i];
}

static u64 code_of(struct reading *r, const struct key *k, const char *value)
{
	u64 obis = OBIS_NONE;

	if (obis_parse(value, &obis) < 0)
		mistake(r, k->name, "\"%.40s\" is no OBIS code, as \"1-0:1.8.0\" is", value);
	return obis;
}

static void set_mark(struct reading *r, const struct key *k, const char *value)
{
	r->now->maker.mark = code_of(r, k, value);
}

static void set_setup(struct reading *r, const struct key *k, const char *value)
{
	u64 obis = code_of(r, k, value);

	if (obis != OBIS_NONE && !OBIS_IS_PUSH_SETUP(obis))
		mistake(r, k->name, "\"%.40s\" is no push setup, as \"0-6:25.9.0\" is", value);
	r->now->maker.setup = obis;
}

static void set_first(struct reading *r, const struct key *k, const char *value)
{
	r->now->maker.first = code_of(r, k, value);
}

static void set_identity(struct reading *r, const struct key *k, const char *value)
{
	struct table *t = r->now;

	t->identities[t->n_identities++] = (struct maker_identity){ code_of(r, k, value), k->arg };
	t->maker.identities = t->identities;
}

/* Decimal digits, perhaps a minus in front: 0, or -EINVAL. */
static int number_of(const char *text, long min, long max, long *ret)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)text[*text == '-']))
		return -EINVAL;
	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || *end || v < min || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

static void set_elements(struct reading *r, const struct key *k, const char *value)
{
	long v;

	if (number_of(value, 1, UINT16_MAX, &v) < 0)
		mistake(r, k->name, "\"%.40s\" is not a whole number from 1 to %u", value,
			UINT16_MAX);
	else
		r->now->maker.elements = (u16)v;
}

static const enum quantity_kind powers[] = {
	KIND_ACTIVE_POWER, KIND_REACTIVE_POWER, KIND_APPARENT_POWER, KIND_COUNT,
};
static const enum quantity_kind energies[] = {
	KIND_ACTIVE_ENERGY, KIND_REACTIVE_ENERGY, KIND_COUNT,
};
static const enum quantity_kind currents[] = { KIND_CURRENT, KIND_COUNT };
static const enum quantity_kind voltages[] = { KIND_VOLTAGE, KIND_COUNT };
static const enum quantity_kind factors[] = { KIND_POWER_FACTOR, KIND_COUNT };
static const enum quantity_kind *const scaled_kinds[] = {
	powers, energies, currents, voltages, factors,
};

/* @arg: place in scaled_kinds */
static void set_scaler(struct reading *r, const struct key *k, const char *value)
{
	struct table *t = r->now;
	long v;

	if (number_of(value, -9, 9, &v) < 0) {
		mistake(r, k->name, "\"%.40s\" is not a whole number from -9 to 9", value);
		return;
	}
	for (const enum quantity_kind *kind = scaled_kinds[k->arg]; *kind != KIND_COUNT; kind++) {
		for (unsigned int i = 0; i < t->n_scalers; i++)
			if (t->scalers[i].kind == *kind)
				return;		/* a second time: that is said */
		t->scalers[t->n_scalers++] = (struct maker_scaler){
			.kind = *kind, .exponent = (s8)v,
		};
	}
	t->maker.scalers = t->scalers;
}

/* One code of the order. */
static void set_order(struct reading *r, const struct key *k, const char *value)
{
	struct table *t = r->now;

	if (t->n_order == ELEMENTS_MAX) {
		mistake(r, k->name, "has more than %d codes", ELEMENTS_MAX);
		return;
	}
	if (t->n_order > ELEMENTS_MAX)
		return;
	t->order[t->n_order++] = strcmp(value, "-") ? code_of(r, k, value) : OBIS_NONE;
}

#define KEY_ORDER "order"

static const struct key keys[] = {
	{ "manufacturer", set_name },
	{ "shape", set_shape },
	{ "list-id", set_list_id },
	{ "mark", set_mark },
	{ "push-setup", set_setup },
	{ "elements", set_elements },
	{ KEY_ORDER, set_order },
	{ "types", set_types },
	{ "first", set_first },
	{ "meter-id", set_identity, ID_METER_ID },
	{ "meter-type", set_identity, ID_METER_TYPE },
	{ "clock", set_clock },
	{ "scaler-power", set_scaler, 0 },
	{ "scaler-energy", set_scaler, 1 },
	{ "scaler-current", set_scaler, 2 },
	{ "scaler-voltage", set_scaler, 3 },
	{ "scaler-power-factor", set_scaler, 4 },
};

_Static_assert(ARRAY_SIZE(keys) <= 64, "a bit per key");

/* ---- one list ---- */

static void table_free(struct table *t)
{
	if (!t)
		return;
	free(t->name);
	free(t->list_id);
	free(t->types);
	free(t);
}

static void table_begin(struct reading *r)
{
	struct tables *ts = r->tables;

	r->in_section = true;
	r->seen = 0;
	r->now = NULL;
	if (ts->n == TABLES_MAX) {
		mistake(r, "list", "there are more than %d lists", TABLES_MAX);
		return;
	}
	r->now = calloc(1, sizeof(*r->now));
	if (!r->now) {
		r->l.no_memory = true;
		return;
	}
	r->now->identities[0].obis = OBIS_NONE;
	r->now->maker.clock = CLOCK_WIRE;
	ts->table[ts->n++] = r->now;
}

/* What only the list as a whole can be asked. */
static void table_check(struct reading *r, const struct table *t)
{
	const struct maker *m = &t->maker;
	bool positional = t->shape_said && m->shape == LIST_POSITIONAL;
	const struct {
		bool wrong;
		const char *key, *sentence;
	} checks[] = {
		{ !t->shape_said, "shape", "is missing: rows, pairs, positional or objects" },
		{ positional && !t->n_order, KEY_ORDER,
		  "is missing: a list without codes is known by it" },
		{ t->shape_said && !positional && t->n_order, KEY_ORDER,
		  "is for positional lists; this one has codes" },
		{ t->n_order && m->elements && m->elements != t->n_order, "elements",
		  "differs from the number of codes in the order" },
		{ t->types && strlen(t->types) != t->n_order, "types",
		  "must have one letter for each code in the order" },
		{ m->mark && !m->list_id, "mark", "says where the list-id is, which is missing" },
		{ t->shape_said && !positional && !m->list_id && !m->setup && !m->elements, "list",
		  "would take every list of this shape: list-id, push-setup or elements is missing" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i].wrong)
			mistake(r, checks[i].key, "%s", checks[i].sentence);
}

static void table_end(struct reading *r, const char *title)
{
	struct table *t = r->now;

	r->in_section = false;
	r->now = NULL;
	if (!t)
		return;
	if (!title || !*title)
		mistake(r, "list", "has an empty name");
	table_check(r, t);
	t->scalers[t->n_scalers].kind = KIND_COUNT;
	t->identities[t->n_identities].obis = OBIS_NONE;
	if (!t->n_order)
		return;
	t->positions[0] = (struct maker_positions){
		.elements = (u8)t->n_order, .obis = t->order, .types = t->types,
	};
	t->maker.positions = t->positions;
}

/* ---- from libconfuse ---- */

/* "opt = value" was read; @cfg is its section */
static int take(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct reading *r = reading;
	unsigned int i = 0;
	bool again;

	*(const char **)result = value;		/* never looked at, but it must be there */
	r->l.place.line = cfg->line;
	if (!r->in_section)
		table_begin(r);
	if (!r->now)
		return 0;
	while (strcmp(keys[i].name, opt->name))
		i++;
	/* Of a list each value comes here, the first of each list as the only one so far. */
	again = r->seen & 1ull << i && (!(opt->flags & CFGF_LIST) || cfg_opt_size(opt) == 1);
	r->seen |= 1ull << i;
	if (again)
		mistake(r, keys[i].name, "is set a second time in this list");
	if (config_value_valid(&r->l, keys[i].name, value) && !again)
		keys[i].set(r, &keys[i], value);
	return 0;
}

static int section_end(cfg_t *cfg, cfg_opt_t *opt)
{
	struct reading *r = reading;

	r->l.place.line = cfg->line;
	if (!r->in_section)
		table_begin(r);
	table_end(r, cfg_title(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1)));
	return 0;
}

static void __attribute__((format(printf, 2, 0)))
confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct reading *r = reading;
	char text[128], list[400];
	size_t n = 0;

	r->l.place.line = cfg->line;
	if (strcmp(fmt, "no such option '%s'")) {
		vsnprintf(text, sizeof(text), fmt, ap);
		mistake(r, NULL, "%s", text);
		return;
	}
	snprintf(text, sizeof(text), "%s", va_arg(ap, const char *));
	if (strcmp(cfg->name, "list")) {
		mistake(r, text, "unknown; there are only sections list \"NAME\" { ... } here");
		return;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(keys) && n < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", keys[i].name);
	mistake(r, text, "unknown key; known are here %s", list);
}

static void text_parse(struct loader *l, const char *path, const char *text)
{
	struct reading *r = container_of(l, struct reading, l);
	cfg_opt_t in_list[ARRAY_SIZE(keys) + 1];
	cfg_opt_t in_root[] = {
		CFG_SEC("list", in_list, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_END(),
	};
	cfg_t *root;

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].set == set_order)
			in_list[i] = (cfg_opt_t)CFG_STR_LIST_CB(keys[i].name, NULL, 0, take);
		else
			in_list[i] = (cfg_opt_t)CFG_STR_CB(keys[i].name, NULL, 0, take);
	}
	in_list[ARRAY_SIZE(keys)] = (cfg_opt_t)CFG_END();
	in_root[0].validcb = section_end;
	l->place = (struct place){ path, 1 };
	r->in_section = false;
	r->now = NULL;
	root = cfg_init(in_root, CFGF_NONE);
	if (!root) {
		l->no_memory = true;
		return;
	}
	cfg_set_error_function(root, confuse_error);
	reading = r;
	cfg_parse_buf(root, text);
	reading = NULL;
	cfg_free(root);
}

/* ---- the whole ---- */

static int path_load(struct loader *l, const char *path, char *paths[DROPINS_MAX])
{
	_cleanup_free_ char *text = NULL;
	struct stat st;
	int r;

	r = stat(path, &st) < 0 ? -errno : 0;
	if (r == -ENOENT)
		return r;
	if (r == 0 && S_ISDIR(st.st_mode)) {
		config_read_folder(l, path, paths, text_parse);
		return 0;
	}
	r = config_read_text(l, path, &text);
	if (r == 0)
		text_parse(l, path, text);
	return r;
}

int tables_load(const char *path, struct tables **ret)
{
	char **paths = calloc(DROPINS_MAX, sizeof(*paths));
	struct reading rd = { .tables = calloc(1, sizeof(struct tables)) };
	int r = -ENOMEM;

	if (paths && rd.tables)
		r = path_load(&rd.l, path, paths);
	if (r == 0)
		r = rd.l.no_memory ? -ENOMEM : rd.l.mistakes ? -EINVAL : 0;
	for (unsigned int i = 0; paths && i < DROPINS_MAX; i++)
		free(paths[i]);
	free(paths);
	if (r < 0) {
		tables_free(rd.tables);
		return r;
	}
	for (size_t i = 0; i < rd.tables->n; i++)
		rd.tables->makers[i] = &rd.tables->table[i]->maker;
	*ret = rd.tables;
	return 0;
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		table_free(t->table[i]);
	free(t);
}

const struct maker *const *tables_makers(const struct tables *t)
{
	return t ? t->makers : NULL;
}
