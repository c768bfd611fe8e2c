//! A server that answers wrongly ends the run, and it is said what came instead of what.

mod support;

use std::net::{SocketAddr, TcpListener};

use loadgen::frames::Opcode;
use loadgen::handshake;
use loadgen::modes::{Command, Content, Traffic, run};
use loadgen::payload::Kind;
use support::{Message, PACE, TEXT, TestServer, frame, run_echo, serve, serve_natively, subject};

/// What is told of a server that answers the tenth message of each connection so.
fn told(answer: impl Fn(&Message) -> Vec<u8> + Send + Sync + 'static) -> String {
    let address = serve(move |message| {
        if message.number == 10 {
            answer(message)
        } else {
            message.echo()
        }
    });
    run_echo(address, 2, TEXT, 1).expect_err("the server answers wrongly")
}

/// A server whose opening handshake is another.
fn with_response(response: fn(&str) -> String) -> SocketAddr {
    let mut server = TestServer::new(Message::echo);
    server.response = response;
    server.start()
}

#[test]
fn another_length() {
    let told = told(|message| frame(Opcode::Text, &message.payload[1..]));
    assert!(
        told.contains("expected a message of 32 bytes, got one of 31"),
        "{told}"
    );
}

#[test]
fn another_content() {
    let told = told(|message| {
        let mut payload = message.payload.clone();
        payload[5] ^= 0xff;
        frame(Opcode::Text, &payload)
    });
    assert!(told.starts_with("connection "), "{told}");
    assert!(told.contains("as byte 5 of 32, got"), "{told}");
}

#[test]
fn another_content_of_a_large_message() {
    let address = serve(|message| {
        let mut payload = message.payload.clone();
        payload[4999] ^= 0x20;
        frame(message.opcode, &payload)
    });
    let content = Content {
        kind: Kind::NonAscii,
        size: 5000,
    };
    let told = run_echo(address, 2, content, 64).expect_err("one in 64 is compared");
    assert!(told.contains("as byte 4999 of 5000, got"), "{told}");
}

#[test]
fn another_kind() {
    let told = told(|message| frame(Opcode::Binary, &message.payload));
    assert!(told.contains("expected a Text frame, got Binary"), "{told}");
}

#[test]
fn an_answer_too_many() {
    // All messages without content are alike.
    let content = Content {
        kind: Kind::Ascii,
        size: 0,
    };
    let address = serve(|message| [message.echo(), message.echo()].concat());
    let told = run_echo(address, 1, content, 1).unwrap_err();
    assert_eq!(told, "expected no message more than was sent, got 1 more");
}

#[test]
fn a_close_frame() {
    let told = told(|_| frame(Opcode::Close, &[3, 243]));
    assert!(
        told.contains("expected an answer, got a close frame with code 1011"),
        "{told}"
    );
}

#[test]
fn no_answer_at_all() {
    let told = told(|_| Vec::new());
    assert!(
        told.contains("expected an answer, got nothing for 10 s"),
        "{told}"
    );
}

#[test]
fn an_opening_handshake_that_is_never_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let told = run_echo(listener.local_addr().unwrap(), 1, TEXT, 1).unwrap_err();
    assert!(
        told.contains("opening handshake: expected a response, got none for 10 s"),
        "{told}"
    );
}

#[test]
fn a_wrong_accept_key_in_every_mode() {
    let subject = subject(with_response(|_| handshake::response("another key")));
    for command in [
        Command::Handshake {
            subject,
            pace: PACE,
            concurrency: 1,
            asked: None,
        },
        Command::Idle {
            subject,
            connections: 1,
            traffic: Traffic::NONE,
        },
        Command::Broadcast {
            subject,
            pace: PACE,
            receivers: 1,
            content: TEXT,
            in_flight: 1,
        },
    ] {
        let told = run(command).unwrap_err().to_string();
        assert!(
            told.contains("expected Sec-WebSocket-Accept: "),
            "{command:?}: {told}"
        );
    }
}

#[test]
fn another_status() {
    let address = with_response(|_| "HTTP/1.1 503 Service Unavailable\r\n\r\n".to_owned());
    let told = run_echo(address, 1, TEXT, 1).unwrap_err();
    assert!(
        told.contains("expected status 101, got \"HTTP/1.1 503"),
        "{told}"
    );
}

#[test]
fn a_message_before_any_was_sent() {
    let address = with_response(|key| handshake::response(key) + "\u{1}");
    let told = run_echo(address, 1, TEXT, 1).unwrap_err();
    assert!(
        told.contains("expected no message yet, got 1 bytes"),
        "{told}"
    );
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let told = run_echo(address, 1, TEXT, 1).unwrap_err();
    assert!(told.contains("refused"), "{told}");
}

#[test]
fn a_message_to_who_publishes() {
    let subject = subject(serve_natively());
    let command = Command::Broadcast {
        subject,
        pace: PACE,
        receivers: 2,
        content: TEXT,
        in_flight: 1,
    };
    let told = run(command).unwrap_err().to_string();
    assert_eq!(told, "expected nothing on /publish, got a message");
}
