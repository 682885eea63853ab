/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_REMOVE_TREE_H
#define LAUNCHER_GUEST_REMOVE_TREE_H

/* Remove the folder `path` (relative to the descriptor `at`, or to AT_FDCWD) and all below it, however deep
 * and wide. Works by descriptors, at most three at a time, and follows no symbolic link, so that a user who
 * may write somewhere below cannot lead it elsewhere, nor by moving a folder away while it is emptied.
 * 0, or a negative errno: -ENOENT where there is none, -EBUSY where somebody goes on changing what is
 * there. */
int remove_tree(int at, const char *path);

#endif
