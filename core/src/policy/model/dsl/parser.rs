//! Reads a correct text in one pass (openfga/language, `OpenFGAParser.g4`). Where it stops, `diagnose` says why.

use super::diagnose::diagnose;
use super::lexer::{Kind, Token, escaped, tokens, without_comments};
use crate::policy::model::json::{MEMBERS, MODEL_BYTES, NESTING};
use crate::policy::model::{
    AuthorizationModel, Condition, ModelError, ModelErrorKind, ModelErrors, Origin, Parameter, ParameterType, Relation,
    RestrictionKind, Rewrite, TypeDefinition, TypeRestriction,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// A file that was read: a model, or one module of one.
pub(crate) struct Parsed {
    pub(crate) model: AuthorizationModel,
    /// The names of types that the file extends rather than defines.
    pub(crate) extended: Vec<String>,
}

/// Reads a file.
pub(crate) fn parse(text: &str) -> Result<Parsed, ModelErrors> {
    if text.len() > MODEL_BYTES {
        return Err(ModelError::new(ModelErrorKind::TooLarge, "", "the model is larger than 256 KiB".into()).into());
    }
    let source = without_comments(text);
    let tokens = tokens(&source);
    let mut parser = Parser {
        source: &source,
        tokens: &tokens.all,
        at: 0,
        module: None,
        parsed: Parsed { model: AuthorizationModel::default(), extended: Vec::new() },
        errors: Vec::new(),
    };
    match parser.file() {
        Ok(()) => {
            let Parser { parsed, errors: mistakes, .. } = parser;
            let errors = tokens.errors.into_iter().map(|(_, error)| error).chain(mistakes).collect();
            ModelErrors::none_in(errors).map(|()| parsed)
        }
        Err(Stop::TooMuch(token, message)) => {
            let mut error = token.error(&source, message.into());
            error.kind = ModelErrorKind::TooLarge;
            Err(error.into())
        }
        Err(Stop::Syntax) => {
            let stopped = parser.token(0);
            let mut errors = diagnose(&source, tokens);
            if errors.is_empty() {
                let text = escaped(stopped.text(&source));
                errors.push(stopped.error(&source, ["mismatched input '", &*text, "'"].concat()));
            }
            Err(ModelErrors(errors))
        }
    }
}

enum Stop {
    /// The text is against the grammar.
    Syntax,
    /// More than is accepted.
    TooMuch(Token, &'static str),
}

type Read<T> = Result<T, Stop>;

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// The module that the file is, where it is one.
    module: Option<String>,
    parsed: Parsed,
    /// What follows the grammar and is still refused while reading.
    errors: Vec<ModelError>,
}

impl<'a> Parser<'a> {
    fn token(&self, ahead: usize) -> Token {
        let end = Token { kind: Kind::Eof, start: 0, end: 0, line: 0, column: 0 };
        self.tokens.get(self.at + ahead).or(self.tokens.last()).copied().unwrap_or(end)
    }

    fn kind(&self, ahead: usize) -> Kind {
        self.token(ahead).kind
    }

    /// Passes over the token where it is of this kind.
    fn skip(&mut self, kind: Kind) -> bool {
        let is = self.kind(0) == kind;
        self.at += usize::from(is);
        is
    }

    fn take(&mut self, kind: Kind) -> Read<Token> {
        let token = self.token(0);
        if self.skip(kind) { Ok(token) } else { Err(Stop::Syntax) }
    }

    fn text(&self, token: Token) -> &'a str {
        token.text(self.source)
    }

    fn refuse(&mut self, token: Token, message: String) {
        self.errors.push(token.error(self.source, message));
    }

    fn is_identifier(&self, extended: bool) -> bool {
        match self.kind(0) {
            Kind::Model
            | Kind::Schema
            | Kind::Type
            | Kind::Relation
            | Kind::Identifier
            | Kind::Module
            | Kind::Extend => true,
            kind => extended && kind == Kind::ExtendedIdentifier,
        }
    }

    fn identifier(&mut self, extended: bool) -> Read<Token> {
        if !self.is_identifier(extended) {
            return Err(Stop::Syntax);
        }
        let token = self.token(0);
        self.at += 1;
        Ok(token)
    }

    fn name(&mut self) -> Read<String> {
        let token = self.identifier(true)?;
        Ok(self.text(token).into())
    }

    fn file(&mut self) -> Read<()> {
        self.skip(Kind::Whitespace);
        self.skip(Kind::Newline);
        if self.skip(Kind::Module) {
            self.take(Kind::Whitespace)?;
            let name = self.identifier(false)?;
            self.module = Some(self.text(name).into());
        } else {
            self.take(Kind::Model)?;
            self.take(Kind::Newline)?;
            self.take(Kind::Schema)?;
            self.take(Kind::Whitespace)?;
            let version = self.take(Kind::SchemaVersion)?;
            self.parsed.model.schema_version = self.text(version).into();
        }
        self.skip(Kind::Whitespace);
        self.blank();
        while self.kind(0) == Kind::Newline && matches!(self.kind(1), Kind::Type | Kind::Extend) {
            self.type_definition()?;
        }
        self.blank();
        while self.kind(0) == Kind::Newline && self.kind(1) == Kind::Condition {
            self.condition()?;
        }
        self.skip(Kind::Newline);
        self.take(Kind::Eof).map(|_| ())
    }

    /// Line ends are one token with all around them, but for a comment of an expression (`//`) between two.
    fn blank(&mut self) {
        if self.kind(1) == Kind::Newline {
            self.skip(Kind::Newline);
        }
    }

    fn origin(&self) -> Option<Origin> {
        self.module.clone().map(|module| Origin { module, file: String::new() })
    }

    fn type_definition(&mut self) -> Read<()> {
        self.take(Kind::Newline)?;
        let extends = self.skip(Kind::Extend);
        if extends {
            self.take(Kind::Whitespace)?;
        }
        self.take(Kind::Type)?;
        self.take(Kind::Whitespace)?;
        let token = self.identifier(true)?;
        let mut definition =
            TypeDefinition { name: self.text(token).into(), relations: Vec::new(), origin: self.origin() };
        if extends && self.module.is_none() {
            self.refuse(token, "extend can only be used in a modular model".into());
        }
        if self.kind(0) == Kind::Newline && self.kind(1) == Kind::Relations {
            self.at += 2;
            self.relation(&mut definition, extends)?;
            while self.kind(0) == Kind::Newline && self.kind(1) == Kind::Define {
                self.relation(&mut definition, extends)?;
            }
        }
        if extends && self.module.is_some() {
            if self.parsed.extended.contains(&definition.name) {
                self.refuse(token, ["'", &*definition.name, "' is already extended in file."].concat());
            } else {
                self.parsed.extended.push(definition.name.clone());
            }
        }
        self.parsed.model.types.push(definition);
        Ok(())
    }

    fn relation(&mut self, of: &mut TypeDefinition, extends: bool) -> Read<()> {
        self.take(Kind::Newline)?;
        self.take(Kind::Define)?;
        self.take(Kind::Whitespace)?;
        let token = self.identifier(true)?;
        let name = self.text(token);
        self.skip(Kind::Whitespace);
        self.take(Kind::Colon)?;
        self.skip(Kind::Whitespace);
        let mut restrictions = Vec::new();
        let rewrite = self.definition(Some(&mut restrictions), 0)?;
        if of.relations.iter().any(|relation| relation.name == name) {
            self.refuse(token, ["'", name, "' is already defined in '", &*of.name, "'"].concat());
        }
        if of.relations.len() >= usize::from(MEMBERS) {
            return Err(Stop::TooMuch(token, "the type has too many relations"));
        }
        // What a type's own definition has is the type's.
        let origin = if extends { self.origin() } else { None };
        of.relations.push(Relation { name: name.into(), rewrite, restrictions, origin });
        Ok(())
    }

    /// Operands and the one operator between them. Types in brackets may only be the very first: `direct` is where they go.
    fn definition(&mut self, direct: Option<&mut Vec<TypeRestriction>>, depth: usize) -> Read<Rewrite> {
        let first = self.operand(direct, depth)?;
        let operator = self.kind(1);
        if self.kind(0) != Kind::Whitespace || !matches!(operator, Kind::And | Kind::Or | Kind::ButNot) {
            return Ok(first);
        }
        let mut operands = alloc::vec![first];
        while self.kind(0) == Kind::Whitespace && self.kind(1) == operator {
            self.at += 2;
            self.take(Kind::Whitespace)?;
            let operand = self.operand(None, depth)?;
            if operator == Kind::ButNot {
                let base = operands.pop().ok_or(Stop::Syntax)?;
                return Ok(Rewrite::Difference(Box::new(base), Box::new(operand)));
            }
            operands.push(operand);
        }
        Ok(if operator == Kind::And { Rewrite::Intersection(operands) } else { Rewrite::Union(operands) })
    }

    fn operand(&mut self, direct: Option<&mut Vec<TypeRestriction>>, depth: usize) -> Read<Rewrite> {
        let token = self.token(0);
        if self.skip(Kind::LeftParen) {
            if depth + 1 >= NESTING {
                return Err(Stop::TooMuch(token, "operators are nested too deep"));
            }
            self.skip(Kind::Whitespace);
            let inner = self.definition(direct, depth + 1)?;
            self.skip(Kind::Whitespace);
            self.take(Kind::RightParen)?;
            return Ok(inner);
        }
        if let (Kind::LeftBracket, Some(direct)) = (token.kind, direct) {
            self.restrictions(direct)?;
            return Ok(Rewrite::This);
        }
        let computed = self.name()?;
        if self.kind(0) == Kind::Whitespace && self.kind(1) == Kind::From {
            self.at += 2;
            self.take(Kind::Whitespace)?;
            return Ok(Rewrite::TupleToUserset { tupleset: self.name()?, computed });
        }
        Ok(Rewrite::Computed(computed))
    }

    fn restrictions(&mut self, into: &mut Vec<TypeRestriction>) -> Read<()> {
        self.take(Kind::LeftBracket)?;
        loop {
            self.skip(Kind::Whitespace);
            self.skip(Kind::Newline);
            let type_name = self.name()?;
            let kind = if self.skip(Kind::Colon) {
                self.take(Kind::Star)?;
                RestrictionKind::Wildcard
            } else if self.skip(Kind::Hash) {
                RestrictionKind::Userset(self.name()?)
            } else {
                RestrictionKind::Object
            };
            let mut condition = None;
            if self.kind(0) == Kind::Whitespace && self.kind(1) == Kind::With {
                self.at += 2;
                self.take(Kind::Whitespace)?;
                let name = self.take(Kind::Identifier)?;
                condition = Some(self.text(name).into());
            }
            into.push(TypeRestriction { type_name, kind, condition });
            self.skip(Kind::Newline);
            self.skip(Kind::Whitespace);
            if !self.skip(Kind::Comma) {
                return self.take(Kind::RightBracket).map(|_| ());
            }
        }
    }

    fn condition(&mut self) -> Read<()> {
        self.take(Kind::Newline)?;
        self.take(Kind::Condition)?;
        self.take(Kind::Whitespace)?;
        let token = self.take(Kind::Identifier)?;
        let name = self.text(token);
        if self.parsed.model.conditions.iter().any(|condition| condition.name == name) {
            self.refuse(token, ["condition '", name, "' is already defined in the model"].concat());
        }
        if self.parsed.model.conditions.len() >= usize::from(MEMBERS) {
            return Err(Stop::TooMuch(token, "the model has too many conditions"));
        }
        self.skip(Kind::Whitespace);
        self.take(Kind::LeftParen)?;
        let mut condition =
            Condition { name: name.into(), expression: String::new(), parameters: Vec::new(), origin: self.origin() };
        loop {
            self.skip(Kind::Whitespace);
            self.parameter(&mut condition)?;
            self.skip(Kind::Whitespace);
            if !self.skip(Kind::Comma) {
                break;
            }
        }
        self.take(Kind::RightParen)?;
        self.skip(Kind::Whitespace);
        self.take(Kind::LeftBrace)?;
        // The expression is all up to the next brace that closes, without its comments.
        loop {
            let token = self.token(0);
            match token.kind {
                Kind::RightBrace => break,
                Kind::Eof => return Err(Stop::Syntax),
                _ => condition.expression.push_str(self.text(token)),
            }
            self.at += 1;
        }
        self.at += 1;
        condition.expression = condition.expression.trim().into();
        self.parsed.model.conditions.push(condition);
        Ok(())
    }

    fn parameter(&mut self, of: &mut Condition) -> Read<()> {
        let token = self.take(Kind::Identifier)?;
        let name = self.text(token);
        self.skip(Kind::Whitespace);
        self.take(Kind::Colon)?;
        self.skip(Kind::Whitespace);
        let container = self.token(0);
        let contains = self.skip(Kind::Container);
        if contains {
            self.take(Kind::Less)?;
        }
        let simple = self.take(Kind::ParameterType)?;
        let mut type_name = ParameterType::named(self.text(simple)).ok_or(Stop::Syntax)?;
        if contains {
            self.take(Kind::Greater)?;
            let inner = Box::new(type_name);
            type_name =
                if self.text(container) == "map" { ParameterType::Map(inner) } else { ParameterType::List(inner) };
        }
        if of.parameters.len() >= usize::from(MEMBERS) {
            return Err(Stop::TooMuch(token, "the condition has too many parameters"));
        }
        if of.parameters.iter().any(|parameter| parameter.name == name) {
            self.refuse(
                token,
                ["parameter '", name, "' is already defined in the condition '", &*of.name, "'"].concat(),
            );
        }
        of.parameters.push(Parameter { name: name.into(), type_name });
        Ok(())
    }
}
