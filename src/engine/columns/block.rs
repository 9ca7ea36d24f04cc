//! Blocks of 64 rows: what is tested of them is one word, a bit a row.

/// Rows that are looked at together: as many as a word has bits.
pub const BLOCK: usize = 64;

/// The 64 values of a block, fewer in the last one.
pub fn block_of<T>(values: &[T], block: usize) -> &[T] {
    let from = block.saturating_mul(BLOCK).min(values.len());
    let to = from.saturating_add(BLOCK).min(values.len());
    values.get(from..to).unwrap_or_default()
}

/// A bit for each of up to 64 values. A byte each first, which compilers make vectors of, then eight bytes to eight bits.
pub fn mask<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> u64 {
    let mut bytes = [0_u8; BLOCK];
    match <&[T; BLOCK]>::try_from(values) {
        Ok(full) => bytes.iter_mut().zip(full).for_each(|(byte, value)| *byte = u8::from(test(*value))),
        Err(_) => bytes.iter_mut().zip(values).for_each(|(byte, value)| *byte = u8::from(test(*value))),
    }
    packed(&bytes)
}

/// Bit `i` from byte `i`, which is 0 or 1.
pub fn packed(bytes: &[u8; BLOCK]) -> u64 {
    let (eights, _) = bytes.as_chunks::<8>();
    eights.iter().enumerate().fold(0, |word, (index, eight)| {
        // The product brings the lowest bits of all eight bytes together in the highest one.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word | bits << (index * 8)
    })
}

/// The set bits of a word, from the lowest.
pub struct Bits(pub u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}
