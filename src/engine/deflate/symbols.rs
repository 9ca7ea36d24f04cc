//! Lengths and distances as DEFLATE tells them: a symbol, and further bits (RFC 1951 §3.2.5).

/// The longest match there is, bytes.
pub const MAX_MATCH: usize = 258;
/// How far back a match may lie, bytes.
pub const WINDOW: usize = 1 << 15;
/// The symbol behind a block's last one.
pub const END_OF_BLOCK: usize = 256;
/// The symbol of the shortest match: all before it are literals, and the end of the block.
pub const FIRST_LENGTH: usize = 257;

/// By a match's length: the symbol that tells it, less 257.
static LENGTHS: [u8; MAX_MATCH + 1] = lengths();

/// The symbol of a match's length, of 3 to 258 bytes.
#[inline]
pub fn length_symbol(length: usize) -> usize {
    FIRST_LENGTH + usize::from(LENGTHS[length])
}

/// The bits behind a length's symbol, and how many.
pub fn length_extra(length: usize) -> (u32, u32) {
    match (length - 3) as u32 {
        0..8 | 255 => (0, 0),
        over => {
            let count = over.ilog2() - 2;
            (over & ((1 << count) - 1), count)
        }
    }
}

/// The symbol of a distance less one, and how many further bits there are: the lowest of that number.
#[inline]
pub fn distance_symbol(back: u16) -> (usize, u32) {
    let back = u32::from(back);
    if back < 4 {
        return (back as usize, 0);
    }
    let top = back.ilog2();
    ((2 * top + (back >> (top - 1) & 1)) as usize, top - 1)
}

const fn lengths() -> [u8; MAX_MATCH + 1] {
    let mut table = [0; MAX_MATCH + 1];
    let mut length = 3;
    while length <= MAX_MATCH {
        let over = length as u32 - 3;
        table[length] = match over {
            0..8 => over as u8,
            // The longest has a symbol of its own.
            255 => 28,
            _ => {
                let top = over.ilog2();
                (4 * (top - 1) + (over >> (top - 2) & 3)) as u8
            }
        };
        length += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of RFC 1951 §3.2.5: the first length or distance of each symbol, and its further bits.
    const LENGTH_TABLE: [(usize, u32); 29] = [
        (3, 0),
        (4, 0),
        (5, 0),
        (6, 0),
        (7, 0),
        (8, 0),
        (9, 0),
        (10, 0),
        (11, 1),
        (13, 1),
        (15, 1),
        (17, 1),
        (19, 2),
        (23, 2),
        (27, 2),
        (31, 2),
        (35, 3),
        (43, 3),
        (51, 3),
        (59, 3),
        (67, 4),
        (83, 4),
        (99, 4),
        (115, 4),
        (131, 5),
        (163, 5),
        (195, 5),
        (227, 5),
        (258, 0),
    ];
    const DISTANCE_TABLE: [(usize, u32); 30] = [
        (1, 0),
        (2, 0),
        (3, 0),
        (4, 0),
        (5, 1),
        (7, 1),
        (9, 2),
        (13, 2),
        (17, 3),
        (25, 3),
        (33, 4),
        (49, 4),
        (65, 5),
        (97, 5),
        (129, 6),
        (193, 6),
        (257, 7),
        (385, 7),
        (513, 8),
        (769, 8),
        (1025, 9),
        (1537, 9),
        (2049, 10),
        (3073, 10),
        (4097, 11),
        (6145, 11),
        (8193, 12),
        (12289, 12),
        (16385, 13),
        (24577, 13),
    ];

    #[test]
    fn every_length_and_distance_is_told_as_the_specification_has_it() {
        for length in 3..=MAX_MATCH {
            let symbol = LENGTH_TABLE.iter().rposition(|(first, _)| *first <= length).unwrap();
            let (first, bits) = LENGTH_TABLE[symbol];
            assert_eq!(length_symbol(length), 257 + symbol, "{length}");
            assert_eq!(length_extra(length), ((length - first) as u32, bits), "{length}");
        }
        for distance in 1..=WINDOW {
            let symbol = DISTANCE_TABLE.iter().rposition(|(first, _)| *first <= distance).unwrap();
            let (first, bits) = DISTANCE_TABLE[symbol];
            let back = (distance - 1) as u16;
            assert_eq!(distance_symbol(back), (symbol, bits), "{distance}");
            assert_eq!(usize::from(back) & ((1 << bits) - 1), distance - first, "{distance}");
        }
    }
}
