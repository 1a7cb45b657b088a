//! Where a request comes from, as a ladder of ever wider prefixes.

use super::policy::{Rate, SourcePolicy};
use std::net::{IpAddr, Ipv6Addr};

/// One rung: a prefix and the rate that holds for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Distinguishes the rungs: 1 for an address, 2 and 3 for wider prefixes; plus 8 for IPv4.
    pub level: u8,
    /// The address with everything behind the prefix set to zero.
    pub prefix: u128,
    /// What is allowed.
    pub rate: Rate,
}

/// IPv4 that arrives as `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2) is IPv4; otherwise one machine would count twice.
pub fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// The rungs for an address, finest first.
pub fn ladder(ip: IpAddr, policy: &SourcePolicy) -> ([Rung; 3], usize) {
    match canonical(ip) {
        IpAddr::V4(v4) => {
            let bits = u128::from(v4.to_bits());
            let address = Rung { level: 9, prefix: bits, rate: policy.v4_address };
            let wide = Rung { level: 10, prefix: bits >> 8 << 8, rate: policy.v4_24 };
            ([address, wide, wide], 2)
        }
        IpAddr::V6(v6) => {
            let cut = |keep: u32| v6.to_bits() >> (128 - keep) << (128 - keep);
            let rungs = [
                Rung { level: 1, prefix: v6.to_bits(), rate: policy.v6_address },
                Rung { level: 2, prefix: cut(64), rate: policy.v6_64 },
                Rung { level: 3, prefix: cut(48), rate: policy.v6_48 },
            ];
            (rungs, 3)
        }
    }
}

/// What evidence may say of a source: the /24 or /48, not the address.
pub fn coarse(ip: IpAddr) -> String {
    match canonical(ip) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Policy;

    #[test]
    fn mapped_ipv4_climbs_the_ipv4_ladder() {
        let policy = Policy::default().source;
        let mapped = ladder("::ffff:192.0.2.7".parse().unwrap(), &policy);
        assert_eq!(mapped, ladder("192.0.2.7".parse().unwrap(), &policy));
        assert_eq!(mapped.1, 2);
    }

    #[test]
    fn prefixes_are_cut_and_shown_coarsely() {
        let ip = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        let (rungs, count) = ladder(ip, &Policy::default().source);
        assert_eq!(count, 3);
        assert_eq!(rungs[1].prefix, u128::from("2001:db8:1:2::".parse::<Ipv6Addr>().unwrap()));
        assert_eq!(coarse(ip), "2001:db8:1::/48");
        assert_eq!(coarse("192.0.2.77".parse().unwrap()), "192.0.2.0/24");
    }
}
