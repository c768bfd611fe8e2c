//! Close codes (RFC 6455 section 7.4 and its registry) and the payload of a close frame (section 5.5.1).

use crate::error::Failure;

/// Never on the wire: the close frame carried no code.
pub const NO_STATUS: u16 = 1005;

/// Whether a close frame may carry `code`: 1000–1003, 1007–1014 and 3000–4999.
pub const fn is_valid_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Reads an unmasked close payload. The reason is what follows the first two bytes.
///
/// # Errors
/// A payload of one byte, a code that may not be sent, a reason that is not UTF-8; checked in this order.
pub fn parse(payload: &[u8]) -> Result<u16, Failure> {
    match payload {
        [] => Ok(NO_STATUS),
        [_] => Err(Failure::ClosePayload),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !is_valid_code(code) {
                Err(Failure::CloseCode)
            } else if simdutf8::basic::from_utf8(reason).is_err() {
                Err(Failure::InvalidUtf8)
            } else {
                Ok(code)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valid_codes_are_those_of_the_registry() {
        let valid: Vec<u16> = (0..=u16::MAX).filter(|code| is_valid_code(*code)).collect();
        let mut expected = vec![1000, 1001, 1002, 1003];
        expected.extend(1007..=1014);
        expected.extend(3000..=4999);
        assert_eq!(valid, expected);
    }

    #[test]
    fn a_payload_is_empty_or_a_code_and_a_reason_in_utf8() {
        assert_eq!(parse(&[]), Ok(NO_STATUS));
        assert_eq!(parse(&[3]), Err(Failure::ClosePayload));
        assert_eq!(parse(&[3, 0xe8]), Ok(1000));
        assert_eq!(parse(b"\x03\xe8bye"), Ok(1000));
        assert_eq!(parse(&[3, 0xed]), Err(Failure::CloseCode));
        assert_eq!(parse(&[3, 0xe8, 0xff]), Err(Failure::InvalidUtf8));
        // The code is checked before the reason.
        assert_eq!(parse(&[3, 0xed, 0xff]), Err(Failure::CloseCode));
    }
}
