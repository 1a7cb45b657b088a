//! Which outcomes an entry of the evidence supports, by its kind.

use super::Subcategory::{
    self, DeAe02, DeCm09, GvOc03, PrAa01, PrAa02, PrAa03, PrAa05, PrPs04, RcRp02, RsAn06, RsAn07, RsCo02, RsCo03,
    RsMi01, RsMi02,
};

/// The outcomes for a kind of entry; none for a kind that is not known here. The choice is ours, the words are NIST's.
pub fn of_kind(kind: &str) -> &'static [Subcategory] {
    match kind {
        // Who asked, what was decided, and why: what an investigation of an abuse of recovery starts from.
        "recovery.requested" | "recovery.expired" => &[PrPs04, DeCm09, RsAn07],
        "recovery.decided" | "recovery.held" | "gate.mode" => &[DeAe02, RsMi01, RsAn07],
        "recovery.proven" | "recovery.code_tried" | "recovery.factor_tried" => &[PrAa03, DeCm09],
        "recovery.redeemed" | "device.known" => &[PrAa02, PrAa03],
        "recovery.disavowed" => &[DeAe02, RsMi01, RsMi02],
        "change.cancelled" => &[RsMi01, RcRp02],
        "password.changed" => &[PrAa01, RcRp02],
        "session.opened" => &[PrAa03],
        "factor.enrolled" | "accounts.imported" => &[PrAa01],
        "message.recorded" | "message.sealed" | "message.handed_over" => &[RsCo02, RsCo03],
        "api_key.created" | "api_key.revoked" | "staff.key_created" | "staff.key_revoked" => &[PrAa05],
        // Staff: who they are, how they prove it, what they may, and what they did.
        "staff.invited" | "staff.link_issued" | "staff.enrolled" | "staff.changed_own" | "staff.joined" => &[PrAa01],
        "staff.passkey_added" | "staff.passkey_renamed" | "staff.passkey_removed" => &[PrAa01],
        "staff.signed_in" | "staff.confirmed" | "staff.sign_in_failed" | "staff.asked_for_help" => &[PrAa03, DeCm09],
        "staff.roles_set" | "staff.roles_renewed" | "staff.disabled" | "staff.enabled" | "staff.sessions_ended" => {
            &[PrAa05]
        }
        "staff.account_sessions_ended" | "staff.recovery_held" => &[RsAn06, RsMi01],
        // A leak: whose data is in it, and what is done about it.
        "staff.leak_matched" | "staff.leak_withdrawn" | "staff.values_recorded" => &[DeAe02, RsAn06, RsAn07],
        "staff.cohort_made" | "staff.cohort_exported" => &[RsAn06, RsAn07],
        "staff.containment_put" => &[RsAn06, RsMi01],
        "staff.containment_lifted" | "staff.containment_released" => &[RsAn06, RcRp02],
        "containment.released" | "account.password_set_elsewhere" => &[RcRp02],
        "staff.exposure_key_rotated" => &[PrPs04],
        "staff.recovery_released" => &[RsAn06, RcRp02],
        "staff.unmasked" => &[PrPs04, RsAn06],
        // The log about itself.
        "log.began" | "log.key_rotated" | "log.renewed" | "log.time_stamped" => &[PrPs04, RsAn06, RsAn07],
        "evidence.exported" => &[RsAn06, RsCo03],
        "evidence.erased" | "store.forgot" => &[GvOc03],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_once_each_and_in_order() {
        for kind in ["recovery.requested", "recovery.disavowed", "evidence.exported"] {
            let tags = of_kind(kind);
            assert!(
                !tags.is_empty() && tags.iter().all(|tag| tags.iter().filter(|t| *t == tag).count() == 1),
                "{kind}"
            );
        }
        assert!(of_kind("weather.changed").is_empty());
    }
}
