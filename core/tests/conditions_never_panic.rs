//! Whatever a model or a context says, nothing panics, nothing runs away, and only a result is a result.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "part of tests")]

#[path = "support/expressions.rs"]
mod expressions;

use expressions::{Expressions, Kind, PARAMETERS, Random, context};
use proptest::prelude::*;
use sentinel_core::Limits;
use sentinel_core::policy::condition::{COST, Context, Duration, EvaluationError, IpAddress, Map, Program, Timestamp};
use sentinel_core::policy::model::{Condition, Parameter, ParameterType};
use std::time::Instant;

fn any_type() -> impl Strategy<Value = ParameterType> {
    let plain = prop_oneof![
        Just(ParameterType::Any),
        Just(ParameterType::Bool),
        Just(ParameterType::String),
        Just(ParameterType::Int),
        Just(ParameterType::Uint),
        Just(ParameterType::Double),
        Just(ParameterType::Duration),
        Just(ParameterType::Timestamp),
        Just(ParameterType::IpAddress),
    ];
    plain.prop_recursive(2, 4, 1, |inner| {
        prop_oneof![
            inner.clone().prop_map(|of| ParameterType::List(Box::new(of))),
            inner.prop_map(|of| ParameterType::Map(Box::new(of))),
        ]
    })
}

fn run(expression: &str, types: &[ParameterType], context: &str) {
    let started = Instant::now();
    let parameters = PARAMETERS
        .iter()
        .zip(types)
        .map(|((name, _), type_name)| Parameter { name: (*name).to_string(), type_name: type_name.clone() });
    let condition =
        Condition { name: "c".into(), expression: expression.into(), parameters: parameters.collect(), origin: None };
    match Program::compile(&condition) {
        Ok(program) => {
            let Ok(request) = Map::from_json(context.as_bytes(), &Limits::DEFAULT) else { return };
            let context = Context::new(Some(&request), None);
            let strict = program.evaluate(&context, COST);
            match program.evaluate_partially(&context, COST) {
                Ok(partial) => {
                    assert!(partial.cost <= COST);
                    assert_eq!(strict.is_ok(), partial.met.is_some() && partial.missing.is_empty());
                }
                Err(error) => assert_eq!(strict, Err(error)),
            }
            assert!(!matches!(strict, Err(EvaluationError::Missing(names)) if names.is_empty()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert!(started.elapsed().as_secs() < 5, "{expression}");
}

const WORDS: [&str; 48] = [
    "b1",
    "i1",
    "u1",
    "d1",
    "s1",
    "t1",
    "l1",
    "p1",
    "li",
    "ls",
    "ms",
    "mi",
    "a1",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    ":",
    "?",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "<",
    "==",
    "in",
    "&&",
    "||",
    "1",
    "0x",
    "1.5e3",
    "'\\x41'",
    "b'\\377'",
    "r\"\"\"",
    "null",
    "has",
    ".all(v, ",
    ".map(v, ",
    ".matches('(a|b)*')",
    "`a`",
    "//",
    "9223372036854775808",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_text(expression in ".{0,200}", types in proptest::collection::vec(any_type(), 18), seed in any::<u64>()) {
        run(&expression, &types, &context(&mut Random(seed), false));
    }

    #[test]
    fn words_in_any_order(
        words in proptest::collection::vec(0..WORDS.len(), 0..40),
        types in proptest::collection::vec(any_type(), 18),
        seed in any::<u64>(),
    ) {
        let expression: String = words.iter().map(|word| WORDS[*word]).collect();
        run(&expression, &types, &context(&mut Random(seed), false));
    }

    #[test]
    fn what_was_an_expression(
        seed in any::<u64>(),
        cuts in proptest::collection::vec((any::<usize>(), 0..WORDS.len(), any::<bool>()), 0..4),
        types in proptest::collection::vec(any_type(), 18),
    ) {
        let mut random = Random(seed);
        let mut expression = Expressions::new(&mut random).expression(Kind::Bool, 4);
        for (at, word, replace) in cuts {
            let mut at = at % (expression.len() + 1);
            while !expression.is_char_boundary(at) {
                at -= 1;
            }
            let tail = expression.split_off(at);
            expression.push_str(WORDS[word]);
            expression.extend(tail.chars().skip(usize::from(replace)));
        }
        run(&expression, &types, &context(&mut random, false));
    }

    #[test]
    fn any_pattern(pattern in "[-ab()*+?|.^$\\\\{}0-9,\\[\\]:dwsWbBQEix<>P]{0,24}", text in "[ab0-9 \\n]{0,40}") {
        let types = [ParameterType::String, ParameterType::String];
        let (text, pattern) = (serde_json::Value::from(text), serde_json::Value::from(pattern));
        let context = format!("{{\"b1\":{text},\"b2\":{pattern}}}");
        run("b1.matches(b2)", &types, &context);
        run(&format!("b1.matches({pattern})"), &types[..1], &context);
    }

    #[test]
    fn any_moment_length_and_address(text in "[-+0-9TZ:.,hmsnu\u{b5}/%a-f ]{0,40}") {
        if let Some(moment) = Timestamp::parse(&text) {
            // What is written is read again.
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }
        if let Some(length) = Duration::parse(&text) {
            prop_assert_eq!(Duration::parse(&length.to_string()), Some(length));
        }
        if let Some(address) = IpAddress::parse(&text) {
            prop_assert_eq!(IpAddress::parse(&address.to_string()), Some(address.clone()));
            let _ = address.in_cidr(&text);
        }
        let _ = IpAddress::parse("10.0.0.1").unwrap().in_cidr(&text);
    }
}

#[test]
fn what_could_run_away_ends_in_the_budget() {
    let long = format!("[{}]", vec!["1"; 20_000].join(","));
    let types = [ParameterType::List(Box::new(ParameterType::Int))];
    let context = format!("{{\"b1\":{long}}}");
    for expression in [
        "b1.map(a, b1.map(b, b1.map(c, a + b + c))).size() > 0",
        "b1.filter(a, false).size() == 0 && b1.filter(a, b1.filter(b, false) == b1).size() == 0",
        "[b1].map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a) == []",
        "b1.exists(a, b1.exists(b, b1 == b1 && a == 2))",
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a*)*(a*)*(a*)*(a*)*b')",
        "'a'.matches('((((a{100}){100}){100}){100})')",
    ] {
        run(expression, &types, &context);
    }
}
