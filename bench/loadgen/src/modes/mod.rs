//! The kinds of load. Each opens its connections, runs against the clock, closes them, and reports.

mod broadcast;
mod echo;
mod handshake;
mod idle;
mod pool;

use std::net::SocketAddr;
use std::time::Duration;

use crate::deflate::Takeover;
use crate::dial::Target;
use crate::failure::Failure;
use crate::json::Value;
use crate::measurement::Pace;
use crate::messages::Messages;
use crate::pages::Asked;
use crate::payload::Kind;
use crate::proc::{Observed, Pid};
use crate::random::Random;
use crate::serve::Server;

/// The server under load.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// How it is reached.
    pub target: Target,
    /// Its process, if that is to be observed.
    pub pid: Option<Pid>,
}

impl Subject {
    /// The compression that is offered, for reports.
    fn deflate_name(self) -> Value {
        self.target.deflate.map(Takeover::name).into()
    }

    fn observe(self) -> Result<Observed, Failure> {
        Observed::new(self.pid)
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Content {
    /// Text or binary.
    pub kind: Kind,
    /// Payload bytes of each message.
    pub size: usize,
}

impl Content {
    fn prepare(self, deflate: Option<Takeover>, random: &mut Random) -> Messages {
        let messages = Messages::prepare(self.kind, self.size, random);
        match deflate {
            Some(takeover) => messages.deflated(takeover, random),
            None => messages,
        }
    }
}

/// What connections do before they are idle.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// How many messages each sends, and gets back, one after the other.
    pub count: u32,
    /// What they contain.
    pub content: Content,
    /// How long they are left alone afterwards, before it counts.
    pub quiet: Duration,
}

impl Traffic {
    /// None at all.
    pub const NONE: Self = Self {
        count: 0,
        content: Content {
            kind: Kind::Ascii,
            size: 0,
        },
        quiet: Duration::ZERO,
    };
}

/// What decides when the next message is sent.
#[derive(Clone, Copy, Debug)]
pub enum Loop {
    /// So many are in flight on each connection.
    Closed {
        /// How many.
        in_flight: u32,
    },
    /// At a fixed rate over all connections.
    Open {
        /// Messages per second.
        rate: f64,
    },
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    /// Messages that come back.
    Echo {
        /// The server.
        subject: Subject,
        /// How long.
        pace: Pace,
        /// How many connections.
        connections: usize,
        /// What is sent.
        content: Content,
        /// When.
        pacing: Loop,
        /// What is asked of an HTTP server in the same process meanwhile.
        asked: Option<Asked>,
    },
    /// Connections that are opened and closed.
    Handshake {
        /// The server.
        subject: Subject,
        /// How long.
        pace: Pace,
        /// How many at once.
        concurrency: usize,
        /// What is asked of an HTTP server in the same process meanwhile.
        asked: Option<Asked>,
    },
    /// Connections that say nothing, or nothing any more.
    Idle {
        /// The server.
        subject: Subject,
        /// How many connections.
        connections: usize,
        /// What goes before.
        traffic: Traffic,
    },
    /// Messages of one connection that come to all others.
    Broadcast {
        /// The server.
        subject: Subject,
        /// How long.
        pace: Pace,
        /// How many connections receive.
        receivers: usize,
        /// What is sent.
        content: Content,
        /// How many messages are under way to the receivers.
        in_flight: u32,
    },
    /// The other end: echoes until it is killed.
    Serve {
        /// Where to listen.
        address: SocketAddr,
    },
}

/// Runs, and returns the report.
pub fn run(command: Command) -> Result<Value, Failure> {
    match command {
        Command::Echo {
            subject,
            pace,
            connections,
            content,
            pacing,
            asked,
        } => echo::run(subject, pace, connections, content, pacing, asked),
        Command::Handshake {
            subject,
            pace,
            concurrency,
            asked,
        } => handshake::run(subject, pace, concurrency, asked),
        Command::Idle {
            subject,
            connections,
            traffic,
        } => idle::run(subject, connections, traffic),
        Command::Broadcast {
            subject,
            pace,
            receivers,
            content,
            in_flight,
        } => broadcast::run(subject, pace, receivers, content, in_flight),
        Command::Serve { address } => {
            let server = Server::bind(address)?;
            println!(
                "{}",
                Value::Object(vec![("port", u64::from(server.port()?).into())])
            );
            server.run().map(|never| match never {})
        }
    }
}
