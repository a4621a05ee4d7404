-- The loop's own tables, in every service's store.
CREATE TABLE meta(
    one INTEGER PRIMARY KEY CHECK(one = 1),
    program BLOB NOT NULL               -- hash of schema, routes, prefixes and program number
) STRICT;

-- How far the log is applied, in the same transaction as its effects; and how far our own numbering has come.
CREATE TABLE cursor(
    one INTEGER PRIMARY KEY CHECK(one = 1),
    seq INTEGER NOT NULL,
    chain BLOB NOT NULL,
    number INTEGER NOT NULL,            -- of our last outcome, sent or not
    hash BLOB NOT NULL                  -- running hash at that number
) STRICT;

-- How far our outcomes are known to be STORED.
CREATE TABLE published(
    one INTEGER PRIMARY KEY CHECK(one = 1),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- Outcomes not yet known to be STORED. All outcomes of one cause travel in one PUBLISH.
CREATE TABLE outbox(
    number INTEGER PRIMARY KEY,
    cause_seq INTEGER NOT NULL,
    topic TEXT NOT NULL,
    envelope BLOB NOT NULL,
    hash BLOB NOT NULL                  -- running hash after this one
) STRICT;

CREATE TABLE dead_letter(
    seq INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    envelope BLOB NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    retried INTEGER NOT NULL DEFAULT 0 CHECK(retried IN (0, 1, 2)) -- 1 retried, 2 skipped
) STRICT;

-- Requests by what became of them: received = accepted + refused + dead-lettered.
CREATE TABLE tally(
    what TEXT PRIMARY KEY CHECK(what IN ('accepted', 'refused', 'dead')),
    events INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
