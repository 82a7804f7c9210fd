// SPDX-License-Identifier: GPL-2.0
/*
 * amshanctl adapters: the serial ports there are, which of them are enabled, and what became of
 * them.  Then the adapters that are enabled by a local rule and not plugged in.
 *
 * Reads udev's database, sysfs, the rules, the module's ports, and what systemd says of the
 * services.  Each of the last three may be missing, and the others are told all the same.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "ctl/adapter.h"
#include "ctl/ctl.h"
#include "ctl/report.h"
#include "ctl/rule.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "ctl/unit.h"
#include "netlink/ports.h"
#include "util.h"

/* struct known - all that is asked, once */
struct known {
	struct adapter *adapter;
	size_t n_adapters;
	struct rule *rule;
	size_t n_rules;
	struct port_info port[AMSHAN_PORTS_MAX];
	int n_ports;		/* or a negative errno */
	sd_bus *bus;		/* NULL: systemd cannot be asked */
};

static void known_clear(struct known *k)
{
	free(k->adapter);
	free(k->rule);
	sd_bus_flush_close_unref(k->bus);
}

static int known_read(struct known *k)
{
	int r;

	r = adapter_list(&k->adapter, &k->n_adapters);
	if (r < 0) {
		ctl_say("cannot list the serial ports: %s", strerror(-r));
		return r;
	}
	r = rule_list(RULE_FOLDER, &k->rule, &k->n_rules);
	if (r < 0)
		ctl_say("cannot look into %s: %s", RULE_FOLDER, strerror(-r));
	k->n_ports = ports_read(k->port);
	if (unit_is_managed() &&
	    sd_bus_open_system_with_description(&k->bus, "amshanctl") < 0)
		k->bus = NULL;
	return 0;
}

static const struct port_info *port_of(const struct known *k, const struct adapter *a)
{
	for (int i = 0; i < k->n_ports; i++)
		if (makedev(k->port[i].tty_major, k->port[i].tty_minor) == a->devt)
			return &k->port[i];
	return NULL;
}

static const struct rule *rule_of(const struct known *k, const struct adapter *a)
{
	return rule_first(k->rule, k->n_rules, a);
}

static bool is_plugged_in(const struct known *k, const struct rule *r)
{
	for (size_t i = 0; i < k->n_adapters; i++)
		if (rule_matches(r, &k->adapter[i]))
			return true;
	return false;
}

/* Why an enabled adapter has no port. */
static char *state_text(const struct known *k, const struct adapter *a, char *buf, size_t size)
{
	char name[UNIT_TEXT_MAX];
	struct unit_state u;

	if (serial_framing_is_ours(a->framing)) {
		snprintf(buf, size, "read by amshand itself");
		return buf;
	}
	if (k->bus && unit_read(k->bus, unit_attach_name(a->name, name), &u) == 0) {
		if (*u.status)
			return text_escape(u.status, buf, size);
		if (strcmp(u.load, "loaded")) {
			snprintf(buf, size, "not attached: its service is %s", u.load);
			return buf;
		}
		snprintf(buf, size, "not attached: its service is %s", u.active);
		return buf;
	}
	if (k->n_ports < 0)
		ports_say_error(k->n_ports, buf, size);
	else
		snprintf(buf, size, "not attached");
	return buf;
}

/* ---- text ---- */

/* udev writes low lines for spaces in what a device says of itself. */
static char *words(const struct adapter *a, char *buf, size_t size)
{
	char text[2 * ADAPTER_TEXT_MAX + 2];

	if (!*a->vendor && !*a->model)
		return text_escape(a->driver, buf, size);
	snprintf(text, sizeof(text), "%s%s%s", a->vendor, *a->vendor ? " " : "", a->model);
	text_escape(text, buf, size);
	for (char *p = buf; *p; p++)
		if (*p == '_')
			*p = ' ';
	return buf;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static char *enabled_text(const struct adapter *a, char *buf, size_t size)
{
	char line[SERIAL_LINE_MAX];

	if (a->is_enabled)
		snprintf(buf, size, "%s", serial_line_format(&a->settings, a->framing, line));
	else
		snprintf(buf, size, "%s", a->is_initialized ? "no" : "not known to udev");
	return buf;
}

static int add_adapter(struct libscols_table *t, const struct known *k, const struct adapter *a)
{
	char node[TEXT_MAX], what[TEXT_MAX], id[TEXT_MAX], enabled[TEXT_MAX], port[TEXT_MAX] = "";
	const struct port_info *p = port_of(k, a);
	const char *const cells[] = {
		text_escape(a->node, node, sizeof(node)),
		words(a, what, sizeof(what)),
		text_escape(last_part(*a->by_id ? a->by_id : *a->by_path ? a->by_path : a->id), id,
			    sizeof(id)),
		enabled_text(a, enabled, sizeof(enabled)),
		port,
	};

	if (p)
		snprintf(port, sizeof(port), "amshan%u", p->index);
	else if (a->is_enabled)
		state_text(k, a, port, sizeof(port));
	return table_add(t, cells, ARRAY_SIZE(cells));
}

static int add_rule(struct libscols_table *t, const struct rule *r)
{
	char name[TEXT_MAX], enabled[TEXT_MAX], line[SERIAL_LINE_MAX];
	const char *const cells[] = {
		"-", "not plugged in", text_escape(r->name, name, sizeof(name)), enabled, "",
	};

	if (*r->why)
		snprintf(enabled, sizeof(enabled), "?");
	else
		snprintf(enabled, sizeof(enabled), "%s",
			 r->enable ? serial_line_format(&r->settings, r->framing, line) : "no");
	return table_add(t, cells, ARRAY_SIZE(cells));
}

/* What does not fit into a table. */
static void say_what_is_wrong(const struct known *k)
{
	char name[TEXT_MAX], path[RULE_PATH_MAX], shown[TEXT_MAX];

	for (size_t i = 0; i < k->n_adapters; i++) {
		const struct rule *rule = rule_of(k, &k->adapter[i]);

		/* If its rule is ours, that is said of the file. */
		if (*k->adapter[i].settings_why && !(rule && *rule->why))
			ctl_say("%s: %s", text_escape(k->adapter[i].node, name, sizeof(name)),
				k->adapter[i].settings_why);
	}
	for (size_t i = 0; i < k->n_rules; i++)
		if (*k->rule[i].why)
			ctl_say("%s: %s", text_escape(rule_path(RULE_FOLDER, k->rule[i].name, path),
						      shown, sizeof(shown)), k->rule[i].why);
}

static int print_table(const struct known *k)
{
	static const struct table_column columns[] = {
		{ "DEVICE" }, { "ADAPTER" }, { "ID" }, { "ENABLED" }, { "PORT" },
	};
	_cleanup_(table_unrefp) struct libscols_table *t = table_new(columns, ARRAY_SIZE(columns));
	size_t rows = 0;

	if (!t)
		return report_no_memory();
	for (size_t i = 0; i < k->n_adapters; i++, rows++)
		if (add_adapter(t, k, &k->adapter[i]) < 0)
			return report_no_memory();
	for (size_t i = 0; i < k->n_rules; i++) {
		if (is_plugged_in(k, &k->rule[i]))
			continue;
		rows++;
		if (add_rule(t, &k->rule[i]) < 0)
			return report_no_memory();
	}
	if (rows)
		table_print(t);
	else
		ctl_say("this machine has no serial port");
	say_what_is_wrong(k);
	return CTL_OK;
}

/* ---- JSON ---- */

static int add_settings(json_t *j, const struct serial_settings *s, enum link_framing framing)
{
	return report_add(j, "settings", json_pack("{sI, ss, si, si, ss}",
						   "baud", (json_int_t)s->baud,
						   "parity", rule_parity(s->parity),
						   "data", (int)s->data, "stop", (int)s->stop,
						   "framing", link_framing_word(framing)));
}

static int add_rule_path(json_t *j, const struct rule *r)
{
	char path[RULE_PATH_MAX], shown[RULE_PATH_MAX];

	return report_add_text(j, "rule", text_escape(rule_path(RULE_FOLDER, r->name, path), shown,
						      sizeof(shown)));
}

/* NULL without memory. */
static json_t *adapter_json(const struct known *k, const struct adapter *a)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{ "device", a->node }, { "id", a->id }, { "serial", a->serial },
		{ "vendor_id", a->vendor_id }, { "model_id", a->model_id },
		{ "vendor", a->vendor }, { "model", a->model }, { "interface", a->interface },
		{ "port_number", a->port }, { "place", a->place }, { "driver", a->driver },
		{ "by_id", a->by_id }, { "by_path", a->by_path },
		{ "settings_error", a->settings_why },
	};
	const struct port_info *p = port_of(k, a);
	const struct rule *rule = rule_of(k, a);
	json_t *j = json_object();
	char text[TEXT_MAX];
	int r = j ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++)
		r = report_add_text(j, texts[i].name,
				    text_escape(texts[i].text, text, sizeof(text)));
	if (r == 0)
		r = report_add(j, "plugged_in", json_true());
	if (r == 0)
		r = report_add(j, "usb", json_boolean(a->is_usb));
	/* What udev has not looked at is neither. */
	if (r == 0 && a->is_initialized)
		r = report_add(j, "enabled", json_boolean(a->is_enabled));
	if (r == 0 && a->is_enabled)
		r = add_settings(j, &a->settings, a->framing);
	if (r == 0 && rule)
		r = add_rule_path(j, rule);
	if (r == 0 && p) {
		snprintf(text, sizeof(text), "/dev/amshan%u", p->index);
		r = report_add_text(j, "port", text);
	} else if (r == 0 && a->is_enabled) {
		r = report_add_text(j, "state", state_text(k, a, text, sizeof(text)));
	}
	if (r == 0)
		return j;
	json_decref(j);
	return NULL;
}

static json_t *rule_json(const struct rule *rule)
{
	json_t *j = json_object();
	char text[TEXT_MAX];
	int r = j ? 0 : -ENOMEM;

	if (r == 0)
		r = report_add_text(j, "name", text_escape(rule->name, text, sizeof(text)));
	if (r == 0)
		r = report_add(j, "plugged_in", json_false());
	if (r == 0)
		r = add_rule_path(j, rule);
	if (r == 0 && *rule->why)
		r = report_add_text(j, "rule_error", rule->why);
	if (r == 0 && !rule->is_foreign)
		r = report_add(j, "enabled", json_boolean(rule->enable));
	if (r == 0 && !*rule->why && rule->enable)
		r = add_settings(j, &rule->settings, rule->framing);
	if (r == 0)
		return j;
	json_decref(j);
	return NULL;
}

static int append(json_t *array, json_t *j)
{
	return j && json_array_append_new(array, j) == 0 ? 0 : -ENOMEM;
}

static int print_json(const struct known *k)
{
	json_t *array = json_array();
	int r = array ? 0 : -ENOMEM;

	for (size_t i = 0; i < k->n_adapters && r == 0; i++)
		r = append(array, adapter_json(k, &k->adapter[i]));
	for (size_t i = 0; i < k->n_rules && r == 0; i++)
		if (!is_plugged_in(k, &k->rule[i]))
			r = append(array, rule_json(&k->rule[i]));
	if (r < 0) {
		json_decref(array);
		array = NULL;
	}
	return report_print(array);
}

int ctl_adapters(const struct ctl_options *o)
{
	_cleanup_(known_clear) struct known k = { 0 };

	if (known_read(&k) < 0)
		return CTL_FAILED;
	return o->json ? print_json(&k) : print_table(&k);
}
