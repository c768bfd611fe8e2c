//! What messages contain. Every payload is random, so that no server profits from seeing the same bytes again.

use crate::frames::Opcode;
use crate::random::Random;

/// The kind of the messages' content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text of printable ASCII.
    Ascii,
    /// Text of words in several scripts: characters of 2, 3 and 4 bytes, and the spaces between words.
    NonAscii,
    /// Text as services send it to browsers: JSON objects with the same members again and again. It is cut off where it is long enough.
    Json,
    /// Any bytes.
    Binary,
}

/// A word is of one script, as in real text; emoji stand alone.
const SCRIPTS: [&[&str]; 5] = [
    &["ä", "ö", "ü", "ß", "é", "è", "ñ", "ç", "å", "ø"],
    &["α", "β", "γ", "δ", "ε", "λ", "μ", "π", "σ", "ω"],
    &["а", "б", "в", "г", "д", "е", "ж", "и", "н", "я"],
    &["日", "本", "語", "漢", "字", "東", "京", "한", "국", "어"],
    &["😀", "🎉", "🚀", "🌍"],
];

impl Kind {
    /// By the name the command line gives it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ascii, Self::NonAscii, Self::Json, Self::Binary]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// As the command line and reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::NonAscii => "non-ascii",
            Self::Json => "json",
            Self::Binary => "binary",
        }
    }

    /// The opcode of such a message's first frame.
    pub fn opcode(self) -> Opcode {
        match self {
            Self::Ascii | Self::NonAscii | Self::Json => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }

    /// A payload of exactly `size` bytes.
    pub fn payload(self, size: usize, random: &mut Random) -> Vec<u8> {
        let mut payload = vec![0; size];
        match self {
            Self::Binary => random.fill(&mut payload),
            Self::Ascii => payload.fill_with(|| b' ' + random.below(95) as u8),
            Self::NonAscii => payload = words(size, random).into_bytes(),
            Self::Json => payload = objects(size, random).into_bytes(),
        }
        payload
    }
}

fn words(size: usize, random: &mut Random) -> String {
    let mut text = String::with_capacity(size);
    loop {
        let script = *random.one_of(&SCRIPTS);
        let letters = if script.len() < 10 {
            1
        } else {
            2 + random.below(8)
        };
        for _ in 0..letters {
            let letter = *random.one_of(script);
            // What is left is shorter than the letter: letters of two bytes, and at last one of one, fill it exactly.
            match size - text.len() {
                0 => return text,
                1 => text.push('.'),
                left if left < letter.len() => text.push('é'),
                _ => text.push_str(letter),
            }
        }
        if text.len() < size {
            text.push(' ');
        }
    }
}

const NAMES: [&str; 12] = [
    "Alva", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas",
    "Kaori", "Lupe",
];
const STATES: [&str; 4] = ["pending", "confirmed", "shipped", "cancelled"];

/// Orders of a shop. Members repeat, numbers and dates do not: it deflates as such text does, small objects to a half.
fn objects(size: usize, random: &mut Random) -> String {
    let mut text = String::from("[");
    while text.len() < size {
        let order = format!(
            "{{\"id\":\"{:016x}\",\"customer\":{{\"name\":\"{}\",\"number\":{}}},\"state\":\"{}\",\
             \"total\":{}.{:02},\"express\":{},\"updated\":\"2026-{:02}-{:02}T{:02}:{:02}:{:02}Z\"}},",
            random.bits(),
            random.one_of(&NAMES),
            random.below(1_000_000),
            random.one_of(&STATES),
            random.below(2000),
            random.below(100),
            random.below(4) == 0,
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
            random.below(60),
            random.below(60),
        );
        text.push_str(&order);
    }
    text.truncate(size);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_exactly_the_size_asked_for() {
        let mut random = Random::from_seed(3);
        for kind in [Kind::Ascii, Kind::NonAscii, Kind::Json, Kind::Binary] {
            for size in (0..300).chain([1024, 65_536]) {
                assert_eq!(
                    kind.payload(size, &mut random).len(),
                    size,
                    "{}",
                    kind.name()
                );
            }
        }
    }

    #[test]
    fn text_is_utf8_and_of_its_kind() {
        let mut random = Random::from_seed(4);
        assert!(
            Kind::Ascii
                .payload(10_000, &mut random)
                .iter()
                .all(|b| (b' '..=b'~').contains(b))
        );
        for size in 0..300 {
            let text = String::from_utf8(Kind::NonAscii.payload(size, &mut random)).unwrap();
            assert_eq!(text.is_ascii(), size < 2);
        }
        let text = String::from_utf8(Kind::NonAscii.payload(10_000, &mut random)).unwrap();
        for bytes in 1..=4 {
            assert!(
                text.chars().any(|c| c.len_utf8() == bytes),
                "no character of {bytes} bytes"
            );
        }
    }

    #[test]
    fn names_lead_back_to_kinds() {
        for kind in [Kind::Ascii, Kind::NonAscii, Kind::Json, Kind::Binary] {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_name("hex"), None);
    }
}
