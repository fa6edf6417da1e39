//! The distribution of poll times and delays: a histogram with median, tail and maximum.
//!
//! The times in a run differ by orders of magnitude, so the scale is logarithmic. An empty bar is not drawn, but a
//! single poll among millions gets the lowest mark, because the tail is the point.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chart;
use trace::Spread;

/// The shortest time with a bar of its own, in nanoseconds: a power of ten, since the scale counts decades.
const SHORTEST_NS: f64 = 100.0;

/// A histogram and its label.
pub(super) struct Told<'a> {
    pub(super) label: &'static str,
    pub(super) spread: &'a Spread,
    pub(super) at_ns: u64,
    /// What to say if it is empty.
    pub(super) none: &'static str,
}

/// No time has been measured so far.
pub(super) const NONE_YET: &str = "nothing measured yet";

/// Draws a line of figures, then the bars, then their scale; needs four rows.
pub(super) fn render(buf: &mut Buffer, look: Look, area: Rect, told: &Told<'_>) {
    let quantiles = told.spread.at(told.at_ns);
    let mut pen = Pen::new(buf, look, area, 0);
    pen.space(1).put(told.label, look.strong()).space(1);
    if quantiles.count == 0 {
        pen.put(told.none, look.dim());
        return;
    }
    for (name, ns) in [("p50", quantiles.p50_ns), ("p99", quantiles.p99_ns), ("max", quantiles.max_ns)] {
        pen.space(1).put(name, look.dim()).space(1).put(&format::span(look, ns), look.strong());
    }
    pen.space(2).put(&format!("of {}", format::compact(quantiles.count as f64)), look.dim());
    if area.height < 4 {
        return;
    }
    let bars = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height - 2 };
    let decades = decades(quantiles.max_ns);
    let counts = told.spread.counts(told.at_ns, &bounds(usize::from(bars.width), decades));
    let columns: Vec<Option<f64>> = counts.iter().map(|count| (*count > 0).then_some(*count as f64)).collect();
    let most = columns.iter().flatten().copied().fold(0.0, f64::max);
    chart::render(buf, look, bars, &columns, most, look.chart());
    scale(buf, look, Rect { y: bars.bottom(), height: 1, ..bars }, decades);
}

/// How many decades the scale needs from the shortest time on, so that it includes the longest one.
fn decades(max_ns: u64) -> u32 {
    let above = (max_ns as f64 / SHORTEST_NS).max(1.0).log10().floor() as u32 + 1;
    above.clamp(2, 12)
}

/// The bounds of the bars: the first bar includes all shorter times, the last all longer ones.
fn bounds(bars: usize, decades: u32) -> Vec<u64> {
    let bound = |bar: usize| SHORTEST_NS * 10_f64.powf(f64::from(decades) * bar as f64 / bars.max(1) as f64);
    let inner = (1..bars).map(|bar| bound(bar) as u64);
    [0].into_iter().chain(inner).chain([u64::MAX]).collect()
}

/// Draws the powers of ten, each where it begins.
fn scale(buf: &mut Buffer, look: Look, row: Rect, decades: u32) {
    let mut free = 0;
    for decade in 0..decades {
        let x = (u32::from(row.width) * decade / decades) as u16;
        let time = format::span(look, SHORTEST_NS as u64 * 10_u64.pow(decade));
        // The first bar includes all shorter times.
        let text = format!("{}{}{time}", look.glyphs.tick, if decade == 0 { "0 to " } else { "" });
        let width = format::width(&text) as u16;
        if x >= free && x + width <= row.width {
            Pen::new(buf, look, Rect { x: row.x + x, width, ..row }, 0).put(&text, look.dim());
            free = x + width + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_cover_all_times_and_rise() {
        for (bars, max_ns) in [(10, 5_000), (57, 3_000_000_000), (3, 0), (200, u64::MAX)] {
            let bounds = bounds(bars, decades(max_ns));
            assert_eq!((bounds.len(), bounds[0], bounds[bars]), (bars + 1, 0, u64::MAX));
            assert!(bounds.windows(2).all(|pair| pair[0] <= pair[1]), "{bounds:?}");
        }
    }

    #[test]
    fn the_scale_has_the_longest_time_on_it() {
        assert_eq!([0, 99, 1_000, 9_999, 10_000, 2_000_000_000].map(decades), [2, 2, 2, 2, 3, 8]);
    }
}
