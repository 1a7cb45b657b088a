//! Where the exercise takes place: a directory, a server on a free port, and its mail server.

use super::Trouble;
use super::letter::Letter;
use super::post::Post;
use crate::app::App;
use crate::clock;
use crate::config::Config;
use crate::flows::api_keys::{self, Scope};
use crate::flows::staff::Actor;
use crate::serve::{self, Running};
use crate::store::Place;
use rand::Rng;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// The SQLite file's name; the same as in `serve`, so that `serve --data` finds it later.
const DATABASE: &str = "countersign.db";

/// The place.
#[derive(Debug)]
pub struct Setting {
    data: PathBuf,
    temporary: bool,
    overrides: String,
}

fn io(what: &str) -> impl Fn(std::io::Error) -> Trouble {
    move |error| Trouble::Io(what.to_owned(), error)
}

impl Setting {
    /// A new directory, or the one that was named; it must hold no database yet.
    pub async fn prepare(data: Option<PathBuf>) -> Result<Self, Trouble> {
        let temporary = data.is_none();
        let unused = || format!("countersign-drill-{:016x}", clock::generator().next_u64());
        let data = data.unwrap_or_else(|| std::env::temp_dir().join(unused()));
        if data.join(DATABASE).exists() {
            let what = format!("{} holds a database already; name an empty directory", data.display());
            return Err(Trouble::Town(what));
        }
        std::fs::create_dir_all(&data).map_err(io(&data.display().to_string()))?;
        Ok(Self { data, temporary, overrides: String::new() })
    }

    /// Starts both servers. What differs from the defaults is what a newcomer's own set-up would have to say as well:
    /// where we listen and where the mail goes. The gate's limits are the defaults.
    pub async fn open(&mut self, letters: mpsc::UnboundedSender<Letter>) -> Result<(Running, Post), Trouble> {
        let (listener, address) = bind().await?;
        let (mail, mail_address) = bind().await?;
        self.overrides = format!(
            "[server]\nlisten = \"{address}\"\norigin = \"http://{address}\"\ntrusted_proxies = [\"127.0.0.1/32\"]\n\
             [mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom_address = \"login@example.org\"\n\
             [log]\nlevel = \"warn\"\n",
            mail_address.port()
        );
        let file = std::path::Path::new("drill");
        let config = Config::from_parts(Some((file, &self.overrides)), [])?;
        let origin = config.server.origin.to_string();
        let app = serve::open(config, &Place::File(self.data.join(DATABASE)), &self.data).await?;
        let post = Post::start(mail, app.clock.clone(), origin, letters);
        let outside = serve::outside(&app)?;
        let running = serve::start_on(app, outside, listener, address).await?;
        Ok((running, post))
    }

    /// The settings that differ from the defaults, a line each.
    pub fn overrides(&self) -> Vec<String> {
        let mut section = "";
        let mut lines = Vec::new();
        for line in self.overrides.lines() {
            match line.strip_prefix('[') {
                Some(name) => section = name.trim_end_matches(']'),
                None => lines.push(format!("{section}.{line}")),
            }
        }
        lines
    }

    /// Removes the directory if it was made for this exercise only.
    pub fn remove(&self) {
        if self.temporary
            && let Err(error) = std::fs::remove_dir_all(&self.data)
        {
            tracing::warn!(%error, "the directory of the exercise could not be removed");
        }
    }
}

async fn bind() -> Result<(TcpListener, SocketAddr), Trouble> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(io("127.0.0.1"))?;
    let address = listener.local_addr().map_err(io("127.0.0.1"))?;
    Ok((listener, address))
}

/// A key for the platform of the exercise.
pub async fn api_key(app: &App) -> Result<String, Trouble> {
    let (_, key) = api_keys::create(app, &Actor::Command, "drill", &Scope::ALL, None).await?;
    Ok(key.expose().to_owned())
}
