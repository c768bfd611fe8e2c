//! A TCP stream that a thread of its own reads, and tells of what came.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvError, Sender, TryRecvError, channel};
use std::thread;

use crate::connection::Event;

const READ_BYTES: usize = 64 * 1024;

/// Reads wait for bytes while `waits` is set, as the opening handshakes want it; afterwards they fail with `WouldBlock`
/// where none are there. Dropping it ends the connection.
pub struct Feed {
    socket: TcpStream,
    incoming: Receiver<Vec<u8>>,
    /// What of the piece that came last has not been read.
    rest: Vec<u8>,
    waits: Rc<Cell<bool>>,
}

impl Feed {
    /// Sends [`Event::Readable`] for each piece and for the end of the stream.
    pub fn new(
        socket: TcpStream,
        events: Sender<Event>,
        waits: Rc<Cell<bool>>,
    ) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let mut reader = socket.try_clone()?;
        let (pieces, incoming) = channel();
        thread::spawn(move || {
            let mut buffer = vec![0; READ_BYTES];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                let is_wanted = pieces.send(buffer[..length].to_vec()).is_ok();
                if !is_wanted || events.send(Event::Readable).is_err() {
                    return;
                }
            }
            drop(pieces);
            let _ = events.send(Event::Readable);
        });
        Ok(Self {
            socket,
            incoming,
            rest: Vec::new(),
            waits,
        })
    }
}

impl Read for Feed {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            let next = if self.waits.get() {
                self.incoming
                    .recv()
                    .map_err(|RecvError| TryRecvError::Disconnected)
            } else {
                self.incoming.try_recv()
            };
            match next {
                Ok(piece) => self.rest = piece,
                Err(TryRecvError::Empty) => return Err(ErrorKind::WouldBlock.into()),
                Err(TryRecvError::Disconnected) => return Ok(0),
            }
        }
        let length = output.len().min(self.rest.len());
        output[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}

impl Write for Feed {
    fn write(&mut self, input: &[u8]) -> io::Result<usize> {
        self.socket.write(input)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // The thread that reads has a handle of its own, which closing this one would leave open.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}
