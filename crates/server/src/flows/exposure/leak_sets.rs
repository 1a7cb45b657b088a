//! Names of the sets that a leak keeps, and what they say of one account.

use countersign_core::expose::key::Kind;
use countersign_core::expose::matching::Field;
use countersign_core::expose::query::Part;

/// Everybody who matched.
pub const ALL: &str = "all";
/// Those that a strong key matched.
pub const STRONG: &str = "strong";
/// Those that only a value matched which they had before.
pub const FORMER: &str = "former";
/// Those whose row names somebody else as well.
pub const CONTRADICTED: &str = "contradicted";

/// The set of those that a kind of key matched.
pub fn by(kind: Kind) -> String {
    format!("by:{}", kind.as_str())
}

/// The set of those of whom a field is shown.
pub fn shows(field: Field) -> String {
    format!("shows:{}", field.as_str())
}

/// The set that a query names.
pub fn name_of(part: Part) -> String {
    match part {
        Part::All => ALL.into(),
        Part::Strong => STRONG.into(),
        Part::Former => FORMER.into(),
        Part::Contradicted => CONTRADICTED.into(),
        Part::Shows(field) => shows(field),
        Part::By(kind) => by(kind),
    }
}

/// What a leak says of one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Says {
    /// The keys that matched.
    pub by: Vec<Kind>,
    /// The fields that it shows.
    pub shows: Vec<Field>,
    /// Whether a strong key matched.
    pub strong: bool,
    /// Whether only a value matched that the account had before.
    pub former: bool,
    /// Whether a row names somebody else as well.
    pub contradicted: bool,
}

impl Says {
    /// From the names of the sets that the account is in; `None` where it is in none.
    pub fn read(sets: &[String]) -> Option<Self> {
        let is = |name: &str| sets.iter().any(|set| set == name);
        is(ALL).then(|| Self {
            by: Kind::ALL.into_iter().filter(|kind| is(&by(*kind))).collect(),
            shows: Field::ALL.into_iter().filter(|field| is(&shows(*field))).collect(),
            strong: is(STRONG),
            former: is(FORMER),
            contradicted: is(CONTRADICTED),
        })
    }
}
