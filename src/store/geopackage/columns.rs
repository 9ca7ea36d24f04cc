//! The columns that a layer's table has now: other programs add, rename and drop them as they like.

use rusqlite::Connection;

/// A column as it was declared.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
}

/// Those of a table or view, in its order; none where there is no such table.
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Looks them up. Generated ones are among them (`table_xinfo`): they can be read.
    pub(super) fn of(connection: &Connection, table: &str) -> rusqlite::Result<Self> {
        let mut select = connection.prepare_cached("SELECT name, type FROM pragma_table_xinfo(?1)")?;
        let column = |row: &rusqlite::Row<'_>| Ok(Column { name: row.get(0)?, kind: row.get(1)? });
        select.query_map([table], column)?.collect::<rusqlite::Result<_>>().map(Self)
    }

    /// The column of this name: SQLite does not tell capitals from small letters in names.
    pub(super) fn get(&self, name: &str) -> Option<&Column> {
        self.0.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}
