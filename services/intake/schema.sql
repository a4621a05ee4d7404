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

-- Adopted law, as far as intake needs it. What a rule set does not say is NULL or empty, and is not enforced.
CREATE TABLE rule_set(
    name TEXT PRIMARY KEY,
    first_day INTEGER,                  -- NULL: always
    last_day INTEGER,                   -- of the run-out; NULL: open
    rubric_prefix TEXT NOT NULL,
    samples INTEGER,
    assessments INTEGER NOT NULL CHECK(assessments IN (0, 1)),
    window_opens_days INTEGER,
    window_closes_days INTEGER,
    extension_days INTEGER,
    late_is_first INTEGER NOT NULL CHECK(late_is_first IN (0, 1)),
    transition_days INTEGER,
    transition_re_rating_days INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE item_needed(
    rule_set TEXT NOT NULL,
    place INTEGER NOT NULL,             -- 1, 2, 3... as adopted
    kind TEXT NOT NULL CHECK(kind IN ('first', 'upgrade', 're_rating')),
    item TEXT NOT NULL,
    goods_only INTEGER NOT NULL CHECK(goods_only IN (0, 1)),
    PRIMARY KEY(rule_set, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE rubric(
    name TEXT PRIMARY KEY,
    goods INTEGER NOT NULL CHECK(goods IN (0, 1)) -- 0: of services
) STRICT, WITHOUT ROWID;

-- Adopted areas, with every province they know; `changed` where its code or meaning changes with them.
CREATE TABLE areas(
    name TEXT PRIMARY KEY,
    first_day INTEGER NOT NULL,         -- since then there are no districts
    recode INTEGER NOT NULL CHECK(recode IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TABLE area(
    areas TEXT NOT NULL,
    old_code TEXT NOT NULL CHECK(length(old_code) = 2),
    new_code TEXT NOT NULL CHECK(length(new_code) = 2),
    changed INTEGER NOT NULL CHECK(changed IN (0, 1)),
    PRIMARY KEY(areas, old_code)
) STRICT, WITHOUT ROWID;
-- What was announced: since merged_on the new code stands for the old one too.
CREATE TABLE merged(
    new_code TEXT NOT NULL CHECK(length(new_code) = 2),
    old_code TEXT NOT NULL CHECK(length(old_code) = 2),
    merged_on INTEGER NOT NULL,
    PRIMARY KEY(new_code, old_code)
) STRICT, WITHOUT ROWID;

-- Names are compared by key (NFC, case folded, blanks collapsed).
CREATE TABLE owner(
    owner_code TEXT PRIMARY KEY,        -- CT-PP-NNNNNN
    province TEXT NOT NULL CHECK(length(province) = 2),
    serial INTEGER NOT NULL CHECK(serial >= 1),
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE(key, province),
    UNIQUE(province, serial)
) STRICT, WITHOUT ROWID;

-- A product is a name of an owner in a province: those of the latest version of its dossiers that stand; when
-- none does, those it was registered with.
CREATE TABLE product(
    product TEXT PRIMARY KEY,           -- its first code, kept for good
    registered TEXT NOT NULL UNIQUE,    -- id of the product.registered
    province TEXT NOT NULL CHECK(length(province) = 2),
    commune_code TEXT NOT NULL CHECK(length(commune_code) = 5),
    commune TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_code TEXT NOT NULL,
    name_key TEXT NOT NULL,
    owner_key TEXT NOT NULL,
    UNIQUE(owner_key, name_key, province)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_of_owner ON product(owner_code);

-- Every code a product has or had: each still means it.
CREATE TABLE code(
    code TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    place INTEGER NOT NULL CHECK(place >= 1), -- 1: its first; the largest is printed
    given_on INTEGER NOT NULL,
    province TEXT NOT NULL,             -- these four as the code says; empty and 0 when it is of no known form
    commune_code TEXT NOT NULL,
    year INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    UNIQUE(product, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX code_by_commune ON code(province, commune_code, year, serial);

-- Certificates, issued here or recorded from elsewhere.
CREATE TABLE certificate(
    certificate TEXT PRIMARY KEY,
    product TEXT NOT NULL,              -- a code of it; empty when none was printed
    province TEXT NOT NULL CHECK(length(province) = 2),
    name_key TEXT NOT NULL,
    owner_key TEXT NOT NULL,            -- empty when the source names no holder
    star INTEGER NOT NULL CHECK(star BETWEEN 3 AND 5),
    ends_on INTEGER NOT NULL,
    over TEXT NOT NULL CHECK(over IN ('', 'withdrawn', 'replaced'))
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_of_product ON certificate(product);
CREATE INDEX certificate_by_names ON certificate(owner_key, name_key);

-- Accepted dossiers only: what was returned leaves no trace here, the log has it.
CREATE TABLE dossier(
    dossier TEXT PRIMARY KEY,           -- id of the dossier.accepted
    seq INTEGER NOT NULL,               -- of the dossier.filed
    reference TEXT NOT NULL,            -- the filer's own number
    province TEXT NOT NULL CHECK(length(province) = 2),
    product TEXT NOT NULL,              -- its first code
    code TEXT NOT NULL,                 -- the one to print; empty when it is the first
    kind TEXT NOT NULL CHECK(kind IN ('first', 'upgrade', 're_rating')),
    owner_kind TEXT NOT NULL,
    district_code TEXT NOT NULL,
    commune_code TEXT NOT NULL,
    round TEXT NOT NULL,
    rule_set TEXT NOT NULL,             -- fixed at acceptance
    rubric TEXT NOT NULL,
    certificate TEXT NOT NULL,
    received_on INTEGER NOT NULL,
    slip TEXT NOT NULL,
    proposal TEXT NOT NULL,
    proposed_on INTEGER,
    samples INTEGER NOT NULL CHECK(samples >= 0),
    remark TEXT NOT NULL,
    version INTEGER NOT NULL CHECK(version >= 1), -- the latest
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK(withdrawn IN (0, 1)),
    rated INTEGER NOT NULL DEFAULT 0 CHECK(rated IN (0, 1)),
    rejected INTEGER NOT NULL DEFAULT 0 CHECK(rejected IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_of_product ON dossier(product, round);
CREATE UNIQUE INDEX dossier_by_reference ON dossier(reference, province) WHERE rejected = 0;
CREATE INDEX dossier_by_any_reference ON dossier(reference);

-- What was handed in, version by version. Never changed: the file in the system has the force of paper
-- (26/2026/QĐ-TTg Art. 7.1).
CREATE TABLE dossier_version(
    dossier TEXT NOT NULL,
    version INTEGER NOT NULL CHECK(version >= 1),
    seq INTEGER NOT NULL,               -- of the outcome that accepted it
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
    criterion TEXT NOT NULL,
    earlier INTEGER NOT NULL CHECK(earlier IN (0, 1)), -- cited by its digest from an earlier dossier
    PRIMARY KEY(dossier, version, place)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER dossier_item_stays BEFORE UPDATE ON dossier_item
BEGIN
    SELECT raise(ABORT, 'a paper of a dossier is never changed');
END;

-- The commune's report.
CREATE TABLE assessment(
    dossier TEXT NOT NULL,
    place INTEGER NOT NULL,
    topic TEXT NOT NULL,
    finding TEXT NOT NULL,
    PRIMARY KEY(dossier, place)
) STRICT, WITHOUT ROWID;

-- Registration slips: a desk gives one for a reference, until that is turned away.
CREATE TABLE slip(
    slip TEXT PRIMARY KEY,              -- id of the slip.registered
    province TEXT NOT NULL CHECK(length(province) = 2),
    reference TEXT NOT NULL,
    desk TEXT NOT NULL,
    number TEXT NOT NULL,
    received_on INTEGER NOT NULL,
    commune_code TEXT NOT NULL,
    owner TEXT NOT NULL,
    rule_set TEXT NOT NULL,             -- in force on the day of receipt
    rejected INTEGER NOT NULL DEFAULT 0 CHECK(rejected IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX slip_by_reference ON slip(reference, province, desk) WHERE rejected = 0;

-- Requests for more, closed when all that was asked for has come.
CREATE TABLE request(
    request TEXT PRIMARY KEY,           -- id of the request.registered
    province TEXT NOT NULL CHECK(length(province) = 2), -- the dossier's
    reference TEXT NOT NULL,
    desk TEXT NOT NULL,
    reason TEXT NOT NULL,
    due_before INTEGER NOT NULL,        -- strictly before this day
    rejected INTEGER NOT NULL DEFAULT 0 CHECK(rejected IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX request_by_reference ON request(reference, province);
CREATE TABLE request_item(
    request TEXT NOT NULL,
    item TEXT NOT NULL,
    came INTEGER NOT NULL DEFAULT 0 CHECK(came IN (0, 1)),
    PRIMARY KEY(request, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejection(
    rejection TEXT PRIMARY KEY,         -- id of the rejection.registered
    province TEXT NOT NULL CHECK(length(province) = 2), -- the dossier's
    reference TEXT NOT NULL,
    desk TEXT NOT NULL,
    ground TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rejection_by_reference ON rejection(reference, province);
