-- What certification knows: a fold over its outcomes, over ratings, dossiers, adopted rules and days. Days are days
-- since 1970-01-01: date(day * 86400, 'unixepoch'). A column that ends in _seq is a place of the log: what a question
-- as of an earlier place does not know. It is the place of the record that brought the fact about.

-- The law, as adopted. A limit that a rule set says nothing of is -1, an open first or last day the largest or
-- smallest number of 32 bits.
CREATE TABLE rule_set(
    name TEXT PRIMARY KEY,
    first_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,          -- of its run-out
    term_months INTEGER NOT NULL,
    window_closes_days INTEGER NOT NULL,
    withdrawal_days INTEGER NOT NULL,
    extension_days INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE star_authority(
    rule_set TEXT NOT NULL,
    star INTEGER NOT NULL CHECK(star BETWEEN 3 AND 5),
    authority TEXT NOT NULL,
    first_day INTEGER NOT NULL,         -- of the decision's date
    last_day INTEGER NOT NULL,
    PRIMARY KEY(rule_set, star, first_day, authority)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice(
    rule_set TEXT NOT NULL,
    days_left INTEGER NOT NULL,         -- the holder is told so many days before the end
    PRIMARY KEY(rule_set, days_left)
) STRICT, WITHOUT ROWID;

CREATE TABLE area(
    old_code TEXT NOT NULL,
    new_code TEXT NOT NULL,
    merged_on INTEGER NOT NULL,
    PRIMARY KEY(old_code, new_code)
) STRICT, WITHOUT ROWID;

-- Every code that adopted areas name, of before and since.
CREATE TABLE province(
    code TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Further codes of a product, which is known by its first.
CREATE TABLE alias(
    code TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    printed INTEGER NOT NULL CHECK(printed IN (0, 1)), -- a code of a new period, to be printed from then on
    alias_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_of_product ON alias(product, alias_seq) WHERE printed = 1;

CREATE TABLE day_started(
    day INTEGER PRIMARY KEY,
    started_seq INTEGER NOT NULL
) STRICT;

-- Results of councils, waiting for a decision or recognised by one. A later one of the same dossier takes the place of
-- the earlier.
CREATE TABLE rating(
    rated TEXT PRIMARY KEY,             -- id of the product.rated
    dossier TEXT NOT NULL,              -- id of the dossier.accepted
    reference TEXT NOT NULL,            -- the filer's own number of the dossier
    product TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    province TEXT NOT NULL CHECK(length(province) = 2),
    level TEXT NOT NULL,
    rule_set TEXT NOT NULL,
    star INTEGER NOT NULL CHECK(star BETWEEN 0 AND 5),
    sum_hundredths INTEGER NOT NULL,
    members INTEGER NOT NULL CHECK(members >= 1), -- the mean is sum / members, never rounded
    gates TEXT NOT NULL,                -- codes of gates and grounds that were met, for people
    met_on INTEGER,                     -- day of the meeting: no decision on it is dated earlier; NULL: not said
    remanded INTEGER NOT NULL DEFAULT 0 CHECK(remanded IN (0, 1)), -- given back: the lower level may certify on it
    recognised INTEGER NOT NULL DEFAULT 0 CHECK(recognised IN (0, 1)),
    rated_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rating_by_reference ON rating(reference);
CREATE INDEX rating_of_dossier ON rating(dossier, rated_seq);

-- Dossiers their applicants took back.
CREATE TABLE withdrawn(
    dossier TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Decisions of which at least one line stands. Their numbers begin anew each year.
CREATE TABLE decision(
    authority TEXT NOT NULL,
    province TEXT NOT NULL,
    year INTEGER NOT NULL,
    number_key TEXT NOT NULL,           -- the number as text is compared: NFC, case folded
    number TEXT NOT NULL,
    signed_on INTEGER NOT NULL,
    PRIMARY KEY(authority, province, year, number_key)
) STRICT, WITHOUT ROWID;

-- Issued here, or recorded from a source: never under numbers of the same form.
CREATE TABLE certificate(
    certificate TEXT PRIMARY KEY,       -- OCOP-PP-YYYY-NNNN issued, GHI-PP-YYYY-NNNN recorded
    recorded INTEGER NOT NULL CHECK(recorded IN (0, 1)),
    fact TEXT NOT NULL UNIQUE,          -- id of the certificate.issued or .recorded
    province TEXT NOT NULL CHECK(length(province) = 2),
    year INTEGER NOT NULL,
    serial INTEGER NOT NULL CHECK(serial >= 1),
    product TEXT NOT NULL,              -- its own number when it was recorded without a code
    code TEXT NOT NULL,                 -- as printed, when that is not the product's first
    name TEXT NOT NULL,
    owner TEXT NOT NULL,                -- empty: the source does not say
    star INTEGER NOT NULL CHECK(star BETWEEN 3 AND 5),
    number TEXT NOT NULL,               -- of the decision; empty: the source does not say
    authority TEXT NOT NULL,
    rule_set TEXT NOT NULL,
    rated TEXT NOT NULL,                -- empty when recorded
    source TEXT NOT NULL,               -- empty when issued
    issued_on INTEGER NOT NULL,
    ends_on INTEGER NOT NULL,           -- the last day of the term
    open INTEGER NOT NULL CHECK(open IN (0, 1)), -- its end is still to be told: news only, no status rests on it
    issued_seq INTEGER NOT NULL,
    linked TEXT,                        -- the product of a dossier that named this recorded certificate
    linked_seq INTEGER CHECK((linked IS NULL) = (linked_seq IS NULL)),
    UNIQUE(recorded, province, year, serial)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX certificate_of_rating ON certificate(rated) WHERE recorded = 0;
CREATE INDEX certificate_of_product ON certificate(product);
CREATE INDEX certificate_linked ON certificate(linked) WHERE linked IS NOT NULL;
-- What a new day must look at: nothing but the certificates that end about then.
CREATE INDEX certificate_ending ON certificate(ends_on) WHERE open = 1;

-- Why certificates are no longer valid, from which day on. The earliest day counts; all are kept, because as of an
-- earlier place another one may have been the earliest.
CREATE TABLE leaving(
    id INTEGER PRIMARY KEY,
    certificate TEXT NOT NULL,
    how TEXT NOT NULL CHECK(how IN ('superseded', 'withdrawn')),
    left_on INTEGER NOT NULL,
    left_by TEXT NOT NULL,              -- the newer certificate, or the number of the withdrawal
    ground TEXT NOT NULL,               -- of a withdrawal
    left_seq INTEGER NOT NULL
) STRICT;
CREATE INDEX leaving_of ON leaving(certificate, left_on);

-- While a re-rating is pending (26/2026/QĐ-TTg Art. 12.3): for each dossier anew, all of a certificate to the same day.
CREATE TABLE extension(
    certificate TEXT NOT NULL,
    dossier TEXT NOT NULL,              -- whose result is awaited
    reference TEXT NOT NULL,
    province TEXT NOT NULL,
    extended_from INTEGER NOT NULL,
    extended_to INTEGER NOT NULL,
    extended_seq INTEGER NOT NULL,
    ended_on INTEGER,                   -- day of a result that brought no new certificate
    extension_ended_seq INTEGER CHECK((ended_on IS NULL) = (extension_ended_seq IS NULL)),
    PRIMARY KEY(certificate, dossier)
) STRICT, WITHOUT ROWID;
CREATE INDEX extension_of_dossier ON extension(dossier);
CREATE INDEX extension_of_reference ON extension(reference, province);

-- By what a recorded certificate is known to be recorded already. Texts as they are compared.
CREATE TABLE record(
    name_key TEXT NOT NULL,
    owner_key TEXT NOT NULL,
    province TEXT NOT NULL,
    issued_on INTEGER NOT NULL,
    star INTEGER NOT NULL,
    number_key TEXT NOT NULL,
    certificate TEXT NOT NULL,
    PRIMARY KEY(name_key, owner_key, province, issued_on, star, number_key)
) STRICT, WITHOUT ROWID;

-- Grounds to withdraw, until the authority withdraws or leaves the certificate.
CREATE TABLE finding(
    finding TEXT PRIMARY KEY,           -- id of the finding.registered
    certificate TEXT NOT NULL,
    ground TEXT NOT NULL,
    authority TEXT NOT NULL,
    found_on INTEGER NOT NULL,
    decide_by INTEGER NOT NULL,
    settled TEXT NOT NULL DEFAULT '' CHECK(settled IN ('', 'withdrawn', 'dismissed')),
    finding_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_of ON finding(certificate, finding_seq);
