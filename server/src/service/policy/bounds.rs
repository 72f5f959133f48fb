//! How large an authorization model may be: the bounds of OpenFGA's API (its protobuf's validation rules, and
//! `OPENFGA_MAX_TYPES_PER_AUTHORIZATION_MODEL`, `OPENFGA_MAX_AUTHORIZATION_MODEL_SIZE_IN_BYTES`).

use sentinel_core::policy::model::AuthorizationModel;

use super::{PolicyError, RefusalCode};

/// Most types.
const TYPES: usize = 100;
/// Most conditions.
const CONDITIONS: usize = 25;
/// Most parameters of one condition.
const PARAMETERS: usize = 25;
/// Longest expression of a condition, in bytes.
const EXPRESSION_BYTES: usize = 512;
/// Longest model in bytes of its JSON form. OpenFGA bounds the protobuf form, which takes half of that, to 256 KiB.
pub(super) const MODEL_BYTES: usize = 512 * 1024;

/// Refuses the JSON form of a model that is too large to be looked at.
pub(super) fn check_size(text: &str) -> Result<(), PolicyError> {
    if text.len() > MODEL_BYTES {
        let why = format!("model exceeds size limit: {} bytes vs {MODEL_BYTES} bytes", text.len());
        return Err(PolicyError::refused(RefusalCode::ExceededEntityLimit, why));
    }
    Ok(())
}

/// Refuses a model that is larger than that; `text` is its JSON form.
pub(super) fn check(model: &AuthorizationModel, text: &str) -> Result<(), PolicyError> {
    let exceeded = |why: String| Err(PolicyError::refused(RefusalCode::ExceededEntityLimit, why));
    let invalid = |why: String| Err(PolicyError::refused(RefusalCode::ValidationError, why));
    if model.types.len() > TYPES {
        return exceeded(format!(
            "The number of type definitions in an authorization model exceeds the allowed limit of {TYPES}"
        ));
    }
    check_size(text)?;
    if model.conditions.len() > CONDITIONS {
        return invalid(format!("conditions: value must contain no more than {CONDITIONS} pair(s)"));
    }
    for condition in &model.conditions {
        let name = &condition.name;
        if condition.expression.len() > EXPRESSION_BYTES {
            return invalid(format!(
                "conditions[{name}].expression: value length must be at most {EXPRESSION_BYTES} bytes"
            ));
        }
        if condition.parameters.len() > PARAMETERS {
            return invalid(format!(
                "conditions[{name}].parameters: value must contain no more than {PARAMETERS} pair(s)"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(types: usize, conditions: usize, expression: usize, parameters: usize) -> Option<RefusalCode> {
        let mut text = "model\n  schema 1.1\n".to_owned();
        for number in 0..types {
            text += &format!("type t{number}\n");
        }
        let given: Vec<_> = (0..parameters).map(|number| format!("p{number}: int")).collect();
        for number in 0..conditions {
            let padding = " ".repeat(expression.saturating_sub("p0 == 1 && p0 == 1".len()));
            text += &format!("condition c{number}({}) {{\n  p0 == 1 &&{padding} p0 == 1\n}}\n", given.join(", "));
        }
        let model = AuthorizationModel::from_dsl(&text).unwrap();
        match check(&model, &model.to_json()) {
            Ok(()) => None,
            Err(PolicyError::Refused { code, .. }) => Some(code),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_model_has_its_bounds() {
        let (exceeded, invalid) = (Some(RefusalCode::ExceededEntityLimit), Some(RefusalCode::ValidationError));
        assert_eq!(code(100, 25, 512, 25), None);
        assert_eq!(code(101, 0, 0, 1), exceeded);
        assert_eq!(code(1, 26, 30, 1), invalid);
        assert_eq!(code(1, 1, 513, 1), invalid);
        assert_eq!(code(1, 1, 30, 26), invalid);
        let model = AuthorizationModel::from_dsl("model\n  schema 1.1\ntype t\n").unwrap();
        assert!(check(&model, &" ".repeat(MODEL_BYTES + 1)).is_err());
    }
}
