//! Reproducible input: SplitMix64 (Steele, Lea, Flood 2014). Not for secrets.

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// Runs of zeros, of ones and of anything: where carries go wrong.
    pub(crate) fn runs(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 32);
        while bytes.len() < length {
            let run = 1 + self.below(16) as usize;
            match self.below(4) {
                0 => bytes.resize(bytes.len() + run, 0x00),
                1 => bytes.resize(bytes.len() + run, 0xff),
                _ => bytes.extend(self.bytes(run)),
            }
        }
        bytes.truncate(length);
        bytes
    }

    /// Turns one bit.
    pub(crate) fn turn(&mut self, bytes: &mut [u8]) {
        if !bytes.is_empty() {
            let bit = self.below(bytes.len() as u64 * 8) as usize;
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// What RustCrypto's `rsa` makes keys from.
impl rsa::rand_core::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.next() as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.next()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.next() as u8);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Random {}
