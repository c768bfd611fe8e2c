//! The head of a perfect opening handshake (RFC 6455 section 4.1), and where its parts are.
//!
//! Perfect is what every browser and client library sends. Anything else is none of this module's business: somebody who reads
//! all of HTTP judges it, and answers.

use crate::accept::{ACCEPT_BYTES, accept_value, is_valid_key};

/// More header fields than this are not perfect.
pub const MAX_HEADERS: usize = 32;

/// Words that say where the parts are: the end of the head, then start and end of the target, of the key, of the list of
/// subprotocols and of that of extensions, each of the two empty where there is none; then the bytes of the value that
/// Sec-WebSocket-Accept is to have.
pub const WORDS: usize = RANGE_WORDS + ACCEPT_BYTES / 4;

/// Of these, what stands before the answer.
const RANGE_WORDS: usize = 9;

/// Writes to `words` where the parts of the request at the beginning of `chunk` are. Returns whether it is one: a whole
/// `GET /… HTTP/1.1`, lines that end in CR LF, each field there once, none that speaks of a body or has rules of its own, and
/// those that the RFC asks for as it asks for them.
pub fn parse(chunk: &[u8], words: &mut [u32; WORDS]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(end)) = request.parse(chunk) else {
        return false;
    };
    let (Some("GET"), Some(target), Some(1)) = (request.method, request.path, request.version)
    else {
        return false;
    };
    let head = &chunk[..end];
    // The parser forgives empty lines before the request, spaces around the target, and lines that end in LF.
    if !head.starts_with(b"GET /")
        || !target.bytes().all(is_plain)
        || head.get(4 + target.len()..13 + target.len()) != Some(b" HTTP/1.1".as_slice())
        || (0..end).any(|at| (head[at] == b'\n') != (at > 0 && head[at - 1] == b'\r'))
    {
        return false;
    }
    let fields = &*request.headers;
    for (index, field) in fields.iter().enumerate() {
        let is_known = |other: &httparse::Header<'_>| other.name.eq_ignore_ascii_case(field.name);
        if is_special(field.name) || fields[..index].iter().any(is_known) {
            return false;
        }
    }
    let value = |name: &str| {
        let is_it = |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case(name);
        fields.iter().find(is_it).map(|field| field.value)
    };
    let (Some(upgrade), Some(connection), Some(_), Some(b"13"), Some(key)) = (
        value("upgrade"),
        value("connection"),
        value("host"),
        value("sec-websocket-version"),
        value("sec-websocket-key"),
    ) else {
        return false;
    };
    if !upgrade.eq_ignore_ascii_case(b"websocket")
        || !has_token(connection, b"upgrade")
        || !is_valid_key(key)
    {
        return false;
    }
    let Ok(whole_key) = key.try_into() else {
        return false;
    };
    // A part is a slice of the head, but an empty one may be a slice of anything.
    let range = |part: &[u8]| {
        let start = if part.is_empty() {
            0
        } else {
            (part.as_ptr().addr() - head.as_ptr().addr()) as u32
        };
        [start, start + part.len() as u32]
    };
    let protocols = value("sec-websocket-protocol");
    // There, it should name one.
    if protocols.is_some_and(<[u8]>::is_empty) {
        return false;
    }
    let extensions = value("sec-websocket-extensions");
    let parts = [
        target.as_bytes(),
        key,
        protocols.unwrap_or_default(),
        extensions.unwrap_or_default(),
    ];
    words[0] = end as u32;
    for (pair, part) in words[1..RANGE_WORDS]
        .as_chunks_mut()
        .0
        .iter_mut()
        .zip(parts)
    {
        *pair = range(part);
    }
    let answer = accept_value(whole_key);
    for (word, bytes) in words[RANGE_WORDS..].iter_mut().zip(answer.as_chunks().0) {
        *word = u32::from_ne_bytes(*bytes);
    }
    true
}

/// Whether the comma-separated `list` has `token`, whatever the case.
fn has_token(list: &[u8], token: &[u8]) -> bool {
    list.split(|byte| *byte == b',')
        .any(|element| element.trim_ascii().eq_ignore_ascii_case(token))
}

/// Whether a byte of the target needs no second look (RFC 3986: unreserved, sub-delims and what separates them).
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'$'..=b'/' | b':' | b';' | b'=' | b'?' | b'@' | b'_' | b'~'
        )
}

fn is_special(name: &str) -> bool {
    const SPECIAL: [&str; 5] = [
        "content-length",
        "transfer-encoding",
        "expect",
        "trailer",
        "set-cookie",
    ];
    SPECIAL.iter().any(|other| name.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERFECT: &str = "GET /chat?a=%20b HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
        Empty:\r\nX: a b\t\r\n\r\n";

    fn parts(head: &str) -> Option<[&str; 5]> {
        let mut words = [0; WORDS];
        if !parse(head.as_bytes(), &mut words) {
            return None;
        }
        let text = |at: usize| &head[words[at] as usize..words[at + 1] as usize];
        Some([
            text(1),
            text(3),
            text(5),
            text(7),
            &head[words[0] as usize..],
        ])
    }

    #[test]
    fn says_where_the_parts_are() {
        let head = format!("{PERFECT}rest");
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let expected = ["/chat?a=%20b", key, "", "", "rest"];
        assert_eq!(parts(&head).unwrap(), expected);
        let head = PERFECT.replacen(
            "Empty:",
            "Sec-WebSocket-Protocol: a, b\r\nsec-websocket-extensions:c; d",
            1,
        );
        assert_eq!(
            parts(&head).unwrap(),
            ["/chat?a=%20b", key, "a, b", "c; d", ""]
        );
    }

    #[test]
    fn has_the_answer() {
        let mut words = [0; WORDS];
        assert!(parse(PERFECT.as_bytes(), &mut words));
        let answer: Vec<u8> = words[RANGE_WORDS..]
            .iter()
            .flat_map(|word| word.to_ne_bytes())
            .collect();
        assert_eq!(answer, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn knows_the_token_among_others() {
        for (from, to) in [
            ("Connection: Upgrade", "Connection: keep-alive,UPGRADE"),
            ("Connection: Upgrade", "Connection: upgrade , x"),
            ("websocket", "WebSocket"),
        ] {
            assert!(parts(&PERFECT.replacen(from, to, 1)).is_some(), "{to}");
        }
    }

    #[test]
    fn leaves_every_part_of_a_head_to_others() {
        for end in 0..PERFECT.len() {
            assert_eq!(parts(&PERFECT[..end]), None, "{end}");
        }
    }

    #[test]
    fn leaves_what_is_not_perfect_to_others() {
        for (from, to) in [
            ("GET", "POST"),
            ("GET", "get"),
            ("GET ", "GET  "),
            ("GET ", "\r\nGET "),
            ("/chat", "http://example.com/chat"),
            ("/chat", "*"),
            ("/chat", "/ch\"at"),
            ("/chat", "/ch#at"),
            (" HTTP", "  HTTP"),
            ("1.1", "1.0"),
            ("1.1\r\n", "1.1\n"),
            ("Empty:\r\n", "Empty:\n"),
            ("Empty:\r\n", "Empty:\r\n folded\r\n"),
            ("Empty:", "Empty :"),
            ("Empty:", "Em pty:"),
            ("Empty:", "host:"),
            ("Empty:", "Content-Length: 0"),
            ("Empty:", "transfer-encoding: chunked"),
            ("Empty:", "Expect: 100-continue"),
            ("Empty:", "Set-Cookie: a=b"),
            ("a b", "a \0 b"),
            ("a b", "a \r b"),
            ("Upgrade: websocket", "Upgrade: websockets"),
            ("Upgrade: websocket", "Upgrade: h2c, websocket"),
            ("Connection: Upgrade", "Connection: Upgrades"),
            ("Connection: Upgrade", "Connection:"),
            ("Host: example.com", "Hosts: example.com"),
            ("Version: 13", "Version: 12"),
            ("Key: d", "Key: "),
            ("Key: d", "Key: *"),
            ("Empty:", "Sec-WebSocket-Protocol:"),
        ] {
            let head = PERFECT.replacen(from, to, 1);
            assert_ne!(head, PERFECT);
            assert_eq!(parts(&head), None, "{head}");
        }
        let many = "a: b\r\n".repeat(MAX_HEADERS + 1);
        assert_eq!(parts(&format!("GET / HTTP/1.1\r\n{many}\r\n")), None);
    }
}
