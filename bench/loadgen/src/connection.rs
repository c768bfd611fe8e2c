//! An open connection that exchanges the prepared messages with the server.

use std::io;

use crate::clock::{Nanos, nanos};
use crate::failure::{Failure, SILENCE_LIMIT};
use crate::messages::Messages;
use crate::poller::{Interest, Poller};
use crate::receiver::Receiver;
use crate::sampler::Sampler;
use crate::stream::Stream;

/// The connection.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    receiver: Receiver,
    /// How many messages it may have sent, counted from the ring's first.
    allowed_messages: u64,
    /// Bytes of the endless repetition of the prepared messages: what was written, and what may be.
    written: u64,
    allowed: u64,
    /// Pongs that wait for the end of a frame.
    replies: Vec<u8>,
    watched: Interest,
    /// When the server last sent anything.
    heard: Nanos,
}

impl Connection {
    /// Watches a stream under `token`. Sends, and expects, the prepared messages from `first` on.
    pub fn new(
        stream: Stream,
        poller: &Poller,
        token: usize,
        messages: &Messages,
        first: usize,
    ) -> Result<Self, Failure> {
        let watched = Interest::Read;
        poller
            .add(&stream, token, watched)
            .map_err(Failure::of("epoll_ctl"))?;
        let start = messages.position(first as u64);
        let receiver = Receiver::new(first, token);
        let replies = Vec::new();
        Ok(Self {
            stream,
            receiver,
            allowed_messages: first as u64,
            written: start,
            allowed: start,
            replies,
            watched,
            heard: 0,
        })
    }

    /// Ends the use of the prepared messages.
    pub fn into_stream(self) -> Stream {
        self.stream
    }

    /// Lets so many more messages be sent, when `send` is called.
    pub fn allow(&mut self, count: u32, messages: &Messages) {
        self.allowed_messages += u64::from(count);
        self.allowed = messages.position(self.allowed_messages);
    }

    /// Counts the server's silence from now.
    pub fn heard_at(&mut self, now: Nanos) {
        self.heard = now;
    }

    /// An error once the server was silent for too long; for when it owes something.
    pub fn check_silence(&self, now: Nanos) -> Result<(), Failure> {
        if now.saturating_sub(self.heard) < nanos(SILENCE_LIMIT) {
            return Ok(());
        }
        let limit = SILENCE_LIMIT.as_secs();
        Err(Failure::new(format!(
            "expected an answer, got nothing for {limit} s"
        )))
    }

    /// Reads once. Returns how many messages that completes; pongs that are due leave with `send`.
    pub fn receive(
        &mut self,
        messages: &Messages,
        sampler: &mut Sampler,
        buffer: &mut [u8],
    ) -> Result<u32, Failure> {
        let bytes = match self.stream.read(buffer) {
            Ok([]) => {
                return Err(Failure::new(
                    "expected an answer, got the end of the connection",
                ));
            }
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(Failure::of("expected an answer, got")(error)),
        };
        self.receiver
            .feed(bytes, messages, sampler, &mut self.replies)
    }

    /// Writes what may be written, as far as the system takes it, and watches for room if it does not take all.
    pub fn send(
        &mut self,
        messages: &Messages,
        poller: &Poller,
        token: usize,
    ) -> Result<(), Failure> {
        let waits = match self.write(messages) {
            Ok(()) => self.stream.holds_output(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(error) => return Err(Failure::of("sending")(error)),
        };
        let interest = Interest::with_output(waits);
        if interest != self.watched {
            self.watched = interest;
            poller
                .modify(&self.stream, token, interest)
                .map_err(Failure::of("epoll_ctl"))?;
        }
        Ok(())
    }

    fn write(&mut self, messages: &Messages) -> io::Result<()> {
        self.stream.flush()?;
        loop {
            let has_replies = !self.replies.is_empty();
            if has_replies && messages.end_of_frame(self.written) == self.written {
                let length = self.stream.write(&self.replies)?;
                self.replies.drain(..length);
                continue;
            }
            let until = if has_replies {
                messages.end_of_frame(self.written)
            } else {
                self.allowed
            };
            if self.written == until {
                return Ok(());
            }
            self.written += self.stream.write(messages.outgoing(self.written, until))? as u64;
        }
    }
}
