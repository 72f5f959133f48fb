//! Runs the real program in a folder of its own, and makes tokens for it.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What a run came to.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Its answer: one line of JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.lines().count(), 1, "one line of JSON: {:?} {}", self.stdout, self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// A folder that is removed with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sentinel-cli-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Runs `sentinel` here. The arguments are split at spaces.
    pub(crate) fn run(&self, arguments: &str, stdin: &str) -> Run {
        self.run_with(arguments, stdin, &[])
    }

    /// As [`Self::run`], with more in the environment.
    pub(crate) fn run_with(&self, arguments: &str, stdin: &str, environment: &[(&str, &str)]) -> Run {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        run_in(&self.0, &arguments, stdin.as_bytes(), environment)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn run_in(folder: &Path, arguments: &[&str], stdin: &[u8], environment: &[(&str, &str)]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sentinel"))
        .args(arguments)
        .envs(environment.iter().copied())
        // What tests are told by the environment is no setting.
        .env_remove("SENTINEL_SAMPLE_STORES")
        .env_remove("SENTINEL_FGA")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments may be gone before it reads.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    Run {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

pub(crate) const SECRET: &str = "a shared secret of more than 32 octets";

/// A token with exactly this payload.
pub(crate) fn hs256(payload: &str) -> String {
    let input = format!("{}.{}", encode(r#"{"alg":"HS256","typ":"JWT"}"#), encode(payload));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    format!("{input}.{}", encode(ring::hmac::sign(&key, input.as_bytes())))
}
