//! Which column or property of a file goes into which field of the layer.

use super::position_columns::{self, Found};
use super::text::{column_key, folded};
use crate::engine::coordinates::Order;
use crate::engine::crs::Crs;
use crate::model::{Field, FieldType, Invalid, Layer};
use serde::Serialize;

/// Names of ids that are no field's.
const IDS: [&str; 8] = ["ma", "ma so", "ma dinh danh", "ma ho so", "so ho so", "ma vu viec", "so hieu", "ma doi tuong"];
/// The column of senders' keys in files that were exported.
pub(super) const KEY: &str = "source_id";
/// What people call fields of usual names, by those names.
const SYNONYMS: [(&str, &[&str]); 12] = [
    ("name", &["ten", "ten goi", "ten doi tuong", "ten co so", "ten don vi", "ten cong trinh", "title"]),
    ("title", &["ten", "tieu de", "ten vu viec", "noi dung vu viec", "trich yeu", "name"]),
    ("address", &["dia chi", "dia diem", "noi o", "noi xay ra", "location"]),
    ("phone", &["dien thoai", "so dien thoai", "sdt", "dt", "tel", "telephone"]),
    ("note", &["ghi chu", "notes", "remarks", "remark"]),
    ("notes", &["ghi chu", "note", "remarks"]),
    ("description", &["mo ta", "noi dung", "dien giai", "details"]),
    ("status", &["trang thai", "tinh trang", "state"]),
    ("kind", &["loai", "loai hinh", "phan loai", "nhom", "type", "category"]),
    ("category", &["loai", "loai hinh", "phan loai", "nhom", "loai vu viec", "type", "kind"]),
    ("class", &["cap", "hang", "loai", "phan loai", "phan cap"]),
    ("operator", &["don vi quan ly", "don vi van hanh", "chu so huu", "owner"]),
];
/// What people call the field that is the layer's time.
const TIMES: [&str; 10] = [
    "ngay",
    "ngay gio",
    "thoi gian",
    "thoi diem",
    "ngay xay ra",
    "thoi gian xay ra",
    "ngay thang",
    "ngay thang nam",
    "date",
    "datetime",
];

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Id,
    /// The sender's key, as exports write it beside the id.
    Key,
    /// Index of the layer's field.
    Field(usize),
}

/// Why a column is taken to be for what it is for; the surer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Because {
    /// The caller or his mapping says so.
    Told,
    /// It has the field's name.
    Name,
    /// It has the field's Vietnamese or English title, case and marks aside.
    Title,
    /// It has a name that people use for such fields.
    Synonym,
}

/// The columns that an import looks for. Names are compared without regard to case.
#[derive(Debug)]
pub(super) struct Wanted {
    columns: Vec<Column>,
    x: Option<String>,
    y: Option<String>,
    crs: Option<Crs>,
    xy: Option<Order>,
    /// Keys of columns that are for nothing, whatever they are called.
    left_out: Vec<String>,
    units: Vec<String>,
}

#[derive(Debug)]
struct Column {
    key: String,
    /// Titles of its field.
    titles: Vec<String>,
    synonyms: Vec<&'static str>,
    target: Target,
    /// As the caller wrote it; such a column must be there.
    told: Option<String>,
}

impl Wanted {
    /// Each field from the column of its name, unless `map` names another: pairs of a field (or `id`) and a column.
    pub fn new(layer: &Layer, map: &[(String, String)]) -> Result<Self, Invalid> {
        let fields = layer.fields.iter().enumerate().map(|(index, field)| (field.name.as_str(), Target::Field(index)));
        let mut columns: Vec<(Column, &str)> = fields
            .chain([("id", Target::Id), (KEY, Target::Key)])
            .map(|(name, target)| (Column::named(name, target, layer), name))
            .collect();
        for (field, column) in map {
            let Some((wanted, _)) = columns.iter_mut().find(|(_, name)| name == field) else {
                let known: Vec<&str> = layer.fields.iter().map(|field| field.name.as_str()).collect();
                let expected = format!("a field of {} ({}) or id, found {field:?}", layer.id, known.join(", "));
                return Err(Invalid::new("--map", expected));
            };
            if wanted.told.is_some() {
                return Err(Invalid::new("--map", format!("one column for a field, found two for {field}")));
            }
            wanted.key = column_key(column);
            wanted.told = Some(column.clone());
        }
        let columns = columns.into_iter().map(|(column, _)| column).collect();
        Ok(Self { columns, x: None, y: None, crs: None, xy: None, left_out: Vec::new(), units: Vec::new() })
    }

    /// The columns of the position, where the caller names them.
    pub fn with_position(mut self, x: Option<&str>, y: Option<&str>) -> Self {
        (self.x, self.y) = (x.map(str::to_owned), y.map(str::to_owned));
        self
    }

    /// How the two numbers of the position are to be read, where the caller says.
    pub fn with_reading(mut self, crs: Option<Crs>, xy: Option<Order>) -> Self {
        (self.crs, self.xy) = (crs, xy);
        self
    }

    /// Columns that no field is to be taken from but by the caller's own word.
    pub fn without(mut self, columns: &[String]) -> Self {
        self.left_out = columns.iter().map(|name| column_key(name)).collect();
        self
    }

    /// The columns in which rows name their units, where the caller says: `LEVEL=COL` or `COL`.
    pub fn with_units(mut self, units: &[String]) -> Self {
        self.units = units.to_vec();
        self
    }

    /// The columns in which rows name their units, as the caller says.
    pub fn units(&self) -> &[String] {
        &self.units
    }

    /// The reference system that the caller names.
    pub fn crs(&self) -> Option<Crs> {
        self.crs
    }

    /// The order that the caller names.
    pub fn xy(&self) -> Option<Order> {
        self.xy
    }

    /// What the column of this name is for: nothing, one field or several.
    pub fn targets(&self, name: &str) -> Vec<Target> {
        let key = column_key(name);
        let fits = |column: &&Column| column.key == key && self.takes(column, &key);
        self.columns.iter().filter(fits).map(|column| column.target).collect()
    }

    /// What each of the columns is for, and why. A title or a usual name counts only for a field that has no column of its name,
    /// and for a column that nothing surer is known of.
    pub fn assign(&self, columns: &[String], taken: &[usize]) -> Vec<Vec<(Target, Because)>> {
        let keys: Vec<String> = columns.iter().map(|name| column_key(name)).collect();
        let plain: Vec<String> = columns.iter().map(|name| folded(name)).collect();
        let mut assigned: Vec<Vec<(Target, Because)>> = vec![Vec::new(); columns.len()];
        let mut open: Vec<&Column> = Vec::new();
        for wanted in &self.columns {
            let because = if wanted.told.is_some() { Because::Told } else { Because::Name };
            let mut found = false;
            let fits = |key: &String| *key == wanted.key && self.takes(wanted, key);
            for (places, _) in assigned.iter_mut().zip(&keys).filter(|(_, key)| fits(key)) {
                places.push((wanted.target, because));
                found = true;
            }
            if !found && wanted.told.is_none() {
                open.push(wanted);
            }
        }
        for because in [Because::Title, Because::Synonym] {
            open.retain(|wanted| {
                let fits = |name: &String| match because {
                    Because::Title => wanted.titles.contains(name),
                    _ => wanted.synonyms.contains(&name.as_str()),
                };
                let is_open = |at: &usize| keys.get(*at).is_some_and(|key| !self.left_out.contains(key));
                let is_free =
                    |at: &usize| assigned.get(*at).is_some_and(Vec::is_empty) && !taken.contains(at) && is_open(at);
                let found = plain.iter().enumerate().filter(|(_, name)| fits(name)).map(|(at, _)| at).find(is_free);
                if let Some(places) = found.and_then(|at| assigned.get_mut(at)) {
                    places.push((wanted.target, because));
                }
                found.is_none()
            });
        }
        assigned
    }

    /// Whether a column may be taken: the caller's own word counts more than what he leaves out.
    fn takes(&self, wanted: &Column, key: &String) -> bool {
        wanted.told.is_some() || !self.left_out.contains(key)
    }

    /// Whether the caller said which column this is.
    pub fn is_told(&self, target: Target) -> bool {
        self.columns.iter().any(|column| column.target == target && column.told.is_some())
    }

    /// Refuses a file in which a column that the caller named is not there.
    pub fn check_told(&self, file: &str, found: impl Fn(&str) -> bool) -> Result<(), Invalid> {
        let told = self.columns.iter().filter_map(|column| Some((column.told.as_ref()?, &column.key)));
        for (name, key) in told {
            if !found(key) {
                return Err(Invalid::new("--map", format!("a column of {file}; there is none named {name:?}")));
            }
        }
        Ok(())
    }

    /// The columns of the position in a file with these columns.
    pub fn position(&self, file: &str, names: &[String]) -> Result<Found, Invalid> {
        let missing = |option: &str, what: &str| {
            let shown: Vec<String> = names.iter().take(40).map(|name| column_key(name)).collect();
            Invalid::new(option, format!("a column of {file}; there is no {what} among {}", shown.join(", ")))
        };
        let told = |option: &str, name: &Option<String>| match name {
            None => Ok(None),
            Some(told) => match names.iter().position(|name| column_key(name) == column_key(told)) {
                None => Err(missing(option, &format!("{told:?}"))),
                found => Ok(found),
            },
        };
        let told = [told("--x", &self.x)?, told("--y", &self.y)?];
        position_columns::find(names, told).map_err(|option| match option {
            "--y" => missing(option, "latitude or northing (lat, vĩ độ, y, …)"),
            _ => missing("--x", "longitude or easting (lon, kinh độ, x, …), nor both in one (toạ độ, wkt, …)"),
        })
    }
}

impl Column {
    fn named(name: &str, target: Target, layer: &Layer) -> Self {
        let field = match target {
            Target::Field(index) => layer.fields.get(index),
            Target::Id | Target::Key => None,
        };
        let titles = field.map_or_else(Vec::new, |field| [name, &field.title.vi, &field.title.en].map(folded).into());
        let mut synonyms = Vec::new();
        if target == Target::Id {
            synonyms.extend(IDS);
        }
        synonyms
            .extend(SYNONYMS.iter().filter(|(known, _)| *known == name).flat_map(|(_, words)| words.iter().copied()));
        if field.is_some_and(|field| is_time(layer, target, field)) {
            synonyms.extend(TIMES);
        }
        Self { key: name.to_owned(), titles, synonyms, target, told: None }
    }
}

fn is_time(layer: &Layer, target: Target, field: &Field) -> bool {
    layer.time.is_some_and(|time| target == Target::Field(time))
        && matches!(field.kind, FieldType::Date | FieldType::Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::plan::PositionFrom;
    use crate::import::tests::layer;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| column_key(name)).collect()
    }

    #[test]
    fn the_position_is_where_the_caller_says_or_where_it_is_usual() {
        let wanted = Wanted::new(&layer(), &[]).unwrap();
        let columns = |found: Found| match found.from {
            PositionFrom::Columns { x, y } => (x, y),
            other => panic!("{other:?}"),
        };
        assert_eq!(wanted.position("a.csv", &keys(&["id", "Lat", "LON"])).map(columns), Ok((2, 1)));
        assert_eq!(wanted.position("a.csv", &keys(&["lon", "b"])).unwrap_err().parameter, "--y");
        assert_eq!(wanted.position("a.csv", &keys(&["a", "b"])).unwrap_err().parameter, "--x");
        let told = wanted.with_position(Some("east"), None);
        assert_eq!(told.position("a.csv", &keys(&["lon", "lat"])).unwrap_err().parameter, "--x");
        assert_eq!(told.position("a.csv", &keys(&["lon", "East", "lat"])).map(columns), Ok((1, 2)));
        let told = told.with_position(Some("a"), Some("b"));
        assert_eq!(told.position("a.csv", &keys(&["lon", "lat", "b", "a"])).map(columns), Ok((3, 2)));
    }

    #[test]
    fn a_mapped_field_no_longer_takes_the_column_of_its_own_name() {
        let map = [("category".to_owned(), "Offense".to_owned())];
        let wanted = Wanted::new(&layer(), &map).unwrap();
        assert_eq!(wanted.targets("OFFENSE"), [Target::Field(0)]);
        assert_eq!(wanted.targets("category"), []);
        assert_eq!(wanted.targets("ID"), [Target::Id]);
        assert!(wanted.check_told("a.csv", |key| key == "offense").is_ok());
        assert_eq!(wanted.check_told("a.csv", |_| false).unwrap_err().parameter, "--map");
    }

    #[test]
    fn a_column_that_is_left_out_goes_nowhere_unless_the_caller_names_it() {
        let names = ["category".to_owned(), "Id".to_owned()];
        let wanted = Wanted::new(&layer(), &[]).unwrap().without(&names);
        assert_eq!((wanted.targets("category"), wanted.targets("ID")), (vec![], vec![]));
        assert!(wanted.assign(&names, &[]).iter().all(Vec::is_empty));
        let map = [("category".to_owned(), "category".to_owned())];
        let wanted = Wanted::new(&layer(), &map).unwrap().without(&names);
        assert_eq!(wanted.assign(&names, &[]), [vec![(Target::Field(0), Because::Told)], vec![]]);
    }

    #[test]
    fn a_field_that_the_layer_does_not_have_cannot_be_mapped() {
        for map in [vec![("colour", "a")], vec![("category", "a"), ("category", "b")]] {
            let map: Vec<_> = map.into_iter().map(|(field, column)| (field.to_owned(), column.to_owned())).collect();
            assert_eq!(Wanted::new(&layer(), &map).unwrap_err().parameter, "--map");
        }
    }

    #[test]
    fn vietnamese_columns_are_found_by_title_and_by_usual_name_but_never_before_a_name() {
        let mut layer = layer();
        layer.time = Some(3);
        for (field, title) in layer.fields.iter_mut().zip(["Nhóm tội", "Diễn biến", "Số người", "Xảy ra lúc"])
        {
            field.title.vi = title.into();
        }
        let wanted = Wanted::new(&layer, &[]).unwrap();
        let found = wanted.assign(&names(&["Mã số", "LOẠI", "dien bien", "count", "Số người", "Ngày giờ"]), &[]);
        let found: Vec<_> = found.iter().map(|places| places.first().copied()).collect();
        assert_eq!(
            found,
            [
                Some((Target::Id, Because::Synonym)),
                Some((Target::Field(0), Because::Synonym)),
                Some((Target::Field(1), Because::Title)),
                Some((Target::Field(2), Because::Name)),
                None,
                Some((Target::Field(3), Because::Synonym)),
            ]
        );
    }
}
