/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_GUEST_DIR_H
#define LAUNCHER_GUEST_GUEST_DIR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include <snp/error.h>

/*
 * The directory of a guest, STATE/NAME, which alone decides to whom a name belongs:
 *
 *   record.json   what was measured and what is launched (guest/record.h)
 *   vm.json       what was asked for (guest/definition.h)
 *   cloud-init.iso  for cloud-init, if vm.json has its files (guest/seed.h)
 *   boot/         firmware, kernel, initrd: written by the launcher, read by QEMU's user
 *   log/          the console log, which libvirt's daemon opens by name: of the launcher, as nobody whom the
 *                 daemon obeys may put a link there
 *   run/          QEMU's user's: sockets; nothing in it is trusted
 *
 * mkdir() reserves a name for one process; a lock on the directory keeps others from working on the guest,
 * and is released when the process ends, however it ends. A directory without a whole record is a create
 * that was killed: list shows it, remove clears it.
 *
 * STATE/.NAME.next is the same for a guest that is to replace NAME; it belongs to whoever holds the
 * lock of NAME, and the two are exchanged in one step when the new record stands.
 */
#define GUEST_NAME_MAX 63

#define GUEST_BOOT    "boot"
#define GUEST_FRESH   ".boot" /* to become boot/; a start that was killed leaves it */
#define GUEST_LOG     "log"
#define GUEST_RUN     "run"
#define GUEST_CONSOLE "console.log" /* in log/; guests of 0.1.0 have it in run/ */

/* Whose run/ and log/ are; -1: the launcher's. */
struct guest_owners {
	uid_t qemu_user;
	gid_t qemu_group;
	uid_t log_user;
	gid_t log_group;
};

/* The path STATE/NAME. No STATE and no name is so long that it is cut. */
#define GUEST_PATH_MAX (PATH_MAX + GUEST_NAME_MAX + 8)
const char *guest_path(const char *state, const char *name, char ret[static GUEST_PATH_MAX]);

struct guest_dir {
	char name[GUEST_NAME_MAX + 1];
	char state[PATH_MAX];
	char path[GUEST_PATH_MAX];
	int fd; /* of the directory; holds the lock. -1: none */
};

/* The rule of config/text_rule.h: no path, no option, nothing that libvirt or a shell misreads. */
bool guest_name_valid(const char *name);

/* Make the directory, with boot/ and empty log/ and run/ of these owners (NULL: the launcher), and lock it.
 * STATE is made where absent.
 * Errors: SNP_E_EXISTS, SNP_E_USAGE (name), SNP_E_WRITE, SNP_E_UNSAFE_STATE (as for all of these, where
 * others than root and this user could change STATE or the directory). */
SNP_MUST_USE int guest_dir_claim(const char *state, const char *name,
				 const struct guest_owners *owners, struct guest_dir *ret,
				 struct snp_error *err);

/* Lock an existing directory. Errors: SNP_E_NOT_FOUND, SNP_E_BUSY, SNP_E_USAGE (name), SNP_E_OPEN. */
SNP_MUST_USE int guest_dir_lock(const char *state, const char *name, struct guest_dir *ret,
				struct snp_error *err);

/* Make the directory of the guest that is to replace the one locked in `old`; what an earlier attempt
 * left there is cleared. Errors: SNP_E_WRITE. */
SNP_MUST_USE int guest_dir_claim_next(const struct guest_dir *old,
				      const struct guest_owners *owners, struct guest_dir *ret,
				      struct snp_error *err);

/* Make STATE/.NAME.import, into which an archive of the guest is unpacked, and lock it; guest_dir_discard() removes it.
 * The name itself is claimed later, by create. Errors: SNP_E_BUSY (another import), SNP_E_USAGE (name), SNP_E_WRITE,
 * SNP_E_UNSAFE_STATE. */
SNP_MUST_USE int guest_dir_claim_import(const char *state, const char *name, struct guest_dir *ret,
					struct snp_error *err);
void guest_dir_discard(struct guest_dir *dir);

/* Let the two change places: from now on STATE/NAME is `next`. Errors: SNP_E_WRITE. */
SNP_MUST_USE int guest_dir_exchange(struct guest_dir *old, struct guest_dir *next,
				    struct snp_error *err);

/* Whether STATE/NAME exists. It may be read without its lock, which only writers hold. Errors:
 * SNP_E_UNSAFE_STATE, SNP_E_OPEN. */
SNP_MUST_USE int guest_dir_exists(const char *state, const char *name, bool *ret,
				  struct snp_error *err);

/* Unmount everything from boot/ (guest/protection.h). The guest may run. */
void guest_dir_unmount(const struct guest_dir *dir);

/* Remove it with all it holds, and what an interrupted replacement left beside it. Symbolic links are
 * removed, not followed, whatever QEMU's user put into run/. Errors: SNP_E_WRITE. */
SNP_MUST_USE int guest_dir_remove(struct guest_dir *dir, struct snp_error *err);

/* Release the lock. */
void guest_dir_close(struct guest_dir *dir);

/* True while another process holds the lock of STATE/NAME. */
bool guest_dir_busy(const char *state, const char *name);

/* True while STATE/.NAME.next is there: a replacement is being made, was cut off, or left the old guest's
 * directory behind. */
bool guest_dir_has_next(const char *state, const char *name);

/* The names of all guests' directories in STATE, sorted, for guest_names_free(); none where there is
 * no STATE. Errors: SNP_E_OPEN, SNP_E_NO_MEMORY. */
SNP_MUST_USE int guest_dir_list(const char *state, char ***ret_names, size_t *ret_count,
				struct snp_error *err);
void guest_names_free(char **names, size_t count);

#endif
