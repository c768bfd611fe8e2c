//! Time in nanoseconds since the program started: an integer is cheap to keep for every message.

use std::time::{Duration, Instant};

/// A point in time, or a span, in nanoseconds.
pub type Nanos = u64;

/// Counts from when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> Nanos {
        nanos(self.origin.elapsed())
    }
}

/// A span as an integer.
pub fn nanos(span: Duration) -> Nanos {
    span.as_nanos() as Nanos
}

/// A span as a fraction.
pub fn seconds(span: Nanos) -> f64 {
    span as f64 / 1e9
}
