//! Anything that a terminal can send: bytes that are keys, mouse events, pastes or nothing at all, and sizes in between.

use std::fmt::Write as _;
use std::time::Duration;

use super::support::Tty;
use super::{SIZE, header, program};

/// The number of inputs, unless `RANDOM_INPUTS` says otherwise.
const INPUTS: u32 = 10_000;
/// The number of inputs between two sizes.
const BETWEEN: u32 = 50;
/// The keys to press, without those that end or suspend the program, copy, or open an editor, a file or the palette, which leads
/// to all of them.
const KEYS: &str = "hjklHLwasdfugGnN.,<>{}vpPo/?etzTr01234567$=+-xi! ";

/// Pseudo-random numbers, the same each time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    /// An input that a terminal may send.
    fn input(&mut self) -> String {
        // An Esc right before a letter would be Alt; two of them are one.
        let named = [
            "\x1b\x1b", "\x1b\x1b", "\x1b\x1b", "\r", "\t", "\x7f", "\x15", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~",
            "\x1b[6~", "\x1b[H", "\x1b[F", "\x1b[Z",
        ];
        match self.below(10) {
            0..=3 => KEYS.chars().nth(self.below(KEYS.chars().count())).map(String::from).unwrap_or_default(),
            4..=5 => named[self.below(named.len())].to_owned(),
            6..=7 => {
                let button = [0, 2, 4, 32, 34, 35, 36, 64, 65, 66, 67, 80][self.below(12)];
                let end = if self.below(3) == 0 { 'm' } else { 'M' };
                format!("\x1b[<{button};{};{}{end}", self.below(310), self.below(110))
            }
            8 => format!("\x1b[200~{}\n\x1b[201~", ["12", "request", "wait>1s", "\u{e9}\u{301}\u{4e2d}"][self.below(4)]),
            _ => ["\x1b[I", "\x1b[O", "\x1b[99~", "\x1b[<1;", "\u{1f9f5}", "\x1b[1;5R"][self.below(6)].to_owned(),
        }
    }
}

#[test]
fn thousands_of_random_inputs_and_sizes_leave_it_alive() {
    let inputs = std::env::var("RANDOM_INPUTS").ok().and_then(|inputs| inputs.parse().ok()).unwrap_or(INPUTS);
    let mut tty = program(&["semaphore", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    let mut draw = Draw(7);
    for _ in 0..inputs / BETWEEN {
        let mut typed = String::new();
        for _ in 0..BETWEEN {
            let _ = write!(typed, "{}", draw.input());
        }
        let written = tty.written();
        tty.keys(&typed);
        tty.resize((1 + draw.below(300) as u16, 1 + draw.below(100) as u16));
        tty.draws(written);
    }
    tty.resize(SIZE);
    // Close whatever is open, one layer after the other; then the program works as always.
    tty.keys("\x1b[201~");
    let opens = |tty: &mut Tty| {
        tty.keys("\x1b\x1b\x10");
        tty.sees_within(Duration::from_secs(2), "type a command, a parameter or a scenario")
    };
    assert!((0..15).any(|_| opens(&mut tty)), "it does not come back: {}", tty.screen());
    tty.keys("run gather");
    tty.sees("▸ run gather");
    tty.keys("\r");
    tty.wait_until("gather is run", |screen| header(screen).contains("gather"));
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
    ended.assert_own();
}
