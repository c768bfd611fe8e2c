//! An open connection: what comes is reported, what is asked for is done, in order.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender};

use serde_json::json;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::{Frame, Utf8Bytes};
use tungstenite::{Bytes, Error, Message, WebSocket};

use crate::Result;
use crate::protocol::{Command, report, report_failure};

/// A connection in the clear, or one through TLS.
pub trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

pub enum Event {
    Readable,
    Command(Command),
}

/// The connections that are open, by their ids.
#[derive(Default)]
pub struct Connections(Mutex<HashMap<String, Sender<Event>>>);

impl Connections {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Sender<Event>>) -> T) -> T {
        work(&mut self.0.lock().expect("no thread panics with it"))
    }

    pub fn add(&self, id: &str, events: Sender<Event>) {
        self.with(|map| map.insert(id.to_owned(), events));
    }

    /// An event for a connection. There is nobody to take one for a connection that has ended.
    pub fn post(&self, id: &str, event: Event) {
        self.with(|map| map.get(id).map(|events| events.send(event)));
    }
}

pub struct Connection<'a> {
    id: &'a str,
    socket: WebSocket<Box<dyn Stream>>,
    events: Receiver<Event>,
    /// Code and reason of the peer's close frame.
    told: Option<(u16, String)>,
}

impl<'a> Connection<'a> {
    pub fn new(id: &'a str, socket: WebSocket<Box<dyn Stream>>, events: Receiver<Event>) -> Self {
        Self {
            id,
            socket,
            events,
            told: None,
        }
    }

    /// Stays with the connection to its end.
    pub fn run(mut self, connections: &Connections) -> Result {
        // Frames may have come in one piece with the opening handshake.
        while self.read() {
            match self.events.recv()? {
                Event::Readable => {}
                Event::Command(command) if command.action() == "drop" => break,
                Event::Command(command) => {
                    if let Err(error) = self.obey(command) {
                        report_failure(self.id, error.as_ref());
                    }
                }
            }
        }
        connections.with(|map| map.remove(self.id));
        Ok(())
    }

    /// Reports all that has come. False at the end of the connection.
    fn read(&mut self) -> bool {
        loop {
            match self.socket.read() {
                Ok(message) => self.tell(message),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) => {
                    // A clean end is an error, too: what there is to say of it, the close frame has said.
                    let (code, reason) = self
                        .told
                        .take()
                        .unwrap_or_else(|| (1006, error.to_string()));
                    report(
                        self.id,
                        "closed",
                        json!({ "code": code, "reason": reason }),
                        &[],
                    );
                    return false;
                }
            }
        }
    }

    fn tell(&mut self, message: Message) {
        let is_binary = message.is_binary();
        match message {
            Message::Text(_) | Message::Binary(_) => {
                let kind = json!({ "isBinary": is_binary });
                report(self.id, "message", kind, &message.into_data());
            }
            Message::Ping(payload) => report(self.id, "ping", json!({}), &payload),
            Message::Pong(payload) => report(self.id, "pong", json!({}), &payload),
            Message::Close(frame) => {
                self.told = Some(frame.map_or_else(
                    || (1005, String::new()),
                    |frame| (frame.code.into(), frame.reason.to_string()),
                ));
            }
            Message::Frame(_) => unreachable!("read() returns none"),
        }
    }

    fn obey(&mut self, command: Command) -> Result {
        match command.action() {
            "send" => self.send(command),
            "ping" => Ok(self.socket.send(Message::Ping(command.bytes.into()))?),
            "close" => self.close(&command),
            other => Err(format!("there is no command {other}").into()),
        }
    }

    fn send(&mut self, command: Command) -> Result {
        let is_binary = command.head["isBinary"] == true;
        let lengths: Vec<usize> = serde_json::from_value(command.head["pieces"].clone())?;
        let mut rest = Bytes::from(command.bytes);
        if let [_] = lengths[..] {
            let message = if is_binary {
                Message::Binary(rest)
            } else {
                Message::Text(Utf8Bytes::try_from(rest)?)
            };
            return Ok(self.socket.send(message)?);
        }
        let mut kind = if is_binary { Data::Binary } else { Data::Text };
        for (index, length) in lengths.iter().enumerate() {
            let is_final = index + 1 == lengths.len();
            let frame = Frame::message(rest.split_to(*length), OpCode::Data(kind), is_final);
            self.socket.send(Message::Frame(frame))?;
            kind = Data::Continue;
            if let (0, Some(ping)) = (index, command.head["ping"].as_str()) {
                self.socket.send(Message::Ping(ping.to_owned().into()))?;
            }
        }
        Ok(())
    }

    fn close(&mut self, command: &Command) -> Result {
        let frame = match command.head["code"].as_u64() {
            Some(code) => Some(CloseFrame {
                code: u16::try_from(code)?.into(),
                reason: command.text("reason").into(),
            }),
            None => None,
        };
        Ok(self.socket.close(frame)?)
    }
}
