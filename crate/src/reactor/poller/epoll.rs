//! The set on Linux.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io;

use super::{Interest, MAX_READY, Ready};

/// An epoll set.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poller {
    /// An empty set.
    ///
    /// # Errors
    /// What `epoll_create1` says.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(MAX_READY),
        })
    }

    /// Adds a socket, which is not in the set, with something to wait for.
    ///
    /// # Errors
    /// What `epoll_ctl` says: there is no memory, or no watch left.
    pub fn add(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        epoll::add(&self.epoll, fd, data, flags(interest))
    }

    /// Has a socket in the set wait for something else; `token` is that it was added with.
    ///
    /// # Errors
    /// What `epoll_ctl` says.
    pub fn modify(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        epoll::modify(&self.epoll, fd, data, flags(interest))
    }

    /// Takes a socket out: closing a duplicate does not, while the other one is open.
    ///
    /// # Errors
    /// What `epoll_ctl` says.
    pub fn remove(&self, fd: impl AsFd) -> io::Result<()> {
        epoll::delete(&self.epoll, fd)
    }

    /// Writes down which sockets are ready now, `MAX_READY` of them at most.
    ///
    /// # Errors
    /// The call was interrupted.
    pub fn fetch(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        const NOW: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        ready.clear();
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&NOW))?;
        // Told to those that asked for nothing, too.
        let over = epoll::EventFlags::HUP | epoll::EventFlags::ERR;
        ready.extend(self.events.iter().map(|event| {
            let (flags, data) = (event.flags, event.data);
            Ready {
                token: data.u64(),
                readable: flags.intersects(epoll::EventFlags::IN | over),
                writable: flags.intersects(epoll::EventFlags::OUT | over),
            }
        }));
        Ok(())
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

fn flags(interest: Interest) -> epoll::EventFlags {
    let mut flags = epoll::EventFlags::empty();
    flags.set(epoll::EventFlags::IN, interest.read);
    flags.set(epoll::EventFlags::OUT, interest.write);
    flags
}
