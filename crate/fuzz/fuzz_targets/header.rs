//! `Header::parse` against a reading of section 5.2 bit by bit, for every prefix of the input; and `serialize` as its inverse.
//!
//! Input: a byte (bit 0: to a client, bit 1: within a fragmented message), then the stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nodejs_websocket::error::Failure;
use nodejs_websocket::header::{self, Header, MAX_HEADER_BYTES, Role};
use nodejs_websocket::mask;
use nodejs_websocket_fuzz::header::{Reading, read};
use nodejs_websocket_fuzz::input::Input;

/// The key as the header had it: what masking zeros gives.
fn key_of(header: &Header) -> [u8; 4] {
    let mut key = [0; 4];
    mask::apply(&mut key, header.key);
    key
}

fn assert_equal(parsed: Result<Option<Header>, Failure>, expected: Reading) {
    match (parsed, expected) {
        (Ok(None), Reading::Short) => {}
        (Err(failure), Reading::Broken(expected)) => assert_eq!(failure, expected),
        (
            Ok(Some(header)),
            Reading::Header {
                fin,
                opcode,
                payload_length,
                key,
                size,
            },
        ) => {
            assert_eq!(header.fin, fin);
            assert_eq!(header.opcode as u64, opcode);
            assert_eq!(header.length, payload_length);
            assert_eq!(key_of(&header), key.unwrap_or_default());
            assert_eq!(header.size, size);
        }
        (parsed, expected) => panic!("{parsed:?}, expected {expected:?}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let flags = input.byte();
    let (to_client, in_message) = (flags & 1 != 0, flags & 2 != 0);
    let role = if to_client {
        Role::Client
    } else {
        Role::Server
    };
    // Some bytes of payload, too: they must change nothing.
    let bytes = input.take(MAX_HEADER_BYTES + 4);
    let parse = |end: usize| Header::parse(&bytes[..end], role, in_message);
    let mut decided = None;
    for end in 0..=bytes.len() {
        let parsed = parse(end);
        assert_equal(parsed, read(&bytes[..end], !to_client, in_message));
        match decided {
            Some(earlier) => assert_eq!(parsed, earlier),
            None if parsed != Ok(None) => decided = Some(parsed),
            None => assert!(end < MAX_HEADER_BYTES),
        }
    }
    if let Some(Ok(Some(parsed))) = decided {
        let mut output = [0; MAX_HEADER_BYTES];
        let key = (!to_client).then(|| key_of(&parsed));
        let size = header::serialize(&mut output, bytes[0], parsed.length, key);
        assert_eq!(output[..size], bytes[..parsed.size]);
        assert_eq!(size, header::serialized_size(parsed.length, key.is_some()));
    }
});
