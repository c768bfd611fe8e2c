//! One connection publishes, the server sends each message to all subscribers. What counts is deliveries.

use std::collections::VecDeque;

use super::pool::Pool;
use super::{Content, Subject};
use crate::clock::Nanos;
use crate::dial::{Dialer, allow_connections};
use crate::failure::Failure;
use crate::json::Value;
use crate::measurement::{Measurement, Pace, Phase};
use crate::opening::open_all;
use crate::random::Random;

/// A message on its way to the receivers.
#[derive(Debug)]
struct Published {
    sent: Nanos,
    /// How many have not got it yet.
    missing: usize,
}

/// What was published, and who got how much of it.
#[derive(Debug)]
struct Deliveries {
    under_way: VecDeque<Published>,
    /// How many messages came to all.
    complete: u64,
    /// How many messages each receiver got.
    received: Vec<u64>,
}

impl Deliveries {
    fn new(receivers: usize) -> Self {
        Self {
            under_way: VecDeque::new(),
            complete: 0,
            received: vec![0; receivers],
        }
    }

    fn publish(&mut self, count: u32, now: Nanos) {
        let missing = self.received.len();
        self.under_way
            .extend((0..count).map(|_| Published { sent: now, missing }));
    }

    /// A receiver got messages: tells `each` when they were sent. Returns how many have now come to all.
    fn delivered(
        &mut self,
        receiver: usize,
        count: u32,
        mut each: impl FnMut(Nanos),
    ) -> Result<u32, Failure> {
        for _ in 0..count {
            let place = (self.received[receiver] - self.complete) as usize;
            let Some(message) = self.under_way.get_mut(place) else {
                return Err(Failure::new(
                    "expected no message more than was published, got one",
                ));
            };
            each(message.sent);
            message.missing -= 1;
            self.received[receiver] += 1;
        }
        let before = self.complete;
        while self
            .under_way
            .front()
            .is_some_and(|message| message.missing == 0)
        {
            self.under_way.pop_front();
            self.complete += 1;
        }
        Ok((self.complete - before) as u32)
    }

    fn is_missing_on(&self, receiver: usize) -> bool {
        self.received[receiver] < self.complete + self.under_way.len() as u64
    }
}

/// Runs the mode.
pub fn run(
    subject: Subject,
    pace: Pace,
    receivers: usize,
    content: Content,
    in_flight: u32,
) -> Result<Value, Failure> {
    allow_connections(receivers + 1)?;
    let server = subject.observe()?;
    let random = &mut Random::from_entropy();
    let messages = content.prepare(subject.target.deflate, random);
    let mut dialer = Dialer::new(subject.target)?;
    eprintln!("opening {receivers} connections to /subscribe and one to /publish");
    let mut streams = open_all(&mut dialer, "/subscribe", receivers, random)?;
    streams.extend(open_all(&mut dialer, "/publish", 1, random)?);
    let mut pool = Pool::new(messages, random)?;
    for stream in streams {
        pool.add(stream, 0)?;
    }
    let mut measurement = Measurement::begin(server, pace, pool.clock.now());
    publish(&mut pool, &mut measurement, receivers, in_flight)?;
    let mut report = vec![
        ("mode", "broadcast".into()),
        ("connections", (receivers + 1).into()),
        ("receivers", receivers.into()),
        ("inFlight", u64::from(in_flight).into()),
        ("messageBytes", content.size.into()),
        ("kind", content.kind.name().into()),
        ("tls", Value::Bool(subject.target.tls)),
        ("deflate", subject.deflate_name()),
    ];
    report.extend(measurement.report(content.size, pool.compared()));
    report.push(("deflatedBytes", pool.deflated().mean().into()));
    pool.close(random)?;
    Ok(Value::Object(report))
}

/// Publishes the next message when one has come to all. The publisher's place is after the receivers'.
fn publish(
    pool: &mut Pool,
    measurement: &mut Measurement,
    receivers: usize,
    in_flight: u32,
) -> Result<(), Failure> {
    let publisher = receivers;
    let mut deliveries = Deliveries::new(receivers);
    let mut due = in_flight;
    let mut phase = Phase::WarmingUp;
    while phase != Phase::Over || !deliveries.under_way.is_empty() {
        let now = pool.clock.now();
        if due > 0 && phase != Phase::Over {
            for receiver in 0..receivers {
                if !deliveries.is_missing_on(receiver) {
                    pool.expect_from(receiver, now);
                }
            }
            deliveries.publish(due, now);
            pool.allow(publisher, due);
            pool.flush(publisher)?;
        }
        due = 0;
        let clock = pool.clock;
        phase = measurement.advance(now, || clock.now());
        pool.check_silence(now, |token| {
            token != publisher && deliveries.is_missing_on(token)
        })?;
        pool.wait(measurement.longest_wait(now))?;
        while let Some(event) = pool.take_ready() {
            let token = event.token;
            if event.readable {
                let (messages, now) = pool.receive(token)?;
                if messages > 0 && token == publisher {
                    return Err(Failure::new("expected nothing on /publish, got a message"));
                }
                if messages > 0 {
                    due += deliveries
                        .delivered(token, messages, |sent| measurement.answered(sent, now, 1))?;
                }
            }
            pool.flush(token)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_complete_when_all_have_it() {
        let mut deliveries = Deliveries::new(3);
        deliveries.publish(2, 10);
        let mut sent = Vec::new();
        assert_eq!(deliveries.delivered(1, 2, |at| sent.push(at)).unwrap(), 0);
        assert_eq!(deliveries.delivered(0, 1, |at| sent.push(at)).unwrap(), 0);
        assert_eq!(deliveries.delivered(2, 2, |at| sent.push(at)).unwrap(), 1);
        assert!(deliveries.is_missing_on(0) && !deliveries.is_missing_on(2));
        deliveries.publish(1, 20);
        assert_eq!(deliveries.delivered(0, 2, |at| sent.push(at)).unwrap(), 1);
        assert_eq!(sent, [10, 10, 10, 10, 10, 10, 20]);
        assert!(!deliveries.is_missing_on(0) && deliveries.is_missing_on(1));
    }

    #[test]
    fn a_message_that_was_not_published_is_an_error() {
        let mut deliveries = Deliveries::new(1);
        deliveries.publish(1, 0);
        assert!(deliveries.delivered(0, 2, |_| ()).is_err());
    }
}
