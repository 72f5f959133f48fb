//! Conditions: what compiles, what they evaluate to, what it costs, and OpenFGA's words where there is no result.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "part of tests")]

#[path = "support/parameter_type.rs"]
mod parameter_type;

use parameter_type::parameter_type;
use sentinel_core::policy::condition::{COST, ConditionError, Context, Evaluation, EvaluationError, Map, Program};
use sentinel_core::policy::model::{Condition, Parameter};
use sentinel_core::{ErrorCode, Limits};

/// `x: int, y: list<string>`
fn condition(parameters: &str, expression: &str) -> Condition {
    let parameters = parameters
        .split(", ")
        .filter_map(|one| one.split_once(": "))
        .map(|(name, type_name)| Parameter { name: name.into(), type_name: parameter_type(type_name) });
    Condition { name: "c".into(), expression: expression.into(), parameters: parameters.collect(), origin: None }
}

fn compile(parameters: &str, expression: &str) -> Result<Program, ConditionError> {
    Program::compile(&condition(parameters, expression))
}

fn evaluate(parameters: &str, expression: &str, context: &str) -> Result<Evaluation, EvaluationError> {
    evaluate_for(parameters, expression, context, COST)
}

fn evaluate_for(parameters: &str, expression: &str, context: &str, budget: u64) -> Result<Evaluation, EvaluationError> {
    let program = compile(parameters, expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let request = Map::from_json(context.as_bytes(), &Limits::DEFAULT).unwrap();
    program.evaluate_partially(&Context::new(Some(&request), None), budget)
}

/// The value of an expression without parameters, and with a budget that does not matter.
fn truth(expression: &str) -> Result<bool, String> {
    match evaluate_for("", expression, "{}", 100_000) {
        Ok(evaluation) => Ok(evaluation.met.unwrap()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn expressions_that_hold() {
    for expression in [
        "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9",
        "10 / 3 == 3 && -10 / 3 == -3 && 10 % 3 == 1 && -10 % 3 == -1",
        "dyn(1) < 2u && dyn(2u) > 1 && dyn(1.5) > 1 && dyn(2u) >= 1.5 && dyn(-1) < 0u",
        "dyn(1) == 1u && dyn(1.0) == 1 && dyn(1u) == 1.0 && dyn('1') != 1",
        "9223372036854775807 > -9223372036854775808",
        "0x1F == 31 && 0xffu == 255u && 1e3 == 1000.0 && .5 == 0.5 && -.5 < 0.0",
        "'a' + \"b\" == 'ab' && r'\\n' == '\\\\n' && '''x\ny''' == 'x\\ny' && \"\\u00e9\\x41\\101\" == 'éAA'",
        "b'\\xff' != b'\\xfe' && bytes('é').size() == 2 && size('é') == 1 && b'é' == b'\\303\\251'",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "!(1 / 0 == 1 && false)",
        "true ? true : false ? true : false",
        "[1, 2, 3].all(x, x > 0) && [1, 2, 3].exists(x, x == 2) && [1, 2, 2].exists_one(x, x == 1)",
        "[1, 2, 3].map(x, x * 2) == [2, 4, 6] && [1, 2, 3].filter(x, x > 1) == [2, 3]",
        "[1, 2, 3].map(x, x > 1, x * 2) == [4, 6] && ![1, 1].existsOne(x, x == 1)",
        "[[1, 2], [3]].all(x, x.all(y, y > 0)) && [1].map(x, [2].map(y, x + y)) == [[3]]",
        "{'a': 1, 'b': 2}.all(k, k < 'c') && {'a': 1}.a == 1 && {'a': 1}['a'] == 1 && 'a' in {'a': 1}",
        "{0: 1, dyn(0u): 2}.size() == 2 && {dyn(0): 1, 0u: 2}[0u] == 2 && {0: 1, dyn(0u): 2}[dyn(0.0)] == 1",
        "{'a-b': 1}.`a-b` == 1 && has({'a.b': 1}.`a.b`)",
        "{1: 'x', 2u: 'y'}[2] == 'y' && {true: 1}[true] == 1 && !(dyn('1') in {1: 2})",
        "has({'a': 1}.a) && !has({'a': 1}.b) && !has({'a': {'b': 1}}.a.c)",
        "2 in [1, 2] && !(3 in [1, 2]) && 'b' in ['a', 'b'] && !(1 in [])",
        "'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo') && 'hello'.matches('^h.*o$')",
        "matches('abc', '[a-c]{3}') && !'abc'.matches('^b') && 'xaby'.matches('ab')",
        "[1, 2] + [3] == [1, 2, 3] && [1, 2][1] == 2 && size([1, 2]) == 2 && {'a': 1}.size() == 1",
        "timestamp('2024-02-29T12:34:56.789Z').getFullYear() == 2024 && timestamp('2024-02-29T00:00:00Z').getMonth() == 1",
        "timestamp('2024-02-29T12:34:56.789Z').getDate() == 29 && timestamp('2024-02-29T00:00:00Z').getDayOfMonth() == 28",
        "timestamp('2024-02-29T00:00:00Z').getDayOfYear() == 59 && timestamp('2024-02-29T00:00:00Z').getDayOfWeek() == 4",
        "timestamp('2024-02-29T12:34:56.789Z').getHours() == 12 && timestamp('2024-02-29T12:34:56Z').getMinutes() == 34",
        "timestamp('2024-02-29T12:34:56.789Z').getSeconds() == 56",
        "timestamp('2024-02-29T12:34:56.789Z').getMilliseconds() == 789",
        "timestamp('2024-02-29T23:30:00Z').getHours('+01:00') == 0 && timestamp('2024-01-01T00:30:00Z').getDate('-01:00') == 31",
        "timestamp('2024-01-01T00:00:00Z') - duration('1s') == timestamp('2023-12-31T23:59:59Z')",
        "timestamp('2024-01-01T00:00:01Z') - timestamp('2024-01-01T00:00:00Z') == duration('1s')",
        "duration('1h') + timestamp('2024-01-01T00:00:00Z') == timestamp('2024-01-01T01:00:00Z')",
        "timestamp('2024-01-01T02:00:00+02:00') == timestamp('2024-01-01T00:00:00Z')",
        "duration('1h30m').getMinutes() == 90 && duration('-1.5s').getMilliseconds() == -1500 && duration('1us') < duration('1ms')",
        "string(duration('1h30m')) == '5400s' && string(duration('1500ms')) == '1.5s'",
        "string(timestamp('2024-01-01T00:00:00.120Z')) == '2024-01-01T00:00:00.12Z'",
        "string(1234567.0) == '1.234567e+06' && string(-0.000012) == '-1.2e-05' && string(1e-300) == '1e-300'",
        "string(123456.5) == '123456.5' && string(0.0001) == '0.0001' && string(0.0) == '0' && string(-1e6) == '-1e+06'",
        "string(1) == '1' && string(1.5) == '1.5' && string(1e30) == '1e+30' && string(true) == 'true' && string(b'a') == 'a'",
        "int('-5') == -5 && int(1.9) == 1 && int(5u) == 5 && int(timestamp(7)) == 7 && int(duration('1s')) == 1000000000",
        "uint('5') == 5u && uint(5) == 5u && double('1.5') == 1.5 && double(3) == 3.0 && bool('true')",
        "type(1) == int && type('a') == string && type([]) == list && type(1.0) != type(1) && type(int) == type",
        "ipaddress('192.168.0.1').in_cidr('192.168.0.0/24') && !ipaddress('192.168.1.1').in_cidr('192.168.0.0/24')",
        "ipaddress('::ffff:192.168.0.1').in_cidr('192.168.0.0/24') && ipaddress('10.0.0.1').in_cidr('::ffff:10.0.0.0/104')",
        "ipaddress('2001:db8::1').in_cidr('2001:db8::/32') && !ipaddress('10.0.0.1').in_cidr('2001:db8::/32')",
        "ipaddress('10.0.0.1') == ipaddress('::ffff:10.0.0.1') && ipaddress('1.2.3.4').in_cidr('0.0.0.0/0')",
        "// a comment\n true // and another",
        "null == null && dyn(null) != 1 && [null] == [null]",
        "double('NaN') != double('NaN') && !(double('NaN') < 1.0) && !(double('NaN') >= 1.0) && [1, dyn(1.0)] == [1.0, 1]",
        "!!true && --1 == 1 && -(-1) == 1 && 1 - -1 == 2 && 1 -1 == 0",
    ] {
        assert_eq!(truth(expression), Ok(true), "{expression}");
    }
}

#[test]
fn expressions_that_fail() {
    for (expression, why) in [
        ("1 / 0 == 1", "division by zero"),
        ("1 % 0 == 1", "modulus by zero"),
        ("1u / 0u == 1u", "division by zero"),
        ("9223372036854775807 + 1 > 0", "integer overflow"),
        ("-9223372036854775808 / -1 > 0", "integer overflow"),
        ("-(-9223372036854775808) > 0", "integer overflow"),
        ("0u - 1u > 0u", "unsigned integer overflow"),
        ("{'a': 1}.b == 1", "no such key: b"),
        ("[1][1] == 1", "index out of bounds: 1"),
        ("[1][-1] == 1", "index out of bounds: -1"),
        ("dyn(1) + dyn('a') == 2", "no such overload"),
        ("dyn('a') && true", "no such overload"),
        ("[1, 0].all(x, 1 / x == 1)", "division by zero"),
        ("ipaddress('192.168.0').in_cidr('192.168.0.0/24')", "ParseAddr(\"192.168.0\"): unable to parse IP"),
        ("ipaddress('192.168.0.1').in_cidr('192.168.0.0/33')", "'192.168.0.0/33' is a malformed CIDR string"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s') > timestamp(0)", "timestamp overflow"),
        ("duration('2562047h') + duration('2562047h') > duration('0')", "duration overflow"),
        ("'a'.matches(['['][0])", "error parsing regexp: missing closing ]"),
        ("int(['x'][0]) == 1", "type conversion error from 'string' to 'int'"),
        ("uint([-1][0]) == 1u", "unsigned integer overflow"),
    ] {
        assert_eq!(truth(expression), Err(why.to_string()), "{expression}");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (parameters, expression, message) in [
        // As OpenFGA's own tests expect them, apart from the condition's name.
        (
            "param1: string",
            "invalid",
            "ERROR: c:1:1: undeclared reference to 'invalid' (in container '')\n | invalid\n | ^",
        ),
        ("param1: string", "param1", "expected a bool condition expression output, but got 'string'"),
        (
            "",
            "ipaddress(true).in_cidr(\"192.168.0.0/24\")",
            "ERROR: c:1:10: found no matching overload for 'ipaddress' applied to '(bool)'\n | ipaddress(true).in_cidr(\"192.168.0.0/24\")\n | .........^",
        ),
        (
            "x: int",
            "x < 'a'",
            "ERROR: c:1:3: found no matching overload for '_<_' applied to '(int, string)'\n | x < 'a'\n | ..^",
        ),
        ("x: int", "x && true", "ERROR: c:1:1: expected type 'bool' but found 'int'\n | x && true\n | ^"),
        ("x: int", "\n  x.y == 1", "ERROR: c:2:4: type 'int' does not support field selection\n |   x.y == 1\n | ...^"),
        (
            "x: int",
            "x.size() == 1",
            "ERROR: c:1:7: found no matching overload for 'size' applied to 'int.()'\n | x.size() == 1\n | ......^",
        ),
        (
            "x: int",
            "x.all(y, true)",
            "ERROR: c:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | x.all(y, true)\n | ^",
        ),
        (
            "x: list<int>",
            "x.all(1, true)",
            "ERROR: c:1:7: argument must be a simple name\n | x.all(1, true)\n | ......^",
        ),
        (
            "x: list<int>",
            "x.all(y, y)",
            "ERROR: c:1:10: expected type 'bool' but found 'int'\n | x.all(y, y)\n | .........^",
        ),
        ("x: any", "x", "expected a bool condition expression output, but got 'google.protobuf.Any'"),
        ("x: map<any>", "x.y", "expected a bool condition expression output, but got 'google.protobuf.Any'"),
        (
            "",
            "1 == 1u",
            "ERROR: c:1:3: found no matching overload for '_==_' applied to '(int, uint)'\n | 1 == 1u\n | ..^",
        ),
        (
            "",
            "timestamp('now') < timestamp(0)",
            "condition expression construction: invalid RFC 3339 timestamp \"now\"",
        ),
        ("x: string", "x.matches('(')", "condition expression construction: error parsing regexp: missing closing )"),
        (
            "x: timestamp",
            "x.getHours('Europe/Berlin') == 1",
            "condition expression construction: unknown time zone Europe/Berlin",
        ),
        (
            "x: bool",
            "x ? 1 : 'a'",
            "ERROR: c:1:3: found no matching overload for '_?_:_' applied to '(bool, int, string)'\n | x ? 1 : 'a'\n | ..^",
        ),
        ("", "foo(1)", "ERROR: c:1:4: undeclared reference to 'foo' (in container '')\n | foo(1)\n | ...^"),
        (
            "",
            "a == b",
            "ERROR: c:1:1: undeclared reference to 'a' (in container '')\n | a == b\n | ^\nERROR: c:1:6: undeclared reference to 'b' (in container '')\n | a == b\n | .....^",
        ),
    ] {
        let error = compile(parameters, expression).expect_err(expression);
        assert_eq!(error.to_string(), format!("failed to compile expression on condition 'c' - {message}"));
        assert_eq!(error.code(), ErrorCode::ModelInvalid);
    }
    for expression in [
        "",
        "1 +",
        "(1",
        "[1",
        "{1: }",
        "{1}",
        "'a",
        "\"\\q\"",
        "a b",
        "1 ? 2",
        "a.",
        "a.1",
        "f(1,)",
        "f(,)",
        "[,]",
        "for",
        "void",
        "if(true)",
        "9223372036854775808 > 0",
        "18446744073709551616u > 0u",
        "0x",
        "1e400 > 1.0",
        "@a",
        "a.b{c: 1}",
        "T{}",
        "`a`",
        "a ?. b",
        "!-a",
        "-!a",
        "'\n'",
        "b'\\u0041'",
        "'\\ud800'",
        "'\\400'",
        "true && ",
        "a = b",
        "a & b",
        "a =! b",
        "#",
    ] {
        let error = compile("a: any, b: any", expression).expect_err(expression);
        assert!(error.message.starts_with("Syntax error: "), "{expression}: {error}");
        assert!(error.line >= 1 && error.column >= 1, "{expression}: {error}");
    }
    assert_eq!(compile("", "true\n|| \u{e9}").map(|_| ()).map_err(|error| (error.line, error.column)), Err((2, 4)));
}

#[test]
fn bounds_of_nesting() {
    let deep = format!("{}true{}", "(".repeat(40), ")".repeat(40));
    assert!(compile("", &deep).is_ok());
    for expression in [
        format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("1{} == 1", " + 1".repeat(10_000)),
        format!("a{} == 1", ".a".repeat(10_000)),
        format!("true{}", " ? true : true".repeat(10_000)),
        " ".repeat(100_001),
    ] {
        assert!(compile("a: any", &expression).unwrap_err().message.contains("limit"));
    }
    // What is long and not deep is taken.
    assert!(compile("", &format!("true{}", " && true".repeat(5_000))).is_ok());
    assert!(compile("", &format!("1 in [1{}]", ", 1".repeat(20_000))).is_ok());
    assert!(compile("", &format!("{}true", "!".repeat(50_000))).is_ok());
    // Types that double with each step are refused before they are walked.
    let doubling =
        format!("[1]{}.size() == 1", (0..40).map(|n| format!(".map(x{n}, {{x{n}: x{n}}})")).collect::<String>());
    assert!(compile("", &doubling).unwrap_err().to_string().contains("complex"));
}

/// The figures are those of cel-go's cost tests and of OpenFGA's, and follow from `interpreter/runtimecost.go`.
#[test]
fn costs_are_those_of_cel_go() {
    for (parameters, expression, context, cost) in [
        ("x: int, y: int", "x < y", r#"{"x":1,"y":2}"#, 3),
        ("x: string, y: string", "x == y", r#"{"x":"ab","y":"ab"}"#, 3),
        ("l: list<string>", "'d' in l", r#"{"l":["a","b","c"]}"#, 4),
        ("x: string", "x in ['a', 'b', 'c', 'd']", r#"{"x":"d"}"#, 1),
        ("x: string", "'x' in [x]", r#"{"x":"x"}"#, 12),
        ("m: map<string>", "m.a == 'b'", r#"{"m":{"a":"b"}}"#, 3),
        ("m: map<string>, k: string", "m[k] == 'b'", r#"{"m":{"a":"b"},"k":"a"}"#, 3),
        ("m: map<string>", "has(m.a)", r#"{"m":{"a":"b"}}"#, 2),
        ("m: map<map<string>>", "m.a.b == ''", r#"{"m":{"a":{"b":""}}}"#, 3),
        ("x: bool, y: bool", "x ? y : false", r#"{"x":true,"y":true}"#, 1),
        ("x: bool, y: bool", "x || y", r#"{"x":true,"y":true}"#, 1),
        ("x: bool, y: bool", "x && y", r#"{"x":true,"y":true}"#, 2),
        ("x: bool", "!x", r#"{"x":true}"#, 2),
        ("s: string", "s.startsWith('a')", r#"{"s":"abcdefghijklmn"}"#, 2),
        ("s: string", "s.contains('abcdefghijk')", r#"{"s":"abcdefghijklmn"}"#, 5),
        ("s: string", "s.matches('^[a-z]+$')", r#"{"s":"abcdefghijklmn"}"#, 5),
        ("s: string", "s.size() == 3", r#"{"s":"abc"}"#, 3),
        ("s: string", "s + s == 'abcabc'", r#"{"s":"abc"}"#, 4),
        ("t: timestamp", "t < timestamp('2024-01-01T00:00:00Z')", r#"{"t":"2023-01-01T00:00:00Z"}"#, 2),
        (
            "t: timestamp, d: duration, n: timestamp",
            "n < t + d",
            r#"{"t":"2023-01-01T00:00:00Z","d":"1h","n":"2023-01-01T00:00:00Z"}"#,
            5,
        ),
        ("i: ipaddress", "i.in_cidr('10.0.0.0/8')", r#"{"i":"10.0.0.1"}"#, 2),
        // For each element: the accumulator and whether to go on (2), the accumulator (1), `x > 0` (2); the result (1).
        ("l: list<int>", "l.all(x, x > 0)", r#"{"l":[1,2,3]}"#, 1 + 3 * 5 + 1),
        ("l: list<int>", "l.all(x, x > 1)", r#"{"l":[1,2,3]}"#, 1 + 5 + 2 + 1),
        ("l: list<int>", "l.exists(x, x > 1)", r#"{"l":[1,2,3]}"#, 1 + 2 * 6 + 3 + 1),
        ("l: list<int>", "l.exists_one(x, x > 1)", r#"{"l":[1,2]}"#, 1 + 2 + 4 + 2),
        ("l: list<int>", "l.map(x, x + 1).size() == 2", r#"{"l":[1,2]}"#, 1 + 2 * (12 + 2) + 1 + 2),
        ("l: list<int>", "l.filter(x, x > 1).size() == 1", r#"{"l":[1,2]}"#, 1 + 2 + 2 + 13 + 1 + 2),
        ("a: any", "a == 'x'", r#"{"a":"x"}"#, 2),
        ("a: any", "a in ['x']", r#"{"a":"x"}"#, 1),
    ] {
        assert_eq!(
            evaluate(parameters, expression, context).map(|evaluation| evaluation.cost),
            Ok(cost),
            "{expression}"
        );
        assert!(evaluate_for(parameters, expression, context, cost).is_ok(), "{expression}");
        let less = evaluate_for(parameters, expression, context, cost - 1);
        assert_eq!(less, Err(EvaluationError::Budget), "{expression}");
    }
    assert_eq!(EvaluationError::Budget.code(), ErrorCode::BudgetExceeded);
    assert_eq!(EvaluationError::Budget.to_string(), "operation cancelled: actual cost limit exceeded");
    // Nothing hides that the budget is used up.
    let dear = "[1, 2, 3, 4, 5, 6, 7, 8, 9].map(x, x).size() == 0";
    assert_eq!(evaluate("b: bool", &format!("{dear} || b"), r#"{"b":true}"#), Err(EvaluationError::Budget));
    assert_eq!(evaluate("b: bool", &format!("{dear} && b"), r#"{"b":false}"#), Err(EvaluationError::Budget));
}

#[test]
fn what_is_missing() {
    let parameters = "param1: string, param2: string";
    let cases = [
        ("param1 == 'ok'", r#"{"param1":"ok"}"#, Some(true), &["param2"][..]),
        ("param1 == 'ok' || param2 == 'ok'", r#"{"param1":"ok"}"#, Some(true), &["param2"]),
        ("param2 == 'ok' || param1 == 'ok'", r#"{"param1":"ok"}"#, Some(true), &["param2"]),
        ("param1 == 'ok' && param2 == 'ok'", r#"{"param1":"ok"}"#, None, &["param2"]),
        ("param1 == 'ok' && param2 == 'ok'", r#"{"param1":"no"}"#, Some(false), &["param2"]),
        ("param1 == 'ok'", "{}", None, &["param1", "param2"]),
        ("param1 == 'ok'", r#"{"param3":"ok"}"#, None, &["param1", "param2"]),
        ("param1 == 'ok' ? true : param2 == 'ok'", r#"{"param1":"ok"}"#, Some(true), &["param2"]),
        ("param2 == 'ok' ? true : true", r#"{"param1":"ok"}"#, None, &["param2"]),
        ("[1, 2].all(x, x > 5 && param2 == 'ok')", r#"{"param1":"ok"}"#, Some(false), &["param2"]),
        ("[1, 2].exists(x, param2 == 'ok' || x == 2)", r#"{"param1":"ok"}"#, Some(true), &["param2"]),
        ("[param2].size() == 1", r#"{"param1":"ok"}"#, None, &["param2"]),
        ("1 / 0 == 1 || param2 == 'ok'", r#"{"param1":"ok"}"#, None, &["param2"]),
    ];
    for (expression, context, met, missing) in cases {
        let evaluation = evaluate(parameters, expression, context).unwrap();
        assert_eq!(evaluation.met, met, "{expression}");
        assert_eq!(evaluation.missing, missing, "{expression}");
        // OpenFGA's check does not decide while anything is missing.
        let program = compile(parameters, expression).unwrap();
        let request = Map::from_json(context.as_bytes(), &Limits::DEFAULT).unwrap();
        let error = program.evaluate(&Context::new(Some(&request), None), COST).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Undecided);
        assert_eq!(
            error.message("c", "document:1#viewer@user:maria"),
            format!(
                "failed to evaluate relationship condition: 'c' - tuple 'document:1#viewer@user:maria' is missing context parameters '[{}]'",
                missing.join(" ")
            )
        );
    }
}

#[test]
fn the_context_of_the_tuple_wins() {
    let program = compile("x: int, y: int", "x < y").unwrap();
    let tuple = Map::from_json(br#"{"x":10}"#, &Limits::DEFAULT).unwrap();
    let request = Map::from_json(br#"{"x":1,"y":5}"#, &Limits::DEFAULT).unwrap();
    assert_eq!(program.evaluate(&Context::new(Some(&request), None), COST), Ok(true));
    assert_eq!(program.evaluate(&Context::new(Some(&request), Some(&tuple)), COST), Ok(false));
    assert!(matches!(program.evaluate(&Context::new(None, Some(&tuple)), COST), Err(EvaluationError::Missing(_))));
}

/// The sentences are those that OpenFGA's `types` package and its tests have.
#[test]
fn parameters_are_converted() {
    for (type_name, json, expression) in [
        ("int", "10", "p == 10"),
        ("int", "10.0", "p == 10"),
        ("int", "-1e3", "p == -1000"),
        ("int", "\"10\"", "p == 10"),
        ("int", "\"1e2\"", "p == 100"),
        ("int", "\"9007199254740993\"", "p == 9007199254740993"),
        ("int", "1e30", "p == 9223372036854775807"),
        ("int", "-1e30", "p == -9223372036854775808"),
        ("uint", "10", "p == 10u"),
        ("uint", "\"10\"", "p == 10u"),
        ("uint", "1e30", "p == 9223372036854775807u"),
        ("double", "0.1", "p == 0.1"),
        ("double", "\"1.5\"", "p == 1.5"),
        ("double", "\"-1e3\"", "p == -1000.0"),
        ("bool", "true", "p"),
        ("string", "\"x\"", "p == 'x'"),
        ("duration", "\"1h30m\"", "p == duration('90m')"),
        ("timestamp", "\"2023-01-01T00:00:00+01:00\"", "p == timestamp('2022-12-31T23:00:00Z')"),
        ("ipaddress", "\"10.0.0.1\"", "p == ipaddress('10.0.0.1')"),
        ("any", "[1, \"a\", null, {\"b\": true}]", "p[0] == 1 && p[1] == 'a' && p[2] == null && p[3].b"),
        ("list<int>", "[1, \"2\"]", "p == [1, 2]"),
        ("map<timestamp>", "{\"a\": \"1970-01-01T00:00:01Z\"}", "p.a == timestamp(1)"),
        ("list<list<string>>", "[[\"a\"]]", "p[0][0] == 'a'"),
    ] {
        let evaluation = evaluate(&format!("p: {type_name}"), expression, &format!("{{\"p\": {json}}}"));
        assert_eq!(evaluation.map(|evaluation| evaluation.met), Ok(Some(true)), "{type_name} {json}");
    }
    for (type_name, json, why) in [
        ("string", "10", "expected type value 'string', but found 'float64'"),
        ("string", "true", "expected type value 'string', but found 'bool'"),
        ("string", "null", "expected type value 'string', but found '%!s(<nil>)'"),
        ("string", "[]", "expected type value 'string', but found '[]interface {}'"),
        ("bool", "\"hello\"", "expected type value 'bool', but found 'string'"),
        ("bool", "{}", "expected type value 'bool', but found 'map[string]interface {}'"),
        ("uint", "10.5", "expected a uint value, but found numeric value '10.5'"),
        ("uint", "-10.5", "expected a uint value, but found numeric value '-10.5'"),
        ("uint", "-1", "expected a uint value, but found int64 value '-1'"),
        ("int", "10.5", "expected an int value, but found numeric value '10.5'"),
        ("int", "\"x\"", "expected a int64 value, but found invalid string value 'x'"),
        ("int", "true", "expected type value 'int64', but found 'bool'"),
        ("double", "\"invalid\"", "expected a float64 value, but found invalid string value 'invalid'"),
        ("double", "\"0.1\"", "number cannot be represented as a float64: 0.1"),
        ("duration", "\"2sm\"", "expected a valid duration string, but found: '2sm'"),
        ("duration", "3", "expected a duration string, but found: float64 '3'"),
        ("timestamp", "\"2023-0914\"", "expected RFC 3339 formatted timestamp string, but found '2023-0914'"),
        (
            "timestamp",
            "[1, {\"a\": null}]",
            "expected RFC 3339 formatted timestamp string, but found: []interface {} '[1 map[a:<nil>]]'",
        ),
        ("ipaddress", "\"invalid\"", "expected a well-formed IP address, but found: 'invalid'"),
        ("ipaddress", "1", "expected an ipaddress string, but found: float64 '1'"),
        ("map<string>", "[]", "map requires a map, found: []interface {}"),
        (
            "map<string>",
            "{\"hello\": 1}",
            "found an invalid value for key 'hello': expected type value 'string', but found 'float64'",
        ),
        ("list<string>", "\"hello\"", "list requires a list, found: string"),
        (
            "list<string>",
            "[\"hello\", 1]",
            "found an invalid list item at index `1`: expected type value 'string', but found 'float64'",
        ),
    ] {
        let error = evaluate(&format!("p: {type_name}"), "true", &format!("{{\"p\": {json}}}")).unwrap_err();
        assert_eq!(
            error.message("c", "a:1#b@c:1"),
            format!(
                "failed to evaluate relationship condition: parameter type error on condition 'c' - failed to convert context parameter 'p': {why}"
            )
        );
    }
    let error = evaluate("", "true", r#"{"x":1}"#).unwrap_err();
    assert_eq!(error, EvaluationError::Parameter("no parameters defined for the condition".into()));
}
