//! What several operations have in their bodies.

use crate::flows::client::Client;
use crate::text::Locale;
use countersign_core::time::Timestamp;
use serde::Deserialize;
use std::net::IpAddr;
use utoipa::ToSchema;

/// Longest `user_agent` that is kept; browsers send 100 to 250 bytes.
const MAX_USER_AGENT: usize = 512;

/// The person's end of the connection, as your front end saw it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Client)]
pub struct ClientBody {
    /// The person's address, not your server's.
    #[schema(value_type = String, example = "192.0.2.7")]
    ip: IpAddr,
    /// The browser's `User-Agent`. Only its family is kept.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")]
    user_agent: String,
    /// A `device_token` from an earlier sign-in or recovery, if the device has one.
    device: Option<String>,
    /// The person's language (BCP 47); unknown ones are taken for the site's own.
    #[schema(example = "de-AT")]
    locale: Option<String>,
}

impl From<ClientBody> for Client {
    fn from(body: ClientBody) -> Self {
        let mut user_agent = body.user_agent;
        if user_agent.len() > MAX_USER_AGENT {
            user_agent.truncate(user_agent.floor_char_boundary(MAX_USER_AGENT));
        }
        let locale = body.locale.as_deref().and_then(Locale::from_tag);
        Self { ip: body.ip.to_canonical(), user_agent, device: body.device, locale }
    }
}

/// A time as RFC 3339 has it, in UTC.
pub fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros()).map(|t| t.to_string()).unwrap_or_default()
}
