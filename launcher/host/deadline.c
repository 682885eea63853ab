// SPDX-License-Identifier: Apache-2.0
#include "host/deadline.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <snp/fail.h>

struct call {
	deadline_work *work;
	void *arg;
	int status;
	struct snp_error err;
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void *run(void *arg)
{
	struct call *call = arg;
	int status = call->work(call->arg, &call->err);

	pthread_mutex_lock(&call->lock);
	call->status = status;
	call->done = true;
	pthread_cond_signal(&call->changed);
	pthread_mutex_unlock(&call->lock);
	return NULL;
}

static struct call *call_new(deadline_work *work, void *arg)
{
	struct call *call = calloc(1, sizeof(*call));
	pthread_condattr_t attributes;

	if (!call)
		return NULL;
	call->work = work;
	call->arg = arg;
	pthread_mutex_init(&call->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&call->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return call;
}

static bool wait_for(struct call *call, unsigned int seconds)
{
	struct timespec end;
	bool done;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	pthread_mutex_lock(&call->lock);
	while (!call->done && pthread_cond_timedwait(&call->changed, &call->lock, &end) == 0)
		continue;
	done = call->done;
	pthread_mutex_unlock(&call->lock);
	return done;
}

/* What a thread that was given up still uses: kept where the leak checker sees it. */
static struct call *volatile given_up;

int within_seconds(unsigned int seconds, deadline_work *work, void *arg, const char *what,
		   bool *ret_given_up, struct snp_error *err)
{
	struct call *call = call_new(work, arg);
	pthread_t thread;
	int r;

	*ret_given_up = false;
	if (!call)
		return out_of_memory(err);
	if (pthread_create(&thread, NULL, run, call) != 0) {
		free(call);
		return work(arg, err);
	}
	if (!wait_for(call, seconds)) {
		given_up = call;
		*ret_given_up = true;
		pthread_detach(thread);
		return fail_with(err, SNP_E_TIMEOUT, SNP_NO_OFFSET,
				 "%s: libvirt did not answer for %u seconds; check its daemon "
				 "(systemctl status libvirtd)",
				 what, seconds);
	}
	pthread_join(thread, NULL);
	r = call->status;
	if (r < 0 && err)
		*err = call->err;
	free(call);
	return r;
}
