//! Containments: shown before, put, lifted.

use super::super::account::text;
use super::super::office::{Person, hidden, leads_to};
use super::Leaked;
use countersign_core::staff::Role;

/// Puts a containment on the cohort of the leak, by way of its preview; the page of the containment.
pub async fn put(leaked: &Leaked, rita: &Person, kind: &str) -> String {
    let preview = rita.page(&format!("{}/contain?kind={kind}&span=30d", leaked.cohort())).await;
    let accounts = hidden(&preview, "accounts");
    let fields = [("kind", kind), ("span", "30d"), ("accounts", &accounts), ("reason", "A leak is on sale")];
    let done = rita.post(&format!("{}/contain", leaked.cohort()), &fields).await;
    let page = leads_to(&done);
    assert!(page.starts_with("/console/exposure/containments/con_") && page.ends_with("?done=contained"), "{page}");
    page.split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn it_is_shown_first_what_a_containment_would_do() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let path = format!("{}/contain", leaked.cohort());
    let html = rita.page(&format!("{path}?kind=must_reset&span=30d")).await;
    let page = text(&html);
    for said in [
        "new password first for 30 accounts",
        "Before the next sign-in a new password must be set.",
        "It would hold for 30 accounts , 75 % of all",
        "New for 30 accounts",
        "With a leaked mailbox 28 accounts of them",
        "in 30 days, 2026-02-13 14:13:20 UTC",
        "more than a quarter of all accounts",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(text(&rita.page(&format!("{path}?kind=watched&span=")).await).contains("never; somebody has to lift it"));
    for wrong in ["?kind=none&span=30d", "?span=30d", "?kind=watched&span=soon"] {
        assert_eq!(rita.get(&format!("{path}{wrong}")).await.status(), 422, "{wrong}");
    }
    let alma = leaked.office.staff("alma", &[Role::Approver]).await;
    let seen = alma.page(&format!("{path}?kind=must_reset&span=30d")).await;
    assert!(seen.contains("30 accounts") && !seen.contains("Put it on"), "an approver sees, and does not act");
}

#[tokio::test]
async fn a_containment_is_put_and_lifted() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let path = format!("{}/contain", leaked.cohort());
    let fields = |kind, accounts, reason| [("kind", kind), ("span", "30d"), ("accounts", accounts), ("reason", reason)];
    for (fields, said) in [
        (fields("must_reset", "30", " "), "Say why, in a few words."),
        (fields("must_reset", "", "r"), "Look first at what this containment would do."),
        (fields("must_reset", "29", "r"), "Look first at what this containment would do."),
    ] {
        let refused = rita.post(&path, &fields).await;
        assert_eq!(refused.status(), 422);
        let page = refused.text().await.unwrap();
        assert!(page.contains(said) && page.contains("It would hold for"), "{said}");
    }
    assert_eq!(rita.post(&path, &fields("gone", "30", "r")).await.status(), 422);
    let one = put(&leaked, &rita, "must_reset").await;
    let twice = rita.post(&path, &fields("must_reset", "30", "r")).await;
    assert_eq!(twice.status(), 409);
    assert!(twice.text().await.unwrap().contains("A containment of this kind is on this cohort already."));

    let page = text(&rita.page(&one).await);
    for said in ["new password first in force", "Holds now for 30 accounts", "Why A leak is on sale", "Lift it"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let list = text(&rita.page("/console/exposure/containments").await);
    assert!(list.contains("new password first On sale in January 30 accounts 0"), "{list}");
    let on_it = text(&rita.page(&leaked.cohort()).await);
    assert!(on_it.contains("new password first in force for 30 accounts"), "{on_it}");
    let alma = leaked.office.staff("alma", &[Role::Approver]).await;
    assert!(!alma.page(&one).await.contains("/lift"));

    let lift = format!("{one}/lift");
    let without = rita.post(&lift, &[("reason", "")]).await;
    assert_eq!(without.status(), 422);
    assert!(without.text().await.unwrap().contains("Say why, in a few words."));
    let lifted = rita.post(&lift, &[("reason", "It is over")]).await;
    assert_eq!(leads_to(&lifted), format!("{one}?done=lifted"));
    let page = text(&rita.page(&leads_to(&lifted)).await);
    assert!(page.contains("The containment is lifted.") && page.contains("Holds now for nobody"), "{page}");
    assert_eq!(rita.post(&lift, &[("reason", "Again")]).await.status(), 409);
    let list = text(&rita.page("/console/exposure/containments").await);
    assert!(
        list.contains("Nothing is contained.") && list.contains("Past") && list.contains("lifted just now"),
        "{list}"
    );
    let cara = leaked.office.staff("cara", &[Role::Auditor]).await;
    leaked.office.site.grow().await;
    let audit = text(&cara.page("/console/audit").await);
    let short = &leaked.leak.cohort.to_string()[..16];
    for said in [
        format!("put “new password first” on 30 accounts until 2026-02-13 14:13:20 UTC ({short}…)"),
        format!("took “new password first” off 30 accounts ({short}…)"),
    ] {
        assert!(audit.contains(&said), "{said}: {audit}");
    }
}

#[tokio::test]
async fn the_overview_counts_and_asks_for_a_decision() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let overview = async || {
        leaked.office.app().clock.advance(std::time::Duration::from_secs(2));
        text(&rita.page("/console").await)
    };
    let page = overview().await;
    for said in [
        "Leaked mailboxes 28 accounts, in a leak",
        "Contained 0 accounts, by no containment",
        "Decide what a leak asks for 30 accounts are in a leak, and no containment was put on a cohort of it.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let one = put(&leaked, &rita, "watched").await;
    let page = overview().await;
    assert!(page.contains("Contained 30 accounts, by 1 containment"), "{page}");
    assert!(!page.contains("Decide what a leak asks for"), "{page}");
    rita.post(&format!("{one}/lift"), &[("reason", "It is over")]).await;
    let page = overview().await;
    assert!(page.contains("Contained 0 accounts") && !page.contains("Decide what"), "somebody decided: {page}");
}
