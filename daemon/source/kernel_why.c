// SPDX-License-Identifier: GPL-2.0
/*
 * Why a kernel source reads nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netlink/ports.h"
#include "source/kernel_why.h"
#include "source/opted.h"

void kernel_why_not_opened(const char *node, int error, struct access_group *g, char *why,
			   size_t size)
{
	size_t n;

	switch (-error) {
	case EACCES:
		if (access_say_refused(node, 0040, g, why, size))
			break;
		n = strlen(why);
		snprintf(why + n, size - n, ": is udev's rule for it installed?");
		break;
	case EPERM:
		snprintf(why, size, "may not open %s: the service's DeviceAllow= does not name "
			 "char-amshan", node);
		break;
	case ENODEV:
	case ENXIO:
		/* One that was made by hand, or is left from when the module was loaded before. */
		snprintf(why, size, "cannot open %s: it is the node of another device", node);
		break;
	default:
		snprintf(why, size, "cannot open %s: %s", node, strerror(-error));
		break;
	}
}

static bool is_for_amshand(const char *tty)
{
	char path[64];
	struct stat st;

	if (*tty != '/')
		snprintf(path, sizeof(path), "/dev/%s", tty);

	return *tty && stat(*tty == '/' ? tty : path, &st) == 0 && S_ISCHR(st.st_mode) &&
	       opted_in(st.st_rdev) == OPTED_READER;
}

void kernel_why_no_port(const char *tty, bool opened, int n, char *why, size_t size)
{
	if (is_for_amshand(tty))
		snprintf(why, size, "not for the module, its meter does not send HDLC: "
			 "serial:%s%s?udev=yes", *tty == '/' ? "" : "/dev/", tty);
	else if (n < 0)
		ports_say_error(n, why, size);
	else if (!*tty)
		snprintf(why, size, "%s", n ? "every port that is attached has a source of its own" :
			 "no port is attached: amshan-attach TTY does that");
	else if (opened)
		snprintf(why, size, "%s is gone", tty);
	else if (*tty == '/' && access(tty, F_OK) < 0)
		snprintf(why, size, "no such tty: %s", tty);
	else
		snprintf(why, size, "%s is not attached: amshan-attach does that", tty);
}
