//! What a handler knows: who sits there, from where, and how their pages begin.

use super::frame::Frame;
use super::{cookies, next, show};
use crate::app::App;
use crate::error::AppError;
use crate::flows::client::Client;
use crate::flows::staff::{Actor, Seat};
use crate::web::client;
use axum::Form;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::de::DeserializeOwned;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Nobody's address: a request that came over no socket (a test) is one client.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Somebody who is not signed in, or need not be.
#[derive(Clone, Debug)]
pub struct Door {
    /// The app.
    pub app: App,
    /// From where.
    pub client: Client,
    /// Who it is, if they are signed in.
    pub seat: Option<Seat>,
}

impl Door {
    fn of(parts: &Parts, app: &App) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(NOWHERE, |peer| peer.0.ip());
        let client = Client {
            ip: client::client_ip(peer, &parts.headers, |ip| app.config.server.trusts(ip)),
            user_agent: client::user_agent(&parts.headers),
            device: cookies::device(app, &parts.headers),
            locale: None,
        };
        Self { app: app.clone(), client, seat: parts.extensions.get::<Seat>().cloned() }
    }

    /// The frame of a page on the way in.
    pub fn frame(&self, title: &str) -> Frame {
        Frame::outside(&self.app, title)
    }
}

impl FromRequestParts<App> for Door {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, app))
    }
}

/// Somebody at work.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The app.
    pub app: App,
    /// Who.
    pub seat: Seat,
    /// From where.
    pub client: Client,
    /// The page that they are on.
    pub path: String,
    /// What was just done, for a line at the top of the page.
    pub done: Option<&'static str>,
}

impl Desk {
    /// A desk of which only the seat is known.
    pub fn of(app: &App, seat: Seat, path: &str) -> Self {
        let client = Client { ip: NOWHERE, user_agent: String::new(), device: None, locale: None };
        Self { app: app.clone(), seat, client, path: path.to_owned(), done: None }
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        Actor::Staff(Box::new(self.seat.clone()))
    }

    /// The frame of a page.
    pub fn frame(&self, title: &str) -> Frame {
        Frame::of(self, title)
    }

    /// The answer to a flow's error: to sign in, to confirm, or a page that says it.
    pub fn refuse(&self, error: &AppError) -> Response {
        match error.code {
            "signed_out" => Redirect::to("/console/sign-in").into_response(),
            "confirm_needed" => {
                Redirect::to(&next::with_next("/console/confirm", &next::safe(Some(&self.path)))).into_response()
            }
            _ => show::error(self, error),
        }
    }

    /// Back to a page, where a line says what was done.
    pub fn back_to(&self, path: &str, done: &str) -> Response {
        Redirect::to(&self.path_with(path, done)).into_response()
    }

    /// A page where a line says what was done.
    pub fn path_with(&self, path: &str, done: &str) -> String {
        let mark = if path.contains('?') { '&' } else { '?' };
        format!("{path}{mark}done={done}")
    }
}

impl FromRequestParts<App> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Some(seat) = parts.extensions.get::<Seat>().cloned() else {
            tracing::error!(path = parts.uri.path(), "a page for staff was reached without a seat");
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let client = Door::of(parts, app).client;
        let done = parts.uri.query().and_then(super::done::of_query);
        Ok(Self { app: app.clone(), seat, client, path: parts.uri.path().to_owned(), done })
    }
}

/// A form, in whatever room it is posted; one that cannot be read becomes a page that says so.
#[derive(Debug)]
pub struct Fields<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Fields<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let is_form = request.headers().get(header::CONTENT_TYPE).is_some();
        match Form::<T>::from_request(request, app).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(_) if !is_form => Err(show::plain(StatusCode::BAD_REQUEST, "This form is empty. Nothing was changed.")),
            Err(_) => Err(show::plain(
                StatusCode::BAD_REQUEST,
                "This form has a field that cannot be read. Nothing was changed.",
            )),
        }
    }
}
