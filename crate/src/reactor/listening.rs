//! Listening sockets in the set, and what they take in: each connection is the only owner of its descriptor at first.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::{self, Errno};
use rustix::net::{SocketFlags, accept_with};

use super::Reactor;

/// A connection that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its number.
    pub slot: u32,
    /// Its descriptor is one of the last: see `Reactor::attach`.
    pub is_late: bool,
}

impl Reactor {
    /// Adds a duplicate of the listening socket `fd`, and waits for the connections that come there. It does not keep the
    /// event loop alive.
    ///
    /// # Errors
    /// As `attach`, and what `epoll_ctl` says.
    pub fn listen(&mut self, fd: BorrowedFd<'_>) -> io::Result<u32> {
        let slot = self.attach(fd)?;
        if let Some(connection) = self.connection(slot) {
            connection.is_listener = true;
        }
        self.set_interest(slot, true, false, false)
            .inspect_err(|_| self.detach(slot))?;
        Ok(slot)
    }

    /// Takes in a connection that waits at the listener `slot`, and waits for its first bytes.
    ///
    /// # Errors
    /// `AGAIN` where none waits, else why those that wait cannot be taken in.
    pub fn accept(&mut self, slot: u32) -> io::Result<Accepted> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = loop {
            let listener = self.connection(slot).ok_or(Errno::BADF)?;
            match accept_with(&listener.fd, flags) {
                Ok(fd) => break fd,
                // Of a connection that ended while it waited nothing is to be told.
                Err(Errno::INTR | Errno::CONNABORTED | Errno::PROTO) => {}
                Err(error) => return Err(error),
            }
        };
        let is_late = self.is_late(&fd);
        let slot = self.add(fd, false);
        self.set_interest(slot, true, false, true)
            .inspect_err(|_| self.detach(slot))?;
        Ok(Accepted { slot, is_late })
    }

    /// Takes a connection out and gives its descriptor away, as it is.
    pub fn take(&mut self, slot: u32) -> Option<OwnedFd> {
        let connection = self.remove(slot)?;
        if connection.is_registered {
            let _ = self.poller.remove(&connection.fd);
        }
        Some(connection.fd)
    }

    /// Another descriptor of the socket.
    ///
    /// # Errors
    /// There is none left.
    pub fn duplicate(&mut self, slot: u32) -> io::Result<OwnedFd> {
        let connection = self.connection(slot).ok_or(Errno::BADF)?;
        let fd = rustix::io::fcntl_dupfd_cloexec(&connection.fd, 3)?;
        connection.is_shared = true;
        Ok(fd)
    }
}
