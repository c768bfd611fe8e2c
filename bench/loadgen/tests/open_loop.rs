//! A fixed rate, also against a server that stalls.

mod support;

use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use loadgen::measurement::Pace;
use loadgen::modes::{Command, Loop, run};
use support::{Message, TEXT, number, serve, subject};

#[test]
fn what_a_stall_delays_is_counted() {
    // The server does nothing for 400 ms, once.
    let stall = Mutex::new((None, false));
    let address = serve(move |message| {
        let (began, is_over) = &mut *stall.lock().unwrap();
        let began = began.get_or_insert_with(Instant::now);
        if !*is_over && began.elapsed() > Duration::from_millis(300) {
            *is_over = true;
            sleep(Duration::from_millis(400));
        }
        message.echo()
    });
    let pace = Pace {
        warmup: Duration::ZERO,
        window: Duration::from_secs(2),
    };
    let (subject, pacing) = (subject(address), Loop::Open { rate: 500.0 });
    let command = Command::Echo {
        subject,
        pace,
        connections: 1,
        content: TEXT,
        pacing,
        asked: None,
    };
    let report = run(command).unwrap();
    // Of 1,000 messages the stall delays 200, the first of them by all of it. Were they counted from when they were sent, or were only
    // one in flight, p99 would be that of a server without a stall.
    assert!(
        number(&report, "latencyMicros.max") >= 380_000.0,
        "{report}"
    );
    assert!(
        number(&report, "latencyMicros.p99") >= 300_000.0,
        "{report}"
    );
    assert!(number(&report, "sendLagMicros.max") >= 0.0, "{report}");
}

#[test]
fn it_goes_around_all_connections() {
    let pace = Pace {
        warmup: Duration::ZERO,
        window: Duration::from_millis(300),
    };
    let subject = subject(serve(Message::echo));
    let (connections, pacing) = (7, Loop::Open { rate: 200.0 });
    let command = Command::Echo {
        subject,
        pace,
        connections,
        content: TEXT,
        pacing,
        asked: None,
    };
    let report = run(command).unwrap();
    assert!(number(&report, "messages") > 0.0, "{report}");
}
