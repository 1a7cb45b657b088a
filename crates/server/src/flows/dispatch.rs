//! Decides waiting requests: looks the account up, asks the pure gate, and puts at most one message on record, all of a
//! batch in one transaction under the lock of the budgets, so that several nodes count as one.

use super::exposure::{contain, force};
use super::{Result, devices, seal, secrets};
use crate::app::App;
use crate::keyring::Keyring;
use crate::store::directory::{Account, Address};
use crate::store::evidence::Draft;
use crate::store::{Conn, StoreError, directory, evidence, gate as gate_store, messages, requests, tickets};
use crate::text::Locale;
use countersign_core::expose::containment::Containment;
use countersign_core::gate::budget::Budgets;
use countersign_core::gate::decide::{AccountFacts, Decision, Facts, Reason, Verdict, decide};
use countersign_core::gate::{Class, Mode, Policy, pressure};
use countersign_core::identifier::EmailAddress;
use countersign_core::ids::{AccountId, MessageId, TicketId};
use countersign_core::mailbox;
use countersign_core::message::{Template, mask_mailbox};
use countersign_core::secret::Digest;
use countersign_core::time::Timestamp;
use rand::{Rng, rngs::StdRng};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Requests decided in one transaction: few enough that other writers need not wait long.
const BATCH: i64 = 64;
/// Held requests looked at for each that may be released: the newest may name nobody.
const HELD_LOOKS: i64 = 16;

/// What a batch did.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// Requests that were looked at.
    pub looked_at: usize,
    /// Messages that were put on record.
    pub sent: usize,
    reasons: Vec<Reason>,
    mode: Option<Mode>,
    budgets: Option<Budgets>,
}

impl Done {
    /// Whether another batch can follow at once: something was closed, not only put off.
    pub fn progressed(&self) -> bool {
        let put_off = [Reason::ProofWanted, Reason::BudgetSpent, Reason::Slowed];
        self.reasons.iter().any(|reason| !put_off.contains(reason))
    }
}

/// Decides what is due. Call again at once while `looked_at` is not zero.
pub async fn decide_batch(app: &App) -> Result<Done> {
    let work = Work::new(app);
    if rests(app, &work).await? {
        return Ok(Done::default());
    }
    let done: Done = app.store.write(move |conn| Box::pin(work.run(conn))).await?;
    for reason in &done.reasons {
        app.metrics.decision(*reason);
    }
    if let (Some(mode), Some(budgets)) = (done.mode, done.budgets) {
        let mut gate = app.gate();
        (gate.mode, gate.budgets) = (mode, budgets);
        app.metrics.mode(mode);
    }
    if done.sent > 0 {
        app.outbox_wake.notify_one();
    }
    Ok(done)
}

/// Whether there is nothing to decide. The doors' view of the budgets follows the database without a write then, so an
/// idle server writes nothing.
async fn rests(app: &App, work: &Work) -> Result<bool> {
    let mut conn = app.store.read().await?;
    let (due, held) = requests::waiting(&mut conn, work.now).await?;
    let Some(stored) = gate_store::budgets(&mut conn).await? else {
        return Ok(!due);
    };
    let budgets = stored.at(work.now, &work.policy.budget);
    let mode = budgets.mode(work.before, work.flooded, &work.policy.budget);
    if due || held || mode != work.before {
        return Ok(false);
    }
    app.gate().budgets = budgets;
    Ok(true)
}

/// Everything that a batch needs, so that the transaction borrows nothing.
struct Work {
    keys: Keyring,
    policy: Policy,
    ticket_ttl: Duration,
    fallback: Locale,
    before: Mode,
    flooded: bool,
    /// Containments in force.
    contained: Arc<Vec<force::Policy>>,
    now: Timestamp,
    rng: StdRng,
}

/// The state that goes from request to request.
struct Batch {
    budgets: Budgets,
    mode: Mode,
    entries: Vec<Draft>,
    done: Done,
}

/// A request with what is known of its account.
struct Case {
    request: requests::Pending,
    class: Class,
    device_known: bool,
    found: Option<Found>,
}

struct Found {
    account: Account,
    to: Option<Address>,
    account_key: Digest,
    mailbox_key: Digest,
}

impl Work {
    fn new(app: &App) -> Self {
        let now = app.clock.now();
        let policy = app.config.gate.policy.clone();
        let (before, flooded) = {
            let mut gate = app.gate();
            let per_minute = gate.arrivals.per_minute(now);
            (gate.mode, pressure::flooded(per_minute, &gate.budgets, &policy))
        };
        Self {
            keys: app.keys.clone(),
            policy,
            ticket_ttl: app.config.recovery.ticket_ttl.duration(),
            fallback: app.config.site.default_locale,
            before,
            flooded,
            contained: app.exposure.force.shown().unwrap_or_default(),
            now,
            rng: app.rng(),
        }
    }

    async fn run(mut self, conn: &mut Conn) -> std::result::Result<Done, crate::error::AppError> {
        let stored = gate_store::budgets_locked(conn, &self.policy.budget, self.now).await?;
        let budgets = stored.at(self.now, &self.policy.budget);
        let mode = budgets.mode(self.before, self.flooded, &self.policy.budget);
        let mut batch = Batch { budgets, mode, entries: vec![], done: Done::default() };
        for request in requests::due(conn, self.now, BATCH).await? {
            self.one(conn, request, false, &mut batch).await?;
        }
        self.release(conn, &mut batch).await?;
        self.hold_the_rest(conn, &mut batch).await?;
        gate_store::save_budgets(conn, &batch.budgets).await?;
        evidence::append(conn, batch.entries).await?;
        Ok(Done { mode: Some(batch.mode), budgets: Some(batch.budgets), ..batch.done })
    }

    /// Looks at the newest held requests while there is budget to release one.
    async fn release(&mut self, conn: &mut Conn, batch: &mut Batch) -> std::result::Result<(), StoreError> {
        let budget = |b: &Budgets| b.anonymous.take().is_some() && b.release.take().is_some();
        let siege = batch.mode != Mode::Open;
        // After a siege what still waits is served like new requests, once nothing newer is queued.
        let ready = if siege { budget(&batch.budgets) } else { batch.done.looked_at == 0 };
        if !ready {
            return Ok(());
        }
        for request in requests::newest_held(conn, self.now, HELD_LOOKS).await? {
            if siege && !budget(&batch.budgets) {
                break;
            }
            self.one(conn, request, siege, batch).await?;
        }
        if batch.mode != Mode::Hold {
            requests::queue_held_work(conn, self.now, BATCH).await?;
        }
        Ok(())
    }

    /// Once proof is asked for, whatever is still queued without any waits too.
    async fn hold_the_rest(&mut self, conn: &mut Conn, batch: &mut Batch) -> std::result::Result<(), StoreError> {
        let mode = batch.budgets.mode(batch.mode, self.flooded, &self.policy.budget);
        if mode != self.before {
            let what = json!({ "from": self.before.as_str(), "to": mode.as_str(), "flooded": self.flooded });
            batch.entries.push(Draft::new("gate.mode", None, what, self.now, &mut self.rng));
        }
        if mode != Mode::Open && self.before == Mode::Open {
            let held = requests::hold_anonymous(conn).await?;
            let what = json!({ "held": held });
            batch.entries.push(Draft::new("recovery.held", None, what, self.now, &mut self.rng));
        }
        batch.mode = mode;
        Ok(())
    }

    async fn one(
        &mut self,
        conn: &mut Conn,
        request: requests::Pending,
        released: bool,
        batch: &mut Batch,
    ) -> std::result::Result<(), StoreError> {
        let case = self.load(conn, request).await?;
        let facts = self.facts(conn, &case, released).await?;
        let decision = decide(&facts, batch.mode, &batch.budgets, &self.policy, self.now);
        self.record(conn, case, decision, batch).await?;
        batch.mode = batch.budgets.mode(batch.mode, self.flooded, &self.policy.budget);
        batch.done.looked_at += 1;
        batch.done.reasons.push(decision.reason);
        Ok(())
    }

    async fn load(&self, conn: &mut Conn, request: requests::Pending) -> std::result::Result<Case, StoreError> {
        let (kind, value) = request.identifier.split_once(':').unwrap_or_default();
        let Some(account) = directory::by_identifier(conn, kind, value).await? else {
            let class = if request.class == Class::Strong { Class::Anonymous } else { request.class };
            return Ok(Case { request, class, device_known: false, found: None });
        };
        let (class, device_known) = self.class(conn, &request, &account.id).await?;
        let addresses = directory::confirmed_emails(conn, &account.id).await?;
        let typed = addresses.iter().find(|a| kind == "email" && a.normalized == value);
        let to = typed.or_else(|| addresses.first()).cloned();
        let mailbox_key = mailbox_key(&self.keys, to.as_ref(), &account.id);
        let account_key = account_key(&self.keys, &account.id);
        Ok(Case { request, class, device_known, found: Some(Found { account, to, account_key, mailbox_key }) })
    }

    /// What the request showed, now that it can be compared with the account. What does not fit counts as nothing.
    async fn class(
        &self,
        conn: &mut Conn,
        request: &requests::Pending,
        account: &AccountId,
    ) -> std::result::Result<(Class, bool), StoreError> {
        if request.class != Class::Strong {
            return Ok((request.class, false));
        }
        if let Some(claim) = request.device.as_deref().and_then(devices::Claim::from_stored)
            && claim.is_bound_to(&self.keys.device, account)
            && directory::knows_device(conn, account, claim.device.as_str()).await?
        {
            return Ok((Class::Strong, true));
        }
        if let Some(hash) = &request.code_hash
            && directory::has_recovery_code(conn, account, hash).await?
        {
            return Ok((Class::Strong, false));
        }
        Ok((Class::Anonymous, false))
    }

    async fn facts(&self, conn: &mut Conn, case: &Case, released: bool) -> std::result::Result<Facts, StoreError> {
        let account = match &case.found {
            None => None,
            Some(found) => Some(AccountFacts {
                barred: found.account.has_flag("suspended"),
                has_address: found.to.is_some(),
                account_slots: gate_store::slots(conn, &found.account_key).await?,
                mailbox_slots: gate_store::slots(conn, &found.mailbox_key).await?,
                disavowed_until: found.account.disavow_until,
                held_until: self.held_until(&found.account),
            }),
        };
        let request = &case.request;
        let (received_at, expires_at) = (request.received_at, request.expires_at);
        Ok(Facts { received_at, expires_at, class: case.class, released, account })
    }

    /// Until when recovery without strong proof is held: by hand, or by a containment.
    fn held_until(&self, account: &Account) -> Timestamp {
        let held = |number| {
            let of_kind = self.contained.iter().filter(|one| one.contained.kind == Containment::RecoveryHeld);
            of_kind.filter(move |one| one.holds(number, self.now)).map(|one| one.contained.until)
        };
        let ends = account.number.into_iter().flat_map(held);
        // One without an end is looked at again with the next request.
        let ends = ends.map(|until| until.unwrap_or_else(|| self.now.plus(contain::LONGEST)));
        ends.fold(account.hold_until, Timestamp::max)
    }

    async fn record(
        &mut self,
        conn: &mut Conn,
        case: Case,
        decision: Decision,
        batch: &mut Batch,
    ) -> std::result::Result<(), StoreError> {
        let id = case.request.id.clone();
        let subject = case.found.as_ref().map(|f| f.account.id.clone());
        let what = json!({ "request": id.as_str(), "class": case.class.as_str(), "reason": decision.reason.as_str() });
        batch.entries.push(Draft::new("recovery.decided", subject.as_ref(), what, self.now, &mut self.rng));
        match decision.verdict {
            Verdict::Wait { until } => requests::postpone(conn, &id, case.class, Some(until)).await?,
            Verdict::Hold => requests::postpone(conn, &id, case.class, None).await?,
            Verdict::Drop => {
                let live = self.live_ticket(conn, subject.as_ref(), decision.reason).await?;
                requests::close(conn, &id, decision.reason.as_str(), live.as_ref(), self.now).await?;
            }
            Verdict::Send { budgets } => {
                let ticket = self.send(conn, &case, batch).await?;
                requests::close(conn, &id, "sent", ticket.as_ref(), self.now).await?;
                batch.budgets = budgets;
                batch.done.sent += usize::from(ticket.is_some());
            }
        }
        Ok(())
    }

    /// The ticket that is live already: the code of its message works for this request too.
    async fn live_ticket(
        &self,
        conn: &mut Conn,
        account: Option<&AccountId>,
        reason: Reason,
    ) -> std::result::Result<Option<TicketId>, StoreError> {
        match account {
            Some(account) if reason == Reason::LiveLink => {
                Ok(tickets::live_of(conn, account, self.now).await?.map(|t| t.id))
            }
            _ => Ok(None),
        }
    }

    async fn send(
        &mut self,
        conn: &mut Conn,
        case: &Case,
        batch: &mut Batch,
    ) -> std::result::Result<Option<TicketId>, StoreError> {
        let Some(Found { account, to: Some(to), account_key, mailbox_key }) = &case.found else {
            return Ok(None);
        };
        let expires_at = self.now.plus(self.ticket_ttl);
        let ticket = self.ticket(case, account, *mailbox_key, batch.mode != Mode::Open, expires_at);
        tickets::insert(conn, &ticket).await?;
        for key in [account_key, mailbox_key] {
            let slots = gate_store::slots(conn, key).await?.with_message(self.now, expires_at);
            gate_store::save_slots(conn, key, &slots).await?;
        }
        let locale = reader_locale(case.request.locale.as_deref(), account, self.fallback);
        let params = json!({
            "requested_at": case.request.received_at.micros(), "minutes": self.ticket_ttl.as_secs() / 60,
            "device": case.request.agent.as_str(),
        });
        let draft = MessageDraft {
            account: &account.id,
            template: Template::Recovery,
            source_id: ticket.id.as_str(),
            to,
            locale,
            params,
        };
        let message = draft.build(&self.keys, self.now, &mut self.rng);
        messages::insert(conn, &message).await?;
        batch.entries.push(message_entry(&message, self.now, &mut self.rng));
        Ok(Some(ticket.id))
    }

    fn ticket(
        &mut self,
        case: &Case,
        account: &Account,
        mailbox_key: Digest,
        siege: bool,
        expires_at: Timestamp,
    ) -> tickets::NewTicket {
        let id = TicketId::new(self.now, &mut self.rng);
        let mut nonce = [0; 16];
        self.rng.fill_bytes(&mut nonce);
        let hash = |purpose| {
            let token = secrets::token(&self.keys, purpose, id.as_str(), &nonce);
            secrets::token_hash(&self.keys, purpose, &token)
        };
        let code = secrets::code(&self.keys, id.as_str(), &nonce);
        tickets::NewTicket {
            account: account.id.clone(),
            created_at: self.now,
            expires_at,
            class: case.class,
            siege,
            device_known: case.device_known,
            nonce,
            secret_hash: hash(secrets::Purpose::Link),
            code_hash: secrets::code_hash(&self.keys, id.as_str(), &code),
            not_me_hash: hash(secrets::Purpose::NotMe),
            mailbox_key,
            id,
        }
    }
}

/// The key under which an account's messages are counted.
pub fn account_key(keys: &Keyring, account: &AccountId) -> Digest {
    keys.subject.mac(&[b"account", account.as_str().as_bytes()])
}

/// Ends the live link of an account and of the mailbox that it went to, so that the owner may ask again (G5).
pub async fn end_live_link(
    conn: &mut Conn,
    keys: &Keyring,
    account: &AccountId,
    mailbox: &Digest,
    now: Timestamp,
) -> std::result::Result<(), StoreError> {
    gate_store::end_live(conn, &account_key(keys, account), now).await?;
    gate_store::end_live(conn, mailbox, now).await
}

/// The key under which a mailbox's messages are counted: aliases are folded, for limits only.
fn mailbox_key(keys: &Keyring, to: Option<&Address>, account: &AccountId) -> Digest {
    let parsed = to.and_then(|a| EmailAddress::parse(&a.normalized).ok());
    match parsed {
        Some(address) => keys.subject.mac(&[b"mailbox", mailbox::canonical(&address).as_str().as_bytes()]),
        // Without an address nothing is sent; the key only has to be somebody's own.
        None => keys.subject.mac(&[b"no mailbox", account.as_str().as_bytes()]),
    }
}

/// The language of a message: the account's own, else the reader's, else the site's.
pub fn reader_locale(asked: Option<&str>, account: &Account, fallback: Locale) -> Locale {
    let tags = [account.locale.as_deref(), asked];
    tags.into_iter().flatten().find_map(Locale::from_tag).unwrap_or(fallback)
}

/// A message before it has an id.
pub struct MessageDraft<'a> {
    /// Whom it is about.
    pub account: &'a AccountId,
    /// What it says.
    pub template: Template,
    /// Where its secrets come from.
    pub source_id: &'a str,
    /// Where it goes.
    pub to: &'a Address,
    /// Its language.
    pub locale: Locale,
    /// What else it says.
    pub params: serde_json::Value,
}

impl MessageDraft<'_> {
    /// The row that goes on record.
    pub fn build(self, keys: &Keyring, now: Timestamp, rng: &mut StdRng) -> messages::NewMessage {
        let id = MessageId::new(now, rng);
        let code = secrets::countersign(keys, &id);
        messages::NewMessage {
            account: self.account.clone(),
            template: self.template,
            source_id: self.source_id.to_owned(),
            to_address: self.to.address.clone(),
            to_masked: mask_mailbox(&self.to.address),
            to_domain: self.to.normalized.rsplit('@').next().unwrap_or_default().to_owned(),
            locale: self.locale.tag(),
            params: self.params,
            code_hash: secrets::countersign_hash(keys, &code),
            code_digest: seal::code_digest(&code),
            created_at: now,
            id,
        }
    }
}

/// The entry that says that a message was put on record.
pub fn message_entry(message: &messages::NewMessage, now: Timestamp, rng: &mut StdRng) -> Draft {
    let what = json!({
        "message": message.id.as_str(), "template": message.template.as_str(), "to": message.to_masked,
        "locale": message.locale, "code_hash": message.code_hash.hex(),
    });
    Draft::new("message.recorded", Some(&message.account), what, now, rng)
}
