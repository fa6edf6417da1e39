//! The ruler above the lanes: ticks at round times.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use trace::Window;

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;

/// The fewest cells between two ticks: room for the widest label and a gap.
const APART: u64 = 10;

/// A ruler: the times of its cells.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "each name carries its unit")]
pub(crate) struct Axis {
    /// The time at its left end, in nanoseconds.
    pub(crate) left_ns: u64,
    /// The time that a cell covers, in nanoseconds; 0 counts as 1.
    pub(crate) cell_ns: u64,
    /// The time cursor, in nanoseconds.
    pub(crate) cursor_ns: u64,
}

impl Axis {
    /// The same times as a [`Window`] for the trace.
    pub(crate) fn window(&self) -> Window {
        Window { left_ns: self.left_ns, cell_ns: self.cell_ns, until_ns: self.cursor_ns, tail: 0 }
    }

    /// The cell that covers a time, counted from the left end; `None` if it is left of the ruler.
    pub(crate) fn cell(&self, at_ns: u64) -> Option<u64> {
        at_ns.checked_sub(self.left_ns).map(|ns| ns / self.cell_ns.max(1))
    }

    /// The time between ticks: the smallest 1, 2 or 5 times a power of ten (for seconds, also whole and half minutes)
    /// that leaves room for the labels.
    pub(crate) fn step_ns(&self) -> u64 {
        let least = self.cell_ns.max(1).saturating_mul(APART);
        if least > 10 * SECOND {
            let minutes = [15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 18_000, 36_000, 86_400];
            let step = minutes.into_iter().map(|s| s * SECOND).find(|step| *step >= least);
            return step.or_else(|| least.checked_next_multiple_of(86_400 * SECOND)).unwrap_or(least);
        }
        let mut power = 1;
        while power * 10 < least {
            power *= 10;
        }
        [1, 2, 5, 10].into_iter().map(|n| n * power).find(|step| *step >= least).unwrap_or(least)
    }

    /// Draws the ruler on the first row of the area.
    pub(crate) fn render(&self, buf: &mut Buffer, look: Look, area: Rect) {
        if area.is_empty() {
            return;
        }
        let step = self.step_ns();
        let cursor = self.cell(self.cursor_ns).filter(|x| *x < u64::from(area.width)).map(|x| x as u16);
        let mut next = self.left_ns.checked_next_multiple_of(step);
        while let Some((at, cell)) =
            next.and_then(|at| Some((at, self.cell(at)?))).filter(|(_, cell)| *cell < u64::from(area.width))
        {
            let x = cell as u16;
            let text = label(look, at, step);
            let cells = format::width(&text);
            // A label that is cut by the edge or by the cursor would show a wrong number.
            if usize::from(area.width - x) > cells {
                let covered = cursor.and_then(|cursor| cursor.checked_sub(x)).is_some_and(|at| (1..=cells).contains(&at.into()));
                Pen::new(buf, look, Rect { x: area.x + x, width: area.width - x, ..area }, 0)
                    .put(look.glyphs.tick, look.border(false))
                    .put(if covered { "" } else { &text }, look.dim());
            }
            next = at.checked_add(step);
        }
        if let Some(x) = cursor {
            Pen::new(buf, look, Rect { x: area.x + x, width: 1, ..area }, 0)
                .put(look.glyphs.cursor_head, look.cursor().patch(look.strong()));
        }
    }
}

impl Axis {
    /// Marks these times on the first row of the area, except one under the cursor's head.
    pub(crate) fn bookmarks(&self, buf: &mut Buffer, look: Look, area: Rect, at_ns: &[u64]) {
        let cursor = self.cell(self.cursor_ns);
        for cell in at_ns.iter().filter_map(|at| self.cell(*at)) {
            if cell < u64::from(area.width) && Some(cell) != cursor {
                let x = area.x + cell as u16;
                Pen::new(buf, look, Rect { x, width: 1, ..area }, 0).put(look.glyphs.bookmark, look.changed());
            }
        }
    }
}

/// The text of a tick, with as many decimals as the step needs and the unit that suits the time.
fn label(look: Look, at_ns: u64, step_ns: u64) -> String {
    match at_ns {
        0 => "0".into(),
        _ if at_ns < MICRO => format!("{at_ns}ns"),
        _ if at_ns < MILLI => format!("{}{}s", decimal(at_ns, MICRO, step_ns), look.glyphs.micro),
        _ if at_ns < SECOND => format!("{}ms", decimal(at_ns, MILLI, step_ns)),
        _ if at_ns < MINUTE || step_ns <= 10 * SECOND && at_ns < 10 * MINUTE => format!("{}s", decimal(at_ns, SECOND, step_ns)),
        _ => {
            let seconds = decimal(at_ns % MINUTE, SECOND, step_ns);
            let zero = if at_ns % MINUTE < 10 * SECOND { "0" } else { "" };
            format!("{}:{zero}{seconds}", at_ns / MINUTE)
        }
    }
}

/// A time in a unit, with the decimals that multiples of the step need.
fn decimal(at_ns: u64, unit: u64, step_ns: u64) -> String {
    let (mut digits, mut finest) = (0, unit);
    while finest > 1 && !step_ns.is_multiple_of(finest) {
        finest /= 10;
        digits += 1;
    }
    let whole = at_ns / unit;
    if digits == 0 { whole.to_string() } else { format!("{whole}.{:0digits$}", at_ns % unit / finest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruler(left_ns: u64, cell_ns: u64) -> String {
        with_cursor(left_ns, cell_ns, u64::MAX)
    }

    fn with_cursor(left_ns: u64, cell_ns: u64, cursor_ns: u64) -> String {
        let look = Look::sample();
        let area = Rect::new(0, 0, 50, 1);
        let mut buf = Buffer::empty(area);
        Axis { left_ns, cell_ns, cursor_ns }.render(&mut buf, look, area);
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn ticks_are_round_and_carry_their_unit() {
        assert_eq!(ruler(0, 50 * MILLI), "╷0        ╷500ms    ╷1.0s     ╷1.5s     ╷2.0s");
        assert_eq!(ruler(0, 3 * MILLI), "╷0              ╷50ms            ╷100ms");
        assert_eq!(ruler(120 * MILLI, 7 * MICRO), "╷120.0ms      ╷120.1ms      ╷120.2ms      ╷120.3ms");
        assert_eq!(ruler(0, 2 * SECOND), "╷0             ╷30s           ╷1:00          ╷1:30");
        assert_eq!(ruler(600 * SECOND, 20 * MILLI), "╷10:00.0  ╷10:00.2  ╷10:00.4  ╷10:00.6  ╷10:00.8");
        assert_eq!(ruler(0, 1), "╷0        ╷10ns     ╷20ns     ╷30ns     ╷40ns");
    }

    #[test]
    fn a_label_under_the_head_of_the_cursor_gives_way() {
        let at_cell = |cell: u64| with_cursor(0, 50 * MILLI, cell * 50 * MILLI);
        assert_eq!(at_cell(10), "╷0        ▼500ms    ╷1.0s     ╷1.5s     ╷2.0s");
        assert_eq!(at_cell(11), "╷0        ╷▼        ╷1.0s     ╷1.5s     ╷2.0s");
        assert_eq!(at_cell(15), "╷0        ╷    ▼    ╷1.0s     ╷1.5s     ╷2.0s");
        assert_eq!(at_cell(16), "╷0        ╷500ms▼   ╷1.0s     ╷1.5s     ╷2.0s");
    }

    #[test]
    fn labels_never_touch_and_steps_are_1_2_5() {
        for exponent in 0..60 {
            let axis = Axis { left_ns: 0, cell_ns: 1_u64 << exponent, cursor_ns: 0 };
            assert!(axis.step_ns() / axis.cell_ns >= APART, "{axis:?}");
        }
    }

    #[test]
    fn bookmarks_stand_on_the_ruler_where_the_cursor_does_not() {
        let look = Look::sample();
        let area = Rect::new(0, 0, 20, 1);
        let mut buf = Buffer::empty(area);
        let axis = Axis { left_ns: 100 * MILLI, cell_ns: 50 * MILLI, cursor_ns: 400 * MILLI };
        axis.bookmarks(&mut buf, look, area, &[0, 100 * MILLI, 320 * MILLI, 440 * MILLI, 50_000 * MILLI]);
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text.trim_end(), "◆   ◆");
    }

    #[test]
    fn a_far_corner_of_time_is_drawn_without_overflow() {
        assert!(ruler(u64::MAX - 1, u64::MAX).starts_with('▼'));
    }
}
