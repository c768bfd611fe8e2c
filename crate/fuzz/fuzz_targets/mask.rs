//! Every form of masking against the rule of section 5.3, octet by octet, in pieces and at any alignment.
//!
//! Input: the key, how far it is rotated, the offset in memory, sizes of pieces, the payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nodejs_websocket::mask::{self, Key};
use nodejs_websocket_fuzz::input::{Input, cut};

const GUARD: u8 = 0xa5;

/// Runs `work` on a copy of `bytes` that begins `offset` bytes into a buffer, and looks whether it left the rest alone.
fn at_offset(bytes: &[u8], offset: usize, work: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut buffer = vec![GUARD; offset + bytes.len() + 16];
    let place = offset..offset + bytes.len();
    buffer[place.clone()].copy_from_slice(bytes);
    work(&mut buffer[place.clone()]);
    let result = buffer[place.clone()].to_vec();
    buffer[place].fill(GUARD);
    assert!(buffer.iter().all(|byte| *byte == GUARD));
    result
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let octets: [u8; 4] = input.array();
    let rotated = usize::from(input.byte());
    let offset = usize::from(input.byte() % 32);
    let sizes = input.sizes();
    let payload = input.rest();
    let key = Key::new(octets).after(rotated);
    let expected: Vec<u8> = payload
        .iter()
        .enumerate()
        .map(|(i, octet)| octet ^ octets[(rotated + i) % 4])
        .collect();

    let in_place = at_offset(payload, offset, |bytes| mask::apply(bytes, key));
    assert_eq!(in_place, expected);
    let checked = at_offset(payload, offset, |bytes| {
        let ascii = mask::apply_is_ascii(bytes, key);
        assert_eq!(ascii, expected.iter().all(|octet| *octet < 0x80));
    });
    assert_eq!(checked, expected);
    let copied = at_offset(&vec![0; payload.len()], offset, |bytes| {
        mask::copy(payload, bytes, key);
    });
    assert_eq!(copied, expected);

    let in_pieces = at_offset(payload, offset, |mut bytes| {
        let mut key = key;
        for piece in cut(payload, &sizes) {
            let (head, rest) = bytes.split_at_mut(piece.len());
            mask::apply(head, key);
            key = key.after(piece.len());
            bytes = rest;
        }
    });
    assert_eq!(in_pieces, expected);
});
