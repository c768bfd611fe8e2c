use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Interest, MAX_READY, Poller, Ready};

const READ: Interest = Interest {
    read: true,
    write: false,
};
const WRITE: Interest = Interest {
    read: false,
    write: true,
};
const BOTH: Interest = Interest {
    read: true,
    write: true,
};

/// What is ready, by token: a socket that is ready for both may be named twice.
fn fetch(poller: &mut Poller) -> Vec<(u64, bool, bool)> {
    let mut ready = Vec::new();
    poller.fetch(&mut ready).unwrap();
    let mut merged: Vec<(u64, bool, bool)> = Vec::new();
    for Ready {
        token,
        readable,
        writable,
    } in ready
    {
        match merged.iter_mut().find(|known| known.0 == token) {
            Some(known) => {
                known.1 |= readable;
                known.2 |= writable;
            }
            None => merged.push((token, readable, writable)),
        }
    }
    merged.sort_unstable();
    merged
}

/// A token that uses all 64 bits.
const TOKEN: u64 = 0x8765_4321_0fed_cba9;

#[test]
fn a_socket_is_named_until_it_is_read_empty() {
    let mut poller = Poller::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    poller.add(&near, TOKEN, READ).unwrap();
    assert_eq!(fetch(&mut poller), []);
    far.write_all(b"ab").unwrap();
    for _ in 0..2 {
        assert_eq!(fetch(&mut poller), [(TOKEN, true, false)]);
        near.read_exact(&mut [0]).unwrap();
    }
    assert_eq!(fetch(&mut poller), []);
}

#[test]
fn what_is_waited_for_can_be_changed() {
    let mut poller = Poller::new().unwrap();
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"a").unwrap();
    poller.add(&near, 1, WRITE).unwrap();
    assert_eq!(fetch(&mut poller), [(1, false, true)]);
    poller.modify(&near, 1, BOTH).unwrap();
    assert_eq!(fetch(&mut poller), [(1, true, true)]);
    poller.modify(&near, 1, READ).unwrap();
    assert_eq!(fetch(&mut poller), [(1, true, false)]);
    poller.remove(&near).unwrap();
    assert_eq!(fetch(&mut poller), []);
    poller.add(&near, 2, READ).unwrap();
    assert_eq!(fetch(&mut poller), [(2, true, false)]);
}

#[test]
fn the_end_of_a_peer_is_told_to_those_that_wait() {
    let mut poller = Poller::new().unwrap();
    for (token, interest) in [(1, READ), (2, WRITE)] {
        let (near, far) = UnixStream::pair().unwrap();
        poller.add(&near, token, interest).unwrap();
        drop(far);
        let told = fetch(&mut poller);
        assert_eq!(told.len(), 1);
        assert!(if interest.read { told[0].1 } else { told[0].2 });
        poller.remove(&near).unwrap();
    }
    assert_eq!(fetch(&mut poller), []);
}

#[test]
fn a_full_socket_is_named_again_when_there_is_room() {
    let mut poller = Poller::new().unwrap();
    let (mut near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    poller.add(&near, 1, WRITE).unwrap();
    let block = [0; 4096];
    let mut sent = 0;
    while let Ok(count) = near.write(&block) {
        sent += count;
    }
    assert_eq!(fetch(&mut poller), []);
    let mut room = vec![0; sent];
    far.read_exact(&mut room).unwrap();
    assert_eq!(fetch(&mut poller), [(1, false, true)]);
}

#[test]
fn duplicates_are_different_sockets() {
    let mut poller = Poller::new().unwrap();
    let (near, mut far) = UnixStream::pair().unwrap();
    let other = near.try_clone().unwrap();
    poller.add(&near, 1, READ).unwrap();
    poller.add(&other, 2, READ).unwrap();
    far.write_all(b"a").unwrap();
    assert_eq!(fetch(&mut poller), [(1, true, false), (2, true, false)]);
    poller.remove(&near).unwrap();
    assert_eq!(fetch(&mut poller), [(2, true, false)]);
}

#[test]
fn no_more_than_there_is_room_for_are_fetched_and_the_others_next_time() {
    let mut poller = Poller::new().unwrap();
    let count = MAX_READY as u64 + 10;
    let pairs: Vec<_> = (0..count)
        .map(|token| {
            let (near, mut far) = UnixStream::pair().unwrap();
            far.write_all(b"a").unwrap();
            poller.add(&near, token, READ).unwrap();
            (near, far)
        })
        .collect();
    let first = fetch(&mut poller);
    assert_eq!(first.len(), MAX_READY);
    for (token, ..) in first {
        poller.remove(&pairs[token as usize].0).unwrap();
    }
    assert_eq!(fetch(&mut poller).len(), 10);
}

#[test]
fn the_set_itself_is_readable_while_a_socket_in_it_is_ready() {
    let poller = Poller::new().unwrap();
    let is_readable = || {
        let now = Timespec::default();
        let mut watched = [PollFd::new(&poller, PollFlags::IN)];
        poll(&mut watched, Some(&now)).unwrap() == 1
    };
    let (mut near, mut far) = UnixStream::pair().unwrap();
    poller.add(&near, 1, READ).unwrap();
    assert!(!is_readable());
    far.write_all(b"a").unwrap();
    for _ in 0..2 {
        assert!(is_readable());
    }
    near.read_exact(&mut [0]).unwrap();
    assert!(!is_readable());
}
