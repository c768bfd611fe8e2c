//! The texts of the opening handshake, RFC 6455 section 4: what a client asks, what it must be answered, and the answer itself.

use std::net::SocketAddr;

use ring::digest;

use crate::deflate::Takeover;
use crate::failure::Failure;
use crate::random::Random;

/// Bytes that a request or response may have.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A value for `Sec-WebSocket-Key`.
pub fn new_key(random: &mut Random) -> String {
    base64(&random.bytes::<16>())
}

/// The shortest request that is one. Browsers send more headers, which cost a server more.
pub fn request(host: SocketAddr, path: &str, key: &str, deflate: Option<Takeover>) -> String {
    let offer = deflate.map_or(String::new(), |takeover| {
        format!("Sec-WebSocket-Extensions: {}\r\n", takeover.offer())
    });
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n"
    )
}

/// The response that accepts a request with this key.
pub fn response(key: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept(key)
    )
}

/// Splits off the head, with the empty line that ends it, if it is whole.
pub fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    Some(bytes.split_at(end))
}

/// The value of a header in the head of a request or response.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value.trim()))
}

/// Checks the head of a server's response as section 4.1 wants it, and that it accepts the compression that was offered.
pub fn check_response(head: &[u8], key: &str, deflate: Option<Takeover>) -> Result<(), Failure> {
    let head = String::from_utf8_lossy(head);
    let status = head.lines().next().unwrap_or_default();
    if status != "HTTP/1.1 101" && !status.starts_with("HTTP/1.1 101 ") {
        return Err(Failure::new(format!(
            "expected status 101, got \"{status}\""
        )));
    }
    let expect = |name: &str, right: &dyn Fn(&str) -> bool, what: &str| {
        let value = header(&head, name).unwrap_or_default();
        let text = format!("expected {name}: {what}, got \"{value}\"");
        if right(value) {
            Ok(())
        } else {
            Err(Failure::new(text))
        }
    };
    expect(
        "Upgrade",
        &|value| value.eq_ignore_ascii_case("websocket"),
        "websocket",
    )?;
    let has_upgrade = |value: &str| {
        value
            .split(',')
            .any(|token| token.trim().eq_ignore_ascii_case("upgrade"))
    };
    expect("Connection", &has_upgrade, "Upgrade")?;
    let accept = accept(key);
    expect("Sec-WebSocket-Accept", &|value| value == accept, &accept)?;
    match deflate {
        // None was offered: frames would mean something else.
        None => expect("Sec-WebSocket-Extensions", &str::is_empty, "none"),
        Some(takeover) => expect(
            "Sec-WebSocket-Extensions",
            &|value| takeover.is_accepted(value),
            takeover.offer(),
        ),
    }
}

/// `Sec-WebSocket-Accept` for a key.
fn accept(key: &str) -> String {
    let text = format!("{key}{GUID}");
    base64(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(*group.get(index).unwrap_or(&0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let sextet = bits >> (18 - 6 * digit) & 0x3f;
            let is_padding = digit > group.len();
            text.push(if is_padding {
                '='
            } else {
                ALPHABET[sextet as usize] as char
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 6455 section 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn the_key_of_the_rfc_is_accepted_as_there() {
        assert_eq!(accept(KEY), ACCEPT);
        assert_eq!(base64(b"the sample nonce"), KEY);
        check_response(response(KEY).as_bytes(), KEY, None).unwrap();
    }

    #[test]
    fn base64_is_padded() {
        // RFC 4648 section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn keys_are_sixteen_bytes_and_differ() {
        let mut random = Random::from_seed(9);
        let (one, other) = (new_key(&mut random), new_key(&mut random));
        assert_eq!((one.len(), one.ends_with("==")), (24, true));
        assert_ne!(one, other);
    }

    #[test]
    fn a_response_that_is_wrong_anywhere_is_refused() {
        let right = response(KEY);
        for (part, instead) in [
            ("101", "200"),
            ("HTTP/1.1 101", "HTTP/1.1 1010"),
            ("Upgrade: websocket", "Upgrade: h2c"),
            ("Connection: Upgrade", "Connection: close"),
            (ACCEPT, "s3pPLMBiTxaQ9kYGzzhZRbK+xOp="),
            (
                "\r\n\r\n",
                "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            ),
        ] {
            let wrong = right.replace(part, instead);
            assert_ne!(wrong, right);
            assert!(
                check_response(wrong.as_bytes(), KEY, None).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn names_and_tokens_are_matched_in_any_case() {
        let head = response(KEY)
            .replace("Upgrade: websocket", "upgrade: WebSocket")
            .replace("Connection: Upgrade", "CONNECTION: keep-alive, upgrade");
        check_response(head.as_bytes(), KEY, None).unwrap();
    }

    #[test]
    fn a_head_is_split_from_what_follows() {
        assert_eq!(
            split_head(b"a\r\n\r\nrest"),
            Some((&b"a\r\n\r\n"[..], &b"rest"[..]))
        );
        assert_eq!(split_head(b"a\r\n\r"), None);
    }
}
