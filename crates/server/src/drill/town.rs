//! The people of the exercise: made from the seed and a number, so that none of them has to be remembered.

use super::Trouble;
use crate::app::App;
use crate::flows::accounts::{Import, Numbered};
use crate::store::directory;
use countersign_core::identifier::{EmailAddress, UserName};
use countersign_core::ids::AccountId;
use countersign_core::import::{AccountRecord, EmailEntry};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Accounts in one transaction of the import.
const BATCH: u32 = 2_000;
/// Spellings of the one mailbox that is bombed, an account each.
pub const ALIASES: u32 = 40;
/// Recipient domains: as many as a mid-sized site sees each day, so that the pace of each one is what it would be there.
const DOMAINS: u32 = 300;
/// Of a thousand accounts: no confirmed address; a second confirmed one; a second one that was never confirmed.
const WITHOUT_ADDRESS: u32 = 20;
const TWO_ADDRESSES: u32 = 80;
const UNCONFIRMED_SECOND: u32 = 30;

const FIRST: [&str; 16] = [
    "ada", "ben", "chen", "dana", "emil", "fay", "gita", "hugo", "ines", "jan", "kofi", "lena", "mona", "nils", "olga",
    "pia",
];
const LOCALES: [&str; 6] = ["en", "de", "fr", "es", "pl", "nl"];

/// Everybody.
#[derive(Clone, Copy, Debug)]
pub struct Town {
    seed: u64,
    accounts: u32,
}

/// One account and its owner.
#[derive(Clone, Debug)]
pub struct Resident {
    /// The user name.
    pub user: String,
    /// The address that messages go to first.
    pub address: String,
    /// Another address.
    pub second: Option<String>,
    /// Whether the addresses are confirmed; otherwise no message can be sent.
    pub reachable: bool,
    second_confirmed: bool,
    locale: Option<&'static str>,
}

impl Town {
    /// A town; the last `ALIASES` accounts share one mailbox.
    pub const fn new(seed: u64, accounts: u32) -> Self {
        Self { seed, accounts }
    }

    /// How many accounts have an owner of their own.
    pub const fn residents(&self) -> u32 {
        self.accounts - ALIASES
    }

    /// Whoever has number `n`.
    pub fn resident(&self, n: u32) -> Resident {
        let mut rng = StdRng::seed_from_u64(self.seed ^ (u64::from(n) << 20));
        let first = FIRST[rng.random_range(0..FIRST.len())];
        let (user, kind) = (format!("{first}{n}"), rng.random_range(0..1000_u32));
        let other = WITHOUT_ADDRESS + TWO_ADDRESSES;
        let second = (WITHOUT_ADDRESS..other + UNCONFIRMED_SECOND).contains(&kind);
        Resident {
            address: format!("{user}@{}", domain(rng.random_range(0..DOMAINS))),
            second: second.then(|| format!("{first}.{n}@{}", domain(rng.random_range(0..DOMAINS)))),
            reachable: kind >= WITHOUT_ADDRESS,
            second_confirmed: kind < other,
            locale: rng.random_bool(0.7).then(|| LOCALES[rng.random_range(0..LOCALES.len())]),
            user,
        }
    }

    /// What the platform calls whoever has number `n`.
    pub fn external_id(n: u32) -> String {
        format!("drill-{n}")
    }

    /// The address of the bombed mailbox, spelled in the `n`th way.
    pub fn alias(n: u32) -> String {
        let spelled = if n.is_multiple_of(2) { "victim" } else { "Victim" };
        format!("{spelled}+tag{}@{}", n % ALIASES, domain(7))
    }

    /// The bombed mailbox.
    pub fn bombed() -> String {
        format!("victim@{}", domain(7))
    }

    fn record(&self, n: u32) -> Option<AccountRecord> {
        let mut record = empty(Self::external_id(n));
        let mut add = |text: &str, confirmed| -> Option<()> {
            record.emails.push(EmailEntry { address: EmailAddress::parse(text).ok()?, confirmed });
            Some(())
        };
        if n >= self.residents() {
            add(&Self::alias(n - self.residents()), true)?;
            return Some(record);
        }
        let who = self.resident(n);
        add(&who.address, who.reachable)?;
        if let Some(second) = &who.second {
            add(second, who.second_confirmed)?;
        }
        record.user_names = vec![UserName::parse(&who.user).ok()?];
        record.locale = who.locale.map(str::to_owned);
        Some(record)
    }

    /// Writes every account, by the same import that staff use; `progress` hears how many are there.
    pub async fn build(&self, app: &App, progress: impl Fn(u64)) -> Result<(), Trouble> {
        let mut import = Import::new(app.clone(), false);
        let mut written = 0;
        for first in (0..self.accounts).step_by(BATCH as usize) {
            let batch = first..self.accounts.min(first + BATCH);
            let numbered = |n| self.record(n).map(|record| Numbered { line: u64::from(n) + 1, record });
            let outcome = import.batch(batch.clone().filter_map(numbered).collect()).await?;
            written += batch.len() as u64;
            if let Some((line, _, reason)) = outcome.rejected.first() {
                return Err(Trouble::Town(format!("account {line} of the exercise was refused: {reason}")));
            }
            progress(written);
        }
        Ok(())
    }
}

fn domain(n: u32) -> String {
    format!("mail{n}.example.{}", ["org", "com", "net"][n as usize % 3])
}

fn empty(external_id: String) -> AccountRecord {
    AccountRecord {
        external_id,
        user_names: vec![],
        emails: vec![],
        phones: vec![],
        locale: None,
        region: None,
        party: None,
        flags: vec![],
        password_hash: None,
        totp_secret: None,
        created_at: None,
    }
}

/// The id of a resident's account, for the device tokens that they got before the exercise begins.
pub async fn account(app: &App, user: &str) -> Result<AccountId, Trouble> {
    let found = directory::by_identifier(&mut app.store.read().await?, "user", user).await?;
    found.map(|account| account.id).ok_or_else(|| Trouble::Town(format!("nobody is called {user}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::mailbox::canonical;

    #[test]
    fn everybody_is_made_the_same_way_twice_and_has_an_account() {
        let town = Town::new(7, 5_000);
        for n in 0..5_000 {
            assert!(town.record(n).is_some(), "account {n}");
        }
        assert_eq!(town.resident(3).address, Town::new(7, 5_000).resident(3).address);
        assert_ne!(town.resident(3).address, town.resident(4).address);
    }

    #[test]
    fn all_aliases_are_one_mailbox() {
        for n in 0..ALIASES {
            let address = EmailAddress::parse(&Town::alias(n)).unwrap();
            assert_eq!(canonical(&address).as_str(), Town::bombed());
        }
    }
}
