//! One random model with tuples, questions about it, and what this engine answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{CompiledModel, Evaluator, Index, ModelConditions, QueryError};
use serde_json::{Value, json};

use crate::generate::{Case, Random, USERS, case, user};
use crate::oracle::{Oracle, type_of};
use crate::theirs::Theirs;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Check,
    ListObjects,
    ListUsers,
}

/// `of` is the object or type that is asked about, `user` the user or the type of users.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Question {
    pub(crate) kind: Kind,
    pub(crate) of: String,
    pub(crate) relation: String,
    pub(crate) user: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ours {
    Decision(bool),
    Names(Vec<String>),
    Condition,
    TooDeep,
}

impl Ours {
    fn of<T>(result: Result<T, QueryError>, found: impl Fn(T) -> Self) -> Self {
        match result {
            Ok(value) => found(value),
            Err(QueryError::Condition(..)) => Self::Condition,
            Err(QueryError::TooDeep) => Self::TooDeep,
            Err(other) => panic!("{other}"),
        }
    }

    pub(crate) fn same(&self, theirs: &Theirs) -> bool {
        match (self, theirs) {
            (Self::Decision(ours), Theirs::Decision(theirs)) => ours == theirs,
            (Self::Names(ours), Theirs::Names(theirs)) => ours == theirs,
            (Self::Condition, Theirs::Condition) | (Self::TooDeep, Theirs::TooDeep) => true,
            _ => false,
        }
    }
}

pub(crate) struct Sample {
    pub(crate) questions: BTreeMap<Question, Ours>,
    model: AuthorizationModel,
    tuples: Vec<TupleKey>,
}

impl Sample {
    /// See [`Oracle::entangled`].
    pub(crate) fn entangled(&self, object: &str, relation: &str, user: &str) -> (bool, bool) {
        Oracle::new(&self.model, &self.tuples).entangled(object, relation, user)
    }
}

/// Writes the file of a seed whose model is valid.
pub(crate) fn write(seed: u64, folder: &Path) -> Option<Sample> {
    let mut random = Random(seed);
    let Case { model, tuples } = case(&mut random);
    model.validate().ok()?;
    let compiled = CompiledModel::compile(&model).unwrap();
    let conditions = ModelConditions::compile(&model).unwrap();
    let in_context = conditions.in_context(None);
    // The program takes the tuples as contextual ones: each once, and none that the model does not allow.
    let nothing = Index::default();
    let judge = Evaluator::new(&compiled, &nothing).with_conditions(&in_context);
    let mut unique: Vec<TupleKey> = Vec::new();
    for tuple in tuples {
        let key = |tuple: &TupleKey| [tuple.object(), tuple.relation(), tuple.user()].map(str::to_owned);
        // What it writes it refuses where it says only what is so anyway (`WriteCommand.validateNotImplicit`).
        let implicit = tuple.user() == format!("{}#{}", tuple.object(), tuple.relation());
        if judge.validate(&tuple).is_ok() && !implicit && !unique.iter().any(|one| key(one) == key(&tuple)) {
            unique.push(tuple);
        }
    }
    let index = Index::from_tuples(&unique).unwrap();
    let evaluator = Evaluator::new(&compiled, &index).with_conditions(&in_context);
    let oracle = Oracle::new(&model, &unique);
    let mut questions = BTreeMap::new();
    let mut ask = |kind, of: &str, relation: &str, user: &str, ours| {
        let question = Question { kind, of: of.into(), relation: relation.into(), user: user.into() };
        questions.insert(question, ours);
    };
    for user in (0..4).map(|_| user(&mut random)).collect::<BTreeSet<_>>() {
        if user.contains("#b") && !compiled.has_relation(type_of(&user), "b") {
            continue;
        }
        for (object, relation) in oracle.all(&user, &["document:new"]).into_keys() {
            if random.one_in(3) {
                let ours = Ours::of(evaluator.check(&object, &relation, &user), Ours::Decision);
                ask(Kind::Check, &object, &relation, &user, ours);
            }
            if random.one_in(8) {
                let of = type_of(&object);
                let ours = Ours::of(evaluator.list_objects(of, &relation, &user), Ours::Names);
                ask(Kind::ListObjects, of, &relation, &user, ours);
            }
            if random.one_in(8) {
                let of = random.pick(&USERS);
                let ours = Ours::of(evaluator.list_users(&object, &relation, of, None), Ours::Names);
                ask(Kind::ListUsers, &object, &relation, of, ours);
            }
        }
    }
    let mut file = json!({"tuples": unique.iter().map(tuple).collect::<Vec<_>>(), "tests": [test(seed, &questions)]});
    match model.to_dsl() {
        Ok(text) => file["model"] = text.into(),
        Err(_) => {
            let name = format!("{seed}.json");
            std::fs::write(folder.join(&name), model.to_json()).unwrap();
            file["model_file"] = name.into();
        }
    }
    std::fs::write(folder.join(format!("{seed}.fga.yaml")), file.to_string()).unwrap();
    Some(Sample { questions, model, tuples: unique })
}

fn tuple(tuple: &TupleKey) -> Value {
    let mut value = json!({"user": tuple.user(), "relation": tuple.relation(), "object": tuple.object()});
    if let Some(condition) = tuple.condition() {
        value["condition"] = json!({"name": condition.name});
        if !condition.context.is_empty() {
            value["condition"]["context"] = serde_json::from_str(&condition.context).unwrap();
        }
    }
    value
}

fn test(seed: u64, questions: &BTreeMap<Question, Ours>) -> Value {
    let of = |kind| questions.iter().filter(move |(question, _)| question.kind == kind);
    let check = of(Kind::Check).map(|(question, ours)| {
        json!({"user": question.user, "object": question.of,
            "assertions": {&question.relation: *ours == Ours::Decision(true)}})
    });
    let names = |ours: &Ours| match ours {
        Ours::Names(names) => names.clone(),
        _ => vec![],
    };
    let list_objects = of(Kind::ListObjects).map(|(question, ours)| {
        json!({"user": question.user, "type": question.of, "assertions": {&question.relation: names(ours)}})
    });
    let list_users = of(Kind::ListUsers).map(|(question, ours)| {
        json!({"object": question.of, "user_filter": [{"type": question.user}],
            "assertions": {&question.relation: {"users": names(ours)}}})
    });
    json!({"name": seed.to_string(), "check": check.collect::<Vec<_>>(),
        "list_objects": list_objects.collect::<Vec<_>>(), "list_users": list_users.collect::<Vec<_>>()})
}
