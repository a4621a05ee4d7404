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

static void pack_day(msgpack_packer *p, const char *key, int32_t day)
{
    char text[CLOCK_DAY_TEXT + 1];

    clock_day_text(day, text);
    buf_pack_text(p, key);
    buf_pack_text(p, text);
}

enum { SHORT_FIELDS = 8, LONG_FIELDS = 7 };

static void pack_short(msgpack_packer *p, const struct certificate *c)
{
    pack_text(p, "certificate", c->certificate);
    pack_text(p, "product", c->product);
    pack_text(p, "name", c->name);
    pack_text(p, "owner", c->owner);
    pack_number(p, "star", c->star);
    pack_day(p, "issued_on", c->issued_on);
    pack_day(p, "ends_on", c->ends_on);
    pack_text(p, "number", c->number);
}

/* What ended it early stands beside it, when something did: a newer certificate, or a decision on a ground.
 */
static void pack_whole(msgpack_packer *p, const struct certificate *c)
{
    msgpack_pack_map(p, SHORT_FIELDS + LONG_FIELDS + (c->has_left_on ? 1 : 0));
    pack_short(p, c);
    pack_text(p, "id", c->issued);
    pack_text(p, "province", c->province);
    pack_text(p, "authority", c->authority);
    pack_text(p, "rated", c->rated);
    pack_text(p, "state", c->state);
    pack_text(p, "left_by", c->left_by);
    pack_text(p, "ground", c->ground);
    if (c->has_left_on) pack_day(p, "left_on", c->left_on);
}

static enum err bad_argument(struct why *why, const char *name)
{
    return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "the question needs %s, as text", name);
}

/* --- the questions --- */

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

static enum err answer_fact(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                            struct buf *answer, struct why *why)
{
    const msgpack_object *said = mp_find(arguments, "type"), *where = mp_find(arguments, "province");
    struct slice key, type = slice_text("certification.certificate.issued"), province = { NULL, 0 };
    struct certificate c;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "key"), &key)) return bad_argument(why, "key");
    if (said && !mp_text(said, &type)) return bad_argument(why, "type");
    if (where && !mp_text(where, &province)) return bad_argument(why, "province");
    if (!slice_is(type, "certification.certificate.issued"))
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT",
                       "certification knows facts of type certification.certificate.issued, not %.*s",
                       SLICE_ARG(type));
    e = store_find_certificate(s, key, zone, &c);
    if (e == ERR_NOT_FOUND) e = store_find_latest(s, key, zone, &c);
    if (e == ERR_NOT_FOUND) e = find_by_reference(s, key, province, zone, &c, why);
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 3);
    pack_text(&p, "id", c.issued);
    pack_text(&p, "product", c.product);
    pack_text(&p, "certificate", c.certificate);
    return answer->failed;
}

static enum err answer_certificate(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                                   struct buf *answer, struct why *why)
{
    struct certificate c;
    struct slice number;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "certificate"), &number)) return bad_argument(why, "certificate");
    e = store_find_certificate(s, number, zone, &c);
    if (e == ERR_NOT_FOUND)
        return why_set(why, e, "NOT_FOUND", "there is no certificate %.*s", SLICE_ARG(number));
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    pack_whole(&p, &c);
    return answer->failed;
}

static enum err answer_product(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    struct store_certificate *first = NULL;
    struct slice product;
    size_t count = 0;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "product"), &product)) return bad_argument(why, "product");
    e = store_list_by_product(s, product, zone, &first, &count);
    if (e) return e;
    if (!first)
        return why_set(why, ERR_NOT_FOUND, "NOT_FOUND", "no certificate is of a product of code %.*s",
                       SLICE_ARG(product));
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 2);
    pack_text(&p, "product", product);
    buf_pack_text(&p, "certificates");
    msgpack_pack_array(&p, count);
    for (const struct store_certificate *c = first; c; c = c->next)
        pack_whole(&p, &c->row);
    return answer->failed;
}

static enum err answer_summary(struct store *s, const msgpack_object *arguments, msgpack_zone *zone,
                               struct buf *answer, struct why *why)
{
    struct store_certificate *first = NULL;
    int64_t stars[6] = { 0 };
    struct slice text;
    int32_t day = 0;
    size_t count = 0;
    msgpack_packer p;
    enum err e;

    if (!mp_text(mp_find(arguments, "day"), &text) || clock_day_parse(text, &day))
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "the question needs day, as 2018-12-31");
    e = store_list_valid_on(s, day, zone, &first, &count);
    if (e) return e;
    for (const struct store_certificate *c = first; c; c = c->next)
        if (c->row.star >= 0 && c->row.star < 6) stars[c->row.star]++;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 6);
    pack_day(&p, "day", day);
    pack_number(&p, "three", stars[3]);
    pack_number(&p, "four", stars[4]);
    pack_number(&p, "five", stars[5]);
    pack_number(&p, "total", (int64_t)count);
    buf_pack_text(&p, "certificates");
    msgpack_pack_array(&p, count);
    for (const struct store_certificate *c = first; c; c = c->next) {
        msgpack_pack_map(&p, SHORT_FIELDS);
        pack_short(&p, &c->row);
    }
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
