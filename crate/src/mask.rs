//! Masking (RFC 6455 section 5.3): each octet i of the payload is combined, by XOR, with octet i mod 4 of the key.
//!
//! A plain loop over 64-bit words runs at the speed of memory: the compiler makes vectors of it.

/// A masking key, rotated to the payload octet that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u8; 4]);

impl Key {
    /// The key that changes nothing.
    pub const NONE: Self = Self([0; 4]);

    /// The key as it stands in the header.
    #[inline]
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The key for what follows `length` further octets.
    #[inline]
    #[must_use]
    pub const fn after(self, length: usize) -> Self {
        // In memory order, octet 1 of the key becomes octet 0.
        let bits = 8 * (length % 4) as u32;
        Self(u32::from_le_bytes(self.0).rotate_right(bits).to_le_bytes())
    }

    #[inline]
    const fn is_none(self) -> bool {
        u32::from_ne_bytes(self.0) == 0
    }

    #[inline]
    const fn word(self) -> u64 {
        let [a, b, c, d] = self.0;
        u64::from_ne_bytes([a, b, c, d, a, b, c, d])
    }
}

const ASCII: u64 = 0x8080_8080_8080_8080;

/// Masks or unmasks `bytes` in place.
#[inline]
pub fn apply(bytes: &mut [u8], key: Key) {
    if !key.is_none() {
        apply_and_merge(bytes, key);
    }
}

/// Masks or unmasks `bytes` in place and says whether all of the result is ASCII.
#[inline]
pub fn apply_is_ascii(bytes: &mut [u8], key: Key) -> bool {
    if key.is_none() {
        bytes.is_ascii()
    } else {
        apply_and_merge(bytes, key) & ASCII == 0
    }
}

/// Masks in place and returns the OR of the resulting words.
#[inline]
fn apply_and_merge(bytes: &mut [u8], key: Key) -> u64 {
    let word = key.word();
    let mut merged = 0;
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut octets = [0; 8];
        octets.copy_from_slice(chunk);
        let unmasked = u64::from_ne_bytes(octets) ^ word;
        merged |= unmasked;
        chunk.copy_from_slice(&unmasked.to_ne_bytes());
    }
    let rest = chunks.into_remainder();
    for (octet, key) in rest.iter_mut().zip(key.0.iter().cycle()) {
        *octet ^= key;
        merged |= u64::from(*octet);
    }
    merged
}

/// Writes `source`, masked or unmasked, into the first `source.len()` bytes of `output`.
///
/// # Panics
/// When `output` is shorter than `source`.
#[inline]
pub fn copy(source: &[u8], output: &mut [u8], key: Key) {
    let output = &mut output[..source.len()];
    let word = key.word();
    let mut from = source.chunks_exact(8);
    let mut to = output.chunks_exact_mut(8);
    for (from, to) in (&mut from).zip(&mut to) {
        let mut octets = [0; 8];
        octets.copy_from_slice(from);
        to.copy_from_slice(&(u64::from_ne_bytes(octets) ^ word).to_ne_bytes());
    }
    let rest = from.remainder().iter().zip(to.into_remainder());
    for ((from, to), key) in rest.zip(key.0.iter().cycle()) {
        *to = from ^ key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(source: &[u8], key: [u8; 4], from: usize) -> Vec<u8> {
        source
            .iter()
            .enumerate()
            .map(|(i, octet)| octet ^ key[(from + i) % 4])
            .collect()
    }

    proptest! {
        #[test]
        fn every_form_agrees_with_the_rule(
            source in prop::collection::vec(any::<u8>(), 0..200),
            key in prop_oneof![any::<[u8; 4]>(), Just([0; 4])],
            from in 0usize..9,
        ) {
            let expected = naive(&source, key, from);
            let rotated = Key::new(key).after(from);

            let mut in_place = source.clone();
            apply(&mut in_place, rotated);
            prop_assert_eq!(&in_place, &expected);

            let mut checked = source.clone();
            prop_assert_eq!(apply_is_ascii(&mut checked, rotated), expected.is_ascii());
            prop_assert_eq!(&checked, &expected);

            let mut copied = vec![0xaa; source.len() + 3];
            copy(&source, &mut copied, rotated);
            prop_assert_eq!(&copied[..source.len()], &expected[..]);
            prop_assert_eq!(&copied[source.len()..], &[0xaa; 3]);
        }

        #[test]
        fn one_high_octet_anywhere_is_not_ascii(length in 1usize..100, at in any::<prop::sample::Index>(), key in any::<[u8; 4]>()) {
            let mut plain = vec![b'a'; length];
            plain[at.index(length)] = 0x80;
            let mut masked = naive(&plain, key, 0);
            prop_assert!(!apply_is_ascii(&mut masked, Key::new(key)));
        }
    }
}
