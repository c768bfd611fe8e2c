//! The inflater on any bytes against zlib, and what the deflater writes of them against the bytes: cut as the fuzzer likes.
//!
//! Input: a byte with the level (low four bits, modulo 10) and the memory level less 1 (high four, modulo 9), one with the
//! window bits less 8 (bits 0-2), whether messages refer to those before them (bit 3), and what is done (bit 4: the
//! rest is a payload; else it is compressed, in messages of an eighth of it each); sizes of parts, sizes of pieces, the rest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nodejs_websocket::deflate::{Deflater, Settings, Workshop};
use nodejs_websocket::inflate::{Benches, Inflater};
use nodejs_websocket_fuzz::compression::{check_against_zlib, compress, decompress};
use nodejs_websocket_fuzz::input::Input;

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let [levels, flags] = input.array();
    let settings = Settings {
        level: (levels & 15) % 10,
        window_bits: 8 + (flags & 7),
        memory_level: 1 + (levels >> 4) % 9,
    };
    let (parts, cuts) = (input.sizes(), input.sizes());
    let bytes = input.rest();
    if flags & 16 != 0 {
        check_against_zlib(bytes, &cuts);
        return;
    }
    let (mut workshop, mut benches) = (Workshop::new(), Benches::default());
    let mut deflater = Deflater::new(settings);
    let mut inflater = Inflater::new(settings.window_bits);
    for message in bytes.chunks(bytes.len() / 8 + 1) {
        if flags & 8 == 0 {
            deflater.reset();
            inflater.reset();
        }
        let payload = compress(&mut deflater, &mut workshop, message, &parts);
        let read = decompress(&mut inflater, &mut benches, &payload, &cuts);
        assert_eq!(read.as_deref(), Ok(message));
    }
});
