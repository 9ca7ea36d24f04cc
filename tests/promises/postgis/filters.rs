//! The database takes the rows that the columns in memory take.

use bandoso::engine::columns::{Columns, ColumnsBuilder};
use bandoso::engine::cql2::{Predicate, fold};
use bandoso::engine::names::{plain, spelling};
use bandoso::model::filter::Folding;
use bandoso::model::{FieldType, Layer};
use bandoso::store::postgis::{SqlBind, SqlColumns, where_clause};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::support::filters::{filter, layer, rows, text, zone};
use crate::support::postgres::{TestDatabase, client, execute};

const ROWS: usize = 300;
const FILTERS: u64 = 1500;

async fn fill(client: &Client, layer: &Layer) -> Columns {
    let kind = |kind: FieldType| match kind {
        FieldType::Text | FieldType::Code => "text",
        FieldType::Integer => "bigint",
        FieldType::Real => "double precision",
        FieldType::Boolean => "boolean",
        FieldType::Date => "date",
        FieldType::Timestamp => "timestamptz",
    };
    let fields: Vec<_> = layer.fields.iter().map(|field| format!("{} {}", field.name, kind(field.kind))).collect();
    let table = format!("CREATE TABLE trial (id bigint, geom geometry(Point, 4326), {})", fields.join(", "));
    execute(client, &table).await;
    let places: Vec<_> =
        layer.fields.iter().enumerate().map(|(n, f)| format!("${}::{}", n + 4, kind(f.kind))).collect();
    let insert = format!("INSERT INTO trial VALUES ($1, ST_Point($2, $3, 4326), {})", places.join(", "));
    let insert = client.prepare(&insert).await.expect("prepared");
    let mut builder = ColumnsBuilder::new(layer, &zone());
    for row in rows(layer, ROWS, 1) {
        let values: Vec<SqlBind> = row.values.iter().cloned().map(SqlBind::Value).collect();
        let id = row.id as i64;
        let mut binds: Vec<&(dyn ToSql + Sync)> = vec![&id, &row.at.lon, &row.at.lat];
        binds.extend(values.iter().map(|value| value as &(dyn ToSql + Sync)));
        client.execute(&insert, &binds).await.expect("inserted");
        builder.push(std::slice::from_ref(&row));
    }
    builder.finish().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_takes_the_same_rows_in_sql_as_over_columns() {
    let Some(database) = TestDatabase::fresh() else { return };
    let client = client(database.url()).await;
    let layer = layer();
    let columns = fill(&client, &layer).await;
    let names = SqlColumns::of_own_table(&layer);
    for seed in 0..FILTERS {
        let text = text(seed);
        let filter = filter(&text, &layer);
        let sql = where_clause(&filter, &names, 1);
        let binds: Vec<&(dyn ToSql + Sync)> = sql.binds.iter().map(|bind| bind as &(dyn ToSql + Sync)).collect();
        let query = format!("SELECT id FROM trial WHERE {} ORDER BY id", sql.text);
        let found = client.query(&query, &binds).await.unwrap_or_else(|error| panic!("{text}\n{query}\n{error:?}"));
        let found: Vec<u64> = found.iter().map(|row| row.get::<_, i64>(0) as u64).collect();

        let predicate = Predicate::new(&filter, &columns);
        let takes = |row: &usize| predicate.word(row / 64) >> (row % 64) & 1 == 1;
        let mut taken: Vec<u64> = (0..columns.len()).filter(takes).map(|row| columns.id(row)).collect();
        taken.sort_unstable();
        assert_eq!(found, taken, "{text}\n{query}\n{:?}", sql.binds);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_fold_every_letter_of_the_languages_written_here_alike() {
    let Some(database) = TestDatabase::fresh() else { return };
    let client = client(database.url()).await;
    // Latin with all its extensions, Greek, Cyrillic, Vietnamese, and what combines with them.
    let letters = (0x20..0x0530_u32).chain(0x1E00..0x2000).chain(0x20D0..0x20FF).chain(0xFB00..0xFB07);
    let letters: Vec<String> = letters.filter_map(char::from_u32).map(String::from).collect();
    let query = "SELECT bandoso.fold_case(x), bandoso.fold_accents(x), bandoso.lower_case(x), bandoso.upper_case(x) FROM unnest($1::text[]) WITH ORDINALITY t(x, n) ORDER BY n";
    let rows = client.query(query, &[&letters]).await.expect("folded");
    // Unicode 16 gave these two a capital letter; the ICU of many servers is older.
    let without_capital = ["\u{19B}", "\u{264}"];
    let differing: Vec<_> = letters
        .iter()
        .zip(&rows)
        .filter(|(letter, row)| {
            fold(Folding::Case, letter) != row.get::<_, String>(0)
                || fold(Folding::Accents, letter) != row.get::<_, String>(1)
                || fold(Folding::Lower, letter) != row.get::<_, String>(2)
                || fold(Folding::Upper, letter) != row.get::<_, String>(3)
                    && !without_capital.contains(&letter.as_str())
        })
        .map(|(letter, row)| (letter, [0, 1, 2, 3].map(|column| row.get::<_, String>(column))))
        .collect();
    assert!(differing.is_empty(), "{differing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_make_the_same_forms_of_names() {
    let Some(database) = TestDatabase::fresh() else { return };
    let client = client(database.url()).await;
    let letters: Vec<String> = (1..0x530_u32)
        .chain(0x1E00..0x2070)
        .chain(0x3000..0x3100)
        .filter_map(char::from_u32)
        .map(|letter| format!("A{letter}y qu{letter}, {letter}"))
        .collect();
    let names = ["Đắk Lắk", "Thuỷ / Thủy", "Ia H\u{2019}Drai", "  Sơn  Kỳ--Lý Sơn ", "Quỳ Hợp", "à\u{301}b", "", "–"]
        .map(str::to_owned);
    let long = vec!["từ ".repeat(40)];
    let names: Vec<String> = letters.into_iter().chain(names).chain(long).collect();
    let query = "SELECT bandoso.plain_name(x), bandoso.name_spelling(x), bandoso.name_words(x)::text \
                 FROM unnest($1::text[]) WITH ORDINALITY t(x, n) ORDER BY n";
    let rows = client.query(query, &[&names]).await.expect("folded");
    let differing: Vec<_> = names
        .iter()
        .zip(&rows)
        .filter(|(name, row)| plain(name) != row.get::<_, String>(0) || spelling(name) != row.get::<_, String>(1))
        .map(|(name, row)| (name, plain(name), row.get::<_, String>(0), spelling(name), row.get::<_, String>(1)))
        .collect();
    assert!(differing.is_empty(), "{differing:?}");
}
