/* db.h - SQLite, opened the one way we use it: WAL, synchronous=FULL, foreign keys on, one connection a
 * thread.
 *
 * Nothing weaker than FULL is offered: 57 % of simulated power losses lost acknowledged events under NORMAL.
 * The pragmas are read back at open. Any failure of COMMIT is ERR_IO or ERR_FULL and means: stop
 * acknowledging.
 */
#ifndef COMMON_DB_H
#define COMMON_DB_H

#include "common/err.h"
#include "common/hash.h"
#include "common/slice.h"

#include <msgpack/zone.h>
#include <sqlite3.h>
#include <stdint.h>

enum { DB_PAGE_BYTES = 8192 }; /* of every store */

enum db_mode { DB_WRITE, DB_READ };

/* Open or create. `path` ":memory:" for tests. DB_READ also reads from a disk that cannot be written. ERR_IO,
 * ERR_FULL, ERR_CORRUPT, ERR_NOMEM; why names the file.
 */
enum err db_open(const char *path, enum db_mode mode, sqlite3 **out, struct why *why);
/* Write the WAL beside `path` once more and flush it. When a flush failed and the process ended, the system
 * may have dropped the bytes and yet show them: a flush by the next process would succeed and mean nothing.
 * Before db_open, by whoever holds the only right to write there. ERR_IO, ERR_FULL, ERR_NOMEM. */
enum err db_renew_wal(const char *path, struct why *why);
/* Lengthen the WAL beside `path` to `bytes` of zeros behind what is in it, which readers take for its end. A
 * flush of bytes written over others waits for these bytes alone; one that makes the file longer waits for
 * the file system's journal too, which takes about twice as long. After db_open. When the disk has not many
 * times as much space, or anything else is amiss, the WAL stays as it is. */
void db_reserve_wal(const char *path, size_t bytes);
void db_close(sqlite3 **db); /* NULL is fine; all statements must be finalized */
enum err db_exec(sqlite3 *db, const char *sql, struct why *why);
/* Prepare for the life of the connection. */
enum err db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct why *why);
/* As many as there are in `sql`, one after the other; what is NULL there is left out. On an error some are
 * prepared. */
enum err db_prepare_all(sqlite3 *db, const char *const *sql, size_t count, sqlite3_stmt **out,
                        struct why *why);
void db_finalize_all(sqlite3_stmt **statements, size_t count); /* and they are NULL */
/* What an SQLite result code means here; why gets the message. SQLITE_OK, ROW and DONE are ERR_NONE. */
enum err db_err(sqlite3 *db, int rc, struct why *why);

/* Move the WAL into the file (mode SQLITE_CHECKPOINT_...). ERR_AGAIN: somebody reads; ERR_FULL: no room;
 * after both everything still is in the WAL. */
enum err db_checkpoint(sqlite3 *db, int mode, struct why *why);

/* Step a statement that gives no rows, then db_done. ERR_INVALID when a CHECK or UNIQUE constraint refused.
 */
enum err db_run(sqlite3_stmt *s);
/* Step once: *row says whether there is one. On no row or error db_done was called; else the caller calls it.
 */
enum err db_step(sqlite3_stmt *s, bool *row);
void db_done(sqlite3_stmt *s); /* reset and clear bindings */

/* Bind by position, 1..; text and bytes are borrowed until the next reset. An empty slice is the empty text.
 */
void db_bind_text(sqlite3_stmt *s, int at, struct slice text);
void db_bind_bytes(sqlite3_stmt *s, int at, struct slice bytes);
void db_bind_i64(sqlite3_stmt *s, int at, int64_t value);
void db_bind_u64(sqlite3_stmt *s, int at, uint64_t value); /* at most 2^63-1 here by construction */
void db_bind_hash(sqlite3_stmt *s, int at, const struct hash *h);
struct slice db_text(sqlite3_stmt *s, int column); /* borrowed until the next step or reset */
struct slice db_bytes(sqlite3_stmt *s, int column);
int64_t db_i64(sqlite3_stmt *s, int column);
uint64_t db_u64(sqlite3_stmt *s, int column);
bool db_hash(sqlite3_stmt *s, int column, struct hash *out); /* false when it is not 32 bytes */

/* A copy of the text in `zone`, which outlives the row; an empty text, or NULL, is the empty slice. Without
 * memory *e becomes ERR_NOMEM; else it stays, so that one look at it after a row is enough. */
struct slice db_keep(sqlite3_stmt *s, int column, msgpack_zone *zone, enum err *e);

/* Write every table as text, ordered by its primary key, to `out` (a FILE). With `places` false, columns
 * that hold log positions (named seq or ending in _seq) and the tables of the loop are left out: two runs
 * of the same work interleave differently. */
enum err db_dump(sqlite3 *db, bool places, void *out_file, struct why *why);

#endif
