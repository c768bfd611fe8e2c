//! Connections that are opened and closed again, by so many clients at once, each one after the other.
//!
//! A client behaves well: after the opening handshake it sends a close frame and waits for the server to end the connection. So a
//! server's CPU time contains the closing handshake too.

use std::io;

use super::Subject;
use crate::clock::{Clock, Nanos, nanos};
use crate::closing::close_frame;
use crate::dial::{Dialer, allow_connections};
use crate::failure::{Failure, SILENCE_CHECK, SILENCE_LIMIT};
use crate::json::Value;
use crate::measurement::{Measurement, Pace, Phase};
use crate::opening::Opening;
use crate::pages::{Asked, FIRST_TOKEN, Pages};
use crate::poller::{Interest, Poller};
use crate::random::Random;
use crate::stream::{Stream, read_buffer};

/// One client.
#[derive(Debug)]
enum Client {
    Opening(Opening, Interest),
    Closing {
        stream: Stream,
        since: Nanos,
    },
    /// Between two connections.
    Resting,
}

/// All clients.
struct Crowd {
    clock: Clock,
    dialer: Dialer,
    poller: Poller,
    random: Random,
    buffer: Box<[u8]>,
    clients: Vec<Client>,
    pages: Option<Pages>,
}

/// Runs the mode.
pub fn run(
    subject: Subject,
    pace: Pace,
    concurrency: usize,
    asked: Option<Asked>,
) -> Result<Value, Failure> {
    allow_connections(concurrency)?;
    let server = subject.observe()?;
    let poller = Poller::new()?;
    let mut crowd = Crowd {
        clock: Clock::default(),
        dialer: Dialer::new(subject.target)?,
        pages: Pages::open(asked, &poller)?,
        poller,
        random: Random::from_entropy(),
        buffer: read_buffer(),
        clients: (0..concurrency).map(|_| Client::Resting).collect(),
    };
    let mut measurement = Measurement::begin(server, pace, crowd.clock.now());
    crowd.run(&mut measurement)?;
    let mut report = vec![
        ("mode", "handshake".into()),
        ("connections", concurrency.into()),
        ("tls", Value::Bool(subject.target.tls)),
    ];
    report.extend(measurement.report(0, 0));
    report.extend(crowd.pages.as_ref().map(|pages| ("pages", pages.report())));
    Ok(Value::Object(report))
}

impl Crowd {
    fn run(&mut self, measurement: &mut Measurement) -> Result<(), Failure> {
        for token in 0..self.clients.len() {
            self.start(token)?;
        }
        let mut ready = Vec::new();
        let mut phase = Phase::WarmingUp;
        let mut next_check = 0;
        // After the window the connections that are there come to their ends, and no new ones are opened.
        while phase != Phase::Over || self.is_busy() {
            let now = self.clock.now();
            let clock = self.clock;
            phase = measurement.advance(now, || clock.now());
            if now >= next_check {
                next_check = now + nanos(SILENCE_CHECK);
                self.clients
                    .iter()
                    .try_for_each(|client| client.check_overdue(now))?;
            }
            self.look_beside(phase)?;
            let mut timeout = measurement.longest_wait(now);
            if let Some(pages) = &self.pages {
                timeout = timeout.min(pages.longest_wait(self.clock.now(), phase));
            }
            self.poller.wait(Some(timeout), &mut ready)?;
            for event in &ready {
                self.look_beside(phase)?;
                if event.token >= FIRST_TOKEN {
                    continue;
                }
                self.advance(event.token, measurement)?;
                if phase != Phase::Over && matches!(self.clients[event.token], Client::Resting) {
                    self.start(event.token)?;
                }
            }
        }
        Ok(())
    }

    /// Whether somebody waits for something.
    fn is_busy(&self) -> bool {
        self.clients.iter().any(|c| !matches!(c, Client::Resting))
            || self.pages.as_ref().is_some_and(Pages::are_owed)
    }

    fn look_beside(&mut self, phase: Phase) -> Result<(), Failure> {
        match &mut self.pages {
            Some(pages) => pages.look(self.clock, phase),
            None => Ok(()),
        }
    }

    fn start(&mut self, token: usize) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut opening = Opening::start(&mut self.dialer, "/", &mut self.random, now)?;
        // On the loopback interface the connection is there already: the request leaves at once.
        opening.send()?;
        let interest = opening.interest();
        self.poller
            .add(opening.stream(), token, interest)
            .map_err(Failure::of("epoll_ctl"))?;
        self.clients[token] = Client::Opening(opening, interest);
        Ok(())
    }

    fn advance(&mut self, token: usize, measurement: &mut Measurement) -> Result<(), Failure> {
        let client = std::mem::replace(&mut self.clients[token], Client::Resting);
        self.clients[token] = match client {
            Client::Opening(mut opening, watched) => {
                if opening.advance(&mut self.buffer)? {
                    let now = self.clock.now();
                    measurement.answered(opening.started(), now, 1);
                    let mut stream = opening.into_stream();
                    let frame = close_frame(&mut self.random);
                    stream
                        .write(&frame)
                        .map_err(Failure::of("sending a close frame"))?;
                    if watched != Interest::Read {
                        self.watch(&stream, token, Interest::Read)?;
                    }
                    Client::Closing { stream, since: now }
                } else {
                    let interest = opening.interest();
                    if interest != watched {
                        self.watch(opening.stream(), token, interest)?;
                    }
                    Client::Opening(opening, interest)
                }
            }
            Client::Closing { mut stream, since } => match stream.read(&mut self.buffer) {
                // The close frame, or nothing yet; then the end, in whatever form: the handshake was fine.
                Ok([_, ..]) => Client::Closing { stream, since },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    Client::Closing { stream, since }
                }
                Ok([]) | Err(_) => Client::Resting,
            },
            Client::Resting => Client::Resting,
        };
        Ok(())
    }

    fn watch(&self, stream: &Stream, token: usize, interest: Interest) -> Result<(), Failure> {
        self.poller
            .modify(stream, token, interest)
            .map_err(Failure::of("epoll_ctl"))
    }
}

impl Client {
    fn check_overdue(&self, now: Nanos) -> Result<(), Failure> {
        match self {
            Self::Opening(opening, _) => opening.check_overdue(now),
            Self::Closing { since, .. } if now.saturating_sub(*since) > nanos(SILENCE_LIMIT) => {
                let limit = SILENCE_LIMIT.as_secs();
                Err(Failure::new(format!(
                    "closing handshake: expected the end of the connection, got none for {limit} s"
                )))
            }
            Self::Closing { .. } | Self::Resting => Ok(()),
        }
    }
}
