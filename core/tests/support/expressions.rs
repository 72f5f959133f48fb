//! Random expressions that are well typed, over parameters of every type, and contexts for them.

/// The parameters that the expressions use: name and type.
pub(crate) const PARAMETERS: [(&str, &str); 18] = [
    ("b1", "bool"),
    ("b2", "bool"),
    ("i1", "int"),
    ("i2", "int"),
    ("u1", "uint"),
    ("d1", "double"),
    ("d2", "double"),
    ("s1", "string"),
    ("s2", "string"),
    ("t1", "timestamp"),
    ("t2", "timestamp"),
    ("l1", "duration"),
    ("p1", "ipaddress"),
    ("li", "list<int>"),
    ("ls", "list<string>"),
    ("ms", "map<string>"),
    ("mi", "map<int>"),
    ("a1", "any"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int,
    Uint,
    Double,
    String,
    Timestamp,
    Duration,
    Ints,
    Strings,
    StringMap,
    IntMap,
}

/// A small generator of pseudo-random numbers (SplitMix64), so that a seed names a case for good.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const INTS: [&str; 12] =
    ["0", "1", "2", "3", "-1", "7", "10", "100", "-5", "9223372036854775807", "-9223372036854775808", "0x10"];
const UINTS: [&str; 6] = ["0u", "1u", "2u", "7u", "18446744073709551615u", "0x1fu"];
const DOUBLES: [&str; 8] = ["0.0", "1.0", "1.5", "-2.5", "1e3", "0.1", "1e300", "-0.5"];
const STRINGS: [&str; 10] =
    ["''", "'a'", "'b'", "'abc'", "\"a b\"", "'é'", "r'\\d+'", "'10'", "'true'", "'a long text of many words'"];
const PATTERNS: [&str; 10] = [
    "'a'",
    "'^a.*c$'",
    "'[a-c]+'",
    "'(ab|c)*'",
    "r'^\\d{1,3}$'",
    "'^$'",
    "r'\\bb'",
    "'[^a]'",
    "'(?i)ABC'",
    "'a{2,}|b?c'",
];
const TIMES: [&str; 4] =
    ["'2023-01-01T00:00:00Z'", "'2024-02-29T23:59:59.5Z'", "'1970-01-01T00:00:00+02:00'", "'9999-12-31T23:59:59Z'"];
const LENGTHS: [&str; 6] = ["'1h'", "'90m'", "'-1.5s'", "'0'", "'250ms'", "'2562047h'"];

pub(crate) struct Expressions<'r> {
    pub(crate) random: &'r mut Random,
    /// Variables of the macros around.
    scope: Vec<(String, Kind)>,
}

impl<'r> Expressions<'r> {
    pub(crate) fn new(random: &'r mut Random) -> Self {
        Self { random, scope: Vec::new() }
    }

    fn variable(&mut self, kind: Kind) -> Option<String> {
        let found: Vec<String> =
            self.scope.iter().filter(|(_, of)| *of == kind).map(|(name, _)| name.clone()).collect();
        if found.is_empty() { None } else { Some(found[self.random.below(found.len())].clone()) }
    }

    fn leaf(&mut self, kind: Kind) -> String {
        if self.random.below(2) == 0
            && let Some(name) = self.variable(kind)
        {
            return name;
        }
        let literal = self.random.below(2) == 0;
        let r = &mut *self.random;
        match kind {
            Kind::Bool if literal => r.pick(&["true", "false"]).into(),
            Kind::Bool => r.pick(&["b1", "b2"]).into(),
            Kind::Int if literal => r.pick(&INTS).into(),
            Kind::Int => r.pick(&["i1", "i2"]).into(),
            Kind::Uint if literal => r.pick(&UINTS).into(),
            Kind::Uint => "u1".into(),
            Kind::Double if literal => r.pick(&DOUBLES).into(),
            Kind::Double => r.pick(&["d1", "d2"]).into(),
            Kind::String if literal => r.pick(&STRINGS).into(),
            Kind::String => r.pick(&["s1", "s2"]).into(),
            Kind::Timestamp if literal => format!("timestamp({})", r.pick(&TIMES)),
            Kind::Timestamp => r.pick(&["t1", "t2"]).into(),
            Kind::Duration if literal => format!("duration({})", r.pick(&LENGTHS)),
            Kind::Duration => "l1".into(),
            Kind::Ints if literal => r.pick(&["[1, 2, 3]", "[]", "[0]", "[-1, 10]"]).into(),
            Kind::Ints => "li".into(),
            Kind::Strings if literal => r.pick(&["['a', 'b']", "[]", "['']", "['abc', 'é']"]).into(),
            Kind::Strings => "ls".into(),
            Kind::StringMap if literal => r.pick(&["{'a': 'x', 'b': 'y'}", "{}"]).into(),
            Kind::StringMap => "ms".into(),
            Kind::IntMap if literal => r.pick(&["{'a': 1}", "{'a': 2, 'c': 3}"]).into(),
            Kind::IntMap => "mi".into(),
        }
    }

    fn fold(&mut self, depth: usize, range: Kind, body: impl FnOnce(&mut Self) -> String) -> (String, String, String) {
        let of = if range == Kind::Ints { Kind::Int } else { Kind::String };
        let range = self.expression(range, depth);
        let name = format!("v{}", self.scope.len());
        self.scope.push((name.clone(), of));
        let body = body(self);
        self.scope.pop();
        (range, name, body)
    }

    /// An expression of a type, so many operators deep at most.
    pub(crate) fn expression(&mut self, kind: Kind, depth: usize) -> String {
        if depth == 0 || self.random.below(6) == 0 {
            return self.leaf(kind);
        }
        let d = depth - 1;
        if self.random.below(12) == 0 {
            let (c, a, b) = (self.expression(Kind::Bool, d), self.expression(kind, d), self.expression(kind, d));
            return format!("({c} ? {a} : {b})");
        }
        let choice = self.random.below(100);
        match kind {
            Kind::Bool => format!("({})", self.boolean(d, choice)),
            Kind::Int => self.integer(d, choice),
            Kind::Uint => {
                let a = self.expression(Kind::Uint, d);
                match choice {
                    0..70 => {
                        let op = self.random.pick(&["+", "-", "*", "/", "%"]);
                        format!("({a} {op} {})", self.expression(Kind::Uint, d))
                    }
                    _ => format!("uint({})", self.expression(Kind::Int, d)),
                }
            }
            Kind::Double => match choice {
                0..75 => {
                    let op = self.random.pick(&["+", "-", "*", "/"]);
                    format!("({} {op} {})", self.expression(Kind::Double, d), self.expression(Kind::Double, d))
                }
                75..85 => format!("(-{})", self.leaf(Kind::Double)).replace("--", "- -"),
                _ => format!("double({})", self.expression(Kind::Int, d)),
            },
            Kind::String => match choice {
                0..45 => format!("({} + {})", self.expression(Kind::String, d), self.expression(Kind::String, d)),
                45..60 => format!("string({})", self.expression(Kind::Int, d)),
                60..75 => format!("{}[{}]", self.expression(Kind::Strings, d), self.expression(Kind::Int, d)),
                75..88 => format!("{}.{}", self.expression(Kind::StringMap, d), self.random.pick(&["a", "b", "c"])),
                _ => format!("{}[{}]", self.expression(Kind::StringMap, d), self.expression(Kind::String, d)),
            },
            Kind::Timestamp => {
                let op = self.random.pick(&["+", "-"]);
                format!("({} {op} {})", self.expression(Kind::Timestamp, d), self.expression(Kind::Duration, d))
            }
            Kind::Duration => match choice {
                0..60 => {
                    let op = self.random.pick(&["+", "-"]);
                    format!("({} {op} {})", self.expression(Kind::Duration, d), self.expression(Kind::Duration, d))
                }
                _ => format!("({} - {})", self.expression(Kind::Timestamp, d), self.expression(Kind::Timestamp, d)),
            },
            Kind::Ints | Kind::Strings => {
                let of = if kind == Kind::Ints { Kind::Int } else { Kind::String };
                match choice {
                    0..30 => format!("[{}, {}]", self.expression(of, d), self.expression(of, d)),
                    30..50 => format!("({} + {})", self.expression(kind, d), self.expression(kind, d)),
                    50..75 => {
                        let (range, name, body) = self.fold(d, kind, |this| this.expression(Kind::Bool, d));
                        format!("{range}.filter({name}, {body})")
                    }
                    75..90 => {
                        let (range, name, body) = self.fold(d, Kind::Ints, |this| this.expression(of, d));
                        format!("{range}.map({name}, {body})")
                    }
                    _ => {
                        let (range, name, body) = self.fold(d, Kind::Strings, |this| {
                            format!("{}, {}", this.expression(Kind::Bool, d), this.expression(of, d))
                        });
                        format!("{range}.map({name}, {body})")
                    }
                }
            }
            Kind::StringMap => {
                format!("{{'a': {}, 'b': {}}}", self.expression(Kind::String, d), self.leaf(Kind::String))
            }
            Kind::IntMap => {
                format!("{{'a': {}, {}: 3}}", self.expression(Kind::Int, d), self.expression(Kind::String, d))
            }
        }
    }

    fn boolean(&mut self, d: usize, choice: usize) -> String {
        match choice {
            0..12 => format!("({} && {})", self.expression(Kind::Bool, d), self.expression(Kind::Bool, d)),
            12..24 => format!("({} || {})", self.expression(Kind::Bool, d), self.expression(Kind::Bool, d)),
            24..28 => format!("!({})", self.expression(Kind::Bool, d)),
            28..42 => {
                let op = self.random.pick(&["<", "<=", ">", ">="]);
                let kinds = [Kind::Int, Kind::Uint, Kind::Double, Kind::String, Kind::Timestamp, Kind::Duration];
                let a = kinds[self.random.below(kinds.len())];
                // Numbers of different types are compared only where one of the types is not known.
                if self.random.below(3) == 0 {
                    let b = kinds[self.random.below(3)];
                    let a = kinds[self.random.below(3)];
                    return format!("dyn({}) {op} {}", self.expression(a, d), self.expression(b, d));
                }
                let b = a;
                format!("{} {op} {}", self.expression(a, d), self.expression(b, d))
            }
            42..56 => {
                let kinds = [
                    Kind::Int,
                    Kind::Uint,
                    Kind::Double,
                    Kind::String,
                    Kind::Bool,
                    Kind::Timestamp,
                    Kind::Duration,
                    Kind::Ints,
                    Kind::Strings,
                    Kind::StringMap,
                ];
                let kind = kinds[self.random.below(kinds.len())];
                let op = self.random.pick(&["==", "!="]);
                format!("({} {op} {})", self.expression(kind, d), self.expression(kind, d))
            }
            56..62 => format!("{} in {}", self.expression(Kind::Int, d), self.expression(Kind::Ints, d)),
            62..68 => format!("{} in {}", self.expression(Kind::String, d), self.expression(Kind::Strings, d)),
            68..71 => format!("{} in {}", self.expression(Kind::String, d), self.expression(Kind::StringMap, d)),
            71..78 => {
                let call = self.random.pick(&["contains", "startsWith", "endsWith"]);
                format!("{}.{call}({})", self.expression(Kind::String, d), self.expression(Kind::String, d))
            }
            78..82 => format!("{}.matches({})", self.expression(Kind::String, d), self.random.pick(&PATTERNS)),
            82..85 => format!("has({}.{})", self.expression(Kind::StringMap, d), self.random.pick(&["a", "c"])),
            85..88 => {
                let network = self.random.pick(&["10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"]);
                format!("p1.in_cidr('{network}')")
            }
            88..90 => format!("a1 == {}", self.leaf(Kind::Double)),
            _ => {
                let range = if self.random.below(2) == 0 { Kind::Ints } else { Kind::Strings };
                let (range, name, body) = self.fold(d, range, |this| this.expression(Kind::Bool, d));
                format!("{range}.{}({name}, {body})", self.random.pick(&["all", "exists", "exists_one"]))
            }
        }
    }

    fn integer(&mut self, d: usize, choice: usize) -> String {
        match choice {
            0..55 => {
                let op = self.random.pick(&["+", "-", "*", "/", "%"]);
                format!("({} {op} {})", self.expression(Kind::Int, d), self.expression(Kind::Int, d))
            }
            55..60 => format!("-({})", self.expression(Kind::Int, d)),
            60..68 => {
                let kind = [Kind::String, Kind::Ints, Kind::Strings, Kind::StringMap][self.random.below(4)];
                format!("size({})", self.expression(kind, d))
            }
            68..74 => format!("int({})", self.expression(Kind::Double, d)),
            74..78 => format!("int({})", self.expression(Kind::Uint, d)),
            78..84 => format!("{}[{}]", self.expression(Kind::Ints, d), self.expression(Kind::Int, d)),
            84..90 => format!("{}.{}", self.expression(Kind::IntMap, d), self.random.pick(&["a", "c"])),
            _ => {
                let getter = self.random.pick(&[
                    "getFullYear",
                    "getMonth",
                    "getDayOfYear",
                    "getDayOfMonth",
                    "getDate",
                    "getDayOfWeek",
                    "getHours",
                    "getMinutes",
                    "getSeconds",
                    "getMilliseconds",
                ]);
                format!("{}.{getter}()", self.expression(Kind::Timestamp, d))
            }
        }
    }
}

/// A context: JSON of every parameter, apart from a few that are left out if so wished.
pub(crate) fn context(r: &mut Random, complete: bool) -> String {
    let mut members = Vec::new();
    for (name, type_name) in PARAMETERS {
        if !complete && r.below(12) == 0 {
            continue;
        }
        let value = match type_name {
            "bool" => r.pick(&["true", "false"]),
            "int" => r.pick(&["0", "1", "2", "-3", "10", "\"9223372036854775807\"", "\"42\"", "1e3"]),
            "uint" => r.pick(&["0", "1", "7", "\"100\""]),
            "double" => r.pick(&["0", "1.5", "-2.25", "0.1", "1e300", "\"2.5\""]),
            "string" => r.pick(&["\"\"", "\"a\"", "\"abc\"", "\"a b c d e f g h i j k\"", "\"\\u00e9\"", "\"12\""]),
            "timestamp" => {
                r.pick(&["\"2023-01-01T00:00:00Z\"", "\"2024-02-29T12:34:56.789+02:00\"", "\"1969-12-31T23:59:59Z\""])
            }
            "duration" => r.pick(&["\"1h\"", "\"-30m\"", "\"1.5s\"", "\"0\""]),
            "ipaddress" => r.pick(&["\"10.1.2.3\"", "\"192.0.2.255\"", "\"2001:db8::1\"", "\"::ffff:10.0.0.1\""]),
            "list<int>" => r.pick(&["[]", "[1]", "[1,2,3]", "[-1,0,5]"]),
            "list<string>" => r.pick(&["[]", "[\"a\"]", "[\"a\",\"abc\",\"\"]"]),
            "map<string>" => r.pick(&["{}", "{\"a\":\"a\"}", "{\"a\":\"\",\"c\":\"abc\"}"]),
            "map<int>" => r.pick(&["{}", "{\"a\":1}", "{\"c\":3,\"a\":0}"]),
            _ => r.pick(&["null", "1", "1.5", "\"x\"", "[1]", "{\"a\":1}"]),
        };
        members.push(format!("\"{name}\":{value}"));
    }
    format!("{{{}}}", members.join(","))
}
