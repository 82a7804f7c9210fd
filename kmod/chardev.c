// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/amshanN: one record per read(), a cursor per open file.
 *
 * The contract is in <linux/amshan.h>.  A record is copied out of the ring under the port's lock
 * into the reader's own buffer, and from there to user space without it: a reader whose memory is
 * slow to come holds up nobody but those who share its file.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "port.h"

/**
 * struct reader - an open file
 * @port: holds a reference to its device
 * @lock: one read() or lseek() at a time
 * @cur: what is read next; changed under @lock and the port's lock, so either will do to look at it
 * @buf: a record on its way
 */
struct reader {
	struct amshan_port *port;
	struct mutex lock;	/* see above */
	struct amshan_cursor cur;
	u8 buf[AMSHAN_RING_RECORD_MAX] __aligned(8);
};

static int reader_open(struct inode *inode, struct file *file)
{
	struct amshan_port *port = container_of(inode->i_cdev, struct amshan_port, cdev);
	struct reader *r;
	bool gone;

	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		return -ENOMEM;

	get_device(&port->dev);
	r->port = port;
	mutex_init(&r->lock);

	spin_lock(&port->lock);
	gone = port->gone;
	r->cur = amshan_ring_oldest(&port->ring);
	spin_unlock(&port->lock);
	if (gone) {
		put_device(&port->dev);
		kfree(r);
		return -ENODEV;
	}

	file->private_data = r;

	return 0;
}

static int reader_release(struct inode *inode, struct file *file)
{
	struct reader *r = file->private_data;

	put_device(&r->port->dev);
	mutex_destroy(&r->lock);
	kfree(r);

	return 0;
}

/* EPOLLIN: a record is there; EPOLLHUP: none will come. */
static __poll_t reader_state(struct reader *r)
{
	__poll_t state = 0;

	spin_lock(&r->port->lock);
	if (amshan_ring_has(&r->port->ring, &r->cur))
		state |= EPOLLIN | EPOLLRDNORM;
	if (r->port->gone)
		state |= EPOLLHUP;
	spin_unlock(&r->port->lock);

	return state;
}

/* Return: length of the record that was read; 0 if there is none. */
static ssize_t reader_read_one(struct reader *r, struct iov_iter *to)
{
	struct amshan_port *port = r->port;
	size_t n;

	lockdep_assert_held(&r->lock);

	spin_lock(&port->lock);
	n = amshan_ring_peek(&port->ring, &r->cur, r->buf);
	spin_unlock(&port->lock);
	if (!n)
		return 0;

	if (iov_iter_count(to) < n)
		return -EMSGSIZE;
	if (copy_to_iter(r->buf, n, to) != n)
		return -EFAULT;

	spin_lock(&port->lock);
	amshan_ring_advance(&port->ring, &r->cur, (const struct amshan_record *)r->buf);
	spin_unlock(&port->lock);

	return n;
}

static int reader_lock(struct reader *r, const struct kiocb *iocb)
{
	if (iocb->ki_flags & IOCB_NOWAIT)
		return mutex_trylock(&r->lock) ? 0 : -EAGAIN;

	return mutex_lock_interruptible(&r->lock) ? -ERESTARTSYS : 0;
}

static ssize_t reader_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct reader *r = iocb->ki_filp->private_data;
	bool wait = !(iocb->ki_filp->f_flags & O_NONBLOCK) && !(iocb->ki_flags & IOCB_NOWAIT);

	/* pread(): records have no offset. */
	if (iocb->ki_pos)
		return -ESPIPE;
	if (!iov_iter_count(to))
		return 0;

	for (;;) {
		/* Looked at before the ring: behind "gone" no record is added. */
		bool gone = reader_state(r) & EPOLLHUP;
		ssize_t n = reader_lock(r, iocb);

		if (n)
			return n;
		n = reader_read_one(r, to);
		mutex_unlock(&r->lock);

		if (n || gone)
			return n;
		if (!wait)
			return -EAGAIN;
		if (wait_event_interruptible(r->port->wait, reader_state(r)))
			return -ERESTARTSYS;
	}
}

static __poll_t reader_poll(struct file *file, struct poll_table_struct *table)
{
	struct reader *r = file->private_data;

	poll_wait(file, &r->port->wait, table);

	return reader_state(r);
}

static loff_t reader_llseek(struct file *file, loff_t offset, int whence)
{
	struct reader *r = file->private_data;
	struct amshan_port *port = r->port;

	if (offset || (whence != SEEK_SET && whence != SEEK_END))
		return -EINVAL;

	if (mutex_lock_interruptible(&r->lock))
		return -ERESTARTSYS;
	spin_lock(&port->lock);
	r->cur = whence == SEEK_SET ? amshan_ring_oldest(&port->ring) :
				      amshan_ring_newest(&port->ring);
	spin_unlock(&port->lock);
	mutex_unlock(&r->lock);

	return 0;
}

const struct file_operations amshan_fops = {
	.owner = THIS_MODULE,
	.open = reader_open,
	.release = reader_release,
	.read_iter = reader_read,
	.poll = reader_poll,
	.llseek = reader_llseek,
};
