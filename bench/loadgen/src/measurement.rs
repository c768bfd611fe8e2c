//! The clock of a run: warming up, then the window in which everything counts.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::clock::{Nanos, nanos, seconds};
use crate::failure::SILENCE_CHECK;
use crate::histogram::Histogram;
use crate::json::Value;
use crate::proc::{CpuTimes, Observed};

/// How long a run takes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Before the window.
    pub warmup: Duration,
    /// The window.
    pub window: Duration,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing counts yet.
    WarmingUp,
    /// Everything counts.
    Measuring,
    /// The window is over.
    Over,
}

/// The figures when the window began, and when it ended.
#[derive(Debug)]
struct Mark {
    at: Nanos,
    server: Option<CpuTimes>,
    generator: f64,
    resident: Option<u64>,
}

/// Counts what happens in the window.
#[derive(Debug)]
pub struct Measurement {
    server: Observed,
    window: Nanos,
    /// When the phase ends.
    until: Nanos,
    start: Option<Mark>,
    end: Option<Mark>,
    peak: Option<u64>,
    messages: u64,
    latency: Histogram,
}

impl Measurement {
    /// Begins to warm up.
    pub fn begin(server: Observed, pace: Pace, now: Nanos) -> Self {
        eprintln!("warming up for {:?}", pace.warmup);
        Self {
            server,
            window: nanos(pace.window),
            until: now + nanos(pace.warmup),
            start: None,
            end: None,
            peak: None,
            messages: 0,
            latency: Histogram::default(),
        }
    }

    /// Where the run is now; begins and ends the window when it is time. A window without a single answer would say nothing: it lasts
    /// until there is one.
    pub fn advance(&mut self, now: Nanos, clock: impl Fn() -> Nanos) -> Phase {
        if now >= self.until && self.end.is_none() {
            if self.start.is_none() {
                eprintln!("measuring for {:?}", Duration::from_nanos(self.window));
                self.server.reset_peak();
                let mark = self.mark(&clock);
                self.until = mark.at + self.window;
                self.start = Some(mark);
            } else if self.messages > 0 {
                self.end = Some(self.mark(&clock));
                self.peak = self.server.peak_bytes();
            }
        }
        match (&self.start, &self.end) {
            (None, _) => Phase::WarmingUp,
            (_, None) => Phase::Measuring,
            _ => Phase::Over,
        }
    }

    fn mark(&self, clock: impl Fn() -> Nanos) -> Mark {
        let resident = self.server.resident_bytes();
        Mark {
            server: self.server.cpu(),
            generator: own_cpu_seconds(),
            at: clock(),
            resident,
        }
    }

    /// How long a loop may sleep: not past the end of the phase, nor so long that a server's silence is noticed late.
    pub fn longest_wait(&self, now: Nanos) -> Duration {
        match self.until.checked_sub(now) {
            None | Some(0) => SILENCE_CHECK,
            Some(remaining) => Duration::from_nanos(remaining).min(SILENCE_CHECK),
        }
    }

    /// Whether this point in time is in the window.
    pub fn covers(&self, time: Nanos) -> bool {
        self.start.as_ref().is_some_and(|start| time >= start.at)
            && self.end.as_ref().is_none_or(|end| time < end.at)
    }

    /// Counts answers. A message counts if its answer came in the window; how long it took, if it was to be sent in the window, so that
    /// those which took longest are not left out.
    pub fn answered(&mut self, sent: Nanos, now: Nanos, count: u32) {
        if self.covers(now) {
            self.messages += u64::from(count);
        }
        if self.covers(sent) {
            self.latency.record(now - sent, u64::from(count));
        }
    }

    /// The spans that were counted.
    pub fn latency(&self) -> &Histogram {
        &self.latency
    }

    /// The figures, once the window is over.
    pub fn report(&self, message_bytes: usize, checked: u64) -> Vec<(&'static str, Value)> {
        let (Some(start), Some(end)) = (&self.start, &self.end) else {
            return Vec::new();
        };
        let duration = seconds(end.at - start.at);
        let messages = self.messages as f64;
        let bytes = self.messages * message_bytes as u64;
        let server = end.server.as_ref().zip(start.server.as_ref());
        let server_seconds = server.map(|(end, start)| end.seconds_since(start));
        let generator_seconds = end.generator - start.generator;
        vec![
            ("seconds", duration.into()),
            ("messages", self.messages.into()),
            ("payloadBytes", bytes.into()),
            ("messagesPerSecond", (messages / duration).into()),
            ("megabytesPerSecond", (bytes as f64 / duration / 1e6).into()),
            ("latencyMicros", self.latency.report()),
            (
                "server",
                Value::Object(vec![
                    ("cpuSeconds", server_seconds.into()),
                    (
                        "cpuShare",
                        server_seconds.map(|used| used / duration).into(),
                    ),
                    (
                        "messagesPerCpuSecond",
                        server_seconds.map(|used| messages / used).into(),
                    ),
                    ("rssBefore", start.resident.into()),
                    ("rssPeak", self.peak.into()),
                    ("rssAfter", end.resident.into()),
                ]),
            ),
            (
                "generator",
                Value::Object(vec![
                    ("cpuSeconds", generator_seconds.into()),
                    ("cpuShare", (generator_seconds / duration).into()),
                ]),
            ),
            ("checkedContents", checked.into()),
        ]
    }
}

/// CPU time of this process.
fn own_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement() -> Measurement {
        let pace = Pace {
            warmup: Duration::from_nanos(100),
            window: Duration::from_micros(1),
        };
        Measurement::begin(Observed::new(None).unwrap(), pace, 0)
    }

    #[test]
    fn the_window_begins_after_warming_up_and_is_as_long_as_it_was() {
        let mut measurement = measurement();
        assert_eq!(measurement.advance(99, || 99), Phase::WarmingUp);
        // Reading the marks took until 120; the loop came late to the end.
        assert_eq!(measurement.advance(110, || 120), Phase::Measuring);
        assert_eq!(measurement.longest_wait(1000), Duration::from_nanos(120));
        measurement.answered(200, 300, 1);
        assert_eq!(measurement.advance(1119, || 1119), Phase::Measuring);
        assert_eq!(measurement.advance(1500, || 1520), Phase::Over);
        let report = measurement.report(0, 0);
        assert_eq!(report[0], ("seconds", Value::Number(1400.0 / 1e9)));
    }

    #[test]
    fn the_window_lasts_until_there_is_an_answer() {
        let mut measurement = measurement();
        measurement.advance(100, || 100);
        assert_eq!(measurement.advance(5000, || 5000), Phase::Measuring);
        assert_eq!(measurement.longest_wait(5000), SILENCE_CHECK);
        measurement.answered(150, 6000, 1);
        assert_eq!(measurement.advance(6000, || 6000), Phase::Over);
    }

    #[test]
    fn answers_count_by_arrival_and_spans_by_departure() {
        let mut measurement = measurement();
        measurement.answered(10, 20, 1);
        measurement.advance(100, || 100);
        measurement.answered(90, 110, 2);
        measurement.answered(120, 130, 4);
        measurement.advance(1100, || 1100);
        measurement.answered(1050, 5000, 8);
        measurement.answered(1200, 5000, 16);
        assert_eq!(measurement.messages, 2 + 4);
        assert_eq!(measurement.latency.total(), 4 + 8);
        assert_eq!(measurement.latency.max(), 5000 - 1050);
    }
}
