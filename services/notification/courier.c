#include "services/notification/courier.h"

#include "common/config.h"
#include "common/logline.h"
#include "common/place.h"
#include "common/text.h"
#include "proto/codec.h"
#include "services/notification/contacts.h"
#include "services/notification/outbox.h"
#include "services/notification/template.h"

#include <unistd.h>

static const char courier_schema_sql[] =
    "-- What the courier has said of each message; the files themselves lie in the outbox.\n"
    "CREATE TABLE delivered(\n"
    "    message TEXT PRIMARY KEY,\n"
    "    channel TEXT NOT NULL,\n"
    "    failed INTEGER NOT NULL CHECK(failed IN (0, 1))\n"
    ") STRICT;\n";

static const char channel[] = "file";

enum { SENTENCE_BYTES_MAX = 300 /* message.failed takes that many letters, so surely that many bytes */ };

struct courier_store {
    sqlite3_stmt *add, *count;
    struct template_set templates;
    struct contacts contacts;
    char outbox[CONFIG_TEXT_MAX], contacts_file[CONFIG_TEXT_MAX];
    bool on_paper_only; /* the store is in memory: say what would be, and leave the world alone */
};

/* --- opening --- */

static enum err open_statements(struct courier_store *s, sqlite3 *db, struct why *why)
{
    enum err e =
        db_prepare(db, "INSERT INTO delivered(message, channel, failed) VALUES(?1, ?2, ?3)", &s->add, why);

    if (!e)
        e = db_prepare(
            db,
            "SELECT count(*) FILTER (WHERE failed = 0), count(*) FILTER (WHERE failed = 1) FROM delivered",
            &s->count, why);
    return e;
}

static enum err courier_open(void *store, sqlite3 *db, struct why *why)
{
    struct courier_store *s = store;
    const char *file = sqlite3_db_filename(db, "main");
    char templates[CONFIG_TEXT_MAX];
    enum err e = open_statements(s, db, why);

    s->on_paper_only = !file || file[0] == '\0';
    if (!e) e = place_expand("{state}/outbox", s->outbox, why);
    if (!e) e = place_expand("{state}/contacts.csv", s->contacts_file, why);
    if (!e) e = place_expand("{state}/templates", templates, why);
    if (!e && !s->on_paper_only) e = outbox_make(s->outbox, why);
    if (!e) e = template_set_load(&s->templates, access(templates, F_OK) == 0 ? templates : NULL, why);
    if (!e) e = contacts_refresh(&s->contacts, s->contacts_file, why);
    return e;
}

static void courier_close(void *store)
{
    struct courier_store *s = store;

    sqlite3_finalize(s->add);
    sqlite3_finalize(s->count);
    s->add = s->count = NULL;
    template_set_fini(&s->templates);
    contacts_fini(&s->contacts);
}

/* --- one letter --- */

static void add_header(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, "%s: ", name);
    for (size_t i = 0; i < value.size; i++)
        buf_add(out, (unsigned char)value.data[i] < 0x20 ? " " : &value.data[i], 1);
    buf_add_text(out, "\n");
}

static void add_to(struct buf *out, const struct contact *contact, struct slice recipient)
{
    struct buf to = { 0 };

    if (!contact)
        buf_add(&to, recipient.data, recipient.size);
    else if (contact->name[0])
        buf_printf(&to, "%s <%s>", contact->name, contact->address);
    else
        buf_add_text(&to, contact->address);
    add_header(out, "To", buf_slice(&to));
    if (to.failed) out->failed = to.failed;
    buf_fini(&to);
}

/* How the text addresses the recipient: by the contact's name, else by what the key says. */
static struct slice addressed(const struct contact *contact, struct slice recipient)
{
    const struct slice owner = slice_text("owner:");

    if (contact && contact->name[0]) return slice_text(contact->name);
    if (slice_starts(recipient, owner))
        return slice_of(recipient.data + owner.size, recipient.size - owner.size);
    return recipient;
}

static enum err add_texts(struct buf *out, const struct courier_store *s, const struct message_queued *m,
                          struct slice to, struct why *why)
{
    struct buf subject[LANGUAGES] = { { 0 }, { 0 } }, body[LANGUAGES] = { { 0 }, { 0 } }, both = { 0 };
    enum err e = ERR_NONE;

    for (int i = 0; !e && i < LANGUAGES; i++) {
        const char *text = template_find(&s->templates, m->template, (enum language)i);

        if (!text)
            e = why_set(why, ERR_INVALID, "TEMPLATE", "this courier has no text called %.*s",
                        SLICE_ARG(m->template));
        else
            e = template_render(text, (enum language)i, m, to, &subject[i], &body[i], why);
    }
    if (!e) {
        buf_printf(&both, "%.*s | %.*s", SLICE_ARG(buf_slice(&subject[LANGUAGE_VI])),
                   SLICE_ARG(buf_slice(&subject[LANGUAGE_EN])));
        add_header(out, "Subject", buf_slice(&both));
        buf_printf(out, "OCOP-Message: %.*s\nContent-Type: text/plain; charset=utf-8\n\n",
                   SLICE_ARG(m->message));
        buf_add(out, body[LANGUAGE_VI].data, body[LANGUAGE_VI].size);
        buf_add_text(out, "\n----------\n\n");
        buf_add(out, body[LANGUAGE_EN].data, body[LANGUAGE_EN].size);
        e = both.failed ? both.failed : out->failed;
    }
    for (int i = 0; i < LANGUAGES; i++) {
        buf_fini(&subject[i]);
        buf_fini(&body[i]);
    }
    buf_fini(&both);
    return e;
}

/* Contacts may be edited while we run; a file that cannot be read yet leaves those we have. */
static void refresh_contacts(struct courier_store *s)
{
    char quoted[WHY_SENTENCE_MAX + 2];
    struct why why = { 0 };

    if (contacts_refresh(&s->contacts, s->contacts_file, &why))
        log_line(LOG_WARN, "contacts", "reason=%s", log_quote(why.sentence, quoted, sizeof quoted));
}

static enum err deliver(struct courier_store *s, const struct message_queued *m, struct why *why)
{
    const struct contact *contact;
    struct buf letter = { 0 };
    enum err e;

    refresh_contacts(s);
    contact = contacts_find(&s->contacts, m->recipient);
    add_to(&letter, contact, m->recipient);
    e = add_texts(&letter, s, m, addressed(contact, m->recipient), why);
    if (!e && !s->on_paper_only) e = outbox_write(s->outbox, m->message, buf_slice(&letter), why);
    buf_fini(&letter);
    return e;
}

/* --- handlers --- */

static enum err announce_failed(struct turn *turn, const struct record *rec, struct slice message,
                                const struct why *reason)
{
    struct slice sentence = slice_text(reason->sentence);
    struct message_failed failed;

    if (sentence.size > SENTENCE_BYTES_MAX) sentence.size = SENTENCE_BYTES_MAX;
    while (!text_is_utf8(sentence))
        sentence.size--; /* the cut went through a letter */
    failed = (struct message_failed){ message, slice_text(channel), sentence };
    return message_failed_announce(turn, topic_province(rec->topic), message, &failed);
}

static enum err decide_message_queued(struct turn *turn, const struct record *rec)
{
    struct message_delivered delivered;
    struct message_queued m;
    struct why reason = { 0 };
    enum err e = message_queued_decode(turn_envelope(turn), turn_zone(turn), &m, turn_why(turn));

    if (e) return e;
    e = deliver(turn_store(turn), &m, &reason);
    if (e && err_fate(e) == FATE_REFUSED) {
        (void)why_set(&reason, e, err_name(e), "%s", err_sentence(e));
        return announce_failed(turn, rec, m.message, &reason);
    }
    if (e)
        return why_set(turn_why(turn), e, "OUTBOX", "%s",
                       reason.sentence[0] ? reason.sentence : err_sentence(e));
    delivered = (struct message_delivered){ m.message, slice_text(channel) };
    return message_delivered_announce(turn, topic_province(rec->topic), m.message, &delivered);
}

static enum err note(struct turn *turn, struct slice message, struct slice by, bool failed)
{
    struct courier_store *s = turn_store(turn);

    db_bind_text(s->add, 1, message);
    db_bind_text(s->add, 2, by);
    db_bind_i64(s->add, 3, failed);
    return db_run(s->add);
}

static enum err apply_message_delivered(struct turn *turn, const struct record *outcome,
                                        const struct record *cause)
{
    struct message_delivered delivered;
    enum err e = message_delivered_decode(turn_envelope(turn), turn_zone(turn), &delivered, turn_why(turn));

    (void)outcome, (void)cause;
    return e ? e : note(turn, delivered.message, delivered.channel, false);
}

static enum err apply_message_failed(struct turn *turn, const struct record *outcome,
                                     const struct record *cause)
{
    struct message_failed failed;
    enum err e = message_failed_decode(turn_envelope(turn), turn_zone(turn), &failed, turn_why(turn));

    (void)outcome, (void)cause;
    return e ? e : note(turn, failed.message, failed.channel, true);
}

static enum err answer_summary(void *store, const msgpack_object *arguments, struct buf *answer,
                               struct why *why)
{
    struct courier_store *s = store;
    msgpack_packer p;
    bool row = false;
    enum err e = db_step(s->count, &row);

    (void)arguments, (void)why;
    if (e) return e;
    if (!row) return ERR_CORRUPT; /* a count always has one row */
    msgpack_packer_init(&p, answer, buf_pack_write);
    msgpack_pack_map(&p, 2);
    buf_pack_text(&p, "delivered");
    msgpack_pack_int64(&p, db_i64(s->count, 0));
    buf_pack_text(&p, "failed");
    msgpack_pack_int64(&p, db_i64(s->count, 1));
    db_done(s->count);
    return answer->failed;
}

/* Our own words stand on notification's topics, so we follow those too: a rebuild reads them there. */
static const char *const prefixes[] = { "notification.message.", "courier.", "operator.", NULL };

static const struct route routes[] = {
    { "notification.message.queued", decide_message_queued, NULL, NULL },
    { "notification.message.delivered", NULL, apply_message_delivered, NULL },
    { "notification.message.failed", NULL, apply_message_failed, NULL },
    { NULL, NULL, NULL, NULL },
};

static const struct question questions[] = {
    { "summary", answer_summary },
    { NULL, NULL },
};

const struct service courier_service = {
    .name = "courier",
    .prefixes = prefixes,
    .routes = routes,
    .questions = questions,
    .schema = courier_schema_sql,
    .program = 1,
    .store_bytes = sizeof(struct courier_store),
    .store_open = courier_open,
    .store_close = courier_close,
};
