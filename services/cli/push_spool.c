/* push_spool.c - whose spool it is, and how rows come into it. */
#include "common/clock.h"
#include "common/mp.h"
#include "common/place.h"
#include "proto/codec.h"
#include "services/cli/push.h"

#include <string.h>
#include <unistd.h>

enum { AGAIN_MAX = 1000 };

/* --- the spool --- */

static bool is_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    return size > 0 && !name[size] && size <= PUBLISHER_MAX && name[0] != '.';
}

const char *push_publisher(const struct cli *cli, const char *standard, struct why *why)
{
    const char *name = cli->as ? cli->as : standard;

    if (!name) {
        (void)why_set(why, ERR_CONFIG, "PUBLISHER",
                      "say who publishes: --as NAME, or OCOP_PUBLISHER in the environment");
        return NULL;
    }
    if (event_publisher_is_house(slice_text(name))) {
        (void)why_set(why, ERR_CONFIG, "PUBLISHER",
                      "\"%s\" is the name of a service, which speaks for itself; say your own name with --as",
                      name);
        return NULL;
    }
    if (is_name(name)) return name;
    (void)why_set(why, ERR_CONFIG, "PUBLISHER",
                  "\"%s\" is no publisher's name; it has 1 to %d letters a-z, A-Z, digits, '-', '_' and '.'",
                  name, PUBLISHER_MAX);
    return NULL;
}

static enum err spool_file(const char *name, char path[CONFIG_TEXT_MAX], struct why *why)
{
    char pattern[CONFIG_TEXT_MAX];

    snprintf(pattern, sizeof pattern, "{state}/spool-%s.db", name);
    return place_expand(pattern, path, why);
}

enum err push_spool(const struct cli *cli, const char *standard, struct spool **out, struct why *why)
{
    char path[CONFIG_TEXT_MAX];
    const char *name = push_publisher(cli, standard, why);
    enum err e;

    if (!name) return ERR_CONFIG;
    if (cli->spool) return spool_open(cli->spool, name, out, why);
    e = spool_file(name, path, why);
    return e ? e : spool_open(path, name, out, why);
}

enum err push_spool_there(const struct cli *cli, struct why *why)
{
    char path[CONFIG_TEXT_MAX];
    const char *name = push_publisher(cli, NULL, why), *file = cli->spool ? cli->spool : path;
    enum err e = name ? ERR_NONE : ERR_CONFIG;

    if (!e && !cli->spool) e = spool_file(name, path, why);
    if (!e && access(file, F_OK))
        e = why_set(why, ERR_CONFIG, "SPOOL", "%s has pushed nothing from here: there is no %s", name, file);
    return e;
}

/* --- rows into the spool --- */

/* Events of which a later one replaces the earlier about the same: the fields that say what it is about. For
 * these the same row may be meant anew: 79 points, corrected to 74, and back to 79. */
static const struct {
    const char *type, *fields[3];
} replacing[] = {
    { "scoring.sheet.submitted", { "council", "member", "dossier" } },
    { "intake.dossier.supplemented", { "dossier", NULL, NULL } },
};

static void find_about(const char *type, const msgpack_object *map, char about[HASH_ID_TEXT + 1])
{
    struct slice parts[4] = { slice_text(type), { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

    about[0] = 0;
    for (size_t i = 0; i < sizeof replacing / sizeof *replacing; i++) {
        size_t n = 1;

        if (strcmp(replacing[i].type, type)) continue;
        for (size_t f = 0; f < 3 && replacing[i].fields[f]; f++)
            (void)mp_text(mp_find(map, replacing[i].fields[f]), &parts[n++]);
        hash_id(parts, n, about);
    }
}

/* What the row's data says: the subject of its envelope, and what it is about. The subject borrows from
 * `data`. */
static enum err look_into(const char *type, struct slice data, struct slice *subject,
                          char about[HASH_ID_TEXT + 1])
{
    struct why why = { 0 };
    msgpack_object map;
    msgpack_zone zone;
    enum err e;

    if (!msgpack_zone_init(&zone, 4096)) return ERR_NOMEM;
    e = mp_read(data, &zone, &map, &why);
    if (!e) *subject = rows_subject(&map);
    if (!e) find_about(type, &map, about);
    msgpack_zone_destroy(&zone);
    return e;
}

static enum err add_event(struct spool *sp, const char *type, const char *province, const char *file,
                          uint32_t line, const char *id, struct slice data, bool *added, struct why *why)
{
    char topic[TOPIC_MAX + 1], about[HASH_ID_TEXT + 1];
    struct buf envelope = { 0 };
    struct spool_row row = { .file = slice_text(file), .line = line, .time_ms = clock_wall_ms() };
    struct envelope env = { .id = slice_text(id),
                            .source = slice_text(spool_publisher(sp)),
                            .type = slice_text(type),
                            .time_ms = row.time_ms };
    const struct event_kind *kind = event_kind_find(slice_text(type));
    enum err e = look_into(type, data, &row.subject, about);

    if (e) return e;
    row.fact = kind && !event_is_request(kind);
    snprintf(topic, sizeof topic, "%s.%s", type, province);
    env.subject = row.subject;
    e = envelope_write(&env, data, &envelope);
    if (!e) {
        row.event = slice_text(id);
        row.type = slice_text(type);
        row.about = slice_text(about);
        row.topic = slice_text(topic);
        row.envelope = buf_slice(&envelope);
        e = spool_add(sp, &row, added, why);
    }
    buf_fini(&envelope);
    return e;
}

/* The id of the n-th time the same row is said: 0 is the row's own. */
static void again_id(const struct spool *sp, const struct row_event *row, unsigned n,
                     char id[HASH_ID_TEXT + 1])
{
    char time[16];
    struct slice parts[4] = { slice_text(spool_publisher(sp)),
                              slice_text(row->kind->type),
                              slice_of(row->data, row->size),
                              { NULL, 0 } };

    snprintf(time, sizeof time, "%u", n);
    parts[3] = slice_text(time);
    hash_id(parts, n ? 4 : 3, id);
}

/* A council may close once more, in the same words: what was held may be ready then. */
static bool is_closing(const struct row_event *row)
{
    return !strcmp(row->kind->type, "scoring.round.closed");
}

/* Where a row stands that was said before. */
struct before {
    bool spurned, replaced; /* refused or returned; followed by another about the same */
    bool closed;            /* a closing that was answered */
    char file[256];
    int64_t line;
};

static enum err look_before(struct spool *sp, const struct row_event *row, const char *about, const char *id,
                            struct before *b, struct why *why)
{
    struct spool_past past = { .open = true };
    enum err e = ERR_NONE;

    memset(b, 0, sizeof *b);
    if (is_closing(row)) e = spool_past(sp, slice_text(id), &past, why);
    if (e == ERR_NOT_FOUND) e = ERR_NONE;
    b->closed = !past.open;
    if (!e) e = spool_spurned(sp, slice_text(id), &b->spurned, why);
    if (!e)
        e = spool_replaced(sp, slice_text(id), slice_text(about), &b->replaced, b->file, sizeof b->file,
                           &b->line, why);
    return e;
}

/* The first time that is not over: said now, or waiting, or standing. So --again twice does no harm either.
 * Without --again a row that was replaced since is the caller's to judge: *b says by what. */
static enum err choose_id(struct spool *sp, const struct row_event *row, bool again,
                          char id[HASH_ID_TEXT + 1], struct before *b, struct why *why)
{
    char about[HASH_ID_TEXT + 1];
    struct slice subject;
    enum err e = look_into(row->kind->type, slice_of(row->data, row->size), &subject, about);
    struct before last = { 0 };

    for (unsigned n = 0; !e && n < AGAIN_MAX; n++) {
        again_id(sp, row, n, id);
        e = look_before(sp, row, about, id, b, why);
        if (e || (!b->spurned && !b->replaced && !(again && b->closed))) return e;
        if (again) continue;
        /* Perhaps it was said again since: then that is where it stands. */
        last = *b;
        again_id(sp, row, n + 1, id);
        if (!spool_has(sp, slice_text(id))) {
            again_id(sp, row, n, id);
            *b = last;
            return ERR_NONE;
        }
    }
    if (e) return e;
    return why_set(why, ERR_LIMIT, "AGAIN", "%s:%u: this row was said %d times", row->file, row->line,
                   AGAIN_MAX);
}

/* --- rows that were said before --- */

enum { SAID_SHOWN = 20 };

struct adding {
    struct spool *sp;
    struct rows *rows;
    bool again, cut_short; /* an earlier call did not come to its end: this one goes on with it */
    size_t known, told;
};

/* Nothing is sent of it; who says it again must hear so, and what can be done. */
static void tell_said(struct adding *a, const struct row_event *r, const struct spool_past *past)
{
    const bool elsewhere = strcmp(past->file, r->file) || past->line != r->line;

    if (past->open || (a->told == SAID_SHOWN && !past->gone_line && !is_closing(r))) return;
    if (!past->gone_line && !is_closing(r)) a->told++;
    fprintf(a->rows->out, "%s:%u: was said before", r->file, r->line);
    if (elsewhere) fprintf(a->rows->out, " (%s:%lld)", past->file, (long long)past->line);
    fputs(" and is not sent again; its verdict then: ", a->rows->out);
    if (past->spurned)
        fputs("refused or returned; --again sends it once more", a->rows->out);
    else if (past->gone_line)
        fprintf(a->rows->out,
                "accepted; but the dossier was withdrawn since (%s:%lld): to hand it in anew, give it a new "
                "reference",
                past->gone_file, (long long)past->gone_line);
    else if (is_closing(r))
        fprintf(a->rows->out,
                "accepted, %lld held; to close once more, say something else in remark, or push with --again",
                (long long)past->held);
    else
        fputs("accepted", a->rows->out);
    fputc('\n', a->rows->out);
}

/* A closing that left something is meant anew when it is said anew. */
static enum err check_closing(struct adding *a, const struct row_event *r, const char *id, bool *refused,
                              struct why *why)
{
    struct spool_past past;
    enum err e = spool_past(a->sp, slice_text(id), &past, why);

    *refused = false;
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    if (past.open || past.held == 0 || a->cut_short) return ERR_NONE;
    rows_problem(
        a->rows, r->file, r->line, NULL,
        "this closing was said before, by %s:%lld, and left %lld without result; to close once more, "
        "say something else in remark, or push with --again",
        past.file, (long long)past.line, (long long)past.held);
    *refused = true;
    return ERR_NONE;
}

static enum err add_row(struct adding *a, const struct row_event *r, struct why *why)
{
    char id[HASH_ID_TEXT + 1];
    struct spool_past past;
    struct before b;
    bool added = false, refused = false;
    enum err e = choose_id(a->sp, r, a->again, id, &b, why);

    if (!e && is_closing(r)) e = check_closing(a, r, id, &refused, why);
    if (e || refused) return e;
    if (b.replaced && !a->again) {
        rows_problem(a->rows, r->file, r->line, NULL,
                     "this was said before, and replaced since by %s:%lld; to say it anew, push with --again",
                     b.file, (long long)b.line);
        return ERR_NONE;
    }
    e = add_event(a->sp, r->kind->type, r->province, r->file, r->line, id, slice_of(r->data, r->size), &added,
                  why);
    if (e || added) return e;
    a->known++;
    e = spool_past(a->sp, slice_text(id), &past, why);
    if (!e) tell_said(a, r, &past);
    return e;
}

enum err push_rows(struct spool *sp, struct rows *rows, bool again, size_t *known, struct why *why)
{
    struct adding a = { .sp = sp, .rows = rows, .again = again };
    enum err e = spool_begin(sp, why);

    /* What replaces a row within the same call does not count: the whole file is said again, in its order. */
    for (size_t i = 0; !e && i < rows->count; i++)
        e = spool_said(sp, slice_text(rows->list[i].id), why);
    if (!e) e = spool_cut_short(sp, &a.cut_short, why);
    for (size_t i = 0; !e && i < rows->count; i++)
        e = add_row(&a, &rows->list[i], why);
    *known = a.known;
    if (!e && !rows->problems) return spool_commit(sp, why);
    spool_rollback(sp);
    return e;
}

enum err push_event(struct spool *sp, const char *type, const char *file, struct slice data, bool unique,
                    struct why *why)
{
    char id[HASH_ID_TEXT + 1], salt[32];
    struct slice parts[4] = { slice_text(spool_publisher(sp)), slice_text(type), data, { NULL, 0 } };
    bool added = false;
    enum err e;

    snprintf(salt, sizeof salt, "%lld", (long long)clock_wall_ms());
    parts[3] = slice_text(salt);
    hash_id(parts, unique ? 4 : 3, id);
    e = spool_begin(sp, why);
    if (!e) e = add_event(sp, type, "00", file, 1, id, data, &added, why);
    if (!e) e = spool_commit(sp, why);
    if (e) spool_rollback(sp);
    return e;
}
