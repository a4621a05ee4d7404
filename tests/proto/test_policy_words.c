/* A policy's words are compared with the events there are: a slip of the pen is refused and named. */
#include "common/policy.h"
#include "proto/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char file_name[] = "/tmp/ocop-words-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(file_name);

    (void)state;
    event_words_for_policy();
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file_name);
}

static enum err load(const char *text, struct why *why)
{
    struct policy *policy = NULL;
    FILE *f = fopen(file_name, "w");
    enum err e;

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    e = policy_read(file_name, &policy, why);
    policy_destroy(&policy);
    return e;
}

struct slip {
    const char *role, *verb, *pattern, *word, *nearest;
};

static const struct slip slips[] = {
    { "province", "publish", "intake.dosier.filed.{province}", "dosier", "dossier" },
    { "province", "publish", "intake.dossier.fild.{province}", "fild", "filed" },
    { "province", "follow", "certifcation.", "certifcation", "certification" },
    { "province", "follow", "*.certifcate.", "certifcate", "certificate" },
    { "province", "subscribe", "certification.certificate.isued.*", "isued", "issued" },
    { "province", "follow", "intake.certificate.issued.*", "certificate", "" },
    { "province", "publish", "intake.dossier.filed", "intake.dossier.filed",
      "intake.dossier.filed.{province}" },
    { "province", "follow", "certification", "certification", "certification." },
    { "province", "follow", "bus.head", "bus", "" },
    { "province", "ask", "intke.status", "intke", "intake" },
    { "provnce", "follow", "clock.", "provnce", "province" },
    { "locla", "follow", "clock.", "locla", "local" },
};

static void a_slip_is_refused_with_its_line_and_what_was_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        const struct slip *s = &slips[i];
        struct why why = { 0 };
        char text[400], word[160], nearest[160], line[32];

        snprintf(text, sizeof text,
                 "# a comment\n\nrole\n    monitor\n        follow = \"certification.\"\n\n    %s\n        "
                 "%s = \"%s\"\n",
                 s->role, s->verb, s->pattern);
        if (load(text, &why) != ERR_CONFIG) fail_msg("taken: %s", s->pattern);
        snprintf(word, sizeof word, "\"%s\"", s->word);
        snprintf(nearest, sizeof nearest, "nearest is \"%s", s->nearest);
        snprintf(line, sizeof line, " line %d:", strcmp(s->role, "province") ? 7 : 8);
        if (!strstr(why.sentence, word) || !strstr(why.sentence, nearest) || !strstr(why.sentence, line))
            fail_msg("%s: %s", s->pattern, why.sentence);
    }
}

static const char *const good[] = {
    "role\n    monitor\n        follow = \"*\"\n        subscribe = \"bus.head\"\n        ask = \"*\"\n",
    "role\n    inspector\n        follow = \"certification.*.issued.{province}\"\n        follow = "
    "\"*.*.*.06\"\n",
    "also = \"seal. provinces\"\nrole\n    provinces\n        publish = \"seal.seal.made.{province}\"\n",
    "role\n    monitor\n        ask = \"vault.status\"\n        follow = \"clock.\"\nalso = \"vault\"\nalso "
    "= \"x\"\n",
};

static void what_there_is_and_what_is_meant_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct why why = { 0 };

        if (load(good[i], &why)) fail_msg("%s", why.sentence);
    }
}

static void the_standard_policy_has_no_slips(void **state)
{
    static const char name[] = "deploy/policy.zpl";
    struct policy *policy = NULL;
    struct why why = { 0 };

    (void)state;
    if (policy_read(name, &policy, &why)) fail_msg("%s", why.sentence);
    policy_destroy(&policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_is_refused_with_its_line_and_what_was_meant),
        cmocka_unit_test(what_there_is_and_what_is_meant_is_taken),
        cmocka_unit_test(the_standard_policy_has_no_slips),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
