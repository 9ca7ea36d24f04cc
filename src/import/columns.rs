//! Which column or property of a file goes into which field of the layer.

use super::text::column_key;
use crate::model::{Invalid, Layer};

/// Names under which a longitude is found without being told.
const LONGITUDES: [&str; 8] = ["lon", "longitude", "lng", "long", "x", "kinh_do", "kinh_độ", "kinh độ"];
/// Names under which a latitude is found without being told.
const LATITUDES: [&str; 6] = ["lat", "latitude", "y", "vi_do", "vĩ_độ", "vĩ độ"];

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Id,
    /// Index of the layer's field.
    Field(usize),
}

/// The columns that an import looks for. Names are compared without regard to case.
#[derive(Debug)]
pub(super) struct Wanted {
    columns: Vec<Column>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Debug)]
struct Column {
    key: String,
    target: Target,
    /// As the caller wrote it; such a column must be there.
    told: Option<String>,
}

impl Wanted {
    /// Each field from the column of its name, unless `map` names another: pairs of a field (or `id`) and a column.
    pub fn new(layer: &Layer, map: &[(String, String)]) -> Result<Self, Invalid> {
        let fields = layer.fields.iter().enumerate().map(|(index, field)| (field.name.as_str(), Target::Field(index)));
        let mut columns: Vec<(Column, &str)> = fields
            .chain([("id", Target::Id)])
            .map(|(name, target)| (Column { key: name.to_owned(), target, told: None }, name))
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
        Ok(Self { columns, x: None, y: None })
    }

    /// The columns of the position, where the caller names them.
    pub fn with_position(mut self, x: Option<&str>, y: Option<&str>) -> Self {
        (self.x, self.y) = (x.map(str::to_owned), y.map(str::to_owned));
        self
    }

    /// What the column of this name is for: nothing, one field or several.
    pub fn targets(&self, name: &str) -> Vec<Target> {
        let key = column_key(name);
        self.columns.iter().filter(|column| column.key == key).map(|column| column.target).collect()
    }

    /// Whether the caller said which column the id is.
    pub fn id_is_told(&self) -> bool {
        self.columns.iter().any(|column| column.target == Target::Id && column.told.is_some())
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

    /// The indices of the columns of longitude and latitude in a header of column keys.
    pub fn position(&self, file: &str, keys: &[String]) -> Result<(usize, usize), Invalid> {
        let find = |option: &str, told: Option<&String>, guesses: &[&str]| {
            let index = match told {
                Some(name) => keys.iter().position(|key| *key == column_key(name)),
                None => guesses.iter().find_map(|guess| keys.iter().position(|key| key == guess)),
            };
            index.ok_or_else(|| {
                let what = told.map_or_else(|| guesses.join(", "), |name| format!("{name:?}"));
                let shown: Vec<&str> = keys.iter().take(40).map(String::as_str).collect();
                Invalid::new(option, format!("a column of {file}; there is no {what} among {}", shown.join(", ")))
            })
        };
        Ok((find("--x", self.x.as_ref(), &LONGITUDES)?, find("--y", self.y.as_ref(), &LATITUDES)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tests::layer;

    fn keys(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| column_key(name)).collect()
    }

    #[test]
    fn the_position_is_found_by_the_usual_names_in_any_case() {
        let wanted = Wanted::new(&layer(), &[]).unwrap();
        for (names, expected) in [
            (["id", "Lat", "LON"], (2, 1)),
            (["X", "Y", "z"], (0, 1)),
            (["Kinh độ", "b", "Vĩ độ"], (0, 2)),
            (["x", "latitude", "longitude"], (2, 1)),
        ] {
            assert_eq!(wanted.position("a.csv", &keys(&names)), Ok(expected), "{names:?}");
        }
        assert_eq!(wanted.position("a.csv", &keys(&["lon", "b"])).unwrap_err().parameter, "--y");
        let told = wanted.with_position(Some("east"), None);
        assert_eq!(told.position("a.csv", &keys(&["lon", "lat"])).unwrap_err().parameter, "--x");
        assert_eq!(told.position("a.csv", &keys(&["lon", "East", "lat"])), Ok((1, 2)));
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
    fn a_field_that_the_layer_does_not_have_cannot_be_mapped() {
        for map in [vec![("colour", "a")], vec![("category", "a"), ("category", "b")]] {
            let map: Vec<_> = map.into_iter().map(|(field, column)| (field.to_owned(), column.to_owned())).collect();
            assert_eq!(Wanted::new(&layer(), &map).unwrap_err().parameter, "--map");
        }
    }
}
