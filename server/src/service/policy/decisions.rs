//! The log of decisions: who asked what, the answer, of which state it is true and, where the settings say so, why. Never a
//! key or a token; values of a context only where the settings say so.

use std::sync::Arc;

use sentinel_core::policy::{Budget, By, Evaluator, Explanation};
use serde_json::Value;
use tokio::sync::OwnedRwLockReadGuard;

use super::check::{Answer, Circumstances, Question};
use super::evaluate::with_evaluator;
use super::hot::Source;
use super::state::State;
use super::{Model, PolicyCaller, PolicyError};
use crate::service::Service;

/// Most steps of a reason, and most of its characters.
const STEPS: usize = 20;
const CHARACTERS: usize = 2000;

impl Service {
    /// Writes a decision to the log, where the settings want it: also one that could not be made.
    pub(super) async fn log_decision(
        &self,
        caller: &PolicyCaller,
        source: &Source,
        model: &Arc<Model>,
        question: &Question,
        with: &Circumstances,
        answer: &Result<Answer<bool>, PolicyError>,
    ) {
        let config = &self.config().policy;
        if !config.log_decisions {
            return;
        }
        let decided = answer.as_ref().ok();
        let reason = match decided {
            Some(decided) if config.log_reasons => self.reason(source, model, question, with, decided.value).await,
            _ => None,
        };
        let context = with.context.as_ref().filter(|_| config.log_context);
        let context = context.map(|context| Value::Object(context.clone()).to_string());
        let error = answer.as_ref().err().map(|error| error.code().map_or("internal_error", |code| code.as_str()));
        tracing::info!(
            target: "sentinel::decisions",
            caller = caller.service_name,
            store = source.store().id,
            model = model.id,
            revision = decided.map(|decided| decided.revision),
            user = question.user,
            relation = question.relation,
            object = question.object,
            contextual_tuples = with.contextual_tuples.len(),
            allowed = decided.map(|decided| decided.value),
            error,
            reason,
            context,
            "decided"
        );
    }

    /// Why it is so; none where it takes too long to say, or is not so any more.
    async fn reason(
        &self,
        source: &Source,
        model: &Arc<Model>,
        question: &Question,
        with: &Circumstances,
        allowed: bool,
    ) -> Option<String> {
        let Source::Memory(hot) = source else { return None };
        let (of, model, with, question) = (Arc::clone(hot), Arc::clone(model), with.clone(), question.clone());
        let work = move |state: OwnedRwLockReadGuard<State>| {
            let explain =
                |evaluator: &Evaluator<'_>| evaluator.explain(&question.object, &question.relation, &question.user);
            with_evaluator(&of, &state, &model, &with, Budget::DEFAULT, explain).ok()
        };
        let explained = self.policy().aside(Some(&hot.places), hot.state(self.now()), work).await.ok()??;
        (explained.allowed == allowed).then(|| shown(&explained))
    }
}

fn shown(explanation: &Explanation) -> String {
    let step = |relation: &str, by: &By| match by {
        By::Itself => format!("{relation} is who asks"),
        By::Tuple(tuple) | By::Userset(tuple) => tuple.clone(),
        By::Parent(tuple, relation) => format!("{relation} from {tuple}"),
        By::Computed(other) => format!("{relation} by {other}"),
        By::Intersection => format!("{relation} by all of"),
        By::Exclusion => format!("{relation} by what is not excluded"),
        By::NoTuple(tuple) => format!("no {tuple}"),
        By::Excluded => format!("{relation} excluded"),
        _ => relation.to_owned(),
    };
    let steps = explanation.steps.iter().take(STEPS).map(|one| step(&one.relation, &one.by));
    let text = steps.collect::<Vec<_>>().join("; ");
    text.chars().take(CHARACTERS).collect()
}
