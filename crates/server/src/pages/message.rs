//! What the page about one message of ours says: whether it is genuine, what it was, how it is proven.

use super::notices::isolated;
use super::view::{Fact, Message, Page, ProofState, ProofView, Tone, Verdict, Visit};
use crate::flows::verify::{Compared, Known, Standing};
use crate::web::policy;
use countersign_core::message::Template;
use countersign_evidence::note::VerifierKey;
use countersign_evidence::policy::Policy;

/// The name under which the proof is saved; it says nothing of what is in it.
const FILE: &str = "message.tlog-proof";

/// A look at one message.
#[derive(Debug)]
pub struct Look<'a> {
    /// The visit.
    pub visit: &'a Visit,
    /// What is known of the message.
    pub known: &'a Known,
    /// How far it is proven.
    pub standing: &'a Standing,
    /// What the log signs with now.
    pub key: &'a VerifierKey,
    /// Whose cosignatures count.
    pub policy: &'a Policy,
    /// Where our links begin.
    pub origin: &'a str,
}

impl Look<'_> {
    /// The page; with what was typed and how it compares, where somebody has sent their address.
    pub fn page(&self, compared: Option<(Compared, &str)>) -> Message {
        let verdicts = self.verdicts(compared.map(|(compared, _)| compared));
        let page = self.frame(&verdicts);
        let proof = self.is_checkable().then(|| self.proof());
        Message {
            action: page.link(&self.path()),
            page,
            compares: verdicts
                .iter()
                .any(|verdict| verdict.shown && matches!(verdict.name, "known" | "match" | "other")),
            verdicts,
            address: compared.map(|(_, typed)| typed.chars().take(320).collect()).unwrap_or_default(),
            address_error: compared.is_some_and(|(compared, _)| compared == Compared::NotAnAddress),
            facts: self.facts(),
            links: self.visit.locale.say("verify.links", &[("origin", &isolated(self.origin))]),
            states: self.states(),
            witnessed: self.witnessed(),
            proof,
        }
    }

    fn path(&self) -> String {
        format!("/verify/{}", self.known.code)
    }

    fn frame(&self, verdicts: &[Verdict]) -> Page {
        let title = verdicts.iter().find(|verdict| verdict.shown).map(|verdict| verdict.title.clone());
        let mut page = self.visit.page_titled(title.unwrap_or_default(), &self.path());
        page.offers_check = false;
        page.scripts = if self.is_checkable() { &["page.js", "proof.js", "verify.js"] } else { &["page.js"] };
        page
    }

    /// Whether there is, or will be in a moment, a proof that a script can check.
    const fn is_checkable(&self) -> bool {
        matches!(self.standing, Standing::Proven(_) | Standing::Pending)
    }

    fn verdicts(&self, compared: Option<Compared>) -> Vec<Verdict> {
        let shown = match (self.standing, compared) {
            (Standing::Wrong, _) => "wrong",
            (Standing::Erased, _) | (_, Some(Compared::Erased)) => "not compared",
            (_, Some(Compared::Match)) => "match",
            (_, Some(Compared::Other)) => "other",
            (_, Some(Compared::NotAnAddress) | None) => "known",
        };
        let verdict = |name, tone, title: &str, lines: &[&str]| Verdict {
            name,
            shown: name == shown,
            tone,
            title: self.visit.say(title),
            lines: lines.iter().map(|line| self.visit.say(line)).collect(),
        };
        let all = [
            verdict("known", Tone::Yes, "verify.known_title", &["verify.known_lead"]),
            verdict("not compared", Tone::Yes, "verify.known_title", &["verify.not_yours"]),
            verdict("match", Tone::Yes, "verify.match_title", &["verify.match"]),
            verdict("other", Tone::No, "verify.other_title", &["verify.other", "verify.other_retype"]),
            verdict("wrong", Tone::No, "verify.wrong_title", &["verify.wrong"]),
        ];
        all.into_iter().filter(|verdict| verdict.shown || self.is_checkable()).collect()
    }

    fn facts(&self) -> Vec<Fact> {
        let when = match self.known.sent_at {
            Some(at) => Fact::time(self.visit.say("verify.when"), at),
            None => Fact::time(self.visit.say("verify.recorded"), self.known.recorded_at),
        };
        vec![
            Fact::text(self.visit.say("verify.what"), self.visit.say(kind(self.known.template))),
            when,
            Fact::text(self.visit.say("verify.to"), self.known.to_masked.clone()),
        ]
    }

    /// What the server says is shown first; a script that has checked for itself shows something else. Without a script
    /// there is nothing else to show.
    fn states(&self) -> Vec<ProofState> {
        let shown = match self.standing {
            Standing::Proven(_) => "server",
            Standing::Pending => "pending",
            Standing::Unsealed => "missing",
            Standing::Erased => "erased",
            Standing::Wrong => "wrong",
        };
        let names = [
            ("server", "verify.proof_server"),
            ("checking", "verify.proof_checking"),
            ("browser", "verify.proof_browser"),
            ("unable", "verify.proof_unable"),
            ("pending", "verify.proof_pending"),
            ("missing", "verify.proof_missing"),
            ("erased", "verify.proof_erased"),
            ("unreachable", "verify.proof_unreachable"),
            ("wrong", "verify.wrong_title"),
        ];
        let state = |(name, key): (&'static str, &str)| ProofState {
            name,
            shown: name == shown,
            text: self.visit.say(key),
            raw: (name == "browser").then(|| self.visit.say(key)),
            reload: matches!(name, "pending" | "unreachable"),
        };
        names.into_iter().map(state).filter(|state| state.shown || self.is_checkable()).collect()
    }

    fn witnessed(&self) -> Vec<ProofState> {
        let proven = match self.standing {
            Standing::Proven(proven) => Some(&proven.witnesses),
            _ => None,
        };
        let enough = proven.map(|judged| judged.needs_witnesses && judged.reached);
        let (count, of) = (proven.map_or(0, |judged| judged.cosigned.len()), self.policy.witnesses().len());
        let numbers = [("count", &*count.to_string()), ("of", &*of.to_string())];
        let yes = ProofState {
            name: "yes",
            shown: enough == Some(true),
            text: self.visit.locale.say("verify.witnessed", &numbers),
            raw: Some(self.visit.say("verify.witnessed")),
            reload: false,
        };
        let text = self.visit.say("verify.unwitnessed");
        let no = ProofState { name: "no", shown: enough == Some(false), text, raw: None, reload: false };
        if self.is_checkable() { vec![yes, no] } else { Vec::new() }
    }

    fn proof(&self) -> ProofView {
        let key = match self.standing {
            Standing::Proven(proven) => proven.key.to_string(),
            _ => self.key.to_string(),
        };
        let policy = policy::without_urls(self.policy);
        let witnesses = self.policy.witnesses().iter().map(|witness| format!("{} {}", witness.name, witness.key));
        ProofView {
            path: self.known.proof_path(),
            file: FILE,
            code: self.known.code.as_str().to_owned(),
            command: format!("countersign-verify message MAIL.eml --proof {FILE} --to you@example.org --key '{key}'"),
            key,
            policy,
            witnesses: witnesses.collect(),
        }
    }
}

const fn kind(template: Template) -> &'static str {
    match template {
        Template::Recovery => "verify.kind_recovery",
        Template::PasswordChanged => "verify.kind_changed",
        Template::CoolOff => "verify.kind_waiting",
        Template::NotMeConfirmed => "verify.kind_not_me",
    }
}
