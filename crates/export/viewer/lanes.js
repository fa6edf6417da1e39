// What is on screen: the rows, the stretch of time, and where a point is.

// Everything that changes while the page is open. The run itself never does.
class Stage {
  constructor(run) {
    this.run = run;
    this.rows = [];
    this.folded = new Set();
    this.opened = new Set(); // tasks whose branches have lanes
    const branches = run.tasks.reduce((n, task) => n + task.branches.length, 0);
    if (branches + run.tasks.length <= 24) for (const task of run.tasks) if (task.branches.length) this.opened.add(task.ix);
    this.cursor = run.end;
    this.selected = null; // a task
    this.row = 0;
    this.scroll = 0; // pixels
    this.stop = -1; // of the story
    this.playing = false;
    this.speed = 1;
    this.hover = null;
    this.box = { width: 0, height: 0, names: 0, top: 0, bottom: 0, row: 24, charts: 0, chart: 0, moments: 0, strip: 0, end: 0 };
    // After a stall the lanes go on for a sixth of the width.
    this.tail = run.stall ? 1 / 6 : 0;
    this.view = this.whole();
    if (run.from > run.since || run.to < run.end) {
      const room = run.to < run.end ? 0 : Math.max(this.tail, 0.025);
      this.view = { from: run.from, to: run.from + Math.max(1, run.to - run.from) / (1 - room) };
    }
    this.arrange();
  }

  // A view of the whole run, with room for the marks at its end.
  whole() {
    const { since, length } = this.run;
    return { from: since, to: since + length / (1 - Math.max(this.tail, 0.025)) };
  }

  // Lists the rows: each task below its parent, its branches below the task.
  arrange() {
    const { run } = this;
    const rows = [];
    const stack = [];
    for (let i = run.tasks.length - 1; i >= 0; i--) {
      const { parent } = run.tasks[i];
      if (parent === null || !run.tasks[parent]) stack.push([i, 0]);
    }
    while (stack.length) {
      const [ix, depth] = stack.pop();
      const task = run.tasks[ix];
      rows.push({ task, branch: null, depth });
      if (this.opened.has(ix)) task.branches.forEach((lane, at) => rows.push({ task, branch: at, depth: depth + 1 }));
      if (!this.folded.has(ix)) for (let i = task.children.length - 1; i >= 0; i--) stack.push([task.children[i], depth + 1]);
    }
    this.rows = rows;
    this.rowOf = new Map();
    rows.forEach((row, at) => { if (row.branch === null) this.rowOf.set(row.task.ix, at); });
    // One root with children: its depth would move everything for nothing.
    this.indent = rows.some(row => row.depth > 1) ? 12 : 8;
  }

  hasParts(task) {
    return task.children.length > 0 || task.branches.length > 0;
  }

  isOpen(task) {
    return !(task.children.length && this.folded.has(task.ix)) && !(task.branches.length && !this.opened.has(task.ix));
  }

  toggle(task) {
    if (!this.hasParts(task)) return;
    const open = this.isOpen(task);
    if (task.branches.length) this.opened[open ? 'delete' : 'add'](task.ix);
    if (task.children.length) this.folded[open ? 'add' : 'delete'](task.ix);
    this.arrange();
    this.row = Math.min(this.row, this.rows.length - 1);
    this.keepScroll();
  }

  // Divides the canvas of this size: names, ruler and moments, lanes, charts.
  lay(width, height) {
    const { run } = this;
    const box = this.box;
    const narrow = width < 560;
    box.width = width;
    box.height = height;
    box.narrow = narrow;
    box.names = narrow ? 106 : Math.round(Math.min(190, Math.max(120, width * 0.17)));
    box.right = 10;
    box.plot = Math.max(40, width - box.names - box.right);
    box.moments = run.moments.length ? Math.min(3, momentRows(this)) : 0;
    box.top = 30 + box.moments * 17;
    const charts = run.words.length + run.counters.length;
    const most = Math.max(1, Math.floor((height - box.top - 100) / 32));
    box.charts = Math.min(charts, most);
    const rows = Math.max(1, this.rows.length);
    // The charts get what the lanes leave, and lie close below them.
    const left = (height - box.top - rows * 52 - 14) / Math.max(1, box.charts);
    box.chart = charts ? Math.min(56, Math.max(30, left)) : 0;
    const room = height - (box.charts ? box.charts * box.chart + 12 : 4) - box.top;
    box.row = Math.max(narrow ? 24 : 20, Math.min(52, room / rows));
    box.bottom = box.top + Math.min(room, rows * box.row + 6);
    box.end = box.charts ? box.bottom + box.charts * box.chart + 10 : box.bottom;
    // In a tall row the labels have a strip of their own above the bar.
    box.strip = box.row >= 36 ? 14 : 0;
    this.keepScroll();
  }

  // The height that the lanes ask for on a page that scrolls.
  static wish(run, rows, narrow) {
    const charts = Math.min(5, run.words.length + run.counters.length);
    const lanes = rows <= 8 ? rows * 42 : rows * 24;
    return Math.min(narrow ? 460 : 900, 47 + lanes + charts * 34 + 16 + (run.moments.length ? 34 : 0));
  }

  keepScroll() {
    const { box } = this;
    const most = Math.max(0, this.rows.length * box.row - (box.bottom - box.top));
    this.mostScroll = most < 1 ? 0 : most;
    this.scroll = Math.min(this.mostScroll, Math.max(0, this.scroll));
  }

  showRow(at) {
    const { box } = this;
    const room = box.bottom - box.top;
    this.scroll = Math.min(at * box.row, Math.max(this.scroll, (at + 1) * box.row - room));
    this.keepScroll();
  }

  // Opens what hides a task, and returns its row.
  reveal(ix) {
    for (let up = this.run.tasks[ix]?.parent, n = 0; up !== null && up !== undefined && n < 10000; up = this.run.tasks[up]?.parent, n++) {
      this.folded.delete(up);
    }
    if (!this.rowOf.has(ix)) this.arrange();
    return this.rowOf.get(ix) ?? 0;
  }

  select(ix) {
    this.selected = ix;
    if (ix === null) return;
    this.row = this.reveal(ix);
    this.showRow(this.row);
  }

  x(t) {
    const { box, view } = this;
    return box.names + (t - view.from) / (view.to - view.from) * box.plot;
  }

  time(x) {
    const { box, view } = this;
    return view.from + (x - box.names) / box.plot * (view.to - view.from);
  }

  setView(from, to) {
    const whole = this.whole();
    const least = Math.max(100, this.run.length * 1e-9);
    let length = Math.min(Math.max(to - from, least), whole.to - whole.from);
    const slack = length * 0.02;
    from = Math.min(Math.max(from, whole.from - slack), whole.to - length + slack);
    if (length >= whole.to - whole.from) ({ from } = whole);
    this.view = { from, to: from + length };
  }

  zoom(factor, around) {
    const { from, to } = this.view;
    const at = Math.min(to, Math.max(from, around ?? Math.min(Math.max(this.cursor, from), to)));
    this.setView(at - (at - from) / factor, at + (to - at) / factor);
  }

  pan(share) {
    const { from, to } = this.view;
    const by = (to - from) * share;
    this.setView(from + by, to + by);
  }

  moveCursor(t) {
    this.cursor = Math.round(Math.min(this.run.end, Math.max(this.run.since, t)));
  }

  // Moves the view only if the cursor is not well within it.
  showCursor() {
    const { from, to } = this.view;
    const length = to - from;
    if (this.cursor < from || this.cursor > to) this.setView(this.cursor - length / 2, this.cursor + length / 2);
  }

  // What is at a point of the canvas.
  hit(x, y) {
    const { box } = this;
    const where = x < box.names ? 'name' : 'plot';
    if (y < box.top) return { zone: 'ruler', where, t: this.time(x) };
    if (y >= box.bottom) {
      const chart = Math.floor((y - box.bottom - 6) / (box.chart || 1));
      return { zone: 'chart', where, t: this.time(x), chart };
    }
    const at = Math.floor((y - box.top + this.scroll) / box.row);
    const row = this.rows[at];
    if (!row) return { zone: 'none', where, t: this.time(x) };
    const fold = where === 'name' && this.hasParts(row.task) && row.branch === null && x < Math.min(row.depth, 6) * (box.narrow ? 5 : this.indent) + (box.narrow ? 30 : 24);
    return { zone: 'lane', where, t: this.time(x), at, row, fold };
  }

  // The first and the last row that can be seen.
  inSight() {
    const { box } = this;
    const first = Math.max(0, Math.floor(this.scroll / box.row));
    const last = Math.min(this.rows.length, Math.ceil((this.scroll + box.bottom - box.top) / box.row));
    return [first, last];
  }

  rowTop(at) {
    return this.box.top + at * this.box.row - this.scroll;
  }

  // The middle of a row's bar.
  middle(at) {
    return this.rowTop(at) + (this.box.row + this.box.strip) / 2;
  }

  // The height of a full bar.
  bar() {
    return Math.min(22, Math.max(12, this.box.row - this.box.strip - 6));
  }

  // The events of a task, in order, for steps from one to the next.
  events(task) {
    if (!task.events) {
      const all = [task.spawned, ...task.starts, ...(task.alive ? [] : [task.until])];
      task.events = Float64Array.from(new Set(all)).sort();
    }
    return task.events;
  }

  step(back) {
    const task = this.selected === null ? this.rows[this.row]?.task : this.run.tasks[this.selected];
    if (!task) return;
    const events = this.events(task);
    const after = above(events, this.cursor, 0, events.length);
    if (!back) return void (after < events.length && this.moveCursor(events[after]));
    const before = above(events, this.cursor - 1, 0, events.length) - 1;
    if (before >= 0) this.moveCursor(events[before]);
  }
}

// How many rows the words of the moments need, so that no two overlap in the whole run.
function momentRows(stage) {
  return placeMoments(stage, stage.whole()).reduce((most, [, , row]) => Math.max(most, row + 1), 0);
}

// A row for each word of a moment in a view: [x, text, row].
function placeMoments(stage, view) {
  const { box, run } = stage;
  const ends = [];
  const placed = [];
  const scale = box.plot / (view.to - view.from);
  for (const [t, word] of run.moments) {
    const x = box.names + (t - view.from) * scale;
    if (x < box.names - 200 || x > box.width) continue;
    const text = clean(word, 40);
    const width = text.length * 6.4 + 14;
    let row = ends.findIndex(end => end < x);
    if (row < 0) row = ends.length;
    if (row > 2) row = 2;
    ends[row] = x + width;
    placed.push([x, text, row]);
    if (placed.length > 200) break;
  }
  return placed;
}
