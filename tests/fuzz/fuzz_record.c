// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz what comes from the module: records of /dev/amshanN, and messages about ports.
 *
 * Input: one octet that says which, then the octets of the record, or of the attributes.
 */
#include <stdlib.h>
#include <string.h>

#include <amshan/framer.h>
#include <netlink/genl/genl.h>

#include "netlink/ports_internal.h"
#include "source/record.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

static volatile unsigned int sum;

static void as_record(const u8 *data, size_t n)
{
	char text[RECORD_MISTAKE_MAX];
	struct record r;

	if (record_parse(data, n, &r) < 0) {
		record_mistake(data, n, text, sizeof(text));
		if (!*text)
			abort();
		return;
	}
	if (r.frame_len < AMSHAN_FRAME_MIN || r.frame_len > AMSHAN_FRAME_MAX ||
	    r.frame < data + 40 || r.frame + r.frame_len != data + n)
		abort();
	for (size_t i = 0; i < r.frame_len; i++)
		sum += r.frame[i];
}

static void as_port(const u8 *data, size_t n)
{
	struct port_info p;
	struct nl_msg *msg;
	void *attributes;

	if (n > 2048)
		return;
	msg = nlmsg_alloc();
	if (!msg || !genlmsg_put(msg, 0, 0, 42, 0, 0, AMSHAN_CMD_PORT_GET, 1))
		abort();
	attributes = nlmsg_reserve(msg, n, 0);
	if (!attributes)
		abort();
	memcpy(attributes, data, n);
	if (port_parse(nlmsg_hdr(msg), &p) == 0 &&
	    (p.index >= AMSHAN_PORTS_MAX || !*p.tty || !memchr(p.tty, 0, sizeof(p.tty))))
		abort();
	nlmsg_free(msg);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	if (!n)
		return 0;
	if (*data & 1)
		as_port(data + 1, n - 1);
	else
		as_record(data + 1, n - 1);

	return 0;
}
