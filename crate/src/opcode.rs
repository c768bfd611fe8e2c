//! Opcodes (RFC 6455 section 5.2), and the bits that share the first byte of a frame with them.

/// The FIN bit: this is the final fragment of a message.
pub const FIN: u8 = 0x80;

/// RSV1, RSV2 and RSV3: zero unless an extension defines them.
pub const RSV: u8 = 0x70;

/// RSV1: the message is compressed, where permessage-deflate was agreed on (RFC 7692 section 6).
pub const RSV1: u8 = 0x40;

/// Longest payload of a control frame, in bytes (section 5.5).
pub const MAX_CONTROL_PAYLOAD: u64 = 125;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// The next fragment of the message under way.
    Continuation = 0x0,
    /// The first or only fragment of a text message.
    Text = 0x1,
    /// The first or only fragment of a binary message.
    Binary = 0x2,
    /// The closing handshake.
    Close = 0x8,
    /// Asks for a pong.
    Ping = 0x9,
    /// Answers a ping.
    Pong = 0xa,
}

impl Opcode {
    /// The opcode in the low four bits of a frame's first byte; `None` for the reserved ones.
    #[inline]
    pub const fn parse(first: u8) -> Option<Self> {
        Some(match first & 0x0f {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    /// "Control frames are identified by opcodes where the most significant bit of the opcode is 1."
    #[inline]
    pub const fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}
