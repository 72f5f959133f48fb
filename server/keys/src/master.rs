//! The master key: 256 bits from a file, kept elsewhere than the data that it seals.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ring::hkdf::{HKDF_SHA256, KeyType, Okm, Salt};
use secrecy::{ExposeSecret as _, SecretBox};
use zeroize::Zeroizing;

use crate::{KeysError, Purpose, secrets};

const LENGTH: usize = 32;

/// Longer than any spelling of 256 bits, with room for line breaks.
const LONGEST_FILE: u64 = 1024;

/// What seals everything that must not lie open in the database. Never leaves the process, and is used only to
/// derive a key for each purpose (HKDF with SHA-256, RFC 5869).
pub struct MasterKey(SecretBox<[u8; LENGTH]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(_)")
    }
}

/// Where [`MasterKey::load_or_create`] has the key from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file was there.
    Loaded,
    /// The file was written just now: its owner should hear that whoever copies the data copies the key with it.
    Created,
}

impl MasterKey {
    /// A new key that is nowhere but in memory.
    ///
    /// # Errors
    /// [`KeysError::Randomness`].
    pub fn generate() -> Result<Self, KeysError> {
        Ok(Self(SecretBox::new(Box::new(secrets::random_bytes()?))))
    }

    /// Reads the key from a file: 256 bits in hex or base64url (padded or not), with white space around it. On Unix
    /// nobody but the file's owner may have any access to it.
    ///
    /// # Errors
    /// [`KeysError::MasterKeyUnreadable`], [`KeysError::MasterKeyExposed`], [`KeysError::MasterKeyMalformed`].
    pub fn load(path: &Path) -> Result<Self, KeysError> {
        let unreadable = |source| KeysError::MasterKeyUnreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        // Asked of the open file: what is checked is what is read.
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(unreadable(io::Error::new(io::ErrorKind::InvalidInput, "not a file")));
        }
        require_private(path, &metadata)?;
        let mut text = Zeroizing::new(Vec::with_capacity(LONGEST_FILE as usize + 1));
        file.take(LONGEST_FILE + 1).read_to_end(&mut text).map_err(unreadable)?;
        let key = if text.len() as u64 > LONGEST_FILE { None } else { Self::parse(&text) };
        key.ok_or_else(|| KeysError::MasterKeyMalformed { path: path.to_owned() })
    }

    /// Makes a key and writes it to a file that was not there before: mode 0600 from its first moment, durable when
    /// this returns, whole or absent whenever it is interrupted.
    ///
    /// # Errors
    /// [`KeysError::MasterKeyUnwritable`], also where the file exists; [`KeysError::Randomness`].
    pub fn create(path: &Path) -> Result<Self, KeysError> {
        let key = Self::generate()?;
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.0.expose_secret()) + "\n");
        // Two processes that start at once must not write one file together.
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", secrets::random_token()?));
        let beside = Beside(PathBuf::from(beside));
        write_once(&beside.0, path, text.as_bytes())
            .map_err(|source| KeysError::MasterKeyUnwritable { path: path.to_owned(), source })?;
        Ok(key)
    }

    /// The key in the file; where there is no file, a new key, written there.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::create`].
    pub fn load_or_create(path: &Path) -> Result<(Self, Origin), KeysError> {
        match Self::load(path) {
            Err(KeysError::MasterKeyUnreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            loaded => return Ok((loaded?, Origin::Loaded)),
        }
        match Self::create(path) {
            // Another process was faster: its key is the key.
            Err(KeysError::MasterKeyUnwritable { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                Ok((Self::load(path)?, Origin::Loaded))
            }
            created => Ok((created?, Origin::Created)),
        }
    }

    /// A name for the key that tells nothing about it: 64 derived bits in hex. Stored beside the data, it tells a
    /// wrong master key from damaged data.
    ///
    /// # Errors
    /// None that can happen: the length is one that HKDF gives.
    pub fn fingerprint(&self) -> Result<String, KeysError> {
        let bytes: Zeroizing<[u8; 8]> = self.derived(&["fingerprint", ""])?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// 256 derived bits for one purpose, other than the key that seals for it: for an HMAC, say.
    ///
    /// # Errors
    /// As [`Self::fingerprint`].
    pub fn subkey(&self, purpose: Purpose) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        self.derived(&["subkey", purpose.name()])
    }

    fn derived<const N: usize>(&self, info: &[&str; 2]) -> Result<Zeroizing<[u8; N]>, KeysError> {
        let mut bytes = Zeroizing::new([0; N]);
        self.derive(info, Length(N), |okm| Ok(okm.fill(bytes.as_mut())?))?;
        Ok(bytes)
    }

    /// HKDF with SHA-256. `info` is what the key is for and its purpose: the first never holds a `/`, so no two
    /// lists read the same.
    pub(crate) fn derive<L: KeyType, T>(
        &self,
        info: &[&str; 2],
        length: L,
        make: impl FnOnce(Okm<'_, L>) -> Result<T, KeysError>,
    ) -> Result<T, KeysError> {
        let [what, purpose] = info;
        let info = ["/", what, "/", purpose].map(str::as_bytes);
        let key = Salt::new(HKDF_SHA256, b"sentinel/master/1").extract(self.0.expose_secret());
        make(key.expand(&info, length)?)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let mut key = Box::new([0; LENGTH]);
        let octets = Zeroizing::new(match text.len() {
            43 => URL_SAFE_NO_PAD.decode(text).ok()?,
            44 => URL_SAFE.decode(text).ok()?,
            64 => text.chunks_exact(2).map(hex).collect::<Option<_>>()?,
            _ => return None,
        });
        if octets.len() != LENGTH {
            return None;
        }
        key.copy_from_slice(&octets);
        Some(Self(SecretBox::new(key)))
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn hex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    }
}

#[cfg(unix)]
fn require_private(path: &Path, metadata: &std::fs::Metadata) -> Result<(), KeysError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeysError::MasterKeyExposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn require_private(_: &Path, _: &std::fs::Metadata) -> Result<(), KeysError> {
    Ok(())
}

/// A file that is in nobody's way, gone when this is dropped.
struct Beside(PathBuf);

impl Drop for Beside {
    fn drop(&mut self) {
        // Not there unless it was written; there is nobody to tell.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes all of it beside, then gives it its name, which fails where the name is taken (`link(2)`): nobody ever
/// reads half a key, and a crash leaves none.
fn write_once(beside: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::hard_link(beside, path)?;
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<[u8; 32]> {
        MasterKey::parse(text.as_bytes()).map(|key| *key.0.expose_secret())
    }

    #[test]
    fn hex_and_base64url_are_read() {
        let key: [u8; 32] = std::array::from_fn(|index| index as u8 * 7);
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        for text in [hex.clone(), hex.to_uppercase(), URL_SAFE_NO_PAD.encode(key), URL_SAFE.encode(key)] {
            assert_eq!(parsed(&text), Some(key), "{text}");
            assert_eq!(parsed(&format!(" {text}\r\n")), Some(key));
        }
    }

    #[test]
    fn nothing_else_is() {
        for text in ["", "a", &"a".repeat(42), &"a".repeat(65), &"g".repeat(64), &"+".repeat(43), &"=".repeat(44)] {
            assert_eq!(parsed(text), None, "{text}");
        }
        // 256 bits have 43 digits, of which the last holds four: others would be a second spelling.
        assert_eq!(parsed(&format!("{}B", "A".repeat(42))), None);
        assert!(parsed(&format!("{}A", "A".repeat(42))).is_some());
        assert_eq!(parsed(&"é".repeat(32)), None);
    }

    #[test]
    fn a_created_key_is_loaded_again_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let (key, origin) = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(origin, Origin::Created);
        let (again, origin) = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(origin, Origin::Loaded);
        assert_eq!(key.0.expose_secret(), again.0.expose_secret());
        match MasterKey::create(&path) {
            Err(KeysError::MasterKeyUnwritable { source, .. }) => {
                assert_eq!(source.kind(), io::ErrorKind::AlreadyExists);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn of_many_that_start_at_once_one_writes_and_all_agree() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| MasterKey::load_or_create(&path).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(keys.iter().filter(|(_, origin)| *origin == Origin::Created).count(), 1);
        assert!(keys.iter().all(|(key, _)| key.0.expose_secret() == keys[0].0.0.expose_secret()));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        MasterKey::create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for (mode, taken) in [(0o400, true), (0o600, true), (0o640, false), (0o604, false), (0o620, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let loaded = MasterKey::load(&path);
            assert_eq!(loaded.is_ok(), taken, "{mode:o}: {loaded:?}");
            assert!(taken || loaded.unwrap_err().to_string().contains("chmod 600"), "{mode:o}");
        }
    }

    #[test]
    fn a_missing_file_a_folder_and_a_long_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(matches!(MasterKey::load(&path), Err(KeysError::MasterKeyUnreadable { .. })));
        assert!(MasterKey::load(folder.path()).is_err());
        assert!(MasterKey::create(&folder.path().join("absent").join("key")).is_err());
        MasterKey::create(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.clone() + &" ".repeat(900)).unwrap();
        assert!(MasterKey::load(&path).is_ok());
        std::fs::write(&path, text + &" ".repeat(2_000)).unwrap();
        match MasterKey::load(&path) {
            Err(KeysError::MasterKeyMalformed { .. }) => {}
            other => panic!("read past its end: {other:?}"),
        }
    }

    #[test]
    fn derived_keys_are_for_one_purpose_of_one_master_key() {
        let (one, other) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
        let subkey = one.subkey(Purpose::SESSION).unwrap();
        assert_eq!(subkey, one.subkey(Purpose::SESSION).unwrap());
        assert_ne!(subkey, one.subkey(Purpose::LOGIN_STATE).unwrap());
        assert_ne!(subkey, other.subkey(Purpose::SESSION).unwrap());
        assert_eq!(one.fingerprint().unwrap(), one.fingerprint().unwrap());
        assert_ne!(one.fingerprint().unwrap(), other.fingerprint().unwrap());
        assert_eq!(format!("{one:?}"), "MasterKey(_)");
    }
}
