/* Who knocks in vain: a line when it begins and one a minute, however often it knocks. */
#include "common/knocks.h"

#include "common/logline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What is written to stderr between the two. */
static int kept, away[2];

static void listen_begin(void)
{
    assert_int_equal(pipe(away), 0);
    fflush(stderr);
    kept = dup(STDERR_FILENO);
    assert_true(dup2(away[1], STDERR_FILENO) >= 0);
    close(away[1]);
}

static void listen_end(char out[8192])
{
    ssize_t got;

    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    got = read(away[0], out, 8191);
    close(away[0]);
    out[got > 0 ? got : 0] = '\0';
}

static size_t lines(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void one_address_has_a_line_and_one_a_minute(void **state)
{
    struct knocks k = { .others = 0 };
    char said[8192];

    (void)state;
    listen_begin();
    for (int64_t ms = 0; ms < 150000; ms += 30) { /* 33 times a second for two and a half minutes */
        knocks_add(&k, "10.0.0.7", "unknown_key", "key=abc", ms);
        if (ms % 900 == 0) knocks_tell(&k, ms);
    }
    listen_end(said);
    assert_int_equal(lines(said), 3);
    assert_non_null(strstr(said, "event=not_admitted because=unknown_key address=10.0.0.7 key=abc\n"));
    assert_non_null(strstr(said, "event=not_admitted_again because=unknown_key address=10.0.0.7 count=20"));
}

static void who_left_off_is_forgotten(void **state)
{
    struct knocks k = { .others = 0 };
    char said[8192];

    (void)state;
    listen_begin();
    knocks_add(&k, "", "hung_up_or_slow", "", 0);
    knocks_tell(&k, 60000);
    knocks_add(&k, "", "hung_up_or_slow", "", 60001); /* begins again */
    knocks_add(&k, "10.0.0.7", "hung_up_or_slow", "", 60001);
    listen_end(said);
    assert_int_equal(lines(said), 3);
    assert_non_null(strstr(said, "address=unknown\n"));
}

static void of_a_crowd_only_the_number_is_told(void **state)
{
    struct knocks k = { .others = 0 };
    char said[8192], address[32];

    (void)state;
    listen_begin();
    for (int i = 0; i < KNOCKS_MAX; i++) {
        snprintf(address, sizeof address, "10.0.1.%d", i);
        knocks_add(&k, address, "unknown_key", "", 0);
    }
    listen_end(said);
    assert_int_equal(lines(said), KNOCKS_MAX);
    listen_begin();
    for (int i = 0; i < 300; i++) {
        snprintf(address, sizeof address, "10.1.1.%d", i);
        knocks_add(&k, address, "unknown_key", "", 1);
    }
    knocks_tell(&k, 60001);
    listen_end(said);
    assert_int_equal(lines(said), 1);
    assert_non_null(strstr(said, "event=not_admitted_more count=300"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_has_a_line_and_one_a_minute),
        cmocka_unit_test(who_left_off_is_forgotten),
        cmocka_unit_test(of_a_crowd_only_the_number_is_told),
    };

    log_setup("test", LOG_WARN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
