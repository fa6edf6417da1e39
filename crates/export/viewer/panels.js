// The panels beside the lanes: lesson, code, story, log, outcome, findings, waits, task.

// How many lines of the log are shown at a time.
const LOG_LINES = 400;

class Panels {
  constructor(app) {
    this.app = app;
    this.run = app.run;
    this.code = new CodePanel(app);
    const { run } = this;
    const all = [
      ['lesson', 'Lesson', run.text || run.lesson || run.facts.length ? () => this.lesson() : null],
      ['code', 'Code', run.code.length ? () => this.code.node : null],
      ['story', 'Story', run.story.length ? () => this.story() : null],
      ['log', 'Log', run.log.length ? () => this.log() : null],
      ['outcome', 'Outcome', () => this.outcome()],
      ['findings', `Findings ${run.findings.length}`, run.findings.length ? () => this.findings() : null],
      ['waits', 'Waits', run.wait_table.length ? () => this.waits() : null],
      ['task', 'Task', () => (this.taskBox = el('div', { class: 'text' }))],
    ].filter(([, , make]) => make);
    this.tabs = el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Panels' });
    this.body = el('div', { class: 'panel-body' });
    this.node = el('section', { class: 'side', 'aria-label': 'About the run' }, this.tabs, this.body);
    this.all = new Map();
    for (const [id, title, make] of all) {
      const panel = el('div', { class: `panel panel-${id}`, role: 'tabpanel', id: `panel-${id}`, 'aria-labelledby': `tab-${id}`, tabindex: '0' });
      const tab = button(title, () => this.open(id), { role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}` });
      panel.append(make());
      this.tabs.append(tab);
      this.body.append(panel);
      this.all.set(id, { tab, panel });
    }
    this.tabs.addEventListener('keydown', event => this.keys(event));
    this.open(this.all.has('lesson') ? 'lesson' : 'code');
  }

  open(id) {
    if (!this.all.has(id)) return;
    this.current = id;
    for (const [other, { tab, panel }] of this.all) {
      tab.setAttribute('aria-selected', String(other === id));
      tab.tabIndex = other === id ? 0 : -1;
      panel.hidden = other !== id;
    }
    this.update();
  }

  keys(event) {
    const ids = [...this.all.keys()];
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const id = ids[(ids.indexOf(this.current) + by + ids.length) % ids.length];
    this.open(id);
    this.all.get(id).tab.focus();
  }

  // Shows what changed with the cursor and the selection, in the open panel only.
  update() {
    if (this.current === 'code') {
      this.code.update();
      this.code.begin();
    }
    if (this.current === 'log') this.showLog();
    if (this.current === 'task') this.showTask();
    if (this.current === 'story') this.stops.forEach((stop, i) => stop.setAttribute('aria-current', String(i === this.app.stage.stop)));
  }

  lesson() {
    const { run } = this;
    const box = el('div', { class: 'text' }, ...prose(run.text || run.lesson));
    if (run.differs && !run.code[1]) box.append(el('p', {}, clean(run.differs, 600)));
    if (run.facts.length) box.append(el('h3', {}, 'This run'), rowsOf(run.facts.map(([name, value]) => [clean(name), clean(value)])));
    if (run.share) {
      const line = el('code', {}, clean(run.share, 2000));
      const done = button('Copy', () => copy(run.share, line, word => {
        done.textContent = word;
        setTimeout(() => (done.textContent = 'Copy'), 2000);
      }));
      box.append(el('h3', {}, 'Run it yourself'), el('div', { class: 'share' }, line, done));
    }
    return box;
  }

  story() {
    this.stops = this.run.story.map((stop, i) => button('', () => this.app.goTo(i), { class: 'stop' }));
    this.run.story.forEach((stop, i) => this.stops[i].append(
      el('span', { class: 'when' }, exact(stop.at)), el('span', { class: 'what' }, clean(stop.text, 1000))));
    return el('ol', { class: 'stops' }, ...this.stops.map(stop => el('li', {}, stop)));
  }

  log() {
    this.logNote = el('p', { class: 'note' });
    this.lines = el('div', { class: 'log' });
    return el('div', {}, this.logNote, this.lines);
  }

  showLog() {
    const { run } = this;
    const n = above(run.logAt, this.app.stage.cursor, 0, run.logAt.length);
    if (this.logged === n) return;
    const from = Math.max(0, n - LOG_LINES);
    // While a run plays, lines are only added.
    const added = this.logged !== undefined && n > this.logged && this.logged >= from;
    if (!added) this.lines.textContent = '';
    for (let i = added ? this.logged : from; i < n; i++) this.lines.append(this.logLine(run.log[i]));
    while (this.lines.childElementCount > n - from) this.lines.firstChild.remove();
    this.logged = n;
    this.logNote.textContent = !n ? 'Nothing was logged before the cursor.' :
      from ? `${counted(from, 'earlier line')}: move the cursor back to see them` : '';
    this.logNote.hidden = !this.logNote.textContent;
    const { panel } = this.all.get('log');
    panel.scrollTop = panel.scrollHeight;
  }

  logLine([t, task, level, text]) {
    const known = ['trace', 'debug', 'info', 'warn', 'error'].includes(level) ? level : 'info';
    const line = button('', () => this.app.moveTo(t, task ?? undefined), { class: `log-line l-${known}` });
    const name = task === null ? '' : this.run.tasks[task]?.name ?? '';
    const mark = level === 'info' ? '' : `${clean(level)} `;
    line.append(el('span', { class: 'when' }, exact(t)), el('span', { class: 'who' }, name), el('span', { class: 'what' }, mark + clean(text, 600)));
    return line;
  }

  outcome() {
    const { run } = this;
    const box = el('div', { class: 'text' });
    box.append(el('p', { class: run.ending.bad ? 'ending bad' : 'ending good' }, `${run.ending.bad ? '✗' : '✓'} ${clean(run.ending.text, 600)}`));
    if (run.stall) box.append(el('p', { class: 'bad' }, clean(run.stall.text, 2000)));
    if (run.outcome.length) box.append(rowsOf(run.outcome.map(({ name, value }) => [clean(name), clean(value)])));
    for (const check of run.checks) {
      box.append(el('p', { class: check.holds ? 'check good' : 'check bad' }, `${check.holds ? '✓' : '✗ failed:'} ${clean(check.name)}`));
    }
    const ends = {};
    for (const task of run.tasks) ends[task.alive ? 'alive' : task.end[1]] = (ends[task.alive ? 'alive' : task.end[1]] ?? 0) + 1;
    box.append(el('h3', {}, 'Tasks'), rowsOf([['spawned', number(run.tasks.length)], ...Object.entries(ends).map(([how, n]) => [how, number(n)])]));
    if (run.lost) box.append(el('p', { class: 'bad' }, `${counted(run.lost, 'event')} of the trace were lost`));
    return box;
  }

  findings() {
    return el('div', { class: 'findings' }, ...this.run.findings.map(finding => {
      const line = button('', () => this.app.moveTo(finding.at, finding.task ?? undefined), { class: 'finding' });
      line.append(el('strong', {}, `⚑ ${clean(finding.kind)}${finding.inferred ? ' (probably)' : ''}`),
        el('span', { class: 'when' }, exact(finding.at)), el('span', { class: 'what' }, clean(finding.text, 1500)),
        finding.advice ? el('span', { class: 'advice' }, clean(finding.advice, 1500)) : '');
      return line;
    }));
  }

  waits() {
    const rows = this.run.wait_table.slice(0, 300).map(wait =>
      [el('span', {}, clean(wait.cause), el('small', {}, clean(wait.place ?? ''))), number(wait.count), brief(wait.total), brief(wait.max)]);
    return el('div', { class: 'text' }, table(['wait', 'count', 'total', 'longest'], rows, [1, 2, 3]));
  }

  showTask() {
    const { run } = this;
    const { stage } = this.app;
    const task = stage.selected === null ? null : run.tasks[stage.selected];
    this.taskBox.textContent = '';
    if (!task) return void this.taskBox.append(el('p', { class: 'note' }, 'Select a lane: click it, or use ↑ and ↓.'));
    const t = stage.cursor;
    const i = run.segment(task, t);
    const now = i >= 0 ? describe(run, task, i, t) : [[null, t < task.spawned ? `not yet spawned at ${exact(t)}` : task.alive ? '' : ending(task)]];
    const parent = task.parent === null ? null : run.tasks[task.parent];
    let polls = 0, busy = 0;
    task.states.forEach((state, at) => {
      if (state >= 0) return;
      polls++;
      busy += run.segmentEnd(task, at) - task.starts[at];
    });
    this.taskBox.append(el('h3', {}, task.name), rowsOf(now), el('h3', {}, 'Its life'), rowsOf([
      ['spawned', exact(task.spawned) + (parent ? ` by ${parent.name}` : '')],
      task.spawned_at && ['at', clean(task.spawned_at)],
      ['end', task.end ? ending(task) : 'still alive when the trace ends'],
      ['polls', `${number(polls)}, running ${exact(busy)} in all`],
      ['wakes', number(task.wakeAt.length)],
      task.children.length && ['spawned', counted(task.children.length, 'task')],
      task.bytes && ['future', counted(task.bytes, 'byte')],
      task.panic && ['panic', clean(task.panic, 2000)],
    ].filter(Boolean)));
    const found = run.findings.filter(finding => finding.task === task.ix);
    for (const finding of found) this.taskBox.append(el('p', { class: 'advice' }, `⚑ ${clean(finding.kind)}: ${clean(finding.text, 1500)}`));
  }
}
