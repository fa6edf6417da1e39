//! Where the panes go.
//!
//! Three columns if there is room: scenarios and parameters on the left, the run in the middle, code and task on the
//! right. With less room some panes are dropped, but the focused pane is always on screen. Neighbours share their
//! border, which gives each of them one more row and column.
//!
//! The arithmetic is done by hand and not with a constraint solver: it is a few subtractions, and the same size
//! always gives the same picture.

use ratatui::layout::Rect;

use crate::app::model::{Layout, Pane};

/// The smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (60, 16);

/// From this width on there are three columns.
const THREE_COLUMNS: u16 = 110;
/// From this width on there are two columns.
const TWO_COLUMNS: u16 = 76;
/// From this height on a column shows all of its panes.
const TALL: u16 = 32;

/// The fewest and the most rows of the lesson on the stage, with its border.
const LESSON: (u16, u16) = (4, 12);
/// The fewest and the most columns of the code beside the lanes, with its border: sixty for code, however narrow the
/// lanes get.
const CODE: (u16, u16) = (71, 110);

/// The areas of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// One row at the top.
    pub(crate) header: Rect,
    /// The panes on screen, each with its border, from left to right and from top to bottom.
    pub(crate) panes: Vec<(Pane, Rect)>,
    /// The area of the lesson or the story; empty if there is none.
    pub(crate) lesson: Rect,
    /// One row at the bottom.
    pub(crate) footer: Rect,
}

/// What is below the panes, in full width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Below {
    /// Nothing.
    Nothing,
    /// The lesson, on the stage only.
    Lesson,
    /// A stop of the story, in every layout.
    Story,
    /// A stop that shows whether a prediction was right. It needs a row more.
    Answer,
}

/// Lays out a screen; `None` if it is smaller than [`SMALLEST`].
pub(crate) fn plan(screen: Rect, layout: Layout, focus: Pane, full: Option<Pane>, below: Below) -> Option<Plan> {
    if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
        return None;
    }
    let header = Rect { height: 1, ..screen };
    let footer = Rect { y: screen.bottom() - 1, height: 1, ..screen };
    let body = Rect { y: screen.y + 1, height: screen.height - 2, ..screen };
    let (body, lesson) = match (below, full, layout) {
        (Below::Answer, ..) => cut(body, if body.width < THREE_COLUMNS { LESSON.0 + 3 } else { LESSON.0 + 1 }),
        (Below::Story | Below::Lesson, None, Layout::Stage) => cut(body, (body.height / 5).clamp(LESSON.0, LESSON.1)),
        // Two rows of text, or three where they are short.
        (Below::Story, ..) => cut(body, if body.width < THREE_COLUMNS { LESSON.0 + 1 } else { LESSON.0 }),
        _ => (body, Rect::ZERO),
    };
    let panes = match (full, layout) {
        (Some(pane), _) => vec![(pane, body)],
        (None, Layout::Explore) => columns(body, focus),
        (None, Layout::Stage) => stage(body),
        (None, Layout::Lanes) => vec![(Pane::Timeline, body)],
    };
    Some(Plan { header, panes, lesson, footer })
}

/// Cuts off some rows at the bottom. They share the border above them.
fn cut(body: Rect, rows: u16) -> (Rect, Rect) {
    (Rect { height: body.height - rows + 1, ..body }, Rect { y: body.bottom() - rows, height: rows, ..body })
}

/// Lanes and code side by side, or one above the other on a narrow screen.
fn stage(above: Rect) -> Vec<(Pane, Rect)> {
    if above.width < THREE_COLUMNS {
        let code = above.height * 2 / 5;
        return stack(above, &[(Pane::Timeline, 0), (Pane::Code, code)]);
    }
    let code = (above.width * 13 / 25).clamp(CODE.0, CODE.1);
    let lanes = Rect { width: above.width - code + 1, ..above };
    let code = Rect { x: above.right() - code, width: code, ..above };
    vec![(Pane::Timeline, lanes), (Pane::Code, code)]
}

fn columns(body: Rect, focus: Pane) -> Vec<(Pane, Rect)> {
    let tall = body.height + 2 >= TALL;
    let column = |from: u16, to: u16| Rect { x: body.x + from, width: to - from, ..body };
    if body.width >= THREE_COLUMNS {
        let left = (body.width / 5).clamp(26, 34);
        let right = body.width - (body.width * 3 / 10).clamp(34, 80);
        // The columns overlap by the border that they share.
        let mut panes = choose(column(0, left), focus, tall);
        panes.extend(run(column(left - 1, right), focus, tall));
        panes.extend(reasons(column(right - 1, body.width), focus, tall));
        panes
    } else if body.width >= TWO_COLUMNS {
        let left = (body.width * 3 / 10).clamp(25, 30);
        let mut panes = choose(column(0, left), focus, tall);
        panes.extend(run_and_reasons(column(left - 1, body.width), focus, tall));
        panes
    } else {
        run_and_reasons(body, focus, tall)
    }
}

/// The list and the form, or on a low screen the one in use.
fn choose(area: Rect, focus: Pane, tall: bool) -> Vec<(Pane, Rect)> {
    if !tall {
        let pane = if focus == Pane::Scenarios { Pane::Scenarios } else { Pane::Parameters };
        return vec![(pane, area)];
    }
    let form = (area.height / 2).clamp(16, 20);
    stack(area, &[(Pane::Scenarios, 0), (Pane::Parameters, form)])
}

/// The run: lanes, metrics and log.
fn run(area: Rect, focus: Pane, tall: bool) -> Vec<(Pane, Rect)> {
    if !tall {
        let below = if focus == Pane::Log { Pane::Log } else { Pane::Metrics };
        return stack(area, &[(Pane::Timeline, 0), (below, (area.height / 3).max(6))]);
    }
    // On a high screen charts get more rows, once about twenty lanes fit.
    let (metrics, log) = (area.height.saturating_sub(16) / 3, area.height / 5);
    stack(area, &[(Pane::Timeline, 0), (Pane::Metrics, metrics.clamp(6, 14)), (Pane::Log, log.clamp(6, 14))])
}

/// Code and the selected task.
fn reasons(area: Rect, focus: Pane, tall: bool) -> Vec<(Pane, Rect)> {
    if !tall {
        return vec![(if focus == Pane::Task { Pane::Task } else { Pane::Code }, area)];
    }
    stack(area, &[(Pane::Code, 0), (Pane::Task, (area.height * 2 / 5).clamp(13, 20))])
}

/// Lanes, and below them what the focus needs.
fn run_and_reasons(area: Rect, focus: Pane, tall: bool) -> Vec<(Pane, Rect)> {
    let alone = area.width < TWO_COLUMNS - 30 || area.x == 0;
    let below = match focus {
        // They have their own column already.
        Pane::Scenarios | Pane::Parameters if !alone => Pane::Metrics,
        Pane::Timeline => Pane::Metrics,
        pane => pane,
    };
    // Reading or filling in takes more rows than a glance.
    let share = match below {
        Pane::Metrics | Pane::Log => (area.height / 3).max(6),
        _ => area.height * 3 / 5,
    };
    if tall && below != Pane::Log {
        let log = (area.height / 6).clamp(5, 9);
        return stack(area, &[(Pane::Timeline, 0), (below, share - log / 2), (Pane::Log, log)]);
    }
    stack(area, &[(Pane::Timeline, 0), (below, share)])
}

/// The panes that take turns with a pane of a plan in the same place, and are not on screen now.
pub(crate) fn beside(plan: &Plan, pane: Pane) -> Vec<Pane> {
    let is_shown = |pane: &Pane| plan.panes.iter().any(|(shown, _)| shown == pane);
    let turns: &[Pane] = match pane {
        _ if plan.panes.len() == 1 || !is_shown(&Pane::Timeline) => &[],
        Pane::Scenarios | Pane::Parameters => &[Pane::Scenarios, Pane::Parameters],
        Pane::Metrics | Pane::Log | Pane::Code | Pane::Task => &[Pane::Code, Pane::Metrics, Pane::Task, Pane::Log],
        Pane::Timeline => &[],
    };
    turns.iter().copied().filter(|pane| !is_shown(pane)).collect()
}

/// Piles panes up, each sharing a border with the next. The first one gets the height that the others leave.
fn stack(area: Rect, panes: &[(Pane, u16)]) -> Vec<(Pane, Rect)> {
    let mut bottom = area.bottom();
    let mut rects = Vec::with_capacity(panes.len());
    for (i, (pane, height)) in panes.iter().enumerate().rev() {
        let y = if i == 0 { area.y } else { bottom.saturating_sub(*height).max(area.y) };
        rects.push((*pane, Rect { y, height: bottom - y, ..area }));
        bottom = y + 1;
    }
    rects.reverse();
    rects
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> impl Iterator<Item = Rect> {
        (0..260).step_by(3).flat_map(|w| (0..90).map(move |h| Rect::new(0, 0, w, h)))
    }

    #[test]
    fn the_focused_pane_is_on_screen_at_every_size() {
        for screen in sizes() {
            for focus in Pane::ALL {
                match plan(screen, Layout::Explore, focus, None, Below::Lesson) {
                    Some(plan) => assert!(plan.panes.iter().any(|(pane, _)| *pane == focus), "{focus:?} at {screen}"),
                    None => assert!(screen.width < SMALLEST.0 || screen.height < SMALLEST.1),
                }
            }
        }
    }

    #[test]
    fn every_pane_has_room_within_the_screen() {
        for screen in sizes() {
            for focus in Pane::ALL {
                for (pane, area) in
                    plan(screen, Layout::Explore, focus, None, Below::Lesson).into_iter().flat_map(|plan| plan.panes)
                {
                    assert_eq!(area.intersection(screen), area);
                    assert!(area.height >= 5 && area.width >= 24, "{pane:?} has {area} at {screen}, focus {focus:?}");
                }
            }
        }
    }

    #[test]
    fn panes_share_borders_and_nothing_else() {
        for screen in sizes() {
            let panes = plan(screen, Layout::Explore, Pane::Code, None, Below::Lesson).map(|plan| plan.panes).unwrap_or_default();
            for (i, (_, a)) in panes.iter().enumerate() {
                for (_, b) in &panes[i + 1..] {
                    let shared = a.intersection(*b);
                    assert!(shared.width.min(shared.height) <= 1, "{a} and {b} at {screen}");
                }
            }
        }
    }

    #[test]
    fn the_stage_has_lanes_and_code_and_the_lesson_in_full_width() {
        for screen in sizes().filter(|screen| screen.width >= SMALLEST.0 && screen.height >= SMALLEST.1) {
            let plan = plan(screen, Layout::Stage, Pane::Timeline, None, Below::Lesson).expect("it is large enough");
            let [(Pane::Timeline, lanes), (Pane::Code, code)] = plan.panes[..] else { panic!("{:?}", plan.panes) };
            for area in [lanes, code, plan.lesson] {
                assert_eq!(area.intersection(screen), area);
                assert!(area.height >= 4 && area.width >= 24, "{area} at {screen}");
            }
            assert_eq!((plan.lesson.x, plan.lesson.width, plan.lesson.bottom() + 1), (screen.x, screen.width, screen.bottom()));
            let shared = lanes.intersection(code);
            assert!(shared.width.min(shared.height) == 1 && lanes.bottom().max(code.bottom()) == plan.lesson.y + 1, "{screen}");
            assert!(screen.width < 120 || code.width >= 71, "{code} at {screen}");
        }
    }

    #[test]
    fn the_lanes_alone_have_the_screen() {
        let plan = plan(Rect::new(0, 0, 80, 24), Layout::Lanes, Pane::Timeline, None, Below::Lesson).map(|plan| plan.panes);
        assert_eq!(plan, Some(vec![(Pane::Timeline, Rect::new(0, 1, 80, 22))]));
    }

    #[test]
    fn a_full_pane_has_the_screen_to_itself() {
        let plan = plan(Rect::new(0, 0, 80, 24), Layout::Stage, Pane::Log, Some(Pane::Log), Below::Lesson).map(|plan| plan.panes);
        assert_eq!(plan, Some(vec![(Pane::Log, Rect::new(0, 1, 80, 22))]));
    }
}
