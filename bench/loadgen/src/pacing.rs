//! When messages are sent, and what their latency is counted from.
//!
//! A closed loop keeps a number of messages in flight on each connection; the next is sent when one is answered, so a server that stalls
//! is asked less, and the wait of the messages that were not sent is missing from the figures ("coordinated omission"). An open loop
//! sends at a fixed rate, whatever the server does, and counts from when a message should have been sent.

use std::collections::VecDeque;

use crate::clock::Nanos;
use crate::failure::Failure;

/// Messages that were sent with one call.
#[derive(Clone, Copy, Debug)]
struct Batch {
    sent: Nanos,
    count: u32,
}

/// What is in flight on one connection of a closed loop.
#[derive(Debug, Default)]
pub struct InFlight(VecDeque<Batch>);

impl InFlight {
    /// Messages were sent.
    pub fn sent(&mut self, count: u32, now: Nanos) {
        self.0.push_back(Batch { sent: now, count });
    }

    /// The oldest so many were answered: tells `each` the time they were sent and how many at that time.
    pub fn answered(
        &mut self,
        mut count: u32,
        mut each: impl FnMut(Nanos, u32),
    ) -> Result<(), Failure> {
        while count > 0 {
            let Some(oldest) = self.0.front_mut() else {
                return Err(too_many(count));
            };
            let answered = oldest.count.min(count);
            each(oldest.sent, answered);
            oldest.count -= answered;
            count -= answered;
            if oldest.count == 0 {
                self.0.pop_front();
            }
        }
        Ok(())
    }

    /// Whether nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The plan of an open loop: message `k` is due `k` intervals after the start, on connection `k` modulo their number.
#[derive(Debug)]
pub struct Schedule {
    start: Nanos,
    interval: f64,
    /// How many were handed out.
    scheduled: u64,
    /// Answers so far, by connection.
    answered: Vec<u64>,
    /// Those of all connections.
    answers: u64,
}

impl Schedule {
    /// Begins now.
    pub fn new(rate: f64, connections: usize, start: Nanos) -> Self {
        Self {
            start,
            interval: 1e9 / rate,
            scheduled: 0,
            answered: vec![0; connections],
            answers: 0,
        }
    }

    fn intended(&self, message: u64) -> Nanos {
        self.start + (message as f64 * self.interval) as Nanos
    }

    /// When the next message should be sent.
    pub fn next_due(&self) -> Nanos {
        self.intended(self.scheduled)
    }

    /// Takes the next message, if it is due: its connection and when it should have been sent.
    pub fn take_due(&mut self, now: Nanos) -> Option<(usize, Nanos)> {
        let intended = self.next_due();
        if intended > now {
            return None;
        }
        let connection = (self.scheduled % self.answered.len() as u64) as usize;
        self.scheduled += 1;
        Some((connection, intended))
    }

    /// Answers came on a connection: tells `each` when each message should have been sent.
    pub fn answered(
        &mut self,
        connection: usize,
        count: u32,
        mut each: impl FnMut(Nanos),
    ) -> Result<(), Failure> {
        let connections = self.answered.len() as u64;
        for answered in 0..count {
            let message = self.answered[connection] * connections + connection as u64;
            if message >= self.scheduled {
                return Err(too_many(count - answered));
            }
            each(self.intended(message));
            self.answered[connection] += 1;
            self.answers += 1;
        }
        Ok(())
    }

    /// How many are not answered yet.
    pub fn outstanding(&self) -> u64 {
        self.scheduled - self.answers
    }

    /// How many of them on one connection.
    pub fn outstanding_on(&self, connection: usize) -> u64 {
        let connections = self.answered.len() as u64;
        let sent = (self.scheduled + connections - 1 - connection as u64) / connections;
        sent - self.answered[connection]
    }
}

fn too_many(count: u32) -> Failure {
    Failure::new(format!(
        "expected no message more than was sent, got {count} more"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;

    const MILLISECOND: Nanos = 1_000_000;

    #[test]
    fn answers_are_matched_with_the_oldest_messages() {
        let mut in_flight = InFlight::default();
        in_flight.sent(3, 100);
        in_flight.sent(2, 200);
        let mut seen = Vec::new();
        in_flight
            .answered(4, |sent, count| seen.push((sent, count)))
            .unwrap();
        in_flight
            .answered(1, |sent, count| seen.push((sent, count)))
            .unwrap();
        assert_eq!(seen, [(100, 3), (200, 1), (200, 1)]);
        assert!(in_flight.is_empty());
        assert!(in_flight.answered(1, |_, _| ()).is_err());
    }

    #[test]
    fn messages_are_due_at_the_rate_and_go_around_the_connections() {
        let mut schedule = Schedule::new(1000.0, 3, 5);
        let due: Vec<_> = std::iter::from_fn(|| schedule.take_due(3 * MILLISECOND + 5)).collect();
        let at = |n: u64| 5 + n * MILLISECOND;
        assert_eq!(due, [(0, at(0)), (1, at(1)), (2, at(2)), (0, at(3))]);
        assert_eq!(schedule.next_due(), at(4));
        assert_eq!(
            [0, 1, 2].map(|connection| schedule.outstanding_on(connection)),
            [2, 1, 1]
        );
    }

    #[test]
    fn an_answer_to_nothing_is_an_error() {
        let mut schedule = Schedule::new(1000.0, 2, 0);
        schedule.take_due(0).unwrap();
        assert!(schedule.answered(1, 1, |_| ()).is_err());
        schedule.answered(0, 1, |_| ()).unwrap();
        assert!(schedule.answered(0, 1, |_| ()).is_err());
        assert_eq!(schedule.outstanding(), 0);
    }

    /// A server that takes no time, but is stopped for 100 ms once, asked 1,000 times a second, for a second.
    #[test]
    fn what_a_stall_delays_is_counted_from_when_it_should_have_been_sent() {
        let answered_at = |sent: Nanos| {
            let stall = 500 * MILLISECOND..600 * MILLISECOND;
            if stall.contains(&sent) {
                stall.end
            } else {
                sent
            }
        };

        let mut open = Histogram::default();
        let mut schedule = Schedule::new(1000.0, 1, 0);
        for now in (0..1000).map(|millisecond| millisecond * MILLISECOND) {
            let (_, intended) = schedule.take_due(now).unwrap();
            schedule
                .answered(0, 1, |sent| open.record(answered_at(intended) - sent, 1))
                .unwrap();
        }
        // 51 of the 100 that the stall delays wait for 50 ms or more.
        assert_eq!(open.at_least(50 * MILLISECOND), 51);
        assert!(open.percentile(0.96) >= 59 * MILLISECOND);

        // A closed loop hides it: one message waits, the others are not sent.
        let mut closed = Histogram::default();
        let mut in_flight = InFlight::default();
        let mut now = 0;
        while now < 1000 * MILLISECOND {
            in_flight.sent(1, now);
            let answer = answered_at(now);
            in_flight
                .answered(1, |sent, _| closed.record(answer - sent, 1))
                .unwrap();
            now = answer + MILLISECOND;
        }
        assert_eq!(closed.at_least(50 * MILLISECOND), 1);
    }
}
