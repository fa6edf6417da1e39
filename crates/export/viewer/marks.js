// Draws what lies on the lanes: the ruler, labels, ends, moments, wakes, the cycle of a stall, the cursor.

class Marks {
  constructor(painter) {
    Object.assign(this, { painter, ctx: painter.ctx, stage: painter.stage, run: painter.stage.run, colour: painter.colour });
    this.box = this.stage.box;
  }

  // Round times for the ruler: a step of 1, 2 or 5.
  ticks() {
    const { view } = this.stage;
    const length = view.to - view.from;
    const most = Math.max(2, this.box.plot / (length < this.run.end * 1e-3 ? 150 : 76));
    let step = 10 ** Math.floor(Math.log10(length / most));
    step *= [1, 2, 5, 10].find(times => length / (step * times) <= most) ?? 10;
    step = Math.max(1, Math.round(step));
    const ticks = [];
    const end = Math.min(view.to, this.run.end);
    for (let t = Math.ceil(Math.max(0, view.from) / step) * step; t <= end && ticks.length < 60; t += step) ticks.push(t);
    return ticks;
  }

  grid() {
    const { ctx, box, stage } = this;
    ctx.fillStyle = this.colour.grid;
    for (const t of this.ticks()) {
      const x = Math.round(stage.x(t));
      if (x >= box.names) ctx.fillRect(x, 26, 1, box.end - 26);
    }
  }

  ruler() {
    const { ctx, box, stage, colour } = this;
    ctx.fillStyle = colour.bg;
    ctx.fillRect(0, 0, box.width, 26);
    ctx.fillStyle = colour.line;
    ctx.fillRect(box.names, 25, box.plot + box.right, 1);
    ctx.font = `11.5px ${FONT}`;
    ctx.textBaseline = 'middle';
    let right = -100;
    const cursor = stage.cursor < this.run.end || stage.stop >= 0 ? stage.x(stage.cursor) : null;
    const label = cursor === null ? '' : exact(stage.cursor);
    const half = cursor === null ? 0 : this.painter.width(label) / 2 + 6;
    const at = cursor === null ? 0 : Math.min(Math.max(cursor, box.names + half), box.width - half - 2);
    for (const t of this.ticks()) {
      const x = Math.round(stage.x(t));
      if (x < box.names - 1) continue;
      ctx.fillStyle = colour.line;
      ctx.fillRect(x, 18, 1, 7);
      const text = exact(t);
      const width = this.painter.width(text);
      if (x + 4 < right || x + 4 + width > box.width) continue;
      right = x + width + 12;
      if (cursor !== null && x + 4 < at + half && x + 4 + width > at - half) continue;
      ctx.fillStyle = colour.faint;
      ctx.fillText(text, x + 4, 13);
    }
    if (cursor === null || cursor < box.names - 1 || cursor > box.width) return;
    ctx.fillStyle = colour.accent;
    this.pill(at - half, 4, 2 * half, 18);
    ctx.fillStyle = colour.bg;
    ctx.fillText(label, at - half + 6, 13.5);
  }

  pill(x, y, width, height) {
    const { ctx } = this;
    ctx.beginPath();
    ctx.roundRect(x, y, width, height, 4);
    ctx.fill();
  }

  moments() {
    const { ctx, box, stage, colour } = this;
    if (!this.run.moments.length) return;
    ctx.font = `11.5px ${FONT}`;
    ctx.textBaseline = 'middle';
    for (const [x, text, row] of placeMoments(stage, stage.view)) {
      const y = 29 + row * 17;
      ctx.fillStyle = colour.warn;
      for (let at = y; at < box.bottom; at += 7) ctx.fillRect(Math.round(x), at, 1, 4);
      const shown = this.painter.fit(text, 190);
      const width = this.painter.width(shown) + 8;
      const left = x + width > box.width ? x - width : x;
      ctx.fillStyle = colour.bg;
      ctx.fillRect(left + (left === x ? 1 : -1), y, width, 16);
      ctx.fillStyle = colour.warn;
      ctx.fillText(shown, left + 4, y + 8.5);
    }
  }

  // What each task holds, below its lane. If there is one resource only, the heavy line says it.
  holds(first, last) {
    const { ctx, stage, box, colour } = this;
    if (this.run.resources.length < 2 || box.row < 26) return;
    ctx.font = `10.5px ${FONT}`;
    ctx.textBaseline = 'alphabetic';
    for (let at = first; at < last; at++) {
      const { task, branch } = stage.rows[at];
      if (branch !== null || task.held.length > 500) continue;
      const bottom = stage.rowTop(at) + box.row;
      const rights = [];
      for (const [from, to, resource] of task.held) {
        // In a stall, what is held now is held for ever.
        const until = to === null && task.alive && this.run.stall ? box.width : stage.x(to ?? task.until);
        const x = Math.max(box.names, stage.x(from)), end = Math.min(box.width, until);
        if (end < box.names || x > box.width) continue;
        ctx.fillStyle = colour.lock;
        const row = rights.findIndex(right => right < x);
        const line = row < 0 ? rights.length : row;
        if (line > 1) continue;
        rights[line] = end;
        ctx.fillRect(x, bottom - 3 - line * 3, Math.max(2, end - x), 1.5);
        this.painter.seen.add('held');
      }
    }
  }

  // Labels where there is room: log marks first, then spans, then what is awaited. None hides a poll.
  labels(at) {
    const { ctx, stage, box, colour } = this;
    const { task, branch } = stage.rows[at];
    if (branch !== null) return;
    const { view } = stage;
    ctx.font = `${box.row < 24 ? 10.5 : 11}px ${FONT}`;
    ctx.textBaseline = 'middle';
    const inline = [], over = box.strip ? [] : inline;
    const shown = list => list.length < 400 ? list.filter(([from]) => from >= view.from && from <= view.to) : [];
    const marks = shown(task.marks);
    marks.forEach(([t, text, level], i) => {
      const until = Math.min(marks[i + 1]?.[0] ?? Infinity, box.strip ? Infinity : this.nextPoll(task, t));
      this.label(at, over, t, until, clean(text, 24), level === 'error' ? colour.bad : level === 'warn' ? colour.warn : colour.text);
    });
    for (const [from, to, text] of task.spans.length < 400 ? task.spans : []) {
      if ((to ?? task.until) < view.from || from > view.to) continue;
      const until = box.strip ? to ?? Infinity : Math.min(to ?? Infinity, this.nextPoll(task, from));
      this.label(at, over, from, until, clean(text, 40), colour.text);
    }
    this.awaited(at, task, inline);
  }

  nextPoll(task, t) {
    const { starts, states } = task;
    for (let i = above(starts, t, 0, starts.length), n = 0; i < starts.length && n < 50; i++, n++) if (states[i] < 0) return starts[i];
    return task.alive ? Infinity : task.until;
  }

  // The names of awaits, in their bars.
  awaited(at, task, taken) {
    const { stage, run, box, colour } = this;
    const { starts, states } = task;
    if (!run.knows_waits) return;
    const start = Math.max(0, above(starts, stage.view.from, 0, starts.length) - 1);
    for (let i = start, n = 0; i < starts.length && starts[i] < stage.view.to && n < 300; i++, n++) {
      if (states[i] <= 0) continue;
      const until = this.sameUntil(task, i);
      if (stage.x(until) - Math.max(box.names, stage.x(starts[i])) < 30) continue;
      const site = run.leafOf(states[i])?.site;
      if (site && !site.turn) this.label(at, taken, starts[i], until, clean(site.name || site.cause, 40), colour.faint, true);
    }
  }

  // Until when a segment looks the same: a timer may be overdue, or a lock given back.
  sameUntil(task, segment) {
    const { at, kind, of } = task;
    let i = above(at, task.starts[segment], 0, at.length) - 1;
    const first = kind[i];
    while (i < at.length && of[i] === segment && kind[i] === first) i++;
    return i < at.length ? at[i] : task.until;
  }

  // A text from a time on, if there is room for it before another time and between what was placed already.
  label(at, taken, from, until, text, style, inBar) {
    const { ctx, stage, box, colour, painter } = this;
    const x = Math.max(stage.x(from) + 7, box.names + 5);
    const width = painter.width(text);
    if (x + width + 5 > Math.min(stage.x(until), box.width)) return;
    if (taken.some(([a, b]) => x - 4 < b && a < x + width + 4)) return;
    taken.push([x - 4, x + width + 4]);
    const task = stage.rows[at].task;
    const inStrip = box.strip && !inBar;
    const y = inStrip ? stage.rowTop(at) + 9 : stage.middle(at);
    const kind = inStrip ? EMPTY : task.kind[Math.max(0, above(task.at, stage.time(x), 0, task.at.length) - 1)];
    const solid = kind >= HOLDING && kind < HOLDING_QUEUED;
    if (!inStrip && !solid && kind !== QUEUED) {
      ctx.fillStyle = kind === HOLDING_QUEUED ? colour.band : stage.selected === task.ix ? colour.select : colour.bg;
      ctx.fillRect(x - 5, y - 7, width + 8, 14);
    }
    ctx.fillStyle = solid ? colour['on-running'] : kind === QUEUED || kind === HOLDING_QUEUED ? colour.text : style;
    ctx.fillText(text, x, y + 0.5);
  }

  ends(at) {
    const { ctx, stage, run, box, colour } = this;
    const { task, branch } = stage.rows[at];
    const middle = stage.middle(at);
    const colours = { completed: 'good', failed: 'bad', cancelled: 'warn', panicked: 'bad', unknown: 'faint' };
    const mark = (t, how) => {
      const x = stage.x(t);
      if (x < box.names - 2 || x > box.width || !END_MARKS[how]) return;
      ctx.fillStyle = stage.selected === task.ix ? colour.select : colour.bg;
      ctx.fillRect(x + 3, middle - 8, 14, 16);
      ctx.font = `700 13px ${FONT}`;
      ctx.fillStyle = colour[colours[how]];
      ctx.fillText(END_MARKS[how], x + 4, middle + 0.5);
      this.painter.seen.add(how);
    };
    ctx.textBaseline = 'middle';
    if (branch !== null) {
      for (const piece of task.branches[branch].slice(-200)) if (piece.how && piece.how !== 'completed' && piece.to !== null) mark(piece.to, piece.how);
      return;
    }
    if (task.end) mark(task.end[0], task.end[1]);
    // A task whose life is outside the view: in which direction it is.
    const side = task.until < stage.view.from ? '‹' : task.spawned > stage.view.to ? '›' : '';
    if (side) {
      ctx.font = `400 13px ${FONT}`;
      ctx.fillStyle = colour.faint;
      ctx.fillText(side, side === '‹' ? box.names + 4 : box.width - 20, middle);
    }
    for (const [t] of run.preempted.get(task.ix) ?? []) {
      const x = stage.x(t);
      if (x < box.names || x > box.width) continue;
      ctx.font = `700 14px ${FONT}`;
      ctx.fillStyle = colour.warn;
      ctx.fillText('↷', x - 4, middle - stage.bar() / 2 - 2);
      this.painter.seen.add('preempted');
    }
  }

  // After a stall each task that waits goes on for ever, and the cycle joins its lanes.
  stall(first, last) {
    const { ctx, stage, run, box, colour } = this;
    const from = Math.max(box.names, stage.x(run.end)), to = box.width - 20;
    if (from >= to) return;
    for (let at = first; at < last; at++) {
      const { task, branch } = stage.rows[at];
      if (!task.alive || branch !== null || !task.kind.length) continue;
      const middle = stage.middle(at);
      const kind = task.kind[task.kind.length - 1];
      const family = kind === QUEUED || kind === HOLDING_QUEUED ? LOCK : kind >= HOLDING ? kind - HOLDING : kind - WAIT;
      ctx.fillStyle = colour[FAMILY_COLOURS[family] ?? 'other'];
      const height = kind >= HOLDING ? 8 : 2;
      for (let x = from; x < to - 2; x += 9) ctx.fillRect(x, middle - height / 2, 5, height);
      ctx.font = `600 16px ${FONT}`;
      ctx.textBaseline = 'middle';
      ctx.fillText('∞', to + 1, middle);
    }
    this.cycle(from, to);
  }

  // From each stuck task to the one that has what it waits for.
  cycle(from, to) {
    const { ctx, stage, run, colour } = this;
    const arrows = run.stuck().filter(pair => pair.every(ix => stage.rowOf.has(ix)));
    ctx.strokeStyle = ctx.fillStyle = colour.bad;
    ctx.lineWidth = 2;
    arrows.forEach(([task, holder], i) => {
      const x = from + (to - from) * (i + 1) / (arrows.length + 1);
      this.arrow(x, stage.middle(stage.rowOf.get(task)), stage.middle(stage.rowOf.get(holder)), 5);
      this.painter.seen.add('cycle');
    });
  }

  // A vertical arrow between two lanes.
  arrow(x, y, target, head) {
    const { ctx } = this;
    const down = target > y ? 1 : -1;
    const tip = target - down * 3;
    ctx.beginPath();
    ctx.arc(x, y, 2.5, 0, 7);
    ctx.fill();
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x, tip - down * head);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - head * 0.8, tip - down * head * 1.5);
    ctx.lineTo(x + head * 0.8, tip - down * head * 1.5);
    ctx.lineTo(x, tip);
    ctx.fill();
  }

  // Who woke whom: of all lanes if they are few, else of the selected task.
  wakes(first, last) {
    const { ctx, stage, run } = this;
    const few = stage.rows.length <= 6;
    const chosen = stage.selected === null ? null : run.tasks[stage.selected];
    if (!few && !chosen) return;
    ctx.strokeStyle = ctx.fillStyle = this.colour.text;
    ctx.lineWidth = 1.25;
    ctx.globalAlpha = 0.75;
    const drawn = new Map();
    const draw = (t, by, to) => {
      const from = stage.rowOf.get(by), target = stage.rowOf.get(to);
      if (from === undefined || target === undefined || from === target || t > stage.cursor) return;
      const x = stage.x(t);
      if (x < this.box.names || x > this.box.width || x - (drawn.get(`${by} ${to}`) ?? -9) < 4) return;
      drawn.set(`${by} ${to}`, x);
      const down = target > from ? 1 : -1;
      this.arrow(x, stage.middle(from), stage.middle(target) - down * (stage.bar() / 2 - 2), 4);
      this.painter.seen.add('wake');
    };
    const within = task => {
      let i = above(task.wakeAt, stage.view.from - 1, 0, task.wakeAt.length);
      for (let n = 0; i < task.wakeAt.length && task.wakeAt[i] <= stage.view.to && n < 2000; i++, n++) {
        if (task.wakeBy[i] >= 0) draw(task.wakeAt[i], task.wakeBy[i], task.ix);
      }
    };
    if (few) for (const { task, branch } of stage.rows) branch === null && within(task);
    else {
      within(chosen);
      for (const [t, to] of run.wakesBy(chosen).slice(0, 20000)) if (t >= stage.view.from && t <= stage.view.to) draw(t, chosen.ix, to);
    }
    ctx.globalAlpha = 1;
  }

  // The critical path: a line along the top of the lane that decided how long the run took.
  path() {
    const { ctx, stage, colour } = this;
    ctx.fillStyle = colour.text;
    let before = null;
    for (const [ix, from, to] of this.run.critical) {
      const at = stage.rowOf.get(ix);
      if (at === undefined) continue;
      const y = stage.rowTop(at) + 2;
      const x = stage.x(from);
      ctx.fillRect(x, y, Math.max(1.5, stage.x(to) - x), 2.5);
      if (before !== null && before !== at) {
        const other = stage.rowTop(before) + 2;
        ctx.fillRect(x - 0.5, Math.min(y, other), 1.5, Math.abs(y - other) + 2);
      }
      before = at;
    }
  }

  // At the cursor nothing later has happened: it is dimmed.
  cursor() {
    const { ctx, stage, box, colour } = this;
    if (stage.cursor >= this.run.end && stage.stop < 0) return;
    const x = Math.max(box.names, stage.x(stage.cursor));
    if (x > box.width) return;
    ctx.globalAlpha = 0.8;
    ctx.fillStyle = colour.bg;
    if (stage.cursor < this.run.end) ctx.fillRect(x, 26, box.width - x, box.end - 26);
    ctx.globalAlpha = 1;
    if (stage.x(stage.cursor) < box.names) return;
    ctx.fillStyle = colour.accent;
    ctx.fillRect(Math.round(x) - 0.75, 20, 1.5, box.end - 20);
  }

  scrollbar() {
    const { ctx, stage, box, colour } = this;
    if (!stage.mostScroll) return;
    const room = box.bottom - box.top;
    const whole = stage.rows.length * box.row;
    const height = Math.max(24, room * room / whole);
    ctx.fillStyle = colour.faint;
    ctx.globalAlpha = 0.6;
    this.pill(box.width - 6, box.top + (room - height) * stage.scroll / stage.mostScroll, 4, height);
    ctx.globalAlpha = 1;
  }
}
