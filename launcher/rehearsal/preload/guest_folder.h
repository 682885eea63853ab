/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REHEARSAL_PRELOAD_GUEST_FOLDER_H
#define REHEARSAL_PRELOAD_GUEST_FOLDER_H

/* Open this guest's folder: HOST/guests/NAME/run of a guest of snp-launch's, which made it, else
 * HOST/foreign/NAME, made where it is missing. Returns a descriptor, or -1 where there is no guest
 * (libvirt's probe has no name) or the folder cannot be made, which is then complained about. */
int guest_folder_open(void);

#endif
