//! Bits into bytes, the first bit in the lowest place (RFC 1951 section 3.1.1).

/// Bytes behind the last one written that a [`BitWriter`] may touch: it stores eight at a time.
pub const SLACK_BYTES: usize = 8;

/// Fewer than eight bits that do not fill a byte yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carry {
    bits: u8,
    count: u8,
}

/// Appends bits to a slice that has room for them and [`SLACK_BYTES`] more.
pub struct BitWriter<'output> {
    output: &'output mut [u8],
    at: usize,
    bits: u64,
    count: u32,
}

impl<'output> BitWriter<'output> {
    /// A writer at the start of `output` that goes on behind the bits in `carry`.
    pub fn new(output: &'output mut [u8], carry: Carry) -> Self {
        Self {
            output,
            at: 0,
            bits: carry.bits.into(),
            count: carry.count.into(),
        }
    }

    /// Adds the `count` low bits of `bits`; the others are zero. Between two calls of [`Self::flush`] at most 56 bits.
    #[inline]
    pub const fn add(&mut self, bits: u64, count: u32) {
        self.bits |= bits << self.count;
        self.count += count;
    }

    /// Stores the whole bytes.
    #[inline]
    pub fn flush(&mut self) {
        self.output[self.at..self.at + 8].copy_from_slice(&self.bits.to_le_bytes());
        self.at += (self.count / 8) as usize;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }

    /// Adds and stores.
    #[inline]
    pub fn put(&mut self, bits: u64, count: u32) {
        self.add(bits, count);
        self.flush();
    }

    /// Fills up the last byte with zeros.
    pub fn align(&mut self) {
        self.count = (self.count + 7) & !7;
        self.flush();
    }

    /// Copies `bytes` behind a whole byte.
    pub fn copy(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.count, 0);
        self.output[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// How many bits fill the last byte, 0 to 7.
    pub const fn pending(&self) -> u32 {
        self.count
    }

    /// The number of whole bytes written, and the bits that are left.
    pub fn finish(mut self) -> (usize, Carry) {
        self.flush();
        let carry = Carry {
            bits: self.bits as u8,
            count: self.count as u8,
        };
        (self.at, carry)
    }
}
