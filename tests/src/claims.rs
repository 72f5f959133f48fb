//! Compares what a token says with what it must say.

use serde_json::{Map, Number, Value};

/// Whether the claims, given as JSON by their names, have every expected member, each deeply equal.
pub(crate) fn compare<'a>(
    expected: &Map<String, Value>,
    claim: impl Fn(&str) -> Option<&'a str>,
) -> Result<(), String> {
    for (name, value) in expected {
        let found = claim(name).ok_or_else(|| format!("the claim {name} is missing"))?;
        let found: Value = serde_json::from_str(found).map_err(|error| format!("the claim {name}: {error}"))?;
        if !equal(value, &found) {
            return Err(format!("the claim {name} is {found}, not {value}"));
        }
    }
    Ok(())
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => equal_numbers(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// By value, but integers beyond 2^53 by their text: as binary64 neighbours would be equal.
fn equal_numbers(a: &Number, b: &Number) -> bool {
    let exact = |number: &Number| number.as_f64().is_some_and(|value| value.abs() < 9_007_199_254_740_992.0);
    a.to_string() == b.to_string() || (exact(a) && exact(b) && a.as_f64() == b.as_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expected: &str, claims: &str) -> bool {
        let claims: Map<String, Value> = serde_json::from_str(claims).unwrap();
        let texts: Vec<_> = claims.iter().map(|(name, value)| (name, value.to_string())).collect();
        let claim = |name: &str| texts.iter().find(|(n, _)| *n == name).map(|(_, text)| text.as_str());
        compare(&serde_json::from_str(expected).unwrap(), claim).is_ok()
    }

    #[test]
    fn deeply_equal() {
        assert!(holds(r#"{"a":[1,{"b":null}]}"#, r#"{"z":0,"a":[1,{"b":null}]}"#));
        assert!(!holds(r#"{"a":[1,{"b":null}]}"#, r#"{"a":[1,{"b":null,"c":1}]}"#));
        assert!(!holds(r#"{"a":[1]}"#, r#"{"a":[1,2]}"#));
        assert!(!holds(r#"{"a":null}"#, "{}"));
        assert!(!holds(r#"{"a":"1"}"#, r#"{"a":1}"#));
    }

    #[test]
    fn numbers_by_value_and_large_integers_by_text() {
        assert!(holds(r#"{"a":1.50}"#, r#"{"a":15e-1}"#));
        assert!(holds(r#"{"a":9007199254740993}"#, r#"{"a":9007199254740993}"#));
        assert!(!holds(r#"{"a":9007199254740993}"#, r#"{"a":9007199254740992}"#));
        assert!(!holds(r#"{"a":9007199254740995}"#, r#"{"a":9007199254740996}"#));
    }
}
