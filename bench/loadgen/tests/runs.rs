//! Every mode against a server that answers rightly.

mod support;

use loadgen::frames::{Header, Opcode};
use loadgen::modes::{Command, Content, Traffic, run};
use loadgen::payload::Kind;
use support::{PACE, TEXT, number, run_echo, serve, serve_natively, subject};

#[test]
fn messages_of_every_kind_and_size_come_back() {
    let address = serve_natively();
    for (kind, size, connections, in_flight) in [
        (Kind::Ascii, 0, 3, 1),
        (Kind::Ascii, 32, 50, 64),
        (Kind::NonAscii, 1024, 10, 16),
        (Kind::Binary, 65_536, 8, 2),
        (Kind::Binary, 1 << 20, 4, 1),
    ] {
        let report = run_echo(address, connections, Content { kind, size }, in_flight).unwrap();
        let messages = number(&report, "messages");
        assert!(messages > 0.0, "{report}");
        let bytes = number(&report, "payloadBytes");
        assert!((bytes - messages * size as f64).abs() < 0.5, "{report}");
        assert!(number(&report, "latencyMicros.p50") > 0.0, "{report}");
        assert!(number(&report, "latencyMicros.p50") <= number(&report, "latencyMicros.max"));
        assert!(
            number(&report, "server.messagesPerCpuSecond") > 0.0,
            "{report}"
        );
        assert!(number(&report, "server.rssPeak") > 0.0, "{report}");
        assert!(number(&report, "generator.cpuSeconds") > 0.0, "{report}");
        if size <= 1024 {
            assert!(number(&report, "checkedContents") >= messages, "{report}");
        }
    }
}

#[test]
fn a_server_that_fragments_and_pings_is_right() {
    let address = serve(|message| {
        // The answer to the ping below.
        if message.opcode == Opcode::Pong {
            return Vec::new();
        }
        let (first, second) = message.payload.split_at(7);
        let mut bytes = Vec::new();
        for (fin, opcode, payload) in [
            (false, message.opcode, first),
            (true, Opcode::Ping, b"ping"),
            (true, Opcode::Continuation, second),
        ] {
            Header {
                fin,
                compressed: false,
                opcode,
                length: payload.len() as u64,
                mask: None,
            }
            .write(&mut bytes);
            bytes.extend_from_slice(payload);
        }
        bytes
    });
    let report = run_echo(address, 3, TEXT, 4).unwrap();
    assert!(number(&report, "messages") > 0.0, "{report}");
}

#[test]
fn a_thousand_connections_work() {
    let report = run_echo(serve_natively(), 1000, TEXT, 1).unwrap();
    assert!(number(&report, "messages") > 0.0, "{report}");
}

#[test]
fn connections_are_opened_and_closed() {
    let subject = subject(serve_natively());
    let report = run(Command::Handshake {
        subject,
        pace: PACE,
        concurrency: 8,
        asked: None,
    })
    .unwrap();
    assert!(number(&report, "messages") > 0.0, "{report}");
    assert!(number(&report, "latencyMicros.p99") > 0.0, "{report}");
}

#[test]
fn idle_connections_are_opened_and_memory_is_told() {
    let subject = subject(serve_natively());
    let report = run(Command::Idle {
        subject,
        connections: 300,
        traffic: Traffic::NONE,
    })
    .unwrap();
    assert!(number(&report, "server.rssBefore") > 0.0, "{report}");
    assert!(
        number(&report, "server.bytesPerConnection").is_finite(),
        "{report}"
    );
}

#[test]
fn what_is_published_comes_to_all() {
    let subject = subject(serve(support::Message::echo));
    let (content, in_flight) = (TEXT, 3);
    let command = Command::Broadcast {
        subject,
        pace: PACE,
        receivers: 20,
        content,
        in_flight,
    };
    let report = run(command).unwrap();
    assert!(number(&report, "messages") > 0.0, "{report}");
    assert!(
        number(&report, "checkedContents") >= number(&report, "messages"),
        "{report}"
    );
}
