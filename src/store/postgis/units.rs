//! Units and their changes, in and out.

use tokio_postgres::{IsolationLevel, Row, Transaction};

use super::PostGis;
use super::failure::fault;
use super::polygons::{from_wkb, to_wkb};
use crate::model::{Day, DayInterval, Level, Unit, UnitChange, UnitId};
use crate::store::{StoreError, UnitTable, UnitsStored};

impl PostGis {
    /// All units and changes as of one moment.
    pub(super) async fn read_units(&self) -> Result<UnitTable, StoreError> {
        let failed = || self.address.failed("loading the units");
        let mut client = self.borrow().await?;
        let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = transaction.start().await.map_err(failed())?;
        let table = self.units_of(&transaction).await?;
        transaction.commit().await.map_err(failed())?;
        Ok(table)
    }

    /// All units and changes at the moment of the transaction.
    pub(super) async fn units_of(&self, transaction: &Transaction<'_>) -> Result<UnitTable, StoreError> {
        let failed = || self.address.failed("loading the units");
        let version = self.version(transaction, "units").await?;
        let units = transaction.query(include_str!("../../../sql/units.sql"), &[]).await.map_err(failed())?;
        let changes = transaction.query(include_str!("../../../sql/unit_changes.sql"), &[]).await.map_err(failed())?;
        let units: Result<Vec<Unit>, StoreError> = units.iter().map(unit).collect();
        Ok(UnitTable { version, units: units?, changes: changes.iter().map(change).collect() })
    }

    /// Stores units and changes, and joins all points again where a unit is new or other, in one transaction.
    pub(super) async fn write_units(&self, units: &[Unit], changes: &[UnitChange]) -> Result<UnitsStored, StoreError> {
        let failed = || self.address.failed("storing units");
        let mut client = self.borrow().await?;
        let transaction = client.transaction().await.map_err(failed())?;
        self.begin_long(&transaction).await?;
        transaction.execute(include_str!("../../../sql/joins_itself.sql"), &[]).await.map_err(failed())?;
        self.stage_units(&transaction, units).await?;
        let changed = transaction.execute(include_str!("../../../sql/change_units.sql"), &[]).await;
        let changed = changed.map_err(failed())?;
        let added = transaction.execute(include_str!("../../../sql/add_units.sql"), &[]).await.map_err(failed())?;
        if added + changed > 0 {
            // The planner must know the new units before it joins with them.
            transaction.batch_execute("ANALYZE bandoso.units, bandoso.unit_borders").await.map_err(failed())?;
            transaction.execute("SELECT bandoso.join_all()", &[]).await.map_err(failed())?;
        }
        if !changes.is_empty() {
            self.write_changes(&transaction, changes).await?;
        }
        let version = self.given_version(&transaction, "units").await?;
        transaction.commit().await.map_err(failed())?;
        let unchanged = (units.len() as u64).saturating_sub(added + changed);
        Ok(UnitsStored { added, changed, unchanged, version })
    }

    async fn stage_units(&self, transaction: &Transaction<'_>, units: &[Unit]) -> Result<(), StoreError> {
        let failed = || self.address.failed("storing units");
        transaction.batch_execute(include_str!("../../../sql/stage_units.sql")).await.map_err(failed())?;
        let stage = transaction.prepare(include_str!("../../../sql/stage_unit.sql")).await.map_err(failed())?;
        for unit in units {
            let day = |day: Option<Day>| day.map(|day| day.0);
            transaction
                .execute(
                    &stage,
                    &[
                        &unit.level.name(),
                        &unit.code,
                        &unit.name,
                        &unit.full_name,
                        &unit.kind,
                        &unit.parent,
                        &day(unit.valid.from),
                        &day(unit.valid.to),
                        &unit.schematic,
                        &to_wkb(&unit.geometry),
                    ],
                )
                .await
                .map_err(self.address.failed(format!("storing the {} {}", unit.level.name(), unit.code)))?;
        }
        Ok(())
    }

    async fn write_changes(&self, transaction: &Transaction<'_>, changes: &[UnitChange]) -> Result<(), StoreError> {
        let old: Vec<&str> = changes.iter().map(|change| change.old_code.as_str()).collect();
        let new: Vec<&str> = changes.iter().map(|change| change.new_code.as_str()).collect();
        let days: Vec<i32> = changes.iter().map(|change| change.date.0).collect();
        let whole: Vec<bool> = changes.iter().map(|change| change.whole).collect();
        let put = include_str!("../../../sql/put_unit_changes.sql");
        transaction
            .execute(put, &[&old, &new, &days, &whole])
            .await
            .map(drop)
            .map_err(self.address.failed("storing the changes of units"))
    }
}

fn unit(row: &Row) -> Result<Unit, StoreError> {
    let (level, code): (String, String) = (row.get(1), row.get(2));
    let broken = |what: &str| fault(format!("loading the {level} {code}"), format!("its {what} cannot be read"));
    let day = |column: usize| row.get::<_, Option<i32>>(column).map(Day);
    Ok(Unit {
        id: UnitId(row.get(0)),
        level: Level::parse("level", &level).map_err(|_| broken("level"))?,
        name: row.get(3),
        full_name: row.get(4),
        kind: row.get(5),
        parent: row.get(6),
        valid: DayInterval { from: day(7), to: day(8) },
        schematic: row.get(9),
        geometry: from_wkb(row.get(10)).ok_or_else(|| broken("geometry"))?,
        code,
    })
}

fn change(row: &Row) -> UnitChange {
    UnitChange { old_code: row.get(0), new_code: row.get(1), date: Day(row.get(2)), whole: row.get(3) }
}
