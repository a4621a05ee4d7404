-- What certification knows: a fold over its outcomes, over ratings and withdrawals. Days are days since 1970-01-01:
-- date(day * 86400, 'unixepoch').

-- Results of councils, waiting for a decision or recognised by one.
CREATE TABLE rating(
    rated TEXT PRIMARY KEY,             -- id of the product.rated
    dossier TEXT NOT NULL,              -- id of the dossier.accepted
    reference TEXT NOT NULL,            -- the filer's own number of the dossier
    product TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    province TEXT NOT NULL CHECK(length(province) = 2),
    star INTEGER NOT NULL CHECK(star BETWEEN 0 AND 5),
    sum_hundredths INTEGER NOT NULL,
    members INTEGER NOT NULL CHECK(members >= 1), -- the mean is sum / members, never rounded
    authority TEXT NOT NULL,            -- who may recognise it; empty below three stars
    term_months INTEGER NOT NULL,
    recognised INTEGER NOT NULL DEFAULT 0 CHECK(recognised IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX rating_by_reference ON rating(reference);

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

CREATE TABLE certificate(
    certificate TEXT PRIMARY KEY,       -- OCOP-PP-YYYY-NNNN
    issued TEXT NOT NULL UNIQUE,        -- id of the certificate.issued
    province TEXT NOT NULL CHECK(length(province) = 2),
    year INTEGER NOT NULL,
    serial INTEGER NOT NULL CHECK(serial >= 1),
    product TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    star INTEGER NOT NULL CHECK(star BETWEEN 3 AND 5),
    number TEXT NOT NULL,               -- of the decision
    authority TEXT NOT NULL,
    rated TEXT NOT NULL UNIQUE,
    issued_on INTEGER NOT NULL,
    ends_on INTEGER NOT NULL,           -- the last day
    state TEXT NOT NULL DEFAULT 'valid' CHECK(state IN ('valid', 'superseded', 'revoked', 'expired')),
    left_on INTEGER CHECK((left_on IS NOT NULL) = (state IN ('superseded', 'revoked'))), -- no longer valid from here
    left_by TEXT NOT NULL DEFAULT '',   -- the newer certificate, or the number of the revocation
    ground TEXT NOT NULL DEFAULT '',    -- of a revocation
    UNIQUE(province, year, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_of_product ON certificate(product, state);
-- What a new day must look at: nothing but the certificates that end then.
CREATE INDEX certificate_ending ON certificate(ends_on) WHERE state = 'valid';
