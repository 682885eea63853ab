// SPDX-License-Identifier: Apache-2.0
/* simulated-host start [OPTION…] | restart FOLDER | reboot FOLDER | stop FOLDER: a simulated host for shell tests.
 * `restart` kills its libvirtd and starts it again, `reboot` its guests too. `start` prints the folder and the URI; with --wait the host lives as long as this program, which then reads its stdin
 * until the end. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "rehearsal/host.h"

static int fail(const struct snp_error *err)
{
	char line[2048];

	snp_error_line(err, line, sizeof(line));
	fprintf(stderr, "simulated-host: %s\n", line);
	return (int)snp_code_class(err->code);
}

static int start(int argc, char *argv[])
{
	static const struct option longopts[] = {
		{"folder", required_argument, NULL, 'f'},
		{"library", required_argument, NULL, 'l'},
		{"cache", required_argument, NULL, 'c'},
		{"emulator", required_argument, NULL, 'e'},
		{"kernel", required_argument, NULL, 'k'},
		{"firmware", required_argument, NULL, 'w'},
		{"wait", no_argument, NULL, 'W'},
		{0},
	};
	struct simulated_host_options options = {0};
	struct simulated_host host;
	struct snp_error err = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", longopts, NULL)) >= 0) {
		switch (option) {
		case 'f':
			options.folder = optarg;
			break;
		case 'l':
			options.library = optarg;
			break;
		case 'c':
			options.cache = optarg;
			break;
		case 'e':
			options.emulator = optarg;
			break;
		case 'k':
			options.kernel = optarg;
			break;
		case 'w':
			options.firmware = optarg;
			break;
		case 'W':
			options.ends_with_caller = true;
			break;
		default:
			return 2;
		}
	}
	if (simulated_host_start(&options, &host, &err) < 0)
		return fail(&err);
	printf("%s %s\n", host.folder, host.uri);
	fflush(stdout);
	while (options.ends_with_caller && getchar() != EOF)
		continue;
	return 0;
}

int main(int argc, char *argv[])
{
	struct snp_error err = {0};

	if (argc >= 2 && strcmp(argv[1], "start") == 0)
		return start(argc - 1, argv + 1);
	if (argc == 3 && (strcmp(argv[1], "restart") == 0 || strcmp(argv[1], "reboot") == 0))
		return simulated_host_restart(argv[2], argv[1][2] == 'b', &err) < 0 ? fail(&err)
										    : 0;
	if (argc == 3 && strcmp(argv[1], "stop") == 0)
		return simulated_host_stop(argv[2], &err) < 0 ? fail(&err) : 0;
	fprintf(stderr,
		"usage: simulated-host start [OPTION…] | restart FOLDER | reboot FOLDER | stop FOLDER\n");
	return 2;
}
