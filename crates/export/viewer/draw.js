// Draws the lanes. Each lane is reduced to one state for each column of pixels, the strongest one, so a frame costs the same for a
// hundred segments as for a hundred thousand.

const FAMILY_COLOURS = ['time', 'lock', 'channel', 'join', 'io', 'other'];
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const KINDS = RUNNING + 1;

class Painter {
  constructor(canvas, stage) {
    this.canvas = canvas;
    this.stage = stage;
    this.ctx = canvas.getContext('2d', { alpha: false });
    this.columns = new Uint8Array(4096);
    this.runs = Array.from({ length: KINDS }, () => []);
    this.widths = new Map();
    this.seen = new Set();
    this.dpr = 1;
    this.critical = false;
  }

  // Reads the colours of the theme from the style sheet.
  theme() {
    const style = getComputedStyle(document.documentElement);
    this.colour = {};
    for (const name of ['bg', 'panel', 'text', 'faint', 'line', 'grid', 'accent', 'select', 'running', 'on-running', 'ready', 'time',
      'lock', 'channel', 'join', 'io', 'other', 'good', 'bad', 'warn', 'chart', 'band', 'ribbon']) {
      this.colour[name] = style.getPropertyValue(`--${name}`).trim() || '#888';
    }
    this.patterns = {
      channel: this.pattern(8, 1, (c, d) => c.fillRect(0, 0, 5 * d, d), 'channel'),
      join: this.pattern(5, 1, (c, d) => c.fillRect(0, 0, 2 * d, d), 'join'),
      short: this.pattern(3, 1, (c, d) => c.fillRect(0, 0, 2 * d, d), 'running'),
      queuedHeavy: this.pattern(12, 1, (c, d) => c.fillRect(0, 0, 8 * d, d), 'lock'),
      ready: this.pattern(6, 6, (c, d) => {
        c.lineWidth = 1.4 * d;
        c.beginPath();
        for (const shift of [-6, 0, 6]) {
          c.moveTo((shift - 1) * d, 7 * d);
          c.lineTo((shift + 7) * d, -1 * d);
        }
        c.stroke();
      }, 'ready'),
    };
  }

  pattern(width, height, paint, colour) {
    const tile = document.createElement('canvas');
    tile.width = width * this.dpr;
    tile.height = height * this.dpr;
    const c = tile.getContext('2d');
    c.fillStyle = c.strokeStyle = this.colour[colour];
    paint(c, this.dpr);
    return { pattern: this.ctx.createPattern(tile, 'repeat'), width, plain: this.colour[colour] };
  }

  resize(width, height) {
    const dpr = Math.min(3, Math.max(1, Math.round((window.devicePixelRatio || 1) * 4) / 4));
    if (this.canvas.width !== Math.round(width * dpr) || this.canvas.height !== Math.round(height * dpr) || dpr !== this.dpr) {
      this.canvas.width = Math.round(width * dpr);
      this.canvas.height = Math.round(height * dpr);
      this.dpr = dpr;
      this.theme();
    }
    this.stage.lay(width, height);
  }

  frame() {
    const { ctx, stage, dpr } = this;
    const { box, run } = stage;
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.fillStyle = this.colour.bg;
    ctx.fillRect(0, 0, box.width, box.height);
    this.seen.clear();
    const [first, last] = stage.inSight();
    const marks = new Marks(this);
    this.clip(0, box.top, box.width, box.bottom - box.top, () => this.backs(first, last));
    marks.grid();
    this.clip(box.names, box.top, box.plot + box.right, box.bottom - box.top, () => {
      for (let at = first; at < last; at++) this.lane(at);
      this.paintRuns();
      marks.holds(first, last);
      for (let at = first; at < last; at++) marks.labels(at);
      for (let at = first; at < last; at++) marks.ends(at);
      if (run.stall) marks.stall(first, last);
      if (this.critical) marks.path();
      marks.wakes(first, last);
    });
    this.clip(box.names, 0, box.plot + box.right, box.bottom, () => marks.moments());
    new Charts(this).frame();
    marks.cursor();
    this.names(first, last);
    marks.ruler();
    marks.scrollbar();
  }

  clip(x, y, width, height, paint) {
    const { ctx } = this;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, y, width, height);
    ctx.clip();
    paint();
    ctx.restore();
  }

  // The selected row and the one under the pointer.
  backs(first, last) {
    const { ctx, stage } = this;
    for (let at = first; at < last; at++) {
      const { task, branch } = stage.rows[at];
      const selected = task.ix === stage.selected && (branch === null || at === stage.row);
      if (!selected && at !== stage.hover?.at) continue;
      ctx.globalAlpha = selected ? 1 : 0.5;
      ctx.fillStyle = this.colour.select;
      ctx.fillRect(0, stage.rowTop(at), stage.box.width, stage.box.row);
      ctx.globalAlpha = 1;
    }
  }

  // Finds the strongest state in each column of a lane, and collects runs of equal ones.
  lane(at) {
    const { stage, dpr } = this;
    const { task, branch } = stage.rows[at];
    const n = Math.min(8192, Math.ceil(stage.box.plot * dpr));
    if (this.columns.length < n) this.columns = new Uint8Array(n);
    const columns = this.columns;
    columns.fill(EMPTY, 0, n);
    if (branch === null) this.bin(task, columns, n); else this.binBranch(task.branches[branch], columns, n);
    const middle = stage.middle(at);
    for (let c = 0; c < n;) {
      const kind = columns[c];
      let to = c + 1;
      while (to < n && columns[to] === kind) to++;
      if (kind) this.runs[kind].push(stage.box.names + c / dpr, middle, (to - c) / dpr);
      c = to;
    }
  }

  bin(task, columns, n) {
    const { view } = this.stage;
    const { at, kind } = task;
    const count = at.length;
    const scale = n / (view.to - view.from);
    const least = 2 * this.dpr; // A poll that takes no time is still seen.
    if (!count || task.until < view.from - least / scale || at[0] >= view.to) return;
    let i = Math.max(0, above(at, view.from - least / scale, 0, count) - 1);
    while (i < count) {
      const from = at[i], to = i + 1 < count ? at[i + 1] : task.until;
      if (from >= view.to) break;
      let c = Math.floor((from - view.from) * scale), end = Math.ceil((to - view.from) * scale);
      let strength = kind[i];
      if (end <= c) end = c + 1;
      if (strength === RUNNING && (to - from) * scale < 0.5) strength = SHORT;
      if (strength >= SHORT && end - c < least) end = c + least;
      if (end > n) end = n;
      for (c = c < 0 ? 0 : c; c < end; c++) if (columns[c] < strength) columns[c] = strength;
      i++;
      // Nothing is stronger than a poll: go on where its last column ends.
      if (strength >= SHORT && i + 4 < count) {
        const next = view.from + (end - least + 1) / scale;
        if (at[i + 4] < next) i = Math.max(i, above(at, next, i, count) - 1);
      }
    }
  }

  binBranch(pieces, columns, n) {
    const { view, run } = this.stage;
    const scale = n / (view.to - view.from);
    const fill = (from, to, kind) => {
      const end = Math.min(n, Math.max(Math.floor((from - view.from) * scale) + 1, Math.ceil((to - view.from) * scale)));
      for (let c = Math.max(0, Math.floor((from - view.from) * scale)); c < end; c++) if (columns[c] < kind) columns[c] = kind;
    };
    for (const piece of pieces) {
      const to = piece.to ?? run.end;
      if (piece.from > view.to || to < view.from) continue;
      const family = run.sites[piece.wait[0]]?.family ?? 5;
      const wait = family === LOCK ? QUEUED : WAIT + family;
      fill(piece.from, piece.granted ?? to, wait);
      if (piece.granted !== null && piece.granted !== undefined) fill(piece.granted, to, HOLDING + family);
    }
  }

  // Draws what was collected, one kind after the other: a change of colour costs more than a rectangle.
  paintRuns() {
    const { ctx, stage, colour } = this;
    const bar = stage.bar();
    // A label fits into it.
    const heavy = Math.max(11, Math.min(14, bar * 0.72));
    const shift = -(stage.view.from / (stage.view.to - stage.view.from) * stage.box.plot);
    const solid = (kind, style, height, up = 0) => this.rects(kind, style, up - height / 2, height);
    const patterned = (kind, name, height) => {
      const { pattern, width, plain } = this.patterns[name];
      const dx = stage.box.names + shift % width;
      pattern.setTransform(new DOMMatrix([1 / this.dpr, 0, 0, 1 / this.dpr, dx, 0]));
      this.rects(kind, pattern, -height / 2, height, plain);
    };
    solid(WAIT, colour.time, 2);
    patterned(WAIT + 2, 'channel', 2);
    patterned(WAIT + 3, 'join', 2);
    solid(WAIT + 4, colour.io, 1, -1.5);
    solid(WAIT + 4, colour.io, 1, 1.5);
    solid(WAIT + 5, colour.other, 1);
    for (const kind of [QUEUED, HOLDING_QUEUED]) {
      solid(kind, colour.band, bar * 0.8);
      solid(kind, colour.lock, 1, -bar * 0.4);
      solid(kind, colour.lock, 1, bar * 0.4);
    }
    patterned(READY, 'ready', bar);
    FAMILY_COLOURS.forEach((name, family) => solid(HOLDING + family, colour[name], heavy));
    patterned(HOLDING_QUEUED, 'queuedHeavy', Math.max(5, bar * 0.36));
    patterned(SHORT, 'short', bar);
    solid(RUNNING, colour.running, bar);
    ctx.globalAlpha = 1;
    for (let kind = 0; kind < KINDS; kind++) {
      if (this.runs[kind].length) this.seen.add(kind);
      this.runs[kind].length = 0;
    }
  }

  // Short runs of a pattern are filled, because its gaps would hide them.
  rects(kind, style, dy, height, plain) {
    const { ctx } = this;
    const runs = this.runs[kind];
    if (!runs.length) return;
    ctx.fillStyle = style;
    for (let i = 0; i < runs.length; i += 3) {
      if (plain && runs[i + 2] <= 4) continue;
      ctx.fillRect(runs[i], runs[i + 1] + dy, runs[i + 2], height);
    }
    if (!plain) return;
    ctx.fillStyle = plain;
    for (let i = 0; i < runs.length; i += 3) if (runs[i + 2] <= 4) ctx.fillRect(runs[i], runs[i + 1] + dy, runs[i + 2], height);
  }

  names(first, last) {
    const { ctx, stage, colour } = this;
    const { box, run } = stage;
    ctx.fillStyle = colour.bg;
    ctx.fillRect(0, box.top, box.names - 6, box.bottom - box.top);
    this.clip(0, box.top, box.names, box.bottom - box.top, () => {
      ctx.textBaseline = 'middle';
      for (let at = first; at < last; at++) {
        const { task, branch, depth } = stage.rows[at];
        const middle = stage.middle(at) + 0.5;
        const selected = task.ix === stage.selected && branch === null;
        if (selected) {
          ctx.fillStyle = colour.select;
          ctx.fillRect(0, stage.rowTop(at), box.names, box.row);
          ctx.fillStyle = colour.accent;
          ctx.fillRect(0, stage.rowTop(at), 3, box.row);
        }
        let x = (box.narrow ? 2 : 8) + Math.min(depth, 6) * (box.narrow ? 5 : stage.indent);
        if (branch === null && stage.hasParts(task)) this.chevron(x + 4, middle, stage.isOpen(task));
        x += 13;
        const flagged = run.flagged.has(task.ix) && branch === null;
        const name = branch === null ? task.name : `└ ${branchName(run, task, branch)}`;
        ctx.font = `${selected ? 600 : 400} 12.5px ${FONT}`;
        ctx.fillStyle = branch === null ? colour.text : colour.faint;
        ctx.fillText(this.fit(name, box.names - x - 10 - (flagged ? 14 : 0)), x, middle);
        if (flagged) {
          ctx.fillStyle = colour.warn;
          ctx.fillText('⚑', box.names - 20, middle);
        }
      }
    });
  }

  chevron(x, y, open) {
    const { ctx } = this;
    ctx.fillStyle = this.colour.faint;
    ctx.beginPath();
    if (open) ctx.moveTo(x - 4, y - 2.5), ctx.lineTo(x + 4, y - 2.5), ctx.lineTo(x, y + 3);
    else ctx.moveTo(x - 2.5, y - 4), ctx.lineTo(x + 3, y), ctx.lineTo(x - 2.5, y + 4);
    ctx.fill();
  }

  width(text) {
    const key = this.ctx.font + text;
    let width = this.widths.get(key);
    if (width === undefined) {
      if (this.widths.size > 5000) this.widths.clear();
      width = this.ctx.measureText(text).width;
      this.widths.set(key, width);
    }
    return width;
  }

  // A name in at most this width. The number at its end is kept, because it tells names apart.
  fit(text, width) {
    const key = `${this.ctx.font}\n${Math.round(width)}\n${text}`;
    let fitted = this.widths.get(key);
    if (fitted !== undefined) return fitted;
    fitted = text.length > 120 ? text.slice(0, 120) + '…' : text;
    if (this.ctx.measureText(fitted).width > width) {
      const end = /[ #-]?\d{1,6}$/.exec(text)?.[0] ?? '';
      let lo = 0, hi = Math.min(120, text.length - end.length);
      while (lo < hi) {
        const mid = (lo + hi + 1) >> 1;
        if (this.ctx.measureText(text.slice(0, mid).trimEnd() + '…' + end).width <= width) lo = mid; else hi = mid - 1;
      }
      fitted = lo ? text.slice(0, lo).replace(/[\ud800-\udbff]$/, '').trimEnd() + '…' + end : '';
    }
    this.widths.set(key, fitted);
    return fitted;
  }
}
