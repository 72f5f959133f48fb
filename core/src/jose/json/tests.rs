use super::*;
use std::string::String;
use std::string::ToString;
use std::vec;
use std::{format, vec::Vec};

fn accepts(text: &str) -> bool {
    parse(text.as_bytes(), &Limits::DEFAULT).is_ok()
}

#[test]
fn accepts_every_kind_of_value() {
    for text in [
        "{}",
        "[]",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "10.25e-3",
        "1E+5",
        "\"\"",
        "\"a\\u00e4\\ud83d\\ude00\\/\"",
        " [ 1 , [ ] , { } , { \"a\" : [ { \"a\" : 1 } ] } ] \r\n\t",
        "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
        "\"\u{10ffff}\"",
    ] {
        assert!(accepts(text), "{text}");
    }
}

#[test]
fn refuses_what_is_not_json() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "{\"a\" 1}",
        "[1}",
        "{\"a\":1]",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "0x1",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul",
        "tru",
        "True",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "\"\t\"",
        "\"\\",
        "1 1",
        "{} x",
        "\u{feff}{}",
        "{}\0",
        "/**/{}",
        "[1]]",
        "\u{a0}1",
        "\u{b}1",
        "{1:2}",
        "{null:1}",
    ] {
        assert!(!accepts(text), "{text:?}");
    }
    assert!(parse(b"\"\xc0\xaf\"", &Limits::DEFAULT).is_err());
    assert!(parse(b"\"\xed\xa0\x80\"", &Limits::DEFAULT).is_err());
}

#[test]
fn refuses_lone_surrogates() {
    for text in
        ["\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud83dx\"", "\"\\ud83d\\n\"", "\"\\ude00\\ud83d\""]
    {
        assert!(!accepts(text), "{text}");
    }
}

#[test]
fn refuses_duplicates_at_every_level_and_in_every_spelling() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"\u0061":1,"a":2}"#,
        r#"{"\u0061":1,"\u0061":2}"#,
        r#"{"x":{"a":1,"b":2,"a":3}}"#,
        r#"[[{"/":1,"\/":2}]]"#,
        r#"{"a":{"b":1},"c":[{"a":1}],"a":2}"#,
        r#"{"😀":1,"\ud83d\ude00":2}"#,
        r#"{"":1,"":2}"#,
    ] {
        assert!(!accepts(text), "{text}");
    }
    assert!(accepts(r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":1,"\u0041a":2}"#));
}

#[test]
fn bounds_nesting_and_members() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(accepts(&nested(32)) && !accepts(&nested(33)) && !accepts(&nested(10_000)));
    let at_64 = Limits { json_depth: 255, ..Limits::DEFAULT };
    assert!(parse(nested(64).as_bytes(), &at_64).is_ok() && parse(nested(65).as_bytes(), &at_64).is_err());
    let mixed = "{\"a\":[".repeat(32) + "1" + &"]}".repeat(32);
    assert!(parse(mixed.as_bytes(), &at_64).is_ok());
    assert!(!accepts(&"{\"a\":".repeat(10_000)));

    let object = |members: usize| {
        let list: Vec<_> = (0..members).map(|i| format!("\"{i}\":0")).collect();
        format!("{{{}}}", list.join(","))
    };
    assert!(accepts(&object(512)) && !accepts(&object(513)));
}

#[test]
fn finds_members_by_their_unescaped_names() {
    let text = r#" { "a" : 1 , "b":{"a":2,"c":[true,null]}, "\u0063" : "x\ny\u00e4\ud83d\ude00", "d":[] } "#;
    let index = ObjectIndex::new(text, &Limits::DEFAULT).unwrap();
    assert_eq!(index.len(), 4);
    assert_eq!(index.get(text, "a").unwrap().as_i64(), Some(1));
    assert_eq!(index.get(text, "c").unwrap().as_str().unwrap(), "x\nyä😀");
    assert_eq!(index.get(text, "d").unwrap().raw(), "[]");
    assert_eq!(index.get(text, "e"), None);
    let b = index.get(text, "b").unwrap();
    assert_eq!(b.raw(), r#"{"a":2,"c":[true,null]}"#);
    assert_eq!(b.member("a").unwrap().as_i64(), Some(2));
    assert_eq!(b.member("x"), None);
    let inner: Vec<_> = b.member("c").unwrap().elements().unwrap().map(Value::raw).collect();
    assert_eq!(inner, ["true", "null"]);
    let names: Vec<_> = b.members().unwrap().map(|(name, value)| (name.into_owned(), value.raw())).collect();
    assert_eq!(names, vec![("a".to_string(), "2"), ("c".to_string(), "[true,null]")]);
    assert_eq!(parse(text.as_bytes(), &Limits::DEFAULT).unwrap().member("c").unwrap().as_str().unwrap(), "x\nyä😀");
}

#[test]
fn index_wants_an_object() {
    for text in ["[]", "1", "\"{}\"", "null", ""] {
        assert!(ObjectIndex::new(text, &Limits::DEFAULT).is_err(), "{text}");
    }
    assert!(ObjectIndex::new("\n{ }", &Limits::DEFAULT).unwrap().is_empty());
}

#[test]
fn kinds_do_not_pass_for_each_other() {
    let value = |text| parse(text, &Limits::DEFAULT).unwrap();
    assert_eq!(value(b"\"1\"").as_i64(), None);
    assert_eq!(value(b"1.0").as_i64(), None);
    assert_eq!(value(b"1e3").as_i64(), None);
    assert_eq!(value(b"9223372036854775808").as_i64(), None);
    assert_eq!(value(b"1").as_str(), None);
    assert!(value(b"{}").elements().is_none());
    assert!(value(b"[]").members().is_none());
    assert!(value(b"[\"a\"]").member("a").is_none());
    assert_eq!(value(b"\"true\"").as_bool(), None);
}

/// The same verdict and the same values as an independent parser, over mutated documents.
#[test]
fn agrees_with_an_independent_parser() {
    let seeds: [&str; 4] = [
        r#"{"iss":"joe","exp":1300819380,"http://example.com/is_root":true,"a":[1,2.5e3,{"b":null}]}"#,
        r#"[{"x":"\u00e4\ud83d\ude00\n","y":-0.1E+2},[[]],""]"#,
        r#"{"realm_access":{"roles":["a","b"]},"aud":["x","y"]}"#,
        r#" { "k" : [ true , false , null ] } "#,
    ];
    let alphabet = b"{}[]\",:\\ue0123456789.-+tfnalsr \n\x00\x7f\xc3\xa4";
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    let mut both = 0;
    for round in 0..60_000 {
        let mut text = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..=random(3) {
            let at = random(text.len());
            match random(3) {
                0 => text[at] = alphabet[random(alphabet.len())],
                1 => text.insert(at, alphabet[random(alphabet.len())]),
                _ => {
                    text.remove(at);
                }
            }
        }
        let ours = parse(&text, &Limits::DEFAULT).is_ok();
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        match theirs {
            // Ours is stricter: duplicates. (Numbers beyond binary64 are theirs to refuse.)
            Ok(value) if ours => {
                both += 1;
                let again = parse(&text, &Limits::DEFAULT).unwrap();
                if let (Some(members), Some(object)) = (again.members(), value.as_object()) {
                    let names: Vec<_> = members.map(|(name, _)| name.into_owned()).collect();
                    assert_eq!(names.len(), object.len());
                    assert!(names.iter().all(|name| object.contains_key(name)));
                }
            }
            Ok(value) => {
                let names = String::from_utf8_lossy(&text).matches(':').count();
                let kept = value.to_string().matches(':').count();
                assert!(kept < names, "refused without a duplicate: {}", String::from_utf8_lossy(&text));
            }
            Err(error) => {
                assert!(
                    !ours || error.to_string().contains("number out of range"),
                    "{}",
                    String::from_utf8_lossy(&text)
                );
            }
        }
    }
    assert!(both > 5_000, "the mutations leave too few valid documents: {both}");
}
