// Puts the viewer together, and draws a frame only if something changed.

class App {
  constructor(run) {
    this.run = run;
    this.stage = new Stage(run);
    this.frames = 0;
    this.lastFrameMs = 0;
    this.canvas = el('canvas', { tabindex: '0', role: 'application', 'aria-describedby': 'viewer-tip',
      'aria-label': `Lanes of ${counted(run.tasks.length, 'task')}: up and down select a task, left and right move in time, question mark shows all keys` });
    this.tip = el('div', { class: 'tip', 'aria-hidden': 'true', hidden: '' });
    this.live = el('div', { class: 'sr', id: 'viewer-tip', role: 'status', 'aria-live': 'polite' });
    this.help = this.helpSheet();
    this.panels = new Panels(this);
    this.legend = el('div', { class: 'legend', 'aria-label': 'Legend' });
    this.lanes = el('div', { class: 'lanes' }, this.canvas, this.tip);
    const stage = el('section', { class: 'stage', 'aria-label': 'Lanes' }, this.tools(), this.lanes, this.legend);
    this.root = el('div', { id: 'app' }, this.storyBar(), stage, this.panels.node, this.live, this.help);
    document.querySelector('main').append(this.root);
    document.documentElement.classList.add('js');
    this.themeButton();
    this.painter = new Painter(this.canvas, this.stage);
    this.painter.theme();
    new Input(this);
    new ResizeObserver(() => this.resize()).observe(this.lanes);
    this.changed('cursor');
  }

  storyBar() {
    this.storyText = el('p', { class: 'story-text', role: 'status', 'aria-live': 'polite' });
    this.storyCount = el('span', { class: 'story-count' });
    this.before = button('‹', () => this.goTo(this.stage.stop < 0 ? this.run.story.length - 1 : this.stage.stop - 1),
      { 'aria-label': 'Previous stop of the story', title: 'Previous stop  [', class: 'big' });
    this.after = button('›', () => this.goTo(this.stage.stop + 1), { 'aria-label': 'Next stop of the story', title: 'Next stop  ]', class: 'big' });
    this.storyNode = el('section', { class: 'story', 'aria-label': 'Story' },
      el('div', { class: 'story-keys' }, this.before, this.storyCount, this.after), this.storyText);
    this.storyNode.hidden = !this.run.story.length;
    return this.storyNode;
  }

  tools() {
    this.playButton = button('▶', () => this.play(!this.stage.playing), { 'aria-label': 'Play', title: 'Play  space' });
    const steps = [];
    for (let e = -6; e <= 3; e++) for (const m of [1, 2, 5]) steps.push(m * 10 ** e);
    // At the first speed the run takes about eight seconds, and at the slowest ten times as long.
    const fair = this.run.length / 1e9 / 8;
    const best = fair > 0.1 && fair < 2 ? steps.indexOf(1) : steps.findIndex(step => step >= fair);
    const at = best < 0 ? steps.length - 1 : best;
    this.stage.speed = steps[at];
    const choices = steps.slice(Math.max(0, at - 4), at + 4);
    this.speed = el('select', { 'aria-label': 'Speed', title: 'Speed' }, ...choices.map(step => el('option', { value: step }, `${Number(step.toPrecision(1))}×`)));
    this.speed.value = String(steps[at]);
    this.speed.addEventListener('change', () => (this.stage.speed = Number(this.speed.value)));
    const press = key => () => this.input(key);
    this.clock = el('span', { class: 'clock' });
    this.pathButton = button('Path', press('c'), { 'aria-label': 'Critical path', 'aria-pressed': 'false', title: 'Critical path: what decided how long the run took  c' });
    this.pathButton.hidden = this.run.critical.length < 2;
    return el('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Time' }, this.playButton, this.speed, this.clock,
      el('span', { class: 'gap' }), this.pathButton,
      button('−', press('-'), { 'aria-label': 'Zoom out', title: 'Zoom out  -' }),
      button('+', press('+'), { 'aria-label': 'Zoom in', title: 'Zoom in  +' }),
      button('Fit', press('0'), { title: 'The whole run  0' }),
      button('?', () => this.help.showModal(), { 'aria-label': 'Keys', title: 'Keys  ?', class: 'keys' }));
  }

  input(key) {
    Input.prototype.act.call({ app: this, stage: this.stage }, key);
  }

  helpSheet() {
    const sheet = el('dialog', { class: 'help', 'aria-label': 'Keys' });
    sheet.append(el('h2', {}, 'Keys'), rowsOf(KEYS), button('Close', () => sheet.close(), { autofocus: '' }));
    sheet.addEventListener('click', event => event.target === sheet && sheet.close());
    return sheet;
  }

  themeButton() {
    const chosen = remember();
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
    const dark = () => (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
    const paint = () => {
      toggle.textContent = dark() ? '☀' : '☾';
      toggle.setAttribute('aria-label', dark() ? 'Light colours' : 'Dark colours');
      toggle.title = toggle.getAttribute('aria-label');
      this.painter?.theme();
      this.changed('view');
    };
    const toggle = button('', () => {
      document.documentElement.dataset.theme = dark() ? 'light' : 'dark';
      remember(document.documentElement.dataset.theme);
      paint();
    }, { class: 'theme' });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
    document.querySelector('header').append(toggle);
    paint();
  }

  resize() {
    const narrow = innerWidth < 900;
    if (narrow) this.lanes.style.height = `${Stage.wish(this.run, this.stage.rows.length, innerWidth < 560)}px`;
    else this.lanes.style.height = '';
    const { width, height } = this.lanes.getBoundingClientRect();
    if (!width || !height) return;
    this.painter.resize(Math.floor(width), Math.floor(height));
    // A finger scrolls the page, unless there are lanes to scroll.
    this.canvas.style.touchAction = this.stage.mostScroll ? 'none' : 'pan-y';
    this.changed('view');
  }

  // Asks for a frame. `what` is view or cursor: the panels change only with the cursor and the selection.
  changed(what) {
    if (what === 'cursor') this.stale = true;
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(now => this.frame(now));
  }

  frame(now) {
    const begin = performance.now();
    this.asked = false;
    const { stage } = this;
    if (stage.playing) this.advance(now);
    if (stage.box.width) {
      if (stage.laid !== stage.rows) {
        stage.laid = stage.rows;
        stage.lay(stage.box.width, stage.box.height);
      }
      this.painter.frame();
    }
    this.lastFrameMs = performance.now() - begin;
    this.frames++;
    if (this.stale) this.panel(now);
    this.showLegend();
    if (stage.playing) this.changed('cursor');
  }

  panel(now) {
    // With many tasks the panels cost more than the lanes: while playing they follow five times a second.
    if (this.stage.playing && this.run.tasks.length > 2000 && now - (this.paneled ?? 0) < 200) return;
    this.paneled = now;
    this.stale = false;
    this.clock.textContent = `${exact(this.stage.cursor)} of ${brief(this.run.end, 1000)}`;
    this.panels.update();
  }

  advance(now) {
    const { stage } = this;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const passed = now - (this.played ?? now);
    if (calm && this.played && passed < 250) return;
    this.played = now;
    stage.moveCursor(stage.cursor + Math.min(passed, 500) * 1e6 * stage.speed);
    const { from, to } = stage.view;
    if (stage.cursor > to - (to - from) * 0.1 && to < stage.whole().to) stage.setView(stage.cursor - (to - from) * 0.2, stage.cursor + (to - from) * 0.8);
    this.followStory();
    if (stage.cursor >= this.run.end) this.play(false);
  }

  // While playing the story goes along.
  followStory() {
    const { story } = this.run;
    const next = story.reduce((last, stop, i) => stop.at <= this.stage.cursor ? i : last, -1);
    if (next >= 0 && next !== this.stage.stop) this.showStop(next);
  }

  play(on) {
    const { stage } = this;
    if (on && stage.cursor >= this.run.end) {
      stage.cursor = this.run.since;
      stage.stop = -1;
    }
    stage.playing = on;
    this.played = undefined;
    this.playButton.textContent = on ? '⏸' : '▶';
    this.playButton.setAttribute('aria-label', on ? 'Pause' : 'Play');
    if (on) this.hover(null);
    this.changed('cursor');
  }

  goTo(i) {
    const stop = this.run.story[i];
    if (!stop) return;
    this.play(false);
    this.moveTo(stop.at, stop.task);
    this.showStop(i);
  }

  showStop(i) {
    const stop = this.run.story[i];
    this.stage.stop = i;
    if (stop.line && this.panels.current === 'lesson') this.panels.open('code');
    this.panels.code.mark(stop.line);
    this.tell();
    this.changed('cursor');
  }

  tell() {
    const { story } = this.run;
    const at = this.stage.stop;
    this.storyText.textContent = at < 0 ? 'Press › to see what happened, stop by stop.' : clean(story[at].text, 1000);
    this.storyCount.textContent = at < 0 ? `${story.length} stops` : `${at + 1} / ${story.length}`;
    this.before.disabled = at === 0;
    this.after.disabled = at === story.length - 1;
  }

  moveTo(t, task) {
    const { stage } = this;
    if (stage.playing && task !== undefined) this.play(false);
    stage.moveCursor(t);
    stage.showCursor();
    if (task !== undefined) stage.select(task);
    this.hover(null);
    this.changed('cursor');
  }

  select(ix) {
    this.stage.select(ix);
    this.say();
    this.changed('cursor');
  }

  // Selects a lane with the keys, and shows its tip at the cursor.
  selectRow(at) {
    const { stage } = this;
    stage.row = Math.min(stage.rows.length - 1, Math.max(0, at));
    stage.selected = stage.rows[stage.row]?.task.ix ?? null;
    stage.showRow(stage.row);
    this.stepped();
  }

  stepped() {
    const { stage } = this;
    stage.showCursor();
    this.say(true);
    this.changed('cursor');
    return true;
  }

  say(show) {
    const { stage } = this;
    const row = stage.rows[stage.row];
    if (!row) return;
    const tip = tipOf(stage, row, stage.cursor, true);
    this.live.textContent = spoken(tip);
    if (show) this.showTip(tip, Math.min(stage.box.width, Math.max(stage.box.names, stage.x(stage.cursor))), stage.middle(stage.row));
  }

  hover(hit, at, spoke) {
    const { stage } = this;
    const before = stage.hover?.at;
    stage.hover = hit?.zone === 'lane' ? hit : null;
    if (before !== stage.hover?.at) this.changed('view');
    this.canvas.style.cursor = hit?.fold ? 'pointer' : hit?.zone === 'lane' && hit.where === 'plot' ? 'crosshair' : hit?.zone === 'ruler' ? 'ew-resize' : '';
    const tip = this.tipAt(hit);
    if (!tip) return void (this.tip.hidden = true);
    if (spoke) this.live.textContent = spoken(tip);
    this.showTip(tip, at[0], at[1]);
  }

  tipAt(hit) {
    const { stage, run } = this;
    if (hit?.zone === 'lane' && hit.where === 'name') {
      const { task } = hit.row;
      return { title: task.name, rows: [['spawned', exact(task.spawned) + (task.spawned_at ? ` at ${clean(task.spawned_at)}` : '')]] };
    }
    if (hit?.zone === 'lane') return hit.t > run.end ? null : tipOf(stage, hit.row, hit.t);
    if (hit?.zone !== 'chart') return null;
    const quantity = [...run.words, ...run.counters][hit.chart];
    if (!quantity || hit.chart >= stage.box.charts) return null;
    const charts = new Charts(this.painter);
    const value = quantity.points ? charts.wordAt(quantity, hit.t) : charts.valueAt(quantity, hit.t);
    const most = quantity.most === undefined ? [] : [['most', number(quantity.most)]];
    return { title: quantity.name, rows: [[null, `${value === null ? 'nothing' : typeof value === 'number' ? number(value) : value} at ${exact(Math.round(hit.t))}`], ...most] };
  }

  showTip(tip, x, y) {
    const { tip: node } = this;
    node.textContent = '';
    node.append(el('strong', {}, tip.title), rowsOf(tip.rows));
    node.hidden = false;
    const { width, height } = this.stage.box;
    const w = node.offsetWidth, h = node.offsetHeight;
    node.style.left = `${Math.max(4, Math.min(x + 14, width - w - 4))}px`;
    const below = y + 18;
    node.style.top = `${below + h < height ? below : Math.max(-40, y - h - 14)}px`;
  }

  critical() {
    if (this.run.critical.length < 2) return;
    this.painter.critical = !this.painter.critical;
    this.pathButton.setAttribute('aria-pressed', String(this.painter.critical));
    this.changed('view');
  }

  escape() {
    const { stage } = this;
    this.play(false);
    this.hover(null);
    stage.selected = null;
    stage.stop = -1;
    stage.cursor = this.run.end;
    this.panels.code.mark(null);
    this.tell();
    this.changed('cursor');
  }

  // What the marks on screen mean. It changes only if other marks are.
  showLegend() {
    const { seen } = this.painter;
    const marks = legendOf(this.run, seen, this.painter.critical);
    const key = marks.map(mark => mark[0]).join();
    if (key === this.legendKey) return;
    this.legendKey = key;
    this.legend.textContent = '';
    for (const [kind, glyph, word] of marks) this.legend.append(el('span', { class: 'mark' }, el('i', { class: `k-${kind}` }, glyph), word));
  }
}

// Keeps the theme for the next page, where the browser lets a page keep something.
function remember(theme) {
  try {
    if (theme) localStorage.setItem('async-playground-theme', theme);
    return localStorage.getItem('async-playground-theme');
  } catch {
    return null;
  }
}

// Marks and their meanings, in the order of strength: [class, glyph, word].
function legendOf(run, seen, critical) {
  const marks = [];
  const has = kind => seen.has(kind);
  if (has(RUNNING)) marks.push(['running', '', 'running']);
  if (has(SHORT)) marks.push(['short', '', 'short poll']);
  if (has(READY)) marks.push(['ready', '', 'ready']);
  const held = FAMILY_COLOURS.find((_, family) => has(HOLDING + family));
  if (held) marks.push([`holding f-${held}`, '', 'holds a lock or permit']);
  if (has(HOLDING_QUEUED)) marks.push(['both', '', 'holds one, queued for another']);
  if (has(QUEUED)) marks.push(['lock', '', run.families[LOCK]?.word ?? 'queued']);
  run.families.forEach(({ word }, family) => {
    if (family !== LOCK && (has(WAIT + family) || has(HOLDING + family))) marks.push([FAMILY_COLOURS[family] ?? 'other', '', run.knows_waits ? word : 'between polls']);
  });
  for (const [how, glyph] of Object.entries(END_MARKS)) {
    if (has(how)) marks.push([`end-${how}`, glyph, how === 'unknown' ? 'ended, unknown how' : how]);
  }
  if (has('held')) marks.push(['held', '', 'what it holds']);
  if (has('wake')) marks.push(['wake', '↓', 'wakes']);
  if (has('preempted')) marks.push(['preempted', '↷', 'put off by the schedule']);
  if (run.stall) marks.push(['forever', '∞', 'for ever']);
  if (has('cycle')) marks.push(['cycle', '↕', 'waits for a lock that the other holds']);
  if (run.flagged.size) marks.push(['flag', '⚑', 'finding']);
  if (critical) marks.push(['path', '', 'critical path']);
  return marks.filter((mark, i) => marks.findIndex(other => other[2] === mark[2]) === i);
}

function boot() {
  const run = new Run(JSON.parse(document.getElementById('run').textContent));
  const app = new App(run);
  app.tell();
  const { stage } = app;
  // For tests, and for the curious.
  window.playground = Object.freeze({
    get view() { return { ...stage.view }; },
    get cursor() { return stage.cursor; },
    get selected() { return stage.selected; },
    get stop() { return stage.stop; },
    get lanes() { return stage.rows.length; },
    get frames() { return app.frames; },
    get lastFrameMs() { return app.lastFrameMs; },
    get box() { return { ...stage.box }; },
  });
}

try {
  boot();
} catch (error) {
  // The plain page says all that matters.
  document.documentElement.classList.remove('js');
  document.getElementById('app')?.remove();
  throw error;
}
