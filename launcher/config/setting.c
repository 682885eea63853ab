// SPDX-License-Identifier: Apache-2.0
#include "config/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <snp/fail.h>

/* How well two settings of one name fit: a card that names its MAC goes to the card that has it. */
enum fit {
	FIT_NAME,
	FIT_VALUE,
	FIT_MAC,
	FITS
};

static bool fits(const struct spec_setting *from, const struct spec_setting *to, enum fit fit)
{
	if (strcmp(from->what, to->what) != 0 || (fit == FIT_NAME && from->element))
		return false;
	if (fit != FIT_NAME && strcmp(from->value, to->value) != 0)
		return false;
	if (fit == FIT_MAC)
		return to->mac && from->mac && strcasecmp(to->mac, from->mac) == 0;
	return fit == FIT_NAME || !to->mac;
}

/* For each of `to`, the one of `from` that it was, and back; NULL where there is none. */
struct pairs {
	const struct spec_setting **of_to, **of_from;
};

static void pair(const struct launch_spec *from, const struct launch_spec *to, enum fit fit,
		 struct pairs *p)
{
	for (size_t i = 0; i < to->n_settings; i++)
		for (size_t j = 0; j < from->n_settings && !p->of_to[i]; j++)
			if (!p->of_from[j] && fits(&from->settings[j], &to->settings[i], fit)) {
				p->of_to[i] = &from->settings[j];
				p->of_from[j] = &to->settings[i];
			}
}

static bool can_change_now(const struct spec_setting *s)
{
	return strcmp(s->what, "disk") == 0 || strcmp(s->what, "network") == 0 ||
	       strcmp(s->what, "title") == 0 || strcmp(s->what, "description") == 0 ||
	       strncmp(s->what, "label ", 6) == 0 || strcmp(s->what, SETTING_VM_JSON) == 0;
}

static void add(struct setting_change *ret, const struct launch_spec *spec, size_t at,
		const struct spec_setting *from, const struct spec_setting *to)
{
	const struct spec_setting *s = &spec->settings[at];
	size_t index = 0;

	for (size_t i = 0; i < at; i++)
		index += strcmp(spec->settings[i].what, s->what) == 0;
	if (s->element)
		snprintf(ret->what, sizeof(ret->what), "%s[%zu]", s->what, index);
	else
		snprintf(ret->what, sizeof(ret->what), "%s", s->what);
	ret->from = from;
	ret->to = to;
	ret->moment = can_change_now(s) ? SETTING_NOW : SETTING_START;
}

static bool equal(const struct spec_setting *from, const struct spec_setting *to)
{
	return from && to && strcmp(from->value, to->value) == 0 &&
	       (!to->mac || (from->mac && strcasecmp(from->mac, to->mac) == 0));
}

int settings_compare(const struct launch_spec *from, const struct launch_spec *to,
		     struct setting_change **ret, size_t *ret_count, struct snp_error *err)
{
	const size_t most = from->n_settings + to->n_settings;
	_cleanup_(freep) const struct spec_setting **pairs = calloc(most + 1, sizeof(*pairs));
	struct pairs p = {pairs, pairs ? pairs + to->n_settings : NULL};
	struct setting_change *changes = calloc(most + 1, sizeof(*changes));
	size_t n = 0;

	if (!pairs || !changes) {
		free(changes);
		return out_of_memory(err);
	}
	for (enum fit fit = FITS; fit-- > FIT_NAME;)
		pair(from, to, fit, &p);
	for (size_t i = 0; i < to->n_settings; i++)
		if (!equal(p.of_to[i], &to->settings[i]))
			add(&changes[n++], to, i, p.of_to[i], &to->settings[i]);
	for (size_t j = 0; j < from->n_settings; j++)
		if (!p.of_from[j])
			add(&changes[n++], from, j, &from->settings[j], NULL);
	*ret = changes;
	*ret_count = n;
	return 0;
}

void setting_text(const struct spec_setting *setting, char *ret, size_t size)
{
	if (!setting)
		snprintf(ret, size, "none");
	else if (setting->mac)
		snprintf(ret, size, "%s, MAC %s", setting->value, setting->mac);
	else
		snprintf(ret, size, "%s", setting->value);
}
