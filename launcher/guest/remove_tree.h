/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAUNCHER_GUEST_REMOVE_TREE_H
#define LAUNCHER_GUEST_REMOVE_TREE_H

/* Remove the folder `path` (relative to the descriptor `at`, or to AT_FDCWD) and all below it. Works
 * by descriptors and follows no symbolic link, so that a user who may write somewhere below cannot
 * lead it elsewhere. 0, or a negative errno: -ENOENT where there is none, -ELOOP for more than 64
 * levels (nobody but a hostile QEMU makes such). */
int remove_tree(int at, const char *path);

#endif
