//! Mapbox Vector Tile 2.1 (<https://github.com/mapbox/vector-tile-spec/tree/master/2.1>), read back and written as text that a
//! person can compare.

mod text;

/// Why bytes are no tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a vector tile: {0}")]
pub struct DecodeError(&'static str);

/// A tile as it stands in its bytes. Its text has one line per feature (polygons: one more per ring), sorted, so that equal
/// tiles have equal texts.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedTile {
    /// In the order of the tile.
    pub layers: Vec<DecodedLayer>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedLayer {
    /// Its name.
    pub name: String,
    /// Version of the specification that it follows.
    pub version: u64,
    /// Tile units along a side.
    pub extent: u64,
    /// In the order of the tile.
    pub features: Vec<DecodedFeature>,
}

/// One feature.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedFeature {
    /// Its id, where it has one.
    pub id: Option<u64>,
    /// 1 point, 2 line, 3 polygon.
    pub shape: u64,
    /// Points, lines or rings (without the repeated last vertex) in tile units, y down.
    pub parts: Vec<Vec<(i64, i64)>>,
    /// In the order of the tile.
    pub properties: Vec<(String, DecodedValue)>,
}

/// A property's value.
#[derive(Debug, Clone, PartialEq)]
pub enum DecodedValue {
    /// Text.
    Text(String),
    /// A 32 or 64 bit number.
    Real(f64),
    /// A whole number of either kind.
    Whole(i128),
    /// True or false.
    Boolean(bool),
}

/// Reads an uncompressed tile.
pub fn decode(tile: &[u8]) -> Result<DecodedTile, DecodeError> {
    let mut layers = Vec::new();
    let mut message = Message(tile);
    while let Some((number, value)) = message.next()? {
        if number == 3 {
            layers.push(layer(value.bytes()?)?);
        }
    }
    Ok(DecodedTile { layers })
}

fn layer(bytes: &[u8]) -> Result<DecodedLayer, DecodeError> {
    let mut layer = DecodedLayer { name: String::new(), version: 1, extent: 4096, features: Vec::new() };
    let (mut keys, mut values, mut features) = (Vec::new(), Vec::new(), Vec::new());
    let mut message = Message(bytes);
    while let Some((number, value)) = message.next()? {
        match number {
            1 => layer.name = text(value.bytes()?)?,
            2 => features.push(value.bytes()?),
            3 => keys.push(text(value.bytes()?)?),
            4 => values.push(property_value(value.bytes()?)?),
            5 => layer.extent = value.varint()?,
            15 => layer.version = value.varint()?,
            _ => {}
        }
    }
    // Keys and values may stand after the features.
    let read = features.into_iter().map(|bytes| feature(bytes, &keys, &values));
    layer.features = read.collect::<Result<_, _>>()?;
    Ok(layer)
}

fn feature(bytes: &[u8], keys: &[String], values: &[DecodedValue]) -> Result<DecodedFeature, DecodeError> {
    let mut feature = DecodedFeature { id: None, shape: 0, parts: Vec::new(), properties: Vec::new() };
    let mut tags = Vec::new();
    let mut message = Message(bytes);
    while let Some((number, value)) = message.next()? {
        match number {
            1 => feature.id = Some(value.varint()?),
            2 => tags = packed(value.bytes()?)?,
            3 => feature.shape = value.varint()?,
            4 => feature.parts = parts(&packed(value.bytes()?)?)?,
            _ => {}
        }
    }
    for pair in tags.chunks(2) {
        let &[key, value] = pair else { return Err(DecodeError("a tag without a value")) };
        let (Some(key), Some(value)) = (keys.get(key as usize), values.get(value as usize)) else {
            return Err(DecodeError("a tag that points at nothing"));
        };
        feature.properties.push((key.clone(), value.clone()));
    }
    Ok(feature)
}

fn property_value(bytes: &[u8]) -> Result<DecodedValue, DecodeError> {
    let mut message = Message(bytes);
    let Some((number, value)) = message.next()? else { return Err(DecodeError("a value of no type")) };
    Ok(match (number, value) {
        (1, Wire::Bytes(bytes)) => DecodedValue::Text(text(bytes)?),
        (2, Wire::Four(bytes)) => DecodedValue::Real(f64::from(f32::from_le_bytes(bytes))),
        (3, Wire::Eight(bytes)) => DecodedValue::Real(f64::from_le_bytes(bytes)),
        (4, Wire::Varint(number)) => DecodedValue::Whole(i128::from(number as i64)),
        (5, Wire::Varint(number)) => DecodedValue::Whole(i128::from(number)),
        (6, Wire::Varint(number)) => DecodedValue::Whole(i128::from(unzigzag(number))),
        (7, Wire::Varint(number)) => DecodedValue::Boolean(number != 0),
        _ => return Err(DecodeError("a value of an unknown type")),
    })
}

/// The commands of section 4.3: `MoveTo` 1, `LineTo` 2, `ClosePath` 7.
fn parts(commands: &[u64]) -> Result<Vec<Vec<(i64, i64)>>, DecodeError> {
    let mut parts: Vec<Vec<(i64, i64)>> = Vec::new();
    let mut at = (0_i64, 0_i64);
    let mut rest = commands.iter();
    while let Some(command) = rest.next() {
        let (id, count) = (command & 7, command >> 3);
        match id {
            1 | 2 => {
                for _ in 0..count {
                    let (Some(x), Some(y)) = (rest.next(), rest.next()) else {
                        return Err(DecodeError("a command without its coordinates"));
                    };
                    at = (at.0.wrapping_add(unzigzag(*x)), at.1.wrapping_add(unzigzag(*y)));
                    match parts.last_mut() {
                        Some(part) if id == 2 => part.push(at),
                        None if id == 2 => return Err(DecodeError("a LineTo before any MoveTo")),
                        _ => parts.push(vec![at]),
                    }
                }
            }
            7 => {}
            _ => return Err(DecodeError("an unknown command")),
        }
    }
    Ok(parts)
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn text(bytes: &[u8]) -> Result<String, DecodeError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError("text that is no UTF-8"))
}

fn packed(bytes: &[u8]) -> Result<Vec<u64>, DecodeError> {
    let mut message = Message(bytes);
    let mut numbers = Vec::new();
    while !message.0.is_empty() {
        numbers.push(message.varint()?);
    }
    Ok(numbers)
}

/// A protobuf message, read field by field.
struct Message<'a>(&'a [u8]);

enum Wire<'a> {
    Varint(u64),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
    Four([u8; 4]),
}

impl<'a> Message<'a> {
    fn next(&mut self) -> Result<Option<(u64, Wire<'a>)>, DecodeError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Eight(self.array()?),
            2 => {
                let length = self.varint()?;
                Wire::Bytes(self.take(usize::try_from(length).map_err(|_| DecodeError("a length beyond the tile"))?)?)
            }
            5 => Wire::Four(self.array()?),
            _ => return Err(DecodeError("an unknown wire type")),
        };
        Ok(Some((key >> 3, value)))
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DecodeError("a number that does not end"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.take(N)?.try_into().map_err(|_| DecodeError("it is cut off"))
    }
}

impl<'a> Wire<'a> {
    fn bytes(self) -> Result<&'a [u8], DecodeError> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(DecodeError("a number where bytes belong")) }
    }

    fn varint(self) -> Result<u64, DecodeError> {
        if let Self::Varint(number) = self { Ok(number) } else { Err(DecodeError("bytes where a number belongs")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tile::{LayerEncoder, PropertyValue};

    fn tile() -> Vec<u8> {
        let mut layer = LayerEncoder::new();
        for (id, value) in [
            (7, PropertyValue::Text("Quảng")),
            (3, PropertyValue::Unsigned(u64::MAX)),
            (5, PropertyValue::Signed(-2)),
            (4, PropertyValue::Real(0.5)),
            (6, PropertyValue::Boolean(true)),
        ] {
            let key = layer.key("value");
            let mut feature = layer.feature(Some(id));
            feature.property(key, value);
            feature.point(-64, 4096);
        }
        // Two rings: MoveTo 0,0 LineTo 10,0 10,10 ClosePath; MoveTo 2,1 LineTo 8,7 8,1 ClosePath.
        layer.feature(Some(9)).polygon(&[9, 0, 0, 18, 20, 0, 0, 20, 15, 9, 15, 17, 18, 12, 12, 0, 11, 15]);
        layer.finish("police.incidents")
    }

    #[test]
    fn a_tile_reads_back_as_it_was_written() {
        let text = decode(&tile()).unwrap().to_string();
        assert_eq!(
            text,
            "layer police.incidents  version 2  extent 4096  features 6\n\
             \x20 point 3 -64,4096  value=18446744073709551615\n\
             \x20 point 4 -64,4096  value=0.5\n\
             \x20 point 5 -64,4096  value=-2\n\
             \x20 point 6 -64,4096  value=true\n\
             \x20 point 7 -64,4096  value=\"Quảng\"\n\
             \x20 polygon 9\n\
             \x20   exterior 0,0 10,0 10,10\n\
             \x20   hole 2,1 8,7 8,1\n"
        );
    }

    #[test]
    fn bytes_that_are_no_tile_are_refused_wherever_they_break() {
        let tile = tile();
        for end in 1..tile.len() {
            assert!(decode(&tile[..end]).is_err(), "cut at {end}");
        }
        assert!(decode(b"<html>").is_err());
        assert_eq!(decode(b"").unwrap().to_string(), "empty\n");
    }
}
