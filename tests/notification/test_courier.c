/* The courier with a store in a temporary folder: what it writes, and what it says of it. */
#include "common/place.h"
#include "proto/codec.h"
#include "services/notification/courier.h"
#include "services/notification/outbox.h"
#include "tests/notification/feed.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64], store[96];
static struct bench *b;

static void path_of(const char *name, char path[160])
{
    snprintf(path, 160, "%s/%s", folder, name);
}

static void write_text(const char *name, const char *text)
{
    char path[160];
    FILE *f;

    path_of(name, path);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static size_t read_text(const char *name, char *out, size_t size)
{
    char path[160];
    FILE *f;
    size_t n;

    path_of(name, path);
    f = fopen(path, "r");
    if (!f) return 0;
    n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    (void)fclose(f);
    return n;
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ocop-courier-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(store, sizeof store, "%s/courier.db", folder);
    place_set(folder, folder);
    return 0;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    bench_destroy(&b);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void open_bench(const char *path)
{
    struct why why = { 0 };

    if (bench_new(&courier_service, path, &b, &why)) fail_msg("%s", why.sentence);
}

static struct message_queued rated(const char *message, const char *template_name)
{
    return (struct message_queued){ .message = slice_text(message),
                                    .recipient = slice_text("owner:HTX Tài Hoan"),
                                    .template = slice_text(template_name),
                                    .about = slice_text("r1"),
                                    .has_product = true,
                                    .product = slice_text("06-058-01840-1-2018"),
                                    .has_name = true,
                                    .name = slice_text("Miến dong Tài Hoan"),
                                    .has_star = true,
                                    .star = 4,
                                    .has_sum_hundredths = true,
                                    .sum_hundredths = 21003,
                                    .has_members = true,
                                    .members = 3 };
}

static void feed_queued(const char *message, const char *template_name)
{
    const struct message_queued m = rated(message, template_name);

    feed(b, "notification", "06", message, &message_queued_kind, &m, morning_ms(2018, 12, 16));
}

static void message_is_written_whole_in_both_languages(void **state)
{
    char text[4096];
    struct envelope e;

    (void)state;
    write_text("contacts.csv", "key,name,address\nowner:HTX Tài Hoan,HTX Tài Hoan,th@example.vn\n");
    open_bench(store);
    feed_queued("m1", "rated");
    assert_int_equal(bench_outcomes(b), 1);
    assert_outcome(b, 0, "notification.message.delivered.06", &e);
    assert_data_text(&e, "message", "m1");
    assert_data_text(&e, "channel", "file");
    assert_true(read_text("outbox/m1.txt", text, sizeof text) > 0);
    assert_int_equal(
        strncmp(text, "To: HTX Tài Hoan <th@example.vn>\n", strlen("To: HTX Tài Hoan <th@example.vn>\n")), 0);
    assert_non_null(strstr(
        text, "Subject: Sản phẩm Miến dong Tài Hoan đạt 4 sao | Product Miến dong Tài Hoan is rated 4"));
    assert_non_null(strstr(text, "Điểm trung bình: 70,01 (từ 3 phiếu chấm)"));
    assert_non_null(strstr(text, "Mean: 70.01 (of 3 score sheets)"));
    assert_int_equal(read_text("outbox/.m1.draft", text, sizeof text), 0);
}

static void recipient_without_contact_is_named_by_key(void **state)
{
    char text[4096];

    (void)state;
    open_bench(store);
    feed_queued("m1", "rated");
    assert_true(read_text("outbox/m1.txt", text, sizeof text) > 0);
    assert_int_equal(strncmp(text, "To: owner:HTX Tài Hoan\n", strlen("To: owner:HTX Tài Hoan\n")), 0);
    assert_non_null(strstr(text, "Kính gửi: HTX Tài Hoan\n"));
}

static void contacts_added_later_are_used(void **state)
{
    char text[4096];

    (void)state;
    open_bench(store);
    feed_queued("m1", "rated");
    write_text("contacts.csv", "key,name,address\nowner:htx tài hoan,,th@example.vn\n");
    feed_queued("m2", "rated");
    write_text("contacts.csv", "broken\n"); /* keeps the last good ones */
    feed_queued("m3", "rated");
    assert_true(read_text("outbox/m2.txt", text, sizeof text) > 0);
    assert_int_equal(strncmp(text, "To: th@example.vn\n", 18), 0);
    assert_true(read_text("outbox/m3.txt", text, sizeof text) > 0);
    assert_int_equal(strncmp(text, "To: th@example.vn\n", 18), 0);
}

static void message_that_is_out_is_never_written_again(void **state)
{
    char text[4096];
    struct envelope e;

    (void)state;
    open_bench(store);
    write_text("outbox/m1.txt", "as it went out before the crash");
    feed_queued("m1", "rated");
    assert_outcome(b, 0, "notification.message.delivered.06", &e);
    assert_true(read_text("outbox/m1.txt", text, sizeof text) > 0);
    assert_string_equal(text, "as it went out before the crash");
}

static void what_cannot_be_written_has_failed_with_its_reason(void **state)
{
    char text[64];
    struct envelope e;

    (void)state;
    open_bench(store);
    feed_queued("m1", "no_such_text");
    assert_outcome(b, 0, "notification.message.failed.06", &e);
    assert_data_text(&e, "sentence", "this courier has no text called no_such_text");
    feed_queued("../m2", "rated");
    assert_outcome(b, 0, "notification.message.failed.06", &e);
    assert_int_equal(read_text("m2.txt", text, sizeof text), 0);
    feed_queued("m3", "rated");
    assert_outcome(b, 0, "notification.message.delivered.06", &e);
}

static void folder_that_refuses_is_a_failed_message(void **state)
{
    char path[160];
    struct envelope e;

    (void)state;
    open_bench(store);
    path_of("outbox", path);
    assert_int_equal(rmdir(path), 0);
    write_text("outbox", "a file where the folder was");
    feed_queued("m1", "rated");
    assert_outcome(b, 0, "notification.message.failed.06", &e);
}

static void store_in_memory_leaves_the_world_alone(void **state)
{
    char path[160];
    struct envelope e;

    (void)state;
    open_bench(":memory:");
    feed_queued("m1", "rated");
    assert_outcome(b, 0, "notification.message.delivered.06", &e);
    path_of("outbox", path);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void texts_of_the_folder_are_used_and_checked(void **state)
{
    char path[160], text[4096];
    struct why why = { 0 };

    (void)state;
    path_of("templates", path);
    assert_int_equal(mkdir(path, 0700), 0);
    write_text("templates/rated.vi.txt", "Subject: Chúc mừng {to}\n\n{star} sao\n");
    open_bench(store);
    feed_queued("m1", "rated");
    assert_true(read_text("outbox/m1.txt", text, sizeof text) > 0);
    assert_non_null(strstr(text, "Subject: Chúc mừng HTX Tài Hoan | "));
    bench_destroy(&b);
    write_text("templates/rated.vi.txt", "Subject: {stern}\n");
    assert_int_equal(bench_new(&courier_service, store, &b, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "{stern}"));
}

static void summary_counts_what_was_said(void **state)
{
    msgpack_zone *zone = msgpack_zone_new(1024);
    struct buf answer = { 0 };
    msgpack_object map;
    int64_t delivered = 0, failed = 0;

    (void)state;
    open_bench(store);
    feed_queued("m1", "rated");
    feed_queued("m2", "rated_low");
    feed_queued("m3", "no_such_text");
    assert_int_equal(bench_ask(b, "summary", slice_of("\x80", 1), &answer, NULL), ERR_NONE);
    assert_int_equal(mp_read(buf_slice(&answer), zone, &map, NULL), ERR_NONE);
    assert_true(mp_i64(mp_find(&map, "delivered"), &delivered));
    assert_true(mp_i64(mp_find(&map, "failed"), &failed));
    assert_int_equal(delivered, 2);
    assert_int_equal(failed, 1);
    msgpack_zone_free(zone);
    buf_fini(&answer);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        FRESH(message_is_written_whole_in_both_languages),
        FRESH(recipient_without_contact_is_named_by_key),
        FRESH(contacts_added_later_are_used),
        FRESH(message_that_is_out_is_never_written_again),
        FRESH(what_cannot_be_written_has_failed_with_its_reason),
        FRESH(folder_that_refuses_is_a_failed_message),
        FRESH(store_in_memory_leaves_the_world_alone),
        FRESH(texts_of_the_folder_are_used_and_checked),
        FRESH(summary_counts_what_was_said),
    };
#undef FRESH

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
