//! What holds for every model: printing and reading are inverse, and no text makes the reader panic.

use proptest::prelude::*;
use sentinel_core::policy::model::{
    AuthorizationModel, Condition, Parameter, ParameterType, Relation, RestrictionKind, Rewrite, TypeDefinition,
    TypeRestriction,
};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z_][a-z0-9_]{0,6}",
        1 => "[a-z]([/.-]?[a-z0-9]){1,4}",
        1 => prop::sample::select(vec!["model", "type", "schema", "relation", "module", "extend"]).prop_map(String::from),
    ]
    // Words of the grammar that are no names.
    .prop_filter("reserved", |name| {
        !matches!(name.as_str(), "and" | "or" | "from" | "with" | "define" | "condition" | "relations" | "in" | "true" | "false" | "null")
            && !name.starts_with("but")
    })
}

fn plain() -> impl Strategy<Value = String> {
    "c_[a-z0-9_]{0,6}"
}

fn rewrite() -> impl Strategy<Value = Rewrite> {
    let leaf = prop_oneof![
        name().prop_map(Rewrite::Computed),
        (name(), name()).prop_map(|(tupleset, computed)| Rewrite::TupleToUserset { tupleset, computed }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Rewrite::Union),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Rewrite::Intersection),
            (inner.clone(), inner).prop_map(|(a, b)| Rewrite::Difference(Box::new(a), Box::new(b))),
        ]
    })
}

/// Puts direct assignment where the grammar has a place for it.
fn with_direct(rewrite: Rewrite) -> Rewrite {
    match rewrite {
        Rewrite::Union(mut children) => {
            children[0] = with_direct(children[0].clone());
            Rewrite::Union(children)
        }
        Rewrite::Intersection(mut children) => {
            children[0] = with_direct(children[0].clone());
            Rewrite::Intersection(children)
        }
        Rewrite::Difference(base, subtract) => Rewrite::Difference(Box::new(with_direct(*base)), subtract),
        _ => Rewrite::This,
    }
}

fn restriction() -> impl Strategy<Value = TypeRestriction> {
    let kind = prop_oneof![
        Just(RestrictionKind::Object),
        Just(RestrictionKind::Wildcard),
        name().prop_map(RestrictionKind::Userset)
    ];
    (name(), kind, prop::option::of(plain())).prop_map(|(type_name, kind, condition)| TypeRestriction {
        type_name,
        kind,
        condition,
    })
}

fn relation() -> impl Strategy<Value = Relation> {
    (name(), rewrite(), prop::collection::vec(restriction(), 0..3)).prop_map(|(name, rewrite, restrictions)| {
        let rewrite = if restrictions.is_empty() { rewrite } else { with_direct(rewrite) };
        Relation { name, rewrite, restrictions, origin: None }
    })
}

fn parameter() -> impl Strategy<Value = ParameterType> {
    let simple = prop::sample::select(vec![
        ParameterType::Bool,
        ParameterType::String,
        ParameterType::Int,
        ParameterType::Uint,
        ParameterType::Double,
        ParameterType::Duration,
        ParameterType::Timestamp,
        ParameterType::IpAddress,
    ]);
    prop_oneof![
        simple.clone(),
        simple.clone().prop_map(|of| ParameterType::Map(Box::new(of))),
        simple.prop_map(|of| ParameterType::List(Box::new(of))),
    ]
}

fn unique<T>(items: Vec<T>, name: impl Fn(&T) -> String) -> Vec<T> {
    let mut seen = std::collections::BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(name(item))).collect()
}

fn condition() -> impl Strategy<Value = Condition> {
    let parameters = prop::collection::vec((plain(), parameter()), 1..4).prop_map(|parameters| {
        let mut parameters = unique(parameters, |(name, _)| name.clone());
        parameters.sort_by(|a, b| a.0.cmp(&b.0));
        parameters.into_iter().map(|(name, type_name)| Parameter { name, type_name }).collect()
    });
    (plain(), "[a-z]( [&|=<>+*]{2} \"[a-z{}]*\"){0,3}", parameters)
        .prop_map(|(name, expression, parameters)| Condition { name, expression, parameters, origin: None })
        .prop_filter("operators of the language", |condition| {
            !["&|", "|&", "&=", "|=", "&<", "&>", "&+", "&*", "|<", "|>", "|+", "|*"]
                .iter()
                .any(|no| condition.expression.contains(no))
                && ![
                    " =&", " =|", " =<", " =>", " =+", " =*", " <&", " <|", " >&", " >|", " +&", " +|", " *&", " *|",
                    " +=", " *=",
                ]
                .iter()
                .any(|no| condition.expression.contains(no))
        })
}

fn model() -> impl Strategy<Value = AuthorizationModel> {
    let definition = (name(), prop::collection::vec(relation(), 0..5)).prop_map(|(name, relations)| TypeDefinition {
        name,
        relations: unique(relations, |relation| relation.name.clone()),
        origin: None,
    });
    (prop::collection::vec(definition, 0..5), prop::collection::vec(condition(), 0..3)).prop_map(
        |(types, conditions)| {
            let mut conditions = unique(conditions, |condition| condition.name.clone());
            conditions.sort_by(|a, b| a.name.cmp(&b.name));
            AuthorizationModel { schema_version: "1.1".into(), types, conditions }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_reading_are_inverse(model in model()) {
        let text = model.to_dsl().unwrap();
        let read = AuthorizationModel::from_dsl(&text);
        prop_assert_eq!(read.as_ref(), Ok(&model), "{}", text);
        prop_assert_eq!(read.unwrap().to_dsl().unwrap(), text);
    }

    #[test]
    fn the_json_form_is_kept(model in model()) {
        let json = model.to_json();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        prop_assert_eq!(AuthorizationModel::from_json(json.as_bytes()), Ok(model));
    }

    #[test]
    fn no_mutation_panics(model in model(), edits in prop::collection::vec((any::<u16>(), 0usize..MUTATIONS.len(), any::<bool>()), 1..6)) {
        let mut text: Vec<char> = model.to_dsl().unwrap().chars().collect();
        let mut json: Vec<char> = model.to_json().chars().collect();
        for (place, with, replace) in edits {
            for target in [&mut text, &mut json] {
                let at = usize::from(place) % (target.len() + 1);
                let end = if replace { (at + 3).min(target.len()) } else { at };
                target.splice(at..end, MUTATIONS[with].chars());
            }
        }
        let text: String = text.into_iter().collect();
        let json: String = json.into_iter().collect();
        let position = |line: u32| line as usize <= text.split('\n').count();
        if let Err(errors) = AuthorizationModel::from_dsl(&text) {
            prop_assert!(!errors.0.is_empty());
            prop_assert!(errors.0.iter().all(|error| error.position.is_some_and(|p| position(p.line))));
            // The parser and the grammar that the diagnosis follows agree: what one refuses the other explains.
            prop_assert!(
                errors.0.iter().all(|e| !e.message.starts_with("mismatched input") || e.message.contains(" expecting ")),
                "{errors}\n{text}"
            );
        }
        let _ = AuthorizationModel::from_json(json.as_bytes());
    }
}

const MUTATIONS: &[&str] = &[
    "",
    " ",
    "\n",
    "\t",
    "\r\n",
    "#",
    " # x",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "*",
    "\"",
    "'''",
    "\\",
    "\u{e9}",
    "\u{0}",
    "but not",
    " or ",
    " and ",
    " from ",
    " with ",
    "define",
    "relations\n",
    "type ",
    "extend ",
    "module x\n",
    "condition c(a: int) {",
    "1.1",
    "//",
    "=",
    "((((",
    "null",
    "{}",
    "[]",
    "\"type\":",
    "\u{feff}",
];
