//! Why a run came to nothing. There is one kind: whatever it is, the figures would be worthless, so the run ends.

use std::fmt;
use std::io;
use std::time::Duration;

/// How long a server may owe an answer.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(10);

/// How often connections are looked through for one on which it does.
pub const SILENCE_CHECK: Duration = Duration::from_secs(1);

/// One line for stderr that says what came instead of what.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Says first where it happened.
    #[must_use]
    pub fn at(self, place: impl fmt::Display) -> Self {
        Self(format!("{place}: {}", self.0))
    }

    /// Makes a failure of a system call's error; `doing` is what failed.
    pub fn of(doing: &str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self(format!("{doing}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
