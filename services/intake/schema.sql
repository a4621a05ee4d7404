-- What intake knows: a fold over its outcomes. Days are days since 1970-01-01: date(day * 86400, 'unixepoch').
-- Optional text is the empty text when it was not given.

-- Approved plans of the provinces; one for each province and span of years.
CREATE TABLE plan(
    province TEXT NOT NULL CHECK(length(province) = 2),
    year_from INTEGER NOT NULL,
    year_to INTEGER NOT NULL CHECK(year_to >= year_from),
    title TEXT NOT NULL,
    decision TEXT NOT NULL,
    products INTEGER NOT NULL CHECK(products >= 0),
    budget_vnd INTEGER NOT NULL CHECK(budget_vnd >= 0),
    remark TEXT NOT NULL,
    PRIMARY KEY(province, year_from, year_to)
) STRICT, WITHOUT ROWID;

-- Results a province reported to the end of a period.
CREATE TABLE report(
    province TEXT NOT NULL CHECK(length(province) = 2),
    period_end INTEGER NOT NULL,
    due_before INTEGER,                 -- strictly before this day; NULL when none was named
    three_star INTEGER NOT NULL CHECK(three_star >= 0),
    four_star INTEGER NOT NULL CHECK(four_star >= 0),
    five_star INTEGER NOT NULL CHECK(five_star >= 0),
    late INTEGER NOT NULL CHECK(late IN (0, 1)),
    remark TEXT NOT NULL,
    PRIMARY KEY(province, period_end)
) STRICT, WITHOUT ROWID;

-- A product is a name of an owner in a province; names are compared by key (NFC, case folded, blanks collapsed).
CREATE TABLE product(
    product TEXT PRIMARY KEY,           -- its code, kept for good
    registered TEXT NOT NULL UNIQUE,    -- id of the product.registered
    province TEXT NOT NULL CHECK(length(province) = 2),
    commune_code TEXT NOT NULL CHECK(length(commune_code) = 5),
    commune TEXT NOT NULL,
    year INTEGER NOT NULL,
    serial INTEGER NOT NULL CHECK(serial >= 1),
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    name_key TEXT NOT NULL,
    owner_key TEXT NOT NULL,
    UNIQUE(province, owner_key, name_key),
    UNIQUE(province, commune_code, year, serial)
) STRICT, WITHOUT ROWID;

-- Accepted dossiers only: what was returned leaves no trace here, the log has it.
CREATE TABLE dossier(
    dossier TEXT PRIMARY KEY,           -- id of the dossier.accepted
    seq INTEGER NOT NULL,               -- of the dossier.filed
    reference TEXT NOT NULL,            -- the filer's own number
    province TEXT NOT NULL CHECK(length(province) = 2),
    product TEXT NOT NULL,
    kind TEXT NOT NULL CHECK(kind IN ('first', 'upgrade', 're_rating')),
    owner_kind TEXT NOT NULL,
    district_code TEXT NOT NULL,
    commune_code TEXT NOT NULL,
    round TEXT NOT NULL,
    rule_set TEXT NOT NULL,             -- fixed at acceptance
    rubric TEXT NOT NULL,
    remark TEXT NOT NULL,
    version INTEGER NOT NULL CHECK(version >= 1), -- the latest
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK(withdrawn IN (0, 1)),
    rated INTEGER NOT NULL DEFAULT 0 CHECK(rated IN (0, 1)),
    UNIQUE(province, reference)
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_of_product ON dossier(product, round);
CREATE INDEX dossier_by_reference ON dossier(reference);

-- What was handed in, version by version. Never changed: the file in the system has the force of paper
-- (26/2026/QĐ-TTg Art. 7.1).
CREATE TABLE dossier_version(
    dossier TEXT NOT NULL,
    version INTEGER NOT NULL CHECK(version >= 1),
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    reason TEXT NOT NULL,               -- of the supplement; empty for version 1
    PRIMARY KEY(dossier, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER dossier_version_stays BEFORE UPDATE ON dossier_version
BEGIN
    SELECT raise(ABORT, 'a version of a dossier is never changed');
END;

-- Papers that came with a version; those of earlier versions stay in force beside them.
CREATE TABLE dossier_item(
    dossier TEXT NOT NULL,
    version INTEGER NOT NULL,
    place INTEGER NOT NULL,             -- 1, 2, 3... as filed
    item TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER,                      -- NULL when not given
    digest TEXT NOT NULL,
    PRIMARY KEY(dossier, version, place)
) STRICT, WITHOUT ROWID;
