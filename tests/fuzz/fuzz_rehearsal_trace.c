// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include "rehearsal/trace_read.h"

/* QEMU's user may write the trace, so it is as untrusted as any input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rehearsal_trace *trace = NULL;
	struct plan_difference difference;
	struct snp_error err = {0};
	int r = rehearsal_trace_parse("trace.json", (struct snp_span){data, size}, 0x810c00, &trace,
				      &err);

	fuzz_check(r, &err, size);
	if ((r < 0) != !trace)
		abort();
	if (trace && plan_compare(trace->plan, trace->plan, &difference))
		abort();
	rehearsal_trace_free(trace);
	return 0;
}
