// SPDX-License-Identifier: GPL-2.0
/*
 * Is the number of a line discipline free?
 *
 * tty_register_ldisc() takes over a number that is in use without a word, and its former owner then
 * takes ours away when it is unloaded.  The core's table is not to be seen by modules; the only
 * place that shows it is /proc/tty/ldiscs, one "name number" per line, so that is what is read.  A
 * number whose owner is loaded later cannot be seen there.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tty.h>

#include "port.h"

#define LDISCS		"/proc/tty/ldiscs"

/* All of the file; NR_LDISCS lines are far less. */
static ssize_t ldiscs_read(char *buf, size_t size)
{
	struct file *file;
	ssize_t n, total = 0;
	loff_t pos = 0;

	file = filp_open(LDISCS, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);

	do {
		n = kernel_read(file, buf + total, size - total, &pos);
		if (n > 0)
			total += n;
	} while (n > 0);
	filp_close(file, NULL);

	return n < 0 ? n : total;
}

/* Is it in the list?  Then its name stands in @name. */
static bool ldiscs_find(char *list, int number, const char **name)
{
	char *line;

	while ((line = strsep(&list, "\n"))) {
		char *digits = strrchr(line, ' ');
		int num;

		if (!digits || kstrtoint(digits + 1, 10, &num) || num != number)
			continue;
		/* Names are padded, and there is none with a space inside. */
		line[strcspn(line, " ")] = '\0';
		*name = line;
		return true;
	}

	return false;
}

/**
 * amshan_slot_check() - may this number be registered?
 * @number: of a line discipline
 *
 * Return: 0; -EINVAL: out of range, -EBUSY: taken, or why that cannot be told.  The reason is
 * logged.
 */
int amshan_slot_check(int number)
{
	const char *name;
	ssize_t n;
	char *list;
	int ret = 0;

	if (number <= N_TTY || number >= NR_LDISCS) {
		pr_err("ldisc=%d is out of range: there are 1 to %d\n", number, NR_LDISCS - 1);
		return -EINVAL;
	}

	list = kzalloc(SZ_4K, GFP_KERNEL);
	if (!list)
		return -ENOMEM;

	n = ldiscs_read(list, SZ_4K - 1);
	if (n < 0) {
		pr_err("cannot tell whether line discipline %d is free: %s: error %zd\n", number,
		       LDISCS, n);
		ret = n;
	} else if (ldiscs_find(list, number, &name)) {
		pr_err("line discipline %d is taken by \"%s\": ldisc=N takes another one\n", number,
		       name);
		ret = -EBUSY;
	}
	kfree(list);

	return ret;
}
