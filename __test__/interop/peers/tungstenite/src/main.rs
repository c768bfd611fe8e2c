//! The crate `tungstenite` as a peer: obeys commands on standard input, as `__test__/support/peer-remote.ts` has them.
//!
//! `tungstenite` blocks, and a connection has two sources of events, its socket and the commands. So a thread per socket
//! reads it ([`feed`]), and a thread per connection waits for either ([`connection`]).

mod connection;
mod feed;
mod opening;
mod protocol;
mod tls;

use std::io::{self, BufRead};
use std::process::exit;
use std::sync::Arc;
use std::thread;

use connection::{Connections, Event};
use protocol::{Command, report_failure};

/// What goes wrong is only ever told.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The next command, or `None` at the end of the input.
fn read_command(input: &mut impl BufRead) -> Result<Option<Command>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let head: serde_json::Value = serde_json::from_slice(&line)?;
    let length = head["bytes"].as_u64().ok_or("a command without bytes")?;
    let mut bytes = vec![0; usize::try_from(length)?];
    input.read_exact(&mut bytes)?;
    Ok(Some(Command { head, bytes }))
}

/// Runs `work` on a thread of its own, and reports its failure.
fn spawn(id: &str, work: impl FnOnce() -> Result + Send + 'static) {
    let id = id.to_owned();
    thread::spawn(move || {
        if let Err(error) = work() {
            report_failure(&id, error.as_ref());
        }
    });
}

fn main() -> Result {
    let connections = Arc::new(Connections::default());
    let mut input = io::stdin().lock();
    while let Some(command) = read_command(&mut input)? {
        let id = command.id().to_owned();
        let open = Arc::clone(&connections);
        match command.action() {
            "serve" => spawn(&id, move || opening::serve(&command, &open)),
            "connect" => spawn(&id, move || opening::connect(&command, &open)),
            _ => connections.post(&id, Event::Command(command)),
        }
    }
    // Threads that wait for their sockets are not waited for.
    exit(0)
}
