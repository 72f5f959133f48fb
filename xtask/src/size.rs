//! `cargo xtask size`: what ships, gzipped, against its budget. The numbers are in `npm/sizes.json`.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::build;
use crate::checks::Checks;
use crate::workspace;

const BUDGETS: &str = "npm/sizes.json";

/// `{ "name", "files": […], "limit": bytes }`: the files that an entry point loads, all together.
struct Budget {
    name: String,
    files: Vec<String>,
    limit: u64,
}

pub(crate) fn command() -> Result<()> {
    build::all()?;
    let mut checks = Checks::new();
    all(&mut checks)?;
    checks.close()
}

/// A check for each budget.
pub(crate) fn all(checks: &mut Checks) -> Result<()> {
    let text = fs::read_to_string(workspace::root().join(BUDGETS)).with_context(|| format!("cannot read {BUDGETS}"))?;
    for budget in read(&text)? {
        checks.holds(&format!("size: {}", budget.name), || {
            let mut total = 0;
            for file in &budget.files {
                let path = workspace::root().join("npm").join(file);
                let bytes = fs::read(&path).with_context(|| format!("cannot read npm/{file}"))?;
                let size = gzipped(&bytes)?;
                println!("   {size:>7}  {file} ({} as it is)", bytes.len());
                total += size;
            }
            println!("   {total:>7}  of {} bytes gzipped", budget.limit);
            ensure!(total <= budget.limit, "{} bytes over the budget", total - budget.limit);
            Ok(())
        });
    }
    Ok(())
}

fn gzipped(bytes: &[u8]) -> Result<u64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(u64::try_from(encoder.finish()?.len())?)
}

fn read(text: &str) -> Result<Vec<Budget>> {
    let value: Value = serde_json::from_str(text).with_context(|| format!("{BUDGETS} is not JSON"))?;
    let budgets =
        value.get("budgets").and_then(Value::as_array).with_context(|| format!("{BUDGETS} has no \"budgets\""))?;
    ensure!(!budgets.is_empty(), "{BUDGETS} holds no budget");
    budgets.iter().map(|budget| one(budget).with_context(|| format!("{BUDGETS}: {budget} is not a budget"))).collect()
}

fn one(budget: &Value) -> Option<Budget> {
    let files = budget.get("files")?.as_array()?.iter().map(|file| Some(file.as_str()?.to_owned()));
    let files = files.collect::<Option<Vec<_>>>().filter(|files| !files.is_empty())?;
    Some(Budget { name: budget.get("name")?.as_str()?.to_owned(), files, limit: budget.get("limit")?.as_u64()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_budgets_and_refuses_half_ones() {
        let budgets = read(r#"{"budgets":[{"name":"/slim","files":["dist/slim.js"],"limit":20480}]}"#).unwrap();
        assert!(budgets.len() == 1 && budgets[0].limit == 20480);
        for bad in [r#"{"budgets":[]}"#, r#"{"budgets":[{"name":"x","files":[],"limit":1}]}"#, "[]", "{"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_gzipped_bytes() {
        let size = gzipped(&[b'a'; 10_000]).unwrap();
        assert!((10..100).contains(&size), "{size}");
    }
}
