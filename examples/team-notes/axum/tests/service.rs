//! The service as a process of its own. What it does with a gateway, a server and people is in `tests/team-notes`.
#![allow(clippy::unwrap_used, reason = "part of tests")]

use std::process::Command;

#[test]
fn without_sentinel_it_does_not_start() {
    let start = |settings: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_team-notes"));
        for name in ["SENTINEL_URL", "SENTINEL_SERVICE_KEY", "SENTINEL_GATEWAY_KEY"] {
            command.env_remove(name);
        }
        command.envs(settings.iter().copied()).output().unwrap()
    };
    assert!(!start(&[]).status.success());
    // Nobody listens there.
    let unreachable = [("SENTINEL_URL", "http://127.0.0.1:9"), ("SENTINEL_SERVICE_KEY", "sk_none")];
    let ended = start(&unreachable);
    assert!(!ended.status.success() && ended.stdout.is_empty());
}
