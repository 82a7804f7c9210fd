// SPDX-License-Identifier: GPL-2.0
/*
 * Log: sentences to the journal, with fields, or to stderr, one line each.
 *
 * The interface is in log.h.  Relies on libsystemd for the journal's socket.  Names in sentences
 * come from the network and from files, so nothing gets through that could end a line or steer a
 * terminal.
 */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <systemd/sd-journal.h>

#include "log.h"
#include "log_internal.h"
#include "util.h"

#define LOG_TEXT_MAX	2048	/* a sentence */
#define LOG_LINE_MAX	4096	/* a line, with the name of the source; PIPE_BUF: never torn */
#define LOG_FIELD_MAX	256

static const char *ident = "amshan";
static int max_level = LOG_INFO;
static bool to_journal;

static const char *const level_names[] = {
	[LOG_EMERG] = "emerg",
	[LOG_ALERT] = "alert",
	[LOG_CRIT] = "crit",
	[LOG_ERR] = "err",
	[LOG_WARNING] = "warning",
	[LOG_NOTICE] = "notice",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

/* systemd puts device and inode of the stream that it gave us as stderr into the environment. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char want[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(want, sizeof(want), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, want) == 0;
}

void log_init(const char *name)
{
	ident = name;
	to_journal = stderr_is_journal();
}

const char *log_target(void)
{
	return to_journal ? "journal" : "console";
}

const char *log_ident(void)
{
	return ident;
}

void log_set_level(int level)
{
	if (level < LOG_EMERG)
		level = LOG_EMERG;
	if (level > LOG_DEBUG)
		level = LOG_DEBUG;
	max_level = level;
}

int log_get_level(void)
{
	return max_level;
}

int log_level_parse(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
		if (strcmp(name, level_names[i]) == 0)
			return (int)i;
	return -EINVAL;
}

const char *log_level_name(int level)
{
	return level_names[level & LOG_PRIMASK];
}

static bool continues(u8 c, u8 low, u8 high)
{
	return c >= low && c <= high;
}

/*
 * Octets of the printable character at @p, 0 if there is none: control characters (C0, DEL, C1) and
 * what is no UTF-8 (RFC 3629, 4).  Stops at the NUL by itself, as no continuation is 0.
 */
static size_t character(const u8 *p)
{
	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	/* C2 80..9F are the C1 controls; the other limits exclude long forms and surrogates. */
	if (p[0] < 0xe0)
		return 2 * continues(p[1], p[0] == 0xc2 ? 0xa0 : 0x80, 0xbf);
	if (p[0] < 0xf0)
		return 3 * (continues(p[1], p[0] == 0xe0 ? 0xa0 : 0x80, p[0] == 0xed ? 0x9f : 0xbf) &&
			    continues(p[2], 0x80, 0xbf));
	return 4 * (continues(p[1], p[0] == 0xf0 ? 0x90 : 0x80, p[0] == 0xf4 ? 0x8f : 0xbf) &&
		    continues(p[2], 0x80, 0xbf) && continues(p[3], 0x80, 0xbf));
}

size_t log_clean(char *buf, size_t size, size_t at, const char *text)
{
	const u8 *p = (const u8 *)text;

	while (*p) {
		size_t n = character(p), room = n ? n : 4;

		if (at + room >= size)
			break;
		if (n)
			memcpy(buf + at, p, n);
		else
			snprintf(buf + at, 5, "\\x%02x", *p);
		at += room;
		p += n ? n : 1;
	}
	buf[at] = '\0';
	return at;
}

/* One field of the journal, "NAME=text", in @buf. */
static struct iovec field(char *buf, size_t size, const char *name, const char *text)
{
	size_t n = log_clean(buf, size, log_clean(buf, size, 0, name), text);

	return (struct iovec){ .iov_base = buf, .iov_len = n };
}

static int send_journal(int level, const char *source, const char *meter, const char *line)
{
	char message[LOG_LINE_MAX + 8], priority[16], identifier[LOG_FIELD_MAX];
	char about[2][LOG_FIELD_MAX];
	struct iovec iov[5];
	int n = 0;

	iov[n++] = field(message, sizeof(message), "MESSAGE=", line);
	snprintf(priority, sizeof(priority), "PRIORITY=%d", level);
	iov[n++] = (struct iovec){ .iov_base = priority, .iov_len = strlen(priority) };
	iov[n++] = field(identifier, sizeof(identifier), "SYSLOG_IDENTIFIER=", ident);
	if (source)
		iov[n++] = field(about[0], sizeof(about[0]), "AMSHAN_SOURCE=", source);
	if (meter)
		iov[n++] = field(about[1], sizeof(about[1]), "AMSHAN_METER=", meter);
	return sd_journal_sendv(iov, n);
}

/* @line: of @n octets, with room for the newline */
static void send_stderr(char *line, size_t n)
{
	line[n++] = '\n';
	while (write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		;
}

void log_about(int level, const char *source, const char *meter, const char *fmt, ...)
{
	char text[LOG_TEXT_MAX], line[LOG_LINE_MAX];
	int saved = errno;
	size_t at = 0;
	va_list ap;
	int n;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text))
		strcpy(text + sizeof(text) - 4, "...");
	/* Whose it is stands in the line too: of several sources nobody shows the fields. */
	if (source) {
		at = log_clean(line, sizeof(line) - 1, at, source);
		at = log_clean(line, sizeof(line) - 1, at, ": ");
	}
	at = log_clean(line, sizeof(line) - 1, at, text);
	if (n >= 0 && (!to_journal || send_journal(level, source, meter, line) < 0))
		send_stderr(line, at);
	errno = saved;
}
