//! How long connections take.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cplan_sdk::SessionTime;

/// Of one connection.
pub(super) struct Watch {
    begun: Instant,
    time: Mutex<SessionTime>,
}

impl Watch {
    pub(super) fn begin(machine: &str) -> Self {
        let (opening, whole) = (Duration::ZERO, Duration::ZERO);
        let time = SessionTime { machine: machine.to_owned(), opening, whole, commands: 0 };
        Watch { begun: Instant::now(), time: Mutex::new(time) }
    }

    /// The machine has answered.
    pub(super) fn opened(&self) {
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        time.opening = self.begun.elapsed();
        time.whole = time.opening;
    }

    /// A command has ended.
    pub(super) fn command(&self) {
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        time.commands += 1;
        time.whole = self.begun.elapsed();
    }

    pub(super) fn time(&self) -> SessionTime {
        self.time.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
