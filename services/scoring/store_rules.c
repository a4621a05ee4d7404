/* store_rules.c - adopted rules: their bytes in the store, and a bounded cache of what they parse to. */
#include "services/scoring/store_inside.h"

#include "proto/codec.h" /* the words of rules_kind */

enum err store_find_rules_hash(struct store *s, struct slice name, char hash[RULES_HASH_TEXT + 1])
{
    sqlite3_stmt *q = s->statements[FIND_RULES_HASH];
    struct slice text;
    enum err e = ERR_NONE;

    db_bind_text(q, 1, name);
    e = store_one_row(q);
    if (e) return e;
    text = db_text(q, 0);
    if (text.size == RULES_HASH_TEXT) {
        memcpy(hash, text.data, text.size);
        hash[RULES_HASH_TEXT] = 0;
    } else {
        e = ERR_CORRUPT;
    }
    db_done(q);
    return e;
}

enum err store_add_rules(struct store *s, const struct rules_adopted *adopted, struct slice bytes)
{
    sqlite3_stmt *q = s->statements[ADD_RULES];

    db_bind_text(q, 1, adopted->name);
    db_bind_text(q, 2, adopted->hash);
    db_bind_text(q, 3, slice_text(rules_kind_word(adopted->kind)));
    store_bind_number_or_null(q, 4, adopted->has_first_day, adopted->first_day);
    db_bind_bytes(q, 5, bytes);
    store_bind_number_or_null(q, 6, adopted->has_last_day, adopted->last_day);
    return db_run(q);
}

/* Parse the stored bytes into `place`. A name never changes its bytes, so what is cached stays true. The hash
 * is taken of the bytes themselves: a result names the law it was computed with, whatever was said of it. */
static enum err load_rules(struct store *s, struct slice name, struct cached_rules *place, struct why *why)
{
    sqlite3_stmt *q = s->statements[FIND_RULES];
    enum err e = ERR_NONE;

    db_bind_text(q, 1, name);
    e = store_one_row(q);
    if (e) return e;
    place->used = false;
    e = rules_parse(db_bytes(q, 0), &place->rules, why);
    if (!e) e = rules_hash(db_bytes(q, 0), place->hash, why);
    place->used = !e;
    db_done(q);
    return e;
}

static enum err cached(struct store *s, struct slice name, struct cached_rules *cache, size_t size,
                       size_t *next, struct cached_rules **out, struct why *why)
{
    struct cached_rules *place = &cache[*next];
    enum err e = ERR_NONE;

    for (size_t i = 0; i < size; i++) {
        if (cache[i].used && slice_is(name, rules_name(&cache[i].rules))) {
            *out = &cache[i];
            return ERR_NONE;
        }
    }
    e = load_rules(s, name, place, why);
    if (e) return e;
    *next = (*next + 1) % size;
    *out = place;
    return ERR_NONE;
}

enum err store_find_rule_set(struct store *s, struct slice name, const struct rule_set **out,
                             const char **hash, struct why *why)
{
    struct cached_rules *found = NULL;
    enum err e = cached(s, name, s->sets, STORE_SETS_MAX, &s->next_set, &found, why);

    if (e) return e;
    if (found->rules.kind != rules_kind_RULE_SET) return ERR_NOT_FOUND;
    *out = &found->rules.u.set;
    if (hash) *hash = found->hash;
    return ERR_NONE;
}

enum err store_find_newer_set(struct store *s, int32_t received_on, int32_t day, const struct rule_set **out,
                              struct why *why)
{
    sqlite3_stmt *q = s->statements[FIND_NEWER_SET];
    struct slice found;
    char name[RULES_NAME_MAX];
    enum err e = ERR_NONE;

    db_bind_i64(q, 1, received_on);
    db_bind_i64(q, 2, day);
    e = store_one_row(q);
    if (e) return e;
    found = db_text(q, 0);
    if (found.size <= sizeof name)
        memcpy(name, found.data, found.size);
    else
        e = ERR_CORRUPT;
    db_done(q);
    return e ? e : store_find_rule_set(s, slice_of(name, found.size), out, NULL, why);
}

/* The name a bound statement finds. */
static enum err one_name(sqlite3_stmt *q, msgpack_zone *zone, struct slice *out)
{
    enum err e = store_one_row(q);

    if (e) return e;
    *out = db_keep(q, 0, zone, &e);
    db_done(q);
    return e;
}

enum err store_find_set_of_day(struct store *s, int32_t first_day, msgpack_zone *zone, struct slice *out)
{
    sqlite3_stmt *q = s->statements[FIND_SET_OF_DAY];

    store_bind_number_or_null(q, 1, first_day != INT32_MIN, first_day);
    return one_name(q, zone, out);
}

enum err store_find_set_in_force(struct store *s, int32_t day, msgpack_zone *zone, struct slice *out)
{
    sqlite3_stmt *q = s->statements[FIND_SET_IN_FORCE];

    db_bind_i64(q, 1, day);
    return one_name(q, zone, out);
}

enum err store_find_rubric(struct store *s, struct slice name, const struct rubric **out, const char **hash,
                           struct why *why)
{
    struct cached_rules *found = NULL;
    enum err e = cached(s, name, s->rubrics, STORE_RUBRICS_MAX, &s->next_rubric, &found, why);

    if (e) return e;
    if (found->rules.kind != rules_kind_RUBRIC) return ERR_NOT_FOUND;
    *out = &found->rules.u.rubric;
    if (hash) *hash = found->hash;
    return ERR_NONE;
}
