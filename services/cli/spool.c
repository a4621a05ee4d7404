#include "services/cli/spool.h"

#include "common/envelope.h"
#include "services/cli/spool_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

extern const char cli_schema_sql[];

/* Which rows this run tells of, and which it was given: lists of this connection alone. */
static const char report_sql[] = "CREATE TEMP TABLE report(event TEXT PRIMARY KEY) WITHOUT ROWID;"
                                 "CREATE TEMP TABLE said(event TEXT PRIMARY KEY) WITHOUT ROWID;"
                                 "CREATE TEMP TABLE withdrawn(dossier TEXT PRIMARY KEY, event TEXT NOT NULL) "
                                 "WITHOUT ROWID";

enum err spool_failed(const struct spool *sp, enum err e, struct why *why)
{
    if (!e) return ERR_NONE;
    return why_set(why, e, "SPOOL", "%s: %s%s", sp->path, sqlite3_errmsg(sp->db),
                   e == ERR_FULL ? "; make room on its disk, then give the same command again" : "");
}

enum err spool_do(struct spool *sp, enum spool_statement which, struct why *why)
{
    return spool_failed(sp, db_run(sp->s[which]), why);
}

enum err spool_exec(struct spool *sp, const char *sql, struct why *why)
{
    return spool_failed(sp, db_exec(sp->db, sql, NULL), why);
}

/* --- opening --- */

/* The lock is not on the database itself: closing a second descriptor of it would drop SQLite's own locks. */
static enum err take_lock(struct spool *sp, struct why *why)
{
    size_t size = strlen(sp->path) + 6;
    char *name = malloc(size);
    enum err e = ERR_NONE;

    if (!name) return ERR_NOMEM;
    snprintf(name, size, "%s.lock", sp->path);
    sp->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (sp->lock < 0) {
        e = why_set(why, ERR_IO, "SPOOL", "%s: %s", name, strerror(errno));
    } else if (flock(sp->lock, LOCK_EX | LOCK_NB)) {
        e = why_set(why, ERR_PROMISE, "SPOOL",
                    "%s: another ocop works with this spool; wait until it has ended", sp->path);
    }
    free(name);
    return e;
}

static enum err make_tables(struct spool *sp, struct why *why)
{
    sqlite3_stmt *s = NULL;
    struct hash none;
    enum err e = spool_begin(sp, why);

    memset(&none, 0, sizeof none);
    if (!e) e = spool_exec(sp, cli_schema_sql, why);
    if (!e) {
        e = db_prepare(sp->db, "INSERT INTO meta(one, publisher, epoch, seq, chain) VALUES(1, ?, ?, 0, ?)",
                       &s, why);
    }
    if (!e) {
        db_bind_text(s, 1, slice_text(sp->publisher));
        db_bind_u64(s, 2, hash_random_epoch());
        db_bind_hash(s, 3, &none);
        e = spool_failed(sp, db_run(s), why);
    }
    sqlite3_finalize(s);
    return e ? e : spool_commit(sp, why);
}

static enum err has_tables(struct spool *sp, bool *there, struct why *why)
{
    sqlite3_stmt *s = NULL;
    enum err e = db_prepare(sp->db, "SELECT 1 FROM sqlite_master WHERE name = 'meta'", &s, why);

    *there = false;
    if (!e) e = db_step(s, there);
    sqlite3_finalize(s);
    return e;
}

/* Spools of before there were versions have 0; their tables are those of version 1. */
static enum err check_version(struct spool *sp, struct why *why)
{
    sqlite3_stmt *s = NULL;
    int64_t version = 0;
    bool row = false;
    enum err e = db_prepare(sp->db, "PRAGMA user_version", &s, why);

    if (!e) e = db_step(s, &row);
    if (!e && row) version = db_i64(s, 0);
    sqlite3_finalize(s);
    if (e || version == SPOOL_VERSION) return e;
    if (version == 0) return spool_exec(sp, "PRAGMA user_version = 1", why);
    return why_set(why, ERR_CONFIG, "VERSION",
                   "%s: this spool is of version %" PRId64
                   ", and this ocop reads up to %d: a later release made it; "
                   "install that one",
                   sp->path, version, SPOOL_VERSION);
}

static enum err check_publisher(struct spool *sp, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(sp->db, "SELECT publisher FROM meta", &s, why);

    if (!e) e = db_step(s, &row);
    if (!e && !row) e = why_set(why, ERR_CORRUPT, "SPOOL", "%s: this is no spool", sp->path);
    if (!e && !slice_is(db_text(s, 0), sp->publisher)) {
        e = why_set(why, ERR_INVALID, "SPOOL",
                    "%s: this is the spool of %.*s, not of %s; name another with --spool", sp->path,
                    SLICE_ARG(db_text(s, 0)), sp->publisher);
    }
    sqlite3_finalize(s);
    return e;
}

static enum err prepare_all(struct spool *sp, struct why *why)
{
    static const char *const texts[] = {
#define X(name, sql) sql,
        SPOOL_STATEMENTS(X)
#undef X
    };
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < SPOOL_COUNT; i++)
        e = db_prepare(sp->db, texts[i], &sp->s[i], why);
    return e;
}

enum err spool_recall(struct spool *sp, struct why *why)
{
    sqlite3_stmt *s = NULL;
    bool row = false;
    enum err e = db_prepare(sp->db, "SELECT epoch, seq, chain, searching FROM meta", &s, why);

    if (!e) e = db_step(s, &row);
    if (!e && row) {
        sp->epoch = db_u64(s, 0);
        sp->seq = db_u64(s, 1);
        sp->searching = db_i64(s, 3) != 0;
        if (!db_hash(s, 2, &sp->chain))
            e = why_set(why, ERR_CORRUPT, "SPOOL", "%s: the cursor is no hash", sp->path);
    }
    sqlite3_finalize(s);
    if (e) return e;
    sp->last = 0;
    memset(&sp->hash, 0, sizeof sp->hash);
    db_bind_u64(sp->s[SPOOL_last], 1, sp->epoch);
    e = db_step(sp->s[SPOOL_last], &row);
    if (!e && row) {
        sp->last = db_u64(sp->s[SPOOL_last], 0);
        if (!db_hash(sp->s[SPOOL_last], 1, &sp->hash)) e = ERR_CORRUPT;
        db_done(sp->s[SPOOL_last]);
    }
    return e;
}

static enum err open_all(struct spool *sp, struct why *why)
{
    bool there = false;
    enum err e = take_lock(sp, why);

    if (!e) e = db_renew_wal(sp->path, why);
    if (!e) e = db_open(sp->path, DB_WRITE, &sp->db, why);
    if (!e) e = has_tables(sp, &there, why);
    if (!e && !there) e = make_tables(sp, why);
    if (!e) e = check_version(sp, why);
    if (!e) e = check_publisher(sp, why);
    if (!e) e = spool_exec(sp, report_sql, why);
    if (!e) e = prepare_all(sp, why);
    if (!e) e = spool_recall(sp, why);
    return e;
}

enum err spool_open(const char *path, const char *publisher, struct spool **out, struct why *why)
{
    struct spool *sp = calloc(1, sizeof *sp);
    enum err e;

    if (!sp) return ERR_NOMEM;
    sp->lock = -1;
    sp->path = strdup(path);
    if (strlen(publisher) > PUBLISHER_MAX) {
        e = why_set(why, ERR_INVALID, "SPOOL", "the publisher's name is longer than %d bytes", PUBLISHER_MAX);
    } else {
        snprintf(sp->publisher, sizeof sp->publisher, "%s", publisher);
        e = sp->path ? open_all(sp, why) : ERR_NOMEM;
    }
    if (e)
        spool_close(&sp);
    else
        *out = sp;
    return e;
}

void spool_close(struct spool **sp)
{
    if (!*sp) return;
    for (size_t i = 0; i < SPOOL_COUNT; i++)
        sqlite3_finalize((*sp)->s[i]);
    db_close(&(*sp)->db);
    if ((*sp)->lock >= 0) close((*sp)->lock);
    buf_fini(&(*sp)->batch);
    free((*sp)->path);
    free(*sp);
    *sp = NULL;
}

const char *spool_publisher(const struct spool *sp)
{
    return sp->publisher;
}

const char *spool_path(const struct spool *sp)
{
    return sp->path;
}

uint64_t spool_epoch(const struct spool *sp)
{
    return sp->epoch;
}

enum err spool_begin(struct spool *sp, struct why *why)
{
    return spool_exec(sp, "BEGIN IMMEDIATE", why);
}

enum err spool_commit(struct spool *sp, struct why *why)
{
    return spool_exec(sp, "COMMIT", why);
}

void spool_rollback(struct spool *sp)
{
    if (!sqlite3_get_autocommit(sp->db)) (void)db_exec(sp->db, "ROLLBACK", NULL);
    (void)spool_recall(sp, NULL);
}

/* --- rows come in --- */

static enum err report_row(struct spool *sp, struct slice event, struct why *why)
{
    db_bind_text(sp->s[SPOOL_report], 1, event);
    return spool_do(sp, SPOOL_report, why);
}

/* The log has this row from a spool that was lost: it is not said again, and the log is read again for its
 * verdict. */
static enum err adopt_stranger(struct spool *sp, struct slice event, bool *adopted, struct why *why)
{
    struct hash none;
    enum err e;

    memset(&none, 0, sizeof none);
    db_bind_text(sp->s[SPOOL_adopt], 1, event);
    e = spool_do(sp, SPOOL_adopt, why);
    if (e) return e;
    *adopted = sqlite3_changes(sp->db) > 0;
    if (!*adopted) return ERR_NONE;
    db_bind_text(sp->s[SPOOL_adopted], 1, event);
    e = spool_do(sp, SPOOL_adopted, why);
    return e ? e : spool_read_to(sp, 0, &none, why);
}

enum err spool_add(struct spool *sp, const struct spool_row *row, bool *added, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_insert], *find = sp->s[SPOOL_find];
    uint64_t number = sp->last + 1;
    struct hash hash = hash_running(&sp->hash, number, row->topic, row->envelope);
    bool there = false, adopted = false;
    enum err e;

    db_bind_text(find, 1, row->event);
    e = db_step(find, &there);
    if (there) db_done(find);
    *added = !there;
    if (e) return e;
    if (there) return report_row(sp, row->event, why);
    db_bind_u64(s, 1, sp->epoch);
    db_bind_u64(s, 2, number);
    db_bind_text(s, 3, row->file);
    db_bind_i64(s, 4, row->line);
    db_bind_text(s, 5, row->event);
    db_bind_text(s, 6, row->type);
    db_bind_text(s, 7, row->topic);
    db_bind_text(s, 8, row->subject);
    db_bind_bytes(s, 9, row->envelope);
    db_bind_i64(s, 10, row->time_ms);
    db_bind_hash(s, 11, &hash);
    db_bind_text(s, 12, row->about);
    db_bind_i64(s, 13, row->fact ? -1 : 0);
    e = spool_do(sp, SPOOL_insert, why);
    if (!e) e = adopt_stranger(sp, row->event, &adopted, why);
    if (e) return e;
    if (!adopted) {
        sp->last = number;
        sp->hash = hash;
    }
    return report_row(sp, row->event, why);
}

enum err spool_spurned(struct spool *sp, struct slice event, bool *spurned, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_spurned];
    enum err e;

    db_bind_text(s, 1, event);
    e = db_step(s, spurned);
    if (e) return spool_failed(sp, e, why);
    if (*spurned) db_done(s);
    return ERR_NONE;
}

enum err spool_said(struct spool *sp, struct slice event, struct why *why)
{
    db_bind_text(sp->s[SPOOL_said], 1, event);
    return spool_do(sp, SPOOL_said, why);
}

/* Step a statement of which at most one row is asked. */
static enum err one(struct spool *sp, sqlite3_stmt *s, bool *there, struct why *why)
{
    enum err e = db_step(s, there);

    return spool_failed(sp, e, why);
}

/* The id of an acceptance is made of the row's own: so a withdrawal that names it is found. */
static enum err find_gone(struct spool *sp, struct slice event, uint32_t ordinal, struct spool_past *out,
                          struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_gone];
    char dossier[HASH_ID_TEXT + 1];
    bool there = false;
    enum err e = sp->withdrawn ? ERR_NONE : spool_do(sp, SPOOL_withdrawn, why);

    if (e) return e;
    sp->withdrawn = true;
    envelope_outcome_id(slice_text("intake"), event, slice_text("intake.dossier.accepted"), ordinal, dossier);
    db_bind_text(s, 1, slice_text(dossier));
    e = one(sp, s, &there, why);
    if (e || !there) return e;
    snprintf(out->gone_file, sizeof out->gone_file, "%.*s", SLICE_ARG(db_text(s, 0)));
    out->gone_line = db_i64(s, 1);
    db_done(s);
    return ERR_NONE;
}

enum err spool_past(struct spool *sp, struct slice event, struct spool_past *out, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_past];
    struct spool_past past = { .open = true };
    bool there = false;
    int64_t ordinal;
    enum err e;

    db_bind_text(s, 1, event);
    e = one(sp, s, &there, why);
    if (e) return e;
    if (!there) return ERR_NOT_FOUND;
    snprintf(past.file, sizeof past.file, "%.*s", SLICE_ARG(db_text(s, 0)));
    past.line = db_i64(s, 1);
    past.spurned = slice_is(db_text(s, 2), "refused");
    past.open = !past.spurned && !slice_is(db_text(s, 2), "answered");
    past.spurned = past.spurned || (!past.open && db_i64(s, 3));
    past.held = db_i64(s, 4);
    ordinal = db_i64(s, 5);
    db_done(s);
    if (ordinal >= 0) e = find_gone(sp, event, (uint32_t)ordinal, &past, why);
    if (!e) *out = past;
    return e;
}

enum err spool_cut_short(struct spool *sp, bool *yes, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_cut_short];
    enum err e = one(sp, s, yes, why);

    if (!e && *yes) db_done(s);
    return e;
}

bool spool_has(struct spool *sp, struct slice event)
{
    sqlite3_stmt *find = sp->s[SPOOL_find];
    bool there = false;

    db_bind_text(find, 1, event);
    if (db_step(find, &there) == ERR_NONE && there) db_done(find);
    return there;
}

enum err spool_replaced(struct spool *sp, struct slice event, struct slice about, bool *replaced, char *file,
                        size_t size, int64_t *line, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_later];
    enum err e;

    *replaced = false;
    if (about.size == 0) return ERR_NONE;
    db_bind_text(s, 1, about);
    db_bind_text(s, 2, event);
    e = db_step(s, replaced);
    if (e) return spool_failed(sp, e, why);
    if (!*replaced) return ERR_NONE;
    snprintf(file, size, "%.*s", SLICE_ARG(db_text(s, 0)));
    *line = db_i64(s, 1);
    db_done(s);
    return ERR_NONE;
}

enum err spool_report_open(struct spool *sp, struct why *why)
{
    return spool_exec(
        sp,
        "INSERT OR IGNORE INTO report SELECT event FROM entry WHERE state IN ('waiting', 'stored', 'lost')",
        why);
}

enum err spool_report_since(struct spool *sp, int64_t since_ms, struct why *why)
{
    char sql[128];

    snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO report SELECT event FROM entry WHERE time_ms >= %lld",
             (long long)since_ms);
    return spool_exec(sp, sql, why);
}

/* --- telling --- */

enum err spool_counts(struct spool *sp, struct spool_counts *out, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_counts];
    bool row = true;
    enum err e = ERR_NONE;

    memset(out, 0, sizeof *out);
    while (!(e = db_step(s, &row)) && row) {
        struct slice state = db_text(s, 0);
        uint64_t count = db_u64(s, 1);

        if (slice_is(state, "stored"))
            out->stored = count;
        else if (slice_is(state, "answered"))
            out->answered = count;
        else if (slice_is(state, "refused"))
            out->refused = count;
        else
            out->waiting += count;
    }
    return spool_failed(sp, e, why);
}

enum { SPOOL_OUTCOMES_MAX = 4096 };

/* Outcomes borrow from the statement, which gives one row at a time: keep the texts in one buffer until told.
 */
static enum err tell_row(struct spool *sp, struct spool_told *told, spool_tell_fn tell, void *context)
{
    static struct spool_outcome outcomes[SPOOL_OUTCOMES_MAX];
    static size_t places[SPOOL_OUTCOMES_MAX];
    sqlite3_stmt *s = sp->s[SPOOL_outcomes];
    bool row = true;
    enum err e = ERR_NONE;

    buf_clear(&sp->batch);
    db_bind_text(s, 1, told->event);
    while (told->count < SPOOL_OUTCOMES_MAX && !(e = db_step(s, &row)) && row) {
        struct slice type = db_text(s, 0), data = db_text(s, 1);

        places[told->count] = sp->batch.size;
        outcomes[told->count].type.size = type.size;
        outcomes[told->count++].data.size = data.size;
        buf_add(&sp->batch, type.data, type.size);
        buf_add(&sp->batch, data.data, data.size);
    }
    db_done(s);
    if (e || sp->batch.failed) return e ? e : sp->batch.failed;
    for (size_t i = 0; i < told->count; i++) {
        outcomes[i].type.data = sp->batch.data + places[i];
        outcomes[i].data.data = outcomes[i].type.data + outcomes[i].type.size;
    }
    told->outcomes = outcomes;
    return tell(context, told);
}

enum err spool_tell(struct spool *sp, spool_tell_fn tell, void *context, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_tell];
    bool row = true;
    enum err e = ERR_NONE;

    while (!e && !(e = db_step(s, &row)) && row) {
        struct spool_told told = { .file = db_text(s, 0),
                                   .line = db_i64(s, 1),
                                   .event = db_text(s, 2),
                                   .type = db_text(s, 3),
                                   .subject = db_text(s, 4),
                                   .state = db_text(s, 5),
                                   .seq = db_i64(s, 6),
                                   .wanted = db_i64(s, 7),
                                   .seen = db_i64(s, 8),
                                   .code = db_text(s, 9),
                                   .sentence = db_text(s, 10),
                                   .time_ms = db_i64(s, 11) };

        e = tell_row(sp, &told, tell, context);
    }
    db_done(s);
    return e ? why_set(why, e, "SPOOL", "%s: %s", sp->path, err_sentence(e)) : ERR_NONE;
}

enum err spool_strangers(struct spool *sp, spool_stranger_fn tell, void *context, struct why *why)
{
    sqlite3_stmt *s = sp->s[SPOOL_strangers];
    bool row = true;
    enum err e = ERR_NONE;

    while (!e && !(e = db_step(s, &row)) && row)
        e = tell(context, db_u64(s, 0), db_text(s, 1), db_text(s, 2));
    db_done(s);
    return e ? why_set(why, e, "SPOOL", "%s: %s", sp->path, err_sentence(e)) : ERR_NONE;
}
