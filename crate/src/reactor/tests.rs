use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::io::Errno;

use super::{ListenOptions, Reactor, Readiness, Received};

fn pair() -> (Reactor, UnixStream, UnixStream, u32) {
    let mut reactor = Reactor::new().unwrap();
    let (near, far) = UnixStream::pair().unwrap();
    let slot = reactor.attach(near.as_fd()).unwrap();
    (reactor, near, far, slot)
}

fn reads(slot: u32) -> Readiness {
    Readiness {
        slot,
        readable: true,
        writable: false,
    }
}

#[test]
fn receives_until_the_end() {
    let (mut reactor, _near, mut far, slot) = pair();
    reactor.set_interest(slot, true, false, true).unwrap();
    assert_eq!(reactor.next_ready(true), None);
    far.write_all(b"abc").unwrap();
    assert_eq!(reactor.next_ready(true), Some(reads(slot)));
    let mut room = [0; 2];
    let connection = reactor.connection(slot).unwrap();
    assert_eq!(connection.receive(&mut room, &mut []), Received::Bytes(2));
    // Level-triggered: the byte that was left makes it ready again.
    assert_eq!(reactor.next_ready(true), Some(reads(slot)));
    let connection = reactor.connection(slot).unwrap();
    assert_eq!(connection.receive(&mut room, &mut []), Received::Bytes(1));
    assert_eq!(connection.receive(&mut room, &mut []), Received::Nothing);
    drop(far);
    assert_eq!(reactor.next_ready(true), Some(reads(slot)));
    let connection = reactor.connection(slot).unwrap();
    assert_eq!(connection.receive(&mut room, &mut []), Received::End);
}

#[test]
fn receives_into_the_first_room_and_then_the_second() {
    let (mut reactor, _near, mut far, slot) = pair();
    let connection = reactor.connection(slot).unwrap();
    let (mut first, mut second) = ([0; 3], [0; 9]);
    let mut receive = || connection.receive(&mut first, &mut second);
    assert_eq!(receive(), Received::Nothing);
    far.write_all(b"abcde").unwrap();
    assert_eq!(receive(), Received::Bytes(5));
    drop(far);
    assert_eq!(receive(), Received::End);
    assert_eq!((&first, &second[..3]), (b"abc", &b"de\0"[..]));
}

#[test]
fn a_hang_up_does_not_wake_those_that_wait_for_nothing() {
    let (mut reactor, _near, far, slot) = pair();
    reactor.set_interest(slot, true, false, true).unwrap();
    reactor.set_interest(slot, false, false, true).unwrap();
    drop(far);
    assert_eq!(reactor.next_ready(true), None);
}

#[test]
fn a_connection_that_is_always_ready_does_not_starve_another() {
    let (mut reactor, _near, mut far, slot) = pair();
    let (near, mut other_far) = UnixStream::pair().unwrap();
    let other = reactor.attach(near.as_fd()).unwrap();
    for slot in [slot, other] {
        reactor.set_interest(slot, true, false, true).unwrap();
    }
    far.write_all(b"a").unwrap();
    other_far.write_all(b"b").unwrap();
    let first = reactor.next_ready(true).unwrap();
    assert!(reactor.has_ready());
    let second = reactor.next_ready(false).unwrap();
    assert_ne!(first.slot, second.slot);
    assert_eq!(reactor.next_ready(false), None);
}

#[test]
fn sends_what_there_is_room_for_and_then_waits_for_more() {
    let (mut reactor, _near, mut far, slot) = pair();
    let block = vec![7; 1 << 20];
    let mut sent = 0;
    loop {
        let count = reactor
            .connection(slot)
            .unwrap()
            .send(b"head", &block)
            .unwrap();
        if count == 0 {
            break;
        }
        sent += count;
    }
    reactor.set_interest(slot, false, true, true).unwrap();
    assert_eq!(reactor.next_ready(true), None);
    let mut left = sent;
    let mut room = vec![0; 1 << 16];
    while left > 0 {
        left -= far.read(&mut room).unwrap();
    }
    assert!(reactor.next_ready(true).is_some_and(|ready| ready.writable));
}

#[test]
fn the_last_bytes_leave_with_the_end() {
    let (mut reactor, _near, mut far, slot) = pair();
    let connection = reactor.connection(slot).unwrap();
    assert_eq!(connection.send_last(b"by", b"e"), Ok(3));
    connection.shut_down().unwrap();
    let mut received = Vec::new();
    far.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"bye");
}

#[test]
fn sending_to_a_peer_that_is_gone_is_an_error_and_no_signal() {
    let (mut reactor, _near, far, slot) = pair();
    drop(far);
    let connection = reactor.connection(slot).unwrap();
    assert_eq!(connection.send(b"x", b""), Err(rustix::io::Errno::PIPE));
}

#[test]
fn a_freed_slot_is_not_given_out_before_it_is_recycled_and_its_events_are_forgotten() {
    let (mut reactor, near, mut far, slot) = pair();
    reactor.set_interest(slot, true, false, true).unwrap();
    far.write_all(b"a").unwrap();
    let (other_near, mut other_far) = UnixStream::pair().unwrap();
    let other = reactor.attach(other_near.as_fd()).unwrap();
    reactor.set_interest(other, true, false, true).unwrap();
    other_far.write_all(b"b").unwrap();
    let first = reactor.next_ready(true).unwrap();
    let second = if first.slot == slot { other } else { slot };
    reactor.detach(second);
    let third = reactor.attach(near.as_fd()).unwrap();
    assert_ne!(third, second);
    reactor.detach(third);
    reactor.recycle();
    let again = reactor.attach(near.as_fd()).unwrap();
    assert!(again == second || again == third);
    reactor.set_interest(again, true, false, true).unwrap();
    // What had been fetched was of the connection before.
    assert_eq!(reactor.next_ready(false), None);
}

#[test]
fn only_what_is_waited_for_keeps_the_loop_alive() {
    let (mut reactor, _near, _far, slot) = pair();
    assert!(!reactor.is_active());
    reactor.set_interest(slot, true, false, true).unwrap();
    assert!(reactor.is_active());
    reactor.set_interest(slot, true, false, false).unwrap();
    assert!(!reactor.is_active());
    reactor.set_interest(slot, false, true, true).unwrap();
    assert!(reactor.is_active());
    reactor.detach(slot);
    assert!(!reactor.is_active());
    assert_eq!(reactor.count(), 0);
}

#[test]
fn takes_nothing_but_stream_sockets() {
    let mut reactor = Reactor::new().unwrap();
    let file = std::fs::File::open("Cargo.toml").unwrap();
    assert_eq!(reactor.attach(file.as_fd()), Err(rustix::io::Errno::NOTSUP));
}

#[test]
#[cfg(not(target_os = "macos"))]
fn listens_at_nothing_but_a_socket_that_listens() {
    let (mut reactor, near, _far, _) = pair();
    let options = ListenOptions {
        no_delay: false,
        keep_alive: None,
    };
    assert_eq!(reactor.listen(near.as_fd(), options), Err(Errno::INVAL));
    assert_eq!(reactor.count(), 1);
}

#[test]
fn leaves_the_last_descriptors_to_others() {
    let (mut reactor, near, _far, slot) = pair();
    reactor.end = 0;
    assert_eq!(reactor.attach(near.as_fd()), Err(Errno::MFILE));
    assert_eq!(reactor.count(), 1);
    reactor.end = u64::MAX;
    assert_ne!(reactor.attach(near.as_fd()), Ok(slot));
    assert_eq!(reactor.count(), 2);
}

#[test]
fn a_network_is_an_ipv4_address_or_half_of_an_ipv6_one() {
    let of = |peer: &str| super::listening::network_of(peer.parse().unwrap());
    assert_eq!(of("10.1.2.3:99"), "10.1.2.3");
    assert_eq!(of("[::ffff:10.1.2.3]:99"), "10.1.2.3");
    assert_eq!(of("[2001:db8:0:1:2:3:4:5]:99"), "2001:db8:0:1::/64");
    assert_eq!(of("[2001:0db8::5]:99"), "2001:db8:0:0::/64");
    assert_eq!(of("[::1]:99"), "0:0:0:0::/64");
    assert_eq!(of("[fe80::1%2]:99"), "fe80:0:0:0::/64");
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_listener_takes_in_is_set_as_it_was_asked_to_be() {
    use rustix::net::sockopt::{socket_keepalive, tcp_keepidle, tcp_nodelay};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    for (no_delay, keep_alive) in [(true, Some(60)), (false, None)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // As libuv has it.
        listener.set_nonblocking(true).unwrap();
        let mut reactor = Reactor::new().unwrap();
        let options = ListenOptions {
            no_delay,
            keep_alive,
        };
        let slot = reactor.listen(listener.as_fd(), options).unwrap();
        assert!(matches!(reactor.accept(slot), Err(Errno::AGAIN)));
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(reactor.next_ready(true), Some(reads(slot)));
        let accepted = reactor.accept(slot).unwrap();
        assert!(!accepted.is_late);
        let duplicate = reactor.duplicate(accepted.slot).unwrap();
        let taken = reactor.take(accepted.slot).unwrap();
        assert!(reactor.connection(accepted.slot).is_none());
        for fd in [&duplicate, &taken] {
            assert_eq!(tcp_nodelay(fd), Ok(no_delay));
            assert_eq!(socket_keepalive(fd), Ok(keep_alive.is_some()));
            if let Some(seconds) = keep_alive {
                assert_eq!(tcp_keepidle(fd), Ok(Duration::from_secs(seconds.into())));
            }
        }
        far.write_all(b"abc").unwrap();
        let mut bytes = [0; 3];
        TcpStream::from(taken).read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"abc");
        reactor.detach(slot);
        assert_eq!(reactor.count(), 0);
    }
}
