//! A sink that collects, a driver that cuts and stops, and the oracle.

use nodejs_websocket::close;
use nodejs_websocket::decoder::Decoder;
use nodejs_websocket::encoder;
use nodejs_websocket::error::Failure;
use nodejs_websocket::header::{Header, Role};
use nodejs_websocket::limits::Limits;
use nodejs_websocket::opcode::Opcode;
use nodejs_websocket::sink::{BinaryMode, Flow, Payload, Sink};

/// Binary pieces are joined, and a message in one piece counts as one in pieces: where they are cut is not a matter of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Text(String),
    BinaryStart,
    BinaryData(Vec<u8>),
    BinaryEnd,
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, Vec<u8>),
    Failure(Failure),
}

/// How the sink answers `binary_begin`.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    Now(BinaryMode),
    Later(BinaryMode),
}

pub struct Collector {
    events: Vec<Event>,
    wanted: Wanted,
    flow: Flow,
}

impl Collector {
    pub fn new(wanted: Wanted, stop: bool) -> Self {
        let flow = if stop { Flow::Stop } else { Flow::Continue };
        Self {
            events: Vec::new(),
            wanted,
            flow,
        }
    }

    fn push(&mut self, event: Event) -> Flow {
        if let (Event::BinaryData(more), Some(Event::BinaryData(data))) =
            (&event, self.events.last_mut())
        {
            data.extend_from_slice(more);
        } else {
            self.events.push(event);
        }
        self.flow
    }
}

impl Sink for Collector {
    fn text(&mut self, text: Payload<'_>, ascii: bool) -> Flow {
        assert_eq!(text.bytes().is_ascii(), ascii);
        self.push(Event::Text(
            std::str::from_utf8(text.bytes()).unwrap().to_owned(),
        ))
    }
    fn binary(&mut self, message: Payload<'_>) -> Flow {
        self.push(Event::BinaryStart);
        if !message.bytes().is_empty() {
            self.push(Event::BinaryData(message.bytes().to_vec()));
        }
        self.push(Event::BinaryEnd)
    }
    fn binary_begin(&mut self) -> Option<BinaryMode> {
        self.push(Event::BinaryStart);
        match self.wanted {
            Wanted::Now(mode) => Some(mode),
            Wanted::Later(_) => None,
        }
    }
    fn binary_data(&mut self, piece: Payload<'_>) -> Flow {
        assert!(!piece.bytes().is_empty());
        self.push(Event::BinaryData(piece.bytes().to_vec()))
    }
    fn binary_end(&mut self) -> Flow {
        self.push(Event::BinaryEnd)
    }
    fn ping(&mut self, payload: Payload<'_>) -> Flow {
        self.push(Event::Ping(payload.bytes().to_vec()))
    }
    fn pong(&mut self, payload: Payload<'_>) -> Flow {
        self.push(Event::Pong(payload.bytes().to_vec()))
    }
    fn close(&mut self, code: u16, reason: Payload<'_>) -> Flow {
        self.push(Event::Close(code, reason.bytes().to_vec()))
    }
    fn failure(&mut self, failure: Failure) -> Flow {
        self.push(Event::Failure(failure))
    }
}

pub fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let mut output = vec![0; encoder::frame_size(payload.len(), key.is_some())];
    encoder::write_frame(&mut output, first, payload, key).unwrap();
    output
}

/// Feeds `bytes` in pieces of the given sizes, taken in turn, calling again after every stop.
pub fn decode(
    bytes: &[u8],
    role: Role,
    limits: Limits,
    sizes: &[usize],
    wanted: Wanted,
    stop: bool,
) -> Vec<Event> {
    let mut decoder = Decoder::new(role, limits);
    let mut sink = Collector::new(wanted, stop);
    let mut rest = bytes.to_vec();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let tail = rest.split_off(rest.len().min(*size));
        let mut at = 0;
        loop {
            let progress = decoder.feed(&mut rest[at..], &mut sink);
            at += progress.consumed;
            if !progress.more {
                break;
            }
            if let (Wanted::Later(mode), Some(Event::BinaryStart)) = (wanted, sink.events.last()) {
                decoder.answer(mode);
            }
        }
        assert_eq!(at, rest.len());
        rest = tail;
    }
    sink.events
}

/// Reads the whole stream frame by frame, copying everything, with one byte of text at a time.
pub fn oracle(bytes: &[u8], role: Role, limits: Limits, mode: BinaryMode) -> Vec<Event> {
    let mut events = Vec::new();
    if let Err(failure) = try_oracle(bytes, role, limits, mode, &mut events) {
        events.push(Event::Failure(failure));
    }
    events
}

fn try_oracle(
    mut bytes: &[u8],
    role: Role,
    limits: Limits,
    mode: BinaryMode,
    events: &mut Vec<Event>,
) -> Result<(), Failure> {
    let (mut message, mut total, mut tiny) = (None, 0u64, 0);
    let mut text: Vec<u8> = Vec::new();
    while let Some(header) = Header::parse(bytes, role, message.is_some())? {
        bytes = &bytes[header.size..];
        let available = header.length.min(bytes.len() as u64) as usize;
        let complete = available as u64 == header.length;
        let key: [u8; 4] = bytes_of_key(&header);
        let payload: Vec<u8> = bytes[..available]
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect();
        bytes = &bytes[available..];
        if header.opcode.is_control() {
            if complete {
                match header.opcode {
                    Opcode::Ping => events.push(Event::Ping(payload)),
                    Opcode::Pong => events.push(Event::Pong(payload)),
                    _ => {
                        let code = close::parse(&payload)?;
                        events.push(Event::Close(code, payload.into_iter().skip(2).collect()));
                        return Ok(());
                    }
                }
            }
            continue;
        }
        if header.opcode != Opcode::Continuation {
            (message, total, tiny) = (Some(header.opcode), 0, 0);
            text.clear();
            if header.opcode == Opcode::Binary {
                events.push(Event::BinaryStart);
            }
        }
        let binary = message == Some(Opcode::Binary);
        total = total.saturating_add(header.length);
        let limit = if binary && mode == BinaryMode::Stream {
            limits.max_stream_bytes
        } else {
            limits.max_message_bytes
        };
        if total > limit || header.length >= 1 << 53 {
            return Err(Failure::MessageTooBig);
        }
        if (!header.fin || header.opcode == Opcode::Continuation) && header.length < 64 {
            tiny += 1;
            if tiny > limits.max_fragments {
                return Err(Failure::TooManyFragments);
            }
        }
        let done = complete && header.fin;
        if binary {
            if let (Some(Event::BinaryData(data)), false) = (events.last_mut(), payload.is_empty())
            {
                data.extend(payload);
            } else if !payload.is_empty() {
                events.push(Event::BinaryData(payload));
            }
            if done {
                events.push(Event::BinaryEnd);
            }
        } else {
            text.extend(payload);
            match std::str::from_utf8(&text) {
                Err(error) if done || error.error_len().is_some() => {
                    return Err(Failure::InvalidUtf8);
                }
                Ok(valid) if done => events.push(Event::Text(valid.to_owned())),
                _ => {}
            }
        }
        if done {
            message = None;
        }
    }
    Ok(())
}

/// The key as the header has it: what masking zeros gives.
fn bytes_of_key(header: &Header) -> [u8; 4] {
    let mut key = [0; 4];
    nodejs_websocket::mask::apply(&mut key, header.key);
    key
}
