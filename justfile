# Recipes for daily work: `just` lists them.

_list:
    @just --list --unsorted

# Put the sources into the one form
fmt:
    cargo fmt --all

# Everything that can be said against the sources without running them
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo deny check

# All tests, doc tests included
test *args:
    cargo test {{args}}

# The lines of waits, as an optimised build has them. Builds every development dependency anew.
test-release:
    cargo test --release --test waits --test layer

# The lines of one program, built in eleven ways. Takes some minutes.
builds:
    cargo test --test builds -- --include-ignored --test-threads 1

# The documentation, without warnings
doc:
    RUSTDOCFLAGS="--cfg tokio_unstable -D warnings" cargo doc --no-deps --workspace

# What recording costs, against console-subscriber
bench *args:
    cargo bench --bench overhead {{args}}

# What a recording of ten million events costs
bench-recording *args:
    cargo bench --bench recording {{args}}

# Opens files that somebody has made to do harm, for so many seconds
fuzz seconds='600':
    FUZZ_SECONDS={{seconds}} cargo test --release --test recording fuzz -- --nocapture

# So many recordings with hostile texts, as text, as JSON and on the screen; some of them by the program, on a terminal too
hostile recordings='10000':
    HOSTILE_RECORDINGS={{recordings}} cargo test --release --test recording -- --nocapture outputs program screen

# So many random keys, mouse events and sizes: the model and its invariants, and the program on a terminal
random inputs='100000':
    RANDOM_INPUTS={{inputs}} cargo test --lib --test pty -- --nocapture random

# For a minute each: a paced run, and the cursor that plays a trace, against the wall clock
drift:
    DRIFT_SECONDS=60 cargo test --release --test turn --test engine -- --nocapture keeps_time drift

# The same run, so many times, of every scenario on the virtual clock, while the processors are busy with other things
determinism runs='100':
    HASH_RUNS={{runs}} cargo test --release --test determinism -- --nocapture

# Those for real: so many times in a row, and cut at so many random moments each
real times='50' cuts='20':
    REAL_TIMES={{times}} REAL_CUTS={{cuts}} cargo test --release --test real -- --nocapture

# What is left of so many runs of each kind: descriptors, threads, memory
leaks runs='1000':
    LEAK_RUNS={{runs}} cargo test --release --test leaks -- --nocapture

# Restart held down for a minute with a million tasks: memory, answers to keys, and how soon what was stopped is free
held seconds='60' requests='1000000':
    HELD_SECONDS={{seconds}} HELD_REQUESTS={{requests}} cargo test --release --test pty -- --nocapture --test-threads 1 held

# How long a turned parameter takes to be seen
bench-turn *args:
    cargo bench --bench turn {{args}}

# How long each scenario takes on the virtual clock
bench-scenarios:
    cargo bench --bench scenarios

# The screen, with a scenario that shows everything
demo *args:
    cargo run --release -- semaphore {{args}}

# What the continuous integration runs
ci:
    .ci/run

# A real tokio-console attaches to a run; shows its screen. Needs `cargo install tokio-console --version 0.1.14`.
console-test:
    cargo test --test tokio_console -- --nocapture

# Lays the files of a new scenario, and enters it after another one, or at the end
new-scenario id *after:
    scripts/new-scenario {{id}} {{after}}

# docs/coverage.md from the catalogue
coverage:
    UPDATE=1 cargo test --test scenarios coverage

# The ends of those ranges that reach beyond twenty thousand of something, with how long each run took
extremes:
    cargo test --release --test scenarios extremes -- --include-ignored --nocapture
