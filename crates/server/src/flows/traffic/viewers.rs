//! Who watches live: counted, and limited for each session and in all, because every stream holds a connection.

use countersign_core::ids::StaffSessionId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Streams of one session: a few tabs. A browser keeps six connections to a server, and pages need some of them.
const PER_SESSION: usize = 4;
/// Streams of one process.
const IN_ALL: usize = 256;

/// The streams that are open.
#[derive(Debug, Clone, Default)]
pub struct Viewers(Arc<Mutex<HashMap<StaffSessionId, usize>>>);

/// There are too many streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// One open stream; it is counted until this is dropped.
#[derive(Debug)]
pub struct Viewer {
    viewers: Viewers,
    session: StaffSessionId,
}

impl Viewers {
    /// One more stream of a session.
    ///
    /// # Errors
    /// `Full` where the session, or the process, has as many as it may.
    pub fn enter(&self, session: &StaffSessionId) -> Result<Viewer, Full> {
        let mut open = self.locked();
        let own = open.get(session).copied().unwrap_or(0);
        if own >= PER_SESSION || open.values().sum::<usize>() >= IN_ALL {
            return Err(Full);
        }
        open.insert(session.clone(), own + 1);
        Ok(Viewer { viewers: self.clone(), session: session.clone() })
    }

    /// How many streams are open.
    pub fn count(&self) -> usize {
        self.locked().values().sum()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<StaffSessionId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut open = self.viewers.locked();
        match open.get_mut(&self.session) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                open.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::time::Timestamp;
    use rand::{SeedableRng, rngs::StdRng};

    fn session(seed: u64) -> StaffSessionId {
        StaffSessionId::new(Timestamp::default(), &mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn a_session_has_a_few_streams_and_all_together_have_a_limit() {
        let viewers = Viewers::default();
        let mine: Vec<Viewer> = (0..PER_SESSION).map(|_| viewers.enter(&session(0)).unwrap()).collect();
        assert_eq!(viewers.enter(&session(0)).unwrap_err(), Full);
        let others: Vec<Viewer> = (1..).map_while(|seed| viewers.enter(&session(seed)).ok()).collect();
        assert_eq!((viewers.count(), others.len()), (IN_ALL, IN_ALL - PER_SESSION));
        drop(mine);
        assert_eq!(viewers.count(), IN_ALL - PER_SESSION);
        assert!(viewers.enter(&session(0)).is_ok());
        drop(others);
        assert_eq!(viewers.count(), 0);
        assert!(viewers.locked().is_empty(), "nothing is kept of a session that is gone");
    }
}
