//! The set of sockets that are waited for: epoll on Linux, kqueue on macOS and FreeBSD, with the same behaviour.
//!
//! It is level-triggered: a socket is named again and again until what makes it ready is taken away. A socket is in the set only
//! while there is something to wait for. The set's own descriptor is readable while a socket in it is ready.

#[cfg(target_os = "linux")]
mod epoll;
#[cfg(not(target_os = "linux"))]
#[expect(unsafe_code, reason = "the wrapper of kevent is unsafe")]
mod kqueue;

#[cfg(target_os = "linux")]
pub use epoll::Poller;
#[cfg(not(target_os = "linux"))]
pub use kqueue::Poller;

/// How many sockets that are ready are fetched at a time.
pub const MAX_READY: usize = 64;

/// What a socket waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Bytes, the peer's end, an error.
    pub read: bool,
    /// Room for bytes, an error.
    pub write: bool,
}

impl Interest {
    /// Whether there is something to wait for.
    pub const fn is_some(self) -> bool {
        self.read || self.write
    }
}

/// A socket that is ready. One that is ready for both may be named twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// As it was added with.
    pub token: u64,
    /// There is something to read.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
}

#[cfg(test)]
mod tests;
