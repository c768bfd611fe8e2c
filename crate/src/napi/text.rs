//! Texts between JavaScript and UTF-8, by way of UTF-16: several times as fast as the functions N-API has for UTF-8.

use super::raw::{Call, Value};
use super::transcode;

/// More than this many units are not kept for the next text.
const MAX_KEPT_UNITS: usize = 64 * 1024;

/// Memory for one conversion at a time, kept between them.
pub struct Scratch {
    units: Vec<u16>,
    /// How many of them are a text that was measured and waits to be written.
    measured: usize,
}

impl Scratch {
    pub const fn new() -> Self {
        Self {
            units: Vec::new(),
            measured: 0,
        }
    }

    /// A string of `bytes`, UTF-8 that was validated when it came. Where it lies in a chunk, JavaScript may have written to
    /// it since: then what is invalid becomes U+FFFD.
    pub fn make<const ARGUMENTS: usize>(&mut self, call: &Call<ARGUMENTS>, bytes: &[u8]) -> Value {
        self.reserve(bytes.len());
        let text = if let Some(length) = transcode::to_utf16(bytes, &mut self.units) {
            call.make_utf16(&self.units[..length])
        } else {
            let units: Vec<u16> = String::from_utf8_lossy(bytes).encode_utf16().collect();
            call.make_utf16(&units)
        };
        self.release();
        text
    }

    /// Fetches the string in argument `index` for `write`. Returns how many bytes of UTF-8 it is.
    pub fn measure<const ARGUMENTS: usize>(
        &mut self,
        call: &Call<ARGUMENTS>,
        index: usize,
    ) -> usize {
        let units = call.utf16(index, &mut self.units);
        self.measured = units.len();
        transcode::measure(units)
    }

    /// Writes the text that was measured to the start of `bytes`. Returns the bytes written, or `None` where they do not fit.
    pub fn write(&mut self, bytes: &mut [u8]) -> Option<usize> {
        let written = transcode::to_utf8(&self.units[..self.measured], bytes);
        self.release();
        written
    }

    fn reserve(&mut self, length: usize) {
        self.measured = 0;
        if self.units.len() < length {
            self.units.resize(length, 0);
        }
    }

    fn release(&mut self) {
        self.measured = 0;
        if self.units.len() > MAX_KEPT_UNITS {
            self.units = Vec::new();
        }
    }
}
