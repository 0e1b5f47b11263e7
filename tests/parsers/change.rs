//! Changes to saved inputs as a fuzzer without eyes makes them: a few at a time, at random, the same each run.

/// Texts that parsers have met their match in.
const ODD: [&[u8]; 22] = [
    b"\0",
    b"\r\n",
    b"\n\n",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    "\u{202e}\u{feff}".as_bytes(),
    b"{{",
    b"}}",
    b"\"",
    b"'",
    b"\\",
    b"[[[[[[[[",
    b"{\"a\":",
    b": ",
    b"- ",
    b"9223372036854775808",
    b"-1e999",
    b"NaN",
    b"<!--",
    b"250 ",
    b"--b\r\n",
];

pub struct Changes<'c> {
    saved: &'c [Vec<u8>],
    dice: u64,
}

impl<'c> Changes<'c> {
    pub fn of(saved: &'c [Vec<u8>]) -> Self {
        Self { saved, dice: 0x9e37_79b9_7f4a_7c15 }
    }

    /// A number below `end`, by xorshift64*.
    fn below(&mut self, end: usize) -> usize {
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        let drawn = self.dice.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap_or(0) % end.max(1)
    }

    /// The next changed copy.
    pub fn next(&mut self) -> Vec<u8> {
        let which = self.below(self.saved.len());
        let mut input = self.saved[which].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(24)).min(input.len());
        match self.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = u8::try_from(self.below(256)).unwrap_or(0),
            2 if at < end => drop(input.drain(at..end)),
            3 if at < end => {
                let again = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, again);
            }
            4 => input.truncate(at),
            5 => {
                let other = self.saved[self.below(self.saved.len())].clone();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                let odd = ODD[self.below(ODD.len())];
                input.splice(at..at, odd.iter().copied());
            }
        }
    }
}
