use proptest::prelude::*;

use super::*;
use crate::work_count;

/// Characters that must not reach a terminal unescaped.
const HARMFUL: [char; 24] = [
    '\0',
    '\x07',
    '\x08',
    '\t',
    '\n',
    '\r',
    '\x1b',
    '\x1f',
    '\x7f',
    '\u{80}',
    '\u{85}',
    '\u{9b}',
    '\u{9d}',
    '\u{9f}',
    '\u{61c}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{e0041}',
];

#[test]
fn what_a_terminal_would_obey_is_written_as_an_escape() {
    assert_eq!(safe("a\x1b]52;c;YQ==\x07b"), r"a\u{1b}]52;c;YQ==\u{7}b");
    assert_eq!(safe("one\ttwo\r\n"), r"one\ttwo\r\n");
    assert_eq!(safe("\u{202e}abc"), r"\u{202e}abc");
    for c in HARMFUL {
        assert!(is_hidden(c), "{c:?}");
        assert!(safe(&c.to_string()).is_ascii(), "{c:?}");
    }
}

#[test]
fn what_is_text_stays_as_it_is() {
    for text in ["", "request 17", "日本語", "e\u{301}", "naïve — “ok”", r"C:\new\table", "👩\u{200d}💻", "❤\u{fe0f}", "हिन्दी"]
    {
        assert!(matches!(safe(text), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn marks_belong_to_a_letter_and_do_not_pile_up() {
    assert_eq!(safe("\u{301}a"), r"\u{301}a");
    assert_eq!(safe(&format!("a{}b", "\u{301}".repeat(5))), "a\u{301}\u{301}\u{301}\u{301}\\u{301}b");
    assert_eq!(safe("\n\u{301}"), r"\n\u{301}");
}

#[test]
fn a_page_keeps_its_lines() {
    assert_eq!(page("a\nb\r\n\x1bc\n"), "a\nb\\r\n\\u{1b}c\n");
    assert!(matches!(page("a\nb\n"), Cow::Borrowed(_)));
}

#[test]
fn a_cut_text_says_so_and_wide_characters_count_twice() {
    assert_eq!(fit("request 17", 10, "…"), "request 17");
    assert_eq!(fit("request 17", 8, "…"), "request…");
    assert_eq!(fit("日本語", 5, "…"), "日本…");
    assert_eq!(fit("日本語", 4, "…"), "日…");
    assert_eq!(fit("日本語", 6, "..."), "日本語");
    assert_eq!(fit("日本語", 5, "..."), "日...");
    assert_eq!(fit("a\nbcd", 4, "…"), "a\\n…");
    assert_eq!(fit("abc", 0, "…"), "");
    assert_eq!(fit("abc", 2, "..."), "");
    assert_eq!(fit_end("日本語 12", 6, "…"), "…語 12");
    assert_eq!(fit_end("a\nb", 4, "…"), r"a\nb");
}

#[test]
fn a_name_that_is_cut_keeps_its_number() {
    assert_eq!(fit_name("semaphore.rs:115", 12, "…"), "semapho…:115");
    assert_eq!(fit_name("stage 1 worker 0", 13, "…"), "stage 1 wo… 0");
    assert_eq!(fit_name("request 17", 10, "…"), "request 17");
    assert_eq!(fit_name("request 17", 5, "…"), "r… 17");
    assert_eq!(fit_name("request 17", 4, "…"), "req…");
    assert_eq!(fit_name("supervisor", 6, "…"), "super…");
    assert_eq!(fit_name("1234567890", 6, "…"), "12345…");
    assert_eq!(fit_name("日本語日本語 7", 8, "…"), "日本… 7");
}

#[test]
fn lines_break_at_spaces() {
    assert_eq!(wrap("one two  three", 8), ["one two", "three"]);
    assert_eq!(wrap("a verylongword b", 4), ["a", "verylongword", "b"]);
    assert_eq!(wrap("a\nb\tc", 8), ["a b c"]);
    assert_eq!(wrap("日本 語", 5), ["日本", "語"]);
    assert_eq!(wrap("", 4), Vec::<String>::new());
    let long = wrap(&"word ".repeat(1_000), 80);
    assert_eq!((long.len(), long.last().map(String::as_str)), (26, Some("...")));
    assert_eq!(message("so\n  it\tgoes"), "so it goes");
}

#[test]
fn a_slip_is_told_from_something_else_and_a_long_one_is_not_compared() {
    let names = ["gather", "semaphore"];
    assert_eq!(meant("sempahore", &names, 0.7), Some("semaphore"));
    assert_eq!(meant("xyz", &names, 0.7), None);
    assert_eq!(meant("", &names, 0.7), None);
    let long = "semaphore".repeat(100_000);
    assert_eq!(work_count::of(|| assert_eq!(meant(&long, &names, 0.1), None)), 0);
}

/// Texts of difficult characters: zero width, marks, escaped, wide.
fn long(repeated: usize) -> [String; 6] {
    ["\u{200b}", "\u{301}", "\x1b", "日", "a", "a "].map(|text| text.repeat(repeated))
}

#[test]
fn no_more_of_a_text_is_looked_at_than_can_be_shown() {
    for text in long(1 << 20) {
        let start: String = text.chars().take(2).collect();
        let bounds: [(&str, u64, &dyn Fn()); 10] = [
            ("name", 500, &|| _ = name(&text)),
            ("line", 10_100, &|| _ = line(&text)),
            ("fit", 200, &|| _ = fit(&text, 24, "…")),
            ("fit_end", 1_200, &|| _ = fit_end(&text, 24, "…")),
            ("fit_name", 300, &|| _ = fit_name(&text, 24, "…")),
            ("width", 70_000, &|| _ = width(&text)),
            ("width_within", 200, &|| _ = width_within(&text, 24)),
            ("message", 2_600, &|| _ = message(&text)),
            ("path", 12_000, &|| _ = path(Path::new(&text))),
            ("wrap", 21_000, &|| _ = wrap(&text, 80)),
        ];
        for (what, most, work) in bounds {
            let steps = work_count::of(work);
            assert!(steps <= most, "{what} looks at {steps} characters of a million {start:?}");
        }
    }
}

#[test]
fn twice_the_text_is_no_more_than_twice_the_work() {
    // A function that shows the whole text has to read all of it, once. Steps are counted exactly, whatever the length.
    for text in long(1 << 16) {
        for (what, work) in [("safe", &(|text: &str| drop(safe(text))) as &dyn Fn(&str)), ("page", &|text| drop(page(text)))] {
            let half = text.floor_char_boundary(text.len() / 2);
            let [once, twice] = [&text[..half], &text].map(|text| work_count::of(|| work(text)));
            assert!(twice <= 2 * once + 8, "{what}: {once}, and {twice} of twice the text");
        }
    }
}

/// Arbitrary characters, many of them harmful.
fn hostile() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        3 => prop::sample::select(HARMFUL.to_vec()),
        2 => prop::sample::select(vec!['\u{301}', '\u{200d}', '\u{fe0f}', '日', '👩', ' ', '\\', '"']),
        2 => any::<char>(),
        3 => prop::char::range('a', 'z'),
    ];
    prop::collection::vec(one, 0..40).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_text_is_what_is_shown_is_harmless_and_as_wide_as_measured(text in hostile(), cells in 0..60_usize) {
        let shown = safe(&text);
        prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
        prop_assert!(matches!(safe(&shown), Cow::Borrowed(_)), "safe twice is safe once");
        let plain: usize = shown.chars().map(|c| c.width().unwrap_or(0)).sum();
        prop_assert_eq!(width(&text), plain);
        for cut in [fit(&text, cells, "…"), fit_end(&text, cells, "…"), fit_name(&text, cells, "…")] {
            prop_assert!(!cut.chars().any(is_hidden), "{cut:?}");
            prop_assert!(width(&cut) <= cells, "{cut:?} in {cells}");
        }
        for line in wrap(&text, cells) {
            prop_assert!(!line.chars().any(is_hidden), "{line:?}");
            prop_assert!(width(&line) <= cells || !line.contains(' '), "{line:?} in {cells}");
        }
    }
}
