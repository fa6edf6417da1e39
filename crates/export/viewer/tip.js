// Says what a task does at a time: for the tip, for the panel of the selected task, and for a screen reader.

// What is under the pointer: of the pieces within a pixel or two, the strongest.
function pieceNear(stage, task, t) {
  const perPixel = (stage.view.to - stage.view.from) / stage.box.plot;
  const { at, kind } = task;
  const last = above(at, t + 1.5 * perPixel, 0, at.length) - 1;
  if (last < 0 || t - 1.5 * perPixel > task.until) return null;
  let best = Math.max(0, above(at, t, 0, at.length) - 1);
  if (at[best] > t) best = last;
  const from = t - 1.5 * perPixel;
  // More than a few hundred pieces in three pixels look the same anyway.
  for (let i = last, n = 0; i >= 0 && at[i] >= from && n < 400; i--, n++) if (kind[i] > kind[best]) best = i;
  return { segment: task.of[best], t: Math.min(Math.max(t, at[best]), best + 1 < at.length ? at[best + 1] : task.until) };
}

const ordinal = n => n + (n % 100 >= 11 && n % 100 <= 13 ? 'th' : ['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');

// Rows [label, value, family?] about a segment of a task. The first has no label: the state.
function describe(run, task, segment, t) {
  const state = task.states[segment];
  const from = task.starts[segment], to = run.segmentEnd(task, segment);
  const goesOn = segment + 1 >= task.starts.length && task.alive;
  const late = within(union(task.overdue), t);
  const word = state < 0 ? 'running' : state === 0 ? 'ready' : late ? 'overdue: its timer has fired' :
    run.knows_waits ? 'waiting' : 'between polls';
  const length = goesOn && run.stall && state > 0 ? 'for ever' : exact(to - from);
  const until = goesOn ? (run.stall && state > 0 ? 'on' : `to the end of the trace`) : `to ${exact(to)}`;
  const rows = [[null, to === from ? `${word} at ${exact(from)}` : `${word} ${length}, from ${exact(from)} ${until}`, state]];
  if (state < 0 && run.threads.length > 1) rows.push(['on', clean(run.threads[-1 - state] ?? 'a thread')]);
  if (state > 0 && run.knows_waits) waits(run, task, state, from, t, rows);
  const due = task.overdue.find(([at, woken]) => at < to && woken > from);
  if (due && state > 0) rows.push(['due', `at ${exact(due[0])}, woken ${exact(due[1] - due[0])} later`]);
  const held = task.held.filter(([a, b]) => a <= t && t < (b ?? Infinity) || a === t);
  if (held.length) {
    const words = held.map(([, , resource, inferred]) => run.resource(resource) + (inferred ? ' (probably)' : ''));
    rows.push(['holds', [...new Set(words)].join(', ')]);
  }
  const wake = run.wakeBefore(task, state <= 0 ? to : from);
  if (wake && wake.at >= (task.starts[segment - 1] ?? 0)) {
    const by = run.waker(wake.by);
    if (by) rows.push(['woken by', `${by} at ${exact(wake.at)}`]);
  }
  if (state > 0) {
    const i = above(task.wakeAt, from, 0, task.wakeAt.length);
    const by = i < task.wakeAt.length && task.wakeAt[i] <= to ? run.waker(task.wakeBy[i]) : null;
    if (by) rows.push(['ended by', `${by} at ${exact(task.wakeAt[i])}`]);
  }
  const span = task.spans.filter(([a, b]) => a <= t && t <= (b ?? Infinity)).pop();
  if (span) rows.push(['span', clean(span[2])]);
  return rows;
}

// What it waits for, and who has it.
function waits(run, task, state, from, t, rows) {
  for (const [ix, resource, inferred] of run.waits[state - 1].slice(0, 4)) {
    const site = run.sites[ix];
    const name = site.name && site.name !== site.cause ? `${clean(site.name)} (${clean(site.cause)})` : clean(site.cause);
    rows.push(['for', name + (inferred ? ', probably' : ''), state]);
    if (site.place) rows.push(['at', clean(site.place)]);
    if (resource === null || resource === undefined) continue;
    const others = [...new Set(run.holders(resource, t).filter(holder => holder !== task))];
    const names = others.slice(0, 4).map(holder => holder.name).join(', ') + (others.length > 4 ? ` and ${others.length - 4} more` : '');
    rows.push(['of', run.resource(resource)]);
    if (names) rows.push(['held by', names]);
    const place = site.family === LOCK ? run.position(task, resource, t, from) : null;
    if (place) rows.push(['queue', `${ordinal(place[0])} of ${place[1]}`]);
  }
}

// The tip for a lane at a time: a title and rows. A pointer is never at one nanosecond, but the cursor is.
function tipOf(stage, row, t, exactly) {
  const { run } = stage;
  const { task, branch } = row;
  if (branch !== null) return branchTip(stage, task, branch, t);
  const at = run.segment(task, t);
  const piece = !exactly ? pieceNear(stage, task, t) : at < 0 ? null : { segment: at, t };
  const title = task.name;
  if (!task.alive && t >= task.until && (exactly || !piece)) return { title, rows: [[null, ending(task)]] };
  if (!piece) return { title, rows: [[null, `not yet spawned at ${exact(Math.round(t))}`]] };
  const perPixel = (stage.view.to - stage.view.from) / stage.box.plot;
  if (!task.alive && t > task.until) return { title, rows: [[null, ending(task)]] };
  const rows = describe(run, task, piece.segment, piece.t);
  const mark = task.marks.find(([at]) => Math.abs(at - t) < 3 * perPixel);
  if (mark) rows.push(['log', clean(mark[1])]);
  for (const [at, place] of run.preempted.get(task.ix) ?? []) {
    if (Math.abs(at - t) < 4 * perPixel) rows.push(['put off', `by the schedule${place ? ` at ${clean(place)}` : ''}`]);
  }
  return { title, rows };
}

function ending(task) {
  const [at, how, inferred] = task.end;
  return `${END_MARKS[how] ?? ''} ${how === 'unknown' ? 'ended' : how}${inferred ? ' (probably)' : ''} at ${exact(at)}`.trim();
}

function branchTip(stage, task, branch, t) {
  const { run } = stage;
  const pieces = task.branches[branch];
  const piece = pieces.filter(one => one.from <= t).pop() ?? pieces[0];
  const title = `${task.name} › ${branchName(run, task, branch)}`;
  if (!piece) return { title, rows: [] };
  const site = run.sites[piece.wait[0]];
  const until = piece.to ?? run.end;
  const rows = [[null, `a branch: waits ${exact(until - piece.from)}, from ${exact(piece.from)} to ${exact(until)}`]];
  if (site) rows.push(['for', clean(site.name ? `${site.name} (${site.cause})` : site.cause)]);
  if (site?.place) rows.push(['at', clean(site.place)]);
  if (piece.wait[1] !== null && piece.wait[1] !== undefined) rows.push(['of', run.resource(piece.wait[1])]);
  if (piece.granted !== null && piece.granted !== undefined) rows.push(['granted', `at ${exact(piece.granted)}, and not used before the task ran`]);
  if (piece.how) rows.push(['end', `${piece.how}${piece.inferred ? ' (probably)' : ''} at ${exact(until)}`]);
  return { title, rows };
}

// A branch is named by what it awaits first.
function branchName(run, task, branch) {
  const piece = task.branches[branch][0];
  const site = piece && run.sites[piece.wait[0]];
  return clean(site?.name || site?.cause || 'branch', 60);
}

const spoken = tip => `${tip.title}: ${tip.rows.map(([label, value]) => label ? `${label} ${value}` : value).join(', ')}`;
