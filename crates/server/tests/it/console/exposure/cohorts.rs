//! Cohorts: counted, made, handed out.

use super::super::account::text;
use super::super::office::{Office, hidden, leads_to};
use super::Leaked;
use countersign_core::staff::Role;

fn counting(query: &str) -> String {
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    format!("/console/exposure/cohorts/count?query={query}")
}

#[tokio::test]
async fn a_question_is_counted_and_made_into_a_cohort() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let query = format!("leak:{} and not leak:{}:shows:phone", leaked.leak.id, leaked.leak.id);
    let counted = rita.get(&counting(&query)).await;
    assert_eq!(counted.status(), 200);
    let html = counted.text().await.unwrap();
    let page = text(&html);
    assert!(page.contains("15 accounts of 40 (37 %). Nothing was made."), "{page}");
    let names = format!("leak:{0} 30 75 % leak:{0}:shows:phone 15 37 %", leaked.leak.id);
    assert!(page.contains(&names), "{page}");
    assert!(!leaked.office.entries().await.contains(&"staff.cohort_made".to_owned()));
    let expected = hidden(&html, "expected");
    let other_set = leaked.leak.cohort.to_string();

    let fields = |name, reason, expected| {
        [("query", query.as_str()), ("name", name), ("reason", reason), ("expected", expected)]
    };
    for (fields, said) in [
        (fields("", "A leak is on sale", &expected), "A name of 1 to 100 printable characters is needed."),
        (fields("No phone", " ", &expected), "Say why, in a few words."),
        (fields("No phone", "r", ""), "Count first who this would be."),
        (fields("No phone", "r", &other_set), "has changed since you looked"),
    ] {
        let refused = rita.post("/console/exposure/cohorts", &fields).await;
        assert!(matches!(refused.status().as_u16(), 409 | 422), "{said}");
        let page = refused.text().await.unwrap();
        assert!(page.contains(said) && page.contains("15 accounts"), "{said}: {}", text(&page));
    }
    let made = rita.post("/console/exposure/cohorts", &fields("No phone", "A leak is on sale", &expected)).await;
    let path = format!("/console/exposure/cohorts/{expected}");
    assert_eq!(leads_to(&made), format!("{path}?done=cohort_made"));
    let page = text(&rita.page(&leads_to(&made)).await);
    assert!(page.contains("The cohort is made.") && page.contains("15 accounts , 37 % of all"), "{page}");
    assert!(page.contains(leaked.accounts[0].as_str()) && !page.contains(leaked.accounts[7].as_str()), "{page}");
    assert!(text(&rita.page("/console/exposure/cohorts").await).contains("No phone 15"));
    // The same set by another question is the same cohort.
    let other = format!("not leak:{0}:shows:phone and leak:{0}", leaked.leak.id);
    let again = text(&rita.page(&counting(&other)).await);
    assert!(again.contains("It is there already, as No phone ."), "{again}");
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_given_back_with_what_is_wrong() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Auditor]).await;
    for (query, status, said) in [
        ("", 422, "Say which accounts"),
        ("everyone and", 422, "At character 13: a name was expected"),
        ("<b>", 422, "this is no name of a set"),
        ("leak:lek_01k9xy3v8e4m7q2r5t6w8z0abc", 404, "There is no leak lek_"),
        (&format!("cohort:coh_{}", "0a".repeat(32)), 404, "There is no such cohort."),
    ] {
        let answer = rita.get(&counting(query)).await;
        assert_eq!(answer.status(), status, "{query}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(said) && !page.contains("Nothing was made") && !page.contains("<b>\n"), "{query}");
        assert!(page.contains("Names that can stand there") && !page.contains("<textarea><b>"), "{query}");
    }
    let everyone = rita.page(&counting("everyone")).await;
    assert!(everyone.contains("40 accounts") && !everyone.contains("name=\"expected\""), "an auditor makes nothing");
    let prefilled = rita.page("/console/exposure/cohorts?query=leak%3Ax+%3Cb%3E").await;
    assert!(prefilled.contains("leak:x &#60;b&#62;</textarea>"));
}

#[tokio::test]
async fn a_cohort_is_handed_out_as_a_file_for_a_reason() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let path = format!("{}/export", leaked.cohort());
    let kind = "staff.cohort_exported".to_owned();
    for fields in [[("reason", ""), ("format", "csv")], [("reason", "r"), ("format", "pdf")]] {
        assert_eq!(rita.post(&path, &fields).await.status(), 422);
    }
    assert!(!leaked.office.entries().await.contains(&kind));
    let csv = rita.post(&path, &[("reason", "For the letters"), ("format", "csv")]).await;
    assert_eq!(csv.status(), 200);
    let name = &leaked.leak.cohort.to_string()[..16];
    assert_eq!(csv.headers()["content-disposition"], format!("attachment; filename=\"{name}.csv\"").as_str());
    assert_eq!(csv.headers()["cache-control"], "no-store");
    let csv = csv.text().await.unwrap();
    assert!(csv.starts_with(&format!("account,external_id,number\r\n{},,0\r\n", leaked.accounts[0])), "{csv}");
    assert_eq!(csv.lines().count(), 31);
    assert!(leaked.office.entries().await.contains(&kind));
    assert_eq!(leaked.office.last_entry(&kind).await["what"]["reason"], "For the letters");
    let lines = rita.post(&path, &[("reason", "For the letters"), ("format", "ndjson")]).await.text().await.unwrap();
    let rows: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), rows[29]["account"].as_str()), (30, Some(leaked.accounts[29].as_str())));
}

#[tokio::test]
async fn the_find_box_leads_to_leaks_cohorts_and_containments() {
    let leaked = Leaked::open().await;
    let rita = leaked.office.staff("rita", &[Role::Responder]).await;
    let found = async |typed: &str| {
        let answer = rita.post("/console/find", &[("q", typed)]).await;
        answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned())
    };
    assert_eq!(found(leaked.leak.id.as_str()).await, Some(leaked.page()));
    assert_eq!(found(&leaked.leak.cohort.to_string().to_uppercase()).await, Some(leaked.cohort()));
    assert_eq!(found("con_01k9xy3v8e4m7q2r5t6w8z0abc").await, None);
    let vera = leaked.office.staff("vera", &[Role::Viewer]).await;
    let withheld = vera.post("/console/find", &[("q", leaked.leak.id.as_str())]).await;
    assert_eq!(withheld.status(), 404);
    assert!(withheld.text().await.unwrap().contains("Your role does not look all of this up"));
}

#[tokio::test]
async fn without_a_cohort_the_list_is_empty() {
    let office = Office::open().await;
    let rita = office.staff("rita", &[Role::Responder]).await;
    let page = text(&rita.page("/console/exposure/cohorts").await);
    assert!(page.contains("There is no cohort yet.") && page.contains("Make one"), "{page}");
    assert!(text(&rita.page("/console/exposure/containments").await).contains("Nothing is contained."));
    assert_eq!(rita.get("/console/exposure/cohorts/none").await.status(), 404);
    assert_eq!(rita.get("/console/exposure/containments/none").await.status(), 404);
}
