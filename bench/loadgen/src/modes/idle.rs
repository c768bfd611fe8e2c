//! Connections that say nothing: what each costs the server in memory.

use std::thread::sleep;
use std::time::Duration;

use super::Subject;
use crate::closing::close_all;
use crate::dial::{Dialer, allow_connections};
use crate::failure::Failure;
use crate::json::Value;
use crate::opening::open_all;
use crate::proc::Observed;
use crate::random::Random;

/// Opened and closed beforehand: what a server loads with its first connections is not counted.
const FIRST_CONNECTIONS: usize = 100;

/// Memory counts as settled when it has changed by less than 0.5 % for so long; it is not waited for longer than the limit.
const SETTLED_FOR: Duration = Duration::from_secs(1);
const SETTLING_LIMIT: Duration = Duration::from_secs(10);

/// Runs the mode.
pub fn run(subject: Subject, connections: usize) -> Result<Value, Failure> {
    allow_connections(connections)?;
    let server = subject.observe()?;
    let random = &mut Random::from_entropy();
    let mut dialer = Dialer::new(subject.target)?;
    let first = open_all(&mut dialer, "/", FIRST_CONNECTIONS.min(connections), random)?;
    close_all(first, random)?;
    let before = settled_bytes(&server);
    server.reset_peak();
    eprintln!("opening {connections} connections");
    let streams = open_all(&mut dialer, "/", connections, random)?;
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
        ("tls", Value::Bool(subject.target.tls)),
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
