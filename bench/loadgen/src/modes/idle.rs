//! Connections that say nothing, or nothing any more: what each costs the server in memory.

use std::thread::sleep;
use std::time::Duration;

use super::pool::Pool;
use super::{Subject, Traffic};
use crate::closing::close_all;
use crate::dial::{Dialer, allow_connections};
use crate::failure::{Failure, SILENCE_CHECK};
use crate::json::Value;
use crate::opening::open_all;
use crate::proc::Observed;
use crate::random::Random;
use crate::stream::Stream;

/// Opened and closed beforehand: what a server loads with its first connections is not counted.
const FIRST_CONNECTIONS: usize = 100;

/// Memory counts as settled when it has changed by less than 0.5 % for so long; it is not waited for longer than the limit.
const SETTLED_FOR: Duration = Duration::from_secs(1);
const SETTLING_LIMIT: Duration = Duration::from_secs(10);

/// Runs the mode.
pub fn run(subject: Subject, connections: usize, traffic: Traffic) -> Result<Value, Failure> {
    allow_connections(connections)?;
    let server = subject.observe()?;
    let random = &mut Random::from_entropy();
    let mut dialer = Dialer::new(subject.target)?;
    let first = FIRST_CONNECTIONS.min(connections);
    let first = open(&mut dialer, first, subject, traffic, random)?;
    close_all(first, random)?;
    let before = settled_bytes(&server);
    server.reset_peak();
    eprintln!("opening {connections} connections");
    let streams = open(&mut dialer, connections, subject, traffic, random)?;
    if !traffic.quiet.is_zero() {
        eprintln!("keeping quiet for {:?}", traffic.quiet);
        sleep(traffic.quiet);
    }
    eprintln!("waiting for the server's memory to settle");
    let after = settled_bytes(&server);
    let peak = server.peak_bytes();
    close_all(streams, random)?;
    let each = before
        .zip(after)
        .map(|(before, after)| (after as f64 - before as f64) / connections as f64);
    Ok(Value::Object(vec![
        ("mode", "idle".into()),
        ("connections", connections.into()),
        ("messagesEach", u64::from(traffic.count).into()),
        ("quietSeconds", traffic.quiet.as_secs_f64().into()),
        ("tls", Value::Bool(subject.target.tls)),
        ("deflate", subject.deflate_name()),
        (
            "server",
            Value::Object(vec![
                ("bytesPerConnection", each.into()),
                ("rssBefore", before.into()),
                ("rssPeak", peak.into()),
                ("rssAfter", after.into()),
            ]),
        ),
    ]))
}

/// Opens connections, and lets each have its traffic.
fn open(
    dialer: &mut Dialer,
    connections: usize,
    subject: Subject,
    traffic: Traffic,
    random: &mut Random,
) -> Result<Vec<Stream>, Failure> {
    let streams = open_all(dialer, "/", connections, random)?;
    if traffic.count == 0 {
        return Ok(streams);
    }
    let messages = traffic.content.prepare(subject.target.deflate, random);
    let mut pool = Pool::new(messages, random)?;
    for stream in streams {
        let first = random.below(pool.messages());
        pool.add(stream, first)?;
    }
    exchange(&mut pool, connections, traffic.count)?;
    Ok(pool.into_streams())
}

/// Sends so many messages on each connection, the next when one is answered.
fn exchange(pool: &mut Pool, connections: usize, count: u32) -> Result<(), Failure> {
    let mut left = vec![count; connections];
    let mut open = connections;
    for token in 0..connections {
        let now = pool.clock.now();
        pool.expect_from(token, now);
        pool.allow(token, 1);
        pool.flush(token)?;
    }
    while open > 0 {
        let now = pool.clock.now();
        pool.check_silence(now, |token| left[token] > 0)?;
        pool.wait(SILENCE_CHECK)?;
        while let Some(event) = pool.take_ready() {
            let token = event.token;
            if event.readable {
                let (answers, _) = pool.receive(token)?;
                if answers > 1 || answers > left[token] {
                    return Err(Failure::new(
                        "expected no message more than was sent, got one",
                    ));
                }
                left[token] -= answers;
                if answers > 0 && left[token] > 0 {
                    pool.allow(token, 1);
                } else if answers > 0 {
                    open -= 1;
                }
            }
            pool.flush(token)?;
        }
    }
    Ok(())
}

/// Resident memory, once it does not change any more.
fn settled_bytes(server: &Observed) -> Option<u64> {
    let mut bytes = server.resident_bytes()?;
    for _ in 0..SETTLING_LIMIT.as_millis() / SETTLED_FOR.as_millis() {
        sleep(SETTLED_FOR);
        let now = server.resident_bytes()?;
        let change = now.abs_diff(bytes);
        bytes = now;
        if change * 200 < now {
            break;
        }
    }
    Some(bytes)
}
