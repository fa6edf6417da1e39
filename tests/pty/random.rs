//! Whatever comes from a terminal: bytes that are keys, mouse, pastes or nothing at all, and sizes between them.

use std::fmt::Write as _;
use std::time::Duration;

use super::support::Tty;
use super::{SIZE, header, program};

/// How many inputs there are, unless `RANDOM_INPUTS` says otherwise.
const INPUTS: u32 = 3_000;
/// How many inputs there are between two sizes.
const BETWEEN: u32 = 50;
/// What is pressed. Not the keys that end or suspend it or open an editor or
/// a file, nor the palette, which has all of them.
const KEYS: &str = "hjklwasdfFuUgGnN.,[]{}vpOAZCD/\\?eiPRtVzTLm'\"WJKMSbBcr12345670=+-<>xo! ";

/// Numbers that look random, the same each time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    /// Something that a terminal may send.
    fn input(&mut self) -> String {
        let named = ["\r", "\x1b", "\t", "\x7f", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F", "\x1b[Z", "\x15"];
        match self.below(10) {
            0..=4 => KEYS.chars().nth(self.below(KEYS.chars().count())).map(String::from).unwrap_or_default(),
            5 => named[self.below(named.len())].to_owned(),
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
        tty.keys(&typed);
        tty.resize((1 + draw.below(300) as u16, 1 + draw.below(100) as u16));
    }
    tty.resize(SIZE);
    // Out of whatever is open, and it does what it always does. An Esc that comes together with another key would be Alt.
    tty.keys("\x1b[201~");
    let closes = |tty: &mut Tty| {
        tty.keys("\x1b");
        tty.sees_within(Duration::from_secs(1), "? help")
    };
    assert!((0..30).any(|_| closes(&mut tty)), "it does not come back: {}", tty.screen());
    tty.keys("\x10run gather");
    tty.sees("▸ run gather");
    tty.keys("\r");
    tty.wait_until("gather is run", |screen| header(screen).contains("gather"));
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}
