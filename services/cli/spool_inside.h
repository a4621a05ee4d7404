/* spool_inside.h - what the files of the spool share; only spool*.c include it. */
#ifndef SERVICES_CLI_SPOOL_INSIDE_H
#define SERVICES_CLI_SPOOL_INSIDE_H

#include "common/buf.h"
#include "services/cli/spool.h"

/* What a row is that the broker has: nobody answers a fact, and so it is done with. */
#define SPOOL_STORED "CASE WHEN wanted < 0 THEN 'answered' ELSE 'stored' END"

/*   name       text: every statement lives as long as the spool */
#define SPOOL_STATEMENTS(X)                                                                                  \
    X(insert,                                                                                                \
      "INSERT INTO entry(epoch, number, file, line, event, type, topic, subject, envelope, time_ms, "        \
      "hash, about, wanted, state) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')")                \
    X(later, "SELECT file, line FROM entry WHERE about = ?1 AND about <> '' "                                \
             "AND place > (SELECT place FROM entry WHERE event = ?2) AND state <> 'refused' "                \
             "AND event NOT IN (SELECT event FROM said) AND NOT EXISTS(SELECT 1 FROM outcome "               \
             "WHERE outcome.event = entry.event AND (outcome.type LIKE '%.refused' "                         \
             "OR outcome.type LIKE '%.returned')) ORDER BY place DESC LIMIT 1")                              \
    X(adopt, "UPDATE entry SET epoch = NULL, number = NULL, hash = NULL, state = 'stored', "                 \
             "seq = (SELECT seq FROM stranger WHERE stranger.event = ?1 ORDER BY seq LIMIT 1) "              \
             "WHERE event = ?1 AND EXISTS(SELECT 1 FROM stranger WHERE stranger.event = ?1)")                \
    X(adopted, "DELETE FROM stranger WHERE event = ?")                                                       \
    X(find, "SELECT state, seq, epoch, number, type FROM entry WHERE event = ?")                             \
    X(said, "INSERT OR IGNORE INTO said(event) VALUES(?)")                                                   \
    X(report, "INSERT OR IGNORE INTO report(event) VALUES(?)")                                               \
    X(last, "SELECT number, hash FROM entry WHERE epoch = ? ORDER BY number DESC LIMIT 1")                   \
    X(hash_at, "SELECT hash FROM entry WHERE epoch = ? AND number = ?")                                      \
    X(stored,                                                                                                \
      "UPDATE entry SET state = " SPOOL_STORED " WHERE epoch = ? AND number <= ? AND state = 'waiting'")     \
    X(unstored, "UPDATE entry SET state = 'waiting', seq = NULL, wanted = min(wanted, 0), seen = 0 "         \
                "WHERE epoch = ? AND number > ? AND state IN ('stored', 'answered')")                        \
    X(unheard,                                                                                               \
      "DELETE FROM outcome WHERE event IN (SELECT event FROM entry WHERE epoch = ? AND number > ?)")         \
    X(next, "SELECT topic, envelope FROM entry WHERE epoch = ? AND number > ? ORDER BY number LIMIT ?")      \
    X(refuse, "UPDATE entry SET state = 'refused', code = ?, sentence = ?, epoch = NULL, number = NULL, "    \
              "hash = NULL WHERE epoch = ? AND number = ? AND state = 'waiting'")                            \
    X(behind, "SELECT place, topic, envelope FROM entry WHERE epoch = ? AND number > ? ORDER BY number")     \
    X(number, "UPDATE entry SET epoch = ?, number = ?, hash = ?, state = 'waiting' WHERE place = ?")         \
    X(seen,                                                                                                  \
      "UPDATE entry SET seq = ?, state = CASE state WHEN 'waiting' THEN " SPOOL_STORED " ELSE state END "    \
      "WHERE event = ?")                                                                                     \
    X(found, "UPDATE entry SET seq = ?, epoch = ?, number = ?, state = " SPOOL_STORED " WHERE event = ?")    \
    X(outcome, "INSERT OR IGNORE INTO outcome(event, ordinal, type, seq, data) VALUES(?, ?, ?, ?, ?)")       \
    X(answer, "UPDATE entry SET wanted = ?1, seen = seen + 1, "                                              \
              "state = CASE WHEN seen + 1 >= ?1 THEN 'answered' ELSE state END WHERE event = ?2")            \
    X(cursor, "UPDATE meta SET seq = ?, chain = ?")                                                          \
    X(stranger, "INSERT OR IGNORE INTO stranger(seq, event, topic) VALUES(?, ?, ?)")                         \
    X(lose, "UPDATE entry SET state = 'lost', epoch = NULL, number = NULL, hash = NULL, seq = NULL, "        \
            "wanted = min(wanted, 0), seen = 0 WHERE state <> 'refused'")                                    \
    X(lost, "SELECT place, topic, envelope FROM entry WHERE state = 'lost' ORDER BY place")                  \
    X(spurned,                                                                                               \
      "SELECT 1 FROM entry WHERE event = ?1 AND (state = 'refused' OR (state = 'answered' AND EXISTS("       \
      "SELECT 1 FROM outcome WHERE outcome.event = ?1 "                                                      \
      "AND (type LIKE '%.refused' OR type LIKE '%.returned'))))")                                            \
    X(past, "SELECT file, line, state, EXISTS(SELECT 1 FROM outcome WHERE outcome.event = ?1 "               \
            "AND (type LIKE '%.refused' OR type LIKE '%.returned')), "                                       \
            "coalesce((SELECT json_extract(data, '$.held') FROM outcome WHERE outcome.event = ?1 "           \
            "AND type = 'scoring.round.settled'), 0), "                                                      \
            "coalesce((SELECT ordinal FROM outcome WHERE outcome.event = ?1 "                                \
            "AND type = 'intake.dossier.accepted'), -1) FROM entry WHERE event = ?1")                        \
    X(withdrawn, "INSERT OR IGNORE INTO withdrawn(dossier, event) SELECT json_extract(data, '$.dossier'), "  \
                 "event FROM outcome WHERE type = 'intake.withdrawal.accepted'")                             \
    X(gone, "SELECT file, line FROM withdrawn JOIN entry USING(event) WHERE dossier = ?")                    \
    X(cut_short, "SELECT 1 FROM entry JOIN said USING(event) "                                               \
                 "WHERE state IN ('waiting', 'stored', 'lost') LIMIT 1")                                     \
    X(meta, "UPDATE meta SET epoch = ?, searching = ?")                                                      \
    X(counts, "SELECT state, count(*) FROM entry JOIN report USING(event) GROUP BY state")                   \
    X(tell,                                                                                                  \
      "SELECT file, line, event, type, subject, state, coalesce(seq, 0), wanted, seen, code, sentence, "     \
      "time_ms FROM entry JOIN report USING(event) ORDER BY place")                                          \
    X(outcomes, "SELECT type, data FROM outcome WHERE event = ? ORDER BY ordinal")                           \
    X(strangers, "SELECT seq, event, topic FROM stranger ORDER BY seq")

enum spool_statement {
#define X(name, sql) SPOOL_##name,
    SPOOL_STATEMENTS(X)
#undef X
        SPOOL_COUNT
};

struct spool {
    sqlite3 *db;
    int lock;
    char *path;
    char publisher[PUBLISHER_MAX + 1];
    uint64_t epoch, seq, last; /* last: highest number of this epoch */
    struct hash chain, hash;   /* at seq; at last */
    bool searching;
    bool withdrawn; /* the list of withdrawn dossiers is made */
    sqlite3_stmt *s[SPOOL_COUNT];
    struct buf batch; /* what spool_next lends */
};

/* Read epoch, cursor and the last number from the database: after opening and after a rollback. */
enum err spool_recall(struct spool *sp, struct why *why);
/* db_run, with the database's sentence. */
/* Say of the spool's file what SQLite answered, and what to do on a full disk. Returns `e`. */
enum err spool_failed(const struct spool *sp, enum err e, struct why *why);
enum err spool_exec(struct spool *sp, const char *sql, struct why *why);
enum err spool_do(struct spool *sp, enum spool_statement which, struct why *why);
/* Number the rows of a statement that gives (place, topic, envelope), from `number` and `hash` on, in this
 * epoch. */
enum err spool_renumber(struct spool *sp, enum spool_statement which, uint64_t number, struct hash hash,
                        struct why *why);

#endif
