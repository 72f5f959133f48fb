//! Cells of CSV files that spreadsheets open. A cell that begins like a formula would be run there (OWASP, CSV
//! Injection), so it goes out behind an apostrophe, and comes in without it: what was exported imports as it was.

use super::super::Error;

/// What a spreadsheet takes for the begin of a formula, the full-width forms too, and the apostrophe itself.
const STARTS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '\''];

/// A text as a cell.
pub(super) fn safe(text: &str) -> String {
    if text.starts_with(STARTS) { format!("'{text}") } else { text.to_owned() }
}

/// The text of a cell.
pub(super) fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(STARTS)).unwrap_or(cell)
}

/// A whole file (RFC 4180): every cell in quotes, so that no separator in a text begins a cell of its own.
pub(super) struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    /// A file with these columns.
    pub(super) fn new(columns: &[&str]) -> Result<Self, Error> {
        let writer = csv::WriterBuilder::new()
            .quote_style(csv::QuoteStyle::Always)
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        let mut sheet = Self(writer);
        sheet.row(columns)?;
        Ok(sheet)
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: &[&str]) -> Result<(), Error> {
        self.0.write_record(cells.iter().map(|cell| safe(cell))).map_err(Error::internal)
    }

    /// The file.
    pub(super) fn finish(self) -> Result<Vec<u8>, Error> {
        self.0.into_inner().map_err(|error| Error::internal(error.into_error()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula_and_every_text_comes_back() {
        for text in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", "'=1", "''", "'tis",
            "O'Brien", "Ada", "",
        ] {
            let cell = safe(text);
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']), "{cell:?}");
            assert_eq!(plain(&cell), text);
        }
        assert_eq!(plain("'tis"), "'tis", "written by hand");
    }

    #[test]
    fn every_cell_stands_in_quotes() {
        let mut sheet = Sheet::new(&["a", "b"]).unwrap();
        sheet.row(&["x\";=1", "=1,2"]).unwrap();
        assert_eq!(String::from_utf8(sheet.finish().unwrap()).unwrap(), "\"a\",\"b\"\r\n\"x\"\";=1\",\"'=1,2\"\r\n");
    }
}
