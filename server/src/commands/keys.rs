//! `sentinel keys generate`: a signing key and its public half.
//!
//! The keys themselves are made in `sentinel-keys`; the public JWK is read back
//! through core there, so what is written here is known to be accepted.

use super::signing_keys;
use crate::outcome::{Failure, line};
use sentinel_core::Algorithm;
use sentinel_keys::{KeyPair, KeysError};
use serde::Serialize;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Generate a key in files of its own. Never overwrites one.
    Generate(Args),
    /// List the deployment's signing keys.
    List,
    /// Print the public key that signs, in PEM, or all public keys.
    Export(signing_keys::Export),
    /// Make a new signing key. It is published at once and signs after a while.
    Rotate(signing_keys::Rotate),
    /// End a signing key now: what it signed is refused.
    Retire(signing_keys::Retire),
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The algorithm that the key is for, e.g. RS256, ES256, EdDSA, HS256
    #[arg(long, value_parser = super::verify::algorithm)]
    alg: Algorithm,
    /// File for the private key (mode 0600); the public JWK Set is put beside it as `*.jwks.json`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How the private key is written; an HS secret is always one line of text
    #[arg(long, value_enum, default_value_t = Format::Pem)]
    format: Format,
    /// File for the public key in PEM, too
    #[arg(long, value_name = "FILE")]
    public_pem: Option<PathBuf>,
    /// Length of an RSA modulus in bits
    #[arg(long, value_name = "BITS", default_value_t = 2048, value_parser = clap::value_parser!(u16).range(2048..=4096))]
    bits: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// PKCS #8 in PEM
    Pem,
    /// JSON Web Key
    Jwk,
}

#[derive(Serialize)]
struct Written<'a> {
    ok: bool,
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    private: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_pem: Option<&'a Path>,
}

/// The deployment's keys.
pub(crate) fn run(config: Option<PathBuf>, command: Command, in_json: bool) -> Result<Value, Failure> {
    match command {
        Command::Generate(args) => generate(args).map(Value::String),
        Command::List => signing_keys::list(config),
        Command::Export(args) => signing_keys::export(config, &args, in_json),
        Command::Rotate(args) => signing_keys::rotate(config, args),
        Command::Retire(args) => signing_keys::retire(config, args),
    }
}

/// A key in files.
pub(crate) fn generate(args: Args) -> Result<String, Failure> {
    if args.alg.is_symmetric() { shared_secret(&args) } else { key_pair(&args) }
}

fn shared_secret(args: &Args) -> Result<String, Failure> {
    if args.format != Format::Pem || args.public_pem.is_some() {
        return Err(Failure::Usage("a shared secret is one line of text and has no public half".to_owned()));
    }
    let mut files = Files::default();
    let mut file = files.create(&args.out, PRIVATE)?;
    file.fill(&sentinel_keys::shared_secret(args.alg).map_err(failed)?)?;
    files.keep();
    line(&Written { ok: true, alg: args.alg.as_str(), kid: None, private: &args.out, jwks: None, public_pem: None })
}

fn key_pair(args: &Args) -> Result<String, Failure> {
    let jwks = args.out.with_extension("jwks.json");
    let mut files = Files::default();
    // All of them first: a file that is in the way is found before any key is made.
    let mut private_file = files.create(&args.out, PRIVATE)?;
    let mut jwks_file = files.create(&jwks, PUBLIC)?;
    let public_pem_file = args.public_pem.as_ref().map(|path| files.create(path, PUBLIC)).transpose()?;

    let pair = KeyPair::generate(args.alg, usize::from(args.bits)).map_err(failed)?;
    match args.format {
        Format::Pem => private_file.fill(pair.private_pem())?,
        Format::Jwk => private_file.fill(&pair.private_jwk())?,
    }
    jwks_file.fill(&pair.public().jwks())?;
    if let Some(mut file) = public_pem_file {
        file.fill(pair.public_pem())?;
    }
    files.keep();
    line(&Written {
        ok: true,
        alg: args.alg.as_str(),
        kid: Some(pair.public().kid()),
        private: &args.out,
        jwks: Some(&jwks),
        public_pem: args.public_pem.as_deref(),
    })
}

fn failed(error: KeysError) -> Failure {
    Failure::unavailable("no key was written", error)
}

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// The files of one run: all of them or none.
#[derive(Default)]
struct Files(Vec<PathBuf>);

struct NewFile<'a> {
    path: &'a Path,
    file: File,
}

impl Files {
    /// A file that was not there before, with its final mode from its first moment.
    fn create<'a>(&mut self, path: &'a Path, mode: u32) -> Result<NewFile<'a>, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let file = options.open(path).map_err(|why| Failure::unavailable(path.display(), why))?;
        self.0.push(path.to_owned());
        Ok(NewFile { path, file })
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.0 {
            // What was created by this run and is not whole; there is no one left to tell.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl NewFile<'_> {
    fn fill(&mut self, text: &str) -> Result<(), Failure> {
        let newline = if text.ends_with('\n') { "" } else { "\n" };
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.write_all(newline.as_bytes()));
        written.and_then(|()| self.file.sync_all()).map_err(|why| Failure::unavailable(self.path.display(), why))
    }
}
