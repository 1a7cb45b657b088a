//! The frame of every page: where one is, where one can go, who one is.

use super::csrf;
use super::desk::Desk;
use crate::app::App;
use crate::web::assets;
use countersign_core::staff::Permission;

/// A place in the menu.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where.
    pub href: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// The second key after `g`.
    pub key: char,
    /// What it takes to see it.
    pub needs: Permission,
    /// Whether one is there.
    pub current: bool,
}

const fn place(href: &'static str, label: &'static str, key: char, needs: Permission) -> Place {
    Place { href, label, key, needs, current: false }
}

/// The menu, in order.
const PLACES: &[Place] = &[
    place("/console", "Overview", 'o', Permission::SeeTraffic),
    place("/console/traffic", "Traffic", 't', Permission::SeeTraffic),
    place("/console/messages", "Messages", 'm', Permission::SeeRegister),
    place("/console/accounts", "Accounts", 'a', Permission::SeeAccounts),
    place("/console/exposure", "Exposure", 'l', Permission::SeeExposure),
    place("/console/evidence", "Evidence", 'e', Permission::SeeEvidence),
    place("/console/audit", "Audit", 'u', Permission::SeeAudit),
    place("/console/staff", "Staff", 's', Permission::SeeStaff),
    place("/console/keys", "API keys", 'k', Permission::SeeKeys),
    place("/console/settings", "Settings", 'x', Permission::SeeSettings),
];

/// Who sits there, for the corner of the page.
#[derive(Clone, Debug)]
pub struct Person {
    /// What others see.
    pub name: String,
    /// What they are here for.
    pub roles: String,
    /// Whether privileged steps need no proof now.
    pub fresh: bool,
}

/// The frame.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What this page is.
    pub title: String,
    /// What people know the service as.
    pub site: String,
    /// Who sits there; nobody on the way in.
    pub person: Option<Person>,
    /// Where they can go.
    pub places: Vec<Place>,
    /// The token of their forms.
    pub csrf: String,
    /// What was just done.
    pub done: Option<&'static str>,
    /// What went wrong.
    pub wrong: Option<String>,
    /// Scripts by plain name, besides the frame's own.
    pub scripts: Vec<&'static str>,
}

impl Frame {
    /// For somebody at work.
    pub fn of(desk: &Desk, title: &str) -> Self {
        let roles = desk.seat.roles;
        let places =
            PLACES.iter().filter(|p| roles.may(p.needs)).map(|p| Place { current: is_at(&desk.path, p.href), ..*p });
        let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        Self {
            title: title.to_owned(),
            site: desk.app.config.site.name.clone(),
            person: Some(Person {
                name: desk.seat.shown_name.clone(),
                roles: names.join(", "),
                fresh: desk.seat.fresh,
            }),
            places: places.collect(),
            csrf: csrf::token(&desk.app, &desk.seat),
            done: desk.done,
            wrong: None,
            scripts: Vec::new(),
        }
    }

    /// For somebody on the way in.
    pub fn outside(app: &App, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            site: app.config.site.name.clone(),
            person: None,
            places: Vec::new(),
            csrf: String::new(),
            done: None,
            wrong: None,
            scripts: Vec::new(),
        }
    }

    /// The same with a sentence about what went wrong.
    pub fn with_wrong(self, wrong: impl Into<String>) -> Self {
        Self { wrong: Some(wrong.into()), ..self }
    }

    /// The same with a script.
    pub fn with_script(mut self, name: &'static str) -> Self {
        self.scripts.push(name);
        self
    }

    /// Whether privileged steps need no proof now.
    pub fn is_fresh(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.fresh)
    }

    /// Where an asset is served.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

/// Whether a page is at a place or below it.
fn is_at(path: &str, place: &str) -> bool {
    path == place || (place != "/console" && path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_belongs_to_the_place_above_it() {
        assert!(is_at("/console/staff/stf_1", "/console/staff") && is_at("/console", "/console"));
        assert!(!is_at("/console/staff", "/console") && !is_at("/console/staffing", "/console/staff"));
    }

    #[test]
    fn every_place_has_a_key_of_its_own() {
        let mut keys: Vec<char> = PLACES.iter().map(|p| p.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), PLACES.len());
    }
}
