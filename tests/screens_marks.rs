//! The marks on lanes: how each looks at three sizes and in four themes, and that the legend has all of them.
//!
//! Only the timeline is compared; other panes have their own screens.

#[path = "screens/paint.rs"]
mod paint;
#[path = "screens/recorded.rs"]
mod recorded;

use std::thread;

use engine::Spec;
use insta::assert_snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scenario::{Clock, Scenario, Value};
use scenarios::CATALOGUE;
use tui::app::model::{Areas, GroupBy, Grouping, Model, Pane, Theme};
use tui::app::run::playback;
use tui::app::timeline::viewport;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// A scenario, a parameter with its value, and the part of the run that is over, in hundredths.
type Shown = (&'static str, Option<(&'static str, &'static str)>, u64);

/// Scenarios that together show every mark on the virtual clock.
const SHOWN: [Shown; 7] = [
    // The tail of a stall with its cycle, names of what is held below a lane, wakes.
    ("deadlock", Some(("order", "crossed")), 100),
    // Late timers, short texts of events.
    ("blocking", None, 45),
    // A moment announced ahead of time, a quantity without a value, wakes.
    ("cancellation", None, 45),
    // Several moments, a state in words, cells with many polls.
    ("circuit-breaker", None, 75),
    // Permits and queueing.
    ("semaphore", None, 60),
    // Locks with several holders, texts of events beside them, a finding.
    ("rwlock", None, 60),
    // Errors and cancelled tasks.
    ("task-group", None, 90),
];

/// The marks of lanes, with their entries in the legend.
const MARKS: [(&str, &str); 23] = [
    ("█", "█ runs"),
    ("▎▍▌▋▊▉", "▎ short poll"),
    ("║", "║ many polls"),
    ("▒", "▒ ready"),
    ("━", "━ holds"),
    ("╍", "╍ holds, queued"),
    ("─", "─ sleeps"),
    ("░", "░ queued"),
    ("┄", "┄ awaits message"),
    ("·", "· awaits task"),
    ("≈", "≈ awaits io"),
    ("▁", "▁ awaits other"),
    ("▔", "▔ what it holds"),
    ("✓", "✓ ok"),
    ("✗", "✗ error"),
    ("⊘", "⊘ cancelled"),
    ("‼", "‼ panic"),
    ("∞", "∞ for ever"),
    ("┐┤┘", "┐┘ cycle"),
    // With the kind of the finding, where there is room.
    ("⚑", "⚑ "),
    ("┃↓↑", "┃↓↑ wakes"),
    ("╎", "╎ moment"),
    ("!", "! warning"),
];

/// A run of a scenario, with the cursor at that part of it, in its final state on a screen of that size.
fn run(spec: Spec, hundredths: u64, (width, height): (u16, u16)) -> Model {
    let mut model = recorded::fresh(spec.clone());
    lay_out(&mut model, (width, height));
    recorded::record(&mut model, spec);
    let view = model.run.as_mut().expect("it has been run");
    // The machine's own figures differ from run to run.
    view.trace.samples.clear();
    view.cost_ns = Some(25.0);
    playback::recorded(&mut model);
    let view = model.run.as_mut().expect("it has been run");
    view.cursor.at_ns = view.trace.end_ns * hundredths / 100;
    lay_out(&mut model, (width, height));
    model
}

/// One of the runs to show.
fn shown((id, choice, hundredths): Shown, size: (u16, u16)) -> Model {
    let scenario = CATALOGUE.iter().find(|scenario| scenario.id == id).expect("it is in the catalogue");
    let mut spec = Spec { seed: 0, ..Spec::new(scenario) };
    if let Some((param, value)) = choice {
        spec.values.set(scenario.param(param).expect("it has this parameter"), Value::Choice(value));
    }
    run(spec, hundredths, size)
}

/// Draws until the model knows the layout.
fn lay_out(model: &mut Model, (width, height): (u16, u16)) {
    while viewport::laid_out(model, paint::frame(model, width, height).1) {}
}

/// The rows of a part of the screen.
fn rows(buf: &Buffer, area: Rect) -> Vec<String> {
    let row = |y: u16| (area.x..area.right()).map(|x| buf[(x, y)].symbol()).collect();
    (area.y..area.bottom()).map(row).collect()
}

/// The inside of the timeline below its lanes.
fn below(areas: &Areas) -> Rect {
    let pane = areas.pane(Pane::Timeline);
    let y = areas.lanes.bottom();
    Rect { x: pane.x + 1, y, width: pane.width - 2, height: (pane.bottom() - 1).saturating_sub(y) }
}

/// The errors in the legend of a screen, and in the quantities above it.
fn faults(model: &Model, buf: &Buffer, areas: &Areas) -> Vec<String> {
    let run = model.run.as_ref().expect("it has been run");
    let lanes = areas.lanes;
    let findings = Rect { x: lanes.x - 2, width: 1, ..lanes };
    let on_lanes = rows(buf, lanes).concat() + &rows(buf, findings).concat();
    let told = rows(buf, below(areas)).join("\n");
    let mut faults = Vec::new();
    for (glyphs, entry) in MARKS {
        let drawn = on_lanes.contains(|c| glyphs.contains(c));
        if drawn != told.contains(entry) {
            faults.push(format!("{entry}: drawn {drawn}, in the legend {}", !drawn));
        }
    }
    // The cursor, and the mark where a panic's message is cut, are not marks of a lane.
    let is_known =
        |c: char| c.is_ascii() || c.is_alphanumeric() || "│…".contains(c) || MARKS.iter().any(|(glyphs, _)| glyphs.contains(c));
    faults.extend(on_lanes.chars().filter(|c| !is_known(*c)).map(|c| format!("'{c}' is in no legend")));
    if told.lines().any(|line| line.trim_end().ends_with('…') && MARKS.iter().any(|(_, entry)| line.contains(entry))) {
        faults.push("the legend is cut".into());
    }
    let counters = run.trace.counters.iter().map(|counter| counter.name);
    for name in run.trace.words.iter().map(|words| words.name).chain(counters) {
        let first = name.split('_').next().unwrap_or(name);
        let row = told.lines().find(|row| row.trim_start().starts_with(first));
        // Neither a value after the name nor anything on the axis.
        let names = usize::from(lanes.x - areas.pane(Pane::Timeline).x - 1);
        let value = |row: &str| row.chars().take(names).any(|c| c.is_ascii_digit());
        let drawn = |row: &str| row.chars().skip(names).any(|c| c != ' ' && c != '│');
        if row.is_some_and(|row| !value(row) && !drawn(row)) {
            faults.push(format!("{name} is blank"));
        }
    }
    faults
}

/// The words of the legend, without the marks and in any order, starting that many rows below the lanes.
fn words(buf: &Buffer, areas: &Areas, first: usize) -> Vec<String> {
    let rows = rows(buf, below(areas));
    let entries = rows[first..].iter().flat_map(|row| row.split("  ").map(str::trim));
    let words = entries.filter_map(|entry| entry.split_once(' ')).map(|(_, word)| word.to_owned());
    // ASCII has fewer lengths of polls.
    let mut words: Vec<String> = words.filter(|word| !["runs", "short poll"].contains(&word.as_str())).collect();
    words.sort();
    words
}

/// In ASCII the legend has to say the same, although letters and punctuation are marks there.
fn ascii_faults(model: &mut Model, buf: &Buffer, areas: &Areas) -> Option<String> {
    let is_legend = |row: &str| MARKS.iter().any(|(_, entry)| row.contains(entry));
    let first = rows(buf, below(areas)).iter().position(|row| is_legend(row))?;
    model.options.theme = Theme::plain(true, false);
    let (ascii, ascii_areas) = paint::frame(model, 120, 40);
    let expected = words(buf, areas, first);
    let told = words(&ascii, &ascii_areas, first);
    (told != expected).then(|| format!("in ASCII the legend says {told:?} and not {expected:?}"))
}

/// The screen of a scenario at its defaults with the errors in its legend and its quantities; `None` if there are no errors.
fn fault(scenario: &'static Scenario, hundredths: u64, size: (u16, u16)) -> Option<String> {
    let mut model = run(Spec::new(scenario), hundredths, size);
    let (buf, areas) = paint::frame(&model, size.0, size.1);
    let mut faults = faults(&model, &buf, &areas);
    // Runs on the real clock differ: the position of a label decides whether its letters can be told from marks.
    if (hundredths, size) == (60, SIZES[1]) && is_virtual(scenario) {
        faults.extend(ascii_faults(&mut model, &buf, &areas));
    }
    (!faults.is_empty()).then(|| format!("{}: {}\n{}", scenario.id, faults.join("; "), paint::text(&buf)))
}

fn is_virtual(scenario: &Scenario) -> bool {
    scenario.clocks.contains(&Clock::Virtual)
}

#[test]
fn the_legend_has_the_marks_on_screen_and_no_others_and_no_quantity_is_blank() {
    let (on_virtual, real): (Vec<_>, Vec<_>) = CATALOGUE.iter().partition(|scenario| is_virtual(scenario));
    let faulty: Vec<String> = thread::scope(|scope| {
        // They wait and do not compute.
        let real: Vec<_> = real.into_iter().map(|scenario| scope.spawn(move || fault(scenario, 60, SIZES[1]))).collect();
        let faulty: Vec<_> = on_virtual.into_iter().filter_map(|scenario| fault(scenario, 60, SIZES[1])).collect();
        faulty.into_iter().chain(real.into_iter().filter_map(|run| run.join().expect("it is drawn"))).collect()
    });
    assert!(faulty.is_empty(), "{}", faulty.join("\n"));
}

#[test]
fn so_it_is_at_the_end_and_on_a_larger_screen() {
    for (hundredths, size) in [(100, SIZES[1]), (60, SIZES[2]), (100, SIZES[2])] {
        let virtual_ones = CATALOGUE.iter().filter(|scenario| is_virtual(scenario));
        let faulty: Vec<String> = virtual_ones.filter_map(|scenario| fault(scenario, hundredths, size)).collect();
        assert!(faulty.is_empty(), "{}", faulty.join("\n"));
    }
}

/// The timeline of a screen, and no other pane.
fn timeline(model: &mut Model, (width, height): (u16, u16), theme: Theme) -> Buffer {
    model.options.theme = theme;
    let (buf, areas) = paint::frame(model, width, height);
    // Its borders are shared with other panes.
    let pane = areas.pane(Pane::Timeline);
    let area = Rect { x: pane.x + 1, width: pane.width - 2, height: pane.height - 1, ..pane };
    let mut part = Buffer::empty(Rect { x: 0, y: 0, ..area });
    for (to, from) in part.area.positions().zip(area.positions()) {
        part[to] = buf[from].clone();
    }
    part
}

/// The timeline as text, in Unicode and in ASCII; without colours it is the same.
fn texts(model: &mut Model, size: (u16, u16)) -> String {
    let mut text = |colour, unicode| paint::text(&timeline(model, size, Theme::plain(colour, unicode)));
    let (unicode, ascii) = (text(true, true), text(true, false));
    assert_eq!(unicode, text(false, true), "a state is shown by colour alone");
    assert!(ascii.is_ascii(), "a glyph beyond ASCII was drawn:\n{ascii}");
    format!("{unicode}\n{ascii}")
}

#[test]
fn the_marks_at_three_sizes_and_in_each_theme() {
    let mut seen = String::new();
    for scenario @ (id, ..) in SHOWN {
        for size @ (width, height) in SIZES {
            let mut model = shown(scenario, size);
            let text = texts(&mut model, size);
            assert_snapshot!(format!("{id}_{width}x{height}"), text);
            seen += &text;
            if height == SIZES[0].1 {
                for (name, colour) in [("colour", true), ("mono", false)] {
                    let styled = paint::styled(&timeline(&mut model, size, Theme::plain(colour, true)));
                    assert_snapshot!(format!("{id}_{name}"), styled);
                }
            }
        }
    }
    // Sockets are on the real clock only. At its defaults no scenario panics, warns without a text of its own, or has a wait
    // with an unknown cause.
    for (_, entry) in MARKS.iter().filter(|(glyphs, _)| !["≈", "‼", "▁", "!"].contains(glyphs)) {
        assert!(seen.contains(entry), "no screen has '{entry}'");
    }
}

#[test]
fn groups_at_the_smallest_usual_size() {
    for (name, by) in [("place", GroupBy::Place), ("state", GroupBy::State)] {
        let mut model = shown(("semaphore", None, 60), SIZES[0]);
        model.timeline.grouping = Grouping { by: Some(by), ..Grouping::default() };
        lay_out(&mut model, SIZES[0]);
        assert_snapshot!(format!("groups_by_{name}_80x24"), texts(&mut model, SIZES[0]));
    }
}
