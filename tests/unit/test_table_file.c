// SPDX-License-Identifier: GPL-2.0
/*
 * The user's tables: what can be described is decoded by, mistakes are said with file, line and key,
 * and decoders let go of tables that are replaced.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "list_lab.h"

#include "config.h"
#include "log.h"
#include "tables.h"

static char folder[32];

static char *path_of(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct tables *load_text(const char *text)
{
	struct tables *t = NULL;

	put_file("one.conf", text);
	assert_int_equal(tables_load(path_of("one.conf"), &t), 0);
	assert_int_equal(unlink(path_of("one.conf")), 0);
	return t;
}

/* What tables_load() says of a text: all it wrote to stderr. */
static const char *mistakes_of(const char *text)
{
	static char said[4096];
	struct tables *t = NULL;
	FILE *f = tmpfile();
	int old = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(f);
	put_file("bad.conf", text);
	fflush(stderr);
	dup2(fileno(f), STDERR_FILENO);
	assert_int_equal(tables_load(path_of("bad.conf"), &t), -EINVAL);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	rewind(f);
	n = fread(said, 1, sizeof(said) - 1, f);
	said[n] = '\0';
	fclose(f);
	assert_null(t);
	assert_int_equal(unlink(path_of("bad.conf")), 0);
	return said;
}

/* ---- what can be described ---- */

static void put_positional(void)
{
	begin();
	enc_structure(&enc, 5);
	put_text("XYZ_0001");
	put_text("70000001");
	put_u32s(1, 1234);
	put_u16s(2, 2301, 77);
}

static void a_positional_list(void **state)
{
	struct tables *t = load_text("list \"mine\" {\n"
				     "	manufacturer = \"Maker of mine\"\n"
				     "	shape = positional\n"
				     "	list-id = XYZ_\n"
				     "	order = { 1-1:0.2.129, \"0-0:96.1.0\",\n"
				     "		1-0:1.7.0, 1-0:32.7.0.255, \"-\" }\n"
				     "	clock = \"utc+1\"\n"
				     "	scaler-power = 1\n"
				     "	scaler-voltage = -1\n"
				     "}\n");
	struct decoder d = { 0 };

	put_positional();
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.kind, MESSAGE_UNKNOWN_LIST);

	decoder_use(&d, tables_makers(t));
	assert_int_equal(decode(&d), 0);
	assert_int_equal(msg.maker->clock, CLOCK_UTC1);
	assert_int_equal(msg.unnamed, 1);
	CHECK("mine", { "meter_manufacturer", "Maker of mine" }, { "meter_id", "70000001" },
	      { "list_version", "XYZ_0001" }, { "active_power_import", "12340" },
	      { "voltage_l1", "230.1" });

	/* Without them nothing of them is left, also not in what was learned. */
	decoder_use(&d, NULL);
	assert_null(d.maker);
	tables_free(t);
	assert_int_equal(decode(&d), 0);
	assert_null(msg.maker);
}

static void order_is_held_against_types(void **state)
{
	struct tables *t = load_text("list a { shape = positional types = \"ss422\"\n"
				     "order = { \"-\", \"-\", \"-\", \"1-0:32.7.0\", \"-\" }\n"
				     "scaler-voltage = -1 }\n"
				     "list b { shape = positional types = \"ss442\"\n"
				     "order = { \"-\", \"-\", \"1-0:1.7.0\", \"-\", \"-\" }\n"
				     "scaler-power = 0 }\n");
	struct decoder d = { .extra = tables_makers(t) };

	put_positional();
	assert_int_equal(decode(&d), 0);
	CHECK("a", { "voltage_l1", "230.1" });
	tables_free(t);
}

static void pairs_rows_and_objects(void **state)
{
	struct tables *t = load_text("list pairs { shape = pairs list-id = \"OTHER_V1\"\n"
				     "	scaler-current = -2 scaler-energy = 1\n"
				     "	meter-id = \"1-0:0.0.1\" }\n"
				     "list rows { shape = rows elements = 2 scaler-voltage = 0 }\n"
				     "list objects { shape = objects push-setup = \"0-0:25.9.0\"\n"
				     "	scaler-power = 0 }\n");
	struct decoder d = { .extra = tables_makers(t) };

	begin();
	enc_structure(&enc, 7);
	enc_visible_string(&enc, "OTHER_V1", 8);
	enc_obis(&enc, 1, 0, 0, 0, 1, 255);
	put_text("70000001");
	enc_obis(&enc, 1, 0, 31, 7, 0, 255);
	enc_u32(&enc, 250);
	enc_obis(&enc, 1, 0, 1, 8, 0, 255);
	enc_u32(&enc, 1000);
	assert_int_equal(decode(&d), 0);
	CHECK("pairs", { "meter_id", "70000001" }, { "meter_manufacturer", "absent" },
	      { "current_l1", "2.50" }, { "active_energy_import", "10000" });

	begin();
	enc_array(&enc, 2);
	for (u8 c = 32; c <= 52; c += 20) {
		enc_structure(&enc, 2);
		enc_obis(&enc, 1, 0, c, 7, 0, 255);
		enc_u16(&enc, 230);
	}
	assert_int_equal(decode(&d), 0);
	CHECK("rows", { "voltage_l1", "230" }, { "voltage_l2", "230" });

	begin();
	enc_structure(&enc, 2);
	enc_array(&enc, 2);
	for (u8 attribute = 2; attribute; attribute -= 2) {
		for (int i = 0; i < 2; i++) {
			enc_structure(&enc, 4);
			enc_u16(&enc, i ? 3 : 40);
			enc_obis(&enc, (u8)i, 0, i ? 1 : 25, i ? 7 : 9, 0, 255);
			enc_s8(&enc, (s8)attribute);
			enc_u16(&enc, 0);
		}
	}
	enc_u32(&enc, 42);
	assert_int_equal(decode(&d), 0);
	CHECK("objects", { "active_power_import", "42" });
	tables_free(t);
}

static void they_come_before_the_compiled_ones(void **state)
{
	struct tables *t = load_text("list mine { manufacturer = Mine shape = positional list-id = KFM_\n"
				     "order = { \"-\", \"-\", \"-\", \"1-0:2.7.0\" } scaler-power = 3 }\n");
	struct decoder d = { 0 };

	for (int user = 0; user < 2; user++) {
		decoder_use(&d, user ? tables_makers(t) : NULL);
		begin();
		enc_structure(&enc, 4);
		put_text("KFM_001");
		put_text("6970000000000001");
		put_text("MA105H2E");
		put_u32s(1, 5);
		assert_int_equal(decode(&d), 0);
		assert_string_equal(value("meter_manufacturer"), user ? "Mine" : "Kaifa");
		assert_string_equal(value("active_power_export"), user ? "5000" : "absent");
	}
	tables_free(t);
}

/* ---- files ---- */

static void a_folder_is_read_in_order(void **state)
{
	struct tables *t = NULL;
	char dir[64];

	snprintf(dir, sizeof(dir), "%s/tables.d", folder);
	assert_int_equal(tables_load(dir, &t), -ENOENT);
	assert_int_equal(mkdir(dir, 0700), 0);
	put_file("tables.d/20-b.conf", "list b { manufacturer = B shape = rows elements = 2 }\n");
	put_file("tables.d/10-a.conf", "list a { manufacturer = A shape = rows elements = 1 }\n");
	put_file("tables.d/ignored.txt", "nonsense\n");
	assert_int_equal(tables_load(dir, &t), 0);
	assert_string_equal(tables_makers(t)[0]->name, "A");
	assert_string_equal(tables_makers(t)[1]->name, "B");
	assert_null(tables_makers(t)[2]);
	assert_null(tables_makers(NULL));
	tables_free(t);
	tables_free(NULL);
}

/* The folder of the test before is next to this file. */
static void the_configuration_has_them(void **state)
{
	struct config *c = NULL;

	put_file("amshand.conf", "source a { uri = \"file:-\" }\n");
	assert_int_equal(config_load(path_of("amshand.conf"), &c), 0);
	assert_non_null(c->tables);
	assert_string_equal(tables_makers(c->tables)[1]->name, "B");
	config_free(c);

	put_file("tables.d/30-c.conf", "list c { }\n");
	assert_int_equal(config_load(path_of("amshand.conf"), &c), -EINVAL);
}

static void mistakes_are_said(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "list a {\n}\n", "bad.conf:2: shape: is missing" },
		{ "list a {\nshape = round }\n", "bad.conf:2: shape: \"round\" is no shape" },
		{ "list a {\nshape = rows\n}\n", "bad.conf:3: list: would take every list" },
		{ "list a { shape = positional\n}\n", "bad.conf:2: order: is missing" },
		{ "list a { shape = rows list-id = x\norder = { \"-\" } }\n",
		  "bad.conf:2: order: is for positional lists" },
		{ "list a { shape = positional\norder = { \"-\", 1-0:1.7 } }\n",
		  "bad.conf:2: order: \"1-0:1.7\" is no OBIS code" },
		{ "list a { shape = positional\norder = { \"-\" } elements = 2 }\n",
		  "bad.conf:2: elements: differs" },
		{ "list a { shape = positional\norder = { \"-\" } types = ss }\n",
		  "bad.conf:2: types: must have one letter" },
		{ "list a { shape = positional order = { \"-\" }\ntypes = x }\n",
		  "bad.conf:2: types: \"x\" has other letters" },
		{ "list a { shape = rows\nelements = 0 }\n", "bad.conf:2: elements: \"0\" is not" },
		{ "list a { shape = rows\nelements = 65536 }\n", "bad.conf:2: elements: " },
		{ "list a { shape = rows elements = 2\nscaler-power = 10 }\n",
		  "bad.conf:2: scaler-power: \"10\" is not a whole number" },
		{ "list a { shape = rows elements = 2\nscaler-power = 0.1 }\n",
		  "bad.conf:2: scaler-power: " },
		{ "list a { shape = rows elements = 2\nelements = 3 }\n",
		  "bad.conf:2: elements: is set a second time" },
		{ "list a { shape = positional order = { \"-\" }\norder = { \"-\" } }\n",
		  "bad.conf:2: order: is set a second time" },
		{ "list a { shape = rows elements = 2\nmark = \"1-0:1.7.0\" }\n",
		  "bad.conf:2: mark: says where the list-id is" },
		{ "list a { shape = objects\npush-setup = \"1-0:1.7.0\" }\n",
		  "bad.conf:2: push-setup: \"1-0:1.7.0\" is no push setup" },
		{ "list a { shape = rows elements = 2\nclock = auto }\n", "bad.conf:2: clock: " },
		{ "list a { shape = rows elements = 2\nmanufacturer = \"\" }\n",
		  "bad.conf:2: manufacturer: is empty" },
		{ "list a { shape = rows elements = 2\nscalar = 2 }\n",
		  "bad.conf:2: scalar: unknown key; known are here manufacturer, " },
		{ "source a { }\n", "bad.conf:1: source: unknown" },
		{ "list a { shape = rows elements = 2 }\nlist a { shape = rows elements = 3 }\n",
		  "bad.conf:2: " },
		{ "list a { shape = rows\n", "a section begins here and does not end" },
		{ "list { shape = rows elements = 2 }\n", "bad.conf:1: " },
		{ "list \"\" { shape = rows elements = 2 }\n", "bad.conf:1: list: has an empty name" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *said = mistakes_of(rows[i].text);

		if (!strstr(said, rows[i].said))
			fail_msg("%s: said \"%s\", expected \"%s\"", rows[i].text, said,
				 rows[i].said);
	}
}

static void counts_are_bounded(void **state)
{
	static char text[65536];
	size_t n;

	n = snprintf(text, sizeof(text), "list a { shape = positional order = { \"-\"");
	for (int i = 0; i < 255; i++)
		n += snprintf(text + n, sizeof(text) - n, ", \"-\"");
	snprintf(text + n, sizeof(text) - n, "} }\n");
	assert_non_null(strstr(mistakes_of(text), "order: has more than 255 codes"));

	n = 0;
	for (int i = 0; i < 65; i++)
		n += snprintf(text + n, sizeof(text) - n, "list l%d { shape = rows elements = 2 }\n", i);
	assert_non_null(strstr(mistakes_of(text), "bad.conf:65: list: there are more than 64 lists"));

	memset(text, 0, sizeof(text));
	n = snprintf(text, sizeof(text), "list a { shape = rows elements = 2 manufacturer = ");
	memset(text + n, 'm', 64);
	strcat(text, " }\n");
	assert_non_null(strstr(mistakes_of(text), "manufacturer: is longer than 63 characters"));
}

static int setup(void **state)
{
	strcpy(folder, "/tmp/amshan-tables-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {
		"tables.d/10-a.conf", "tables.d/20-b.conf", "tables.d/30-c.conf",
		"tables.d/ignored.txt", "amshand.conf",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		unlink(path_of(names[i]));
	rmdir(path_of("tables.d"));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_positional_list),
		cmocka_unit_test(order_is_held_against_types),
		cmocka_unit_test(pairs_rows_and_objects),
		cmocka_unit_test(they_come_before_the_compiled_ones),
		cmocka_unit_test(a_folder_is_read_in_order),
		cmocka_unit_test(the_configuration_has_them),
		cmocka_unit_test(mistakes_are_said),
		cmocka_unit_test(counts_are_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
