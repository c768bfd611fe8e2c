//! Pages that are asked for beside the load.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use loadgen::json::Value;
use loadgen::measurement::Pace;
use loadgen::modes::{Command, Loop, run};
use loadgen::pages::Asked;
use support::{TEXT, number, serve_natively, subject};

/// An HTTP server that stalls once for so long, with the first page.
fn serve_pages(stall: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let has_stalled = Arc::new(AtomicBool::new(false));
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let has_stalled = Arc::clone(&has_stalled);
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut byte = [0];
                while socket.read_exact(&mut byte).is_ok() {
                    request.push(byte[0]);
                    if !request.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    request.clear();
                    if !has_stalled.swap(true, Ordering::Relaxed) {
                        sleep(stall);
                    }
                    let page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
                    if socket.write_all(page).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

const PACE: Pace = Pace {
    warmup: Duration::ZERO,
    window: Duration::from_secs(1),
};

fn check(report: &Value) {
    // Of the 200 pages one in eight is asked for on the connection that stalls, 5 of them while it does.
    assert!(number(report, "pages.answers") >= 100.0, "{report}");
    let max = number(report, "pages.latencyMicros.max");
    let p99 = number(report, "pages.latencyMicros.p99");
    assert!(max >= 195_000.0, "{report}");
    assert!(p99 >= 100_000.0, "{report}");
    assert!(number(report, "messages") > 0.0, "{report}");
}

#[test]
fn pages_are_timed_from_when_they_should_have_been_asked_for() {
    let (server, stall) = (subject(serve_natively()), Duration::from_millis(200));
    let asked = || {
        Some(Asked {
            address: serve_pages(stall),
            rate: 200.0,
        })
    };
    let report = run(Command::Echo {
        subject: server,
        pace: PACE,
        connections: 2,
        content: TEXT,
        pacing: Loop::Closed { in_flight: 1 },
        asked: asked(),
    });
    check(&report.unwrap());
    let report = run(Command::Handshake {
        subject: server,
        pace: PACE,
        concurrency: 2,
        asked: asked(),
    });
    check(&report.unwrap());
}

#[test]
fn a_server_without_pages_fails_the_run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().for_each(drop));
    let told = run(Command::Echo {
        subject: subject(serve_natively()),
        pace: PACE,
        connections: 1,
        content: TEXT,
        pacing: Loop::Closed { in_flight: 1 },
        asked: Some(Asked {
            address,
            rate: 200.0,
        }),
    });
    assert!(told.is_err());
}
