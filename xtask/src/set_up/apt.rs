//! Debian's packages: installed as root only, and only those that are missing.

use anyhow::{Result, bail};

use crate::process::{Job, ask};

/// Installs what is missing, or says in one line what to install.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if ask("apt-get", &["--version"]).is_none() || ask("id", &["-u"]).as_deref() != Some("0") {
        bail!(
            "missing: run `apt-get install -y --no-install-recommends {list}` as root (or install your system's own)"
        );
    }
    println!("   installs Debian's packages: {list}");
    let apt = |label: &str| Job::new(label, "apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    apt("apt-get update").args(["update"]).succeed()?;
    apt("apt-get install").args(["install", "-y", "--no-install-recommends"]).args(missing).succeed()?;
    Ok(())
}

fn installed(package: &str) -> bool {
    ask("dpkg-query", &["-W", "-f=${Status}", package]).is_some_and(|status| status.ends_with(" installed"))
}
