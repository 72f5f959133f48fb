//! What the module holds between two calls: the buffers, one model and its tuples.

use alloc::string::String;
#[cfg(feature = "conditions")]
use alloc::string::ToString;
use alloc::vec::Vec;

use sentinel_core::ErrorCode;
use sentinel_core::jose::json::Value;
#[cfg(feature = "conditions")]
use sentinel_core::policy::ModelConditions;
#[cfg(feature = "conditions")]
use sentinel_core::policy::condition::Map;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Batch, Binding, Budget, CompiledModel, Evaluator, Index};

use crate::answer;
use crate::refusal::Refusal;

/// A status for JavaScript, or why there is none.
pub(crate) type Answer = Result<u32, Refusal>;

/// Nothing was answered: the record says why. `npm/src/policy/instance.ts` knows these numbers.
pub(crate) const REFUSED: u32 = 0;
/// Done; what there is to tell is in the output.
pub(crate) const DONE: u32 = 1;
/// A check is answered: no.
pub(crate) const DENIED: u32 = 2;
/// A check is answered: yes.
pub(crate) const ALLOWED: u32 = 3;

/// Longest input: a piece of a list of tuples, or a question with its contextual tuples.
const MOST_INPUT: usize = 64 * 1024 * 1024;

/// What a call tells JavaScript beside its status. `npm/src/policy/instance.ts` reads the words in this order.
#[repr(C)]
pub(crate) struct Record {
    error: u32,
    output_start: u32,
    output_length: u32,
    tuples: u32,
}

pub(crate) struct Engine {
    pub(crate) record: Record,
    pub(crate) input: Vec<u8>,
    pub(crate) output: String,
    pub(crate) policy: Option<Policy>,
    /// Tuples on their way into the index.
    pub(crate) batch: Batch,
    /// Room for checks.
    #[cfg(feature = "speed")]
    pub(crate) scratch: sentinel_core::policy::Scratch,
    seed: Option<(u64, u64)>,
}

/// A model, ready to be asked over its tuples.
pub(crate) struct Policy {
    pub(crate) model: CompiledModel,
    #[cfg(feature = "conditions")]
    pub(crate) conditions: ModelConditions,
    pub(crate) index: Index,
    pub(crate) binding: Binding,
    pub(crate) budget: Budget,
}

impl Policy {
    /// Asks with these contextual tuples and this context.
    pub(crate) fn with<R>(
        &self,
        tuples: &[TupleKey],
        context: Option<Value<'_>>,
        ask: impl FnOnce(&Evaluator<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let evaluator = Evaluator::bound(&self.model, &self.index, &self.binding).with_budget(self.budget);
        #[cfg(feature = "conditions")]
        let context = context.and_then(Map::from_json_value);
        #[cfg(feature = "conditions")]
        let in_context = self.conditions.in_context(context.as_ref());
        #[cfg(feature = "conditions")]
        let evaluator = evaluator.with_conditions(&in_context);
        #[cfg(not(feature = "conditions"))]
        let _ = context;
        if tuples.is_empty() {
            return ask(&evaluator);
        }
        ask(&evaluator.with_tuples(tuples)?)
    }

    /// After the index has learned new words.
    pub(crate) fn bind(&mut self) {
        if !self.binding.is_current(&self.model, &self.index) {
            self.binding = Binding::new(&self.model, &self.index);
        }
    }
}

impl Engine {
    pub(crate) const fn new() -> Self {
        Self {
            record: Record { error: 0, output_start: 0, output_length: 0, tuples: 0 },
            input: Vec::new(),
            output: String::new(),
            policy: None,
            batch: Batch::new(),
            #[cfg(feature = "speed")]
            scratch: sentinel_core::policy::Scratch::new(),
            seed: None,
        }
    }

    /// Room for this much input. The buffer moves when it grows.
    pub(crate) fn reserve(&mut self, capacity: usize) -> Option<*const u8> {
        if capacity > MOST_INPUT {
            return None;
        }
        if self.input.len() < capacity {
            self.input = Vec::new();
            self.input.resize(capacity, 0);
        }
        Some(self.input.as_ptr())
    }

    pub(crate) fn seed(&mut self, seed: (u64, u64)) {
        self.seed = Some(seed);
    }

    /// Tells JavaScript why.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) -> u32 {
        self.output.clear();
        answer::refusal(&mut self.output, refusal);
        self.record.error = refusal.code as u32;
        self.tell();
        REFUSED
    }

    /// Puts the output's place into the record: an address and a length in a 32-bit memory.
    pub(crate) fn tell(&mut self) -> u32 {
        self.record.output_start = self.output.as_ptr() as usize as u32;
        self.record.output_length = self.output.len() as u32;
        self.record.tuples = self.policy.as_ref().map_or(0, |policy| policy.index.len()) as u32;
        DONE
    }

    /// Takes the model in the input into use. Tuples that are there stay; what the model does not allow counts no more.
    pub(crate) fn model(&mut self, length: usize, depth: u32, work: f64) -> Answer {
        let source = crate::model::read(self.text(0, length)?)?;
        // Without the language it is left to who wrote the model: what cannot be evaluated is refused below all the same.
        #[cfg(feature = "dsl")]
        source.validate()?;
        let model = CompiledModel::compile(&source).map_err(|error| Refusal::model(error.message()))?;
        #[cfg(feature = "conditions")]
        let conditions = ModelConditions::compile(&source).map_err(|error| Refusal::model(&error.to_string()))?;
        let index = match (self.policy.take(), self.seed) {
            (Some(policy), _) => policy.index,
            (None, Some(seed)) => Index::new(seed),
            (None, None) => Index::default(),
        };
        let binding = Binding::new(&model, &index);
        self.policy = Some(Policy {
            model,
            #[cfg(feature = "conditions")]
            conditions,
            index,
            binding,
            budget: Budget { depth, work: work as u64 },
        });
        Ok(self.tell())
    }

    /// A part of the input as text.
    pub(crate) fn text(&self, start: usize, length: usize) -> Result<&str, Refusal> {
        text(&self.input, start, length)
    }
}

pub(crate) const fn decision(allowed: bool) -> u32 {
    if allowed { ALLOWED } else { DENIED }
}

pub(crate) fn text(input: &[u8], start: usize, length: usize) -> Result<&str, Refusal> {
    let bytes = input.get(start..start.saturating_add(length)).ok_or_else(not_utf8)?;
    core::str::from_utf8(bytes).map_err(|_| not_utf8())
}

pub(crate) fn no_model() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "", "the engine has no model")
}

pub(crate) fn not_utf8() -> Refusal {
    Refusal::malformed("the input is too long or not well-formed text")
}
