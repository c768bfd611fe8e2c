//! A sink that collects, a driver that cuts and stops, and the oracle. The fuzz targets use them, too.

use nodejs_websocket::decoder::Decoder;
use nodejs_websocket::encoder;
use nodejs_websocket::error::Failure;
use nodejs_websocket::header::{Header, Role};
use nodejs_websocket::limits::{Limits, MAX_RESERVED_BYTES};
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

/// What the receiver of the events does beside receiving them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Answers to `binary_begin`, one a binary message, from the start again after the last.
    pub modes: Vec<BinaryMode>,
    /// Whether they are given only after the decoder has stopped.
    pub later: bool,
    /// The sink stops the decoder after event n, counted from 0, where bit n mod 8 is set.
    pub stops: u8,
}

impl Manner {
    /// Never stops, and wants every binary message alike.
    pub fn steady(mode: BinaryMode) -> Self {
        Self {
            modes: vec![mode],
            later: false,
            stops: 0,
        }
    }

    /// How binary message `n`, counted from 0, is wanted.
    pub fn mode_of(&self, n: usize) -> BinaryMode {
        self.modes[n % self.modes.len()]
    }
}

/// Writes down what the decoder delivers.
pub struct Collector {
    events: Vec<Event>,
    manner: Manner,
    delivered: usize,
    binary_messages: usize,
    /// Where the chunk being fed lies.
    chunk: usize,
    ended: bool,
}

impl Collector {
    pub fn new(manner: Manner) -> Self {
        Self {
            events: Vec::new(),
            manner,
            delivered: 0,
            binary_messages: 0,
            chunk: 0,
            ended: false,
        }
    }

    fn push(&mut self, event: Event) {
        if let (Event::BinaryData(more), Some(Event::BinaryData(data))) =
            (&event, self.events.last_mut())
        {
            data.extend_from_slice(more);
        } else {
            self.events.push(event);
        }
    }

    /// One event is delivered: nothing may come behind the last one.
    fn deliver(&mut self, event: Event) -> Flow {
        assert!(!self.ended, "{event:?} behind the end");
        self.ended = matches!(event, Event::Close(..) | Event::Failure(_));
        self.push(event);
        let bit = self.delivered % 8;
        self.delivered += 1;
        if self.manner.stops >> bit & 1 == 1 {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }

    /// The bytes of a payload, which must lie where it says.
    fn read(&self, payload: &Payload<'_>) -> Vec<u8> {
        if let Payload::InChunk { start, bytes } = payload {
            assert_eq!(bytes.as_ptr() as usize, self.chunk + start);
        }
        payload.bytes().to_vec()
    }
}

impl Sink for Collector {
    fn text(&mut self, text: Payload<'_>, ascii: bool) -> Flow {
        assert_eq!(text.bytes().is_ascii(), ascii);
        let text = String::from_utf8(self.read(&text)).unwrap();
        self.deliver(Event::Text(text))
    }
    fn binary(&mut self, message: Payload<'_>) -> Flow {
        let bytes = self.read(&message);
        // One that is not in the chunk was announced.
        if matches!(message, Payload::InChunk { .. }) {
            self.binary_messages += 1;
            self.push(Event::BinaryStart);
        }
        if !bytes.is_empty() {
            self.push(Event::BinaryData(bytes));
        }
        self.deliver(Event::BinaryEnd)
    }
    fn binary_begin(&mut self) -> Option<BinaryMode> {
        let mode = self.manner.mode_of(self.binary_messages);
        self.binary_messages += 1;
        self.push(Event::BinaryStart);
        (!self.manner.later).then_some(mode)
    }
    fn binary_data(&mut self, piece: Payload<'_>) -> Flow {
        assert!(!piece.bytes().is_empty());
        let bytes = self.read(&piece);
        self.deliver(Event::BinaryData(bytes))
    }
    fn binary_end(&mut self) -> Flow {
        self.deliver(Event::BinaryEnd)
    }
    fn ping(&mut self, payload: Payload<'_>) -> Flow {
        let bytes = self.read(&payload);
        self.deliver(Event::Ping(bytes))
    }
    fn pong(&mut self, payload: Payload<'_>) -> Flow {
        let bytes = self.read(&payload);
        self.deliver(Event::Pong(bytes))
    }
    fn close(&mut self, code: u16, reason: Payload<'_>) -> Flow {
        let bytes = self.read(&reason);
        self.deliver(Event::Close(code, bytes))
    }
    fn failure(&mut self, failure: Failure) -> Flow {
        self.deliver(Event::Failure(failure))
    }
}

/// A frame as the encoder writes it.
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
    manner: &Manner,
) -> Vec<Event> {
    decode_with(Decoder::new(role, limits), bytes, limits, sizes, manner)
}

/// Likewise, with a decoder that was made for it.
pub fn decode_with(
    mut decoder: Decoder,
    bytes: &[u8],
    limits: Limits,
    sizes: &[usize],
    manner: &Manner,
) -> Vec<Event> {
    let mut sink = Collector::new(manner.clone());
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, tail) = rest.split_at(rest.len().min(*size));
        feed(&mut decoder, &mut chunk.to_vec(), &mut sink);
        check_memory(&decoder, limits, &sink);
        rest = tail;
    }
    sink.events
}

/// Feeds one chunk to its end.
pub fn feed(decoder: &mut Decoder, chunk: &mut [u8], sink: &mut Collector) {
    let mut at = 0;
    loop {
        let rest = &mut chunk[at..];
        sink.chunk = rest.as_ptr() as usize;
        let progress = decoder.feed(rest, sink);
        at += progress.consumed;
        if !progress.more {
            break;
        }
        if sink.manner.later && sink.binary_messages > 0 {
            decoder.answer(sink.manner.mode_of(sink.binary_messages - 1));
        }
    }
    assert_eq!(at, chunk.len());
}

/// Holds what the decoder keeps against the limits and against the bytes that have come.
fn check_memory(decoder: &Decoder, limits: Limits, sink: &Collector) {
    let (pending, reserved) = (decoder.pending_bytes(), decoder.reserved_bytes());
    assert!(pending as u64 <= limits.max_message_bytes);
    // A vector that grows doubles; a control frame's payload is held beside the text.
    assert!(reserved <= 2 * pending + MAX_RESERVED_BYTES as usize + 256);
    assert!(!sink.ended || reserved == 0);
}

/// Reads the whole stream frame by frame, copying everything, with one byte of text at a time.
pub fn oracle(bytes: &[u8], role: Role, limits: Limits, manner: &Manner) -> Vec<Event> {
    let mut events = Vec::new();
    if let Err(failure) = try_oracle(bytes, role, limits, manner, &mut events) {
        events.push(Event::Failure(failure));
    }
    events
}

fn try_oracle(
    mut bytes: &[u8],
    role: Role,
    limits: Limits,
    manner: &Manner,
    events: &mut Vec<Event>,
) -> Result<(), Failure> {
    let (mut message, mut total, mut tiny) = (None, 0u64, 0);
    let (mut mode, mut binary_messages) = (BinaryMode::Stream, 0);
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
                        events.push(read_close(&payload)?);
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
                mode = manner.mode_of(binary_messages);
                binary_messages += 1;
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

/// Section 5.5.1: nothing, or a code that may be sent and a reason in UTF-8.
fn read_close(payload: &[u8]) -> Result<Event, Failure> {
    const REGISTERED: [u16; 12] = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
    ];
    let Some((code, reason)) = payload.split_at_checked(2) else {
        return match payload.len() {
            0 => Ok(Event::Close(1005, Vec::new())),
            _ => Err(Failure::ClosePayload),
        };
    };
    let code = u16::from(code[0]) * 256 + u16::from(code[1]);
    if !REGISTERED.contains(&code) && ![3, 4].contains(&(code / 1000)) {
        return Err(Failure::CloseCode);
    }
    match String::from_utf8(reason.to_vec()) {
        Ok(reason) => Ok(Event::Close(code, reason.into_bytes())),
        Err(_) => Err(Failure::InvalidUtf8),
    }
}

/// The key as the header has it: what masking zeros gives.
fn bytes_of_key(header: &Header) -> [u8; 4] {
    let mut key = [0; 4];
    nodejs_websocket::mask::apply(&mut key, header.key);
    key
}
