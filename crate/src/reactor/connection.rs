//! One socket of the reactor.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::OwnedFd;

use rustix::io::{self, Errno};
use rustix::net::{self, RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags};

/// Never raises SIGPIPE: where there is no flag for that, `Reactor::attach` sets an option of the socket.
#[cfg(not(target_os = "macos"))]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
#[cfg(target_os = "macos")]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT;

/// Where the system has no such flag they leave at once.
#[cfg(target_os = "linux")]
const LAST_FLAGS: SendFlags = SEND_FLAGS.union(SendFlags::MORE);
#[cfg(not(target_os = "linux"))]
const LAST_FLAGS: SendFlags = SEND_FLAGS;

/// macOS refuses a call with more than `INT_MAX` bytes, where others take a part of them.
const MAX_SEND_BYTES: usize = 1 << 30;

/// What `receive` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// So many bytes.
    Bytes(usize),
    /// The peer has ended its side.
    End,
    /// Nothing now.
    Nothing,
    /// The connection is lost.
    Failed(Errno),
}

/// A descriptor of a socket, and what it waits for.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not a state"
)]
pub struct Connection {
    pub(super) fd: OwnedFd,
    pub(super) generation: u32,
    pub(super) is_registered: bool,
    pub(super) reads: bool,
    pub(super) writes: bool,
    pub(super) is_referenced: bool,
    /// The decoder that its bytes go to, by slot and generation.
    pub decoder: Option<(u32, u32)>,
    /// The last receive filled its room: the next is given more.
    pub is_large: bool,
    /// Somebody else has a descriptor of the same socket.
    pub(super) is_shared: bool,
    /// It does not carry bytes but takes connections in.
    pub is_listener: bool,
}

impl Connection {
    pub(super) const fn new(fd: OwnedFd, generation: u32, is_shared: bool) -> Self {
        Self {
            fd,
            generation,
            is_registered: false,
            reads: false,
            writes: false,
            is_referenced: true,
            decoder: None,
            is_large: false,
            is_shared,
            is_listener: false,
        }
    }

    pub(super) const fn is_active(&self) -> bool {
        self.is_referenced && (self.reads || self.writes)
    }

    /// Reads what is there into `room` and then `more`. The first is not empty.
    pub fn receive(&self, room: &mut [u8], more: &mut [u8]) -> Received {
        let flags = RecvFlags::DONTWAIT;
        loop {
            let result = if more.is_empty() {
                net::recv(&self.fd, &mut *room, flags).map(|(count, _)| count)
            } else {
                let mut slices = [IoSliceMut::new(room), IoSliceMut::new(more)];
                net::recvmsg(
                    &self.fd,
                    &mut slices,
                    &mut RecvAncillaryBuffer::default(),
                    flags,
                )
                .map(|message| message.bytes)
            };
            return match result {
                Ok(0) => Received::End,
                Ok(count) => Received::Bytes(count),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Received::Nothing,
                Err(error) => Received::Failed(error),
            };
        }
    }

    /// Sends FIN behind what was handed over.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn shut_down(&self) -> io::Result<()> {
        net::shutdown(&self.fd, net::Shutdown::Write)
    }

    /// Hands over as much of `bytes` and then `more` as there is room for, which may be nothing. Never raises SIGPIPE.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn send(&self, bytes: &[u8], more: &[u8]) -> io::Result<usize> {
        self.send_with(bytes, more, SEND_FLAGS)
    }

    /// The same of the last bytes, which `shut_down` follows at once: they leave with FIN, in one packet.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn send_last(&self, bytes: &[u8], more: &[u8]) -> io::Result<usize> {
        self.send_with(bytes, more, LAST_FLAGS)
    }

    fn send_with(&self, bytes: &[u8], more: &[u8], flags: SendFlags) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(MAX_SEND_BYTES)];
        let more = &more[..more.len().min(MAX_SEND_BYTES - bytes.len())];
        loop {
            let result = if more.is_empty() {
                net::send(&self.fd, bytes, flags)
            } else {
                let slices = [IoSlice::new(bytes), IoSlice::new(more)];
                net::sendmsg(
                    &self.fd,
                    &slices,
                    &mut SendAncillaryBuffer::default(),
                    flags,
                )
            };
            return match result {
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Ok(0),
                // The system has no buffers for the moment, as libuv takes it, too.
                #[cfg(not(target_os = "linux"))]
                Err(Errno::NOBUFS) => Ok(0),
                // What macOS says of a socket that is just being torn down.
                #[cfg(target_os = "macos")]
                Err(Errno::PROTOTYPE) => Err(Errno::PIPE),
                other => other,
            };
        }
    }
}
