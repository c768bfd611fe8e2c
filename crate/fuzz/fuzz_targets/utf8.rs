//! The streaming validator against `std::str::from_utf8`: whatever the cuts, it fails with the piece that has the first bad
//! byte, and knows whether a character is unfinished.
//!
//! Input: sizes of pieces, then the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nodejs_websocket::utf8::{self, Validator};
use nodejs_websocket_fuzz::input::{Input, cut};

/// How the standard library sees a text.
enum Reading {
    Valid,
    Unfinished,
    /// Up to this byte it could have become valid.
    BadByte(usize),
}

fn read(bytes: &[u8]) -> Reading {
    let Err(error) = std::str::from_utf8(bytes) else {
        return Reading::Valid;
    };
    if error.error_len().is_none() {
        return Reading::Unfinished;
    }
    let start = error.valid_up_to();
    let is_bad = |end: &usize| {
        std::str::from_utf8(&bytes[start..=*end]).is_err_and(|error| error.error_len().is_some())
    };
    Reading::BadByte((start..bytes.len()).find(is_bad).expect("a bad byte"))
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let sizes = input.sizes();
    let text = input.rest();
    let expected = read(text);
    assert_eq!(utf8::is_valid(text), matches!(expected, Reading::Valid));

    let mut validator = Validator::new();
    let mut fed = 0;
    for piece in cut(text, &sizes) {
        let result = if piece.is_ascii() {
            // Either way of taking ASCII says the same.
            let result = validator.feed_ascii(piece);
            let mut copy = validator;
            assert_eq!(copy.feed(piece), result);
            result
        } else {
            validator.feed(piece)
        };
        fed += piece.len();
        if let Reading::BadByte(at) = expected
            && at < fed
        {
            assert!(result.is_err(), "the bad byte at {at} was taken");
            return;
        }
        assert!(result.is_ok(), "failed before the first bad byte");
        let complete = matches!(read(&text[..fed]), Reading::Valid);
        assert_eq!(validator.is_complete(), complete);
    }
});
