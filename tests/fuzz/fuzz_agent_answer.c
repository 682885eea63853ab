// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <string.h>

#include "guest/agent_evidence.h"

/* The same bytes as the answer to guest-exec and to guest-exec-status. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct evidence evidence;
	struct snp_error err = {0};
	uint64_t pid = 0;
	bool ended = false;
	int r = agent_read_pid((struct snp_span){data, size}, &pid, &err);

	fuzz_check(r, &err, size);
	if ((r < 0) != (pid == 0))
		abort();
	err = (struct snp_error){0};
	evidence.size = sizeof(evidence.bytes) + 1;
	r = agent_read_status((struct snp_span){data, size}, &ended, &evidence, &err);
	fuzz_check(r, &err, size);
	if ((r == 0 && ended) != (evidence.size <= sizeof(evidence.bytes)))
		abort();
	return 0;
}
