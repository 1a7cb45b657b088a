//! The outcomes that we have to do with.

macro_rules! subcategories {
    ($($name:ident = $id:literal, $text:literal;)*) => {
        /// An outcome (subcategory) of the NIST Cybersecurity Framework 2.0.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Subcategory {
            $(#[doc = concat!($id, ": ", $text, ".")] $name,)*
        }

        impl Subcategory {
            /// Every one, in the order of the framework.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As NIST numbers it: `RS.AN-06`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// NIST's wording.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

subcategories! {
    GvOc03 = "GV.OC-03", "Legal, regulatory, and contractual requirements regarding cybersecurity - including privacy and civil liberties obligations - are understood and managed";
    PrAa01 = "PR.AA-01", "Identities and credentials for authorized users, services, and hardware are managed by the organization";
    PrAa02 = "PR.AA-02", "Identities are proofed and bound to credentials based on the context of interactions";
    PrAa03 = "PR.AA-03", "Users, services, and hardware are authenticated";
    PrAa05 = "PR.AA-05", "Access permissions, entitlements, and authorizations are defined in a policy, managed, enforced, and reviewed, and incorporate the principles of least privilege and separation of duties";
    PrPs04 = "PR.PS-04", "Log records are generated and made available for continuous monitoring";
    DeCm09 = "DE.CM-09", "Computing hardware and software, runtime environments, and their data are monitored to find potentially adverse events";
    DeAe02 = "DE.AE-02", "Potentially adverse events are analyzed to better understand associated activities";
    RsAn06 = "RS.AN-06", "Actions performed during an investigation are recorded, and the records' integrity and provenance are preserved";
    RsAn07 = "RS.AN-07", "Incident data and metadata are collected, and their integrity and provenance are preserved";
    RsCo02 = "RS.CO-02", "Internal and external stakeholders are notified of incidents";
    RsCo03 = "RS.CO-03", "Information is shared with designated internal and external stakeholders";
    RsMi01 = "RS.MI-01", "Incidents are contained";
    RsMi02 = "RS.MI-02", "Incidents are eradicated";
    RcRp02 = "RC.RP-02", "Recovery actions are selected, scoped, prioritized, and performed";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_none_of_them_was_withdrawn() {
        let ids: Vec<&str> = Subcategory::ALL.iter().map(|s| s.id()).collect();
        for id in &ids {
            let (category, number) = id.split_once('-').unwrap();
            assert!(category.len() == 5 && number.len() == 2 && number.parse::<u8>().is_ok(), "{id}");
        }
        let order = |id: &&str| ["GV", "ID", "PR", "DE", "RS", "RC"].iter().position(|f| id.starts_with(f)).unwrap();
        assert!(ids.is_sorted_by_key(order));
        // From 1.1; the catalogue of 2.0 marks them as withdrawn.
        for gone in ["RS.RP", "RS.IM", "RC.IM", "DE.DP", "PR.AC", "PR.IP", "PR.MA", "PR.PT", "ID.GV", "ID.RM", "ID.SC"]
        {
            assert!(ids.iter().all(|id| !id.starts_with(gone)), "{gone}");
        }
        for gone in ["RS.AN-01", "RS.AN-02", "RS.CO-01", "RS.CO-04", "RS.MI-03", "RC.CO-01", "DE.AE-01", "DE.CM-08"] {
            assert!(!ids.contains(&gone), "{gone}");
        }
    }
}
