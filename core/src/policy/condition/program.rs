//! A condition that has been compiled, and what evaluating it gives.

use super::check::Checker;
use super::convert::convert;
use super::eval::{Machine, weight};
use super::failure::Failure;
use super::node::Node;
use super::parser::parse;
use super::types::Type;
use super::value::{Context, Value};
use crate::ErrorCode;
use crate::policy::model::{Condition, Parameter};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::fmt::Write;

/// What an evaluation may cost: OpenFGA's default for `max condition evaluation cost`.
pub const COST: u64 = 100;

/// A mistake in an expression, and at which byte.
#[derive(Debug)]
pub(super) struct Issue {
    pub(super) at: usize,
    pub(super) message: String,
}

/// Why a condition cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// The condition's name.
    pub condition: String,
    /// The line of the first mistake, from 1. 0: it is about the expression as a whole.
    pub line: u32,
    /// The column of the first mistake in code points, from 1.
    pub column: u32,
    /// The first mistake.
    pub message: String,
    report: String,
}

impl ConditionError {
    /// The stable code: a model with such a condition is not valid.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::ModelInvalid
    }

    fn whole(condition: &str, message: String) -> Self {
        Self { condition: condition.to_string(), line: 0, column: 0, report: message.clone(), message }
    }

    /// All mistakes, which come in the order of the text, each with its line and a mark below, as cel-go prints them.
    fn of_issues(condition: &Condition, issues: Vec<Issue>) -> Self {
        let source = &*condition.expression;
        let mut first = (0, 0, String::new());
        let mut report = String::new();
        for issue in &issues {
            let before = source.get(..issue.at).unwrap_or(source);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = before.matches('\n').count() + 1;
            let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
            let snippet = source.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
            if report.is_empty() {
                first = (line as u32, column as u32, issue.message.clone());
            } else {
                report.push('\n');
            }
            let _ = write!(report, "ERROR: {}:{line}:{column}: {}\n | ", condition.name, issue.message);
            report.extend(snippet.chars().map(|c| if c == '\t' { ' ' } else { c }));
            report.push_str("\n | ");
            report.extend(snippet.chars().take(column - 1).map(|c| if c.is_ascii() { '.' } else { '\u{ff0e}' }));
            let marked = snippet.chars().nth(column - 1).is_none_or(|c| c.is_ascii());
            report.push(if marked { '^' } else { '\u{ff3e}' });
        }
        Self { condition: condition.name.clone(), line: first.0, column: first.1, message: first.2, report }
    }
}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to compile expression on condition '{}' - {}", self.condition, self.report)
    }
}

impl core::error::Error for ConditionError {}

/// A type by the names that it was declared with: those of protocol buffers, where there are such.
fn declared(of: &Type) -> String {
    match of {
        Type::Any => "google.protobuf.Any".to_string(),
        Type::Duration => "google.protobuf.Duration".to_string(),
        Type::Timestamp => "google.protobuf.Timestamp".to_string(),
        Type::Null => "null_type".to_string(),
        Type::List(item) => format!("list({})", declared(item)),
        Type::Map(entry) => format!("map({}, {})", declared(&entry.0), declared(&entry.1)),
        Type::Meta(of) => format!("type({})", declared(of)),
        other => other.to_string(),
    }
}

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// Whether the condition holds. None: what is missing decides.
    pub met: Option<bool>,
    /// The parameters that no context gave, in the order of their declaration.
    pub missing: Vec<String>,
    /// What it cost, in cel-go's units.
    pub cost: u64,
}

/// Why an evaluation has no result. None of it opens anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationError {
    /// A context's value does not have its parameter's type.
    Parameter(String),
    /// Parameters that no context gave.
    Missing(Vec<String>),
    /// The expression failed.
    Failed(String),
    /// It would cost more than it may.
    Budget,
}

impl EvaluationError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            EvaluationError::Budget => ErrorCode::BudgetExceeded,
            _ => ErrorCode::Undecided,
        }
    }

    /// OpenFGA's sentence about a tuple, written `object#relation@user`, that has the condition.
    #[must_use]
    pub fn message(&self, condition: &str, tuple: &str) -> String {
        let mut out = String::from("failed to evaluate relationship condition: ");
        let _ = match self {
            EvaluationError::Parameter(why) => write!(out, "parameter type error on condition '{condition}' - {why}"),
            EvaluationError::Missing(names) => {
                write!(out, "'{condition}' - tuple '{tuple}' is missing context parameters '[{}]'", names.join(" "))
            }
            other => write!(out, "'{condition}' - failed to evaluate condition expression: {other}"),
        };
        out
    }
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvaluationError::Parameter(why) | EvaluationError::Failed(why) => f.write_str(why),
            EvaluationError::Missing(names) => write!(f, "missing context parameters '[{}]'", names.join(" ")),
            EvaluationError::Budget => Failure::Budget.fmt(f),
        }
    }
}

impl core::error::Error for EvaluationError {}

/// A condition, parsed and checked.
#[derive(Debug)]
pub struct Program {
    parameters: Vec<Parameter>,
    node: Node,
}

impl Program {
    /// Parses an expression and checks its types against the declared parameters.
    ///
    /// # Errors
    /// With the position: what is not the language, an undeclared name, a function that does not take what it is
    /// given, a constant that cannot be computed; and an expression that is not true or false.
    pub fn compile(condition: &Condition) -> Result<Self, ConditionError> {
        let expr = parse(&condition.expression).map_err(|fault| {
            let message = format!("Syntax error: {}", fault.what);
            ConditionError::of_issues(condition, Vec::from([Issue { at: fault.at, message }]))
        })?;
        let mut checker = Checker::new(&condition.parameters);
        let (found, node) = checker.program(&expr);
        if !checker.issues.is_empty() {
            return Err(ConditionError::of_issues(condition, checker.issues));
        }
        if let Some(why) = checker.unusable {
            return Err(ConditionError::whole(&condition.name, format!("condition expression construction: {why}")));
        }
        if found != Type::Bool {
            let found = declared(&found);
            let message = format!("expected a bool condition expression output, but got '{found}'");
            return Err(ConditionError::whole(&condition.name, message));
        }
        Ok(Self { parameters: condition.parameters.clone(), node })
    }

    /// Whether the condition holds, as OpenFGA's check asks it: a parameter that no context gives is an error even
    /// where it would not matter.
    ///
    /// # Errors
    /// See [`EvaluationError`]. Only `Ok(true)` opens.
    pub fn evaluate(&self, context: &Context<'_>, budget: u64) -> Result<bool, EvaluationError> {
        self.evaluate_counting(context, budget, &mut 0)
    }

    /// As [`Program::evaluate`]. `work` grows by what it took to do so, which is not what the language charges for it: the
    /// values of a context are walked over before the first step.
    pub(crate) fn evaluate_counting(
        &self,
        context: &Context<'_>,
        budget: u64,
        work: &mut usize,
    ) -> Result<bool, EvaluationError> {
        let evaluation = self.run(context, budget, work)?;
        match evaluation.met {
            Some(met) if evaluation.missing.is_empty() => Ok(met),
            _ => Err(EvaluationError::Missing(evaluation.missing)),
        }
    }

    /// Whether the condition holds, as far as it can be told from what is given.
    ///
    /// # Errors
    /// See [`EvaluationError`]. What is missing is no error here.
    pub fn evaluate_partially(&self, context: &Context<'_>, budget: u64) -> Result<Evaluation, EvaluationError> {
        self.run(context, budget, &mut 0)
    }

    fn run(&self, context: &Context<'_>, budget: u64, work: &mut usize) -> Result<Evaluation, EvaluationError> {
        if self.parameters.is_empty() && !context.is_empty() {
            return Err(EvaluationError::Parameter("no parameters defined for the condition".to_string()));
        }
        let mut values: Vec<Option<Value>> = Vec::with_capacity(self.parameters.len());
        let mut missing = Vec::new();
        for Parameter { name, type_name } in &self.parameters {
            values.push(match context.get(name).inspect(|value| *work += 1 + 2 * weight(value)) {
                Some(value) => Some(convert(value, type_name).map_err(|why| {
                    EvaluationError::Parameter(format!("failed to convert context parameter '{name}': {why}"))
                })?),
                None => {
                    missing.push(name.clone());
                    None
                }
            });
        }
        let mut machine = Machine::new(&values, budget);
        let outcome = machine.eval(&self.node);
        *work += machine.taken();
        let met = match outcome {
            Ok(Value::Bool(met)) => Some(met),
            Err(Failure::Unknown) => None,
            Err(Failure::Budget) => return Err(EvaluationError::Budget),
            Err(failure) => return Err(EvaluationError::Failed(failure.to_string())),
            // The type was checked; this is what `dyn` can still come to.
            Ok(_) => return Err(EvaluationError::Failed("no such overload".to_string())),
        };
        Ok(Evaluation { met, missing, cost: machine.cost })
    }
}
