//! Rings to the command integers of Mapbox Vector Tile 2.1, section 4.3.

use super::quantize::TileVertex;

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

/// Writes the rings of one polygon feature. Coordinates are deltas from the vertex before, over ring ends too.
#[derive(Default)]
pub(super) struct Commands {
    integers: Vec<u32>,
    cursor: TileVertex,
}

impl Commands {
    /// Writes a closed ring, given without its repeated first vertex.
    pub(super) fn ring(&mut self, ring: &[TileVertex]) {
        let Some((first, rest)) = ring.split_first() else { return };
        self.integers.push(command(MOVE_TO, 1));
        self.vertex(*first);
        self.integers.push(command(LINE_TO, rest.len() as u32));
        for vertex in rest {
            self.vertex(*vertex);
        }
        self.integers.push(command(CLOSE_PATH, 1));
    }

    fn vertex(&mut self, vertex: TileVertex) {
        self.integers.extend([zigzag(vertex.0 - self.cursor.0), zigzag(vertex.1 - self.cursor.1)]);
        self.cursor = vertex;
    }

    /// What was written; empty without a ring.
    pub(super) fn finish(self) -> Vec<u32> {
        self.integers
    }
}

fn command(id: u32, count: u32) -> u32 {
    id | (count << 3)
}

fn zigzag(delta: i32) -> u32 {
    ((delta << 1) ^ (delta >> 31)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polygons_of_the_specification_are_written_as_there() {
        // MVT 2.1, 4.3.5.6: the second exterior begins where the first ended, the hole where the second did.
        let mut commands = Commands::default();
        commands.ring(&[(0, 0), (10, 0), (10, 10), (0, 10)]);
        commands.ring(&[(11, 11), (20, 11), (20, 20), (11, 20)]);
        commands.ring(&[(13, 13), (13, 17), (17, 17), (17, 13)]);
        let expected = [
            9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15, 9, 4, 13, 26, 0, 8, 8, 0, 0,
            7, 15,
        ];
        assert_eq!(commands.finish(), expected);
    }
}
