-- What notification remembers: the messages owed and what became of them, the holders of certificates, and what is
-- needed to see that something due is near or did not come. Days are days since 1970-01-01.

CREATE TABLE message(
    message TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,            -- key in the courier's contacts file, never an address
    template TEXT NOT NULL,
    about TEXT NOT NULL,                -- id of the event that made it owed
    province TEXT NOT NULL CHECK(length(province) = 2), -- whose it is; only there it is confirmed
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
    product TEXT NOT NULL,              -- empty when one from elsewhere names none
    name TEXT NOT NULL,
    owner TEXT NOT NULL,                -- empty when the source does not say
    star INTEGER NOT NULL,
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

-- Law, as adopted. A day that is absent is open; of a number that is absent the rule set says nothing.
CREATE TABLE rule_set(
    name TEXT PRIMARY KEY,
    first_day INTEGER,
    last_day INTEGER,
    commune_working_days INTEGER,
    supplement_stops_clock INTEGER NOT NULL CHECK(supplement_stops_clock IN (0, 1)),
    re_rating_days INTEGER,
    transition_days INTEGER,
    transition_re_rating_days INTEGER,
    near_days INTEGER,
    begun INTEGER NOT NULL CHECK(begun IN (0, 1)) -- the deadlines of the transition to it are made
) STRICT;

CREATE TABLE round(
    rule_set TEXT NOT NULL,
    level TEXT NOT NULL,
    number INTEGER NOT NULL,
    proposed_before INTEGER NOT NULL,   -- month * 100 + day
    done_before INTEGER NOT NULL,
    next_year INTEGER NOT NULL CHECK(next_year IN (0, 1)),
    PRIMARY KEY(rule_set, level, number)
) STRICT;

CREATE TABLE day_off(
    day INTEGER NOT NULL,
    calendar TEXT NOT NULL,
    PRIMARY KEY(day, calendar)
) STRICT, WITHOUT ROWID;

-- Dossiers received and neither proposed (accepted by intake) nor turned away.
CREATE TABLE slip(
    province TEXT NOT NULL CHECK(length(province) = 2),
    reference TEXT NOT NULL,
    received_on INTEGER NOT NULL,
    PRIMARY KEY(province, reference)
) STRICT, WITHOUT ROWID;

CREATE TABLE dossier(
    dossier TEXT PRIMARY KEY,           -- id of its dossier.accepted
    province TEXT NOT NULL CHECK(length(province) = 2),
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    product TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    rule_set TEXT NOT NULL,
    received_on INTEGER NOT NULL,
    waits INTEGER NOT NULL CHECK(waits IN (0, 1, 2)), -- for nothing, for its province's council, for the centre's
    waits_since INTEGER NOT NULL        -- day it was proposed there, which decides the round
) STRICT;
CREATE INDEX dossier_reference ON dossier(reference, province);
CREATE INDEX dossier_product ON dossier(product);
CREATE INDEX dossier_waits ON dossier(waits, province, waits_since) WHERE waits > 0;

-- What would meet a deadline was handed in and not yet answered: nothing is missed because a service is slow.
CREATE TABLE handed_in(
    filed_seq INTEGER PRIMARY KEY,      -- the outcome names the place of the event it answers
    about TEXT NOT NULL
) STRICT;
CREATE INDEX handed_in_about ON handed_in(about);

CREATE TABLE deadline(
    what TEXT NOT NULL,
    about TEXT NOT NULL,                -- reference or certificate; empty where one day stands for many
    province TEXT NOT NULL CHECK(length(province) = 2),
    who TEXT NOT NULL,                  -- as a recipient
    due_before INTEGER NOT NULL,
    near_on INTEGER,                    -- absent: nobody is told that it is near
    state INTEGER NOT NULL CHECK(state IN (0, 1, 2, 3)), -- open, neared, missed, done
    missed INTEGER NOT NULL DEFAULT 0 CHECK(missed IN (0, 1)), -- was announced; what comes late is done as well
    fact TEXT,                          -- id of the event that made it owed
    owner TEXT,
    name TEXT,
    open INTEGER,
    stands_until INTEGER,               -- working days count again from here on; absent: they never stand still
    PRIMARY KEY(what, about, province, who, due_before)
) STRICT, WITHOUT ROWID;
-- A day looks at what is due on it, never at what is done.
CREATE INDEX deadline_missing ON deadline(due_before) WHERE state < 2;
CREATE INDEX deadline_nearing ON deadline(near_on) WHERE state = 0;
CREATE INDEX deadline_owed ON deadline(due_before) WHERE state < 3;
CREATE INDEX deadline_finding ON deadline(fact) WHERE what = 'withdrawal';
