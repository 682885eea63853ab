// SPDX-License-Identifier: Apache-2.0
#include "sev_device.h"

#include <errno.h>
#include <string.h>

#include "complaint.h"
#include "settings.h"
#include "uapi.h"

/* Sizes of the Diffie-Hellman certificate and of the chain of PEK, OCA and CEK (SEV API, appendix C).
 * Their contents matter only to a launch session, which is not simulated: zeros. */
#define SEV_CERTIFICATE_SIZE 0x824
#define SEV_CHAIN_SIZE	     (3 * SEV_CERTIFICATE_SIZE)

#define PLATFORM_STATE_INIT 1

static int status(struct sev_issue_cmd *cmd)
{
	const struct sev_user_data_status answer = {
		.api_major = settings()->api_major,
		.api_minor = settings()->api_minor,
		.state = PLATFORM_STATE_INIT,
		.flags = SEV_STATUS_FLAGS_CONFIG_ES,
		.build = settings()->build,
	};

	memcpy((void *)cmd->data, &answer, sizeof(answer));
	return 0;
}

/* Where the buffers are too short, the firmware says how long they must be. */
static int short_buffer(struct sev_issue_cmd *cmd)
{
	cmd->error = SEV_RET_INVALID_LEN;
	return -EIO;
}

static int export_certificates(struct sev_issue_cmd *cmd)
{
	struct sev_user_data_pdh_cert_export args;
	bool fits;

	memcpy(&args, (const void *)cmd->data, sizeof(args));
	fits = args.pdh_cert_address && args.cert_chain_address &&
	       args.pdh_cert_len >= SEV_CERTIFICATE_SIZE && args.cert_chain_len >= SEV_CHAIN_SIZE;
	args.pdh_cert_len = SEV_CERTIFICATE_SIZE;
	args.cert_chain_len = SEV_CHAIN_SIZE;
	memcpy((void *)cmd->data, &args, sizeof(args));
	if (!fits)
		return short_buffer(cmd);
	memset((void *)args.pdh_cert_address, 0, SEV_CERTIFICATE_SIZE);
	memset((void *)args.cert_chain_address, 0, SEV_CHAIN_SIZE);
	return 0;
}

static int get_id(struct sev_issue_cmd *cmd)
{
	struct sev_user_data_get_id2 args;
	bool fits;

	memcpy(&args, (const void *)cmd->data, sizeof(args));
	fits = args.address && args.length >= CHIP_ID_SIZE;
	args.length = CHIP_ID_SIZE;
	memcpy((void *)cmd->data, &args, sizeof(args));
	if (!fits)
		return short_buffer(cmd);
	memcpy((void *)args.address, settings()->chip_id, CHIP_ID_SIZE);
	return 0;
}

int sev_device_ioctl(unsigned long request, void *arg)
{
	struct sev_issue_cmd cmd;
	int r;

	if (request != SEV_ISSUE_CMD)
		return refuse_unknown("/dev/sev", request);
	memcpy(&cmd, arg, sizeof(cmd));
	cmd.error = 0;
	switch (cmd.cmd) {
	case SEV_PLATFORM_STATUS:
		r = status(&cmd);
		break;
	case SEV_PDH_CERT_EXPORT:
		r = export_certificates(&cmd);
		break;
	case SEV_GET_ID2:
		r = get_id(&cmd);
		break;
	default:
		return refuse_unknown("SEV_ISSUE_CMD", cmd.cmd);
	}
	memcpy(arg, &cmd, sizeof(cmd));
	return r;
}
