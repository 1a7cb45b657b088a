//! The overview and recovery traffic: what they say, in every state, and how they keep up.

use super::office::{COOKIE, Office, Person};
use super::pages::{axe, walk};
use crate::browser::driver::with_browser;
use countersign::console::watch::live::{Pace, Page, events};
use countersign::flows::client::Client;
use countersign::flows::dispatch::decide_batch;
use countersign::flows::recover::{self, Ask, Door};
use countersign::flows::staff::sessions;
use countersign::flows::traffic::settle;
use countersign::jobs::Outside;
use countersign::serve;
use countersign::store::db::sql;
use countersign_core::staff::Role;
use countersign_core::traffic::Window;
use futures_util::StreamExt;
use reqwest::Response;
use std::pin::pin;
use std::time::Duration;

/// Longer than a stream takes to look again on a slow machine.
const LONG: Duration = Duration::from_secs(30);

/// Somebody asks, from a network of their own.
async fn ask(office: &Office, identifier: &str, n: u64) {
    let ip = std::net::Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(0x8000 + n) << 80 | 1);
    let client = Client { ip: ip.into(), user_agent: String::new(), device: None, locale: None };
    let ask = Ask { identifier: identifier.to_owned(), client, proof: None, door: Door::Api };
    recover::request(office.app(), ask).await.unwrap();
}

/// An hour in which something happens.
async fn busy_hour(office: &Office) {
    for n in 0..12 {
        office.site.add_account(&format!("person{n}@example.org")).await;
    }
    while settle(office.app()).await.unwrap() {}
    for minute in 0..50_u64 {
        for n in 0..(minute * 7 % 11) {
            ask(office, &format!("person{}@example.org", (minute + n) % 14), minute * 16 + n).await;
        }
        decide_batch(office.app()).await.unwrap();
        office.app().clock.advance(Duration::from_secs(60));
        while settle(office.app()).await.unwrap() {}
    }
}

/// What a page says, without its tags.
fn said(html: &str) -> String {
    let main = html.split_once("<main").unwrap().1.split_once('>').unwrap().1.split_once("</main>").unwrap().0;
    let text: String =
        main.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| format!("{text} ")).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_new_installation_is_told_how_to_begin() {
    let office = Office::open().await;
    let page = office.staff("ana", &[Role::Viewer]).await.page("/console").await;
    let told = said(&page);
    for line in
        ["Not quite ready", "Import the accounts", "Nobody has asked for a recovery yet", "unknown no message was sent"]
    {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!page.contains("/console/settings"), "a viewer may not see the settings, so nothing leads there");
    let page = office.staff("rob", &[Role::Responder]).await.page("/console").await;
    assert!(page.contains("href=\"/console/settings\""));
}

#[tokio::test]
async fn the_page_says_what_happened_and_says_it_in_a_table_too() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    for address in ["mara@example.org", "tomo@example.org"] {
        office.site.add_account(address).await;
    }
    while settle(office.app()).await.unwrap() {}
    for (n, name) in ["mara@example.org", "tomo@example.org", "mara@example.org", "nobody"].into_iter().enumerate() {
        ask(&office, name, n as u64).await;
    }
    decide_batch(office.app()).await.unwrap();
    office.app().clock.advance(Duration::from_secs(1));
    let page = ana.page("/console").await;
    let told = said(&page);
    for line in ["Requests 4 4 in the last minute", "Messages sent 2", "Suppressed 2", "0 % 0 of 2 messages"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(page.contains("<title>14:12: 4 came, 2 sent, 1 enough already, 1 nobody to write to</title>"), "{page}");
    assert!(page.contains("<tr><th scope=row>14:12<td>4<td>2<td>1<td>1<td>0<td>0"), "{page}");
    assert!(told.contains("Of the first 58 minutes nothing was counted"), "{told}");
    for window in Window::ALL {
        let told = said(&ana.page(&format!("/console/traffic?span={}", window.as_str())).await);
        assert!(told.contains("Requests 4") && told.contains("A link was live already 1 25.0 %"), "{told}");
    }
    assert_eq!(ana.get("/console/traffic?span=century").await.status(), 200, "an unknown window is an hour");
}

#[tokio::test]
async fn a_database_that_is_away_is_said_and_no_number_is_made_up() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    rename(&office, "traffic_settled", "away").await;
    for path in ["/console", "/console/traffic"] {
        let answer = ana.get(path).await;
        assert_eq!(answer.status(), 503);
        let page = answer.text().await.unwrap();
        assert!(said(&page).contains("The numbers cannot be read right now"), "{page}");
        assert!(page.contains("/assets/live.") && page.contains("id=\"tiles\""), "the page comes to life by itself");
    }
    rename(&office, "away", "traffic_settled").await;
    office.app().clock.advance(Duration::from_secs(1));
    assert_eq!(ana.get("/console").await.status(), 200);
}

async fn rename(office: &Office, from: &str, to: &str) {
    let text = format!("ALTER TABLE {from} RENAME TO {to}");
    let done: Result<u64, countersign::store::StoreError> =
        office.app().store.write(move |conn| Box::pin(async move { sql(text).execute(conn).await })).await;
    done.unwrap();
}

/// Everything that the overview brings, in bytes: the page, and what it links to.
async fn weigh(person: &Person, path: &str) -> (usize, usize) {
    let answer = person.get(path).await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    let mut all = page.len();
    for link in page.split(['"', '\'']).filter(|text| text.starts_with("/assets/")) {
        all += person.get(link).await.bytes().await.unwrap().len();
    }
    (page.len(), all)
}

#[tokio::test]
async fn the_overview_is_light() {
    let office = Office::open().await;
    busy_hour(&office).await;
    let ana = office.staff("ana", &[Role::Responder, Role::Admin]).await;
    for path in ["/console", "/console/traffic?span=hour"] {
        let (page, all) = weigh(&ana, path).await;
        println!("{path}: {page} bytes, {all} with everything");
        let most = if path == "/console" { 20 } else { 45 };
        assert!(page < most * 1024 && all < 150 * 1024, "{path}: {page} and {all} bytes");
    }
}

/// A stream of events, read as it comes.
struct Events {
    answer: Response,
    text: String,
}

impl Events {
    async fn open(person: &Person, query: &str) -> Self {
        let url = format!("{}/console/live?{query}", person.origin);
        let request = crate::support::web().build().unwrap().get(url).header("accept", "text/event-stream");
        let answer = request.header("cookie", person.cookie()).send().await.unwrap();
        Self { answer, text: String::new() }
    }

    /// Reads until something was said; `false` where the stream ends before.
    async fn hears(&mut self, what: &str) -> bool {
        let heard = async {
            while !self.text.contains(what) {
                match self.answer.chunk().await.unwrap() {
                    Some(chunk) => self.text += std::str::from_utf8(&chunk).unwrap(),
                    None => return false,
                }
            }
            self.text = self.text.split_once(what).unwrap().1.to_owned();
            true
        };
        tokio::time::timeout(LONG, heard).await.unwrap_or_else(|_| panic!("no {what:?} in {}", self.text))
    }
}

#[tokio::test]
async fn a_stream_tells_what_changed_and_survives_a_database_that_is_away() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let mut events = Events::open(&ana, "page=overview").await;
    assert_eq!(events.answer.headers()["content-type"], "text/event-stream");
    assert_eq!(events.answer.headers()["cache-control"], "no-cache");
    for part in ["now", "tiles", "requests", "gate", "house", "asof"] {
        assert!(events.hears(&format!("event: part\ndata: {part}\n")).await);
    }
    ask(&office, "nobody", 1).await;
    office.app().clock.advance(Duration::from_secs(2));
    assert!(events.hears("<dt>Requests</dt><dd><b>1</b>").await);
    rename(&office, "traffic_settled", "away").await;
    office.app().clock.advance(Duration::from_secs(2));
    assert!(events.hears("The database does not answer").await && events.hears("As of").await);
    rename(&office, "away", "traffic_settled").await;
    office.app().clock.advance(Duration::from_secs(2));
    assert!(events.hears("<p id=\"asof\" class=\"asof\">").await, "it goes on");
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_does_not_keep_it_alive() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let mut events = Events::open(&ana, "page=traffic&span=day").await;
    assert!(events.hears("data: asof").await);
    // More than the idle limit, with the page open all the time.
    for _ in 0..4 {
        office.app().clock.advance(Duration::from_secs(600));
        if events.hears("\n\n").await && events.text.contains("event: over") {
            break;
        }
    }
    assert!(events.hears("event: over").await);
    assert!(!events.hears("event: part").await, "nothing follows, and the stream ends");
    assert!(ana.seat().await.is_none());
    let again = Events::open(&ana, "page=overview").await;
    assert_eq!(again.answer.status(), 401, "a script is told; the page goes to sign in");
}

#[tokio::test]
async fn streams_are_few_for_each_session_and_end_with_the_server() {
    let office = Office::open().await;
    let (ana, bea) = (office.staff("ana", &[Role::Viewer]).await, office.staff("bea", &[Role::Viewer]).await);
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(Events::open(&ana, "page=overview").await);
    }
    let refused = Events::open(&ana, "page=overview").await.answer;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "30"));
    open.push(Events::open(&bea, "page=traffic").await);
    for events in &mut open {
        assert_eq!(events.answer.status(), 200);
        assert!(events.hears("data: asof").await);
    }
    assert_eq!(office.app().traffic.viewers.count(), 5);
    office.app().stopping.send_replace(true);
    for events in &mut open {
        assert!(!events.hears("event: over").await, "it ends without a word, and the browser comes again");
    }
    nobody_watches(&office).await;
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_those_who_watch() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let free = "127.0.0.1:0".parse().unwrap();
    let running = serve::start(office.app().clone(), Outside::default(), free).await.unwrap();
    let there = Person { origin: format!("http://{}", running.address), ..ana };
    let mut open = [Events::open(&there, "page=overview").await, Events::open(&there, "page=traffic").await];
    for events in &mut open {
        assert!(events.hears("data: asof").await);
    }
    // One of them is never read again.
    tokio::time::timeout(LONG, running.stop()).await.expect("it stops");
    assert!(!open[0].hears("event: over").await);
    nobody_watches(&office).await;
}

async fn nobody_watches(office: &Office) {
    let gone = async {
        while office.app().traffic.viewers.count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, gone).await.expect("every stream that ended is forgotten");
}

#[tokio::test]
async fn a_tab_that_comes_again_all_day_leaves_nothing_behind() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    // A day of five minutes each.
    for n in 0..288 {
        let mut events = Events::open(&ana, "page=overview").await;
        // A browser that goes away is noticed at the next write, so a few of its streams may still be counted.
        if events.answer.status() == 429 {
            drop(events);
            office.app().clock.advance(Duration::from_secs(1));
            nobody_watches(&office).await;
            events = Events::open(&ana, "page=overview").await;
        }
        assert!(events.hears("data: now").await, "{n}");
    }
    office.app().clock.advance(Duration::from_secs(1));
    nobody_watches(&office).await;
}

#[tokio::test]
async fn a_stream_ends_by_itself_after_its_time() {
    let office = Office::open().await;
    let ana = office.staff("ana", &[Role::Viewer]).await;
    let app = office.app().clone();
    let seat = sessions::seat(&app, &ana.opened.token).await.unwrap().unwrap();
    let viewer = app.traffic.viewers.enter(&seat.session).unwrap();
    let pace = Pace { pause: Duration::ZERO, looks: 500 };
    let mut all = pin!(events(app.clone(), ana.opened.token.clone(), Page::Traffic(Window::Day), viewer, pace));
    let mut told = 0;
    while all.next().await.is_some() {
        told += 1;
    }
    assert_eq!(told, 8, "how soon to come again, six parts, and as of when: nothing changes while the clock stands");
    assert_eq!(app.traffic.viewers.count(), 0);
}

#[tokio::test]
async fn what_moves_is_fit_for_everybody() {
    let axe = axe();
    with_browser(true, async |browser| {
        let office = Office::open().await;
        let ana = office.staff("ana", &[Role::Responder, Role::Admin]).await;
        ana.sit_down(browser, "/console").await;
        walk(browser, &ana.origin, &[("overview-new", "/console".to_owned())], axe.as_deref()).await;
        // Nothing may be open while the first session ends: its stream would come back and be refused.
        browser.go("about:blank").await;
        busy_hour(&office).await;
        let ana = office.staff("ada", &[Role::Responder, Role::Admin]).await;
        ana.sit_down(browser, "/console").await;
        let pages = [
            ("overview", "/console".to_owned()),
            ("traffic-hour", "/console/traffic?span=hour".to_owned()),
            ("traffic-day", "/console/traffic?span=day".to_owned()),
            ("traffic-fortnight", "/console/traffic?span=fortnight".to_owned()),
        ];
        walk(browser, &ana.origin, &pages, axe.as_deref()).await;
        rename(&office, "traffic_settled", "away").await;
        office.app().clock.advance(Duration::from_secs(2));
        walk(browser, &ana.origin, &[("overview-away", "/console".to_owned())], axe.as_deref()).await;
        browser.wait_for_text("Live").await;
        assert!(browser.text().await.contains("The numbers cannot be read right now"));
        let complaints: Vec<_> = browser.complaints().await.into_iter().filter(|c| !c.contains("503")).collect();
        assert_eq!(complaints, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_page_in_a_browser_moves_by_itself_and_is_read_by_arrow_keys() {
    with_browser(true, async |browser| {
        let office = Office::open().await;
        let ana = office.staff("ana", &[Role::Viewer]).await;
        ask(&office, "nobody", 1).await;
        ana.sit_down(browser, "/console").await;
        browser.wait_for_text("Live").await;
        browser.run("document.querySelector('.chart details').open = true").await;
        browser.run("document.querySelector('.plot').focus()").await;
        for n in 2..5 {
            ask(&office, "nobody", n).await;
        }
        decide_batch(office.app()).await.unwrap();
        office.app().clock.advance(Duration::from_secs(2));
        browser.wait_for_text("4 in the last minute").await;
        assert_eq!(browser.run("return document.querySelector('.chart details').open").await, true);
        browser.keys("\u{e012}").await;
        browser.wait_for_text("14:12: 4 came, 4 nobody to write to").await;
        rename(&office, "traffic_settled", "away").await;
        office.app().clock.advance(Duration::from_secs(2));
        browser.wait_for_text("The database does not answer.").await;
        rename(&office, "away", "traffic_settled").await;
        office.app().clock.advance(Duration::from_secs(2));
        browser.wait_for_text("Live").await;
        sessions::sign_out(office.app(), &ana.seat().await.unwrap()).await.unwrap();
        browser.wait_for_title("Sign in · Example Accounts · Countersign").await;
        assert!(browser.url().await.ends_with("/console/sign-in?next=%2Fconsole"));
        assert!(browser.run("return document.cookie").await.as_str().is_some_and(|all| !all.contains(COOKIE)));
    })
    .await;
}
