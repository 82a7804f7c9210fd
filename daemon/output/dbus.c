// SPDX-License-Identifier: GPL-2.0
/*
 * The D-Bus output: the connection, the name, .Manager and LogControl1.
 *
 * The interface is in dbus.h; meters and sources are in dbus_meter.c and dbus_source.c.  There is
 * one way out of every trouble with the bus: drop the connection, say why, try again later.
 * Clients see the name come back and read everything anew, so nothing needs to be made up for.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dlms/cipher.h"
#include "log.h"
#include "log_internal.h"
#include "mqtt/client.h"
#include "output/dbus_internal.h"

#define MANAGER		DBUS_NAME ".Manager"
#define LOG_CONTROL	"org.freedesktop.LogControl1"
#define LOCAL		"org.freedesktop.DBus.Local"

/*
 * Signals that may wait for a bus that does not read: some seconds of a thousand meters, a few MiB.
 * sd-bus itself would keep hundreds of thousands.
 */
#define QUEUE_MAX	8192

#define REASON_MAX	256

/* ---- properties and methods ---- */

static int get_mqtt(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	static const char *const names[] = {
		[MQTT_IDLE] = "idle",
		[MQTT_RESOLVING] = "resolving",
		[MQTT_CONNECTING] = "connecting",
		[MQTT_UP] = "up",
		[MQTT_BACKOFF] = "back-off",
		[MQTT_STOPPED] = "stopped",
	};
	const struct dbus_output *o = userdata;
	const char *reason;

	if (strcmp(property, "MqttState") == 0)
		return sd_bus_message_append_basic(
			reply, 's', o->mqtt ? names[mqtt_client_state(o->mqtt)] : "off");
	reason = o->mqtt ? mqtt_client_reason(o->mqtt) : NULL;
	return dbus_append_text(reply, reason ? reason : "");
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append_basic(reply, 's', AMSHAN_VERSION);
}

static int do_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct dbus_output *o = userdata;
	int r = o->owner->reload(o->ctx);

	if (r < 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_FAILED,
					 "The configuration was not loaded, the log says why: %s",
					 strerror(-r));
	return sd_bus_reply_method_return(m, NULL);
}

static int do_forget(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct dbus_output *o = userdata;
	char id[METER_ID_MAX];
	const char *asked;
	int r;

	r = sd_bus_message_read_basic(m, 's', &asked);
	if (r < 0)
		return r;
	/* It becomes part of a file name and of topics. */
	if (meter_id_make(asked, strlen(asked), id) < 0 || strcmp(id, asked) != 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "That is no id of a meter: "
					 "up to %d letters, digits, '-' and '_' make one",
					 METER_ID_MAX - 1);
	r = o->owner->forget(o->ctx, id);
	if (r == -ENOENT)
		return sd_bus_error_setf(error, SD_BUS_ERROR_FILE_NOT_FOUND,
					 "There is no meter %s, and nothing is kept of one", id);
	if (r < 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "Meter %s: %s", id, strerror(-r));
	return sd_bus_reply_method_return(m, NULL);
}

static int do_forget_counter(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct dbus_output *o = userdata;
	char text[CIPHER_TITLE_TEXT_MAX];
	u8 title[APDU_TITLE_MAX];
	const char *asked;
	int r;

	r = sd_bus_message_read_basic(m, 's', &asked);
	if (r < 0)
		return r;
	if (cipher_title_parse(asked, strlen(asked), title) < 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "That is no system title: three "
					 "letters and 10 hex digits, or 16 hex digits make one");
	cipher_title_text(title, sizeof(title), text);
	r = o->owner->forget_counter(o->ctx, title);
	if (r == -ENOENT)
		return sd_bus_error_setf(error, SD_BUS_ERROR_FILE_NOT_FOUND,
					 "No frame counter is known of system title %s", text);
	if (r < 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "System title %s: %s", text,
					 strerror(-r));
	return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("MqttState", "s", get_mqtt, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("MqttReason", "s", get_mqtt, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	/* Not SD_BUS_VTABLE_UNPRIVILEGED: for root and for the daemon's own user. */
	SD_BUS_METHOD("Reload", NULL, NULL, do_reload, 0),
	SD_BUS_METHOD("Forget", "s", NULL, do_forget, 0),
	SD_BUS_METHOD("ForgetCounter", "s", NULL, do_forget_counter, 0),
	SD_BUS_VTABLE_END,
};

static int get_log(sd_bus *bus, const char *path, const char *interface, const char *property,
		   sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const char *value = strcmp(property, "LogLevel") == 0 ? log_level_name(log_get_level()) :
			    strcmp(property, "LogTarget") == 0 ? log_target() : log_ident();

	return sd_bus_message_append_basic(reply, 's', value);
}

static int set_log_level(sd_bus *bus, const char *path, const char *interface,
			 const char *property, sd_bus_message *value, void *userdata,
			 sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_read_basic(value, 's', &name);

	if (r < 0)
		return r;
	r = log_level_parse(name);
	if (r < 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "No such log level: %s",
					 name);
	log_set_level(r);
	return 0;
}

static const sd_bus_vtable log_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_log, set_log_level, 0, 0),
	SD_BUS_PROPERTY("LogTarget", "s", get_log, 0, 0),
	SD_BUS_PROPERTY("SyslogIdentifier", "s", get_log, 0, 0),
	SD_BUS_VTABLE_END,
};

/* ---- the connection ---- */

static const char *bus_kind(const struct dbus_output *o)
{
	return o->session ? "session bus" : "system bus";
}

static void drop_bus(struct dbus_output *o)
{
	/* Nothing is flushed: that could block, and who listens sees the name go. */
	o->up = false;
	o->bus = sd_bus_close_unref(o->bus);
}

/* Give up the connection and try again later. */
static void __attribute__((format(printf, 3, 4)))
bus_failed(struct dbus_output *o, enum dbus_trouble trouble, const char *fmt, ...)
{
	char reason[REASON_MAX];
	va_list ap;

	drop_bus(o);
	if (o->stopped)
		return;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (o->said & trouble)
		log_debug("%s", reason);
	else
		log_warning("%s; trying again", reason);
	o->said |= trouble;
	if (sd_event_source_set_time_relative(o->timer, backoff_next(&o->backoff)) < 0 ||
	    sd_event_source_set_enabled(o->timer, SD_EVENT_ONESHOT) < 0)
		log_err("cannot set a timer: there will be no D-Bus");
}

bool dbus_up(struct dbus_output *o)
{
	u64 waiting = 0;

	if (!o->up)
		return false;
	if (sd_bus_get_n_queued_write(o->bus, &waiting) >= 0 && waiting > QUEUE_MAX) {
		bus_failed(o, DBUS_NO_BUS, "the %s does not take what is sent to it", bus_kind(o));
		return false;
	}
	return true;
}

void dbus_sent(struct dbus_output *o, int r)
{
	/* The bus went away in this moment: the end of the connection is reported by itself. */
	if (r >= 0 || r == -ENOTCONN)
		return;
	bus_failed(o, DBUS_NO_BUS, "cannot send to the %s: %s", bus_kind(o), strerror(-r));
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct dbus_output *o = userdata;

	bus_failed(o, DBUS_NO_BUS, "the connection to the %s ended", bus_kind(o));
	return 1;
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *unused)
{
	struct dbus_output *o = userdata;
	const sd_bus_error *e = sd_bus_message_get_error(m);
	u32 answer = 0;

	if (e && strcmp(e->name, SD_BUS_ERROR_NO_REPLY) == 0)
		bus_failed(o, DBUS_NO_BUS, sd_bus_is_open(o->bus) > 0 ? "the %s does not answer" :
			   "the connection to the %s ended", bus_kind(o));
	else if (e && strcmp(e->name, SD_BUS_ERROR_ACCESS_DENIED) == 0)
		bus_failed(o, DBUS_NO_NAME, "the policy of the %s does not let this user own the "
			   "name " DBUS_NAME ": is " DBUS_NAME ".conf installed?", bus_kind(o));
	else if (e)
		bus_failed(o, DBUS_NO_NAME, "the %s does not give us the name " DBUS_NAME ": %s",
			   bus_kind(o), e->message);
	else if (sd_bus_message_read_basic(m, 'u', &answer) < 0 || answer != 1)
		bus_failed(o, DBUS_NO_NAME, "the name " DBUS_NAME " is taken on the %s: does "
			   "another amshand run?", bus_kind(o));
	if (!o->bus)
		return 1;

	o->up = true;
	o->backoff = (struct backoff){};
	if (o->said)
		log_notice("the %s is there: readings are shown as " DBUS_NAME, bus_kind(o));
	o->said = 0;
	o->owner->ready(o->ctx);
	return 1;
}

/* Everything that is served must be there before the name is: the first client comes with it. */
static int bus_register(struct dbus_output *o)
{
	int r = sd_bus_add_object_vtable(o->bus, NULL, DBUS_PATH, MANAGER, manager_vtable, o);

	if (r >= 0)
		r = sd_bus_add_object_vtable(o->bus, NULL, "/org/freedesktop/LogControl1",
					     LOG_CONTROL, log_vtable, o);
	if (r >= 0)
		r = dbus_meters_register(o);
	if (r >= 0)
		r = dbus_sources_register(o);
	if (r >= 0)
		r = sd_bus_add_object_manager(o->bus, NULL, DBUS_PATH);
	if (r >= 0)
		r = sd_bus_match_signal_async(o->bus, NULL, LOCAL, NULL, LOCAL, "Disconnected",
					      on_disconnected, NULL, o);
	return r;
}

static void bus_connect(struct dbus_output *o)
{
	int r;

	r = o->session ? sd_bus_open_user_with_description(&o->bus, "amshand") :
			 sd_bus_open_system_with_description(&o->bus, "amshand");
	if (r == -ENOMEDIUM) {
		bus_failed(o, DBUS_NO_BUS, "no session bus: DBUS_SESSION_BUS_ADDRESS is not set");
		return;
	}
	if (r < 0) {
		bus_failed(o, DBUS_NO_BUS, "no %s: %s", bus_kind(o), strerror(-r));
		return;
	}
	r = bus_register(o);
	if (r >= 0)
		r = sd_bus_request_name_async(o->bus, NULL, DBUS_NAME, 0, on_name, o);
	if (r >= 0)
		r = sd_bus_attach_event(o->bus, o->event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0)
		bus_failed(o, DBUS_NO_BUS, "cannot set up the connection to the %s: %s",
			   bus_kind(o), strerror(-r));
}

static int on_timer(sd_event_source *timer, u64 now_us, void *userdata)
{
	bus_connect(userdata);
	return 0;
}

/* ---- the output ---- */

static void say_mqtt(struct dbus_output *o)
{
	if (dbus_up(o))
		dbus_sent(o, sd_bus_emit_properties_changed(o->bus, DBUS_PATH, MANAGER, "MqttState",
							    "MqttReason", NULL));
}

static void on_mqtt_state(void *ctx, enum mqtt_state state, const char *reason)
{
	say_mqtt(ctx);
}

int dbus_output_set_mqtt(struct output *output, struct mqtt_client *mqtt)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);
	int r = 0;

	if (mqtt == o->mqtt)
		return 0;
	if (o->mqtt)
		mqtt_client_off_state(o->mqtt, on_mqtt_state, o);
	o->mqtt = NULL;
	if (mqtt)
		r = mqtt_client_on_state(mqtt, on_mqtt_state, o);
	if (r == 0)
		o->mqtt = mqtt;
	say_mqtt(o);
	return r;
}

static void dbus_stop(struct output *output)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);

	o->stopped = true;
	o->timer = sd_event_source_disable_unref(o->timer);
	drop_bus(o);
}

static void dbus_free(struct output *output)
{
	struct dbus_output *o = container_of(output, struct dbus_output, output);

	dbus_stop(output);
	dbus_output_set_mqtt(output, NULL);
	dbus_meters_free(o);
	dbus_sources_free(o);
	sd_event_unref(o->event);
	free(o);
}

static const struct output_ops dbus_ops = {
	.source_added = dbus_source_added,
	.source_changed = dbus_source_changed,
	.source_removed = dbus_source_removed,
	.meter_added = dbus_meter_added,
	.meter_updated = dbus_meter_updated,
	.meter_availability = dbus_meter_availability,
	.meter_removed = dbus_meter_removed,
	.stop = dbus_stop,
	.free = dbus_free,
};

int dbus_output_new(sd_event *event, bool session, struct mqtt_client *mqtt,
		    const struct dbus_output_owner *owner, void *ctx, struct output **ret)
{
	struct dbus_output *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->output.ops = &dbus_ops;
	o->event = sd_event_ref(event);
	o->session = session;
	o->owner = owner;
	o->ctx = ctx;
	if (sd_event_add_time(event, &o->timer, CLOCK_MONOTONIC, 0, 0, on_timer, o) < 0 ||
	    sd_event_source_set_enabled(o->timer, SD_EVENT_OFF) < 0 ||
	    dbus_output_set_mqtt(&o->output, mqtt) < 0) {
		dbus_free(&o->output);
		return -ENOMEM;
	}
	bus_connect(o);
	*ret = &o->output;
	return 0;
}
