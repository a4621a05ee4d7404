-- What notification remembers: the messages owed and what became of them, the holders of certificates, and what is
-- needed to see that a report did not come. Days are days since 1970-01-01.

CREATE TABLE message(
    message TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,            -- key in the courier's contacts file, never an address
    template TEXT NOT NULL,
    about TEXT NOT NULL,                -- id of the event that made it owed
    product TEXT,
    certificate TEXT,
    day INTEGER,                        -- the day the text speaks of
    delivery INTEGER NOT NULL DEFAULT 0 CHECK(delivery IN (0, 1, 2)), -- 0 open, 1 failed, 2 delivered
    received_on INTEGER,                -- the day the recipient named
    queued_seq INTEGER NOT NULL,
    UNIQUE(about, recipient)
) STRICT;

-- Holders as they stood on the certificate: later events name only its number.
CREATE TABLE certificate(
    certificate TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    province TEXT NOT NULL CHECK(length(province) = 2)
) STRICT;

CREATE TABLE plan(
    province TEXT NOT NULL CHECK(length(province) = 2),
    year_from INTEGER NOT NULL,
    year_to INTEGER NOT NULL CHECK(year_to >= year_from),
    filed_on INTEGER NOT NULL,          -- a plan handed in after a due day does not owe that report
    PRIMARY KEY(province, year_from, year_to)
) STRICT;

-- Reports handed in and not yet answered by intake: they are not missed because intake is slow.
CREATE TABLE filing(
    province TEXT NOT NULL,
    period_end INTEGER NOT NULL,
    filed_seq INTEGER NOT NULL,         -- the outcome names the place of the event it answers
    PRIMARY KEY(province, period_end, filed_seq)
) STRICT;

CREATE TABLE report(
    province TEXT NOT NULL,
    period_end INTEGER NOT NULL,
    late INTEGER NOT NULL CHECK(late IN (0, 1)),
    PRIMARY KEY(province, period_end)
) STRICT;

CREATE TABLE missed(
    what TEXT NOT NULL,
    who TEXT NOT NULL,                  -- province:06
    due_before INTEGER NOT NULL,
    PRIMARY KEY(what, who, due_before)
) STRICT;
