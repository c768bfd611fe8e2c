//! Takes a fuzzer's input apart. An input that is too short reads as zeros: every input means something.

/// The bytes that are not read yet.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of an input.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let bytes = self.take(N);
        array[..bytes.len()].copy_from_slice(bytes);
        array
    }

    /// The next `count` bytes, or those that are left.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// Whether all is read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is left.
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Sizes of pieces: a byte with their count in its low four bits, then a byte each. None means: not cut.
    pub fn sizes(&mut self) -> Vec<usize> {
        let count = usize::from(self.byte() & 0x0f);
        let mut sizes: Vec<usize> = (0..count).map(|_| piece_size(self.byte())).collect();
        if sizes.is_empty() {
            sizes.push(usize::MAX);
        }
        sizes
    }
}

/// 1 to 128 one by one, then in steps of 128 up to 16,384.
fn piece_size(byte: u8) -> usize {
    match usize::from(byte) {
        small @ 0..=127 => small + 1,
        large => (large - 127) * 128,
    }
}

/// Cuts `bytes` into pieces of the sizes, taken in turn.
pub fn cut<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(bytes.len().min(*size));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}
