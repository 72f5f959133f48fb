/// Why the settings cannot be used: which one, where it came from, what to write. Never the value of a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct SettingsError(pub(super) String);

/// The known name that is most like a wrong one, where any is like it.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_ascii_uppercase();
    let near = known.map(|name| (distance(&wrong, &name.to_ascii_uppercase()), name)).min_by_key(|(far, _)| *far);
    near.filter(|(far, _)| *far <= 2 + wrong.len() / 4).map(|(_, name)| name)
}

/// Levenshtein's distance, by octets.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, left) in a.bytes().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(b.bytes()) {
            let above = *cell;
            *cell = (diagonal + usize::from(left != right)).min(above + 1).min(before + 1);
            diagonal = above;
            before = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, far) in [("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("PORT", "PROT", 2)] {
            assert_eq!(distance(a, b), far, "{a} {b}");
        }
    }

    #[test]
    fn only_what_is_like_it_is_near() {
        let known = ["BASE_URL", "SERVICE_PORT"];
        assert_eq!(nearest("base_ulr", known.into_iter()), Some("BASE_URL"));
        assert_eq!(nearest("SERVICEPORT", known.into_iter()), Some("SERVICE_PORT"));
        assert_eq!(nearest("something_else_entirely", known.into_iter()), None);
    }
}
