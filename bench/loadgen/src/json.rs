//! JSON, as far as a report needs it.

use std::fmt::{self, Write};

/// A value; it displays as JSON text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Unknown here.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(u64),
    /// A measured number; written with four decimals. One that is not finite is written as null.
    Number(f64),
    /// A string.
    Text(String),
    /// Keys and values, in this order.
    Object(Vec<(&'static str, Value)>),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Integer(value as u64)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(value) if value.is_finite() => write!(f, "{value:.4}"),
            Self::Null | Self::Number(_) => f.write_str("null"),
            Self::Text(text) => write_string(f, text),
            Self::Object(members) => {
                f.write_char('{')?;
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    write!(f, "\"{key}\":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            '\0'..='\x1f' => write!(f, "\\u{:04x}", character as u32)?,
            _ => f.write_char(character)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn an_object_keeps_its_order_and_nests() {
        let value = Value::Object(vec![
            ("b", 1u64.into()),
            (
                "a",
                Value::Object(vec![("c", 0.5.into()), ("d", None::<u64>.into())]),
            ),
        ]);
        assert_eq!(value.to_string(), r#"{"b":1,"a":{"c":0.5000,"d":null}}"#);
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(Value::from("a\"b\\c\n").to_string(), r#""a\"b\\c\u000a""#);
    }

    #[test]
    fn a_number_that_is_not_finite_is_null() {
        assert_eq!(Value::from(f64::NAN).to_string(), "null");
    }
}
