//! The countries whose everyday spellings of phone numbers are read without a library.

/// A country's numbering plan, as far as its everyday spellings need it (ITU-T E.164 national plans).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// ISO 3166-1 alpha-2.
    pub code: [u8; 2],
    /// The country code's digits.
    pub country: &'static [u8],
    /// What stands before a number that is dialled within the country; it goes.
    pub trunk: Option<u8>,
    /// How many digits a number has without it, least and most.
    pub digits: (usize, usize),
}

const fn region(code: [u8; 2], country: &'static [u8], trunk: Option<u8>, digits: (usize, usize)) -> Region {
    Region { code, country, trunk, digits }
}

/// Plans whose national numbers have one trunk prefix and a narrow range of lengths, so that a spelling has one reading: the
/// range is narrower than the country code is long, and no number begins with the trunk prefix.
/// Italy is not among them (its 0 belongs to the number), nor is Argentina (its 9 and 15 do not go together).
const REGIONS: &[Region] = &[
    region(*b"US", b"1", Some(b'1'), (10, 10)),
    region(*b"CA", b"1", Some(b'1'), (10, 10)),
    region(*b"GB", b"44", Some(b'0'), (10, 10)),
    region(*b"FR", b"33", Some(b'0'), (9, 9)),
    region(*b"ES", b"34", None, (9, 9)),
    region(*b"PT", b"351", None, (9, 9)),
    region(*b"NL", b"31", Some(b'0'), (9, 9)),
    region(*b"PL", b"48", None, (9, 9)),
    region(*b"TR", b"90", Some(b'0'), (10, 10)),
    region(*b"IN", b"91", Some(b'0'), (10, 10)),
    region(*b"AU", b"61", Some(b'0'), (9, 9)),
    region(*b"ZA", b"27", Some(b'0'), (9, 9)),
    region(*b"BR", b"55", Some(b'0'), (10, 11)),
    region(*b"CH", b"41", Some(b'0'), (9, 9)),
    region(*b"CL", b"56", None, (9, 9)),
    region(*b"CZ", b"420", None, (9, 9)),
    region(*b"DK", b"45", None, (8, 8)),
    region(*b"GR", b"30", None, (10, 10)),
    region(*b"HK", b"852", None, (8, 8)),
    region(*b"JP", b"81", Some(b'0'), (9, 10)),
    region(*b"KE", b"254", Some(b'0'), (9, 9)),
    region(*b"NO", b"47", None, (8, 8)),
    region(*b"RO", b"40", Some(b'0'), (9, 9)),
    region(*b"RU", b"7", Some(b'8'), (10, 10)),
    region(*b"SG", b"65", None, (8, 8)),
    region(*b"UA", b"380", Some(b'0'), (9, 9)),
];

impl Region {
    /// The region of a country code of two letters, in either case, if its plan is in the table.
    pub fn of(code: &[u8]) -> Option<&'static Self> {
        let [a, b] = trim(code).try_into().ok()?;
        let code = [u8::to_ascii_uppercase(&a), u8::to_ascii_uppercase(&b)];
        REGIONS.iter().find(|region| region.code == code)
    }
}

fn trim(code: &[u8]) -> &[u8] {
    code.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_one_reading() {
        for region in REGIONS {
            let (least, most) = region.digits;
            assert!(most - least < region.country.len(), "{:?}", region.code);
        }
    }

    #[test]
    fn regions_are_found_in_either_case_and_others_are_not() {
        assert_eq!(Region::of(b" fr ").unwrap().country, b"33");
        assert!(Region::of(b"IT").is_none() && Region::of(b"FRA").is_none() && Region::of(b"").is_none());
    }
}
