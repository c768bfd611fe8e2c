//! What the deflater writes is what was sent, and what the inflater makes of any bytes is what zlib makes of them.

use nodejs_websocket::deflate::{self, Deflater, Settings, Then, Workshop};
use nodejs_websocket::inflate::{Benches, Inflater, TAIL};
use proptest::collection::vec;
use proptest::prelude::*;
use zlib_rs::{Inflate, InflateFlush};

#[path = "support/compression.rs"]
mod support;
use support::{check_against_zlib, compress, decompress};

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

/// Window and tables grow with what was sent, and what they had in them stays where it is found.
#[test]
fn what_was_sent_is_referred_to_however_much_the_history_has_grown_since() {
    let mut state = 1u32;
    let mut noise = |length: usize| -> Vec<u8> {
        let byte = |_| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            (state >> 16) as u8
        };
        (0..length).map(byte).collect()
    };
    for between in [0, 1000, 3000, 10_000, 30_000] {
        let mut workshop = Workshop::new();
        let mut deflater = Deflater::new(Settings {
            level: 6,
            window_bits: 15,
            memory_level: 8,
        });
        let (mut inflater, mut benches) = (Inflater::new(15), Benches::default());
        let known = noise(1000);
        let mut last = 0;
        for message in [known.clone(), noise(between), known] {
            let payload = compress(&mut deflater, &mut workshop, &message, &[usize::MAX]);
            let text = decompress(&mut inflater, &mut benches, &payload, &[usize::MAX]);
            assert_eq!(text.as_deref(), Ok(&message[..]));
            last = payload.len();
        }
        assert!(last < 100, "{last} bytes behind {between}");
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

/// What is left out is the length of an empty stored block. Other blocks would take it for their own.
#[test]
fn a_block_that_would_end_in_what_was_left_out_is_refused() {
    for payload in [
        // Last blocks of all kinds.
        &[0x6b, 0xfa, 0x74, 0x63][..],
        &[0x9b, 0x3f, 0x55, 0x77],
        &[0xf3, 0x48, 0x05],
        &[0x01, 0x04, 0x00, 0xfb, 0xff],
        // One more follows these, which has to be empty.
        &[0xf2, 0x48],
        &[0x00, 0x04, 0x00, 0xfb, 0xff],
        &[0x00, 0x00, 0x00],
    ] {
        let (mut inflater, mut benches) = (Inflater::new(15), Benches::default());
        let text = decompress(&mut inflater, &mut benches, payload, &[usize::MAX]);
        assert!(text.is_err(), "{payload:x?} became {text:?}");
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
