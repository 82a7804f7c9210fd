// SPDX-License-Identifier: GPL-2.0
/*
 * Elements of messages for the eye.  No I/O.
 */
#include <inttypes.h>
#include <string.h>

#include "ctl/element.h"
#include "output/json.h"

static bool is_string(const struct axdr *e)
{
	return e->tag == AXDR_OCTET_STRING || e->tag == AXDR_VISIBLE_STRING ||
	       e->tag == AXDR_UTF8_STRING;
}

/* Length without the NULs that pad it. */
static size_t string_len(const struct axdr *e)
{
	size_t n = e->len;

	while (n && !e->data[n - 1])
		n--;
	return n;
}

static bool is_readable(const u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return n > 0;
}

/* A 12-octet date-time that is a real one, with its own tag or in an octet-string. */
static bool element_time(const struct axdr *e, struct cosem_time *ret)
{
	return (e->tag == AXDR_DATE_TIME || e->tag == AXDR_OCTET_STRING) &&
	       e->len == COSEM_TIME_LEN && cosem_time_parse(e->data, ret) == 0;
}

static char *hex(const u8 *p, size_t n, char *buf, size_t size)
{
	size_t at = 0;

	*buf = '\0';
	for (size_t i = 0; i < n && at + 3 <= size; i++)
		at += snprintf(buf + at, size - at, "%02X", p[i]);
	return buf;
}

static char *bits(const struct axdr *e, char *buf, size_t size)
{
	size_t n;

	for (n = 0; n < e->count && n + 1 < size; n++)
		buf[n] = e->data[n / 8] & (0x80 >> (n % 8)) ? '1' : '0';
	buf[n] = '\0';
	return buf;
}

/* Text of a message as it is, anything else as hex. */
static char *string(const struct axdr *e, char *buf, size_t size)
{
	size_t n = string_len(e);

	if (!is_readable(e->data, n))
		return hex(e->data, e->len, buf, size);
	snprintf(buf, size, "%.*s", (int)n, (const char *)e->data);
	return buf;
}

bool element_unnamed(const struct message *msg, unsigned int i, char *key)
{
	const struct cosem_register *reg = &msg->list.reg[i];
	const struct readings *r = &msg->readings;
	const struct axdr *e = &reg->value;
	struct cosem_time t;
	int q;

	if (reg->named || e->tag == AXDR_NULL || e->tag == AXDR_ARRAY || e->tag == AXDR_STRUCTURE)
		return false;
	if (is_string(e)) {
		if (!string_len(e))
			return false;
		for (unsigned int id = 0; id < ID_COUNT; id++)
			if (r->identity[id].len && r->identity[id].p == (const char *)e->data)
				return false;
	}
	if (r->has_time && element_time(e, &t) && !memcmp(&t, &r->time, sizeof(t)))
		return false;
	if (reg->obis) {
		q = quantity_of(reg->obis);
		if (q >= 0 && readings_has(r, q))
			return false;
		obis_text(reg->obis, key);
		return true;
	}
	/* Of a known list with codes, what has none is of no interest. */
	if (msg->maker && (msg->list.shape == LIST_ROWS || msg->list.shape == LIST_PAIRS))
		return false;
	snprintf(key, ELEMENT_KEY_MAX, "element_%u", i + 1);
	return true;
}

json_t *element_json(const struct cosem_register *reg)
{
	const struct axdr *e = &reg->value;
	struct cosem_time t;
	char buf[2 * TEXT_MAX];
	struct decimal d = { 0 };
	double v;

	if (e->tag == AXDR_BOOLEAN)
		return json_boolean(e->data[0]);
	if (axdr_integer(e, &d.mantissa) == 0) {
		d.exponent = reg->scaled ? reg->scaler : 0;
		return json_decimal(d);
	}
	if (axdr_float(e, &v) == 0)
		/* JSON has no NaN and no infinity. */
		return json_real(v) ?: json_null();
	if (element_time(e, &t)) {
		cosem_time_iso(&t, buf);
		return json_string(buf);
	}
	return json_string(element_text(e, buf, sizeof(buf)));
}

char *element_text(const struct axdr *e, char *buf, size_t size)
{
	struct cosem_time t;
	double v;
	s64 i;

	*buf = '\0';
	if (e->tag == AXDR_BOOLEAN)
		snprintf(buf, size, e->data[0] ? "true" : "false");
	else if (axdr_integer(e, &i) == 0)
		snprintf(buf, size, "%" PRId64, i);
	else if (axdr_float(e, &v) == 0)
		snprintf(buf, size, "%.*g", e->tag == AXDR_FLOAT64 ? 15 : 7, v);
	else if (size >= COSEM_TIME_ISO_MAX && element_time(e, &t))
		cosem_time_iso(&t, buf);
	else if (is_string(e))
		string(e, buf, size);
	else if (e->tag == AXDR_BIT_STRING)
		bits(e, buf, size);
	else
		hex(e->data, e->len, buf, size);
	return buf;
}
