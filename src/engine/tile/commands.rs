//! Points and rings as the command integers of Mapbox Vector Tile 2.1, section 4.3.

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

/// What stands before the place of a point.
pub(super) const MOVE_TO_ONE: u32 = command(MOVE_TO, 1);

/// Writes the rings of one polygon feature, vertices in tile units. Coordinates are deltas from the vertex before, over ring ends
/// too.
#[derive(Default)]
pub(in crate::engine) struct Commands {
    integers: Vec<u32>,
    cursor: (i32, i32),
}

impl Commands {
    /// Writes a closed ring, given without its repeated first vertex.
    pub(in crate::engine) fn ring(&mut self, ring: &[(i32, i32)]) {
        let Some((first, rest)) = ring.split_first() else { return };
        self.integers.push(MOVE_TO_ONE);
        self.vertex(*first);
        self.integers.push(command(LINE_TO, rest.len() as u32));
        for vertex in rest {
            self.vertex(*vertex);
        }
        self.integers.push(command(CLOSE_PATH, 1));
    }

    fn vertex(&mut self, vertex: (i32, i32)) {
        self.integers.extend([zigzag(vertex.0 - self.cursor.0), zigzag(vertex.1 - self.cursor.1)]);
        self.cursor = vertex;
    }

    /// What was written; empty without a ring.
    pub(in crate::engine) fn finish(self) -> Vec<u32> {
        self.integers
    }
}

const fn command(id: u32, count: u32) -> u32 {
    id | (count << 3)
}

/// A coordinate's step with its sign in the lowest bit, so that short ones are small numbers either way.
pub(super) fn zigzag(delta: i32) -> u32 {
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
