//! The frame header (RFC 6455 section 5.2): parsing and serializing.

use crate::error::Failure;
use crate::mask::Key;
use crate::opcode::{FIN, MAX_CONTROL_PAYLOAD, Opcode, RSV};

/// Longest header: two bytes, a 64-bit length and a masking key.
pub const MAX_HEADER_BYTES: usize = 14;

const MASKED: u8 = 0x80;

/// The 7-bit lengths that announce a 16-bit and a 64-bit length.
const LENGTH_16: u8 = 0x7e;
const LENGTH_64: u8 = 0x7f;

/// Which end of the connection this endpoint is. A server receives masked frames and sends unmasked ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that accepted the opening handshake.
    Server,
    /// The end that sent it.
    Client,
}

/// A header that has passed every rule that can be checked without limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the final fragment.
    pub fin: bool,
    /// What the frame carries.
    pub opcode: Opcode,
    /// Length of the payload in bytes, below 2^63.
    pub length: u64,
    /// The masking key; zero, which masks nothing, where the frame has none.
    pub key: Key,
    /// Length of the header itself in bytes.
    pub size: usize,
}

impl Header {
    /// Parses the header at the start of `bytes`; `None` where more bytes are needed, and then nothing is consumed.
    ///
    /// The first two bytes are checked once both are here, the extended length once it is here. `in_message` says whether
    /// a fragmented message is under way.
    ///
    /// # Errors
    /// The first rule of section 5.2, 5.4 or 5.5 that the header breaks.
    #[inline]
    pub fn parse(bytes: &[u8], role: Role, in_message: bool) -> Result<Option<Self>, Failure> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RSV != 0 {
            return Err(Failure::ReservedBits);
        }
        let opcode = Opcode::parse(*first).ok_or(Failure::Opcode)?;
        let fin = first & FIN != 0;
        if opcode.is_control() {
            if !fin {
                return Err(Failure::ControlFragmented);
            }
        } else if (opcode == Opcode::Continuation) != in_message {
            return Err(if in_message {
                Failure::ExpectedContinuation
            } else {
                Failure::UnexpectedContinuation
            });
        }
        let masked = second & MASKED != 0;
        match role {
            Role::Server if !masked => return Err(Failure::MaskRequired),
            Role::Client if masked => return Err(Failure::MaskForbidden),
            _ => {}
        }
        let short = second & !MASKED;
        if opcode.is_control() && u64::from(short) > MAX_CONTROL_PAYLOAD {
            return Err(Failure::ControlLength);
        }
        let (length, rest) = match short {
            LENGTH_16 => {
                let Some((field, rest)) = rest.split_first_chunk::<2>() else {
                    return Ok(None);
                };
                let length = u64::from(u16::from_be_bytes(*field));
                if length < 126 {
                    return Err(Failure::LengthNotMinimal);
                }
                (length, rest)
            }
            LENGTH_64 => {
                let Some((field, rest)) = rest.split_first_chunk::<8>() else {
                    return Ok(None);
                };
                let length = u64::from_be_bytes(*field);
                if length >> 63 != 0 {
                    return Err(Failure::LengthSign);
                }
                if u16::try_from(length).is_ok() {
                    return Err(Failure::LengthNotMinimal);
                }
                (length, rest)
            }
            _ => (u64::from(short), rest),
        };
        let (key, rest) = if masked {
            let Some((key, rest)) = rest.split_first_chunk::<4>() else {
                return Ok(None);
            };
            (Key::new(*key), rest)
        } else {
            (Key::NONE, rest)
        };
        Ok(Some(Self {
            fin,
            opcode,
            length,
            key,
            size: bytes.len() - rest.len(),
        }))
    }
}

/// Length in bytes of the header of a frame with `length` bytes of payload.
#[inline]
pub const fn serialized_size(length: u64, masked: bool) -> usize {
    let base = match length {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    if masked { base + 4 } else { base }
}

/// Writes a header with the shortest length field to the start of `output`. `first` is FIN, RSV and opcode. Returns the
/// header's length.
///
/// # Panics
/// When `output` is shorter than [`serialized_size`] says.
#[inline]
pub fn serialize(output: &mut [u8], first: u8, length: u64, key: Option<[u8; 4]>) -> usize {
    let mask_bit = if key.is_some() { MASKED } else { 0 };
    output[0] = first;
    let mut size = match length {
        0..=125 => {
            output[1] = mask_bit | length as u8;
            2
        }
        126..=0xffff => {
            output[1] = mask_bit | LENGTH_16;
            output[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            output[1] = mask_bit | LENGTH_64;
            output[2..10].copy_from_slice(&length.to_be_bytes());
            10
        }
    };
    if let Some(key) = key {
        output[size..size + 4].copy_from_slice(&key);
        size += 4;
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_serialized_is_parsed_back(
            length in prop_oneof![0u64..300, 65_000u64..66_000, 0u64..(1 << 63)],
            key in any::<Option<[u8; 4]>>(),
            fin in any::<bool>(),
        ) {
            let mut output = [0; MAX_HEADER_BYTES];
            let first = u8::from(fin) << 7 | Opcode::Binary as u8;
            let size = serialize(&mut output, first, length, key);
            prop_assert_eq!(size, serialized_size(length, key.is_some()));
            let role = if key.is_some() { Role::Server } else { Role::Client };
            let header = Header::parse(&output[..size], role, false).unwrap().unwrap();
            prop_assert_eq!(header, Header {
                fin,
                opcode: Opcode::Binary,
                length,
                key: Key::new(key.unwrap_or_default()),
                size,
            });
            for cut in 0..size {
                prop_assert_eq!(Header::parse(&output[..cut], role, false), Ok(None));
            }
        }
    }
}
