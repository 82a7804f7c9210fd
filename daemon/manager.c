// SPDX-License-Identifier: GPL-2.0
/*
 * The manager: what amshand is made of, its beginning, reload and end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <systemd/sd-daemon.h>

#include "config.h"
#include "counters_file.h"
#include "dlms/cipher.h"
#include "keep.h"
#include "log.h"
#include "manager.h"
#include "mqtt/client.h"
#include "output/dbus.h"
#include "output/homeassistant.h"
#include "output/mqtt.h"
#include "registry.h"
#include "sources.h"
#include "util.h"

/* Without a bus nobody tells that the name is ours: the rest is ready all the same. */
#define READY_WITHOUT_BUS_US	(5 * USEC_PER_SEC)

/*
 * How long the loop may stand still for the last words to the broker.  At the end nothing else is
 * left to do; during a reload all sources wait, and a broker that stalls is perhaps the reason for
 * the reload.  It gives out the last will if it has not taken our own word by then.
 */
#define FAREWELL_END_MS		2000
#define FAREWELL_RELOAD_MS	200

/*
 * What the ports of the module held while nobody read is handed on at once: those who show it
 * should be there by then.  A broker may be away for days: it is waited for so long.
 */
#define PORTS_WAIT_US		(2 * USEC_PER_SEC)

struct manager {
	sd_event *event;
	const char *path;
	bool session;
	int log_level;
	struct config *config;
	struct state *state;
	struct keep *keep;
	struct counters_file *counters;
	struct registry *registry;
	struct kernel_ports *ports;
	struct sources sources;
	struct mqtt_client *mqtt;
	struct output *mqtt_output;
	struct output *homeassistant;
	struct output *dbus;
	sd_event_source *ready_timer;
	sd_event_source *ports_timer;
	sd_event_source *reload;
	bool ready;
	bool ports_waited;
	bool reloading;
	char status[128];
};

static void say_status(void *ctx)
{
	struct manager *m = ctx;
	struct registry_count c;
	char status[sizeof(m->status)];

	if (!m->registry)
		return;
	c = registry_count(m->registry);
	snprintf(status, sizeof(status), "%u of %u sources deliver, %u meters", c.delivering, c.sources,
		 c.meters);
	if (!strcmp(status, m->status))
		return;
	strcpy(m->status, status);
	sd_notifyf(0, "STATUS=%s", status);
}

static void ports_begin(struct manager *m)
{
	/* What is taken away in a reload may be there again behind it. */
	if (m->ready && !m->reloading && m->ports && (m->ports_waited || !m->mqtt_output ||
				     mqtt_client_state(m->mqtt) == MQTT_UP))
		kernel_ports_begin(m->ports);
}

static int on_ports_timer(sd_event_source *timer, u64 usec, void *ctx)
{
	struct manager *m = ctx;

	m->ports_waited = true;
	ports_begin(m);

	return 0;
}

static void on_mqtt_state(void *ctx, enum mqtt_state state, const char *reason)
{
	ports_begin(ctx);
}

static void say_ready(void *ctx)
{
	struct manager *m = ctx;

	if (m->ready)
		return;
	m->ready = true;
	sd_event_source_set_enabled(m->ready_timer, SD_EVENT_OFF);
	sd_notifyf(0, "READY=1\nSTATUS=%s", m->status);
	ports_begin(m);
}

static int on_ready_timer(sd_event_source *timer, u64 usec, void *ctx)
{
	say_ready(ctx);

	return 0;
}

/* ---- the parts ---- */

/* Takes an output away, with its last words. */
static void output_remove(struct manager *m, struct output **o)
{
	if (!*o)
		return;
	registry_remove_output(m->registry, *o);
	(*o)->ops->stop(*o);
	(*o)->ops->free(*o);
	*o = NULL;
}

/* Blocks the loop until the last words are out, @farewell_ms at most. */
static void mqtt_remove(struct manager *m, unsigned int farewell_ms)
{
	output_remove(m, &m->homeassistant);
	output_remove(m, &m->mqtt_output);
	if (m->mqtt)
		mqtt_client_stop(m->mqtt, farewell_ms);
	mqtt_client_free(m->mqtt);
	m->mqtt = NULL;
}

static int mqtt_add(struct manager *m)
{
	const struct config *c = m->config;
	int r;

	if (!c->mqtt_enabled)
		return 0;

	r = mqtt_client_new(m->event, &c->mqtt, &m->mqtt);
	if (r == 0)
		r = mqtt_client_on_state(m->mqtt, on_mqtt_state, m);
	if (r == 0 && c->mqtt_publish) {
		r = mqtt_output_new(m->event, m->mqtt, c->mqtt_topic, &m->mqtt_output);
		if (r == 0)
			r = registry_add_output(m->registry, m->mqtt_output);
	}
	if (r == 0 && c->mqtt_publish) {
		r = homeassistant_output_new(m->event, m->mqtt, c->discovery_prefix, c->mqtt_topic,
					     c->discovery, &m->homeassistant);
		if (r == 0)
			r = registry_add_output(m->registry, m->homeassistant);
	}
	if (r == 0)
		r = mqtt_client_start(m->mqtt);
	/* Of settings that contradict each other, they said which. */
	if (r < 0 && r != -EINVAL)
		log_err("mqtt: %s", strerror(-r));

	return r;
}

static int reload_soon(void *ctx)
{
	struct manager *m = ctx;

	/* Not within the call: it may take away what the caller stands on. */
	return sd_event_source_set_enabled(m->reload, SD_EVENT_ONESHOT);
}

static int forget(void *ctx, const char *id)
{
	struct manager *m = ctx;

	return registry_forget(m->registry, id);
}

static int forget_counter(void *ctx, const u8 *title)
{
	char text[CIPHER_TITLE_TEXT_MAX];
	struct manager *m = ctx;
	int r;

	r = counters_file_forget(m->counters, title);
	if (r < 0)
		return r;
	cipher_title_text(title, APDU_TITLE_MAX, text);
	log_notice("system title %s: frame counter forgotten", text);

	return 0;
}

static const struct dbus_output_owner dbus_owner = {
	.reload = reload_soon,
	.forget = forget,
	.forget_counter = forget_counter,
	.ready = say_ready,
};

static int dbus_add(struct manager *m)
{
	int r;

	if (!m->config->dbus)
		return 0;
	r = dbus_output_new(m->event, m->session, m->mqtt, &dbus_owner, m, &m->dbus);
	if (r == 0)
		r = registry_add_output(m->registry, m->dbus);

	return r;
}

/* ---- reload ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_mqtt(const struct config *a, const struct config *b)
{
	const struct mqtt_config *x = &a->mqtt, *y = &b->mqtt;

	return a->mqtt_enabled == b->mqtt_enabled && a->mqtt_publish == b->mqtt_publish &&
	       a->discovery == b->discovery &&
	       same_text(a->discovery_prefix, b->discovery_prefix) &&
	       same_text(a->mqtt_topic, b->mqtt_topic) && same_text(x->host, y->host) &&
	       x->port == y->port && same_text(x->client_id, y->client_id) &&
	       same_text(x->username, y->username) &&
	       same_text(x->password_file, y->password_file) &&
	       x->keepalive_s == y->keepalive_s && x->tls == y->tls &&
	       same_text(x->ca_file, y->ca_file) && same_text(x->ca_dir, y->ca_dir) &&
	       same_text(x->cert_file, y->cert_file) && same_text(x->key_file, y->key_file) &&
	       same_text(x->psk_identity, y->psk_identity) && same_text(x->psk_file, y->psk_file);
}

/*
 * Another broker.  A D-Bus output that is there stays, but must not look at the old connection any
 * more when that is freed.
 */
static int mqtt_change(struct manager *m)
{
	int r, shown = 0;

	if (m->dbus)
		dbus_output_set_mqtt(m->dbus, NULL);
	mqtt_remove(m, FAREWELL_RELOAD_MS);
	r = mqtt_add(m);
	/* Not half of it: the next reload tries again. */
	if (r < 0)
		mqtt_remove(m, 0);
	if (m->dbus)
		shown = dbus_output_set_mqtt(m->dbus, m->mqtt);
	if (shown < 0)
		log_err("dbus: cannot show the state of MQTT: %s", strerror(-shown));

	return r;
}

static int dbus_change(struct manager *m)
{
	int r;

	output_remove(m, &m->dbus);
	r = dbus_add(m);
	if (r < 0) {
		log_err("dbus: %s", strerror(-r));
		output_remove(m, &m->dbus);
	}

	return r;
}

/* Mistakes of every kind, those of the sources too; they are logged. */
static int config_read(const char *path, sd_event *event, struct config **ret)
{
	struct config *config;
	int r;

	r = config_load(path, &config);
	if (r < 0)
		return r;
	r = sources_check(event, config);
	if (r < 0) {
		config_free(config);
		return r;
	}
	*ret = config;

	return 0;
}

static int manager_reload(sd_event_source *defer, void *ctx)
{
	struct manager *m = ctx;
	struct config *new = NULL, *old = m->config;
	bool mqtt_changed, mqtt_lost = false, dbus_lost = false;
	int r;

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)mono_us());
	r = config_read(m->path, m->event, &new);
	if (r < 0) {
		log_err("%s: not reloaded, everything stays as it was", m->path);
		sd_notify(0, "READY=1");
		return 0;
	}

	if (!same_text(new->state_dir, old->state_dir))
		log_warning("%s: state-directory: takes effect with the next start", m->path);
	if (!same_text(new->runtime_dir, old->runtime_dir))
		log_warning("%s: runtime-directory: takes effect with the next start", m->path);
	if (m->log_level < 0)
		log_set_level(new->log_level);

	m->reloading = true;
	m->config = new;
	registry_set_tables(m->registry, tables_makers(new->tables));
	mqtt_changed = !same_mqtt(old, new) || new->mqtt_enabled != !!m->mqtt;
	sources_drop(&m->sources, old, new, mqtt_changed);
	if (mqtt_changed)
		mqtt_lost = mqtt_change(m) < 0;
	if (new->dbus != !!m->dbus)
		dbus_lost = dbus_change(m) < 0;
	sources_take(&m->sources, old, new, mqtt_changed, m->mqtt);
	config_free(old);
	m->reloading = false;
	ports_begin(m);
	if (mqtt_lost || dbus_lost)
		log_err("%s: reloaded, but without %s", m->path, !dbus_lost ? "MQTT" :
			mqtt_lost ? "MQTT and D-Bus" : "D-Bus");
	else
		log_info("%s: reloaded", m->path);
	sd_notifyf(0, "READY=1\nSTATUS=%s", m->status);

	return 0;
}

/* ---- beginning and end ---- */

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *ctx)
{
	return reload_soon(ctx);
}

static int loop_prepare(struct manager *m)
{
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	/* Sockets and pipes answer EPIPE instead. */
	signal(SIGPIPE, SIG_IGN);

	r = sd_event_add_signal(m->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(m->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(m->event, NULL, SIGHUP, on_hangup, m);
	if (r >= 0)
		r = sd_event_add_defer(m->event, &m->reload, manager_reload, m);
	if (r >= 0)
		r = sd_event_source_set_enabled(m->reload, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(m->event, &m->ready_timer, CLOCK_MONOTONIC,
					       READY_WITHOUT_BUS_US, 0, on_ready_timer, m);
	if (r >= 0)
		r = sd_event_add_time_relative(m->event, &m->ports_timer, CLOCK_MONOTONIC,
					       PORTS_WAIT_US, 0, on_ports_timer, m);
	if (r >= 0)
		r = sd_event_set_watchdog(m->event, true);

	return r < 0 ? r : 0;
}

/* A descriptor per source: 1,024 are too few for 1,000 meters. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int manager_start(struct manager *m)
{
	int r;

	r = state_load(m->event, m->config->state_dir, &m->state);
	if (r == 0)
		r = keep_new(m->event, m->config->state_dir, state_failed(m->state), &m->keep);
	if (r == 0)
		r = counters_file_new(m->event, m->config->state_dir, state_failed(m->state),
				      &m->counters);
	if (r == 0)
		r = kernel_ports_new(m->event, m->config->runtime_dir, &m->ports);
	if (r == 0)
		r = registry_new(m->event, m->state, m->keep, m->counters, m->ports, say_status, m,
				 &m->registry);
	if (r < 0)
		return r;
	registry_set_tables(m->registry, tables_makers(m->config->tables));
	m->sources = (struct sources){ .registry = m->registry, .ports = m->ports };
	r = mqtt_add(m);
	if (r == 0)
		r = dbus_add(m);
	if (r == 0)
		r = sources_add(&m->sources, m->config, m->mqtt);
	if (r < 0)
		return r;

	if (!m->config->n_sources)
		log_warning("%s: no source is configured: there is nothing to read", m->path);
	say_status(m);
	if (!m->dbus)
		say_ready(m);

	return 0;
}

static void manager_stop(struct manager *m)
{
	sd_notify(0, "STOPPING=1");
	/* Outputs look at meters, sources at the connection to the broker: in this order. */
	output_remove(m, &m->dbus);
	output_remove(m, &m->homeassistant);
	output_remove(m, &m->mqtt_output);
	sources_end(&m->sources);
	registry_free(m->registry);
	m->registry = NULL;
	kernel_ports_free(m->ports);
	m->ports = NULL;
	mqtt_remove(m, FAREWELL_END_MS);
	keep_free(m->keep);
	counters_file_free(m->counters);
	state_free(m->state);
	config_free(m->config);
	sd_event_source_disable_unref(m->ready_timer);
	sd_event_source_disable_unref(m->ports_timer);
	sd_event_source_disable_unref(m->reload);
	sd_event_unref(m->event);
}

int manager_run(const char *path, bool session, int log_level)
{
	struct manager m = { .path = path, .session = session, .log_level = log_level };
	int r;

	r = sd_event_new(&m.event);
	if (r < 0)
		return r;
	r = config_read(path, m.event, &m.config);
	if (r < 0) {
		sd_event_unref(m.event);
		return r == -ENOMEM ? r : MANAGER_CONFIG;
	}
	log_set_level(log_level < 0 ? m.config->log_level : log_level);
	raise_limits();

	r = loop_prepare(&m);
	if (r == 0)
		r = manager_start(&m);
	if (r == 0)
		r = sd_event_loop(m.event);
	else
		log_err("cannot start: %s", strerror(-r));
	manager_stop(&m);

	return r;
}

int manager_check(const char *path)
{
	struct config *config;
	sd_event *event;
	int r;

	r = sd_event_new(&event);
	if (r < 0)
		return r;
	r = config_read(path, event, &config);
	if (r == 0)
		config_free(config);
	sd_event_unref(event);

	return r;
}
