//! Who is on the other side of a door, as far as the door can tell.

use crate::text::Locale;
use countersign_core::gate::source;
use countersign_core::message::DeviceKind;
use std::net::IpAddr;

/// Hops of `X-Forwarded-For` that are looked at; more proxies in a row than this are nobody's real set-up.
const MAX_HOPS: usize = 32;

/// The address that a request came from: the peer, or, where the peer is a trusted proxy, the right-most hop of
/// `X-Forwarded-For` (its lines in order) that is not one. What stands further left was written by the client and is
/// not believed.
pub fn address<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusts: impl Fn(IpAddr) -> bool,
) -> IpAddr {
    let mut nearest = peer.to_canonical();
    if !trusts(nearest) {
        return nearest;
    }
    for hop in forwarded.rev().flat_map(|line| line.rsplit(',')).take(MAX_HOPS) {
        // A hop that is no address ends the search: beyond it nothing is known.
        let Some(address) = hop_address(hop.trim()) else { break };
        nearest = address;
        if !trusts(nearest) {
            break;
        }
    }
    nearest
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bracketed = hop.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let text = bracketed.unwrap_or(hop);
    let parsed = text.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()));
    parsed.map(|ip: IpAddr| ip.to_canonical())
}

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
