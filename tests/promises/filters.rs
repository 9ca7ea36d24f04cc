//! Filters give the same answer however they are evaluated.

use bandoso::engine::columns::ColumnsBuilder;
use bandoso::engine::cql2::Predicate;
use proptest::prelude::*;

use crate::support::filters::{filter, layer, rows, text, zone};
use crate::support::plain_filter::takes;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn columns_take_the_rows_that_a_look_at_each_row_takes(seed in any::<u64>(), count in 0_usize..200) {
        let layer = layer();
        let text = text(seed);
        let filter = filter(&text, &layer);
        let mut builder = ColumnsBuilder::new(&layer, &zone());
        for row in rows(&layer, count, seed ^ 1) {
            builder.push(std::slice::from_ref(&row));
        }
        let (columns, links) = builder.finish();
        let predicate = Predicate::new(&filter, &columns);
        for block in 0..=count / 64 + 1 {
            let word = predicate.word(block);
            for bit in 0..64 {
                let row = block * 64 + bit;
                let wanted = row < count && takes(&filter, &columns.feature(&links, row));
                prop_assert_eq!(word >> bit & 1 == 1, wanted, "{} row {}: {:?}", text, row, (row < count).then(|| columns.feature(&links, row)));
            }
        }
    }
}
