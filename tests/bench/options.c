/* options.c - the options of the measuring programs, and the events they send. */
#include "tests/bench/generate.h"
#include "tests/bench/measure.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, INT, UNSIGNED, COUNT, HASH };

#define AT(member) offsetof(struct measure_options, member)

static const struct option {
    const char *name;
    enum kind kind;
    size_t at;
    uint64_t most;
} options[] = {
    { "--endpoint", TEXT, AT(endpoint), 0 },
    { "--port", INT, AT(port), 65535 },
    { "--path", TEXT, AT(path), 0 },
    { "--mode", TEXT, AT(mode), 0 },
    { "--publishers", UNSIGNED, AT(publishers), MEASURE_PUBLISHERS_MAX },
    { "--window", UNSIGNED, AT(window), MEASURE_WINDOW_MAX },
    { "--pack", UNSIGNED, AT(pack), MEASURE_PACK_MAX },
    { "--events", COUNT, AT(events), 1000000000 },
    { "--ms", COUNT, AT(ms), 600000 },
    { "--rate", COUNT, AT(rate), 100000000 },
    { "--after", COUNT, AT(after), 1000000000000 },
    { "--chain", HASH, AT(chain), 0 },
    { "--key", TEXT, AT(key), 0 },
    { "--server-key", TEXT, AT(server_key), 0 },
};

enum { OPTIONS = sizeof options / sizeof *options };

static void wrong(const char *name, const char *value, const char *rule)
{
    fprintf(stderr, "bench: %s is \"%s\"; %s\n", name, value, rule);
    exit(2);
}

static uint64_t number(const struct option *p, const char *text)
{
    char *end, rule[64];
    const unsigned long long n = strtoull(text, &end, 10);

    snprintf(rule, sizeof rule, "it must be from 1 to %llu", (unsigned long long)p->most);
    if (*end || n == 0 || n > p->most) wrong(p->name, text, rule);
    return n;
}

static void read_option(const struct option *p, const char *value, struct measure_options *o)
{
    void *at = (char *)o + p->at;
    const uint64_t n = p->most ? number(p, value) : 0;

    switch (p->kind) {
    case TEXT:
        *(const char **)at = value;
        break;
    case INT:
        *(int *)at = (int)n;
        break;
    case UNSIGNED:
        *(unsigned *)at = (unsigned)n;
        break;
    case COUNT:
        *(uint64_t *)at = n;
        break;
    case HASH:
        if (!hash_from_hex(slice_text(value), at)) wrong(p->name, value, "it must be 64 hexadecimal digits");
        break;
    }
}

void measure_read_options(int argc, char **argv, struct measure_options *out)
{
    *out = (struct measure_options){ .publishers = 1, .window = 1024, .pack = 1, .events = 2000000 };
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;

        if (i + 1 == argc) wrong(argv[i], "", "it needs a value");
        while (k < OPTIONS && strcmp(options[k].name, argv[i]))
            k++;
        if (k == OPTIONS) wrong(argv[i], argv[i + 1], "there is no such option");
        read_option(&options[k], argv[i + 1], out);
    }
}

void measure_prepare(struct measure_events *out)
{
    static struct buf topics[MEASURE_PREPARED], envelopes[MEASURE_PREPARED];
    struct generator g;

    generate_begin(&g, 2026, "bench");
    for (size_t i = 0; i < MEASURE_PREPARED; i++)
        if (generate_event(&g, i, &topics[i], &envelopes[i])) measure_die("generate", NULL);
    generate_end(&g);
    for (size_t i = 0; i < MEASURE_PREPARED + MEASURE_PACK_MAX; i++) {
        out->topics[i] = buf_slice(&topics[i % MEASURE_PREPARED]);
        out->envelopes[i] = buf_slice(&envelopes[i % MEASURE_PREPARED]);
    }
}
