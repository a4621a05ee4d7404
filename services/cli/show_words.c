/* show_words.c - the words of a certificate's status, and points as people write them. */
#include "services/cli/show.h"

#include <string.h>

/* --- status --- */

static const char *text(const json_t *map, const char *name)
{
    const char *value = json_string_value(json_object_get(map, name));

    return value ? value : "";
}

static const char *or_dash(const char *value)
{
    return *value ? value : "-";
}

static void say_valid(const json_t *c, const char *day, char out[SHOW_SENTENCE_MAX])
{
    (void)day;
    snprintf(out, SHOW_SENTENCE_MAX, "valid until %s", or_dash(text(c, "until")));
}

static void say_pending(const json_t *c, const char *day, char out[SHOW_SENTENCE_MAX])
{
    (void)day;
    snprintf(out, SHOW_SENTENCE_MAX, "valid while its re-rating is pending, until %s at the latest",
             or_dash(text(c, "until")));
}

static void say_expired(const json_t *c, const char *day, char out[SHOW_SENTENCE_MAX])
{
    const char *term = text(c, "ends_on"), *last = text(c, "until");
    const bool extended = *last && *term && strcmp(last, term) != 0;

    (void)day;
    snprintf(out, SHOW_SENTENCE_MAX, "expired on %s, %s", or_dash(*last ? last : term),
             extended ? "the end of its extension" : "its last day");
}

static void say_withdrawn(const json_t *c, const char *day, char out[SHOW_SENTENCE_MAX])
{
    const char *by = text(c, "left_by");

    (void)day;
    snprintf(out, SHOW_SENTENCE_MAX, "withdrawn on %s, ground %s%s%s", or_dash(text(c, "left_on")),
             or_dash(text(c, "ground")), *by ? ": " : "", by);
}

static void say_replaced(const json_t *c, const char *day, char out[SHOW_SENTENCE_MAX])
{
    (void)day;
    snprintf(out, SHOW_SENTENCE_MAX, "replaced on %s by %s", or_dash(text(c, "left_on")),
             or_dash(text(c, "left_by")));
}

/* Days are compared as text: YYYY-MM-DD sorts as days do. */
static void say_unknown(const json_t *c, const char *day, char out[SHOW_SENTENCE_MAX])
{
    const char *first = text(c, "issued_on");

    if (!day) day = text(c, "day");
    if (*day && *first && strcmp(day, first) < 0)
        snprintf(out, SHOW_SENTENCE_MAX, "unknown on that day: %s is before its first day, %s", day, first);
    else
        snprintf(out, SHOW_SENTENCE_MAX, "unknown on that day: no certificate of it was known then");
}

static const struct {
    const char *status;
    void (*say)(const json_t *certificate, const char *day, char out[SHOW_SENTENCE_MAX]);
} statuses[] = {
    { "valid", say_valid },         { "valid_pending", say_pending }, { "expired", say_expired },
    { "withdrawn", say_withdrawn }, { "replaced", say_replaced },     { "unknown", say_unknown },
};

void show_status(const json_t *certificate, const char *day, char out[SHOW_SENTENCE_MAX])
{
    const char *status = text(certificate, "status");

    snprintf(out, SHOW_SENTENCE_MAX, "%s", *status ? status : "the service does not say");
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (!strcmp(status, statuses[i].status)) statuses[i].say(certificate, day, out);
    }
    if (json_is_true(json_object_get(certificate, "recorded"))) {
        size_t used = strlen(out);

        snprintf(out + used, SHOW_SENTENCE_MAX - used, " (recorded from its source, not issued here)");
    }
}

/* --- a certificate, a product --- */

static const json_t *find_certificate(const json_t *all, const char *number)
{
    size_t i;
    json_t *one;

    json_array_foreach(all, i, one)
    {
        if (*number && !strcmp(text(one, "certificate"), number)) return one;
    }
    return NULL;
}

/* In the words of the status already, or nothing at all. */
static bool is_said(const char *name, const json_t *value)
{
    const char *said = json_string_value(value);

    return !strcmp(name, "status") || !strcmp(name, "until") || (said && !*said);
}

/* In one line each what tells certificates of a product apart; each alone has the rest. */
static json_t *short_list(const json_t *all)
{
    static const char *const names[] = { "certificate", "star",    "status", "until", "issued_on", "ends_on",
                                         "left_on",     "left_by", "ground", "name",  "owner" };
    json_t *list = json_array(), *one;
    size_t i;

    json_array_foreach(all, i, one)
    {
        json_t *row = json_object();

        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            json_t *value = json_object_get(one, names[n]);

            if (value) json_object_set(row, names[n], value);
        }
        json_array_append_new(list, row);
    }
    return list;
}

json_t *show_certificate(const json_t *answer, const char *day)
{
    const json_t *all = json_object_get(answer, "certificates");
    const json_t *speaker = find_certificate(all, text(answer, "certificate"));
    char sentence[SHOW_SENTENCE_MAX];
    json_t *out = json_object(), *whole = json_object(), *value;
    const char *name;

    /* What ended it stands with the certificate that speaks for the product. */
    if (speaker) json_object_update(whole, (json_t *)(uintptr_t)speaker);
    json_object_update(whole, (json_t *)(uintptr_t)answer);
    if (json_object_get(answer, "status")) {
        show_status(whole, day, sentence);
        json_object_set_new(out, "status", json_string(sentence));
    }
    json_object_foreach((json_t *)(uintptr_t)answer, name, value)
    {
        if (is_said(name, value)) continue;
        if (!strcmp(name, "certificates"))
            json_object_set_new(out, name, short_list(value));
        else
            json_object_set(out, name, value);
    }
    json_decref(whole);
    return out;
}

/* --- points --- */

enum { NAME_MAX_BYTES = 128 };

/* The name without "_hundredths"; false when it does not end so. */
static bool points_name(const char *name, char out[NAME_MAX_BYTES])
{
    static const char tail[] = "_hundredths";
    size_t size = strlen(name);

    if (size < sizeof tail || size >= NAME_MAX_BYTES || strcmp(name + size - (sizeof tail - 1), tail))
        return false;
    memcpy(out, name, size - (sizeof tail - 1));
    out[size - (sizeof tail - 1)] = 0;
    return true;
}

static json_t *points(json_int_t hundredths, bool exact)
{
    char digits[32];
    const json_int_t size = hundredths < 0 ? -hundredths : hundredths;

    snprintf(digits, sizeof digits, "%s%lld.%02d%s", hundredths < 0 ? "-" : "", (long long)(size / 100),
             (int)(size % 100), exact ? "" : "…");
    return json_string(digits);
}

static void add_mean(json_t *out, const json_t *map)
{
    const json_int_t sum = json_integer_value(json_object_get(map, "sum_hundredths"));
    const json_int_t members = json_integer_value(json_object_get(map, "members"));

    if (members > 0 && sum >= 0) json_object_set_new(out, "mean", points(sum / members, sum % members == 0));
}

static json_t *points_of_map(const json_t *map)
{
    char name[NAME_MAX_BYTES];
    json_t *out = json_object(), *value;
    const char *key;

    json_object_foreach((json_t *)(uintptr_t)map, key, value)
    {
        if (!json_is_integer(value) || !points_name(key, name)) {
            json_object_set_new(out, key, show_points(value));
            continue;
        }
        json_object_set_new(out, name, points(json_integer_value(value), true));
        if (!strcmp(name, "sum")) add_mean(out, map);
    }
    return out;
}

json_t *show_points(const json_t *answer)
{
    json_t *list, *one;
    size_t i;

    if (json_is_object(answer)) return points_of_map(answer);
    if (!json_is_array(answer)) return json_incref((json_t *)(uintptr_t)answer);
    list = json_array();
    json_array_foreach(answer, i, one) json_array_append_new(list, show_points(one));
    return list;
}
