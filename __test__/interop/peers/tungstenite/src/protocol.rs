//! Commands and reports: a line of JSON each, and as many bytes as its member `bytes` says.

use std::error::Error;
use std::io::{Write, stdout};

use serde_json::{Value, json};

pub struct Command {
    pub head: Value,
    pub bytes: Vec<u8>,
}

impl Command {
    /// A member that is a string; empty where it is none.
    pub fn text(&self, name: &str) -> &str {
        self.head[name].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> &str {
        self.text("id")
    }

    pub fn action(&self) -> &str {
        self.text("do")
    }

    /// A member that is a list of strings.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let list = self.head[name].as_array().map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(Value::as_str)
    }
}

/// Reports `what` of `id`, with the members of `more` and the bytes that go with it.
pub fn report(id: &str, what: &str, mut more: Value, bytes: &[u8]) {
    more["id"] = json!(id);
    more["is"] = json!(what);
    more["bytes"] = json!(bytes.len());
    let mut out = stdout().lock();
    // Where nobody reads any more, nobody is to be told.
    let _ = writeln!(out, "{more}")
        .and_then(|()| out.write_all(bytes))
        .and_then(|()| out.flush());
}

pub fn report_failure(id: &str, error: &dyn Error) {
    report(id, "failed", json!({ "error": error.to_string() }), &[]);
}
