//! The columns that a layer's table has now: other programs add, rename and drop them as they like.

use rusqlite::Connection;

/// A column as it was declared.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
    is_in_key: bool,
}

/// Those of a table or view, in its order; none where there is no such table.
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Looks them up. Generated ones are among them (`table_xinfo`): they can be read.
    pub(super) fn of(connection: &Connection, table: &str) -> rusqlite::Result<Self> {
        let mut select = connection.prepare_cached("SELECT name, type, pk > 0 FROM pragma_table_xinfo(?1)")?;
        let column =
            |row: &rusqlite::Row<'_>| Ok(Column { name: row.get(0)?, kind: row.get(1)?, is_in_key: row.get(2)? });
        select.query_map([table], column)?.collect::<rusqlite::Result<_>>().map(Self)
    }

    /// There is no such table.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The column of this name: SQLite does not tell capitals from small letters in names.
    pub(super) fn get(&self, name: &str) -> Option<&Column> {
        self.0.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The column that holds the rows' numbers: `id` in tables of ours, `fid` in those of GDAL and QGIS. To SQLite it is `_rowid_` in
    /// all of them, and so to us.
    pub(super) fn key(&self) -> Option<&Column> {
        let mut key = self.0.iter().filter(|column| column.is_in_key);
        let first = key.next().filter(|column| column.kind.eq_ignore_ascii_case("INTEGER"))?;
        key.next().is_none().then_some(first)
    }

    /// What tells one make of a table from another: names and types.
    pub(super) fn shape(&self) -> String {
        self.0.iter().flat_map(|column| [&column.name, " ", &column.kind, "\n"]).collect()
    }
}
