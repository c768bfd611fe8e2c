//! Compressed messages: what counts as the right answer, and every mode that sends them.

mod support;

use std::net::SocketAddr;

use flate2::{Compress, Compression, FlushCompress};
use loadgen::deflate::{Deflater, Takeover};
use loadgen::frames::{Header, Opcode, write_frame, write_message};
use loadgen::handshake;
use loadgen::messages::Messages;
use loadgen::modes::{Command, Content, Loop, Subject, Traffic, run};
use loadgen::payload::Kind;
use loadgen::random::Random;
use loadgen::receiver::Receiver;
use loadgen::sampler::Sampler;
use support::{Message, PACE, TestServer, number, subject};

const JSON: Content = Content {
    kind: Kind::Json,
    size: 1024,
};

/// The connection of this number inflates what refers to earlier messages, the next one does not.
const INFLATING: usize = 0;

fn prepare(takeover: Takeover) -> Messages {
    let random = &mut Random::from_seed(40);
    Messages::prepare(Kind::Json, 1024, random).deflated(takeover, random)
}

/// Answers with one context for all of them.
fn with_takeover(messages: &Messages, count: usize) -> Vec<u8> {
    let mut context = Compress::new(Compression::new(6), false);
    let mut output = Vec::new();
    for index in 0..count {
        let payload = messages.payload(index % messages.count());
        let mut bytes = Vec::with_capacity(2048);
        context
            .compress_vec(payload, &mut bytes, FlushCompress::Sync)
            .unwrap();
        bytes.truncate(bytes.len() - 4);
        write_message(&mut output, Opcode::Text, true, &bytes, None);
    }
    output
}

/// Answers in two fragments each, with a ping between them.
fn without_takeover(messages: &Messages, count: usize) -> Vec<u8> {
    let mut deflater = Deflater::default();
    let mut output = Vec::new();
    for index in 0..count {
        let bytes = deflater.deflate(messages.payload(index % messages.count()));
        let (first, second) = bytes.split_at(index % bytes.len());
        for (compressed, opcode, payload) in [
            (true, Opcode::Text, first),
            (false, Opcode::Continuation, second),
        ] {
            Header {
                fin: !compressed,
                compressed,
                opcode,
                length: payload.len() as u64,
                mask: None,
            }
            .write(&mut output);
            output.extend_from_slice(payload);
            if compressed {
                write_frame(&mut output, Opcode::Ping, b"", None);
            }
        }
    }
    output
}

/// Feeds it in pieces. `Ok` is the number of messages that were completed, and of those that were compared.
fn feed(messages: &Messages, connection: usize, bytes: &[u8]) -> Result<(u32, u64), String> {
    let mut sampler = Sampler::new(Random::from_seed(41));
    let mut receiver = Receiver::new(0, connection);
    let mut completed = 0;
    for chunk in bytes.chunks(777) {
        completed += receiver
            .feed(chunk, messages, &mut sampler, &mut Vec::new())
            .map_err(|failure| failure.to_string())?;
    }
    Ok((completed, sampler.compared()))
}

#[test]
fn all_messages_by_themselves_are_compared() {
    let messages = prepare(Takeover::No);
    // Around the ring: the second time they are not inflated any more.
    let count = messages.count() + 5;
    let bytes = without_takeover(&messages, count);
    for connection in [INFLATING, INFLATING + 1] {
        let fed = feed(&messages, connection, &bytes);
        assert_eq!(fed, Ok((count as u32, count as u64)));
    }
}

#[test]
fn messages_that_refer_to_earlier_ones_are_compared_on_a_sample_of_the_connections() {
    let messages = prepare(Takeover::Server);
    let count = messages.count() + 5;
    let bytes = with_takeover(&messages, count);
    let fed = feed(&messages, INFLATING, &bytes);
    assert_eq!(fed, Ok((count as u32, count as u64)));
    let fed = feed(&messages, INFLATING + 1, &bytes);
    assert_eq!(fed, Ok((count as u32, 0)));
}

#[test]
fn wrong_answers_are_told() {
    let right = prepare(Takeover::No);
    let mut deflater = Deflater::default();
    let mut compressed = |payload: &[u8]| {
        let mut bytes = Vec::new();
        write_message(
            &mut bytes,
            Opcode::Text,
            true,
            &deflater.deflate(payload),
            None,
        );
        bytes
    };
    let payload = right.payload(0);
    let mut uncompressed = Vec::new();
    write_frame(&mut uncompressed, Opcode::Text, payload, None);
    let mut damaged = Vec::new();
    write_message(&mut damaged, Opcode::Text, true, &[0xff; 40], None);
    for (bytes, told) in [
        (
            compressed(right.payload(1)),
            "expected a compressed message of 1024 bytes, got another content",
        ),
        (compressed(&payload[1..]), "of 1024 bytes, got one of 1023"),
        (
            compressed(&[payload, b"."].concat()),
            "of 1024 bytes, got a longer one",
        ),
        (uncompressed, "expected a frame with RSV1, got one without"),
        (damaged, "got a compressed message that is none"),
        (vec![0xc9, 0], "expected a control frame, got one with RSV1"),
        (
            vec![0xc1, 126, 0xff, 0xff],
            "expected a message of at most 1104 bytes, got one of 65535",
        ),
    ] {
        for messages in [&right, &prepare(Takeover::Server)] {
            let failure = feed(messages, INFLATING, &bytes).unwrap_err();
            assert!(failure.contains(told), "{told}: {failure}");
        }
    }
}

#[test]
fn an_answer_that_differs_from_the_right_one_before_is_inflated_again() {
    let messages = prepare(Takeover::No);
    let mut bytes = without_takeover(&messages, messages.count());
    let wrong = Deflater::default().deflate(messages.payload(1));
    write_message(&mut bytes, Opcode::Text, true, &wrong, None);
    let failure = feed(&messages, INFLATING, &bytes).unwrap_err();
    assert!(failure.contains("got another content"), "{failure}");
}

/// A server that accepts the offer and echoes compressed messages as they came.
fn start(takeover: Takeover) -> Subject {
    let mut server = TestServer::new(Message::echo);
    server.response = match takeover {
        Takeover::No => |key| accepting(key, Takeover::No),
        Takeover::Server => |key| accepting(key, Takeover::Server),
    };
    deflating(server.start(), takeover)
}

fn accepting(key: &str, takeover: Takeover) -> String {
    let extension = format!("Sec-WebSocket-Extensions: {}\r\n\r\n", takeover.offer());
    let head = handshake::response(key);
    format!("{}{extension}", head.strip_suffix("\r\n").unwrap())
}

fn deflating(address: SocketAddr, takeover: Takeover) -> Subject {
    let mut subject = subject(address);
    subject.target.deflate = Some(takeover);
    subject
}

#[test]
fn compressed_messages_come_back_in_every_mode() {
    for takeover in [Takeover::No, Takeover::Server] {
        let subject = start(takeover);
        let (pace, content, in_flight) = (PACE, JSON, 3);
        for command in [
            Command::Echo {
                subject,
                pace,
                connections: 5,
                content,
                pacing: Loop::Closed { in_flight },
                asked: None,
            },
            Command::Broadcast {
                subject,
                pace,
                receivers: 10,
                content,
                in_flight,
            },
        ] {
            let report = run(command).unwrap();
            assert!(number(&report, "messages") > 0.0, "{report}");
            assert!(number(&report, "checkedContents") > 0.0, "{report}");
            let bytes = number(&report, "deflatedBytes");
            assert!((200.0..700.0).contains(&bytes), "{report}");
        }
    }
}

#[test]
fn connections_have_their_traffic_before_they_are_idle() {
    let traffic = Traffic {
        count: 4,
        content: JSON,
        ..Traffic::NONE
    };
    let report = run(Command::Idle {
        subject: start(Takeover::No),
        connections: 30,
        traffic,
    })
    .unwrap();
    assert!(
        number(&report, "server.bytesPerConnection").is_finite(),
        "{report}"
    );
    let mut server = TestServer::new(|message| message.echo()[1..].to_vec());
    server.response = |key| accepting(key, Takeover::No);
    let told = run(Command::Idle {
        subject: deflating(server.start(), Takeover::No),
        connections: 3,
        traffic,
    })
    .unwrap_err();
    assert!(told.to_string().starts_with("connection "), "{told}");
}

#[test]
fn a_server_that_does_not_compress_is_told() {
    let subject = deflating(TestServer::new(Message::echo).start(), Takeover::No);
    let told = run(Command::Idle {
        subject,
        connections: 1,
        traffic: Traffic::NONE,
    })
    .unwrap_err()
    .to_string();
    assert!(
        told.contains("expected Sec-WebSocket-Extensions: permessage-deflate; client"),
        "{told}"
    );
}
