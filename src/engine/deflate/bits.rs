//! Bits into bytes.

/// What [`BitWriter::put`] takes: up to 24 bits to write, the first in the least place, and from bit 24 on how many they are.
pub type Word = u32;

/// Where in a [`Word`] its length begins.
pub const LENGTH_AT: u32 = 24;

/// How many bits can be added at a time, beside seven that wait.
pub const AT_ONCE: u32 = 56;

/// Writes bits into room that is there, those of a byte from the least significant on (RFC 1951 §3.1.1).
pub struct BitWriter<'a> {
    room: &'a mut [u8],
    at: usize,
    waiting: u64,
    count: u32,
}

/// What was written somewhere else, to begin with.
pub struct Begun {
    bytes: Vec<u8>,
    waiting: u64,
    count: u32,
}

impl Begun {
    /// What `write` writes into room for so many bytes.
    pub fn new(most: usize, write: impl FnOnce(&mut BitWriter)) -> Self {
        let mut bytes = vec![0; most];
        let mut out = BitWriter { room: &mut bytes, at: 0, waiting: 0, count: 0 };
        write(&mut out);
        out.flush();
        let BitWriter { at, waiting, count, .. } = out;
        bytes.truncate(at);
        Self { bytes, waiting, count }
    }
}

impl<'a> BitWriter<'a> {
    /// Begins with what was written before. `None` where the room is too small even for that.
    pub fn new(room: &'a mut [u8], begun: &Begun) -> Option<Self> {
        room.get_mut(..begun.bytes.len())?.copy_from_slice(&begun.bytes);
        Some(Self { room, at: begun.bytes.len(), waiting: begun.waiting, count: begun.count })
    }

    /// Writes much, with a writer that the compiler keeps in registers: one behind a reference is stored after each bit.
    #[inline]
    pub fn in_registers(&mut self, write: impl FnOnce(&mut BitWriter)) {
        let mut own = BitWriter { room: &mut *self.room, at: self.at, waiting: self.waiting, count: self.count };
        write(&mut own);
        (self.at, self.waiting, self.count) = (own.at, own.waiting, own.count);
    }

    /// Adds `count` bits, all above them zero. [`AT_ONCE`] at most go in from one [`Self::flush`] to the next.
    #[inline]
    pub fn add(&mut self, bits: u64, count: u32) {
        self.waiting |= bits << self.count;
        self.count += count;
    }

    /// Adds a word.
    #[inline]
    pub fn put(&mut self, word: Word) {
        self.add(u64::from(word & ((1 << LENGTH_AT) - 1)), word >> LENGTH_AT);
    }

    /// Puts whole bytes down; up to seven bits go on waiting.
    #[inline]
    pub fn flush(&mut self) {
        // Where the room ends nothing is put down, and `end` tells: one look for the whole instead of one for each byte.
        if let Some(next) = self.room.get_mut(self.at..self.at + 8) {
            next.copy_from_slice(&self.waiting.to_le_bytes());
        }
        self.at += (self.count >> 3) as usize;
        self.waiting >>= self.count & !7;
        self.count &= 7;
    }

    /// Fills the last byte up with zeros and adds a trailer: how many bytes of the room are written now. `None` when it was too small.
    pub fn end(mut self, trailer: [u32; 2]) -> Option<usize> {
        self.count = self.count.next_multiple_of(8);
        for word in trailer {
            self.flush();
            self.add(u64::from(word), 32);
        }
        self.flush();
        // Each flush puts eight bytes down, the last one behind the end.
        (self.at + 8 <= self.room.len()).then_some(self.at)
    }
}
