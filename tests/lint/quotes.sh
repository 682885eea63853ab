#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/rules"

sed -n '/^#!\/bin\/sh$/,/^```$/{/^```$/!p}' docs/attestation.md |
	diff -u templates/snp-responder - >"$broken" || true
verdict "docs/attestation.md quotes the responder as it is"
