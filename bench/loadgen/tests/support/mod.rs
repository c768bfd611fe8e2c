//! Servers that a test can bend, and ways to run against them.

#![allow(dead_code, reason = "each test program uses a part")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use loadgen::dial::Target;
use loadgen::frames::{HeaderReader, Opcode, write_frame, write_message};
use loadgen::handshake;
use loadgen::json::Value;
use loadgen::measurement::Pace;
use loadgen::modes::{Command, Content, Loop, Subject, run};
use loadgen::payload::Kind;
use loadgen::serve::Server;

/// A message that a client sent.
pub struct Message {
    /// Its place among those of its connection.
    pub number: usize,
    pub opcode: Opcode,
    pub compressed: bool,
    pub payload: Vec<u8>,
}

impl Message {
    /// As it should come back.
    pub fn echo(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_message(
            &mut bytes,
            self.opcode,
            self.compressed,
            &self.payload,
            None,
        );
        bytes
    }
}

/// A server's frame.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, opcode, payload, None);
    bytes
}

/// A connection to a client, over TCP or TLS.
pub trait Socket: Read + Write {}
impl<T: Read + Write> Socket for T {}

/// What is sent back for a message.
type Answer = dyn Fn(&Message) -> Vec<u8> + Send + Sync;

/// A server with a thread per connection.
pub struct TestServer {
    /// The response to a key.
    pub response: fn(&str) -> String,
    /// What an accepted connection is spoken to through.
    pub wrap: Box<dyn Fn(TcpStream) -> Box<dyn Socket> + Send + Sync>,
    /// What is sent back, or, when the path is /publish, to every connection on /subscribe.
    answer: Box<Answer>,
    subscribers: Mutex<Vec<TcpStream>>,
}

/// A server that answers messages so.
pub fn serve(answer: impl Fn(&Message) -> Vec<u8> + Send + Sync + 'static) -> SocketAddr {
    TestServer::new(answer).start()
}

impl TestServer {
    pub fn new(answer: impl Fn(&Message) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self {
            response: handshake::response,
            wrap: Box::new(|socket| Box::new(socket)),
            answer: Box::new(answer),
            subscribers: Mutex::default(),
        }
    }

    pub fn start(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(self);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let server = Arc::clone(&server);
                // The client may go at any time: that is its matter.
                thread::spawn(move || server.attend(socket?));
            }
        });
        address
    }

    fn attend(&self, socket: TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let subscriber = socket.try_clone()?;
        let socket = &mut *(self.wrap)(socket);
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(byte(socket)?);
        }
        let head = String::from_utf8(request).unwrap();
        let path = head.split(' ').nth(1).unwrap();
        if path == "/subscribe" {
            self.subscribers.lock().unwrap().push(subscriber);
        }
        let key = handshake::header(&head, "Sec-WebSocket-Key").unwrap();
        socket.write_all((self.response)(key).as_bytes())?;
        for number in 0.. {
            let message = read_message(socket, number)?;
            if message.opcode == Opcode::Close {
                return socket.write_all(&message.echo());
            }
            let bytes = (self.answer)(&message);
            if path == "/publish" {
                for mut subscriber in self.subscribers.lock().unwrap().iter() {
                    subscriber.write_all(&bytes)?;
                }
            } else {
                socket.write_all(&bytes)?;
            }
        }
        Ok(())
    }
}

fn read_message(socket: &mut dyn Socket, number: usize) -> io::Result<Message> {
    let mut reader = HeaderReader::default();
    let header = loop {
        if let Some(header) = reader.read(&mut &[byte(socket)?][..]).unwrap() {
            break header;
        }
    };
    let mut payload = vec![0; header.length as usize];
    socket.read_exact(&mut payload)?;
    let key = header.mask.expect("clients mask");
    for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    Ok(Message {
        number,
        opcode: header.opcode,
        compressed: header.compressed,
        payload,
    })
}

fn byte(socket: &mut dyn Socket) -> io::Result<u8> {
    let mut byte = [0];
    socket.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// The native echo server, in a thread.
pub fn serve_natively() -> SocketAddr {
    let (ready, port) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        ready.send(server.port().unwrap()).unwrap();
        server.run()
    });
    SocketAddr::from(([127, 0, 0, 1], port.recv().unwrap()))
}

/// This process, as a server at this address.
pub fn subject(address: SocketAddr) -> Subject {
    Subject {
        target: Target {
            address,
            tls: false,
            deflate: None,
        },
        pid: Some(std::process::id()),
    }
}

/// A short run.
pub const PACE: Pace = Pace {
    warmup: Duration::from_millis(50),
    window: Duration::from_millis(200),
};

pub const TEXT: Content = Content {
    kind: Kind::Ascii,
    size: 32,
};

/// Echoes in a closed loop.
pub fn run_echo(
    address: SocketAddr,
    connections: usize,
    content: Content,
    in_flight: u32,
) -> Result<Value, String> {
    let subject = subject(address);
    let pacing = Loop::Closed { in_flight };
    run(Command::Echo {
        subject,
        pace: PACE,
        connections,
        content,
        pacing,
        asked: None,
    })
    .map_err(|failure| failure.to_string())
}

/// A number in a report: `number(&report, "server.cpuSeconds")`.
pub fn number(report: &Value, path: &str) -> f64 {
    let value = path.split('.').fold(report, |value, key| {
        let Value::Object(members) = value else {
            panic!("no object around {key}")
        };
        let member = members.iter().find(|(name, _)| *name == key);
        &member.unwrap_or_else(|| panic!("no {key} in {report}")).1
    });
    match value {
        Value::Integer(number) => *number as f64,
        Value::Number(number) => *number,
        other => panic!("{path} is {other}"),
    }
}
