//! `sentinel check`, `explain`, `expand` and `list`: questions on a model and tuples from files.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sentinel_core::policy::{By, Evaluator, ExplainStep, Explanation, Tree, TreeValue};
use sentinel_server::service::policy::TupleIn;
use serde_json::{Map, Value, json};

use super::model::{self, Model, Rules};
use super::store;
use super::text::{Folder, Mistake, Text, read};
use super::tuples::{self, Entry, Format, Spot};
use super::world::World;
use super::{Answer, now};

/// What is asked, and what is known.
#[derive(Args)]
pub(crate) struct Sources {
    /// A store file: a model and tuples
    #[arg(long, short = 'f', value_name = "FILE.fga.yaml", required_unless_present = "model")]
    file: Option<PathBuf>,
    /// The model: .fga, .json or fga.mod; instead of the store file's
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Tuples: .yaml, .json, .jsonl, .csv, or another store file's; may be repeated
    #[arg(long, value_name = "FILE")]
    tuples: Vec<PathBuf>,
    /// A tuple for this question, `document:1#viewer@user:anne`; may be repeated
    #[arg(long = "contextual-tuple", value_name = "TUPLE")]
    contextual: Vec<String>,
    /// What conditions are evaluated with: a JSON object
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
    /// Let files name files outside of their own folders
    #[arg(long)]
    allow_external_files: bool,
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Who: `user:anne`, `group:staff#member` or `user:*`
    user: String,
    /// The relation
    relation: String,
    /// To what: `document:1`
    object: String,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Args)]
pub(crate) struct ExpandArgs {
    /// The relation
    relation: String,
    /// Of what: `document:1`
    object: String,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Subcommand)]
pub(crate) enum ListCommand {
    /// The objects of a type that a user has a relation to.
    Objects {
        /// Who: `user:anne`
        user: String,
        /// The relation
        relation: String,
        /// The objects' type: `document`
        #[arg(value_name = "TYPE")]
        type_name: String,
        #[command(flatten)]
        sources: Sources,
    },
    /// The users of a type that have a relation to an object.
    Users {
        /// To what: `document:1`
        object: String,
        /// The relation
        relation: String,
        /// The users' type, `user`, or usersets, `group#member`
        #[arg(value_name = "TYPE")]
        filter: String,
        #[command(flatten)]
        sources: Sources,
    },
    /// The relations that a user has to an object.
    Relations {
        /// Who: `user:anne`
        user: String,
        /// To what: `document:1`
        object: String,
        /// Only these of them
        #[arg(value_name = "RELATION")]
        among: Vec<String>,
        #[command(flatten)]
        sources: Sources,
    },
}

/// All that a question is asked of.
struct Asked {
    world: World,
    own: Vec<sentinel_core::policy::tuple::TupleKey>,
    context: Option<Map<String, Value>>,
}

impl Asked {
    fn ask<T>(
        &self,
        question: impl FnOnce(&Evaluator<'_>) -> Result<T, sentinel_core::policy::QueryError>,
    ) -> Result<T, Vec<Mistake>> {
        self.world.ask(&self.own, self.context.as_ref(), question).map_err(|why| Mistake::new(why).into())
    }
}

impl Sources {
    fn open(&self) -> Result<Asked, Vec<Mistake>> {
        let outside = self.allow_external_files;
        let mut file = match &self.file {
            Some(path) => Some(store::of_file(path, outside, Rules::Server)?),
            None => None,
        };
        let model: Option<Model> = match &self.model {
            Some(path) => Some(model::of_file(path, &Folder::of(path, outside), Rules::Server)?),
            None => file.as_mut().and_then(|file| file.model.take()),
        };
        let model = model.ok_or_else(|| Mistake::new("the store file has no model: name one with --model"))?;
        let mut entries: Vec<Entry> = file.map(|file| file.tuples).unwrap_or_default();
        for path in &self.tuples {
            entries.extend(tuples_of(path, outside)?);
        }
        let world = World::new(model, &entries, now())?;
        let own = self.contextual.iter().map(|text| contextual(text)).collect::<Result<Vec<_>, _>>()?;
        let own = world.keys(&own)?;
        Ok(Asked { world, own, context: self.context.as_deref().map(context).transpose()? })
    }
}

/// The tuples of a file, a store file's among them.
fn tuples_of(path: &std::path::Path, outside: bool) -> Result<Vec<Entry>, Mistake> {
    let format = Format::of_file(path)?;
    let text = read(path, store::BYTES)?;
    if is_store_file(path) {
        return store::tuples_of_text(&text, &Folder::of(path, outside));
    }
    tuples::of_text(&text, format)
}

/// Whether a file is named as OpenFGA names its store files.
pub(super) fn is_store_file(path: &std::path::Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".fga.yaml") || name.ends_with(".fga.yml")
}

/// `object#relation@user`, or the three words `user relation object` of OpenFGA's command line.
fn contextual(text: &str) -> Result<Entry, Mistake> {
    let spot = Spot::Line("--contextual-tuple".into(), 0);
    let words: Vec<&str> = text.split_whitespace().collect();
    let parts = match *words.as_slice() {
        [user, relation, object] => Some((object, relation, user)),
        [one] => one
            .split_once('#')
            .and_then(|(object, rest)| rest.split_once('@').map(|(relation, user)| (object, relation, user))),
        _ => None,
    };
    let (object, relation, user) =
        parts.ok_or_else(|| spot.mistake(format!("{text}: a tuple is written object#relation@user")))?;
    let tuple = TupleIn { object: object.into(), relation: relation.into(), user: user.into(), ..TupleIn::default() };
    Ok(Entry { tuple, spot })
}

fn context(text: &str) -> Result<Map<String, Value>, Mistake> {
    serde_json::from_str(text).map_err(|why| {
        let at = super::text::At {
            text: Text::new("--context", text),
            line: why.line(),
            column: why.column().max(1),
            width: 1,
        };
        at.mistake(format!("this is no JSON object: {why}"))
    })
}

/// 0: allowed, 1: denied, 2: there is no answer.
pub(super) fn check(args: &CheckArgs) -> Answer {
    let CheckArgs { user, relation, object, sources } = args;
    let allowed = sources.open().and_then(|asked| asked.ask(|evaluator| evaluator.check(object, relation, user)));
    Answer::of(allowed, |allowed| {
        let text = if allowed { "allowed" } else { "denied" };
        (u8::from(!allowed), text.to_owned(), json!({ "allowed": allowed }))
    })
}

/// As [`check`], with the reason.
pub(super) fn explain(args: &CheckArgs) -> Answer {
    let CheckArgs { user, relation, object, sources } = args;
    let found = sources.open().and_then(|asked| {
        let mut found = asked.ask(|evaluator| evaluator.explain(object, relation, user))?;
        // That there is no tuple for everybody goes without saying where there cannot be one.
        found.steps.retain(|step| !matches!(&step.by, By::NoTuple(tuple) if !asked.world.may_be_written(tuple)));
        Ok(found)
    });
    Answer::of(found, |Explanation { allowed, steps }| {
        let head = if allowed { "allowed" } else { "denied. Tried:" };
        let mut lines = vec![format!("{object}#{relation}@{user}: {head}")];
        lines.extend(steps.iter().map(|step| {
            let indent = "  ".repeat(step.level as usize + 1);
            format!("{indent}{}: {}", step.relation, because(&step.by, allowed))
        }));
        let steps: Vec<Value> = steps.iter().map(step).collect();
        (u8::from(!allowed), lines.join("\n"), json!({ "allowed": allowed, "steps": steps }))
    })
}

/// A step in words.
fn because(by: &By, allowed: bool) -> String {
    match by {
        By::Tuple(tuple) if !allowed => format!("there is the tuple {tuple}"),
        By::Itself => "is whom the question is about".to_owned(),
        By::Tuple(tuple) => format!("by the tuple {tuple}"),
        By::Userset(tuple) => format!("through the tuple {tuple}"),
        By::Parent(tuple, relation) => format!("through {relation} from the tuple {tuple}"),
        By::Computed(other) => format!("through {other}"),
        By::Intersection => "all of these hold".to_owned(),
        By::Exclusion => "this holds, and what is excluded does not".to_owned(),
        By::NoTuple(tuple) => format!("there is no tuple {tuple} that holds"),
        By::Excluded => "it would hold, but the user is excluded".to_owned(),
        _ => "by a rule that this program has no words for".to_owned(),
    }
}

/// A step as JSON.
fn step(step: &ExplainStep) -> Value {
    let (by, more) = match &step.by {
        By::Itself => ("itself", json!({})),
        By::Tuple(tuple) => ("tuple", json!({ "tuple": tuple })),
        By::Userset(tuple) => ("userset", json!({ "tuple": tuple })),
        By::Parent(tuple, relation) => ("parent", json!({ "tuple": tuple, "computed": relation })),
        By::Computed(other) => ("computed", json!({ "computed": other })),
        By::Intersection => ("intersection", json!({})),
        By::Exclusion => ("exclusion", json!({})),
        By::NoTuple(tuple) => ("no_tuple", json!({ "tuple": tuple })),
        By::Excluded => ("excluded", json!({})),
        _ => ("other", json!({})),
    };
    let mut told = json!({ "level": step.level, "relation": step.relation, "by": by });
    if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
        told.extend(more);
    }
    told
}

/// How a relation is made up.
pub(super) fn expand(args: &ExpandArgs) -> Answer {
    let ExpandArgs { relation, object, sources } = args;
    let tree = sources.open().and_then(|asked| asked.ask(|evaluator| evaluator.expand(object, relation)));
    Answer::of(tree, |tree| {
        let mut lines = Vec::new();
        tree_lines(&tree, 0, &mut lines);
        (0, lines.join("\n"), json!({ "tree": { "root": tree_json(&tree) } }))
    })
}

fn tree_lines(tree: &Tree, level: usize, lines: &mut Vec<String>) {
    let (what, below): (String, Vec<&Tree>) = match &tree.value {
        TreeValue::Users(users) if users.is_empty() => ("nobody".to_owned(), vec![]),
        TreeValue::Users(users) => (users.join(", "), vec![]),
        TreeValue::Computed(other) => (format!("whoever has {other}"), vec![]),
        TreeValue::TupleToUserset { tupleset, computed } if computed.is_empty() => {
            (format!("nobody: {tupleset} is empty"), vec![])
        }
        TreeValue::TupleToUserset { tupleset, computed } => {
            (format!("whoever has {} (from {tupleset})", computed.join(" or ")), vec![])
        }
        TreeValue::Union(of) => ("any of".to_owned(), of.iter().collect()),
        TreeValue::Intersection(of) => ("all of".to_owned(), of.iter().collect()),
        TreeValue::Difference(base, subtract) => ("the first without the second of".to_owned(), vec![base, subtract]),
    };
    let name = if level == 0 { format!("{}: ", tree.name) } else { String::new() };
    lines.push(format!("{}{name}{what}", "  ".repeat(level)));
    for one in below {
        tree_lines(one, level + 1, lines);
    }
}

/// As OpenFGA's Expand answers.
fn tree_json(tree: &Tree) -> Value {
    let nodes = |of: &[Tree]| json!({ "nodes": of.iter().map(tree_json).collect::<Vec<_>>() });
    let (name, value) = match &tree.value {
        TreeValue::Users(users) => ("leaf", json!({ "users": { "users": users } })),
        TreeValue::Computed(other) => ("leaf", json!({ "computed": { "userset": other } })),
        TreeValue::TupleToUserset { tupleset, computed } => {
            let computed: Vec<Value> = computed.iter().map(|one| json!({ "userset": one })).collect();
            ("leaf", json!({ "tupleToUserset": { "tupleset": tupleset, "computed": computed } }))
        }
        TreeValue::Union(of) => ("union", nodes(of)),
        TreeValue::Intersection(of) => ("intersection", nodes(of)),
        TreeValue::Difference(base, subtract) => {
            ("difference", json!({ "base": tree_json(base), "subtract": tree_json(subtract) }))
        }
    };
    json!({ "name": tree.name, name: value })
}

/// Lists of names.
pub(super) fn list(command: &ListCommand) -> Answer {
    let (name, found) = match command {
        ListCommand::Objects { user, relation, type_name, sources } => {
            let found = sources.open().and_then(|asked| asked.ask(|on| on.list_objects(type_name, relation, user)));
            ("objects", found)
        }
        ListCommand::Users { object, relation, filter, sources } => {
            let (of, userset) = filter.split_once('#').map_or((filter.as_str(), None), |(of, on)| (of, Some(on)));
            let found = sources.open().and_then(|asked| asked.ask(|on| on.list_users(object, relation, of, userset)));
            ("users", found)
        }
        ListCommand::Relations { user, object, among, sources } => {
            let among: Vec<&str> = among.iter().map(String::as_str).collect();
            let found = sources.open().and_then(|asked| asked.ask(|on| on.list_relations(object, user, &among)));
            ("relations", found)
        }
    };
    Answer::of(found, |found| (0, found.join("\n"), json!({ name: found })))
}
