// SPDX-License-Identifier: GPL-2.0
/*
 * Masks: in texts.  A table of what can stand at a place; the first that does is put out in its
 * masked form, and what is none of them as it is.
 */
#include <stdio.h>

#include "ctl/mask_internal.h"
#include "util.h"

#define TITLE_DIGITS	6	/* hex digits of the maker's letters */
#define TITLE_MAX	16
#define TITLE_LETTERS	3
#define TITLE_SHORT	13	/* characters of one that begins with the letters themselves */
#define HEX_MIN		12	/* so many hex digits in a word are an address or a key */
#define HOME_MIN	3	/* letters of a name that is learned */
#define GROUP_MAX	128	/* octets of a number in groups */
#define SERIAL_MAX	256	/* octets that are looked at for a serial number */
#define GROUP_DIGITS	9	/* dates, times, and places of PCI have fewer */
#define SETTING_MAX	8	/* characters of a setting of a port */

/**
 * struct masking - one that is being masked
 * @m: learns what it finds
 * @start: its beginning
 * @p: what follows
 * @buf: the result, cut where it is full
 * @size: of it
 * @n: so much of it is there
 */
struct masking {
	struct mask *m;
	const char *start;
	const char *p;
	char *buf;
	size_t size;
	size_t n;
};

static void out(struct masking *t, const char *p, size_t n)
{
	if (n > t->size - 1 - t->n)
		n = t->size - 1 - t->n;
	memcpy(t->buf + t->n, p, n);
	t->n += n;
	t->buf[t->n] = '\0';
}

static void out_text(struct masking *t, const char *text)
{
	out(t, text, strlen(text));
}

static void out_name(struct masking *t, size_t i, enum mask_kind kind)
{
	char name[MASK_NAME_MAX];

	out_text(t, mask_name(t->m, i, kind, name));
}

static size_t out_learned(struct masking *t, enum mask_kind kind, size_t n)
{
	if (n)
		out_name(t, mask_learn_n(t->m, kind, t->p, n), kind);
	return n;
}

/* ---- what can stand at a place: octets of it, 0: it does not ---- */

static size_t take_known(struct masking *t)
{
	size_t n, i = mask_known_at(t->m, t->start, t->p, &n);

	if (n)
		out_name(t, i, 0);
	return n;
}

void mask_title(char *title)
{
	size_t begin = strlen(title) == TITLE_SHORT ? TITLE_LETTERS : TITLE_DIGITS;

	for (size_t i = begin; i < strlen(title); i++)
		if (is_hex(title[i]))
			title[i] = MASK_OCTET;
}

static size_t take_title(struct masking *t)
{
	static const char before[] = "system title ";
	static const char hex[] = "0123456789ABCDEFabcdef";
	size_t n = strlen(before), digits = 0;
	char title[TITLE_MAX + 1];

	if (!begins(t->p, before))
		return 0;
	while (is_word(t->p[n + digits]))
		digits++;
	/* A word that is none. */
	if (strspn(t->p + n, hex) < digits &&
	    (digits != TITLE_SHORT || strspn(t->p + n + TITLE_LETTERS, hex) < digits - TITLE_LETTERS))
		return 0;
	snprintf(title, sizeof(title), "%.*s", (int)digits, t->p + n);
	mask_title(title);
	/* The sentence may go on with what to do about it. */
	if (digits >= TITLE_SHORT)
		mask_learn_n(t->m, MASK_NUMBER, t->p + n, digits);
	out_text(t, before);
	out_text(t, title);
	return n + digits;
}

static size_t take_home(struct masking *t)
{
	static const char home[] = "/home/";
	size_t n;

	if (!begins(t->p, home))
		return 0;
	out_text(t, home);
	t->p += strlen(home);
	n = strcspn(t->p, "/ :,;()\"'");
	/* Of the daemon, or so short that it stands in other words: masked here, and not elsewhere. */
	if ((n && n < HOME_MIN) || (n == strlen("amshan") && begins(t->p, "amshan")))
		out_text(t, "<user>");
	else
		out_learned(t, MASK_USER, n);
	t->p -= strlen(home);
	return strlen(home) + n;
}

size_t mask_scheme(const char *p)
{
	static const char *const schemes[] = {
		"kernel:", "serial:", "tcp:", "mqtt:", "mqtts:", "file:", "http:", "https:",
	};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (begins(p, schemes[i]))
			return strlen(schemes[i]);
	return 0;
}

static bool is_unit(const char *start, const char *at)
{
	static const char *const units[] = { "amshan-attach", "modprobe" };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t n = strlen(units[i]);

		if ((size_t)(at - start) >= n && !memcmp(at - n, units[i], n))
			return true;
	}
	return false;
}

/*
 * USER:PASSWORD before an @.  A password can have anything in it, so what looks like the beginning
 * of a URI, or has an @ in its first word, goes through the last @ of the text.
 */
static size_t take_user(struct masking *t)
{
	size_t word = strcspn(t->p, " \t\"'"), scheme = mask_scheme(t->p);
	bool slashes = begins(t->p + scheme, "//"), in_word = false;
	const char *last = NULL;

	if (!slashes && t->p > t->start && !strchr(" \t\"'(<=,;", t->p[-1]))
		return 0;
	for (const char *at = strchr(t->p, '@'); at; at = strchr(at + 1, '@')) {
		if (is_unit(t->start, at))
			continue;
		in_word |= (size_t)(at - t->p) < word;
		last = at;
	}
	if (!last || (!in_word && !slashes && !scheme))
		return 0;
	out(t, t->p, scheme + (slashes ? 2 : 0));
	out_name(t, t->m->n, MASK_USER);
	return (size_t)(last - t->p);
}

/* NAME=VALUE of a serial port; 0: it is none */
static size_t setting_at(const char *p)
{
	static const char *const names[] = {
		"baud", "parity", "data", "stop", "rtscts", "xonxoff",
	};
	static const char *const words[] = { "none", "even", "odd", "yes", "no" };
	size_t name = strcspn(p, "="), n;

	if (!p[name])
		return 0;
	n = strcspn(p + name + 1, "& \t\"'),;");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) != name || strncmp(p, names[i], name))
			continue;
		p += name + 1;
		if (n <= SETTING_MAX && strspn(p, "0123456789") == n)
			return name + 1 + n;
		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			if (strlen(words[k]) == n && !strncmp(p, words[k], n))
				return name + 1 + n;
	}
	return 0;
}

/* What stands behind a '?': through the end of the quotes, as a key may be written with blanks. */
static size_t take_query(struct masking *t)
{
	const char *p = t->p;
	size_t n;

	if (*p != '?' || !is_word(p[1]))
		return 0;
	do {
		out(t, p, 1);
		p++;
		n = setting_at(p);
		if (!n) {
			out_text(t, MASKED);
			return (size_t)(p - t->p) + strcspn(p, "\"");
		}
		out(t, p, n);
		p += n;
	} while (*p == '&');
	return (size_t)(p - t->p);
}

static size_t take_host(struct masking *t)
{
	return out_learned(t, MASK_HOST, mask_host_at(t->start, t->p));
}

/* ---- numbers ---- */

static bool is_count(const char *p, size_t n)
{
	static const char *const of[] = {
		"octet",   "frame",	"HCS",	       "FCS",	     "format",	 "length",
		"cut off", "parity",	"framing",     "break",	     "overrun",	 "malformed",
		"unknown", "encrypted", "unsupported", "segment",    "watchdog", "lost",
		"message", "times",	"skipped",     "never read",
	};

	if (p[n] != ' ' || strspn(p, "0123456789") != n)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(of); i++)
		if (begins(p + n + 1, of[i]))
			return true;
	return false;
}

static bool is_baud_rate(const char *p, size_t n)
{
	static const char *const rates[] = { "115200", "230400", "460800", "921600" };

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
		if (n == strlen(rates[i]) && !memcmp(p, rates[i], n))
			return true;
	return false;
}

static bool is_number(const char *p, size_t n)
{
	size_t digits = 0, hex = 0;

	for (size_t i = 0; i < n; i++) {
		digits += is_digit(p[i]);
		hex += is_hex(p[i]);
	}
	if (digits < MASK_DIGITS && (hex < n || n < HEX_MIN))
		return false;
	return !is_count(p, n) && !is_baud_rate(p, n);
}

/* "24:6f:28:ab:cd:ef" */
static size_t mac_at(const char *p)
{
	size_t n = 0;

	for (unsigned int i = 0; i < 6; i++) {
		if (!is_hex(p[n]) || !is_hex(p[n + 1]))
			return 0;
		n += 2;
		if (i == 5)
			break;
		if ((p[n] != ':' && p[n] != '-') || p[n] != p[2])
			return 0;
		n++;
	}
	return is_word(p[n]) || (p[n] == p[2] && is_word(p[n + 1])) ? 0 : n;
}

static size_t digits_at(const char *p, size_t n)
{
	size_t d = 0;

	while (d < n && is_digit(p[d]))
		d++;
	return d;
}

size_t mask_group_at(const char *p, size_t size)
{
	size_t n = 0, digits = 0, least = SIZE_MAX, groups = 0;
	char separator = 0;

	while (n < size) {
		size_t from = n + (n > 0), d = digits_at(p + from, size - from);

		if (d < 2 || (from + d < size && is_word(p[from + d])))
			break;
		n = from + d;
		digits += d;
		least = d < least ? d : least;
		groups++;
		if (n + 1 >= size || !memchr("-: ", p[n], 3) || (separator && p[n] != separator))
			break;
		separator = p[n];
	}
	if (groups < 2 || digits < MASK_DIGITS)
		return 0;
	return digits >= GROUP_DIGITS || (least >= 3 && separator != ':') ? n : 0;
}

static size_t take_number(struct masking *t)
{
	size_t n = 0;

	if (t->p > t->start && is_word(t->p[-1]))
		return 0;
	n = mac_at(t->p);
	if (!n)
		n = mask_group_at(t->p, strnlen(t->p, GROUP_MAX));
	if (n)
		return out_learned(t, MASK_NUMBER, n);
	while (is_word(t->p[n]))
		n++;
	return n && is_number(t->p, n) ? out_learned(t, MASK_NUMBER, n) : 0;
}

static size_t take_rest(struct masking *t)
{
	size_t n = 0;

	while (is_word(t->p[n]))
		n++;
	out(t, t->p, n);
	return n;
}

/* ---- the whole ---- */

/* MAKER_MODEL_SERIAL-if00-port0: the serial numbers in these are learned. */
static void learn_serials(struct mask *m, const char *text)
{
	for (const char *p = strstr(text, "-if"); p; p = strstr(p + 1, "-if")) {
		const char *s = p;
		bool digit = false;

		if (!is_hex(p[3]) || !is_hex(p[4]) || is_word(p[5]))
			continue;
		while (s > text && p - s < SERIAL_MAX && (is_word(s[-1]) || strchr(".-:", s[-1])))
			digit |= is_digit(*--s);
		/* One without a number ends in the name of its model. */
		if (s == text || s[-1] != '_' || !digit || p - s < 3 ||
		    memmem(s, p - s, "USB", 3) || memmem(s, p - s, "Serial", 6) ||
		    memmem(s, p - s, "UART", 4))
			continue;
		mask_learn_n(m, MASK_SERIAL, s, (size_t)(p - s));
	}
}

char *mask_text(struct mask *m, const char *in, char *buf, size_t size)
{
	static size_t (*const takes[])(struct masking *) = {
		take_known, take_title, take_home,   take_user,
		take_query, take_host,	take_number, take_rest,
	};
	struct masking t = { .m = m, .start = in, .p = in, .buf = buf, .size = size };

	*buf = '\0';
	learn_serials(m, in);
	while (*t.p && !m->full) {
		size_t n = 0;

		for (size_t i = 0; i < ARRAY_SIZE(takes) && !n; i++)
			n = takes[i](&t);
		if (!n)
			out(&t, t.p, n = 1);
		t.p += n;
	}
	if (m->full) {
		t.n = 0;
		out_text(&t, MASKED);
	}
	return buf;
}
