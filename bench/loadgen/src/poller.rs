//! The epoll set. Level-triggered: what was not read now is told again.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use crate::failure::Failure;

/// How many connections are dealt with before the clock is looked at again.
const EVENTS_AT_ONCE: usize = 256;

/// What a connection is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Bytes or the end.
    Read,
    /// Room for bytes.
    Write,
    /// Both.
    Both,
}

impl Interest {
    /// Reading always, writing only if something waits.
    pub fn with_output(waits: bool) -> Self {
        if waits { Self::Both } else { Self::Read }
    }

    fn flags(self) -> epoll::EventFlags {
        match self {
            Self::Read => epoll::EventFlags::IN,
            Self::Write => epoll::EventFlags::OUT,
            Self::Both => epoll::EventFlags::IN | epoll::EventFlags::OUT,
        }
    }
}

/// What became possible on a connection. An error shows as both: the next call returns it.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// As given to `add`.
    pub token: usize,
    /// There is something to read.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
}

/// The set.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poller {
    /// An empty set.
    pub fn new() -> Result<Self, Failure> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|errno| Failure::of("epoll_create")(errno.into()))?;
        Ok(Self {
            epoll,
            events: Vec::with_capacity(EVENTS_AT_ONCE),
        })
    }

    /// Watches a descriptor, until it is closed or removed.
    pub fn add(&self, source: impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token as u64);
        Ok(epoll::add(&self.epoll, source, data, interest.flags())?)
    }

    /// Watches it for something else.
    pub fn modify(&self, source: impl AsFd, token: usize, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token as u64);
        Ok(epoll::modify(&self.epoll, source, data, interest.flags())?)
    }

    /// Watches it no more.
    pub fn remove(&self, source: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, source)?)
    }

    /// Waits until something is ready, at most for `timeout` if there is one, and replaces the content of `ready` by it.
    pub fn wait(
        &mut self,
        timeout: Option<Duration>,
        ready: &mut Vec<Ready>,
    ) -> Result<(), Failure> {
        self.events.clear();
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let events = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, events, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(Failure::of("epoll_wait")(errno.into())),
        }
        ready.clear();
        ready.extend(self.events.iter().map(|event| {
            let (flags, data) = (event.flags, event.data);
            let failed = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
            Ready {
                token: data.u64() as usize,
                readable: failed || flags.contains(epoll::EventFlags::IN),
                writable: failed || flags.contains(epoll::EventFlags::OUT),
            }
        }));
        Ok(())
    }
}
