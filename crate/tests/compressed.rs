//! The decoder on compressed messages: what was sent comes out, however it is cut, and no more than the limits allow.

// It is made for the other test, too.
#[allow(dead_code)]
mod support;

use std::cell::RefCell;
use std::rc::Rc;

use nodejs_websocket::decoder::{Decoder, InflatePool, InflateSettings};
use nodejs_websocket::deflate::{self, Deflater, Settings, Then, Workshop};
use nodejs_websocket::error::Failure;
use nodejs_websocket::header::Role;
use nodejs_websocket::limits::{Limits, max_compressed_bytes};
use nodejs_websocket::sink::BinaryMode;
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Event, Manner, decode_with, frame};

/// "Hello" as a message, and once more, which refers to it (RFC 7692 section 7.2.3).
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const AGAIN: [u8; 5] = [0xf2, 0x00, 0x11, 0x00, 0x00];
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const TEXT: u8 = 0xc1;
const BINARY: u8 = 0xc2;

const SETTINGS: InflateSettings = InflateSettings {
    window_bits: 12,
    context_takeover: true,
};

/// A decoder of a server that has agreed on compression.
fn decoder(settings: InflateSettings, limits: Limits) -> Decoder {
    let mut decoder = Decoder::new(Role::Server, limits);
    decoder.set_inflate(settings, Rc::new(RefCell::new(InflatePool::default())));
    decoder
}

fn deflater(window_bits: u8) -> Deflater {
    Deflater::new(Settings {
        level: 6,
        window_bits,
        memory_level: 5,
    })
}

fn compress(deflater: &mut Deflater, workshop: &mut Workshop, message: &[u8]) -> Vec<u8> {
    let mut output = vec![0; deflate::bound(message.len())];
    let length = deflater.deflate(workshop, message, &mut output, Then::End);
    output.truncate(length);
    output
}

/// What the payload of one message leads to, in one frame and in one chunk.
fn events_of(first: u8, payload: &[u8], limits: Limits, mode: BinaryMode) -> Vec<Event> {
    let bytes = frame(first, payload, Some(KEY));
    let manner = Manner::steady(mode);
    decode_with(
        decoder(SETTINGS, limits),
        &bytes,
        limits,
        &[usize::MAX],
        &manner,
    )
}

/// A payload of zeros, a thousandth of what it becomes.
fn bomb(length: usize) -> Vec<u8> {
    compress(&mut deflater(12), &mut Workshop::new(), &vec![0; length])
}

#[derive(Clone, Debug)]
struct Message {
    text: bool,
    compressed: bool,
    bytes: Vec<u8>,
    /// Sizes of all fragments but the last.
    fragments: Vec<usize>,
    ping: bool,
}

fn message() -> impl Strategy<Value = Message> {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..2000),
        vec(prop::sample::select(&b"abcde{}\":, 0123"[..]), 0..2000),
        (vec(any::<u8>(), 1..40), 1usize..4000).prop_map(|(unit, times)| unit.repeat(times)),
        Just(vec![b'z'; 200_000]),
    ];
    let flags = (any::<bool>(), prop::bool::weighted(0.8), any::<bool>());
    let fragments = vec(0usize..400, 0..3);
    (flags, bytes, fragments).prop_map(|((text, compressed, ping), bytes, fragments)| {
        let lossy = || String::from_utf8_lossy(&bytes).into_owned().into_bytes();
        Message {
            bytes: if text { lossy() } else { bytes },
            text,
            compressed,
            fragments,
            ping,
        }
    })
}

/// Writes the frames of a message.
fn send(message: &Message, payload: &[u8], wire: &mut Vec<u8>) {
    let opcode = if message.text { 1 } else { 2 };
    let mut first = if message.compressed {
        0x40 | opcode
    } else {
        opcode
    };
    let mut rest = payload;
    for size in &message.fragments {
        let (piece, tail) = rest.split_at(rest.len().min(*size));
        wire.extend(frame(first, piece, Some(KEY)));
        if message.ping {
            wire.extend(frame(0x89, b"?", Some(KEY)));
        }
        (rest, first) = (tail, 0);
    }
    wire.extend(frame(first | 0x80, rest, Some(KEY)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn messages_come_out_as_they_were_sent(
        messages in vec(message(), 1..5),
        context_takeover in any::<bool>(),
        window_bits in 8u8..=15,
        sizes in vec(prop_oneof![1usize..40, 1usize..100_000], 1..4),
        mode in prop::sample::select(&[BinaryMode::Collect, BinaryMode::Stream][..]),
        later in any::<bool>(),
        stops in any::<u8>(),
        damage in prop::option::of((any::<prop::sample::Index>(), 1u8..)),
    ) {
        let (mut workshop, mut deflater) = (Workshop::new(), deflater(window_bits));
        let mut wire = Vec::new();
        let mut expected = Vec::new();
        for message in &messages {
            let payload = if message.compressed {
                if !context_takeover {
                    deflater.reset();
                }
                compress(&mut deflater, &mut workshop, &message.bytes)
            } else {
                message.bytes.clone()
            };
            send(message, &payload, &mut wire);
            let bytes = message.bytes.clone();
            expected.push(if message.text {
                Event::Text(String::from_utf8(bytes).unwrap())
            } else {
                Event::BinaryData(bytes)
            });
        }
        let damaged = damage.is_some();
        if let Some((at, byte)) = damage {
            let at = at.index(wire.len());
            wire[at] ^= byte;
        }
        // A stream is not fed byte by byte where it is long: that takes time and shows nothing new.
        let least = wire.len() / 1000 + 1;
        let sizes: Vec<usize> = sizes.into_iter().map(|size| size.max(least)).collect();
        let settings = InflateSettings { window_bits, context_takeover };
        let limits = Limits::default();
        let manner = Manner { modes: vec![mode], later, stops };
        let cut = decode_with(decoder(settings, limits), &wire, limits, &sizes, &manner);
        if damaged {
            let steady = Manner::steady(mode);
            let uncut = decode_with(decoder(settings, limits), &wire, limits, &[usize::MAX], &steady);
            prop_assert_eq!(cut, uncut);
        } else {
            prop_assert_eq!(messages_of(cut), expected);
        }
    }
}

/// Without control frames, and each binary message as one event.
fn messages_of(events: Vec<Event>) -> Vec<Event> {
    let (mut messages, mut open) = (Vec::new(), None);
    for event in events {
        match event {
            Event::BinaryStart => open = Some(Vec::new()),
            Event::BinaryData(piece) => open.as_mut().unwrap().extend(piece),
            Event::BinaryEnd => messages.push(Event::BinaryData(open.take().unwrap())),
            Event::Ping(_) => {}
            other => messages.push(other),
        }
    }
    messages
}

#[test]
fn rsv1_stands_on_the_first_frame_of_a_data_message_only() {
    let limits = Limits::default();
    let manner = Manner::steady(BinaryMode::Collect);
    let refused = [Event::Failure(Failure::ReservedBits)];
    let events = |first: &[u8]| {
        let bytes: Vec<u8> = first
            .iter()
            .flat_map(|first| frame(*first, b"", Some(KEY)))
            .collect();
        let decoder = decoder(SETTINGS, limits);
        decode_with(decoder, &bytes, limits, &[usize::MAX], &manner)
    };
    assert_eq!(events(&[0xc1]), [Event::Text(String::new())]);
    for wrong in [
        &[0xc9][..],
        &[0xc8],
        &[0xca],
        &[0xc3],
        &[0xe1],
        &[0xd1],
        &[0xa1],
        &[0x41, 0xc0],
    ] {
        assert_eq!(events(wrong), refused, "{wrong:x?}");
    }
    let bytes = frame(0xc1, b"", Some(KEY));
    let without = Decoder::new(Role::Server, limits);
    assert_eq!(
        decode_with(without, &bytes, limits, &[usize::MAX], &manner),
        refused
    );
}

#[test]
fn a_message_is_held_to_its_limit_as_it_comes_out() {
    let limits = Limits {
        max_message_bytes: 100_000,
        max_stream_bytes: 200_000,
        ..Limits::default()
    };
    let too_big = Event::Failure(Failure::MessageTooBig);
    let text = |length| events_of(TEXT, &bomb(length), limits, BinaryMode::Collect);
    assert_eq!(text(100_000), [Event::Text("\0".repeat(100_000))]);
    for length in [100_001, 50_000_000] {
        let events = text(length);
        assert_eq!((events.len(), events.first()), (1, Some(&too_big)));
    }
    let binary = |length, mode| events_of(BINARY, &bomb(length), limits, mode);
    let whole = |length| {
        let data = Event::BinaryData(vec![0; length]);
        vec![Event::BinaryStart, data, Event::BinaryEnd]
    };
    assert_eq!(binary(100_000, BinaryMode::Collect), whole(100_000));
    assert_eq!(
        binary(100_001, BinaryMode::Collect),
        [Event::BinaryStart, too_big.clone()]
    );
    assert_eq!(binary(200_000, BinaryMode::Stream), whole(200_000));
    let events = binary(200_001, BinaryMode::Stream);
    assert_eq!(events.last(), Some(&too_big));
}

#[test]
fn the_payload_may_be_a_little_longer_than_the_message() {
    let limits = Limits {
        max_message_bytes: 1000,
        ..Limits::default()
    };
    let header = |length: u64| {
        let mut bytes = vec![TEXT, 0xfe];
        bytes.extend((length as u16).to_be_bytes());
        bytes.extend(KEY);
        let manner = Manner::steady(BinaryMode::Collect);
        decode_with(decoder(SETTINGS, limits), &bytes, limits, &[3], &manner)
    };
    assert_eq!(header(max_compressed_bytes(1000)), []);
    assert_eq!(
        header(max_compressed_bytes(1000) + 1),
        [Event::Failure(Failure::MessageTooBig)]
    );
}

#[test]
fn the_text_is_checked_before_its_length() {
    let limits = Limits {
        max_message_bytes: 8,
        ..Limits::default()
    };
    let of = |text: &[u8]| {
        let payload = compress(&mut deflater(12), &mut Workshop::new(), text);
        events_of(TEXT, &payload, limits, BinaryMode::Collect)
    };
    assert_eq!(of(b"1234567\xff9"), [Event::Failure(Failure::InvalidUtf8)]);
    assert_eq!(
        of(b"12345678\xff"),
        [Event::Failure(Failure::MessageTooBig)]
    );
    assert_eq!(of(b"123456\xc3"), [Event::Failure(Failure::InvalidUtf8)]);
}

#[test]
fn what_is_no_stream_fails_and_what_came_before_is_delivered() {
    let limits = Limits::default();
    let failure = Event::Failure(Failure::InvalidCompression);
    // A reserved block type; a message that ends within a block; one that has bits left.
    for payload in [&[0x07][..], &HELLO[..5], &[0x00, 0x00]] {
        let events = events_of(TEXT, payload, limits, BinaryMode::Collect);
        let got = (events.len(), events.first());
        assert_eq!(got, (1, Some(&failure)), "{payload:x?}");
    }
    let broken = [&HELLO[..6], &[0xff; 8]].concat();
    let events = events_of(BINARY, &broken, limits, BinaryMode::Stream);
    let came = Event::BinaryData(b"Hello".to_vec());
    assert_eq!(events, [Event::BinaryStart, came, failure]);
}

#[test]
fn an_empty_payload_is_an_empty_message() {
    let limits = Limits::default();
    let manner = Manner::steady(BinaryMode::Stream);
    let bytes = [
        frame(TEXT, &HELLO, Some(KEY)),
        frame(0x41, b"", Some(KEY)),
        frame(0x80, b"", Some(KEY)),
        frame(BINARY, b"", Some(KEY)),
        frame(TEXT, &AGAIN, Some(KEY)),
    ];
    let events = decode_with(
        decoder(SETTINGS, limits),
        &bytes.concat(),
        limits,
        &[1],
        &manner,
    );
    let text = |text: &str| Event::Text(text.to_owned());
    let binary = [Event::BinaryStart, Event::BinaryEnd];
    assert_eq!(
        events,
        [&[text("Hello"), text("")], &binary[..], &[text("Hello")]].concat()
    );
}

#[test]
fn without_context_takeover_no_message_refers_to_another() {
    let limits = Limits::default();
    let manner = Manner::steady(BinaryMode::Stream);
    let bytes = [
        frame(TEXT, &HELLO, Some(KEY)),
        frame(TEXT, &AGAIN, Some(KEY)),
    ]
    .concat();
    let settings = InflateSettings {
        context_takeover: false,
        ..SETTINGS
    };
    let events = decode_with(decoder(settings, limits), &bytes, limits, &[2], &manner);
    assert_eq!(events.len(), 2);
    assert_eq!(events[1], Event::Failure(Failure::InvalidCompression));
}
