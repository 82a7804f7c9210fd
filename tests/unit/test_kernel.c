// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel source on a socket that gives one record per read() and hangs up, as /dev/amshanN does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/amshan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../sim/meters.h"
#include "log.h"
#include "records.h"
#include "source/kernel.h"
#include "source/kernel_ports.h"
#include "source/record.h"
#include "util.h"

/* ---- the transport ---- */

#define TAKEN_MAX 4096

/**
 * struct lab - a source and its device
 * @device: our end of it
 * @taken: what the owner was told: number of messages, and the times of the last ones
 * @stop: stop the source at this message, 0: never
 */
struct lab {
	char folder[64];
	sd_event *event;
	struct kernel_ports *ports;
	struct source *source;
	int device;
	unsigned int taken;
	u64 mono[TAKEN_MAX];
	u64 real[TAKEN_MAX];
	unsigned int stop;
	u8 frame[ENC_OCTETS_MAX];
	u16 frame_len;
};

/* What the module would say. */
static struct port_info there[AMSHAN_PORTS_MAX];
static int n_there;

/* How often it was asked; and after so many times it is @gone_error. -1: never. */
static unsigned int n_reads;
static int gone_after = -1, gone_error;

static int read_there(struct port_info *ret)
{
	n_reads++;
	if (gone_after >= 0 && n_reads > (unsigned int)gone_after)
		return gone_error;
	if (n_there > 0)
		memcpy(ret, there, n_there * sizeof(*ret));
	return n_there;
}

static void on_message(void *ctx, struct source *s, const struct message *msg, u64 real)
{
	struct lab *lab = ctx;

	assert_true(readings_any(&msg->readings));
	assert_true(lab->taken < TAKEN_MAX);
	lab->mono[lab->taken] = s->last_message_us;
	lab->real[lab->taken++] = real;
	if (lab->taken == lab->stop)
		source_stop(s);
}

static void ignore(void *ctx, struct source *s)
{
}

static const struct source_owner owner = {
	.message = on_message, .changed = ignore, .checked = ignore,
};

/* Let the loop run until nothing is left to do. */
static void settle(struct lab *lab)
{
	int r;

	do {
		r = sd_event_run(lab->event, 120 * USEC_PER_MSEC);
		assert_true(r >= 0);
	} while (r > 0);
}

static void source_begin(struct lab *lab)
{
	char *error = NULL;

	assert_int_equal(kernel_ports_new(lab->event, lab->folder, &lab->ports), 0);
	kernel_ports_read_by(lab->ports, read_there);
	assert_int_equal(source_new(lab->event, "house", "kernel:ttyX1", NULL, &owner, lab,
				    &lab->source, &error), 0);
	lab->source->ports = lab->ports;
	assert_int_equal(source_start(lab->source), 0);
}

/* As a daemon that is killed: nothing is said to anybody. */
static void source_end(struct lab *lab)
{
	if (lab->device >= 0)
		close(lab->device);
	lab->device = -1;
	source_free(lab->source);
	kernel_ports_free(lab->ports);
	lab->source = NULL;
	lab->ports = NULL;
}

/* The port is there, since @attach_ns, and has given @frames frames. */
static void port_is(u64 attach_ns, u64 frames)
{
	there[0] = (struct port_info){
		.index = 2, .tty = "ttyX1", .attach_mono_ns = attach_ns, .attach_real_ns = 1,
	};
	there[0].counter[PORT_FRAMES] = frames;
	n_there = 1;
}

static void attach(struct lab *lab)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd),
			 0);
	if (lab->device >= 0)
		close(lab->device);
	lab->device = fd[0];
	assert_int_equal(kernel_attach(lab->source, fd[1], &there[0]), 0);
}

static int lab_setup(void **state)
{
	static struct lab lab;
	struct sim_values v;
	u8 octets[ENC_OCTETS_MAX];
	int n;

	lab = (struct lab){ .device = -1, .folder = "/tmp/amshan-test-kernel-XXXXXX" };
	*state = &lab;
	log_set_level(LOG_EMERG);
	if (!mkdtemp(lab.folder) || sd_event_new(&lab.event) < 0)
		return -1;
	sim_values_example(SIM_KAMSTRUP, &v);
	n = sim_build(SIM_KAMSTRUP, 2, SIM_HDLC, &v, octets, sizeof(octets), NULL);
	if (n < 0)
		return -1;
	lab.frame_len = n - 2;	/* without flags */
	memcpy(lab.frame, octets + 1, lab.frame_len);
	port_is(1000, 100000);
	gone_after = -1;
	gone_error = 0;
	source_begin(&lab);
	return 0;
}

static int lab_teardown(void **state)
{
	struct lab *lab = *state;
	char command[128];

	source_end(lab);
	sd_event_unref(lab->event);
	snprintf(command, sizeof(command), "rm -rf %s", lab->folder);
	return system(command);
}

static void put(struct lab *lab, const void *octets, size_t n)
{
	assert_int_equal(send(lab->device, octets, n, 0), n);
}

/* One record, @ago_us before now. */
static void give_at(struct lab *lab, u64 seq, u64 lost, s64 ago_us)
{
	struct amshan_record h = {
		.header_len = sizeof(h), .frame_len = lab->frame_len, .seq = seq, .lost = lost,
		.mono_ns = (mono_us() - (u64)ago_us) * NSEC_PER_USEC,
		.real_ns = (1000000 + seq) * NSEC_PER_USEC,
	};
	u8 buf[AMSHAN_RECORD_LEN_MAX];

	put(lab, buf, record_make(buf, h, lab->frame));
}

static void give(struct lab *lab, u64 seq, u64 lost)
{
	give_at(lab, seq, lost, 0);
}

static void test_records_are_taken_in_their_order_and_time(void **state)
{
	struct lab *lab = *state;
	u64 now = mono_us();

	attach(lab);
	assert_int_equal(lab->source->state, SOURCE_OPEN);
	for (u64 seq = 0; seq < 5; seq++)
		give_at(lab, seq, 0, (50 - 10 * seq) * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->taken, 5);
	for (u64 seq = 0; seq < 5; seq++) {
		u64 want = now - (50 - 10 * seq) * USEC_PER_SEC;

		assert_true(lab->real[seq] == 1000000 + seq);
		assert_in_range(lab->mono[seq], want, want + USEC_PER_SEC);
	}
	assert_in_range(period_us(&lab->source->period), 9 * USEC_PER_SEC, 11 * USEC_PER_SEC);
	assert_true(lab->source->stats.messages == 5 && lab->source->stats.lost == 0);
	assert_true(lab->source->last_frame_us == lab->mono[4]);
	assert_true(lab->source->last_octet_us == lab->mono[4]);
}

static void test_a_clock_that_is_ahead(void **state)
{
	struct lab *lab = *state;

	attach(lab);
	give_at(lab, 0, 0, -3600 * (s64)USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->taken, 1);
	assert_true(lab->source->last_message_us <= mono_us());
}

static void test_lost_frames_are_counted(void **state)
{
	struct lab *lab = *state;

	attach(lab);
	/* Where nobody read before, nothing was lost but what the module says. */
	give(lab, 1000, 2);
	give(lab, 1001, 0);
	settle(lab);
	assert_int_equal(lab->source->stats.lost, 2);
	give(lab, 1012, 10);
	settle(lab);
	assert_int_equal(lab->source->stats.lost, 12);
	assert_int_equal(lab->taken, 3);
}

static void test_a_restart_loses_and_repeats_nothing(void **state)
{
	struct lab *lab = *state;

	attach(lab);
	for (u64 seq = 0; seq < 3; seq++)
		give(lab, seq, 0);
	settle(lab);
	assert_int_equal(lab->taken, 3);
	source_end(lab);

	source_begin(lab);
	attach(lab);
	for (u64 seq = 0; seq < 6; seq++)
		give(lab, seq, 0);
	settle(lab);
	assert_int_equal(lab->taken, 6);
	assert_true(lab->real[3] == 1000003);
	assert_int_equal(lab->source->stats.lost, 0);
	source_end(lab);

	/* The ring has overwritten 6 to 9 meanwhile. */
	source_begin(lab);
	attach(lab);
	give(lab, 10, 0);
	settle(lab);
	assert_int_equal(lab->taken, 7);
	assert_int_equal(lab->source->stats.lost, 4);
	source_end(lab);

	/* Another attachment of this index begins with 0. */
	source_begin(lab);
	port_is(2000, 1);
	attach(lab);
	give(lab, 0, 0);
	settle(lab);
	assert_int_equal(lab->taken, 8);
	assert_int_equal(lab->source->stats.lost, 0);
}

static void test_a_memory_that_is_ahead_of_the_module(void **state)
{
	struct lab *lab = *state;
	struct seqmem *memory = kernel_ports_memory(lab->ports);

	seqmem_set(memory, 2, 1000, 1u << 30);
	attach(lab);
	give(lab, 5, 0);
	settle(lab);
	assert_int_equal(lab->taken, 1);
	assert_int_equal(lab->source->stats.lost, 0);
	assert_int_equal(seqmem_next(memory, 2, 1000), 6);
}

static void test_a_broken_record_costs_itself_only(void **state)
{
	struct lab *lab = *state;
	struct amshan_record h = { .header_len = 40, .frame_len = 2000, .seq = 1 };

	attach(lab);
	give(lab, 0, 0);
	put(lab, &h, sizeof(h));
	give(lab, 2, 0);
	settle(lab);
	assert_int_equal(lab->taken, 2);
	assert_int_equal(lab->source->stats.malformed, 1);
	assert_int_equal(lab->source->stats.lost, 0);
	give(lab, 5, 2);
	settle(lab);
	assert_int_equal(lab->source->stats.lost, 2);

	/* One without a number, and one with a number that cannot be: the next one is not lost. */
	put(lab, "x", 1);
	give(lab, 7, 0);
	h.seq = UINT64_MAX;
	put(lab, &h, sizeof(h));
	give(lab, 9, 0);
	settle(lab);
	assert_int_equal(lab->taken, 5);
	assert_int_equal(lab->source->stats.malformed, 3);
	assert_int_equal(lab->source->stats.lost, 2);
	/* What the module says is. */
	put(lab, "x", 1);
	give(lab, 13, 2);
	/* And what was handed on is not taken again. */
	put(lab, "x", 1);
	give(lab, 13, 0);
	settle(lab);
	assert_int_equal(lab->taken, 6);
	assert_int_equal(lab->source->stats.lost, 4);
}

static void test_the_longest_header(void **state)
{
	struct lab *lab = *state;
	struct amshan_record h = {
		.header_len = 65535, .frame_len = lab->frame_len, .mono_ns = mono_us() * 1000,
	};
	u8 *buf = malloc(RECORD_READ_MAX);

	attach(lab);
	put(lab, buf, record_make(buf, h, lab->frame));
	free(buf);
	settle(lab);
	assert_int_equal(lab->taken, 1);
}

static void test_a_port_that_goes_and_comes(void **state)
{
	struct lab *lab = *state;

	attach(lab);
	give(lab, 0, 0);
	give(lab, 1, 0);
	close(lab->device);
	lab->device = -1;
	n_there = 0;
	settle(lab);
	/* What it still held was read. */
	assert_int_equal(lab->taken, 2);
	assert_int_equal(lab->source->state, SOURCE_WAITING);
	assert_int_equal(lab->source->health, HEALTH_CLOSED);
	assert_string_equal(lab->source->reason, "ttyX1 is gone");
	assert_int_equal(lab->source->deframer.hdlc.stats.frames, 2);

	port_is(2000, 0);
	there[0].counter[PORT_RX_OCTETS] = 10;
	attach(lab);
	assert_int_equal(lab->source->state, SOURCE_OPEN);
	give(lab, 0, 0);
	settle(lab);
	assert_int_equal(lab->taken, 3);
	/* Counters go on. */
	source_refresh(lab->source);
	assert_int_equal(lab->source->deframer.hdlc.stats.frames, 3);
	assert_int_equal(lab->source->deframer.hdlc.stats.octets, 10);
	assert_int_equal(lab->source->stats.starts, 2);
}

/* After an error of read() it is opened anew, and begins with the oldest record. */
static void test_the_same_port_again(void **state)
{
	struct lab *lab = *state;

	there[0].counter[PORT_RX_OCTETS] = 500;
	attach(lab);
	for (u64 seq = 0; seq < 3; seq++)
		give(lab, seq, 0);
	settle(lab);
	close(lab->device);
	lab->device = -1;
	settle(lab);
	assert_int_equal(lab->source->state, SOURCE_WAITING);

	there[0].counter[PORT_RX_OCTETS] = 700;
	attach(lab);
	for (u64 seq = 0; seq < 4; seq++)
		give(lab, seq, 0);
	settle(lab);
	assert_int_equal(lab->taken, 4);
	source_refresh(lab->source);
	assert_int_equal(lab->source->deframer.hdlc.stats.octets, 700);
	assert_int_equal(lab->source->deframer.hdlc.stats.frames, 4);

	/* Another attachment: its counters come on top. */
	close(lab->device);
	lab->device = -1;
	settle(lab);
	port_is(2000, 10);
	there[0].counter[PORT_RX_OCTETS] = 40;
	attach(lab);
	give(lab, 0, 0);
	settle(lab);
	source_refresh(lab->source);
	assert_int_equal(lab->source->deframer.hdlc.stats.octets, 740);
	assert_int_equal(lab->source->deframer.hdlc.stats.frames, 5);
}

static void test_nobody_is_starved(void **state)
{
	struct lab *lab = *state;
	unsigned int turns = 0;

	attach(lab);
	for (u64 seq = 0; seq < 100; seq++)
		give(lab, seq, 0);
	while (lab->taken < 100) {
		unsigned int before = lab->taken;

		assert_true(sd_event_run(lab->event, USEC_PER_SEC) > 0);
		assert_in_range(lab->taken - before, 0, 8);
		turns++;
	}
	assert_in_range(turns, 13, 1000);
}

static void test_stopped_by_a_message(void **state)
{
	struct lab *lab = *state;

	lab->stop = 2;
	attach(lab);
	for (u64 seq = 0; seq < 5; seq++)
		give(lab, seq, 0);
	settle(lab);
	assert_int_equal(lab->taken, 2);
	assert_int_equal(lab->source->state, SOURCE_STOPPED);
	/* The one whose message stopped it was handed on. */
	assert_int_equal(seqmem_next(kernel_ports_memory(lab->ports), 2, 1000), 2);
}

/* Once more than a look at the ports is fresh. */
static void wait_stale(void)
{
	usleep(60000);
}

static void test_what_was_kept_says_nothing_of_now(void **state)
{
	struct lab *lab = *state;

	attach(lab);
	for (u64 seq = 0; seq < 4; seq++)
		give_at(lab, seq, 0, (40 - seq) * USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->taken, 4);
	assert_int_equal(lab->source->health, HEALTH_STARTING);
	assert_int_equal(health_observe(lab->source), HEALTH_SILENT);
	give(lab, 4, 0);
	settle(lab);
	assert_int_equal(lab->source->health, HEALTH_OK);
	assert_int_equal(health_observe(lab->source), HEALTH_OK);
}

/* Whatever is wrong with it: the health is that of the line. */
static void test_what_was_kept_is_no_verdict(void **state)
{
	static const struct {
		bool broken;
		enum port_counter counter[2];
		enum source_health health;
	} rows[] = {
		{ false, { PORT_RX_OCTETS, PORT_SKIPPED }, HEALTH_NO_FLAG },
		{ true, { PORT_RX_OCTETS, PORT_SKIPPED }, HEALTH_NO_FLAG },
		{ true, { PORT_RX_OCTETS, PORT_HCS_ERRORS }, HEALTH_NO_FLAG },
		{ true, { PORT_PARITY_ERRORS, PORT_PARITY_ERRORS }, HEALTH_SILENT },
	};
	struct lab *lab = *state;
	enum source_health health;
	u8 good[ENC_OCTETS_MAX];
	u8 *llc = memmem(lab->frame, lab->frame_len, "\xe6\xe7", 3);
	u64 seq = 0;

	assert_non_null(llc);
	memcpy(good, lab->frame, lab->frame_len);
	attach(lab);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* Encrypted, or readings. */
		memcpy(lab->frame, good, lab->frame_len);
		if (rows[i].broken)
			frame_encrypt(llc + 3, lab->frame + lab->frame_len - 2);
		for (unsigned int n = 0; n < 4; n++, seq++)
			give_at(lab, seq, 0, (46 - (s64)seq) * (s64)USEC_PER_SEC);
		settle(lab);
		assert_int_equal(lab->source->health, HEALTH_STARTING);
		for (unsigned int c = 0; c < 2; c++)
			there[0].counter[rows[i].counter[c]] += 500;
		wait_stale();
		health = health_observe(lab->source);
		if (health != rows[i].health)
			fail_msg("row %zu: %s", i, source_health_name(health));
	}
	assert_int_equal(lab->taken, 4);
	assert_int_equal(lab->source->stats.encrypted, 12);

	/* The same of now is a verdict at once. */
	give(lab, seq, 0);
	settle(lab);
	assert_int_equal(lab->source->health, HEALTH_ENCRYPTED);
}

static void test_the_last_octet_does_not_go_back(void **state)
{
	struct lab *lab = *state;
	u64 last;

	attach(lab);
	give(lab, 0, 0);
	settle(lab);
	/* A look, and octets behind it: they came just now. */
	source_refresh(lab->source);
	there[0].counter[PORT_RX_OCTETS] += 300;
	wait_stale();
	source_refresh(lab->source);
	last = lab->source->last_octet_us;
	assert_true(last > lab->source->last_frame_us);
	give_at(lab, 1, 0, 10 * (s64)USEC_PER_SEC);
	settle(lab);
	assert_int_equal(lab->taken, 2);
	assert_true(lab->source->last_octet_us == last);
}

/* ---- opening ---- */

/* A socket: open() of it says ENXIO, as that of a node whose driver is gone. */
static void node_make(struct lab *lab)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/amshan2", lab->folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
}

static void check_reason(const struct lab *lab, const char *before, const char *behind)
{
	char text[SOURCE_REASON_MAX];

	snprintf(text, sizeof(text), "%s%s/amshan2%s", before, lab->folder, behind);
	assert_int_equal(lab->source->state, SOURCE_WAITING);
	assert_string_equal(lab->source->reason, text);
}

/* For half a second; returns how often the ports were read. */
static unsigned int looks(struct lab *lab)
{
	u64 end = mono_us() + USEC_PER_SEC / 2;

	n_reads = 0;
	kernel_ports_begin(lab->ports);
	kernel_ports_look(lab->ports);
	while (mono_us() < end)
		assert_true(sd_event_run(lab->event, 100 * USEC_PER_MSEC) >= 0);
	return n_reads;
}

static void test_a_node_of_another_device(void **state)
{
	struct lab *lab = *state;
	char path[128];

	kernel_ports_nodes_in(lab->ports, lab->folder);
	node_make(lab);
	assert_in_range(looks(lab), 2, 4);
	check_reason(lab, "cannot open ", ": it is the node of another device");

	/* One that can be opened is no better. */
	snprintf(path, sizeof(path), "%s/amshan2", lab->folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	assert_in_range(looks(lab), 2, 4);
	check_reason(lab, "cannot open ", ": it is the node of another device");
	assert_int_equal(unlink(path), 0);
	assert_in_range(looks(lab), 1, 3);
	check_reason(lab, "cannot open ", ": No such file or directory");
	/* Gives no frames. */
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_in_range(looks(lab), 2, 4);
	check_reason(lab, "cannot wait for frames of ", ": Operation not permitted");
}

static void test_a_port_that_goes_while_it_is_opened(void **state)
{
	struct lab *lab = *state;

	kernel_ports_nodes_in(lab->ports, lab->folder);
	node_make(lab);
	/* There in the first look, and never again. */
	gone_after = 1;
	assert_in_range(looks(lab), 3, 5);
	assert_string_equal(lab->source->reason, "ttyX1 is not attached: amshan-attach does that");

	/* The kernel does not say. */
	gone_after = 1;
	gone_error = -EPERM;
	assert_in_range(looks(lab), 2, 4);
	assert_string_equal(lab->source->reason,
			    "cannot ask the module amshan for its ports: Operation not permitted");
}

/* ---- counters ---- */

static void test_health_is_that_of_the_module(void **state)
{
	static const struct {
		enum port_counter counter[3];
		enum source_health health;
	} rows[] = {
		{ { PORT_PARITY_ERRORS, PORT_PARITY_ERRORS, PORT_PARITY_ERRORS }, HEALTH_SILENT },
		{ { PORT_RX_OCTETS, PORT_SKIPPED, PORT_SKIPPED }, HEALTH_NO_FLAG },
		{ { PORT_RX_OCTETS, PORT_FLAGS, PORT_HCS_ERRORS }, HEALTH_BAD_HCS },
		{ { PORT_RX_OCTETS, PORT_FLAGS, PORT_FCS_ERRORS }, HEALTH_BAD_FCS },
		{ { PORT_RX_OCTETS, PORT_FLAGS, PORT_TIMEOUTS }, HEALTH_BAD_FCS },
		/* Framed by the module, and not read by us yet: no verdict on its content. */
		{ { PORT_RX_OCTETS, PORT_FLAGS, PORT_FRAMES }, HEALTH_BAD_HCS },
	};
	struct lab *lab = *state;
	u64 octets;

	/* What was counted before we came does not count. */
	for (unsigned int i = 0; i < PORT_COUNTER_COUNT; i++)
		there[0].counter[i] = 1000;
	attach(lab);
	wait_stale();
	assert_int_equal(health_observe(lab->source), HEALTH_SILENT);
	assert_true(lab->source->last_octet_us == 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		octets = there[0].counter[PORT_RX_OCTETS];
		for (unsigned int c = 0; c < 3; c++)
			there[0].counter[rows[i].counter[c]] += 5;
		wait_stale();
		assert_int_equal(health_observe(lab->source), rows[i].health);
		if (there[0].counter[PORT_RX_OCTETS] != octets)
			assert_true(mono_us() - lab->source->last_octet_us < USEC_PER_SEC);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, lab_setup, lab_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_records_are_taken_in_their_order_and_time),
		TEST(test_a_clock_that_is_ahead),
		TEST(test_lost_frames_are_counted),
		TEST(test_a_restart_loses_and_repeats_nothing),
		TEST(test_a_memory_that_is_ahead_of_the_module),
		TEST(test_a_broken_record_costs_itself_only),
		TEST(test_the_longest_header),
		TEST(test_a_port_that_goes_and_comes),
		TEST(test_the_same_port_again),
		TEST(test_nobody_is_starved),
		TEST(test_stopped_by_a_message),
		TEST(test_what_was_kept_says_nothing_of_now),
		TEST(test_what_was_kept_is_no_verdict),
		TEST(test_the_last_octet_does_not_go_back),
		TEST(test_a_node_of_another_device),
		TEST(test_a_port_that_goes_while_it_is_opened),
		TEST(test_health_is_that_of_the_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
