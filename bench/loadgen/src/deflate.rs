//! permessage-deflate, RFC 7692: what is offered, messages compressed beforehand, and answers inflated.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

/// What a flush ends in, and a message leaves out: section 7.2.1.
const FLUSH_END: [u8; 4] = [0, 0, 0xff, 0xff];

/// zlib's default, which the servers are told, too.
const LEVEL: u32 = 6;

/// Whether the server's messages may refer to those before them. The client's never do: so they can be prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// They may not.
    No,
    /// They may.
    Server,
}

impl Takeover {
    /// By the name the command line gives it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::No, Self::Server]
            .into_iter()
            .find(|takeover| takeover.name() == name)
    }

    /// As the command line and reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no-takeover",
            Self::Server => "takeover",
        }
    }

    /// The offer in the client's request.
    pub fn offer(self) -> &'static str {
        match self {
            Self::No => {
                "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
            }
            Self::Server => "permessage-deflate; client_no_context_takeover",
        }
    }

    /// Whether the response accepts just that. A server that holds itself to less would be measured at other settings.
    pub fn is_accepted(self, response: &str) -> bool {
        let mut words = response.split(';').map(str::trim);
        let mut server_takes_over = true;
        words.next() == Some("permessage-deflate")
            && words.all(|parameter| {
                server_takes_over &= parameter != "server_no_context_takeover";
                matches!(
                    parameter,
                    "client_no_context_takeover"
                        | "server_no_context_takeover"
                        | "server_max_window_bits=15"
                )
            })
            && server_takes_over == (self == Self::Server)
    }
}

/// Compresses messages, each by itself.
#[derive(Debug)]
pub struct Deflater(Compress);

impl Default for Deflater {
    fn default() -> Self {
        Self(Compress::new(Compression::new(LEVEL), false))
    }
}

impl Deflater {
    /// The payload of the compressed message.
    ///
    /// # Panics
    /// If zlib fails, which it has no reason to.
    pub fn deflate(&mut self, payload: &[u8]) -> Vec<u8> {
        self.0.reset();
        let mut output = Vec::with_capacity(longest_deflated(payload.len()));
        self.0
            .compress_vec(payload, &mut output, FlushCompress::Sync)
            .expect("the room is enough");
        assert_eq!(self.0.total_in(), payload.len() as u64);
        assert!(output.ends_with(&FLUSH_END));
        output.truncate(output.len() - FLUSH_END.len());
        output
    }
}

/// More than a payload of so many bytes needs, whoever compresses it: without compression there are five bytes every few KiB.
pub fn longest_deflated(size: usize) -> usize {
    size + size / 64 + 64
}

/// Inflates messages.
#[derive(Debug)]
pub struct Inflater {
    context: Decompress,
    output: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            context: Decompress::new(false),
            output: Vec::new(),
        }
    }
}

impl Inflater {
    /// Forgets the messages before the next one.
    pub fn forget(&mut self) {
        self.context.reset(false);
    }

    /// The payload of a compressed message, of which more than `size` bytes are left out but one, which shows that there are more.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn inflate(&mut self, deflated: &[u8], size: usize) -> Result<&[u8], String> {
        self.output.clear();
        self.output.reserve_exact(size + 1);
        for piece in [deflated, &FLUSH_END] {
            let until = self.context.total_in() + piece.len() as u64;
            self.context
                .decompress_vec(piece, &mut self.output, FlushDecompress::Sync)
                .map_err(|error| format!("a compressed message that is none: {error}"))?;
            if self.context.total_in() < until && self.output.len() <= size {
                return Err("a compressed message with bytes after its end".to_owned());
            }
        }
        self.output.truncate(size + 1);
        Ok(&self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Kind;
    use crate::random::Random;

    #[test]
    fn what_was_deflated_is_inflated() {
        let mut random = Random::from_seed(30);
        let (mut deflater, mut inflater) = (Deflater::default(), Inflater::default());
        for kind in [Kind::Json, Kind::NonAscii, Kind::Binary] {
            for size in [0, 1, 32, 1024, 65_536, 1 << 20] {
                let payload = kind.payload(size, &mut random);
                let bytes = deflater.deflate(&payload);
                assert!(bytes.len() <= longest_deflated(size));
                inflater.forget();
                assert!(inflater.inflate(&bytes, size).unwrap() == payload);
                if size > 0 {
                    inflater.forget();
                    assert_eq!(inflater.inflate(&bytes, size - 1).unwrap().len(), size);
                }
            }
        }
    }

    #[test]
    fn json_deflates_like_json() {
        let payload = Kind::Json.payload(1024, &mut Random::from_seed(31));
        let length = Deflater::default().deflate(&payload).len();
        assert!((200..700).contains(&length), "{length}");
    }

    #[test]
    fn a_message_as_in_the_rfc() {
        // RFC 7692 section 7.2.3: "Hello", twice, the second time with the context of the first.
        let mut inflater = Inflater::default();
        for bytes in [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
            &[0xf2, 0x00, 0x11, 0x00, 0x00],
        ] {
            assert_eq!(inflater.inflate(bytes, 5).unwrap(), b"Hello");
        }
        inflater.forget();
        assert!(
            inflater
                .inflate(&[0xf2, 0x00, 0x11, 0x00, 0x00], 5)
                .is_err()
        );
        assert!(Inflater::default().inflate(&[0xff; 9], 5).is_err());
    }

    #[test]
    fn only_the_settings_that_were_offered_are_accepted() {
        let (no, server) = (Takeover::No, Takeover::Server);
        for takeover in [no, server] {
            assert!(takeover.is_accepted(takeover.offer()));
            assert_eq!(Takeover::from_name(takeover.name()), Some(takeover));
        }
        assert!(no.is_accepted("permessage-deflate;server_no_context_takeover"));
        assert!(server.is_accepted("permessage-deflate; server_max_window_bits=15"));
        assert!(!no.is_accepted("permessage-deflate"));
        assert!(!server.is_accepted(no.offer()));
        for wrong in [
            "",
            "permessage-deflate; server_max_window_bits=12",
            "x-deflate",
        ] {
            assert!(
                !no.is_accepted(wrong) && !server.is_accepted(wrong),
                "{wrong}"
            );
        }
    }
}
