//! Exposure in a few numbers, for the overview.

use crate::app::App;
use crate::flows::Result;
use crate::store::Conn;
use crate::store::exposure::cohorts;
use crate::store::exposure::leaks;
use countersign_core::expose::cohort::{Accounts, CohortDigest};
use countersign_core::expose::query::{Name, Query};
use countersign_core::ids::LeakId;
use countersign_core::time::Timestamp;
use countersign_core::traffic::Uncontained;

/// Whom leaks and containments concern now, from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExposureNow {
    /// Accounts with a mailbox in a leak.
    pub leaked_mailboxes: u64,
    /// Containments in force, and the accounts that at least one of them holds for; `None` while nobody knows.
    pub contained: Option<(usize, u64)>,
}

/// Counts what this process knows.
pub fn now(app: &App, at: Timestamp) -> ExposureNow {
    let shown = app.exposure.force.shown();
    let contained = shown.map(|all| {
        let open = all.iter().filter(|policy| policy.contained.until.is_none_or(|until| until > at));
        let (mut count, mut held) = (0, Accounts::new());
        for policy in open {
            count += 1;
            held.add(&policy.held());
        }
        (count, held.len())
    });
    ExposureNow { leaked_mailboxes: app.exposure.mailboxes.count(), contained }
}

/// Leaks that count, have accounts, and have nothing on them: no containment, in force or past, was put on their cohort or
/// on one that was made of it.
///
/// # Errors
/// 503.
pub async fn uncontained(conn: &mut Conn) -> Result<Uncontained> {
    let mut left = leaks::standing(conn).await?;
    left.retain(|leak| leak.accounts > 0);
    let mut next = if left.is_empty() { vec![] } else { cohorts::contained(conn).await? };
    let mut seen: Vec<CohortDigest> = vec![];
    while let Some(cohort) = next.pop() {
        if seen.contains(&cohort.digest) {
            continue;
        }
        seen.push(cohort.digest);
        let Ok(query) = super::cohorts::query(&cohort.query) else { continue };
        let (of_leaks, of_cohorts) = made_of(&query);
        left.retain(|leak| leak.cohort != cohort.digest && !of_leaks.contains(&leak.id));
        for within in of_cohorts {
            next.extend(cohorts::by_digest(conn, &within).await?);
        }
    }
    let accounts = left.iter().map(|leak| leak.accounts).max().and_then(|most| u64::try_from(most).ok()).unwrap_or(0);
    Ok(Uncontained { leaks: left.len(), accounts })
}

/// Leaks and cohorts that accounts of a query come from. Whom it leaves out come from nowhere.
fn made_of(query: &Query) -> (Vec<LeakId>, Vec<CohortDigest>) {
    let (mut of_leaks, mut of_cohorts, mut next) = (vec![], vec![], vec![query]);
    while let Some(query) = next.pop() {
        match query {
            Query::And(all) | Query::Or(all) => next.extend(all),
            Query::Name(Name::Leak(id, _)) => of_leaks.push(id.clone()),
            Query::Name(Name::Cohort(digest)) => of_cohorts.push(*digest),
            Query::Not(_) | Query::Name(_) => {}
        }
    }
    (of_leaks, of_cohorts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_leaves_out_it_is_not_made_of() {
        let (a, b) = ("lek_01k9xy3v8e4m7q2r5t6w8z0abc", "lek_01k9xy3v8e4m7q2r5t6w8z0abd");
        let cohort = format!("coh_{}", "0a".repeat(32));
        let text = format!("(leak:{a}:shows:email or cohort:{cohort}) and not leak:{b}");
        let (leaks, cohorts) = made_of(&super::super::cohorts::query(&text).unwrap());
        assert_eq!(leaks.iter().map(LeakId::as_str).collect::<Vec<_>>(), [a]);
        assert_eq!(cohorts.iter().map(ToString::to_string).collect::<Vec<_>>(), [cohort]);
    }
}
