// SPDX-License-Identifier: GPL-2.0
/*
 * Ports: the object, from attaching to the last reader's close; receiving; the table.
 *
 * Life and locks are written down in port.h.
 */
#include <linux/idr.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/vmalloc.h>

#include "port.h"
#include "trace.h"

/*
 * Octets looked through without a pause.  The framer's worst case is 255 steps of the checksum for
 * each of them and for what it kept from before: below a millisecond.
 */
#define RX_PIECE	512

static dev_t first_devt;
static DEFINE_IDA(minors);

static struct class port_class = {
	.name = "amshan",
	.dev_groups = amshan_groups,
};

static DEFINE_MUTEX(ports_mutex);
static struct amshan_port *ports[AMSHAN_PORTS_MAX];	/* under ports_mutex */
static unsigned int generation;				/* likewise */

/* ---- life ---- */

static void port_release(struct device *dev)
{
	struct amshan_port *port = container_of(dev, struct amshan_port, dev);

	ida_free(&minors, port->index);
	vfree(port->ring.buf);
	kfree(port);
}

/* The core names the ttys of devpts "pts0"; their node is pts/0. */
static void tty_node(const struct tty_struct *tty, char *buf, size_t size)
{
	const struct tty_driver *driver = tty->driver;

	if (driver->type == TTY_DRIVER_TYPE_PTY && driver->subtype == PTY_TYPE_SLAVE &&
	    !strcmp(driver->name, "pts"))
		snprintf(buf, size, "pts/%d", tty->index);
	else
		strscpy(buf, tty_name(tty), size);
}

struct amshan_port *amshan_port_new(struct tty_struct *tty)
{
	struct amshan_port *port;
	u8 *buf;
	int ret;

	port = kzalloc(sizeof(*port), GFP_KERNEL);
	buf = vzalloc(AMSHAN_RING_SIZE);
	if (!port || !buf) {
		ret = -ENOMEM;
		goto err_free;
	}

	ret = ida_alloc_max(&minors, AMSHAN_PORTS_MAX - 1, GFP_KERNEL);
	if (ret < 0)
		goto err_free;
	port->index = ret;

	spin_lock_init(&port->lock);
	init_waitqueue_head(&port->wait);
	framer_init(&port->framer);
	amshan_ring_init(&port->ring, buf);
	tty_node(tty, port->tty_name, sizeof(port->tty_name));
	port->tty_devt = tty_devnum(tty);

	/* From here on put_device() frees it. */
	device_initialize(&port->dev);
	port->dev.class = &port_class;
	port->dev.devt = MKDEV(MAJOR(first_devt), MINOR(first_devt) + port->index);
	/*
	 * No parent: drivers take the device of a tty away before they hang up the tty, and ours
	 * would go with it before we know.
	 */
	port->dev.release = port_release;
	cdev_init(&port->cdev, &amshan_fops);
	port->cdev.owner = THIS_MODULE;

	ret = dev_set_name(&port->dev, "amshan%u", port->index);
	if (ret) {
		put_device(&port->dev);
		return ERR_PTR(ret);
	}

	return port;

err_free:
	vfree(buf);
	kfree(port);

	return ERR_PTR(ret);
}

static void port_table_set(unsigned int index, struct amshan_port *port)
{
	mutex_lock(&ports_mutex);
	ports[index] = port;
	generation++;
	mutex_unlock(&ports_mutex);
}

/* No record will come: readers drain what is there, and end. */
static void port_end(struct amshan_port *port)
{
	spin_lock(&port->lock);
	port->gone = true;
	spin_unlock(&port->lock);
	wake_up_interruptible_all(&port->wait);
}

int amshan_port_register(struct amshan_port *port)
{
	ktime_t now = ktime_get();
	int ret;

	port->attach_mono_ns = ktime_to_ns(now);
	port->attach_real_ns = ktime_to_ns(ktime_mono_to_real(now));

	ret = cdev_device_add(&port->cdev, &port->dev);
	if (ret) {
		/* Somebody may have opened a node of theirs meanwhile. */
		port_end(port);
		return ret;
	}

	port_table_set(port->index, port);
	trace_amshan_attach(port->index, MAJOR(port->tty_devt), MINOR(port->tty_devt));
	amshan_netlink_event(port, AMSHAN_CMD_PORT_ADDED);

	return 0;
}

static void port_take_frame(void *ctx, const u8 *frame, size_t n);
static void port_publish(struct amshan_port *port);

void amshan_port_unregister(struct amshan_port *port)
{
	/* What the framer kept behind a false start may be a frame. */
	framer_flush(&port->framer, port_take_frame, port);
	port_publish(port);

	port_table_set(port->index, NULL);

	/* Waits for those who read attributes; open() may be under way still, and sees @gone. */
	cdev_device_del(&port->cdev, &port->dev);

	port_end(port);

	amshan_netlink_event(port, AMSHAN_CMD_PORT_REMOVED);
	trace_amshan_detach(port->index, port->stats.frames);
	put_device(&port->dev);
}

/* ---- receiving ---- */

static void port_take_frame(void *ctx, const u8 *frame, size_t n)
{
	struct amshan_port *port = ctx;
	u32 flags = frame[0] & AMSHAN_FRAME_SEGMENTED ? AMSHAN_RECORD_SEGMENTED : 0;
	u64 seq;

	spin_lock(&port->lock);
	seq = port->ring.head_seq;
	amshan_ring_put(&port->ring, frame, n, flags, port->rx_mono_ns, port->rx_real_ns);
	spin_unlock(&port->lock);

	port->rx_frames = true;
	trace_amshan_frame(port->index, seq, n);
}

static const struct {
	u32 reason;
	size_t offset;
} drops[] = {
	{ AMSHAN_DROP_FCS, offsetof(struct framer_stats, fcs_errors) },
	{ AMSHAN_DROP_HCS, offsetof(struct framer_stats, hcs_errors) },
	{ AMSHAN_DROP_FORMAT, offsetof(struct framer_stats, format_errors) },
	{ AMSHAN_DROP_LENGTH, offsetof(struct framer_stats, length_errors) },
	{ AMSHAN_DROP_TIMEOUT, offsetof(struct framer_stats, timeouts) },
	{ AMSHAN_DROP_BREAK, offsetof(struct framer_stats, breaks) },
	{ AMSHAN_DROP_OVERRUN, offsetof(struct framer_stats, overruns) },
};

/* What was counted since the last time. */
static void trace_drops(const struct amshan_port *port)
{
	size_t i;

	if (!trace_amshan_drop_enabled())
		return;

	for (i = 0; i < ARRAY_SIZE(drops); i++) {
		u64 now = *(u64 *)((u8 *)&port->framer.stats + drops[i].offset);
		u64 old = *(u64 *)((u8 *)&port->stats + drops[i].offset);

		if (now != old)
			trace_amshan_drop(port->index, drops[i].reason, now - old);
	}
}

/* What the framer has counted becomes visible, and its frames are announced. */
static void port_publish(struct amshan_port *port)
{
	/* Only the receive path writes the old counters: it may read them without the lock. */
	trace_drops(port);

	spin_lock(&port->lock);
	port->stats = port->framer.stats;
	port->pending = framer_pending(&port->framer);
	spin_unlock(&port->lock);

	/* All: each of them has all records, also those who wait exclusively. */
	if (port->rx_frames)
		wake_up_interruptible_all(&port->wait);
	port->rx_frames = false;
}

void amshan_port_receive(struct amshan_port *port, const u8 *data, const u8 *flags, size_t n)
{
	ktime_t now = ktime_get();

	/* A frame that the pause brings to light came before it. */
	if (framer_pending(&port->framer) &&
	    ktime_to_ns(now) - port->rx_mono_ns > AMSHAN_FRAMER_PAUSE_NS)
		framer_flush(&port->framer, port_take_frame, port);

	port->rx_mono_ns = ktime_to_ns(now);
	port->rx_real_ns = ktime_to_ns(ktime_mono_to_real(now));

	while (n) {
		size_t piece = min_t(size_t, n, RX_PIECE);

		framer_push(&port->framer, data, flags, piece, port->rx_mono_ns, port_take_frame,
			    port);
		port_publish(port);
		data += piece;
		if (flags)
			flags += piece;
		n -= piece;
		if (n)
			cond_resched();
	}
}

void amshan_port_stats(struct amshan_port *port, struct amshan_stats *ret)
{
	spin_lock(&port->lock);
	ret->framer = port->stats;
	ret->pending = port->pending;
	ret->overwritten = port->ring.overwritten;
	spin_unlock(&port->lock);
}

/* ---- the table ---- */

struct amshan_port *amshan_port_lock(unsigned int index)
{
	mutex_lock(&ports_mutex);

	/* Anyone may ask, with any number. */
	return index < AMSHAN_PORTS_MAX ? ports[array_index_nospec(index, AMSHAN_PORTS_MAX)] : NULL;
}

void amshan_port_unlock(void)
{
	mutex_unlock(&ports_mutex);
}

unsigned int amshan_port_generation(void)
{
	lockdep_assert_held(&ports_mutex);

	return generation;
}

int amshan_port_init(void)
{
	int ret;

	amshan_sysfs_init();
	ret = alloc_chrdev_region(&first_devt, 0, AMSHAN_PORTS_MAX, "amshan");
	if (ret)
		return ret;

	ret = class_register(&port_class);
	if (ret)
		unregister_chrdev_region(first_devt, AMSHAN_PORTS_MAX);

	return ret;
}

void amshan_port_exit(void)
{
	class_unregister(&port_class);
	unregister_chrdev_region(first_devt, AMSHAN_PORTS_MAX);
	ida_destroy(&minors);
}
