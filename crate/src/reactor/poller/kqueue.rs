//! The set on macOS and FreeBSD.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr::without_provenance_mut;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::kqueue::{self, Event, EventFilter, EventFlags};
use rustix::io::{self, Errno, FdFlags};

use super::{Interest, MAX_READY, Ready};

// A token is kept in a pointer's place.
const _: () = assert!(size_of::<usize>() >= size_of::<u64>());

const NOW: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// A kqueue: reading and writing are a filter each. Without EV_CLEAR they are level-triggered, and EV_EOF, the peer's end or
/// an error, makes them ready as well.
pub struct Poller {
    kqueue: OwnedFd,
    events: Vec<Event>,
}

impl Poller {
    /// An empty set.
    ///
    /// # Errors
    /// What `kqueue` says.
    pub fn new() -> io::Result<Self> {
        let kqueue = kqueue::kqueue()?;
        // A child of fork has no kqueue in any case; one that was made by posix_spawn would have the number.
        io::fcntl_setfd(&kqueue, FdFlags::CLOEXEC)?;
        Ok(Self {
            kqueue,
            events: Vec::with_capacity(MAX_READY),
        })
    }

    /// Adds a socket, which is not in the set, with something to wait for.
    ///
    /// # Errors
    /// What `kevent` says: there is no memory.
    pub fn add(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        self.set(fd.as_fd().as_raw_fd(), token, interest)
    }

    /// Has a socket in the set wait for something else; `token` is that it was added with.
    ///
    /// # Errors
    /// What `kevent` says.
    pub fn modify(&self, fd: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        self.set(fd.as_fd().as_raw_fd(), token, interest)
    }

    /// Takes a socket out, which closing its descriptor would do, too.
    ///
    /// # Errors
    /// What `kevent` says.
    pub fn remove(&self, fd: impl AsFd) -> io::Result<()> {
        let nothing = Interest {
            read: false,
            write: false,
        };
        self.set(fd.as_fd().as_raw_fd(), 0, nothing)
    }

    /// Writes down which sockets are ready now, `MAX_READY` of them at most.
    ///
    /// # Errors
    /// The call was interrupted.
    pub fn fetch(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        ready.clear();
        self.events.clear();
        let events = spare_capacity(&mut self.events);
        // SAFETY: nothing is changed; the filters that are there go with their descriptors.
        unsafe { kqueue::kevent_timespec(&self.kqueue, &[], events, Some(&NOW))? };
        ready.extend(self.events.iter().map(|event| Ready {
            token: event.udata().addr() as u64,
            readable: matches!(event.filter(), EventFilter::Read(_)),
            writable: matches!(event.filter(), EventFilter::Write(_)),
        }));
        Ok(())
    }

    /// Puts the filters of a descriptor in place, and those it shall not have away.
    fn set(&self, fd: RawFd, token: u64, Interest { read, write }: Interest) -> io::Result<()> {
        let change = |filter, wanted| {
            let action = if wanted {
                EventFlags::ADD
            } else {
                EventFlags::DELETE
            };
            // With RECEIPT each change is answered by itself, and nothing else is told.
            let flags = action | EventFlags::RECEIPT;
            Event::new(filter, flags, without_provenance_mut(token as usize))
        };
        let changes = [
            change(EventFilter::Read(fd), read),
            change(EventFilter::Write(fd), write),
        ];
        let mut receipts = Vec::with_capacity(changes.len());
        let room = spare_capacity(&mut receipts);
        // SAFETY: the descriptor is open during the call, and its filters go when it is closed.
        match unsafe { kqueue::kevent_timespec(&self.kqueue, &changes, room, Some(&NOW)) } {
            // All changes are made then.
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        for (receipt, wanted) in receipts.iter().zip([read, write]) {
            let number = receipt.data();
            let is_error = receipt.flags().contains(EventFlags::ERROR) && number != 0;
            // What shall not be there may not have been there.
            let is_fine = !wanted && number == i64::from(Errno::NOENT.raw_os_error());
            if is_error && !is_fine {
                return Err(Errno::from_raw_os_error(number as i32));
            }
        }
        Ok(())
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.kqueue.as_fd()
    }
}
