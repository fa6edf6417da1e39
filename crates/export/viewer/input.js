// The pointer, the wheel and the keys.

const KEYS = [
  ['[ and ]', 'previous and next stop of the story; also p and n'],
  ['space', 'play and pause'],
  ['+ and -', 'zoom in and out; or turn the wheel, or pinch'],
  ['← and →', 'earlier and later; or drag, or Shift and the wheel'],
  ['↑ and ↓', 'previous and next lane'],
  [', and .', 'previous and next event of the selected task'],
  ['wheel over names', 'scroll the lanes; or drag them'],
  ['Home and End', 'cursor to the start and to the end'],
  ['Enter', 'fold and unfold what the selected task spawned'],
  ['0 or f', 'the whole run'],
  ['c', 'show the critical path'],
  ['Esc', 'close, deselect, cursor to the end'],
  ['?', 'this help'],
];

class Input {
  constructor(app) {
    this.app = app;
    this.stage = app.stage;
    this.pointers = new Map();
    const { canvas } = app;
    canvas.addEventListener('wheel', event => this.wheel(event), { passive: false });
    canvas.addEventListener('pointerdown', event => this.down(event));
    canvas.addEventListener('pointermove', event => this.move(event));
    canvas.addEventListener('pointerup', event => this.up(event));
    canvas.addEventListener('pointercancel', event => this.pointers.delete(event.pointerId));
    canvas.addEventListener('pointerleave', event => {
      if (event.pointerType !== 'touch' && !this.pointers.size) app.hover(null);
    });
    document.addEventListener('keydown', event => this.key(event));
  }

  at(event) {
    const box = this.app.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  wheel(event) {
    const { app, stage } = this;
    const [x, y] = this.at(event);
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const dx = event.deltaX * unit, dy = event.deltaY * unit;
    event.preventDefault();
    if (x < stage.box.names) {
      stage.scroll += dy;
      stage.keepScroll();
    } else if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) stage.pan((Math.abs(dx) > Math.abs(dy) ? dx : dy) / stage.box.plot);
    else stage.zoom(Math.exp(-Math.max(-200, Math.min(200, dy)) / 300), stage.time(x));
    app.changed('view');
    app.hover(stage.hit(x, y), [x, y]);
  }

  down(event) {
    if (event.button > 0) return;
    const [x, y] = this.at(event);
    try {
      this.app.canvas.setPointerCapture(event.pointerId);
    } catch { /* The pointer is gone already. */ }
    const hit = this.stage.hit(x, y);
    this.pointers.set(event.pointerId, { x, y, startX: x, startY: y, hit, moved: false, kind: event.pointerType });
    if (this.pointers.size === 2) for (const pointer of this.pointers.values()) pointer.moved = true;
    if (hit.zone === 'ruler' && hit.where === 'plot') this.scrub(x);
    this.bar = this.stage.mostScroll > 0 && x > this.stage.box.width - 12 && hit.zone === 'lane';
  }

  scrub(x) {
    this.app.moveTo(this.stage.time(x), undefined);
  }

  move(event) {
    const { app, stage } = this;
    const [x, y] = this.at(event);
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) {
      if (event.pointerType !== 'touch') app.hover(stage.hit(x, y), [x, y]);
      return;
    }
    if (!pointer.moved && Math.hypot(x - pointer.startX, y - pointer.startY) < 5) return;
    pointer.moved = true;
    if (this.pointers.size === 2) this.pinch(pointer, x);
    else if (pointer.hit.zone === 'ruler') this.scrub(x);
    else if (this.bar) stage.scroll += (y - pointer.y) * (stage.rows.length * stage.box.row) / (stage.box.bottom - stage.box.top);
    else {
      if (pointer.hit.where === 'plot') stage.pan((pointer.x - x) / stage.box.plot);
      stage.scroll += pointer.y - y;
    }
    stage.keepScroll();
    pointer.x = x;
    pointer.y = y;
    app.hover(null);
    app.changed('view');
  }

  pinch(pointer, x) {
    const other = [...this.pointers.values()].find(one => one !== pointer);
    const before = Math.max(20, Math.abs(pointer.x - other.x)), after = Math.max(20, Math.abs(x - other.x));
    const middle = (pointer.x + other.x) / 2;
    this.stage.zoom(after / before, this.stage.time(middle));
    this.stage.pan(-((x - pointer.x) / 2) / this.stage.box.plot);
  }

  up(event) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (!pointer || pointer.moved || pointer.hit.zone === 'ruler') return;
    const { app, stage } = this;
    const { hit } = pointer;
    if (hit.fold) {
      stage.toggle(hit.row.task);
      return app.changed('view');
    }
    if (hit.zone === 'lane') stage.row = hit.at;
    if (hit.where === 'name') return hit.zone === 'lane' && app.select(hit.row.task.ix);
    app.moveTo(hit.t, hit.zone === 'lane' ? hit.row.task.ix : undefined);
    if (hit.zone === 'lane') stage.row = hit.at;
    app.hover(hit, [pointer.x, pointer.y], pointer.kind === 'touch');
  }

  key(event) {
    const { app } = this;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target;
    if (target instanceof Element && target.closest('input, select, textarea')) return;
    if (app.help.open) return void (event.key === '?' && app.help.close());
    // In a panel the arrows scroll, and space and Enter press the button that has the focus.
    const taken = target.closest?.('.side') ? /^(Arrow|Home|End| |Enter)/ : target.closest?.('button, a') ? /^( |Enter)$/ : null;
    if (taken?.test(event.key)) return;
    if (this.act(event.key)) event.preventDefault();
  }

  act(key) {
    const { app, stage } = this;
    switch (key) {
      case ']': case 'n': app.goTo(stage.stop + 1); return true;
      case '[': case 'p': app.goTo(stage.stop < 0 ? app.run.story.length - 1 : stage.stop - 1); return true;
      case ' ': app.play(!stage.playing); return true;
      case '+': case '=': stage.zoom(1.5); break;
      case '-': case '_': stage.zoom(1 / 1.5); break;
      case 'ArrowLeft': stage.pan(-0.1); break;
      case 'ArrowRight': stage.pan(0.1); break;
      case '0': case 'f': stage.view = stage.whole(); break;
      case 'ArrowUp': app.selectRow(stage.selected === null ? 0 : stage.row - 1); return true;
      case 'ArrowDown': app.selectRow(stage.selected === null ? 0 : stage.row + 1); return true;
      case ',': stage.step(true); return app.stepped();
      case '.': stage.step(false); return app.stepped();
      case 'Home': app.moveTo(app.run.since, undefined); return true;
      case 'End': app.moveTo(app.run.end, undefined); return true;
      case 'Enter':
        if (stage.selected === null) return false;
        stage.toggle(app.run.tasks[stage.selected]);
        break;
      case 'c': app.critical(); return true;
      case 'Escape': app.escape(); return true;
      case '?': app.help.showModal(); return true;
      default: return false;
    }
    app.changed('view');
    return true;
  }
}
