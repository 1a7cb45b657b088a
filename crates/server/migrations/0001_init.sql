-- Times are integer microseconds since 1970 (UTC), ids are text, hashes are 32 bytes.
-- {BYTES} and {SERIAL} are the two words on which SQLite and PostgreSQL differ; store/migrate.rs puts them in.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The embedded directory -----------------------------------------------------------------------------------------

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    external_id TEXT UNIQUE,
    locale TEXT,
    region TEXT,
    party TEXT,
    flags TEXT NOT NULL DEFAULT '',          -- space separated, sorted: 'leaked_mailbox', 'suspended' …
    password_hash TEXT,
    password_changed_at BIGINT,
    totp_sealed {BYTES},                      -- AES-256-GCM under the keyring, bound to the account id
    totp_last_step BIGINT NOT NULL DEFAULT 0, -- a one-time code is taken once (RFC 6238, 5.2)
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disavow_level BIGINT NOT NULL DEFAULT 0,  -- how often the owner said "this was not me"
    disavow_until BIGINT NOT NULL DEFAULT 0,
    hold_until BIGINT NOT NULL DEFAULT 0      -- recovery without strong proof waits until then
);

-- What a person can type to name an account; normalised by core::identifier.
CREATE TABLE identifiers (
    kind TEXT NOT NULL,                       -- 'user' | 'email' | 'phone'
    value TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (kind, value)
);
CREATE INDEX identifiers_account ON identifiers (account_id);

CREATE TABLE emails (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    address TEXT NOT NULL,                    -- as it was given; where mail goes
    normalized TEXT NOT NULL,
    confirmed_at BIGINT,
    position BIGINT NOT NULL,                 -- 0 is the first choice
    PRIMARY KEY (account_id, normalized)
);

CREATE TABLE phones (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    number TEXT NOT NULL,                     -- E.164
    confirmed_at BIGINT,
    position BIGINT NOT NULL,
    PRIMARY KEY (account_id, number)
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    device_id TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX sessions_account ON sessions (account_id, ended_at);

CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX devices_account ON devices (account_id);

CREATE TABLE recovery_codes (
    code_hash {BYTES} PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX recovery_codes_account ON recovery_codes (account_id);

-- The gate -------------------------------------------------------------------------------------------------------

CREATE TABLE recovery_requests (
    id TEXT PRIMARY KEY,
    received_at BIGINT NOT NULL,
    door TEXT NOT NULL,                       -- 'api' | 'hosted'
    identifier TEXT,                          -- wiped as soon as the request is decided or has expired
    identifier_key {BYTES} NOT NULL,
    source_key {BYTES} NOT NULL,
    locale TEXT,
    agent TEXT NOT NULL,                      -- the family of the asking device: 'android', 'windows' …
    device TEXT,                              -- id and binding of a device token whose signature was good
    code_hash {BYTES},                        -- keyed hash of a saved recovery code, if one was shown
    class TEXT NOT NULL,                      -- 'anonymous' | 'work' | 'strong'
    state TEXT NOT NULL,                      -- 'queued' | 'held' | 'done' | 'expired'
    outcome TEXT,
    ticket_id TEXT,
    wake_at BIGINT NOT NULL,                  -- not looked at before
    expires_at BIGINT NOT NULL,
    decided_at BIGINT
);
CREATE INDEX recovery_requests_work ON recovery_requests (state, class, received_at);
CREATE INDEX recovery_requests_expiry ON recovery_requests (expires_at) WHERE state IN ('queued', 'held');
CREATE INDEX recovery_requests_identifier ON recovery_requests (identifier_key, received_at);

CREATE TABLE tickets (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,                      -- 'live' | 'used' | 'revoked'
    class TEXT NOT NULL,
    siege BIGINT NOT NULL,                    -- 1 when the gate asked for proof as the ticket was made
    nonce {BYTES} NOT NULL,                   -- the secrets are derived from it with a key that is not in here
    secret_hash {BYTES} NOT NULL UNIQUE,
    code_hash {BYTES} NOT NULL,
    code_tries BIGINT NOT NULL DEFAULT 0,
    factor_tries BIGINT NOT NULL DEFAULT 0,
    proceed_hash {BYTES} UNIQUE,              -- of the token that a right code was exchanged for
    not_me_hash {BYTES} NOT NULL UNIQUE,
    mailbox_key {BYTES} NOT NULL,
    device_known BIGINT NOT NULL DEFAULT 0,
    closed_at BIGINT
);
CREATE INDEX tickets_account ON tickets (account_id, state);

-- When a mailbox or an account was last written to; the three latest times are enough for "3 a day".
CREATE TABLE send_slots (
    subject_key {BYTES} PRIMARY KEY,
    live_until BIGINT NOT NULL,
    sent_1 BIGINT NOT NULL,
    sent_2 BIGINT NOT NULL,
    sent_3 BIGINT NOT NULL
);

CREATE TABLE budgets (
    name TEXT PRIMARY KEY,
    level_milli BIGINT NOT NULL,              -- thousandths of a message
    rate_milli BIGINT NOT NULL,               -- completions an hour, thousandths, decaying average
    updated_at BIGINT NOT NULL
);

CREATE TABLE spent_proofs (
    challenge {BYTES} PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_proofs_expiry ON spent_proofs (expires_at);

-- A password change that waits out its cool-off.
CREATE TABLE changes (
    id TEXT PRIMARY KEY,
    ticket_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    password_hash TEXT NOT NULL,
    state TEXT NOT NULL,                      -- 'waiting' | 'applied' | 'cancelled'
    created_at BIGINT NOT NULL,
    apply_at BIGINT NOT NULL,
    nonce {BYTES} NOT NULL,
    cancel_hash {BYTES} NOT NULL UNIQUE,
    closed_at BIGINT
);
CREATE INDEX changes_due ON changes (state, apply_at);

-- What "this was not me" after a change puts back.
CREATE TABLE undos (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    old_password_hash TEXT,
    mailbox_key {BYTES} NOT NULL,
    nonce {BYTES} NOT NULL,
    undo_hash {BYTES} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX undos_account ON undos (account_id);

-- Messages: the outbox and the register in one ---------------------------------------------------------------------

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    template TEXT NOT NULL,
    source_id TEXT NOT NULL,                  -- the ticket, change or undo whose nonce its secrets come from
    to_address TEXT NOT NULL,
    to_masked TEXT NOT NULL,
    to_domain TEXT NOT NULL,
    locale TEXT NOT NULL,
    params TEXT NOT NULL,                     -- JSON, never a secret
    code_hash {BYTES} NOT NULL UNIQUE,        -- of the countersign code
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,                      -- 'queued' | 'sending' | 'sent' | 'failed' | 'unknown'
    attempts BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL,
    claimed_by TEXT,
    claimed_until BIGINT NOT NULL DEFAULT 0,
    closed_at BIGINT,
    last_error TEXT
);
CREATE INDEX messages_due ON messages (state, next_at);
CREATE INDEX messages_account ON messages (account_id, created_at);

-- The API --------------------------------------------------------------------------------------------------------

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    key_hash {BYTES} NOT NULL UNIQUE,
    scopes TEXT NOT NULL,                     -- space separated
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);

CREATE TABLE idempotency (
    key_hash {BYTES} PRIMARY KEY,             -- of the API key's id, the route and the client's key
    request_digest {BYTES} NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Evidence -------------------------------------------------------------------------------------------------------

CREATE TABLE evidence (
    seq {SERIAL},
    id TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT,                             -- the account it is about; the handle for erasure
    payload {BYTES},                          -- canonical JSON; NULL once erased
    salt {BYTES},                             -- 32 random bytes; NULL once erased
    commitment {BYTES} NOT NULL
);
CREATE INDEX evidence_subject ON evidence (subject, seq);
