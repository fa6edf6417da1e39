//! Changing the theme while the program runs.

use crate::app::colors::{Theme, ThemeName};
use crate::app::model::Model;

/// Switches to the next theme.
pub(in crate::app) fn next(model: &mut Model) {
    set(model, model.options.theme.name().next());
}

/// Switches to a theme, and says how to keep it.
pub(in crate::app) fn set(model: &mut Model, name: ThemeName) {
    let colors = name.colors().map(|colors| colors.painted(&model.session.own_colors));
    model.options.theme = Theme { colors, ..model.options.theme };
    let name = name.name();
    model.notify(false, format!("theme {name}; to keep it, add theme = \"{name}\" to config.toml"));
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;
    use crate::app::input::action::Action;
    use crate::app::testing::{notice, opened};
    use crate::app::update::update;

    #[test]
    fn the_next_theme_comes_and_after_the_last_the_first() {
        let mut model = opened();
        let mut seen = Vec::new();
        for _ in ThemeName::ALL {
            update(&mut model, Action::NextTheme);
            seen.push(model.options.theme.name());
            assert!(notice(&model).starts_with(&format!("theme {};", model.options.theme.name().name())));
        }
        let rotated = [ThemeName::Mono, ThemeName::OkabeIto, ThemeName::Light, ThemeName::Projector, ThemeName::Ansi];
        assert_eq!(seen, rotated);
        assert!(model.options.theme.unicode, "the marks have changed");
    }

    #[test]
    fn the_users_own_colours_go_with_each_theme() {
        let mut model = opened();
        model.session.own_colors = vec![("lock".to_owned(), Color::Red)];
        update(&mut model, Action::Theme(ThemeName::Light));
        let colors = model.options.theme.colors.expect("this theme has colours");
        assert_eq!((colors.lock, colors.running), (Color::Red, ThemeName::Light.colors().expect("it has some").running));
    }
}
