//! Expressions as they are written: the grammar of the language's definition ("Syntax"), by precedence climbing.

use super::lexer::{Fault, Lexer, Token};
use crate::policy::condition::value::Value;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// An expression, where it stands (cel-go's position: the operator, the opening bracket, else the start), and how
/// high its tree is.
#[derive(Debug)]
pub(super) struct Expr<'s> {
    pub(super) at: usize,
    pub(super) height: usize,
    pub(super) kind: Kind<'s>,
}

#[derive(Debug)]
pub(super) enum Kind<'s> {
    Literal(Value),
    /// A name; with a leading dot it is never a variable of a macro.
    Name(&'s str, bool),
    Select(Box<Expr<'s>>, &'s str),
    /// A function, an operator (`_+_`) or a macro.
    Call(&'s str, Option<Box<Expr<'s>>>, Vec<Expr<'s>>),
    /// All of `&&` or all of `||` in a row: both are associative, also with errors and unknowns.
    Logic(bool, Vec<Expr<'s>>),
    List(Vec<Expr<'s>>),
    Map(Vec<(Expr<'s>, Expr<'s>)>),
}

/// As long as an expression may be, in bytes (cel-go: 100,000 code points).
const LENGTH: usize = 100_000;
/// As deep as brackets may nest. cel-go's 250 count rules of the grammar, of which a bracket takes several.
const NESTING: usize = 48;
/// As high as a tree may be: what follows the parser recurses that deep. A chain `a + b + …` is as high as it is long.
const HEIGHT: usize = 160;

/// What the language keeps for itself.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

pub(super) fn parse(source: &str) -> Result<Expr<'_>, Fault> {
    if source.len() > LENGTH {
        return Err(Fault { at: 0, what: "expression code point size exceeds limit" });
    }
    let mut lexer = Lexer::new(source);
    let (at, token) = lexer.next()?;
    let mut parser = Parser { lexer, at, token, depth: 0 };
    let expr = parser.expression()?;
    match parser.token {
        Token::End => Ok(expr),
        _ => Err(parser.fault("extraneous input")),
    }
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    at: usize,
    token: Token<'s>,
    depth: usize,
}

type Parsed<'s> = Result<Expr<'s>, Fault>;

impl<'s> Parser<'s> {
    fn fault(&self, what: &'static str) -> Fault {
        Fault { at: self.at, what }
    }

    fn advance(&mut self) -> Result<Token<'s>, Fault> {
        let (at, token) = self.lexer.next()?;
        self.at = at;
        Ok(core::mem::replace(&mut self.token, token))
    }

    fn is(&self, sign: &str) -> bool {
        matches!(&self.token, Token::Sign(found) if *found == sign)
    }

    fn accept(&mut self, sign: &str) -> Result<bool, Fault> {
        let found = self.is(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        if self.accept(sign)? {
            return Ok(());
        }
        Err(self.fault(match (&self.token, sign) {
            (Token::End, _) => "mismatched input '<EOF>'",
            (_, ")") => "missing ')'",
            (_, "]") => "missing ']'",
            (_, "}") => "missing '}'",
            _ => "missing ':'",
        }))
    }

    fn make(&self, at: usize, kind: Kind<'s>) -> Parsed<'s> {
        let tallest = match &kind {
            Kind::Literal(_) | Kind::Name(..) => 0,
            Kind::Select(of, _) => of.height,
            Kind::Call(_, target, arguments) => {
                target.iter().map(|of| of.height).chain(heights(arguments)).max().unwrap_or(0)
            }
            Kind::Logic(_, items) | Kind::List(items) => heights(items).max().unwrap_or(0),
            Kind::Map(entries) => entries.iter().map(|(key, value)| key.height.max(value.height)).max().unwrap_or(0),
        };
        if tallest >= HEIGHT {
            return Err(Fault { at, what: "expression recursion limit exceeded" });
        }
        Ok(Expr { at, height: tallest + 1, kind })
    }

    fn operator(&self, at: usize, name: &'static str, arguments: Vec<Expr<'s>>) -> Parsed<'s> {
        self.make(at, Kind::Call(name, None, arguments))
    }

    /// `a ? b : c`, or less.
    fn expression(&mut self) -> Parsed<'s> {
        self.depth += 1;
        if self.depth > NESTING {
            return Err(self.fault("expression recursion limit exceeded"));
        }
        let condition = self.binary(1)?;
        let at = self.at;
        let expr = if self.accept("?")? {
            let yes = self.binary(1)?;
            self.expect(":")?;
            let no = self.expression()?;
            self.operator(at, "_?_:_", Vec::from([condition, yes, no]))?
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// Operators of at least this precedence.
    fn binary(&mut self, least: u8) -> Parsed<'s> {
        let mut left = self.unary()?;
        loop {
            let Token::Sign(sign) = &self.token else { return Ok(left) };
            let (precedence, name) = match *sign {
                "||" => (1, ""),
                "&&" => (2, ""),
                "<" => (3, "_<_"),
                "<=" => (3, "_<=_"),
                ">" => (3, "_>_"),
                ">=" => (3, "_>=_"),
                "==" => (3, "_==_"),
                "!=" => (3, "_!=_"),
                "in" => (3, "@in"),
                "+" => (4, "_+_"),
                "-" => (4, "_-_"),
                "*" => (5, "_*_"),
                "/" => (5, "_/_"),
                "%" => (5, "_%_"),
                _ => return Ok(left),
            };
            if precedence < least {
                return Ok(left);
            }
            let at = self.at;
            self.advance()?;
            let right = self.binary(precedence + 1)?;
            left = if precedence <= 2 {
                let all = precedence == 2;
                let items = match left {
                    Expr { kind: Kind::Logic(same, mut items), .. } if same == all => {
                        items.push(right);
                        items
                    }
                    other => Vec::from([other, right]),
                };
                self.make(at, Kind::Logic(all, items))?
            } else {
                self.operator(at, name, Vec::from([left, right]))?
            };
        }
    }

    /// Any number of `!` or of `-` before a member; a `-` before a number belongs to the number.
    fn unary(&mut self) -> Parsed<'s> {
        let at = self.at;
        if !self.is("!") && !self.is("-") {
            return self.member();
        }
        let sign = if self.is("!") { "!" } else { "-" };
        let mut odd = false;
        let mut count = 0_usize;
        while self.is(sign) {
            if sign == "-" && count == 0 && self.number_follows() {
                return self.member();
            }
            self.advance()?;
            odd = !odd;
            count += 1;
        }
        let operand = self.member()?;
        match odd {
            false => Ok(operand),
            true => self.operator(at, if sign == "!" { "!_" } else { "-_" }, Vec::from([operand])),
        }
    }

    fn number_follows(&self) -> bool {
        matches!(self.lexer.clone().next(), Ok((_, Token::Int(_) | Token::Literal(Value::Double(_)))))
    }

    /// Something, and what is selected, called and indexed of it.
    fn member(&mut self) -> Parsed<'s> {
        let mut expr = self.primary()?;
        loop {
            let at = self.at;
            if self.accept(".")? {
                let (name, quoted) = match self.advance()? {
                    Token::Name(name) => (name, false),
                    Token::Field(name) => (name, true),
                    _ => return Err(self.fault("no viable alternative at input '.'")),
                };
                let open = self.at;
                expr = if !quoted && self.accept("(")? {
                    let arguments = self.sequence(")")?;
                    self.make(open, Kind::Call(name, Some(Box::new(expr)), arguments))?
                } else {
                    self.make(at, Kind::Select(Box::new(expr), name))?
                };
            } else if self.accept("[")? {
                let index = self.expression()?;
                self.expect("]")?;
                expr = self.operator(at, "_[_]", Vec::from([expr, index]))?;
            } else {
                return Ok(expr);
            }
        }
    }

    /// Expressions up to a closing bracket, which is read too. Lists may end in a comma, arguments may not.
    fn sequence(&mut self, close: &str) -> Result<Vec<Expr<'s>>, Fault> {
        let mut items = Vec::new();
        while !self.is(close) {
            items.push(self.expression()?);
            if !self.accept(",")? {
                break;
            }
            if close == ")" && self.is(close) {
                return Err(self.fault("mismatched input ')'"));
            }
        }
        self.expect(close)?;
        Ok(items)
    }

    fn primary(&mut self) -> Parsed<'s> {
        let at = self.at;
        match self.advance()? {
            Token::Literal(value) => self.make(at, Kind::Literal(value)),
            Token::Int(value) => {
                let value = i64::try_from(value).map_err(|_| Fault { at, what: "invalid int literal" })?;
                self.make(at, Kind::Literal(Value::Int(value)))
            }
            Token::Sign("-") => match self.advance()? {
                Token::Int(value) => {
                    let value =
                        i64::try_from(-i128::from(value)).map_err(|_| Fault { at, what: "invalid int literal" })?;
                    self.make(at, Kind::Literal(Value::Int(value)))
                }
                Token::Literal(Value::Double(value)) => self.make(at, Kind::Literal(Value::Double(-value))),
                _ => Err(Fault { at, what: "no viable alternative at input '-'" }),
            },
            Token::Sign("(") => {
                let expr = self.expression()?;
                self.expect(")")?;
                Ok(expr)
            }
            Token::Sign("[") => {
                let items = self.sequence("]")?;
                self.make(at, Kind::List(items))
            }
            Token::Sign("{") => {
                let mut entries = Vec::new();
                while !self.is("}") {
                    let key = self.expression()?;
                    self.expect(":")?;
                    entries.push((key, self.expression()?));
                    if !self.accept(",")? {
                        break;
                    }
                }
                self.expect("}")?;
                self.make(at, Kind::Map(entries))
            }
            Token::Sign(".") => match self.advance()? {
                Token::Name(name) => self.name(at, name, true),
                _ => Err(Fault { at, what: "no viable alternative at input '.'" }),
            },
            Token::Name(name) => self.name(at, name, false),
            Token::End => Err(Fault { at, what: "mismatched input '<EOF>'" }),
            Token::Sign(_) | Token::Field(_) => Err(Fault { at, what: "extraneous input" }),
        }
    }

    fn name(&mut self, at: usize, name: &'s str, global: bool) -> Parsed<'s> {
        if RESERVED.contains(&name) {
            return Err(Fault { at, what: "reserved identifier" });
        }
        let open = self.at;
        if self.accept("(")? {
            let arguments = self.sequence(")")?;
            return self.make(open, Kind::Call(name, None, arguments));
        }
        if self.is("{") {
            return Err(self.fault("messages are not part of conditions"));
        }
        self.make(at, Kind::Name(name, global))
    }
}

fn heights<'a>(items: &'a [Expr<'_>]) -> impl Iterator<Item = usize> + 'a {
    items.iter().map(|item| item.height)
}
