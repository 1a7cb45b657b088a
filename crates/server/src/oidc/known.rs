//! What a provider says of itself, and its keys: asked once in a while, and when a signature does not fit.

use super::types::Client;
use super::{Fault, Provider};
use countersign_core::time::Timestamp;
use openidconnect::core::{CoreClientAuthMethod, CoreProviderMetadata};
use openidconnect::{AuthType, ClientId, ClientSecret, DiscoveryError, IssuerUrl, RedirectUrl};
use std::time::Duration;

/// So long it is believed without asking again: a key that was withdrawn is not taken for longer.
const BELIEVED_FOR: Duration = Duration::from_secs(3600);
/// A signature that does not fit makes us ask again, but not more often: anybody can send one.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// What was learned, and when.
#[derive(Debug)]
pub(super) struct Known {
    metadata: CoreProviderMetadata,
    at: Timestamp,
}

impl Provider {
    /// The client for what is known of the provider; `newer` asks again, unless that was done a moment ago.
    pub(super) async fn client(&self, now: Timestamp, newer: bool) -> Result<Client, Fault> {
        // Held while asking: of many who sign in at once, one asks.
        let mut known = self.known.lock().await;
        let keep = if newer { AGAIN_AFTER } else { BELIEVED_FOR };
        if let Some(known) = known.as_ref().filter(|known| now.since(known.at) < keep) {
            return self.client_of(&known.metadata);
        }
        let metadata = self.discover().await?;
        let client = self.client_of(&metadata);
        *known = Some(Known { metadata, at: now });
        client
    }

    async fn discover(&self) -> Result<CoreProviderMetadata, Fault> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| Fault::Away(error.to_string()))?;
        CoreProviderMetadata::discover_async(issuer, &self.asking).await.map_err(|error| match error {
            DiscoveryError::Request(error) => Fault::Away(error.to_string()),
            DiscoveryError::Response(status, ..) => Fault::Away(format!("the answer has the status {status}")),
            DiscoveryError::Validation(_) => Fault::Away("it calls itself something else than the settings".to_owned()),
            _ => Fault::Away("what it says of itself cannot be read".to_owned()),
        })
    }

    fn client_of(&self, metadata: &CoreProviderMetadata) -> Result<Client, Fault> {
        let secret = self.settings.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let back = RedirectUrl::new(self.back.clone()).map_err(|error| Fault::Away(error.to_string()))?;
        let id = ClientId::new(self.settings.client_id.clone());
        let client = Client::from_provider_metadata(metadata.clone(), id, secret);
        Ok(client.set_redirect_uri(back).set_auth_type(auth_type(metadata)))
    }
}

/// How we prove who we are: in the header, unless the provider takes it in the body only (Discovery 1.0, 3).
fn auth_type(metadata: &CoreProviderMetadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let basic = methods.is_none_or(|m| m.contains(&CoreClientAuthMethod::ClientSecretBasic));
    let post = methods.is_some_and(|m| m.contains(&CoreClientAuthMethod::ClientSecretPost));
    if post && !basic { AuthType::RequestBody } else { AuthType::BasicAuth }
}
