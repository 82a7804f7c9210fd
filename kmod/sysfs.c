// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/amshan/amshanN/: what a port is, one value per file.
 *
 * Described in Documentation/ABI/testing/sysfs-class-amshan.  A port that detaches waits for those
 * who read here, under locks of the tty core: nothing here may take any of them.
 */
#include <linux/device.h>
#include <linux/math64.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "port.h"

static struct amshan_port *to_port(struct device *dev)
{
	return container_of(dev, struct amshan_port, dev);
}

static ssize_t tty_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_port(dev)->tty_name);
}
static DEVICE_ATTR_RO(tty);

static ssize_t attached_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 ns;
	u64 s = div_u64_rem(to_port(dev)->attach_real_ns, NSEC_PER_SEC, &ns);

	return sysfs_emit(buf, "%llu.%09u\n", s, ns);
}
static DEVICE_ATTR_RO(attached);

static struct attribute *port_attrs[] = {
	&dev_attr_tty.attr,
	&dev_attr_attached.attr,
	NULL
};

static const struct attribute_group port_group = {
	.attrs = port_attrs,
};

/**
 * struct stat_attr - a counter
 * @attr: its file
 * @offset: where it stands in struct amshan_stats
 */
struct stat_attr {
	struct device_attribute attr;
	size_t offset;
};

static ssize_t stat_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct amshan_stats stats;
	size_t offset = container_of(attr, struct stat_attr, attr)->offset;

	amshan_port_stats(to_port(dev), &stats);

	return sysfs_emit(buf, "%llu\n", *(u64 *)((u8 *)&stats + offset));
}

static struct stat_attr stat_table[] = {
#define STAT_ROW(id, name, field) \
	{ __ATTR(name, 0444, stat_show, NULL), offsetof(struct amshan_stats, field) },
	AMSHAN_STATS(STAT_ROW)
};

static struct attribute *stat_attrs[ARRAY_SIZE(stat_table) + 1];

static const struct attribute_group stat_group = {
	.name = "statistics",
	.attrs = stat_attrs,
};

const struct attribute_group *amshan_groups[] = {
	&port_group,
	&stat_group,
	NULL
};

void amshan_sysfs_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stat_table); i++)
		stat_attrs[i] = &stat_table[i].attr.attr;
}
