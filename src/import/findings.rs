use std::collections::BTreeMap;
use std::io::Write;

use crate::model::{Finding, FindingKind};

/// The findings of one import: all counted, the first of each kind kept, and all of them written out where a writer was given.
#[derive(Default)]
pub struct FindingLog {
    counts: BTreeMap<FindingKind, u64>,
    kept: Vec<Finding>,
    writer: Option<Box<dyn Write + Send>>,
    write_error: Option<std::io::Error>,
}

impl FindingLog {
    /// How many findings of each kind are kept with their place and message.
    pub const KEPT_OF_A_KIND: u64 = 20;

    /// A log that also writes every finding to `writer` as one line of JSON.
    pub fn written_to(writer: Box<dyn Write + Send>) -> Self {
        Self { writer: Some(writer), ..Self::default() }
    }

    /// Takes a finding in.
    pub fn add(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.kind).or_default();
        *count += 1;
        let keep = *count <= Self::KEPT_OF_A_KIND;
        if let (Some(writer), None) = (&mut self.writer, &self.write_error) {
            let line = serde_json::to_writer(&mut *writer, &finding).map_err(std::io::Error::from);
            self.write_error = line.and_then(|()| writer.write_all(b"\n")).err();
        }
        if keep {
            self.kept.push(finding);
        }
    }

    /// Takes several in.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.add(finding));
    }

    /// How many of each kind, kinds without any left out.
    pub fn counts(&self) -> &BTreeMap<FindingKind, u64> {
        &self.counts
    }

    /// The first [`Self::KEPT_OF_A_KIND`] of each kind, in the order found.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many findings are faults, notes left out.
    pub fn faults(&self) -> u64 {
        self.counts.iter().filter(|(kind, _)| !kind.is_note()).map(|(_, count)| count).sum()
    }

    /// Ends the writing of findings; the first error of the writer, if any.
    pub fn flush(&mut self) -> std::io::Result<()> {
        if let Some(error) = self.write_error.take() {
            return Err(error);
        }
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_is_counted_though_only_the_first_are_kept() {
        let mut log = FindingLog::default();
        for line in 1..=25 {
            log.add(Finding::new(FindingKind::UnknownCode, "a.csv", "").on_line(Some(line)));
        }
        log.add(Finding::new(FindingKind::UnknownField, "a.csv", ""));
        assert_eq!(log.counts().get(&FindingKind::UnknownCode), Some(&25));
        assert_eq!((log.kept().len(), log.faults()), (21, 25));
    }
}
