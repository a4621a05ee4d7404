/* policy_words.c - is each word of a policy one there is? A misspelt one would allow nothing, silently. */
#include "common/policy_words.h"

#include "common/text.h"

#include <stdio.h>

enum {
    TOPIC_PARTS = 4,      /* context.thing.verb.PROVINCE */
    ROLE_SLIP_LETTERS = 2 /* so near to a role there is, another one is taken for a slip of the pen */
};

static const char *const *known_types;
static const char *const *known_services;

void policy_know(const char *const *types, const char *const *services)
{
    known_types = types;
    known_services = services;
}

/* Part `i` of a text parted by dots; *there false behind the last. What ends with a dot has no part there. */
static struct slice part_of(const char *text, size_t i, bool *there)
{
    while (i > 0 && (text = strchr(text, '.'))) {
        text++;
        i--;
    }
    *there = text && *text;
    return *there ? slice_of(text, strcspn(text, ".")) : slice_of(NULL, 0);
}

static bool part_matches(struct slice pattern, struct slice part)
{
    return slice_is(pattern, "*") || slice_equal(pattern, part);
}

/* The part `depth` of a type that fits `pattern` in all before it. */
static bool fits_before(const char *pattern, const char *type, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        bool a, b;

        if (!part_matches(part_of(pattern, i, &a), part_of(type, i, &b))) return false;
    }
    return true;
}

static void nearer(struct slice word, struct slice candidate, size_t *least, char nearest[POLICY_WORD_MAX])
{
    size_t d = text_distance(word, candidate);

    if (d >= *least) return;
    *least = d;
    snprintf(nearest, POLICY_WORD_MAX, "%.*s", SLICE_ARG(candidate));
}

/* Does any type have this at `depth`, after what stands before it? If not, which is nearest. */
static bool part_known(const char *pattern, size_t depth, struct policy_slip *slip)
{
    bool there;
    const struct slice word = part_of(pattern, depth, &there);
    size_t least = SIZE_MAX;

    for (size_t i = 0; known_types[i]; i++) {
        struct slice part = part_of(known_types[i], depth, &there);

        if (!fits_before(pattern, known_types[i], depth)) continue;
        if (part_matches(word, part)) return true;
        nearer(word, part, &least, slip->nearest);
    }
    snprintf(slip->word, sizeof slip->word, "%.*s", SLICE_ARG(word));
    return false;
}

static bool topic_known(const char *pattern, enum verb verb, struct policy_slip *slip)
{
    const size_t size = strlen(pattern);
    size_t depth = 0;
    bool there;

    if (!strcmp(pattern, "*")) return true;
    if (verb == VERB_SUBSCRIBE && (!strcmp(pattern, "bus.head") || !strcmp(pattern, "bus."))) return true;
    for (; depth < TOPIC_PARTS - 1; depth++) {
        (void)part_of(pattern, depth, &there);
        if (!there) break;
        if (!part_known(pattern, depth, slip)) return false;
    }
    (void)part_of(pattern, depth, &there); /* the province */
    if (there || pattern[size - 1] == '.') return true;
    snprintf(slip->word, sizeof slip->word, "%s", pattern);
    snprintf(slip->nearest, sizeof slip->nearest, "%s%s", pattern,
             depth < TOPIC_PARTS - 1 ? "." : ".{province}");
    return false;
}

static bool service_known(const char *pattern, struct policy_slip *slip)
{
    bool there;
    const struct slice service = part_of(pattern, 0, &there);
    size_t least = SIZE_MAX;

    if (slice_is(service, "*")) return true;
    for (size_t i = 0; known_services[i]; i++) {
        if (slice_is(service, known_services[i])) return true;
        nearer(service, slice_text(known_services[i]), &least, slip->nearest);
    }
    snprintf(slip->word, sizeof slip->word, "%.*s", SLICE_ARG(service));
    return false;
}

/* Is it, or what it begins with, among the words that the policy itself says are meant? */
static bool is_also(const char *also, const char *what, bool whole)
{
    while (*also) {
        size_t size = strcspn(also, " ");

        if (size && !strncmp(what, also, size) && (!whole || !what[size])) return true;
        also += size;
        also += strspn(also, " ");
    }
    return false;
}

bool policy_rule_known(enum verb verb, const char *pattern, const char *also, struct policy_slip *slip)
{
    memset(slip, 0, sizeof *slip);
    if (!known_types || is_also(also, pattern, false)) return true;
    return verb == VERB_ASK ? service_known(pattern, slip) : topic_known(pattern, verb, slip);
}

bool policy_role_known(const char *role, const struct policy *standard, const char *also,
                       struct policy_slip *slip)
{
    size_t least = SIZE_MAX;

    memset(slip, 0, sizeof *slip);
    if (!known_types || !strcmp(role, PARTY_LOCAL) || is_also(also, role, true)) return true;
    for (size_t i = 0; i < policy_roles(standard); i++)
        nearer(slice_text(role), slice_text(policy_role_name(standard, i)), &least, slip->nearest);
    nearer(slice_text(role), slice_text(PARTY_LOCAL), &least, slip->nearest);
    snprintf(slip->word, sizeof slip->word, "%s", role);
    return least == 0 || least > ROLE_SLIP_LETTERS;
}
