-- What was imported, so that the same file changes nothing and an old export does not bring an old password back.
CREATE TABLE imports (
    external_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    record_hash {BYTES} NOT NULL,             -- keyed hash of the whole record as it was last imported
    password_hash {BYTES} NOT NULL,           -- keyed hash of its password hash, present or not
    totp_hash {BYTES} NOT NULL,               -- keyed hash of its TOTP secret, present or not
    imported_at BIGINT NOT NULL
);
