//! The run on screen and the cursor in it.

mod answers;
pub(super) mod bookmarks;
pub mod challenge;
pub mod compare;
pub mod cursor;
pub mod export;
pub mod found;
pub(super) mod jump;
pub mod lifecycle;
pub mod pin;
pub mod pinned;
pub mod playback;
pub mod predict;
pub mod prediction;
pub mod save;
pub(super) mod scheduler;
pub(super) mod story;
pub mod view;
