/* fuzz_config.c - any bytes as a settings file, and each of its lines as one --set. What is taken keeps the
 * rules of the table; what is refused says why.
 */
#include "common/config.h"
#include "tests/fuzz/memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct settings {
    char endpoint[CONFIG_TEXT_MAX], file[CONFIG_TEXT_MAX];
    int64_t events, bytes;
    bool checked;
};

#define AT(member) offsetof(struct settings, member)
static const struct config_key keys[] = {
    { "bus/endpoint", CONFIG_TEXT, AT(endpoint), "ipc:///tmp/broker.sock", 0, 0, "where to connect" },
    { "log/file", CONFIG_TEXT, AT(file), "log.db", 0, 0, "the file" },
    { "log/drain/events", CONFIG_NUMBER, AT(events), "8192", 1, 65536, "events in one transaction" },
    { "log/drain/bytes", CONFIG_NUMBER, AT(bytes), "-1", INT64_MIN, INT64_MAX, "bytes in one transaction" },
    { "checked", CONFIG_FLAG, AT(checked), "true", 0, 0, "whether anybody looks" },
    { 0 },
};

static void expect(int holds)
{
    if (!holds) abort();
}

static void check(enum err e, const struct settings *s, const struct why *why)
{
    unsigned char flag;

    memcpy(&flag, &s->checked, 1);
    if (e) expect(why->sentence[0] != '\0');
    expect(flag <= 1 && s->events >= 1 && s->events <= 65536);
    expect(memchr(s->endpoint, 0, sizeof s->endpoint) != NULL && memchr(s->file, 0, sizeof s->file) != NULL);
}

static void try_lines(struct slice text)
{
    while (text.size) {
        const char *stop = memchr(text.data, '\n', text.size);
        size_t size = stop ? (size_t)(stop - text.data) : text.size;
        char *line = strndup(text.data, size);
        struct settings s;
        struct why why = { 0 };

        expect(line != NULL && config_load(keys, NULL, &s, &why) == ERR_NONE);
        check(config_set(keys, line, &s, &why), &s, &why);
        free(line);
        size += stop ? 1 : 0;
        text = slice_of(text.data + size, text.size - size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings s;
    struct memory_file f;
    struct why why = { 0 };
    enum err e;

    memory_file_make(&f, slice_of(data, size));
    e = config_load(keys, f.path, &s, &why);
    check(e, &s, &why);
    memory_file_end(&f);
    try_lines(slice_of(data, size));
    return 0;
}
