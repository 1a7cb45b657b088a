//! `/console/live`: the parts of a page that changed, as server-sent events (HTML Living Standard, 9.2).
//!
//! A stream ends by itself after some minutes and the browser comes again, so that none outlives what it knows of its
//! session by much; it looks at the session at every step, and does not keep it alive: a screen that nobody touches is
//! signed out as it should be.

use super::parts::{self, Part};
use super::{Asked, overview, traffic};
use crate::app::App;
use crate::console::cookies;
use crate::flows::staff::{Seat, sessions};
use crate::flows::traffic::{Snapshot, Viewer, snapshot};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use countersign_core::secret::SecretText;
use countersign_core::staff::Permission;
use countersign_core::traffic::Window;
use futures_util::stream::{self, Stream};
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often a stream looks, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks.
    pub pause: Duration,
    /// Looks after which a stream ends.
    pub looks: u32,
}

/// Five minutes.
const PACE: Pace = Pace { pause: Duration::from_millis(1500), looks: 200 };
/// What the browser waits before it comes again.
const AGAIN: Duration = Duration::from_secs(2);

/// Which page is kept up to date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// `/console`.
    Overview,
    /// `/console/traffic`, with its window.
    Traffic(Window),
}

impl Page {
    fn of(asked: &Asked) -> Self {
        if asked.page.as_deref() == Some("traffic") { Self::Traffic(asked.window()) } else { Self::Overview }
    }

    const fn window(self) -> Window {
        match self {
            Self::Overview => Window::Glance,
            Self::Traffic(window) => window,
        }
    }

    fn path(self) -> String {
        match self {
            Self::Overview => overview::PATH.to_owned(),
            Self::Traffic(window) => traffic::path(window),
        }
    }

    fn parts(self, snapshot: &Snapshot, seat: &Seat) -> Vec<Part> {
        match self {
            Self::Overview => overview::parts(snapshot, seat.roles).into(),
            Self::Traffic(_) => traffic::parts(snapshot).into(),
        }
    }
}

/// `GET /console/live`.
pub async fn stream(
    State(app): State<App>,
    seat: axum::Extension<Seat>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(token) = cookies::session(&app, &headers) else { return StatusCode::UNAUTHORIZED.into_response() };
    let Ok(viewer) = app.traffic.viewers.enter(&seat.session) else {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "30")]).into_response();
    };
    // A proxy that collects answers before it passes them on would make this useless; nginx is told so.
    let headers = [(header::HeaderName::from_static("x-accel-buffering"), "no")];
    (
        headers,
        Sse::new(events(app, token, Page::of(&asked), viewer, PACE))
            .keep_alive(KeepAlive::new().interval(Duration::from_secs(15))),
    )
        .into_response()
}

/// The events of one stream. It ends with the session, with the server, or after its time.
pub fn events(
    app: App,
    token: SecretText,
    page: Page,
    viewer: Viewer,
    pace: Pace,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let live = Live::new(app, token, page, viewer, pace);
    stream::unfold(live, |live| live.next())
}

/// One stream.
struct Live {
    app: App,
    token: SecretText,
    page: Page,
    stopping: watch::Receiver<bool>,
    pace: Pace,
    looks: u32,
    /// What the browser was last told, by part.
    told: HashMap<&'static str, String>,
    latest: Option<Arc<Snapshot>>,
    queue: VecDeque<Event>,
    over: bool,
    /// Counted as long as the stream lives, however it ends.
    _viewer: Viewer,
}

impl Live {
    fn new(app: App, token: SecretText, page: Page, viewer: Viewer, pace: Pace) -> Self {
        let stopping = app.stopping.subscribe();
        let queue = VecDeque::from([Event::default().retry(AGAIN)]);
        let (told, latest) = (HashMap::new(), None);
        Self { app, token, page, stopping, pace, looks: 0, told, latest, queue, over: false, _viewer: viewer }
    }

    /// The next event, and the stream after it.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some((Ok(event), self));
            }
            if self.over || !self.pause().await {
                return None;
            }
            self.look().await;
        }
    }

    /// Waits for the next look; `false` where there is none.
    async fn pause(&mut self) -> bool {
        self.looks += 1;
        if self.looks > self.pace.looks || *self.stopping.borrow() {
            return false;
        }
        if self.looks == 1 {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(self.pace.pause) => true,
            _ = self.stopping.wait_for(|stopping| *stopping) => false,
        }
    }

    /// Looks who it is, and what is new.
    async fn look(&mut self) {
        match sessions::look(&self.app, &self.token).await {
            Ok(Some(seat)) if seat.roles.may(Permission::SeeTraffic) => self.tell(&seat).await,
            Ok(_) => {
                self.over = true;
                self.queue.push_back(Event::default().event("over").data("signed out"));
            }
            Err(_) => self.trouble(),
        }
    }

    async fn tell(&mut self, seat: &Seat) {
        let Ok(seen) = snapshot(&self.app, self.page.window()).await else { return self.trouble() };
        for part in self.page.parts(&seen, seat) {
            self.put(part);
        }
        self.put(parts::as_of(Some(&seen), false, &self.page.path()));
        self.latest = Some(seen);
    }

    /// The numbers stay as they are, and it is said that they are old.
    fn trouble(&mut self) {
        self.put(parts::as_of(self.latest.as_deref(), true, &self.page.path()));
    }

    fn put(&mut self, part: Part) {
        if self.told.get(part.id) == Some(&part.html) {
            return;
        }
        // A carriage return would end a line of the event.
        self.queue.push_back(Event::default().event("part").data(format!(
            "{}\n{}",
            part.id,
            part.html.replace('\r', "")
        )));
        self.told.insert(part.id, part.html);
    }
}
