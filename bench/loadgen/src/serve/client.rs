//! One client of the echo server.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::echo::{Echo, Output};
use crate::handshake;
use crate::poller::Interest;

/// Where a client is.
#[derive(Debug)]
enum State {
    /// What came of the request.
    Opening(Vec<u8>),
    Open(Echo),
}

/// The client.
#[derive(Debug)]
pub struct Client {
    socket: TcpStream,
    state: State,
    /// Output that the system has not taken. As long as there is any, nothing is read.
    pending: Vec<u8>,
    ending: bool,
}

impl Client {
    /// One that was accepted.
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let state = State::Opening(Vec::new());
        Ok(Self {
            socket,
            state,
            pending: Vec::new(),
            ending: false,
        })
    }

    /// To be watched.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// What it waits for.
    pub fn interest(&self) -> Interest {
        if self.pending.is_empty() {
            Interest::Read
        } else {
            Interest::Write
        }
    }

    /// Reads once and answers, or writes what is pending. Returns whether the connection goes on.
    pub fn attend(&mut self, input: &mut [u8], output: &mut Output) -> io::Result<bool> {
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            return self.write(&pending);
        }
        let length = match self.socket.read(input) {
            Ok(0) => return Ok(false),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            // A client that was killed.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
            Err(error) => return Err(error),
        };
        output.clear();
        match &mut self.state {
            State::Opening(request) => {
                request.extend_from_slice(&input[..length]);
                let request = std::mem::take(request);
                self.open(request, output)?;
            }
            State::Open(echo) => {
                echo.feed(&input[..length], output)
                    .map_err(io::Error::other)?;
                self.ending = echo.is_over();
            }
        }
        self.write(output.bytes())
    }

    fn open(&mut self, request: Vec<u8>, output: &mut Output) -> io::Result<()> {
        let Some((head, rest)) = handshake::split_head(&request) else {
            if request.len() > handshake::MAX_HEAD_BYTES {
                return Err(io::Error::other("a request without an end"));
            }
            self.state = State::Opening(request);
            return Ok(());
        };
        let head = String::from_utf8_lossy(head);
        let key = handshake::header(&head, "Sec-WebSocket-Key")
            .ok_or_else(|| io::Error::other("a request without Sec-WebSocket-Key"))?;
        output.push(handshake::response(key).as_bytes());
        let mut echo = Echo::default();
        echo.feed(rest, output).map_err(io::Error::other)?;
        self.ending = echo.is_over();
        self.state = State::Open(echo);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let written = match bytes {
            [] => 0,
            _ => match self.socket.write(bytes) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error),
            },
        };
        self.pending.extend_from_slice(&bytes[written..]);
        // The server is the one who ends the connection, RFC 6455 section 7.1.1.
        Ok(!(self.ending && self.pending.is_empty()))
    }
}
