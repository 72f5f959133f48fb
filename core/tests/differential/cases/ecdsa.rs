//! ECDSA against ring (P-256, P-384) and RustCrypto (all three), with keys, nonces and points chosen
//! to run into the exceptions of point addition and of the comparison modulo the order.

use sentinel_core::Algorithm;
use sentinel_core::jose::key::{Curve, EcPublicKey, VerificationKey};

use super::random::Random;
use super::{Tally, hex, ours};

type Coordinates = (Vec<u8>, Vec<u8>);
type Public = fn(&[u8]) -> Coordinates;
type Sign = fn(&[u8], &[u8], &[u8]) -> Option<Vec<u8>>;
type Wrapped = fn(&[u8], &[u8], &[u8], &[u8]) -> Option<(Coordinates, Vec<u8>)>;

/// What RustCrypto's arithmetic of one curve does here.
struct Reference {
    curve: Curve,
    algorithm: Algorithm,
    /// The order and the prime, big-endian.
    order: &'static str,
    prime: &'static str,
    kind: &'static str,
    wrapped_kind: &'static str,
    import: &'static str,
    public: Public,
    sign: Sign,
    infinite: Sign,
    wrapped: Wrapped,
    imports: fn(&[u8]) -> bool,
    verify: fn(&[u8], &[u8], &[u8]) -> bool,
    ring: Option<&'static dyn ring::signature::VerificationAlgorithm>,
}

macro_rules! reference {
    ($curve:ident, $krate:ident, $hash:ty) => {
        mod $krate {
            use ::$krate::ecdsa::signature::Verifier as _;
            use ::$krate::ecdsa::{Signature, VerifyingKey};
            use ::$krate::elliptic_curve::PrimeField as _;
            use ::$krate::elliptic_curve::ops::Reduce as _;
            use ::$krate::elliptic_curve::point::{AffineCoordinates as _, DecompressPoint as _};
            use ::$krate::elliptic_curve::sec1::ToSec1Point as _;
            use ::$krate::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
            use sha2::Digest as _;

            use super::Coordinates;

            fn scalar(bytes: &[u8]) -> Scalar {
                Scalar::reduce(&FieldBytes::try_from(bytes).unwrap())
            }

            /// The leftmost octets of the hash; the long curve's order has more bits than it.
            fn hash(message: &[u8]) -> Scalar {
                let hash = <$hash>::digest(message);
                let mut bytes = FieldBytes::default();
                let start = bytes.len() - hash.len();
                bytes[start..].copy_from_slice(&hash);
                scalar(&bytes)
            }

            fn coordinates(point: ProjectivePoint) -> Coordinates {
                let encoded = point.to_affine().to_sec1_point(false);
                (encoded.x().unwrap().to_vec(), encoded.y().unwrap().to_vec())
            }

            pub(super) fn public(secret: &[u8]) -> Coordinates {
                coordinates(ProjectivePoint::GENERATOR * scalar(secret))
            }

            fn concat(r: Scalar, s: Scalar) -> Option<Vec<u8>> {
                let zero = Scalar::ZERO;
                (r != zero && s != zero).then(|| [r.to_repr(), s.to_repr()].concat())
            }

            pub(super) fn sign(secret: &[u8], nonce: &[u8], message: &[u8]) -> Option<Vec<u8>> {
                let nonce = scalar(nonce);
                let inverse = Option::<Scalar>::from(nonce.invert())?;
                let r = scalar(&(ProjectivePoint::GENERATOR * nonce).to_affine().x());
                concat(r, inverse * (hash(message) + r * scalar(secret)))
            }

            /// A signature whose point is the one at infinity: u·G + v·Q with u = -v·d.
            pub(super) fn infinite(secret: &[u8], s: &[u8], message: &[u8]) -> Option<Vec<u8>> {
                let inverse = Option::<Scalar>::from(scalar(secret).invert())?;
                concat(-hash(message) * inverse, scalar(s))
            }

            /// A key and a signature whose point has this x coordinate, of which r is the rest.
            pub(super) fn wrapped(x: &[u8], r: &[u8], s: &[u8], message: &[u8]) -> Option<(Coordinates, Vec<u8>)> {
                let x = FieldBytes::try_from(x).unwrap();
                let point: AffinePoint = Option::from(AffinePoint::decompress(&x, 1.into()))?;
                let (r, s) = (scalar(r), scalar(s));
                let inverse = Option::<Scalar>::from(r.invert())?;
                let key = (ProjectivePoint::from(point) * s - ProjectivePoint::GENERATOR * hash(message)) * inverse;
                Some((coordinates(key), concat(r, s)?))
            }

            pub(super) fn imports(point: &[u8]) -> bool {
                VerifyingKey::from_sec1_bytes(point).is_ok()
            }

            pub(super) fn verify(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
                let key = VerifyingKey::from_sec1_bytes(point).unwrap();
                Signature::from_slice(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
        }
    };
}
reference!(P256, p256, sha2::Sha256);
reference!(P384, p384, sha2::Sha384);
reference!(P521, p521, sha2::Sha512);

macro_rules! entry {
    ($curve:ident, $krate:ident, $algorithm:ident, $kind:literal, $import:literal, $ring:expr, $order:expr, $prime:expr) => {
        Reference {
            curve: Curve::$curve,
            algorithm: Algorithm::$algorithm,
            order: $order,
            prime: $prime,
            kind: $kind,
            wrapped_kind: concat!($kind, ", x around the order"),
            import: $import,
            public: $krate::public,
            sign: $krate::sign,
            infinite: $krate::infinite,
            wrapped: $krate::wrapped,
            imports: $krate::imports,
            verify: $krate::verify,
            ring: $ring,
        }
    };
}

static CURVES: [Reference; 3] = [
    entry!(
        P256,
        p256,
        Es256,
        "ES256",
        "P-256 import",
        Some(&ring::signature::ECDSA_P256_SHA256_FIXED),
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
    ),
    entry!(
        P384,
        p384,
        Es384,
        "ES384",
        "P-384 import",
        Some(&ring::signature::ECDSA_P384_SHA384_FIXED),
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"
    ),
    entry!(
        P521,
        p521,
        Es512,
        "ES512",
        "P-521 import",
        None,
        concat!(
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        ),
        concat!(
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        )
    ),
];

/// For each curve a key with a signature, renewed from time to time.
#[derive(Default)]
pub(crate) struct Cases([Option<Current>; 3]);

struct Current {
    secret: Option<Vec<u8>>,
    point: Vec<u8>,
    key: VerificationKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Cases {
    pub(crate) fn case(&mut self, random: &mut Random, tally: &mut Tally) {
        let index = match random.below(16) {
            0 => 2,
            1..5 => 1,
            _ => 0,
        };
        let reference = &CURVES[index];
        if random.below(8) == 0 {
            return reference.import(random, tally);
        }
        let slot = &mut self.0[index];
        if slot.is_none() || random.below(32) == 0 {
            *slot = Some(reference.renew(random));
        }
        let current = slot.as_mut().unwrap();
        if random.below(4) == 0 {
            reference.sign_again(random, current);
        }
        reference.case(random, current, tally);
    }
}

/// Keys that are the generator or its negative: sums on the way to a good signature's point then meet equal points, or
/// opposite ones. With the negative and a small nonce they do so at nearly every step, else once in 700 signatures.
pub(crate) fn meeting_points(random: &mut Random, count: u64, tally: &mut Tally) {
    let reference = &CURVES[0];
    let (one, order) = (add(&[0; 32], 1), reference.order());
    for (secret, small) in [(&one, false), (&add(&order, -1), false), (&add(&order, -1), true)] {
        let (x, y) = (reference.public)(secret);
        let key = VerificationKey::Ec(EcPublicKey::new(reference.curve, &x, &y).unwrap());
        for _ in 0..if small { count / 32 + 1 } else { count } {
            let message = random.bytes(8);
            let nonce = if small { add(&[0; 32], 1 + random.below(1 << 30) as i64) } else { random.bytes(32) };
            let Some(signature) = (reference.sign)(secret, &nonce, &message) else { continue };
            assert!(ours(reference.algorithm, &key, &message, &signature), "{} {}", hex(&message), hex(&signature));
            tally.count(reference.kind, true);
        }
    }
}

impl Reference {
    fn length(&self) -> usize {
        self.order.len() / 2
    }

    fn order(&self) -> Vec<u8> {
        unhex(self.order)
    }

    /// A scalar below the order: any, small, the negative of a small one, or a power of two and what is near.
    fn scalar(&self, random: &mut Random) -> Vec<u8> {
        let small = 1 + random.below(40);
        match random.below(6) {
            0 => add(&vec![0; self.length()], small as i64),
            1 => add(&self.order(), -(small as i64)),
            2 => {
                // The parts of a scalar begin at multiples of 33, 49 and 66 bits.
                let part = [33, 49, 66][(self.length() / 17) - 1];
                let bit = part * (1 + random.below(7)) as usize + random.below(3) as usize;
                let mut power = vec![0; self.length()];
                let at = self.length() - 1 - bit / 8;
                power[at] = 1 << (bit % 8);
                add(&power, small as i64 - 20)
            }
            3 => {
                let mut bytes = random.runs(self.length());
                bytes[0] = 0;
                bytes[1] = 1;
                bytes
            }
            _ => {
                let mut bytes = random.bytes(self.length());
                bytes[0] &= if self.length() == 66 { 0 } else { 0x7f };
                bytes
            }
        }
    }

    fn renew(&self, random: &mut Random) -> Current {
        loop {
            let length = random.below(100) as usize;
            let message = random.bytes(length);
            let (secret, ((x, y), signature)) = if random.below(4) == 0 {
                let small = add(&vec![0; self.length()], random.below(1 << 40) as i64);
                let order = self.order();
                let (x, r) = if random.below(4) > 0 {
                    // A point whose x coordinate lies between the order and the prime: r is what is above the order.
                    (sum(&order, &small), small)
                } else {
                    // r and the order together are beyond the prime, and only modulo the prime the point's x.
                    let r = sum(&difference(&unhex(self.prime), &order), &small);
                    (small, r)
                };
                let Some(made) = (self.wrapped)(&x, &r, &self.scalar(random), &message) else { continue };
                (None, made)
            } else {
                let (secret, nonce) = (self.scalar(random), self.scalar(random));
                let point = (self.public)(&secret);
                let Some(signature) = (self.sign)(&secret, &nonce, &message) else { continue };
                (Some(secret), (point, signature))
            };
            let key = VerificationKey::Ec(EcPublicKey::new(self.curve, &x, &y).expect("a key by RustCrypto"));
            let point = [&[4], &*x, &*y].concat();
            return Current { secret, point, key, message, signature };
        }
    }

    fn sign_again(&self, random: &mut Random, current: &mut Current) {
        let length = random.below(100) as usize;
        let message = random.bytes(length);
        if let Some(secret) = &current.secret
            && let Some(signature) = (self.sign)(secret, &self.scalar(random), &message)
        {
            (current.message, current.signature) = (message, signature);
        }
    }

    fn case(&self, random: &mut Random, current: &Current, tally: &mut Tally) {
        let (mut message, mut signature) = (current.message.clone(), current.signature.clone());
        let half = self.length();
        match random.below(16) {
            0..5 => {}
            // The other signature with the same r is as good (FIPS 186-5 demands no low s).
            5 => {
                let negative = difference(&self.order(), &signature[half..]);
                signature[half..].copy_from_slice(&negative);
            }
            6 => signature.rotate_left(half),
            7..10 => {
                let special = match random.below(8) {
                    0 => vec![0; half],
                    1 => add(&vec![0; half], 1),
                    2 => self.order(),
                    3 => add(&self.order(), -1),
                    4 => add(&self.order(), 1),
                    5 => vec![0xff; half],
                    6 => sum(&self.order(), &signature[..half]),
                    _ => random.runs(half),
                };
                let at = half * random.below(2) as usize;
                signature[at..at + half].copy_from_slice(&special[special.len() - half..]);
            }
            10 => random.turn(&mut message),
            11 => match random.below(3) {
                0 => drop(signature.pop()),
                1 => signature.push(0),
                _ => signature.insert(0, 0),
            },
            12 => {
                if let Some(secret) = &current.secret
                    && let Some(infinite) = (self.infinite)(secret, &self.scalar(random), &message)
                {
                    signature = infinite;
                }
            }
            _ => random.turn(&mut signature),
        }
        let answer = ours(self.algorithm, &current.key, &message, &signature);
        let same = |theirs: bool, who: &str| {
            let (key, kind) = (hex(&current.point), self.kind);
            assert_eq!(
                answer,
                theirs,
                "{kind} by {who}: key {key} message {} signature {}",
                hex(&message),
                hex(&signature)
            );
        };
        if let Some(algorithm) = self.ring {
            let key = ring::signature::UnparsedPublicKey::new(algorithm, &current.point);
            same(key.verify(&message, &signature).is_ok(), "ring");
        }
        if self.ring.is_none() || random.below(16) == 0 {
            same((self.verify)(&current.point, &message, &signature), "RustCrypto");
        }
        tally.count(if current.secret.is_some() { self.kind } else { self.wrapped_kind }, answer);
    }

    /// Points on the curve, near it, and with coordinates that are out of range.
    fn import(&self, random: &mut Random, tally: &mut Tally) {
        let (mut x, mut y) = (self.public)(&self.scalar(random));
        let prime = unhex(self.prime);
        match random.below(8) {
            0..3 => {}
            3 => random.turn(&mut x),
            4 => random.turn(&mut y),
            5 => y = difference(&prime, &y),
            6 => x = sum(&prime, &x),
            _ => (x, y) = (random.runs(self.length()), random.runs(self.length())),
        }
        let answer = EcPublicKey::new(self.curve, &x, &y).is_ok();
        let theirs = (self.imports)(&[&[4], &*x, &*y].concat());
        assert_eq!(answer, theirs, "{}: {} {}", self.import, hex(&x), hex(&y));
        tally.count(self.import, answer);
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn add(number: &[u8], small: i64) -> Vec<u8> {
    let mut carry = i128::from(small);
    let mut bytes = number.to_vec();
    for byte in bytes.iter_mut().rev() {
        carry += i128::from(*byte);
        *byte = carry.rem_euclid(256) as u8;
        carry = carry.div_euclid(256);
    }
    bytes
}

/// Modulo 256 to the length.
fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut bytes: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let byte = carry as u8;
            carry >>= 8;
            byte
        })
        .collect();
    bytes.reverse();
    bytes
}

/// a - b, modulo 256 to the length.
fn difference(a: &[u8], b: &[u8]) -> Vec<u8> {
    let complement: Vec<u8> = b.iter().map(|byte| !byte).collect();
    add(&sum(a, &complement), 1)
}
