//! A few rows of a file of any length.

/// Most rows that are kept of a file.
const KEPT: usize = 2_000;

/// Rows spread evenly over a file of any length: every first, then every second, every fourth, … The same file gives the same.
#[derive(Debug, Clone)]
pub struct Samples<T> {
    kept: Vec<T>,
    met: u64,
    stride: u64,
}

impl<T> Default for Samples<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), met: 0, stride: 1 }
    }
}

impl<T> Samples<T> {
    /// Takes a row in, or leaves it.
    pub fn add(&mut self, row: impl FnOnce() -> T) {
        if self.met.is_multiple_of(self.stride) {
            if self.kept.len() == KEPT {
                let mut index = 0_usize;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride *= 2;
            }
            if self.met.is_multiple_of(self.stride) {
                self.kept.push(row());
            }
        }
        self.met += 1;
    }

    /// The rows that were kept.
    pub fn kept(&self) -> &[T] {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_bounded_and_spread_over_all_rows() {
        let mut samples = Samples::default();
        for row in 0..100_000_u32 {
            samples.add(|| row);
        }
        let kept = samples.kept();
        assert!((KEPT / 2..=KEPT).contains(&kept.len()), "{}", kept.len());
        let stride = kept[1];
        assert!(kept.iter().enumerate().all(|(index, row)| *row == index as u32 * stride));
        assert!(100_000 - kept[kept.len() - 1] <= stride);
    }
}
