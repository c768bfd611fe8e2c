//! Frames out: a header and a payload, masked where the frame is a client's.

use crate::header;
use crate::mask::{self, Key};

/// Length in bytes of a frame with `length` bytes of payload.
pub const fn frame_size(length: usize, masked: bool) -> usize {
    header::serialized_size(length as u64, masked) + length
}

/// Writes a frame with a copy of `payload` to the start of `output`; the payload itself is never masked. `first` is FIN,
/// RSV and opcode. Returns the bytes written, or `None`, with nothing written, where they do not fit.
pub fn write_frame(
    output: &mut [u8],
    first: u8,
    payload: &[u8],
    key: Option<[u8; 4]>,
) -> Option<usize> {
    let size = frame_size(payload.len(), key.is_some());
    let output = output.get_mut(..size)?;
    let start = header::serialize(output, first, payload.len() as u64, key);
    let body = &mut output[start..];
    match key {
        Some(key) => mask::copy(payload, body, Key::new(key)),
        None => body.copy_from_slice(payload),
    }
    Some(size)
}

/// Writes an unmasked frame with a short text, given in UTF-16, to the start of `output`; lone surrogates become U+FFFD.
/// Returns the bytes written, or `None` where there is no room for the text's longest form, three bytes a unit and the header.
pub fn write_short_text(output: &mut [u8], first: u8, units: &[u16]) -> Option<usize> {
    let (head, body) = output.split_at_mut_checked(header::serialized_size(0, false))?;
    let ascii = body.get_mut(..units.len())?;
    let mut seen = 0;
    for (byte, &unit) in ascii.iter_mut().zip(units) {
        *byte = unit as u8;
        seen |= unit;
    }
    if seen < 0x80 && header::serialized_size(units.len() as u64, false) == head.len() {
        header::serialize(head, first, units.len() as u64, None);
        return Some(head.len() + units.len());
    }
    let text = String::from_utf16_lossy(units);
    write_frame(output, first, text.as_bytes(), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opcode::{FIN, Opcode};

    const FIRST: u8 = FIN | Opcode::Text as u8;

    #[test]
    fn the_examples_of_section_5_7_come_out() {
        let mut output = [0; 16];
        assert_eq!(write_frame(&mut output, FIRST, b"Hello", None), Some(7));
        assert_eq!(&output[..7], b"\x81\x05Hello");
        let key = [0x37, 0xfa, 0x21, 0x3d];
        assert_eq!(
            write_frame(&mut output, FIRST, b"Hello", Some(key)),
            Some(11)
        );
        assert_eq!(
            output[..11],
            [
                0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58
            ]
        );
    }

    #[test]
    fn short_texts_are_written_as_their_utf8() {
        for text in [
            "",
            "Hello",
            "é",
            "世界😀",
            &"x".repeat(125),
            &"x".repeat(126),
            &"é".repeat(100),
        ] {
            let units: Vec<u16> = text.encode_utf16().collect();
            let (mut output, mut expected) = ([0; 400], [0; 400]);
            let size = write_short_text(&mut output, FIRST, &units);
            assert_eq!(
                size,
                write_frame(&mut expected, FIRST, text.as_bytes(), None)
            );
            let size = size.unwrap();
            assert_eq!(output[..size], expected[..size]);
        }
        let mut output = [0; 16];
        assert_eq!(write_short_text(&mut output, FIRST, &[0xd83d]), Some(5));
        assert_eq!(&output[2..5], "\u{fffd}".as_bytes());
        assert_eq!(
            write_short_text(&mut output[..3], FIRST, &[0x61, 0x61]),
            None
        );
    }

    #[test]
    fn a_frame_that_does_not_fit_writes_nothing() {
        let mut output = [0xaa; 6];
        assert_eq!(write_frame(&mut output, FIRST, b"Hello", None), None);
        assert_eq!(output, [0xaa; 6]);
    }
}
