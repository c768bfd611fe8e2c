//! The base framing protocol, RFC 6455 section 5.2: writing frames, reading their headers however the bytes are cut.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation = 0x0,
    /// Text, or its first fragment.
    Text = 0x1,
    /// Binary, or its first fragment.
    Binary = 0x2,
    /// The closing handshake.
    Close = 0x8,
    /// To be answered by a pong.
    Ping = 0x9,
    /// The answer to a ping.
    Pong = 0xa,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        use Opcode::{Binary, Close, Continuation, Ping, Pong, Text};
        [Continuation, Text, Binary, Close, Ping, Pong]
            .into_iter()
            .find(|&o| o as u8 == bits)
    }

    /// Close, ping or pong.
    pub fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

/// A masking key.
pub type Mask = [u8; 4];

/// The longest payload of a control frame.
pub const MAX_CONTROL_PAYLOAD: u64 = 125;

/// The longest header: two bytes, 64 bits of length, a masking key.
pub const MAX_HEADER: usize = 14;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether it ends its message.
    pub fin: bool,
    /// RSV1: the message that it begins is compressed, RFC 7692 section 6.
    pub compressed: bool,
    /// What it is.
    pub opcode: Opcode,
    /// Length of the payload.
    pub length: u64,
    /// The masking key, if it has one.
    pub mask: Option<Mask>,
}

impl Header {
    /// Appends the header's bytes, the length in its shortest form.
    pub fn write(&self, output: &mut Vec<u8>) {
        let mask_bit = u8::from(self.mask.is_some()) << 7;
        output.push(u8::from(self.fin) << 7 | u8::from(self.compressed) << 6 | self.opcode as u8);
        match self.length {
            0..=125 => output.push(mask_bit + self.length as u8),
            126..=0xffff => {
                output.push(mask_bit + 126);
                output.extend_from_slice(&(self.length as u16).to_be_bytes());
            }
            _ => {
                output.push(mask_bit + 127);
                output.extend_from_slice(&self.length.to_be_bytes());
            }
        }
        if let Some(mask) = self.mask {
            output.extend_from_slice(&mask);
        }
    }
}

/// Appends a whole message in one frame.
pub fn write_frame(output: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: Option<Mask>) {
    write_message(output, opcode, false, payload, mask);
}

/// The same of a payload that may be `compressed`.
pub fn write_message(
    output: &mut Vec<u8>,
    opcode: Opcode,
    compressed: bool,
    payload: &[u8],
    mask: Option<Mask>,
) {
    Header {
        fin: true,
        compressed,
        opcode,
        length: payload.len() as u64,
        mask,
    }
    .write(output);
    let start = output.len();
    output.extend_from_slice(payload);
    if let Some(mask) = mask {
        for (byte, key) in output[start..].iter_mut().zip(mask.iter().cycle()) {
            *byte ^= key;
        }
    }
}

/// Collects the bytes of a header until it is whole.
#[derive(Debug, Default)]
pub struct HeaderReader {
    bytes: [u8; MAX_HEADER],
    have: usize,
}

impl HeaderReader {
    /// Whether a part of a header was read.
    pub fn is_within(&self) -> bool {
        self.have > 0
    }

    /// Takes the bytes of one header, or as much of it as there is, from the front of `input`.
    ///
    /// # Errors
    /// Says what is wrong with the first two bytes, or that the length is not in its shortest form.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Header>, String> {
        // Mostly it is there in one piece: no byte has to be copied.
        if let (0, Some((bytes, _))) = (self.have, input.split_first_chunk()) {
            *input = &input[header_length(bytes[1])..];
            return parse(bytes).map(Some);
        }
        loop {
            let needed = if self.have < 2 {
                2
            } else {
                header_length(self.bytes[1])
            };
            if self.have == needed {
                self.have = 0;
                return parse(&self.bytes).map(Some);
            }
            let taken = input.len().min(needed - self.have);
            if taken == 0 {
                return Ok(None);
            }
            self.bytes[self.have..self.have + taken].copy_from_slice(&input[..taken]);
            self.have += taken;
            *input = &input[taken..];
        }
    }
}

/// The length of a header with this second byte.
fn header_length(second: u8) -> usize {
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + if second & 0x80 == 0 { 0 } else { 4 }
}

/// Parses the header at the front of `bytes`.
fn parse(bytes: &[u8; MAX_HEADER]) -> Result<Header, String> {
    let [first, second, ..] = *bytes;
    let Some(opcode) = Opcode::from_bits(first & 0x0f).filter(|_| first & 0x30 == 0) else {
        return Err(format!("a frame that begins with the byte {first:#04x}"));
    };
    let big_endian = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .fold(0, |value, &b| value << 8 | u64::from(b))
    };
    let (length, end) = match second & 0x7f {
        126 => (big_endian(2, 4), 4),
        127 => (big_endian(2, 10), 10),
        short => (u64::from(short), 2),
    };
    if (end == 4 && length < 126) || (end == 10 && length < 0x1_0000) {
        return Err(format!("the length {length} in {} bytes", end - 2));
    }
    let mask = (second & 0x80 != 0).then(|| std::array::from_fn(|index| bytes[end + index]));
    Ok(Header {
        fin: first & 0x80 != 0,
        compressed: first & 0x40 != 0,
        opcode,
        length,
        mask,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn random_header(random: &mut Random) -> Header {
        let lengths = [
            0,
            1,
            125,
            126,
            127,
            1000,
            0xffff,
            0x1_0000,
            1 << 20,
            u64::MAX >> 1,
        ];
        Header {
            fin: random.below(2) == 0,
            compressed: random.below(2) == 0,
            opcode: *random.one_of(&[Opcode::Continuation, Opcode::Text, Opcode::Binary]),
            length: *random.one_of(&lengths),
            mask: (random.below(2) == 0).then(|| random.bytes()),
        }
    }

    #[test]
    fn headers_survive_writing_and_reading_in_random_cuts() {
        let mut random = Random::from_seed(5);
        for _ in 0..200 {
            let headers: Vec<_> = (0..50).map(|_| random_header(&mut random)).collect();
            let mut bytes = Vec::new();
            for header in &headers {
                header.write(&mut bytes);
            }
            let mut reader = HeaderReader::default();
            let mut read = Vec::new();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (mut chunk, after) = rest.split_at((1 + random.below(9)).min(rest.len()));
                while !chunk.is_empty() {
                    read.extend(reader.read(&mut chunk).unwrap());
                }
                rest = after;
            }
            assert_eq!(read, headers);
            assert!(!reader.is_within());
        }
    }

    #[test]
    fn a_frame_is_as_in_the_rfc() {
        // RFC 6455 section 5.7.
        let mut frame = Vec::new();
        write_frame(
            &mut frame,
            Opcode::Text,
            b"Hello",
            Some([0x37, 0xfa, 0x21, 0x3d]),
        );
        assert_eq!(
            frame,
            [
                0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58
            ]
        );
        frame.clear();
        write_frame(&mut frame, Opcode::Text, b"Hello", None);
        assert_eq!(frame, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    }

    #[test]
    fn reserved_bits_unknown_opcodes_and_long_forms_are_refused() {
        for bytes in [
            &[0xa1, 0][..],
            &[0x91, 0],
            &[0x83, 0],
            &[0x81, 126, 0, 125],
            &[0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
        ] {
            assert!(
                HeaderReader::default().read(&mut &bytes[..]).is_err(),
                "{bytes:?}"
            );
        }
    }
}
