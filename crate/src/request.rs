//! The head of a perfect opening handshake (RFC 6455 section 4.1), and where its parts are.
//!
//! Perfect is what every browser and client library sends. Anything else is none of this module's business: somebody who reads
//! all of HTTP judges it, and answers.

/// More header fields than this are not perfect.
pub const MAX_HEADERS: usize = 32;

/// Words before those of the fields: `[end of the head, start and end of the target, fields]`.
pub const HEAD_WORDS: usize = 4;

/// Words of a field: `[start and end of the name, start and end of the value]`.
pub const FIELD_WORDS: usize = 4;

/// Words that hold any perfect head.
pub const WORDS: usize = HEAD_WORDS + MAX_HEADERS * FIELD_WORDS;

/// Writes to `words` where the parts of the request at the beginning of `chunk` are. Returns whether it is one: a whole
/// `GET /… HTTP/1.1`, lines that end in CR LF, each field there once, and none that speaks of a body or has rules of its own.
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
    // A part is a slice of the head.
    let offset = |part: &[u8]| (part.as_ptr().addr() - head.as_ptr().addr()) as u32;
    let fields = &*request.headers;
    let target_start = offset(target.as_bytes());
    words[..HEAD_WORDS].copy_from_slice(&[
        end as u32,
        target_start,
        target_start + target.len() as u32,
        fields.len() as u32,
    ]);
    for (index, field) in fields.iter().enumerate() {
        let name = field.name;
        let is_known = |other: &httparse::Header<'_>| other.name.eq_ignore_ascii_case(name);
        if is_special(name) || fields[..index].iter().any(is_known) {
            return false;
        }
        let (name, value) = (name.as_bytes(), field.value);
        // An empty value may be a slice of anything.
        let value_start = if value.is_empty() { 0 } else { offset(value) };
        let at = HEAD_WORDS + index * FIELD_WORDS;
        words[at..at + FIELD_WORDS].copy_from_slice(&[
            offset(name),
            offset(name) + name.len() as u32,
            value_start,
            value_start + value.len() as u32,
        ]);
    }
    true
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
        Connection: Upgrade\r\nEmpty:\r\nX: a b\t\r\n\r\n";

    fn parts(head: &str) -> Option<Vec<String>> {
        let mut words = [0; WORDS];
        if !parse(head.as_bytes(), &mut words) {
            return None;
        }
        let text = |at: usize| head[words[at] as usize..words[at + 1] as usize].to_owned();
        let mut parts = vec![text(1)];
        for index in 0..words[3] as usize {
            let at = HEAD_WORDS + index * FIELD_WORDS;
            parts.extend([text(at), text(at + 2)]);
        }
        parts.push(head[words[0] as usize..].to_owned());
        Some(parts)
    }

    #[test]
    fn says_where_the_parts_are() {
        let head = format!("{PERFECT}rest");
        let expected = [
            "/chat?a=%20b",
            "Host",
            "example.com",
            "Upgrade",
            "websocket",
            "Connection",
            "Upgrade",
            "Empty",
            "",
            "X",
            "a b",
            "rest",
        ];
        assert_eq!(parts(&head).unwrap(), expected);
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
        ] {
            let head = PERFECT.replacen(from, to, 1);
            assert_ne!(head, PERFECT);
            assert_eq!(parts(&head), None, "{head}");
        }
        let many = "a: b\r\n".repeat(MAX_HEADERS + 1);
        assert_eq!(parts(&format!("GET / HTTP/1.1\r\n{many}\r\n")), None);
    }
}
