//! The opening handshake, of one connection and of many at once.

use std::io;

use crate::clock::{Clock, Nanos, nanos};
use crate::deflate::Takeover;
use crate::dial::Dialer;
use crate::failure::{Failure, SILENCE_CHECK, SILENCE_LIMIT};
use crate::handshake;
use crate::poller::{Interest, Poller};
use crate::random::Random;
use crate::stream::{Stream, read_buffer};

/// Few enough for the queue of connections that a server has not accepted yet.
const AT_ONCE: usize = 64;

/// A connection until it is open.
#[derive(Debug)]
pub struct Opening {
    stream: Stream,
    deflate: Option<Takeover>,
    started: Nanos,
    key: String,
    request: Vec<u8>,
    written: usize,
    response: Vec<u8>,
}

impl Opening {
    /// Starts a connection; `send` or `advance` is due.
    pub fn start(
        dialer: &mut Dialer,
        path: &str,
        random: &mut Random,
        now: Nanos,
    ) -> Result<Self, Failure> {
        let key = handshake::new_key(random);
        let request =
            handshake::request(dialer.address(), path, &key, dialer.deflate()).into_bytes();
        let stream = dialer.dial().map_err(Failure::of("connecting"))?;
        Ok(Self {
            stream,
            deflate: dialer.deflate(),
            started: now,
            key,
            request,
            written: 0,
            response: Vec::new(),
        })
    }

    /// The connection, to be watched.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The connection, once it is open.
    pub fn into_stream(self) -> Stream {
        self.stream
    }

    /// When it was started.
    pub fn started(&self) -> Nanos {
        self.started
    }

    /// What it waits for.
    pub fn interest(&self) -> Interest {
        Interest::with_output(self.written < self.request.len() || self.stream.holds_output())
    }

    /// Sends the request, as far as the system takes it now.
    pub fn send(&mut self) -> Result<(), Failure> {
        while self.written < self.request.len() {
            match self.stream.write(&self.request[self.written..]) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(Failure::of("connecting")(error)),
            }
        }
        self.stream.flush().map_err(Failure::of("connecting"))
    }

    /// Does what can be done now. Returns whether the connection is open.
    pub fn advance(&mut self, buffer: &mut [u8]) -> Result<bool, Failure> {
        self.send()
            .and_then(|()| self.receive(buffer))
            .map_err(|it| it.at("opening handshake"))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<bool, Failure> {
        match self.stream.read(buffer) {
            Ok([]) => {
                return Err(Failure::new(
                    "expected a response, got the end of the connection",
                ));
            }
            Ok(bytes) => self.response.extend_from_slice(bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(Failure::of("reading")(error)),
        }
        let check = |head| handshake::check_response(head, &self.key, self.deflate);
        match handshake::split_head(&self.response) {
            Some((head, [])) => check(head).map(|()| true),
            Some((head, rest)) => {
                check(head)?;
                Err(Failure::new(format!(
                    "expected no message yet, got {} bytes",
                    rest.len()
                )))
            }
            None if self.response.len() > handshake::MAX_HEAD_BYTES => {
                Err(Failure::new("expected a response, got one without an end"))
            }
            None => Ok(false),
        }
    }

    /// An error once the server owes the response for too long.
    pub fn check_overdue(&self, now: Nanos) -> Result<(), Failure> {
        if now.saturating_sub(self.started) < nanos(SILENCE_LIMIT) {
            return Ok(());
        }
        let limit = SILENCE_LIMIT.as_secs();
        Err(Failure::new(format!(
            "opening handshake: expected a response, got none for {limit} s"
        )))
    }
}

/// Opens `count` connections.
pub fn open_all(
    dialer: &mut Dialer,
    path: &str,
    count: usize,
    random: &mut Random,
) -> Result<Vec<Stream>, Failure> {
    let clock = Clock::default();
    let mut poller = Poller::new()?;
    let mut buffer = read_buffer();
    let mut ready = Vec::new();
    let mut slots: Vec<Option<Opening>> = (0..AT_ONCE.min(count)).map(|_| None).collect();
    let mut started = 0;
    let mut open = Vec::with_capacity(count);
    while open.len() < count {
        for (token, slot) in slots.iter_mut().enumerate() {
            if slot.is_none() && started < count {
                let opening = Opening::start(dialer, path, random, clock.now())?;
                // Writable means connected: until then nothing can be done.
                poller
                    .add(opening.stream(), token, Interest::Both)
                    .map_err(Failure::of("epoll_ctl"))?;
                *slot = Some(opening);
                started += 1;
            }
        }
        poller.wait(Some(SILENCE_CHECK), &mut ready)?;
        for event in &ready {
            let Some(opening) = &mut slots[event.token] else {
                continue;
            };
            if opening.advance(&mut buffer)? {
                poller
                    .remove(opening.stream())
                    .map_err(Failure::of("epoll_ctl"))?;
                open.extend(slots[event.token].take().map(Opening::into_stream));
            } else {
                poller
                    .modify(opening.stream(), event.token, opening.interest())
                    .map_err(Failure::of("epoll_ctl"))?;
            }
        }
        let now = clock.now();
        slots
            .iter()
            .flatten()
            .try_for_each(|opening| opening.check_overdue(now))?;
    }
    Ok(open)
}
