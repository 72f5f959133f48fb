//! Policy stores and bundles.

use super::{Kind, Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "POLICY_STORES",
        Kind::Number(0, 1_000_000_000),
        "10000",
        "service/policy",
        "Most policy stores that belong to no workspace: beyond it no service key makes another one. A deleted store counts until it has been emptied.",
    ),
    setting(
        "POLICY_MODELS_MIB_PER_STORE",
        Kind::Number(1, 1_000_000),
        "64",
        "service/policy",
        "Most that the authorization models of a policy store take together. Models are kept for ever: questions may name any of them.",
    ),
    setting(
        "POLICY_TUPLES_PER_STORE",
        Kind::Number(1, 1_000_000_000),
        "50000000",
        "service/policy",
        "Most tuples of a policy store.",
    ),
    setting(
        "POLICY_TUPLES_IN_MEMORY",
        Kind::Number(0, 1_000_000_000),
        "5000000",
        "service/policy",
        "Most tuples of a policy store that is kept in memory: a larger one is asked by SQL.",
    ),
    setting(
        "POLICY_MEMORY_MIB",
        Kind::Number(16, 1_000_000),
        "1024",
        "service/policy",
        "About how much the policy stores in memory take together. Beyond it those that were not asked for longest are let go; one that alone takes more is asked by SQL.",
    ),
    setting(
        "POLICY_LIST_RESULTS",
        Kind::Number(1, 100_000),
        "1000",
        "service/policy",
        "Most entries that list-objects and list-users answer. Streams and searches have no such limit.",
    ),
    setting(
        "POLICY_LIST_SECONDS",
        Kind::Number(1, 600),
        "3",
        "service/policy",
        "How long list-objects, list-users and streamed-list-objects look for entries at most. Then they answer what was found so far.",
    ),
    setting(
        "POLICY_CHANGES_DAYS",
        Kind::Number(1, 3650),
        "30",
        "service/policy",
        "How far back the log of a policy store's changes goes.",
    ),
    setting(
        "POLICY_LOG_DECISIONS",
        Kind::Switch,
        "false",
        "service/policy",
        "Whether every decision is written to the log: who asked, what, the answer, the model and the state it is true of.",
    ),
    setting(
        "POLICY_LOG_REASONS",
        Kind::Switch,
        "false",
        "service/policy",
        "Whether the log of decisions says why, too: the tuples and rewrites that lead to an allow, or what was tried. Each decision is then evaluated twice.",
    ),
    setting(
        "POLICY_LOG_CONTEXT",
        Kind::Switch,
        "false",
        "service/policy",
        "Whether the log of decisions has the values of the context, too. They may be personal.",
    ),
    setting(
        "BUNDLE_LIFETIME",
        Kind::Number(10, 86_400),
        "300",
        "service/bundles",
        "How many seconds a bundle of policy is good: for so long at most whoever decides by it decides without this server.",
    ),
    setting(
        "BUNDLE_MEMORY_MIB",
        Kind::Number(1, 100_000),
        "64",
        "service/bundles",
        "About how much the bundles that were published lately take in memory. What is no longer there is made again.",
    ),
];
