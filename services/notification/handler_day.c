/* handler_day.c - what a day finds near or missed. Each is announced once, also of days the broker slept
 * through: every day has its own clock.day.started. */
#include "common/clock.h"
#include "services/notification/handler_inside.h"

/* The outcomes of one day must fit into one PUBLISH. A day takes so many bytes of announcements and messages,
 * by an estimate that depends on the rows alone; what is over is found the next day, in the same order. */
enum {
    DAY_BYTES_MAX = 8 * 1024 * 1024,
    OUTCOME_BYTES = 700 /* of an envelope, without the texts below */
};

struct day {
    struct turn *turn;
    int32_t today;
    size_t bytes;
};

/* --- announcing --- */

static size_t weight(const struct deadline *d)
{
    const struct deadline_text *text = notification_deadline_text(d->what);
    const size_t outcomes = (size_t)2 + text->owner_too + text->province_if_missed;

    return outcomes * (OUTCOME_BYTES + 2 * d->who.size + d->about.size + d->owner.size + d->name.size);
}

static struct message_queued values_of(const struct deadline *d)
{
    struct message_queued v = { .has_day = true, .day = d->due_before };
    const bool certificate = d->what == due_WITHDRAWAL;

    v.has_certificate = certificate;
    v.has_number = !certificate && d->about.size > 0;
    if (certificate) v.certificate = d->about;
    if (v.has_number) v.number = d->about;
    v.has_name = d->name.size > 0;
    v.name = d->name;
    v.has_open = d->open != NOT_SAID;
    v.open = d->open;
    return v;
}

static enum err announce_neared(struct turn *turn, const struct deadline *d, struct slice subject)
{
    const struct deadline_neared neared = { .what = d->what,
                                            .who = d->who,
                                            .due_before = d->due_before,
                                            .has_about = d->about.size > 0,
                                            .about = d->about,
                                            .has_open = d->open != NOT_SAID,
                                            .open = d->open };

    return deadline_neared_announce(turn, d->province, subject, &neared);
}

static enum err announce_missed(struct turn *turn, const struct deadline *d, struct slice subject)
{
    const struct deadline_missed missed = { .what = d->what,
                                            .who = d->who,
                                            .due_before = d->due_before,
                                            .has_about = d->about.size > 0,
                                            .about = d->about,
                                            .has_open = d->open != NOT_SAID,
                                            .open = d->open };

    return deadline_missed_announce(turn, d->province, subject, &missed);
}

/* Besides the one whose deadline it is. */
static enum err tell_others(struct turn *turn, const struct deadline *d, bool missed, struct slice id,
                            const struct message_queued *values)
{
    const struct deadline_text *text = notification_deadline_text(d->what);
    const char *name = missed ? text->missed : text->near;
    struct slice other;
    enum err e = ERR_NONE;

    if (text->owner_too && d->owner.size > 0) {
        e = handler_recipient(turn, TOLD_OWNER, d->owner, d->province, &other);
        if (!e) e = handler_queue(turn, name, id, other, d->province, values);
    }
    if (e || !missed || !text->province_if_missed) return e;
    e = handler_recipient(turn, TOLD_PROVINCE, slice_text(""), d->province, &other);
    if (!e && !slice_equal(other, d->who)) e = handler_queue(turn, name, id, other, d->province, values);
    return e;
}

/* Say it, and tell who must know. The messages are about the announcement, so that two on one day are two. */
static enum err announce(struct day *day, const struct deadline *row, bool missed,
                         const struct message_queued *values)
{
    const struct deadline_text *text = notification_deadline_text(row->what);
    const struct slice subject = row->about.size > 0 ? row->about : slice_text(due_word(row->what));
    struct deadline now = *row, *d = &now;
    struct turn *turn = day->turn;
    char id[HASH_ID_TEXT + 1];
    enum err e = ERR_NONE;

    day->bytes += weight(d);
    /* On the day of a merger itself the rows have not moved yet. A report is owed by a code of its time. */
    if (d->what != due_REPORT) e = handler_deadline_moves(turn, d, day->today);
    if (e) return e;
    turn_next_id(turn, missed ? "notification.deadline.missed" : "notification.deadline.neared", id);
    e = missed ? announce_missed(turn, d, subject) : announce_neared(turn, d, subject);
    if (!e)
        e = handler_queue(turn, missed ? text->missed : text->near, slice_text(id), d->who, d->province,
                          values);
    return e ? e : tell_others(turn, d, missed, slice_text(id), values);
}

/* --- reports --- */

/* Looked at on every day from the due day on: a report that intake refused after that day is found the next
 * morning. */
static enum err find_reports(struct day *day)
{
    char provinces[STORE_PROVINCES_MAX][3];
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < notification_reports(); i++) {
        const struct report_due r = notification_report(i);
        size_t count = 0;

        if (!notification_is_past(&r, day->today)) continue;
        e = store_owing(turn_store(day->turn), &r, provinces, &count);
        for (size_t p = 0; !e && p < count; p++) {
            struct deadline d = { .what = due_REPORT,
                                  .about = slice_text(""),
                                  .province = slice_text(provinces[p]),
                                  .due_before = r.due_before,
                                  .open = NOT_SAID };
            struct message_queued values = values_of(&d);

            values.has_number = true;
            values.number = slice_text(r.source);
            e = handler_recipient(day->turn, TOLD_PROVINCE, slice_text(""), d.province, &d.who);
            if (!e) e = announce(day, &d, true, &values);
        }
    }
    return e;
}

/* --- rounds --- */

static enum err find_round(struct day *day, const struct round_dates *round, enum due what, int32_t cutoff,
                           int32_t due_before, int32_t near_days)
{
    const enum deadline_phase phase = deadline_phase(due_before, near_days, day->today);
    struct round_open open[STORE_PROVINCES_MAX];
    struct round_asked asked = { .what = what,
                                 .centre = round->level == level_CENTRE,
                                 .cutoff = cutoff,
                                 .due_before = due_before,
                                 .state = phase == PHASE_NEAR ? DEADLINE_NEARED : DEADLINE_MISSED };
    size_t count = 0;
    enum err e;

    if (phase != PHASE_NEAR && phase != PHASE_MISSED) return ERR_NONE;
    e = store_round_open(turn_store(day->turn), &asked, open, &count);
    for (size_t i = 0; !e && i < count; i++) {
        struct deadline d = { .what = what,
                              .about = slice_text(""),
                              .province = slice_text(open[i].province),
                              .due_before = due_before,
                              .open = open[i].open };
        const struct message_queued values = values_of(&d);

        e = handler_recipient(day->turn, TOLD_PROVINCE, slice_text(""), d.province, &d.who);
        if (!e) e = announce(day, &d, phase == PHASE_MISSED, &values);
    }
    return e;
}

/* Each year has its rounds; a cut-off may be near in the year before it, and an end come in the year after.
 */
static enum err find_years(struct day *day, const struct round_dates *round, int32_t near_days)
{
    const int year = deadline_year(day->today);
    enum err e = ERR_NONE;

    for (int y = year - 2; !e && y <= year + 1; y++) {
        const struct round_days days = deadline_round(round, y);

        e = find_round(day, round, due_ROUND_CUTOFF, days.proposed_before, days.proposed_before, near_days);
        if (!e) e = find_round(day, round, due_ROUND_END, days.proposed_before, days.done_before, near_days);
    }
    return e;
}

/* Rounds are those of the rule set in force. Without near_days only the day itself is looked at. */
static enum err find_rounds(struct day *day)
{
    struct round_dates rounds[STORE_ROUNDS_MAX];
    struct turn *turn = day->turn;
    struct rule_set law;
    size_t count = 0;
    enum err e = store_rule_set_on(turn_store(turn), day->today, turn_zone(turn), &law);

    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    e = store_rounds(turn_store(turn), law.name, rounds, &count);
    for (size_t i = 0; !e && i < count; i++)
        e = find_years(day, &rounds[i], law.near_days == NOT_SAID ? 0 : law.near_days);
    return e;
}

/* --- the rest --- */

static enum err find_due(struct day *day, enum store_due which)
{
    struct store *s = turn_store(day->turn);
    struct deadline row;
    bool more = true;
    enum err e = ERR_NONE;

    store_due_begin(s, which, day->today);
    while (!e && more && day->bytes < DAY_BYTES_MAX) {
        e = store_due_next(s, which, &row, &more);
        if (!e && more) {
            const struct message_queued values = values_of(&row);

            e = announce(day, &row, which == STORE_DUE_MISSED, &values);
        }
    }
    store_due_end(s, which);
    return e;
}

enum err decide_day_started(struct turn *turn, const struct record *rec)
{
    struct day day = { .turn = turn };
    struct day_started started;
    enum err e = day_started_decode(turn_envelope(turn), turn_zone(turn), &started, turn_why(turn));

    (void)rec;
    if (e) return e;
    day.today = started.day;
    e = find_reports(&day);
    if (!e) e = find_rounds(&day);
    if (!e) e = find_due(&day, STORE_DUE_MISSED);
    if (!e) e = find_due(&day, STORE_DUE_NEAR);
    return e;
}

/* --- writing --- */

/* Those of store_move_areas. */
static bool moves(enum due what)
{
    return what != due_REPORT && what != due_ROUND_CUTOFF && what != due_ROUND_END;
}

/* What merges on this day moves before it is noted: it was announced under the new code. */
static enum err note(struct turn *turn, const struct record *outcome, struct deadline *d,
                     enum deadline_state state)
{
    enum err e;

    d->province = topic_province(outcome->topic);
    d->state = state;
    e = store_move_areas(turn_store(turn), turn_day(turn), turn_zone(turn));
    if (!e && moves(d->what)) e = handler_deadline_moves(turn, d, STORE_MOVED);
    return e ? e : store_note_deadline(turn_store(turn), d);
}

enum err apply_deadline_neared(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct deadline_neared n;
    struct deadline d;
    enum err e = deadline_neared_decode(turn_envelope(turn), turn_zone(turn), &n, turn_why(turn));

    (void)cause;
    if (e) return e;
    d = (struct deadline){ .what = n.what,
                           .who = n.who,
                           .due_before = n.due_before,
                           .about = n.has_about ? n.about : slice_text(""),
                           .open = n.has_open ? n.open : NOT_SAID };
    return note(turn, outcome, &d, DEADLINE_NEARED);
}

enum err apply_deadline_missed(struct turn *turn, const struct record *outcome, const struct record *cause)
{
    struct deadline_missed m;
    struct deadline d;
    enum err e = deadline_missed_decode(turn_envelope(turn), turn_zone(turn), &m, turn_why(turn));

    (void)cause;
    if (e) return e;
    d = (struct deadline){ .what = m.what,
                           .who = m.who,
                           .due_before = m.due_before,
                           .about = m.has_about ? m.about : slice_text(""),
                           .open = m.has_open ? m.open : NOT_SAID };
    e = note(turn, outcome, &d, DEADLINE_MISSED);
    /* What the transition left over can be rated under no rule set: no round waits for it. */
    if (!e && m.what == due_TRANSITION) e = store_note_ended(turn_store(turn), d.province, d.about);
    return e;
}

/* A rule set begins: every dossier that waits under an earlier one has its days from now on. */
static enum err begin_transition(struct turn *turn, const struct rule_set *newer, bool re_ratings,
                                 int32_t days)
{
    int32_t due = newer->first_day + days, near = due - newer->near_days;

    if (days == NOT_SAID) return ERR_NONE;
    if (newer->near_days == NOT_SAID) near = NOT_SAID;
    return store_add_transitions(turn_store(turn), newer, re_ratings, due, near);
}

enum err apply_day_started(struct turn *turn, const struct record *fact, const struct record *cause)
{
    int32_t look_back = 0;
    struct day_started started;
    struct rule_set r;
    enum err e = day_started_decode(turn_envelope(turn), turn_zone(turn), &started, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = store_move_areas(turn_store(turn), started.day, turn_zone(turn));
    while (!e &&
           (e = store_rule_set_begins(turn_store(turn), started.day, turn_zone(turn), &r)) == ERR_NONE) {
        e = begin_transition(turn, &r, false, r.transition_days);
        if (!e) e = begin_transition(turn, &r, true, r.transition_re_rating_days);
        if (!e) e = store_note_begun(turn_store(turn), r.name);
    }
    if (e == ERR_NOT_FOUND) e = store_rule_set_on(turn_store(turn), started.day, turn_zone(turn), &r);
    if (!e && r.near_days != NOT_SAID) look_back = r.near_days;
    if (e == ERR_NOT_FOUND) e = ERR_NONE;
    return e ? e : store_end_rounds(turn_store(turn), started.day - look_back);
}
