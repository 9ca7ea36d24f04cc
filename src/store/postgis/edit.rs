//! Features written one by one.

use deadpool_postgres::Object;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::columns::{Cell, quoted, quoted_table, sql_type};
use super::failure::fault;
use super::history::OpenBatch;
use super::merge::Merge;
use super::{PostGis, row};
use crate::engine::stamp::Stamper;
use crate::model::{Feature, Layer, LonLat, Value};
use crate::store::{Author, BatchCounts, BatchKind, Edit, Edited, ImportId, Refusal, StoreError, When};

/// Times that edits are begun again which the database broke off for somebody else's sake.
const MOST_TRIES: usize = 3;

impl PostGis {
    /// Makes all edits in one transaction, or none.
    pub(super) async fn write_edits(
        &self,
        layer: &Layer,
        edits: &[Edit],
        author: &Author,
    ) -> Result<Edited, StoreError> {
        self.writing(async |client| self.edit_on(client, layer, (edits, author)).await).await
    }

    async fn edit_on(
        &self,
        client: &mut Object,
        layer: &Layer,
        (edits, author): (&[Edit], &Author),
    ) -> Result<Edited, StoreError> {
        let mut tries = 1;
        loop {
            let transaction = client.transaction().await.map_err(self.address.failed(doing(layer)))?;
            let applied = match self.open_batch(&transaction, layer, (BatchKind::Edit, author), None).await? {
                Some(batch) => {
                    Editor { store: self, transaction: &transaction, layer, batch: &batch }.apply_all(edits).await
                }
                None => Err(Broken::Again),
            };
            match applied {
                Err(Broken::Again) if tries < MOST_TRIES => tries += 1,
                Err(Broken::Numberless) if tries < MOST_TRIES => {
                    tries += 1;
                    // What happens in it falls with it.
                    transaction.rollback().await.map_err(self.address.failed(doing(layer)))?;
                    let call_back = Merge::new(layer).call_back();
                    client.batch_execute(&call_back).await.map_err(self.address.failed(doing(layer)))?;
                }
                Err(Broken::Numberless) => return Err(numberless(layer)),
                Err(Broken::Again) => {
                    return Err(fault(doing(layer), "others write the same features without end; try again"));
                }
                Err(Broken::Off(error)) => return Err(error),
                Ok(edited) => {
                    transaction.commit().await.map_err(self.address.failed(doing(layer)))?;
                    return Ok(edited);
                }
            }
        }
    }
}

fn doing(layer: &Layer) -> String {
    format!("editing {}", layer.id)
}

/// That the generator of ids has come to its end and stays there.
fn numberless(layer: &Layer) -> StoreError {
    let why = "its generator of ids has no number left; the table's owner can set it anew".to_owned();
    StoreError::Refused(Refusal::ReadOnly { layer: layer.id.to_string(), why })
}

/// Why edits were not made.
enum Broken {
    /// The database gave way to another writer: it is worth trying again.
    Again,
    /// The generator of ids has come to its end.
    Numberless,
    Off(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Off(error)
    }
}

impl From<Refusal> for Broken {
    fn from(refusal: Refusal) -> Self {
        Self::Off(StoreError::Refused(refusal))
    }
}

struct Editor<'a> {
    store: &'a PostGis,
    transaction: &'a Transaction<'a>,
    layer: &'a Layer,
    batch: &'a OpenBatch<'a>,
}

/// Bound values, and the list in which each has its place.
#[derive(Default)]
struct Bound<'a> {
    cells: Vec<Cell<'a>>,
}

impl<'a> Bound<'a> {
    /// Binds a value; its place, of this type.
    fn put(&mut self, cell: Cell<'a>, kind: &str) -> String {
        self.cells.push(cell);
        format!("${}::{kind}", self.cells.len())
    }

    /// Binds a place; the point.
    fn point(&mut self, at: LonLat) -> String {
        let [lon, lat] = [at.lon, at.lat].map(|number| self.put(Cell::Real(number), "double precision"));
        format!("ST_SetSRID(ST_MakePoint({lon}, {lat}), 4326)")
    }

    fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect()
    }
}

impl Editor<'_> {
    async fn apply_all(&self, edits: &[Edit]) -> Result<Edited, Broken> {
        self.store.check_columns(self.transaction, self.layer, "editing").await?;
        let joins = include_str!("../../../sql/joins_itself.sql");
        self.transaction.execute(joins, &[]).await.map_err(|error| self.broken(error))?;
        let lock = "SELECT pg_advisory_xact_lock_shared(bandoso.units_lock())";
        self.transaction.execute(lock, &[]).await.map_err(|error| self.broken(error))?;
        let (mut features, mut counts) = (Vec::with_capacity(edits.len()), BatchCounts::default());
        for edit in edits {
            features.push(match edit {
                Edit::Create { id, at, values } => {
                    counts.added += 1;
                    Some(self.create(id, (*at, values)).await?)
                }
                Edit::Change { id, at, values, when } => {
                    counts.changed += 1;
                    Some(self.change(*id, when, (*at, values)).await?)
                }
                Edit::Remove { id, when } => {
                    counts.removed += 1;
                    self.stored(*id, when).await?;
                    self.keep(*id).await?;
                    self.batch.gone(id.cast_signed()).await?;
                    let table = quoted_table(self.layer.id.as_str());
                    let delete = format!("DELETE FROM {table} WHERE id = $1");
                    let gone = self.transaction.execute(&delete, &[&id.cast_signed()]).await;
                    gone.map_err(|error| self.broken(error))?;
                    None
                }
            });
        }
        let version = self.batch.close(counts).await?;
        Ok(Edited { features, version, batch: Some(self.batch.id.unsigned_abs()) })
    }

    async fn create(&self, id: &ImportId, (at, values): (LonLat, &[Value])) -> Result<Feature, Broken> {
        let (table, mut bound) = (quoted_table(self.layer.id.as_str()), Bound::default());
        let (mut names, mut places) = (Vec::new(), Vec::new());
        let taken = match id {
            ImportId::Number(number) => {
                names.push("id".to_owned());
                places.push(bound.put(Cell::Number(Some(number.cast_signed())), "bigint"));
                Some(number.to_string())
            }
            ImportId::Text(key) => {
                names.push("source_id".to_owned());
                places.push(bound.put(Cell::Text(Some(key)), "text"));
                Some(key.clone())
            }
            ImportId::New => None,
        };
        let place = bound.point(at);
        names.extend(["geom".to_owned(), "units".to_owned()]);
        places.extend([place.clone(), format!("bandoso.unit_links({place})")]);
        for (field, value) in self.layer.fields.iter().zip(values) {
            self.fits(field, value)?;
            names.push(quoted(&field.name));
            places.push(bound.put(Cell::Value(value), sql_type(field.kind)));
        }
        if let Some(key) = &taken {
            // A number may be the key of a feature that has another one.
            let known = format!("SELECT FROM {table} WHERE source_id = $1");
            let known = self.transaction.query_opt(&known, &[key]).await.map_err(|error| self.broken(error))?;
            if known.is_some() {
                return Err(self.taken(key).into());
            }
        }
        let insert = format!(
            "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT DO NOTHING RETURNING id",
            names.join(", "),
            places.join(", ")
        );
        let made =
            self.transaction.query_opt(&insert, &bound.parameters()).await.map_err(|error| self.broken(error))?;
        // Without an id of its own it met a number that another program had taken past the generator.
        let Some(made) = made else {
            self.advance().await?;
            return Err(taken.map_or(Broken::Again, |key| self.taken(&key).into()));
        };
        if matches!(id, ImportId::Number(_)) {
            self.advance().await?;
        }
        let number: i64 = made.get(0);
        let made = self.noted(number.cast_unsigned()).await?;
        if *id == ImportId::New {
            self.batch.given(number).await?;
        }
        Ok(made)
    }

    /// Keeps how the row is now; nobody else changes it until the transaction's end.
    async fn keep(&self, id: u64) -> Result<(), Broken> {
        Ok(self.batch.keep(&format!("WHERE t.id = {}", id.cast_signed())).await?)
    }

    /// The feature as it is left, which is noted.
    async fn noted(&self, id: u64) -> Result<Feature, Broken> {
        let feature = self.read(id).await?;
        let stamp = Stamper::of(self.layer).stamp(feature.at, &feature.values);
        self.batch.left(&[id.cast_signed()], &[stamp]).await?;
        Ok(feature)
    }

    fn taken(&self, id: &str) -> Refusal {
        Refusal::Taken { layer: self.layer.id.to_string(), id: id.to_owned() }
    }

    /// Sets the generator of ids behind the greatest one. That outlasts the transaction.
    async fn advance(&self) -> Result<(), Broken> {
        let advance = Merge::new(self.layer).advance();
        self.transaction.batch_execute(&advance).await.map_err(|error| self.broken(error))
    }

    async fn change(
        &self,
        id: u64,
        when: &When,
        (at, values): (Option<LonLat>, &[Option<Value>]),
    ) -> Result<Feature, Broken> {
        self.stored(id, when).await?;
        self.keep(id).await?;
        let (mut bound, mut sets) = (Bound::default(), vec!["id = id".to_owned()]);
        if let Some(at) = at {
            let place = bound.point(at);
            sets.push(format!("geom = {place}, units = bandoso.unit_links({place})"));
        }
        for (field, value) in self.layer.fields.iter().zip(values) {
            if let Some(value) = value {
                self.fits(field, value)?;
                let place = bound.put(Cell::Value(value), sql_type(field.kind));
                sets.push(format!("{} = {place}", quoted(&field.name)));
            }
        }
        let number = bound.put(Cell::Number(Some(id.cast_signed())), "bigint");
        let table = quoted_table(self.layer.id.as_str());
        let update = format!("UPDATE {table} SET {} WHERE id = {number}", sets.join(", "));
        self.transaction.execute(&update, &bound.parameters()).await.map_err(|error| self.broken(error))?;
        self.noted(id).await
    }

    fn fits(&self, field: &crate::model::Field, value: &Value) -> Result<(), StoreError> {
        if value.is_of(field.kind) {
            return Ok(());
        }
        Err(fault(doing(self.layer), format!("{value:?} is no value of the field {}", field.name)))
    }

    /// The feature as it is stored, if it is as it must be; nobody else changes it until the transaction's end.
    async fn stored(&self, id: u64, when: &When) -> Result<Feature, Broken> {
        let feature = self.read(id).await?;
        if when.holds(feature.at, &feature.values) {
            return Ok(feature);
        }
        Err(Refusal::Differs { layer: self.layer.id.to_string(), id }.into())
    }

    async fn read(&self, id: u64) -> Result<Feature, Broken> {
        let not_there = || Refusal::NotThere { layer: self.layer.id.to_string(), id };
        let number = i64::try_from(id).map_err(|_| not_there())?;
        let select = self.store.own_rows(self.transaction, self.layer).await?;
        let select = format!("{select} WHERE id = $1 FOR UPDATE");
        let found = self.transaction.query_opt(&select, &[&number]).await.map_err(|error| self.broken(error))?;
        let found = found.ok_or_else(not_there)?;
        let read = row::read(self.layer, &found).map_err(|error| self.broken(error))?;
        // A row of another program's that is no feature is not on the map either.
        Ok(read.map_err(|_| not_there())?.feature)
    }

    fn broken(&self, error: tokio_postgres::Error) -> Broken {
        let gives_way = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
        if error.code().is_some_and(|code| gives_way.contains(code)) {
            return Broken::Again;
        }
        if error.code() == Some(&SqlState::SEQUENCE_GENERATOR_LIMIT_EXCEEDED) {
            return Broken::Numberless;
        }
        Broken::Off(self.store.address.failed(doing(self.layer))(error))
    }
}
