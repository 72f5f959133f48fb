//! OpenFGA's store files, `.fga.yaml`: a model, tuples, and what they are expected to decide.
//! (<https://openfga.dev/docs/modeling/testing>)

use std::path::Path;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::model::{self, Model, Rules, Source};
use super::text::{At, Folder, Mistake, Text, read};
use super::tuples::{self, Entry, Format};
use super::yaml::{self, Node};

/// Longest store file, and longest file of tuples that one names, in bytes.
pub(super) const BYTES: usize = 64 * 1024 * 1024;

/// What a store file holds. What is said of a model or of tuples alone is in it, too.
#[derive(Debug)]
pub(super) struct StoreFile {
    pub(super) model: Option<Model>,
    /// All tuples, those of other files included, in the order of the files.
    pub(super) tuples: Vec<Entry>,
    pub(super) tests: Vec<Test>,
}

/// One of `tests`.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) name: String,
    /// Tuples that hold for this test.
    pub(super) tuples: Vec<Entry>,
    pub(super) assertions: Vec<Assertion>,
}

/// One thing that is expected.
#[derive(Debug)]
pub(super) struct Assertion {
    pub(super) question: Question,
    pub(super) context: Option<Rc<Map<String, Value>>>,
    pub(super) expected: Expected,
    pub(super) at: At,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Check { user: String, relation: String, object: String },
    ListObjects { user: String, relation: String, type_name: String },
    ListUsers { object: String, relation: String, type_name: String, userset: Option<String> },
}

/// What the answer must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Decision(bool),
    /// Sorted.
    Names(Vec<String>),
}

/// Reads a store file and the files that it names. `outside`: they may lie anywhere.
pub(super) fn of_file(path: &Path, outside: bool, rules: Rules) -> Result<StoreFile, Vec<Mistake>> {
    let text = read(path, BYTES)?;
    let folder = Folder::of(path, outside);
    let document = yaml::document(&text)?;
    let names = ["name", "model", "model_file", "tuples", "tuple_file", "tuple_files", "tests"];
    let [_, inline, model_file, tuples, tuple_file, tuple_files, tests] = document.fields("a store file", names)?;
    let model = match (inline, model_file) {
        (Some(node), _) => Some(Source::within(node, &text)?.model(rules)?),
        (None, Some(node)) => {
            let path = found(node, &folder, "model_file")?;
            Some(model::of_file(&path, &Folder::of(&path, outside), rules)?)
        }
        (None, None) => None,
    };
    let mut all = inline_tuples(tuples)?;
    for node in
        tuple_file.into_iter().chain(tuple_files.map(|list| list.list("tuple_files")).transpose()?.unwrap_or(&[]))
    {
        all.extend(tuples_of(node, &folder)?);
    }
    let tests = tests.map(|tests| tests.list("tests")).transpose()?.unwrap_or(&[]);
    let tests = tests.iter().map(|node| test(node, &folder)).collect::<Result<_, _>>()?;
    Ok(StoreFile { model, tuples: all, tests })
}

/// The tuples of a store file alone: what is imported. The model is the store's own.
pub(super) fn tuples_of_text(text: &Rc<Text>, folder: &Folder) -> Result<Vec<Entry>, Mistake> {
    let document = yaml::document(text)?;
    let names = ["name", "model", "model_file", "tuples", "tuple_file", "tuple_files", "tests"];
    let [_, _, _, tuples, tuple_file, tuple_files, _] = document.fields("a store file", names)?;
    let mut all = inline_tuples(tuples)?;
    for node in
        tuple_file.into_iter().chain(tuple_files.map(|list| list.list("tuple_files")).transpose()?.unwrap_or(&[]))
    {
        all.extend(tuples_of(node, folder)?);
    }
    Ok(all)
}

fn found(node: &Node, folder: &Folder, what: &str) -> Result<std::path::PathBuf, Mistake> {
    folder.find(node.text(what)?).map_err(|why| node.at.mistake(why))
}

fn inline_tuples(node: Option<&Node>) -> Result<Vec<Entry>, Mistake> {
    let tuples = node.map(|node| node.list("tuples")).transpose()?.unwrap_or(&[]);
    tuples.iter().map(tuples::of_node).collect()
}

fn tuples_of(node: &Node, folder: &Folder) -> Result<Vec<Entry>, Mistake> {
    let path = found(node, folder, "tuple_file")?;
    let format =
        Format::of_file(&path).map_err(|_| node.at.mistake("tuples are read from .yaml, .json, .jsonl or .csv"))?;
    tuples::of_text(&read(&path, BYTES)?, format)
}

fn test(node: &Node, folder: &Folder) -> Result<Test, Mistake> {
    let names = ["name", "description", "tuples", "tuple_file", "check", "list_objects", "list_users"];
    let [name, _, tuples, tuple_file, check, objects, users] = node.fields("a test", names)?;
    let mut tuples = inline_tuples(tuples)?;
    if let Some(node) = tuple_file {
        tuples.extend(tuples_of(node, folder)?);
    }
    let name = name.map(|name| name.text("name")).transpose()?.unwrap_or_default().to_owned();
    let mut assertions = Vec::new();
    for (list, what, read) in [
        (check, "check", checks as fn(&Node, &mut Vec<Assertion>) -> Result<(), Mistake>),
        (objects, "list_objects", list_objects),
        (users, "list_users", list_users),
    ] {
        for one in list.map(|list| list.list(what)).transpose()?.unwrap_or(&[]) {
            read(one, &mut assertions)?;
        }
    }
    Ok(Test { name, tuples, assertions })
}

fn context(node: Option<&Node>) -> Result<Option<Rc<Map<String, Value>>>, Mistake> {
    node.map(|node| node.object("context").map(Rc::new)).transpose()
}

/// One of `one` or some of `many`.
fn either(node: &Node, one: Option<&Node>, many: Option<&Node>, names: [&str; 2]) -> Result<Vec<String>, Mistake> {
    match (one, many) {
        (Some(one), None) => Ok(vec![one.text(names[0])?.to_owned()]),
        (None, Some(many)) => many.texts(names[1]),
        (Some(_), Some(many)) => Err(many.at.mistake(format!("either `{}` or `{}`, not both", names[0], names[1]))),
        (None, None) => Err(node.at.mistake(format!("`{}` or `{}` is missing", names[0], names[1]))),
    }
}

fn missing<'a>(node: &Node, value: Option<&'a Node>, name: &str) -> Result<&'a Node, Mistake> {
    value.ok_or_else(|| node.at.mistake(format!("`{name}` is missing")))
}

fn checks(node: &Node, out: &mut Vec<Assertion>) -> Result<(), Mistake> {
    let names = ["user", "users", "object", "objects", "context", "assertions"];
    let [user, users, object, objects, with, assertions] = node.fields("a check", names)?;
    let users = either(node, user, users, ["user", "users"])?;
    let objects = either(node, object, objects, ["object", "objects"])?;
    let context = context(with)?;
    let assertions = missing(node, assertions, "assertions")?.members("assertions")?;
    for user in &users {
        for object in &objects {
            for (relation, name, value) in &assertions {
                let (user, relation, object) = (user.clone(), (*relation).to_owned(), object.clone());
                let question = Question::Check { user, relation, object };
                let expected = Expected::Decision(value.truth("an assertion")?);
                out.push(Assertion { question, context: context.clone(), expected, at: name.at.clone() });
            }
        }
    }
    Ok(())
}

fn list_objects(node: &Node, out: &mut Vec<Assertion>) -> Result<(), Mistake> {
    let [user, of, with, assertions] = node.fields("list_objects", ["user", "type", "context", "assertions"])?;
    let user = missing(node, user, "user")?.text("user")?;
    let type_name = missing(node, of, "type")?.text("type")?;
    let context = context(with)?;
    for (relation, name, value) in missing(node, assertions, "assertions")?.members("assertions")? {
        let (user, relation, type_name) = (user.to_owned(), relation.to_owned(), type_name.to_owned());
        let question = Question::ListObjects { user, relation, type_name };
        out.push(Assertion { question, context: context.clone(), expected: sorted(value)?, at: name.at.clone() });
    }
    Ok(())
}

fn list_users(node: &Node, out: &mut Vec<Assertion>) -> Result<(), Mistake> {
    let [object, filter, with, assertions] =
        node.fields("list_users", ["object", "user_filter", "context", "assertions"])?;
    let object = missing(node, object, "object")?.text("object")?;
    let filter = missing(node, filter, "user_filter")?;
    let [filter] = filter.list("user_filter")? else {
        return Err(filter.at.mistake("user_filter must be a list of one filter, as in OpenFGA's API"));
    };
    let [of, userset] = filter.fields("a user_filter", ["type", "relation"])?;
    let type_name = missing(filter, of, "type")?.text("type")?;
    let userset = userset.map(|userset| userset.text("relation")).transpose()?;
    let context = context(with)?;
    for (relation, name, value) in missing(node, assertions, "assertions")?.members("assertions")? {
        let [users] = value.fields("an assertion of list_users", ["users"])?;
        let question = Question::ListUsers {
            object: object.to_owned(),
            relation: relation.to_owned(),
            type_name: type_name.to_owned(),
            userset: userset.map(ToOwned::to_owned),
        };
        let expected = users.map_or(Ok(Expected::Names(Vec::new())), sorted)?;
        out.push(Assertion { question, context: context.clone(), expected, at: name.at.clone() });
    }
    Ok(())
}

fn sorted(node: &Node) -> Result<Expected, Mistake> {
    let mut names = node.texts("what is expected")?;
    names.sort();
    Ok(Expected::Names(names))
}
