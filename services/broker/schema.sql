-- The log: every event once, in the one order everybody sees. Nothing here is ever updated or deleted.
CREATE TABLE log(
    seq INTEGER PRIMARY KEY,            -- 1, 2, 3... without a gap
    at_ms INTEGER NOT NULL,             -- the broker's time, Unix ms UTC; never going back along seq
    publisher TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL,            -- the publisher's own numbering, 1, 2, 3... within (publisher, epoch)
    topic TEXT NOT NULL,
    envelope BLOB NOT NULL,             -- the bytes as they came
    chain BLOB NOT NULL                 -- 32 bytes: a hash over the link before and this row
) STRICT;

-- The two tables below are a fold of the log up to `folded`, kept so that a start reads only what came after it. They are
-- written in a transaction of events, and nobody but the broker's own start relies on them.

-- How far each publisher was: a resend is recognised by its number alone.
CREATE TABLE publisher(
    publisher TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    last_number INTEGER NOT NULL CHECK(last_number > 0),
    hash BLOB NOT NULL CHECK(length(hash) = 32), -- running hash over its events 1..last_number
    last_seq INTEGER NOT NULL CHECK(last_seq > 0), -- where its last event stands
    PRIMARY KEY(publisher, epoch)
) STRICT, WITHOUT ROWID;

-- The last place of each topic, so that a live message can name the one before it, also after a restart.
CREATE TABLE topic(
    topic TEXT PRIMARY KEY,
    last_seq INTEGER NOT NULL CHECK(last_seq > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE folded(
    one INTEGER PRIMARY KEY CHECK(one = 1),
    seq INTEGER NOT NULL                -- the last record that is folded into the two tables above
) STRICT;
INSERT INTO folded VALUES(1, 0);

-- What the broker knew of keys and policy when it last said so in the log: so each change is said once.
CREATE TABLE note(
    name TEXT PRIMARY KEY,              -- policy, or key: and the public key
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What vouches for the rows of both tables above (log_seal.h): each the exclusive or of a hash of each row.
CREATE TABLE seal(
    one INTEGER PRIMARY KEY CHECK(one = 1),
    publishers BLOB NOT NULL CHECK(length(publishers) = 32),
    topics BLOB NOT NULL CHECK(length(topics) = 32)
) STRICT;
INSERT INTO seal(one, publishers, topics) VALUES(1, zeroblob(32), zeroblob(32));

PRAGMA user_version = 2;
