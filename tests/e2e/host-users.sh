#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Root's host and an ordinary user's, both with the tool and the library below a folder that nobody else
# may enter, as a clone in a home is.
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images

private=$work/home
mkdir -m 700 "$private"
cp "$simulated_host" "$library" "$private/"
simulated_host=$private/simulated-host library=$private/libsnp-rehearsal.so cache=$private/cache

launch() {
	start_host
	domain web1 0x30000 >web1.xml
	run 0 "$@" virsh -c "$uri" define web1.xml
	run 0 "$@" virsh -c "$uri" start web1
	[ -n "$(said web1 launch_digest)" ] || fail "no digest"
	run 0 virsh -c "$uri" domcapabilities --machine q35
	says '<value>sev-snp</value>'
}

launch
run 0 "$simulated_host" stop "$folder"
gone "$folder"
[ "$(id -u)" = 0 ] || exit 0

# The same as nobody, to whom the folder then belongs.
chown -R nobody "$private"
as_nobody=$work/simulated-host
cat >"$as_nobody" <<-END
	#!/bin/sh
	exec setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=$private $simulated_host "\$@"
END
chmod 755 "$as_nobody"
simulated_host=$as_nobody
launch setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$private"
run 0 "$simulated_host" stop "$folder"
gone "$folder"
