// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: what it says of a configuration.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ctl/doctor_access.c"
#include "ctl/doctor_config.c"

static struct findings l;
static struct ctl_options options;

void findings_add(struct findings *findings, enum finding_kind kind, const char *about, const char *fmt, ...)
{
	struct finding *f = &findings->f[findings->n++];
	va_list ap;

	f->kind = kind;
	findings->wrong |= kind == FINDING_WRONG;
	snprintf(f->about, sizeof(f->about), "%s", about);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

static struct doctor doctor(void)
{
	l = (struct findings){ 0 };
	return (struct doctor){ .o = &options, .l = &l };
}

/* The only finding, or one of them. */
static void found(size_t n, size_t i, enum finding_kind kind, const char *about, const char *text)
{
	assert_int_equal(l.n, n);
	assert_string_equal(l.f[i].about, about);
	assert_non_null(strstr(l.f[i].text, text));
	assert_int_equal(l.f[i].kind, kind);
}

static void the_configuration_is_told_in_words(void **state)
{
	char said[] = "/etc/x:3: colour: unknown key\n/etc/x:5: port: \"a\" is no number\n";
	char warned[] = "/etc/x:7: password-file: everybody can read it\n";
	struct config c = { .n_sources = 2 };
	struct doctor d = doctor();

	d.config_path = (char *)"/etc/x";
	d.config_error = -EINVAL;
	d.config_said = said;
	doctor_config(&d);
	found(2, 0, FINDING_WRONG, "configuration", "/etc/x:3: colour");
	found(2, 1, FINDING_WRONG, "configuration", "/etc/x:5: port");

	d = doctor();
	d.config_path = (char *)"/etc/x";
	d.config = &c;
	d.config_said = warned;
	doctor_config(&d);
	found(2, 0, FINDING_NOTE, "configuration", "everybody can read it");
	found(2, 1, FINDING_OK, "configuration", "/etc/x is read, with 2 sources");

	d = doctor();
	d.config_path = (char *)"/etc/x";
	d.config_error = -EACCES;
	doctor_config(&d);
	found(1, 0, FINDING_NOTE, "configuration", "root sees more");

	d = doctor();
	d.config_path = (char *)"/etc/x";
	d.config_error = d.asked = -ENOENT;
	doctor_config(&d);
	found(1, 0, FINDING_WRONG, "configuration", "there is no /etc/x");

	/* One that was read, with a source that amshand does not take. */
	d = doctor();
	strcpy(said, "/etc/x:3: uri: \"foo:x\" is none of kernel:\n");
	d.config_path = (char *)"/etc/x";
	d.config = &c;
	d.config_error = -EINVAL;
	d.config_said = said;
	doctor_config(&d);
	found(1, 0, FINDING_WRONG, "configuration", "\"foo:x\" is none of");

	/* It says so by itself. */
	d = doctor();
	c.n_sources = 0;
	strcpy(said, "/etc/x: no source is configured\n");
	d.config_path = (char *)"/etc/x";
	d.config = &c;
	d.config_said = said;
	doctor_config(&d);
	found(1, 0, FINDING_WRONG, "configuration", "/etc/x has no source");
}

/* What only amshand has: rights, and variables. */
static void mistakes_that_may_be_none_are_notes(void **state)
{
	char conf[] = "/tmp/amshan-doctor-XXXXXX.conf", said[1024];
	int fd = mkstemps(conf, 5);
	struct doctor d = doctor();

	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "mqtt {\n\thost = \"${BROKER}\"\n\tport = x\n}\n"), 39);
	close(fd);
	snprintf(said, sizeof(said), "%s:2: host: is empty\n%s:3: port: \"x\" is no number\n"
		 "%s:4: host: is missing\n", conf, conf, conf);
	d.config_path = conf;
	d.config_error = -EINVAL;
	d.config_said = said;
	doctor_config(&d);
	found(3, 0, FINDING_NOTE, "configuration", "host: is empty; but amshand may have that variable");
	found(3, 1, FINDING_WRONG, "configuration", "port: \"x\" is no number");
	found(3, 2, FINDING_NOTE, "configuration", "host: is missing; but amshand may have");

	d = doctor();
	snprintf(said, sizeof(said), "%s.d/a.conf: cannot be read: Permission denied\n"
		 "%s:4: host: is missing\n", conf, conf);
	d.config_path = conf;
	d.config_error = -EINVAL;
	d.config_said = said;
	doctor_config(&d);
	found(2, 0, FINDING_NOTE, "configuration", "Permission denied; root sees more: sudo");
	found(2, 1, FINDING_NOTE, "configuration", "host: is missing; but it may stand in the file");
	assert_false(l.wrong);

	/* Nothing of that. */
	d = doctor();
	snprintf(said, sizeof(said), "%s:4: host: is missing\n", conf);
	d.config_path = conf;
	d.config_error = -EINVAL;
	d.config_said = said;
	doctor_config(&d);
	found(1, 0, FINDING_WRONG, "configuration", "host: is missing");
	unlink(conf);
}

/* A folder with a configuration in it that is open to all; the folder's path in @folder */
static void make_config(char *folder, char *conf, char *dropin)
{
	assert_non_null(mkdtemp(folder));
	sprintf(conf, "%s/x.conf", folder);
	sprintf(dropin, "%s/x.conf.d", folder);
	assert_int_equal(mkdir(dropin, 0755), 0);
	strcat(dropin, "/a.conf");
	close(open(conf, O_CREAT | O_WRONLY, 0644));
	close(open(dropin, O_CREAT | O_WRONLY, 0644));
	chmod(folder, 0755);
	chmod(conf, 0644);
	chmod(dropin, 0644);
}

/* As root all can be read, and amshand is not root. */
static void what_is_closed_to_amshand_is_wrong(void **state)
{
	char folder[] = "/tmp/amshan-doctor-XXXXXX", conf[64], dropin[64], closed[256];
	struct config c = { .n_sources = 1 };
	struct doctor d = doctor();

	if (geteuid() || !getpwnam("nobody"))
		skip();
	make_config(folder, conf, dropin);
	d.root = true;
	d.config_path = conf;
	d.config = &c;
	strcpy(d.user, "nobody");
	doctor_config(&d);
	found(1, 0, FINDING_OK, "configuration", "is read, with 1 source");

	l.n = 0;
	chmod(dropin, 0600);
	doctor_config(&d);
	found(1, 0, FINDING_WRONG, "configuration", "x.conf.d/a.conf is closed to the user nobody");
	l.n = 0;
	chmod(conf, 0600);
	doctor_config(&d);
	found(1, 0, FINDING_WRONG, "configuration", "x.conf is closed to the user nobody");
	chmod(conf, 0644);
	l.n = 0;
	chmod(folder, 0700);
	doctor_config(&d);
	found(1, 0, FINDING_WRONG, "configuration", "x.conf is closed to the user nobody");
	/* Who is not known may read all. */
	l.n = 0;
	strcpy(d.user, "root");
	doctor_config(&d);
	found(1, 0, FINDING_OK, "configuration", "is read");
	l.n = 0;
	*d.user = '\0';
	doctor_config(&d);
	found(1, 0, FINDING_OK, "configuration", "is read");
	assert_int_equal(doctor_closed_to(conf, "no-such-user-of-ours", closed, sizeof(closed)), -ENOENT);
	unlink(dropin);
	unlink(conf);
	*strrchr(dropin, '/') = '\0';
	rmdir(dropin);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_configuration_is_told_in_words),
		cmocka_unit_test(mistakes_that_may_be_none_are_notes),
		cmocka_unit_test(what_is_closed_to_amshand_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
