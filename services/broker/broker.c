#include "services/broker/broker.h"

#include "common/logline.h"
#include "services/broker/turn.h"

#include <inttypes.h>
#include <stdlib.h>

static const char HEAD_TOPIC[] = "bus.head";
enum { TICK_MS = 1000 };

static void lost(void *context, const struct bus_peer *peer)
{
    struct broker *b = context;
    struct session *session = sessions_find(&b->sessions, peer);

    if (session) broker_forget(b, session);
}

/* --- the end of a turn --- */

static void turn_begin(struct broker *b)
{
    msgpack_zone_clear(b->said->zone);
    b->turn++;
    b->events = b->bytes = b->published = b->most = 0;
    b->said->live_count = 0;
    if (b->rights_said && !b->full) b->rights_due = false;
    b->rights_said = false;
    b->full = b->space.warned_now = false;
    b->rehearsal_day_before = b->stamp.rehearsal_day;
}

/* What was begun is on disk: say so. */
static enum err send_said(struct broker *b, struct said *said, struct why *why)
{
    const struct commit *token = NULL;
    enum err e = log_commit_end(b->log, &token, why);

    if (!e) e = answers_send(&said->answers, token, &b->ports, lost, b);
    return e ? e : publish_live(b, said);
}

static enum err send_waiting(struct broker *b, struct why *why)
{
    struct said *said = b->waits;

    b->waits = NULL;
    return said ? send_said(b, said, why) : ERR_NONE;
}

static enum err settle(struct broker *b, struct why *why)
{
    enum err e = send_waiting(b, why);
    const uint64_t before = log_committed(b->log).seq;

    if (!e) e = log_commit_begin(b->log, why);
    if (e == ERR_FULL) {
        e = publish_undo(b, why);
        if (!e) e = log_commit_begin(b->log, why);
    }
    if (!e && log_committed(b->log).seq > before) b->space.refused = false;
    if (!e && log_flushing(b->log, 0)) {
        b->waits = b->said;
        b->said = b->said == &b->each[0] ? &b->each[1] : &b->each[0];
    } else if (!e) {
        e = send_said(b, b->said, why);
    }
    return e ? e : log_tend(b->log, why);
}

static enum err told(enum err e, const struct why *inner, struct why *why)
{
    return why_set(why, e, err_name(e), "%s", inner->sentence[0] ? inner->sentence : err_sentence(e));
}

enum err broker_settle(struct broker *b, struct why *why)
{
    struct why inner = { 0 };
    enum err e = settle(b, &inner);

    if (e) return told(e, &inner, why);
    turn_begin(b);
    return ERR_NONE;
}

bool broker_waits(const struct broker *b)
{
    return b->waits != NULL;
}

bool broker_flushed(const struct broker *b)
{
    return b->waits && !log_flushing(b->log, 0);
}

bool broker_flushing(const struct broker *b, int64_t us)
{
    return b->waits && log_flushing(b->log, us);
}

enum err broker_send(struct broker *b, struct why *why)
{
    struct why inner = { 0 };
    enum err e = send_waiting(b, &inner);

    return e ? told(e, &inner, why) : ERR_NONE;
}

static void follow_ends(void *context, struct follower *follower, enum err e, const struct why *why)
{
    struct broker *b = context;
    struct bus_peer peer = follower->peer;
    struct session *session = sessions_find(&b->sessions, &peer);

    if (e == ERR_CORRUPT) {
        char quoted[WHY_SENTENCE_MAX];

        log_line(LOG_ERROR, "corrupt", "seq=%" PRIu64 " why=%s", follower->at.seq + 1,
                 log_quote(why->sentence, quoted, sizeof quoted));
        if (session) broker_end_follow(b, session);
        /* Said with the next turn's answers; without memory for it the peer's heartbeat finds out nothing is
         * coming. */
        (void)turn_refuse(b, &peer, 0, "CORRUPT", "The log is damaged: %s. Nothing is served from there on.",
                          why->sentence);
    } else if (session) {
        broker_forget(b, session);
    }
}

enum err broker_serve(struct broker *b, struct why *why)
{
    const struct follow_limits limits = { (size_t)b->settings.follow_records,
                                          (size_t)b->settings.follow_bytes,
                                          (size_t)b->settings.follow_bites };

    return followers_serve(&b->followers, b->log, &limits, &b->ports, b->now.monotonic_ms, follow_ends, b,
                           why);
}

/* --- time --- */

static enum err publish_head(struct broker *b)
{
    const uint64_t numbers[3] = { log_durable(b->log).seq, (uint64_t)stamp_now(&b->stamp), 0 };
    uint8_t place[24];
    enum err e;

    for (size_t at = 0; at < sizeof place; at++)
        place[at] = (uint8_t)(numbers[at / 8] >> (8 * (7 - at % 8)));
    e = b->ports.publish(b->ports.context, slice_text(HEAD_TOPIC), slice_of(place, sizeof place),
                         slice_text(""));
    return e == ERR_AGAIN || e == ERR_GONE ? ERR_NONE : e;
}

/* Warn once, and again only after there was clearly more space in between. */
static enum err look_at_space(struct broker *b, uint64_t free_bytes, struct why *why)
{
    uint64_t warn = (uint64_t)b->settings.warn_bytes, stop = (uint64_t)b->settings.stop_bytes;
    bool wal_full = log_wal_bytes(b->log) > (uint64_t)b->settings.wal_most_bytes;

    b->space.free_bytes = free_bytes;
    if ((free_bytes < stop) != b->space.stopped) {
        b->space.stopped = free_bytes < stop;
        log_line(b->space.stopped ? LOG_ERROR : LOG_INFO, b->space.stopped ? "disk_full" : "disk_has_space",
                 "free_bytes=%" PRIu64 " stop_bytes=%" PRIu64, free_bytes, stop);
    }
    if (wal_full != b->space.wal_full) {
        b->space.wal_full = wal_full;
        log_line(wal_full ? LOG_ERROR : LOG_INFO, wal_full ? "wal_too_long" : "wal_is_short_again",
                 "wal_bytes=%" PRIu64, log_wal_bytes(b->log));
    }
    if (free_bytes > warn + warn / 10) b->space.warned = false;
    if (free_bytes >= warn || b->space.warned) return ERR_NONE;
    log_line(LOG_WARN, "disk_low", "free_bytes=%" PRIu64 " warn_bytes=%" PRIu64, free_bytes, warn);
    return publish_space_warned(b, why);
}

static void log_once_a_second(struct broker *b)
{
    if (b->refusals > REFUSALS_LOGGED)
        log_line(LOG_WARN, "refused_more", "count=%" PRIu64, b->refusals - REFUSALS_LOGGED);
    b->refusals = 0;
    if (!stamp_stopped(&b->stamp) || b->stop_logged) return;
    b->stop_logged = true;
    log_line(LOG_ERROR, "clock_stopped",
             "gap_ms=%" PRId64 " since=%s what=check_the_clock_then_say_ocop_clock_confirm", b->stamp.gap_ms,
             b->stamp.stop == STAMP_JUMPED ? "it_jumped" : "last_record");
}

bool broker_tick_due(const struct broker *b, struct stamp_clocks now)
{
    return now.monotonic_ms >= b->tick_ms;
}

enum err broker_tick(struct broker *b, struct stamp_clocks now, uint64_t free_bytes, struct why *why)
{
    bool second = broker_tick_due(b, now);
    enum err e;

    b->now = now;
    stamp_look(&b->stamp, now);
    e = publish_days(b, why);
    if (!e) e = publish_rights(b, why);
    if (e || !second) return e;
    b->tick_ms = now.monotonic_ms + b->settings.head_ms;
    log_once_a_second(b);
    e = look_at_space(b, free_bytes, why);
    return e ? e : publish_head(b);
}

enum err broker_status(struct broker *b, struct buf *out)
{
    return status_answer(b, out);
}

int broker_wait_ms(const struct broker *b, struct stamp_clocks now)
{
    int64_t wait = b->tick_ms - now.monotonic_ms, other;

    if (b->waits || b->said->answers.count) return 0;
    other = followers_wait_ms(&b->followers, log_durable(b->log).seq, now.monotonic_ms);
    if (other >= 0 && other < wait) wait = other;
    other = stamp_until_midnight(&b->stamp);
    if (!b->stamp.rehearsal && other < wait) wait = other;
    if (wait > TICK_MS) wait = TICK_MS;
    return wait > 0 ? (int)wait : 0;
}

/* --- life --- */

static bool said_init(struct said *said)
{
    said->zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    return said->zone != NULL;
}

static void said_fini(struct said *said)
{
    answers_fini(&said->answers);
    if (said->zone) msgpack_zone_free(said->zone);
    free(said->live);
}

void broker_destroy(struct broker **out)
{
    struct broker *b = *out;

    if (!b) return;
    followers_fini(&b->followers);
    sessions_fini(&b->sessions);
    buf_fini(&b->scratch);
    for (size_t i = 0; i < 2; i++)
        said_fini(&b->each[i]);
    free(b);
    *out = NULL;
}

void broker_visits(struct broker *b, const struct bus_visits *visits)
{
    b->visits = *visits;
}

enum err broker_new(const struct broker_settings *settings, struct log *log, const struct guard *guard,
                    const struct ports *ports, struct stamp_clocks now, struct broker **out, struct why *why)
{
    struct broker *b = calloc(1, sizeof *b);
    struct log_head head = log_head(log);
    enum err e;

    if (!b) return why_set(why, ERR_NOMEM, "NOMEM", "no memory for the broker");
    b->settings = *settings;
    b->log = log;
    b->guard = guard;
    b->rights_due = true; /* what changed while nobody was there */
    b->ports = *ports;
    b->now = now;
    b->tick_ms = now.monotonic_ms;
    stamp_start(&b->stamp, &settings->time, head.seq > 0, head.at_ms, now);
    b->said = &b->each[0];
    e = said_init(&b->each[0]) && said_init(&b->each[1]) ? ERR_NONE : ERR_NOMEM;
    if (!e) e = sessions_init(&b->sessions, (size_t)settings->sessions);
    if (!e) e = followers_init(&b->followers, (size_t)settings->followers);
    if (e) {
        broker_destroy(&b);
        return why_set(why, e, "NOMEM", "no memory for the broker");
    }
    turn_begin(b);
    *out = b;
    return ERR_NONE;
}
