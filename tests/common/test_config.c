#include "common/config.h"

#include "common/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct settings {
    char broker[CONFIG_TEXT_MAX];
    int64_t heartbeat_ms;
    char log_file[CONFIG_TEXT_MAX];
    bool log_sync;
    int64_t level;
};

static const struct config_key keys[] = {
    { "broker", CONFIG_TEXT, offsetof(struct settings, broker), PLACE_BROKER, 0, 0,
      "Where the broker listens." },
    { "heartbeat", CONFIG_NUMBER, offsetof(struct settings, heartbeat_ms), "1000", 10, 60000,
      "Milliseconds." },
    { "log/file", CONFIG_TEXT, offsetof(struct settings, log_file), "say \"log\" # 1", 0, 0,
      "Where lines go." },
    { "log/sync", CONFIG_FLAG, offsetof(struct settings, log_sync), "true", 0, 0,
      "Whether each line is synced." },
    { "log/deep/level", CONFIG_NUMBER, offsetof(struct settings, level), "-1", -5, 5, "How much." },
    { NULL, CONFIG_TEXT, 0, NULL, 0, 0, NULL },
};

static char folder[] = "/tmp/ocop-config-XXXXXX";
static char file_name[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(file_name, sizeof file_name, "%s/x.zpl", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(file_name);
    return rmdir(folder);
}

static enum err load(const char *text, struct settings *settings, struct why *why)
{
    FILE *f = fopen(file_name, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return config_load(keys, file_name, settings, why);
}

static void defaults_stand_without_a_file(void **state)
{
    struct settings s;

    (void)state;
    assert_int_equal(config_load(keys, NULL, &s, NULL), ERR_NONE);
    assert_string_equal(s.broker, "ipc://{run}/broker.sock");
    assert_int_equal(s.heartbeat_ms, 1000);
    assert_string_equal(s.log_file, "say \"log\" # 1");
    assert_true(s.log_sync);
    assert_int_equal(s.level, -1);
}

static void file_goes_over_defaults(void **state)
{
    struct why why = { .code = "" };
    struct settings s;

    (void)state;
    assert_int_equal(
        load("# of the test\nheartbeat = 50\nlog\n    sync = false\n    deep\n        level = -5\n", &s,
             &why),
        ERR_NONE);
    assert_int_equal(s.heartbeat_ms, 50);
    assert_false(s.log_sync);
    assert_int_equal(s.level, -5);
    assert_string_equal(s.broker, "ipc://{run}/broker.sock");
}

struct bad_file {
    const char *text;
    const char *named; /* what the sentence must name */
};

static void empty_file_changes_nothing(void **state)
{
    struct settings s;

    (void)state;
    assert_int_equal(load("", &s, NULL), ERR_NONE);
    assert_int_equal(s.heartbeat_ms, 1000);
}

static void bad_files_are_refused_by_file_key_and_rule(void **state)
{
    static const struct bad_file bad[] = {
        { "heartbeet = 50\n", "heartbeet" },
        { "log\n    files = x\n", "log/files" },
        { "log = x\n", "section" },
        { "broker = x\n    y = 1\n", "broker/y" },
        { "heartbeat = 9\n", "10..60000" },
        { "heartbeat = 60001\n", "10..60000" },
        { "heartbeat = 50ms\n", "10..60000" },
        { "heartbeat =\n", "10..60000" },
        { "heartbeat = 99999999999999999999\n", "10..60000" },
        { "log\n    sync = yes\n", "true or false" },
        { "heartbeat = 50\nheartbeat = 60\n", "stands twice" },
        { "log\n    sync = true\nlog\n    sync = true\n", "stands twice" },
        { "log\n  sync = true\n", "ZPL" },
    };
    struct settings s;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct why why = { .code = "" };
        assert_int_equal(load(bad[i].text, &s, &why), ERR_CONFIG);
        assert_string_equal(why.code, "CONFIG");
        if (!strstr(why.sentence, bad[i].named))
            fail_msg("\"%s\" does not name %s", why.sentence, bad[i].named);
        assert_non_null(strstr(why.sentence, file_name));
    }
}

static void too_long_a_text_is_refused(void **state)
{
    char text[CONFIG_TEXT_MAX + 16];
    struct why why = { .code = "" };
    struct settings s;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "broker = ", 9);
    text[9 + CONFIG_TEXT_MAX] = '\0';
    assert_int_equal(load(text, &s, &why), ERR_CONFIG);
    text[9 + CONFIG_TEXT_MAX - 1] = '\0';
    assert_int_equal(load(text, &s, NULL), ERR_NONE);
    assert_int_equal(strlen(s.broker), CONFIG_TEXT_MAX - 1);
}

static void missing_file_and_folder_are_named(void **state)
{
    struct why why = { .code = "" };
    struct settings s;

    (void)state;
    assert_int_equal(config_load(keys, "/no/such/file.zpl", &s, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "/no/such/file.zpl"));
    why_clear(&why);
    assert_int_equal(config_load(keys, folder, &s, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, folder));
}

static void assignments_go_over_all(void **state)
{
    struct why why = { .code = "" };
    struct settings s;

    (void)state;
    assert_int_equal(config_load(keys, NULL, &s, NULL), ERR_NONE);
    assert_int_equal(config_set(keys, "broker=tcp://h:1?a=b", &s, NULL), ERR_NONE);
    assert_string_equal(s.broker, "tcp://h:1?a=b");
    assert_int_equal(config_set(keys, "log/sync=false", &s, NULL), ERR_NONE);
    assert_false(s.log_sync);
    assert_int_equal(config_set(keys, "broker=", &s, NULL), ERR_NONE);
    assert_string_equal(s.broker, "");
    assert_int_equal(config_set(keys, "heartbeat", &s, NULL), ERR_CONFIG);
    assert_int_equal(config_set(keys, "log=1", &s, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "no key log"));
}

/* Whatever the sample says can be loaded, and says what the defaults say. */
static void sample_gives_the_defaults(void **state)
{
    struct why why = { .code = "" };
    struct settings defaults, read;
    int kept = dup(STDOUT_FILENO);

    (void)state;
    memset(&defaults, 0, sizeof defaults);
    memset(&read, 0, sizeof read);
    fflush(stdout);
    assert_non_null(freopen(file_name, "w", stdout));
    config_sample(keys, "ocop-test");
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    assert_int_equal(config_load(keys, NULL, &defaults, NULL), ERR_NONE);
    if (config_load(keys, file_name, &read, &why)) fail_msg("%s", why.sentence);
    assert_memory_equal(&read, &defaults, sizeof read);
}

static void places_are_filled_in(void **state)
{
    char out[CONFIG_TEXT_MAX];

    (void)state;
    unsetenv("OCOP_RUN");
    unsetenv("OCOP_STATE");
    assert_int_equal(place_expand(PLACE_BROKER, out, NULL), ERR_NONE);
    assert_string_equal(out, "ipc:///run/ocop/broker.sock");
    setenv("OCOP_RUN", "/tmp/r", 1);
    setenv("OCOP_STATE", "/tmp/s", 1);
    assert_int_equal(place_expand("{run}{state}x{run}", out, NULL), ERR_NONE);
    assert_string_equal(out, "/tmp/r/tmp/sx/tmp/r");
    place_set("/r", NULL);
    place_set(NULL, "/s");
    assert_int_equal(place_expand("{run}:{state}", out, NULL), ERR_NONE);
    assert_string_equal(out, "/r:/s");
    assert_int_equal(place_expand("", out, NULL), ERR_NONE);
    assert_string_equal(out, "");
    place_set("", "");
    unsetenv("OCOP_RUN");
    unsetenv("OCOP_STATE");
}

static void unknown_place_is_refused(void **state)
{
    struct why why = { .code = "" };
    char out[CONFIG_TEXT_MAX];

    (void)state;
    assert_int_equal(place_expand("{sate}/x.db", out, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "{sate}"));
}

static void too_long_a_place_is_refused(void **state)
{
    char long_folder[2 * CONFIG_TEXT_MAX], out[CONFIG_TEXT_MAX];
    struct why why = { .code = "" };

    (void)state;
    memset(long_folder, 'x', sizeof long_folder);
    long_folder[107 - 2] = '\0';
    place_set(long_folder, NULL);
    assert_int_equal(place_expand("ipc://{run}/y", out, NULL), ERR_NONE);
    assert_int_equal(place_expand("ipc://{run}/yz", out, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "107"));
    assert_int_equal(place_expand("{run}/yz", out, NULL), ERR_NONE);
    memset(long_folder, 'x', sizeof long_folder);
    long_folder[sizeof long_folder - 1] = '\0';
    place_set(long_folder, NULL);
    assert_int_equal(place_expand("{run}", out, NULL), ERR_CONFIG);
    place_set("", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stand_without_a_file),
        cmocka_unit_test(file_goes_over_defaults),
        cmocka_unit_test(empty_file_changes_nothing),
        cmocka_unit_test(bad_files_are_refused_by_file_key_and_rule),
        cmocka_unit_test(too_long_a_text_is_refused),
        cmocka_unit_test(missing_file_and_folder_are_named),
        cmocka_unit_test(assignments_go_over_all),
        cmocka_unit_test(sample_gives_the_defaults),
        cmocka_unit_test(places_are_filled_in),
        cmocka_unit_test(unknown_place_is_refused),
        cmocka_unit_test(too_long_a_place_is_refused),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
