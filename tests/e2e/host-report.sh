#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A running guest gets attestation reports from the simulated chip: the library's verifier accepts them with
# the chip's root, with the digest that the guest said, and never with AMD's.
. "$(dirname "$0")/hosts.sh"
needs_host
needs_images
check_report=$SNP_BUILD/tests/e2e/check-report

start_host
domain web1 0x30000 "<hostData>$(head -c 32 /dev/zero | base64)</hostData>" >web1.xml
run 0 virsh -c "$uri" define web1.xml
run 0 virsh -c "$uri" start web1
digest=$(said web1 launch_digest)
run 0 "$check_report" "$folder" web1 "$digest"
says accepted
run 0 "$check_report" "$folder" web1 "$digest"

# Another digest than the guest's is not in the report.
run 1 "$check_report" "$folder" web1 "${digest//[0-7]/9}"
grep -q '^check-report: measurement: ' err || fail "refused for another reason"

# A chip's name must not be AMD's, whatever reads the certificates.
for certificate in ark ask vcek; do
	run 0 openssl x509 -inform DER -in "$folder/chip/$certificate.der" -noout -nameopt RFC2253 -subject -issuer
	says 'O=Simulated secure processor'
	! grep -q 'Advanced Micro Devices' out || fail "$certificate.der names AMD"
done

# Without its VCEK a chip signs nothing.
domain web2 0x30000 | sed "s/kernelHashes=/vcek='no' kernelHashes=/" >web2.xml
run 0 virsh -c "$uri" define web2.xml
run 0 virsh -c "$uri" start web2
run 1 "$check_report" "$folder" web2 "$(said web2 launch_digest)"
grep -q 'gives no report' err || fail "it gives a report"
