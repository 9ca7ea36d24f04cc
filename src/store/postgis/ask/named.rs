//! Features by name: the folded words of a name are what an index `bandoso.name_words(field)` (GIN) serves.

use tokio_postgres::types::Type;

use super::Table;
use super::question::Question;
use super::sql::Sql;
use super::within::distance;
use crate::engine::names::AskedName;
use crate::model::{Fit, LonLat};
use crate::store::{NamedRows, StoreError, Wanted};

impl Question<'_> {
    /// Words first, by the index where there is one. Only when they give too few, every name is looked at for the pieces: that may
    /// take longer than there is time, and then the answer is not whole.
    pub(super) async fn named(
        &self,
        wanted: &Wanted<'_>,
        (field, asked): (usize, &AskedName),
        (near, most): (Option<LonLat>, usize),
    ) -> Result<NamedRows, StoreError> {
        let Some(name) = self.table.columns.fields.get(field) else { return Ok(NamedRows::of(Vec::new(), &[])) };
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let found = self.rows(&by_words(&self.table, wanted, (name, asked), (near, limit))).await?;
        let mut found: Vec<(i64, Fit)> = found.iter().map(|row| (row.get(0), fit(row.get(1)))).collect();
        if found.len() < most {
            let left = limit.saturating_sub(i64::try_from(found.len()).unwrap_or(limit));
            // A statement that is cut off ends its transaction: what the words gave is read before.
            let better = self.of_ids(wanted, found.iter().map(|(id, _)| *id).collect()).await?;
            match self.rows(&by_pieces(&self.table, wanted, (name, asked), (near, left))).await {
                Ok(rows) => found.extend(rows.iter().map(|row| (row.get::<_, i64>(0), Fit::Contained))),
                Err(StoreError::TooLong { .. }) => {
                    return Ok(NamedRows { whole: false, ..NamedRows::of(better, &found) });
                }
                Err(fault) => return Err(fault),
            }
        }
        let features = self.of_ids(wanted, found.iter().map(|(id, _)| *id).collect()).await?;
        Ok(NamedRows::of(features, &found))
    }
}

fn fit(number: i32) -> Fit {
    usize::try_from(number).ok().and_then(|number| Fit::ALL.get(number)).copied().unwrap_or(Fit::Contained)
}

/// Id and fit of the best names whose words begin as asked.
fn by_words(
    table: &Table,
    wanted: &Wanted<'_>,
    (name, asked): (&str, &AskedName),
    (near, limit): (Option<LonLat>, i64),
) -> Sql {
    let mut sql = Sql::new(format!("SELECT {}, CASE WHEN bandoso.plain_name({name}) = ", table.columns.id));
    sql.bind(asked.plain.clone(), Type::TEXT);
    sql.add(&format!(" THEN CASE WHEN bandoso.name_spelling({name}) = "));
    sql.bind(asked.spelling.clone(), Type::TEXT);
    sql.add(&format!(" THEN 0 ELSE 1 END WHEN starts_with(bandoso.plain_name({name}), "));
    sql.bind(asked.plain.clone(), Type::TEXT);
    sql.add(") THEN 2 ELSE 3 END AS fit");
    sql.wanted(table, wanted);
    sql.add(&format!(" AND bandoso.name_words({name}) @@ "));
    words(&mut sql, asked);
    sql.add(" ORDER BY fit, ");
    in_order(&mut sql, table, name, (near, limit));
    sql
}

/// Ids of the names that hold all pieces asked for, and are not found by words.
fn by_pieces(
    table: &Table,
    wanted: &Wanted<'_>,
    (name, asked): (&str, &AskedName),
    (near, limit): (Option<LonLat>, i64),
) -> Sql {
    let mut sql = Sql::new(format!("SELECT {}", table.columns.id));
    sql.wanted(table, wanted);
    for word in &asked.words {
        sql.add(" AND strpos(bandoso.plain_name(");
        sql.add(name);
        sql.add("), ");
        sql.bind(word.clone(), Type::TEXT);
        sql.add(") > 0");
    }
    sql.add(&format!(" AND NOT bandoso.name_words({name}) @@ "));
    words(&mut sql, asked);
    sql.add(" ORDER BY ");
    in_order(&mut sql, table, name, (near, limit));
    sql.is_common = false;
    sql
}

/// Adds the query for words that begin so. They are letters and digits of whatever script: quoted, they mean nothing else.
fn words(sql: &mut Sql, asked: &AskedName) {
    let quoted = |word: &String| format!("'{}':*", word.replace('\\', "\\\\").replace('\'', "''"));
    let query = asked.words.iter().map(quoted).collect::<Vec<_>>().join(" & ");
    sql.bind(query, Type::TEXT);
    sql.add("::tsquery");
    sql.is_common = false;
}

fn in_order(sql: &mut Sql, table: &Table, name: &str, (near, limit): (Option<LonLat>, i64)) {
    match near {
        Some(at) => distance(sql, table, at),
        None => sql.add(&format!("bandoso.plain_name({name}) COLLATE \"C\", {name} COLLATE \"C\"")),
    }
    sql.add(&format!(", {} LIMIT ", table.columns.id));
    sql.bind(limit, Type::INT8);
}
