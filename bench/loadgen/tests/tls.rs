//! The same over TLS.

mod support;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use loadgen::dial::Target;
use loadgen::modes::{Command, Content, Loop, Subject, Traffic, run};
use loadgen::payload::Kind;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use support::{Message, PACE, Socket, TestServer, number};

/// An echo server with a certificate that nobody else has signed.
fn serve_tls() -> SocketAddr {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.into()], key)
        .unwrap();
    let config = Arc::new(config);
    let wrap = move |socket: TcpStream| -> Box<dyn Socket> {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        Box::new(StreamOwned::new(connection, socket))
    };
    let mut server = TestServer::new(Message::echo);
    server.wrap = Box::new(wrap);
    server.start()
}

#[test]
fn messages_of_all_sizes_come_back() {
    let subject = Subject {
        target: Target {
            address: serve_tls(),
            tls: true,
            deflate: None,
        },
        pid: None,
    };
    for (size, in_flight) in [(0, 1), (32, 64), (1024, 16), (65_536, 2), (1 << 20, 1)] {
        let content = Content {
            kind: Kind::NonAscii,
            size,
        };
        let pacing = Loop::Closed { in_flight };
        let command = Command::Echo {
            subject,
            pace: PACE,
            connections: 4,
            content,
            pacing,
            asked: None,
        };
        let report = run(command).unwrap();
        assert!(number(&report, "messages") > 0.0, "{report}");
    }
}

#[test]
fn connections_are_opened_and_closed() {
    let subject = Subject {
        target: Target {
            address: serve_tls(),
            tls: true,
            deflate: None,
        },
        pid: None,
    };
    let report = run(Command::Handshake {
        subject,
        pace: PACE,
        concurrency: 4,
        asked: None,
    })
    .unwrap();
    assert!(number(&report, "messages") > 0.0, "{report}");
}

#[test]
fn a_server_without_tls_is_told() {
    let address = support::serve(Message::echo);
    let subject = Subject {
        target: Target {
            address,
            tls: true,
            deflate: None,
        },
        pid: None,
    };
    let told = run(Command::Idle {
        subject,
        connections: 1,
        traffic: Traffic::NONE,
    })
    .unwrap_err()
    .to_string();
    assert!(told.starts_with("opening handshake: "), "{told}");
}
