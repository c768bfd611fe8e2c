//! UTF-8 → JavaScript strings, by way of UTF-16: several times as fast as `napi_create_string_utf8`.

use super::raw::{Call, Value};

/// More than this many units are not kept for the next text.
const MAX_KEPT_UNITS: usize = 64 * 1024;

/// Memory for one conversion at a time, kept between them.
pub struct Scratch {
    units: Vec<u16>,
}

impl Scratch {
    pub const fn new() -> Self {
        Self { units: Vec::new() }
    }

    /// A string of `bytes`, UTF-8 that was validated when it came. Where it lies in a chunk, JavaScript may have written to
    /// it since: then what is invalid becomes U+FFFD.
    pub fn make<const ARGUMENTS: usize>(&mut self, call: &Call<ARGUMENTS>, bytes: &[u8]) -> Value {
        let Ok(text) = simdutf8::basic::from_utf8(bytes) else {
            let units: Vec<u16> = String::from_utf8_lossy(bytes).encode_utf16().collect();
            return call.make_utf16(&units);
        };
        // No character has more units than bytes.
        if self.units.len() < bytes.len() {
            self.units.resize(bytes.len(), 0);
        }
        let mut length = 0;
        // Writing by index takes half the time of `extend`, which asks for room at each unit.
        for unit in text.encode_utf16() {
            self.units[length] = unit;
            length += 1;
        }
        let text = call.make_utf16(&self.units[..length]);
        if self.units.len() > MAX_KEPT_UNITS {
            self.units = Vec::new();
        }
        text
    }
}
