/* small_rules.h - a made-up rubric and rule set, small enough to count in the head, and a way to read the
 * real ones. */
#ifndef TESTS_SCORING_SMALL_RULES_H
#define TESTS_SCORING_SMALL_RULES_H

#include "common/slice.h"

#include <stdio.h>
#include <stdlib.h>

#define RULES_FOLDER "services/scoring/rules"

#define SMALL_BANDS                                                                                          \
    "\"max_points\":100,\"star_bands\":["                                                                    \
    "{\"star\":5,\"min\":90,\"max\":100,\"max_inclusive\":true,\"mark\":\"certain\"},"                       \
    "{\"star\":4,\"min\":70,\"max\":90,\"max_inclusive\":false,\"mark\":\"certain\"},"                       \
    "{\"star\":3,\"min\":50,\"max\":70,\"max_inclusive\":false,\"mark\":\"certain\"},"                       \
    "{\"star\":2,\"min\":30,\"max\":50,\"max_inclusive\":false,\"mark\":\"certain\"},"                       \
    "{\"star\":1,\"min\":0,\"max\":30,\"max_inclusive\":false,\"mark\":\"certain\"}],"

/* A.1.1 gives 10, 30 (least for three stars) or 40 (least for five); B.2 gives 5, 21 or 25; C.3 gives 15 or
 * 35 in case a, 20 or 35 in case b. STOPS ends the evaluation, NOTED does not, FORGED is a ground. */
static const char small_rubric[] =
    "{\"schema\":\"ocop-rubric/1\",\"id\":\"small-1\"," SMALL_BANDS
    "\"product\":{\"sector_code\":\"I\",\"sample_required\":true},"
    "\"star_requirements\":{\"kind\":\"min_star_marks\"},"
    "\"disqualifiers\":[{\"code\":\"FORGED\"}],"
    "\"parts\":["
    "{\"code\":\"A\",\"max\":40,\"sections\":[{\"max\":40,\"criteria\":[{\"code\":\"1.1\",\"max\":40,"
    "\"options\":["
    "{\"n\":1,\"points\":10,\"min_star\":null},{\"n\":2,\"points\":30,\"min_star\":3},"
    "{\"n\":3,\"points\":40,\"min_star\":5}]}]}]},"
    "{\"code\":\"B\",\"max\":25,\"sections\":[{\"max\":25,\"criteria\":[{\"code\":\"2\",\"max\":25,"
    "\"options\":["
    "{\"n\":1,\"points\":5},{\"n\":2,\"points\":21},{\"n\":3,\"points\":25}]}]}]},"
    "{\"code\":\"C\",\"max\":35,\"sections\":[{\"max\":35,\"criteria\":[{\"code\":\"3\",\"max\":35,"
    "\"cases\":{\"a\":{},\"b\":{}},\"options\":["
    "{\"n\":1,\"points\":15,\"case\":\"a\"},{\"n\":2,\"points\":35,\"case\":\"a\"},"
    "{\"n\":3,\"points\":20,\"case\":\"b\"},{\"n\":4,\"points\":35,\"case\":\"b\"}],"
    "\"gates\":[{\"effect\":\"stop\",\"code\":\"STOPS\"},{\"effect\":\"note\",\"code\":\"NOTED\"}]}]}]}]}";

static const char small_set[] =
    "{\"schema\":\"ocop-rules/"
    "1\",\"id\":\"SMALL\",\"sheet\":\"options\",\"rubric_prefix\":\"small-\"," SMALL_BANDS
    "\"levels\":[{\"level\":\"province\",\"forward_hundredths\":9000,\"forward_to\":\"centre\","
    "\"mark\":\"certain\"},{\"level\":\"centre\",\"mark\":\"certain\"}],"
    "\"council\":{\"quorum_percent\":{\"value\":75,\"mark\":\"reported\"},"
    "\"spread_hundredths\":{\"value\":1000,\"mark\":\"reported\"},"
    "\"conflict_in_quorum\":{\"value\":false,\"mark\":\"inferred\"}},"
    "\"no_option\":{\"value\":\"zero_points\",\"mark\":\"inferred\"},"
    "\"gate_quorum\":{\"value\":\"majority\",\"mark\":\"inferred\"},"
    "\"marks_reached\":{\"value\":\"mean\",\"mark\":\"inferred\"},"
    "\"mark_missed\":{\"value\":\"highest_star_with_all_marks\",\"mark\":\"inferred\"},"
    "\"term_months\":{\"value\":36,\"mark\":\"certain\"},"
    "\"authorities\":[{\"star\":3,\"authority\":\"province\",\"mark\":\"certain\"},"
    "{\"star\":4,\"authority\":\"province\",\"mark\":\"certain\"},"
    "{\"star\":5,\"authority\":\"ministry\",\"mark\":\"certain\"}]}";

/* Read a file of RULES_FOLDER; free() the bytes. */
static inline struct slice read_rules(const char *name)
{
    char path[512];
    FILE *file = NULL;
    char *bytes = malloc(262144);
    size_t size = 0;

    snprintf(path, sizeof path, "%s/%s", RULES_FOLDER, name);
    file = fopen(path, "rb");
    if (file && bytes) size = fread(bytes, 1, 262144, file);
    if (file) fclose(file);
    return slice_of(bytes, size);
}

/* `text` with the first `from` replaced by `to`; free() it. Aborts when `from` is not there. */
static inline char *with(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    const size_t size = strlen(text) + strlen(to) + 1;
    char *out = malloc(size);

    if (!at || !out) abort();
    snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

#endif
