//! UTF-8 (RFC 3629), validated piece by piece.

/// Whether all of `bytes` is valid UTF-8.
#[inline]
pub fn is_valid(bytes: &[u8]) -> bool {
    // Twice as fast where the processor has AVX-512.
    #[cfg(feature = "simdutf")]
    return simdutf::validate_utf8(bytes);
    #[cfg(not(feature = "simdutf"))]
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// The bytes fed so far can never become valid UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

/// Validates a text that comes in pieces, and fails at the first bad byte, also where a piece ends in the middle of a
/// character. Holds at most three bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Validator {
    /// The start of a character whose end has not come yet.
    partial: [u8; 3],
    length: u8,
}

impl Validator {
    /// A validator at the start of a text.
    pub const fn new() -> Self {
        Self {
            partial: [0; 3],
            length: 0,
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`Invalid`] as soon as a byte cannot belong to valid UTF-8.
    #[inline]
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), Invalid> {
        let piece = if self.length == 0 {
            piece
        } else {
            self.complete(piece)?
        };
        let cut = piece.len() - unfinished(piece);
        if !is_valid(&piece[..cut]) {
            return Err(Invalid);
        }
        let rest = &piece[cut..];
        if !rest.is_empty() {
            is_prefix(rest)?;
            self.partial[..rest.len()].copy_from_slice(rest);
            self.length = rest.len() as u8;
        }
        Ok(())
    }

    /// Takes a piece that is known to be ASCII.
    ///
    /// # Errors
    /// [`Invalid`] where a character is unfinished.
    #[inline]
    pub fn feed_ascii(&self, piece: &[u8]) -> Result<(), Invalid> {
        if self.length == 0 || piece.is_empty() {
            Ok(())
        } else {
            Err(Invalid)
        }
    }

    /// Whether the text may end here.
    #[inline]
    pub const fn is_complete(&self) -> bool {
        self.length == 0
    }

    /// Adds bytes to the unfinished character until it is whole; returns what follows it.
    fn complete<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], Invalid> {
        let mut character = [0; 4];
        let mut length = usize::from(self.length);
        character[..length].copy_from_slice(&self.partial[..length]);
        for (i, byte) in piece.iter().enumerate() {
            character[length] = *byte;
            length += 1;
            if is_prefix(&character[..length])? {
                self.length = 0;
                return Ok(&piece[i + 1..]);
            }
        }
        self.partial[..length].copy_from_slice(&character[..length]);
        self.length = length as u8;
        Ok(&[])
    }
}

/// Whether `bytes`, a character or the start of one, is whole.
fn is_prefix(bytes: &[u8]) -> Result<bool, Invalid> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(true),
        Err(error) if error.error_len().is_none() => Ok(false),
        Err(_) => Err(Invalid),
    }
}

/// How many bytes at the end of `piece` begin a character and do not finish it, judged by the lead byte alone.
#[inline]
fn unfinished(piece: &[u8]) -> usize {
    for (back, byte) in piece.iter().rev().take(3).enumerate() {
        let needed = match byte {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            _ => 1,
        };
        return if needed > back + 1 { back + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Index of the byte at which a text can no longer become valid, by trying every prefix.
    fn first_bad_byte(bytes: &[u8]) -> Option<usize> {
        (0..bytes.len()).find(|end| match std::str::from_utf8(&bytes[..=*end]) {
            Ok(_) => false,
            Err(error) => error.error_len().is_some(),
        })
    }

    fn interesting() -> impl Strategy<Value = Vec<u8>> {
        let fragment = prop_oneof![
            4 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
            2 => "[a-z]{0,40}".prop_map(String::into_bytes),
            1 => any::<char>().prop_map(|c| {
                let mut bytes = c.to_string().into_bytes();
                bytes.pop();
                bytes
            }),
            1 => prop::sample::select(vec![
                vec![0xc0], vec![0xc1, 0xbf], vec![0xe0, 0x80], vec![0xed, 0xa0], vec![0xf0, 0x80],
                vec![0xf4, 0x90], vec![0xf5], vec![0x80], vec![0xff],
            ]),
        ];
        prop::collection::vec(fragment, 0..12).prop_map(|fragments| fragments.concat())
    }

    proptest! {
        #[test]
        fn fails_at_the_first_bad_byte_however_the_text_is_cut(bytes in interesting(), size in 1usize..20) {
            let bad = first_bad_byte(&bytes);
            let mut validator = Validator::new();
            let mut failed = None;
            for (i, piece) in bytes.chunks(size).enumerate() {
                if validator.feed(piece).is_err() {
                    failed = Some(i);
                    break;
                }
            }
            prop_assert_eq!(failed, bad.map(|at| at / size));
            if bad.is_none() {
                prop_assert_eq!(validator.is_complete(), std::str::from_utf8(&bytes).is_ok());
            }
            prop_assert_eq!(is_valid(&bytes), std::str::from_utf8(&bytes).is_ok());
        }
    }

    #[test]
    fn an_impossible_second_byte_fails_at_once() {
        for start in [
            &[0xf4, 0x90][..],
            &[0xed, 0xa0],
            &[0xe0, 0x80],
            &[0xf0, 0x80],
            &[0xc0],
            &[0xc1],
            &[0xf5],
        ] {
            let mut whole = Validator::new();
            assert_eq!(whole.feed(start), Err(Invalid), "{start:x?}");
            let mut split = Validator::new();
            let result = start.iter().try_for_each(|byte| split.feed(&[*byte]));
            assert_eq!(result, Err(Invalid), "{start:x?} byte by byte");
        }
    }

    #[test]
    fn ascii_may_not_interrupt_a_character() {
        let mut validator = Validator::new();
        validator.feed(&[0xe2, 0x82]).unwrap();
        assert_eq!(validator.feed_ascii(b""), Ok(()));
        assert_eq!(validator.feed_ascii(b"a"), Err(Invalid));
    }
}
