//! What a decoder can find wrong with the bytes of a peer.
//!
//! The binding reports the discriminant. `lib/errors.ts` holds the same codes in the same order, with close codes and texts;
//! a test compares the two.

use std::fmt;

macro_rules! failures {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)*) => {
        /// Why a connection is failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum Failure {
            $($(#[$doc])* $variant,)*
        }

        impl Failure {
            /// All failures, in the order of their discriminants.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code, as in `lib/errors.ts`.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }
    };
}

failures! {
    /// RSV1, RSV2 or RSV3 is set and no extension defines it.
    ReservedBits = "WS_ERR_RESERVED_BITS",
    /// Opcode 0x3–0x7 or 0xB–0xF.
    Opcode = "WS_ERR_OPCODE",
    /// A control frame without FIN.
    ControlFragmented = "WS_ERR_CONTROL_FRAGMENTED",
    /// A control frame with more than 125 bytes of payload.
    ControlLength = "WS_ERR_CONTROL_LENGTH",
    /// A server received a frame that is not masked.
    MaskRequired = "WS_ERR_MASK_REQUIRED",
    /// A client received a masked frame.
    MaskForbidden = "WS_ERR_MASK_FORBIDDEN",
    /// "The minimal number of bytes MUST be used to encode the length."
    LengthNotMinimal = "WS_ERR_LENGTH_NOT_MINIMAL",
    /// "The most significant bit MUST be 0."
    LengthSign = "WS_ERR_LENGTH_SIGN",
    /// A continuation frame without a message to continue.
    UnexpectedContinuation = "WS_ERR_UNEXPECTED_CONTINUATION",
    /// A text or binary frame inside a fragmented message.
    ExpectedContinuation = "WS_ERR_EXPECTED_CONTINUATION",
    /// A close frame with a payload of one byte.
    ClosePayload = "WS_ERR_CLOSE_PAYLOAD",
    /// A close code that may not be sent.
    CloseCode = "WS_ERR_CLOSE_CODE",
    /// A text message or a close reason is not UTF-8.
    InvalidUtf8 = "WS_ERR_INVALID_UTF8",
    /// The message is longer than its limit.
    MessageTooBig = "WS_ERR_MESSAGE_TOO_BIG",
    /// The message has more tiny fragments than the limit.
    TooManyFragments = "WS_ERR_TOO_MANY_FRAGMENTS",
    /// The payload of a compressed message is no DEFLATE stream (RFC 7692 section 7.2.2).
    InvalidCompression = "WS_ERR_INVALID_COMPRESSION",
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl std::error::Error for Failure {}
