use crate::{KeyPair, KeysError, MasterKey, Millis, PublicKey, Purpose, RsaBits, SigningAlgorithm};

/// A signing key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The thumbprint of the public key (RFC 7638).
    pub kid: String,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The public key as a JWK, in JSON.
    pub public_jwk: String,
    /// The private key (PKCS #8) sealed for [`Purpose::SIGNING_KEY`] and this `kid`.
    pub sealed_private: Vec<u8>,
    /// When it was made; later than every key before it.
    pub created_at: Millis,
    /// Published at once, signing from here on, until a younger one signs.
    pub signs_from: Millis,
    /// Neither published nor accepted from here on, where that is settled.
    pub retires_at: Option<Millis>,
}

/// Without the sealed key: nobody needs to read it.
impl std::fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRecord")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("created_at", &self.created_at)
            .field("signs_from", &self.signs_from)
            .field("retires_at", &self.retires_at)
            .finish_non_exhaustive()
    }
}

impl KeyRecord {
    /// Seals the private key again, under another master key.
    ///
    /// # Errors
    /// [`KeysError::KeySealed`] where it does not open under the old one.
    pub fn reseal(&mut self, old: &MasterKey, new: &MasterKey) -> Result<(), KeysError> {
        let private = old
            .open(Purpose::SIGNING_KEY, self.kid.as_bytes(), &self.sealed_private)
            .map_err(|_| KeysError::KeySealed { kid: self.kid.clone() })?;
        self.sealed_private = new.seal(Purpose::SIGNING_KEY, self.kid.as_bytes(), &private)?;
        Ok(())
    }

    /// The public key, read back by core and known to be the one that `kid` names.
    pub(crate) fn public(&self) -> Result<PublicKey, KeysError> {
        let unusable = |why| KeysError::KeyUnusable { kid: self.kid.clone(), why };
        let public = PublicKey::from_jwk(&self.public_jwk, self.algorithm.in_core())
            .map_err(|_| unusable("its public key is not one for its algorithm"))?;
        if public.kid() != self.kid {
            return Err(unusable("its id is not the thumbprint of its public key"));
        }
        Ok(public)
    }
}

/// A key that was made and sealed but has no times yet: making an RSA key takes long, and the times are settled in
/// the transaction that stores it.
#[derive(Clone, Debug)]
pub struct NewKey {
    public: PublicKey,
    algorithm: SigningAlgorithm,
    sealed_private: Vec<u8>,
}

impl NewKey {
    /// Makes a key pair and seals its private half. Blocks for a good part of a second where it is RSA, now and then
    /// for several.
    ///
    /// # Errors
    /// [`KeysError::Generation`], [`KeysError::Randomness`].
    pub fn generate(algorithm: SigningAlgorithm, rsa: RsaBits, master: &MasterKey) -> Result<Self, KeysError> {
        let pair = KeyPair::generate(algorithm.in_core(), rsa.get())?;
        let kid = pair.public().kid().as_bytes();
        let sealed_private = master.seal(Purpose::SIGNING_KEY, kid, pair.private_pkcs8())?;
        Ok(Self { public: pair.public().clone(), algorithm, sealed_private })
    }

    /// The key's id.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The key with its times, to be stored. See [`lifecycle::rotate`](crate::lifecycle::rotate), which settles them.
    #[must_use]
    pub fn into_record(self, created_at: Millis, signs_from: Millis) -> KeyRecord {
        KeyRecord {
            kid: self.public.kid().to_owned(),
            algorithm: self.algorithm,
            public_jwk: self.public.jwk(),
            sealed_private: self.sealed_private,
            created_at,
            signs_from,
            retires_at: None,
        }
    }
}
