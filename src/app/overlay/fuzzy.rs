//! A small fuzzy matcher: finds what somebody half remembers.
//!
//! Every word of the query has to be found, its letters in order and maybe with
//! others between them. Letters that stand together and letters at the start of
//! a word count more, since that is how people abbreviate.
//!
//! It is ours because nucleo-matcher, the best kept of its kind, is MPL-2.0, which asks more of a program than to carry a notice,
//! and `sublime_fuzzy` has had no release for years. The palette has a hundred and fifty short texts.

/// For a letter that is found.
const FOUND: i32 = 16;
/// More for one that follows the letter before at once.
const TOGETHER: i32 = 18;
/// More for one at the start of a word.
const START: i32 = 14;
/// Less for each letter that is skipped between two, up to [`MOST_SKIPPED`].
const SKIPPED: i32 = 2;
const MOST_SKIPPED: usize = 8;
/// No score: the letters are not there.
const NONE: i32 = i32::MIN / 2;

/// How well a text fits a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Match {
    /// The higher, the better.
    pub(in crate::app) score: i32,
    /// The characters of the text that were found, by their place, in order.
    pub(in crate::app) places: Vec<usize>,
}

/// Matches a query with a text, without regard to case. An empty query fits everything alike; none when a word is missing,
/// or when the query has more letters than the text: so what it costs is bounded by the text, whatever is typed.
pub(in crate::app) fn matches(query: &str, text: &str) -> Option<Match> {
    let text: Vec<char> = text.chars().map(lower).collect();
    let mut all = Match { score: 0, places: Vec::new() };
    let mut left = text.len();
    for word in query.split_whitespace() {
        let word: Vec<char> = word.chars().take(left + 1).map(lower).collect();
        left = left.checked_sub(word.len())?;
        let found = best(&word, &text)?;
        all.score += found.score;
        all.places.extend(found.places);
    }
    all.places.sort_unstable();
    all.places.dedup();
    Some(all)
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The best way to find a word's letters in a text.
fn best(word: &[char], text: &[char]) -> Option<Match> {
    // For each letter of the word, the best score with it at each place, and the place of the letter before.
    let mut rows: Vec<Vec<(i32, usize)>> = Vec::with_capacity(word.len());
    for (i, letter) in word.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| &rows[i][..]);
        let row = (0..text.len()).map(|at| if text[at] == *letter { score(before, text, at) } else { (NONE, 0) });
        let row = row.collect();
        rows.push(row);
    }
    let (mut at, score) = rows.last()?.iter().map(|(score, _)| *score).enumerate().rev().max_by_key(|(_, score)| *score)?;
    if score <= 0 {
        return None;
    }
    let mut places = Vec::with_capacity(word.len());
    for row in rows.iter().rev() {
        places.push(at);
        at = row[at].1;
    }
    Some(Match { score, places })
}

/// The best score with a letter at a place, and where the letter before stands then.
fn score(before: Option<&[(i32, usize)]>, text: &[char], at: usize) -> (i32, usize) {
    #[cfg(test)]
    crate::work_count::count(before.map_or(1, <[_]>::len));
    let start = at.checked_sub(1).is_none_or(|last| !text[last].is_alphanumeric());
    let own = FOUND + if start { START } else { 0 };
    let Some(before) = before else { return (own, 0) };
    let ways = before[..at].iter().enumerate().filter(|(_, (score, _))| *score > NONE).map(|(last, (score, _))| {
        let skipped = at - last - 1;
        let together = if skipped == 0 { TOGETHER } else { -SKIPPED * skipped.min(MOST_SKIPPED) as i32 };
        (score + own + together, last)
    });
    ways.max_by_key(|(score, _)| *score).unwrap_or((NONE, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work_count;

    #[test]
    fn a_query_fits_where_its_letters_are_in_order() {
        let table = [
            ("", "anything", Some(vec![])),
            ("zi", "zoom-in", Some(vec![0, 5])),
            ("ZOOM", "zoom-in", Some(vec![0, 1, 2, 3])),
            ("run sem", "run semaphore", Some(vec![0, 1, 2, 4, 5, 6])),
            ("sem run", "run semaphore", Some(vec![0, 1, 2, 4, 5, 6])),
            ("xyz", "zoom-in", None),
            ("in zoomer", "zoom-in", None),
            ("ooo", "zoom", None),
            ("é", "É", Some(vec![0])),
        ];
        for (query, text, places) in table {
            assert_eq!(matches(query, text).map(|found| found.places), places, "{query} in {text}");
        }
    }

    #[test]
    fn a_long_query_costs_no_more_than_the_text_it_is_looked_for_in() {
        let text = "a".repeat(100);
        for query in ["a".repeat(100), "a ".repeat(100), "a".repeat(1 << 20), "a ".repeat(1 << 20), "ab ".repeat(1 << 20)] {
            let steps = work_count::of(|| drop(matches(&query, &text)));
            assert!(steps <= 100 * 100 * 100, "{steps} steps for {} characters", query.len());
        }
    }

    #[test]
    fn letters_together_and_at_the_start_of_words_are_better() {
        // The better one first.
        let table = [
            ("fit", "fit-run", "filter the tasks"),
            ("nt", "next-tab", "sent"),
            ("stop", "stop the run", "show the top of it"),
            ("sema", "run semaphore", "show every map at once"),
        ];
        for (query, better, worse) in table {
            let score = |text: &str| matches(query, text).map_or(0, |found| found.score);
            assert!(score(better) > score(worse), "{query}: {better} {} and {worse} {}", score(better), score(worse));
        }
    }
}
