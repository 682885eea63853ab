/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REHEARSAL_PRELOAD_SEV_DEVICE_H
#define REHEARSAL_PRELOAD_SEV_DEVICE_H

/* /dev/sev: the platform commands that QEMU gives (Linux 6.12 drivers/crypto/ccp/sev-dev.c). */
int sev_device_ioctl(unsigned long request, void *arg);

#endif
