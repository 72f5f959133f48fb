//! As much of Protocol Buffers as a few requests need (protobuf.dev/programming-guides/encoding).

use anyhow::{Context, Result, bail};

const VARINT: u64 = 0;
const LENGTH: u64 = 2;

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3 | VARINT);
        self.varint(value);
        self
    }

    /// An empty text is the one that is not there.
    pub(super) fn text(self, field: u64, text: &str) -> Self {
        if text.is_empty() { self } else { self.octets(field, text.as_bytes()) }
    }

    pub(super) fn message(self, field: u64, message: &Self) -> Self {
        self.octets(field, &message.0)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn octets(mut self, field: u64, octets: &[u8]) -> Self {
        self.varint(field << 3 | LENGTH);
        self.varint(octets.len() as u64);
        self.0.extend_from_slice(octets);
        self
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A field's value.
enum Value<'a> {
    Number(u64),
    Octets(&'a [u8]),
}

/// The number in a field, where it is there.
pub(super) fn number(message: &[u8], field: u64) -> Result<Option<u64>> {
    for (number, value) in fields(message)? {
        if let (true, Value::Number(value)) = (number == field, value) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// The messages in a field.
pub(super) fn messages(message: &[u8], field: u64) -> Result<Vec<&[u8]>> {
    let found = fields(message)?.into_iter().filter(|(number, _)| *number == field);
    Ok(found.filter_map(|(_, value)| if let Value::Octets(octets) = value { Some(octets) } else { None }).collect())
}

fn fields(mut message: &[u8]) -> Result<Vec<(u64, Value<'_>)>> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let value = match key & 7 {
            VARINT => Value::Number(varint(&mut message)?),
            LENGTH => {
                let length = usize::try_from(varint(&mut message)?)?;
                let (octets, rest) = message.split_at_checked(length).context("a message ends early")?;
                message = rest;
                Value::Octets(octets)
            }
            kind => bail!("a field of kind {kind}"),
        };
        found.push((key >> 3, value));
    }
    Ok(found)
}

fn varint(message: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (octet, rest) = message.split_first().context("a message ends early")?;
        *message = rest;
        value |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return Ok(value);
        }
    }
    bail!("a number that does not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let inner = Message::new().number(1, 300).text(2, "x").text(3, "");
        // The example of the encoding's own documentation: 150 in field 1 is 08 96 01.
        assert_eq!(Message::new().number(1, 150).bytes(), [0x08, 0x96, 0x01]);
        let outer = Message::new().message(2, &inner).message(2, &Message::new()).bytes();
        let found = messages(&outer, 2).unwrap();
        assert_eq!(found, [inner.bytes().as_slice(), &[]]);
        assert_eq!(number(found[0], 1).unwrap(), Some(300));
        assert_eq!(number(found[0], 3).unwrap(), None);
        assert!(messages(&[0x12, 0x05, 0x00], 2).is_err());
    }
}
