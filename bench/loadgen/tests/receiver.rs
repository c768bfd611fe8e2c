//! What counts as the right answer, however it is cut, and what does not.

use loadgen::frames::{Header, Opcode, write_frame};
use loadgen::messages::Messages;
use loadgen::payload::Kind;
use loadgen::random::Random;
use loadgen::receiver::Receiver;
use loadgen::sampler::Sampler;

/// Both sides of the limit up to which every message is compared, and of those of the forms of the length.
const SIZES: [usize; 6] = [0, 32, 125, 126, 1024, 70_000];

fn prepare(kind: Kind, size: usize) -> Messages {
    Messages::prepare(kind, size, &mut Random::from_seed(20))
}

fn fragment(output: &mut Vec<u8>, fin: bool, opcode: Opcode, payload: &[u8]) {
    Header {
        fin,
        compressed: false,
        opcode,
        length: payload.len() as u64,
        mask: None,
    }
    .write(output);
    output.extend_from_slice(payload);
}

/// The first `count` messages as a server sends them, a third of them in random fragments, with a ping here and there.
fn answers(messages: &Messages, count: usize, random: &mut Random) -> Vec<u8> {
    let mut output = Vec::new();
    for index in 0..count {
        let mut payload = messages.payload(index % messages.count());
        let mut opcode = messages.opcode();
        while random.below(3) == 0 && !payload.is_empty() {
            let (piece, rest) = payload.split_at(random.below(payload.len()));
            fragment(&mut output, false, opcode, piece);
            if random.below(4) == 0 {
                write_frame(&mut output, Opcode::Ping, b"still there?", None);
            }
            (payload, opcode) = (rest, Opcode::Continuation);
        }
        fragment(&mut output, true, opcode, payload);
    }
    output
}

/// Feeds one piece. `Ok` is the number of messages that were completed.
fn feed(messages: &Messages, bytes: &[u8]) -> Result<u32, String> {
    let mut sampler = Sampler::new(Random::from_seed(21));
    Receiver::new(0, 0)
        .feed(bytes, messages, &mut sampler, &mut Vec::new())
        .map_err(|failure| failure.to_string())
}

#[test]
fn the_right_messages_are_counted_whatever_the_fragments_and_cuts() {
    let mut random = Random::from_seed(22);
    for (kind, size) in [Kind::Ascii, Kind::NonAscii, Kind::Binary]
        .into_iter()
        .flat_map(|kind| SIZES.map(|size| (kind, size)))
    {
        let messages = prepare(kind, size);
        // Around the ring, too.
        let count = messages.count() + 3;
        let bytes = answers(&messages, count, &mut random);
        let mut sampler = Sampler::new(Random::from_seed(23));
        let mut receiver = Receiver::new(0, 0);
        let (mut completed, mut replies) = (0, Vec::new());
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let longest = *random.one_of(&[2, 50, 5000, 200_000]);
            let (chunk, after) = rest.split_at((1 + random.below(longest)).min(rest.len()));
            completed += receiver
                .feed(chunk, &messages, &mut sampler, &mut replies)
                .unwrap();
            rest = after;
        }
        assert_eq!(completed as usize, count, "{} of {size} bytes", kind.name());
    }
}

#[test]
fn every_byte_of_small_messages_is_compared() {
    let messages = prepare(Kind::NonAscii, 32);
    let right = answers(&messages, 1, &mut Random::from_seed(0));
    assert_eq!(feed(&messages, &right), Ok(1));
    for place in 2..34 {
        let mut wrong = right.clone();
        wrong[place] ^= 0x01;
        let told = feed(&messages, &wrong).unwrap_err();
        assert!(
            told.contains(&format!("as byte {} of 32, got", place - 2)),
            "{told}"
        );
    }
}

#[test]
fn a_large_message_with_a_wrong_byte_is_found_when_its_turn_comes() {
    let messages = prepare(Kind::Binary, 70_000);
    let mut wrong = Vec::new();
    write_frame(&mut wrong, Opcode::Binary, messages.payload(0), None);
    let last = wrong.len() - 1;
    wrong[last] ^= 0x80;
    let mut sampler = Sampler::new(Random::from_seed(24));
    let failure = (0..127)
        .find_map(|_| {
            let mut receiver = Receiver::new(0, 0);
            receiver
                .feed(&wrong, &messages, &mut sampler, &mut Vec::new())
                .err()
        })
        .expect("one of 127 is compared");
    assert!(
        failure
            .to_string()
            .contains("as byte 69999 of 70000, got 0x"),
        "{failure}"
    );
}

#[test]
fn messages_out_of_order_are_wrong() {
    let messages = prepare(Kind::Binary, 32);
    let mut swapped = Vec::new();
    write_frame(&mut swapped, Opcode::Binary, messages.payload(1), None);
    write_frame(&mut swapped, Opcode::Binary, messages.payload(0), None);
    assert!(
        feed(&messages, &swapped)
            .unwrap_err()
            .contains("as byte 0 of 32, got")
    );
}

#[test]
fn the_length_of_every_message_is_checked() {
    for size in SIZES {
        let messages = prepare(Kind::Binary, size);
        let mut long = messages.payload(0).to_vec();
        long.push(0);
        let mut bytes = Vec::new();
        write_frame(&mut bytes, Opcode::Binary, &long, None);
        let told = feed(&messages, &bytes).unwrap_err();
        assert_eq!(
            told,
            format!(
                "expected a message of {size} bytes, got one of {}",
                size + 1
            )
        );
        if size > 0 {
            bytes.clear();
            write_frame(&mut bytes, Opcode::Binary, &long[..size - 1], None);
            let told = feed(&messages, &bytes).unwrap_err();
            assert_eq!(
                told,
                format!(
                    "expected a message of {size} bytes, got one of {}",
                    size - 1
                )
            );
        }
    }
}

#[test]
fn fragments_that_become_too_long_are_told_at_once() {
    let messages = prepare(Kind::Ascii, 32);
    let mut bytes = Vec::new();
    fragment(&mut bytes, false, Opcode::Text, &messages.payload(0)[..30]);
    Header {
        fin: false,
        compressed: false,
        opcode: Opcode::Continuation,
        length: 3,
        mask: None,
    }
    .write(&mut bytes);
    let told = feed(&messages, &bytes).unwrap_err();
    assert_eq!(
        told,
        "expected a message of 32 bytes, got one of 33 or more"
    );
}

#[test]
fn frames_that_do_not_belong_are_told() {
    let messages = prepare(Kind::Ascii, 3);
    for (bytes, told) in [
        (&[0x82, 3, 1, 2, 3][..], "expected a Text frame, got Binary"),
        (
            &[0x80, 3, 1, 2, 3],
            "expected a Text frame, got Continuation",
        ),
        (
            &[0x81, 0x83, 0, 0, 0, 0, 1, 2, 3],
            "expected an unmasked frame, got a masked one",
        ),
        (
            &[0xc1, 3, 1, 2, 3],
            "expected a frame without RSV1, got one with",
        ),
        (
            &[0xa1, 3, 1, 2, 3],
            "expected a frame, got a frame that begins with the byte 0xa1",
        ),
        (
            &[0x09, 0],
            "expected a control frame in one frame of at most 125 bytes, got",
        ),
        (
            &[0x88, 2, 3, 232],
            "expected an answer, got a close frame with code 1000 \"\"",
        ),
        (
            &[0x88, 5, 3, 240, b'b', b'y', b'e'],
            "a close frame with code 1008 \"bye\"",
        ),
        (
            &[0x88, 0],
            "expected an answer, got a close frame without a code",
        ),
    ] {
        let failure = feed(&messages, bytes).unwrap_err();
        assert!(failure.contains(told), "{failure}");
    }
}

#[test]
fn a_ping_is_answered_by_a_masked_pong() {
    let messages = prepare(Kind::Ascii, 32);
    let mut replies = Vec::new();
    let mut sampler = Sampler::new(Random::from_seed(26));
    let bytes = [0x89, 2, b'h', b'i'];
    Receiver::new(0, 0)
        .feed(&bytes, &messages, &mut sampler, &mut replies)
        .unwrap();
    let [0x8a, 0x82, key @ .., _, _] = &replies[..] else {
        panic!("{replies:?}")
    };
    assert_eq!([replies[6] ^ key[0], replies[7] ^ key[1]], *b"hi");
}
