// SPDX-License-Identifier: GPL-2.0
/*
 * The bus: find amshand, read what it shows.
 *
 * What went wrong is a sentence in a struct bus_why; who has nothing else to do with it says it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/bus.h"
#include "ctl/text.h"
#include "util.h"

#define ANSWER_US	(10 * USEC_PER_SEC)

static void __attribute__((format(printf, 2, 3))) why_set(struct bus_why *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
}

static const char *bus_name(bool user)
{
	return user ? "session bus" : "system bus";
}

/* Until the bus has let us in; one that is there and does not answer is given up. */
static int bus_wait(sd_bus *bus)
{
	u64 end = mono_us() + ANSWER_US, now;
	int r;

	while ((r = sd_bus_is_ready(bus)) == 0) {
		r = sd_bus_process(bus, NULL);
		if (r > 0)
			continue;
		now = mono_us();
		if (r == 0 && now >= end)
			r = -ETIMEDOUT;
		else if (r == 0)
			r = sd_bus_wait(bus, end - now);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return r < 0 ? r : 0;
}

int bus_connect(bool user, sd_bus **ret)
{
	_cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
	int r;

	r = user ? sd_bus_open_user_with_description(&bus, "amshanctl") :
		   sd_bus_open_system_with_description(&bus, "amshanctl");
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, ANSWER_US);
	if (r >= 0)
		r = bus_wait(bus);
	if (r < 0)
		return r;
	*ret = bus;
	bus = NULL;
	return 0;
}

/* Does amshand run there?  Asking for the owner starts nothing. */
static int bus_has_daemon(sd_bus *bus)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int has, r;

	r = sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "NameHasOwner", NULL, &reply, "s",
			       AMSHAN_BUS_NAME);
	if (r >= 0)
		r = sd_bus_message_read(reply, "b", &has);
	return r < 0 ? r : has;
}

/* 1: connected, amshand is there; 0: the bus is there, amshand is not; negative: no bus. */
static int bus_try(bool user, sd_bus **ret)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	int r;

	r = bus_connect(user, &bus);
	if (r == 0)
		r = bus_has_daemon(bus);
	if (r <= 0)
		return r;
	*ret = bus;
	bus = NULL;
	return 1;
}

static void why_no_bus(struct bus_why *w, bool user, int r)
{
	w->no_bus = true;
	if (user && r == -ENOMEDIUM)
		why_set(w, "no session bus: DBUS_SESSION_BUS_ADDRESS is not set");
	else
		why_set(w, "cannot connect to the %s: %s", bus_name(user), strerror(-r));
}

static int bus_open_one(bool user, sd_bus **ret, struct bus_why *w)
{
	int r = bus_try(user, ret);

	if (r > 0) {
		w->user = user;
		return 0;
	}
	if (r < 0) {
		why_no_bus(w, user, r);
		return r;
	}
	why_set(w, "amshand is not running on the %s", bus_name(user));
	return -ESRCH;
}

int bus_open_why(enum ctl_bus which, sd_bus **ret, struct bus_why *w)
{
	int system, user;

	*w = (struct bus_why){ 0 };
	if (which != CTL_BUS_ANY)
		return bus_open_one(which == CTL_BUS_USER, ret, w);

	system = bus_try(false, ret);
	if (system > 0)
		return 0;
	user = bus_try(true, ret);
	if (user > 0) {
		w->user = true;
		return 0;
	}
	w->no_bus = system < 0 && user < 0;
	if (w->no_bus)
		why_set(w,
			"amshand cannot be asked: there is neither a system bus (%s) nor a session bus (%s)",
			strerror(-system), user == -ENOMEDIUM ? "not set" : strerror(-user));
	else if (system == 0 && user == 0)
		why_set(w,
			"amshand is not running, neither on the system bus nor on the session bus");
	else
		why_set(w, "amshand is not running on the %s, and there is no %s",
			bus_name(system < 0), bus_name(user < 0));
	return -ESRCH;
}

int bus_open(const struct ctl_options *o, sd_bus **ret)
{
	struct bus_why w;
	int r = bus_open_why(o->bus, ret, &w);

	if (r < 0)
		ctl_say("%s", w.text);
	return r;
}

static void why_no_answer(struct bus_why *w, const sd_bus_error *error, int r)
{
	char text[TEXT_MAX];

	w->denied = sd_bus_error_has_names(error, SD_BUS_ERROR_ACCESS_DENIED,
					   SD_BUS_ERROR_AUTH_FAILED);
	if (w->denied)
		why_set(w, "the policy of the bus does not let you read amshand: root may, and "
			"the group amshan");
	else if (sd_bus_error_has_names(error, SD_BUS_ERROR_SERVICE_UNKNOWN,
					SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		why_set(w, "amshand is not running");
	else if (sd_bus_error_has_names(error, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT))
		why_set(w, "amshand does not answer");
	else
		why_set(w, "amshand gives no readings: %s",
			error->message ? text_escape(error->message, text, sizeof(text)) :
					 strerror(-r));
}

/* Call a method of amshand's main object; @argument: a text for it, or NULL. */
static int bus_ask(sd_bus *bus, const char *interface, const char *method, const char *argument,
		   struct bus_why *w, sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	r = sd_bus_message_new_method_call(bus, &call, AMSHAN_BUS_NAME, AMSHAN_BUS_PATH, interface,
					   method);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(call, false);
	if (r >= 0 && argument)
		r = sd_bus_message_append_basic(call, 's', argument);
	if (r >= 0)
		r = sd_bus_call(bus, call, ANSWER_US, &error, ret);
	if (r < 0)
		why_no_answer(w, &error, r);
	return r;
}

int bus_read_why(sd_bus *bus, struct model *m, struct bus_why *w)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *objects = NULL, *manager = NULL;
	int r;

	r = bus_ask(bus, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, w,
		    &objects);
	if (r >= 0)
		r = bus_ask(bus, "org.freedesktop.DBus.Properties", "GetAll", AMSHAN_MANAGER, w,
			    &manager);
	if (r < 0)
		return r;
	r = model_read_objects(m, objects);
	if (r == 0)
		r = model_read_manager(m, manager);
	if (r == -ENOMEM)
		why_set(w, "out of memory");
	else if (r < 0)
		why_set(w, "what amshand answers is of another form than expected");
	return r;
}

int bus_read(sd_bus *bus, struct model *m)
{
	struct bus_why w = { 0 };
	int r = bus_read_why(bus, m, &w);

	if (r < 0)
		ctl_say("%s", w.text);
	return r;
}

int bus_load(const struct ctl_options *o, struct model *m)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	int r = bus_open(o, &bus);

	return r < 0 ? r : bus_read(bus, m);
}

int bus_manage(const struct ctl_options *o, const char *method, const char *argument)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	char text[TEXT_MAX];
	int r;

	r = bus_open(o, &bus);
	if (r < 0)
		return r;
	r = sd_bus_call_method(bus, AMSHAN_BUS_NAME, AMSHAN_BUS_PATH, AMSHAN_MANAGER, method, &error,
			       NULL, "s", argument);
	if (sd_bus_error_has_names(&error, SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_AUTH_FAILED))
		ctl_say("only root, and the user that amshand runs as, may do this");
	else if (r < 0)
		ctl_say("%s", error.message ? text_escape(error.message, text, sizeof(text)) :
			strerror(-r));
	return r;
}

struct model_meter *bus_meter(const struct model *m, const char *name)
{
	struct model_meter *found = NULL;
	char text[TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < m->n_meters; i++) {
		if (!strcmp(m->meters[i]->id, name))
			return m->meters[i];
		if (strncmp(m->meters[i]->id, name, strlen(name)))
			continue;
		found = m->meters[i];
		n++;
	}
	text_escape(name, text, sizeof(text));
	if (n > 1)
		ctl_say("%zu meters begin with \"%s\"; \"amshanctl list\" shows them", n, text);
	else if (!n)
		ctl_say("no meter \"%s\"; \"amshanctl list\" shows what there is", text);
	return n == 1 ? found : NULL;
}
