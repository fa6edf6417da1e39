//! Whatever keys are pressed, the model stays consistent.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use crate::app::input::action::Action;
use crate::app::input::bindings::Context;
use crate::app::input::keymap;
use crate::app::input::pointer::mouse;
use crate::app::mode::Mode;
use crate::app::model::Model;
use crate::app::overlay::range::shows_path;
use crate::app::panes::Pane;
use crate::app::run::playback::recorded;
use crate::app::testing::*;
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::viewport::laid_out;

#[derive(Debug, Clone)]
enum Step {
    Key(KeyCode, KeyModifiers),
    Mouse(MouseEventKind, u16, u16, KeyModifiers),
    Paste(String),
    /// A row of the table of keys, with or without a key, run as the palette would.
    Command(usize),
    Tick(u64),
    /// The terminal changes size: the lanes have this many columns and rows.
    Size(u16, u16),
    /// A run under way continues: its recording grows by this time.
    Grow(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let code = prop_oneof![
        6 => proptest::sample::select("0123456789hjk:lHLgGqrs{}uuwasdeeefo+-=.,<>tvvppPz/?  $xénnNNTy".chars().map(KeyCode::Char).collect::<Vec<_>>()),
        4 => proptest::sample::select(vec![
            KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Home,
            KeyCode::End, KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace, KeyCode::Delete,
        ]),
    ];
    let kind = proptest::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::Drag(MouseButton::Right),
        MouseEventKind::Up(MouseButton::Right),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollLeft,
        MouseEventKind::Moved,
    ]);
    let modifiers = prop_oneof![9 => Just(KeyModifiers::NONE), 1 => Just(KeyModifiers::CONTROL), 1 => Just(KeyModifiers::SHIFT)];
    prop_oneof![
        20 => (code, modifiers.clone()).prop_map(|(code, modifiers)| Step::Key(code, modifiers)),
        6 => (kind, 0..110_u16, 0..45_u16, modifiers).prop_map(|(kind, x, y, modifiers)| Step::Mouse(kind, x, y, modifiers)),
        1 => "[0-9a-z\n]{0,6}".prop_map(Step::Paste),
        3 => (0..500_usize).prop_map(Step::Command),
        3 => (0..5_000_u64).prop_map(Step::Tick),
        1 => (0..200_u16, 0..12_u16).prop_map(|(width, height)| Step::Size(width, height)),
        2 => (0..2_000_u64).prop_map(Step::Grow),
    ]
}

fn take(model: &mut Model, step: &Step) {
    let action = match step {
        Step::Key(code, modifiers) => keymap::key(model, KeyEvent::new(*code, *modifiers)),
        Step::Mouse(kind, column, row, modifiers) => {
            mouse(model, MouseEvent { kind: *kind, column: *column, row: *row, modifiers: *modifiers })
        }
        Step::Paste(text) => keymap::paste(model, text.clone()),
        Step::Tick(ms) => Some(Action::Tick(Duration::from_millis(*ms))),
        Step::Command(row) => {
            let rows = model.bindings.within(Context::Pane(model.focus)).filter(|_| model.mode == Mode::Browse);
            let rows: Vec<Action> = rows.map(|row| row.action.clone()).collect();
            rows.get(*row % rows.len().max(1)).cloned()
        }
        Step::Size(width, height) => {
            let mut areas = areas(*width);
            areas.lanes.height = *height;
            areas.lane_rows.truncate(usize::from(*height));
            laid_out(model, areas);
            None
        }
        Step::Grow(ms) => {
            if let Some(run) = &mut model.run {
                run.trace.closed = false;
                run.trace.end_ns += ms * MS;
                recorded(model);
                if let Some(run) = &mut model.run {
                    run.trace.closed = true;
                }
                recorded(model);
            }
            None
        }
    };
    if let Some(action) = action {
        ask(model, action);
        model.quit = false;
    }
}

/// The invariants after each step.
fn check(model: &Model) -> Result<(), TestCaseError> {
    let view = model.timeline;
    prop_assert!(view.cell_ns > 0);
    prop_assert!(model.form.row < model.form.fields().len());
    prop_assert!(model.list.row < model.list.matches(CATALOGUE).len().max(1));
    prop_assert!(model.mode != Mode::Search || model.focus == Pane::Scenarios, "a search is typed into a list without the focus");
    prop_assert!(model.mode.edited().is_none() || model.focus == Pane::Parameters, "a field without the focus is typed");
    prop_assert!(model.bookmarks.is_sorted());
    prop_assert!(model.full.is_none_or(|pane| pane == model.focus), "keys go to a pane that is out of sight");
    prop_assert!(
        model.form.spec(model.options.limit).values.iter().all(|(param, value)| param.parse(&value.to_string()) == Ok(value))
    );
    if let Some(run) = &model.run {
        prop_assert!(run.cursor.at_ns <= run.trace.end_ns);
        prop_assert!(view.left_ns <= run.trace.end_ns);
        prop_assert!(run.cursor.speed > 0.0);
        prop_assert!(view.top < run.trace.tasks.len());
        prop_assert!(view.selected.is_none_or(|task| (task as usize) < run.trace.tasks.len()));
        prop_assert!(model.log.back <= run.trace.log.len());
        let lanes = Lanes::of(model).map(|lanes| (0..lanes.len()).filter_map(|row| lanes.task(row)).collect::<Vec<_>>());
        let lanes = lanes.unwrap_or_default();
        prop_assert!(lanes.iter().all(|task| (*task as usize) < run.trace.tasks.len()));
        prop_assert!(lanes.iter().collect::<std::collections::HashSet<_>>().len() == lanes.len(), "a task has two lanes");
        if let Some(measured) = &model.reading.measured {
            let told: u64 = measured.path.steps.iter().map(trace::PathStep::lasted_ns).sum();
            prop_assert_eq!(told + measured.path.untold_ns, measured.path.to_ns - measured.path.from_ns);
            prop_assert!(shows_path(model));
        }
        let width = u64::from(model.areas.lanes.width);
        let seen = view.left_ns..=view.left_ns.saturating_add(width.saturating_mul(view.cell_ns));
        prop_assert!(width == 0 || !view.follow || seen.contains(&run.cursor.at_ns), "the cursor is followed and out of sight");
    }
    Ok(())
}

/// The number of inputs per model.
const LENGTH: usize = 200;

/// The number of models. `RANDOM_INPUTS` overrides the total number of inputs, 10,000 by default.
fn cases() -> u32 {
    let inputs = std::env::var("RANDOM_INPUTS").ok().and_then(|inputs| inputs.parse().ok()).unwrap_or(10_000_usize);
    inputs.div_ceil(LENGTH) as u32
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ten_thousand_inputs_leave_the_model_whole(steps in proptest::collection::vec(step(), LENGTH)) {
        let mut model = opened();
        for step in &steps {
            take(&mut model, step);
            check(&model)?;
        }
    }
}
