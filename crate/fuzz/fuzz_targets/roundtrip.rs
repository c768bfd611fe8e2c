//! What the encoder writes is what the decoder reads: messages in fragments, control frames between them, masked or not.
//!
//! Input: a byte (bit 0: the sender is a server, bit 1: binary is streamed, bit 2: which is said later), after which events
//! the sink stops, sizes of chunks, then per message a byte with its kind, and what [`payload`] and [`fragments`] take.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nodejs_websocket::encoder;
use nodejs_websocket::header::Role;
use nodejs_websocket::limits::Limits;
use nodejs_websocket::opcode::{FIN, Opcode};
use nodejs_websocket::sink::BinaryMode;
use nodejs_websocket_fuzz::input::Input;
use nodejs_websocket_fuzz::support::{Event, Manner, decode};

/// Long enough for each form of the length field; inputs are short.
const LONG: [usize; 6] = [256, 300, 1000, 4096, 65_535, 65_536];

/// The sending end.
struct Sender {
    wire: Vec<u8>,
    masks: bool,
}

impl Sender {
    fn frame(&mut self, fin: bool, opcode: Opcode, payload: &[u8], input: &mut Input<'_>) {
        let key = self.masks.then(|| input.array());
        let size = encoder::frame_size(payload.len(), self.masks);
        let start = self.wire.len();
        self.wire.resize(start + size, 0);
        let first = if fin { FIN } else { 0 } | opcode as u8;
        let output = &mut self.wire[start..];
        // A byte less than the frame takes is too little, and then nothing is written.
        let short = &mut output[..size - 1];
        assert_eq!(encoder::write_frame(short, first, payload, key), None);
        assert!(short.iter().all(|byte| *byte == 0));
        let written = encoder::write_frame(output, first, payload, key);
        assert_eq!(written, Some(size));
    }
}

/// A length byte, below 250 as it is, then that many bytes; above, a long payload that repeats the next 8.
fn payload(input: &mut Input<'_>) -> Vec<u8> {
    match usize::from(input.byte()) {
        length @ 0..250 => input.take(length).to_vec(),
        long => {
            let pattern: [u8; 8] = input.array();
            let length = LONG[long - 250];
            pattern.into_iter().cycle().take(length).collect()
        }
    }
}

fn control(sender: &mut Sender, ping: bool, input: &mut Input<'_>) -> Event {
    let mut data = payload(input);
    data.truncate(125);
    let opcode = if ping { Opcode::Ping } else { Opcode::Pong };
    sender.frame(true, opcode, &data, input);
    if ping {
        Event::Ping(data)
    } else {
        Event::Pong(data)
    }
}

/// Sends a message in up to eight fragments, cut anywhere, also within a character, with pongs between them. A byte says
/// how many fragments (bits 0–2) and before which of them a pong goes (bits 3–7); then a size for each but the last.
fn fragments(
    sender: &mut Sender,
    opcode: Opcode,
    message: &[u8],
    input: &mut Input<'_>,
    events: &mut Vec<Event>,
) {
    let plan = input.byte();
    let cuts = usize::from(plan & 7);
    let mut rest = message;
    for n in 0..=cuts {
        if n > 0 && plan >> 3 >> (n % 5) & 1 == 1 {
            events.push(control(sender, false, input));
        }
        let last = n == cuts;
        let size = if last {
            rest.len()
        } else {
            input.byte().into()
        };
        let (piece, tail) = rest.split_at(size.min(rest.len()));
        let opcode = if n == 0 { opcode } else { Opcode::Continuation };
        sender.frame(last, opcode, piece, input);
        rest = tail;
    }
}

/// Events that differ only by where control frames stand within a binary message become equal.
fn normalize(events: Vec<Event>) -> Vec<Event> {
    let (mut whole, mut open): (Vec<Event>, Option<Vec<u8>>) = (Vec::new(), None);
    for event in events {
        match (event, &mut open) {
            (Event::BinaryStart, _) => open = Some(Vec::new()),
            (Event::BinaryData(piece), Some(message)) => message.extend(piece),
            (Event::BinaryEnd, message) => {
                whole.push(Event::BinaryData(message.take().expect("a beginning")));
            }
            (other, _) => whole.push(other),
        }
    }
    assert_eq!(open, None);
    whole
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let flags = input.byte();
    let masks = flags & 1 == 0;
    let manner = Manner {
        modes: vec![if flags & 2 == 0 {
            BinaryMode::Collect
        } else {
            BinaryMode::Stream
        }],
        later: flags & 4 != 0,
        stops: input.byte(),
    };
    let sizes = input.sizes();
    let mut sender = Sender {
        wire: Vec::new(),
        masks,
    };
    let mut expected = Vec::new();
    while !input.is_empty() && expected.len() < 32 && sender.wire.len() < 100_000 {
        match input.byte() % 8 {
            0..=2 => {
                let text = String::from_utf8_lossy(&payload(&mut input)).into_owned();
                let bytes = text.as_bytes();
                fragments(&mut sender, Opcode::Text, bytes, &mut input, &mut expected);
                expected.push(Event::Text(text));
            }
            3 | 4 => {
                let bytes = payload(&mut input);
                fragments(
                    &mut sender,
                    Opcode::Binary,
                    &bytes,
                    &mut input,
                    &mut expected,
                );
                expected.push(Event::BinaryData(bytes));
            }
            5 => expected.push(control(&mut sender, true, &mut input)),
            6 => expected.push(control(&mut sender, false, &mut input)),
            _ => {
                let code = 3000 + u16::from(input.byte());
                let mut reason = String::from_utf8_lossy(&payload(&mut input)).into_owned();
                reason.truncate(reason.floor_char_boundary(123));
                let body = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
                sender.frame(true, Opcode::Close, &body, &mut input);
                expected.push(Event::Close(code, reason.into_bytes()));
                break;
            }
        }
    }
    // Long streams are not fed byte by byte: that takes time and shows nothing new.
    let least = sender.wire.len() / 1000;
    let sizes: Vec<usize> = sizes.into_iter().map(|size| size.max(least)).collect();
    let role = if masks { Role::Server } else { Role::Client };
    let events = decode(&sender.wire, role, Limits::default(), &sizes, &manner);
    assert_eq!(normalize(events), expected);
});
