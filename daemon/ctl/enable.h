/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Enabling: the local rule by which an adapter is attached, or read by amshand itself, when it is
 * plugged in.
 *
 * Used by the subcommands enable, disable and adapters, and by probe and doctor.
 */
#ifndef AMSHAN_CTL_ENABLE_H
#define AMSHAN_CTL_ENABLE_H

#include "ctl/adapter.h"
#include "ctl/ctl.h"

/**
 * enable_adapter() - write its rule, have udev take it, and wait until it is attached or read
 * @a: the adapter
 * @settings: how its tty is to be set; the path is not looked at
 * @framing: what its meter sends: LINK_HDLC for the module, all else for amshand itself
 * @anywhere: without a serial number of its own: by model, not by place
 *
 * Says on stdout what was done, and on stderr what did not work.
 *
 * Return: CTL_OK: the rule is there and, where udev and systemd run, the tty is attached or read;
 * CTL_FAILED after a sentence.
 */
int enable_adapter(const struct adapter *a, const struct serial_settings *settings,
		   enum link_framing framing, bool anywhere);

#endif /* AMSHAN_CTL_ENABLE_H */
