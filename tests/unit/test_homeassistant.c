// SPDX-License-Identifier: GPL-2.0
/*
 * The announcements to Home Assistant, against a stand-in for the client.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mqtt_stand_in.h"
#include "output/homeassistant.h"
#include "util.h"

struct lab {
	sd_event *event;
	struct mqtt_client client;
	struct output *output;
};

static int setup(void **state)
{
	struct lab *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_true(sd_event_new(&s->event) >= 0);
	assert_int_equal(homeassistant_output_new(s->event, &s->client, "homeassistant", "amshan", true,
						  &s->output), 0);
	s->client.said[0] = '\0';
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct lab *s = *state;

	s->output->ops->free(s->output);
	sd_event_unref(s->event);
	free(s);
	return 0;
}

static void know(struct meter *m, enum quantity q)
{
	m->known[q / 64] |= 1ull << (q % 64);
}

static void update_known(struct output *o, struct meter *m)
{
	struct readings r;
	struct meter_update u = { .readings = &r, .known = true, .real_us = 1763805600123456ull };

	readings_clear(&r);
	o->ops->meter_updated(o, m, &u);
}

static void announced(const struct mqtt_client *c, const char *text)
{
	if (!strstr(c->said, text))
		fail_msg("%s\nis not in\n%s", text, c->said);
}

/* A gas meter is a device of its own, via the meter that it hangs behind. */
static void test_behind(void **state)
{
	struct lab *s = *state;
	struct meter *m = meter_new("G0025", "one");
	struct output *o = s->output;

	strcpy(m->via, "7359992890941742");
	strcpy(m->identity[ID_METER_TYPE], "gas");
	know(m, Q_GAS_VOLUME);
	know(m, Q_VALVE_STATE);
	s->client.said[0] = '\0';
	o->ops->meter_added(o, m);
	announced(&s->client, "homeassistant/device/amshan_G0025/config={\"dev\":{\"ids\":"
		  "[\"amshan_G0025\"],\"name\":\"Gas meter G0025\",\"mdl\":\"gas\","
		  "\"via_device\":\"amshan_7359992890941742\"}");
	announced(&s->client, "\"gas_volume\":{\"p\":\"sensor\",\"name\":\"Gas\","
		  "\"uniq_id\":\"amshan_G0025_gas_volume\","
		  "\"def_ent_id\":\"sensor.amshan_g0025_gas_volume\",\"stat_t\":\"amshan/G0025/energy\","
		  "\"val_tpl\":\"{{ value_json.gas_volume | default('') }}\",\"dev_cla\":\"gas\","
		  "\"stat_cla\":\"total_increasing\",\"unit_of_meas\":\"m³\",\"sug_dsp_prc\":3}");
	announced(&s->client, "\"stat_t\":\"amshan/G0025/quality\",\"val_tpl\":"
		  "\"{{ value_json.valve_state | default('') }}\",\"ic\":\"mdi:numeric\","
		  "\"ent_cat\":\"diagnostic\",\"en\":false}");
	assert_null(strstr(s->client.said, "exp_aft"));
	o->ops->meter_removed(o, m);
	meter_free(m);
}

/* Units and classes as Home Assistant knows them; what few look at is there, but not enabled. */
static void test_classes(void **state)
{
	static const struct {
		enum quantity q;
		const char *text;
	} rows[] = {
		{ Q_WATER_VOLUME, "\"dev_cla\":\"water\",\"stat_cla\":\"total_increasing\","
				  "\"unit_of_meas\":\"m³\",\"sug_dsp_prc\":3}" },
		{ Q_THERMAL_ENERGY, "{{ v / 1000000000 if v is number else v }}\",\"dev_cla\":\"energy\","
				    "\"stat_cla\":\"total_increasing\",\"unit_of_meas\":\"GJ\"" },
		{ Q_APPARENT_ENERGY, "{{ v / 1000 if v is number else v }}\",\"stat_cla\":"
				     "\"total_increasing\",\"unit_of_meas\":\"kVAh\"" },
		{ Q_FREQUENCY, "\"dev_cla\":\"frequency\",\"stat_cla\":\"measurement\","
			       "\"unit_of_meas\":\"Hz\",\"sug_dsp_prc\":2,\"ent_cat\":\"diagnostic\","
			       "\"exp_aft\":60}" },
		{ Q_VOLTAGE_SAGS_L1, "\"stat_t\":\"amshan/1/quality\",\"val_tpl\":"
				     "\"{{ value_json.voltage_sags_l1 | default('') }}\",\"stat_cla\":"
				     "\"total_increasing\",\"ic\":\"mdi:counter\",\"sug_dsp_prc\":0,"
				     "\"ent_cat\":\"diagnostic\",\"en\":false}" },
		{ Q_POWER_FAILURES, "\"ic\":\"mdi:counter\",\"sug_dsp_prc\":0,"
				    "\"ent_cat\":\"diagnostic\"}" },
		{ Q_TARIFF, "\"{{ value_json.tariff | default('') }}\",\"ic\":\"mdi:numeric\","
			    "\"ent_cat\":\"diagnostic\"}" },
		{ Q_ACTIVE_POWER_IMPORT_DEMAND_MAX, "\"dev_cla\":\"power\",\"stat_cla\":\"measurement\","
						    "\"unit_of_meas\":\"W\",\"sug_dsp_prc\":0}" },
	};
	struct lab *s = *state;
	struct output *o = s->output;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct meter *m = meter_new("1", "one");

		o->ops->meter_added(o, m);
		s->client.said[0] = '\0';
		know(m, rows[i].q);
		update_known(o, m);
		announced(&s->client, rows[i].text);
		announced(&s->client, "\"name\":\"Electricity meter 1\",\"via_device\":"
				      "\"amshan_daemon_amshan\"");
		o->ops->meter_removed(o, m);
		meter_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_classes, setup, teardown),
	};

	return cmocka_run_group_tests_name("homeassistant", tests, NULL, NULL);
}
