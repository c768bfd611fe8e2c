//! RFC 6455 section 5.2 read bit by bit, as its figure has it, and rule by rule.

use nodejs_websocket::error::Failure;

/// What the start of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Not yet a whole header.
    Short,
    /// The first rule it breaks.
    Broken(Failure),
    /// A header.
    Header {
        /// The first bit.
        fin: bool,
        /// Four bits.
        opcode: u64,
        /// In bytes.
        payload_length: u64,
        /// Where the frame is masked.
        key: Option<[u8; 4]>,
        /// Of the header, in bytes.
        size: usize,
    },
}

/// Bits of the stream, numbered from 0 as in the figure.
struct Bits<'a>(&'a [u8]);

impl Bits<'_> {
    fn bit(&self, n: usize) -> bool {
        self.0[n / 8] / 2u8.pow(7 - (n % 8) as u32) % 2 == 1
    }

    /// An unsigned number in network byte order.
    fn number(&self, from: usize, count: usize) -> u64 {
        (from..from + count).fold(0, |number, n| {
            number.wrapping_mul(2) + u64::from(self.bit(n))
        })
    }

    fn has(&self, count: usize) -> bool {
        count <= self.0.len() * 8
    }
}

/// Reads the start of `bytes`, which goes to a server or to a client, within a fragmented message or not.
pub fn read(bytes: &[u8], to_server: bool, in_message: bool) -> Reading {
    let bits = Bits(bytes);
    if !bits.has(16) {
        return Reading::Short;
    }
    let fin = bits.bit(0);
    let opcode = bits.number(4, 4);
    let masked = bits.bit(8);
    let short_length = bits.number(9, 7);
    let control = [8, 9, 10].contains(&opcode);
    let broken = [
        (bits.number(1, 3) != 0, Failure::ReservedBits),
        (![0, 1, 2, 8, 9, 10].contains(&opcode), Failure::Opcode),
        (control && !fin, Failure::ControlFragmented),
        (opcode == 0 && !in_message, Failure::UnexpectedContinuation),
        (
            (opcode == 1 || opcode == 2) && in_message,
            Failure::ExpectedContinuation,
        ),
        (to_server && !masked, Failure::MaskRequired),
        (!to_server && masked, Failure::MaskForbidden),
        (control && short_length > 125, Failure::ControlLength),
    ];
    if let Some((_, failure)) = broken.into_iter().find(|(is_broken, _)| *is_broken) {
        return Reading::Broken(failure);
    }
    let extended = match short_length {
        126 => 16,
        127 => 64,
        _ => 0,
    };
    if !bits.has(16 + extended) {
        return Reading::Short;
    }
    let payload_length = match extended {
        0 => short_length,
        count => bits.number(16, count),
    };
    if extended == 64 && bits.bit(16) {
        return Reading::Broken(Failure::LengthSign);
    }
    let too_small_for = match extended {
        16 => 126,
        64 => 65_536,
        _ => 0,
    };
    if payload_length < too_small_for {
        return Reading::Broken(Failure::LengthNotMinimal);
    }
    let key_at = 16 + extended;
    let size = key_at + if masked { 32 } else { 0 };
    if !bits.has(size) {
        return Reading::Short;
    }
    let octet = |n: usize| bits.number(key_at + 8 * n, 8) as u8;
    Reading::Header {
        fin,
        opcode,
        payload_length,
        key: masked.then(|| [octet(0), octet(1), octet(2), octet(3)]),
        size: size / 8,
    }
}
