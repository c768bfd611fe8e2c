//! What an inflater keeps.

use super::*;

const KIB: usize = 1024;

/// Takes in messages of a kilobyte, each a stored block.
fn receive(inflater: &mut Inflater, messages: usize) {
    let mut benches = Benches::default();
    let mut payload = vec![0, 0x00, 0x04, 0xff, 0xfb];
    payload.resize(payload.len() + KIB, b'-');
    payload.push(0);
    for _ in 0..messages {
        for mut input in [&payload[..], &TAIL] {
            loop {
                let piece = inflater.inflate(&mut benches, input).unwrap();
                input = &input[piece.consumed..];
                if !piece.more {
                    break;
                }
            }
        }
        inflater.finish(&mut benches).unwrap();
    }
}

#[test]
fn memory_is_taken_as_there_is_history() {
    let mut inflater = Inflater::new(15);
    receive(&mut inflater, 4);
    assert!(inflater.window.capacity() <= 9 * KIB);
    receive(&mut inflater, 100);
    let taken = size_of::<Inflater>() + inflater.window.capacity();
    assert_eq!(taken, Inflater::reserved_bytes(15));
}

#[test]
fn messages_without_history_take_room_for_one_of_them() {
    let mut inflater = Inflater::new(15);
    for _ in 0..200 {
        receive(&mut inflater, 1);
        inflater.reset();
    }
    assert_eq!(inflater.window.capacity(), window_bytes(KIB));
}
