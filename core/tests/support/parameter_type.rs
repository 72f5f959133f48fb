//! Types of conditions' parameters as models write them.

use sentinel_core::policy::model::ParameterType;

pub(crate) fn parameter_type(text: &str) -> ParameterType {
    match text {
        "any" => ParameterType::Any,
        "bool" => ParameterType::Bool,
        "string" => ParameterType::String,
        "int" => ParameterType::Int,
        "uint" => ParameterType::Uint,
        "double" => ParameterType::Double,
        "duration" => ParameterType::Duration,
        "timestamp" => ParameterType::Timestamp,
        "ipaddress" => ParameterType::IpAddress,
        other => match other.strip_suffix('>').unwrap().split_once('<').unwrap() {
            ("list", of) => ParameterType::List(Box::new(parameter_type(of))),
            (_, of) => ParameterType::Map(Box::new(parameter_type(of))),
        },
    }
}
