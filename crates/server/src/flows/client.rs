//! Who is on the other side of a door, as far as the door can tell.

use crate::text::Locale;
use countersign_core::gate::source;
use countersign_core::message::DeviceKind;
use std::net::IpAddr;

/// The person's end of the connection.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where the request comes from.
    pub ip: IpAddr,
    /// What the browser says it is; only its family is ever stored.
    pub user_agent: String,
    /// A known-device token, if one was shown.
    pub device: Option<String>,
    /// The reader's language.
    pub locale: Option<Locale>,
}

impl Client {
    /// What evidence says of it: the prefix and the family.
    pub fn coarse(&self) -> serde_json::Value {
        serde_json::json!({ "source": source::coarse(self.ip), "device": self.device_kind().as_str() })
    }

    /// The family of the device.
    pub fn device_kind(&self) -> DeviceKind {
        DeviceKind::of_user_agent(Some(&self.user_agent))
    }
}
