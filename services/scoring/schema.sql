-- What scoring knows: rules, councils, dossiers, sheets, results. A fold over the log; rebuilt, never migrated.

-- The law as it was adopted, byte for byte; a name never changes its bytes.
CREATE TABLE rules(
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL CHECK(length(hash) = 64),
    kind TEXT NOT NULL,
    first_day INTEGER,                      -- days since 1970; NULL: always
    last_day INTEGER,                       -- NULL: open
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX rules_first_day ON rules(first_day) WHERE kind = 'rule_set';

CREATE TABLE council(
    council TEXT PRIMARY KEY,
    level TEXT NOT NULL,
    province TEXT NOT NULL CHECK(length(province) = 2),
    round TEXT NOT NULL,
    rule_set TEXT NOT NULL,
    members INTEGER NOT NULL CHECK(members > 0),
    quorum_percent INTEGER NOT NULL,        -- in force for this council
    spread_hundredths INTEGER NOT NULL,
    formed_on INTEGER                       -- days since 1970: date of the paper; NULL: not said
) STRICT, WITHOUT ROWID;

CREATE TABLE seat(
    council TEXT NOT NULL,
    member TEXT NOT NULL,
    seat TEXT NOT NULL,
    PRIMARY KEY(council, member)
) STRICT, WITHOUT ROWID;

-- Dossiers as intake accepted them, brought up to date by supplements and withdrawals.
CREATE TABLE dossier(
    dossier TEXT PRIMARY KEY,               -- id of the dossier.accepted
    reference TEXT NOT NULL,
    product TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    province TEXT NOT NULL,
    round TEXT NOT NULL,
    rule_set TEXT NOT NULL,
    rubric TEXT,
    kind TEXT NOT NULL,
    code TEXT,                              -- printed now; NULL: the product's first
    received_on INTEGER NOT NULL,           -- days since 1970; decides which rule set's transition it falls under
    version INTEGER NOT NULL DEFAULT 1,
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK(withdrawn IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_product ON dossier(product);
CREATE INDEX dossier_reference ON dossier(reference);
CREATE INDEX dossier_code ON dossier(code) WHERE code IS NOT NULL;

-- Provinces as adopted areas files list them, each with what it became part of, which may be itself: whose
-- councils score its dossiers from then on.
CREATE TABLE area(
    old_code TEXT NOT NULL,
    new_code TEXT NOT NULL,
    merged_on INTEGER NOT NULL,             -- days since 1970
    PRIMARY KEY(old_code, new_code, merged_on)
) STRICT, WITHOUT ROWID;

-- Members who have no say on a dossier.
CREATE TABLE conflict(
    council TEXT NOT NULL,
    dossier TEXT NOT NULL,
    member TEXT NOT NULL,
    event TEXT NOT NULL,                    -- id of the conflict.declared
    PRIMARY KEY(council, dossier, member)
) STRICT, WITHOUT ROWID;

-- Every sheet that ever counted; the highest version of a member is the one that counts.
CREATE TABLE sheet(
    council TEXT NOT NULL,
    dossier TEXT NOT NULL,
    member TEXT NOT NULL,
    version INTEGER NOT NULL CHECK(version > 0),
    event TEXT NOT NULL,                    -- id of the sheet.submitted
    total_hundredths INTEGER NOT NULL,
    a_hundredths INTEGER,
    b_hundredths INTEGER,
    c_hundredths INTEGER,
    given_hundredths INTEGER,               -- its total as submitted, when it gave only that
    options TEXT,                           -- JSON {"A.1.1": 2, ...}; NULL: the sheet gave parts or a total
    gates TEXT NOT NULL,                    -- JSON ["CODE", ...]
    remark TEXT,
    PRIMARY KEY(council, dossier, member, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX sheet_dossier ON sheet(dossier);

CREATE VIEW current_sheet AS
    SELECT * FROM sheet s
    WHERE version = (SELECT max(version) FROM sheet o
                     WHERE o.council = s.council AND o.dossier = s.dossier AND o.member = s.member);

-- Members asked to score a dossier again, because their totals were the farthest apart.
CREATE TABLE far(
    council TEXT NOT NULL,
    dossier TEXT NOT NULL,
    member TEXT NOT NULL,
    version INTEGER NOT NULL,               -- of the sheet that was too far; a later one answers
    PRIMARY KEY(council, dossier, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE rating(
    council TEXT NOT NULL,
    dossier TEXT NOT NULL,
    id TEXT NOT NULL,                       -- of the product.rated
    product TEXT NOT NULL,
    rule_hash TEXT NOT NULL,                -- of the rule set
    rubric TEXT,
    rubric_hash TEXT,
    sum_hundredths INTEGER NOT NULL,
    members INTEGER NOT NULL CHECK(members > 0),
    star INTEGER NOT NULL CHECK(star BETWEEN 0 AND 5),
    star_by_points INTEGER NOT NULL CHECK(star_by_points BETWEEN 1 AND 5),
    star_by_marks INTEGER NOT NULL CHECK(star_by_marks BETWEEN 0 AND 5),
    forwarded_to TEXT,                      -- the level whose council is to rate it next
    remanded_to TEXT,                       -- the level that certifies on it, or rates again
    seq INTEGER NOT NULL,                   -- which of several is the latest
    PRIMARY KEY(council, dossier)
) STRICT, WITHOUT ROWID;
CREATE INDEX rating_product ON rating(product);
CREATE INDEX rating_dossier ON rating(dossier);

-- Why a result is not the star its points allow.
CREATE TABLE rating_missed(
    council TEXT NOT NULL,
    dossier TEXT NOT NULL,
    criterion TEXT NOT NULL,
    star INTEGER NOT NULL,                  -- the star it bars
    needed_hundredths INTEGER NOT NULL,
    reached_sum_hundredths INTEGER NOT NULL,
    PRIMARY KEY(council, dossier, criterion, star)
) STRICT, WITHOUT ROWID;

CREATE TABLE rating_gate(
    council TEXT NOT NULL,
    dossier TEXT NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY(council, dossier, code)
) STRICT, WITHOUT ROWID;

-- Closings that were settled. The same event id again would give results the ids of the first, so it is refused.
CREATE TABLE closing(
    event TEXT PRIMARY KEY,                 -- id of the round.closed
    council TEXT NOT NULL,
    closed_on INTEGER NOT NULL,             -- days since 1970
    rated INTEGER NOT NULL,
    held INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
