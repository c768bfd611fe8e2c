//! The connections of a run that exchanges messages, and what they share.

use std::time::Duration;

use crate::clock::{Clock, Nanos, nanos};
use crate::closing::close_all;
use crate::connection::Connection;
use crate::failure::{Failure, SILENCE_CHECK};
use crate::measurement::Phase;
use crate::messages::Messages;
use crate::pages::{Asked, FIRST_TOKEN, Pages};
use crate::poller::{Poller, Ready};
use crate::random::Random;
use crate::sampler::{Deflated, Sampler};
use crate::stream::{Stream, read_buffer};

/// The pool. A connection is known by its place.
pub struct Pool {
    /// Time of the run.
    pub clock: Clock,
    messages: Messages,
    connections: Vec<Connection>,
    poller: Poller,
    ready: Vec<Ready>,
    sampler: Sampler,
    buffer: Box<[u8]>,
    next_check: Nanos,
    pages: Option<Pages>,
    phase: Phase,
}

impl Pool {
    /// An empty one, for these messages.
    pub fn new(messages: Messages, random: &mut Random) -> Result<Self, Failure> {
        Ok(Self {
            clock: Clock::default(),
            messages,
            connections: Vec::new(),
            poller: Poller::new()?,
            ready: Vec::new(),
            sampler: Sampler::new(Random::from_seed(random.bits())),
            buffer: read_buffer(),
            next_check: 0,
            pages: None,
            phase: Phase::WarmingUp,
        })
    }

    /// Asks an HTTP server for pages, too.
    pub fn ask_beside(&mut self, asked: Option<Asked>) -> Result<(), Failure> {
        self.pages = Pages::open(asked, &self.poller)?;
        Ok(())
    }

    /// Sees to the pages: between any two events, so that they do not wait for the load.
    pub fn look_beside(&mut self, phase: Phase) -> Result<(), Failure> {
        self.phase = phase;
        match &mut self.pages {
            Some(pages) => pages.look(self.clock, phase),
            None => Ok(()),
        }
    }

    /// The pages, where any are asked for.
    pub fn pages(&self) -> Option<&Pages> {
        self.pages.as_ref()
    }

    /// Whether pages that were asked for have not come.
    pub fn owes_pages(&self) -> bool {
        self.pages.as_ref().is_some_and(Pages::are_owed)
    }

    /// How many different messages there are.
    pub fn messages(&self) -> usize {
        self.messages.count()
    }

    /// Adds a connection that sends, and expects, the messages from `first` on.
    pub fn add(&mut self, stream: Stream, first: usize) -> Result<(), Failure> {
        let token = self.connections.len();
        let connection = Connection::new(stream, &self.poller, token, &self.messages, first)?;
        self.connections.push(connection);
        Ok(())
    }

    /// Lets a connection send so many more messages; `flush` sends them.
    pub fn allow(&mut self, token: usize, count: u32) {
        self.connections[token].allow(count, &self.messages);
    }

    /// Counts the server's silence on a connection from now: it owed nothing before.
    pub fn expect_from(&mut self, token: usize, now: Nanos) {
        self.connections[token].heard_at(now);
    }

    /// Sends what a connection may send.
    pub fn flush(&mut self, token: usize) -> Result<(), Failure> {
        self.connections[token]
            .send(&self.messages, &self.poller, token)
            .map_err(|failure| failure.at(format_args!("connection {token}")))
    }

    /// Waits for events, at most for `timeout`; `take_ready` hands them out.
    pub fn wait(&mut self, timeout: Duration) -> Result<(), Failure> {
        let timeout = match &self.pages {
            Some(pages) => timeout.min(pages.longest_wait(self.clock.now(), self.phase)),
            None => timeout,
        };
        self.poller.wait(Some(timeout), &mut self.ready)?;
        // Those end the wait, and are looked at in any case.
        self.ready.retain(|event| event.token < FIRST_TOKEN);
        Ok(())
    }

    /// The next event of the last wait, in no order.
    pub fn take_ready(&mut self) -> Option<Ready> {
        self.ready.pop()
    }

    /// Reads from a connection. Returns how many messages that completes, and the time.
    pub fn receive(&mut self, token: usize) -> Result<(u32, Nanos), Failure> {
        let connection = &mut self.connections[token];
        let completed = connection
            .receive(&self.messages, &mut self.sampler, &mut self.buffer)
            .map_err(|failure| failure.at(format_args!("connection {token}")))?;
        let now = self.clock.now();
        connection.heard_at(now);
        Ok((completed, now))
    }

    /// Once a second, an error if the server is silent for too long on a connection on which it `owes` something.
    pub fn check_silence(
        &mut self,
        now: Nanos,
        owes: impl Fn(usize) -> bool,
    ) -> Result<(), Failure> {
        if now < self.next_check {
            return Ok(());
        }
        self.next_check = now + nanos(SILENCE_CHECK);
        for (token, connection) in self.connections.iter().enumerate() {
            if owes(token) {
                connection
                    .check_silence(now)
                    .map_err(|failure| failure.at(format_args!("connection {token}")))?;
            }
        }
        Ok(())
    }

    /// How many messages were compared in full.
    pub fn compared(&self) -> u64 {
        self.sampler.compared()
    }

    /// The compressed answers.
    pub fn deflated(&self) -> Deflated {
        self.sampler.deflated()
    }

    /// Ends the exchange of messages.
    pub fn into_streams(self) -> Vec<Stream> {
        self.connections
            .into_iter()
            .map(Connection::into_stream)
            .collect()
    }

    /// Closes all connections.
    pub fn close(self, random: &mut Random) -> Result<(), Failure> {
        close_all(self.into_streams(), random)
    }
}
