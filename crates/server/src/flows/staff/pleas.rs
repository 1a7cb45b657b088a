//! "I cannot sign in": a call that those see who can help. It has the gate's rules: the same answer for every name, and
//! it changes nothing about anybody (invariants G1, G2).

use super::sign_in;
use crate::app::App;
use crate::flows::Result;
use crate::flows::client::Client;
use crate::store::evidence::Draft;
use crate::store::{evidence, staff};
use countersign_core::ids::PleaId;
use countersign_core::staff as rules;
use serde_json::json;

/// Calls for help.
///
/// # Errors
/// 429; 503 where the database is away.
pub async fn call(app: &App, name: &str, client: &Client) -> Result<()> {
    sign_in::admit_source(app, client.ip)?;
    let name = rules::name(name).unwrap_or_else(|_| ".".to_owned());
    sign_in::admit_name(app, &name, false)?;
    let (now, mut rng, client) = (app.clock.now(), app.rng(), client.coarse());
    app.store
        .write(move |conn| {
            Box::pin(async move {
                let who = staff::by_name(conn, &name).await?.filter(|w| w.disabled_at.is_none());
                if let Some(who) = &who {
                    staff::insert_plea(conn, &PleaId::new(now, &mut rng), &who.id, now).await?;
                }
                let what = json!({ "staff": who.map(|w| w.id.as_str().to_owned()), "client": client });
                evidence::append(conn, vec![Draft::new("staff.asked_for_help", None, what, now, &mut rng)]).await?;
                Ok(())
            })
        })
        .await
}
