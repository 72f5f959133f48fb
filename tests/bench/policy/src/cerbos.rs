//! Cerbos, the program of the npm package `@cerbos/cerbos-linux-x64`. It keeps policies and no tuples: what is true of
//! the one who asks and of what is asked about comes with every question, and whoever asks has followed the graph.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sentinel_bench_server::http::{Ask, Connection};
use sentinel_bench_server::processes::Server;
use serde_json::{Value, json};

use crate::cases::{DEPTH, GROUPS, Kind, Question, Triple, split};

/// The npm package.
const PACKAGE: &str = "@cerbos/cerbos-linux-x64";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

const POLICY: &str = "apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: document
  version: default
  rules:
    - actions: [owner]
      effect: EFFECT_ALLOW
      roles: [user]
      condition:
        match:
          expr: R.attr.owner == P.id
    - actions: [viewer, can_read]
      effect: EFFECT_ALLOW
      roles: [user]
      condition:
        match:
          any:
            of:
              - expr: hasIntersection(P.attr.groups, R.attr.viewers)
              - expr: hasIntersection(P.attr.folders, R.attr.folders)
    - actions: [can_read]
      effect: EFFECT_DENY
      roles: [user]
      condition:
        match:
          expr: P.id in R.attr.blocked
";

pub(crate) async fn start(packages: &Path, folder: &Path) -> Result<Server> {
    let policies = folder.join("policies");
    fs::create_dir_all(&policies)?;
    fs::write(policies.join("document.yaml"), POLICY)?;
    let [http, grpc] = [free_port()?, free_port()?];
    let config = json!({
        "server": { "httpListenAddr": format!("127.0.0.1:{http}"), "grpcListenAddr": format!("127.0.0.1:{grpc}") },
        "storage": { "driver": "disk", "disk": { "directory": policies, "watchForChanges": false } },
        "telemetry": { "disabled": true },
    });
    let file = folder.join("cerbos.yaml");
    // JSON is YAML.
    fs::write(&file, config.to_string())?;
    let (out, errors) = (fs::File::create(folder.join("cerbos.log"))?, fs::File::create(folder.join("cerbos.err"))?);
    let child = Command::new(packages.join(PACKAGE).join("cerbos-linux-x64"))
        .args(["server", "--log-level=warn"])
        .arg(format!("--config={}", file.display()))
        .arg("--debug-listen-addr=")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .context("Cerbos")?;
    let mut server = Server::watch(child, format!("127.0.0.1:{http}"));
    let began = Instant::now();
    loop {
        if let Ok(mut http) = Connection::open(&server.authority).await
            && http.done(&Ask::get("/_cerbos/health")).await.is_ok()
        {
            return Ok(server);
        }
        if began.elapsed() > PATIENCE || server.ended()? {
            bail!("Cerbos does not listen: {}", fs::read_to_string(folder.join("cerbos.err"))?);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Cerbos takes no port 0 that it would tell us of.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// One check.
pub(crate) fn check(kind: Kind, question: &Question) -> Result<Ask> {
    let (Triple(object, relation, user), n) = (&question.triple, question.document);
    let ((of, id), (_, person)) = (split(object)?, split(user)?);
    let (groups, folders) = facts(kind, question);
    let attributes = match kind {
        Kind::Direct => json!({ "owner": person }),
        Kind::Stranger => json!({ "owner": "another" }),
        _ => json!({
            "viewers": [format!("{n}-1")],
            "folders": (1..=DEPTH).map(|depth| format!("{n}-{depth}")).collect::<Vec<_>>(),
            "blocked": [format!("blocked-{n}")],
        }),
    };
    let resource = json!({ "actions": [relation], "resource": { "kind": of, "id": id, "attr": attributes } });
    let principal = json!({ "id": person, "roles": ["user"], "attr": { "groups": groups, "folders": folders } });
    Ok(Ask::json("/api/check/resources", &json!({ "principal": principal, "resources": [resource] })))
}

/// What a person is in, and what was shared with them: what whoever asks must have looked up.
fn facts(kind: Kind, question: &Question) -> (Vec<String>, Vec<String>) {
    let n = question.document;
    match kind {
        Kind::Groups | Kind::Exclusion => ((1..=GROUPS).rev().map(|level| format!("{n}-{level}")).collect(), vec![]),
        Kind::Depth => (vec![], vec![format!("{n}-{DEPTH}")]),
        _ => (vec![], vec![]),
    }
}

/// What a check answered.
pub(crate) fn allowed(answer: &[u8]) -> Result<bool> {
    let answer: Value = serde_json::from_slice(answer)?;
    let actions = answer.pointer("/results/0/actions").and_then(Value::as_object);
    let effect = actions.and_then(|actions| actions.values().next()).and_then(Value::as_str);
    Ok(effect.with_context(|| answer.to_string())? == "EFFECT_ALLOW")
}
