//! From a link or a code to a new password. Opening a link redeems nothing (invariant G2); exactly one caller redeems.

use super::change::{Apply, Notice};
use super::client::Client;
use super::recover::identifier_key;
use super::secrets::{self, Purpose};
use super::{Result, devices, enrol, exposure, passwords};
use crate::app::App;
use crate::directory::hashes;
use crate::error::AppError;
use crate::store::evidence::Draft;
use crate::store::tickets::Ticket;
use crate::store::{Conn, StoreError, directory, evidence, gate as gate_store, requests, tickets};
use crate::text::Locale;
use countersign_core::gate::{Class, risk};
use countersign_core::ids::{AccountId, ChangeId, DeviceId, RequestId, TicketId};
use countersign_core::message::Template;
use countersign_core::password;
use countersign_core::secret::{Digest, SecretText};
use countersign_core::time::Timestamp;
use countersign_core::{gate, identifier};
use rand::{Rng, rngs::StdRng};
use serde_json::json;
use std::time::Duration;

/// Tries of the second factor for one ticket. With TOTP's window of three steps: 1 in 66 000.
const FACTOR_TRIES: i64 = 5;
/// How far back a code that is entered by identifier is looked for; no ticket lives longer.
const LONGEST_TICKET: Duration = Duration::from_secs(24 * 3600);
/// Code entries from one source, besides the five tries of each ticket.
const CODE_ENTRIES: gate::policy::Rate = gate::policy::Rate { burst: 10, per_hour: 60 };
const CODE_PURPOSE: u8 = 33;

/// What the page for a new password needs to know.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// When the link dies.
    pub expires_at: Timestamp,
    /// The account's language.
    pub locale: Option<Locale>,
}

/// Whose code it is.
#[derive(Debug, Clone)]
pub enum CodeFor {
    /// The request that this device made.
    Request(RequestId),
    /// On another device: what was typed there.
    Identifier(String),
}

/// What a right code is exchanged for.
#[derive(Debug, Clone)]
pub struct Continuation {
    /// Works like the link.
    pub token: SecretText,
}

/// A new password.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// Of the link, or what a code was exchanged for.
    pub token: SecretText,
    /// The new password.
    pub password: SecretText,
    /// A one-time code or a saved recovery code.
    pub second_factor: Option<SecretText>,
    /// From where.
    pub client: Client,
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum Redeemed {
    /// The password is changed; this device is known from now on.
    Done {
        /// To be kept by the device.
        device_token: SecretText,
    },
    /// The change waits, and every address was told.
    Waiting {
        /// When it takes effect, unless it is cancelled.
        until: Timestamp,
    },
}

/// Looks at a link without using it.
///
/// # Errors
/// 410 for everything that is not a live link.
pub async fn look(app: &App, token: &SecretText) -> Result<LinkView> {
    let (ticket, account) = find(app, token).await?;
    let locale = account.locale.as_deref().and_then(Locale::from_tag);
    Ok(LinkView { second_factor: account.totp_sealed.is_some(), expires_at: ticket.expires_at, locale })
}

async fn find(app: &App, token: &SecretText) -> Result<(Ticket, directory::Account)> {
    let link = secrets::token_hash(&app.keys, Purpose::Link, token);
    let proceed = secrets::token_hash(&app.keys, Purpose::Proceed, token);
    let mut conn = app.store.read().await?;
    let found = tickets::by_secret(&mut conn, &link, &proceed).await?;
    let ticket = found.filter(|t| t.is_live(app.clock.now())).ok_or_else(AppError::gone)?;
    let account = directory::by_id(&mut conn, &ticket.account).await?.ok_or_else(AppError::gone)?;
    // A containment closes links that were sent before it, as a hold by hand does.
    if ticket.class != Class::Strong && exposure::holds_recovery(app, &account) {
        return Err(AppError::gone());
    }
    Ok((ticket, account))
}

/// Exchanges a code for a token. The try is counted before the code is looked at.
///
/// # Errors
/// 422 `code_wrong` for every code that is not the right one of a live ticket, whether there is one or not; 429.
pub async fn enter_code(app: &App, whose: CodeFor, typed: &SecretText, client: &Client) -> Result<Continuation> {
    let now = app.clock.now();
    if let gate::limiter::Admission::Refused { retry_after } =
        app.limiter.admit_purpose(CODE_PURPOSE, client.ip, CODE_ENTRIES, now)
    {
        return Err(AppError::rate_limited(retry_after));
    }
    let code = secrets::typed_code(typed);
    let ticket = ticket_of(app, whose, now).await?;
    let most = i64::from(app.config.recovery.code_tries);
    let (keys, mut rng, client) = (app.keys.clone(), app.rng(), client.coarse());
    let right = app
        .store
        .write(move |conn| {
            Box::pin(async move { try_code(conn, &keys, ticket, code, most, now, client, &mut rng).await })
        })
        .await?;
    right.map(|token| Continuation { token }).ok_or_else(wrong_code)
}

fn wrong_code() -> AppError {
    AppError::invalid("code", "code_wrong", "This code is not right, or not valid any more.")
}

async fn ticket_of(app: &App, whose: CodeFor, now: Timestamp) -> Result<Option<TicketId>> {
    let mut conn = app.store.read().await?;
    Ok(match whose {
        CodeFor::Request(id) => requests::standing(&mut conn, &id).await?.and_then(|s| s.ticket),
        CodeFor::Identifier(typed) => {
            let parsed = identifier::parse(&typed);
            let parsed = parsed.map_err(|bad| AppError::invalid("identifier", bad.code(), bad.to_string()))?;
            let since = now.minus(LONGEST_TICKET);
            requests::latest_ticket(&mut conn, &identifier_key(app, &parsed), since).await?
        }
    })
}

/// One try. Unknown tickets write an entry too, so that both answers cost the same.
#[expect(clippy::too_many_arguments, reason = "all of it is the transaction's input")]
async fn try_code(
    conn: &mut Conn,
    keys: &crate::keyring::Keyring,
    ticket: Option<TicketId>,
    code: SecretText,
    most: i64,
    now: Timestamp,
    client: serde_json::Value,
    rng: &mut StdRng,
) -> std::result::Result<Option<SecretText>, StoreError> {
    let token = match &ticket {
        Some(id) if tickets::count_code_try(conn, id, most, now).await? => exchange(conn, keys, id, &code, now).await?,
        _ => None,
    };
    let what = json!({ "ticket": ticket.as_ref().map(TicketId::as_str), "right": token.is_some(), "client": client });
    evidence::append(conn, vec![Draft::new("recovery.code_tried", None, what, now, rng)]).await?;
    Ok(token)
}

async fn exchange(
    conn: &mut Conn,
    keys: &crate::keyring::Keyring,
    id: &TicketId,
    code: &SecretText,
    now: Timestamp,
) -> std::result::Result<Option<SecretText>, StoreError> {
    let Some(ticket) = tickets::by_id(conn, id).await? else {
        return Ok(None);
    };
    if secrets::code_hash(keys, id.as_str(), code) != ticket.code_hash {
        return Ok(None);
    }
    let token = secrets::token(keys, Purpose::Proceed, id.as_str(), &ticket.nonce);
    let hash = secrets::token_hash(keys, Purpose::Proceed, &token);
    Ok(tickets::set_proceed(conn, id, &hash, now).await?.then_some(token))
}

/// Sets a new password.
///
/// # Errors
/// 410 for a link that is not live; 422 for a password (`details` holds its weaknesses) or a second factor that is not
/// good enough; the link stays live then, for a limited number of tries.
pub async fn redeem(app: &App, ask: Redeem) -> Result<Redeemed> {
    let (ticket, account) = find(app, &ask.token).await?;
    let words = directory::own_words(&mut app.store.read().await?, &account.id).await?;
    let password = check_password(app, &ask.password, &account, &words)?;
    let factor = check_factor(app, &ticket, &account, ask.second_factor.as_ref()).await?;
    let new_hash = hash(app, password).await?;
    let device_known = ticket.device_known || from_known_device(app, &account.id, &ask.client).await?;
    let change = Finish::new(app, ticket, account, new_hash, factor, device_known, &ask.client);
    let redeemed = app.store.write(move |conn| Box::pin(change.run(conn))).await?;
    app.outbox_wake.notify_one();
    app.exposure.wake.notify_one();
    app.metrics.recovery(if matches!(redeemed, Redeemed::Done { .. }) { "completed" } else { "waiting" });
    Ok(redeemed)
}

/// Whether the client shows the token of a device that the account knows and has not revoked.
async fn from_known_device(app: &App, account: &AccountId, client: &Client) -> Result<bool> {
    let claim = client.device.as_deref().and_then(|token| devices::read(&app.keys, token));
    let Some(claim) = claim.filter(|claim| claim.is_bound_to(&app.keys.device, account)) else {
        return Ok(false);
    };
    Ok(directory::knows_device(&mut app.store.read().await?, account, claim.device.as_str()).await?)
}

/// Words that must not make the password: the account's own and the service's.
fn check_password(
    app: &App,
    candidate: &SecretText,
    account: &directory::Account,
    words: &[String],
) -> Result<SecretText> {
    let site = &app.config.site;
    let own: Vec<&str> = words.iter().chain([&site.name]).chain(&site.words).map(String::as_str).collect();
    let settings = &app.config.password;
    let policy = password::Policy {
        min_chars: settings.min_length,
        min_chars_with_second_factor: settings.min_length_with_second_factor,
        max_chars: settings.max_length,
        min_score: settings.min_score,
        min_score_with_second_factor: settings.min_score_with_second_factor,
    };
    let second_factor = account.totp_sealed.is_some();
    let context = password::Context { corpus: Some(&app.breached), second_factor, own_words: &own, policy: &policy };
    match password::check(candidate, &context) {
        Ok(normal) => Ok(normal.secret().clone()),
        Err(weaknesses) => Err(passwords::weak(&weaknesses, "This password is too easy to guess.")),
    }
}

/// A second factor that was right; it is used up together with the ticket.
enum Factor {
    NotNeeded,
    TotpStep(i64),
    RecoveryCode(Digest),
}

async fn check_factor(
    app: &App,
    ticket: &Ticket,
    account: &directory::Account,
    given: Option<&SecretText>,
) -> Result<Factor> {
    let Some(sealed) = account.totp_sealed.clone() else {
        return Ok(Factor::NotNeeded);
    };
    let wrong = || AppError::invalid("second_factor", "second_factor_wrong", "This second factor is not right.");
    let given = given.filter(|g| !g.expose().trim().is_empty()).ok_or_else(|| {
        AppError::invalid("second_factor", "second_factor_needed", "This account needs its second factor as well.")
    })?;
    count_factor_try(app, ticket.id.clone()).await?;
    if secrets::looks_like_recovery_code(given) {
        let hash = secrets::recovery_code_hash(&app.keys, given);
        let known = directory::has_recovery_code(&mut app.store.read().await?, &account.id, &hash).await?;
        return if known { Ok(Factor::RecoveryCode(hash)) } else { Err(wrong()) };
    }
    let step = enrol::totp_step(app, &account.id, &sealed, &secrets::typed_code(given))?;
    step.map(Factor::TotpStep).ok_or_else(wrong)
}

async fn count_factor_try(app: &App, ticket: TicketId) -> Result<()> {
    let (now, mut rng) = (app.clock.now(), app.rng());
    let counted: std::result::Result<bool, AppError> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let counted = tickets::count_factor_try(conn, &ticket, FACTOR_TRIES, now).await?;
                let what = json!({ "ticket": ticket.as_str(), "counted": counted });
                evidence::append(conn, vec![Draft::new("recovery.factor_tried", None, what, now, &mut rng)]).await?;
                Ok(counted)
            })
        })
        .await;
    if counted? { Ok(()) } else { Err(AppError::gone()) }
}

/// Hashes on a thread of its own, a few at a time: each needs the memory that the settings say.
pub async fn hash(app: &App, password: SecretText) -> Result<String> {
    let params = enrol::params(app)?;
    let mut salt = [0; 16];
    app.rng().fill_bytes(&mut salt);
    let permit = app.hashing.clone().acquire_owned().await;
    let permit = permit.map_err(|_| AppError::unavailable("the hashing permits are closed"))?;
    let hashed = tokio::task::spawn_blocking(move || {
        let hash = hashes::hash_new(&password, &params, &salt);
        drop(permit);
        hash
    });
    hashed.await.map_err(|error| AppError::internal(error.to_string()))
}

/// The last step, in one transaction.
struct Finish {
    keys: crate::keyring::Keyring,
    ticket: Ticket,
    account: directory::Account,
    new_hash: String,
    factor: Factor,
    client: serde_json::Value,
    locale: Option<&'static str>,
    fallback: Locale,
    waits: bool,
    wait: Duration,
    budget: gate::policy::BudgetPolicy,
    now: Timestamp,
    rng: StdRng,
}

impl Finish {
    fn new(
        app: &App,
        ticket: Ticket,
        account: directory::Account,
        new_hash: String,
        factor: Factor,
        device_known: bool,
        client: &Client,
    ) -> Self {
        let now = app.clock.now();
        let signals = risk::Signals {
            new_device: !device_known,
            no_second_factor: matches!(factor, Factor::NotNeeded),
            leaked_mailbox: exposure::has_leaked_mailbox(app, &account),
            siege: ticket.siege,
            disavowed: account.disavow_until > now,
        };
        Self {
            keys: app.keys.clone(),
            waits: risk::must_wait(signals, &app.config.gate.risk),
            wait: app.config.recovery.cool_off.duration(),
            client: client.coarse(),
            locale: client.locale.map(Locale::tag),
            fallback: app.config.site.default_locale,
            budget: app.config.gate.policy.budget.clone(),
            rng: app.rng(),
            ticket,
            account,
            new_hash,
            factor,
            now,
        }
    }

    async fn run(mut self, conn: &mut Conn) -> Result<Redeemed> {
        if !tickets::redeem(conn, &self.ticket.id, self.now).await? {
            return Err(AppError::gone());
        }
        self.use_factor(conn).await?;
        self.count_completion(conn).await?;
        let (account, mailbox) = (&self.account.id, &self.ticket.mailbox_key);
        super::dispatch::end_live_link(conn, &self.keys, account, mailbox, self.now).await?;
        let what = json!({ "ticket": self.ticket.id.as_str(), "waits": self.waits, "client": self.client });
        let entry = Draft::new("recovery.redeemed", Some(&self.account.id), what, self.now, &mut self.rng);
        evidence::append(conn, vec![entry]).await?;
        if self.waits { self.wait(conn).await } else { self.apply(conn).await }
    }

    async fn use_factor(&self, conn: &mut Conn) -> Result<()> {
        let id = &self.account.id;
        let used = match &self.factor {
            Factor::NotNeeded => true,
            Factor::TotpStep(step) => directory::take_totp_step(conn, id, *step).await?,
            Factor::RecoveryCode(hash) => directory::use_recovery_code(conn, id, hash, self.now).await?,
        };
        let again = "This second factor was used already. Take the next one.";
        if used { Ok(()) } else { Err(AppError::invalid("second_factor", "second_factor_used", again)) }
    }

    /// The message led to a recovery: its budget gets it back (G4).
    async fn count_completion(&self, conn: &mut Conn) -> Result<()> {
        let hours = self.budget.memory_hours;
        let mut budgets = gate_store::budgets_locked(conn, &self.budget, self.now).await?.at(self.now, &self.budget);
        match self.ticket.class {
            Class::Anonymous => budgets.anonymous = budgets.anonymous.completed(self.budget.anonymous, hours),
            Class::Work => budgets.work = budgets.work.completed(self.budget.work, hours),
            Class::Strong => return Ok(()),
        }
        Ok(gate_store::save_budgets(conn, &budgets).await?)
    }

    async fn apply(mut self, conn: &mut Conn) -> Result<Redeemed> {
        // A recovery that need not wait is more trusted than one that does: what waits must not undo it later (G7).
        let cancelled = tickets::cancel_changes(conn, &self.account.id, self.now).await?;
        if cancelled > 0 {
            let what = json!({ "changes": cancelled, "by": self.ticket.id.as_str(), "client": self.client });
            let entry = Draft::new("change.cancelled", Some(&self.account.id), what, self.now, &mut self.rng);
            evidence::append(conn, vec![entry]).await?;
        }
        let apply = Apply {
            keys: &self.keys,
            account: &self.account,
            new_hash: &self.new_hash,
            mailbox_key: self.ticket.mailbox_key,
            locale: self.locale,
            fallback: self.fallback,
            client: &self.client,
            now: self.now,
        };
        apply.run(conn, &mut self.rng).await?;
        let device = DeviceId::new(self.now, &mut self.rng);
        devices::register(conn, &self.account.id, &device, self.now).await?;
        Ok(Redeemed::Done { device_token: devices::token(&self.keys, &self.account.id, &device) })
    }

    async fn wait(mut self, conn: &mut Conn) -> Result<Redeemed> {
        let id = ChangeId::new(self.now, &mut self.rng);
        let mut nonce = vec![0; 16];
        self.rng.fill_bytes(&mut nonce);
        let token = secrets::token(&self.keys, Purpose::Cancel, id.as_str(), &nonce);
        let cancel = secrets::token_hash(&self.keys, Purpose::Cancel, &token);
        let until = self.now.plus(self.wait);
        let change = tickets::Change {
            id: id.clone(),
            ticket: self.ticket.id.clone(),
            account: self.account.id.clone(),
            password_hash: self.new_hash.clone(),
            state: "waiting".into(),
            apply_at: until,
            nonce,
        };
        tickets::insert_change(conn, &change, &cancel, self.now).await?;
        let notice = Notice {
            keys: &self.keys,
            account: &self.account,
            locale: self.locale,
            fallback: self.fallback,
            now: self.now,
        };
        let device = self.client.get("device");
        let params = json!({ "until": until.micros(), "requested_at": self.now.micros(), "device": device });
        notice.send(conn, Template::CoolOff, id.as_str(), &params, &mut self.rng).await?;
        Ok(Redeemed::Waiting { until })
    }
}
