//! Cancels a change that waits out its cool-off.

use super::Result;
use super::change::Notice;
use super::client::Client;
use super::not_me::{Outcome, measures};
use super::secrets::{self, Purpose};
use crate::app::App;
use crate::error::AppError;
use crate::store::evidence::Draft;
use crate::store::{directory, evidence, tickets};
use crate::text::Locale;
use countersign_core::message::Template;
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use serde_json::json;
use std::time::Duration;

/// After a cancelled change recovery without strong proof is held this long.
const HOLD_AFTER_CANCEL: Duration = Duration::from_secs(72 * 3600);

/// A waiting change, as its cancel page shows it.
#[derive(Debug, Clone)]
pub struct CancelView {
    /// When it takes effect.
    pub apply_at: Timestamp,
}

/// Looks at a cancel link without using it.
///
/// # Errors
/// 410 unless the change still waits.
pub async fn look(app: &App, token: &SecretText) -> Result<CancelView> {
    let hash = secrets::token_hash(&app.keys, Purpose::Cancel, token);
    let change = tickets::change_by_cancel(&mut app.store.read().await?, &hash).await?;
    let change = change.filter(|c| c.state == "waiting").ok_or_else(AppError::gone)?;
    Ok(CancelView { apply_at: change.apply_at })
}

/// Cancels the change. A second confirmation changes nothing more.
///
/// # Errors
/// 410 where the change took effect or is none of ours.
pub async fn confirm(app: &App, token: SecretText, client: &Client) -> Result<()> {
    let hash = secrets::token_hash(&app.keys, Purpose::Cancel, &token);
    let (keys, now, mut rng) = (app.keys.clone(), app.clock.now(), app.rng());
    let fallback = app.config.site.default_locale;
    let (locale, client) = (client.locale.map(Locale::tag), client.coarse());
    let done: Result<()> = app
        .store
        .write(move |conn| {
            Box::pin(async move {
                let change = tickets::change_by_cancel(conn, &hash).await?.ok_or_else(AppError::gone)?;
                if !tickets::close_change(conn, &change.id, "cancelled", now).await? {
                    return if change.state == "cancelled" { Ok(()) } else { Err(AppError::gone()) };
                }
                directory::hold(conn, &change.account, now.plus(HOLD_AFTER_CANCEL)).await?;
                let what = json!({ "change": change.id.as_str(), "client": client });
                let entry = Draft::new("change.cancelled", Some(&change.account), what, now, &mut rng);
                evidence::append(conn, vec![entry]).await?;
                if let Some(account) = directory::by_id(conn, &change.account).await? {
                    let outcome = Outcome { change_cancelled: true, ..Outcome::default() };
                    let params = json!({ "done": measures(outcome) });
                    let notice = Notice { keys: &keys, account: &account, locale, fallback, now };
                    let source = account.id.as_str();
                    notice.send(conn, Template::NotMeConfirmed, source, &params, &mut rng).await?;
                }
                Ok(())
            })
        })
        .await;
    done?;
    app.metrics.recovery("cancelled");
    app.outbox_wake.notify_one();
    Ok(())
}
