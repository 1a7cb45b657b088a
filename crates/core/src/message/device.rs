//! Which family of device a request came from, as far as a message may tell.
//!
//! Never: repeats a text that the sender of a request chose; a message shows one name of a closed list.
//! In: a User-Agent header.   Out: `DeviceKind`.
//! I/O for this room: none.   Tests: beside the code.

/// Only this much of a User-Agent is looked at.
const MAX_LOOKED_AT: usize = 512;

/// A family of devices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DeviceKind {
    /// A phone or tablet with Android.
    Android,
    /// An iPhone.
    Iphone,
    /// An iPad.
    Ipad,
    /// A computer with Windows.
    Windows,
    /// A Mac.
    Mac,
    /// A Chromebook.
    ChromeOs,
    /// A computer with Linux.
    Linux,
    /// Not known; shown as unknown.
    Unknown,
}

impl DeviceKind {
    /// Every family.
    pub const ALL: [Self; 8] =
        [Self::Android, Self::Iphone, Self::Ipad, Self::Windows, Self::Mac, Self::ChromeOs, Self::Linux, Self::Unknown];

    /// The name in the store; never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Iphone => "iphone",
            Self::Ipad => "ipad",
            Self::Windows => "windows",
            Self::Mac => "mac",
            Self::ChromeOs => "chromeos",
            Self::Linux => "linux",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a stored name; `None` for one that this version does not know.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == name)
    }

    /// What people call it, the same in every language; `None` when unknown.
    pub const fn product(self) -> Option<&'static str> {
        match self {
            Self::Android => Some("Android"),
            Self::Iphone => Some("iPhone"),
            Self::Ipad => Some("iPad"),
            Self::Windows => Some("Windows"),
            Self::Mac => Some("Mac"),
            Self::ChromeOs => Some("ChromeOS"),
            Self::Linux => Some("Linux"),
            Self::Unknown => None,
        }
    }

    /// The family that a User-Agent header claims. A claim is easily false; it is a hint to a person, never evidence.
    pub fn of_user_agent(header: Option<&str>) -> Self {
        // The order matters: Android also says Linux, iPhones also say Mac OS X.
        const MARKS: [(&str, DeviceKind); 7] = [
            ("Android", DeviceKind::Android),
            ("iPhone", DeviceKind::Iphone),
            ("iPad", DeviceKind::Ipad),
            ("Windows", DeviceKind::Windows),
            ("Macintosh", DeviceKind::Mac),
            ("CrOS", DeviceKind::ChromeOs),
            ("Linux", DeviceKind::Linux),
        ];
        let header = header.unwrap_or_default();
        let start = &header[..header.floor_char_boundary(MAX_LOOKED_AT)];
        MARKS.into_iter().find(|(mark, _)| start.contains(mark)).map_or(Self::Unknown, |(_, kind)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_families_are_told_apart() {
        let of = |header| DeviceKind::of_user_agent(Some(header));
        assert_eq!(of("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36"), DeviceKind::Android);
        assert_eq!(of("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"), DeviceKind::Iphone);
        assert_eq!(of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101"), DeviceKind::Linux);
        assert_eq!(of("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15)"), DeviceKind::Mac);
        assert_eq!(of("curl/8"), DeviceKind::Unknown);
        assert_eq!(DeviceKind::of_user_agent(None), DeviceKind::Unknown);
    }

    #[test]
    fn stored_names_read_back() {
        for kind in DeviceKind::ALL {
            assert_eq!(DeviceKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(DeviceKind::parse("toaster"), None);
    }
}
