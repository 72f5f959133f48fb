//! What a mutated response must never do: be taken for another person's, or for anything but what a provider signed.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Document;
use sentinel_idp::saml::{Assertion, SamlFault};

use super::mutate::{Choices, mutate};
use super::support::{Corpus, Expect};

/// The good responses, and what each says.
pub(crate) struct Judge {
    corpora: Vec<Corpus>,
    keys: Vec<PublicEncryptingKey>,
    good: Vec<Good>,
}

struct Good {
    corpus: usize,
    case: usize,
    xml: String,
    assertion: Assertion,
}

/// How a mutant ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Verdict {
    /// It says what the good response said.
    Same,
    Refused(&'static str),
}

impl Judge {
    pub(crate) fn new() -> Self {
        let corpora: Vec<Corpus> = ["pysaml2", "samlify"].into_iter().map(Corpus::load).collect();
        let mut good = Vec::new();
        for (corpus, loaded) in corpora.iter().enumerate() {
            for (case, known) in loaded.cases.iter().enumerate() {
                if matches!(known.expect, Expect::Good { .. }) {
                    let posted: String = known.response().split_whitespace().collect();
                    let xml = String::from_utf8(STANDARD.decode(posted).unwrap()).unwrap();
                    let assertion = loaded.judge(known).unwrap();
                    good.push(Good { corpus, case, xml, assertion });
                }
            }
        }
        let keys = corpora.iter().map(|corpus| PrivateDecryptingKey::from_pkcs8(&corpus.key).unwrap().public_key());
        Self { keys: keys.collect(), corpora, good }
    }

    /// Inputs to begin with: every good response as it is, and some changes to each.
    pub(crate) fn seeds(&self) -> Vec<Vec<u8>> {
        let whole = self.good.iter().enumerate().map(|(which, good)| {
            let mut input = vec![u8::try_from(which).unwrap(), 0];
            input.extend_from_slice(good.xml.as_bytes());
            input
        });
        let changes = (0..self.good.len()).flat_map(|which| {
            (0..12u8)
                .map(move |kind| vec![u8::try_from(which).unwrap(), 1 + kind % 3, 7, kind * 5, kind, kind, 9, 1, 2, 3])
        });
        whole.chain(changes).collect()
    }

    /// An input: which good response, how it is changed, and the bytes for that. Panics when a mutant is taken for
    /// anything that no provider signed for this very request.
    pub(crate) fn judge(&self, input: &[u8]) -> Verdict {
        let [which, how, rest @ ..] = input else { return Verdict::Refused("nothing") };
        let good = &self.good[usize::from(*which) % self.good.len()];
        let mutant = match how % 3 {
            0 => rest.to_vec(),
            1 => mutate(&good.xml, &self.others(good), &mut Choices(rest)).into_bytes(),
            // Anybody can encrypt for us.
            _ => {
                let changed = mutate(&good.xml, &self.others(good), &mut Choices(rest));
                self.sealed(good, &changed).unwrap_or(changed).into_bytes()
            }
        };
        self.verdict(good, &mutant)
    }

    fn verdict(&self, good: &Good, mutant: &[u8]) -> Verdict {
        let corpus = &self.corpora[good.corpus];
        let case = &corpus.cases[good.case];
        match corpus.judge_text(case, &STANDARD.encode(mutant)) {
            Err(fault) => Verdict::Refused(SamlFault::code(fault)),
            Ok(assertion) => {
                let signed = self.good.iter().filter(|other| {
                    other.corpus == good.corpus && corpus.cases[other.case].request_id == case.request_id
                });
                let known = signed.into_iter().any(|other| said(&other.assertion) == said(&assertion));
                assert!(known, "accepted as {assertion:?}:\n{}", String::from_utf8_lossy(mutant));
                Verdict::Same
            }
        }
    }

    fn others(&self, good: &Good) -> Vec<&str> {
        self.good.iter().filter(|other| other.corpus == good.corpus).map(|other| other.xml.as_str()).collect()
    }

    /// The response with its first assertion encrypted for us.
    fn sealed(&self, good: &Good, xml: &str) -> Option<String> {
        let document = Document::parse(xml).ok()?;
        let assertion = document.descendants().find(|node| node.tag_name().name() == "Assertion")?;
        let (content_key, nonce) = ([7; 16], [9; 12]);
        let mut content = xml[assertion.range()].as_bytes().to_vec();
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &content_key).unwrap());
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut content).unwrap();
        let recipient = OaepPublicEncryptingKey::new(self.keys[good.corpus].clone()).unwrap();
        let mut wrapped = vec![0; recipient.ciphertext_size()];
        let wrapped = recipient.encrypt(&OAEP_SHA1_MGF1SHA1, &content_key, &mut wrapped, None).unwrap();
        let (content, wrapped) = (STANDARD.encode([&nonce[..], &content].concat()), STANDARD.encode(wrapped));
        let sealed = format!(
            "<a:EncryptedAssertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\"><e:EncryptedData \
             xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"><e:EncryptionMethod \
             Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/><d:KeyInfo \
             xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><e:EncryptedKey><e:EncryptionMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/><e:CipherData><e:CipherValue>{wrapped}\
             </e:CipherValue></e:CipherData></e:EncryptedKey></d:KeyInfo><e:CipherData><e:CipherValue>{content}\
             </e:CipherValue></e:CipherData></e:EncryptedData></a:EncryptedAssertion>"
        );
        Some([&xml[..assertion.range().start], &sealed, &xml[assertion.range().end..]].concat())
    }
}

/// All that an assertion says. Whether it came encrypted is not the provider's word: anybody can encrypt for us.
fn said(assertion: &Assertion) -> Assertion {
    let mut said = assertion.clone();
    said.encrypted = false;
    said
}
