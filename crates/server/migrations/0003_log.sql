-- The log over the entries of `evidence`: its tiles, its signed head, its keys, its time stamps.
-- A statement that begins with {POSTGRESQL} is for PostgreSQL only; store/migrate.rs looks at it.

-- The entry's number in the log, from 1. SQLite's one writer numbers by `seq`; on PostgreSQL transactions commit in any
-- order and leave gaps, so the sequencer numbers what is committed, under the lock of the head.
{POSTGRESQL} ALTER TABLE evidence ADD COLUMN num BIGINT;
{POSTGRESQL} CREATE UNIQUE INDEX evidence_num ON evidence (num);
{POSTGRESQL} CREATE INDEX evidence_unnumbered ON evidence (seq) WHERE num IS NULL;

-- Most entries are about nobody.
DROP INDEX evidence_subject;
CREATE INDEX evidence_subject ON evidence (subject, seq) WHERE subject IS NOT NULL;

-- The keys that sign or signed checkpoints; the last one does now.
CREATE TABLE log_keys (
    position BIGINT PRIMARY KEY,              -- from 0
    vkey TEXT NOT NULL UNIQUE,                -- name+hash+key
    from_size BIGINT NOT NULL,                -- it signs checkpoints from this size on
    rotation TEXT                             -- the note by which the key before handed over; NULL for the first
);

-- One row: the newest signed checkpoint, and the one that is served.
CREATE TABLE log_head (
    one BIGINT PRIMARY KEY,                   -- 1
    size BIGINT NOT NULL,
    root {BYTES} NOT NULL,
    note TEXT NOT NULL,                       -- the signed checkpoint over size and root
    signed_at BIGINT NOT NULL,
    published_size BIGINT NOT NULL,
    published TEXT NOT NULL,                  -- a signed checkpoint, not larger than the newest, with its cosignatures
    published_at BIGINT NOT NULL,
    witnessed BIGINT NOT NULL                 -- 1 when the policy's quorum has cosigned it
);

-- Hashes of the tree, 32 bytes each, up to 256 a tile. The last tile of a level grows in place: what it holds at an older
-- size is its beginning, so that no partial tile is ever superseded.
CREATE TABLE log_tiles (
    level BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    hashes {BYTES} NOT NULL,
    PRIMARY KEY (level, idx)
);

-- Time stamps by an outside authority (RFC 3161) over the bytes of a checkpoint.
CREATE TABLE log_stamps (
    size BIGINT PRIMARY KEY,
    checkpoint TEXT NOT NULL,
    token {BYTES} NOT NULL,                   -- the whole reply, as `openssl ts -verify -in` reads it
    stamped_at BIGINT NOT NULL,               -- the authority's time
    authority TEXT NOT NULL                   -- its URL
);
