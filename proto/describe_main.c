/* ocop-describe --json | --markdown: write events.json or EVENTS.md to stdout. */
#include "proto/codec.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--json") == 0) {
        describe_json(stdout);
    } else if (argc == 2 && strcmp(argv[1], "--markdown") == 0) {
        describe_markdown(stdout);
    } else {
        fprintf(stderr, "usage: ocop-describe --json > proto/events.json\n"
                        "       ocop-describe --markdown > proto/EVENTS.md\n");
        return 2;
    }
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "ocop-describe: cannot write to stdout\n");
        return 1;
    }
    return 0;
}
