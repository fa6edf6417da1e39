use super::*;
use crate::app::input::bindings::{Key, NoKey};
use crate::work_count;
use ratatui::style::Color;

#[test]
fn the_standard_file_is_what_holds_without_one() {
    assert_eq!(parse(&standard()), Ok(Config::default()));
    assert_eq!(parse(""), Ok(Config::default()));
}

#[test]
fn the_standard_file_has_every_action_and_every_colour_once() {
    let text = standard();
    let (_, keys) = text.split_once("[keys]").expect("it has a table of keys");
    for binding in Config::default().bindings.iter() {
        let lines = keys.lines().filter(|line| line.starts_with(&format!("{} = ", binding.name)));
        assert_eq!(lines.count(), 1, "{}", binding.name);
    }
    let colours: String = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| is_colour(line)).unwrap_or(line).to_owned() + "\n")
        .collect();
    let painted = parse(&colours).map(|config| (config.colors.len(), Colors::OKABE_ITO.painted(&config.colors)));
    assert_eq!(painted, Ok((Colors::ROLES.len(), Colors { name: ThemeName::OkabeIto, ..Colors::ANSI })));
}

fn is_colour(line: &str) -> bool {
    Colors::ROLES.iter().any(|(name, _)| line.starts_with(&format!("{name} = ")))
}

#[test]
fn settings_are_read() {
    let text = "theme = 'okabe-ito'\nmouse = false\nreduced-motion = true\npredict = true\n[keys]\nstop = 'Ctrl-X'\n\
                zoom-in = ['i', 'f5', 'insert', '+']\nfindings = []\nquit = ' '\npause = 'Q'\n[colors]\nlock = '#010203'";
    let config = parse(text).expect("a right file");
    assert_eq!(
        (config.theme, config.mouse, config.reduced_motion, config.predict),
        (Some(ThemeName::OkabeIto), false, true, true)
    );
    let keys = |name: &str| -> Vec<String> {
        config.bindings.named(name).into_iter().flat_map(|binding| binding.keys.iter()).map(|key| key.name()).collect()
    };
    assert_eq!(keys("stop"), ["Ctrl-X"]);
    assert_eq!(keys("zoom-in"), ["i", "F5", "Insert", "+"]);
    assert!(keys("findings").is_empty());
    assert_eq!((keys("quit"), keys("pause")), (vec!["Space".to_owned()], vec!["Q".to_owned()]));
    assert_eq!(Colors::ANSI.painted(&config.colors), Colors { lock: Color::Rgb(1, 2, 3), ..Colors::ANSI });
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_its_key() {
    let table = [
        ("theme = \"okabe\"", "1: theme: unknown theme 'okabe'; did you mean 'okabe-ito'?"),
        ("\ntheme = 3", "2: theme: expected a quoted string"),
        ("mouse = 'no'", "1: mouse: expected true or false"),
        ("mous = true", "1: mous: unknown setting; did you mean 'mouse'?"),
        ("qqq = 1", "1: qqq: unknown setting (available: theme, mouse, reduced-motion, predict, keys, colors)"),
        ("keys = 3", "1: keys: expected a table: [keys] on a line of its own"),
        ("[keys]\nzoom-inn = 'x'", "2: keys.zoom-inn: unknown action 'zoom-inn'; did you mean 'zoom-in'?"),
        ("[keys]\nqqq = 'x'", "2: keys.qqq: unknown action 'qqq'; 'async-playground config --default' lists them all"),
        ("[keys]\nstop = 'Entr'", "2: keys.stop: unknown key 'Entr'; did you mean 'Enter'?"),
        ("[keys]\nstop = ''", "2: keys.stop: unknown key ''; 'async-playground config --default' lists them all"),
        ("[keys]\nstop = 'Ctrl-M'", "2: keys.stop: a terminal sends 'Enter' for 'Ctrl-M'; use 'Enter', or another key"),
        ("[keys]\nstop = ['x', 'ctrl-i']", "2: keys.stop: a terminal sends 'Tab' for 'ctrl-i'; use 'Tab', or another key"),
        ("[keys]\nstop = 'Ctrl-['", "2: keys.stop: a terminal sends 'Esc' for 'Ctrl-['; use 'Esc', or another key"),
        ("[keys]\nstop = 'Ctrl-;'", "2: keys.stop: a terminal has no code for 'Ctrl-;'; use another key"),
        ("[keys]\nstop = [1]", "2: keys.stop: expected a quoted key, or a list of them"),
        ("[keys]\npan-left = 'Left'", "2: keys.pan-left: 'pan-left' is now 'cursor-left'"),
        ("[keys]\nzoom-in = '+'\ntogether = 'D'", "3: keys.together: 'together' is now 'group'"),
        ("[keys]\nquit = 'Z'\n\nstop = 'r'", "4: keys.stop: 'r' is already the key of 'restart' in Scenarios"),
        ("[keys]\nstop = 'Q'\nrestart = 'Q'", "3: keys.restart: 'Q' is already the key of 'stop' in Scenarios"),
        ("[keys]\nrestart = 'd'", "2: keys.restart: 'd' is already the key of 'scroll-right' in Scenarios"),
        ("[keys]\ntext-left = 'x'", "2: keys.text-left: 'x' types text where this action works; use a key with Ctrl"),
        ("[keys]\nquit-anywhere = 'Q'", "2: keys.quit-anywhere: 'Q' types text where this action works; use a key with Ctrl"),
        ("[keys]\nquit-anywhere = []", "2: keys.quit-anywhere: needs at least one key, so that you can always quit"),
        ("[keys]\nreset = '5'", "2: keys.reset: '5' types a value where this action works; use a key that is not a digit"),
        ("[colors]\nlokc = 'red'", "2: colors.lokc: unknown setting; did you mean 'lock'?"),
        (
            "[colors]\nlock = 'reed'",
            "2: colors.lock: 'reed' is not a colour; expected a name such as 'green' or 'light-blue', '#56B4E9', or a number from 0 to 255",
        ),
    ];
    for (text, told) in table {
        assert_eq!(parse(text).map_err(|flaw| flaw.to_string()).err().as_deref(), Some(told), "{text}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    for (text, line) in [("theme = ", 1), ("\n\n[keys", 3), ("mouse = true\nmouse = false", 2), ("[keys]\nstop = 'x", 2)] {
        let flaw = parse(text).expect_err(text);
        assert_eq!((flaw.line, flaw.key.as_str()), (line, ""), "{text}: {flaw}");
        assert!(!flaw.reason.is_empty() && !flaw.to_string().contains('\n'));
    }
}

#[test]
fn a_key_is_read_as_it_is_written() {
    for binding in Config::default().bindings.iter() {
        for key in binding.keys.iter() {
            assert_eq!(Key::parse(&key.name()), Ok(*key));
        }
    }
    for text in ["Ctrl-", "Ctrl-\t", "F0", "F25", "up up", "Alt-x", "\n"] {
        assert_eq!(Key::parse(text), Err(NoKey::Unknown), "{text:?}");
    }
}

#[test]
fn a_file_of_very_many_settings_is_looked_through_once() {
    let many = (0..8_000).map(|n| format!("k{n} = 1")).collect::<Vec<_>>().join("\n");
    for table in ["", "[keys]\n", "[colors]\n"] {
        let text = format!("{table}{many}");
        let steps = work_count::of(|| drop(parse(&text).expect_err("no setting is called that")));
        assert!(steps <= 2 * text.len() as u64, "{table}{steps} steps for {} bytes", text.len());
    }
}

#[test]
fn an_action_with_more_keys_than_anybody_presses_is_refused() {
    let keys = ('a'..='z').map(|c| format!("'{c}'")).collect::<Vec<_>>().join(", ");
    let flaw = parse(&format!("[keys]\nstop = [{keys}]")).expect_err("it has too many");
    assert_eq!(flaw.to_string(), "2: keys.stop: too many keys; an action has at most 16");
}

#[test]
fn a_file_that_goes_deep_is_refused_and_not_followed() {
    for text in
        ["a.".repeat(100_000) + "a = 1", "a = ".to_owned() + &"[".repeat(100_000), "[".to_owned() + &"a.".repeat(100_000) + "a]"]
    {
        assert!(parse(&text).is_err());
    }
}

#[test]
fn an_old_name_is_none_of_todays_and_its_new_one_is() {
    let bindings = Config::default().bindings;
    for (old, new) in renamed::RENAMED {
        assert!(bindings.named(old).is_none() && bindings.named(new).is_some(), "{old} and {new}");
        let flaw = parse(&format!("[keys]\n{old} = 'F5'")).expect_err("it is refused");
        assert_eq!(flaw.reason, format!("'{old}' is now '{new}'"));
    }
}
