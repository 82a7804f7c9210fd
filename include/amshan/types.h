/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The integer types, and static_assert(), that the kernel and user space share.
 *
 * The framer is compiled as it is into the module and into the daemon; this header gives user space
 * the names that <linux/types.h> gives the kernel.  Nothing else of the kernel is needed.
 */
#ifndef AMSHAN_TYPES_H
#define AMSHAN_TYPES_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/types.h>
#else
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
#endif

#endif /* AMSHAN_TYPES_H */
