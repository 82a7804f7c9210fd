// SPDX-License-Identifier: GPL-2.0
/*
 * The tree of a message.
 */
#include "ctl/element.h"
#include "ctl/obis_name.h"
#include "ctl/tree.h"

#define OBIS_LEN 6

static bool is_container(const struct axdr *e)
{
	return e->tag == AXDR_ARRAY || e->tag == AXDR_STRUCTURE;
}

static void print_code(FILE *f, u64 obis)
{
	char code[OBIS_TEXT_MAX], name[OBIS_NAME_MAX];

	obis_text(obis, code);
	obis_name(obis, name);
	fprintf(f, "%s%s%s", code, *name ? " " : "", name);
}

static void print_unit(FILE *f, s8 scaler, u8 unit)
{
	const char *name = cosem_unit_name(unit);

	fprintf(f, "scaler %d, ", scaler);
	if (!name)
		fprintf(f, "unit %u", unit);
	else
		fprintf(f, "%s", *name ? name : "no unit");
}

/* The code that a value has by its place, OBIS_NONE if it stands before it or is not known. */
static u64 code_by_place(const struct message *msg, const struct axdr *e)
{
	const struct cosem_list *list = &msg->list;

	if (list->shape != LIST_POSITIONAL && list->shape != LIST_OBJECTS)
		return OBIS_NONE;
	for (unsigned int i = 0; i < list->n; i++)
		if (list->reg[i].value.data == e->data && list->reg[i].value.tag == e->tag)
			return list->reg[i].obis;
	return OBIS_NONE;
}

static void print_container(FILE *f, const struct axdr *e, const u8 *end)
{
	const u8 *p = e->data;

	fprintf(f, ", %u element%s", e->count, e->count == 1 ? "" : "s");
	if (e->tag == AXDR_STRUCTURE && e->count == 2 && end - p >= 4 && p[0] == AXDR_INTEGER &&
	    p[2] == AXDR_ENUM) {
		fputs(": ", f);
		print_unit(f, (s8)p[1], p[3]);
	}
}

/* An octet-string of six octets may be a code. */
static void print_content(FILE *f, const struct message *msg, const struct axdr *e)
{
	u64 code = code_by_place(msg, e);
	char buf[2 * TEXT_MAX];
	const u8 *p = e->data;

	if (e->tag == AXDR_OCTET_STRING && e->len == OBIS_LEN && p[OBIS_LEN - 1] == 255) {
		fputc(' ', f);
		print_code(f, OBIS(p[0], p[1], p[2], p[3], p[4], p[5]));
		return;
	}
	element_text(e, buf, sizeof(buf));
	fprintf(f, "%s%s", *buf ? " " : "", buf);
	if (code) {
		fputs(" = ", f);
		print_code(f, code);
	}
}

static void print_elements(FILE *f, const struct message *msg, const u8 *body, const u8 *end)
{
	u16 left[AXDR_DEPTH_MAX + 1] = { 1 };
	unsigned int depth = 0, place = 0;
	struct axdr e;

	for (;;) {
		while (!left[depth]) {
			if (!depth)
				return;
			depth--;
		}
		left[depth]--;
		if (axdr_next(&body, end, &e) < 0)
			return;
		fprintf(f, "%*s", 2 * (int)(depth + 1), "");
		if (depth == 1 && msg->list.shape == LIST_POSITIONAL)
			fprintf(f, "%u: ", ++place);
		fputs(axdr_tag_name(e.tag), f);
		if (is_container(&e))
			print_container(f, &e, end);
		else
			print_content(f, msg, &e);
		fputc('\n', f);
		if (!is_container(&e))
			continue;
		/* The message was decoded, so it is not deeper. */
		if (depth == AXDR_DEPTH_MAX)
			return;
		left[++depth] = e.count;
	}
}

static void print_lines(FILE *f, const struct message *msg)
{
	for (unsigned int i = 0; i < msg->list.n; i++) {
		const struct cosem_register *reg = &msg->list.reg[i];

		fputs("  ", f);
		print_code(f, reg->obis);
		fputs(": ", f);
		/* Digits and their point as they were sent. */
		for (unsigned int k = 0; k < reg->value.len; k++) {
			u8 c = reg->value.data[k];

			fputc(c >= ' ' && c <= '~' ? c : '?', f);
		}
		if (reg->scaled) {
			fputs(", ", f);
			print_unit(f, reg->scaler, reg->unit);
		}
		fputc('\n', f);
	}
}

void tree_marks(FILE *f, const struct message *msg)
{
	static const char *const shapes[] = {
		[LIST_ROWS] = "rows",	    [LIST_PAIRS] = "pairs", [LIST_POSITIONAL] = "positional",
		[LIST_OBJECTS] = "objects", [LIST_OTHER] = NULL,    [LIST_TELEGRAM] = NULL,
	};
	const struct cosem_list *list = &msg->list;
	char text[OBIS_TEXT_MAX];

	if (!shapes[list->shape])
		return;
	fprintf(f, "  shape = %s, elements = %u", shapes[list->shape], list->elements);
	if (list->setup) {
		obis_text(list->setup, text);
		fprintf(f, ", push-setup = \"%s\"", text);
	}
	fputc('\n', f);
}

void tree_print(FILE *f, const struct message *msg, const u8 *body, const u8 *end)
{
	if (msg->list.shape == LIST_TELEGRAM)
		print_lines(f, msg);
	else
		print_elements(f, msg, body, end);
}
