//! The decoder on any bytes, cut and stopped as the fuzzer likes, against itself on the uncut stream and against an oracle
//! that reads frame by frame. The sink and the driver check the rest: nothing behind the end, payloads where they say, and
//! the memory held.
//!
//! Input: see `nodejs_websocket_fuzz::stream`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nodejs_websocket_fuzz::stream::StreamCase;
use nodejs_websocket_fuzz::support::{Manner, decode, oracle};

fuzz_target!(|data: &[u8]| {
    let StreamCase {
        role,
        limits,
        manner,
        sizes,
        bytes,
    } = StreamCase::parse(data);
    let steady = Manner {
        later: false,
        stops: 0,
        ..manner.clone()
    };
    let uncut = decode(bytes, role, limits, &[usize::MAX], &steady);
    assert_eq!(decode(bytes, role, limits, &sizes, &manner), uncut);
    assert_eq!(oracle(bytes, role, limits, &manner), uncut);
});
