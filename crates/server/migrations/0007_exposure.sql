-- Accounts have dense numbers, so that a set of millions is a bitmap of a few megabytes ------------------------------

ALTER TABLE accounts ADD COLUMN number BIGINT;  -- from zero, never another account's
UPDATE accounts SET number = o.n
    FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM accounts) AS o WHERE o.id = accounts.id;
CREATE UNIQUE INDEX accounts_number ON accounts (number);
-- What the index of the directory follows: rows that changed after it was built.
CREATE INDEX accounts_changed ON accounts (updated_at, number);
-- What cohorts are made of.
CREATE INDEX accounts_factor ON accounts (number) WHERE totp_sealed IS NOT NULL;
CREATE INDEX accounts_party ON accounts (party, number) WHERE party IS NOT NULL;
CREATE INDEX accounts_region ON accounts (region, number) WHERE region IS NOT NULL;

-- Values that accounts had before: how old the data of a leak is shows in them.
CREATE TABLE former_values (
    number {SERIAL},
    account_id TEXT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL,                       -- 'email' | 'phone' | 'user'
    value_key {BYTES} NOT NULL,               -- keyed hash, so that the same value is kept once
    value_sealed {BYTES} NOT NULL,            -- AES-256-GCM under the keyring, bound to the account
    until_at BIGINT NOT NULL,                 -- when it stopped to be the account's
    recorded_at BIGINT NOT NULL,
    UNIQUE (account_id, kind, value_key)
);

-- Leaks: what was found, never what was read (invariant X1) --------------------------------------------------------

CREATE TABLE leaks (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    state TEXT NOT NULL,                      -- 'standing' | 'withdrawn'
    digest {BYTES} NOT NULL,                  -- BLAKE3 of the file; of several SHA-256 of theirs
    row_count BIGINT NOT NULL,
    bad_count BIGINT NOT NULL,
    account_count BIGINT NOT NULL,
    strong_count BIGINT NOT NULL,
    cohort {BYTES} NOT NULL,                  -- of everybody who matched
    report TEXT NOT NULL,                     -- JSON: files, columns, faults, fields, freshness
    closed_at BIGINT
);
CREATE INDEX leaks_digest ON leaks (digest);
-- Bitmaps over account numbers, a million numbers in a row: one for each kind of key, each field, and each doubt.
CREATE TABLE leak_pieces (
    leak_id TEXT NOT NULL REFERENCES leaks (id),
    what TEXT NOT NULL,                       -- 'by:email', 'shows:phone', 'strong', 'former', 'contradicted'
    piece BIGINT NOT NULL,
    bytes {BYTES} NOT NULL,
    PRIMARY KEY (leak_id, what, piece)
);

-- Cohorts: immutable sets of accounts, named by their digest --------------------------------------------------------

CREATE TABLE cohorts (
    digest {BYTES} PRIMARY KEY,
    name TEXT NOT NULL,
    query TEXT NOT NULL,                      -- how it was made, for people
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX cohorts_age ON cohorts (created_at);
CREATE TABLE cohort_pieces (
    digest {BYTES} NOT NULL REFERENCES cohorts (digest),
    piece BIGINT NOT NULL,
    bytes {BYTES} NOT NULL,
    PRIMARY KEY (digest, piece)
);

-- Containments: a policy on a cohort, in force from the commit ------------------------------------------------------

CREATE TABLE containments (
    id TEXT PRIMARY KEY,
    cohort {BYTES} NOT NULL REFERENCES cohorts (digest),
    kind TEXT NOT NULL,                       -- 'must_reset' | 'recovery_held' | 'watched'
    reason TEXT NOT NULL,
    size BIGINT NOT NULL,
    since BIGINT NOT NULL,
    until_at BIGINT,
    lifted_at BIGINT
);
CREATE INDEX containments_open ON containments (since) WHERE lifted_at IS NULL;
-- Accounts that a containment holds no more: the password was set anew, or somebody let them go.
CREATE TABLE containment_releases (
    seq {SERIAL},
    containment_id TEXT NOT NULL REFERENCES containments (id),
    number BIGINT NOT NULL,
    why TEXT NOT NULL,                        -- 'reset' | 'staff'
    at BIGINT NOT NULL,
    UNIQUE (containment_id, number)
);
CREATE INDEX containment_releases_age ON containment_releases (at);
