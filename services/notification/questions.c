/* questions.c - read-only answers from notification's store; handler.h lists them. */
#include "common/clock.h"
#include "common/mp.h"
#include "services/notification/handler_inside.h"

static void pack_count(msgpack_packer *p, const char *name, int64_t value)
{
    buf_pack_text(p, name);
    msgpack_pack_int64(p, value);
}

static enum err answer_summary(void *store, const msgpack_object *arguments, struct buf *answer,
                               struct why *why)
{
    struct message_counts counts;
    msgpack_packer p;
    enum err e = store_count_messages(store, &counts);

    (void)arguments, (void)why;
    if (e) return e;
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 6);
    pack_count(&p, "messages", counts.messages);
    pack_count(&p, "queued", counts.queued);
    pack_count(&p, "failed", counts.failed);
    pack_count(&p, "delivered", counts.delivered);
    pack_count(&p, "received", counts.received);
    pack_count(&p, "missed", counts.missed);
    return answer->failed;
}

static void pack_pair(msgpack_packer *p, const char *name, struct slice value)
{
    buf_pack_text(p, name);
    buf_pack_str(p, value);
}

static void pack_day(msgpack_packer *p, const char *name, int32_t day)
{
    char text[CLOCK_DAY_TEXT + 1];

    clock_day_text(day, text);
    pack_pair(p, name, slice_text(text));
}

static enum err pack_message(const struct message_row *row, struct buf *answer)
{
    size_t optional = (size_t)(row->product.size > 0) + (size_t)(row->certificate.size > 0) + row->has_day +
                      row->has_received_on;
    msgpack_packer p;

    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 5 + optional);
    pack_pair(&p, "message", row->message);
    pack_pair(&p, "recipient", row->recipient);
    pack_pair(&p, "template", row->template_name);
    pack_pair(&p, "about", row->about);
    pack_pair(&p, "state", slice_text(message_state_word(&row->state)));
    if (row->product.size > 0) pack_pair(&p, "product", row->product);
    if (row->certificate.size > 0) pack_pair(&p, "certificate", row->certificate);
    if (row->has_day) pack_day(&p, "day", row->day);
    if (row->has_received_on) pack_day(&p, "received_on", row->received_on);
    return answer->failed;
}

static enum err answer_message(void *store, const msgpack_object *arguments, struct buf *answer,
                               struct why *why)
{
    msgpack_zone *zone;
    struct message_row row;
    struct slice message;
    enum err e;

    if (!mp_text(mp_find(arguments, "message"), &message))
        return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "the question names no message: give {message: ID}");
    zone = msgpack_zone_new(1024);
    if (!zone) return ERR_NOMEM;
    e = store_find_message(store, message, zone, &row);
    if (e == ERR_NOT_FOUND)
        (void)why_set(why, e, "NOT_FOUND", "no message has the id %.*s", SLICE_ARG(message));
    if (!e) e = pack_message(&row, answer);
    msgpack_zone_free(zone);
    return e;
}

/* --- deadlines --- */

enum { LIST_DEFAULT = 1000 };

static enum err bad_argument(struct why *why, const char *rule)
{
    return why_set(why, ERR_INVALID, "BAD_ARGUMENT", "%s", rule);
}

static enum err read_filter(const msgpack_object *arguments, struct deadline_filter *f, struct why *why)
{
    const msgpack_object *what = mp_find(arguments, "what"), *state = mp_find(arguments, "state"),
                         *who = mp_find(arguments, "who"), *limit = mp_find(arguments, "limit");
    struct slice word;

    *f = (struct deadline_filter){ .who = slice_text(""), .limit = LIST_DEFAULT };
    if (what && !(f->has_what = mp_text(what, &word) && deadline_due_find(word, &f->what)))
        return bad_argument(why, "what is report, commune, supplement, round_cutoff, round_end, re_rating, "
                                 "transition or withdrawal");
    if (state && !(f->has_state = mp_text(state, &word) && deadline_state_find(word, &f->state)))
        return bad_argument(why, "state is open, neared, missed or done");
    if (who && !mp_text(who, &f->who))
        return bad_argument(why, "who is a recipient: province:06, commune:06-01234, owner:NAME or ministry");
    if (limit && (!mp_i64(limit, &f->limit) || f->limit < 1 || f->limit > STORE_LIST_MAX))
        return bad_argument(why, "limit is a number from 1 to 10000");
    return ERR_NONE;
}

static void pack_deadline(msgpack_packer *p, const struct deadline *d)
{
    size_t optional = (size_t)(d->about.size > 0) + (size_t)(d->near_on != NOT_SAID) +
                      (size_t)(d->open != NOT_SAID) + (size_t)(d->name.size > 0);

    msgpack_pack_map(p, 5 + optional);
    pack_pair(p, "what", slice_text(due_word(d->what)));
    pack_pair(p, "who", d->who);
    pack_pair(p, "province", d->province);
    pack_day(p, "due_before", d->due_before);
    pack_pair(p, "state", slice_text(deadline_state_word(d->state)));
    if (d->about.size > 0) pack_pair(p, "about", d->about);
    if (d->near_on != NOT_SAID) pack_day(p, "near_on", d->near_on);
    if (d->open != NOT_SAID) pack_count(p, "open", d->open);
    if (d->name.size > 0) pack_pair(p, "name", d->name);
}

static enum err answer_deadlines(void *store, const msgpack_object *arguments, struct buf *answer,
                                 struct why *why)
{
    struct deadline_filter filter;
    struct deadline *rows = NULL;
    msgpack_zone *zone;
    size_t count = 0;
    msgpack_packer p;
    enum err e = read_filter(arguments, &filter, why);

    if (e) return e;
    zone = msgpack_zone_new(64 * 1024);
    if (!zone) return ERR_NOMEM;
    e = store_list_deadlines(store, &filter, zone, &rows, &count);
    if (!e) {
        msgpack_packer_init(&p, answer, buf_pack_write);
        msgpack_pack_map(&p, 1);
        buf_pack_text(&p, "deadlines");
        msgpack_pack_array(&p, count);
        for (size_t i = 0; i < count; i++)
            pack_deadline(&p, &rows[i]);
        e = answer->failed;
    }
    msgpack_zone_free(zone);
    return e;
}

const struct question notification_questions[] = {
    { "summary", answer_summary },
    { "message", answer_message },
    { "deadlines", answer_deadlines },
    { NULL, NULL },
};
