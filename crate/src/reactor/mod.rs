//! The I/O of the native transport: one level-triggered set (epoll, kqueue), and the sockets in it.
//!
//! Each connection is the only descriptor of its socket, where it was accepted here, or a duplicate of one that somebody else
//! owns, too: whatever becomes of theirs, this one never names a stranger's socket. The set holds a socket only while there is something to wait for, because a hang-up is
//! reported even to those that asked for nothing. Nothing here knows Node.js, frames or messages.

mod connection;
#[cfg(target_os = "linux")]
mod listening;
mod poller;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::{self, Errno};
use rustix::net::{SocketType, sockopt};
use rustix::process::{Resource, getrlimit};

pub use connection::{Connection, Received};
#[cfg(target_os = "linux")]
pub use listening::ListenOptions;
use poller::{Interest, MAX_READY, Poller, Ready};

/// Which part of the descriptors a process may have is left to those who need but one for a connection.
const SPARED: u64 = 4;

/// What a connection that is ready can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Number of the connection.
    pub slot: u32,
    /// `receive` has bytes, an end or an error, as far as the set knows.
    pub readable: bool,
    /// `send` has room or an error.
    pub writable: bool,
}

/// The set and its connections, which go by the number of their slot.
pub struct Reactor {
    poller: Poller,
    slots: Vec<Option<Connection>>,
    free: Vec<u32>,
    /// Slots that were freed since the last `recycle`: their numbers may still be in somebody's hands.
    freed: Vec<u32>,
    /// Sockets that the set has named, and how many of them were served.
    ready: Vec<Ready>,
    served: usize,
    next_generation: u32,
    /// Connections that keep the event loop alive.
    active: usize,
    /// Descriptors from this number on are not taken.
    end: u64,
}

impl Reactor {
    /// An empty set.
    ///
    /// # Errors
    /// What the system says: there is no descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            slots: Vec::new(),
            free: Vec::new(),
            freed: Vec::new(),
            ready: Vec::with_capacity(MAX_READY),
            served: 0,
            next_generation: 0,
            active: 0,
            end: getrlimit(Resource::Nofile)
                .current
                .map_or(u64::MAX, |limit| limit - limit / SPARED),
        })
    }

    /// The set itself, which is readable while a socket in it is ready.
    pub fn set(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }

    /// Whether a connection waits for something that should keep the event loop alive.
    pub const fn is_active(&self) -> bool {
        self.active != 0
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        self.slots.len() - self.free.len() - self.freed.len()
    }

    /// Adds a duplicate of the stream socket `fd`. It waits for nothing yet.
    ///
    /// # Errors
    /// `NOTSUP` where `fd` is no stream socket, `MFILE` and the like where there is no descriptor left, or where this is one of
    /// the last: whoever serves the socket otherwise needs no second, so that nobody has to be turned away the earlier.
    pub fn attach(&mut self, fd: BorrowedFd<'_>) -> io::Result<u32> {
        match sockopt::socket_type(fd) {
            Ok(SocketType::STREAM) => {}
            Ok(_) | Err(Errno::NOTSOCK) => return Err(Errno::NOTSUP),
            Err(error) => return Err(error),
        }
        let fd = rustix::io::fcntl_dupfd_cloexec(fd, 3)?;
        if self.is_late(&fd) {
            return Err(Errno::MFILE);
        }
        // It fails where the connection is lost already, as the first send will. Node.js ignores the signal in any case.
        #[cfg(target_os = "macos")]
        let _ = sockopt::set_socket_nosigpipe(&fd, true);
        Ok(self.add(fd, true))
    }

    /// Whether `fd` is one of the last. It is the lowest that was free: those below it are taken.
    fn is_late(&self, fd: &OwnedFd) -> bool {
        u64::from(fd.as_raw_fd().unsigned_abs()) >= self.end
    }

    fn add(&mut self, fd: OwnedFd, is_shared: bool) -> u32 {
        self.next_generation = self.next_generation.wrapping_add(1);
        let connection = Some(Connection::new(fd, self.next_generation, is_shared));
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = connection;
            slot
        } else {
            self.slots.push(connection);
            self.slots.len() as u32 - 1
        }
    }

    /// Takes a connection out and closes its descriptor. The slot's number is not given out again before `recycle`.
    pub fn detach(&mut self, slot: u32) {
        if let Some(connection) = self.remove(slot)
            && connection.is_registered
            && connection.is_shared
        {
            // Closing a duplicate takes nothing out of the set while the other one is open. It cannot fail: it is in there.
            let _ = self.poller.remove(&connection.fd);
        }
    }

    fn remove(&mut self, slot: u32) -> Option<Connection> {
        let connection = self.slots.get_mut(slot as usize)?.take()?;
        if connection.is_active() {
            self.active -= 1;
        }
        self.freed.push(slot);
        Some(connection)
    }

    /// Lets slots that were freed be given out again.
    pub fn recycle(&mut self) {
        self.free.append(&mut self.freed);
    }

    /// The connection of a slot.
    pub fn connection(&mut self, slot: u32) -> Option<&mut Connection> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Says what a connection waits for, and whether that keeps the event loop alive.
    ///
    /// # Errors
    /// What the system says: there is no memory, or no watch left.
    pub fn set_interest(
        &mut self,
        slot: u32,
        read: bool,
        write: bool,
        referenced: bool,
    ) -> io::Result<()> {
        let Some(Some(connection)) = self.slots.get_mut(slot as usize) else {
            return Ok(());
        };
        let was_active = connection.is_active();
        let changed = connection.reads != read || connection.writes != write;
        connection.reads = read;
        connection.writes = write;
        connection.is_referenced = referenced;
        match (was_active, connection.is_active()) {
            (false, true) => self.active += 1,
            (true, false) => self.active -= 1,
            _ => {}
        }
        if !changed {
            return Ok(());
        }
        let interest = Interest { read, write };
        let token = u64::from(slot) | u64::from(connection.generation) << 32;
        if !interest.is_some() {
            if connection.is_registered {
                connection.is_registered = false;
                self.poller.remove(&connection.fd)?;
            }
        } else if connection.is_registered {
            self.poller.modify(&connection.fd, token, interest)?;
        } else {
            self.poller.add(&connection.fd, token, interest)?;
            connection.is_registered = true;
        }
        Ok(())
    }

    /// The next connection that is ready, without waiting. Those that were fetched and not served yet come first: a
    /// connection that is always ready cannot keep the others from their turn.
    pub fn next_ready(&mut self, may_fetch: bool) -> Option<Readiness> {
        loop {
            if self.served == self.ready.len() {
                if !may_fetch || !self.fetch() {
                    return None;
                }
                continue;
            }
            let ready = self.ready[self.served];
            self.served += 1;
            let slot = ready.token as u32;
            let generation = (ready.token >> 32) as u32;
            let Some(Some(connection)) = self.slots.get(slot as usize) else {
                continue;
            };
            // What was fetched a turn ago may be over.
            if connection.generation != generation {
                continue;
            }
            let readiness = Readiness {
                slot,
                readable: ready.readable && connection.reads,
                writable: ready.writable && connection.writes,
            };
            if readiness.readable || readiness.writable {
                return Some(readiness);
            }
        }
    }

    /// Whether connections that were fetched wait to be served.
    pub fn has_ready(&self) -> bool {
        self.served < self.ready.len()
    }

    fn fetch(&mut self) -> bool {
        self.served = 0;
        // An interrupted call is made again when the loop finds the set readable again.
        self.poller.fetch(&mut self.ready).is_ok() && !self.ready.is_empty()
    }
}

#[cfg(test)]
mod tests;
