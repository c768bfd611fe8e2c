//! What the deflater writes is what was sent, and what the inflater makes of any bytes is what zlib makes of them.

use nodejs_websocket::deflate::{self, Deflater, Settings, Then, Workshop};
use nodejs_websocket::error::Failure;
use nodejs_websocket::inflate::{Benches, Inflater, TAIL};
use proptest::collection::vec;
use proptest::prelude::*;
use zlib_rs::{Inflate, InflateFlush, Status};

/// Compresses a message in parts of the given sizes, taken in turn.
fn compress(
    deflater: &mut Deflater,
    workshop: &mut Workshop,
    message: &[u8],
    sizes: &[usize],
) -> Vec<u8> {
    let mut output = Vec::new();
    let mut rest = message;
    let mut sizes = sizes.iter().cycle();
    loop {
        let (part, tail) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        rest = tail;
        let start = output.len();
        output.resize(start + deflate::bound(part.len()), 0);
        let last = rest.is_empty();
        let then = if last { Then::End } else { Then::More };
        let length = deflater.deflate(workshop, part, &mut output[start..], then);
        assert!(
            length <= deflate::bound(part.len()) - 8,
            "{length} of {}",
            part.len()
        );
        output.truncate(start + length);
        if last {
            return output;
        }
    }
}

/// Decompresses a message in pieces of the given sizes, taken in turn.
fn decompress(
    inflater: &mut Inflater,
    benches: &mut Benches,
    payload: &[u8],
    sizes: &[usize],
) -> Result<Vec<u8>, Failure> {
    let mut output = Vec::new();
    let mut feed = |inflater: &mut Inflater, mut input: &[u8]| {
        loop {
            let piece = inflater.inflate(benches, input)?;
            output.extend_from_slice(piece.bytes);
            input = &input[piece.consumed..];
            if !piece.more {
                assert!(input.is_empty());
                return Ok(());
            }
        }
    };
    let mut rest = payload;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, tail) = rest.split_at(rest.len().min(*size));
        feed(inflater, part)?;
        rest = tail;
    }
    let tail = inflater.tail();
    feed(inflater, tail)?;
    inflater.finish(benches)?;
    Ok(output)
}

/// What zlib makes of a message that is the first of its connection.
#[derive(Debug, PartialEq, Eq)]
enum Reference {
    /// All is read, and this came out. Whether the message has ended within a block zlib does not say.
    Read(Vec<u8>),
    /// A last block has ended, before the message or with it. What follows it zlib does not read.
    Last,
    Refused,
}

fn reference(payload: &[u8], most: usize) -> Reference {
    let mut inflate = Inflate::new(false, 15);
    let mut output = vec![0; most];
    match inflate.decompress(payload, &mut output, InflateFlush::SyncFlush) {
        Ok(Status::Ok | Status::BufError) if inflate.total_in() == payload.len() as u64 => {
            output.truncate(inflate.total_out() as usize);
            Reference::Read(output)
        }
        Ok(Status::StreamEnd) => Reference::Last,
        other => {
            assert!(other.is_err(), "more came out than {most} bytes");
            Reference::Refused
        }
    }
}

/// Text-like bytes, noise, and runs.
fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..3000),
        vec(prop::sample::select(&b"abcde{}\":, 0123"[..]), 0..3000),
        (vec(any::<u8>(), 1..40), 1usize..2000).prop_map(|(unit, times)| unit.repeat(times)),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    (0u8..=9, 8u8..=15, 1u8..=9).prop_map(|(level, window_bits, memory_level)| Settings {
        level,
        window_bits,
        memory_level,
    })
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1usize..20, 1usize..70_000], 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn messages_come_out_as_they_went_in(
        settings in settings(),
        messages in vec((message(), any::<bool>()), 1..6),
        parts in sizes(),
        cuts in sizes(),
    ) {
        let (mut workshop, mut benches) = (Workshop::new(), Benches::default());
        let mut deflater = Deflater::new(settings);
        let mut inflater = Inflater::new(settings.window_bits);
        let mut zlib = Inflate::new(false, 15);
        for (message, reset) in messages {
            if reset {
                deflater.reset();
                inflater.reset();
                zlib.reset(false);
            }
            let payload = compress(&mut deflater, &mut workshop, &message, &parts);
            prop_assert_eq!(&decompress(&mut inflater, &mut benches, &payload, &cuts).unwrap(), &message);
            let before = zlib.total_out();
            let mut output = vec![0; message.len() + 1];
            zlib.decompress(&[&payload[..], &TAIL].concat(), &mut output, InflateFlush::SyncFlush).unwrap();
            output.truncate((zlib.total_out() - before) as usize);
            prop_assert_eq!(output, message);
        }
    }

    #[test]
    fn damaged_messages_are_what_zlib_takes_them_for(
        settings in settings(),
        message in message(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cuts in sizes(),
    ) {
        let mut payload = compress(&mut Deflater::new(settings), &mut Workshop::new(), &message, &[70_000]);
        for (at, byte) in damage {
            let at = at.index(payload.len());
            payload[at] ^= byte;
        }
        check_against_zlib(&payload, &cuts);
    }

    #[test]
    fn noise_is_what_zlib_takes_it_for(payload in vec(any::<u8>(), 0..200), cuts in sizes()) {
        check_against_zlib(&payload, &cuts);
    }
}

fn check_against_zlib(payload: &[u8], cuts: &[usize]) {
    let inflate = |cuts: &[usize]| {
        let (mut inflater, mut benches) = (Inflater::new(15), Benches::default());
        decompress(&mut inflater, &mut benches, payload, cuts)
    };
    let whole = inflate(&[usize::MAX]);
    assert_eq!(inflate(cuts), whole);
    // A stored block of one byte behind it comes out as it is only where the message has ended between blocks.
    let probe = [payload, &TAIL, &[0, 1, 0, 0xfe, 0xff, b'x']].concat();
    let expected = whole.as_ref().ok().map(|whole| [whole, &b"x"[..]].concat());
    match (reference(&probe, 1_000_000), expected) {
        (Reference::Last, _) | (Reference::Refused, None) => {}
        (Reference::Read(read), Some(expected)) => assert_eq!(read, expected),
        (Reference::Read(read), None) => {
            let without = reference(&[payload, &TAIL].concat(), 1_000_000);
            let Reference::Read(without) = without else {
                panic!("{without:?}, but with a probe {read:?}");
            };
            assert_ne!([&without, &b"x"[..]].concat(), read);
        }
        (Reference::Refused, Some(expected)) => panic!("zlib refuses what became {expected:?}"),
    }
}

#[test]
fn what_a_flush_has_written_can_be_read_at_once() {
    let mut workshop = Workshop::new();
    let mut deflater = Deflater::new(Settings {
        level: 6,
        window_bits: 12,
        memory_level: 5,
    });
    let (mut inflater, mut benches) = (Inflater::new(12), Benches::default());
    for text in [&b"Hello, "[..], b"", b"Hello, again"] {
        let mut output = vec![0; deflate::bound(text.len())];
        let length = deflater.deflate(&mut workshop, text, &mut output, Then::Flush);
        assert!(output[..length].ends_with(&TAIL));
        let piece = inflater.inflate(&mut benches, &output[..length]).unwrap();
        assert_eq!((piece.consumed, piece.more), (length, false));
        assert_eq!(piece.bytes, text);
    }
}

/// RFC 7692 section 7.2.3: the payloads of its examples, all of one connection.
#[test]
fn the_examples_of_the_rfc_are_read() {
    let (mut inflater, mut benches) = (Inflater::new(15), Benches::default());
    for payload in [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
        &[0xf2, 0x00, 0x11, 0x00, 0x00],
        &[
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ],
        // A last block, with the rest of a message behind it and without.
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ],
    ] {
        let text = decompress(&mut inflater, &mut benches, payload, &[usize::MAX]);
        assert_eq!(text.as_deref(), Ok(&b"Hello"[..]), "{payload:x?}");
    }
}

#[test]
fn nothing_refers_to_what_the_window_does_not_reach() {
    // A stored block, then a match of three bytes at distance 257, the shortest with seven extra bits.
    let far = |stored: usize| {
        let mut payload = vec![0, stored as u8, (stored >> 8) as u8];
        payload.extend([!payload[1], !payload[2]]);
        payload.extend((0..stored).map(|n| n as u8));
        // Bits: 010 (fixed), 0000001 (length 3), 10000 (distance symbol 16), 0000000 (extra), 0000000 (end), 000.
        payload.extend([0x02, 0x06, 0x00, 0x00]);
        payload
    };
    for (window_bits, stored, reset, read) in [
        (9, 257, false, true),
        (8, 257, false, false),
        (9, 256, false, false),
        (9, 256, true, false),
    ] {
        let (mut inflater, mut benches) = (Inflater::new(window_bits), Benches::default());
        if reset {
            let payload = [
                0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
            ];
            decompress(&mut inflater, &mut benches, &payload, &[3]).unwrap();
            inflater.reset();
        }
        let result = decompress(&mut inflater, &mut benches, &far(stored), &[usize::MAX]);
        assert_eq!(result.is_ok(), read, "{window_bits} {stored} {reset}");
    }
}
