-- The spool of one publisher: what it wants to say, what it has said, and what came of it.

CREATE TABLE meta(
    one INTEGER PRIMARY KEY CHECK(one = 1),
    publisher TEXT NOT NULL,
    epoch INTEGER NOT NULL,             -- of the rows numbered now
    seq INTEGER NOT NULL,               -- how far the log has been read for verdicts
    chain BLOB NOT NULL,
    searching INTEGER NOT NULL DEFAULT 0 CHECK(searching IN (0, 1)) -- reading the log again to find our rows in it
) STRICT;

-- One event a row. A row the broker refused has no number: those behind it moved up.
CREATE TABLE entry(
    place INTEGER PRIMARY KEY,          -- order of coming in
    epoch INTEGER,
    number INTEGER,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    event TEXT NOT NULL UNIQUE,         -- the envelope's id
    type TEXT NOT NULL,
    about TEXT NOT NULL,                -- rows that replace one another share it; '' when nothing does
    topic TEXT NOT NULL,
    subject TEXT NOT NULL,
    envelope BLOB NOT NULL,
    time_ms INTEGER NOT NULL,           -- when it came in
    hash BLOB,                          -- running hash of (publisher, epoch) after this one
    state TEXT NOT NULL CHECK(state IN ('waiting', 'stored', 'answered', 'refused', 'lost')),
    seq INTEGER,                        -- its place in the log, when seen there
    wanted INTEGER NOT NULL DEFAULT 0,  -- outcomes there will be; 0: not known yet; -1: none, it is a fact
    seen INTEGER NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '',      -- of the broker's refusal
    sentence TEXT NOT NULL DEFAULT '',
    UNIQUE(epoch, number)
) STRICT;
CREATE INDEX entry_state ON entry(state);
CREATE INDEX entry_about ON entry(about, place) WHERE about <> '';

CREATE TABLE outcome(
    event TEXT NOT NULL REFERENCES entry(event),
    ordinal INTEGER NOT NULL,
    type TEXT NOT NULL,
    seq INTEGER NOT NULL,
    data TEXT NOT NULL,                 -- its fields, as JSON
    PRIMARY KEY(event, ordinal)
) STRICT, WITHOUT ROWID;

-- Rows of the log under our name that this spool does not have.
CREATE TABLE stranger(
    seq INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    topic TEXT NOT NULL
) STRICT;

PRAGMA user_version = 1;
