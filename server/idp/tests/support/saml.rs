//! The corpus of SAML responses, and who judges it.
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_idp::saml::{
    Assertion, Expected, IdpMetadata, MetadataOptions, SamlFault, ServiceProvider, SpConfig, SpKey, self_signed,
};
use serde_json::Value;

/// One file of the corpus.
pub(crate) struct Corpus {
    pub(crate) provider: String,
    pub(crate) now: i64,
    pub(crate) sp: ServiceProvider,
    pub(crate) idp: IdpMetadata,
    pub(crate) cases: Vec<Case>,
    /// The private key of `sp`, PKCS#8.
    pub(crate) key: Vec<u8>,
}

/// One response and how it must end.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request_id: String,
    pub(crate) expect: Expect,
    metadata: Option<IdpMetadata>,
    response: Vec<(String, usize)>,
}

/// How a case must end.
pub(crate) enum Expect {
    Good { subject: String, attributes: BTreeMap<String, Vec<String>> },
    Refused(Vec<String>),
}

impl Corpus {
    pub(crate) fn load(provider: &str) -> Self {
        // Of the tests' crate as of the fuzz target's.
        let mut above =
            Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("tests/saml/corpus"));
        let folder = above.find(|folder| folder.is_dir()).unwrap();
        let text = std::fs::read_to_string(folder.join(format!("{provider}.json"))).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let now = file["now"].as_i64().unwrap();
        Self {
            provider: provider.to_owned(),
            now,
            sp: service_provider(&file["sp"], now),
            key: key(&file["sp"]),
            idp: metadata(&file["idp_metadata"], now),
            cases: file["cases"].as_array().unwrap().iter().map(|case| Case::of(case, now)).collect(),
        }
    }

    pub(crate) fn judge(&self, case: &Case) -> Result<Assertion, SamlFault> {
        self.judge_text(case, &case.response())
    }

    pub(crate) fn judge_text(&self, case: &Case, response: &str) -> Result<Assertion, SamlFault> {
        let idp = case.metadata.as_ref().unwrap_or(&self.idp);
        let expected =
            Expected { request_id: &case.request_id, now: self.now, skew: 60, allow_expired_certificate: false };
        self.sp.judge(idp, response, &expected)
    }
}

impl Case {
    fn of(case: &Value, now: i64) -> Self {
        let text = |name: &str| case[name].as_str().unwrap().to_owned();
        let expect = match &case["expect"] {
            Value::String(ok) if ok == "ok" => Expect::Good {
                subject: text("subject"),
                attributes: serde_json::from_value(case["attributes"].clone()).unwrap(),
            },
            codes => Expect::Refused(serde_json::from_value(codes.clone()).unwrap()),
        };
        let response = match &case["response_repeat"] {
            Value::Null => vec![(text("response"), 1)],
            parts => ["prefix", "unit", "suffix"]
                .into_iter()
                .map(|part| {
                    let times = if part == "unit" { parts["times"].as_u64().unwrap() } else { 1 };
                    (parts[part].as_str().unwrap().to_owned(), usize::try_from(times).unwrap())
                })
                .collect(),
        };
        let metadata = case["idp_metadata"].is_string().then(|| metadata(&case["idp_metadata"], now));
        Self { name: text("name"), request_id: text("request_id"), expect, metadata, response }
    }

    /// As it is posted.
    pub(crate) fn response(&self) -> String {
        self.response.iter().map(|(part, times)| part.repeat(*times)).collect()
    }
}

fn key(sp: &Value) -> Vec<u8> {
    let pem = sp["decryption_key_pem"].as_str().unwrap();
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>()).unwrap()
}

fn service_provider(sp: &Value, now: i64) -> ServiceProvider {
    let key = key(sp);
    let key = SpKey::new(&key, &self_signed(&key, "sp.test", now, now + 86_400).unwrap()).unwrap();
    ServiceProvider::new(SpConfig {
        entity_id: sp["entity_id"].as_str().unwrap().to_owned(),
        acs_url: sp["acs_url"].as_str().unwrap().to_owned(),
        signing: key.clone(),
        decryption: vec![key],
    })
    .unwrap()
}

fn metadata(xml: &Value, now: i64) -> IdpMetadata {
    let options = MetadataOptions { expected_entity: None, now, trusted: &[], loopback_http: true };
    IdpMetadata::parse(xml.as_str().unwrap().as_bytes(), &options).unwrap()
}
