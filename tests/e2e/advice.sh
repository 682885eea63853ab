#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every command that a message recommends is run, on a guest and files that are there, and answers as it should.
. "$(dirname "$0")/guests.sh"
begin
make_keys
report=$SNP_SOURCE/tests/fuzz/corpus/report/Milan-v2
cat >release.json <<-END
	{"schema": "snp-release/1", "images": [{"name": "web", "firmware": "OVMF.amdsev.fd", "kernel": "linux",
	 "initrd": "initrd", "cmdline": "console=ttyS0 quiet", "policy": "0x30000", "vcpu_count": [2], "cpu_model": ["EPYC-v4"]}]}
END
launch=(--ovmf OVMF.amdsev.fd --kernel linux --initrd initrd --append 'console=ttyS0 quiet' --vcpus 2 --vcpu-type EPYC-v4)
run 0 "$snp_measure" id-block create "${launch[@]}" --id-key id.pem --output-block block --output-auth auth
vm web1
run 0 "$snp_launch" create web1.json
virsh -q dumpxml --inactive web1 >web1.xml

snp-launch() {
	"$snp_launch" "$@"
}
snp-measure() {
	"$snp_measure" "$@"
}

tried() {
	local advice status command
	while IFS='|' read -r advice status command; do
		run $status eval "$command"
		! grep -qF '[usage]' err || fail "$advice: a wrong use"
	done
}

# What is recommended, word for word | the exit status | the commands, of which the last one's status counts. The verb
# stands before the options; where an answer is not yes, the line says why.
tried <<'END'
snp-launch --help                               | 0 | snp-launch --help
snp-launch list --help                          | 0 | snp-launch list --help
snp-launch check                                | 0 | snp-launch check
snp-launch check --firmware                     | 0 | snp-launch check --firmware OVMF.amdsev.fd
snp-launch check --firmware --json              | 0 | snp-launch check --json --firmware OVMF.amdsev.fd >found && snp-measure publish release.json -o with-result --boot-result found
snp-launch diagnose                             | 0 | snp-launch diagnose 'sev_snp_launch_finish: LAUNCH_FINISH ret=-5 fw_error=22'
snp-launch diagnose NUMBER                      | 0 | snp-launch diagnose 22
snp-launch list                                 | 0 | snp-launch list | grep -q web1
snp-launch logs                                 | 0 | snp-launch logs web1
snp-launch logs %s                              | 0 | snp-launch logs web1
snp-launch measure NAME                         | 0 | snp-launch measure web1
snp-launch diff %s                              | 0 | snp-launch diff web1
snp-measure explain --digest %s                 | 3 | snp-measure publish release.json -o known --format firmware; snp-measure explain --digest "$(printf %096d 1)" --reference known --max-vcpus 4
snp-launch diff NAME or snp-measure explain     | 0 | snp-launch diff web1 && snp-measure explain "${launch[@]}" --digest "$(snp-launch measure web1)"
snp-launch lint FILE                            | 0 | snp-launch lint web1.xml
snp-launch lint says what is wrong              | 3 | sed "s/match='exact'/match='minimum'/" web1.xml >odd.xml; snp-launch lint odd.xml
snp-launch lint says which one is wrong         | 3 | sed "s/mode='custom' match='exact'/mode='host-model'/" web1.xml >odd.xml; snp-launch lint odd.xml
snp-launch policy decode POLICY and snp-launch check | 0 | snp-launch policy decode 0x30000 && snp-launch check
snp-launch policy decode POLICY with snp-measure id-block show | 0 | snp-launch policy decode 0x30000 && snp-measure id-block show --id-block @block
snp-launch rehearse                             | 0 | snp-launch rehearse web1.json
snp-launch rehearse FILE                        | 0 | snp-launch rehearse web1.json
snp-launch attest                               | 1 | snp-launch attest web1 --guest-agent # no agent answers
snp-launch kill turns it off                    | 0 | snp-launch kill web1
snp-launch start                                | 0 | snp-launch start web1
snp-launch start mounts them                    | 0 | snp-launch kill web1 && snp-launch start web1
snp-launch restart                              | 0 | snp-launch restart web1
snp-launch apply                                | 0 | snp-launch apply web1.json
snp-launch apply FILE once                      | 0 | snp-launch apply web1.json
snp-launch archive NAME > guest.tar             | 0 | snp-launch archive web1 > guest.tar
snp-launch remove                               | 1 | snp-launch remove web1 # it runs
snp-launch remove --force %s                    | 0 | snp-launch remove --force web1
snp-launch import -                             | 0 | snp-launch import - <guest.tar && snp-launch remove --force web1
snp-launch import - < guest.tar                 | 0 | snp-launch import - < guest.tar && snp-launch remove --force web1
snp-measure id-block                            | 0 | snp-measure id-block --help
snp-measure id-block verify                     | 0 | snp-measure id-block verify "${launch[@]}" --id-block @block --id-auth @auth
snp-measure igvm sign                           | 0 | snp-measure igvm from-ovmf OVMF.amdsev.fd -o guest.igvm && snp-measure igvm sign guest.igvm -o signed.igvm --id-key id.pem --vcpus 2 --vcpu-type EPYC-v4
snp-measure sign                                | 0 | snp-measure publish release.json -o plain && snp-measure sign plain --sign-key id.pem
snp-measure reproduce --public-key KEY --images IMAGES FOLDER | 0 | snp-measure publish release.json -o signed --sign-key id.pem && openssl pkey -in id.pem -pubout -out id.pub && snp-measure reproduce --public-key id.pub --images . signed
snp-measure verify --reference FOLDER --public-key KEY --report-data NONCE REPORT | 3 | snp-measure verify --reference signed --public-key id.pub --report-data "$(printf %0128d 0)" "$report"
snp-measure inspect                             | 0 | snp-measure inspect OVMF.amdsev.fd
snp-measure publish --id-key                    | 0 | snp-measure publish release.json -o published --id-key id.pem
snp-measure show --fetch-path                   | 0 | snp-measure show --fetch-path "$report"
snp-measure verify DIR                           | 3 | snp-measure verify --any-measurement --save kept "$report"; snp-measure verify kept
snp-measure verify --deny-product=Milan          | 3 | snp-measure verify --any-measurement --deny-product=Milan "$report"
END
