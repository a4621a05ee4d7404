#include "common/policy.h"

#include "common/buf.h"
#include "common/policy_words.h"
#include "common/zpl.h"

#include <stdio.h>
#include <stdlib.h>

extern const char policy_standard[];
extern const size_t policy_standard_size;

const char *const verb_words[VERBS] = {
    [VERB_PUBLISH] = "publish", [VERB_FOLLOW] = "follow", [VERB_SUBSCRIBE] = "subscribe", [VERB_ASK] = "ask"
};

static const char PROVINCE[] = "{province}";

struct rule {
    enum verb verb;
    size_t entry; /* of the file, from 1 */
    char pattern[POLICY_RULE_MAX + 1];
};

struct rights {
    char role[PARTY_ROLE_MAX + 1];
    const struct rule *rules; /* its own, one behind the other */
    size_t count, entry;
};

struct policy {
    struct rule rules[POLICY_RULES_MAX];
    struct rights roles[POLICY_ROLES_MAX];
    size_t rule_count, role_count;
    char also[POLICY_ALSO_MAX + 1];
    struct hash hash;
};

static const struct rights nothing = { .role = "" };

/* --- patterns --- */

/* The part that begins at *at, without its dot; *at moves behind the dot. *whole: a dot follows. */
static struct slice next_part(struct slice text, size_t *at, bool *whole)
{
    size_t begin = *at, end = begin;

    while (end < text.size && text.data[end] != '.')
        end++;
    *whole = end < text.size;
    *at = end + (*whole ? 1 : 0);
    return slice_of(text.data + begin, end - begin);
}

/* Is `part`, or with `open` anything it may still become, a province of the party? */
static bool province_fits(const struct party *party, struct slice part, bool open)
{
    if (party->everywhere) return part.size <= 2 && (open || part.size == 2);
    for (size_t i = 0; i < party->province_count; i++) {
        struct slice own = slice_text(party->provinces[i]);

        if (open ? slice_starts(own, part) : slice_equal(own, part)) return true;
    }
    return false;
}

static bool part_fits(struct slice pattern, const struct party *party, struct slice part, bool open)
{
    if (slice_is(pattern, "*")) return true;
    if (slice_is(pattern, PROVINCE)) return province_fits(party, part, open);
    return open ? slice_starts(pattern, part) : slice_equal(pattern, part);
}

/* Compare part by part. `every`: all that begins with `prefix` must fit; else: something must. */
static bool pattern_fits(const char *text, const struct party *party, struct slice prefix, bool every)
{
    struct slice pattern = slice_text(text);
    size_t p = 0, at = 0;
    bool pattern_goes_on = true, goes_on = true;

    if (slice_is(pattern, "*")) return true;
    for (;;) {
        struct slice want, part;

        if (pattern_goes_on && p == pattern.size) return true; /* ended with a dot: whatever follows fits */
        want = next_part(pattern, &p, &pattern_goes_on);
        part = next_part(prefix, &at, &goes_on);
        if (goes_on) {
            if (!part_fits(want, party, part, false) || !pattern_goes_on) return false;
            continue;
        }
        if (!every) return part_fits(want, party, part, true);
        if (pattern_goes_on) return false; /* shorter than what is allowed: more would come */
        if (slice_is(want, PROVINCE) && party->everywhere) return part.size <= 2;
        return part_fits(want, party, part, false);
    }
}

static bool any_rule(const struct rights *r, enum verb verb, const struct party *party, struct slice prefix,
                     bool every)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->rules[i].verb == verb && pattern_fits(r->rules[i].pattern, party, prefix, every)) return true;
    return false;
}

bool rights_cover(const struct rights *r, enum verb verb, const struct party *party, struct slice prefix)
{
    return any_rule(r, verb, party, prefix, true);
}

bool rights_touch(const struct rights *r, enum verb verb, const struct party *party, struct slice prefix)
{
    return any_rule(r, verb, party, prefix, false);
}

/* A rule without a province is the stronger one. */
bool rights_ask(const struct rights *r, const char *service, struct slice question, bool *limited)
{
    static const struct party nobody = { .name = "" };
    char asked[POLICY_RULE_MAX + 1];
    bool of_province = false;

    snprintf(asked, sizeof asked, "%s.%.*s", service, SLICE_ARG(question));
    for (size_t i = 0; i < r->count; i++) {
        char pattern[POLICY_RULE_MAX + 1];
        char *province;

        if (r->rules[i].verb != VERB_ASK) continue;
        memcpy(pattern, r->rules[i].pattern, sizeof pattern);
        province = strstr(pattern, ".{province}");
        if (province) *province = '\0';
        if (!pattern_fits(pattern, &nobody, slice_text(asked), true)) continue;
        *limited = province != NULL;
        if (!province) return true;
        of_province = true;
    }
    return of_province;
}

/* --- saying no --- */

static void name_party(const struct party *party, const char *role, char *out, size_t size)
{
    char provinces[PARTY_PROVINCES_TEXT + 1];

    party_provinces_text(party, provinces);
    if (!party->name[0])
        snprintf(out, size, "Who comes without a key (role %s)", PARTY_LOCAL);
    else
        snprintf(out, size, "%s (role %s%s%s)", party->name, role, provinces[0] ? ", province " : "",
                 provinces);
}

enum err rights_refuse(const struct rights *r, enum verb verb, const struct party *party, struct slice what,
                       struct why *why)
{
    char who[160], rules[WHY_SENTENCE_MAX - 240] = "";
    size_t at = 0;

    name_party(party, party->role, who, sizeof who);
    for (size_t i = 0; i < r->count && at < sizeof rules; i++)
        if (r->rules[i].verb == verb)
            at +=
                (size_t)snprintf(rules + at, sizeof rules - at, "%s%s", at ? ", " : "", r->rules[i].pattern);
    return why_set(why, ERR_INVALID, "NOT_PERMITTED", "%s may not %s %s%.*s; the policy allows %s.", who,
                   verb_words[verb], what.size ? "" : "everything",
                   (int)(what.size < TOPIC_MAX ? what.size : TOPIC_MAX), what.data ? what.data : "",
                   rules[0] ? rules : "nothing of that kind");
}

/* --- reading --- */

struct reading {
    struct policy *policy;
    const char *name;
    size_t entry; /* that is being read, from 1 */
    struct why *why;
};

static enum err wrong(const struct reading *r, const char *path, const char *value, const char *rule)
{
    return why_set(r->why, ERR_CONFIG, "POLICY", "%s: %s is \"%.64s\"; %s", r->name, path, value, rule);
}

static bool pattern_valid(const char *pattern, enum verb verb)
{
    char plain[POLICY_RULE_MAX + 1];
    size_t size = 0;

    if (!*pattern || strlen(pattern) > POLICY_RULE_MAX) return false;
    if (!strcmp(pattern, "*")) return true;
    for (const char *at = pattern; *at; at++) {
        bool begins = at == pattern || at[-1] == '.', province = !strncmp(at, PROVINCE, sizeof PROVINCE - 1);

        if (begins && *at == '*' && (at[1] == '.' || !at[1])) continue;
        if (begins && province) {
            at += sizeof PROVINCE - 2;
            if (at[1] && (at[1] != '.' || verb == VERB_ASK)) return false;
            continue;
        }
        plain[size++] = *at;
    }
    return prefix_valid(slice_of(plain, size)) && pattern[0] != '.' && !strstr(pattern, "..");
}

static enum err begin_role(const struct reading *r, const char *role, const char *path)
{
    struct policy *p = r->policy;

    if (!party_role_valid(role)) return wrong(r, path, role, "a role has 1 to 24 letters a-z and '_'");
    for (size_t i = 0; i < p->role_count; i++)
        if (!strcmp(p->roles[i].role, role)) return wrong(r, path, role, "the role stands twice");
    if (p->role_count == POLICY_ROLES_MAX) return wrong(r, path, role, "there are too many roles");
    p->roles[p->role_count].rules = p->rules + p->rule_count;
    p->roles[p->role_count].entry = r->entry;
    snprintf(p->roles[p->role_count++].role, sizeof p->roles[0].role, "%s", role);
    return ERR_NONE;
}

static enum err add_rule(const struct reading *r, const char *word, const char *value, const char *path)
{
    struct policy *p = r->policy;
    struct rule *rule = &p->rules[p->rule_count];
    int verb = 0;

    while (verb < VERBS && strcmp(verb_words[verb], word) != 0)
        verb++;
    if (verb == VERBS) return wrong(r, path, word, "a role has publish, follow, subscribe and ask");
    if (!pattern_valid(value, (enum verb)verb))
        return wrong(r, path, value,
                     "it must be *, or parts of a-z, 0-9 and '_' with dots between, of which one may be * or "
                     "{province}");
    if (p->rule_count == POLICY_RULES_MAX) return wrong(r, path, value, "there are too many rules");
    rule->verb = (enum verb)verb;
    rule->entry = r->entry;
    snprintf(rule->pattern, sizeof rule->pattern, "%s", value);
    p->rule_count++;
    p->roles[p->role_count - 1].count++;
    return ERR_NONE;
}

static enum err add_also(const struct reading *r, const char *value)
{
    char *also = r->policy->also;
    size_t at = strlen(also);

    if (at + 1 + strlen(value) > POLICY_ALSO_MAX)
        return wrong(r, "also", value, "there are too many words of that kind");
    snprintf(also + at, POLICY_ALSO_MAX + 1 - at, "%s%s", at ? " " : "", value);
    return ERR_NONE;
}

/* also, role, role/NAME, role/NAME/VERB */
static enum err take(void *context, const char *path, const char *value)
{
    struct reading *r = context;
    const char *role = strchr(path, '/'), *verb = role ? strchr(role + 1, '/') : NULL;

    r->entry++;
    if (!strcmp(path, "also")) return add_also(r, value);
    if (strncmp(path, "role", 4) != 0 || (path[4] && path[4] != '/'))
        return wrong(r, path, value, "a policy has one section, role, and the line also = \"WORD ...\"");
    if (verb && strchr(verb + 1, '/')) return wrong(r, path, value, "nothing stands below a rule");
    if (verb) return add_rule(r, verb + 1, value, path);
    if (value[0]) return wrong(r, path, value, "it is a section and takes no value");
    return role ? begin_role(r, role + 1, path) : ERR_NONE;
}

static struct hash hash_of(const struct policy *p)
{
    struct hash hash = { { 0 } };

    for (size_t i = 0; i < p->role_count; i++) {
        const struct rights *r = &p->roles[i];

        for (size_t k = 0; k < r->count; k++) {
            const struct slice parts[] = { slice_of(hash.bytes, HASH_BYTES), slice_text(r->role),
                                           slice_text(verb_words[r->rules[k].verb]),
                                           slice_text(r->rules[k].pattern) };

            hash = hash_parts(parts, sizeof parts / sizeof parts[0]);
        }
    }
    return hash;
}

static enum err slipped(const struct reading *r, const char *file, size_t entry, const char *what,
                        const struct policy_slip *slip)
{
    return why_set(
        r->why, ERR_CONFIG, "POLICY",
        "%s line %zu: there is no \"%s\" %s; the nearest is \"%s\". If it is meant, as for a newer version, "
        "name it in a line at the top: also = \"%s\"",
        r->name, zpl_line(file, entry), slip->word, what, slip->nearest, slip->word);
}

/* A slip of the pen would allow nothing, and nobody would be told. */
static enum err check_words(const struct reading *r, const char *file)
{
    const struct policy *p = r->policy;
    struct policy *standard = NULL;
    struct policy_slip slip;
    enum err e = policy_read(NULL, &standard, r->why);

    for (size_t i = 0; !e && i < p->role_count; i++)
        if (!policy_role_known(p->roles[i].role, standard, p->also, &slip))
            e = slipped(r, file, p->roles[i].entry, "among the roles", &slip);
    for (size_t i = 0; !e && i < p->rule_count; i++)
        if (!policy_rule_known(p->rules[i].verb, p->rules[i].pattern, p->also, &slip))
            e = slipped(r, file, p->rules[i].entry,
                        p->rules[i].verb == VERB_ASK ? "among the services" : "in any event's topic", &slip);
    policy_destroy(&standard);
    return e;
}

enum err policy_read(const char *file, struct policy **out, struct why *why)
{
    struct policy *p = calloc(1, sizeof *p);
    struct reading r = { .policy = p, .name = file ? file : "the built-in policy", .why = why };
    enum err e;

    if (!p) return ERR_NOMEM;
    e = file ? zpl_walk(file, take, &r, why)
             : zpl_walk_text(slice_of(policy_standard, policy_standard_size), r.name, take, &r, why);
    if (!e && p->role_count == 0)
        e = why_set(why, ERR_CONFIG, "POLICY", "%s has no roles; deploy/policy.zpl is a sample", r.name);
    if (!e && file) e = check_words(&r, file);
    if (e) {
        free(p);
        return e;
    }
    p->hash = hash_of(p);
    *out = p;
    return ERR_NONE;
}

void policy_destroy(struct policy **policy)
{
    free(*policy);
    *policy = NULL;
}

struct hash policy_hash(const struct policy *policy)
{
    return policy->hash;
}

const struct rights *policy_rights(const struct policy *policy, const char *role)
{
    for (size_t i = 0; i < policy->role_count; i++)
        if (!strcmp(policy->roles[i].role, role)) return &policy->roles[i];
    return strcmp(role, PARTY_LOCAL) ? &nothing : policy_rights(policy, "operator");
}

size_t policy_rules(const struct policy *policy)
{
    return policy->rule_count;
}

size_t policy_roles(const struct policy *policy)
{
    return policy->role_count;
}

const char *policy_role_name(const struct policy *policy, size_t i)
{
    return policy->roles[i].role;
}
