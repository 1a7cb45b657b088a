//! `message`: a saved mail is what its sender put on record, and it was for this recipient.

use crate::args::MessageArgs;
use crate::trust::Trust;
use crate::verdict::Verdict;
use crate::{entry, files};
use countersign_evidence::message::Eml;
use countersign_evidence::sealed::Sealed;

/// Largest mail that is read from a file; a larger one is told apart from one that cannot be read.
const MOST_FILE_BYTES: usize = 64 * 1024 * 1024;

pub fn run(args: &MessageArgs) -> Result<Verdict, Verdict> {
    let trust = Trust::read(&args.trust)?;
    let to = args.to.as_deref().map(address).transpose()?;
    let bytes = files::bytes(&args.eml, MOST_FILE_BYTES)?;
    let proof = entry::read(&args.proof)?;
    let opening = entry::opening(&proof)
        .ok_or_else(|| Verdict::not_enough("the proof has no opening in it, so nothing says of which message it is"))?;
    let seen = entry::included(&trust, &proof, &opening.commitment().entry())?;
    let sealed =
        Sealed::read(&opening).map_err(|bad| Verdict::disproven(format!("it is no proof of a message: {bad}")))?;
    let eml = Eml::read(&bytes).map_err(|how| Verdict::disproven(format!("the mail is not as it was sent: {how}")))?;
    if !sealed.is_of(&eml.mail()) {
        return Err(Verdict::disproven(difference(&sealed, &eml)));
    }
    let who = match to {
        Some(to) if sealed.is_for(to) => "to this address",
        Some(_) => return Err(Verdict::disproven("genuine text, issued to another address: treat it as phishing")),
        None => return Err(for_whom(&sealed, &eml)),
    };
    let what = format!(
        "this mail, word for word, was put on record as sent by {} {who}, as entry {} of {}",
        sealed.from,
        proof.index,
        seen.log()
    );
    let verdict =
        seen.conclude(Verdict::proven(what)).with("index", proof.index).with("message", sealed.message.as_str());
    let verdict = verdict.with("template", sealed.template.as_str()).with("locale", sealed.locale.as_str());
    Ok(verdict.with("at_micros", sealed.at_micros).with("from", sealed.from.as_str()))
}

/// The domain as mail carries it; that is all that could be compared.
fn address(typed: &str) -> Result<&str, Verdict> {
    let domain = typed.rsplit_once('@').map(|(_, domain)| domain);
    match domain {
        None => Err(Verdict::unreadable("--to: not an address")),
        Some(domain) if !domain.is_ascii() => {
            Err(Verdict::unreadable("--to: write the domain in its ASCII form (xn--…), as mail carries it"))
        }
        Some(_) => Ok(typed),
    }
}

fn difference(sealed: &Sealed, eml: &Eml) -> String {
    let from = countersign_evidence::message::address_form(eml.mail().from);
    if from == sealed.from {
        "the mail is not the one that was put on record: its subject, its sender's name, where answers go, or its text was \
         changed"
            .to_owned()
    } else {
        format!("the mail comes from another address than the one that was put on record ({})", sealed.from)
    }
}

/// The text is genuine; whether it was meant for its reader is open.
fn for_whom(sealed: &Sealed, eml: &Eml) -> Verdict {
    let on_line = eml.to().iter().any(|to| sealed.is_for(to));
    Verdict::not_enough(if on_line {
        "genuine text, issued to the address on its To line; name the address to which it came to you with --to, for a \
         forger can write there what he likes"
    } else {
        "genuine text, but not issued to the address on its To line; unless --to, with the address to which it came to \
         you, says otherwise, treat it as phishing"
    })
    .with("to_line_matches", on_line)
}
