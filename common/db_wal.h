/* db_wal.h - a layer over SQLite's files that gathers what is written to the WAL until its flush, and lets
 * another thread do that flush.
 *
 * SQLite writes each page of the WAL in two calls, a head of 24 bytes and the page. A commit of a thousand
 * events is some fifty pages, one behind the other: gathered, they are one call instead of a hundred.
 *
 * Nothing is weaker for it. With synchronous=FULL, the only way stores are opened here, each commit flushes
 * the WAL before the index of the WAL names its pages to anybody, and the flush first writes what is
 * gathered. Until then only this connection reads those pages, and it reads through this layer, which writes
 * them before any read, truncation or question for the size. When that write fails, the flush, or whatever
 * asked for it, fails with SQLite's own code, and SQLite takes the transaction back.
 */
#ifndef COMMON_DB_WAL_H
#define COMMON_DB_WAL_H

#include "common/err.h"

#include <sqlite3.h>
#include <stdbool.h>

/* The layer's name for sqlite3_open_v2; it lies over whatever layer is SQLite's own choice at the first call.
 * NULL: there is none, which SQLite understands as its own choice. Any thread. */
const char *db_wal_layer(void);

/* The WAL of a connection, as long as that is open; NULL when it has none, as in memory. By the connection's
 * own thread. */
struct wal;
struct wal *db_wal(sqlite3 *db);

/* While `later`, a COMMIT of this connection hands its bytes to the system and leaves their flush owed, so
 * that another thread can do it with wal_flush. Until then nobody knows whether they are on disk, although
 * readers see them: say nothing that rests on them. Any other flush that SQLite asks for does what is owed
 * too, before a checkpoint moves a page for one. By the connection's own thread. */
void wal_flush_later(struct wal *w, bool later);

/* Do what is owed; nothing when nothing is. Any thread may, while the connection's own thread goes on.
 * ERR_IO: it failed, and so will every later one: nobody knows what is on disk. */
enum err wal_flush(struct wal *w, struct why *why);

#endif
