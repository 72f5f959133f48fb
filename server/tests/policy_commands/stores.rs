//! A deployment's stores.

use serde_json::json;

use crate::support::{Folder, Run};
use crate::{MODEL, folder};

/// A deployment's commands, on its database: nothing of them needs a server.
struct Deployment {
    folder: Folder,
    environment: Vec<(&'static str, String)>,
}

impl Deployment {
    fn new(environment: Vec<(&'static str, String)>) -> Self {
        Self { folder: folder(), environment }
    }

    fn fed(&self, arguments: &str, stdin: &str) -> Run {
        let mut environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        environment.push(("DATA_DIR", "data"));
        self.folder.run_with(arguments, stdin, &environment)
    }

    fn run(&self, arguments: &str) -> Run {
        self.fed(arguments, "")
    }

    /// A store with the model, by its id.
    fn store(&self, name: &str) -> String {
        let made = self.run(&format!("--json store create {name}"));
        assert_eq!(made.status, 0, "{} {}", made.stdout, made.stderr);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let written = self.run(&format!("--json model write model.fga --store {id}"));
        assert!(written.json()["model"].is_string(), "{} {}", written.stdout, written.stderr);
        id
    }
}

fn csv(rows: std::ops::Range<usize>) -> String {
    let head = "user_type,user_id,user_relation,relation,object_type,object_id\n".to_owned();
    rows.fold(head, |text, row| text + &format!("user,u{row},,viewer,document,{}\n", row / 10))
}

#[test]
fn tuples_go_in_and_come_out_again() {
    goes_in_and_comes_out(&Deployment::new(vec![]));
}

/// The same on PostgreSQL: what is exported is read in a transaction of its own kind there.
#[tokio::test]
async fn tuples_go_in_and_come_out_again_on_postgresql() {
    use sqlx::Connection as _;
    let Ok(server) = std::env::var("SENTINEL_TEST_POSTGRES") else {
        panic!("SENTINEL_TEST_POSTGRES names no PostgreSQL server: run the tests with `cargo xtask test`");
    };
    let database = format!("cli_{}", uuid::Uuid::new_v4().as_simple());
    let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"))).execute(&mut connection).await.unwrap();
    let mut url = server.clone();
    url.replace_range(server.rfind('/').unwrap() + 1.., &database);
    let done = std::panic::catch_unwind(|| goes_in_and_comes_out(&Deployment::new(vec![("DATABASE_URL", url)])));
    let drop = format!("DROP DATABASE {database} WITH (FORCE)");
    sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
    if let Err(failed) = done {
        std::panic::resume_unwind(failed);
    }
}

fn goes_in_and_comes_out(of: &Deployment) {
    let store = of.store("first");
    let run = of.run(&format!("--json tuples import tuples.yaml --store {store}"));
    let json = run.json();
    assert_eq!((run.status, &json["written"], &json["revision"]), (0, &json!(5), &json!(1)), "{json} {}", run.stderr);
    of.folder.write("more.jsonl", "{\"user\":\"user:dan\",\"relation\":\"viewer\",\"object\":\"document:2\",\"condition\":{\"name\":\"at_night\",\"context\":{\"hour\":23}},\"expires_at\":\"2100-01-01T00:00:00Z\"}\n");
    assert_eq!(of.run(&format!("tuples import more.jsonl --store {store}")).status, 0);
    let exported = of.run(&format!("tuples export --store {store}"));
    assert_eq!(
        (exported.status, exported.stdout.lines().count(), exported.stderr.as_str()),
        (0, 6, "6 tuples of revision 2\n")
    );
    for (format, file) in [("csv", "out.csv"), ("jsonl", "out.jsonl"), ("yaml", "out.yaml")] {
        let out = of.run(&format!("tuples export --store {store} --format {format}"));
        assert_eq!(out.status, 0, "{}", out.stderr);
        of.folder.write(file, &out.stdout);
        let copy = of.store(format);
        let run = of.run(&format!("tuples import {file} --store {copy}"));
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (0, "6 tuples written, 0 were there already; the store is at revision 1\n"),
            "{}",
            run.stderr
        );
        assert_eq!(of.run(&format!("tuples export --store {copy}")).stdout, exported.stdout, "{format}");
    }
    // What is exported is what questions without a server are asked of.
    let asked = of.run("check user:dan viewer document:2 --model model.fga --tuples out.jsonl");
    assert_eq!(asked.stdout, "allowed\n", "{}", asked.stderr);

    // More than one piece: one revision each, and a second time nothing.
    of.folder.write("many.csv", &csv(0..10_002));
    let many = of.store("many");
    let import = |more: &str| of.run(&format!("--json tuples import many.csv --store {many} {more}")).json();
    let json = import("--dry-run");
    assert_eq!((&json["read"], &json["written"], &json["revision"]), (&json!(10_002), &json!(0), &json!(0)));
    let json = import("");
    assert_eq!((&json["written"], &json["revision"]), (&json!(10_002), &json!(3)), "{json}");
    let json = import("--on-duplicate ignore");
    assert_eq!(
        (&json["written"], &json["ignored"], &json["revision"]),
        (&json!(0), &json!(10_002), &json!(3)),
        "{json}"
    );
    of.folder.write("many.csv", &csv(10_000..10_004));
    let json = import("--on-duplicate ignore");
    assert_eq!((&json["written"], &json["ignored"], &json["revision"]), (&json!(2), &json!(2), &json!(4)), "{json}");
    let json = import("");
    let told = json["mistakes"][0].clone();
    assert!(json["ok"] == false && json["written"] == 0 && told["line"] == 2, "{json}");
    assert!(told["message"].as_str().unwrap().starts_with("cannot write a tuple which already exists"), "{told}");

    // A file with a mistake is not begun; of a stream all stays that came before it.
    of.folder.write("many.csv", &(csv(20_000..25_001) + "user,x,,viewr,document,1\n"));
    let run = of.run(&format!("tuples import many.csv --store {many}"));
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.starts_with("many.csv:5003: Invalid tuple 'document:1#viewr@user:x'.")
            && run.stderr.ends_with("nothing was written\n"),
        "{}",
        run.stderr
    );
    let stream = of.folder.read("many.csv");
    let run = of.fed(&format!("tuples import - --format csv --store {many}"), &stream);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("standard input:5003: ") && run.stderr.contains("\n5000 tuples were written before that"),
        "{}",
        run.stderr
    );
    let run = of.fed(
        &format!("--json tuples import - --format csv --store {many} --on-duplicate ignore"),
        &csv(20_000..25_001),
    );
    assert_eq!((&run.json()["written"], &run.json()["ignored"]), (&json!(1), &json!(5000)), "{}", run.stdout);

    // The model and the store as they are.
    let read = of.run(&format!("model read --store {store}"));
    assert_eq!(read.status, 0, "{}", read.stderr);
    of.folder.write("read.fga", &read.stdout);
    assert_eq!(of.run("model validate read.fga").status, 0);
    let listed = of.run("--json store list").json();
    let row = listed.as_array().unwrap().iter().find(|row| row["id"] == store.as_str()).unwrap().clone();
    assert_eq!((&row["name"], &row["tuples"], &row["revision"]), (&json!("first"), &json!(6), &json!(2)));
    assert_eq!(of.run(&format!("store delete {store}")).status, 0);
    assert_eq!(of.run(&format!("tuples export --store {store}")).status, 3, "it is gone");
    assert_eq!(of.run("store create x").status, 3, "too short a name");
    of.folder.write("bad.fga", &MODEL.replace("or owner", "or ownr"));
    assert!(of.run(&format!("model write bad.fga --store {many}")).stderr.starts_with("bad.fga:10:72: "));

    // What follows from a workspace's members is not written by itself, and not exported either.
    assert_eq!(of.run("user create ada@example.com --name Ada").status, 0);
    assert_eq!(of.run("workspace create acme --name Acme --owner ada@example.com").status, 0);
    of.folder.write("own.json", r#"{"schema_version":"1.1","type_definitions":[{"type":"note","relations":{"reader":{"this":{}}},"metadata":{"relations":{"reader":{"directly_related_user_types":[{"type":"note"}]}}}}]}"#);
    let written = of.run("model write own.json --workspace acme");
    assert_eq!(written.status, 0, "{}", written.stderr);
    of.folder.write("own.jsonl", "{\"user\":\"note:2\",\"relation\":\"reader\",\"object\":\"note:1\"}\n");
    assert_eq!(of.run("tuples import own.jsonl --workspace acme").status, 0);
    let out = of.run("tuples export --workspace acme").stdout;
    assert_eq!(out, "{\"user\":\"note:2\",\"relation\":\"reader\",\"object\":\"note:1\"}\n");
    of.folder.write("own.jsonl", "{\"user\":\"note:3\",\"relation\":\"reader\",\"object\":\"note:1\"}\n{\"user\":\"user:x\",\"relation\":\"member\",\"object\":\"group:1\"}\n");
    let run = of.run("tuples import own.jsonl --workspace acme");
    assert!(
        run.status != 0 && run.stderr.contains("built-in type 'group'") && run.stderr.contains("nothing was written"),
        "{}",
        run.stderr
    );
    assert_eq!(of.run("tuples export --workspace acme").stdout, out);
    let listed = of.run("--json store list").json();
    let row = listed.as_array().unwrap().iter().find(|row| row["workspace_id"].is_string()).unwrap().clone();
    assert_eq!(
        of.run(&format!("store delete {}", row["id"].as_str().unwrap())).status,
        3,
        "it goes with its workspace"
    );
}

#[test]
fn an_import_respects_the_quota() {
    let of = Deployment::new(vec![("POLICY_TUPLES_PER_STORE", "7".to_owned())]);
    let store = of.store("small");
    of.folder.write("many.csv", &csv(0..8));
    let run = of.run(&format!("tuples import many.csv --store {store}"));
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("The number of tuples exceeds the allowed limit of 7")
            && run.stderr.contains("nothing was written"),
        "{}",
        run.stderr
    );
    of.folder.write("many.csv", &csv(0..7));
    assert_eq!(of.run(&format!("tuples import many.csv --store {store}")).status, 0);
}
