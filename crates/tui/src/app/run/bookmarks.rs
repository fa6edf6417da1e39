//! Bookmarks: times in the run to come back to.

use crate::app::model::Model;
use crate::app::run::cursor;
use crate::app::time::moment;

/// Sets a bookmark at the cursor, or removes the one there.
pub(in crate::app) fn bookmark(model: &mut Model) {
    let Some(at_ns) = model.run.as_ref().map(|run| run.cursor.at_ns) else { return };
    let all = &mut model.bookmarks;
    match all.binary_search(&at_ns) {
        Ok(place) => {
            all.remove(place);
            model.notify(false, format!("bookmark at {} removed", moment(at_ns)));
        }
        Err(place) => {
            all.insert(place, at_ns);
            let text = format!("{} set", told(all, place));
            model.notify(false, text);
        }
    }
}

/// Moves to the next or previous bookmark.
pub(in crate::app) fn to_bookmark(model: &mut Model, next: bool) {
    let Some(run) = &model.run else { return };
    let (at_ns, all) = (run.cursor.at_ns, &model.bookmarks);
    let place = if next {
        Some(all.partition_point(|mark| *mark <= at_ns)).filter(|place| *place < all.len())
    } else {
        all.partition_point(|mark| *mark < at_ns).checked_sub(1)
    };
    let Some(place) = place else {
        let text = match (all.len(), next) {
            (0, _) => "no bookmarks",
            (_, true) => "no later bookmark",
            (_, false) => "no earlier bookmark",
        };
        model.notify(false, text);
        return;
    };
    let text = told(all, place);
    if all[place] > run.trace.end_ns {
        model.notify(false, format!("{text}, but this run ends at {}", moment(run.trace.end_ns)));
        return;
    }
    let at_ns = all[place];
    cursor::put(model, at_ns);
    model.notify(false, text);
}

/// Describes a bookmark.
fn told(all: &[u64], place: usize) -> String {
    format!("bookmark {} of {} at {}", place + 1, all.len(), moment(all[place]))
}
