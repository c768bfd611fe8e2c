//! The end of a run: closing handshakes, so that no server is left with connections that broke. Nothing is measured any more.

use std::time::Duration;

use crate::clock::{Clock, nanos};
use crate::failure::Failure;
use crate::frames::{Opcode, write_frame};
use crate::poller::{Interest, Poller};
use crate::random::Random;
use crate::stream::{Stream, read_buffer};

/// For all connections together. Who has not answered by then is cut off.
const LIMIT: Duration = Duration::from_secs(5);

/// A client's close frame with code 1000.
pub fn close_frame(random: &mut Random) -> Vec<u8> {
    let mut frame = Vec::new();
    write_frame(
        &mut frame,
        Opcode::Close,
        &1000u16.to_be_bytes(),
        Some(random.bytes()),
    );
    frame
}

/// Closes connections on which nothing is under way, and waits for their ends.
pub fn close_all(streams: Vec<Stream>, random: &mut Random) -> Result<(), Failure> {
    let clock = Clock::default();
    let mut poller = Poller::new()?;
    let mut open: Vec<Option<Stream>> = Vec::with_capacity(streams.len());
    for (token, mut stream) in streams.into_iter().enumerate() {
        let sent = stream.write(&close_frame(random)).is_ok()
            && poller.add(&stream, token, Interest::Read).is_ok();
        open.push(sent.then_some(stream));
    }
    let mut left = open.iter().flatten().count();
    let (mut buffer, mut ready) = (read_buffer(), Vec::new());
    while left > 0 && clock.now() < nanos(LIMIT) {
        poller.wait(Some(LIMIT / 10), &mut ready)?;
        for event in &ready {
            let Some(stream) = &mut open[event.token] else {
                continue;
            };
            let goes_on = match stream.read(&mut buffer) {
                Ok(bytes) => !bytes.is_empty(),
                Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            };
            if !goes_on {
                open[event.token] = None;
                left -= 1;
            }
        }
    }
    Ok(())
}
