// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl: keys on the command line, or in files that it names.
 */
#include "ctl/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/text.h"
#include "secret.h"
#include "util.h"

static int complain(const char *option, const char *path, const char *what)
{
	char name[TEXT_MAX];

	if (path && !*path)
		ctl_say("%s: @ needs the name of a file behind it", option);
	else if (path)
		ctl_say("%s: %s: %s", option, text_escape(path, name, sizeof(name)), what);
	else
		ctl_say("%s: %s", option, what);
	return -EINVAL;
}

/* @path: where it stands, NULL: on the command line */
static int key_read(const char *option, const char *path, const char *text, u8 *key)
{
	char what[80];

	switch (cipher_key_parse(text, strlen(text), key)) {
	case 0:
		return 0;
	case -ERANGE:
		snprintf(what, sizeof(what), "the key has %zu characters, not 32 hex digits", strlen(text));
		return complain(option, path, what);
	default:
		return complain(option, path, "the key has a character that is no hex digit");
	}
}

/* "@FILE": its name; NULL: it is none */
static const char *file_of(const char *value)
{
	return *value == '@' ? value + 1 : NULL;
}

static void wipe(char *value)
{
	if (!file_of(value))
		memset(value, 'x', strlen(value));
}

static int file_keys(const char *path, struct keyring **ret)
{
	_cleanup_(secret_freep) char *text = NULL;
	_cleanup_free_ char *error = NULL;
	char name[TEXT_MAX];
	size_t n;
	int r;

	r = secret_text(path, &text, &n);
	if (r < 0)
		return complain("--key", path, strerror(-r));
	r = keyring_parse(text, n, ret, &error);
	if (r == 0)
		return 0;
	ctl_say("--key: %s:%s", text_escape(path, name, sizeof(name)), error ?: " no memory");
	return -EINVAL;
}

static int plain_keys(const char *value, struct keyring **ret)
{
	u8 key[CIPHER_KEY_LEN];
	char *error = NULL;
	int r = key_read("--key", NULL, value, key);

	explicit_bzero(key, sizeof(key));
	if (r < 0)
		return r;
	/* One that is right alone is a key file that is right. */
	if (keyring_parse(value, strlen(value), ret, &error) == 0)
		return 0;
	free(error);
	return complain("--key", NULL, "no memory");
}

static int auth_read(const char *value, u8 *key)
{
	const char *path = file_of(value);
	char line[SECRET_LINE_MAX];
	int r;

	if (!path)
		return key_read("--auth-key", NULL, value, key);
	r = secret_line(path, line, sizeof(line));
	if (r == -ENODATA)
		return complain("--auth-key", path, "its first line is empty");
	if (r < 0 && r != -EMSGSIZE)
		return complain("--auth-key", path, strerror(-r));
	r = key_read("--auth-key", path, line, key);
	explicit_bzero(line, sizeof(line));
	return r;
}

static int authenticate(struct keyring *keys, const char *value)
{
	u8 key[CIPHER_KEY_LEN];
	int r = auth_read(value, key);

	if (r == 0 && !keyring_authenticate(keys, key))
		r = complain("--auth-key", NULL, "the keys of --key have one already");
	explicit_bzero(key, sizeof(key));
	return r;
}

int keys_take(char *key, char *auth_key, struct keyring **ret)
{
	struct keyring *keys = NULL;
	int r = 0;

	if (key)
		r = file_of(key) ? file_keys(file_of(key), &keys) : plain_keys(key, &keys);
	else if (auth_key)
		r = complain("--auth-key", NULL, "is nothing without --key");
	if (r == 0 && auth_key)
		r = authenticate(keys, auth_key);
	if (key)
		wipe(key);
	if (auth_key)
		wipe(auth_key);
	if (r < 0) {
		keyring_free(keys);
		return r;
	}
	*ret = keys;
	return 0;
}
