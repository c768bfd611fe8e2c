//! The input of the target `decoder`: a stream of frames, and how it is fed.
//!
//! This is the definition of the format. The differential test of the two engines reads the same files
//! (`__test__/engine/differential/corpus.ts`) and follows what is changed here.
//!
//! | bytes | |
//! |---|---|
//! | 1 | bit 0: role, 0 server, 1 client; bit 1: binary modes are answered later; bits 4–7: mode of binary message n in bit 4 + n mod 4, 0 collect, 1 stream |
//! | 1 | index into [`LIMITS`] of the longest message in the low four bits, of the longest stream in the high four |
//! | 1 | most tiny fragments; 255 stands for 16,384 |
//! | 1 | the sink stops after event n, counted from 0, where bit n mod 8 is set |
//! | 1 + k | sizes of the chunks, taken in turn: k in the low four bits, 0 for a single chunk; then a byte s for each, s + 1 bytes where s < 128, else (s - 127) · 128 |
//! | the rest | the stream |

use crate::input::Input;
use crate::support::Manner;
use nodejs_websocket::header::Role;
use nodejs_websocket::limits::Limits;
use nodejs_websocket::sink::BinaryMode;

/// Limits of messages and streams in bytes. The last stands for none.
pub const LIMITS: [u64; 16] = [
    0,
    1,
    5,
    40,
    64,
    125,
    130,
    1000,
    4096,
    65_535,
    65_536,
    100_000,
    2_097_152,
    4_294_967_296,
    9_007_199_254_740_991,
    u64::MAX,
];

/// A stream and how it is fed.
#[derive(Clone, Debug)]
pub struct StreamCase<'a> {
    /// Of the decoder.
    pub role: Role,
    /// Of the decoder.
    pub limits: Limits,
    /// Answers and stops of the sink.
    pub manner: Manner,
    /// Sizes of the chunks, taken in turn.
    pub sizes: Vec<usize>,
    /// The stream.
    pub bytes: &'a [u8],
}

impl<'a> StreamCase<'a> {
    /// Reads an input.
    pub fn parse(bytes: &'a [u8]) -> Self {
        let mut input = Input::new(bytes);
        let [flags, limits, fragments, stops] = input.array();
        let mode_of = |n: u8| match flags >> (4 + n) & 1 {
            0 => BinaryMode::Collect,
            _ => BinaryMode::Stream,
        };
        Self {
            role: if flags & 1 == 0 {
                Role::Server
            } else {
                Role::Client
            },
            limits: Limits {
                max_message_bytes: LIMITS[usize::from(limits & 0x0f)],
                max_stream_bytes: LIMITS[usize::from(limits >> 4)],
                max_fragments: match fragments {
                    255 => 16_384,
                    count => count.into(),
                },
            },
            manner: Manner {
                modes: (0..4).map(mode_of).collect(),
                later: flags & 2 != 0,
                stops,
            },
            sizes: input.sizes(),
            bytes: input.rest(),
        }
    }
}
