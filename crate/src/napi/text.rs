//! UTF-8 → JavaScript strings, by way of UTF-16: several times as fast as `napi_create_string_utf8`.

use encoding_rs::mem;

use super::raw::{Call, Value};

/// More than this many units are not kept for the next text.
const MAX_KEPT_UNITS: usize = 64 * 1024;

/// Memory for one conversion at a time, kept between them.
#[derive(Default)]
pub struct Scratch {
    units: Vec<u16>,
}

impl Scratch {
    /// A string of `bytes`, UTF-8 that was validated before. Bytes that were changed since become U+FFFD.
    pub fn make<const ARGUMENTS: usize>(&mut self, call: &Call<ARGUMENTS>, bytes: &[u8]) -> Value {
        // "The length of the destination buffer must be at least the length of the source buffer plus one."
        let needed = bytes.len() + 1;
        if self.units.len() < needed {
            self.units.resize(needed, 0);
        }
        let length = mem::convert_utf8_to_utf16(bytes, &mut self.units);
        let text = call.make_utf16(&self.units[..length]);
        if self.units.len() > MAX_KEPT_UNITS {
            self.units = Vec::new();
        }
        text
    }
}
