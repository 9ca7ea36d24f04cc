//! The statements that bring staged rows into a layer's table. They name the layer's columns, so they are made here.

use super::columns::{literal, quoted, quoted_table, sql_type};
use super::feed::Identity;
use super::history::BEFORE;
use crate::model::Layer;
use crate::store::MAX_ID;

/// Rows that an import added and that its history keeps side by side.
pub(super) const ADDED_TOGETHER: usize = 4096;

/// Statements of one layer's import, in the order in which they run.
pub(super) struct Merge<'a> {
    layer: &'a Layer,
    table: String,
}

/// Which kinds of identity an import names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Named {
    pub(super) numbers: bool,
    pub(super) keys: bool,
}

impl<'a> Merge<'a> {
    pub(super) fn new(layer: &'a Layer) -> Self {
        Self { layer, table: quoted_table(layer.id.as_str()) }
    }

    /// Where rows wait, with their units and their stamps. Their columns have names of our own, which no field can meet.
    pub(super) fn stage(&self) -> String {
        let fields = self.layer.fields.iter().enumerate();
        let values: Vec<String> = fields.map(|(index, field)| format!(", v{index} {}", sql_type(field.kind))).collect();
        let values = values.concat();
        format!(
            "CREATE TEMP TABLE bandoso_import (row bigint GENERATED ALWAYS AS IDENTITY, number bigint, source_id text, \
             lon double precision NOT NULL, lat double precision NOT NULL, units integer[], stamp bigint NOT NULL{values}) \
             ON COMMIT DROP; \
             CREATE TEMP TABLE bandoso_known (row bigint NOT NULL, id bigint NOT NULL, changed boolean NOT NULL) \
             ON COMMIT DROP; \
             CREATE TEMP TABLE bandoso_new (row bigint NOT NULL, id bigint NOT NULL) ON COMMIT DROP; \
             CREATE TEMP TABLE bandoso_missing (id bigint NOT NULL) ON COMMIT DROP"
        )
    }

    /// The way into it.
    pub(super) fn copy(&self) -> String {
        format!(
            "COPY pg_temp.bandoso_import (number, source_id, lon, lat, units, stamp{}) FROM STDIN (FORMAT binary)",
            self.each(|_, index| format!(", v{index}"))
        )
    }

    /// The way straight into the layer's own table.
    pub(super) fn copy_stored(&self) -> String {
        let fields = self.each(|name, _| format!(", {name}"));
        format!("COPY {} (id, source_id, geom, units{fields}) FROM STDIN (FORMAT binary)", self.table)
    }

    /// Takes the rows that a batch has put there, and nobody else any, back to where they wait; with their ids where these are the
    /// sender's.
    pub(super) fn unload(&self, batch: i64, identity: Identity) -> String {
        let number = if identity == Identity::Numbers { "t.id" } else { "NULL" };
        let table = &self.table;
        format!(
            "INSERT INTO pg_temp.bandoso_import (number, source_id, lon, lat, units, stamp{}) \
             SELECT {number}, t.source_id, ST_X(t.geom), ST_Y(t.geom), t.units, u.stamp{} \
             FROM bandoso.batch_added a CROSS JOIN LATERAL unnest(a.ids, a.stamps) AS u (id, stamp) \
             JOIN {table} t ON t.id = u.id WHERE a.batch = {batch} ORDER BY t.id; \
             DELETE FROM {table}; DELETE FROM bandoso.batches WHERE id = {batch}",
            self.each(|_, index| format!(", v{index}")),
            self.each(|name, _| format!(", t.{name}")),
        )
    }

    /// Stops triggers of the layer's table until the end of the transaction, or starts them again.
    pub(super) fn triggers(&self, word: &str, names: &[String]) -> String {
        let words: Vec<String> = names.iter().map(|name| format!("{word} TRIGGER {name}")).collect();
        if words.is_empty() { String::new() } else { format!("ALTER TABLE {} {}", self.table, words.join(", ")) }
    }

    /// Lets nobody else write the layer until the end of the transaction.
    pub(super) fn lock(&self) -> String {
        format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", self.table)
    }

    /// Whether the layer has any row.
    pub(super) fn has_rows(&self) -> String {
        format!("SELECT EXISTS (SELECT FROM {})", self.table)
    }

    /// Finds the rows that are known, and those of them that differ.
    pub(super) fn compare(&self) -> String {
        let (stored, staged) =
            (self.each(|name, _| format!(", t.{name}")), self.each(|_, index| format!(", s.v{index}")));
        let table = &self.table;
        format!(
            "{}ANALYZE pg_temp.bandoso_import; \
             INSERT INTO pg_temp.bandoso_known SELECT s.row, t.id, \
             (ST_X(t.geom), ST_Y(t.geom){stored}) IS DISTINCT FROM (s.lon, s.lat{staged}) \
             FROM pg_temp.bandoso_import s \
             LEFT JOIN {table} x ON x.source_id = s.source_id \
             JOIN {table} t ON t.id = coalesce(s.number, x.id); \
             ANALYZE pg_temp.bandoso_known",
            self.keep_numbers_apart()
        )
    }

    /// A number that the store has given to a feature with a key of its own belongs to that feature: the row's number is
    /// then its key.
    fn keep_numbers_apart(&self) -> String {
        let (rekey, table) =
            ("UPDATE pg_temp.bandoso_import s SET source_id = s.number::text, number = NULL", &self.table);
        format!(
            "{rekey} FROM {table} t WHERE t.source_id = s.number::text; \
             {rekey} FROM {table} t WHERE t.id = s.number AND t.source_id IS NOT NULL; "
        )
    }

    /// Counts: added, changed, unchanged; of the added, those that bring their id.
    pub(super) fn count() -> &'static str {
        "SELECT s.many - k.many, k.changed, k.many - k.changed, s.numbered - k.numbered \
         FROM (SELECT count(*) AS many, count(number) AS numbered FROM pg_temp.bandoso_import) s, \
         (SELECT count(*) AS many, count(*) FILTER (WHERE k.changed) AS changed, count(i.number) AS numbered \
         FROM pg_temp.bandoso_known k JOIN pg_temp.bandoso_import i ON i.row = k.row) k"
    }

    /// Finds the features that a sender numbered or named, of the kinds that this import names, and that it does not name.
    pub(super) fn find_missing(&self, named: Named) -> String {
        let mut kinds = Vec::new();
        if named.keys {
            kinds.push("t.source_id IS NOT NULL AND NOT bandoso.is_number(t.source_id)".to_owned());
        }
        if named.numbers {
            kinds.push("bandoso.is_number(t.source_id)".to_owned());
            let given = format!("SELECT g FROM bandoso.given_ids({}) g", literal(self.layer.id.as_str()));
            kinds.push(format!("t.source_id IS NULL AND t.id NOT IN ({given})"));
        }
        format!(
            "INSERT INTO pg_temp.bandoso_missing SELECT t.id FROM {} t \
             WHERE ({}) AND NOT EXISTS (SELECT FROM pg_temp.bandoso_known k WHERE k.id = t.id)",
            self.table,
            kinds.join(" OR ")
        )
    }

    /// The rest of a query for the rows `t` that are missing.
    pub(super) const MISSING: &'static str = "JOIN pg_temp.bandoso_missing m ON m.id = t.id";

    /// Removes them.
    pub(super) fn remove_missing(&self) -> String {
        format!("DELETE FROM {} t USING pg_temp.bandoso_missing m WHERE t.id = m.id", self.table)
    }

    /// Gives new rows that bring their id that one.
    pub(super) const TAKE_NUMBERS: &'static str = "INSERT INTO pg_temp.bandoso_new SELECT s.row, s.number FROM pg_temp.bandoso_import s \
         WHERE s.number IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.bandoso_known k WHERE k.row = s.row)";

    /// Sets the generator of ids behind the greatest one, which it did not see when it was brought.
    pub(super) fn advance(&self) -> String {
        self.advance_behind(&self.greatest())
    }

    /// Brings the generator back from where counting cannot have brought it, for whoever may set it.
    pub(super) fn call_back(&self) -> String {
        let may = "has_sequence_privilege(g.name, 'UPDATE') AND has_sequence_privilege(g.name, 'SELECT, USAGE')";
        self.set_behind(&self.greatest(), &format!("CASE WHEN {may} THEN {} END", is_away()))
    }

    /// The same where some are to be brought yet.
    pub(super) fn advance_behind_new(&self) -> String {
        let (stored, new) = (self.greatest(), "SELECT max(id) FROM pg_temp.bandoso_new");
        self.advance_behind(&format!("SELECT greatest(({stored}), ({new})) AS top"))
    }

    /// The greatest id of those from which the store numbers on: another program may have taken any.
    fn greatest(&self) -> String {
        format!("SELECT max(id) AS top FROM {} WHERE id <= {MAX_ID}", self.table)
    }

    fn advance_behind(&self, top: &str) -> String {
        let is_behind = "m.top > coalesce(pg_sequence_last_value(g.name::regclass), 0)";
        self.set_behind(top, &format!("{is_behind} OR {}", is_away()))
    }

    /// Where nothing is there, or the number 0 alone, it begins at 1.
    fn set_behind(&self, top: &str, when: &str) -> String {
        format!(
            "SELECT setval(g.name::regclass, greatest(m.top, 1), coalesce(m.top, 0) > 0) \
             FROM (SELECT {} AS name) g, ({top}) m WHERE {when}",
            self.generator()
        )
    }

    fn generator(&self) -> String {
        format!("pg_get_serial_sequence({}, 'id')", literal(&self.table))
    }

    /// Gives the other new rows the next free ids, in their order.
    pub(super) fn give_numbers(&self) -> String {
        format!(
            "INSERT INTO pg_temp.bandoso_new SELECT s.row, nextval(g.name) \
             FROM (SELECT {}::regclass AS name) g, (SELECT s.row FROM pg_temp.bandoso_import s WHERE s.number IS NULL \
             AND NOT EXISTS (SELECT FROM pg_temp.bandoso_known k WHERE k.row = s.row) ORDER BY s.row) s",
            self.generator()
        )
    }

    /// Adds the new rows; with no units where those that they bring are of bygone units.
    pub(super) fn add(&self, units: &str) -> String {
        format!(
            "INSERT INTO {} (id, source_id, geom, units{}) \
             SELECT n.id, s.source_id, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326), {units}{} \
             FROM pg_temp.bandoso_new n JOIN pg_temp.bandoso_import s ON s.row = n.row",
            self.table,
            self.each(|name, _| format!(", {name}")),
            self.each(|_, index| format!(", s.v{index}")),
        )
    }

    /// Keeps their ids and stamps in a batch.
    pub(super) fn note_added(batch: i64) -> String {
        format!(
            "INSERT INTO bandoso.batch_added (batch, part, given, ids, stamps) \
             SELECT {batch}, n.row / {ADDED_TOGETHER}, s.number IS NULL AND s.source_id IS NULL, array_agg(n.id), array_agg(s.stamp) \
             FROM pg_temp.bandoso_new n JOIN pg_temp.bandoso_import s ON s.row = n.row GROUP BY 2, 3"
        )
    }

    /// Keeps how known rows that differ are now, and how they will be, in a batch; nobody else changes them until its end.
    pub(super) fn note_changed(&self, batch: i64) -> String {
        format!(
            "INSERT INTO bandoso.batch_rows (batch, id, before, after) SELECT {batch}, t.id, {BEFORE}, s.stamp {} \
             JOIN {} t ON t.id = k.id WHERE k.changed FOR UPDATE OF t",
            CHANGED, self.table
        )
    }

    /// Replaces rows that are known and differ.
    pub(super) fn change(&self, units: &str) -> String {
        format!(
            "UPDATE {} t SET geom = ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326), units = {units}{} {CHANGED} \
             WHERE t.id = k.id AND k.changed",
            self.table,
            self.each(|name, index| format!(", {name} = s.v{index}")),
        )
    }

    /// Joins the rows that have no units.
    pub(super) fn join(&self) -> String {
        format!("SELECT bandoso.join_unjoined({})", literal(&self.table))
    }

    fn each(&self, sql: impl Fn(&str, usize) -> String) -> String {
        self.layer.fields.iter().enumerate().map(|(index, field)| sql(&quoted(&field.name), index)).collect()
    }
}

/// That a generator of ids is where an id beyond [`MAX_ID`] has brought it; counting takes it half as far again at most.
fn is_away() -> String {
    format!("pg_sequence_last_value(g.name::regclass) > {}", MAX_ID + MAX_ID / 2)
}

const CHANGED: &str = "FROM pg_temp.bandoso_known k JOIN pg_temp.bandoso_import s ON s.row = k.row";
