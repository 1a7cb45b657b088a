//! What was just done, told at the top of the next page. Only these sentences can be shown, whatever an address says.

const SENTENCES: &[(&str, &str)] = &[
    ("name", "Your name was changed."),
    ("password", "Your password was changed. Your other sessions have ended."),
    ("authenticator", "Your authenticator was replaced."),
    ("passkey_added", "The passkey was added. You can sign in with it."),
    ("passkey_renamed", "The passkey has a new name."),
    ("passkey_removed", "The passkey was removed. It does not open anything here any more."),
    ("session_ended", "The session has ended."),
    ("sessions_ended", "The sessions have ended."),
    ("roles", "The roles were set. They hold from the next click."),
    ("disabled", "This person is shut out, and their sessions have ended."),
    ("enabled", "This person may sign in again."),
    ("key_revoked", "The key was revoked. It stops working everywhere within five seconds."),
    ("account_sessions", "Every session of this account has ended."),
    ("account_devices", "Every session of this account has ended, and its devices are forgotten."),
    ("held", "Recovery is held. A link that was under way is closed."),
    ("released", "The hold is released."),
    ("leak_withdrawn", "The leak is withdrawn. It stays on record and counts no more."),
    ("cohort_made", "The cohort is made. It will never change."),
    ("cohort_there", "This cohort was there already, under the name that it keeps."),
    ("contained", "The containment is in force."),
    ("lifted", "The containment is lifted."),
    ("let_go", "This account is let go. The containment stays in force for the others."),
    ("confirmed", "Thank you. You can take privileged steps for a while now."),
    ("signed_out", "You are signed out."),
];

/// The sentence that a query asks for with `done=`.
pub fn of_query(query: &str) -> Option<&'static str> {
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("done="))?;
    SENTENCES.iter().find(|(code, _)| *code == asked).map(|(_, sentence)| *sentence)
}
