//! The answer to the key of an opening handshake (RFC 6455 section 4.2.2): a SHA-1 in base64.

/// Bytes of the value of Sec-WebSocket-Accept.
pub const ACCEPT_BYTES: usize = 28;

/// Bytes of the value of Sec-WebSocket-Key: sixteen in base64.
pub const KEY_BYTES: usize = 24;

/// RFC 6455 section 1.3: the GUID every server appends to the key.
const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const BLOCK_BYTES: usize = 64;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Whether `key` is the base64 of exactly sixteen bytes, as section 4.2.1 asks: of the last digit two bits matter.
pub fn is_valid_key(key: &[u8]) -> bool {
    let Some((digits, b"==")) = key.split_at_checked(KEY_BYTES - 2) else {
        return false;
    };
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    digits.iter().all(is_digit) && matches!(digits.last(), Some(b'A' | b'Q' | b'g' | b'w'))
}

/// The value of Sec-WebSocket-Accept that answers `key`.
pub fn accept_value(key: &[u8; KEY_BYTES]) -> [u8; ACCEPT_BYTES] {
    const LENGTH: usize = KEY_BYTES + GUID.len();
    // The key and the GUID, a one bit, and the length in bits as the last eight bytes: it takes two blocks.
    let mut message = [0; 2 * BLOCK_BYTES];
    message[..KEY_BYTES].copy_from_slice(key);
    message[KEY_BYTES..LENGTH].copy_from_slice(GUID);
    message[LENGTH] = 0x80;
    message[2 * BLOCK_BYTES - 8..].copy_from_slice(&(LENGTH as u64 * 8).to_be_bytes());
    let mut state = [
        0x6745_2301,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    for block in message.as_chunks().0 {
        add_block(&mut state, block);
    }
    encode(state)
}

/// Takes a block into a SHA-1 (FIPS 180-4 section 6.1.2).
#[expect(clippy::many_single_char_names, reason = "those of the standard")]
fn add_block(state: &mut [u32; 5], block: &[u8; BLOCK_BYTES]) {
    let mut words = [0_u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for at in 16..80 {
        words[at] =
            (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (at, word) in words.iter().enumerate() {
        let (mixed, constant) = match at {
            0..20 => ((b & c) | (!b & d), 0x5a82_7999),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let next = a
            .rotate_left(5)
            .wrapping_add(mixed)
            .wrapping_add(e)
            .wrapping_add(constant)
            .wrapping_add(*word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    for (sum, value) in state.iter_mut().zip([a, b, c, d, e]) {
        *sum = sum.wrapping_add(value);
    }
}

/// A hash in base64 (RFC 4648 section 4).
fn encode(state: [u32; 5]) -> [u8; ACCEPT_BYTES] {
    // Twenty bytes, and one of zeros to make it threes.
    let mut bytes = [0; 21];
    for (part, word) in bytes.chunks_exact_mut(4).zip(state) {
        part.copy_from_slice(&word.to_be_bytes());
    }
    let mut result = [b'='; ACCEPT_BYTES];
    for (digits, part) in result.chunks_exact_mut(4).zip(bytes.chunks_exact(3)) {
        let bits = u32::from_be_bytes([0, part[0], part[1], part[2]]);
        for (index, digit) in digits.iter_mut().enumerate() {
            *digit = DIGITS[(bits >> (18 - 6 * index)) as usize & 63];
        }
    }
    result[ACCEPT_BYTES - 1] = b'=';
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_the_rfc_does() {
        assert_eq!(
            &accept_value(b"dGhlIHNhbXBsZSBub25jZQ=="),
            b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert_eq!(
            &accept_value(b"x3JJHMbDL1EzLkh9GBhXDw=="),
            b"HSmrc0sMlYUkAGmm5OPpG2HaGWk="
        );
    }

    #[test]
    fn knows_a_key() {
        assert!(is_valid_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for key in [
            "",
            "==",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZQ===",
            "dGhlIHNhbXBsZSBub25jZR==",
            "dGhlIHNhbXBsZSBub25j*Q==",
            "dGhlIHNhbXBsZSBub25jZQxx",
        ] {
            assert!(!is_valid_key(key.as_bytes()), "{key}");
        }
    }
}
