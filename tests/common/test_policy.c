/* The policy: what a pattern means, what the built-in one allows, and which files are refused. */
#include "common/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char file_name[] = "/tmp/ocop-policy-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(file_name);

    (void)state;
    if (fd < 0) return -1;
    return close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file_name);
}

static enum err load(const char *text, struct policy **out, struct why *why)
{
    FILE *f = fopen(file_name, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return policy_read(file_name, out, why);
}

static struct party party_of(const char *role, const char *provinces)
{
    struct party p = { .name = "tester" };

    snprintf(p.role, sizeof p.role, "%s", role);
    assert_int_equal(party_set_provinces(&p, provinces, NULL), ERR_NONE);
    return p;
}

/* --- patterns --- */

struct fit {
    const char *pattern, *provinces, *prefix;
    bool cover, touch;
};

static const struct fit fits[] = {
    { "*", "", "", true, true },
    { "*", "", "intake.", true, true },
    { "certification.", "", "certification.", true, true },
    { "certification.", "", "certification.certificate.issued.06", true, true },
    { "certification.", "", "certification", false, true },
    { "certification.", "", "", false, true },
    { "certification.", "", "certifications.", false, false },
    { "certification.", "", "scoring.", false, false },
    { "intake.dossier.filed.{province}", "06", "intake.dossier.filed.06", true, true },
    { "intake.dossier.filed.{province}", "06", "intake.dossier.filed.22", false, false },
    { "intake.dossier.filed.{province}", "06", "intake.dossier.filed.0", false, true },
    { "intake.dossier.filed.{province}", "06", "intake.dossier.filed.2", false, false },
    { "intake.dossier.filed.{province}", "06", "intake.dossier.filed.", false, true },
    { "intake.dossier.filed.{province}", "06", "intake.dossier.filed", false, true },
    { "intake.dossier.filed.{province}", "06", "intake.dossier.filed.06.", false, false },
    { "intake.dossier.filed.{province}", "06", "intake.dossier.file", false, true },
    { "intake.dossier.filed.{province}", "", "intake.dossier.filed.06", false, false },
    { "intake.dossier.filed.{province}", "19,06", "intake.dossier.filed.06", true, true },
    { "intake.dossier.filed.{province}", "19,06", "intake.dossier.filed.19", true, true },
    { "intake.dossier.filed.{province}", "19,06", "intake.dossier.filed.16", false, false },
    { "intake.dossier.filed.{province}", "all", "intake.dossier.filed.66", true, true },
    { "intake.dossier.filed.{province}", "all", "intake.dossier.filed.", true, true },
    { "intake.*.*.{province}", "06", "intake.dossier.accepted.06", true, true },
    { "intake.*.*.{province}", "06", "intake.dossier.accepted.07", false, false },
    { "intake.*.*.{province}", "06", "intake.", false, true },
    { "intake.*.*.{province}", "06", "intake.dossier.", false, true },
    { "intake.*.*.{province}", "06", "scoring.product.rated.06", false, false },
    { "intake.*.*.*", "", "intake.dossier.accepted.07", true, true },
    { "intake.*.*.*", "", "intake.dossier.accepted.", true, true },
    { "intake.*.*.*", "", "intake.dossier.", false, true },
    { "scoring.rules.adopted.00", "06", "scoring.rules.adopted.00", true, true },
    { "scoring.rules.adopted.00", "06", "scoring.rules.adopted.06", false, false },
    { "bus.head", "", "bus.head", true, true },
    { "bus.head", "", "bus.", false, true },
};

static void a_pattern_covers_or_touches_what_begins_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++) {
        const struct fit *f = &fits[i];
        struct party p = party_of("tester", f->provinces);
        struct policy *policy = NULL;
        const struct rights *r;
        char text[256];

        snprintf(text, sizeof text, "role\n    tester\n        follow = \"%s\"\n", f->pattern);
        assert_int_equal(load(text, &policy, NULL), ERR_NONE);
        r = policy_rights(policy, "tester");
        if (rights_cover(r, VERB_FOLLOW, &p, slice_text(f->prefix)) != f->cover)
            fail_msg("%s [%s] must %scover %s", f->pattern, f->provinces, f->cover ? "" : "not ", f->prefix);
        if (rights_touch(r, VERB_FOLLOW, &p, slice_text(f->prefix)) != f->touch)
            fail_msg("%s [%s] must %stouch %s", f->pattern, f->provinces, f->touch ? "" : "not ", f->prefix);
        assert_false(rights_cover(r, VERB_PUBLISH, &p, slice_text(f->prefix)));
        policy_destroy(&policy);
    }
}

/* --- the built-in policy --- */

struct may {
    const char *role, *provinces;
    enum verb verb;
    const char *topic;
    bool may;
};

static const struct may mays[] = {
    { "province", "06", VERB_PUBLISH, "intake.dossier.filed.06", true },
    { "province", "06", VERB_PUBLISH, "intake.dossier.filed.22", false },
    { "province", "06", VERB_PUBLISH, "intake.dossier.accepted.06", false },
    { "province", "06", VERB_PUBLISH, "certification.decision.signed.06", false },
    { "province", "06", VERB_PUBLISH, "scoring.sheet.submitted.06", false },
    { "province", "06", VERB_FOLLOW, "intake.dossier.filed.06", true },
    { "province", "06", VERB_FOLLOW, "intake.dossier.filed.22", false },
    { "province", "06", VERB_FOLLOW, "scoring.sheet.submitted.06", false },
    { "monitor", "", VERB_FOLLOW, "certification.certificate.issued.06", true },
    { "monitor", "", VERB_FOLLOW, "intake.dossier.filed.06", false },
    { "monitor", "", VERB_SUBSCRIBE, "certification.", true },
    { "monitor", "", VERB_SUBSCRIBE, "", false },
    { "monitor", "", VERB_PUBLISH, "certification.decision.signed.00", false },
    { "council", "06", VERB_PUBLISH, "scoring.sheet.submitted.06", true },
    { "council", "06", VERB_PUBLISH, "certification.decision.signed.06", false },
    { "council", "all", VERB_PUBLISH, "scoring.sheet.submitted.00", true },
    { "authority", "06", VERB_PUBLISH, "certification.decision.signed.06", true },
    { "authority", "06", VERB_PUBLISH, "certification.decision.signed.66", false },
    { "intake", "", VERB_PUBLISH, "intake.dossier.accepted.06", true },
    { "intake", "", VERB_PUBLISH, "scoring.product.rated.06", false },
    { "courier", "", VERB_PUBLISH, "notification.message.queued.06", false },
    { "local", "", VERB_PUBLISH, "certification.decision.signed.06", true },
    { "local", "", VERB_FOLLOW, "", true },
    { "nobody", "06", VERB_FOLLOW, "certification.", false },
};

static void the_built_in_policy_keeps_everyone_in_its_place(void **state)
{
    struct policy *policy = NULL;
    struct why why = { 0 };

    (void)state;
    if (policy_read(NULL, &policy, &why)) fail_msg("%s", why.sentence);
    for (size_t i = 0; i < sizeof mays / sizeof mays[0]; i++) {
        const struct may *m = &mays[i];
        struct party p = party_of(m->role, m->provinces);

        if (rights_cover(policy_rights(policy, m->role), m->verb, &p, slice_text(m->topic)) != m->may)
            fail_msg("%s of %s must %sbe allowed to %s %s", m->role, m->provinces, m->may ? "" : "not ",
                     verb_words[m->verb], m->topic);
    }
    policy_destroy(&policy);
}

static void questions_may_be_limited_to_a_province(void **state)
{
    struct policy *policy = NULL;
    const struct rights *r;
    bool limited = false;

    (void)state;
    assert_int_equal(
        load("role\n    a\n        ask = \"intake.dossier.{province}\"\n        ask = \"scoring.*\"\n"
             "        ask = \"x.fact.{province}\"\n        ask = \"x.fact\"\n",
             &policy, NULL),
        ERR_NONE);
    r = policy_rights(policy, "a");
    assert_true(rights_ask(r, "intake", slice_text("dossier"), &limited));
    assert_true(limited);
    assert_true(rights_ask(r, "scoring", slice_text("dead"), &limited));
    assert_false(limited);
    assert_true(rights_ask(r, "x", slice_text("fact"), &limited)); /* the stronger rule */
    assert_false(limited);
    assert_false(rights_ask(r, "intake", slice_text("dead"), &limited));
    assert_false(rights_ask(r, "intake", slice_text("dossier.x"), &limited));
    assert_false(rights_ask(r, "scoring", slice_text("a.b"), &limited));
    policy_destroy(&policy);
}

static void local_has_the_rights_of_operator_unless_the_file_says_otherwise(void **state)
{
    struct party p = party_of(PARTY_LOCAL, "all");
    struct policy *policy = NULL;

    (void)state;
    assert_int_equal(load("role\n    operator\n        follow = \"clock.\"\n", &policy, NULL), ERR_NONE);
    assert_true(rights_cover(policy_rights(policy, PARTY_LOCAL), VERB_FOLLOW, &p, slice_text("clock.")));
    policy_destroy(&policy);
    assert_int_equal(load("role\n    operator\n        follow = \"clock.\"\n    local\n", &policy, NULL),
                     ERR_NONE);
    assert_false(rights_cover(policy_rights(policy, PARTY_LOCAL), VERB_FOLLOW, &p, slice_text("clock.")));
    policy_destroy(&policy);
}

static void a_refusal_names_who_what_and_the_rules(void **state)
{
    struct party p = party_of("province", "19,06");
    struct policy *policy = NULL;
    struct why why = { 0 };

    (void)state;
    assert_int_equal(policy_read(NULL, &policy, &why), ERR_NONE);
    assert_int_equal(rights_refuse(policy_rights(policy, "province"), VERB_PUBLISH, &p,
                                   slice_text("intake.dossier.filed.22"), &why),
                     ERR_INVALID);
    assert_string_equal(why.code, "NOT_PERMITTED");
    assert_non_null(strstr(why.sentence, "tester (role province, province 19,06) may not publish "
                                         "intake.dossier.filed.22"));
    assert_non_null(strstr(why.sentence, "intake.dossier.filed.{province}"));
    policy_destroy(&policy);
}

/* --- files --- */

static const char *const wrong_files[] = {
    "",
    "role\n",
    "roles\n    a\n        follow = \"*\"\n",
    "role\n    a\n        follows = \"*\"\n",
    "role\n    A\n        follow = \"*\"\n",
    "role\n    a\n        follow = \"\"\n",
    "role\n    a\n        follow = \"intake..x\"\n",
    "role\n    a\n        follow = \".x\"\n",
    "role\n    a\n        follow = \"in*.x\"\n",
    "role\n    a\n        follow = \"x.{province}x\"\n",
    "role\n    a\n        follow = \"x.{district}\"\n",
    "role\n    a\n        follow = \"Intake.\"\n",
    "role\n    a\n        ask = \"intake.{province}.fact\"\n",
    "role\n    a = \"x\"\n",
    "role\n    a\n        follow = \"*\"\n    a\n        publish = \"*\"\n",
    "role\n    a\n        follow = \"*\"\n            deeper = \"*\"\n",
};

static void a_wrong_file_is_refused_with_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_files / sizeof wrong_files[0]; i++) {
        struct policy *policy = NULL;
        struct why why = { 0 };

        if (load(wrong_files[i], &policy, &why) != ERR_CONFIG) fail_msg("taken: %s", wrong_files[i]);
        assert_true(why.sentence[0]);
    }
}

static void a_file_that_is_not_there_is_refused(void **state)
{
    struct policy *policy = NULL;
    struct why why = { 0 };

    (void)state;
    assert_int_equal(policy_read("/nowhere/policy.zpl", &policy, &why), ERR_IO);
}

static void another_rule_is_another_hash(void **state)
{
    struct policy *a = NULL, *b = NULL, *c = NULL;
    struct hash ha, hb, hc;

    (void)state;
    assert_int_equal(load("role\n    a\n        follow = \"*\"\n", &a, NULL), ERR_NONE);
    assert_int_equal(load("# said otherwise\nrole\n    a\n        follow = *\n", &b, NULL), ERR_NONE);
    assert_int_equal(load("role\n    a\n        publish = \"*\"\n", &c, NULL), ERR_NONE);
    ha = policy_hash(a);
    hb = policy_hash(b);
    hc = policy_hash(c);
    assert_true(hash_equal(&ha, &hb));
    assert_false(hash_equal(&ha, &hc));
    policy_destroy(&a);
    policy_destroy(&b);
    policy_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_covers_or_touches_what_begins_so),
        cmocka_unit_test(the_built_in_policy_keeps_everyone_in_its_place),
        cmocka_unit_test(questions_may_be_limited_to_a_province),
        cmocka_unit_test(local_has_the_rights_of_operator_unless_the_file_says_otherwise),
        cmocka_unit_test(a_refusal_names_who_what_and_the_rules),
        cmocka_unit_test(a_wrong_file_is_refused_with_a_sentence),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
        cmocka_unit_test(another_rule_is_another_hash),
    };

    if (hash_init()) return 1;
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
