//! Messages that the server sends back: in a closed or an open loop.

use std::time::Duration;

use super::pool::Pool;
use super::{Content, Loop, Subject};
use crate::clock::{Nanos, nanos};
use crate::dial::{Dialer, allow_connections};
use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::json::Value;
use crate::measurement::{Measurement, Pace, Phase};
use crate::opening::open_all;
use crate::pacing::{InFlight, Schedule};
use crate::pages::Asked;
use crate::random::Random;

/// Sleeping takes some time to end: so long before a message is due, the generator looks again and again instead.
const SPIN: Duration = Duration::from_micros(50);

/// After the window, how long a server may take for what an open loop has sent in it.
const BACKLOG_LIMIT: Duration = Duration::from_secs(30);

/// Runs the mode.
pub fn run(
    subject: Subject,
    pace: Pace,
    connections: usize,
    content: Content,
    pacing: Loop,
    asked: Option<Asked>,
) -> Result<Value, Failure> {
    allow_connections(connections)?;
    let server = subject.observe()?;
    let random = &mut Random::from_entropy();
    let messages = content.prepare(subject.target.deflate, random);
    let mut dialer = Dialer::new(subject.target)?;
    eprintln!("opening {connections} connections");
    let streams = open_all(&mut dialer, "/", connections, random)?;
    let mut pool = Pool::new(messages, random)?;
    for stream in streams {
        // They do not send the same, so an answer that goes to the wrong connection is noticed.
        let first = random.below(pool.messages());
        pool.add(stream, first)?;
    }
    pool.ask_beside(asked)?;
    let mut measurement = Measurement::begin(server, pace, pool.clock.now());
    let (in_flight, lag) = match pacing {
        Loop::Closed { in_flight } => {
            closed_loop(&mut pool, &mut measurement, connections, in_flight)?;
            (Some(u64::from(in_flight)), None)
        }
        Loop::Open { rate } => (
            None,
            Some((
                rate,
                open_loop(&mut pool, &mut measurement, connections, rate)?,
            )),
        ),
    };
    let mut report = vec![
        ("mode", "echo".into()),
        ("connections", connections.into()),
        ("inFlight", in_flight.into()),
        ("messageBytes", content.size.into()),
        ("kind", content.kind.name().into()),
        ("tls", Value::Bool(subject.target.tls)),
        ("deflate", subject.deflate_name()),
    ];
    report.extend(measurement.report(content.size, pool.compared()));
    report.push(("deflatedBytes", pool.deflated().mean().into()));
    if let Some((rate, lag)) = lag {
        report.push(("rate", rate.into()));
        report.push(("sendLagMicros", lag.report()));
    }
    report.extend(pool.pages().map(|pages| ("pages", pages.report())));
    pool.close(random)?;
    Ok(Value::Object(report))
}

/// Sends the next message when one is answered.
fn closed_loop(
    pool: &mut Pool,
    measurement: &mut Measurement,
    connections: usize,
    count: u32,
) -> Result<(), Failure> {
    let mut in_flight: Vec<InFlight> = (0..connections).map(|_| InFlight::default()).collect();
    let mut outstanding = u64::from(count) * connections as u64;
    for (token, in_flight) in in_flight.iter_mut().enumerate() {
        let now = pool.clock.now();
        pool.allow(token, count);
        pool.expect_from(token, now);
        in_flight.sent(count, now);
        pool.flush(token)?;
    }
    let mut phase = Phase::WarmingUp;
    while phase != Phase::Over || outstanding > 0 || pool.owes_pages() {
        let now = pool.clock.now();
        let clock = pool.clock;
        phase = measurement.advance(now, || clock.now());
        pool.look_beside(phase)?;
        pool.check_silence(now, |token| !in_flight[token].is_empty())?;
        pool.wait(measurement.longest_wait(now))?;
        while let Some(event) = pool.take_ready() {
            pool.look_beside(phase)?;
            let token = event.token;
            if event.readable {
                let (answers, now) = pool.receive(token)?;
                if answers > 0 {
                    in_flight[token].answered(answers, |sent, count| {
                        measurement.answered(sent, now, count);
                    })?;
                    if phase == Phase::Over {
                        outstanding -= u64::from(answers);
                    } else {
                        pool.allow(token, answers);
                        in_flight[token].sent(answers, now);
                    }
                }
            }
            pool.flush(token)?;
        }
    }
    Ok(())
}

/// Sends at a fixed rate. Returns how late the generator itself was.
fn open_loop(
    pool: &mut Pool,
    measurement: &mut Measurement,
    connections: usize,
    rate: f64,
) -> Result<Histogram, Failure> {
    // Else the system may end each sleep up to 50 µs later.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let mut schedule = Schedule::new(rate, connections, pool.clock.now());
    let mut lag = Histogram::default();
    let mut phase = Phase::WarmingUp;
    let mut give_up = Nanos::MAX;
    while phase != Phase::Over || schedule.outstanding() > 0 || pool.owes_pages() {
        let now = pool.clock.now();
        let clock = pool.clock;
        let before = phase;
        phase = measurement.advance(now, || clock.now());
        if phase == Phase::Over {
            if before != Phase::Over {
                give_up = now + nanos(BACKLOG_LIMIT);
            }
            if now > give_up {
                let (left, limit) = (schedule.outstanding(), BACKLOG_LIMIT.as_secs());
                let text =
                    format!("expected {left} more answers {limit} s after the window, got none");
                return Err(Failure::new(text));
            }
        } else {
            send_due(pool, &mut schedule, measurement, &mut lag)?;
        }
        pool.look_beside(phase)?;
        pool.check_silence(now, |token| schedule.outstanding_on(token) > 0)?;
        let mut timeout = measurement.longest_wait(now);
        if phase != Phase::Over {
            let due = Duration::from_nanos(schedule.next_due().saturating_sub(pool.clock.now()));
            timeout = timeout.min(due.saturating_sub(SPIN));
        }
        pool.wait(timeout)?;
        while let Some(event) = pool.take_ready() {
            let token = event.token;
            if event.readable {
                let (answers, now) = pool.receive(token)?;
                schedule.answered(token, answers, |intended| {
                    measurement.answered(intended, now, 1);
                })?;
            }
            pool.flush(token)?;
        }
    }
    Ok(lag)
}

/// Sends the messages whose time has come.
fn send_due(
    pool: &mut Pool,
    schedule: &mut Schedule,
    measurement: &Measurement,
    lag: &mut Histogram,
) -> Result<(), Failure> {
    let now = pool.clock.now();
    while let Some((token, intended)) = schedule.take_due(now) {
        if schedule.outstanding_on(token) == 1 {
            pool.expect_from(token, now);
        }
        if measurement.covers(intended) {
            lag.record(now - intended, 1);
        }
        pool.allow(token, 1);
        pool.flush(token)?;
    }
    Ok(())
}
