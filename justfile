# Recipes for daily work: `just` lists them.

_list:
    @just --list --unsorted

# Format the sources
fmt:
    cargo fmt --all

# Check the sources without running them
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo deny check

# Run all tests, including doc tests
test *args:
    cargo test {{args}}

# Check the lines of waits in an optimised build; rebuilds every development dependency
test-release:
    cargo test --release --config 'profile.release.debug="limited"' --test library waits::
    cargo test --release --config 'profile.release.debug="limited"' --test layer

# Check the lines of one program, built in eleven ways; takes some minutes
builds:
    cargo test --test builds -- --include-ignored --test-threads 1

# Watch programs of a stranger: builds Tokio and the recorder, and downloads an old Tokio
watched:
    cargo test --test program -- watch:: --include-ignored --test-threads 1

# Run the tests of the twins; needs pytest-asyncio
test-twins *args:
    python3 -m pytest -q scenarios {{args}}

# Compare the twins with the scenarios at so many random settings
twins settings='1000' seed='0':
    TWIN_SETTINGS={{settings}} TWIN_SEED={{seed}} cargo test --test program -- --nocapture twins::random

# Build the documentation without warnings
doc:
    RUSTDOCFLAGS="--cfg tokio_unstable -D warnings" cargo doc --no-deps --workspace

# Measure the cost of recording, compared to console-subscriber
bench *args:
    cargo bench --bench overhead {{args}}

# Measure a recording of ten million events
bench-recording *args:
    cargo bench --bench recording {{args}}

# Open malicious files, for so many seconds
fuzz seconds='600':
    FUZZ_SECONDS={{seconds}} cargo test --release --test program -- --nocapture recording::fuzz

# Show so many recordings with hostile texts: as text, as JSON, on the screen, and some in the program itself
hostile recordings='10000':
    HOSTILE_RECORDINGS={{recordings}} cargo test --release --test program -- --nocapture recording::outputs recording::program recording::screen

# Send so many random keys, mouse events and sizes to the model and to the program on a terminal
random inputs='100000':
    RANDOM_INPUTS={{inputs}} cargo test -p async-playground-tui -p async-playground --lib --test program -- --nocapture random::

# Compare a paced run and a playing cursor with the wall clock, a minute each
drift:
    DRIFT_SECONDS=60 cargo test --release --test library -- --nocapture keeps_time drift

# Run every scenario on the virtual clock so many times on a busy machine: equal runs, equal traces
determinism runs='100':
    HASH_RUNS={{runs}} cargo test --release --test library -- --nocapture determinism::

# Run every right variant under so many schedules, with three seeds each; a thousand take some minutes
schedules schedules='1000':
    SCHEDULES={{schedules}} cargo test --release --test library -- --nocapture scheduled::no_schedule

# Run the real-I/O scenarios so many times, and cut each at so many random moments
real times='50' cuts='20':
    REAL_TIMES={{times}} REAL_CUTS={{cuts}} cargo test --release --test program -- --nocapture real::

# Check that runs leave no descriptors, threads or memory behind
leaks runs='1000':
    LEAK_RUNS={{runs}} cargo test --release --test program -- --nocapture leaks::

# Hold restart for a minute with a million tasks: measure memory, response to keys, and time to free a stopped run
held seconds='60' requests='1000000':
    HELD_SECONDS={{seconds}} HELD_REQUESTS={{requests}} cargo test --release --test program -- --nocapture --test-threads 1 pty::held

# Measure the time from a changed parameter to the frame
bench-turn *args:
    cargo bench --bench turn {{args}}

# Measure each scenario on the virtual clock
bench-scenarios:
    cargo bench --bench scenarios

# Open the screen with a scenario that shows everything
demo *args:
    cargo run --release -- semaphore {{args}}

# Run what CI runs
ci:
    .ci/run

# Attach a real tokio-console to a run; needs `cargo install tokio-console --version 0.1.14`
console-test:
    cargo test --test tokio_console -- --nocapture

# Create a scenario and add it to the catalogue after another one, or at the end
new-scenario id *after:
    scripts/new-scenario {{id}} {{after}}

# Generate docs/coverage.md from the catalogue
coverage:
    UPDATE=1 cargo test --test library scenarios::coverage

# Draw the pictures in docs/pictures again
pictures:
    UPDATE=1 cargo test --test program cli::pictures

# Run the parameters that exceed twenty thousand at the ends of their ranges, with times
extremes:
    cargo test --release --test library scenarios::extremes -- --include-ignored --nocapture

# Count the outcomes of so many schedules of small programs
outcomes schedules='2000':
    SCHEDULES={{schedules}} cargo test --release --test library -- --nocapture schedules::

# Measure the exports: size, time, and panning in a browser
bench-export:
    cargo bench --bench export

# Measure how many runs a second a hunt makes
bench-hunt:
    cargo bench --bench hunt

# Measure the same program under shuttle
bench-shuttle:
    CARGO_TARGET_DIR=target/shuttle RUSTFLAGS= cargo run --release --locked --manifest-path benches/shuttle/Cargo.toml
