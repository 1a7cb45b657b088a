-- Staff: the people who work in the console ------------------------------------------------------------------------

CREATE TABLE staff (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,                -- what they sign in with; lower case
    shown_name TEXT NOT NULL,
    roles TEXT NOT NULL,                      -- space separated, sorted: 'admin', 'viewer' …
    password_hash TEXT,
    totp_sealed {BYTES},                      -- AES-256-GCM under the keyring, bound to the staff id
    totp_last_step BIGINT NOT NULL DEFAULT 0,
    oidc_issuer TEXT,                         -- both or neither: who else vouches for them
    oidc_subject TEXT,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    UNIQUE (oidc_issuer, oidc_subject)
);

CREATE TABLE staff_passkeys (
    id TEXT PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    credential_id {BYTES} NOT NULL UNIQUE,
    credential TEXT NOT NULL,                 -- JSON: the public key and its counter, as the library keeps them
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX staff_passkeys_staff ON staff_passkeys (staff_id);

CREATE TABLE staff_recovery_codes (
    code_hash {BYTES} PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX staff_recovery_codes_staff ON staff_recovery_codes (staff_id);

-- One-time links: the first one, invitations, and those by which somebody comes back who has lost everything.
CREATE TABLE staff_links (
    id TEXT PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    purpose TEXT NOT NULL,                    -- 'first' | 'invite' | 'recover'
    secret_hash {BYTES} NOT NULL UNIQUE,
    created_by TEXT,                          -- staff id; NULL from the command line
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    closed_at BIGINT                          -- used or revoked
);
CREATE INDEX staff_links_staff ON staff_links (staff_id, closed_at);

CREATE TABLE staff_sessions (
    id TEXT PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    token_hash {BYTES} NOT NULL UNIQUE,
    method TEXT NOT NULL,                     -- 'password' | 'passkey' | 'oidc' | 'link'
    agent TEXT NOT NULL,                      -- the family of the device
    source TEXT NOT NULL,                     -- the prefix of the network
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,                  -- to the half minute
    confirmed_at BIGINT NOT NULL,             -- when the person last proved who they are
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id, ended_at);
CREATE INDEX staff_sessions_age ON staff_sessions (created_at);

-- What was begun with a browser and is to be finished by the same: a passkey's challenge, a sign-in elsewhere.
CREATE TABLE staff_ceremonies (
    token_hash {BYTES} PRIMARY KEY,
    kind TEXT NOT NULL,                       -- 'passkey_add' | 'passkey_use' | 'oidc' | 'enrol'
    staff_id TEXT,
    state_sealed {BYTES} NOT NULL,            -- AES-256-GCM under the keyring, bound to the kind
    expires_at BIGINT NOT NULL
);
CREATE INDEX staff_ceremonies_expiry ON staff_ceremonies (expires_at);

-- "I cannot sign in": seen by those who can help.
CREATE TABLE staff_pleas (
    id TEXT PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    created_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX staff_pleas_open ON staff_pleas (staff_id) WHERE closed_at IS NULL;

-- What staff did, for the audit page: a partial index costs other entries nothing. 'staff/' is the text after 'staff.'.
CREATE INDEX evidence_staff ON evidence (seq) WHERE kind >= 'staff.' AND kind < 'staff/';

-- Recovery traffic in numbers: derived from the rows below, and kept longer than they are --------------------------

CREATE TABLE traffic (
    step BIGINT NOT NULL,                     -- minutes that the row covers: 1, 30 or 360
    minute BIGINT NOT NULL,                   -- its first one, counted from 1970; a multiple of the step
    what TEXT NOT NULL,                       -- 'requests', 'outcome:…', 'ticket:…', 'message:…'
    number BIGINT NOT NULL,                   -- never zero
    PRIMARY KEY (step, minute, what)
);
CREATE TABLE traffic_settled (
    one BIGINT PRIMARY KEY,                   -- 1
    since BIGINT NOT NULL,                    -- the first minute of which anything is known
    until BIGINT NOT NULL                     -- the first minute that is not in the table above yet
);
-- What the youngest minutes are counted from, before they are settled in the table above.
CREATE INDEX recovery_requests_received ON recovery_requests (received_at);
CREATE INDEX recovery_requests_decided ON recovery_requests (decided_at, outcome) WHERE decided_at IS NOT NULL;
CREATE INDEX messages_closed ON messages (closed_at, state) WHERE closed_at IS NOT NULL;
CREATE INDEX tickets_closed ON tickets (closed_at, state) WHERE closed_at IS NOT NULL;

-- Search in the register; trouble is rare and has an index of its own (store/register.rs names it in these words).
CREATE INDEX messages_masked ON messages (to_masked, id);
CREATE INDEX messages_trouble ON messages (state, id) WHERE state IN ('failed', 'unknown');

-- The page of an account.
CREATE INDEX changes_account ON changes (account_id);
CREATE INDEX recovery_requests_ticket ON recovery_requests (ticket_id) WHERE ticket_id IS NOT NULL;
