/* The rules of notification: who is told, which report is missed, what may be noted. */
#include "common/clock.h"
#include "proto/codec.h"
#include "services/notification/notification.h"
#include "services/notification/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* "owner rated, province rated" for an event, as one line to compare. */
static void owed_line(const char *type, int64_t star, char *out, size_t size)
{
    const struct owed *row = NULL;
    size_t n = 0;

    out[0] = '\0';
    while ((row = notification_owed(slice_text(type), star, row)) != NULL)
        n += (size_t)snprintf(out + n, size - n, "%s%s %s", n ? ", " : "",
                              row->who == TOLD_OWNER ? "owner" : "province", row->template_name);
}

static void each_result_owes_its_messages(void **state)
{
    static const struct {
        const char *sentence, *type;
        int64_t star;
        const char *owed;
    } cases[] = {
        { "a returned dossier goes to its filer", "intake.dossier.returned", 0, "province dossier_returned" },
        { "five stars", "scoring.product.rated", 5, "owner rated, province rated" },
        { "three stars are the least to be recognised", "scoring.product.rated", 3,
          "owner rated, province rated" },
        { "two stars are a result without recognition", "scoring.product.rated", 2,
          "owner rated_low, province rated_low" },
        { "one star", "scoring.product.rated", 1, "owner rated_low, province rated_low" },
        { "a gate ended it", "scoring.product.rated", 0, "owner not_rated, province not_rated" },
        { "a refused line", "certification.recognition.refused", 0, "province recognition_refused" },
        { "a new certificate", "certification.certificate.issued", 4,
          "owner certificate_issued, province certificate_issued" },
        { "replaced", "certification.certificate.superseded", 0, "owner certificate_superseded" },
        { "withdrawn", "certification.certificate.revoked", 0,
          "owner certificate_revoked, province certificate_revoked" },
        { "ends soon", "certification.certificate.expiring", 0, "owner certificate_expiring" },
        { "has ended", "certification.certificate.expired", 0, "owner certificate_expired" },
        { "more is asked for", "intake.request.registered", 0, "owner supplement_requested" },
        { "turned away", "intake.rejection.registered", 0, "owner dossier_rejected" },
        { "the centre sends back", "scoring.product.remanded", 0, "province product_remanded" },
        { "a closing left something", "scoring.round.settled", 0, "province products_held" },
        { "members far apart", "scoring.spread.exceeded", 0, "province spread_exceeded" },
        { "extended", "certification.certificate.extended", 0, "owner certificate_extended" },
        { "its extension has ended", "certification.extension.ended", 0, "owner extension_ended" },
        { "a certificate from elsewhere owes nothing", "certification.certificate.recorded", 5, "" },
        { "an accepted dossier owes nothing", "intake.dossier.accepted", 0, "" },
    };
    char line[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        owed_line(cases[i].type, cases[i].star, line, sizeof line);
        if (strcmp(line, cases[i].owed) != 0) fail_msg("%s: %s", cases[i].sentence, line);
    }
}

static void each_row_names_an_event_and_a_text_that_exist(void **state)
{
    struct template_set set;

    (void)state;
    assert_int_equal(template_set_load(&set, NULL, NULL), ERR_NONE);
    for (const struct owed *row = notification_owed_table; row->type; row++) {
        assert_non_null(event_kind_find(slice_text(row->type)));
        assert_non_null(template_find(&set, slice_text(row->template_name), LANGUAGE_VI));
        assert_non_null(template_find(&set, slice_text(row->template_name), LANGUAGE_EN));
    }
    for (int what = due_REPORT; what < due_COUNT; what++) {
        const struct deadline_text *text = notification_deadline_text((enum due)what);

        assert_non_null(template_find(&set, slice_text(text->missed), LANGUAGE_VI));
        if (what == due_REPORT)
            assert_null(text->near);
        else
            assert_non_null(template_find(&set, slice_text(text->near), LANGUAGE_EN));
    }
    template_set_fini(&set);
}

static void recipients_are_keys_of_the_contacts_file(void **state)
{
    const struct slice owner = slice_text("HTX Chè Tân Cương"), none = slice_text("");
    char key[64];

    (void)state;
    assert_int_equal(notification_recipient(TOLD_OWNER, owner, slice_text("19"), key, sizeof key), ERR_NONE);
    assert_string_equal(key, "owner:HTX Chè Tân Cương");
    assert_int_equal(notification_recipient(TOLD_PROVINCE, none, slice_text("06"), key, sizeof key),
                     ERR_NONE);
    assert_string_equal(key, "province:06");
    assert_int_equal(notification_recipient(TOLD_PROVINCE, none, slice_text("00"), key, sizeof key),
                     ERR_NONE);
    assert_string_equal(key, "ministry");
    assert_int_equal(notification_recipient(TOLD_OWNER, none, slice_text("06"), key, sizeof key), ERR_NONE);
    assert_string_equal(key, "province:06");
    assert_int_equal(notification_commune(slice_text("66"), slice_text("24175"), key, sizeof key), ERR_NONE);
    assert_string_equal(key, "commune:66-24175");
    assert_int_equal(notification_commune(slice_text("66"), none, key, sizeof key), ERR_NONE);
    assert_string_equal(key, "province:66");
    assert_int_equal(notification_recipient(TOLD_OWNER, owner, none, key, owner.size + 6), ERR_LIMIT);
    assert_int_equal(notification_recipient(TOLD_OWNER, owner, none, key, owner.size + 7), ERR_NONE);
}

static void one_event_owes_one_recipient_one_message(void **state)
{
    char a[HASH_ID_TEXT + 1], b[HASH_ID_TEXT + 1];

    (void)state;
    notification_message_id(slice_text("event-1"), slice_text("province:06"), a);
    notification_message_id(slice_text("event-1"), slice_text("province:06"), b);
    assert_string_equal(a, b);
    notification_message_id(slice_text("event-1"), slice_text("province:07"), b);
    assert_string_not_equal(a, b);
    notification_message_id(slice_text("event-2"), slice_text("province:06"), b);
    assert_string_not_equal(a, b);
}

static void report_of_2018_is_due_before_10_january_2019(void **state)
{
    struct report_due d = notification_report(0);

    (void)state;
    assert_int_equal(d.period_end, clock_day_from_civil(2018, 12, 31));
    assert_int_equal(d.due_before, clock_day_from_civil(2019, 1, 10));
    assert_int_equal(d.year, 2018);
    assert_string_equal(d.source, "9654/BNN-VPĐP");
    assert_false(notification_is_past(&d, clock_day_from_civil(2019, 1, 9)));
    assert_true(notification_is_past(&d, clock_day_from_civil(2019, 1, 10)));
}

static void notices_are_noted_once_and_in_any_order(void **state)
{
    static const struct {
        const char *sentence;
        enum notice notice;
        enum delivery delivery;
        bool received;
        const char *code; /* NULL: noted */
    } cases[] = {
        { "delivered", NOTICE_DELIVERED, DELIVERY_OPEN, false, NULL },
        { "delivered again", NOTICE_DELIVERED, DELIVERY_DELIVERED, false, "NOTED_BEFORE" },
        { "delivered at last", NOTICE_DELIVERED, DELIVERY_FAILED, false, NULL },
        { "delivered after the recipient's word", NOTICE_DELIVERED, DELIVERY_OPEN, true, NULL },
        { "failed", NOTICE_FAILED, DELIVERY_OPEN, false, NULL },
        { "failed again", NOTICE_FAILED, DELIVERY_FAILED, false, "NOTED_BEFORE" },
        { "failed once it is out", NOTICE_FAILED, DELIVERY_DELIVERED, false, "NOTED_BEFORE" },
        { "received", NOTICE_RECEIVED, DELIVERY_DELIVERED, false, NULL },
        { "received before the courier's word", NOTICE_RECEIVED, DELIVERY_OPEN, false, NULL },
        { "received again", NOTICE_RECEIVED, DELIVERY_DELIVERED, true, "NOTED_BEFORE" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message_state known = { cases[i].delivery, cases[i].received };
        struct why why = { 0 };
        enum err e = notification_note(cases[i].notice, slice_text("m1"), &known, 10, 10, &why);

        if (strcmp(why.code, cases[i].code ? cases[i].code : "") != 0 ||
            (e != ERR_NONE) != (cases[i].code != NULL))
            fail_msg("%s: %s", cases[i].sentence, why.sentence);
    }
}

static void unknown_messages_and_future_days_are_refused(void **state)
{
    struct message_state open = { DELIVERY_OPEN, false };
    struct why why = { 0 };

    (void)state;
    assert_int_equal(notification_note(NOTICE_RECEIVED, slice_text("m1"), NULL, 10, 10, &why), ERR_INVALID);
    assert_string_equal(why.code, "UNKNOWN_MESSAGE");
    why_clear(&why);
    assert_int_equal(notification_note(NOTICE_RECEIVED, slice_text("m1"), &open, 11, 10, &why), ERR_INVALID);
    assert_string_equal(why.code, "DAY_IN_FUTURE");
    assert_non_null(strstr(why.sentence, "1970-01-12"));
}

static void a_message_shows_what_is_last_known(void **state)
{
    (void)state;
    assert_string_equal(message_state_word(&(struct message_state){ DELIVERY_OPEN, false }), "queued");
    assert_string_equal(message_state_word(&(struct message_state){ DELIVERY_FAILED, false }), "failed");
    assert_string_equal(message_state_word(&(struct message_state){ DELIVERY_DELIVERED, false }),
                        "delivered");
    assert_string_equal(message_state_word(&(struct message_state){ DELIVERY_FAILED, true }), "received");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_result_owes_its_messages),
        cmocka_unit_test(each_row_names_an_event_and_a_text_that_exist),
        cmocka_unit_test(recipients_are_keys_of_the_contacts_file),
        cmocka_unit_test(one_event_owes_one_recipient_one_message),
        cmocka_unit_test(report_of_2018_is_due_before_10_january_2019),
        cmocka_unit_test(notices_are_noted_once_and_in_any_order),
        cmocka_unit_test(unknown_messages_and_future_days_are_refused),
        cmocka_unit_test(a_message_shows_what_is_last_known),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
