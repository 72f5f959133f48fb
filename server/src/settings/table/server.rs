//! Where the server listens, and what it keeps.

use super::{Kind, Setting, secret, setting};

const PORT: Kind = Kind::Number(0, 65_535);
const SERVE: &str = "commands/serve.rs";
const OPEN: &str = "commands/open.rs";

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "BASE_URL",
        Kind::Url,
        "",
        SERVE,
        "The public URL of this server, the issuer (`iss`) of its tokens, and where providers send people back to. Without it `http://localhost:` and the port.",
    ),
    setting("SERVICE_HOST", Kind::Text, "0.0.0.0", SERVE, "The address to listen on."),
    setting("SERVICE_PORT", PORT, "9003", SERVE, "The port to listen on; 0 takes a free one, which the log names."),
    setting(
        "MANAGEMENT_HOST",
        Kind::Text,
        "127.0.0.1",
        SERVE,
        "The address of the management listener (`/livez`, `/readyz`, `/metrics`): it asks for no credentials.",
    ),
    setting(
        "MANAGEMENT_PORT",
        PORT,
        "9004",
        SERVE,
        "The port of the management listener; 0 takes a free one. Where it was not set and 9004 is taken, a free one, too.",
    ),
    setting(
        "DATA_DIR",
        Kind::Path,
        "data",
        OPEN,
        "The folder of the SQLite database and of the master key that is made where none is named.",
    ),
    secret("DATABASE_URL", OPEN, "`postgres://user:password@host/database`; without it SQLite in `DATA_DIR`."),
    setting(
        "DATABASE_CONNECTIONS",
        Kind::Number(1, 1000),
        "10",
        OPEN,
        "Most connections of this process to PostgreSQL.",
    ),
    setting(
        "MASTER_KEY_FILE",
        Kind::Path,
        "",
        OPEN,
        "The file with the key that seals secrets in the database: 256 bits in hex or base64url, mode 0600, kept elsewhere than the data. Without it one is made in `DATA_DIR`, with a warning.",
    ),
];
