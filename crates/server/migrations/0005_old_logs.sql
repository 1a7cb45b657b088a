-- Logs that were ended because they could not be gone on with: what was known of each, as it was found. Nothing reads it but
-- people who want to know what happened.

CREATE TABLE old_logs (
    origin TEXT PRIMARY KEY,                  -- its name
    position BIGINT NOT NULL UNIQUE,          -- from 0
    ended_at BIGINT NOT NULL,
    reason TEXT NOT NULL,                     -- in the words of whoever ended it
    last_seen TEXT,                           -- the checkpoint that lay beside the database
    size BIGINT,                              -- from here on as in log_head; NULL where there was no head
    root {BYTES},
    note TEXT,
    signed_at BIGINT,
    published_size BIGINT,
    published TEXT,
    published_at BIGINT,
    witnessed BIGINT
);

CREATE TABLE old_log_keys (
    origin TEXT NOT NULL,
    position BIGINT NOT NULL,
    vkey TEXT NOT NULL,
    from_size BIGINT NOT NULL,
    rotation TEXT,
    PRIMARY KEY (origin, position)
);

CREATE TABLE old_log_tiles (
    origin TEXT NOT NULL,
    level BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    hashes {BYTES} NOT NULL,
    PRIMARY KEY (origin, level, idx)
);

CREATE TABLE old_log_stamps (
    origin TEXT NOT NULL,
    size BIGINT NOT NULL,
    checkpoint TEXT NOT NULL,
    token {BYTES} NOT NULL,
    stamped_at BIGINT NOT NULL,
    authority TEXT NOT NULL,
    PRIMARY KEY (origin, size)
);
