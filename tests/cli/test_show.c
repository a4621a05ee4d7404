/* test_show.c - answers of the services in words for people. */
#include "services/cli/show.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static json_t *json(const char *text)
{
    json_error_t error;
    json_t *o = json_loads(text, 0, &error);

    assert_non_null(o);
    return o;
}

static const char *member(const json_t *map, const char *name)
{
    return json_string_value(json_object_get(map, name));
}

static void each_status_is_told_in_words(void **state)
{
    static const struct {
        const char *answer, *day, *says;
    } cases[] = {
        { "{\"status\":\"valid\",\"until\":\"2029-08-05\",\"ends_on\":\"2029-08-05\"}", NULL,
          "valid until 2029-08-05" },
        { "{\"status\":\"valid_pending\",\"until\":\"2026-12-01\",\"ends_on\":\"2026-06-04\"}", NULL,
          "valid while its re-rating is pending, until 2026-12-01 at the latest" },
        { "{\"status\":\"expired\",\"ends_on\":\"2021-12-16\"}", "2022-01-01",
          "expired on 2021-12-16, its last day" },
        { "{\"status\":\"expired\",\"until\":\"2026-12-01\",\"ends_on\":\"2026-06-04\"}", NULL,
          "expired on 2026-12-01, the end of its extension" },
        { "{\"status\":\"expired\",\"until\":\"2021-12-16\",\"ends_on\":\"2021-12-16\"}", NULL,
          "expired on 2021-12-16, its last day" },
        { "{\"status\":\"withdrawn\",\"left_on\":\"2027-03-01\",\"left_by\":\"12/QĐ-UBND\","
          "\"ground\":\"criteria_lost\"}",
          NULL, "withdrawn on 2027-03-01, ground criteria_lost: 12/QĐ-UBND" },
        { "{\"status\":\"replaced\",\"left_on\":\"2021-12-10\",\"left_by\":\"OCOP-06-2021-0003\"}", NULL,
          "replaced on 2021-12-10 by OCOP-06-2021-0003" },
        { "{\"status\":\"unknown\",\"issued_on\":\"2018-12-16\"}", "2018-12-15",
          "unknown on that day: 2018-12-15 is before its first day, 2018-12-16" },
        { "{\"status\":\"unknown\",\"issued_on\":\"2018-12-16\",\"day\":\"2018-12-01\"}", NULL,
          "unknown on that day: 2018-12-01 is before its first day, 2018-12-16" },
        { "{\"status\":\"unknown\"}", "2019-01-01",
          "unknown on that day: no certificate of it was known then" },
        { "{\"status\":\"valid\",\"until\":\"2025-10-10\",\"recorded\":true,\"source\":\"x\"}", NULL,
          "valid until 2025-10-10 (recorded from its source, not issued here)" },
        { "{\"status\":\"frozen\"}", NULL, "frozen" },
        { "{\"status\":\"withdrawn\"}", NULL, "withdrawn on -, ground -" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char says[SHOW_SENTENCE_MAX];
        json_t *answer = json(cases[i].answer);

        show_status(answer, cases[i].day, says);
        assert_string_equal(says, cases[i].says);
        json_decref(answer);
    }
}

static void a_certificate_is_told_status_first_and_whole(void **state)
{
    json_t *answer = json("{\"certificate\":\"OCOP-06-2018-0001\",\"name\":\"Miến dong\",\"star\":4,"
                          "\"status\":\"valid\",\"until\":\"2021-12-16\",\"new_field\":7}");
    json_t *words = show_certificate(answer, NULL);

    (void)state;
    assert_string_equal(json_object_iter_key(json_object_iter(words)), "status");
    assert_string_equal(member(words, "status"), "valid until 2021-12-16");
    assert_null(json_object_get(words, "until"));
    assert_string_equal(member(words, "name"), "Miến dong");
    assert_int_equal(json_integer_value(json_object_get(words, "new_field")), 7);
    json_decref(words);
    json_decref(answer);
}

static void a_product_is_told_by_the_certificate_that_speaks_for_it(void **state)
{
    json_t *answer = json(
        "{\"product\":\"06-1\",\"status\":\"withdrawn\",\"certificate\":\"B\",\"certificates\":["
        "{\"certificate\":\"A\",\"status\":\"replaced\",\"left_on\":\"2020-01-01\",\"left_by\":\"B\"},"
        "{\"certificate\":\"B\",\"status\":\"withdrawn\",\"left_on\":\"2021-02-03\",\"left_by\":\"9/QĐ\","
        "\"ground\":\"law_broken\",\"rated\":\"deep\",\"star\":3}]}");
    json_t *words = show_certificate(answer, NULL);
    const json_t *rows = json_object_get(words, "certificates");

    (void)state;
    assert_string_equal(member(words, "status"), "withdrawn on 2021-02-03, ground law_broken: 9/QĐ");
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(member(json_array_get(rows, 0), "left_by"), "B");
    assert_null(json_object_get(json_array_get(rows, 1), "rated"));
    json_decref(words);
    json_decref(answer);
}

static void points_are_written_with_two_decimals_and_means_are_never_rounded(void **state)
{
    static const struct {
        const char *answer, *name, *says;
    } cases[] = {
        { "{\"total_hundredths\":7250}", "total", "72.50" },
        { "{\"total_hundredths\":5}", "total", "0.05" },
        { "{\"total_hundredths\":0}", "total", "0.00" },
        { "{\"spread_hundredths\":-1000}", "spread", "-10.00" },
        { "{\"sum_hundredths\":21000,\"members\":3}", "mean", "70.00" },
        { "{\"sum_hundredths\":20999,\"members\":3}", "mean",
          "69.99…" }, /* not 70.00: that is another star */
        { "{\"sum_hundredths\":21000,\"members\":3}", "sum", "210.00" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *answer = json(cases[i].answer), *shown = show_points(answer);

        assert_string_equal(member(shown, cases[i].name), cases[i].says);
        json_decref(shown);
        json_decref(answer);
    }
}

static void points_inside_lists_are_written_so_and_all_else_is_left(void **state)
{
    json_t *answer =
        json("{\"sheets\":[{\"a_hundredths\":3100,\"member\":\"m1\"}],\"budget_vnd\":5,\"_hundredths\":1}");
    json_t *shown = show_points(answer);
    const json_t *sheet = json_array_get(json_object_get(shown, "sheets"), 0);

    (void)state;
    assert_string_equal(member(sheet, "a"), "31.00");
    assert_string_equal(member(sheet, "member"), "m1");
    assert_int_equal(json_integer_value(json_object_get(shown, "budget_vnd")), 5);
    assert_int_equal(json_integer_value(json_object_get(shown, "_hundredths")), 1);
    json_decref(shown);
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_is_told_in_words),
        cmocka_unit_test(a_certificate_is_told_status_first_and_whole),
        cmocka_unit_test(a_product_is_told_by_the_certificate_that_speaks_for_it),
        cmocka_unit_test(points_are_written_with_two_decimals_and_means_are_never_rounded),
        cmocka_unit_test(points_inside_lists_are_written_so_and_all_else_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
