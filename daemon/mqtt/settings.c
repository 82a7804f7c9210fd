// SPDX-License-Identifier: GPL-2.0
/*
 * The settings of a client.
 */
#include "mqtt/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-id128.h>

#include "util.h"

#define KEEPALIVE_DEFAULT	60
#define KEEPALIVE_MIN		5	/* libmosquitto takes no less */
#define PORT_PLAIN		1883
#define PORT_TLS		8883

/* Which members of struct mqtt_config are strings. */
static const size_t texts[] = {
	offsetof(struct mqtt_config, host),	 offsetof(struct mqtt_config, client_id),
	offsetof(struct mqtt_config, username),	 offsetof(struct mqtt_config, password_file),
	offsetof(struct mqtt_config, ca_file),	 offsetof(struct mqtt_config, ca_dir),
	offsetof(struct mqtt_config, cert_file), offsetof(struct mqtt_config, key_file),
	offsetof(struct mqtt_config, psk_identity),
	offsetof(struct mqtt_config, psk_file),
};

static char **text_of(const struct mqtt_config *config, size_t i)
{
	return (char **)((char *)config + texts[i]);
}

const char *settings_mistake(const struct mqtt_config *config)
{
	if (!config->host || !config->host[0])
		return "a broker needs a host";
	if (config->keepalive_s && config->keepalive_s < KEEPALIVE_MIN)
		return "a keep-alive is at least 5 s";
	if (config->client_id && !config->client_id[0])
		return "a client id is not empty";
	if (config->password_file && !config->username)
		return "a password needs a user name";
	if (!config->cert_file != !config->key_file)
		return "a client certificate and its key go together";
	if (!config->psk_identity != !config->psk_file)
		return "a PSK identity and its key go together";
	if (config->psk_file && (config->ca_file || config->ca_dir || config->cert_file))
		return "PSK and certificates exclude each other";
	return NULL;
}

int settings_copy(const struct mqtt_config *from, struct mqtt_config *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = *text_of(from, i);

		if (!text)
			continue;
		*text_of(to, i) = strdup(text);
		if (!*text_of(to, i))
			return -ENOMEM;
	}
	to->tls = from->tls || from->ca_file || from->ca_dir || from->cert_file || from->psk_file;
	to->port = from->port ?: to->tls ? PORT_TLS : PORT_PLAIN;
	to->keepalive_s = from->keepalive_s ?: KEEPALIVE_DEFAULT;
	return 0;
}

void settings_clear(struct mqtt_config *config)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*text_of(config, i));
	memset(config, 0, sizeof(*config));
}

void settings_make_id(const char *topic, char *id)
{
	static const sd_id128_t app = SD_ID128_MAKE(4b, 1f, 7e, 0c, 93, d2, 4a, 65,
						    8e, 3d, a1, 07, c6, 58, 2b, f9);
	u64 h = 14695981039346656037ull;	/* FNV-1a */
	sd_id128_t machine;

	/* Tells nothing of the machine's own id. */
	if (sd_id128_get_machine_app_specific(app, &machine) < 0 &&
	    sd_id128_randomize(&machine) < 0)
		machine = app;
	/* Two daemons on one machine have different topics, or are of different users. */
	for (size_t i = 0; i < sizeof(machine); i++)
		h = (h ^ machine.bytes[i]) * 1099511628211ull;
	h = (h ^ getuid()) * 1099511628211ull;
	while (topic && *topic)
		h = (h ^ (u8)*topic++) * 1099511628211ull;
	snprintf(id, CLIENT_ID_MAX, "amshan%016llx", (unsigned long long)h);
}
