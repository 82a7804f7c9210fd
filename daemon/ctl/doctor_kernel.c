// SPDX-License-Identifier: GPL-2.0
/*
 * Doctor: the kernel module: loaded, built, refused, signed; its number among the line disciplines.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <linux/tty.h>

#include <linux/amshan.h>

#include "ctl/doctor_internal.h"
#include "source/ldiscs.h"
#include "util.h"

#define MODULE		"/sys/module/amshan"
#define MODPROBE_S	10
#define MODINFO_S	5
#define SIGNATURE	"~Module signature appended~\n"

/* EFI_GLOBAL_VARIABLE; four octets of attributes stand before the value. */
#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

#define WITHOUT		"; sources serial:, tcp:, mqtt: and file: work without it"

char *doctor_read(const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static bool module_is_loaded(void)
{
	char state[16];

	/* A module that is coming or going has its folder, too. */
	return !strcmp(doctor_read(MODULE "/initstate", state, sizeof(state)), "live");
}

/* ---- built for this kernel? ---- */

/*
 * The file of the module, compressed or not, from the list that depmod made:
 * "updates/dkms/amshan.ko.xz: ...".  False: it is not there.
 */
static bool module_file(const char *release, char *path, size_t size)
{
	_cleanup_free_ char *line = NULL;
	char list[512];
	bool found = false;
	size_t room = 0;
	FILE *f;

	snprintf(list, sizeof(list), "/lib/modules/%s/modules.dep", release);
	f = fopen(list, "re");
	if (!f)
		return false;
	while (!found && getline(&line, &room, f) > 0) {
		size_t n = strcspn(line, ":");
		const char *name;

		if (line[n] != ':')
			continue;
		line[n] = '\0';
		name = strrchr(line, '/') ? strrchr(line, '/') + 1 : line;
		found = !strncmp(name, "amshan.ko", strlen("amshan.ko"));
		if (found && *line == '/')
			snprintf(path, size, "%s", line);
		else if (found)
			snprintf(path, size, "/lib/modules/%s/%s", release, line);
	}
	fclose(f);
	return found;
}

static bool any_file(const char *pattern)
{
	glob_t g = { 0 };
	bool any = glob(pattern, 0, NULL, &g) == 0;

	globfree(&g);
	return any;
}

static void not_built(struct doctor *d, enum finding_kind kind, const char *release)
{
	bool source = any_file("/usr/src/amshan-*/dkms.conf") || any_file("/var/lib/dkms/amshan/*");
	unsigned int major = 0, minor = 0;
	char headers[512];

	snprintf(headers, sizeof(headers), "/lib/modules/%s/build", release);
	sscanf(release, "%u.%u", &major, &minor);
	if (major < 6 || (major == 6 && minor < 1))
		findings_add(d->l, kind, "module",
			     "the running kernel %s is older than 6.1, the oldest that the module "
			     "is made for" WITHOUT,
			     release);
	else if (!source)
		findings_add(d->l, kind, "module",
			     "it is not installed: apt install amshan-dkms, or make dkms-install "
			     "where its source is" WITHOUT);
	else if (access(headers, F_OK) < 0)
		findings_add(d->l, kind, "module",
			     "it is not built, as there are no headers for the running kernel: apt "
			     "install linux-headers-%s" WITHOUT,
			     release);
	else
		findings_add(d->l, kind, "module",
			     "it is not built for the running kernel %s: dkms autoinstall; what "
			     "went wrong is in /var/lib/dkms/amshan/*/build/make.log" WITHOUT,
			     release);
}

/* ---- loading it ---- */

static const struct doctor_refusal refusals[] = {
	{ "Key was rejected by service",
	  "Secure Boot does not know the key that it is signed with: mokutil --import "
	  "/var/lib/dkms/mok.pub, restart, and choose Enroll MOK" },
	{ "Required key not available",
	  "Secure Boot wants a signature that it does not have: mokutil --import "
	  "/var/lib/dkms/mok.pub, restart, choose Enroll MOK, then dkms autoinstall" },
	{ "Exec format error",
	  "it was built for another kernel: dkms remove amshan --all, then dkms autoinstall" },
	{ "Invalid module format",
	  "it was built for another kernel: dkms remove amshan --all, then dkms autoinstall" },
	{ "Device or resource busy", "the number of its line discipline is taken: modprobe amshan "
				     "ldisc=N, with a number that is not in " LDISCS_PATH },
	{ "Lockdown",
	  "the kernel is locked down and takes only modules that are signed with a key it knows" },
	{ "Operation not permitted", "the kernel lets nobody load modules here: this is a "
				     "container, kernel.modules_disabled is "
				     "set, or the kernel is locked down" },
	{ "Unknown symbol",
	  "it was built for another kernel: dkms remove amshan --all, then dkms autoinstall" },
	{ NULL, NULL },
};

const char *doctor_refusal(const char *said)
{
	for (const struct doctor_refusal *r = refusals; r->says; r++)
		if (strcasestr(said, r->says))
			return r->means;
	return NULL;
}

static void try_to_load(struct doctor *d, enum finding_kind kind)
{
	static const char *const modprobe[] = { "modprobe", "amshan", NULL };
	char said[RUN_OUT_MAX], *end;
	const char *means;
	int r = doctor_run(modprobe, MODPROBE_S, said, sizeof(said));

	if (r == 0 && module_is_loaded())
		return;
	/* The last line says most. */
	while ((end = strrchr(said, '\n')) && !end[1])
		*end = '\0';
	end = strrchr(said, '\n');
	end = end ? end + 1 : said;
	means = doctor_refusal(said);
	if (r == -ETIMEDOUT)
		findings_add(d->l, kind, "module",
			     "modprobe amshan did not end within %d s: the kernel's log (dmesg) "
			     "may say why",
			     MODPROBE_S);
	else if (r < 0)
		findings_add(d->l, kind, "module",
			     "it is not loaded, and modprobe cannot be run: %s",
			     r == -ENOENT ? "apt install kmod" : strerror(-r));
	else if (means)
		findings_add(d->l, kind, "module", "the kernel does not take it: %s", means);
	else
		findings_add(d->l, kind, "module", "it cannot be loaded: %s",
			     *end ? end : "modprobe amshan says nothing, and it is not there");
}

static void module_loaded(struct doctor *d, bool just_now)
{
	char version[64], list[LDISCS_MAX];
	int number = ldiscs_read(list) == 0 ? ldiscs_number(list, AMSHAN_LDISC_NAME) : -ENOENT;

	doctor_read(MODULE "/version", version, sizeof(version));
	if (strcmp(version, AMSHAN_VERSION))
		findings_add(
			d->l, FINDING_NOTE, "module",
			"amshan %s is loaded, and these programs are of version %s: restart, or "
			"stop what is attached, modprobe -r amshan and modprobe amshan",
			*version ? version : "without a version", AMSHAN_VERSION);
	else if (number >= 0)
		findings_add(d->l, FINDING_OK, "module",
			     "amshan %s is loaded%s, line discipline %d", version,
			     just_now ? " since just now" : "", number);
	else
		findings_add(d->l, FINDING_OK, "module", "amshan %s is loaded%s", version,
			     just_now ? " since just now" : "");
}

void doctor_module(struct doctor *d)
{
	enum finding_kind kind = doctor_wants_module(d) ? FINDING_WRONG : FINDING_NOTE;
	bool before = module_is_loaded();
	size_t n = d->l->n;
	struct utsname u;
	char path[512];

	if (!before && uname(&u) == 0) {
		if (!module_file(u.release, path, sizeof(path)))
			not_built(d, kind, u.release);
		else if (!doctor_wants_module(d))
			findings_add(d->l, kind, "module",
				     "it is built for the running kernel and not loaded, and "
				     "nothing here needs it");
		else if (d->may_load)
			try_to_load(d, kind);
		else
			findings_add(
				d->l, kind, "module",
				"it is built for the running kernel and not loaded; what hinders "
				"it is seen when root tries it: sudo amshanctl doctor");
	}
	if (d->l->n == n)
		module_loaded(d, !before);
}

/* ---- the slot ---- */

void doctor_slot(struct doctor *d)
{
	char list[LDISCS_MAX], other[LDISC_NAME_MAX] = "";
	int r = ldiscs_read(list);

	if (r < 0) {
		findings_add(d->l, FINDING_NOTE, "slot", "cannot read %s: %s", LDISCS_PATH,
			     strerror(-r));
		return;
	}
	if (ldiscs_number(list, AMSHAN_LDISC_NAME) >= 0)
		return;
	if (module_is_loaded())
		findings_add(d->l, FINDING_WRONG, "slot",
			     "the module is loaded, but " LDISCS_PATH
			     " has no line discipline \"" AMSHAN_LDISC_NAME
			     "\": modprobe -r amshan, then modprobe amshan");
	else if (ldiscs_name(list, N_DEVELOPMENT, other) == 0)
		findings_add(
			d->l, doctor_wants_module(d) ? FINDING_WRONG : FINDING_NOTE, "slot",
			"the line discipline %d that the module takes is held by \"%s\": write "
			"\"options amshan ldisc=N\" into /etc/modprobe.d/amshan.conf, with a "
			"number that is not in " LDISCS_PATH,
			N_DEVELOPMENT, other);
}

/* ---- the signature ---- */

enum signature { SIGNED, UNSIGNED, UNKNOWN };

/* There with CONFIG_MODULE_SIG; without it nobody looks at a signature, and no taint tells it. */
#define SIG_ENFORCE	"/sys/module/module/parameters/sig_enforce"

static bool ends_with(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) && !strcmp(s + strlen(s) - strlen(end), end);
}

static enum signature file_signature(const char *path)
{
	const char *const modinfo[] = { "modinfo", "-F", "sig_id", path, NULL };
	char out[RUN_OUT_MAX], end[sizeof(SIGNATURE) - 1];
	_cleanup_close_ int fd = -1;

	/* modinfo can read the compressed ones. */
	if (!ends_with(path, ".ko")) {
		if (doctor_run(modinfo, MODINFO_S, out, sizeof(out)) != 0)
			return UNKNOWN;
		return *out ? SIGNED : UNSIGNED;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || lseek(fd, -(off_t)sizeof(end), SEEK_END) < 0 ||
	    read(fd, end, sizeof(end)) != sizeof(end))
		return UNKNOWN;
	return memcmp(end, SIGNATURE, sizeof(end)) ? UNSIGNED : SIGNED;
}

/* 1 on, 0 off, negative: not known */
static int secure_boot(void)
{
	_cleanup_close_ int fd = open(SECURE_BOOT, O_RDONLY | O_CLOEXEC);
	u8 v[5];

	/* Without EFI there is none. */
	if (fd < 0)
		return access("/sys/firmware/efi", F_OK) < 0 ? 0 : -errno;
	return read(fd, v, sizeof(v)) == sizeof(v) ? v[4] : -EIO;
}

void doctor_signature(struct doctor *d)
{
	static const char *const boot[] = { "Secure Boot is off", "Secure Boot is on",
					    "whether Secure Boot is on cannot be read" };
	enum signature s = UNKNOWN;
	char taint[32], path[512];
	int sb = secure_boot();
	struct utsname u;

	if (sb < 0 || sb > 1)
		sb = 2;
	if (module_is_loaded() && access(SIG_ENFORCE, F_OK) < 0) {
		findings_add(d->l, FINDING_OK, "signature",
			     "the module is loaded, and this kernel looks at no signature");
		return;
	}
	if (module_is_loaded())
		s = strchr(doctor_read(MODULE "/taint", taint, sizeof(taint)), 'E') ? UNSIGNED
										    : SIGNED;
	else if (uname(&u) == 0 && module_file(u.release, path, sizeof(path)))
		s = file_signature(path);
	else
		return;
	if (s == SIGNED)
		findings_add(d->l, FINDING_OK, "signature", "the module is signed; %s", boot[sb]);
	else if (s == UNKNOWN)
		findings_add(d->l, FINDING_NOTE, "signature",
			     "whether the module is signed cannot be read; %s",
			     boot[sb]);
	else
		findings_add(
			d->l, sb == 0 ? FINDING_OK : FINDING_NOTE, "signature",
			"the module is not signed with a key of the kernel's; %s%s", boot[sb],
			sb == 1 ? ": mokutil --import /var/lib/dkms/mok.pub, restart, Enroll MOK"
				: "");
}
