//! A tile as text: sorted, so that equal tiles have equal texts.

use std::fmt;

use super::{DecodedFeature, DecodedTile, DecodedValue};

impl fmt::Display for DecodedTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.layers.is_empty() {
            return writeln!(f, "empty");
        }
        for layer in &self.layers {
            let (name, count) = (&layer.name, layer.features.len());
            writeln!(f, "layer {name}  version {}  extent {}  features {count}", layer.version, layer.extent)?;
            let mut features: Vec<_> = layer.features.iter().map(|feature| (feature.id, feature.to_string())).collect();
            features.sort();
            for (_, text) in features {
                f.write_str(&text)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for DecodedFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.shape {
            1 => "  point",
            2 => "  line",
            3 => "  polygon",
            _ => "  unknown",
        })?;
        if let Some(id) = self.id {
            write!(f, " {id}")?;
        }
        if self.shape == 1 {
            self.parts.iter().try_for_each(|part| write_part(f, part))?;
        }
        let mut properties: Vec<_> = self.properties.iter().collect();
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        for (key, value) in properties {
            write!(f, "  {key}={value}")?;
        }
        writeln!(f)?;
        if self.shape != 1 {
            for part in &self.parts {
                write!(f, "    {}", if self.shape == 3 { winding(part) } else { "" })?;
                write_part(f, part)?;
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// Exterior rings have positive area by the surveyor's formula with y down, holes negative (section 4.3.4.4).
fn winding(ring: &[(i64, i64)]) -> &'static str {
    let next = ring.iter().cycle().skip(1);
    let twice: i128 =
        ring.iter().zip(next).map(|(a, b)| i128::from(a.0) * i128::from(b.1) - i128::from(b.0) * i128::from(a.1)).sum();
    match twice.signum() {
        1 => "exterior",
        -1 => "hole",
        _ => "degenerate",
    }
}

fn write_part(f: &mut fmt::Formatter<'_>, part: &[(i64, i64)]) -> fmt::Result {
    part.iter().try_for_each(|(x, y)| write!(f, " {x},{y}"))
}

impl fmt::Display for DecodedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Real(number) => write!(f, "{number:?}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Boolean(value) => write!(f, "{value}"),
        }
    }
}
