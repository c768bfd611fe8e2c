//! The decoder against a naive oracle: whole streams read frame by frame with no cuts, no suspension and no fast paths.

mod support;

use nodejs_websocket::error::Failure;
use nodejs_websocket::header::Role;
use nodejs_websocket::limits::Limits;
use nodejs_websocket::sink::BinaryMode;
use proptest::prelude::*;
use support::{Event, Manner, decode, frame, oracle};

/// Streams of frames that are mostly right: fragments, control frames between them, and now and then a broken rule.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        4 => prop::collection::vec(any::<char>(), 0..12)
            .prop_map(|characters| characters.into_iter().collect::<String>().into_bytes()),
        2 => "[a-z]{0,90}".prop_map(String::into_bytes),
        2 => prop::collection::vec(any::<u8>(), 0..150),
        1 => prop::collection::vec(Just(b'x'), 300..70_000),
        1 => prop::sample::select(vec![vec![0x03, 0xe8], vec![0x03, 0xed], vec![0x03], b"\x03\xe8bye".to_vec()]),
    ];
    let first = prop_oneof![
        6 => prop::sample::select(vec![0x81u8, 0x82, 0x01, 0x02, 0x00, 0x80]),
        3 => prop::sample::select(vec![0x89u8, 0x8a]),
        1 => prop::sample::select(vec![0x88u8, 0xc1, 0x83, 0x09, 0x8b]),
    ];
    let key =
        prop_oneof![8 => any::<[u8; 4]>().prop_map(Some), 1 => Just(Some([0; 4])), 1 => Just(None)];
    prop::collection::vec((first, payload, key), 0..10).prop_map(|frames| {
        frames
            .iter()
            .flat_map(|(first, payload, key)| frame(*first, payload, *key))
            .collect()
    })
}

fn limits() -> impl Strategy<Value = Limits> {
    let bytes = prop_oneof![Just(u64::MAX), 0u64..400];
    (bytes.clone(), bytes, prop_oneof![Just(16_384), 0u32..4]).prop_map(
        |(max_message_bytes, max_stream_bytes, max_fragments)| Limits {
            max_message_bytes,
            max_stream_bytes,
            max_fragments,
        },
    )
}

fn manner() -> impl Strategy<Value = Manner> {
    let mode = prop_oneof![Just(BinaryMode::Collect), Just(BinaryMode::Stream)];
    let stops = prop_oneof![Just(0), Just(0xff), any::<u8>()];
    (prop::collection::vec(mode, 1..4), any::<bool>(), stops).prop_map(|(modes, later, stops)| {
        Manner {
            modes,
            later,
            stops,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_cuts_and_stops_give_the_events_of_the_oracle(
        bytes in stream(),
        limits in limits(),
        sizes in prop::collection::vec(prop_oneof![1usize..4, 1usize..200, Just(100_000)], 1..6),
        manner in manner(),
        damage in prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut bytes = bytes;
        if let (Some((at, value)), false) = (damage, bytes.is_empty()) {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let expected = oracle(&bytes, Role::Server, limits, &manner);
        let actual = decode(&bytes, Role::Server, limits, &sizes, &manner);
        prop_assert_eq!(actual, expected);
    }
}

fn failure_of(bytes: &[u8], role: Role, limits: Limits) -> Vec<Event> {
    let steady = Manner::steady(BinaryMode::Stream);
    let whole = decode(bytes, role, limits, &[usize::MAX], &steady);
    let single = decode(bytes, role, limits, &[1], &steady);
    assert_eq!(whole, single);
    whole
}

#[test]
fn each_broken_header_rule_has_its_failure() {
    let limits = Limits::default();
    let server: &[(&[u8], Failure)] = &[
        (&[0xc1, 0x00], Failure::ReservedBits),
        (&[0x93, 0x00], Failure::ReservedBits),
        (&[0x83, 0x80], Failure::Opcode),
        (&[0x8f, 0x80], Failure::Opcode),
        (&[0x09, 0x00], Failure::ControlFragmented),
        (&[0x80, 0x80], Failure::UnexpectedContinuation),
        (&[0x81, 0x00], Failure::MaskRequired),
        (&[0x89, 0xfe], Failure::ControlLength),
        (&[0x82, 0xfe, 0, 125], Failure::LengthNotMinimal),
        (
            &[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            Failure::LengthNotMinimal,
        ),
        (
            &[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0],
            Failure::LengthSign,
        ),
        (
            &[0x82, 0xff, 0x00, 0x20, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            Failure::MessageTooBig,
        ),
        (
            &[
                0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
            ],
            Failure::MessageTooBig,
        ),
        (
            &[0x01, 0x80, 1, 2, 3, 4, 0x81, 0x80],
            Failure::ExpectedContinuation,
        ),
    ];
    for (bytes, failure) in server {
        let events = failure_of(bytes, Role::Server, limits);
        assert_eq!(events.last(), Some(&Event::Failure(*failure)), "{bytes:x?}");
    }
    assert_eq!(
        failure_of(&[0x81, 0x80], Role::Client, limits),
        [Event::Failure(Failure::MaskForbidden)]
    );
}

#[test]
fn nothing_is_held_on_the_word_of_a_length_field() {
    use nodejs_websocket::decoder::Decoder;
    let mut decoder = Decoder::new(
        Role::Client,
        Limits {
            max_message_bytes: u64::MAX,
            ..Limits::default()
        },
    );
    let mut events = support::Collector::new(Manner::steady(BinaryMode::Stream));
    let mut header = vec![0x81, 127, 0, 0, 0x10, 0, 0, 0, 0, 0];
    decoder.feed(&mut header, &mut events);
    assert!(decoder.reserved_bytes() <= 64 * 1024);
    assert_eq!(decoder.pending_bytes(), 0);
}

#[test]
fn invalid_utf8_fails_before_the_message_ends() {
    let mut bytes = vec![0x01, 0x05];
    bytes.extend([b'a', 0xf4, 0x90]);
    assert_eq!(
        failure_of(&bytes, Role::Client, Limits::default()),
        [Event::Failure(Failure::InvalidUtf8)]
    );
}

#[test]
fn what_follows_a_close_frame_or_a_failure_is_discarded() {
    let mut bytes = frame(0x88, b"\x03\xe8", None);
    bytes.extend(frame(0x81, b"late", None));
    assert_eq!(
        failure_of(&bytes, Role::Client, Limits::default()),
        [Event::Close(1000, Vec::new())]
    );
}

#[test]
fn only_fragments_shorter_than_64_bytes_are_counted() {
    let limits = Limits {
        max_fragments: 2,
        ..Limits::default()
    };
    let fragments = |lengths: &[usize]| {
        let last = lengths.len() - 1;
        lengths
            .iter()
            .enumerate()
            .flat_map(|(i, length)| {
                let first = u8::from(i == last) << 7 | u8::from(i == 0);
                frame(first, &vec![b'a'; *length], None)
            })
            .collect::<Vec<u8>>()
    };
    let message = |length| [Event::Text("a".repeat(length))];
    assert_eq!(
        failure_of(&fragments(&[64, 64, 64, 63, 0]), Role::Client, limits),
        message(255)
    );
    assert_eq!(
        failure_of(&fragments(&[0, 64, 1, 1]), Role::Client, limits),
        [Event::Failure(Failure::TooManyFragments)]
    );
    assert_eq!(
        failure_of(&fragments(&[63, 64, 63, 0]), Role::Client, limits),
        [Event::Failure(Failure::TooManyFragments)]
    );
    // A message that is not fragmented is never counted, and the count starts anew with each message.
    let none = Limits {
        max_fragments: 0,
        ..limits
    };
    assert_eq!(
        failure_of(&frame(0x81, b"a", None), Role::Client, none),
        message(1)
    );
    let two = [fragments(&[1, 1]), fragments(&[1, 1])].concat();
    assert_eq!(
        failure_of(&two, Role::Client, limits),
        [message(2), message(2)].concat()
    );
}
