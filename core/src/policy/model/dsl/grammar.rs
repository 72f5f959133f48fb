//! The grammar (openfga/language, `OpenFGAParser.g4`) as data, for the diagnosis.

use super::lexer::Kind;

/// A part of a rule.
pub(super) enum Node {
    /// One token of these kinds.
    Set(u64),
    /// A rule, by its place in [`RULES`].
    Rule(usize),
    Seq(&'static [Node]),
    Alt(&'static [Node]),
    Opt(&'static Node),
    Star(&'static Node),
    Plus(&'static Node),
}

/// The set of one kind.
pub(super) const fn bit(kind: Kind) -> u64 {
    1 << kind as u8
}

const fn token(kind: Kind) -> Node {
    Node::Set(bit(kind))
}

const fn but(kind: Kind) -> Node {
    // The end of the text is no token.
    Node::Set(!bit(kind) & !bit(Kind::Eof) & ((1 << Kind::ALL.len()) - 1))
}

use Node::{Alt, Opt, Plus, Rule, Seq, Star};

const WHITESPACE: Node = token(Kind::Whitespace);
const NEWLINE: Node = token(Kind::Newline);
const MAYBE_WHITESPACE: Node = Opt(&WHITESPACE);
const MAYBE_NEWLINE: Node = Opt(&NEWLINE);
const WHITESPACES: Node = Star(&WHITESPACE);

const MODEL_HEADER: usize = 1;
const MODULE_HEADER: usize = 2;
const TYPE_DEFS: usize = 3;
const TYPE_DEF: usize = 4;
const RELATION_DECLARATION: usize = 5;
const RELATION_NAME: usize = 6;
const RELATION_DEF: usize = 7;
const RELATION_DEF_NO_DIRECT: usize = 8;
const PARTIALS: usize = 9;
const GROUPING: usize = 10;
const RECURSE: usize = 11;
const RECURSE_NO_DIRECT: usize = 12;
const DIRECT_ASSIGNMENT: usize = 13;
const REWRITE: usize = 14;
const RESTRICTION: usize = 15;
const RESTRICTION_BASE: usize = 16;
const CONDITIONS: usize = 17;
const CONDITION: usize = 18;
const CONDITION_NAME: usize = 19;
const PARAMETER: usize = 20;
const PARAMETER_NAME: usize = 21;
const PARAMETER_TYPE: usize = 22;
const COMMENT: usize = 23;
const IDENTIFIER: usize = 24;
const EXTENDED_IDENTIFIER: usize = 25;
const EXPRESSION: usize = 26;

const COMMENT_LINE: Node = Opt(&Seq(&[Rule(COMMENT), NEWLINE]));
const LINE_COMMENT: Node = Opt(&Seq(&[NEWLINE, Rule(COMMENT)]));
const OPERAND: Node = Alt(&[Rule(GROUPING), Rule(RECURSE_NO_DIRECT)]);

const fn operation(operator: &'static [Node; 4]) -> Node {
    Seq(operator)
}

/// The rules; a text is the first.
pub(super) static RULES: [Node; 27] = [
    Seq(&[
        MAYBE_WHITESPACE,
        MAYBE_NEWLINE,
        Alt(&[Rule(MODEL_HEADER), Rule(MODULE_HEADER)]),
        MAYBE_NEWLINE,
        Rule(TYPE_DEFS),
        MAYBE_NEWLINE,
        Rule(CONDITIONS),
        MAYBE_NEWLINE,
        token(Kind::Eof),
    ]),
    Seq(&[
        COMMENT_LINE,
        token(Kind::Model),
        NEWLINE,
        token(Kind::Schema),
        WHITESPACE,
        token(Kind::SchemaVersion),
        MAYBE_WHITESPACE,
    ]),
    Seq(&[COMMENT_LINE, token(Kind::Module), WHITESPACE, Rule(IDENTIFIER), MAYBE_WHITESPACE]),
    Star(&Rule(TYPE_DEF)),
    Seq(&[
        LINE_COMMENT,
        NEWLINE,
        Opt(&Seq(&[token(Kind::Extend), WHITESPACE])),
        token(Kind::Type),
        WHITESPACE,
        Rule(EXTENDED_IDENTIFIER),
        Opt(&Seq(&[NEWLINE, token(Kind::Relations), Plus(&Rule(RELATION_DECLARATION))])),
    ]),
    Seq(&[
        LINE_COMMENT,
        NEWLINE,
        token(Kind::Define),
        WHITESPACE,
        Rule(RELATION_NAME),
        MAYBE_WHITESPACE,
        token(Kind::Colon),
        MAYBE_WHITESPACE,
        Rule(RELATION_DEF),
    ]),
    Rule(EXTENDED_IDENTIFIER),
    Seq(&[Alt(&[Rule(DIRECT_ASSIGNMENT), Rule(GROUPING), Rule(RECURSE)]), Opt(&Rule(PARTIALS))]),
    Seq(&[OPERAND, Opt(&Rule(PARTIALS))]),
    Alt(&[
        Plus(&operation(&[WHITESPACE, token(Kind::Or), WHITESPACE, OPERAND])),
        Plus(&operation(&[WHITESPACE, token(Kind::And), WHITESPACE, OPERAND])),
        operation(&[WHITESPACE, token(Kind::ButNot), WHITESPACE, OPERAND]),
    ]),
    Rule(REWRITE),
    Seq(&[
        token(Kind::LeftParen),
        WHITESPACES,
        Alt(&[Rule(RELATION_DEF), Rule(RECURSE_NO_DIRECT)]),
        WHITESPACES,
        token(Kind::RightParen),
    ]),
    Seq(&[
        token(Kind::LeftParen),
        WHITESPACES,
        Alt(&[Rule(RELATION_DEF_NO_DIRECT), Rule(RECURSE_NO_DIRECT)]),
        WHITESPACES,
        token(Kind::RightParen),
    ]),
    Seq(&[
        token(Kind::LeftBracket),
        MAYBE_WHITESPACE,
        Rule(RESTRICTION),
        MAYBE_WHITESPACE,
        Star(&Seq(&[token(Kind::Comma), MAYBE_WHITESPACE, Rule(RESTRICTION), MAYBE_WHITESPACE])),
        token(Kind::RightBracket),
    ]),
    Seq(&[
        Rule(EXTENDED_IDENTIFIER),
        Opt(&Seq(&[WHITESPACE, token(Kind::From), WHITESPACE, Rule(EXTENDED_IDENTIFIER)])),
    ]),
    Seq(&[
        MAYBE_NEWLINE,
        Alt(&[
            Rule(RESTRICTION_BASE),
            Seq(&[Rule(RESTRICTION_BASE), WHITESPACE, token(Kind::With), WHITESPACE, Rule(CONDITION_NAME)]),
        ]),
        MAYBE_NEWLINE,
    ]),
    Seq(&[
        Rule(EXTENDED_IDENTIFIER),
        Opt(&Alt(&[
            Seq(&[token(Kind::Colon), token(Kind::Star)]),
            Seq(&[token(Kind::Hash), Rule(EXTENDED_IDENTIFIER)]),
        ])),
    ]),
    Star(&Rule(CONDITION)),
    Seq(&[
        LINE_COMMENT,
        NEWLINE,
        token(Kind::Condition),
        WHITESPACE,
        Rule(CONDITION_NAME),
        MAYBE_WHITESPACE,
        token(Kind::LeftParen),
        MAYBE_WHITESPACE,
        Rule(PARAMETER),
        MAYBE_WHITESPACE,
        Star(&Seq(&[token(Kind::Comma), MAYBE_WHITESPACE, Rule(PARAMETER), MAYBE_WHITESPACE])),
        MAYBE_NEWLINE,
        token(Kind::RightParen),
        MAYBE_WHITESPACE,
        token(Kind::LeftBrace),
        MAYBE_NEWLINE,
        MAYBE_WHITESPACE,
        Rule(EXPRESSION),
        MAYBE_NEWLINE,
        token(Kind::RightBrace),
    ]),
    token(Kind::Identifier),
    Seq(&[
        MAYBE_NEWLINE,
        Rule(PARAMETER_NAME),
        MAYBE_WHITESPACE,
        token(Kind::Colon),
        MAYBE_WHITESPACE,
        Rule(PARAMETER_TYPE),
    ]),
    token(Kind::Identifier),
    Alt(&[
        token(Kind::ParameterType),
        Seq(&[token(Kind::Container), token(Kind::Less), token(Kind::ParameterType), token(Kind::Greater)]),
    ]),
    Seq(&[token(Kind::Hash), Star(&but(Kind::Newline)), LINE_COMMENT]),
    Node::Set(
        bit(Kind::Model)
            | bit(Kind::Schema)
            | bit(Kind::Type)
            | bit(Kind::Relation)
            | bit(Kind::Identifier)
            | bit(Kind::Module)
            | bit(Kind::Extend),
    ),
    Alt(&[Rule(IDENTIFIER), token(Kind::ExtendedIdentifier)]),
    Star(&but(Kind::RightBrace)),
];
