//! Listening sockets in the set, and what they take in: each connection is the only owner of its descriptor at first.

use std::fmt::Write;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::{self, Errno};
use rustix::net::{SocketFlags, accept_with, getpeername, sockopt};

use super::Reactor;

/// A connection that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its number.
    pub slot: u32,
    /// Its descriptor is one of the last: see `Reactor::attach`.
    pub is_late: bool,
}

/// What the connections of a listening socket are set to. They have it from the listening socket: it costs no call for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// `TCP_NODELAY`: short messages leave at once.
    pub no_delay: bool,
    /// After so many silent seconds the peer is asked whether it is still there; `None` for never.
    pub keep_alive: Option<u32>,
}

/// As libuv has it: the peer is asked so often, a second apart, before the connection is lost.
const KEEP_ALIVE_PROBES: u32 = 10;
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(1);

impl ListenOptions {
    fn set(self, fd: BorrowedFd<'_>) -> io::Result<()> {
        if self.no_delay {
            sockopt::set_tcp_nodelay(fd, true)?;
        }
        if let Some(seconds) = self.keep_alive {
            sockopt::set_socket_keepalive(fd, true)?;
            // None is the system's own.
            if seconds > 0 {
                sockopt::set_tcp_keepidle(fd, Duration::from_secs(seconds.into()))?;
                sockopt::set_tcp_keepintvl(fd, KEEP_ALIVE_INTERVAL)?;
                sockopt::set_tcp_keepcnt(fd, KEEP_ALIVE_PROBES)?;
            }
        }
        Ok(())
    }
}

impl Reactor {
    /// Adds a duplicate of the listening socket `fd`, and waits for the connections that come there. It does not keep the
    /// event loop alive.
    ///
    /// # Errors
    /// As `attach`, `INVAL` where the socket does not listen, and what `epoll_ctl` and `setsockopt` say.
    pub fn listen(&mut self, fd: BorrowedFd<'_>, options: ListenOptions) -> io::Result<u32> {
        // macOS knows the option by name only.
        #[cfg(not(target_os = "macos"))]
        if !sockopt::socket_acceptconn(fd)? {
            return Err(Errno::INVAL);
        }
        options.set(fd)?;
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

    /// What counts as the one address of a connection's peer: see `network_of`. `None` for a unix socket, and where the
    /// connection is lost already.
    pub fn network(&mut self, slot: u32) -> Option<String> {
        let peer = getpeername(&self.connection(slot)?.fd).ok()??;
        SocketAddr::try_from(peer).ok().map(network_of)
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

/// An IPv4 address, also in its IPv6 form, or the 64-bit network of an IPv6 one: as `networkOf` in lib/server/admission.ts has it.
pub(super) fn network_of(peer: SocketAddr) -> String {
    let address = match peer {
        SocketAddr::V4(peer) => return peer.ip().to_string(),
        SocketAddr::V6(peer) => *peer.ip(),
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return mapped.to_string();
    }
    let mut network = String::with_capacity(24);
    for group in &address.segments()[..4] {
        let _ = write!(network, "{group:x}:");
    }
    network + ":/64"
}
