/* Texts of messages, their values, and the contacts file. */
#include "common/clock.h"
#include "services/notification/contacts.h"
#include "services/notification/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ocop-template-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const char *write_text(const char *name, const char *text)
{
    static char path[160];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0, 1);
    assert_int_equal(fclose(f), 0);
    return path;
}

static void means_are_cut_after_two_decimals_never_rounded_up(void **state)
{
    static const struct {
        int64_t sum, members;
        const char *vi, *en;
    } cases[] = {
        { 21000, 3, "70,00", "70.00" }, { 20999, 3, "69,99…", "69.99…" }, { 14191, 2, "70,95…", "70.95…" },
        { 0, 5, "0,00", "0.00" },       { 505, 1, "5,05", "5.05" },       { 640000, 64, "100,00", "100.00" },
        { 100, 0, "-", "-" },
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        template_mean(cases[i].sum, cases[i].members, LANGUAGE_VI, text, sizeof text);
        assert_string_equal(text, cases[i].vi);
        template_mean(cases[i].sum, cases[i].members, LANGUAGE_EN, text, sizeof text);
        assert_string_equal(text, cases[i].en);
    }
}

static void render(const char *text, enum language language, const struct message_queued *m, const char *want)
{
    struct buf subject = { 0 }, body = { 0 };
    struct why why = { 0 };

    assert_int_equal(template_render(text, language, m, slice_text("HTX"), &subject, &body, &why), ERR_NONE);
    buf_add_text(&subject, "|");
    buf_add(&subject, body.data, body.size);
    buf_add(&subject, "", 1);
    assert_string_equal(subject.data, want);
    buf_fini(&subject);
    buf_fini(&body);
}

static void values_are_put_into_the_text(void **state)
{
    const struct message_queued m = { .has_name = true,
                                      .name = slice_text("Miến dong\nBcc: x"),
                                      .has_star = true,
                                      .star = 4,
                                      .has_sum_hundredths = true,
                                      .sum_hundredths = 21003,
                                      .has_members = true,
                                      .members = 3,
                                      .has_day = true,
                                      .day = clock_day_from_civil(2019, 1, 10),
                                      .has_reason = true,
                                      .reason = slice_text("mark_misused") };

    (void)state;
    render("Subject: Sản phẩm {name} đạt {star} sao\n\n{to}: {mean}, {day}", LANGUAGE_VI, &m,
           "Sản phẩm Miến dong Bcc: x đạt 4 sao|HTX: 70,01, 10/01/2019");
    render("Subject: {number}\n\n{day} {mean} {reason}", LANGUAGE_EN, &m,
           "-|2019-01-10 70.01 misuse of the OCOP certification mark");
    render("Subject: x\n\n{reason}", LANGUAGE_VI, &m, "x|sử dụng sai nhãn hiệu chứng nhận OCOP");
}

static void unknown_placeholders_are_named(void **state)
{
    const struct message_queued m = { .star = 0 };
    struct buf subject = { 0 }, body = { 0 };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(
        template_render("Subject: a\n\n{sao}", LANGUAGE_VI, &m, slice_text(""), &subject, &body, &why),
        ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "{sao}"));
    why_clear(&why);
    assert_int_equal(
        template_render("Subject: a\n\n{star", LANGUAGE_VI, &m, slice_text(""), &subject, &body, &why),
        ERR_CONFIG);
    why_clear(&why);
    assert_int_equal(template_render("no subject", LANGUAGE_VI, &m, slice_text(""), &subject, &body, &why),
                     ERR_CONFIG);
    buf_fini(&subject);
    buf_fini(&body);
}

static void every_built_in_text_can_be_rendered(void **state)
{
    const struct message_queued m = { .message = slice_text("m") };

    (void)state;
    for (const struct template_text *t = templates_text; t->name; t++)
        for (size_t i = 0; i < LANGUAGES; i++) {
            struct buf subject = { 0 }, body = { 0 };
            struct why why = { 0 };

            if (template_render(t->text[i], (enum language)i, &m, slice_text("x"), &subject, &body, &why))
                fail_msg("%s: %s", t->name, why.sentence);
            assert_true(subject.size > 0 && body.size > 0);
            buf_fini(&subject);
            buf_fini(&body);
        }
}

static void a_folder_replaces_single_texts(void **state)
{
    struct template_set set;
    struct why why = { 0 };

    (void)state;
    write_text("rated.vi.txt", "Subject: riêng {star}\n\nthân\n");
    assert_int_equal(template_set_load(&set, folder, &why), ERR_NONE);
    assert_string_equal(template_find(&set, slice_text("rated"), LANGUAGE_VI),
                        "Subject: riêng {star}\n\nthân\n");
    assert_non_null(strstr(template_find(&set, slice_text("rated"), LANGUAGE_EN), "is rated"));
    assert_null(template_find(&set, slice_text("none"), LANGUAGE_VI));
    template_set_fini(&set);

    write_text("rated.vi.txt", "Subject: {stern}\n\n");
    assert_int_equal(template_set_load(&set, folder, &why), ERR_CONFIG);
    assert_non_null(strstr(why.sentence, "rated.vi.txt"));
    template_set_fini(&set);
}

static void contacts_are_found_whatever_the_form_of_letters(void **state)
{
    const char *path =
        write_text("contacts.csv", "\xef\xbb\xbfkey,note,name,address\r\n"
                                   "# synthetic\r\n"
                                   "\r\n"
                                   "owner:Hợp tác xã  Chè,x,\"Chè, \"\"Tân Cương\"\"\",che@example.vn\r\n"
                                   "province:06,,,bk@example.vn");
    struct contacts c = { 0 };
    struct why why = { 0 };
    const struct contact *found;

    (void)state;
    if (contacts_refresh(&c, path, &why)) fail_msg("%s", why.sentence);
    assert_int_equal(c.count, 2);
    /* "Hợp" with its marks apart, other case, other blanks */
    found = contacts_find(&c, slice_text("owner:HO\xcc\x9b\xcc\xa3P ta\xcc\x81"
                                         "c xã chè "));
    assert_non_null(found);
    assert_string_equal(found->name, "Chè, \"Tân Cương\"");
    assert_string_equal(found->address, "che@example.vn");
    assert_string_equal(contacts_find(&c, slice_text("province:06"))->name, "");
    assert_null(contacts_find(&c, slice_text("province:07")));
    contacts_fini(&c);
}

static void bad_contacts_leave_the_good_ones(void **state)
{
    static const struct {
        const char *text, *rule;
    } cases[] = {
        { "name,address\nx,y\n", "line 1" },     { "key,address\na,b\na,c\n", "two rows" },
        { "key,address\na,b\nc,\n", "line 3" },  { "key,address\na,\"b\n", "quote" },
        { "key,address\n,b\n", "key is empty" }, { "key,address\n\xff,b\n", "UTF-8" },
    };
    const char *path = write_text("contacts2.csv", "key,address\nministry,m@example.vn\n");
    struct contacts c = { 0 };

    (void)state;
    assert_int_equal(contacts_refresh(&c, path, NULL), ERR_NONE);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct why why = { 0 };

        unlink(path);
        write_text("contacts2.csv", cases[i].text);
        assert_int_equal(contacts_refresh(&c, path, &why), ERR_CONFIG);
        if (!strstr(why.sentence, cases[i].rule)) fail_msg("%s", why.sentence);
        assert_non_null(contacts_find(&c, slice_text("ministry")));
    }
    unlink(path);
    assert_int_equal(contacts_refresh(&c, path, NULL), ERR_NONE);
    assert_null(contacts_find(&c, slice_text("ministry")));
    contacts_fini(&c);
}

static void the_sample_of_contacts_can_be_read(void **state)
{
    struct contacts c = { 0 };
    struct why why = { 0 };

    (void)state;
    if (contacts_refresh(&c, "deploy/contacts.csv.sample", &why)) fail_msg("%s", why.sentence);
    assert_true(c.count > 0);
    assert_non_null(contacts_find(&c, slice_text("ministry")));
    contacts_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_cut_after_two_decimals_never_rounded_up),
        cmocka_unit_test(values_are_put_into_the_text),
        cmocka_unit_test(unknown_placeholders_are_named),
        cmocka_unit_test(every_built_in_text_can_be_rendered),
        cmocka_unit_test(a_folder_replaces_single_texts),
        cmocka_unit_test(contacts_are_found_whatever_the_form_of_letters),
        cmocka_unit_test(bad_contacts_leave_the_good_ones),
        cmocka_unit_test(the_sample_of_contacts_can_be_read),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
