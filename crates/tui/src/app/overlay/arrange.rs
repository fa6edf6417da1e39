//! The menu that arranges the lanes. Each row sets one thing: groups, order, kind of lanes, filter, extra rows.

use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::timeline::view::{GroupBy, LaneKind};
use crate::app::timeline::{folding, grouping, kinds, listing};

/// A row of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// How tasks are grouped.
    Groups,
    /// How lanes are sorted.
    Order,
    /// What a lane is.
    Lanes,
    /// Which tasks have lanes.
    Filter,
    /// Whether the selected task's descendants have lanes.
    Fold,
    /// The lanes of futures.
    Futures,
    /// The quantities under the lanes.
    Quantities,
}

impl Item {
    /// All items, from the top.
    pub const ALL: [Self; 7] =
        [Self::Groups, Self::Order, Self::Lanes, Self::Filter, Self::Fold, Self::Futures, Self::Quantities];

    /// Its name on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Groups => "group",
            Self::Order => "order",
            Self::Lanes => "lanes",
            Self::Filter => "filter",
            Self::Fold => "fold",
            Self::Futures => "futures",
            Self::Quantities => "quantities",
        }
    }

    /// Its current value.
    pub fn value(self, model: &Model) -> String {
        let shown = |shown: bool| if shown { "shown" } else { "hidden" };
        match self {
            Self::Groups => match model.timeline.grouping.by {
                None => "none",
                Some(GroupBy::Place) => "by spawn line",
                Some(GroupBy::Name) => "by name",
                Some(GroupBy::State) => "by state",
            },
            Self::Order => model.reading.order.name(),
            Self::Lanes => match model.timeline.lanes.kind {
                LaneKind::Tasks => "tasks",
                LaneKind::Threads => "threads",
                LaneKind::Resources => "resources",
                LaneKind::Lines => "source lines",
            },
            Self::Filter if model.reading.filter.text.is_empty() => "all tasks",
            Self::Filter => &model.reading.filter.text,
            Self::Fold => "descendants of the selected task",
            Self::Futures => shown(!model.timeline.lanes.branches_closed),
            Self::Quantities => shown(model.timeline.lanes.counters.unwrap_or(model.areas.counters > 0)),
        }
        .to_owned()
    }
}

/// Opens the menu.
pub(in crate::app) fn open(model: &mut Model) {
    if model.run.is_none() {
        model.notify(false, "no run yet: space starts one");
        return;
    }
    model.mode = Mode::Overlay(Overlay::Arrange { row: 0 });
}

/// Changes the selected row. The menu stays open so that the change can be seen, except for the filter, which must be
/// typed.
pub(in crate::app) fn choose(model: &mut Model) {
    let Mode::Overlay(Overlay::Arrange { row }) = model.mode else { return };
    match Item::ALL[row.min(Item::ALL.len() - 1)] {
        Item::Groups => grouping::next(model),
        Item::Order => listing::next(model),
        Item::Lanes => kinds::next_kind(model),
        Item::Filter => listing::ask(model),
        Item::Fold => folding::toggle(model),
        Item::Futures => kinds::branches(model),
        Item::Quantities => kinds::counters(model),
    }
}

#[cfg(test)]
mod tests;
