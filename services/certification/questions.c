/* questions.c - read-only answers from certification's store. */
#include "services/certification/questions.h"

#include "common/clock.h"
#include "common/mp.h"
#include "services/certification/store.h"

/* --- packing --- */

static void pack_text(msgpack_packer *p, const char *key, struct slice value)
{
    buf_pack_text(p, key);
    buf_pack_str(p, value);
}

static void pack_number(msgpack_packer *p, const char *key, int64_t value)
{
    buf_pack_text(p, key);
    msgpack_pack_int64(p, value);
}

static void pack_flag(msgpack_packer *p, const char *key, bool value)
{
    buf_pack_text(p, key);
    if (value)
        msgpack_pack_true(p);
    else
        msgpack_pack_false(p);
}

static void pack_day(msgpack_packer *p, const char *key, int32_t day)
{
    char text[CLOCK_DAY_TEXT + 1];

    clock_day_text(day, text);
    buf_pack_text(p, key);
    buf_pack_text(p, text);
}

enum { SHORT_FIELDS = 8, LONG_FIELDS = 12 };

static void pack_short(msgpack_packer *p, const struct certificate *c)
{
    pack_text(p, "certificate", c->certificate);
    pack_text(p, "product", c->product);
    pack_text(p, "name", c->name);
    pack_text(p, "owner", c->owner);
    pack_number(p, "star", c->star);
    pack_day(p, "issued_on", c->facts.issued_on);
    pack_day(p, "ends_on", c->facts.ends_on);
    pack_text(p, "number", c->number);
}

/* The day and the place of the log that a question asks about. */
struct moment {
    int64_t as_of;
    int32_t day;
};

enum { STANDING_FIELDS = 2 }; /* and `until` */

static void pack_standing(msgpack_packer *p, const struct standing *standing, int32_t day)
{
    pack_day(p, "day", day);
    buf_pack_text(p, "status");
    buf_pack_text(p, status_word(standing->status));
    if (standing->has_until) pack_day(p, "until", standing->until);
}

/* Its status on the day. What ended it early stands beside it, when something did: a newer certificate, or a
 * decision on a ground; and its latest extension, when there is one. */
static void pack_whole(msgpack_packer *p, const struct certificate *c, int32_t day)
{
    const struct status_facts *facts = &c->facts;
    const struct status_extension *extension = facts->extension;
    const struct standing standing = status_on(facts, day);
    const bool left = facts->leaving != LEAVING_NONE;
    size_t fields = SHORT_FIELDS + LONG_FIELDS;

    fields += (standing.has_until ? 1U : 0U) + (left ? 1U : 0U);
    if (extension) fields += extension->ended ? 3U : 2U;
    msgpack_pack_map(p, fields);
    pack_short(p, c);
    pack_standing(p, &standing, day);
    pack_text(p, "id", c->fact);
    pack_flag(p, "recorded", c->recorded);
    pack_text(p, "province", c->province);
    pack_text(p, "authority", slice_text(certification_authority_text(c->authority)));
    pack_text(p, "rule_set", c->rule_set);
    pack_text(p, "code", c->code);
    pack_text(p, "rated", c->rated);
    pack_text(p, "source", c->source);
    pack_text(p, "left_by", c->left_by);
    pack_text(p, "ground", c->ground);
    if (left) pack_day(p, "left_on", facts->left_on);
    if (extension) pack_day(p, "extended_from", extension->from);
    if (extension) pack_day(p, "extended_to", extension->to);
    if (extension && extension->ended) pack_day(p, "extension_ended_on", extension->ended_on);
}

/* --- arguments --- */

static enum err bad_argument(struct why *why, const char *name)
{
    return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "the question needs %s, as text", name);
}

/* A place of the log, as a number or as its digits. */
static bool read_place(const msgpack_object *said, int64_t *place)
{
    struct slice digits;
    int64_t value = 0;

    if (mp_i64(said, place)) return *place >= 0;
    if (!mp_text(said, &digits) || digits.size == 0 || digits.size > 18) return false;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') return false;
        value = value * 10 + (digits.data[i] - '0');
    }
    *place = value;
    return true;
}

/* Without a place: everything known. Without a day: the last that has started, never one of this machine's
 * clock. */
static enum err read_moment(struct store *s, const msgpack_object *arguments, struct moment *out,
                            struct why *why)
{
    const msgpack_object *place = mp_find(arguments, "as_of"), *day = mp_find(arguments, "day");
    struct slice text;
    enum err e;

    out->as_of = STORE_NOW;
    if (place && !read_place(place, &out->as_of))
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "as_of must be a place of the log, as 1200");
    if (day) {
        if (!mp_text(day, &text) || clock_day_parse(text, &out->day))
            return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "day must be a day, as 2018-12-31");
        return ERR_NONE;
    }
    e = store_today(s, out->as_of, &out->day);
    if (e == ERR_NOT_FOUND)
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                       "no day has started yet in this part of the log; name a day, as 2018-12-31");
    return e;
}

/* --- facts --- */

/* The certificate of a dossier's reference; a reference that several provinces use needs the province beside
 * it. */
static enum err find_by_reference(struct store *s, struct slice reference, struct slice province,
                                  msgpack_zone *zone, struct certificate *out, struct why *why)
{
    struct store_certificate *first = NULL, *found = NULL;
    size_t count = 0;
    enum err e = store_list_by_reference(s, reference, zone, &first, &count);

    if (e) return e;
    for (struct store_certificate *c = first; c; c = c->next) {
        if (province.size && !slice_equal(c->row.province, province)) continue;
        if (!found) found = c;
        if (!slice_equal(c->row.province, found->row.province))
            return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                           "reference %.*s stands in provinces %.*s and %.*s; name the province too",
                           SLICE_ARG(reference), SLICE_ARG(found->row.province), SLICE_ARG(c->row.province));
    }
    if (!found)
        return why_set(
            why, ERR_NOT_FOUND, "NOT_FOUND",
            "no certificate has the number %.*s, none is of a product of that code or a dossier of that "
            "reference",
            SLICE_ARG(reference));
    *out = found->row;
    return ERR_NONE;
}

/* By its number, any code of its product, or the reference of its dossier. */
static enum err find_by_key(struct store *s, struct slice key, struct slice province, msgpack_zone *zone,
                            struct certificate *out, struct why *why)
{
    struct slice product = key;
    enum err e = store_find_certificate(s, key, STORE_NOW, zone, out);

    if (e != ERR_NOT_FOUND) return e;
    e = store_resolve(s, key, STORE_NOW, zone, &product);
    if (!e) e = store_find_latest(s, product, zone, out);
    if (e == ERR_NOT_FOUND) e = find_by_reference(s, key, province, zone, out, why);
    return e;
}

static enum err pack_fact(struct buf *answer, struct slice id, const struct certificate *c)
{
    msgpack_packer p;

    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 3);
    pack_text(&p, "id", id);
    pack_text(&p, "product", c->product);
    pack_text(&p, "certificate", c->certificate);
    return answer->failed;
}

static enum err answer_finding(struct store *s, const struct certificate *c, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    struct finding finding;
    enum err e = store_find_finding_of(s, c->certificate, zone, &finding);

    if (e == ERR_NOT_FOUND)
        return why_set(why, e, "NOT_FOUND", "there is no finding on certificate %.*s",
                       SLICE_ARG(c->certificate));
    return e ? e : pack_fact(answer, finding.finding, c);
}

static enum err answer_fact(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                            struct buf *answer, struct why *why)
{
    const msgpack_object *said = mp_find(arguments, "type"), *where = mp_find(arguments, "province");
    struct slice key, type = slice_text("certification.certificate.issued"), province = { NULL, 0 };
    struct certificate c;
    bool finding;
    enum err e;

    if (!mp_text(mp_find(arguments, "key"), &key)) return bad_argument(why, "key");
    if (said && !mp_text(said, &type)) return bad_argument(why, "type");
    if (where && !mp_text(where, &province)) return bad_argument(why, "province");
    finding = slice_is(type, "certification.finding.registered");
    if (!finding && !slice_is(type, "certification.certificate.issued") &&
        !slice_is(type, "certification.certificate.recorded"))
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                       "certification knows facts of type certification.certificate.issued, "
                       "certification.certificate.recorded and certification.finding.registered, not %.*s",
                       SLICE_ARG(type));
    e = find_by_key(s, key, province, zone, &c, why);
    if (e) return e;
    return finding ? answer_finding(s, &c, zone, answer, why) : pack_fact(answer, c.fact, &c);
}

/* --- certificates and products on a day --- */

/* The one that speaks for the product on that day; of equals the one that began last. */
static const struct certificate *find_best(const struct store_certificate *first, int32_t day)
{
    const struct certificate *best = NULL;
    unsigned least = 0;

    for (const struct store_certificate *c = first; c; c = c->next) {
        const unsigned rank = status_rank(status_on(&c->row.facts, day).status);

        if (best && rank > least) continue;
        if (best && rank == least && c->row.facts.issued_on < best->facts.issued_on) continue;
        best = &c->row;
        least = rank;
    }
    return best;
}

static enum err list_product(struct store *s, struct slice code, const struct moment *m, msgpack_zone *zone,
                             struct slice *product, struct store_certificate **first, size_t *count,
                             struct why *why)
{
    enum err e = store_resolve(s, code, m->as_of, zone, product);

    if (!e) e = store_list_by_product(s, *product, m->as_of, zone, first, count);
    if (!e && !*first)
        return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "no certificate is of a product of code %.*s",
                       SLICE_ARG(code));
    return e;
}

/* There is one of that number, but it was not known at that place of the log. */
static enum err answer_not_yet(struct store *s, struct slice number, const struct moment *m,
                               msgpack_zone *zone, struct buf *answer, struct why *why)
{
    const struct standing unknown = { .status = STATUS_UNKNOWN };
    struct certificate c;
    msgpack_packer p;
    enum err e = store_find_certificate(s, number, STORE_NOW, zone, &c);

    if (e == ERR_NOT_FOUND)
        return why_set(why, e, "NOT_FOUND", "there is no certificate %.*s", SLICE_ARG(number));
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 1 + STANDING_FIELDS);
    pack_text(&p, "certificate", number);
    pack_standing(&p, &unknown, m->day);
    return answer->failed;
}

static enum err answer_certificate(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                                   struct buf *answer, struct why *why)
{
    struct store_certificate *first = NULL;
    struct slice number = { NULL, 0 }, code = { NULL, 0 }, product;
    struct certificate c;
    struct moment m;
    size_t count = 0;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "certificate"), &number) && !mp_text(mp_find(arguments, "code"), &code))
        return bad_argument(why, "certificate, or the code of its product");
    e = read_moment(s, arguments, &m, why);
    if (e) return e;
    if (code.size) {
        e = list_product(s, code, &m, zone, &product, &first, &count, why);
        if (!e) c = *find_best(first, m.day);
    } else {
        e = store_find_certificate(s, number, m.as_of, zone, &c);
        if (e == ERR_NOT_FOUND) return answer_not_yet(s, number, &m, zone, answer, why);
    }
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    pack_whole(&p, &c, m.day);
    return answer->failed;
}

static enum err answer_product(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    struct store_certificate *first = NULL;
    const struct certificate *best;
    struct slice code, product;
    struct standing standing;
    struct moment m;
    size_t count = 0;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "product"), &code)) return bad_argument(why, "product");
    e = read_moment(s, arguments, &m, why);
    if (!e) e = list_product(s, code, &m, zone, &product, &first, &count, why);
    if (e) return e;
    best = find_best(first, m.day);
    standing = status_on(&best->facts, m.day);
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 3 + STANDING_FIELDS + (standing.has_until ? 1 : 0));
    pack_text(&p, "product", product);
    pack_standing(&p, &standing, m.day);
    pack_text(&p, "certificate", best->certificate);
    buf_pack_text(&p, "certificates");
    msgpack_pack_array(&p, count);
    for (const struct store_certificate *c = first; c; c = c->next)
        pack_whole(&p, &c->row, m.day);
    return answer->failed;
}

/* --- the whole register on a day --- */

/* Valid ones by star, and those whose extension runs: of the issued or of the recorded. */
struct count {
    int64_t stars[6], total, pending;
};

static void count_one(struct count *count, int64_t star, enum status status)
{
    if (status == STATUS_VALID_PENDING) count->pending++;
    if (status != STATUS_VALID || star < 0 || star > 5) return;
    count->stars[star]++;
    count->total++;
}

static void pack_count(msgpack_packer *p, const char *const keys[5], const struct count *count)
{
    pack_number(p, keys[0], count->stars[3]);
    pack_number(p, keys[1], count->stars[4]);
    pack_number(p, keys[2], count->stars[5]);
    pack_number(p, keys[3], count->total);
    pack_number(p, keys[4], count->pending);
}

/* Issued certificates in force, each with its status. */
static void pack_register(msgpack_packer *p, const struct store_certificate *first, int32_t day, size_t count)
{
    buf_pack_text(p, "certificates");
    msgpack_pack_array(p, count);
    for (const struct store_certificate *c = first; c; c = c->next) {
        const enum status status = status_on(&c->row.facts, day).status;

        if (c->row.recorded || !status_in_force(status)) continue;
        msgpack_pack_map(p, SHORT_FIELDS + 1);
        pack_short(p, &c->row);
        buf_pack_text(p, "status");
        buf_pack_text(p, status_word(status));
    }
}

static enum err answer_summary(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    static const char *const issued_keys[] = { "three", "four", "five", "total", "pending" };
    static const char *const recorded_keys[] = { "recorded_three", "recorded_four", "recorded_five",
                                                 "recorded_total", "recorded_pending" };
    struct store_certificate *first = NULL;
    struct count issued = { 0 }, recorded = { 0 };
    struct moment m;
    size_t rows = 0;
    msgpack_packer p;
    enum err e = read_moment(s, arguments, &m, why);

    if (!e) e = store_list_running(s, m.day, m.as_of, zone, &first, &rows);
    if (e) return e;
    for (const struct store_certificate *c = first; c; c = c->next)
        count_one(c->row.recorded ? &recorded : &issued, c->row.star, status_on(&c->row.facts, m.day).status);
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 12);
    pack_day(&p, "day", m.day);
    pack_count(&p, issued_keys, &issued);
    pack_count(&p, recorded_keys, &recorded);
    pack_register(&p, first, m.day, (size_t)(issued.total + issued.pending));
    return answer->failed;
}

/* --- the door: each question gets memory of its own --- */

typedef enum err (*answer_fn)(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                              struct buf *answer, struct why *why);

static enum err with_zone(answer_fn fn, void *store, const msgpack_object *arguments, struct buf *answer,
                          struct why *why)
{
    msgpack_zone *zone = msgpack_zone_new(8192);
    enum err e;

    if (!zone) return ERR_NOMEM;
    e = fn(store, arguments, zone, answer, why);
    msgpack_zone_free(zone);
    return e;
}

static enum err ask_fact(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    return with_zone(answer_fact, store, arguments, answer, why);
}

static enum err ask_certificate(void *store, const msgpack_object *arguments, struct buf *answer,
                                struct why *why)
{
    return with_zone(answer_certificate, store, arguments, answer, why);
}

static enum err ask_product(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    return with_zone(answer_product, store, arguments, answer, why);
}

static enum err ask_summary(void *store, const msgpack_object *arguments, struct buf *answer, struct why *why)
{
    return with_zone(answer_summary, store, arguments, answer, why);
}

const struct question certification_questions[] = {
    { "fact", ask_fact },
    { "certificate", ask_certificate },
    { "product", ask_product },
    { "summary", ask_summary },
    { NULL, NULL },
};
