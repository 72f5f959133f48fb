//! JSON without a member that stands twice: of two a proxy may have read the other one. As protocol buffers' JSON.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Reads JSON in which every member stands once.
pub(super) fn read(text: &[u8]) -> Result<Value, serde_json::Error> {
    // Apart from the value: how numbers come to a visitor is serde_json's own affair.
    serde_json::from_slice::<Unique>(text)?;
    serde_json::from_slice(text)
}

/// What was looked through.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self, A::Error> {
        while access.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = access.next_key::<String>()? {
            access.next_value::<Self>()?;
            if !names.insert(name) {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_stands_once() {
        for text in [
            r#"{"a":[1,-2,2.5,1e300,"x",null,true,{"a":{"a":{}}}],"b":18446744073709551615}"#,
            "[]",
            "1",
            "0.1",
            "null",
        ] {
            let value = read(text.as_bytes()).unwrap();
            assert_eq!(value, serde_json::from_str::<Value>(text).unwrap(), "{text}");
            assert_eq!(value.pointer("/a/2").and_then(Value::as_f64), text.contains("2.5").then_some(2.5));
        }
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"b":{"a":null,"a":null}}]"#,
            r#"{"a":1} {}"#,
            &"[".repeat(200),
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
